import type { FileHandle } from 'node:fs/promises';
import { compareMarks } from '../core/eventOrder.ts';
import { RepeatMemory } from '../core/repeatMemory.ts';
import { readLine, type LineRecord } from '../core/salvage.ts';
import type { Digest } from '../model/digest.ts';
import type { LoggedEvent } from '../model/event.ts';
import type { WriterId } from '../model/ids.ts';
import type { EventMark } from '../model/sessionState.ts';
import { ChunkPool } from './chunkPool.ts';
import type { SessionLayout } from './layout.ts';
import { forwardLines, type LineSource, type RawLine } from './lineSource.ts';
import { listSegments, mayBeGrowing, openSegmentFile, type SegmentFile } from './segmentFile.ts';
import { OpenFiles } from './openFiles.ts';
import type { TimeSlice } from './timeSlice.ts';
import type { Damage } from './writerStream.ts';
import { readCopies } from './writtenTwice.ts';

/**
 * Goes through a session's log from the beginning, or from where another walk stood, in the session's order. It gives the
 * events that a log reader gives, and says after each batch where each writer's file was left.
 *
 * K1 A walk that goes on from places gives what the walk that they are from gave, or it gives nothing: it is refused when
 *    a file before its place is not what it was, or when an event that was not walked over belongs before `mark`.
 * K2 What it cannot know to be so on the way ends it: `isDoubtful`.
 */
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

export interface LogWalk {
  /**
   * The next events, at most `count`, none behind the one that `isLast` picks, and no more than there is time for, but one.
   * Empty at the end, and once it is doubtful.
   */
  next(
    count: number,
    options?: { readonly isLast?: ((event: LoggedEvent) => boolean) | undefined; readonly slice?: TimeSlice },
  ): Promise<readonly LoggedEvent[]>;
  /** Where each writer stands after the events that were given. */
  places(): readonly WriterPlace[];
  /** What could not be read, of all that lies before the places. */
  damage(): readonly Damage[];
  /** What could not be read of all that was walked over, what lies behind the last event too. An end that may still be written to is not told. */
  damageMet(): readonly Damage[];
  /** What lies before the places could be read, so that they stand for it. */
  readonly isWhole: boolean;
  /** A line was met that may have been walked over before the place from which this walk went on. */
  readonly isDoubtful: boolean;
  /** Of all segments as they were found, of what of them lies behind the places, and of the lines that were given. */
  readonly sizeBytes: number;
  readonly restBytes: number;
  readonly givenBytes: number;
  close(): Promise<void>;
}

/** Undefined when it cannot go on from there; see K1. */
export async function openLogWalk(options: {
  readonly session: SessionLayout;
  readonly digest: Digest;
  readonly from?: { readonly places: readonly WriterPlace[]; readonly mark: EventMark } | undefined;
}): Promise<LogWalk | undefined> {
  const { session, digest, from } = options;
  const writers = await listSegments(session);
  const known = new Map(from?.places.map((place) => [place.writer, place]));
  for (const writer of known.keys()) if (!writers.has(writer)) return undefined;
  const pool = new ChunkPool();
  const walks = [...writers].map(([writer, segments]) => new WriterWalk(segments, known.get(writer), { digest, pool }));
  const close = async (): Promise<void> => {
    await Promise.all(walks.map((walk) => walk.close()));
  };
  try {
    const isTrue = await Promise.all(walks.map((walk) => walk.isWhereItWas()));
    await Promise.all(walks.map((walk) => walk.fill()));
    const isLate = walks.some(
      ({ head, isDoubtful }) => isDoubtful || (head !== undefined && from !== undefined && compareMarks(head, from.mark) <= 0),
    );
    if (isTrue.includes(false) || isLate) {
      await close();
      return undefined;
    }
  } catch (error) {
    await close();
    throw error;
  }
  let givenBytes = 0;
  const open = walks.filter(({ head }) => head !== undefined);
  return {
    async next(count, { isLast, slice } = {}) {
      const events: LoggedEvent[] = [];
      let bytes = 0;
      while (events.length < count && bytes < batchBytes) {
        let best: WriterWalk | undefined;
        for (const walk of open) if (best === undefined || compareMarks(walk.head!, best.head!) < 0) best = walk;
        if (best === undefined || best.isDoubtful) break;
        const event = best.head!;
        bytes += best.headBytes;
        givenBytes += best.headBytes;
        events.push(event);
        best.take();
        if (!best.advance() && !(await best.fill())) open.splice(open.indexOf(best), 1);
        if (best.isDoubtful || isLast?.(event) === true || slice?.isSpent === true) break;
      }
      return events;
    },
    places: () => walks.map((walk) => walk.place).filter((place) => place !== undefined),
    damage: () => walks.flatMap((walk) => walk.damageBefore()),
    damageMet: () => walks.flatMap((walk) => walk.damageMet()),
    get isWhole() {
      return walks.every(({ isWhole }) => isWhole);
    },
    get isDoubtful() {
      return walks.some(({ isDoubtful }) => isDoubtful);
    },
    get givenBytes() {
      return givenBytes;
    },
    sizeBytes: bytesOf([...writers.values()].flat()),
    get restBytes() {
      return walks.reduce((sum, walk) => sum + walk.restBytes, 0);
    },
    close,
  };
}

const batchBytes = 1 << 20;
const chunkBytes = 128 << 10;

/** One writer's way. */
class WriterWalk {
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

function bytesOf(segments: readonly SegmentFile[]): number {
  return segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
