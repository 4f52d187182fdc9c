/**
 * Plain data as few bytes, and back: undefined, null, booleans, numbers, strings, arrays, maps and plain objects, with their
 * order, and which keys an object has. What comes back encodes to the same bytes. Strings stand once; so do the lists of an
 * object's keys, and authors (`{ actor, … }`, which nobody changes: equal ones come back as the same object); the place of
 * an event (`{ at, w, n }`) and an event's id tell only what differs from the one before.
 *
 * Both ways go in pieces of less than a millisecond, for a caller that must not hold its event loop.
 */

/** Thrown for what is no plain data, and for bytes that are none of this form. */
export class CodecError extends Error {}

const tags = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  /** Followed by eight bytes. */
  double: 4,
  /** Followed by the number's zigzag. */
  integer: 5,
  array: 6,
  map: 7,
  object: 8,
  mark: 9,
  /** An event's id: a string and a number. */
  id: 10,
  /** An author by its number; and the first of its kind. */
  author: 11,
  newAuthor: 12,
  /** 64 … 127: the integers 0 … 63. */
  small: 64,
  /** 128 … 255: a string by its number; bit 64 says that more of the number follows. */
  string: 128,
} as const;

const stringsInChunk = 1024;
/** So many entries of an outer list or map are one piece. */
const entriesInPiece = 16;

/** The bytes, when the generator is done. The value must not change until then. */
export function* encodeInPieces(value: unknown): Generator<void, Uint8Array> {
  const encoder = new Encoder();
  yield* encoder.writeSlowly(value);
  return yield* encoder.finish();
}

/** The value, when the generator is done. Throws CodecError. */
export function* decodeInPieces(bytes: Uint8Array): Generator<void, unknown> {
  const decoder = new Decoder(bytes);
  yield* decoder.readStrings();
  const value = yield* decoder.readSlowly();
  decoder.end();
  return value;
}

/** Runs one of the above in one go. */
export function inOneGo<T>(pieces: Generator<void, T>): T {
  for (;;) {
    const step = pieces.next();
    if (step.done === true) return step.value;
  }
}

class Encoder {
  readonly #out = new ByteWriter();
  readonly #strings = new Map<string, number>();
  readonly #noKeys: Shape = { keys: [], longer: new Map(), isMark: false, isAuthor: false, number: -1 };
  readonly #authors = new Map<string, number>();
  readonly #counts = new Map<string, number>();
  #shapes = 0;
  #time = 0;

  /** Piece by piece through objects and the lists and maps in them. */
  *writeSlowly(value: unknown): Generator<void, void> {
    if (typeof value !== 'object' || value === null) this.write(value);
    else if (Array.isArray(value)) {
      this.#sized(tags.array, value.length);
      for (let index = 0; index < value.length; index++) {
        this.write(value[index]);
        if (index % entriesInPiece === 0) yield;
      }
    } else if (value instanceof Map) {
      this.#sized(tags.map, value.size);
      let written = 0;
      for (const [key, item] of value) {
        this.write(key);
        this.write(item);
        if ((written += 1) % entriesInPiece === 0) yield;
      }
    } else {
      this.#head(this.#shapeOf(value));
      for (const key in value) yield* this.writeSlowly((value as Record<string, unknown>)[key]);
      yield;
    }
  }

  write(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.#string(value);
        return;
      case 'number':
        this.#number(value);
        return;
      case 'undefined':
        this.#out.byte(tags.undefined);
        return;
      case 'boolean':
        this.#out.byte(value ? tags.true : tags.false);
        return;
      case 'object':
        this.#object(value);
        return;
      default:
        throw new CodecError(`no plain data: ${typeof value}`);
    }
  }

  /** The strings first, then what was written. */
  *finish(): Generator<void, Uint8Array> {
    const whole = new ByteWriter();
    const strings = [...this.#strings.keys()];
    const encoder = new TextEncoder();
    whole.number(strings.length);
    for (let from = 0; from < strings.length; from += stringsInChunk) {
      const bytes = encoder.encode(JSON.stringify(strings.slice(from, from + stringsInChunk)));
      whole.number(bytes.length);
      whole.bytes(bytes);
      yield;
    }
    whole.bytes(this.#out.taken());
    return whole.taken();
  }

  #sized(tag: number, size: number): void {
    this.#out.byte(tag);
    this.#out.number(size);
  }

  #string(text: string): void {
    const dot = text.charCodeAt(text.length - 1) - 48 < 10 ? text.lastIndexOf('.') : -1;
    if (dot > 3 && isCount(text, dot + 1)) {
      this.#out.byte(tags.id);
      const w = text.slice(0, dot);
      const n = Number(text.slice(dot + 1));
      this.#text(w);
      this.#out.number(zigzag(n - (this.#counts.get(w) ?? 0)));
      this.#counts.set(w, n);
    } else this.#text(text);
  }

  #text(text: string): void {
    let index = this.#strings.get(text);
    if (index === undefined) {
      index = this.#strings.size;
      this.#strings.set(text, index);
    }
    if (index < 64) this.#out.byte(tags.string + index);
    else {
      this.#out.byte(tags.string + 64 + (index & 63));
      this.#out.number(index >>> 6);
    }
  }

  #number(value: number): void {
    if (!Number.isSafeInteger(value) || Math.abs(value) > largestZigzag || Object.is(value, -0)) {
      this.#out.byte(tags.double);
      this.#out.double(value);
    } else if (value >= 0 && value < 64) this.#out.byte(tags.small + value);
    else {
      this.#out.byte(tags.integer);
      this.#out.number(zigzag(value));
    }
  }

  #object(value: object | null): void {
    if (value === null) this.#out.byte(tags.null);
    else if (Array.isArray(value)) {
      this.#sized(tags.array, value.length);
      for (const item of value) this.write(item);
    } else if (value instanceof Map) {
      this.#sized(tags.map, value.size);
      for (const [key, item] of value) {
        this.write(key);
        this.write(item);
      }
    } else {
      const shape = this.#shapeOf(value);
      const time = shape.isMark ? timeOf(value as Mark) : -1;
      if (time >= 0) this.#mark(value as Mark, time);
      else if (shape.isAuthor && this.#author(value)) return;
      else {
        this.#head(shape);
        for (const key in value) this.write((value as Record<string, unknown>)[key]);
      }
    }
  }

  /** False when it has yet to be written, or is no author of plain texts. */
  #author(value: object): boolean {
    let key = '';
    for (const name in value) {
      const part = (value as Record<string, unknown>)[name];
      if (typeof part !== 'string') return false;
      key += `${name} ${part.length} ${part}`;
    }
    const known = this.#authors.get(key);
    if (known !== undefined) {
      this.#out.byte(tags.author);
      this.#out.number(known);
      return true;
    }
    this.#authors.set(key, this.#authors.size);
    this.#out.byte(tags.newAuthor);
    return false;
  }

  #mark({ w, n }: Mark, time: number): void {
    this.#out.byte(tags.mark);
    this.#text(w);
    this.#out.number(zigzag(n - (this.#counts.get(w) ?? 0)));
    this.#counts.set(w, n);
    this.#out.number(zigzag(time - this.#time));
    this.#time = time;
  }

  /** The object's list of keys: its number, and the list itself at its first use. */
  #head(shape: Shape): void {
    this.#out.byte(tags.object);
    if (shape.number < 0) {
      shape.number = this.#shapes;
      this.#shapes += 1;
      this.#out.number(shape.number);
      this.#out.number(shape.keys.length);
      for (const key of shape.keys) this.#text(key);
    } else this.#out.number(shape.number);
  }

  #shapeOf(value: object): Shape {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) throw new CodecError('no plain object');
    let shape = this.#noKeys;
    for (const key in value) {
      const next = shape.longer.get(key);
      shape = next ?? longerShape(shape, key);
    }
    return shape;
  }
}

/** The keys of an object, in order, as the way to them from the object without any. */
interface Shape {
  readonly keys: readonly string[];
  readonly longer: Map<string, Shape>;
  readonly isMark: boolean;
  readonly isAuthor: boolean;
  /** -1 while it was not written. */
  number: number;
}

function longerShape(shape: Shape, key: string): Shape {
  if (key === '__proto__') throw new CodecError('a key that is none');
  const keys = [...shape.keys, key];
  const longer: Shape = { keys, longer: new Map(), isMark: keys.join(' ') === 'at w n', isAuthor: keys[0] === 'actor', number: -1 };
  shape.longer.set(key, longer);
  return longer;
}

class Decoder {
  readonly #in: ByteReader;
  readonly #strings: string[] = [];
  readonly #shapes: string[][] = [];
  readonly #counts = new Map<string, number>();
  readonly #authors: unknown[] = [];
  /** The texts of times: of hours, of the minutes and seconds in one, and of milliseconds. */
  readonly #hours = new Map<number, string>();
  readonly #seconds: string[] = [];
  readonly #millis: string[] = [];
  #time = 0;

  constructor(bytes: Uint8Array) {
    this.#in = new ByteReader(bytes);
  }

  *readStrings(): Generator<void, void> {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const count = this.#in.number();
    while (this.#strings.length < count) {
      let chunk: unknown;
      try {
        chunk = JSON.parse(decoder.decode(this.#in.bytes(this.#in.number())));
      } catch {
        throw new CodecError('no strings');
      }
      if (!Array.isArray(chunk) || chunk.length === 0) throw new CodecError('no strings');
      for (const text of chunk as unknown[]) {
        if (typeof text !== 'string') throw new CodecError('no string');
        this.#strings.push(text);
      }
      yield;
    }
  }

  *readSlowly(): Generator<void, unknown> {
    const tag = this.#in.peek();
    if (tag === tags.array) {
      this.#in.byte();
      const items: unknown[] = [];
      for (let left = this.#in.count(); left > 0; left--) {
        items.push(this.read());
        if (left % entriesInPiece === 0) yield;
      }
      return items;
    }
    if (tag === tags.map) {
      this.#in.byte();
      const map = new Map<unknown, unknown>();
      for (let left = this.#in.count(); left > 0; left--) {
        map.set(this.read(), this.read());
        if (left % entriesInPiece === 0) yield;
      }
      return map;
    }
    if (tag !== tags.object) return this.read();
    this.#in.byte();
    const object: Record<string, unknown> = {};
    for (const key of this.#shape()) object[key] = yield* this.readSlowly();
    yield;
    return object;
  }

  read(): unknown {
    const tag = this.#in.byte();
    if (tag >= tags.string) return this.#string(tag);
    if (tag >= tags.small) return tag - tags.small;
    switch (tag) {
      case tags.undefined:
        return undefined;
      case tags.null:
        return null;
      case tags.false:
        return false;
      case tags.true:
        return true;
      case tags.double:
        return this.#in.double();
      case tags.integer:
        return unzigzag(this.#in.number());
      case tags.array: {
        const items: unknown[] = [];
        for (let left = this.#in.count(); left > 0; left--) items.push(this.read());
        return items;
      }
      case tags.map: {
        const map = new Map<unknown, unknown>();
        for (let left = this.#in.count(); left > 0; left--) map.set(this.read(), this.read());
        return map;
      }
      case tags.object: {
        const object: Record<string, unknown> = {};
        for (const key of this.#shape()) object[key] = this.read();
        return object;
      }
      case tags.mark:
        return this.#mark();
      case tags.author: {
        const author = this.#authors[this.#in.number()];
        if (author === undefined) throw new CodecError('no such author');
        return author;
      }
      case tags.newAuthor: {
        const author = this.read();
        this.#authors.push(author);
        return author;
      }
      case tags.id: {
        const w = this.#string(this.#in.byte());
        return `${w}.${this.#count(w)}`;
      }
      default:
        throw new CodecError(`no tag: ${tag}`);
    }
  }

  end(): void {
    if (!this.#in.isAtEnd) throw new CodecError('more bytes than values');
  }

  #string(tag: number): string {
    const text = this.#strings[(tag & 64) === 0 ? tag & 63 : (tag & 63) + this.#in.number() * 64];
    if (text === undefined) throw new CodecError('no such string');
    return text;
  }

  #mark(): Mark {
    const w = this.#string(this.#in.byte());
    const n = this.#count(w);
    this.#time += unzigzag(this.#in.number());
    return { at: this.#timeText(this.#time), w, n };
  }

  #count(w: string): number {
    const n = (this.#counts.get(w) ?? 0) + unzigzag(this.#in.number());
    this.#counts.set(w, n);
    return n;
  }

  #timeText(time: number): string {
    const hour = Math.floor(time / 3_600_000);
    const second = Math.floor(time / 1000) - hour * 3600;
    const milli = time % 1000;
    let text = this.#hours.get(hour);
    if (text === undefined) this.#hours.set(hour, (text = writeHour(hour)));
    return text + (this.#seconds[second] ??= writeSecond(second)) + (this.#millis[milli] ??= `${digitsOf(milli, 3)}Z`);
  }

  #shape(): readonly string[] {
    const index = this.#in.number();
    if (index < this.#shapes.length) return this.#shapes[index]!;
    if (index !== this.#shapes.length) throw new CodecError('no such shape');
    const keys: string[] = [];
    for (let left = this.#in.count(); left > 0; left--) keys.push(this.#string(this.#in.byte()));
    this.#shapes.push(keys);
    return keys;
  }
}

/** True when digits alone stand from there to the end, as a count is written. */
function isCount(text: string, from: number): boolean {
  if (text.length - from > 15 || text.charCodeAt(from) === 48) return false;
  for (let index = from; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return false;
  }
  return text.length > from;
}

interface Mark {
  readonly at: string;
  readonly w: string;
  readonly n: number;
}

/** The time of an event's place as a number, when both can be had back; else -1. */
function timeOf({ at, w, n }: Mark): number {
  if (typeof at !== 'string' || at.length !== 24 || typeof w !== 'string') return -1;
  return Number.isSafeInteger(n) && Math.abs(n) <= largestCount ? readTime(at) : -1;
}

const largestZigzag = 2 ** 52 - 1;
/** So that the difference of two has a zigzag. */
const largestCount = 2 ** 50;

/** `2026-01-01T10:00:00.000Z` as one number by its digits alone, which is no count of milliseconds; -1 for any other text. */
function readTime(at: string): number {
  const year = digits(at, 0, 4);
  const month = digits(at, 5, 2);
  const day = digits(at, 8, 2);
  const hour = digits(at, 11, 2);
  const minute = digits(at, 14, 2);
  const second = digits(at, 17, 2);
  const milli = digits(at, 20, 3);
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23) return -1;
  if (minute < 0 || minute > 59 || second < 0 || second > 59 || milli < 0) return -1;
  // - - T : : . Z
  if (at.charCodeAt(4) !== 45 || at.charCodeAt(7) !== 45 || at.charCodeAt(10) !== 84 || at.charCodeAt(13) !== 58) return -1;
  if (at.charCodeAt(16) !== 58 || at.charCodeAt(19) !== 46 || at.charCodeAt(23) !== 90) return -1;
  const days = (year * 12 + month - 1) * 31 + day - 1;
  return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + milli;
}

function digits(text: string, from: number, count: number): number {
  let value = 0;
  for (let index = from; index < from + count; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** `2026-01-01T10:` */
function writeHour(hour: number): string {
  if (!(hour >= 0)) throw new CodecError('no time');
  const days = Math.floor(hour / 24);
  const months = Math.floor(days / 31);
  return `${digitsOf(Math.floor(months / 12), 4)}-${digitsOf((months % 12) + 1, 2)}-${digitsOf((days % 31) + 1, 2)}T${digitsOf(hour % 24, 2)}:`;
}

/** `05:12.` of a second of an hour. */
const writeSecond = (second: number): string => `${digitsOf(Math.floor(second / 60), 2)}:${digitsOf(second % 60, 2)}.`;

const digitsOf = (value: number, count: number): string => String(value).padStart(count, '0');

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
const unzigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

class ByteWriter {
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

  taken(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(by: number): void {
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + by));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

class ByteReader {
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
