import { DisposableStore } from '../base/disposable.ts';
import type { EventFilter } from '../core/eventFilter.ts';
import type { LoggedEvent } from '../model/event.ts';
import type { SessionId } from '../model/ids.ts';
import { nodeDigest } from '../store/digest.ts';
import { openLogReader } from '../store/logReader.ts';
import type { Deck } from './deck.ts';
import { nothingRecorded } from './outcome.ts';

export interface ReadSession {
  readonly id: SessionId;
  readonly events: (filter: EventFilter) => AsyncIterable<readonly LoggedEvent[]>;
}

/** Opens all sessions of the workspace, the oldest first, for the time of the work; all that was seen until now is in them. */
export async function withAllSessions<T>(deck: Deck, work: (sessions: readonly ReadSession[]) => Promise<T>): Promise<T> {
  const { layout, sessions } = deck;
  if (layout === undefined || sessions === undefined) throw nothingRecorded();
  await deck.recorder?.flush();
  const disposables = new DisposableStore();
  try {
    const all: ReadSession[] = [];
    for (const { id } of (await sessions.list()).toReversed()) {
      const reader = disposables.add(await openLogReader({ layout, session: id, digest: nodeDigest }));
      all.push({ id, events: (filter) => reader.batches({ filter }) });
    }
    return await work(all);
  } finally {
    disposables.dispose();
  }
}

/** Looks at that session, if it is not the one that is looked at. */
export async function showSession(deck: Deck, session: SessionId): Promise<void> {
  if (session === deck.feed?.session) return;
  await deck.choose(session === deck.recorder?.status().session ? undefined : session);
}
