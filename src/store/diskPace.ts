/** A call that takes longer than this makes others wait. */
const slowCallMs = 4;
const firstWaits = 64;
const mostWaits = 32_768;
/** After so many quick answers in a row an earlier slow one was an accident. */
const trustedCalls = 4096;

/**
 * Whether a disk may be asked directly, or makes us wait so that it must be asked asynchronously. One slow answer may be the
 * machine's (another program had its turn), so after a while it is tried again; a disk that is slow each time is tried ever
 * less often.
 */
export class DiskPace {
  #waitsLeft = 0;
  #nextWaits = firstWaits;
  #quickCalls = 0;

  get isQuick(): boolean {
    return this.#waitsLeft <= 0;
  }

  /** A direct call took so long. */
  noteCall(durationMs: number): void {
    if (durationMs > slowCallMs) {
      this.#waitsLeft = this.#nextWaits;
      this.#nextWaits = Math.min(mostWaits, this.#nextWaits * 4);
      this.#quickCalls = 0;
    } else if (++this.#quickCalls === trustedCalls) this.#nextWaits = firstWaits;
  }

  /** An asynchronous call was made. */
  noteWait(): void {
    this.#waitsLeft -= 1;
  }
}
