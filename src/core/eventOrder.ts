import type { LoggedEvent } from '../model/event.ts';
import type { EventMark } from '../model/sessionState.ts';
import { happenedAt } from './happenedAt.ts';

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

/** What begins work: of these the point meant is the moment they happened, not when the log learned of them. */
const beginnings: ReadonlySet<LoggedEvent['kind']> = new Set<LoggedEvent['kind']>([
  'prompt.submitted',
  'tool.called',
  'command.started',
  'run.started',
  'run.resumed',
]);

/**
 * The point in the session's order that an event stands for: what comes behind it comes after the event. An agent's record
 * can be read when its work is long done; then a prompt's place in the log lies behind the changes that it led to, and the
 * time at which it happened is the point that is meant.
 */
export function pointOf(event: LoggedEvent): EventMark {
  const at = happenedAt(event);
  return beginnings.has(event.kind) && at < event.at ? { at, w: afterEveryWriter, n: Number.MAX_SAFE_INTEGER } : markOf(event);
}

/** Sorts behind every writer's id, which has letters and digits only. */
const afterEveryWriter = '~';
