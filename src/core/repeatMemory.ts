/**
 * Knows a line that was written once more. After a failed sync the same lines, byte for byte, are written to the next
 * segment; no more of them than one write holds. So the newest numbers are enough to remember, and a forged number hides nothing.
 */
export class RepeatMemory {
  readonly #marks = new Map<number, string>();

  /** True when this line of the writer was met before; else it is remembered. */
  isRepeat(line: { readonly event: { readonly n: number }; readonly prev: string; readonly crc: string }): boolean {
    const { n } = line.event;
    const mark = line.prev + line.crc;
    if (this.#marks.get(n) === mark) return true;
    this.#marks.set(n, mark);
    if (this.#marks.size > rememberedLines) this.#marks.delete(this.#marks.keys().next().value!);
    return false;
  }
}

/** The most lines that one write of a log writer holds. */
export const maxBatchLines = 4096;
/** A write that failed and the one that repeats it. */
export const rememberedLines = 2 * maxBatchLines;
