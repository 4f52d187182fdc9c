import { LineHead, isAt } from '../core/lineHead.ts';
import { firstPrev, readCrcSuffix, suffixLength } from '../core/logCodec.ts';
import type { Digest } from '../model/digest.ts';
import { eventKinds, schemaVersion } from '../model/event.ts';
import type { WriterId } from '../model/ids.ts';

/**
 * Judges a line by its fixed framing alone: version, writer, number, time and kind at its begin, `prev` and `crc` at its end.
 * What it takes for sound has a right checksum and a known kind; what it doesn't may be sound all the same (a newer version,
 * another kind, keys in another order) and is for `readLine` to judge. Nothing is parsed.
 */
export class PlainLineReader {
  readonly #start: Uint8Array;
  readonly #digest: Digest;
  /** Of the line that was taken last. */
  readonly head = new LineHead();

  constructor(writer: WriterId, digest: Digest) {
    this.#start = Buffer.from(`{"v":${schemaVersion},"w":"${writer}","n":`);
    this.#digest = digest;
  }

  /** True when the line, without its newline, is such a one; `head` is then its own. */
  take(line: Buffer): boolean {
    const { head } = this;
    const end = line.length;
    if (!isAt(line, 0, this.#start) || !head.read(line) || !isAt(line, head.kindTo, byKey)) return false;
    const prevAt = prevFrom(end);
    if (prevAt < head.kindTo || line[end - suffixLength - 1] !== quote || !isAt(line, prevAt - prevKey.length, prevKey)) return false;
    const crc = readCrcSuffix(line, end);
    return crc >= 0 && isKnownKind(line, head.kindTo) && this.#digest.crc32(line.subarray(0, end - suffixLength)) === crc;
  }
}

/** Where the digits of `prev` begin in a line of that length. */
export function prevFrom(length: number): number {
  return length - suffixLength - 1 - firstPrev.length;
}

const byKey = Buffer.from('","by":{"');
const prevKey = Buffer.from(',"prev":"');
const quote = 0x22;

/** The kinds that this version knows, by a number made of their bytes: asked for each line, so without making a text of them. */
const kinds = new Map<number, readonly Uint8Array[]>();
for (const kind of eventKinds) {
  const bytes = Buffer.from(kind);
  const sum = bytes.reduceRight(addByte, 0);
  kinds.set(sum, [...(kinds.get(sum) ?? []), bytes]);
}

function addByte(sum: number, byte: number): number {
  return (Math.imul(sum, 31) + byte) | 0;
}

/** The kind that ends there is one of them. */
function isKnownKind(line: Uint8Array, kindTo: number): boolean {
  let at = kindTo - 1;
  let sum = 0;
  for (; line[at] !== quote; at--) sum = addByte(sum, line[at]!);
  const found = kinds.get(sum);
  return found !== undefined && found.some((kind) => kind.length === kindTo - at - 1 && isAt(line, at + 1, kind));
}

/** What stands there are the 32 digits of a hash. */
export function isHash(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at < from + firstPrev.length; at++) {
    const byte = bytes[at]!;
    if (!((byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66))) return false;
  }
  return true;
}
