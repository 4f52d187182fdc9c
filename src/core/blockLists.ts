/**
 * Ascending lists of blocks, as gaps in Rice code: close to the least that such a list can take, whether it names every second
 * block or one in a thousand.
 */

/** How many low bits of a gap are written plainly: the others, few then, are counted in ones. */
function riceBits(count: number, blocks: number): number {
  const share = ((blocks - count) * 0.69) / count;
  let bits = 0;
  while (2 << bits <= share) bits++;
  return bits;
}

export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(expected: number) {
    this.#bytes = new Uint8Array(expected);
  }

  varint(value: number): void {
    if (this.#length + 5 > this.#bytes.length) this.#bytes = grown(this.#bytes);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

export class BlockListWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(expected: number) {
    this.#bytes = new Uint8Array(expected + 64);
  }

  /** Writes a list, of `blocks` that there are; the bytes that it takes. */
  add(values: Uint16Array, from: number, to: number, blocks: number): number {
    const plainBits = riceBits(to - from, blocks);
    const begin = this.#length;
    let bits = 0;
    let held = 0;
    let former = -1;
    for (let index = from; index < to; index++) {
      const gap = values[index]! - former - 1;
      former = values[index]!;
      if (this.#length + 16 + (gap >> 3) > this.#bytes.length) this.#bytes = grown(this.#bytes);
      for (let ones = gap >>> plainBits; ones > 0;) {
        const some = ones > 16 ? 16 : ones;
        held |= ((1 << some) - 1) << bits;
        bits += some;
        ones -= some;
        while (bits >= 8) {
          this.#bytes[this.#length++] = held;
          held >>>= 8;
          bits -= 8;
        }
      }
      // The zero that ends the ones, then the low bits.
      held |= (gap & ((1 << plainBits) - 1)) << (bits + 1);
      bits += 1 + plainBits;
      while (bits >= 8) {
        this.#bytes[this.#length++] = held;
        held >>>= 8;
        bits -= 8;
      }
    }
    if (bits > 0) this.#bytes[this.#length++] = held;
    return this.#length - begin;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

function grown(bytes: Uint8Array): Uint8Array {
  const larger = new Uint8Array(bytes.length * 2 + 64);
  larger.set(bytes);
  return larger;
}

/** A list of `count` blocks, of `blocks` that there are, which begins at that place. */
export function readBlockList(bytes: Uint8Array, from: number, count: number, blocks: number): Uint16Array {
  const list = new Uint16Array(count);
  let at = from;
  const plainBits = riceBits(count, blocks);
  const plainMask = (1 << plainBits) - 1;
  let held = 0;
  let bits = 0;
  let value = -1;
  for (let entry = 0; entry < count; entry++) {
    let gap = 0;
    for (;;) {
      while (bits <= 16) {
        held |= (bytes[at++] ?? 0) << bits;
        bits += 8;
      }
      const ones = 31 - Math.clz32(~held & -~held);
      const run = ones < bits ? ones : bits;
      gap += run;
      held >>>= run;
      bits -= run;
      if (bits === 0) continue;
      held >>>= 1;
      bits -= 1;
      break;
    }
    gap <<= plainBits;
    if (plainBits > 0) {
      while (bits < plainBits) {
        held |= (bytes[at++] ?? 0) << bits;
        bits += 8;
      }
      gap |= held & plainMask;
      held >>>= plainBits;
      bits -= plainBits;
    }
    value += gap + 1;
    list[entry] = value;
  }
  return list;
}

/** What is in both of two ascending lists. */
export function intersectBlocks(a: Uint16Array, b: Uint16Array): Uint16Array {
  const both = new Uint16Array(Math.min(a.length, b.length));
  let count = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const first = a[i]!;
    const second = b[j]!;
    if (first === second) {
      both[count++] = first;
      i++;
      j++;
    } else if (first < second) i++;
    else j++;
  }
  return both.subarray(0, count);
}
