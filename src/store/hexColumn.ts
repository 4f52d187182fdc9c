/**
 * Hashes of many rows in one buffer, a third of what as many strings take. All even lengths up to 255 bytes go together;
 * the place for each is as long as the longest so far.
 */
export class HexColumn {
  /** A row: its length in bytes (0: none), then the bytes. */
  #bytes = Buffer.alloc(0);
  #stride = 0;
  #rows = 0;

  get(row: number): string | undefined {
    if (row >= this.#rows) return undefined;
    const at = row * this.#stride;
    const length = this.#bytes[at]!;
    return length === 0 ? undefined : this.#bytes.toString('hex', at + 1, at + 1 + length);
  }

  has(row: number): boolean {
    return row < this.#rows && this.#bytes[row * this.#stride] !== 0;
  }

  set(row: number, hex: string | undefined): void {
    const length = hex === undefined ? 0 : hex.length >> 1;
    if (hex === undefined && row >= this.#rows) return;
    if (row >= this.#rows || length >= this.#stride)
      this.#lay(row < this.#rows ? this.#rows : Math.max(64, row + 1, this.#rows + (this.#rows >> 1)), Math.max(this.#stride, length + 1));
    const at = row * this.#stride;
    this.#bytes[at] = length;
    if (hex !== undefined) this.#bytes.write(hex, at + 1, 'hex');
  }

  clear(): void {
    this.#bytes = Buffer.alloc(0);
    this.#rows = 0;
  }

  #lay(rows: number, stride: number): void {
    const bytes = Buffer.alloc(rows * stride);
    if (stride === this.#stride) this.#bytes.copy(bytes);
    else for (let row = 0; row < this.#rows; row++) this.#bytes.copy(bytes, row * stride, row * this.#stride, (row + 1) * this.#stride);
    this.#bytes = bytes;
    this.#rows = rows;
    this.#stride = stride;
  }
}
