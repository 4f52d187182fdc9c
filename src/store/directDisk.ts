import * as fs from 'node:fs';
import { diskFileSystem, type DiskFile, type DiskFileSystem } from './diskFileSystem.ts';
import { DiskPace } from './diskPace.ts';
import { TimeSlice } from './timeSlice.ts';

/**
 * The disk for work on many small files, where asking asynchronously costs more than the answer: what the system answers
 * from its memory is asked directly, one millisecond at most before others have their turn.
 * - Whatever waits for the disk itself (a sync, a new file, a rename, a large piece) is never asked directly.
 * - A disk that makes direct calls wait is asked asynchronously as well, until it is quick again.
 */
export function createDirectDisk(base: DiskFileSystem = diskFileSystem, pace: DiskPace = new DiskPace()): DiskFileSystem {
  const direct = new DirectCalls(pace);
  return {
    ...base,
    lstat: (async (path: string) =>
      (await direct.mayAsk()) ? direct.ask(() => fs.lstatSync(path)) : base.lstat(path)) as DiskFileSystem['lstat'],
    async open(path, flags, mode) {
      // A file that is made takes a place in its folder: the disk's work.
      const isRead = flags === 'r' || (typeof flags === 'number' && (flags & (fs.constants.O_CREAT | writeFlags)) === 0);
      if (!(await direct.mayAsk())) return base.open(path, flags, mode);
      const fd = isRead
        ? direct.ask(() => fs.openSync(path, flags, mode))
        : await later<number>((done) => fs.open(path, flags, mode, done));
      return new DirectFile(fd, direct);
    },
  };
}

const writeFlags = fs.constants.O_WRONLY | fs.constants.O_RDWR;
const sliceMs = 1;
const largeBytes = 256 * 1024;

class DirectCalls {
  readonly #pace: DiskPace;
  readonly #slice = new TimeSlice(sliceMs);

  constructor(pace: DiskPace) {
    this.#pace = pace;
  }

  /** Whether the next call may be a direct one; waits until it is this work's turn. */
  async mayAsk(): Promise<boolean> {
    while (this.#slice.isSpent) await this.#slice.pause();
    if (this.#pace.isQuick) return true;
    this.#pace.noteWait();
    return false;
  }

  ask<T>(call: () => T): T {
    const from = performance.now();
    try {
      return call();
    } finally {
      this.#pace.noteCall(performance.now() - from);
    }
  }
}

class DirectFile implements DiskFile {
  readonly #fd: number;
  readonly #direct: DirectCalls;

  constructor(fd: number, direct: DirectCalls) {
    this.#fd = fd;
    this.#direct = direct;
  }

  async read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }> {
    const bytesRead =
      length <= largeBytes && (await this.#direct.mayAsk())
        ? this.#direct.ask(() => fs.readSync(this.#fd, buffer, offset, length, position))
        : await later<number>((done) => fs.read(this.#fd, buffer, offset, length, position, done));
    return { bytesRead };
  }

  async write(bytes: Uint8Array, offset: number, length: number, position: number | null): Promise<{ readonly bytesWritten: number }> {
    const bytesWritten =
      length <= largeBytes && (await this.#direct.mayAsk())
        ? this.#direct.ask(() => fs.writeSync(this.#fd, bytes, offset, length, position))
        : await later<number>((done) => fs.write(this.#fd, bytes, offset, length, position, done));
    return { bytesWritten };
  }

  async stat(): Promise<fs.Stats> {
    return (await this.#direct.mayAsk())
      ? this.#direct.ask(() => fs.fstatSync(this.#fd))
      : later<fs.Stats>((done) => fs.fstat(this.#fd, done));
  }

  async chmod(mode: number): Promise<void> {
    if (await this.#direct.mayAsk()) this.#direct.ask(() => fs.fchmodSync(this.#fd, mode));
    else await later<void>((done) => fs.fchmod(this.#fd, mode, done));
  }

  sync(): Promise<void> {
    return later((done) => fs.fsync(this.#fd, done));
  }

  datasync(): Promise<void> {
    return later((done) => fs.fdatasync(this.#fd, done));
  }

  async close(): Promise<void> {
    if (await this.#direct.mayAsk()) this.#direct.ask(() => fs.closeSync(this.#fd));
    else await later<void>((done) => fs.close(this.#fd, done));
  }
}

/** Asked of Node's threads, without the objects that its promises make for each file. */
function later<T>(call: (done: (error: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) =>
    call((error, value) => {
      if (error === null) resolve(value as T);
      else reject(error);
    }),
  );
}
