import { RecentMap } from '../recentMap.ts';

/** Where an agent's own rewind leads: the last turn that still stands (0: none), and how many fell. */
export interface Rewound {
  readonly toTurn: number;
  readonly turns: number;
}

/** The turns of one conversation: counted by prompts, and which of them still stand after its own rewinds. */
export class ClaudeTurns {
  #count = 0;
  #standing: number[] = [];
  /** Turn in which each record stands, to see where a prompt takes the conversation up. */
  readonly #turnOf = new RecentMap<string, number>(maxRemembered);
  #hasBranched = false;

  get count(): number {
    return this.#count;
  }

  noteRecord(uuid: string): void {
    this.#turnOf.set(uuid, this.#count);
  }

  /** A prompt opens a turn. One whose predecessor stands in an earlier turn than the last takes the conversation up from there. */
  branchAt(parent: string | undefined): Rewound | undefined {
    this.#hasBranched = false;
    const turn = parent === undefined ? undefined : this.#turnOf.get(parent);
    if (turn === undefined || turn >= (this.#standing.at(-1) ?? 0)) return undefined;
    const left = this.#standing.filter((number) => number <= turn);
    const turns = this.#standing.length - left.length;
    this.#hasBranched = true;
    this.#standing = left;
    return { toTurn: left.at(-1) ?? 0, turns };
  }

  open(uuid: string | undefined): void {
    this.#count += 1;
    this.#standing.push(this.#count);
    if (uuid !== undefined) this.#turnOf.set(uuid, this.#count);
  }

  /** The agent says that it was rewound, behind the prompt that followed. To the very first prompt the records show nothing of it. */
  rewoundBehind(): Rewound | undefined {
    const turns = this.#standing.length - 1;
    if (this.#hasBranched || turns <= 0) return undefined;
    this.#standing = this.#standing.slice(-1);
    return { toTurn: 0, turns };
  }
}

const maxRemembered = 50_000;
