/**
 * Which element a row gets: the one it had as long as it is shown, else one that a row which is shown no more has left. So a
 * frame of scrolling makes and moves no elements, and the row that has the focus keeps its own. Arithmetic only.
 */
export class RowSlots {
  #slotOf = new Map<string, number>();

  /** From now on these rows are shown. By slot: the place of its row in `keys`; undefined where it is empty. */
  assign(keys: readonly string[]): readonly (number | undefined)[] {
    const rowOf: (number | undefined)[] = [];
    const without: number[] = [];
    const slotOf = new Map<string, number>();
    keys.forEach((key, index) => {
      const slot = this.#slotOf.get(key);
      if (slot === undefined) without.push(index);
      else {
        rowOf[slot] = index;
        slotOf.set(key, slot);
      }
    });
    let slot = 0;
    for (const index of without) {
      while (rowOf[slot] !== undefined) slot += 1;
      rowOf[slot] = index;
      slotOf.set(keys[index]!, slot);
    }
    this.#slotOf = slotOf;
    return Array.from(rowOf);
  }
}
