import { compareMarks } from '../core/eventOrder.ts';
import { readLine } from '../core/salvage.ts';
import type { LoggedEvent } from '../model/event.ts';
import { nodeDigest } from '../store/digest.ts';
import type { SessionLayout } from '../store/layout.ts';
import { forwardLines } from '../store/lineSource.ts';
import { listSegments, openSegmentFile, type SegmentFile } from '../store/segmentFile.ts';

export interface StoredLine {
  readonly event: LoggedEvent;
  /** The line as it lies on disk, without its newline. */
  readonly bytes: Uint8Array;
}

/** Every sound line of a session as it is stored, in the session's order. Holds one line of each writer in memory. */
export async function* readStoredLines(session: SessionLayout): AsyncGenerator<StoredLine> {
  const writers = [...(await listSegments(session)).values()].map(readWriter);
  const heads: { line: StoredLine; rest: AsyncGenerator<StoredLine> }[] = [];
  try {
    for (const rest of writers) {
      const first = await rest.next();
      if (first.done !== true) heads.push({ line: first.value, rest });
    }
    for (;;) {
      let best = heads[0];
      for (const head of heads) if (best !== undefined && compareMarks(head.line.event, best.line.event) < 0) best = head;
      if (best === undefined) return;
      yield best.line;
      const next = await best.rest.next();
      if (next.done === true) heads.splice(heads.indexOf(best), 1);
      else best.line = next.value;
    }
  } finally {
    for (const rest of writers) await rest.return(undefined);
  }
}

async function* readWriter(segments: readonly SegmentFile[]): AsyncGenerator<StoredLine> {
  let newest = 0;
  for (const segment of segments) {
    const file = await openSegmentFile(segment);
    try {
      const lines = forwardLines({ file, from: 0, to: segment.sizeBytes });
      while (await lines.fill()) {
        for (let line = lines.take(); line !== undefined; line = lines.take()) {
          for (const { event, from, to } of readLine(line.bytes, nodeDigest, line.isTail).records) {
            // A line that was written again after a failed sync stands there twice.
            if (event.w !== segment.writer || event.n <= newest) continue;
            newest = event.n;
            yield { event, bytes: line.bytes.subarray(from, to) };
          }
        }
      }
    } finally {
      await file.close();
    }
  }
}
