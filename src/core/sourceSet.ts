import type { Source } from '../model/event.ts';

/**
 * Which facts of transcripts are known, by `sourceKey`: 64 bits of each, in arrays of numbers, for logs of any length. A million
 * take some 16 MB, where their texts would take 100.
 * - What was added is always found again.
 * - What was not is taken for known once in 2^64 times and each that is known: for a million asked of a million once in
 *   ten million sessions. The key is no secret; whoever writes an agent's transcript could hide a fact without that too.
 * - No addition holds the caller for long: a 256th of it grows at a time.
 */
export class SourceSet {
  readonly #shards: Shard[] = Array.from({ length: shards }, () => ({ slots: new Uint32Array(2 * leastSlots), count: 0 }));
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Of all arrays, in bytes. */
  get sizeBytes(): number {
    return this.#shards.reduce((sum, { slots }) => sum + slots.byteLength, 0);
  }

  has(source: Source): boolean {
    this.#hashSource(source);
    const { slots } = this.#shards[hash.low & (shards - 1)]!;
    return slots[find(slots, hash.low, hash.high) + 1] !== 0;
  }

  /** True when it is new. */
  add(source: Source): boolean {
    this.#hashSource(source);
    return this.#addHash();
  }

  /** The same for the bytes of its key as they stand in a line: see `SourcePlace`. */
  addBytes(bytes: Uint8Array, from: number, to: number): boolean {
    hashBytes(bytes, from, to);
    return this.#addHash();
  }

  /** One that `shards` gave. */
  addHash(low: number, high: number): boolean {
    if (high === 0) return false;
    hash.low = low;
    hash.high = high;
    return this.#addHash();
  }

  /** Pairs of numbers, one for each source. */
  *shards(): Generator<Uint32Array> {
    for (const { slots, count } of this.#shards) {
      const pairs = new Uint32Array(2 * count);
      let to = 0;
      for (let at = 0; at < slots.length; at += 2) {
        if (slots[at + 1] === 0) continue;
        pairs[to++] = slots[at]!;
        pairs[to++] = slots[at + 1]!;
      }
      yield pairs;
    }
  }

  #hashSource({ file, offset, record }: Source): void {
    const key = record === undefined ? `${JSON.stringify(file)},"offset":${offset}` : JSON.stringify(record);
    const bytes = encoder.encode(key);
    hashBytes(bytes, 0, bytes.length);
  }

  #addHash(): boolean {
    const { low, high } = hash;
    const shard = this.#shards[low & (shards - 1)]!;
    const at = find(shard.slots, low, high);
    if (shard.slots[at + 1] !== 0) return false;
    shard.slots[at] = low;
    shard.slots[at + 1] = high;
    shard.count += 1;
    this.#size += 1;
    if (shard.count * 8 > shard.slots.length * 3) grow(shard);
    return true;
  }
}

/** Pairs of numbers, of which the second is never 0 where there is one. */
interface Shard {
  slots: Uint32Array;
  count: number;
}

const shards = 256;
const leastSlots = 8;

/** Where that one stands, or would. */
function find(slots: Uint32Array, low: number, high: number): number {
  const last = slots.length - 1;
  // The shard is chosen by the low bits of `low`.
  let at = (high << 1) & last;
  while (slots[at + 1] !== 0 && (slots[at] !== low || slots[at + 1] !== high)) at = (at + 2) & last;
  return at;
}

function grow(shard: Shard): void {
  const { slots } = shard;
  const larger = new Uint32Array(2 * slots.length);
  for (let index = 0; index < slots.length; index += 2) {
    const high = slots[index + 1]!;
    if (high === 0) continue;
    const at = find(larger, slots[index]!, high);
    larger[at] = slots[index]!;
    larger[at + 1] = high;
  }
  shard.slots = larger;
}

const encoder = new TextEncoder();
/** Written for each question, and read before the next. */
const hash = { low: 0, high: 0 };

/** Two of MurmurHash3's 32-bit lanes (public domain) over the same words, with other constants, mixed at the end. */
function hashBytes(bytes: Uint8Array, from: number, to: number): void {
  let low = 0x3c6ef372;
  let high = 0x510e527f;
  let at = from;
  for (; at + 4 <= to; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    low = step(low, word, 0xcc9e2d51, 0x1b873593);
    high = step(high, word, 0x239b961b, 0xab0e9789);
  }
  let rest = 0;
  for (let shift = 0; at < to; at++, shift += 8) rest |= bytes[at]! << shift;
  low = mix(step(low, rest, 0xcc9e2d51, 0x1b873593) ^ (to - from));
  high = mix(step(high, rest, 0x239b961b, 0xab0e9789) ^ (to - from));
  low = (low + high) | 0;
  high = (high + low) | 0;
  hash.low = low >>> 0;
  hash.high = high >>> 0 || 1;
}

function step(lane: number, word: number, first: number, second: number): number {
  const scrambled = Math.imul(word, first);
  const mixed = lane ^ Math.imul((scrambled << 15) | (scrambled >>> 17), second);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function mix(lane: number): number {
  const first = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return second ^ (second >>> 16);
}
