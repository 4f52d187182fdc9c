/**
 * A map that remembers its newest keys: at least `least` of them, at most twice as many. A key that is set again is new.
 * Forgets a generation at a time: to delete the oldest key of a long map one by one costs as much as the map is long,
 * since a map keeps the places of what was deleted.
 */
export class RecentMap<K, V> {
  readonly #least: number;
  #new = new Map<K, V>();
  #old = new Map<K, V>();

  constructor(least: number) {
    this.#least = least;
  }

  get(key: K): V | undefined {
    return this.#new.get(key) ?? this.#old.get(key);
  }

  set(key: K, value: V): void {
    this.#new.set(key, value);
    if (this.#new.size < this.#least) return;
    this.#old = this.#new;
    this.#new = new Map();
  }
}
