import { compareMarks, type EventCursor } from '../core/eventOrder.ts';
import type { EventFilter } from '../core/eventFilter.ts';
import type { LogReader, LogSlice } from '../store/logReader.ts';
import { usageError } from './cliError.ts';
import { placeBefore, placeBehind } from './eventPoint.ts';

/** Which events of a session are asked for. Events are named as `findEvent` says. */
export interface LogRange {
  readonly from?: string;
  readonly after?: string;
  readonly to?: string;
  readonly before?: string;
  readonly first?: number;
  readonly last?: number;
  readonly kind?: readonly string[];
  readonly run?: string;
  readonly turn?: number;
}

/** The slice that is meant; what `first` and `last` leave of it is for `limitSlice`. Throws CliError. */
export async function sliceOf(reader: LogReader, range: LogRange): Promise<LogSlice> {
  const { from, after, to, before, kind, run, turn } = range;
  const starts = [
    from === undefined ? undefined : await placeBefore(reader, from),
    after === undefined ? undefined : await placeBehind(reader, after),
  ];
  const ends = [
    to === undefined ? undefined : await placeBehind(reader, to),
    before === undefined ? undefined : await placeBefore(reader, before),
  ];
  const filter: EventFilter | undefined =
    kind === undefined && run === undefined && turn === undefined ? undefined : { kinds: kind, run, turn };
  return { after: outermost(starts, 1), before: outermost(ends, -1), filter };
}

const pageEvents = 1000;

/** The slice without what `last` leaves out: reads backwards, so that the cost is that of what is left. */
export async function limitSlice(reader: LogReader, slice: LogSlice, last: number | undefined): Promise<LogSlice> {
  if (last === undefined) return slice;
  let left = last;
  let start: EventCursor | undefined;
  for (;;) {
    const page = await reader.last({ ...slice, before: start ?? slice.before }, Math.min(left, pageEvents));
    left -= page.events.length;
    start = page.start ?? start;
    if (left <= 0 || !page.hasMore || page.start === undefined) break;
  }
  return start === undefined ? slice : { ...slice, after: { ...start, n: start.n - 0.5 } };
}

/** Throws a usage error for what contradicts itself. */
export function checkRange({ first, last, to, before }: LogRange, isFollowed: boolean): void {
  if (first !== undefined && last !== undefined) throw usageError('Give --first or --last, not both');
  if (!isFollowed) return;
  if (first !== undefined || to !== undefined || before !== undefined)
    throw usageError('--follow has no end: leave --to, --before and --first out');
}

/** Of two places the one that leaves less. */
function outermost(places: readonly (EventCursor | undefined)[], direction: 1 | -1): EventCursor | undefined {
  let chosen: EventCursor | undefined;
  for (const place of places)
    if (place !== undefined && (chosen === undefined || compareMarks(place, chosen) * direction > 0)) chosen = place;
  return chosen;
}
