import type { UnixMs } from '../base/clock.ts';

/** A stretch of time in which something was done. Both ends belong to it. */
export interface Stretch {
  readonly fromMs: UnixMs;
  readonly toMs: UnixMs;
}

const minuteMs = 60_000;

/**
 * When something was done, by the minute: what a year of facts comes to takes a few megabytes at most, however many facts
 * there are. The exact times of the first and the last one of each minute are kept.
 */
export class Activity {
  readonly #minutes = new Map<number, { fromMs: UnixMs; toMs: UnixMs }>();

  get isEmpty(): boolean {
    return this.#minutes.size === 0;
  }

  add(atMs: UnixMs): void {
    if (!Number.isFinite(atMs)) return;
    const minute = Math.floor(atMs / minuteMs);
    const known = this.#minutes.get(minute);
    if (known === undefined) this.#minutes.set(minute, { fromMs: atMs, toMs: atMs });
    else {
      known.fromMs = Math.min(known.fromMs, atMs);
      known.toMs = Math.max(known.toMs, atMs);
    }
  }

  addAll(other: Activity): void {
    for (const { fromMs, toMs } of other.#minutes.values()) {
      this.add(fromMs);
      this.add(toMs);
    }
  }

  /** Cut where nothing was done for longer than `idleMs`, the oldest first. */
  stretches(idleMs: number): readonly Stretch[] {
    const stretches: { fromMs: UnixMs; toMs: UnixMs }[] = [];
    for (const [, { fromMs, toMs }] of [...this.#minutes].sort(([a], [b]) => a - b)) {
      const last = stretches.at(-1);
      if (last !== undefined && fromMs - last.toMs <= idleMs) last.toMs = toMs;
      else stretches.push({ fromMs, toMs });
    }
    return stretches;
  }
}

/** The index of the stretch that holds that time; -1 for none. */
export function stretchAt(stretches: readonly Stretch[], atMs: UnixMs): number {
  let low = 0;
  let high = stretches.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const { fromMs, toMs } = stretches[middle]!;
    if (atMs < fromMs) high = middle - 1;
    else if (atMs > toMs) low = middle + 1;
    else return middle;
  }
  return -1;
}
