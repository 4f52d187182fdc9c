import type { ChunkPool } from './chunkPool.ts';

/**
 * Lines of a file in chunks, from either end, with bounded memory: a chunk, and one line of at most `maxLineBytes`.
 * Lines are handed out one by one and undecoded, so that a reader decodes only what it needs.
 */

export interface ByteReader {
  /** Fills as much of the buffer as there is, from that position of the file; the number of bytes read. */
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

export interface RawLine {
  /** Without its newline. Empty when the line is too long. */
  readonly bytes: Buffer;
  /** In the file: `from` to `to` (exclusive, without the newline). */
  readonly from: number;
  readonly to: number;
  /** No newline follows: it may still be growing. */
  readonly isTail: boolean;
  readonly isTooLong: boolean;
}

export interface LineSource {
  /** The next line that is already in memory. Empty lines are passed over. */
  take(): RawLine | undefined;
  /** Reads on. False at the end. */
  fill(): Promise<boolean>;
  /** Gives its memory back. What it handed out is good no more. */
  release(): void;
}

export interface LineSourceOptions {
  readonly file: ByteReader;
  /** Lines within these two are read: `from` is where a line begins, `to` the end of what is known of the file. */
  readonly from: number;
  readonly to: number;
  readonly chunkBytes?: number;
  readonly maxLineBytes?: number;
  /** Where its memory comes from; then what `take` gave is good until the next `fill`. */
  readonly pool?: ChunkPool | undefined;
}

export const maxLineBytes = 64 << 20;
const newline = 10;

/** The memory that lines are read into: its own, used again for each chunk, or new for each. */
class ChunkMemory {
  readonly #pool: ChunkPool | undefined;
  #own: Buffer | undefined;

  constructor(pool: ChunkPool | undefined) {
    this.#pool = pool;
  }

  of(length: number): Buffer {
    if (this.#pool === undefined) return Buffer.allocUnsafe(length);
    if (this.#own === undefined || this.#own.length < length) {
      this.release();
      this.#own = this.#pool.take(length);
    }
    return this.#own.subarray(0, length);
  }

  /** The part of a chunk that must outlive it. */
  keep(part: Buffer): Buffer {
    return this.#pool === undefined ? part : Buffer.from(part);
  }

  release(): void {
    if (this.#own !== undefined) this.#pool?.give(this.#own);
    this.#own = undefined;
  }
}

const none: Buffer = Buffer.alloc(0);

/** The further a line goes on, the larger its pieces: one of 50 MB is read in some thirty rather than in thousands. */
function chunkFor(chunkBytes: number, carryBytes: number): number {
  return Math.max(chunkBytes, Math.min(carryBytes, 4 << 20));
}

/** Reads the chunk at that place of the file; shorter when the file has been cut meanwhile. */
async function readChunk(file: ByteReader, from: number, length: number, memory: ChunkMemory): Promise<Buffer> {
  const buffer = memory.of(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled === length ? buffer : buffer.subarray(0, filled);
}

/** First line first. */
export function forwardLines(options: LineSourceOptions): LineSource {
  const { file, chunkBytes = 256 << 10, maxLineBytes: maxBytes = maxLineBytes } = options;
  const memory = new ChunkMemory(options.pool);
  let { to } = options;
  let position = options.from;
  let chunk: Buffer = none;
  let scanned = 0;
  let carry: Buffer[] = [];
  let carryBytes = 0;
  let lineFrom = options.from;

  const finish = (rest: Buffer, end: number, isTail: boolean): RawLine | undefined => {
    const from = lineFrom;
    const isTooLong = end - from > maxBytes;
    const bytes = isTooLong ? none : carry.length === 0 ? rest : Buffer.concat([...carry, rest]);
    carry = [];
    carryBytes = 0;
    lineFrom = end + 1;
    return end === from ? undefined : { bytes, from, to: end, isTail, isTooLong };
  };

  return {
    take() {
      while (scanned < chunk.length) {
        const at = chunk.indexOf(newline, scanned);
        if (at < 0) break;
        const line = finish(chunk.subarray(scanned, at), position - chunk.length + at, false);
        scanned = at + 1;
        if (line !== undefined) return line;
      }
      if (scanned < chunk.length && carryBytes <= maxBytes) {
        carry.push(memory.keep(chunk.subarray(scanned)));
        carryBytes += chunk.length - scanned;
        if (carryBytes > maxBytes) carry = [];
      }
      chunk = none;
      scanned = 0;
      return position >= to ? finish(none, Math.max(lineFrom, position), true) : undefined;
    },
    async fill() {
      if (scanned < chunk.length) return true;
      if (position >= to) return lineFrom < position;
      // As much as comes at once: the rest is asked for when it is needed.
      const buffer = memory.of(Math.min(chunkFor(chunkBytes, carryBytes), to - position));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      chunk = buffer.subarray(0, bytesRead);
      scanned = 0;
      position += chunk.length;
      if (chunk.length === 0) to = position;
      return true;
    },
    release: () => memory.release(),
  };
}

/** Last line first. */
export function backwardLines(options: LineSourceOptions): LineSource {
  const { file, from, chunkBytes = 64 << 10, maxLineBytes: maxBytes = maxLineBytes } = options;
  const memory = new ChunkMemory(options.pool);
  let position = options.to;
  let chunk: Buffer = none;
  /** What is left of the chunk: its first `left` bytes. */
  let left = 0;
  let carry: Buffer[] = [];
  let carryBytes = 0;
  let lineTo = options.to;
  let isTail = true;
  let isDone = options.to <= from;

  const finish = (rest: Buffer, start: number): RawLine | undefined => {
    const end = lineTo;
    const isTooLong = end - start > maxBytes;
    const bytes = isTooLong ? none : carry.length === 0 ? rest : Buffer.concat([rest, ...carry.reverse()]);
    const line = { bytes, from: start, to: end, isTail, isTooLong };
    carry = [];
    carryBytes = 0;
    lineTo = start - 1;
    isTail = false;
    return end === start ? undefined : line;
  };

  return {
    take() {
      while (left > 0) {
        const at = chunk.lastIndexOf(newline, left - 1);
        if (at < 0) break;
        const line = finish(chunk.subarray(at + 1, left), position + at + 1);
        left = at;
        if (line !== undefined) return line;
      }
      if (left > 0 && carryBytes <= maxBytes) {
        carry.push(memory.keep(chunk.subarray(0, left)));
        carryBytes += left;
        if (carryBytes > maxBytes) carry = [];
      }
      left = 0;
      if (position > from || isDone) return undefined;
      isDone = true;
      return finish(none, from);
    },
    async fill() {
      if (left > 0) return true;
      if (position <= from) return !isDone;
      const length = Math.min(chunkFor(chunkBytes, carryBytes), position - from);
      chunk = await readChunk(file, position - length, length, memory);
      if (chunk.length < length) {
        // The file was cut meanwhile: what was read beyond is no longer there.
        carry = [];
        carryBytes = 0;
        lineTo = position - length + chunk.length;
        isTail = true;
      }
      position -= length;
      left = chunk.length;
      return true;
    },
    release: () => memory.release(),
  };
}
