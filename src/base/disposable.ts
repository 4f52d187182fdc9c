/** Something that was opened and must be closed once. A second dispose does nothing. */
export interface Disposable {
  dispose(): void;
}

/** Wraps `close` so that it runs once, however often it is disposed. */
export function toDisposable(close: () => void): Disposable {
  let isOpen = true;
  return {
    dispose() {
      if (!isOpen) return;
      isOpen = false;
      close();
    },
  };
}

/**
 * Owns disposables and closes them in reverse order. What is added after the store was closed is closed at once,
 * and one that throws does not keep the others open: the first error is thrown when all are closed.
 */
export class DisposableStore implements Disposable {
  readonly #items = new Set<Disposable>();
  #isDisposed = false;

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  add<T extends Disposable>(item: T): T {
    if (this.#isDisposed) item.dispose();
    else this.#items.add(item);
    return item;
  }

  /** Closes one item early and forgets it. */
  delete(item: Disposable): void {
    if (this.#items.delete(item)) item.dispose();
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    const failures: unknown[] = [];
    for (const item of [...this.#items].reverse()) {
      try {
        item.dispose();
      } catch (error) {
        failures.push(error);
      }
    }
    this.#items.clear();
    if (failures.length > 0) throw failures[0];
  }
}
