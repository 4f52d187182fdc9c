import type { EventCursor } from '../core/eventOrder.ts';
import { markOf } from '../core/eventOrder.ts';
import type { LoggedEvent } from '../model/event.ts';
import { parseEventId } from '../model/ids.ts';
import type { LogReader } from '../store/logReader.ts';
import { CliError, usageError } from './cliError.ts';

/**
 * How a point of a session is named: by an event's id (`k3f9ab2c.12`); by its position in the session's merged order, from 1,
 * or from the end, from -1; or by an ISO 8601 time, which stands for the last event until then.
 */
export async function findEvent(reader: LogReader, name: string): Promise<LoggedEvent> {
  const found = await lookUp(reader, name.trim());
  if (found === undefined) throw new CliError(1, 'no-event', `There is no event ${name} in this session`);
  return found;
}

/** The place directly before the named event (or time): what comes behind it begins with that event. */
export async function placeBefore(reader: LogReader, name: string): Promise<EventCursor> {
  const at = parseTime(name);
  if (at !== undefined) return { at, w: '', n: 0 };
  const mark = markOf(await findEvent(reader, name));
  // Numbers are whole, so nothing stands between.
  return { ...mark, n: mark.n - 0.5 };
}

/** The place directly behind the named event (or time). */
export async function placeBehind(reader: LogReader, name: string): Promise<EventCursor> {
  const at = parseTime(name);
  if (at !== undefined) return { at, w: '\uffff', n: Number.MAX_SAFE_INTEGER };
  return markOf(await findEvent(reader, name));
}

async function lookUp(reader: LogReader, name: string): Promise<LoggedEvent | undefined> {
  if (parseEventId(name) !== undefined) return reader.find(name);
  if (/^-?\d{1,15}$/.test(name)) {
    const position = Number(name);
    if (position === 0) throw usageError('Positions count from 1, or from -1 backwards');
    return position < 0 ? fromEnd(reader, -position) : fromStart(reader, position);
  }
  const at = parseTime(name);
  if (at === undefined) throw usageError(`${name} is no event: give an id (k3f9ab2c.12), a position (1, -1) or a time (2026-11-21T10:00Z)`);
  return (await reader.before({ at, w: '\uffff', n: Number.MAX_SAFE_INTEGER }, 1)).events[0];
}

async function fromStart(reader: LogReader, position: number): Promise<LoggedEvent | undefined> {
  let passed = 0;
  for await (const batch of reader.all()) {
    const found = batch[position - passed - 1];
    if (found !== undefined) return found;
    passed += batch.length;
  }
  return undefined;
}

const pageEvents = 2000;

async function fromEnd(reader: LogReader, count: number): Promise<LoggedEvent | undefined> {
  let page = await reader.tail(Math.min(count, pageEvents));
  let left = count;
  for (;;) {
    const found = page.events.at(-left);
    if (found !== undefined) return found;
    left -= page.events.length;
    if (!page.hasMore || page.start === undefined) return undefined;
    page = await reader.before(page.start, Math.min(left, pageEvents));
  }
}

/** A time as the log writes it; undefined when the text is none. Without a zone it is read as local time. */
export function parseTime(name: string): string | undefined {
  if (!/^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}|$)/.test(name)) return undefined;
  const time = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(name) ? `${name}T00:00` : name);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
