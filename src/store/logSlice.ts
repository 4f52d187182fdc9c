import { EventMatcher, type EventFilter } from '../core/eventFilter.ts';
import { compareMarks, markOf, type EventCursor } from '../core/eventOrder.ts';
import type { Digest } from '../model/digest.ts';
import type { LoggedEvent } from '../model/event.ts';
import type { SessionLayout } from './layout.ts';
import type { LogPosition } from './logFollower.ts';
import { ChunkPool } from './chunkPool.ts';
import { OpenFiles } from './openFiles.ts';
import { describeSegment, listSegmentRefs, mayBeGrowing, type SegmentFile, type SegmentRef } from './segmentFile.ts';
import { TimeSlice } from './timeSlice.ts';
import type { WriterMaps } from './writerMap.ts';
import { openWriterStream, type Damage, type WriterStream } from './writerStream.ts';

/** Which part of the log is meant; all of it, when nothing is said. */
export interface LogSlice {
  /** Only what stands behind this place. */
  readonly after?: EventCursor | undefined;
  /** Only what stands before this place. */
  readonly before?: EventCursor | undefined;
  readonly filter?: EventFilter | undefined;
  /** In the place of a filter. It meets each sound line once, each writer's in order, also some that lie outside of the two places. */
  readonly matcher?: EventMatcher | undefined;
}

export interface EventPage {
  readonly events: readonly LoggedEvent[];
  readonly start: EventCursor | undefined;
  readonly end: EventCursor | undefined;
  /** There are more in the direction of reading: older ones for `tail` and `before`, newer ones for `after`. */
  readonly hasMore: boolean;
  readonly damage: readonly Damage[];
  /** How far each file went when the page was read; for `follow`. */
  readonly position: LogPosition;
}

export interface StoredEvent {
  readonly event: LoggedEvent;
  /** The line as it lies on disk, without its newline; good until the next one is asked for. */
  readonly line: Uint8Array;
}

/** A page ends early rather than hold more than this. */
const maxPageBytes = 32 << 20;
const batchEvents = 512;
const batchBytes = 1 << 20;
const streamBytes = 128 << 10;
/** So long it holds the event loop in one go; two may have their turn one behind the other. */
const sliceMs = 0.5;
/** An ordinary line and a bit. */
const lineBytes = 640;
/** The line on the other side of the place is read too. */
const edgeBytes = 2 << 10;

/** Reads parts of a session's log, in either direction. Each reading opens what it needs, and leaves nothing open. */
export class LogSlices {
  readonly #session: SessionLayout;
  readonly #maps: WriterMaps;
  readonly #digest: Digest;
  readonly #pool = new ChunkPool();

  constructor(session: SessionLayout, maps: WriterMaps, digest: Digest) {
    this.#session = session;
    this.#maps = maps;
    this.#digest = digest;
  }

  /** The first `count` events of the slice, or its last, oldest first in both cases. */
  async page(direction: 'forward' | 'backward', wanted: LogSlice, count: number): Promise<EventPage> {
    const chunkBytes = Math.min(128 << 10, Math.max(8 << 10, count * lineBytes));
    const reading = await this.#begin(direction, wanted, chunkBytes);
    try {
      const { streams } = reading;
      const events: LoggedEvent[] = [];
      const turn = new TimeSlice(sliceMs);
      let bytes = 0;
      while (events.length < count && bytes < maxPageBytes) {
        const stream = nextStream(streams, direction);
        if (stream === undefined) break;
        bytes += stream.headBytes;
        events.push(stream.head!);
        // What comes behind the last one is only asked for whether it is there.
        if (!stream.advance()) await moveOn(streams, stream);
        if (turn.isSpent) await turn.pause();
      }
      if (direction === 'backward') events.reverse();
      const first = events[0];
      const last = events.at(-1);
      const hasMore = streams.length > 0;
      const [position] = await Promise.all([reading.position(), reading.close()]);
      return {
        events,
        start: first && markOf(first),
        end: last && markOf(last),
        hasMore,
        damage: reading.damage(),
        position,
      };
    } finally {
      await reading.close();
    }
  }

  /** All of the slice, forward, one by one, each with its line. The damage that was met is told at the end. */
  async *lines(slice: LogSlice, onDamage?: (damage: readonly Damage[]) => void): AsyncGenerator<StoredEvent> {
    const reading = await this.#begin('forward', slice, streamBytes);
    const turn = new TimeSlice(sliceMs);
    try {
      for (;;) {
        const stream = nextStream(reading.streams, 'forward');
        if (stream === undefined) break;
        yield { event: stream.head!, line: stream.headLine };
        if (!stream.advance()) await moveOn(reading.streams, stream);
        if (turn.isSpent) await turn.pause();
      }
      onDamage?.(reading.damage());
    } finally {
      await reading.close();
    }
  }

  /** The same in batches, without the lines. */
  async *batches(slice: LogSlice, onDamage?: (damage: readonly Damage[]) => void): AsyncGenerator<readonly LoggedEvent[]> {
    const reading = await this.#begin('forward', slice, streamBytes);
    const turn = new TimeSlice(sliceMs);
    try {
      const { streams } = reading;
      let batch: LoggedEvent[] = [];
      let bytes = 0;
      for (;;) {
        const stream = nextStream(streams, 'forward');
        if (stream !== undefined) {
          bytes += stream.headBytes;
          batch.push(stream.head!);
          if (!stream.advance()) await moveOn(streams, stream);
          if (turn.isSpent) await turn.pause();
        }
        if (batch.length >= batchEvents || bytes >= batchBytes || stream === undefined) {
          if (batch.length > 0) yield batch;
          batch = [];
          bytes = 0;
        }
        if (stream === undefined) break;
      }
      onDamage?.(reading.damage());
    } finally {
      await reading.close();
    }
  }

  async #begin(direction: 'forward' | 'backward', slice: LogSlice, chunkBytes: number): Promise<Reading> {
    const writers = [...(await listSegmentRefs(this.#session)).values()];
    const reading = new Reading(this.#session, writers, this.#pool);
    const { after, before, filter } = slice;
    const matcher = slice.matcher ?? (filter === undefined ? undefined : new EventMatcher(filter));
    const isIn =
      after === undefined && before === undefined
        ? undefined
        : (event: EventCursor) =>
            (after === undefined || compareMarks(event, after) > 0) && (before === undefined || compareMarks(event, before) < 0);
    const ahead = direction === 'forward' ? { before: edgeBytes, behind: chunkBytes } : { before: chunkBytes, behind: edgeBytes };
    try {
      const begun = await Promise.allSettled(
        writers.map(async (segments) => {
          const place = { segments, files: reading.files, ahead };
          const from = after && (await this.#maps.startOf({ ...place, isBehind: (event) => compareMarks(event, after) > 0 }));
          const to = before && (await this.#maps.endOf({ ...place, isBehind: (event) => compareMarks(event, before) >= 0 }));
          await reading.add(
            openWriterStream({
              segments,
              direction,
              from,
              to,
              isIn,
              matcher,
              digest: this.#digest,
              chunkBytes,
              files: reading.files,
              ...reading.listeners,
            }),
          );
        }),
      );
      // Not before all have ended: what is closed is used again.
      for (const result of begun) if (result.status === 'rejected') throw result.reason;
      return reading;
    } catch (error) {
      await reading.close();
      throw error;
    }
  }
}

/** One reading: its streams, its open files, and what it met. */
class Reading {
  readonly files: OpenFiles;
  readonly streams: WriterStream[] = [];
  readonly listeners = {
    onDamage: (found: Damage): void => {
      this.#damage.push(found);
    },
    onOpen: (segment: SegmentFile): void => {
      this.#segments.set(segment.name, segment);
    },
    onTail: (segment: SegmentFile, from: number): void => {
      this.#tails.set(segment.name, from);
    },
  };
  readonly #session: SessionLayout;
  readonly #writers: readonly (readonly SegmentRef[])[];
  readonly #opened: WriterStream[] = [];
  readonly #damage: Damage[] = [];
  readonly #segments = new Map<string, SegmentFile>();
  readonly #tails = new Map<string, number>();

  constructor(session: SessionLayout, writers: readonly (readonly SegmentRef[])[], pool: ChunkPool) {
    this.files = new OpenFiles(pool);
    this.#session = session;
    this.#writers = writers;
  }

  async add(stream: WriterStream): Promise<void> {
    this.#opened.push(stream);
    if (await stream.fill()) this.streams.push(stream);
  }

  damage(): readonly Damage[] {
    return this.#damage.filter(({ reason, file, to }) => {
      const segment = reason === 'torn' ? this.#segments.get(file) : undefined;
      return segment === undefined || to !== segment.sizeBytes || !mayBeGrowing(segment);
    });
  }

  /** Of each writer's last segment; the ones before it are whole. */
  async position(): Promise<LogPosition> {
    const ends = await Promise.all(
      this.#writers.map(async (segments) => {
        const last = segments.at(-1)!;
        const tail = this.#tails.get(last.name);
        if (tail !== undefined) return [last.name, tail] as const;
        const segment = this.#segments.get(last.name) ?? (await describeSegment(this.#session.events, last.name));
        return [last.name, segment?.sizeBytes ?? 0] as const;
      }),
    );
    return Object.fromEntries(ends);
  }

  async close(): Promise<void> {
    for (const stream of this.#opened) await stream.close();
    await this.files.closeAll();
  }
}

/** The stream whose head comes next. Writers are few, so looking at each is the fastest. */
function nextStream(streams: readonly WriterStream[], direction: 'forward' | 'backward'): WriterStream | undefined {
  let best = streams[0];
  for (let index = 1; index < streams.length; index++) {
    const stream = streams[index]!;
    const order = compareMarks(stream.head!, best!.head!);
    if (direction === 'forward' ? order < 0 : order > 0) best = stream;
  }
  return best;
}

/** Reads on, and drops the stream from the list at its end. */
async function moveOn(streams: WriterStream[], stream: WriterStream): Promise<void> {
  if (await stream.fill()) return;
  streams.splice(streams.indexOf(stream), 1);
  await stream.close();
}
