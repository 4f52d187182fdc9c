import type { DocumentPiece } from './adapter.ts';
import type { LineDamage } from './jsonRecords.ts';

export interface PieceTaker {
  /** @param offset of the piece's first byte. */
  readonly onPiece: (piece: DocumentPiece, offset: number) => void;
  /** A piece that is too long or cannot be read costs itself alone. */
  readonly onDamage: (damage: LineDamage) => void;
}

/** What the next byte that is no space must begin. */
type Place = 'document' | 'key' | 'colon' | 'value' | 'element' | 'afterMember' | 'afterElement' | 'over' | 'broken';

/**
 * Cuts a JSON document into the members of its outermost object, and the lists among them into their elements, while its
 * bytes come in. One piece is held at a time, so that memory is bounded by the piece limit and not by the document. A
 * document that breaks off gives all the whole pieces that stand before.
 */
export class DocumentPieces {
  readonly #taker: PieceTaker;
  readonly #maxPieceBytes: number;
  #place: Place = 'document';
  #offset = 0;
  #member = '';
  #index = 0;
  /** The outermost value is a list itself. */
  #isList = false;
  #pieceAt = 0;
  #brokenAt = 0;
  /** The piece that is being taken: how deep it is open, and whether within a text. */
  #kind: 'none' | 'nested' | 'text' | 'plain' = 'none';
  #depth = 0;
  #isInText = false;
  #isEscaped = false;
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(taker: PieceTaker, maxPieceBytes: number) {
    this.#taker = taker;
    this.#maxPieceBytes = maxPieceBytes;
  }

  push(chunk: Uint8Array): void {
    if (this.#offset === 0 && chunk.length > 0) this.#taker.onPiece({ member: null, at: 'start' }, 0);
    let at = 0;
    while (at < chunk.length) at = this.#kind === 'none' ? this.#look(chunk, at) : this.#take(chunk, at);
    this.#offset += chunk.length;
  }

  /** No more bytes come. Answers whether the document was whole. */
  end(): boolean {
    const isWhole = this.#place === 'over';
    if (this.#offset === 0) return false;
    this.#taker.onPiece({ member: null, at: 'end', isWhole }, this.#offset);
    return isWhole;
  }

  /** What is the matter with a document that was not whole: where it breaks off, or is none. */
  get damage(): LineDamage {
    const isBroken = this.#place === 'broken';
    const offset = isBroken ? this.#brokenAt : this.#kind === 'none' ? this.#offset : this.#pieceAt;
    return { offset, sizeBytes: this.#offset - offset, reason: isBroken ? 'not-an-object' : 'torn' };
  }

  #look(chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length && isSpace(chunk[at]!)) at += 1;
    if (at >= chunk.length) return at;
    const byte = chunk[at]!;
    const next = this.#step(byte, this.#offset + at);
    return next === 'taking' ? at : at + 1;
  }

  /** One byte between pieces; `taking` when a piece begins with it. */
  #step(byte: number, offset: number): 'passed' | 'taking' {
    switch (this.#place) {
      case 'document':
        this.#isList = byte === openList;
        if (byte !== openObject && byte !== openList) return this.#break(offset);
        this.#place = this.#isList ? 'element' : 'key';
        return 'passed';
      case 'key':
        if (byte === closeObject) return this.#pass('over');
        return byte === quote ? this.#begin(byte, offset) : this.#break(offset);
      case 'colon':
        return byte === colon ? this.#pass('value') : this.#break(offset);
      case 'value':
        if (byte !== openList) return this.#begin(byte, offset);
        this.#index = 0;
        return this.#pass('element');
      case 'element':
        return byte === closeList ? this.#closeList() : this.#begin(byte, offset);
      case 'afterMember':
        if (byte === closeObject) return this.#pass('over');
        return byte === comma ? this.#pass('key') : this.#break(offset);
      case 'afterElement':
        if (byte === closeList) return this.#closeList();
        return byte === comma ? this.#pass('element') : this.#break(offset);
      case 'over':
        return this.#break(offset);
      case 'broken':
        return 'passed';
    }
  }

  #pass(place: Place): 'passed' {
    this.#place = place;
    return 'passed';
  }

  #closeList(): 'passed' {
    return this.#pass(this.#isList ? 'over' : 'afterMember');
  }

  #break(offset: number): 'passed' {
    this.#brokenAt = offset;
    return this.#pass('broken');
  }

  #begin(byte: number, offset: number): 'taking' | 'passed' {
    if (byte === closeObject || byte === closeList || byte === comma || byte === colon) return this.#break(offset);
    this.#kind = byte === openObject || byte === openList ? 'nested' : byte === quote ? 'text' : 'plain';
    this.#pieceAt = offset;
    this.#depth = 0;
    this.#isInText = false;
    this.#isEscaped = false;
    this.#held = [];
    this.#heldBytes = 0;
    return 'taking';
  }

  /** Goes on with the piece; answers where it goes on behind it, or the end of the chunk. */
  #take(chunk: Uint8Array, from: number): number {
    const end = this.#kind === 'plain' ? plainEnd(chunk, from) : this.#endOfPiece(chunk, from);
    const to = end < 0 ? chunk.length : end;
    this.#heldBytes += to - from;
    // A copy: whoever reads uses its buffer again.
    if (this.#heldBytes <= this.#maxPieceBytes) this.#held.push(new Uint8Array(chunk.subarray(from, to)));
    else this.#held = [];
    if (end >= 0) this.#finish();
    return to;
  }

  /** Where the piece ends (exclusive) in this chunk, or -1. */
  #endOfPiece(chunk: Uint8Array, from: number): number {
    let depth = this.#depth;
    let isInText = this.#isInText;
    let isEscaped = this.#isEscaped;
    let end = -1;
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (isInText) {
        if (isEscaped) isEscaped = false;
        else if (byte === backslash) isEscaped = true;
        else if (byte === quote) {
          isInText = false;
          if (depth === 0) {
            end = at + 1;
            break;
          }
        }
      } else if (byte === quote) isInText = true;
      else if (byte === openObject || byte === openList) depth += 1;
      else if (byte === closeObject || byte === closeList) {
        depth -= 1;
        if (depth === 0) {
          end = at + 1;
          break;
        }
      }
    }
    this.#depth = depth;
    this.#isInText = isInText;
    this.#isEscaped = isEscaped;
    return end;
  }

  #finish(): void {
    const isKey = this.#place === 'key';
    const isElement = this.#place === 'element';
    this.#kind = 'none';
    this.#place = isKey ? 'colon' : isElement ? 'afterElement' : 'afterMember';
    const damage: LineDamage = { offset: this.#pieceAt, sizeBytes: this.#heldBytes, reason: 'too-long' };
    const index = this.#index;
    if (isElement) this.#index += 1;
    if (this.#heldBytes > this.#maxPieceBytes) {
      this.#member = isKey ? '' : this.#member;
      this.#taker.onDamage(damage);
      return;
    }
    const value = parse(this.#held, this.#heldBytes);
    this.#held = [];
    if (value === undefined) this.#taker.onDamage({ ...damage, reason: 'not-an-object' });
    else if (isKey) this.#member = typeof value.parsed === 'string' ? value.parsed : '';
    else
      this.#taker.onPiece(
        { member: this.#isList ? '' : this.#member, ...(isElement ? { index } : {}), value: value.parsed },
        this.#pieceAt,
      );
  }
}

const decoder = new TextDecoder();

function parse(held: readonly Uint8Array[], size: number): { readonly parsed: unknown } | undefined {
  let bytes = held[0] ?? new Uint8Array(0);
  if (held.length > 1) {
    bytes = new Uint8Array(size);
    let at = 0;
    for (const part of held) {
      bytes.set(part, at);
      at += part.length;
    }
  }
  try {
    return { parsed: JSON.parse(decoder.decode(bytes)) as unknown };
  } catch {
    return undefined;
  }
}

/** Where a number or a word ends: before a mark or a space. */
function plainEnd(chunk: Uint8Array, from: number): number {
  for (let at = from; at < chunk.length; at++) {
    const byte = chunk[at]!;
    if (byte === comma || byte === closeObject || byte === closeList || isSpace(byte)) return at;
  }
  return -1;
}

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openObject = 0x7b;
const closeObject = 0x7d;
const openList = 0x5b;
const closeList = 0x5d;
