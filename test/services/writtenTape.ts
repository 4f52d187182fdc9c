import type { LoggedEvent, TapedeckEvent } from '../../src/model/event.ts';
import { segmentName } from '../../src/store/layout.ts';
import { linesOf, type LogRoom } from '../store/logRoom.ts';

/** Puts the events on disk, each writer's in segments of so many lines; what was there is overwritten. */
export async function writeTape(room: LogRoom, events: readonly LoggedEvent[], linesInSegment: number): Promise<void> {
  for (const [writer, lines] of linesByWriter(events))
    for (let from = 0; from < lines.length; from += linesInSegment)
      await room.writeSegment(segmentName(writer, 1 + from / linesInSegment), lines.slice(from, from + linesInSegment).join(''));
}

/** The lines of each writer, as a log holds them. */
function linesByWriter(events: readonly LoggedEvent[]): Map<string, string[]> {
  const own = new Map<string, LoggedEvent[]>();
  for (const event of events)
    own
      .set(event.w, own.get(event.w) ?? [])
      .get(event.w)!
      .push(event);
  const written = (event: LoggedEvent): TapedeckEvent => {
    if (event.kind !== 'foreign') return event;
    const { v, w, n, at, foreignKind } = event;
    return { v, w, n, at, kind: foreignKind, mood: n } as unknown as TapedeckEvent;
  };
  return new Map([...own].map(([writer, list]) => [writer, linesOf(list.map(written))]));
}
