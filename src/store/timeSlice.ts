/** How long our own work may hold the event loop in one go. Others have theirs in the same turn. */
const sliceMs = 4;

/**
 * Cuts a long loop into pieces, so that whatever else the process does (an editor's other extensions, above all) waits for
 * milliseconds: `if (slice.isSpent) await slice.pause();` in each round.
 */
export class TimeSlice {
  readonly #limitMs: number;
  #endsAt: number;

  constructor(limitMs: number = sliceMs) {
    this.#limitMs = limitMs;
    this.#endsAt = performance.now() + limitMs;
  }

  get isSpent(): boolean {
    return performance.now() >= this.#endsAt;
  }

  /** Lets everything else that waits have its turn. */
  async pause(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#endsAt = performance.now() + this.#limitMs;
  }
}
