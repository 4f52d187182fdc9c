import { sourceKey, type TranscriptFact } from '../core/transcripts/adapter.ts';

/**
 * Numbers the turns of runs that go on in another file: there they count on from where the earlier files ended, unless the
 * file holds a copy of what went before and so counts from the beginning itself. The files of a run are told in their order.
 */
export class RunTurns {
  /** Highest turn of each file of a run, by run. */
  readonly #turns = new Map<string, Map<string, number>>();
  /** The file in which each prompt was met first, and the files of runs that hold a copy of one. */
  readonly #promptFiles = new Map<string, string>();
  readonly #copies = new Set<string>();

  /** Takes note of a fact, whether it is wanted or not, before it is numbered. */
  note(fact: TranscriptFact, file: string): void {
    if (fact.run === undefined) return;
    if (fact.kind === 'prompt.submitted' && fact.src !== undefined) {
      const key = sourceKey(fact.src);
      const first = this.#promptFiles.get(key) ?? file;
      this.#promptFiles.set(key, first);
      if (first !== file) this.#copies.add(`${fact.run}\n${file}`);
    }
    let turns = this.#turns.get(fact.run);
    if (turns === undefined) this.#turns.set(fact.run, (turns = new Map()));
    turns.set(file, Math.max(turns.get(file) ?? 0, fact.turn ?? 0));
  }

  numbered(fact: TranscriptFact, file: string): TranscriptFact {
    const turns = fact.run === undefined ? undefined : this.#turns.get(fact.run);
    if (turns === undefined || turns.size < 2 || fact.turn === undefined || this.#copies.has(`${fact.run}\n${file}`)) return fact;
    let before = 0;
    for (const [other, highest] of turns) {
      if (other === file) break;
      before += highest;
    }
    return before === 0 ? fact : { ...fact, turn: fact.turn + before };
  }
}
