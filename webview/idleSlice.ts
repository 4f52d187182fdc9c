/** What may be done in one go without a frame waiting for it. */
const sliceMs = 0.9;
/** A page that is never idle, or not seen, goes on all the same. */
const patienceMs = 120;

/** Waits until the page has nothing better to do; answers a question: is the time over? */
export function idleSlice(): Promise<() => boolean> {
  return new Promise((resolve) => {
    const begin = (): void => {
      const untilMs = performance.now() + sliceMs;
      resolve(() => performance.now() >= untilMs);
    };
    // Not every browser has it.
    if ('requestIdleCallback' in globalThis) requestIdleCallback(begin, { timeout: patienceMs });
    else setTimeout(begin, 4);
  });
}
