/** Where rows of different heights lie below one another. Arithmetic only. */
export class RowOffsets {
  /** `tops[i]` is where row i begins, `tops[count]` where the last one ends, in px. */
  readonly #tops: Float64Array;

  constructor(heights: readonly number[]) {
    this.#tops = new Float64Array(heights.length + 1);
    for (let index = 0; index < heights.length; index++) this.#tops[index + 1] = this.#tops[index]! + heights[index]!;
  }

  get count(): number {
    return this.#tops.length - 1;
  }

  get total(): number {
    return this.#tops[this.count]!;
  }

  topOf(index: number): number {
    return this.#tops[Math.max(0, Math.min(index, this.count))]!;
  }

  /** The row at that height; the nearest one when it is above or below all. -1 when there are none. */
  indexAt(y: number): number {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#tops[middle]! <= y) low = middle;
      else high = middle - 1;
    }
    return this.count === 0 ? -1 : low;
  }

  /** The rows, first and last, that a window of `height` px at `top` shows, with `more` px above and below. */
  range(top: number, height: number, more: number): { readonly first: number; readonly last: number } {
    if (this.count === 0) return { first: 0, last: -1 };
    return { first: this.indexAt(top - more), last: this.indexAt(top + height + more) };
  }

  /** Where to scroll so that the row is in sight, moving as little as can be. */
  reveal(index: number, top: number, height: number): number {
    const from = this.topOf(index);
    const to = this.topOf(index + 1);
    if (from < top) return from;
    return to > top + height ? to - height : top;
  }
}
