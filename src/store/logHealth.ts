import { ChainCheck, chainLink, type ChainBreak } from '../core/chain.ts';
import { lineHash } from '../core/logCodec.ts';
import { readLine } from '../core/salvage.ts';
import type { Digest } from '../model/digest.ts';
import type { ForeignEvent } from '../model/event.ts';
import type { SessionId, WriterId } from '../model/ids.ts';
import { forwardLines } from './lineSource.ts';
import type { SessionLayout, TapedeckLayout } from './layout.ts';
import { listSegments, listStrangers, openSegmentFile, type SegmentFile } from './segmentFile.ts';
import { readHeads } from './writerClaim.ts';
import type { Damage } from './writerStream.ts';

export type { ChainBreak } from '../core/chain.ts';

/** What a whole reading of a session's log found. */
export interface LogHealth {
  /** No damage and no break. Repeated lines and foreign events are no fault. */
  readonly isSound: boolean;
  readonly events: number;
  readonly sizeBytes: number;
  readonly files: number;
  readonly writers: number;
  readonly damage: readonly Damage[];
  readonly breaks: readonly ChainBreak[];
  /** Lines that were written once more after a failed sync; each is told once by a reader. */
  readonly repeated: number;
  readonly foreign: Readonly<Record<ForeignEvent['reason'], number>>;
  /** Files in the folder that are no segments; they are not read. */
  readonly strangers: readonly string[];
  /** Unfinished last lines that may still be being written; not counted as damage. */
  readonly growing: readonly Damage[];
}

/** So long after its last change an unfinished last line may still be being written. */
const growingMs = 2000;

/** Reads a session's whole log and checks every line and every writer's chain. */
export function verifySession(options: {
  readonly layout: TapedeckLayout;
  readonly session: SessionId;
  readonly digest: Digest;
}): Promise<LogHealth> {
  return verifyLog(options.layout.session(options.session), options.digest);
}

export async function verifyLog(session: SessionLayout, digest: Digest): Promise<LogHealth> {
  const writers = await listSegments(session);
  const heads = await readHeads(session);
  const found: Found = {
    events: 0,
    damage: [],
    breaks: [],
    growing: [],
    repeated: 0,
    foreign: { 'unknown-kind': 0, 'newer-version': 0, misshapen: 0 },
  };
  for (const [writer, segments] of writers) await verifyWriter(writer, segments, heads.get(writer), digest, found);
  // A writer that ended well said so; that not even one file of it is left shows here.
  for (const [writer, n] of heads)
    if (!writers.has(writer)) found.breaks.push({ reason: 'missing', writer, fromN: 1, toN: n, file: '', from: 0, to: 0 });
  const segments = [...writers.values()].flat();
  return {
    isSound: found.damage.length === 0 && found.breaks.length === 0,
    ...found,
    sizeBytes: segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    files: segments.length,
    writers: writers.size,
    strangers: await listStrangers(session),
  };
}

interface Found {
  events: number;
  damage: Damage[];
  breaks: ChainBreak[];
  growing: Damage[];
  repeated: number;
  foreign: Record<ForeignEvent['reason'], number>;
}

async function verifyWriter(
  writer: WriterId,
  segments: readonly SegmentFile[],
  headN: number | undefined,
  digest: Digest,
  found: Found,
): Promise<void> {
  const chain = new ChainCheck(writer, (broken) => found.breaks.push(broken));
  let distinct = 0;
  for (const segment of segments) distinct += await verifySegment(segment, chain, digest, found);
  chain.end();
  found.events += distinct - chain.repeated;
  found.repeated += chain.repeated;
  const last = chain.head?.n ?? 0;
  const file = segments.at(-1)!;
  if (headN !== undefined && headN > last)
    found.breaks.push({
      reason: 'missing',
      writer,
      fromN: last + 1,
      toN: headN,
      file: file.name,
      from: file.sizeBytes,
      to: file.sizeBytes,
    });
}

/** The number of sound lines. */
async function verifySegment(segment: SegmentFile, chain: ChainCheck, digest: Digest, found: Found): Promise<number> {
  const { name: file, sizeBytes } = segment;
  let sound = 0;
  let handle;
  try {
    handle = await openSegmentFile(segment);
    const lines = forwardLines({ file: handle, from: 0, to: sizeBytes, chunkBytes: 128 << 10 });
    do {
      for (let line = lines.take(); line !== undefined; line = lines.take()) {
        if (line.isTooLong) {
          found.damage.push({ file, from: line.from, to: line.to, reason: 'too-long' });
          continue;
        }
        const base = line.from;
        const isTail = line.isTail && line.to === sizeBytes;
        const read = readLine(line.bytes, digest, isTail);
        for (const { from, to, reason } of read.damage) {
          const damage = { file, from: base + from, to: base + to, reason };
          const isGrowing = reason === 'torn' && Date.now() - segment.modifiedMs < growingMs;
          (isGrowing ? found.growing : found.damage).push(damage);
        }
        for (const record of read.records) {
          const place = { file, from: base + record.from, to: base + record.to };
          if (record.event.w !== segment.writer) {
            found.damage.push({ ...place, reason: 'stray' });
            continue;
          }
          sound += 1;
          if (record.event.kind === 'foreign') found.foreign[record.event.reason] += 1;
          chain.add(chainLink(record, lineHash(line.bytes.subarray(record.from, record.to), digest), place));
        }
      }
    } while (await lines.fill());
  } catch {
    found.damage.push({ file, from: 0, to: sizeBytes, reason: 'unreadable' });
  } finally {
    await handle?.close().catch(() => {});
  }
  return sound;
}
