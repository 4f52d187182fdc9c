import type { LoggedEvent } from '../model/event.ts';
import type { LogPlace } from '../protocol/messages.ts';
import type { EventCursor, LogReader } from '../store/logReader.ts';

export interface WindowEvents {
  /** Oldest first. */
  readonly events: readonly LoggedEvent[];
  /** There are older ones than the first of these. */
  readonly hasOlder: boolean;
  /** There are newer ones than the last of these. */
  readonly hasNewer: boolean;
}

/**
 * A stretch of the log for a page: next to what it holds, at its end, or around an event or a time. Costs what it holds,
 * wherever it lies. Around an event that the log has no more it is empty.
 */
export async function readWindow(reader: LogReader, at: LogPlace, count: number): Promise<WindowEvents> {
  if ('before' in at) {
    const { events, hasMore } = await reader.before(at.before, count);
    return { events, hasOlder: hasMore, hasNewer: true };
  }
  if ('after' in at) {
    const { events, hasMore } = await reader.after(at.after, count);
    return { events, hasOlder: true, hasNewer: hasMore };
  }
  if ('end' in at) {
    const { events, hasMore } = await reader.tail(count);
    return { events, hasOlder: hasMore, hasNewer: false };
  }
  const middle = 'event' in at ? await reader.find(at.event) : cursorAt(at.ms);
  if (middle === undefined) return { events: [], hasOlder: false, hasNewer: false };
  const half = Math.max(1, Math.floor(count / 2));
  const older = await reader.before(middle, half);
  // The event itself stands between the two: it is the first behind the last one before it.
  const from: EventCursor = older.events.at(-1) ?? { at: '', w: '', n: 0 };
  const newer = await reader.after(from, half);
  return { events: [...older.events, ...newer.events], hasOlder: older.hasMore, hasNewer: newer.hasMore };
}

/** Before the first event of that time. */
const cursorAt = (ms: number): EventCursor => ({ at: new Date(Math.min(Math.max(ms, 0), 8.64e15)).toISOString(), w: '', n: 0 });
