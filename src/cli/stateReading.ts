import { emptyState, foldAll, foldEvent } from '../core/fold.ts';
import { eventId, type EventId } from '../model/ids.ts';
import type { SessionState } from '../model/sessionState.ts';
import type { LogReader } from '../store/logReader.ts';

/** The session's state, until and with that event where one is given. Reads the log from its beginning. */
export async function readState(reader: LogReader, until?: EventId): Promise<SessionState> {
  const state = emptyState();
  for await (const batch of reader.all()) {
    for (const event of batch) {
      foldEvent(state, event);
      if (until !== undefined && eventId(event) === until) return state;
    }
  }
  return state;
}

/** What the newest events alone say: enough to know what is going on, at a cost that does not grow with the log. */
export async function readRecentState(reader: LogReader): Promise<SessionState> {
  return foldAll((await reader.tail(recentEvents)).events);
}

const recentEvents = 500;
