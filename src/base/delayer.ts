import type { Disposable } from './disposable.ts';

/** Runs a job once it has been quiet for `delayMs`, and at the latest `maxDelayMs` after the first request. */
export class Delayer implements Disposable {
  #timer: unknown;
  #firstAtMs: number | undefined;
  #isDisposed = false;
  readonly #job: () => void;
  readonly #delayMs: number;
  readonly #maxDelayMs: number;

  constructor(job: () => void, delayMs: number, maxDelayMs = Number.POSITIVE_INFINITY) {
    this.#job = job;
    this.#delayMs = delayMs;
    this.#maxDelayMs = maxDelayMs;
  }

  get isPending(): boolean {
    return this.#timer !== undefined;
  }

  request(): void {
    if (this.#isDisposed) return;
    const now = Date.now();
    this.#firstAtMs ??= now;
    const leftMs = Math.max(0, this.#firstAtMs + this.#maxDelayMs - now);
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), Math.min(this.#delayMs, leftMs));
  }

  /** Runs the job now if one was requested. */
  flush(): void {
    if (this.#timer === undefined) return;
    this.#forget();
    this.#job();
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#forget();
  }

  #forget(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#firstAtMs = undefined;
  }
}
