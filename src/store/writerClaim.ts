import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventCursor } from '../core/eventOrder.ts';
import { firstPrev, lineHash } from '../core/logCodec.ts';
import { readLine } from '../core/salvage.ts';
import type { Digest } from '../model/digest.ts';
import type { WriterId } from '../model/ids.ts';
import { keepDamagedCopy } from './damagedCopy.ts';
import type { SessionLayout } from './layout.ts';
import { backwardLines } from './lineSource.ts';
import { listSegments, openSegmentFile, type SegmentFile } from './segmentFile.ts';
import { openWriterStream } from './writerStream.ts';

/**
 * Who may write as whom. A new process is a new writer. A short-lived one (a command, a hook) that ended well leaves a token
 * in `free/`; whoever renames it to `<writer>.ended` goes on as that writer: renaming succeeds once, so no lock is needed, and
 * a process that dies leaves nothing to be released. How far the writer had come is known at every moment of that.
 */
export interface WriterClaim {
  readonly writer: WriterId;
  /** Number and chain hash of its newest sound line. */
  readonly n: number;
  readonly prev: string;
  /** The segment to write to: the present one, or a new one if the present one's end is damaged. */
  readonly segment: number;
  readonly continues: boolean;
}

/** What a token holds: how far the writer had come. */
export interface WriterHead {
  readonly n: number;
  readonly prev: string;
}

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';

export function createWriterId(): WriterId {
  // 252 is the largest multiple of 36 in a byte: beyond it some letters would come more often.
  let id = '';
  while (id.length < 8) for (const byte of randomBytes(16)) if (byte < 252 && id.length < 8) id += letters[byte % 36];
  return id;
}

/** Goes on as a writer that is free, or undefined when there is none. */
export async function claimWriter(session: SessionLayout, digest: Digest): Promise<WriterClaim | undefined> {
  for (const name of await readNames(session.free)) {
    if (!/^[a-z0-9]{4,32}$/.test(name)) continue;
    const head = await readHead(session, name);
    // Half-written by one that died: it must not take the place of an older one that is whole.
    if (head === undefined) continue;
    try {
      await rename(join(session.free, name), join(session.free, endedName(name)));
    } catch {
      // Another process was faster, or the folder is not ours to write.
      continue;
    }
    const claim = await resumeWriter(session, name, digest).catch(() => undefined);
    // Less than the token says, or nothing to be read: the file was cut, replaced or locked. It is left as it is, and the
    // token says so to `verify`.
    if (claim !== undefined && claim.n >= head.n) return claim;
  }
  return undefined;
}

/**
 * Says how far a writer had come when its process ended well: `free`, and another may go on as it; `ended`, and none does.
 * By it `verify` sees that the end of a log was cut off. Failing to say so costs no more than that.
 */
export async function freeWriter(session: SessionLayout, writer: WriterId, head: WriterHead, as: 'free' | 'ended'): Promise<void> {
  try {
    await mkdir(session.free, { recursive: true });
    await writeFile(join(session.free, as === 'free' ? writer : endedName(writer)), JSON.stringify(head), { flag: 'wx' });
  } catch {
    // See above.
  }
}

function endedName(writer: WriterId): string {
  return `${writer}.ended`;
}

/** The newest event of each writer. */
export async function readNewest(session: SessionLayout, digest: Digest): Promise<EventCursor[]> {
  const writers = [...(await listSegments(session)).values()];
  const newest: EventCursor[] = [];
  const readNext = async (): Promise<void> => {
    for (let segments = writers.pop(); segments !== undefined; segments = writers.pop()) {
      const stream = openWriterStream({ segments, direction: 'backward', digest, chunkBytes: 4 << 10, onDamage: () => {} });
      try {
        if ((await stream.fill()) && stream.head !== undefined) newest.push(stream.head);
      } finally {
        await stream.close();
      }
    }
  };
  // A file that cannot be opened because too many are open would be passed over, and time could run backwards.
  await Promise.all(Array.from({ length: openedAtOnce }, readNext));
  return newest;
}

const openedAtOnce = 16;

/** Where that writer stands. An unfinished end is copied to `damaged/`, and a new segment is begun; the file stays as it is. */
async function resumeWriter(session: SessionLayout, writer: WriterId, digest: Digest): Promise<WriterClaim | undefined> {
  const segments = (await listSegments(session)).get(writer) ?? [];
  const last = segments.at(-1);
  if (last === undefined) return undefined;
  for (const segment of [...segments].reverse()) {
    const end = await readEnd(segment, digest);
    if (segment === last && !end.isWhole) await keepDamagedCopy(session, segment, end.soundTo);
    if (end.n === undefined) continue;
    const continues = segment === last && end.isWhole;
    return { writer, n: end.n, prev: end.prev, segment: continues ? last.number : last.number + 1, continues };
  }
  return undefined;
}

interface SegmentEnd {
  readonly n: number | undefined;
  readonly prev: string;
  /** Behind the newest sound line, with its newline. */
  readonly soundTo: number;
  /** The file ends with a sound line and its newline. */
  readonly isWhole: boolean;
}

async function readEnd(segment: SegmentFile, digest: Digest): Promise<SegmentEnd> {
  const { sizeBytes } = segment;
  let handle: FileHandle | undefined;
  try {
    handle = await openSegmentFile(segment);
    const lines = backwardLines({ file: handle, from: 0, to: sizeBytes, chunkBytes: 8 << 10 });
    do {
      for (let line = lines.take(); line !== undefined; line = lines.take()) {
        const record = readLine(line.bytes, digest).records.at(-1);
        if (record === undefined) continue;
        const prev = lineHash(line.bytes.subarray(record.from, record.to), digest);
        const soundTo = Math.min(sizeBytes, line.from + record.to + 1);
        return { n: record.event.n, prev, soundTo, isWhole: !line.isTail && line.from + record.to + 1 === sizeBytes };
      }
    } while (await lines.fill());
    return { n: undefined, prev: firstPrev, soundTo: 0, isWhole: sizeBytes === 0 };
  } finally {
    await handle?.close().catch(() => {});
  }
}

async function readHead(session: SessionLayout, name: string): Promise<WriterHead | undefined> {
  try {
    const head = JSON.parse(await readFile(join(session.free, name), 'utf8')) as Partial<WriterHead> | null;
    return typeof head?.n === 'number' && typeof head.prev === 'string' ? { n: head.n, prev: head.prev } : undefined;
  } catch {
    return undefined;
  }
}

async function readNames(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch {
    return [];
  }
}
