import type { EventDraft } from '../model/event.ts';
import type { SessionId } from '../model/ids.ts';
import type { Deck } from './deck.ts';
import { requireRecorder } from './outcome.ts';

/** Records what a person says of a session into that very session: the recorded one, or an earlier one that is looked at. */
export async function recordEntry(deck: Deck, session: SessionId, draft: EventDraft): Promise<void> {
  const recorder = requireRecorder(deck);
  if (recorder.status().session === session) {
    await recorder.journal.record(draft);
    return;
  }
  const opened = await recorder.sessions.open(session, { shortLived: true });
  try {
    await opened.journal.record(draft);
  } finally {
    await opened.close();
  }
}
