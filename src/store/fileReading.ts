import { constants } from 'node:fs';
import type { SkipReason } from '../model/fileVersion.ts';
import { failureCode, type DiskFile, type DiskFileSystem } from './diskFileSystem.ts';

const chunkBytes = 1024 * 1024;

/** Reads a whole open file, of about that size if it is known, in pieces of at most 1 MB. The piece is valid until the next one is asked for. */
export async function* readPieces(file: DiskFile, sizeBytes: number = chunkBytes): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, sizeBytes + 1));
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

const unreadable = (error: unknown): ReadingStopped => new ReadingStopped({ missing: unreadableReason(error) });

/**
 * Reads a regular file, looked at before it is opened (opening a device or a pipe can have effects) and after it was read: one
 * that changed meanwhile is told so. A large one is handed to `takeLarge` in pieces instead. Throws ReadingStopped, and what
 * `takeLarge` throws.
 */
export async function readWholeFile<T extends { readonly sizeBytes: number }>(
  fileSystem: DiskFileSystem,
  path: string,
  limits: { readonly maxBytes: number; readonly largeBytes: number },
  takeLarge: (pieces: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T | { readonly bytes: Buffer }> {
  const found = await fileSystem.lstat(path).catch((error: unknown) => Promise.reject(unreadable(error)));
  if (!found.isFile()) throw new ReadingStopped({ missing: 'special' });
  if (found.size > limits.maxBytes) throw new ReadingStopped({ missing: 'too-large', sizeBytes: found.size });
  const file = await openForReading(fileSystem, path).catch((error: unknown) => Promise.reject(unreadable(error)));
  try {
    const isLarge = found.size > limits.largeBytes;
    const read = isLarge ? await takeLarge(boundedPieces(file, limits.maxBytes)) : await readAtOnce(file, found.size);
    const after = await file.stat().catch((error: unknown) => Promise.reject(unreadable(error)));
    if (!after.isFile()) throw new ReadingStopped({ missing: 'special' });
    const sizeBytes = 'bytes' in read ? read.bytes.length : read.sizeBytes;
    if (after.size !== sizeBytes || after.mtimeMs !== found.mtimeMs)
      throw new ReadingStopped({ missing: 'changing', sizeBytes: after.size });
    return read;
  } finally {
    await file.close();
  }
}

/** Never more than the cap, though the file may be growing. */
async function* boundedPieces(file: DiskFile, maxBytes: number): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0;
  try {
    for await (const piece of readPieces(file)) {
      sizeBytes += piece.length;
      if (sizeBytes > maxBytes) throw new ReadingStopped({ missing: 'too-large', sizeBytes });
      yield piece;
    }
  } catch (error) {
    throw error instanceof ReadingStopped ? error : unreadable(error);
  }
}

async function readAtOnce(file: DiskFile, sizeBytes: number): Promise<{ readonly bytes: Buffer }> {
  // One byte more: a file that has grown shows it.
  const buffer = Buffer.allocUnsafe(sizeBytes + 1);
  let done = 0;
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, done, buffer.length - done, done);
      done += bytesRead;
      if (done >= sizeBytes || bytesRead === 0) return { bytes: buffer.subarray(0, done) };
    }
  } catch (error) {
    throw unreadable(error);
  }
}
