import { ByteWriter } from './valueBytes.ts';
import {
  CodecError,
  tags,
  charsInChunk,
  entriesInPiece,
  stringsInChunk,
  isCount,
  zigzag,
  largestZigzag,
  timeOf,
  type Mark,
} from './valueForm.ts';

export class Encoder {
  readonly #out = new ByteWriter();
  readonly #strings = new Map<string, number>();
  readonly #noKeys: Shape = { keys: [], longer: new Map(), isMark: false, isAuthor: false, number: -1 };
  readonly #authors: AuthorNode = { parts: new Map(), number: -1 };
  #authorCount = 0;
  /** By their first key: the shape of which the last such object was. */
  readonly #recent = new Map<string, Shape>();
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
  *finish(): Generator<void, Uint8Array<ArrayBuffer>> {
    const whole = new ByteWriter();
    const encoder = new TextEncoder();
    let chunk: string[] = [];
    let chars = 0;
    const write = (): void => {
      const bytes = encoder.encode(JSON.stringify(chunk));
      whole.number(bytes.length);
      whole.bytes(bytes);
      chunk = [];
      chars = 0;
    };
    whole.number(this.#strings.size);
    for (const text of this.#strings.keys()) {
      if (chunk.length === stringsInChunk || (chunk.length > 0 && chars + text.length > charsInChunk)) {
        write();
        yield;
      }
      chunk.push(text);
      chars += text.length;
    }
    if (chunk.length > 0) write();
    yield;
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
    let node = this.#authors;
    for (const name in value) {
      const part = (value as Record<string, unknown>)[name];
      if (typeof part !== 'string') return false;
      node = partOf(partOf(node, name), part);
    }
    if (node.number >= 0) {
      this.#out.byte(tags.author);
      this.#out.number(node.number);
      return true;
    }
    node.number = this.#authorCount;
    this.#authorCount += 1;
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
    // Mostly it is that of the object before: then no key needs to be looked up.
    let first: string | undefined;
    let guess: Shape | undefined;
    let met = 0;
    for (const key in value) {
      if (first === undefined) guess = this.#recent.get((first = key));
      if (guess === undefined || guess.keys[met] !== key) return this.#findShape(value, first);
      met += 1;
    }
    return guess !== undefined && guess.keys.length === met ? guess : this.#findShape(value, first);
  }

  #findShape(value: object, first: string | undefined): Shape {
    let shape = this.#noKeys;
    for (const key in value) shape = shape.longer.get(key) ?? longerShape(shape, key);
    if (first !== undefined) this.#recent.set(first, shape);
    return shape;
  }
}

/** An author that was written, by its names and texts, one after the other. */
interface AuthorNode {
  readonly parts: Map<string, AuthorNode>;
  /** -1 while none ends here. */
  number: number;
}

function partOf({ parts }: AuthorNode, text: string): AuthorNode {
  let next = parts.get(text);
  if (next === undefined) parts.set(text, (next = { parts: new Map(), number: -1 }));
  return next;
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
