import { BlockListWriter, ByteWriter } from './blockLists.ts';
import { blockEntryBytes, headerBytes } from './gramPart.ts';
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

  /**
   * Takes the next line with its newline, which is `bytes[to]`; `bytes` may be undefined for one that is too long to be held.
   * Of a line that is not `isSound` nothing is believed, neither its time nor its texts: it may be mended yet.
   */
  add(bytes: Uint8Array | undefined, from: number, to: number, isSound: boolean): void {
    this.#sizeBytes += to + 1 - from;
    const isKnown = bytes !== undefined && isSound;
    if (to > from && !(isKnown && this.#grams.add(bytes, from, to))) this.#isOdd = true;
    if (this.#sizeBytes < blockBytes) return;
    this.#endBlock(isKnown ? lineTimeMs(bytes, from, to) : 0);
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
  const lists = new BlockListWriter(total);
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
      else directory.varint(lists.add(sorted, place, place + count, blocks.length));
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

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
