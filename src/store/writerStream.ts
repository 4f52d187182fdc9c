import type { FileHandle } from 'node:fs/promises';
import { RepeatMemory } from '../core/repeatMemory.ts';
import { readLine, type LineRecord } from '../core/salvage.ts';
import type { DamageReason } from '../core/logCodec.ts';
import type { Digest } from '../model/digest.ts';
import type { LoggedEvent } from '../model/event.ts';
import { backwardLines, forwardLines, type LineSource, type RawLine } from './lineSource.ts';
import { seekLine } from './segmentSeek.ts';
import { openSegmentFile, type SegmentFile } from './segmentFile.ts';

/**
 * One writer's events over all its segments, in either direction, decoded one by one. Damage is handed to `onDamage` and
 * never ends the stream. A line that was written again after a failed sync stands in two segments, the same byte for byte:
 * it is handed out once.
 */
export interface WriterStream {
  /** The next event, when `fill` said there is one. */
  readonly head: LoggedEvent | undefined;
  /** Size of the head's line, in bytes. */
  readonly headBytes: number;
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
  readonly segments: readonly SegmentFile[];
  readonly direction: 'forward' | 'backward';
  /** Parts the writer's events in two: false for the earlier, true for the later ones. Forward reads the later, backward the earlier. */
  readonly isBehind?: ((event: LoggedEvent) => boolean) | undefined;
  readonly digest: Digest;
  readonly chunkBytes?: number;
  readonly onDamage: (damage: Damage) => void;
  /** Told once for a segment whose last line has no newline: where that line, or what is unfinished of it, begins. */
  readonly onTail?: (segment: SegmentFile, from: number) => void;
}

export function openWriterStream(options: WriterStreamOptions): WriterStream {
  const { digest, onDamage, isBehind } = options;
  const isForward = options.direction === 'forward';
  const waiting = isForward ? [...options.segments] : [...options.segments].reverse();
  const repeats = new RepeatMemory();
  let segment: SegmentFile | undefined;
  let handle: FileHandle | undefined;
  let source: LineSource | undefined;
  let records: LineRecord[] = [];
  let head: LineRecord | undefined;
  let isPlaced = isBehind === undefined;

  const close = async (): Promise<void> => {
    const open = handle;
    handle = undefined;
    source = undefined;
    await open?.close().catch(() => {});
  };

  const openNext = async (): Promise<boolean> => {
    await close();
    segment = waiting.shift();
    if (segment === undefined) return false;
    const { sizeBytes } = segment;
    try {
      handle = await openSegmentFile(segment);
      let from = 0;
      let to = sizeBytes;
      if (isBehind !== undefined && !isPlaced) {
        const offset = await seekLine({ file: handle, sizeBytes, isBehind, digest });
        if (isForward) from = offset;
        else to = offset;
        // Once a segment holds events of the wanted side, all that follow hold no others.
        isPlaced = isForward ? from < sizeBytes : to > 0;
      }
      const chunk = options.chunkBytes === undefined ? {} : { chunkBytes: options.chunkBytes };
      source = isForward ? forwardLines({ file: handle, from, to, ...chunk }) : backwardLines({ file: handle, from, to, ...chunk });
    } catch {
      // Gone, locked or not ours to read: said, and gone on with the next.
      onDamage({ file: segment.name, from: 0, to: sizeBytes, reason: 'unreadable' });
      await close();
    }
    return true;
  };

  const readRecords = (line: RawLine, file: SegmentFile): void => {
    if (line.isTooLong) {
      onDamage({ file: file.name, from: line.from, to: line.to, reason: 'too-long' });
      return;
    }
    const isTail = line.isTail && line.to === file.sizeBytes;
    const read = readLine(line.bytes, digest, isTail);
    for (const { from, to, reason } of read.damage) onDamage({ file: file.name, from: line.from + from, to: line.from + to, reason });
    for (const record of read.records) {
      if (record.event.w !== file.writer) {
        onDamage({ file: file.name, from: line.from + record.from, to: line.from + record.to, reason: 'stray' });
        continue;
      }
      if (isBehind !== undefined && isBehind(record.event) !== isForward) continue;
      if (!repeats.isRepeat(record)) records.push(record);
    }
    if (!isForward) records.reverse();
    if (isTail) options.onTail?.(file, line.from + (read.records.at(-1)?.to ?? 0));
  };

  /** Without touching the disk. */
  const next = (): boolean => {
    for (;;) {
      head = records.shift();
      if (head !== undefined) return true;
      const line = source?.take();
      if (line === undefined) return false;
      readRecords(line, segment!);
    }
  };

  return {
    get head() {
      return head?.event;
    },
    get headBytes() {
      return head === undefined ? 0 : head.to - head.from;
    },
    advance: next,
    async fill() {
      if (head !== undefined) return true;
      while (!next()) {
        try {
          if (source !== undefined && (await source.fill())) continue;
        } catch {
          onDamage({ file: segment!.name, from: 0, to: segment!.sizeBytes, reason: 'unreadable' });
        }
        if (!(await openNext())) return false;
      }
      return true;
    },
    close,
  };
}
