import { asciiSymbols, gramLength, gramCount, symbolBits, symbolOf } from './searchFold.ts';
import { frameKeys, passedKeys } from './searchText.ts';

/**
 * The grams of the searched texts of a log's lines, straight from their bytes. Promise: whatever `eachSearchedText` finds in
 * a line, its grams are handed over, or the line is called odd. Odd is every line that is not written exactly as our writer
 * does it (no space between tokens, only the escapes that it needs): so is a torn or glued one, and nothing is said of it.
 */
const special = 0x80;
/** By byte: the symbol, or `special` for what is not a plain character of a text. */
const symbols: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === 0x22 || byte === 0x5c || byte >= 0x80 ? special : asciiSymbols[byte]!,
);
const mask = gramCount - 1;

/** Keys whose values are passed by, as bytes, by length. */
function byLength(keys: readonly string[]): readonly (readonly Uint8Array[])[] {
  const lists: Uint8Array[][] = [];
  for (const key of keys) {
    const bytes = Uint8Array.from(key, (char) => char.charCodeAt(0));
    (lists[bytes.length] ??= []).push(bytes);
  }
  return lists;
}

const passedBytes = byLength(passedKeys);
const frameBytes = byLength([...frameKeys, ...passedKeys]);

function isOneOf(keys: readonly (readonly Uint8Array[])[], bytes: Uint8Array, from: number, to: number): boolean {
  const list = keys[to - from];
  if (list === undefined) return false;
  next: for (const key of list) {
    for (let index = 0; index < key.length; index++) if (key[index] !== bytes[from + index]) continue next;
    return true;
  }
  return false;
}

/** Collects the distinct grams of one block after another. */
export class LineGrams {
  /** By gram: the last block that held it. Small enough to stay in the processor's cache. */
  readonly #stamps = new Uint16Array(gramCount);
  /** Block after block. */
  found = new Uint32Array(1 << 18);
  count = 0;
  #block = 1;

  /** At most 65,534 times until it is cleared. */
  nextBlock(): void {
    this.#block += 1;
  }

  clear(): void {
    this.#stamps.fill(0);
    this.count = 0;
    this.#block = 1;
  }

  /**
   * Takes a line's bytes; `bytes[to]` is its newline. False: it is odd.
   */
  add(bytes: Uint8Array, from: number, to: number): boolean {
    // One bit for each open bracket, set for an object; the lowest is the innermost.
    let open = 0;
    let depth = 0;
    /** The depth at which a value began that is passed by; 0 when none is. */
    let passedDepth = 0;
    let isPassed = false;
    let at = from;
    // What may come: 0 a value, 1 a key or an end, 2 a key, 3 a comma or an end, 4 a value or an end.
    let state = 0;
    while (at < to) {
      const byte = bytes[at]!;
      if (byte === 0x22) {
        if (state === 1 || state === 2) {
          const start = at + 1;
          at = start;
          while (symbols[bytes[at]!] !== special) at++;
          if (bytes[at] !== 0x22 || bytes[at + 1] !== 0x3a) return false;
          if (passedDepth === 0) isPassed = isOneOf(depth === 1 ? frameBytes : passedBytes, bytes, start, at);
          at += 2;
          state = 0;
          continue;
        }
        if (state === 3) return false;
        at = isPassed || passedDepth > 0 ? passText(bytes, at + 1) : this.#addText(bytes, at + 1);
        if (at < 0 || at > to) return false;
        state = 3;
        isPassed = false;
        continue;
      }
      if (byte === 0x2c) {
        if (state !== 3) return false;
        state = (open & 1) === 1 ? 2 : 0;
        at++;
        continue;
      }
      if (byte === 0x7b || byte === 0x5b) {
        if ((state !== 0 && state !== 4) || depth === 30 || (depth === 0 && at !== from)) return false;
        depth += 1;
        if (isPassed && passedDepth === 0) passedDepth = depth;
        isPassed = false;
        open = (open << 1) | (byte === 0x7b ? 1 : 0);
        state = byte === 0x7b ? 1 : 4;
        at++;
        continue;
      }
      if (byte === 0x7d || byte === 0x5d) {
        if (state !== 3 && state !== (byte === 0x7d ? 1 : 4)) return false;
        if (depth === 0 || (open & 1) !== (byte === 0x7d ? 1 : 0)) return false;
        if (passedDepth === depth) passedDepth = 0;
        depth -= 1;
        open >>>= 1;
        state = 3;
        at++;
        if (depth === 0) return at === to;
        continue;
      }
      // A number, true, false or null: no more is asked of it than that it is none of the above.
      if ((state !== 0 && state !== 4) || depth === 0) return false;
      const start = at;
      while (at < to && isPlain(bytes[at]!)) at++;
      if (at === start) return false;
      isPassed = false;
      state = 3;
    }
    return false;
  }

  /** From behind the quote to behind the closing one; -1 when it is odd. */
  #addText(bytes: Uint8Array, from: number): number {
    const stamps = this.#stamps;
    const block = this.#block;
    let { found, count } = this;
    let gram = 0;
    for (let at = from; ; at++) {
      const byte = bytes[at]!;
      let symbol = symbols[byte]!;
      if (symbol === special) {
        if (byte === 0x22 || byte < 0x20) {
          this.count = count;
          return byte === 0x22 ? at + 1 : -1;
        }
        const unit = byte === 0x5c ? escapedUnit(bytes, at + 1) : characterAt(bytes, at);
        if (unit < 0) {
          this.count = count;
          return -1;
        }
        at += byte === 0x5c ? (bytes[at + 1] === 0x75 ? 5 : 1) : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        if (unit > 0xffff) {
          // A pair: its first half here, the second one as any other.
          gram = ((gram << symbolBits) | symbolOf(0xd800)) & mask;
          if (stamps[gram] !== block) {
            stamps[gram] = block;
            if (count === found.length) found = this.#grow();
            found[count++] = gram;
          }
        }
        symbol = symbolOf(unit > 0xffff ? 0xdc00 : unit);
      }
      gram = ((gram << symbolBits) | symbol) & mask;
      // The first two characters make none. (One that takes several bytes may make one too many, which does no harm.)
      if (stamps[gram] === block || at - from < gramLength - 1) continue;
      stamps[gram] = block;
      if (count === found.length) found = this.#grow();
      found[count++] = gram;
    }
  }

  #grow(): Uint32Array<ArrayBuffer> {
    const larger = new Uint32Array(this.found.length * 2);
    larger.set(this.found);
    this.found = larger;
    return larger;
  }
}

/** The character outside ASCII that begins there; -1 when it is not UTF-8. */
function characterAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  const second = bytes[at + 1]!;
  if (first < 0xc2 || first > 0xf4 || (second & 0xc0) !== 0x80) return -1;
  if (first < 0xe0) return ((first & 0x1f) << 6) | (second & 0x3f);
  const third = bytes[at + 2]!;
  if ((third & 0xc0) !== 0x80) return -1;
  if (first < 0xf0) return ((first & 0x0f) << 12) | ((second & 0x3f) << 6) | (third & 0x3f);
  const fourth = bytes[at + 3]!;
  if ((fourth & 0xc0) !== 0x80) return -1;
  return Math.max(0x10000, ((first & 0x07) << 18) | ((second & 0x3f) << 12) | ((third & 0x3f) << 6) | (fourth & 0x3f));
}

/** Digits, signs, and the letters of `true`, `false`, `null` and exponents. */
function isPlain(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2e || byte === 0x2b || byte === 0x45 || (byte >= 0x61 && byte <= 0x75)
  );
}

/** Behind the closing quote of a text that is passed by; -1 when it is odd. */
function passText(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at++]!;
    if (symbols[byte] !== special || byte >= 0x80) continue;
    if (byte === 0x22) return at;
    if (byte !== 0x5c || escapedUnit(bytes, at) < 0) return -1;
    at++;
  }
}

/** What the escape behind a backslash stands for, if our writer would have written it so; else -1. */
function escapedUnit(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case 0x22:
      return 0x22;
    case 0x5c:
      return 0x5c;
    case 0x62:
      return 0x08;
    case 0x66:
      return 0x0c;
    case 0x6e:
      return 0x0a;
    case 0x72:
      return 0x0d;
    case 0x74:
      return 0x09;
    case 0x75: {
      let unit = 0;
      for (let index = at + 1; index < at + 5; index++) {
        const byte = bytes[index]!;
        const digit = byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1;
        if (digit < 0) return -1;
        unit = unit * 16 + digit;
      }
      return unit < 0x20 || (unit >= 0xd800 && unit <= 0xdfff) ? unit : -1;
    }
    default:
      return -1;
  }
}
