import type { WaitingEvent } from './lineBatch.ts';

/**
 * Tells those whose events are on disk, in order. Whoever waited may do much in its turn: many are told in parts, so that the
 * event loop turns in between.
 */
export class Teller {
  #lists: (readonly WaitingEvent[])[] = [];
  /** How many of the first list have been told. */
  #told = 0;
  #left = 0;
  #telling: Promise<void> | undefined;
  /** What one of them took in the part before, its own turn included. */
  #msEach = 0;

  tell(waiting: readonly WaitingEvent[]): void {
    this.#lists.push(waiting);
    this.#left += waiting.length;
    if (this.#telling !== undefined) return;
    this.#tellPart();
    if (this.#left > 0) this.#telling = this.#tellRest().finally(() => (this.#telling = undefined));
  }

  async done(): Promise<void> {
    while (this.#telling !== undefined) await this.#telling;
  }

  /** Resolves when telling the rest takes no less than this. Then a write that takes as long is over before they all had their turn. */
  async untilLeft(ms: number): Promise<void> {
    while (this.#telling !== undefined && this.#left * this.#msEach < ms) await turnOfLoop();
  }

  async #tellRest(): Promise<void> {
    while (this.#left > 0) {
      const from = performance.now();
      const before = this.#left;
      await turnOfLoop();
      this.#tellPart();
      this.#msEach = (performance.now() - from) / (before - this.#left);
    }
  }

  #tellPart(): void {
    for (let count = 0; count < toldAtOnce && this.#left > 0; count++) {
      const list = this.#lists[0]!;
      const { event, resolve } = list[this.#told]!;
      this.#left -= 1;
      this.#told += 1;
      if (this.#told === list.length) {
        this.#lists.shift();
        this.#told = 0;
      }
      resolve(event);
    }
  }
}

/** How many are told in one turn of the event loop. */
export const toldAtOnce = 128;

/** Resolves in the next turn of the event loop. */
export function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Resolves when all that is due in this turn of the event loop has run, promises included. */
export function turnEnd(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}
