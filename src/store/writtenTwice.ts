import type { Digest } from '../model/digest.ts';
import { maxBatchLines } from '../core/repeatMemory.ts';
import { readLine, type LineRecord } from '../core/salvage.ts';
import { backwardLines, forwardLines } from './lineSource.ts';
import type { OpenFiles } from './openFiles.ts';
import type { SegmentRef } from './segmentFile.ts';

/**
 * A write that failed may have reached the disk, in part or whole, and stands in the next segment once more, or in several.
 * Where one copy is damaged another may be sound: a reader that misses numbers asks here before it goes on, so that these
 * events take their place in the order.
 */
interface CopiesOptions {
  /** One writer's, in order. */
  readonly segments: readonly SegmentRef[];
  /** The segment in which they are missed. Others are looked at in the direction of reading: what lies the other way was read. */
  readonly index: number;
  readonly direction: 'forward' | 'backward';
  /** The numbers between these two are missed. `above` may be infinite. */
  readonly below: number;
  readonly above: number;
  readonly files: OpenFiles;
  readonly digest: Digest;
}

export interface CopiedRecord {
  readonly record: LineRecord;
  /** The bytes between two newlines in which it stands. */
  readonly line: Buffer;
}

/** A write of more than one line is no longer than this. */
export const mostBatchBytes = 3 << 20;
/** A writer on a full disk may leave many small files. */
export const mostCopies = 64;
const chunkBytes = 16 << 10;

/** The sound ones of the writer's lines with these numbers that the other segments hold, in any order. Never rejects. */
export async function readCopies(options: CopiesOptions): Promise<CopiedRecord[]> {
  const { segments, index, direction, files } = options;
  const step = direction === 'forward' ? 1 : -1;
  const found: CopiedRecord[] = [];
  for (let count = 1, at = index + step; count <= mostCopies && segments[at] !== undefined; count++, at += step) {
    const ref = segments[at]!;
    const isOpen = files.has(ref);
    const mayBeFurther = await readEnd(ref, options, found).catch(() => true);
    if (!isOpen) await files.close(ref);
    if (!mayBeFurther) break;
  }
  return found;
}

/** Takes what is wanted of the end that lies towards the reader. False when no segment further on can hold it. */
async function readEnd(ref: SegmentRef, options: CopiesOptions, found: CopiedRecord[]): Promise<boolean> {
  const { direction, below, above, files, digest } = options;
  const isForward = direction === 'forward';
  // Copies stand within one write of what was met, so that a forged number far ahead fetches nothing.
  const from = isForward ? Math.max(below + 1, above - maxBatchLines) : below + 1;
  const to = isForward ? above - 1 : Math.min(above - 1, below + maxBatchLines);
  const file = await files.open(ref);
  if (file === undefined) return true;
  const { sizeBytes } = file.segment;
  const range = { file: file.window, from: 0, to: sizeBytes, chunkBytes };
  const lines = isForward ? forwardLines(range) : backwardLines(range);
  let nearest: number | undefined;
  for (let count = 0, bytes = 0; count < maxBatchLines && bytes <= mostBatchBytes;) {
    const line = lines.take();
    if (line === undefined) {
      if (!(await lines.fill())) break;
      continue;
    }
    count += 1;
    bytes += line.to - line.from;
    const own = readLine(line.bytes, digest, line.isTail).records.filter(({ event }) => event.w === ref.writer);
    for (const record of own) if (record.event.n >= from && record.event.n <= to) found.push({ record, line: line.bytes });
    const last = (isForward ? own.at(-1) : own[0])?.event.n;
    if (last === undefined) continue;
    nearest ??= last;
    if (isForward ? last >= to : last <= from) break;
  }
  return nearest === undefined || (isForward ? nearest <= above + maxBatchLines : nearest >= below - maxBatchLines);
}
