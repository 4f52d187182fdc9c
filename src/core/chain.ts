import { firstPrev } from './logCodec.ts';
import { rememberedLines } from './repeatMemory.ts';
import type { LineRecord } from './salvage.ts';

/**
 * Checks one writer's chain, line by line in the order of its files: each line carries the next number and the hash of the
 * line before it. What does not fit is told with what it means; one fault is told once and does not taint what follows.
 */
export interface ChainLink {
  readonly n: number;
  readonly prev: string;
  /** `lineHash` of the line itself. */
  readonly hash: string;
  readonly file: string;
  /** Of the line in the file. */
  readonly from: number;
  readonly to: number;
}

/**
 * - `missing`: lines of these numbers are not there (cut out, or damaged beyond reading).
 * - `altered`: a line with a good checksum is not the one that its successor was written after.
 * - `inserted`: a line that no other stands on: its number belongs to another line, or to none.
 * - `duplicated`: the same line once more.
 * - `misplaced`: a line that was missed where it belongs.
 */
export interface ChainBreak {
  readonly reason: 'missing' | 'altered' | 'inserted' | 'duplicated' | 'misplaced';
  readonly writer: string;
  readonly fromN: number;
  readonly toN: number;
  /** Where it shows. */
  readonly file: string;
  readonly from: number;
  readonly to: number;
}

export class ChainCheck {
  readonly #writer: string;
  readonly #onBreak: (found: ChainBreak) => void;
  readonly #seen = new Map<number, ChainLink>();
  /** Lines that claim to be the newest: one, but for a forgery; the next line's `prev` decides. */
  #heads: ChainLink[] = [];
  #n = 0;
  #missing: { fromN: number; toN: number }[] = [];
  /** Lines written once more at the begin of a segment, after a sync that failed: harmless. */
  repeated = 0;

  constructor(writer: string, onBreak: (found: ChainBreak) => void) {
    this.#writer = writer;
    this.#onBreak = onBreak;
  }

  /** The newest number and the hash of its line; undefined before the first. */
  get head(): { readonly n: number; readonly hash: string } | undefined {
    const head = this.#heads[0];
    return head && { n: head.n, hash: head.hash };
  }

  add(link: ChainLink): void {
    const known = this.#seen.get(link.n);
    if (known !== undefined && known.hash === link.hash) {
      if (known.file === link.file) this.#tell('duplicated', link);
      else this.repeated += 1;
      return;
    }
    if (link.n <= this.#n) this.#addLate(link);
    else this.#addNext(link);
  }

  /** Call at the end: of two lines that claim the same number, and none stands on either, the first is believed. */
  end(): void {
    for (const head of this.#heads.slice(1)) this.#tell('inserted', head);
  }

  #addNext(link: ChainLink): void {
    if (link.n > this.#n + 1) {
      const range = { fromN: this.#n + 1, toN: link.n - 1 };
      this.#missing.push(range);
      this.#onBreak({ reason: 'missing', writer: this.#writer, ...range, file: link.file, from: link.from, to: link.from });
      this.end();
    } else if (this.#heads.length > 0) {
      const believed = this.#heads.find(({ hash }) => hash === link.prev);
      if (believed === undefined) {
        this.#tell('altered', this.#heads[0]!);
        this.end();
      } else for (const head of this.#heads) if (head !== believed) this.#tell('inserted', head);
    } else if (link.prev !== firstPrev) this.#tell('altered', link);
    this.#n = link.n;
    this.#heads = [link];
    this.#remember(link);
  }

  #addLate(link: ChainLink): void {
    if (link.n === this.#n && this.#heads.length > 0) {
      this.#heads.push(link);
      return;
    }
    const gap = this.#missing.find(({ fromN, toN }) => link.n >= fromN && link.n <= toN);
    const before = this.#seen.get(link.n - 1);
    if (gap !== undefined && (before === undefined || before.hash === link.prev)) {
      this.#tell('misplaced', link);
      this.#remember(link);
    } else this.#tell('inserted', link);
  }

  #remember(link: ChainLink): void {
    this.#seen.set(link.n, link);
    if (this.#seen.size > rememberedLines) this.#seen.delete(this.#seen.keys().next().value!);
  }

  #tell(reason: ChainBreak['reason'], { n, file, from, to }: ChainLink): void {
    this.#onBreak({ reason, writer: this.#writer, fromN: n, toN: n, file, from, to });
  }
}

/** The link of a record that `readLine` found. */
export function chainLink(
  record: LineRecord,
  hash: string,
  place: { readonly file: string; readonly from: number; readonly to: number },
): ChainLink {
  return { n: record.event.n, prev: record.prev, hash, ...place };
}
