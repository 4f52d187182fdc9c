/** Runs asynchronous jobs one after another, in the order in which they were added. A failed job does not stop the next. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();
  #pending = 0;

  /** Jobs that were added and have not ended. */
  get pending(): number {
    return this.#pending;
  }

  /** Resolves or rejects as the job does. */
  run<T>(job: () => Promise<T> | T): Promise<T> {
    this.#pending += 1;
    const result = this.#last.then(job).finally(() => {
      this.#pending -= 1;
    });
    this.#last = result.then(ignore, ignore);
    return result;
  }

  /** Resolves when every job added so far has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}

const ignore = (): void => {};
