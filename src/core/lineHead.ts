import type { EventMark } from '../model/sessionState.ts';

/**
 * What stands first in a line, read from its bytes without parsing the rest: `{"v":1,"w":"…","n":12,"at":"…","kind":"…"`.
 * - Only the exact framing that a writer gives a line is read. Of any other line nothing is said, and it must be parsed.
 * - It says what the line says, not that the line is sound: the checksum is for whoever believes it.
 * - `decodeLine` takes no line that says one thing here and another when it is parsed, so both always agree.
 */
export class LineHead {
  v = 0;
  n = 0;
  #bytes: Uint8Array = none;
  #writerFrom = 0;
  #writerTo = 0;
  #timeFrom = 0;
  #kindFrom = 0;
  /** Where the kind ends: the place of its closing quote. */
  kindTo = 0;

  /** True when the line begins so; then this is its head, until the next call. The bytes are those between two newlines. */
  read(bytes: Uint8Array): boolean {
    if (!isAt(bytes, 0, versionKey)) return false;
    const versionTo = digitsTo(bytes, versionKey.length, 9);
    if (versionTo < 0 || !isAt(bytes, versionTo, writerKey)) return false;
    let at = versionTo + writerKey.length;
    while (isWriterChar(bytes[at])) at += 1;
    const writerTo = at;
    const writerLength = writerTo - versionTo - writerKey.length;
    if (writerLength < 4 || writerLength > 32) return false;
    if (!isAt(bytes, writerTo, numberKey)) return false;
    const numberFrom = writerTo + numberKey.length;
    const numberTo = digitsTo(bytes, numberFrom, 15);
    if (numberTo < 0 || !isAt(bytes, numberTo, timeKey)) return false;
    const timeFrom = numberTo + timeKey.length;
    for (let index = 0; index < timeForm.length; index++) {
      const byte = bytes[timeFrom + index];
      if (timeForm[index] === zero ? !isDigit(byte) : byte !== timeForm[index]) return false;
    }
    const kindFrom = timeFrom + timeForm.length + kindKey.length;
    if (!isAt(bytes, timeFrom + timeForm.length, kindKey)) return false;
    at = kindFrom;
    while (isKindChar(bytes[at])) at += 1;
    if (bytes[at] !== quote || bytes[at + 1] !== comma) return false;
    const n = toNumber(bytes, numberFrom, numberTo);
    if (n === 0) return false;
    this.#bytes = bytes;
    this.v = toNumber(bytes, versionKey.length, versionTo);
    this.n = n;
    this.#writerFrom = versionTo + writerKey.length;
    this.#writerTo = writerTo;
    this.#timeFrom = timeFrom;
    this.#kindFrom = kindFrom;
    this.kindTo = at;
    return true;
  }

  get w(): string {
    return toText(this.#bytes, this.#writerFrom, this.#writerTo);
  }

  isWriter(writer: string): boolean {
    if (this.#writerTo - this.#writerFrom !== writer.length) return false;
    for (let index = 0; index < writer.length; index++)
      if (this.#bytes[this.#writerFrom + index] !== writer.charCodeAt(index)) return false;
    return true;
  }

  /** ISO 8601, UTC, milliseconds. */
  get at(): string {
    return toText(this.#bytes, this.#timeFrom, this.#timeFrom + timeForm.length);
  }

  get kind(): string {
    return toText(this.#bytes, this.#kindFrom, this.kindTo);
  }

  /** The place of the event in the order, as a value of its own. */
  get mark(): EventMark {
    return { at: this.at, w: this.w, n: this.n };
  }

  /** True when an event that was parsed from the line, whose text begins so, is the one that the head tells of. */
  tells(
    event: { readonly v: number; readonly w: string; readonly n: number; readonly at: string; readonly kind: string },
    text: string,
  ): boolean {
    return (
      event.n === this.n &&
      event.v === this.v &&
      event.w.length === this.#writerTo - this.#writerFrom &&
      event.kind.length === this.kindTo - this.#kindFrom &&
      text.startsWith(event.at, this.#timeFrom) &&
      text.startsWith(event.kind, this.#kindFrom) &&
      text.startsWith(event.w, this.#writerFrom)
    );
  }

  /** True when the kind is that one, or with `isPrefix` begins so. Compares bytes. */
  isKind(kind: Uint8Array, isPrefix: boolean): boolean {
    const length = this.kindTo - this.#kindFrom;
    return (isPrefix ? length > kind.length : length === kind.length) && isAt(this.#bytes, this.#kindFrom, kind);
  }
}

const encoder = new TextEncoder();
const none = encoder.encode('');
const versionKey = encoder.encode('{"v":');
const writerKey = encoder.encode(',"w":"');
const numberKey = encoder.encode('","n":');
const timeKey = encoder.encode(',"at":"');
const timeForm = encoder.encode('0000-00-00T00:00:00.000Z');
const kindKey = encoder.encode('","kind":"');
const quote = 0x22;
const comma = 0x2c;
const zero = 0x30;

/** True when these bytes stand there. */
export function isAt(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index++) if (bytes[at + index] !== expected[index]) return false;
  return true;
}

/** Where the digits end that begin there, or -1 when there are none, too many to be exact, or a leading zero. */
export function digitsTo(bytes: Uint8Array, from: number, most: number): number {
  let at = from;
  while (isDigit(bytes[at])) at += 1;
  return at === from || at - from > most || (bytes[from] === zero && at - from > 1) ? -1 : at;
}

function toNumber(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let index = from; index < to; index++) value = value * 10 + bytes[index]! - zero;
  return value;
}

/** Of characters that are a byte each. A text of its own, that holds no other. */
function toText(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= zero && byte <= 0x39;
const isWriterChar = (byte: number | undefined): boolean => isDigit(byte) || isLetter(byte);
const isKindChar = (byte: number | undefined): boolean =>
  isDigit(byte) || isLetter(byte) || byte === 0x2e || byte === 0x2d || byte === 0x5f;
const isLetter = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x61 && byte <= 0x7a;
