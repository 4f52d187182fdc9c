import { constants } from 'node:fs';
import type { SkipReason } from '../model/fileVersion.ts';
import { failureCode, type DiskFile, type DiskFileSystem } from './diskFileSystem.ts';

const chunkBytes = 1024 * 1024;

/** Reads a whole open file in pieces of at most 1 MB. The piece is valid until the next one is asked for. */
export async function* readPieces(file: DiskFile): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Opens a regular file for reading, without following a link and without waiting on a pipe. */
export function openForReading(fileSystem: DiskFileSystem, path: string): Promise<DiskFile> {
  // Windows has neither flag; there the constants are undefined and count as 0.
  return fileSystem.open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
}

/** Why a file could not be read, from the system's code. */
export function unreadableReason(error: unknown): SkipReason {
  const code = failureCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'lost';
  return code === 'ELOOP' || code === 'EMLINK' ? 'special' : 'unreadable';
}

/** A file could not be read to its end; `answer` is what putFile then says. */
export class ReadingStopped extends Error {
  readonly answer: { readonly missing: SkipReason; readonly sizeBytes?: number };

  constructor(answer: { readonly missing: SkipReason; readonly sizeBytes?: number }) {
    super(answer.missing);
    this.answer = answer;
  }
}

/** Reads an open file while it may be growing: never more than the cap. */
export class BoundedReading {
  readonly #file: DiskFile;
  readonly #maxBytes: number;

  constructor(file: DiskFile, maxBytes: number) {
    this.#file = file;
    this.#maxBytes = maxBytes;
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    let sizeBytes = 0;
    try {
      for await (const piece of readPieces(this.#file)) {
        sizeBytes += piece.length;
        if (sizeBytes > this.#maxBytes) throw new ReadingStopped({ missing: 'too-large', sizeBytes });
        yield piece;
      }
    } catch (error) {
      throw error instanceof ReadingStopped ? error : new ReadingStopped({ missing: unreadableReason(error) });
    }
  }

  /** Undefined when the file has become longer than `sizeBytes` meanwhile. */
  async whole(sizeBytes: number): Promise<Buffer | undefined> {
    const buffer = Buffer.allocUnsafe(sizeBytes + 1);
    let done = 0;
    try {
      while (done < buffer.length) {
        const { bytesRead } = await this.#file.read(buffer, done, buffer.length - done, done);
        if (bytesRead === 0) return buffer.subarray(0, done);
        done += bytesRead;
      }
    } catch (error) {
      throw new ReadingStopped({ missing: unreadableReason(error) });
    }
    return undefined;
  }
}
