import { firstPrev } from './logCodec.ts';
import { rememberedLines } from './repeatMemory.ts';

/**
 * Checks one writer's chain in the order of its files: each line carries the next number and the hash of the line before
 * it. What does not fit is told with what it means; one fault is told once, neighbours of a kind as one range, and it does
 * not taint what follows.
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

/** Neighbouring lines of one file that were found to follow each other: numbers without a gap, each `prev` the hash before it. */
export interface ChainRun {
  readonly fromN: number;
  readonly toN: number;
  /** Of the line of that number, `fromN` to `toN`. */
  link(n: number): ChainLink;
}

/**
 * - `missing`: lines of these numbers are nowhere (cut out, or damaged beyond reading).
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
  /** Where it shows. What is missing shows before the line at `from`. */
  readonly file: string;
  readonly from: number;
  readonly to: number;
  /** Of what is missing: where the line ends that stands before it. */
  readonly behind?: { readonly file: string; readonly to: number };
}

/** Runs shorter than this are taken line by line, so that few are to be looked through. */
const shortRun = 64;

export class ChainCheck {
  readonly #writer: string;
  readonly #onBreak: (found: ChainBreak) => void;
  /** Lines that may come once more: the newest ones, single or as runs. */
  readonly #seen = new Map<number, ChainLink>();
  #runs: ChainRun[] = [];
  /** Lines that claim to be the newest: one, but for a forgery; the next line's `prev` decides. */
  #heads: ChainLink[] = [];
  /** The line that they must stand on, where it is there. */
  #base: ChainLink | undefined;
  #n = 0;
  #missing: ChainBreak[] = [];
  /** The newest line before numbers were left out, while it is not known whether what follows belongs there. */
  #beforeJump: ChainLink | undefined;
  /** A line with a number far ahead that turned out not to belong where it stands. */
  #stranded: ChainLink | undefined;
  /** The latest finding, which the next one may continue. */
  #open: ChainBreak | undefined;
  /** Lines written once more at the begin of a segment, after a sync that failed: harmless. */
  repeated = 0;

  constructor(writer: string, onBreak: (found: ChainBreak) => void) {
    this.#writer = writer;
    this.#onBreak = onBreak;
  }

  /** The newest number and the hash of its line; undefined before the first. */
  get head(): ChainLink | undefined {
    return this.#heads[0];
  }

  add(link: ChainLink): void {
    const known = this.#known(link.n);
    if (known !== undefined && known.hash === link.hash) {
      if (known.file === link.file) this.#tell('duplicated', link);
      else this.repeated += 1;
      return;
    }
    if (link.n <= this.#n) this.#addLate(link);
    else this.#addNext(link);
  }

  /** The same as adding each line of the run, at the cost of one where it goes on from what was there. */
  addRun(run: ChainRun): void {
    for (let n = run.fromN; n <= run.toN; n++) {
      const link = run.link(n);
      if (run.toN - n >= shortRun && n === this.#n + 1 && this.#heads.length === 1 && this.#heads[0]!.hash === link.prev) {
        this.#settle(link.prev);
        this.#n = run.toN;
        this.#heads = [run.link(run.toN)];
        this.#base = run.link(run.toN - 1);
        this.#rememberRun(n === run.fromN ? run : { fromN: n, toN: run.toN, link: (at) => run.link(at) });
        return;
      }
      this.add(link);
    }
  }

  /**
   * Call at the end: of two lines that claim the same number, and none stands on either, the one that stands in the chain is
   * believed, or the first. What its writer said at its end decides better, where it did: number and hash of its last line.
   */
  end(last?: { readonly n: number; readonly hash: string }): void {
    const hash = last?.n === this.#n ? last.hash : undefined;
    const believed = this.#settle(hash);
    if (hash !== undefined && believed !== undefined && believed.hash !== hash) this.#tell('altered', believed);
    this.#settleStranded();
    this.#flush();
    for (const found of this.#missing) this.#onBreak(found);
    this.#missing = [];
  }

  #addNext(link: ChainLink): void {
    if (link.n > this.#n + 1) {
      const { file, from } = link;
      this.#beforeJump = this.#settle(undefined);
      this.#base = undefined;
      this.#missing.push({
        reason: 'missing',
        writer: this.#writer,
        fromN: this.#n + 1,
        toN: link.n - 1,
        file,
        from,
        to: from,
        ...(this.#beforeJump && { behind: { file: this.#beforeJump.file, to: this.#beforeJump.to } }),
      });
      this.#settleStranded(link);
    } else {
      this.#base = this.#settle(link.prev);
      if (link.n === 1 && link.prev !== firstPrev) this.#tell('altered', link);
    }
    this.#n = link.n;
    this.#heads = [link];
    this.#remember(link);
  }

  /** Decides which of the heads is true: the one of that hash, which its successor named. Undefined before the first line. */
  #settle(hash: string | undefined): ChainLink | undefined {
    const base = this.#base;
    const heads = this.#heads;
    const named = hash === undefined ? undefined : heads.find((head) => head.hash === hash);
    const believed = named ?? (base === undefined ? undefined : heads.find(({ prev }) => prev === base.hash)) ?? heads[0];
    if (believed !== undefined && base !== undefined && believed.prev !== base.hash) this.#tell('altered', base);
    for (const head of heads) if (head !== believed) this.#tell('inserted', head);
    return believed;
  }

  /** What stands far ahead of its place was put in by somebody, unless the line behind it comes after all, or it is missed later. */
  #settleStranded(successor?: ChainLink): void {
    const stranded = this.#stranded;
    if (stranded === undefined) return;
    if (successor !== undefined && successor.n <= stranded.n) return;
    this.#stranded = undefined;
    const isContradicted = successor !== undefined && successor.n === stranded.n + 1 && successor.prev !== stranded.hash;
    if (isContradicted || !this.#findMisplaced(stranded)) this.#tell('inserted', stranded);
  }

  #addLate(link: ChainLink): void {
    if (link.n === this.#n && this.#heads.length > 0) {
      this.#heads.push(link);
      return;
    }
    if (this.#goesOnBeforeJump(link)) return;
    const before = this.#known(link.n - 1);
    if ((before !== undefined && before.hash !== link.prev) || !this.#findMisplaced(link)) this.#tell('inserted', link);
  }

  /** The line goes on from before a single line of a number far ahead: that one does not belong here. */
  #goesOnBeforeJump(link: ChainLink): boolean {
    const [ahead] = this.#heads;
    const before = this.#beforeJump;
    const gap = this.#missing.at(-1);
    if (ahead === undefined || gap === undefined || this.#heads.length > 1 || gap.toN + 1 !== ahead.n || gap.from !== ahead.from)
      return false;
    if (gap.file !== ahead.file || link.n !== gap.fromN || link.prev !== (before?.hash ?? firstPrev)) return false;
    // Two lines that changed places: the one behind is the one that the other stands on.
    if (ahead.n === link.n + 1 && ahead.prev === link.hash) return false;
    this.#missing.pop();
    this.#settleStranded();
    this.#stranded = ahead;
    this.#seen.delete(ahead.n);
    this.#n = link.n;
    this.#heads = [link];
    this.#base = before;
    this.#remember(link);
    return true;
  }

  /** True when the line's number was missing; it is so no longer. */
  #findMisplaced(link: ChainLink): boolean {
    const index = this.#missing.findIndex(({ fromN, toN }) => link.n >= fromN && link.n <= toN);
    const gap = this.#missing[index];
    if (gap === undefined) return false;
    this.#tell('misplaced', link);
    this.#remember(link);
    const rest = [
      { ...gap, toN: link.n - 1 },
      { ...gap, fromN: link.n + 1 },
    ];
    this.#missing.splice(index, 1, ...rest.filter(({ fromN, toN }) => fromN <= toN));
    return true;
  }

  #known(n: number): ChainLink | undefined {
    const single = this.#seen.get(n);
    if (single !== undefined) return single;
    return this.#runs.findLast((run) => n >= run.fromN && n <= run.toN)?.link(n);
  }

  #remember(link: ChainLink): void {
    this.#seen.set(link.n, link);
    if (this.#seen.size > rememberedLines) this.#seen.delete(this.#seen.keys().next().value!);
  }

  #rememberRun(run: ChainRun): void {
    this.#runs.push(run);
    let lines = 0;
    const first = this.#runs.findLastIndex(({ fromN, toN }) => (lines += toN - fromN + 1) >= rememberedLines);
    if (first > 0) this.#runs = this.#runs.slice(first);
  }

  #tell(reason: ChainBreak['reason'], { n, file, from, to }: ChainLink): void {
    const open = this.#open;
    if (open !== undefined && open.reason === reason && open.file === file && open.toN + 1 === n && open.to <= from)
      this.#open = { ...open, toN: n, to };
    else {
      this.#flush();
      this.#open = { reason, writer: this.#writer, fromN: n, toN: n, file, from, to };
    }
  }

  #flush(): void {
    if (this.#open !== undefined) this.#onBreak(this.#open);
    this.#open = undefined;
  }
}
