import { gramCount } from './searchFold.ts';
import { LineGrams } from './lineGrams.ts';
import { LineHead } from './lineHead.ts';

/**
 * Which blocks of a log hold which grams: an inverted index, exact for each gram, in parts of a few thousand blocks. A block
 * is a run of whole lines. Of a needle the blocks that hold all its grams are looked at; no other block can hold it.
 *
 *   part:  u32 its bytes · u32 blocks · u32 grams · u32 bytes of the directory
 *          u32 size of each block · f64 time of each block's last event, or 0 when not known · a bit for each odd block
 *          directory, by ascending gram: varint gram - former gram · varint how many blocks · varint bytes of its list
 *          (left out where one block or all hold it) · lists of blocks, as gaps in Rice code
 *
 * Little-endian. Where a part would grow beyond its share of the log, its blocks are joined two by two.
 */
export interface LogBlock {
  readonly sizeBytes: number;
  /** Of its last event; 0 when not known. */
  readonly lastMs: number;
  /** Nothing is known of its grams. */
  readonly isOdd: boolean;
}

/** Lines go into a block until it has this many bytes. */
export const blockBytes = 8 << 10;
const partBlocks = 8192;
const partGrams = 12 << 20;
/** Of the log's bytes. */
const maxShare = 0.06;
const maxJoins = 5;

export class GramIndexBuilder {
  readonly #grams = new LineGrams();
  readonly #parts: Uint8Array[] = [];
  #blocks: LogBlock[] = [];
  /** Where the grams of each block begin. */
  #starts: number[] = [0];
  #sizeBytes = 0;
  #isOdd = false;

  /** Takes the next line with its newline, which is `bytes[to]`; `bytes` may be undefined for one that is too long to be held. */
  add(bytes: Uint8Array | undefined, from: number, to: number): void {
    this.#sizeBytes += to + 1 - from;
    if (bytes === undefined || (to > from && !this.#grams.add(bytes, from, to))) this.#isOdd = true;
    if (this.#sizeBytes < blockBytes) return;
    this.#endBlock(bytes === undefined ? 0 : lineTimeMs(bytes, from, to));
  }

  finish(): Uint8Array {
    if (this.#sizeBytes > 0) this.#endBlock(0);
    this.#endPart();
    return joinBytes(this.#parts);
  }

  #endBlock(lastMs: number): void {
    this.#blocks.push({ sizeBytes: this.#sizeBytes, lastMs, isOdd: this.#isOdd });
    this.#starts.push(this.#grams.count);
    this.#sizeBytes = 0;
    this.#isOdd = false;
    this.#grams.nextBlock();
    if (this.#blocks.length >= partBlocks || this.#grams.count >= partGrams) this.#endPart();
  }

  #endPart(): void {
    if (this.#blocks.length === 0) return;
    let shape: Shape = { blocks: this.#blocks, joins: 0 };
    let part = encodePart(this.#grams, this.#starts, shape);
    const limit = this.#blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) * maxShare;
    while (part.length > limit && shape.joins < maxJoins && shape.blocks.length > 1) {
      shape = { blocks: joinBlocks(shape.blocks), joins: shape.joins + 1 };
      part = encodePart(this.#grams, this.#starts, shape);
    }
    this.#parts.push(part);
    this.#blocks = [];
    this.#starts = [0];
    this.#grams.clear();
  }
}

interface Shape {
  readonly blocks: readonly LogBlock[];
  /** How often blocks were joined two by two. */
  readonly joins: number;
}

function joinBlocks(blocks: readonly LogBlock[]): LogBlock[] {
  return Array.from({ length: (blocks.length + 1) >> 1 }, (_, index) => {
    const first = blocks[2 * index]!;
    const second = blocks[2 * index + 1];
    if (second === undefined) return first;
    return { sizeBytes: first.sizeBytes + second.sizeBytes, lastMs: second.lastMs, isOdd: first.isOdd || second.isOdd };
  });
}

const head = new LineHead();

/** The time of a line, or 0 when it does not begin as ours do. */
function lineTimeMs(bytes: Uint8Array, from: number, to: number): number {
  return head.read(bytes.subarray(from, to)) ? Date.parse(head.at) || 0 : 0;
}

const headerBytes = 16;
const blockEntryBytes = 4 + 8;

/** By gram: the block that was counted last, how many blocks, and where the next one goes. */
let scratch: { readonly stamps: Uint16Array; readonly counts: Uint16Array; readonly places: Uint32Array } | undefined;

function encodePart(grams: LineGrams, starts: readonly number[], { blocks, joins }: Shape): Uint8Array {
  const { found } = grams;
  scratch ??= { stamps: new Uint16Array(gramCount), counts: new Uint16Array(gramCount), places: new Uint32Array(gramCount) };
  const { stamps, counts, places } = scratch;
  counts.fill(0);
  if (joins === 0) for (let index = 0; index < grams.count; index++) counts[found[index]!]! += 1;
  else
    eachOnce(grams, starts, joins, stamps, (gram) => {
      counts[gram]! += 1;
    });
  let distinct = 0;
  let total = 0;
  for (let gram = 0; gram < gramCount; gram++) {
    const count = counts[gram]!;
    if (count === 0) continue;
    distinct += 1;
    places[gram] = total;
    total += count;
  }
  const sorted = new Uint16Array(total);
  if (joins === 0)
    for (let block = 0; block < starts.length - 1; block++)
      for (let index = starts[block]!, end = starts[block + 1]!; index < end; index++) sorted[places[found[index]!]!++] = block;
  else
    eachOnce(grams, starts, joins, stamps, (gram, block) => {
      sorted[places[gram]!++] = block;
    });
  const lists = new BitWriter(total);
  const directory = new ByteWriter(distinct * 4 + 16);
  let former = 0;
  let place = 0;
  for (let gram = 0; gram < gramCount; gram++) {
    const count = counts[gram]!;
    if (count === 0) continue;
    directory.varint(gram - former);
    directory.varint(count);
    former = gram;
    if (count < blocks.length) {
      if (count === 1) directory.varint(sorted[place]!);
      else directory.varint(lists.list(sorted, place, place + count, riceBits(count, blocks.length)));
    }
    place += count;
  }
  const directoryBytes = directory.bytes();
  const listBytes = lists.bytes();
  const oddBytes = (blocks.length + 7) >> 3;
  const frame = new Uint8Array(headerBytes + blocks.length * blockEntryBytes + oddBytes);
  const view = new DataView(frame.buffer);
  view.setUint32(0, frame.length + directoryBytes.length + listBytes.length, true);
  view.setUint32(4, blocks.length, true);
  view.setUint32(8, distinct, true);
  view.setUint32(12, directoryBytes.length, true);
  for (const [index, block] of blocks.entries()) {
    view.setUint32(headerBytes + index * 4, block.sizeBytes, true);
    view.setFloat64(headerBytes + blocks.length * 4 + index * 8, block.lastMs, true);
    if (block.isOdd) frame[headerBytes + blocks.length * blockEntryBytes + (index >> 3)]! |= 1 << (index & 7);
  }
  return joinBytes([frame, directoryBytes, listBytes]);
}

/** Tells each gram once for each block, where several blocks are one now. */
function eachOnce(
  { found }: LineGrams,
  starts: readonly number[],
  joins: number,
  stamps: Uint16Array,
  tell: (gram: number, block: number) => void,
): void {
  stamps.fill(0);
  for (let block = 0; block < starts.length - 1; block++) {
    const joined = block >> joins;
    for (let index = starts[block]!, end = starts[block + 1]!; index < end; index++) {
      const gram = found[index]!;
      if (stamps[gram] === joined + 1) continue;
      stamps[gram] = joined + 1;
      tell(gram, joined);
    }
  }
}

/** How many low bits of a gap are written plainly: the others, few then, are counted in ones. */
function riceBits(count: number, blocks: number): number {
  const share = ((blocks - count) * 0.69) / count;
  let bits = 0;
  while (2 << bits <= share) bits++;
  return bits;
}

class ByteWriter {
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

class BitWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(expected: number) {
    this.#bytes = new Uint8Array(expected + 64);
  }

  /** Writes a list of ascending numbers; the bytes that it takes. */
  list(values: Uint16Array, from: number, to: number, plainBits: number): number {
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

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

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
  let held = readList(lists, indexes[0]!, blocks, bytes);
  for (const index of indexes.slice(1)) {
    if (held.length * entriesPerBlock < lists.counts[index]!) break;
    held = intersect(held, readList(lists, index, blocks, bytes));
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

function readList({ counts, places }: GramLists, index: number, blocks: number, bytes: Uint8Array): Uint16Array {
  const count = counts[index]!;
  const list = new Uint16Array(count);
  let at = places[index]!;
  if (count === 1) {
    list[0] = at;
    return list;
  }
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

function intersect(a: Uint16Array, b: Uint16Array): Uint16Array {
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
