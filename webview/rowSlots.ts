/**
 * Which element a row gets: the one it had as long as it is shown, else one that a row which is shown no more has left. So a
 * frame of scrolling makes no elements, and the row that has the focus keeps its own. Arithmetic only.
 */
export class RowSlots {
  #slotOf = new Map<string, number>();
  #next = 0;

  /** From now on these rows are shown. Their slots, in the same order. */
  assign(keys: readonly string[]): ReadonlyMap<string, number> {
    const wanted = new Set(keys);
    const free: number[] = [];
    for (const [key, slot] of this.#slotOf) if (!wanted.has(key)) free.push(slot);
    const slotOf = new Map<string, number>();
    for (const key of wanted) slotOf.set(key, this.#slotOf.get(key) ?? free.pop() ?? this.#next++);
    this.#slotOf = slotOf;
    return slotOf;
  }
}
