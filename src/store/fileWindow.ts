import type { ChunkPool } from './chunkPool.ts';
import type { ByteReader } from './lineSource.ts';

/**
 * A piece of a file in memory, and the rest of it as it is: who looks at many places close to each other, and then reads on
 * there, pays for one reading.
 */
export class FileWindow implements ByteReader {
  readonly #file: ByteReader;
  readonly #pool: ChunkPool;
  #memory: Buffer | undefined;
  #bytes: Buffer = nothing;
  #from = 0;

  constructor(file: ByteReader, pool: ChunkPool) {
    this.#file = file;
    this.#pool = pool;
  }

  /** Takes the range into memory, as far as the file goes; what was there before is dropped. */
  async load(from: number, to: number): Promise<void> {
    if (from >= this.#from && to <= this.#from + this.#bytes.length) return;
    this.release();
    const memory = this.#pool.take(to - from);
    this.#memory = memory;
    const { bytesRead } = await this.#file.read(memory, 0, to - from, from);
    this.#bytes = memory.subarray(0, bytesRead);
    this.#from = from;
  }

  /** Drops what is in memory. */
  release(): void {
    if (this.#memory !== undefined) this.#pool.give(this.#memory);
    this.#memory = undefined;
    this.#bytes = nothing;
  }

  async read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }> {
    const from = position - this.#from;
    const left = this.#bytes.length - from;
    // A part is given as what there is: the caller asks on for the rest.
    if (from >= 0 && left > 0) return { bytesRead: this.#bytes.copy(buffer, offset, from, from + Math.min(length, left)) };
    return this.#file.read(buffer, offset, length, position);
  }
}

const nothing: Buffer = Buffer.alloc(0);
