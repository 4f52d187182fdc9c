import { Delayer } from '../base/delayer.ts';
import type { Disposable } from '../base/disposable.ts';
import { systemAuthor } from '../model/author.ts';
import type { Journal } from './journal.ts';

export interface DiagnosticCounts {
  readonly errors: number;
  readonly warnings: number;
  readonly files?: number;
}

const quietMs = 1500;

/** Records how many problems an editor sees, when the counts have been quiet for a while and say something else than before. */
export class DiagnosticsLog implements Disposable {
  readonly #journal: Journal;
  readonly #isOff: () => boolean;
  readonly #onFailure: (error: unknown) => void;
  readonly #soon = new Delayer(() => void this.#record(), quietMs, quietMs * 4);
  #counts: DiagnosticCounts | undefined;
  #told = '';

  constructor(journal: Journal, isOff: () => boolean, onFailure: (error: unknown) => void) {
    this.#journal = journal;
    this.#isOff = isOff;
    this.#onFailure = onFailure;
  }

  note(counts: DiagnosticCounts): void {
    this.#counts = counts;
    this.#soon.request();
  }

  flush(): void {
    this.#soon.flush();
  }

  dispose(): void {
    this.#soon.dispose();
  }

  async #record(): Promise<void> {
    const counts = this.#counts;
    if (counts === undefined || this.#isOff() || this.#journal.session === undefined) return;
    const told = JSON.stringify(counts);
    if (told === this.#told) return;
    this.#told = told;
    await this.#journal.record({ kind: 'diagnostics.changed', by: systemAuthor, ...counts }).catch(this.#onFailure);
  }
}
