import { readLine } from '../core/salvage.ts';
import type { Digest } from '../model/digest.ts';
import type { LoggedEvent } from '../model/event.ts';
import { forwardLines, type ByteReader, type LineSource } from './lineSource.ts';

/**
 * Finds a place in a segment without an index: a writer's times and numbers only grow, so it can be halved. Only whole,
 * sound lines are asked; damage in between is stepped over.
 */
export interface SeekOptions {
  readonly file: ByteReader;
  readonly sizeBytes: number;
  /** False for every event before the place, true for every one behind it. */
  readonly isBehind: (event: LoggedEvent) => boolean;
  readonly digest: Digest;
}

const probeBytes = 8 << 10;
const scanBytes = 32 << 10;

/** The offset of the first line behind the place; `sizeBytes` when there is none. */
export async function seekLine(options: SeekOptions): Promise<number> {
  const { file, sizeBytes, isBehind, digest } = options;
  // Invariant: lines that begin before `low` are not behind; the first one behind begins before `high`, or nowhere.
  let low = 0;
  let high = sizeBytes;
  while (high - low > scanBytes) {
    const middle = low + Math.floor((high - low) / 2);
    const found = await firstEvent(file, await nextLine(file, middle, high), high, sizeBytes, digest);
    if (found === undefined || isBehind(found.event)) high = middle;
    else low = found.next;
  }
  const lines = forwardLines({ file, from: low, to: sizeBytes, chunkBytes: scanBytes });
  for (let line = lines.take(); ; line = lines.take()) {
    if (line === undefined) {
      if (!(await lines.fill())) return sizeBytes;
      continue;
    }
    if (readLine(line.bytes, digest).records.some(({ event }) => isBehind(event))) return line.from;
  }
}

/** The first byte behind the next newline. */
async function nextLine(file: ByteReader, from: number, to: number): Promise<number> {
  const buffer = Buffer.allocUnsafe(probeBytes);
  for (let position = from; position < to;) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(probeBytes, to - position), position);
    if (bytesRead === 0) break;
    const at = buffer.subarray(0, bytesRead).indexOf(10);
    if (at >= 0) return position + at + 1;
    position += bytesRead;
  }
  return to;
}

/** The first event of the lines that begin in that range, and where the line after it begins. */
async function firstEvent(
  file: ByteReader,
  from: number,
  high: number,
  sizeBytes: number,
  digest: Digest,
): Promise<{ readonly event: LoggedEvent; readonly next: number } | undefined> {
  const lines: LineSource = forwardLines({ file, from, to: sizeBytes, chunkBytes: probeBytes });
  for (;;) {
    const line = lines.take();
    if (line === undefined) {
      if (!(await lines.fill())) return undefined;
      continue;
    }
    if (line.from >= high) return undefined;
    const record = readLine(line.bytes, digest).records.at(-1);
    if (record !== undefined) return { event: record.event, next: Math.min(line.to + 1, sizeBytes) };
  }
}
