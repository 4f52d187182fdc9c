import type { UnixMs } from '../base/clock.ts';
import type { EventMark } from '../model/sessionState.ts';
import { logTimeMs, type LineEntry } from './lineIndex.ts';
import type { SegmentFile } from './segmentFile.ts';

/**
 * What is known of where one segment's events stand: from its sidecar, and from every place that was looked at since, so that
 * an open segment, which has no sidecar, is soon known as well.
 * - All of it is a claim. Who goes by it reads the line at `low` and looks whether it is the one (`seekPlace`); what lies
 *   behind needs no proof, since from there on the lines themselves are read.
 * - A file that was replaced or cut is a new one, of which nothing is known.
 */
export class SegmentMap {
  #entries: LineEntry[] = [];
  #inode: number | undefined;
  #modifiedMs = 0;
  #sizeBytes = 0;
  /** The first and the last event of a segment, once they were read. */
  first: EventMark | undefined;
  last: EventMark | undefined;
  /** Its sidecar was asked for, whether there was one or not. */
  isAsked = false;

  /** Of the file when it was looked at last. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** False when the file is not the one that is known, or not any more: then nothing is known of it. */
  recognise({ inode, modifiedMs, sizeBytes }: SegmentFile): boolean {
    const isNew = this.#inode === undefined;
    const isSame = inode === this.#inode && sizeBytes >= this.#sizeBytes;
    const isUntouched = isSame && modifiedMs === this.#modifiedMs && sizeBytes === this.#sizeBytes;
    this.#inode = inode;
    this.#modifiedMs = modifiedMs;
    this.#sizeBytes = sizeBytes;
    if (!isSame && !isNew) this.forget();
    // Written to: the end is another, and the beginning is so only if it was written over; reading it once more is cheap.
    if (!isUntouched) this.first = this.last = undefined;
    return isUntouched || isNew;
  }

  forget(): void {
    this.#entries = [];
    this.first = this.last = undefined;
    this.isAsked = false;
  }

  /** Takes a sidecar's entries, which are in order. */
  load(entries: readonly LineEntry[]): void {
    const known = this.#entries;
    this.#entries = [...entries];
    for (const entry of known) this.#insert(entry);
  }

  /** A sound line of the segment that was met at that place. Those close to a known one are not kept. */
  learn(offset: number, { n, at }: { readonly n: number; readonly at: string }): void {
    const atMs = logTimeMs(at);
    if (atMs !== undefined) this.#insert({ offset, n, atMs });
  }

  /** Between which two of the known places the first event behind it stands; `low` is the last known one that is not behind. */
  bounds(isBehind: (entry: { readonly n: number; readonly atMs: UnixMs }) => boolean): {
    readonly low: LineEntry | undefined;
    readonly high: number | undefined;
  } {
    let from = 0;
    let to = this.#entries.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (isBehind(this.#entries[middle]!)) to = middle;
      else from = middle + 1;
    }
    return { low: this.#entries[from - 1], high: this.#entries[from]?.offset };
  }

  #insert(entry: LineEntry): void {
    const entries = this.#entries;
    let from = 0;
    let to = entries.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (entries[middle]!.offset <= entry.offset) from = middle + 1;
      else to = middle;
    }
    const before = entries[from - 1];
    const behind = entries[from];
    if (before !== undefined && entry.offset - before.offset < apartBytes) return;
    if (behind !== undefined && behind.offset - entry.offset < apartBytes) return;
    entries.splice(from, 0, entry);
  }
}

/** As far apart as an index's entries are, about: closer ones save no reading. */
const apartBytes = 64 << 10;
