import * as fs from 'node:fs';
import { rmdir, stat, statfs, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolders } from './makeFolders.ts';

/**
 * The few calls by which a log is written, so that a test can make each of them fail. `write` tells how many bytes were
 * taken: fewer than given is the first sign of a full disk, and comes without an error.
 */
export interface LogFileSystem {
  /** Creates the folder and what is above it; each new entry is on disk when it resolves. */
  makeFolder(path: string): Promise<void>;
  /** Opens for appending. `isNew`: fails with EEXIST when it is there. */
  open(path: string, isNew: boolean): Promise<LogFile>;
  /** Removes the file if nothing is in it, and then, one after the other, those folders that are empty. */
  removeEmpty(path: string, folders: readonly string[]): Promise<void>;
  /** Makes a new entry of the folder last. Does nothing where a folder cannot be synced (Windows, some network drives). */
  syncFolder(path: string): Promise<void>;
}

export interface LogFile {
  /** The number of bytes written. */
  write(bytes: Uint8Array): Promise<number>;
  /** Resolves when everything written is on disk. Undefined where each write resolves no sooner. */
  readonly sync: (() => Promise<void>) | undefined;
  /** The size of the file that its path leads to now, or undefined when that is no longer this file. */
  sizeBytes(): Promise<number | undefined>;
  close(): Promise<void>;
}

const { O_APPEND, O_CREAT, O_DSYNC, O_EXCL, O_WRONLY } = fs.constants;

/** Codes by which a platform says that a folder cannot be opened or synced, which is no fault. */
const cannotSyncFolder = new Set(['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EBADF']);

/** Whether a file in that folder may be opened such that each write is on disk when it resolves. */
export type TellsWriteSync = (folder: string) => Promise<boolean>;

export function createDiskLogFileSystem(canSyncWrites: TellsWriteSync): LogFileSystem {
  return {
    async makeFolder(path) {
      const first = await makeFolders(path);
      if (first === undefined) return;
      for (let folder = path; ; folder = dirname(folder)) {
        await syncFolder(dirname(folder));
        if (folder === first || folder === dirname(folder)) return;
      }
    },
    async open(path, isNew) {
      const isSynced = await canSyncWrites(dirname(path));
      const flags = O_WRONLY | O_APPEND | (isNew ? O_CREAT | O_EXCL : 0) | (isSynced ? O_DSYNC : 0);
      return createFile(path, await openDescriptor(path, flags), isSynced);
    },
    async removeEmpty(path, folders) {
      if ((await stat(path)).size > 0) return;
      await unlink(path);
      for (const folder of folders) await rmdir(folder);
    },
    syncFolder,
  };
}

/**
 * Linux's own file systems, by the number that `statfs` tells, on which a file opened with O_DSYNC takes each write as a write
 * and an fdatasync: one trip through Node's thread pool instead of two. Elsewhere that is not promised (network and shared
 * folders) or means less (macOS, where only fdatasync becomes F_FULLFSYNC; Windows has no such flag).
 * Source: linux/magic.h; open(2), "Synchronized I/O".
 */
const syncingFileSystems: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0xf2f52010, // F2FS
  0x794c7630, // overlayfs
  0x01021994, // tmpfs
]);

const canSyncWrites: TellsWriteSync = async (folder) => {
  if (process.platform !== 'linux') return false;
  try {
    return syncingFileSystems.has((await statfs(folder)).type);
  } catch {
    // Opening the file tells what is wrong.
    return false;
  }
};

export const diskLogFileSystem: LogFileSystem = createDiskLogFileSystem(canSyncWrites);

function openDescriptor(path: string, flags: number | string): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(path, flags, 0o644, (error, fd) => (error ? reject(error) : resolve(fd)));
  });
}

// Callbacks of the plain API rather than file handles: a third less time for each small append.
function createFile(path: string, fd: number, isSynced: boolean): LogFile {
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        fs.write(fd, bytes, 0, bytes.length, null, (error, written) => (error ? reject(error) : resolve(written)));
      }),
    sync: isSynced ? undefined : () => new Promise((resolve, reject) => fs.fdatasync(fd, (error) => (error ? reject(error) : resolve()))),
    async sizeBytes() {
      const own = await new Promise<fs.BigIntStats>((resolve, reject) => {
        fs.fstat(fd, { bigint: true }, (error, stats) => (error ? reject(error) : resolve(stats)));
      });
      try {
        const named = await stat(path, { bigint: true });
        return named.ino === own.ino && named.dev === own.dev ? Number(named.size) : undefined;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
        throw error;
      }
    },
    close: () => new Promise((resolve, reject) => fs.close(fd, (error) => (error ? reject(error) : resolve()))),
  };
}

async function syncFolder(path: string): Promise<void> {
  try {
    const fd = await openDescriptor(path, 'r');
    try {
      await new Promise<void>((resolve, reject) => fs.fsync(fd, (error) => (error ? reject(error) : resolve())));
    } finally {
      await new Promise<void>((resolve) => fs.close(fd, () => resolve()));
    }
  } catch (error) {
    if (!cannotSyncFolder.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
