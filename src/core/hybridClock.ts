import type { Clock, UnixMs } from '../base/clock.ts';
import { isLogTime } from './logCodec.ts';

/**
 * A writer's time never runs behind what it has seen: its own events keep their order when the machine's clock jumps back,
 * and what it writes after seeing another's event sorts after it. A clock more than a day ahead of ours is not followed.
 */
const maxLeadMs = 24 * 60 * 60 * 1000;

export class HybridClock {
  #newest = '';
  #isOthers = false;
  #ms: UnixMs = Number.NaN;
  #text = '';
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes note of another writer's event, or of an own one from an earlier process. */
  observe(at: string, isOthers: boolean): void {
    if (at <= this.#newest || !isLogTime(at)) return;
    const ms: UnixMs = Date.parse(at);
    if (Number.isNaN(ms) || (isOthers && ms > this.#clock.now() + maxLeadMs)) return;
    this.#newest = at;
    this.#isOthers = isOthers;
  }

  /** The time of the next event. `told` is when the fact happened by its source; it counts where the order allows it. */
  next(told?: string): string {
    const now = this.#now();
    let at = told !== undefined && isLogTime(told) && told < now ? told : now;
    if (at <= this.#newest) at = this.#isOthers ? new Date(Date.parse(this.#newest) + 1).toISOString() : this.#newest;
    this.#newest = at;
    this.#isOthers = false;
    return at;
  }

  /** Many events fall into one millisecond; its text is made once. */
  #now(): string {
    const ms = this.#clock.now();
    if (ms !== this.#ms) {
      this.#ms = ms;
      this.#text = new Date(ms).toISOString();
    }
    return this.#text;
  }
}
