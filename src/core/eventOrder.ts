import type { EventMark } from '../model/sessionState.ts';

/** An event's place as a cursor of a page: pages begin behind it or end before it, and it stays good while the log grows. */
export type EventCursor = EventMark;

/** The one order of a session's events: by time, then writer, then that writer's own count, all compared plainly. */
export function compareMarks(a: EventMark, b: EventMark): number {
  if (a.at !== b.at) return a.at < b.at ? -1 : 1;
  if (a.w !== b.w) return a.w < b.w ? -1 : 1;
  return a.n - b.n;
}

export function markOf(event: EventMark): EventMark {
  return { at: event.at, w: event.w, n: event.n };
}
