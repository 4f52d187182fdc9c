import type { Digest } from '../model/digest.ts';
import type { SessionLayout } from './layout.ts';
import { ChunkPool } from './chunkPool.ts';
import { forwardLines, type LineSource } from './lineSource.ts';
import { Recall, recallKind } from './recall.ts';
import { listSegments, openSegmentFile, type SegmentFile } from './segmentFile.ts';
import { readSidecar, writeSidecar } from './sidecar.ts';
import { TimeSlice } from './timeSlice.ts';

/**
 * Recalls a session's log: of each segment what was kept of it, and what came later from the segment itself. What had to be
 * read of a long one is kept for the next who asks. Holds the event loop for a millisecond at a time.
 */
export async function recallLog(session: SessionLayout, digest: Digest): Promise<Recall> {
  const recall = new Recall(digest);
  const slice = new TimeSlice(sliceMs);
  const pool = new ChunkPool();
  for (const segments of (await listSegments(session)).values())
    for (const segment of segments) {
      const kept = await readSidecar(session, segment, recallKind, digest);
      const isTaken = kept !== undefined && (await isTakenIn(recall, kept.payload, slice));
      const from = isTaken ? kept.coveredBytes : 0;
      if (segment.sizeBytes - from < keptFromBytes) {
        await readInto(recall, segment, from, slice, pool);
        continue;
      }
      const own = new Recall(digest);
      if (isTaken) await isTakenIn(own, kept.payload, slice);
      const coveredBytes = await readInto(own, segment, from, slice, pool);
      const payload = await inSlices(own.encode(), slice);
      await isTakenIn(recall, payload, slice);
      if (coveredBytes > 0) await writeSidecar(session, segment, recallKind, { coveredBytes, payload }, digest);
    }
  return recall;
}

/** Reading so much takes some five milliseconds. */
const keptFromBytes = 1 << 20;
const chunkBytes = 128 << 10;
const sliceMs = 1;

async function isTakenIn(recall: Recall, payload: Buffer, slice: TimeSlice): Promise<boolean> {
  try {
    await inSlices(recall.take(payload), slice);
    return true;
  } catch {
    // Whatever was taken in of it is true.
    return false;
  }
}

/** Where the last whole line ends, with its newline; 0 where it could not be read to its end: then nothing is to be kept of it. */
async function readInto(recall: Recall, segment: SegmentFile, from: number, slice: TimeSlice, pool: ChunkPool): Promise<number> {
  const file = await openSegmentFile(segment).catch(() => undefined);
  // Gone, locked or not ours to read: whoever reads the log says so.
  if (file === undefined) return 0;
  let coveredBytes = from;
  let source: LineSource | undefined;
  try {
    source = forwardLines({ file, from, to: segment.sizeBytes, chunkBytes, pool });
    do
      for (let line = source.take(); line !== undefined; line = source.take()) {
        if (!line.isTail) coveredBytes = line.to + 1;
        if (!line.isTooLong) recall.addLine(line.bytes, segment.writer, line.isTail);
        if (slice.isSpent) await slice.pause();
      }
    while (await source.fill());
    return coveredBytes;
  } catch {
    return 0;
  } finally {
    source?.release();
    await file.close();
  }
}

async function inSlices<T>(pieces: Generator<void, T>, slice: TimeSlice): Promise<T> {
  for (;;) {
    const step = pieces.next();
    if (step.done === true) return step.value;
    if (slice.isSpent) await slice.pause();
  }
}
