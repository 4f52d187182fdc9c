import { readMarks } from '../core/lineMark.ts';
import type { Digest } from '../model/digest.ts';
import type { EventMark } from '../model/sessionState.ts';
import type { FileWindow } from './fileWindow.ts';
import type { LineEntry } from './lineIndex.ts';
import { forwardLines, type ByteReader } from './lineSource.ts';
import type { SegmentMap } from './segmentMap.ts';

/**
 * Finds a place in a segment. A writer's times and numbers only grow, so it can be halved; what is known of the segment makes
 * that short, mostly a single reading. Only whole, sound lines are asked; damage in between is stepped over.
 */
export interface SeekOptions {
  readonly file: FileWindow;
  readonly sizeBytes: number;
  readonly writer: string;
  /** False for every event before the place, true for every one behind it. */
  readonly isBehind: (event: EventMark) => boolean;
  readonly digest: Digest;
  /** Learns from what is read; found to be wrong, it is asked no more. */
  readonly map: SegmentMap;
  /** So much before or behind the place will be read next: it is taken along where that costs no reading of its own. */
  readonly ahead?: { readonly before: number; readonly behind: number };
}

const probeBytes = 4 << 10;
/** In one reading rather than halved. */
const blockBytes = 256 << 10;
const scanBytes = 2 << 10;
const newline = 10;

/**
 * The two lines around the place: where the last sound one before it begins, or 0, and where the first sound one behind it
 * ends, or `sizeBytes`. So whoever reads from one to the other meets the damage that lies between them.
 */
export async function seekPlace(options: SeekOptions): Promise<{ readonly from: number; readonly to: number }> {
  const { file, sizeBytes, writer, isBehind, map, ahead } = options;
  const known = map.bounds(({ n, atMs }) => isBehind({ at: new Date(atMs).toISOString(), w: writer, n }));
  // Invariant: no line that begins before `low` is behind, and every one is that begins at `high` or later.
  let low = known.low?.offset ?? 0;
  let high = Math.min(known.high ?? sizeBytes, sizeBytes);
  let before = low;
  const loadBlock = async (): Promise<void> => {
    if (high - low > blockBytes || high <= low) return;
    await file.load(Math.max(0, low - 1 - (ahead?.before ?? 0)), Math.min(sizeBytes, high + (ahead?.behind ?? 0)));
  };
  await loadBlock();
  if (known.low !== undefined && !(await isThere(known.low, options))) {
    map.forget();
    before = low = 0;
    high = sizeBytes;
  }
  while (high - low > scanBytes) {
    await loadBlock();
    const middle = low + Math.floor((high - low) / 2);
    const found = await firstEvent(await nextLine(file, middle, high), high, options);
    if (found === undefined || isBehind(found.mark)) high = middle;
    else [before, low] = [found.from, found.next];
  }
  // Not only to `high`: should that be wrong, it goes on until a line says so.
  const lines = forwardLines({ file, from: low, to: sizeBytes, chunkBytes: probeBytes });
  for (let line = lines.take(); ; line = lines.take()) {
    if (line === undefined) {
      if (!(await lines.fill())) return { from: before, to: sizeBytes };
      continue;
    }
    const own = readMarks(line.bytes, options.digest).filter(({ mark }) => mark.w === writer);
    if (own.some(({ mark }) => isBehind(mark))) return { from: before, to: Math.min(line.to + 1, sizeBytes) };
    if (own.length > 0) before = line.from;
  }
}

/** True when the line that is said to begin there does. */
async function isThere({ offset, n, atMs }: LineEntry, { file, sizeBytes, writer, digest }: SeekOptions): Promise<boolean> {
  if (offset >= sizeBytes) return false;
  if (offset > 0) {
    const before = Buffer.alloc(1);
    const { bytesRead } = await file.read(before, 0, 1, offset - 1);
    if (bytesRead === 0 || before[0] !== newline) return false;
  }
  const lines = forwardLines({ file, from: offset, to: sizeBytes, chunkBytes: probeBytes });
  let line = lines.take();
  while (line === undefined && (await lines.fill())) line = lines.take();
  const first = line?.from === offset ? readMarks(line.bytes, digest)[0] : undefined;
  return first?.from === 0 && first.mark.w === writer && first.mark.n === n && Date.parse(first.mark.at) === atMs;
}

/** The first byte behind the next newline. */
async function nextLine(file: ByteReader, from: number, to: number): Promise<number> {
  const buffer = Buffer.allocUnsafe(probeBytes);
  for (let position = from; position < to;) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(probeBytes, to - position), position);
    if (bytesRead === 0) break;
    const at = buffer.subarray(0, bytesRead).indexOf(newline);
    if (at >= 0) return position + at + 1;
    position += bytesRead;
  }
  return to;
}

/** The writer's first event in the lines that begin in that range, where its line begins, and the one after it. */
async function firstEvent(
  from: number,
  high: number,
  { file, sizeBytes, writer, digest, map }: SeekOptions,
): Promise<{ readonly mark: EventMark; readonly from: number; readonly next: number } | undefined> {
  const lines = forwardLines({ file, from, to: sizeBytes, chunkBytes: probeBytes });
  for (;;) {
    const line = lines.take();
    if (line === undefined) {
      if (!(await lines.fill())) return undefined;
      continue;
    }
    if (line.from >= high) return undefined;
    const own = readMarks(line.bytes, digest).filter(({ mark }) => mark.w === writer);
    const last = own.at(-1);
    if (last === undefined) continue;
    if (own.length === 1 && last.from === 0) map.learn(line.from, last.mark);
    return { mark: last.mark, from: line.from, next: Math.min(line.to + 1, sizeBytes) };
  }
}
