import type { EventMatcher } from '../core/eventFilter.ts';
import { LineHead } from '../core/lineHead.ts';
import { readSoundHead } from '../core/lineMark.ts';
import type { DamageReason } from '../core/logCodec.ts';
import { RepeatMemory } from '../core/repeatMemory.ts';
import { readLine } from '../core/salvage.ts';
import type { Digest } from '../model/digest.ts';
import type { LoggedEvent } from '../model/event.ts';
import type { EventMark } from '../model/sessionState.ts';
import { backwardLines, forwardLines, type LineSource, type RawLine } from './lineSource.ts';
import { OpenFiles } from './openFiles.ts';
import type { SegmentFile, SegmentRef } from './segmentFile.ts';
import type { WriterPlace } from './writerMap.ts';
import { mostBatchBytes, readCopies, type CopiedRecord } from './writtenTwice.ts';

/**
 * One writer's events over all its segments, in either direction, decoded one by one. Damage is handed to `onDamage` and
 * never ends the stream. A line that was written again after a failed sync stands in two segments, the same byte for byte:
 * it is handed out once, in its place, as long as one copy is sound. What is not wanted is passed over by its head, once its
 * checksum was found right.
 */
export interface WriterStream {
  /** The next event, when `fill` said there is one. */
  readonly head: LoggedEvent | undefined;
  /** Size of the head's line, in bytes. */
  readonly headBytes: number;
  /** The head's line without its newline; good until the next call. */
  readonly headLine: Uint8Array;
  /** Passes the head by. False when the next must be filled first. */
  advance(): boolean;
  /** Makes `head` the next event. False at the end. */
  fill(): Promise<boolean>;
  close(): Promise<void>;
}

/** Bytes of a file that hold no event of the log. */
export interface Damage {
  /** The segment's name. */
  readonly file: string;
  readonly from: number;
  readonly to: number;
  readonly reason: DamageReason;
}

export interface WriterStreamOptions {
  /** One writer's, in order. */
  readonly segments: readonly SegmentRef[];
  readonly direction: 'forward' | 'backward';
  /** Only what stands between these two places is read. */
  readonly from?: WriterPlace | undefined;
  readonly to?: WriterPlace | undefined;
  /** False for events that are not to be handed out, though they stand between the places. */
  readonly isIn?: ((event: EventMark) => boolean) | undefined;
  readonly matcher?: EventMatcher | undefined;
  readonly digest: Digest;
  readonly chunkBytes?: number | undefined;
  /** Those that others have opened for the same reading; whoever made them closes them. */
  readonly files?: OpenFiles | undefined;
  readonly onDamage: (damage: Damage) => void;
  /** Told of each segment that is read, as it was found. */
  readonly onOpen?: ((segment: SegmentFile) => void) | undefined;
  /** Told once for a segment whose last line has no newline: where that line, or what is unfinished of it, begins. */
  readonly onTail?: ((segment: SegmentFile, from: number) => void) | undefined;
}

export function openWriterStream(options: WriterStreamOptions): WriterStream {
  const { segments, digest, isIn, matcher } = options;
  const isForward = options.direction === 'forward';
  const files = options.files ?? new OpenFiles();
  const firstIndex = options.from?.index ?? 0;
  const lastIndex = Math.min(options.to?.index ?? segments.length - 1, segments.length - 1);
  const repeats = new RepeatMemory();
  const lineHead = new LineHead();
  let index = isForward ? firstIndex - 1 : lastIndex + 1;
  let segment: SegmentFile | undefined;
  let source: LineSource | undefined;
  /** The one of the line that was read last; and all, where there are several. */
  let only: CopiedRecord | undefined;
  let records: CopiedRecord[] = [];
  const at: Place = { head: undefined };
  /** The furthest number that was met so far, in the direction of reading. */
  let met: number | undefined;
  /** Numbers between these two were passed, and may stand in another segment. */
  let gap: { readonly below: number; readonly above: number } | undefined;
  let isDamaged = false;

  const onDamage = (damage: Damage): void => {
    isDamaged = true;
    options.onDamage(damage);
  };

  const closeSegment = async (): Promise<void> => {
    const open = segment;
    source?.release();
    segment = undefined;
    source = undefined;
    if (open !== undefined) await files.close(open);
  };

  const openNext = async (): Promise<boolean> => {
    await closeSegment();
    index += isForward ? 1 : -1;
    const ref = segments[index];
    if (ref === undefined || index < firstIndex || index > lastIndex) return false;
    try {
      const opened = await files.open(ref);
      // Gone since it was listed.
      if (opened === undefined) return true;
      ({ segment } = opened);
      options.onOpen?.(segment);
      const from = index === options.from?.index ? Math.min(options.from.offset, segment.sizeBytes) : 0;
      const to = index === options.to?.index ? Math.min(options.to.offset, segment.sizeBytes) : segment.sizeBytes;
      const range = {
        file: opened.window,
        from,
        to,
        pool: files.pool,
        ...(options.chunkBytes === undefined ? {} : { chunkBytes: options.chunkBytes }),
      };
      source = isForward ? forwardLines(range) : backwardLines(range);
    } catch {
      // Locked or not ours to read: said, and gone on with the next.
      onDamage({ file: ref.name, from: 0, to: 0, reason: 'unreadable' });
      await files.close(ref);
    }
    return true;
  };

  /** Notes `count` sound lines of the writer, which stand side by side; `first` and `last` in the direction of reading. */
  const note = (first: number, last: number, count: number, file: SegmentFile): void => {
    if (isForward) {
      const below = met ?? 0;
      if (last - below > count) gap = { below, above: last };
      met = Math.max(below, last);
    } else {
      // Of the log's very end a whole line may be missing, where the writer was stopped while it wrote a failed write again.
      const mayBeCut = isDamaged || options.to !== undefined || file.sizeBytes <= mostBatchBytes;
      const above = met ?? (mayBeCut ? Number.POSITIVE_INFINITY : first + 1);
      if (above - last > count) gap = { below: last, above };
      met = Math.min(above, last);
    }
    if (segments.length === 1) gap = undefined;
  };

  const isWanted = ({ event }: CopiedRecord['record']): boolean =>
    (isIn === undefined || isIn(event)) && (matcher === undefined || matcher.matches(event));

  /** Puts the copies of what is missed where they belong: between what was handed out and what comes next. */
  const fillGap = async ({ below, above }: { readonly below: number; readonly above: number }): Promise<void> => {
    if (only !== undefined) records.push(only);
    only = undefined;
    for (const copy of await readCopies({ segments, index, direction: options.direction, below, above, files, digest }))
      if (isWanted(copy.record) && !repeats.isRepeat(copy.record)) records.push(copy);
    records.sort((a, b) => (isForward ? 1 : -1) * (a.record.event.n - b.record.event.n));
  };

  /** True when the line is sound, the writer's own, and not wanted by what its head says. */
  const isPassedOver = (bytes: Buffer, writer: string): boolean =>
    matcher !== undefined && readSoundHead(bytes, lineHead, digest) && !matcher.mayMatch(lineHead, bytes) && lineHead.isWriter(writer);

  const readRecords = (line: RawLine, file: SegmentFile): void => {
    if (line.isTooLong) {
      onDamage({ file: file.name, from: line.from, to: line.to, reason: 'too-long' });
      return;
    }
    const isTail = line.isTail && line.to === file.sizeBytes;
    if (!isTail && isPassedOver(line.bytes, file.writer)) return note(lineHead.n, lineHead.n, 1, file);
    const read = readLine(line.bytes, digest, isTail);
    for (const { from, to, reason } of read.damage) onDamage({ file: file.name, from: line.from + from, to: line.from + to, reason });
    let own = 0;
    let first = 0;
    let last = 0;
    for (const record of read.records) {
      const { event, from, to } = record;
      if (event.w !== file.writer) {
        onDamage({ file: file.name, from: line.from + from, to: line.from + to, reason: 'stray' });
        continue;
      }
      own += 1;
      if (own === 1) first = event.n;
      last = event.n;
      if (!isWanted(record) || repeats.isRepeat(record)) continue;
      if (read.records.length === 1) only = { record, line: line.bytes };
      else records.push({ record, line: line.bytes });
    }
    if (!isForward) records.reverse();
    if (own > 0) note(isForward ? first : last, isForward ? last : first, own, file);
    if (isTail) options.onTail?.(file, line.from + (read.records.at(-1)?.to ?? 0));
  };

  /** Without touching the disk. */
  const next = (): boolean => {
    for (;;) {
      at.head = undefined;
      if (gap !== undefined) return false;
      if (only === undefined) at.head = records.length > 0 ? records.shift() : undefined;
      else [at.head, only] = [only, undefined];
      if (at.head !== undefined) return true;
      const line = source?.take();
      if (line === undefined) return false;
      readRecords(line, segment!);
    }
  };

  const fill = async (): Promise<boolean> => {
    if (at.head !== undefined) return true;
    while (!next()) {
      if (gap !== undefined) {
        const missed = gap;
        gap = undefined;
        await fillGap(missed);
        continue;
      }
      try {
        if (source !== undefined && (await source.fill())) continue;
      } catch {
        onDamage({ file: segment!.name, from: 0, to: segment!.sizeBytes, reason: 'unreadable' });
      }
      if (!(await openNext())) return false;
    }
    return true;
  };

  const close = async (): Promise<void> => {
    await closeSegment();
    if (options.files === undefined) await files.closeAll();
  };

  return new OpenStream(at, { advance: next, fill, close });
}

interface Place {
  head: CopiedRecord | undefined;
}

/** A class, as an object with getters of its own is remembered with all that it holds until the whole heap is collected. */
class OpenStream implements WriterStream {
  readonly advance: WriterStream['advance'];
  readonly fill: WriterStream['fill'];
  readonly close: WriterStream['close'];
  readonly #at: Place;

  constructor(at: Place, { advance, fill, close }: Pick<WriterStream, 'advance' | 'fill' | 'close'>) {
    this.#at = at;
    this.advance = advance;
    this.fill = fill;
    this.close = close;
  }

  get head(): LoggedEvent | undefined {
    return this.#at.head?.record.event;
  }

  get headBytes(): number {
    const { head } = this.#at;
    return head === undefined ? 0 : head.record.to - head.record.from;
  }

  get headLine(): Uint8Array {
    const { head } = this.#at;
    return head === undefined ? nothing : head.line.subarray(head.record.from, head.record.to);
  }
}

const nothing = new Uint8Array();
