import { constants, open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { WriterId } from '../model/ids.ts';
import { parseSegmentName, type SessionLayout } from './layout.ts';

/** One file of the log by its name; it was not looked at. */
export interface SegmentRef {
  readonly name: string;
  readonly path: string;
  readonly writer: WriterId;
  readonly number: number;
}

/** One file of the log as it was found. What is appended later is not part of it. */
export interface SegmentFile extends SegmentRef {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** The file's identity where the platform tells one. */
  readonly inode: number;
}

/** So long after its last change an unfinished last line may still be being written. */
const growingMs = 2000;

/**
 * Whether what is unfinished at its end may still be being written. A time of change that lies ahead of the clock (which was
 * put back, or is another machine's) says nothing, and must not hide damage until it is reached.
 */
export function mayBeGrowing({ modifiedMs }: { readonly modifiedMs: number }): boolean {
  return Math.abs(Date.now() - modifiedMs) < growingMs;
}

/** What the folder's names say, by writer, each writer's in order. No file is looked at, so it costs the same however large they are. */
export async function listSegmentRefs(session: SessionLayout): Promise<Map<WriterId, SegmentRef[]>> {
  const writers = new Map<WriterId, SegmentRef[]>();
  for (const name of await readNames(session.events)) {
    const parsed = parseSegmentName(name);
    if (parsed === undefined) continue;
    const own = writers.get(parsed.writer);
    const ref = { name, path: join(session.events, name), ...parsed };
    if (own === undefined) writers.set(parsed.writer, [ref]);
    else own.push(ref);
  }
  for (const own of writers.values()) own.sort((a, b) => a.number - b.number);
  return writers;
}

/** The segments of a session by writer, each writer's in order. Empty when there is no such folder. */
export async function listSegments(session: SessionLayout): Promise<Map<WriterId, SegmentFile[]>> {
  const found = await Promise.all((await readNames(session.events)).map((name) => describeSegment(session.events, name)));
  const writers = new Map<WriterId, SegmentFile[]>();
  for (const segment of found) {
    if (segment === undefined) continue;
    const own = writers.get(segment.writer);
    if (own === undefined) writers.set(segment.writer, [segment]);
    else own.push(segment);
  }
  for (const own of writers.values()) own.sort((a, b) => a.number - b.number);
  return writers;
}

/** Names in the folder that are no segments: put there by somebody else, and not read. */
export async function listStrangers(session: SessionLayout): Promise<string[]> {
  return (await readNames(session.events)).filter((name) => parseSegmentName(name) === undefined).sort();
}

async function readNames(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** Undefined when the name is no segment's, or it is no file, or it is gone by now. */
export async function describeSegment(folder: string, name: string): Promise<SegmentFile | undefined> {
  const parsed = parseSegmentName(name);
  if (parsed === undefined) return undefined;
  const path = join(folder, name);
  try {
    const stats = await stat(path);
    if (!stats.isFile()) return undefined;
    return { name, path, ...parsed, sizeBytes: stats.size, modifiedMs: stats.mtimeMs, inode: stats.ino };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    // Opening it will fail too, and then it is told as unreadable; the others are read.
    return { name, path, ...parsed, sizeBytes: 0, modifiedMs: 0, inode: 0 };
  }
}

export interface OpenSegment {
  readonly file: FileHandle;
  /** As it is now. */
  readonly segment: SegmentFile;
}

/** Undefined when it is gone by now, or is no file. Rejects when it cannot be read. */
export async function openSegment(ref: SegmentRef): Promise<OpenSegment | undefined> {
  let file: FileHandle | undefined;
  try {
    // A pipe that somebody has put there must not make us wait for its other end.
    file = await open(ref.path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await file.stat();
    if (stats.isFile()) {
      const { name, path, writer, number } = ref;
      return { file, segment: { name, path, writer, number, sizeBytes: stats.size, modifiedMs: stats.mtimeMs, inode: stats.ino } };
    }
    await file.close();
    return undefined;
  } catch (error) {
    await file?.close().catch(() => {});
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    // Windows opens no folder.
    const stats = await stat(ref.path).catch(() => undefined);
    if (stats !== undefined && !stats.isFile()) return undefined;
    throw error;
  }
}

export function openSegmentFile(segment: SegmentFile): Promise<FileHandle> {
  return open(segment.path, 'r');
}
