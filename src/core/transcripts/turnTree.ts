import { RecentMap } from '../recentMap.ts';

/** Where an agent's own rewind leads: the last turn that still stands (0: none), and how many fell. */
export interface Rewound {
  readonly toTurn: number;
  readonly turns: number;
}

/** The turns of a conversation whose records form a tree: each is told with the one that it follows. */
export class TurnTree {
  #count = 0;
  /** The turn in which the conversation stands; 0 before the first. */
  #current = 0;
  /** The turn that each one followed. */
  readonly #before: number[] = [0];
  readonly #turnOf = new RecentMap<string, number>(maxRemembered);

  get count(): number {
    return this.#count;
  }

  note(id: string): void {
    this.#turnOf.set(id, this.#current);
  }

  /** The conversation is taken up behind a record (null: before the first). Answers when turns fell by it. */
  goTo(id: string | null): Rewound | undefined {
    const turn = id === null ? 0 : this.#turnOf.get(id);
    if (turn === undefined || turn === this.#current) return undefined;
    const standing = new Set(this.#pathTo(turn));
    const turns = this.#pathTo(this.#current).filter((number) => !standing.has(number)).length;
    this.#current = turn;
    return turns === 0 ? undefined : { toTurn: turn, turns };
  }

  /** A prompt opens a turn. Answers with its number. */
  open(): number {
    this.#count += 1;
    this.#before[this.#count] = this.#current;
    this.#current = this.#count;
    return this.#count;
  }

  #pathTo(turn: number): readonly number[] {
    const path: number[] = [];
    for (let at = turn; at > 0; at = this.#before[at] ?? 0) path.push(at);
    return path;
  }
}

const maxRemembered = 50_000;
