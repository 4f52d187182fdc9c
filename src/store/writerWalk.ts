import type { FileHandle } from 'node:fs/promises';
import { RepeatMemory } from '../core/repeatMemory.ts';
import { readLine, type LineRecord } from '../core/salvage.ts';
import type { Digest } from '../model/digest.ts';
import type { LoggedEvent } from '../model/event.ts';
import type { WriterId } from '../model/ids.ts';
import type { ChunkPool } from './chunkPool.ts';
import { forwardLines, type LineSource, type RawLine } from './lineSource.ts';
import { OpenFiles } from './openFiles.ts';
import { mayBeGrowing, openSegmentFile, type SegmentFile } from './segmentFile.ts';
import type { Damage } from './writerStream.ts';
import { readCopies } from './writtenTwice.ts';

/** Where a walk left a writer's files. */
export interface WriterPlace {
  readonly writer: WriterId;
  /** The sizes of its segments before this one, by number. */
  readonly before: readonly (readonly [number: number, sizeBytes: number])[];
  /** The segment's number. */
  readonly segment: number;
  /** The end of the line that was walked over last, without its newline. */
  readonly offset: number;
  /** That line's number, the hash of the line before it, and its checksum: they stand for everything up to there. */
  readonly n: number;
  readonly prev: string;
  readonly crc: string;
}

const chunkBytes = 128 << 10;

/** One writer's way through its segments, from the beginning or from where another walk stood; see logWalk. */
export class WriterWalk {
  readonly #segments: readonly SegmentFile[];
  readonly #from: WriterPlace | undefined;
  readonly #digest: Digest;
  readonly #pool: ChunkPool;
  readonly #waiting: SegmentFile[];
  readonly #repeats = new RepeatMemory();
  readonly #damage: Damage[] = [];
  #segment: SegmentFile | undefined;
  #handle: FileHandle | undefined;
  #source: LineSource | undefined;
  #records: { readonly record: LineRecord; readonly end: number; readonly segment: SegmentFile }[] = [];
  #next = 0;
  #taken: { readonly record: LineRecord; readonly end: number; readonly segment: SegmentFile } | undefined;
  #met: number;
  /** Numbers between these two were passed in the line at that offset, and may stand in a later segment. */
  #gap: { readonly below: number; readonly above: number; readonly offset: number } | undefined;
  isWhole = true;
  isDoubtful = false;

  constructor(
    segments: readonly SegmentFile[],
    from: WriterPlace | undefined,
    { digest, pool }: { readonly digest: Digest; readonly pool: ChunkPool },
  ) {
    this.#segments = segments;
    this.#from = from;
    this.#digest = digest;
    this.#pool = pool;
    this.#met = from?.n ?? 0;
    this.#waiting = segments.filter(({ number }) => from === undefined || number >= from.segment);
  }

  get head(): LoggedEvent | undefined {
    return this.#records[this.#next]?.record.event;
  }

  get headBytes(): number {
    const record = this.#records[this.#next]?.record;
    return record === undefined ? 0 : record.to - record.from;
  }

  get place(): WriterPlace | undefined {
    if (this.#taken === undefined) return this.#from;
    const { record, end, segment } = this.#taken;
    const before = this.#segments.filter(({ number }) => number < segment.number).map((one) => [one.number, one.sizeBytes] as const);
    const { event, prev, crc } = record;
    return { writer: segment.writer, before, segment: segment.number, offset: end, n: event.n, prev, crc };
  }

  get restBytes(): number {
    const { place } = this;
    if (place === undefined) return bytesOf(this.#segments);
    // But for that line's newline.
    return Math.max(0, bytesOf(this.#segments.filter(({ number }) => number >= place.segment)) - place.offset - 1);
  }

  damageMet(): Damage[] {
    const last = this.#segments.at(-1);
    const isGrowing = last !== undefined && mayBeGrowing(last);
    return this.#damage.filter(({ file, reason }) => !(isGrowing && reason === 'torn' && file === last.name));
  }

  /** Of what lies before the place. */
  damageBefore(): Damage[] {
    const { place } = this;
    if (place === undefined) return [];
    const numbers = new Map(this.#segments.map(({ name, number }) => [name, number]));
    return this.#damage.filter(({ file, from }) => {
      const number = numbers.get(file)!;
      return number < place.segment || (number === place.segment && from < place.offset);
    });
  }

  /** True when the files up to the place are those that were walked over: the earlier ones by their size, this one by the line that ends there. */
  async isWhereItWas(): Promise<boolean> {
    const from = this.#from;
    if (from === undefined) return true;
    const before = this.#segments.filter(({ number }) => number < from.segment);
    const isSame =
      before.length === from.before.length &&
      before.every(({ number, sizeBytes }, index) => from.before[index]?.[0] === number && from.before[index]?.[1] === sizeBytes);
    const segment = this.#waiting[0];
    if (!isSame || segment?.number !== from.segment || segment.sizeBytes < from.offset) return false;
    const expected = Buffer.from(`,"prev":"${from.prev}","crc":"${from.crc}"}`, 'latin1');
    if (from.offset < expected.length) return false;
    try {
      this.#handle = await openSegmentFile(segment);
      const found = Buffer.alloc(expected.length);
      const { bytesRead } = await this.#handle.read(found, 0, found.length, from.offset - found.length);
      return bytesRead === found.length && found.equals(expected);
    } catch {
      return false;
    }
  }

  /** Passes the head by; the place is behind it. */
  take(): void {
    this.#taken = this.#records[this.#next++];
  }

  /** Makes the next event the head without touching the disk. */
  advance(): boolean {
    while (this.#gap !== undefined || this.#next >= this.#records.length) {
      if (this.#gap !== undefined) return false;
      const line = this.#source?.take();
      if (line === undefined) return false;
      this.#records = [];
      this.#next = 0;
      this.#read(line, this.#segment!);
    }
    return true;
  }

  async fill(): Promise<boolean> {
    while (!this.advance()) {
      if (this.#gap !== undefined) {
        await this.#fillGap(this.#gap);
        continue;
      }
      try {
        if (this.#source !== undefined && (await this.#source.fill())) continue;
      } catch {
        this.#fail(this.#segment!);
      }
      if (!(await this.#openNext())) return false;
    }
    return true;
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    this.#drop();
    await handle?.close().catch(() => {});
  }

  async #openNext(): Promise<boolean> {
    // The place's own file is open already.
    if (this.#segment !== undefined || this.#from === undefined) await this.close();
    const segment = this.#waiting.shift();
    if (segment === undefined) {
      await this.close();
      return false;
    }
    const offset = this.#segment === undefined ? (this.#from?.offset ?? 0) : 0;
    this.#segment = segment;
    try {
      this.#handle ??= await openSegmentFile(segment);
      this.#source = forwardLines({ file: this.#handle, from: offset, to: segment.sizeBytes, chunkBytes, pool: this.#pool });
    } catch {
      this.#fail(segment);
    }
    return true;
  }

  /** Gone, locked or not ours to read: said, and gone on with the next. */
  #fail({ name: file, sizeBytes }: SegmentFile): void {
    this.#damage.push({ file, from: 0, to: sizeBytes, reason: 'unreadable' });
    this.#drop();
    this.isWhole = false;
  }

  /** Nothing that was read points into its memory any more. */
  #drop(): void {
    this.#source?.release();
    this.#source = undefined;
  }

  /** Puts sound copies of what is missed before what was read. They lie behind where the file is left, so no place stands for them. */
  async #fillGap({ below, above, offset }: { readonly below: number; readonly above: number; readonly offset: number }): Promise<void> {
    this.#gap = undefined;
    const segment = this.#segment!;
    const place = { segments: this.#segments, index: this.#segments.indexOf(segment), direction: 'forward' } as const;
    for (const { record } of await readCopies({ ...place, below, above, files: new OpenFiles(), digest: this.#digest })) {
      this.isWhole = false;
      if (!this.#repeats.isRepeat(record)) this.#records.push({ record, end: offset, segment });
    }
    this.#records.sort((a, b) => a.record.event.n - b.record.event.n);
  }

  #read(line: RawLine, segment: SegmentFile): void {
    const { name: file, sizeBytes, writer } = segment;
    if (line.isTooLong) {
      this.#damage.push({ file, from: line.from, to: line.to, reason: 'too-long' });
      return;
    }
    const { records, damage } = readLine(line.bytes, this.#digest, line.isTail && line.to === sizeBytes);
    for (const { from, to, reason } of damage) this.#damage.push({ file, from: line.from + from, to: line.from + to, reason });
    let count = 0;
    let last = 0;
    for (const record of records) {
      if (record.event.w !== writer) {
        this.#damage.push({ file, from: line.from + record.from, to: line.from + record.to, reason: 'stray' });
        continue;
      }
      if (this.#from !== undefined && record.event.n <= this.#from.n) this.isDoubtful = true;
      count += 1;
      last = record.event.n;
      if (!this.#repeats.isRepeat(record)) this.#records.push({ record, end: line.from + record.to, segment });
    }
    if (last - this.#met > count) this.#gap = { below: this.#met, above: last, offset: line.from };
    this.#met = Math.max(this.#met, last);
  }
}

export function bytesOf(segments: readonly SegmentFile[]): number {
  return segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
