import { CodecError } from './valueForm.ts';

/** Bytes of `valueCodec`, one number or text after the other. */
export class ByteWriter {
  #bytes = new Uint8Array(16 << 10);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  /** Whole and not negative, below 2^53: seven bits a byte, the lowest first. */
  number(value: number): void {
    if (this.#length + 8 > this.#bytes.length) this.#grow(8);
    let left = value;
    while (left >= 0x80) {
      this.#bytes[this.#length++] = (left % 0x80) + 0x80;
      left = left < 0x8000_0000 ? left >>> 7 : Math.floor(left / 0x80);
    }
    this.#bytes[this.#length++] = left;
  }

  double(value: number): void {
    if (this.#length + 8 > this.#bytes.length) this.#grow(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  bytes(given: Uint8Array): void {
    if (this.#length + given.length > this.#bytes.length) this.#grow(given.length);
    this.#bytes.set(given, this.#length);
    this.#length += given.length;
  }

  taken(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(by: number): void {
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + by));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  peek(): number {
    if (this.#at >= this.#bytes.length) throw new CodecError('cut off');
    return this.#bytes[this.#at]!;
  }

  byte(): number {
    if (this.#at >= this.#bytes.length) throw new CodecError('cut off');
    return this.#bytes[this.#at++]!;
  }

  number(): number {
    let value = 0;
    for (let weight = 1; weight <= 2 ** 49; weight *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
    }
    throw new CodecError('no number');
  }

  /** Of what follows: each takes a byte at least. */
  count(): number {
    const count = this.number();
    if (count > this.#bytes.length - this.#at) throw new CodecError('cut off');
    return count;
  }

  double(): number {
    this.bytes(8);
    return this.#view.getFloat64(this.#at - 8, true);
  }

  bytes(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#at) throw new CodecError('cut off');
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }
}
