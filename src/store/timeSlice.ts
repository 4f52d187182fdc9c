/** How long one loop may hold the event loop in one go; two or three of them may have their turn one behind another. */
const sliceMs = 2.5;

/**
 * Cuts a long loop into pieces, so that whatever else the process does (an editor's other extensions, above all) waits for
 * milliseconds: `if (slice.isSpent) await slice.pause();` in each round; with `while` where several share one.
 */
export class TimeSlice {
  readonly #limitMs: number;
  #endsAt: number;
  #pausing: Promise<void> | undefined;

  constructor(limitMs: number = sliceMs) {
    this.#limitMs = limitMs;
    this.#endsAt = performance.now() + limitMs;
  }

  get isSpent(): boolean {
    return performance.now() >= this.#endsAt;
  }

  /** Lets everything else that waits have its turn. Those that pause meanwhile go on together. */
  pause(): Promise<void> {
    this.#pausing ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#pausing = undefined;
        this.#endsAt = performance.now() + this.#limitMs;
        resolve();
      });
    });
    return this.#pausing;
  }
}
