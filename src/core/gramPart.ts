import { intersectBlocks, readBlockList } from './blockLists.ts';

/** The form of a part is told in `gramIndex.ts`. */
export const headerBytes = 16;
export const blockEntryBytes = 4 + 8;

/** One part of an index, ready to be asked. */
export interface GramPart {
  /** In the log's file: `from` to `to` (exclusive). */
  readonly from: number;
  readonly to: number;
  readonly blocks: number;
  /** Where a block begins; `blocks` gives the end of the last one. */
  offset(block: number): number;
  lastMs(block: number): number;
  isOdd(block: number): boolean;
  /** The blocks, ascending, that may hold one of these sets of grams; all of them when there is none. */
  candidates(sets: readonly (readonly number[])[] | undefined): Uint16Array;
}

/** The parts of an index. Throws RangeError when the bytes are none; whoever keeps them makes sure that they are what was written. */
export function readGramIndex(bytes: Uint8Array): GramPart[] {
  const parts: GramPart[] = [];
  let offset = 0;
  for (let at = 0; at < bytes.length;) {
    const part = new EncodedPart(bytes, at, offset);
    parts.push(part);
    offset = part.to;
    at += part.sizeBytes;
  }
  return parts;
}

class EncodedPart implements GramPart {
  readonly from: number;
  readonly to: number;
  readonly blocks: number;
  readonly sizeBytes: number;
  readonly #bytes: Uint8Array;
  readonly #offsets: Float64Array;
  readonly #lastMs: Float64Array;
  readonly #odd: Uint8Array;
  readonly #directory: readonly [at: number, grams: number];
  #lists: GramLists | undefined;

  constructor(bytes: Uint8Array, at: number, from: number) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
    this.sizeBytes = view.getUint32(0, true);
    this.blocks = view.getUint32(4, true);
    if (this.sizeBytes < headerBytes || this.sizeBytes > bytes.length - at || this.blocks > 0x10000) throw new RangeError('Not an index');
    this.#bytes = bytes.subarray(at, at + this.sizeBytes);
    this.#offsets = new Float64Array(this.blocks + 1);
    this.#lastMs = new Float64Array(this.blocks);
    this.#offsets[0] = from;
    for (let block = 0; block < this.blocks; block++) {
      this.#offsets[block + 1] = this.#offsets[block]! + view.getUint32(headerBytes + block * 4, true);
      this.#lastMs[block] = view.getFloat64(headerBytes + this.blocks * 4 + block * 8, true);
    }
    const oddAt = headerBytes + this.blocks * blockEntryBytes;
    const directoryAt = oddAt + ((this.blocks + 7) >> 3);
    this.#odd = this.#bytes.subarray(oddAt, directoryAt);
    this.#directory = [directoryAt, view.getUint32(8, true)];
    this.from = from;
    this.to = this.#offsets[this.blocks]!;
  }

  offset(block: number): number {
    return this.#offsets[block]!;
  }

  lastMs(block: number): number {
    return this.#lastMs[block]!;
  }

  isOdd(block: number): boolean {
    return (this.#odd[block >> 3]! & (1 << (block & 7))) !== 0;
  }

  candidates(sets: readonly (readonly number[])[] | undefined): Uint16Array {
    if (sets === undefined) return Uint16Array.from({ length: this.blocks }, (_, block) => block);
    this.#lists ??= readLists(this.#bytes, this.#directory[0], this.#directory[1], this.blocks);
    const lists = this.#lists;
    const marked = new Uint8Array(this.blocks);
    for (const grams of sets) for (const block of holdersOf(lists, grams, this.blocks, this.#bytes)) marked[block] = 1;
    for (let block = 0; block < this.blocks; block++) if (this.isOdd(block)) marked[block] = 1;
    let count = 0;
    const found = new Uint16Array(this.blocks);
    for (let block = 0; block < this.blocks; block++) if (marked[block] === 1) found[count++] = block;
    return found.subarray(0, count);
  }
}

interface GramLists {
  readonly grams: Uint32Array;
  readonly counts: Uint16Array;
  /** Where the list begins; of a gram in one block, that block. */
  readonly places: Uint32Array;
}

function readLists(bytes: Uint8Array, directoryAt: number, distinct: number, blocks: number): GramLists {
  const grams = new Uint32Array(distinct);
  const counts = new Uint16Array(distinct);
  const places = new Uint32Array(distinct);
  let at = directoryAt;
  const varint = (): number => {
    let value = bytes[at++]!;
    if (value < 0x80) return value;
    value &= 0x7f;
    for (let shift = 7; ; shift += 7) {
      const byte = bytes[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  let gram = 0;
  let place = 0;
  for (let index = 0; index < distinct; index++) {
    gram += varint();
    grams[index] = gram;
    const count = varint();
    counts[index] = count;
    if (count >= blocks) continue;
    const told = varint();
    places[index] = count === 1 ? told : place;
    if (count > 1) place += told;
  }
  for (let index = 0; index < distinct; index++) if (counts[index]! > 1) places[index]! += at;
  return { grams, counts, places };
}

/** Reading a candidate block takes as long as reading this many entries of a list. */
const entriesPerBlock = 1000;

/** The blocks that hold all these grams, and a few that hold only the rarest of them where more asking costs more than looking. */
function holdersOf(lists: GramLists, grams: readonly number[], blocks: number, bytes: Uint8Array): Uint16Array {
  const indexes: number[] = [];
  for (const gram of grams) {
    const index = find(lists.grams, gram);
    if (index < 0) return new Uint16Array();
    if (lists.counts[index]! < blocks) indexes.push(index);
  }
  if (indexes.length === 0) return Uint16Array.from({ length: blocks }, (_, block) => block);
  indexes.sort((a, b) => lists.counts[a]! - lists.counts[b]!);
  let held = listOf(lists, indexes[0]!, blocks, bytes);
  for (const index of indexes.slice(1)) {
    if (held.length * entriesPerBlock < lists.counts[index]!) break;
    held = intersectBlocks(held, listOf(lists, index, blocks, bytes));
    if (held.length === 0) break;
  }
  return held;
}

function find(grams: Uint32Array, gram: number): number {
  let low = 0;
  let high = grams.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const value = grams[middle]!;
    if (value === gram) return middle;
    if (value < gram) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

function listOf({ counts, places }: GramLists, index: number, blocks: number, bytes: Uint8Array): Uint16Array {
  const count = counts[index]!;
  return count === 1 ? Uint16Array.of(places[index]!) : readBlockList(bytes, places[index]!, count, blocks);
}
