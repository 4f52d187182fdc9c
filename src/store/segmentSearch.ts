import { closeSync, openSync, readSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { compareMarks, type EventCursor } from '../core/eventOrder.ts';
import { LineHead } from '../core/lineHead.ts';
import { readSoundHead } from '../core/lineMark.ts';
import type { RepeatMemory } from '../core/repeatMemory.ts';
import { readLine, type LineRecord } from '../core/salvage.ts';
import { holdsNeedle, isOfKind, isWanted, matchEvent, type SearchHit, type SearchQuery } from '../core/searchMatch.ts';
import type { Needle } from '../core/searchNeedle.ts';
import type { Digest } from '../model/digest.ts';
import { schemaVersion } from '../model/event.ts';
import type { SessionLayout } from './layout.ts';
import { maxLineBytes } from './lineSource.ts';
import type { SearchIndex } from './searchIndex.ts';
import type { SegmentFile } from './segmentFile.ts';

/**
 * Looks through one segment, newest event first, step by step. What the index covers only where it says that something could
 * be; all that is behind it. A step is small (some hundred kilobytes, or one line), so that a search can be stopped or pause
 * after each; memory is bounded by one line.
 * Promise: whatever a reader of the log would hand out, and holds the needle, is found. What is damaged is not.
 */
export interface SegmentSearchOptions {
  readonly session: SessionLayout;
  readonly segment: SegmentFile;
  readonly index: SearchIndex | undefined;
  readonly needle: Needle;
  readonly query: SearchQuery;
  /** Only events before it. */
  readonly before: EventCursor | undefined;
  readonly digest: Digest;
  /** One writer's segments share it. */
  readonly repeats: RepeatMemory;
  /** Reads hold the event loop: three times as fast, for a thread or process of its own. */
  readonly isOwnThread: boolean;
  /** A line over the limit was passed by. */
  readonly onTooLong: (segment: SegmentFile, from: number, to: number) => void;
}

interface Range {
  readonly from: number;
  readonly to: number;
  /** Lines are written as our writer does it: what the raw needle is not in, the needle is not in. */
  readonly isRegular: boolean;
  readonly lastMs: number;
}

const smallestScanBytes = 16 << 10;
const largestScanBytes = 256 << 10;
/** Neighbouring candidates are read together up to this size. */
const joinedBytes = 128 << 10;
/** Until something is found only so much: the newest block mostly holds enough. */
const firstBytes = 24 << 10;
/** Reading a longer line would hold the event loop for longer than a guest may. */
const maxGuestLineBytes = 512 << 10;
/** A larger buffer, for a long line, is given up again. */
const keptBufferBytes = 512 << 10;

export class SegmentSearch {
  readonly #options: SegmentSearchOptions;
  readonly #rawTexts: readonly Buffer[] | undefined;
  readonly #sinceMs: number;
  readonly #untilMs: number;
  #file: FileHandle | number | undefined;
  #buffer: Buffer = Buffer.allocUnsafe(smallestScanBytes);
  /** What is looked through without an index: what is behind it, and long lines. Shrinks from its end. */
  #scanned: { readonly from: number; to: number };
  #scanBytes = smallestScanBytes;
  /** Candidates of the index, last one first; undefined: not asked yet. */
  #part: number;
  #blocks: Uint16Array | undefined;
  #block = 0;
  /** Lines of the range at hand that may hold the needle, in the buffer; the last one is the next. */
  #lines: { readonly from: number; readonly to: number }[] = [];
  #records: LineRecord[] = [];
  #hit: SearchHit | undefined;
  #boundMs = Number.POSITIVE_INFINITY;
  #passedBytes = 0;
  #hasFound = false;

  constructor(options: SegmentSearchOptions) {
    this.#options = options;
    const { raw } = options.needle;
    this.#rawTexts = raw !== undefined && 'texts' in raw ? raw.texts.map((text) => Buffer.from(text, 'latin1')) : undefined;
    this.#scanned = { from: options.index?.coveredBytes ?? 0, to: options.segment.sizeBytes };
    this.#part = (options.index?.parts.length ?? 0) - 1;
    const { since, until } = options.query;
    this.#sinceMs = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since);
    this.#untilMs = Math.min(
      until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until),
      options.before === undefined ? Number.POSITIVE_INFINITY : Date.parse(options.before.at),
    );
  }

  /** The next one, when a step has found it. */
  get hit(): SearchHit | undefined {
    return this.#hit;
  }

  /** Nothing that is still to come happened later. In Unix milliseconds; infinite when nothing is known. */
  get boundMs(): number {
    return this.#boundMs;
  }

  /** Of the segment, how much need not be looked at any more. */
  get passedBytes(): number {
    return this.#passedBytes;
  }

  takeHit(): SearchHit {
    const hit = this.#hit!;
    this.#hit = undefined;
    this.#boundMs = Math.min(this.#boundMs, Date.parse(hit.at));
    return hit;
  }

  /** Goes on a little. False at the end. Rejects when the file cannot be read. */
  async step(): Promise<boolean> {
    if (this.#hit !== undefined) return true;
    const record = this.#records.pop();
    if (record !== undefined) {
      this.#look(record);
      return true;
    }
    const line = this.#lines.pop();
    if (line !== undefined) {
      this.#readLine(line.from, line.to);
      return true;
    }
    const range = await this.#nextRange();
    if (range === undefined) {
      this.#passedBytes = this.#options.segment.sizeBytes;
      await this.close();
      return false;
    }
    this.#boundMs = Math.min(this.#boundMs, range.lastMs);
    return true;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#buffer = Buffer.alloc(0);
    if (typeof file === 'number') closeSync(file);
    else await file?.close().catch(() => {});
  }

  async #nextRange(): Promise<Range | undefined> {
    if (this.#scanned.to > this.#scanned.from) return this.#scan();
    const range = this.#nextCandidates();
    if (range === undefined) return undefined;
    const { from, to } = range;
    this.#passedBytes = this.#options.segment.sizeBytes - to;
    if (to - from > largestScanBytes) {
      this.#scanned = { from, to };
      return range;
    }
    const length = await this.#read(from, to - from);
    this.#findLines(0, length, range.isRegular || isRegular(this.#buffer.subarray(0, length)));
    return range;
  }

  /** The next blocks of the index that may hold the needle, in the right time; neighbours together. */
  #nextCandidates(): Range | undefined {
    const { index, needle } = this.#options;
    for (; this.#part >= 0; this.#part -= 1, this.#blocks = undefined) {
      const part = index!.parts[this.#part]!;
      if (this.#blocks === undefined) {
        const former = index!.parts[this.#part - 1];
        if (former !== undefined && former.lastMs(former.blocks - 1) > this.#untilMs) continue;
        this.#blocks = part.candidates(needle.grams);
        this.#block = this.#blocks.length - 1;
      }
      let to = -1;
      let from = -1;
      let isOdd = false;
      let lastMs = Number.POSITIVE_INFINITY;
      for (; this.#block >= 0; this.#block -= 1) {
        const block = this.#blocks[this.#block]!;
        // Times only grow: when a block ends before `since`, so do all before it; when one ends after `until`, all behind it begin there.
        if (part.lastMs(block) > 0 && part.lastMs(block) < this.#sinceMs) {
          this.#block = -1;
          this.#part = 0;
          break;
        }
        if (block > 0 && part.lastMs(block - 1) > this.#untilMs) continue;
        const begin = part.offset(block);
        const end = part.offset(block + 1);
        if (to >= 0 && (end !== from || to - begin > joinedBytes || part.isOdd(block) !== isOdd)) break;
        if (to < 0) {
          to = end;
          isOdd = part.isOdd(block);
          lastMs = part.lastMs(block) || Number.POSITIVE_INFINITY;
        }
        from = begin;
        if (to - from > firstBytes && !this.#hasFound) {
          this.#block -= 1;
          break;
        }
      }
      if (to >= 0) return { from, to, isRegular: !isOdd, lastMs };
    }
    return undefined;
  }

  /** The last lines of what is scanned; more in one go the longer it takes. */
  async #scan(): Promise<Range> {
    const { segment } = this.#options;
    const { from: floor, to } = this.#scanned;
    let from = Math.max(floor, to - this.#scanBytes);
    this.#scanBytes = Math.min(largestScanBytes, this.#scanBytes * 2);
    for (;;) {
      const length = await this.#read(from, to - from);
      const bytes = this.#buffer.subarray(0, length);
      // A range begins behind a newline; the one that ends the range is that of its last line.
      const at = from === floor ? -1 : bytes.subarray(0, Math.max(0, length - 1)).indexOf(10);
      if (at >= 0 || from === floor) {
        const lines = bytes.subarray(at + 1);
        this.#findLines(at + 1, length, isRegular(lines));
        return this.#scannedTo(from + at + 1, this.#lastTimeMs(lines));
      }
      if (to - from > maxLineBytes) {
        const begin = await this.#lineBegin(from, floor);
        this.#options.onTooLong(segment, begin, to);
        return this.#scannedTo(begin, Number.POSITIVE_INFINITY);
      }
      from = Math.max(floor, to - maxLineBytes - 1, from - Math.max(largestScanBytes, to - from));
    }
  }

  /** The time of the last of these lines; infinite when it does not say, or cannot be believed. */
  #lastTimeMs(lines: Buffer): number {
    const { digest, segment } = this.#options;
    const end = lines.at(-1) === 10 ? lines.length - 1 : lines.length;
    const line = lines.subarray(lines.lastIndexOf(10, end - 1) + 1, end);
    return (readSoundHead(line, head, digest) && head.isWriter(segment.writer) && Date.parse(head.at)) || Number.POSITIVE_INFINITY;
  }

  #scannedTo(from: number, lastMs: number): Range {
    const { to } = this.#scanned;
    this.#scanned.to = from;
    this.#passedBytes = this.#options.segment.sizeBytes - from;
    return { from, to, isRegular: true, lastMs };
  }

  /** Where the line begins that goes on at `within`. */
  async #lineBegin(within: number, covered: number): Promise<number> {
    for (let to = within; to > covered;) {
      const from = Math.max(covered, to - largestScanBytes);
      const length = await this.#read(from, to - from);
      const at = this.#buffer.subarray(0, length).lastIndexOf(10);
      if (at >= 0) return from + at + 1;
      to = from;
    }
    return covered;
  }

  /** Reads into the buffer; fewer bytes than asked for when the file ends there. */
  async #read(position: number, length: number): Promise<number> {
    const { segment, isOwnThread } = this.#options;
    if (length > this.#buffer.length || (this.#buffer.length > keptBufferBytes && length <= keptBufferBytes))
      this.#buffer = Buffer.allocUnsafe(
        length <= keptBufferBytes ? Math.max(length, Math.min(keptBufferBytes, 2 * this.#buffer.length)) : length,
      );
    let filled = 0;
    this.#file ??= isOwnThread ? openSync(segment.path, 'r') : await open(segment.path, 'r');
    const file = this.#file;
    while (filled < length) {
      const read =
        typeof file === 'number'
          ? readSync(file, this.#buffer, filled, length - filled, position + filled)
          : (await file.read(this.#buffer, filled, length - filled, position + filled)).bytesRead;
      if (read === 0) break;
      filled += read;
    }
    return filled;
  }

  /** Notes the lines of these bytes of the buffer that may hold the needle. */
  #findLines(from: number, to: number, isRegularHere: boolean): void {
    const bytes = this.#buffer.subarray(0, to);
    const { raw } = this.#options.needle;
    const lines = this.#lines;
    const noteAround = (at: number): number => {
      const begin = Math.max(from, bytes.lastIndexOf(10, at) + 1);
      const end = bytes.indexOf(10, at);
      lines.push({ from: begin, to: end < 0 ? to : end });
      return end < 0 ? to : end + 1;
    };
    if (raw === undefined || !isRegularHere) {
      for (let at = from; at < to;) at = noteAround(at);
    } else if ('pattern' in raw) {
      const text = bytes.toString('latin1', 0, to);
      raw.pattern.lastIndex = from;
      for (let match = raw.pattern.exec(text); match !== null; match = raw.pattern.exec(text))
        raw.pattern.lastIndex = noteAround(match.index);
    } else {
      for (const text of this.#rawTexts!)
        for (let at = bytes.indexOf(text, from); at >= 0; at = bytes.indexOf(text, at)) at = noteAround(at);
      if (this.#rawTexts!.length > 1) sortLines(lines);
    }
  }

  /** Reads a line, if it holds the needle and passes the filters, as far as that can be said without reading it wholly. */
  #readLine(from: number, to: number): void {
    const { digest, needle, query } = this.#options;
    const bytes = this.#buffer.subarray(from, to);
    if (bytes.length === 0) return;
    if (bytes.length > maxGuestLineBytes && !this.#options.isOwnThread) {
      this.#options.onTooLong(this.#options.segment, from, to);
      return;
    }
    if (query.kinds !== undefined && !query.kinds.includes('foreign')) {
      const kind = kindOfLine(bytes);
      if (kind !== undefined && !isOfKind(kind, query.kinds)) return;
    }
    let parsed: unknown;
    try {
      parsed = JSON.parse(bytes.toString('utf8'));
    } catch {
      // Torn or glued: what is sound of it is read below.
    }
    if (parsed !== undefined && !holdsNeedle(parsed, needle)) return;
    this.#records = [...readLine(bytes, digest).records];
  }

  #look(record: LineRecord): void {
    const { segment, query, before, needle, repeats, session } = this.#options;
    const { event } = record;
    if (event.w !== segment.writer) return;
    if (before !== undefined && compareMarks(event, before) >= 0) return;
    if (!isWanted(event, query)) return;
    const hit = matchEvent(session.id, event, needle);
    if (hit === undefined || repeats.isRepeat(record)) return;
    this.#hit = hit;
    this.#hasFound = true;
  }
}

const head = new LineHead();

/** The kind of a line that is one whole record of ours; undefined when that cannot be said without reading it. */
function kindOfLine(bytes: Buffer): string | undefined {
  // An earlier version may have called it otherwise; and two records may be glued together.
  return head.read(bytes) && head.v === schemaVersion && bytes.indexOf('{"v":', 1) < 0 ? head.kind : undefined;
}

/** No escape in it but those that our writer needs. */
function isRegular(bytes: Buffer): boolean {
  if (bytes.indexOf('\\u') < 0 && bytes.indexOf('\\/') < 0) return true;
  return !/\\(?:\/|u(?!00[01][0-9a-f]|d[89a-f]))/.test(bytes.toString('latin1'));
}

function sortLines(lines: { readonly from: number; readonly to: number }[]): void {
  lines.sort((a, b) => a.from - b.from);
  const once = lines.filter(({ from }, index) => index === 0 || from !== lines[index - 1]!.from);
  lines.splice(0, lines.length, ...once);
}
