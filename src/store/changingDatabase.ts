import { lookIntoSqlite, sqliteMark, type SqliteLook } from './sqlite.ts';
import type { TailOutcome } from './transcriptTail.ts';

/** An agent's database that is looked into again whenever its files have changed. */
export class ChangingDatabase {
  readonly path: string;
  #mark: string | undefined;

  constructor(path: string) {
    this.path = path;
  }

  async hasChanged(): Promise<boolean> {
    return (await sqliteMark(this.path)) !== this.#mark;
  }

  /**
   * Reads what is new with `work`, which gives the bytes that it took. It is called once more, with `isAgain`, when what it
   * read may have been torn. Rejects with SqliteMissing, or with SQLite's error.
   */
  async read(work: (look: SqliteLook, isAgain: boolean) => Promise<number>): Promise<TailOutcome> {
    const mark = await sqliteMark(this.path);
    if (mark === undefined) {
      this.#mark = undefined;
      return { kind: 'missing' };
    }
    if (mark === this.#mark) return { kind: 'same' };
    const bytes = await lookIntoSqlite(this.path, work);
    // What was written since then is read at the next look.
    this.#mark = mark;
    return bytes === 0 ? { kind: 'same' } : { kind: 'read', bytes };
  }
}
