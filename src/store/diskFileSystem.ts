import * as nodeFileSystem from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { dirname } from 'node:path';

/** What content store and restore ask of an open file: a part of Node's FileHandle. */
export interface DiskFile {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  /** Position null: where the last one ended. */
  write(bytes: Uint8Array, offset: number, length: number, position: number | null): Promise<{ readonly bytesWritten: number }>;
  datasync(): Promise<void>;
  sync(): Promise<void>;
  stat(): Promise<Stats>;
  chmod(mode: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * What content store and restore ask of the disk, in Node's own shapes. Handed in, so that tests can make each single
 * call fail (full disk, no permission, broken device, short write).
 */
export interface DiskFileSystem extends Pick<
  typeof nodeFileSystem,
  'rename' | 'unlink' | 'mkdir' | 'rmdir' | 'readdir' | 'lstat' | 'readlink' | 'symlink' | 'chmod' | 'utimes' | 'realpath'
> {
  open(path: string, flags: string | number, mode?: number): Promise<DiskFile>;
}

export const diskFileSystem: DiskFileSystem = nodeFileSystem;

/** The `code` of a failed system call (`ENOENT`, `ENOSPC` …), or `unknown`. */
export function failureCode(error: unknown): string {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : 'unknown';
}

/** Writes all of it, also when the system takes it in parts; a write that takes nothing is a full disk. */
export async function writeFully(file: DiskFile, bytes: Uint8Array, position: number | null = null): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position === null ? null : position + done);
    if (bytesWritten <= 0) throw Object.assign(new Error('The disk took no more bytes'), { code: 'ENOSPC' });
    done += bytesWritten;
  }
}

/** Makes a new or renamed name durable. Windows has no such thing and some file systems refuse it: then the name is as durable as they make it. */
export async function syncFolder(fileSystem: DiskFileSystem, path: string): Promise<void> {
  let folder: DiskFile | undefined;
  try {
    folder = await fileSystem.open(path, 'r');
    await folder.sync();
  } catch (error) {
    if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'EBADF'].includes(failureCode(error))) throw error;
  } finally {
    await folder?.close();
  }
}

/**
 * Creates the folder and what is above it; the names of those that are new are as durable as `syncFolder` makes them when it
 * resolves: a synced file in a folder whose own name is lost is lost. Resolves with the first new one, if there is any.
 */
export async function makeLastingFolder(fileSystem: DiskFileSystem, path: string): Promise<string | undefined> {
  const first = await fileSystem.mkdir(path, { recursive: true });
  if (first === undefined) return undefined;
  for (let folder = path; ; folder = dirname(folder)) {
    await syncFolder(fileSystem, dirname(folder));
    if (folder === first || folder === dirname(folder)) return first;
  }
}
