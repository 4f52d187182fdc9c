import type { EventCursor } from '../core/eventOrder.ts';
import { markOf } from '../core/eventOrder.ts';
import type { LoggedEvent } from '../model/event.ts';
import { parseEventId } from '../model/ids.ts';
import type { LogReader } from '../store/logReader.ts';
import { CliError, usageError } from './cliError.ts';
import { findNamed, isNamedPoint, namedPointWords } from './namedPoint.ts';

/**
 * How a point of a session is named: by an event's id (`k3f9ab2c.12`); by its position in the session's merged order, from 1,
 * or from the end, from -1; by an ISO 8601 time, which stands for the last event until then; or by the names of `namedPoint`.
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
  const mark = markOf(await findPlace(reader, name));
  // Numbers are whole, so nothing stands between.
  return { ...mark, n: mark.n - 0.5 };
}

/** The place directly behind the named event (or time): what comes before it ends with that event. */
export async function placeBehind(reader: LogReader, name: string): Promise<EventCursor> {
  const at = parseTime(name);
  if (at !== undefined) return { at, w: '\uffff', n: Number.MAX_SAFE_INTEGER };
  const mark = markOf(await findPlace(reader, name));
  return { ...mark, n: mark.n + 0.5 };
}

/** As `findEvent`; but where the event at a position is damaged, the next one that can be read stands for its place. */
async function findPlace(reader: LogReader, name: string): Promise<LoggedEvent> {
  const position = parsePosition(name.trim());
  const found = position === undefined ? undefined : await reader.at(position);
  return found ?? findEvent(reader, name);
}

async function lookUp(reader: LogReader, name: string): Promise<LoggedEvent | undefined> {
  if (isNamedPoint(name)) return findNamed(reader, name);
  if (parseEventId(name) !== undefined) return reader.find(name);
  const position = parsePosition(name);
  if (position !== undefined) return findAt(reader, position);
  const at = parseTime(name);
  if (at === undefined)
    throw usageError(`${name} is no event: give an id (k3f9ab2c.12), a position (1, -1), a time (2026-11-21T10:00Z) or ${namedPointWords}`);
  return (await reader.before({ at, w: '\uffff', n: Number.MAX_SAFE_INTEGER }, 1)).events[0];
}

/** The event at exactly that position: one that is damaged is none. */
async function findAt(reader: LogReader, position: number): Promise<LoggedEvent | undefined> {
  const found = await reader.at(position);
  if (found === undefined) return undefined;
  const wanted = position > 0 ? position : (await reader.count()) + 1 + position;
  return (await reader.positionOf(markOf(found))) === wanted ? found : undefined;
}

function parsePosition(name: string): number | undefined {
  if (!/^-?\d{1,15}$/.test(name)) return undefined;
  const position = Number(name);
  if (position === 0) throw usageError('Positions count from 1, or from -1 backwards');
  return position;
}

/** A time as the log writes it; undefined when the text is none. Without a zone it is read as local time. */
export function parseTime(name: string): string | undefined {
  if (!/^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}|$)/.test(name)) return undefined;
  const time = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(name) ? `${name}T00:00` : name);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
