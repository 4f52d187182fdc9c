import type { Disposable } from '../base/disposable.ts';
import type { EventFilter } from '../core/eventFilter.ts';
import type { EventCursor } from '../core/eventOrder.ts';
import type { Digest } from '../model/digest.ts';
import type { LoggedEvent } from '../model/event.ts';
import type { EventId, SessionId } from '../model/ids.ts';
import type { TapedeckLayout } from './layout.ts';
import { followLog, type LogFollowing, type LogPosition } from './logFollower.ts';
import { verifyLog, type LogHealth } from './logHealth.ts';
import { LogPlaces } from './logPlaces.ts';
import { LogSlices, type EventPage, type LogSlice, type StoredEvent } from './logSlice.ts';
import { WriterMaps } from './writerMap.ts';
import type { Damage } from './writerStream.ts';

export type { EventCursor } from '../core/eventOrder.ts';
export type { LogPosition } from './logFollower.ts';
export type { LogHealth } from './logHealth.ts';
export type { EventPage, LogSlice, StoredEvent } from './logSlice.ts';
export type { Damage } from './writerStream.ts';

/**
 * Reads a session's log: every writer's segments as one order, by time, writer and number.
 * - A page costs what it holds, not what the log holds: the newest are read backwards from the files' ends, any other place
 *   is found by halving, or at once where a sidecar or an earlier reading tells where to look.
 * - A cursor is the place of an event, `{ at, w, n }`. It stays good whatever is appended, by whom, and after a restart: the
 *   same slice comes again. An event that another writer tells late, with an earlier time, takes its place among the
 *   earlier ones: who reads on `after` a cursor does not meet it, who must meet everything that is new uses `follow`.
 * - Damage never ends a reading and is never silent: each page tells what it met.
 * - Nothing is written, nothing is locked, and no file stays open between calls.
 */
export interface LogReader extends Disposable {
  /** The newest `count` events, oldest first. */
  tail(count: number, filter?: EventFilter): Promise<EventPage>;
  /** The `count` events that stand directly before that place, oldest first. */
  before(cursor: EventCursor, count: number, filter?: EventFilter): Promise<EventPage>;
  /** The `count` events that stand directly behind that place, oldest first. */
  after(cursor: EventCursor, count: number, filter?: EventFilter): Promise<EventPage>;
  /** The first `count` events of a slice. */
  first(slice: LogSlice, count: number): Promise<EventPage>;
  /** The last `count` events of a slice, oldest first. */
  last(slice: LogSlice, count: number): Promise<EventPage>;
  find(id: EventId): Promise<LoggedEvent | undefined>;
  /**
   * The event at that position of the order: 1 is the first, -1 the last. Positions count what was written: damage does not
   * move those behind it, and where the event itself is damaged the next that can be read is given. Undefined beyond the ends.
   */
  at(position: number): Promise<LoggedEvent | undefined>;
  /** The position of the last event until that place, with it; 0 before the first. */
  positionOf(cursor: EventCursor): Promise<number>;
  /**
   * All events behind `from`, or all there are, in batches. What is appended meanwhile may or may not be among them. The damage
   * that was met is told when the last batch was taken.
   */
  all(from?: EventCursor, onDamage?: (damage: readonly Damage[]) => void): AsyncIterable<readonly LoggedEvent[]>;
  /** The slice in batches, as `all`. */
  batches(slice: LogSlice, onDamage?: (damage: readonly Damage[]) => void): AsyncIterable<readonly LoggedEvent[]>;
  /** The slice one by one, each event with its line as it is stored. */
  lines(slice: LogSlice): AsyncIterable<StoredEvent>;
  /**
   * Tells new events of every process, this one's too, within 100 ms; each batch in order. Begins with what comes after
   * this call, or, so that nothing falls in between, after the `position` of a page. What is already there and damaged is
   * not told; what is met from then on, and what of the read is no longer there, is told to `onDamage`.
   */
  follow(
    listener: (events: readonly LoggedEvent[]) => void,
    from?: LogPosition,
    onDamage?: (damage: readonly Damage[]) => void,
  ): LogFollowing;
  /** How many events were written, those among them that are damaged or lost now counted too. Reads two lines of each writer. */
  count(): Promise<number>;
  /** Reads everything and checks every line and every writer's chain. */
  verify(): Promise<LogHealth>;
}

export async function openLogReader(options: {
  readonly layout: TapedeckLayout;
  readonly session: SessionId;
  readonly digest: Digest;
}): Promise<LogReader> {
  const { digest } = options;
  const session = options.layout.session(options.session);
  const maps = new WriterMaps(session, digest);
  const slices = new LogSlices(session, maps, digest);
  const places = new LogPlaces(session, maps, slices, digest);
  const followers = new Set<Disposable>();

  return {
    tail: (count, filter) => slices.page('backward', { filter }, count),
    before: (before, count, filter) => slices.page('backward', { before, filter }, count),
    after: (after, count, filter) => slices.page('forward', { after, filter }, count),
    first: (slice, count) => slices.page('forward', slice, count),
    last: (slice, count) => slices.page('backward', slice, count),
    find: (id) => places.find(id),
    at: async (position) => places.at(position < 0 ? (await places.position()) + 1 + position : position),
    positionOf: (cursor) => places.position(cursor),
    all: (after, onDamage) => slices.batches({ after }, onDamage),
    batches: (slice, onDamage) => slices.batches(slice, onDamage),
    lines: (slice) => slices.lines(slice),

    follow(listener, from, onDamage) {
      const follower = followLog({ session, digest, listener, from, onDamage });
      followers.add(follower);
      return {
        catchUp: () => follower.catchUp(),
        dispose: () => {
          followers.delete(follower);
          follower.dispose();
        },
      };
    },

    count: () => places.position(),
    verify: () => verifyLog(session),

    dispose() {
      for (const follower of [...followers]) follower.dispose();
    },
  };
}
