import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { WriterId } from '../model/ids.ts';
import { parseSegmentName, type SessionLayout } from './layout.ts';

/** One file of the log as it was found. What is appended later is not part of it. */
export interface SegmentFile {
  readonly name: string;
  readonly path: string;
  readonly writer: WriterId;
  readonly number: number;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** The file's identity where the platform tells one. */
  readonly inode: number;
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

export function openSegmentFile(segment: SegmentFile): Promise<FileHandle> {
  return open(segment.path, 'r');
}
