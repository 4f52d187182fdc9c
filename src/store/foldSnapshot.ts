import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { compareMarks } from '../core/eventOrder.ts';
import { foldVersion, type FoldData } from '../core/sessionFold.ts';
import { decodeInPieces, encodeInPieces } from '../core/valueCodec.ts';
import type { Digest } from '../model/digest.ts';
import type { EventMark } from '../model/sessionState.ts';
import type { SessionLayout } from './layout.ts';
import { replaceFile } from './replaceFile.ts';
import { TimeSlice } from './timeSlice.ts';
import type { Damage } from './writerStream.ts';
import type { WriterPlace } from './writerWalk.ts';

/**
 * Folds of a session as they were after some of its events, kept in its cache:
 * `cache/<events>.<time>.<writer>.<number>.<version>.fold`, named after the last event that is in it.
 *
 *   magic `TDFS` · format 1 · length of the head · head (JSON) · payload (raw deflate of valueCodec) · CRC-32 of all before
 *
 * - It may be missing, cut, damaged, or of another version at any moment: then there is none, and it is made again.
 * - It says for each writer where its file was left. Whether the log is still what it was up to there, and whether no event
 *   came later that belongs before, is for who goes on from there to find out (logWalk, K1).
 * - The older, the fewer are kept, in an eighth of what the log takes.
 */
export interface FoldSnapshot {
  /** How many events are in it. */
  readonly events: number;
  /** The last event in it, behind which in the session's order no event of it stands. */
  readonly mark: EventMark;
  readonly places: readonly WriterPlace[];
  /** What of the log before the places could not be read. */
  readonly damage: readonly Damage[];
}

/** One that is there by its name. */
export interface KeptFold {
  readonly path: string;
  readonly events: number;
  readonly mark: EventMark;
}

const magic = 'TDFS';
const formatVersion = 1;
const suffix = '.fold';
const headBytes = 4 + 2 + 4;
const crcBytes = 4;
/** One that is larger would not be faster than the log. */
const largestBytes = 256 << 20;
/** So much larger is a fold than what is kept of it, or less. */
const usualRatio = 4;
const largestChunkBytes = 32 << 20;
const logShare = 1 / 8;
const leastBudgetBytes = 16 << 20;
/** Encoding or decoding in one go. */
const pieceMs = 0.5;

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Those of this version, the newest first. Empty when there is no cache. */
export async function listFolds(session: SessionLayout): Promise<KeptFold[]> {
  const names = await readdir(session.cache).catch(() => []);
  return names
    .map((name) => parseName(session, name))
    .filter((kept) => kept !== undefined && kept.version === foldVersion)
    .sort((a, b) => compareMarks(b!.mark, a!.mark))
    .map((kept) => kept!);
}

/** What a kept fold says of itself; the fold, when it is asked for: undefined when that is damaged. */
export interface ReadFold {
  readonly snapshot: FoldSnapshot;
  readonly unpack: () => Promise<FoldData | undefined>;
}

/** Undefined when it is no such file, or damaged. Never rejects, and never holds the event loop. */
export async function readFold(kept: KeptFold, digest: Digest): Promise<ReadFold | undefined> {
  try {
    const bytes = await readFile(kept.path);
    const end = bytes.length - crcBytes;
    if (end < headBytes || bytes.toString('latin1', 0, 4) !== magic || bytes.readUInt16LE(4) !== formatVersion) return undefined;
    if (digest.crc32(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) return undefined;
    const payloadFrom = headBytes + bytes.readUInt32LE(6);
    const head = JSON.parse(bytes.toString('utf8', headBytes, payloadFrom)) as Head;
    if (head.version !== foldVersion || head.events !== kept.events || compareMarks(head.mark, kept.mark) !== 0) return undefined;
    const unpack = async (): Promise<FoldData | undefined> => {
      const packed = bytes.subarray(payloadFrom, end);
      // In one piece where it can be: many are put together in one go.
      const chunkSize = Math.min(largestChunkBytes, Math.max(64 << 10, packed.length * usualRatio));
      const payload = await inflate(packed, { maxOutputLength: largestBytes, chunkSize }).catch(() => undefined);
      return payload && unpackFold(payload);
    };
    return { snapshot: head, unpack };
  } catch {
    return undefined;
  }
}

/** The fold as bytes, in pieces that don't hold the event loop. It must not change meanwhile. */
export function packFold(fold: FoldData): Promise<Uint8Array<ArrayBuffer>> {
  return inPieces(encodeInPieces(fold));
}

/** Undefined when the bytes are none of a fold of this version. */
export async function unpackFold(bytes: Uint8Array): Promise<FoldData | undefined> {
  try {
    return (await inPieces(decodeInPieces(bytes))) as FoldData;
  } catch {
    return undefined;
  }
}

/** Keeps what `packFold` gave. Its size in bytes, or undefined when it could not be kept: it only costs time. Never rejects. */
export async function keepFold(
  session: SessionLayout,
  snapshot: FoldSnapshot,
  packed: Uint8Array,
  { digest, logBytes }: { readonly digest: Digest; readonly logBytes: number },
): Promise<number | undefined> {
  try {
    if (packed.length > largestBytes) return undefined;
    const payload = await deflate(packed, { level: 1 });
    const { events, mark, places, damage } = snapshot;
    const head = Buffer.from(JSON.stringify({ version: foldVersion, events, mark, places, damage } satisfies Head));
    const start = Buffer.alloc(headBytes);
    start.write(magic, 'latin1');
    start.writeUInt16LE(formatVersion, 4);
    start.writeUInt32LE(head.length, 6);
    const checked = Buffer.concat([start, head, payload]);
    const crc = Buffer.alloc(crcBytes);
    crc.writeUInt32LE(digest.crc32(checked));
    await replaceFile(join(session.cache, nameOf(snapshot)), Buffer.concat([checked, crc]));
    await thinOut(session, budgetOf(logBytes));
    return checked.length + crcBytes;
  } catch {
    return undefined;
  }
}

/** How far apart folds of that size are to be kept, in events, so that those of the whole log find room: `wanted` where they do. */
export function foldDistance(wanted: number, foldBytes: number, log: { readonly events: number; readonly sizeBytes: number }): number {
  return Math.max(wanted, Math.ceil((foldBytes * log.events) / budgetOf(log.sizeBytes)));
}

const budgetOf = (logBytes: number): number => Math.max(leastBudgetBytes, logBytes * logShare);

/** Removes one that turned out to be of no use. */
export async function dropFold(kept: KeptFold): Promise<void> {
  await rm(kept.path, { force: true }).catch(() => {});
}

interface Head extends FoldSnapshot {
  readonly version: number;
}

/** Removes those of older versions, and of this one those that are missed least, until the others fit. */
async function thinOut(session: SessionLayout, budgetBytes: number): Promise<void> {
  const names = await readdir(session.cache);
  const all = names.map((name) => parseName(session, name)).filter((kept) => kept !== undefined);
  for (const old of all) if (old.version < foldVersion) await dropFold(old);
  for (const name of names) if (halfWritten.test(name)) await dropHalf(join(session.cache, name));
  const sized = await Promise.all(
    all
      .filter(({ version }) => version === foldVersion)
      .map(async (kept) => ({ ...kept, sizeBytes: (await stat(kept.path).catch(() => undefined))?.size ?? 0 })),
  );
  sized.sort((a, b) => a.events - b.events);
  let bytes = sized.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  while (bytes > budgetBytes && sized.length > 1) {
    const index = leastMissed(sized.map(({ events }) => events));
    bytes -= sized[index]!.sizeBytes;
    await dropFold(sized[index]!);
    sized.splice(index, 1);
  }
}

/** What a process leaves that dies while it writes (see replaceFile). */
const halfWritten = /\.fold\.\d+\.\d+\.tmp$/;
const halfWrittenMs = 600_000;

async function dropHalf(path: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (stats !== undefined && Date.now() - stats.mtimeMs > halfWrittenMs) await rm(path, { force: true }).catch(() => {});
}

/** The one that stands closest to its neighbours for its age; never the newest. `events`: growing. */
export function leastMissed(events: readonly number[]): number {
  const newest = events.at(-1) ?? 0;
  let least = 0;
  let leastGap = Number.POSITIVE_INFINITY;
  for (let index = 0; index < events.length - 1; index++) {
    const gap = (events[index + 1]! - (events[index - 1] ?? 0)) / (newest - events[index]! + 1);
    if (gap < leastGap) {
      least = index;
      leastGap = gap;
    }
  }
  return least;
}

/** Times stand in names without what Windows refuses. */
function nameOf({ events, mark }: Pick<FoldSnapshot, 'events' | 'mark'>): string {
  return `${String(events).padStart(9, '0')}.${mark.at.replaceAll(/[-:.]/g, '')}.${mark.w}.${mark.n}.${foldVersion}${suffix}`;
}

function parseName(session: SessionLayout, name: string): (KeptFold & { readonly version: number }) | undefined {
  const match = /^(\d{9,15})\.(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z\.([a-z0-9]{4,32})\.(\d{1,16})\.(\d{1,6})\.fold$/.exec(name);
  if (match === null) return undefined;
  const [, events, year, month, day, hour, minute, second, milli, w = '', n, version] = match;
  const at = `${year}-${month}-${day}T${hour}:${minute}:${second}.${milli}Z`;
  return { path: join(session.cache, name), events: Number(events), mark: { at, w, n: Number(n) }, version: Number(version) };
}

async function inPieces<T>(pieces: Generator<void, T>): Promise<T> {
  const slice = new TimeSlice(pieceMs);
  for (;;) {
    const step = pieces.next();
    if (step.done === true) return step.value;
    if (slice.isSpent) await slice.pause();
  }
}
