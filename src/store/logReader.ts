import type { Disposable } from '../base/disposable.ts';
import { toDisposable } from '../base/disposable.ts';
import { compareMarks, markOf, type EventCursor } from '../core/eventOrder.ts';
import type { Digest } from '../model/digest.ts';
import type { LoggedEvent } from '../model/event.ts';
import { parseEventId, type EventId, type SessionId } from '../model/ids.ts';
import type { TapedeckLayout } from './layout.ts';
import { followLog, type LogPosition } from './logFollower.ts';
import { verifyLog, type LogHealth } from './logHealth.ts';
import { listSegments, type SegmentFile } from './segmentFile.ts';
import { openWriterStream, type Damage, type WriterStream } from './writerStream.ts';

export type { EventCursor } from '../core/eventOrder.ts';
export type { LogPosition } from './logFollower.ts';
export type { LogHealth } from './logHealth.ts';
export type { Damage } from './writerStream.ts';

/**
 * Reads a session's log: every writer's segments as one order, by time, writer and number.
 * - A page costs what it holds, not what the log holds: the newest are read backwards from the files' ends, any other place
 *   is found by halving. No index is needed.
 * - Damage never ends a reading and is never silent: each page tells what it met.
 * - Nothing is written, nothing is locked, and no file stays open between calls.
 */
export interface LogReader extends Disposable {
  /** The newest `count` events, oldest first. */
  tail(count: number): Promise<EventPage>;
  /** The `count` events that stand directly before that place, oldest first. */
  before(cursor: EventCursor, count: number): Promise<EventPage>;
  /** The `count` events that stand directly behind that place, oldest first. */
  after(cursor: EventCursor, count: number): Promise<EventPage>;
  find(id: EventId): Promise<LoggedEvent | undefined>;
  /**
   * All events behind `from`, or all there are, in batches. What is appended meanwhile may or may not be among them. The damage
   * that was met is told when the last batch was taken.
   */
  all(from?: EventCursor, onDamage?: (damage: readonly Damage[]) => void): AsyncIterable<readonly LoggedEvent[]>;
  /**
   * Tells new events of every process, this one's too, within 100 ms; each batch in order. Begins with what comes after
   * this call, or, so that nothing falls in between, after the `position` of a page. What is already there and damaged is
   * not told.
   */
  follow(listener: (events: readonly LoggedEvent[]) => void, from?: LogPosition): Disposable;
  /** How many events were written, those among them that are damaged now counted too. Reads two lines of each segment. */
  count(): Promise<number>;
  /** Reads everything and checks every line and every writer's chain. */
  verify(): Promise<LogHealth>;
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

/** A page ends early rather than hold more than this. */
const maxPageBytes = 32 << 20;
const batchEvents = 512;
const batchBytes = 1 << 20;
/** So long after its last change an unfinished last line may still be being written. */
const growingMs = 2000;

export async function openLogReader(options: {
  readonly layout: TapedeckLayout;
  readonly session: SessionId;
  readonly digest: Digest;
}): Promise<LogReader> {
  const { digest } = options;
  const session = options.layout.session(options.session);
  const followers = new Set<Disposable>();

  interface Opened {
    readonly streams: WriterStream[];
    readonly damage: Damage[];
    readonly position: Record<string, number>;
    readonly segments: SegmentFile[];
  }

  const openStreams = async (direction: 'forward' | 'backward', cursor: EventCursor | undefined, chunkBytes: number): Promise<Opened> => {
    const writers = [...(await listSegments(session)).values()];
    const segments = writers.flat();
    const damage: Damage[] = [];
    const position = Object.fromEntries(segments.map(({ name, sizeBytes }) => [name, sizeBytes]));
    const streams = writers.map((own) =>
      openWriterStream({
        segments: own,
        direction,
        isBehind: cursor && ((event) => (direction === 'forward' ? compareMarks(event, cursor) > 0 : compareMarks(event, cursor) >= 0)),
        digest,
        chunkBytes,
        onDamage: (found) => damage.push(found),
        onTail: (segment, from) => {
          position[segment.name] = from;
        },
      }),
    );
    const found = await Promise.all(streams.map((stream) => stream.fill()));
    return { streams: streams.filter((_, index) => found[index]), damage, position, segments };
  };

  const readPage = async (direction: 'forward' | 'backward', cursor: EventCursor | undefined, count: number): Promise<EventPage> => {
    const chunkBytes = Math.min(256 << 10, Math.max(8 << 10, count * 640));
    const { streams, damage, position, segments } = await openStreams(direction, cursor, chunkBytes);
    const events: LoggedEvent[] = [];
    try {
      let bytes = 0;
      while (events.length < count && bytes < maxPageBytes) {
        const stream = nextStream(streams, direction);
        if (stream === undefined) break;
        bytes += stream.headBytes;
        events.push(stream.head!);
        await advance(streams, stream);
      }
    } finally {
      await closeAll(streams);
    }
    if (direction === 'backward') events.reverse();
    const first = events[0];
    const last = events.at(-1);
    return {
      events,
      start: first && markOf(first),
      end: last && markOf(last),
      hasMore: streams.length > 0,
      damage: damage.filter((found) => !isGrowing(found, segments)),
      position,
    };
  };

  return {
    tail: (count) => readPage('backward', undefined, count),
    before: (cursor, count) => readPage('backward', cursor, count),
    after: (cursor, count) => readPage('forward', cursor, count),

    async find(id) {
      const wanted = parseEventId(id);
      const segments = wanted && (await listSegments(session)).get(wanted.w);
      if (wanted === undefined || segments === undefined) return undefined;
      return findInSegments(segments, wanted.n, digest);
    },

    async *all(from, onDamage) {
      const { streams, damage, segments } = await openStreams('forward', from, 128 << 10);
      try {
        let batch: LoggedEvent[] = [];
        let bytes = 0;
        for (;;) {
          const stream = nextStream(streams, 'forward');
          if (stream !== undefined) {
            bytes += stream.headBytes;
            batch.push(stream.head!);
            if (!stream.advance()) await advance(streams, stream, true);
          }
          if (batch.length >= batchEvents || bytes >= batchBytes || stream === undefined) {
            if (batch.length > 0) yield batch;
            batch = [];
            bytes = 0;
          }
          if (stream !== undefined) continue;
          onDamage?.(damage.filter((found) => !isGrowing(found, segments)));
          return;
        }
      } finally {
        await closeAll(streams);
      }
    },

    follow(listener, from) {
      const follower = followLog({ session, digest, listener, from });
      const entry = toDisposable(() => {
        followers.delete(entry);
        follower.dispose();
      });
      followers.add(entry);
      return entry;
    },

    async count() {
      let total = 0;
      for (const segments of (await listSegments(session)).values()) {
        let counted = 0;
        for (const segment of segments) {
          const [first, last] = await Promise.all([edgeNumber(segment, 'forward', digest), edgeNumber(segment, 'backward', digest)]);
          if (first === undefined || last === undefined) continue;
          // Lines that were written again in the next segment are counted once.
          const from = Math.max(first, counted + 1);
          total += Math.max(0, last - from + 1);
          counted = Math.max(counted, last);
        }
      }
      return total;
    },

    verify: () => verifyLog(session),

    dispose() {
      for (const follower of [...followers]) follower.dispose();
    },
  };
}

/** The stream whose head comes next. Writers are few, so looking at each is the fastest. */
function nextStream(streams: readonly WriterStream[], direction: 'forward' | 'backward'): WriterStream | undefined {
  let best: WriterStream | undefined;
  for (const stream of streams) {
    if (best === undefined) best = stream;
    else {
      const order = compareMarks(stream.head!, best.head!);
      if (direction === 'forward' ? order < 0 : order > 0) best = stream;
    }
  }
  return best;
}

/** Moves the stream on, and drops it from the list at its end. */
async function advance(streams: WriterStream[], stream: WriterStream, isAdvanced = false): Promise<void> {
  if (!isAdvanced && stream.advance()) return;
  if (await stream.fill()) return;
  streams.splice(streams.indexOf(stream), 1);
  await stream.close();
}

async function closeAll(streams: readonly WriterStream[]): Promise<void> {
  await Promise.all(streams.map((stream) => stream.close()));
}

function isGrowing(damage: Damage, segments: readonly SegmentFile[]): boolean {
  if (damage.reason !== 'torn') return false;
  const segment = segments.find(({ name }) => name === damage.file);
  return segment !== undefined && damage.to === segment.sizeBytes && Date.now() - segment.modifiedMs < growingMs;
}

/** The number of a segment's first or last event. */
async function edgeNumber(segment: SegmentFile, direction: 'forward' | 'backward', digest: Digest): Promise<number | undefined> {
  const stream = openWriterStream({ segments: [segment], direction, digest, chunkBytes: 4 << 10, onDamage: () => {} });
  try {
    return (await stream.fill()) ? stream.head!.n : undefined;
  } finally {
    await stream.close();
  }
}

async function findInSegments(segments: readonly SegmentFile[], n: number, digest: Digest): Promise<LoggedEvent | undefined> {
  for (const segment of [...segments].reverse()) {
    const first = await edgeNumber(segment, 'forward', digest);
    if (first === undefined || first > n) continue;
    const stream = openWriterStream({
      segments: [segment],
      direction: 'forward',
      digest,
      isBehind: (event) => event.n >= n,
      onDamage: () => {},
    });
    try {
      while (await stream.fill()) {
        if (stream.head!.n === n) return stream.head;
        if (stream.head!.n > n) break;
        stream.advance();
      }
    } finally {
      await stream.close();
    }
  }
  return undefined;
}
