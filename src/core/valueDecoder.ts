import { ByteReader } from './valueBytes.ts';
import { CodecError, tags, entriesInPiece, unzigzag, writeHour, writeSecond, digitsOf, type Mark } from './valueForm.ts';

export class Decoder {
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
