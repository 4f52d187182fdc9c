import { compareMarks, type EventCursor } from '../core/eventOrder.ts';
import type { Digest } from '../model/digest.ts';
import type { LoggedEvent } from '../model/event.ts';
import type { EventId } from '../model/ids.ts';
import { parseEventId } from '../model/ids.ts';
import type { EventMark } from '../model/sessionState.ts';
import type { SessionLayout } from './layout.ts';
import { logTimeMs } from './lineIndex.ts';
import type { LogSlices } from './logSlice.ts';
import { OpenFiles } from './openFiles.ts';
import { listSegmentRefs, type SegmentRef } from './segmentFile.ts';
import type { WriterMaps } from './writerMap.ts';
import { openWriterStream } from './writerStream.ts';

/**
 * Places by name and by count.
 * - Positions count what was written: a writer's first event is its 1st, and the number in each line says which it is. So no
 *   counting is needed, no index is believed, and damage does not move the positions of what stands behind it.
 * - The position of a place is that of the last event until there, over all writers.
 */
export class LogPlaces {
  readonly #session: SessionLayout;
  readonly #maps: WriterMaps;
  readonly #slices: LogSlices;
  readonly #digest: Digest;

  constructor(session: SessionLayout, maps: WriterMaps, slices: LogSlices, digest: Digest) {
    this.#session = session;
    this.#maps = maps;
    this.#slices = slices;
    this.#digest = digest;
  }

  async find(id: EventId): Promise<LoggedEvent | undefined> {
    const wanted = parseEventId(id);
    const segments = wanted && (await listSegmentRefs(this.#session)).get(wanted.w);
    if (wanted === undefined || segments === undefined) return undefined;
    return this.#reading(async (files) => {
      const from = await this.#maps.startOf({ segments, files, isBehind: ({ n }) => n >= wanted.n });
      const stream = this.#stream(segments, 'forward', files, { from });
      while (await stream.fill()) {
        if (stream.head!.n === wanted.n) return stream.head;
        if (stream.head!.n > wanted.n) return undefined;
        stream.advance();
      }
      return undefined;
    });
  }

  /** How many events were written until that place, with it; without a place, all. */
  position(place?: EventCursor): Promise<number> {
    return this.#reading(async (files) => {
      let position = 0;
      for (const writer of await this.#writers(files)) position += await this.#countOf(writer, place, files);
      return position;
    });
  }

  /** The event at that position, from 1; where that one is damaged, the next that can be read. Undefined behind the last one. */
  at(position: number): Promise<LoggedEvent | undefined> {
    return this.#reading(async (files) => {
      const writers = await this.#writers(files);
      const [only] = writers;
      if (only === undefined || position < 1) return undefined;
      if (writers.length === 1) return this.#firstFrom(only.segments, only.first.n + position - 1, files);
      return this.#amongMany(writers, position, files);
    });
  }

  /** By time, as all writers share that: the first millisecond until whose end so many were written holds the event. */
  async #amongMany(writers: readonly Writer[], position: number, files: OpenFiles): Promise<LoggedEvent | undefined> {
    const times = writers.flatMap(({ first, last }) => [logTimeMs(first.at), logTimeMs(last.at)]).filter((ms) => ms !== undefined);
    let from = Math.min(...times) - 1;
    let to = Math.max(...times);
    const countTo = async (writer: Writer, ms: number): Promise<number> => this.#countOf(writer, endOf(ms), files);
    // Of each writer, at both ends; one whose counts are equal there need not be asked in between.
    let atFrom = await inTurn(writers, (writer) => countTo(writer, from));
    let atTo = await inTurn(writers, (writer) => countTo(writer, to));
    while (to - from > 1) {
      const middle = from + Math.floor((to - from) / 2);
      const atMiddle = await inTurn(writers, (writer, index) => (atFrom[index] === atTo[index] ? atFrom[index]! : countTo(writer, middle)));
      if (sum(atMiddle) >= position) [to, atTo] = [middle, atMiddle];
      else [from, atFrom] = [middle, atMiddle];
    }
    const counts = new Map(writers.map(({ first }, index) => [first.w, atFrom[index]!]));
    const firsts = new Map(writers.map(({ first }) => [first.w, first.n]));
    for await (const { event } of this.#slices.lines({ after: endOf(from) })) {
      counts.set(event.w, event.n - (firsts.get(event.w) ?? event.n) + 1);
      if (sum([...counts.values()]) >= position) return event;
    }
    return undefined;
  }

  /** That writer's events until that place, with it. */
  async #countOf({ segments, first, last }: Writer, place: EventCursor | undefined, files: OpenFiles): Promise<number> {
    if (place === undefined || compareMarks(last, place) <= 0) return last.n - first.n + 1;
    if (compareMarks(first, place) > 0) return 0;
    const to = await this.#maps.endOf({ segments, files, isBehind: (event) => compareMarks(event, place) > 0 });
    const stream = this.#stream(segments, 'backward', files, { to, isIn: (event) => compareMarks(event, place) <= 0 });
    return (await stream.fill()) ? stream.head!.n - first.n + 1 : 0;
  }

  async #firstFrom(segments: readonly SegmentRef[], n: number, files: OpenFiles): Promise<LoggedEvent | undefined> {
    const from = await this.#maps.startOf({ segments, files, isBehind: (event) => event.n >= n });
    const stream = this.#stream(segments, 'forward', files, { from, isIn: (event) => event.n >= n });
    return (await stream.fill()) ? stream.head : undefined;
  }

  #stream(
    segments: readonly SegmentRef[],
    direction: 'forward' | 'backward',
    files: OpenFiles,
    options: Pick<Parameters<typeof openWriterStream>[0], 'from' | 'to' | 'isIn'>,
  ): ReturnType<typeof openWriterStream> {
    return openWriterStream({ segments, direction, files, digest: this.#digest, chunkBytes: 4 << 10, onDamage: () => {}, ...options });
  }

  async #writers(files: OpenFiles): Promise<Writer[]> {
    const found = await Promise.all(
      [...(await listSegmentRefs(this.#session)).values()].map(async (segments) => {
        const first = await this.#maps.edgeOf(segments, 'first', files);
        const last = first && (await this.#maps.edgeOf(segments, 'last', files));
        return last && { segments, first, last };
      }),
    );
    return found.filter((writer) => writer !== undefined);
  }

  async #reading<T>(work: (files: OpenFiles) => Promise<T>): Promise<T> {
    const files = new OpenFiles();
    try {
      return await work(files);
    } finally {
      await files.closeAll();
    }
  }
}

interface Writer {
  readonly segments: readonly SegmentRef[];
  readonly first: EventMark;
  readonly last: EventMark;
}

/** Behind every event of that millisecond. */
function endOf(ms: number): EventCursor {
  return { at: new Date(ms).toISOString(), w: '~', n: Number.MAX_SAFE_INTEGER };
}

/** One by one: they share open files. */
async function inTurn<T>(items: readonly T[], work: (item: T, index: number) => Promise<number> | number): Promise<number[]> {
  const results: number[] = [];
  for (const [index, item] of items.entries()) results.push(await work(item, index));
  return results;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
