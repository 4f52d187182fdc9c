/**
 * Pieces of memory to read files into, used again and again. New ones for every page would be cleared by the system, and
 * collected, at a price higher than that of reading.
 */
export class ChunkPool {
  readonly #free: Buffer[] = [];

  /** At least that long; holds whatever it held before. */
  take(length: number): Buffer {
    const index = this.#free.findIndex((buffer) => buffer.length >= length);
    if (index >= 0) return this.#free.splice(index, 1)[0]!;
    return Buffer.allocUnsafeSlow(Math.max(leastBytes, Math.ceil(length / leastBytes) * leastBytes));
  }

  /** Call once for what was taken, when nothing points into it any more. */
  give(buffer: Buffer): void {
    if (buffer.length <= mostBytes && this.#free.length < mostKept) this.#free.push(buffer);
  }
}

const leastBytes = 128 << 10;
const mostBytes = 1 << 20;
const mostKept = 6;
