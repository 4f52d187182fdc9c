import type { Clock, UnixMs } from '../base/clock.ts';
import type { Stretch } from '../core/activity.ts';
import { systemAuthor } from '../model/author.ts';
import type { Digest } from '../model/digest.ts';
import type { EventDraft } from '../model/event.ts';
import { createSessionId, type RunId, type SessionId } from '../model/ids.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import { openLogWriter } from '../store/logWriter.ts';
import { refreshSessionCard, writeSessionCard } from '../store/sessionCard.ts';
import { createJournal } from './journal.ts';
import type { SessionFolder } from './sessions.ts';

export interface ReconstructedLogOptions {
  readonly layout: TapedeckLayout;
  readonly clock: Clock;
  readonly digest: Digest;
  readonly folders: readonly SessionFolder[];
  readonly app: string;
  readonly random: (length: number) => string;
  /** Of facts in memory, about. */
  readonly budgetBytes?: number;
}

/** A fact with the time at which it happened, ISO 8601. */
export type PastDraft = EventDraft & { readonly at: string };

interface Pending {
  id: SessionId | undefined;
  /** In the order in which they came. */
  drafts: PastDraft[];
  sizeBytes: number;
  readonly runs: Set<RunId>;
}

const defaultBudgetBytes = 4 << 20;
const appendedAtOnce = 1000;

/**
 * Sessions that are made later out of what others had kept: one for each stretch of time, its events with their own times and
 * marked as reconstructed.
 * - Facts come in any order. They wait in memory up to a limit; then those of the largest session go to its log, sorted, by a
 *   writer of their own: whoever reads the log merges the writers, so that nothing has to be held whole or sorted on disk.
 * - A session that is not finished (a crash, a cancelled import) is sound as far as it goes; what is missing of it is told by
 *   its sources, and comes with the next import in a session of its own.
 */
export class ReconstructedLog {
  readonly #options: ReconstructedLogOptions;
  readonly #stretches: readonly Stretch[];
  readonly #pending: (Pending | undefined)[];
  readonly #budgetBytes: number;
  readonly #sessions: SessionId[] = [];
  #heldBytes = 0;
  #events = 0;

  constructor(stretches: readonly Stretch[], options: ReconstructedLogOptions) {
    this.#stretches = stretches;
    this.#options = options;
    this.#pending = stretches.map(() => undefined);
    this.#budgetBytes = options.budgetBytes ?? defaultBudgetBytes;
  }

  /** The sessions that were begun, in the order of their beginnings on disk. */
  get sessions(): readonly SessionId[] {
    return this.#sessions;
  }

  /** Facts that are on disk or wait to be. */
  get events(): number {
    return this.#events;
  }

  /** True when the run was told of in that session before. */
  holdsRun(index: number, run: RunId): boolean {
    return this.#pending[index]?.runs.has(run) === true;
  }

  /** Takes a fact into the session of that stretch. Resolves when there is room for more. */
  async add(index: number, draft: PastDraft): Promise<void> {
    const pending = (this.#pending[index] ??= { id: undefined, drafts: [], sizeBytes: 0, runs: new Set() });
    const sizeBytes = JSON.stringify(draft).length;
    pending.drafts.push(draft);
    pending.sizeBytes += sizeBytes;
    if (draft.run !== undefined) pending.runs.add(draft.run);
    this.#heldBytes += sizeBytes;
    this.#events += 1;
    while (this.#heldBytes > this.#budgetBytes) await this.#write(this.#largest());
  }

  /** Writes what waits, and ends the sessions. Rejects when the log cannot be written. */
  async finish(): Promise<void> {
    for (const [index, pending] of this.#pending.entries()) {
      if (pending === undefined) continue;
      await this.#write(index, new Date(this.#stretches[index]!.toMs).toISOString());
      await this.#storeCard(pending.id!);
    }
  }

  #largest(): number {
    let largest = 0;
    for (const [index, pending] of this.#pending.entries())
      if ((pending?.sizeBytes ?? 0) > (this.#pending[largest]?.sizeBytes ?? 0)) largest = index;
    return largest;
  }

  async #write(index: number, endsAt?: string): Promise<void> {
    const pending = this.#pending[index]!;
    const { layout, clock, digest, folders, app, random } = this.#options;
    const startedAtMs = this.#stretches[index]!.fromMs;
    const isFirst = pending.id === undefined;
    const id = (pending.id ??= this.#newId(startedAtMs, random));
    const drafts = pending.drafts.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
    this.#heldBytes -= pending.sizeBytes;
    pending.drafts = [];
    pending.sizeBytes = 0;
    const writer = await openLogWriter({ layout, session: id, clock, digest, isOfThePast: true, limits: { attempts } });
    const journal = createJournal(writer, id);
    const record = (draft: PastDraft): Promise<unknown> => journal.record({ ...draft, reconstructed: true });
    try {
      if (isFirst) {
        this.#sessions.push(id);
        const at = new Date(startedAtMs).toISOString();
        await record({
          kind: 'session.started',
          by: systemAuthor,
          session: id,
          folders: folders.map(({ name, path }) => ({ name, path })),
          app,
          at,
        });
      }
      for (let from = 0; from < drafts.length; from += appendedAtOnce)
        await Promise.all(drafts.slice(from, from + appendedAtOnce).map(record));
      if (endsAt !== undefined) await record({ kind: 'session.ended', by: systemAuthor, reason: 'idle', at: endsAt });
    } finally {
      await writer.close();
    }
  }

  /** Two that began in one second differ by chance alone. */
  #newId(startedAtMs: UnixMs, random: (length: number) => string): SessionId {
    for (;;) {
      const id = createSessionId(new Date(startedAtMs), random);
      if (!this.#sessions.includes(id)) return id;
    }
  }

  async #storeCard(id: SessionId): Promise<void> {
    const { layout, digest } = this.#options;
    // It only saves time.
    const card = await refreshSessionCard({ layout, digest, id, card: undefined }).catch(() => undefined);
    if (card !== undefined) await writeSessionCard(layout, card).catch(() => {});
  }
}

/** A disk that is full is told to whoever asked for the import rather than waited for. */
const attempts = 3;
