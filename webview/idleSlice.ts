/** What may be done in one frame without it being late. */
const sliceMs = 0.8;
/** A page that is never idle, or not seen, goes on all the same. */
const patienceMs = 120;
/** One slice a frame, of the shortest that screens show. */
const paceMs = 8;

let lastMs = 0;

/** Waits until the page has nothing better to do; answers a question: is the time over? All who wait share the slices. */
export function idleSlice(): Promise<() => boolean> {
  return new Promise((resolve) => {
    const begin = (): void => {
      lastMs = performance.now();
      const untilMs = lastMs + sliceMs;
      resolve(() => performance.now() >= untilMs);
    };
    const wait = (): void => {
      // Not every browser has it.
      if ('requestIdleCallback' in globalThis) requestIdleCallback(begin, { timeout: patienceMs });
      else setTimeout(begin, 4);
    };
    const earlyMs = lastMs + paceMs - performance.now();
    if (earlyMs > 0) setTimeout(wait, earlyMs);
    else wait();
  });
}
