import { readdir, readFile } from 'node:fs/promises';
import * as z from 'zod';
import { EventMatcher } from '../core/eventFilter.ts';
import { compareMarks } from '../core/eventOrder.ts';
import type { LineHead } from '../core/lineHead.ts';
import type { Digest } from '../model/digest.ts';
import type { LoggedEvent } from '../model/event.ts';
import { isSessionId, type SessionId } from '../model/ids.ts';
import type { TapedeckLayout } from './layout.ts';
import { openLogReader } from './logReader.ts';
import { replaceFile } from './replaceFile.ts';

/**
 * A session's card: what a list of sessions shows, beside its log, so that a list need not read the logs. Everything in it
 * is derived; one that is missing, damaged or behind is made again from the log.
 */
export const StoredCard = z.object({
  id: z.string(),
  label: z.string().optional(),
  /** How much the session keeps of what agents say; all, when absent. */
  detail: z.enum(['full', 'brief']).optional(),
  /** ISO 8601, UTC, as in the log. */
  startedAt: z.string(),
  lastAt: z.string(),
  endedAt: z.string().optional(),
  endReason: z.string().optional(),
  folders: z.array(z.object({ name: z.string(), path: z.string() })),
  app: z.string().optional(),
  /** Made later out of transcripts and git's history. Nobody goes on with it. */
  isReconstructed: z.literal(true).optional(),
  /** The newest event that the card knows. */
  readTo: z.object({ at: z.string(), w: z.string(), n: z.number() }),
});
export type StoredCard = z.infer<typeof StoredCard>;

/** Ids of all sessions, oldest first. Empty when there is no such folder. */
export async function listSessionIds(layout: TapedeckLayout): Promise<SessionId[]> {
  try {
    return (await readdir(layout.sessions)).filter(isSessionId).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The card as stored; undefined when there is none that can be read. */
export async function readSessionCard(layout: TapedeckLayout, id: SessionId): Promise<StoredCard | undefined> {
  try {
    const card = StoredCard.safeParse(JSON.parse(await readFile(layout.session(id).card, 'utf8')));
    return card.success && card.data.id === id ? card.data : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the card in one step. */
export async function writeSessionCard(layout: TapedeckLayout, card: StoredCard): Promise<void> {
  await replaceFile(layout.session(card.id).card, `${JSON.stringify(card, undefined, 2)}\n`);
}

export interface RefreshOptions {
  readonly layout: TapedeckLayout;
  readonly digest: Digest;
  readonly id: SessionId;
  /** What is stored, to read only what came after it. */
  readonly card: StoredCard | undefined;
  /** Stores it when so many events had to be read for it, so that the next one who asks need not. Never, when absent. */
  readonly storeFrom?: number;
}

/** The card as the log says now. An ended session's stored card is taken as it is. Undefined when the log holds no event at all. */
export async function refreshSessionCard({ layout, digest, id, card, storeFrom }: RefreshOptions): Promise<StoredCard | undefined> {
  if (card?.endedAt !== undefined) return card;
  const reader = await openLogReader({ layout, session: id, digest });
  try {
    const newest = (await reader.tail(1)).events[0];
    if (newest === undefined || (card !== undefined && compareMarks(newest, card.readTo) === 0)) return card;
    const first = card === undefined ? (await reader.first({}, 1)).events[0] : undefined;
    let fresh = first === undefined ? card : addToCard(undefined, id, first);
    const matcher = new SessionMatcher();
    for await (const events of reader.batches({ after: fresh?.readTo, matcher }))
      for (const event of events) fresh = addToCard(fresh, id, event);
    if (fresh === undefined || compareMarks(newest, fresh.readTo) > 0) fresh = addToCard(fresh, id, newest);
    // A card that cannot be written only costs time.
    if (storeFrom !== undefined && matcher.met >= storeFrom) await writeSessionCard(layout, fresh).catch(() => {});
    return fresh;
  } finally {
    reader.dispose();
  }
}

/** Wants what a card tells, which is little of a log, and counts what it meets: the rest is not parsed. */
class SessionMatcher extends EventMatcher {
  met = 0;

  constructor() {
    super({ kinds: ['session'] });
  }

  override mayMatch(head: LineHead, bytes: Uint8Array): boolean {
    this.met += 1;
    return super.mayMatch(head, bytes);
  }
}

/** The card with one more event. Any first event begins one, so that a log whose beginning is lost still has a card. */
export function addToCard(card: StoredCard | undefined, id: SessionId, event: LoggedEvent): StoredCard {
  const base = card ?? { id, startedAt: event.at, lastAt: event.at, folders: [], readTo: { at: event.at, w: event.w, n: event.n } };
  const { endedAt: _, endReason: __, ...open } = base;
  // What follows an end (a label set later) does not open the session again.
  const next: StoredCard = {
    ...base,
    lastAt: event.at > base.lastAt ? event.at : base.lastAt,
    readTo: { at: event.at, w: event.w, n: event.n },
  };
  switch (event.kind) {
    case 'session.started':
      return {
        ...next,
        startedAt: event.at,
        folders: event.folders,
        ...(event.app === undefined ? {} : { app: event.app }),
        ...(event.reconstructed === undefined ? {} : { isReconstructed: event.reconstructed }),
        ...(event.label === undefined ? {} : { label: event.label }),
      };
    case 'session.labelled':
      return { ...next, label: event.label };
    case 'session.adjusted':
      return event.detail === undefined ? next : { ...next, detail: event.detail };
    case 'session.ended':
      return { ...next, endedAt: event.at, endReason: event.reason };
    case 'session.resumed':
      return event.reason === 'command' ? { ...open, lastAt: next.lastAt, readTo: next.readTo } : next;
    default:
      return next;
  }
}
