/** A call that takes longer than this makes others wait. */
const slowCallMs = 4;
const firstWaits = 64;
const mostWaits = 32_768;
/** After so many quick answers in a row the disk counts as quick again, whatever it was. */
const trustedCalls = 4096;
/** An accident is forgotten after so many quick answers. */
const forgottenCalls = 100;

/**
 * Whether a disk may be asked directly, or makes us wait so that it must be asked asynchronously. One slow answer may be the
 * machine's (another program had its turn); a second one soon after it is the disk's. After a while it is tried again; a disk
 * that is slow each time is tried ever less often.
 */
export class DiskPace {
  #waitsLeft = 0;
  #nextWaits = firstWaits;
  #quickCalls = forgottenCalls;

  get isQuick(): boolean {
    return this.#waitsLeft <= 0;
  }

  /** A direct call took so long. */
  noteCall(durationMs: number): void {
    if (durationMs <= slowCallMs) {
      if (++this.#quickCalls === trustedCalls) this.#nextWaits = firstWaits;
      return;
    }
    if (this.#quickCalls < forgottenCalls) {
      this.#waitsLeft = this.#nextWaits;
      this.#nextWaits = Math.min(mostWaits, this.#nextWaits * 4);
    }
    this.#quickCalls = 0;
  }

  /** An asynchronous call was made. */
  noteWait(): void {
    this.#waitsLeft -= 1;
  }
}
