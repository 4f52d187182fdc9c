import { isUtf8 } from 'node:buffer';
import type { ChainLink } from '../core/chain.ts';
import type { DamagedRange } from '../core/salvage.ts';
import { readLine } from '../core/salvage.ts';
import type { ForeignEvent } from '../model/event.ts';
import { hash128, nodeDigest } from './digest.ts';
import { maxLineBytes } from './lineSource.ts';
import { isHash, PlainLineReader, prevFrom } from './plainLine.ts';
import { openSegmentFile, type SegmentFile } from './segmentFile.ts';
import type { SidecarBuilder } from './sidecarBuilder.ts';
import { TimeSlice } from './timeSlice.ts';

/**
 * One reading of one segment, line by line: what is damaged, and of every sound line its place and hash. A plain value of
 * flat arrays, so that a worker can hand it over without a copy; the chain, which goes over segments, is checked by whoever
 * puts them together.
 */
export interface SegmentScan {
  readonly damage: readonly DamagedRange[];
  /** The sound lines of the segment's own writer, in the order of the file. */
  readonly lines: number;
  /** Those that follow each other. Whole segments are one run, as a rule. */
  readonly runs: readonly ScannedRun[];
  /** The first 16 bytes of each line's SHA-256. */
  readonly hashes: Uint8Array<ArrayBuffer>;
  /** `from` and `to` of each line. */
  readonly places: Float64Array<ArrayBuffer>;
  readonly foreign: Readonly<Record<ForeignEvent['reason'], number>>;
  readonly isUnreadable: boolean;
}

/** Lines `index` to `index + count` (exclusive): numbers `fromN` and up without a gap, each `prev` the hash of the one before. */
export interface ScannedRun {
  readonly index: number;
  readonly count: number;
  readonly fromN: number;
  /** Of its first line, 32 hexadecimal digits. */
  readonly prev: string;
}

/**
 * - `bytes`: framing, checksum, encoding, and the fields that stand first in a line. What follows them is vouched for by the
 *   checksum and the chain, and parsed only where something is off.
 * - `fields`: every line is parsed as a reader does, so that fields that do not fit their kind are counted too.
 */
export type ScanDepth = 'bytes' | 'fields';

export interface ScanOptions {
  readonly depth: ScanDepth;
  /** Gives the event loop back after so long; never, when absent. */
  readonly sliceMs?: number | undefined;
  /** The scan rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Bytes read since it was told last. */
  readonly onProgress?: ((sizeBytes: number) => void) | undefined;
  /** Get every line that has its newline, damaged ones too, in the order of the file. */
  readonly builders?: readonly SidecarBuilder[] | undefined;
}

const chunkBytes = 1 << 20;
const hashBytes = 16;
const newline = 10;
/** A clock is read once for so many lines. */
const linesAtOnce = 16;

/** Reads the segment as long as it was when it was listed. Rejects only when it was aborted: what cannot be read is damage. */
export async function scanSegment(segment: SegmentFile, options: ScanOptions): Promise<SegmentScan> {
  const notes = new ScanNotes(segment.sizeBytes);
  try {
    const file = await openSegmentFile(segment);
    try {
      await new SegmentScanner(segment, options, notes).run(file);
    } finally {
      await file.close().catch(() => {});
    }
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    notes.damage.push({ from: 0, to: segment.sizeBytes, reason: 'unreadable' });
    return notes.finish(true);
  }
  return notes.finish(false);
}

/** The link of the run's line of that number. */
export function linkOf(scan: SegmentScan, run: ScannedRun, n: number, file: string): ChainLink {
  const index = run.index + n - run.fromN;
  const prev = n === run.fromN ? run.prev : hashAt(scan.hashes, index - 1);
  return { n, prev, hash: hashAt(scan.hashes, index), file, from: scan.places[index * 2]!, to: scan.places[index * 2 + 1]! };
}

function hashAt(hashes: Uint8Array<ArrayBuffer>, index: number): string {
  return Buffer.from(hashes.buffer, hashes.byteOffset + index * hashBytes, hashBytes).toString('hex');
}

/** What was found so far. */
class ScanNotes {
  readonly damage: DamagedRange[] = [];
  readonly foreign = { 'unknown-kind': 0, 'newer-version': 0, misshapen: 0 };
  #hashes: Buffer<ArrayBuffer>;
  #places: Float64Array<ArrayBuffer>;
  #lines = 0;
  #run: { index: number; count: number; fromN: number; prev: string } | undefined;
  readonly #runs: ScannedRun[] = [];

  constructor(sizeBytes: number) {
    const lines = Math.max(64, Math.ceil(sizeBytes / 400));
    this.#hashes = Buffer.alloc(lines * hashBytes);
    this.#places = new Float64Array(lines * 2);
  }

  /**
   * `line` is sound and stands at `place` in the file. Without `prev` it is where a writer puts it; false when it is not, and
   * then nothing was added.
   */
  add(line: Buffer, place: number, n: number, prev: string | undefined): boolean {
    const index = this.#lines;
    if (index * 2 === this.#places.length) this.#grow();
    const run = this.#run;
    if (run !== undefined && n === run.fromN + run.count && this.#isHash(index - 1, line, prev)) run.count += 1;
    else {
      const prevAt = prevFrom(line.length);
      if (prev === undefined && !isHash(line, prevAt)) return false;
      this.#run = { index, count: 1, fromN: n, prev: prev ?? line.toString('latin1', prevAt, prevAt + hashBytes * 2) };
      this.#runs.push(this.#run);
    }
    this.#lines += 1;
    const places = this.#places;
    places[index * 2] = place;
    places[index * 2 + 1] = place + line.length;
    const hash = hash128(line);
    const hashes = this.#hashes;
    for (let at = 0, to = index * hashBytes; at < hashBytes; at++) hashes[to + at] = hash.charCodeAt(at);
    return true;
  }

  /** What the line carries as `prev` is that line's hash. */
  #isHash(index: number, line: Buffer, prev: string | undefined): boolean {
    const hashes = this.#hashes;
    if (prev !== undefined) return prev === hashes.toString('hex', index * hashBytes, (index + 1) * hashBytes);
    const at = prevFrom(line.length);
    for (let byte = 0; byte < hashBytes; byte++) {
      const value = hashes[index * hashBytes + byte]!;
      if (line[at + byte * 2] !== digits[value >> 4] || line[at + byte * 2 + 1] !== digits[value & 15]) return false;
    }
    return true;
  }

  #grow(): void {
    const hashes = Buffer.alloc(this.#hashes.length * 2);
    this.#hashes.copy(hashes);
    this.#hashes = hashes;
    const places = new Float64Array(this.#places.length * 2);
    places.set(this.#places);
    this.#places = places;
  }

  finish(isUnreadable: boolean): SegmentScan {
    return {
      damage: this.damage,
      lines: this.#lines,
      runs: this.#runs,
      hashes: new Uint8Array(this.#hashes.subarray(0, this.#lines * hashBytes)),
      places: this.#places.slice(0, this.#lines * 2),
      foreign: this.foreign,
      isUnreadable,
    };
  }
}

/** Of hexadecimal numbers, as a line holds them. */
const digits = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

class SegmentScanner {
  readonly #segment: SegmentFile;
  readonly #options: ScanOptions;
  readonly #notes: ScanNotes;
  readonly #plain: PlainLineReader | undefined;
  readonly #slice: TimeSlice | undefined;
  #buffer: Buffer;
  /** Of the file, at the buffer's first byte. */
  #base = 0;
  #held = 0;
  /** Where a line began that is too long to be held. */
  #longFrom: number | undefined;

  constructor(segment: SegmentFile, options: ScanOptions, notes: ScanNotes) {
    this.#segment = segment;
    this.#options = options;
    this.#notes = notes;
    this.#buffer = Buffer.allocUnsafe(Math.min(chunkBytes, segment.sizeBytes + 1));
    this.#plain = options.depth === 'bytes' ? new PlainLineReader(segment.writer, nodeDigest) : undefined;
    this.#slice = options.sliceMs === undefined ? undefined : new TimeSlice(options.sliceMs);
  }

  async run(file: Awaited<ReturnType<typeof openSegmentFile>>): Promise<void> {
    const { sizeBytes } = this.#segment;
    for (;;) {
      this.#options.signal?.throwIfAborted();
      const from = this.#held;
      const wanted = Math.min(this.#buffer.length - from, sizeBytes - this.#base - from);
      const bytesRead = wanted === 0 ? 0 : (await file.read(this.#buffer, from, wanted, this.#base + from)).bytesRead;
      this.#held = from + bytesRead;
      if (bytesRead > 0) this.#options.onProgress?.(bytesRead);
      await this.#takeLines(from);
      if (bytesRead === 0) break;
      if (this.#held === this.#buffer.length) this.#makeRoom();
    }
    this.#takeRest();
    const end = this.#base + this.#held;
    if (end < sizeBytes) this.#notes.damage.push({ from: end, to: sizeBytes, reason: 'cut' });
  }

  /** Every line that has its newline; there is none before `from`. What is left moves to the front. */
  async #takeLines(from: number): Promise<void> {
    const buffer = this.#buffer;
    const { builders } = this.#options;
    const end = this.#held;
    let lineFrom = 0;
    let searchFrom = from;
    // Bytes of half a character stand at the end of a chunk alone, behind its last newline.
    const lastNewline = buffer.subarray(0, end).lastIndexOf(newline);
    const plain = lastNewline >= 0 && isUtf8(buffer.subarray(0, lastNewline)) ? this.#plain : undefined;
    for (let lines = 1; searchFrom <= lastNewline; lines++) {
      const at = buffer.indexOf(newline, searchFrom);
      if (this.#longFrom !== undefined) this.#endLong(this.#base + at);
      else {
        if (at > lineFrom) this.#takeLine(lineFrom, at, plain);
        if (builders !== undefined) for (const builder of builders) builder.add(buffer, lineFrom, at, this.#base + lineFrom);
      }
      lineFrom = searchFrom = at + 1;
      if (lines % linesAtOnce === 0 && this.#slice?.isSpent === true) {
        await this.#slice.pause();
        this.#options.signal?.throwIfAborted();
      }
    }
    if (lineFrom === 0) return;
    buffer.copyWithin(0, lineFrom, end);
    this.#base += lineFrom;
    this.#held = end - lineFrom;
  }

  #takeLine(from: number, to: number, plain: PlainLineReader | undefined): void {
    if (to - from > maxLineBytes) return this.#passBy(this.#base + from, this.#base + to);
    const bytes = this.#buffer.subarray(from, to);
    if (plain?.take(bytes) === true && this.#notes.add(bytes, this.#base + from, plain.head.n, undefined)) return;
    this.#examine(bytes, this.#base + from, false);
  }

  /** Reads a line as a reader of the log does, and takes out of it what is sound. */
  #examine(bytes: Buffer, base: number, isTail: boolean): void {
    const { records, damage } = readLine(bytes, nodeDigest, isTail);
    for (const range of damage) this.#notes.damage.push({ from: base + range.from, to: base + range.to, reason: range.reason });
    for (const { event, prev, from, to } of records) {
      const place = { from: base + from, to: base + to };
      if (event.w !== this.#segment.writer) {
        this.#notes.damage.push({ ...place, reason: 'stray' });
        continue;
      }
      if (event.kind === 'foreign') this.#notes.foreign[event.reason] += 1;
      this.#notes.add(bytes.subarray(from, to), place.from, event.n, prev);
    }
  }

  /** A line fills the whole buffer: a larger one, or no more than its place is remembered. */
  #makeRoom(): void {
    if (this.#longFrom === undefined && this.#buffer.length <= maxLineBytes) {
      const larger = Buffer.allocUnsafe(this.#buffer.length * 2);
      this.#buffer.copy(larger, 0, 0, this.#held);
      this.#buffer = larger;
      return;
    }
    this.#longFrom ??= this.#base;
    this.#base += this.#held;
    this.#held = 0;
  }

  #endLong(to: number): void {
    const from = this.#longFrom!;
    this.#passBy(from, to);
    for (const builder of this.#options.builders ?? []) builder.add(undefined, 0, to - from, from);
    this.#longFrom = undefined;
  }

  #passBy(from: number, to: number): void {
    this.#notes.damage.push({ from, to, reason: 'too-long' });
  }

  /** What stands behind the last newline. */
  #takeRest(): void {
    const end = this.#base + this.#held;
    if (this.#longFrom !== undefined) this.#endLong(end);
    else if (this.#held > maxLineBytes) this.#passBy(this.#base, end);
    else if (this.#held > 0) this.#examine(this.#buffer.subarray(0, this.#held), this.#base, end === this.#segment.sizeBytes);
  }
}
