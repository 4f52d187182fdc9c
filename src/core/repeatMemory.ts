/**
 * Knows a line that was written once more. After a failed sync the same lines, byte for byte, are written to the next
 * segment; no more of them than one write holds. So the newest numbers are enough to remember, and a forged number hides nothing.
 */
export class RepeatMemory {
  /** In blocks, as a page fills few of them. */
  readonly #blocks: (Remembered | undefined)[][] = [];

  /** True when this line of the writer was met before; else it is remembered. */
  isRepeat(line: { readonly event: { readonly n: number }; readonly prev: string; readonly crc: string }): boolean {
    const { prev, crc } = line;
    const { n } = line.event;
    const place = n % rememberedLines;
    const block = (this.#blocks[Math.floor(place / blockLines)] ??= Array.from({ length: blockLines }));
    const known = block[place % blockLines];
    if (known?.n === n && known.prev === prev && known.crc === crc) return true;
    block[place % blockLines] = { n, prev, crc };
    return false;
  }
}

interface Remembered {
  readonly n: number;
  readonly prev: string;
  readonly crc: string;
}

const blockLines = 128;
/** The most lines that one write of a log writer holds. */
export const maxBatchLines = 4096;
/** A write that failed and the one that repeats it. */
export const rememberedLines = 2 * maxBatchLines;
