import type { Clock, UnixMs } from '../base/clock.ts';
import type { Author } from '../model/author.ts';
import { systemAuthor, userAuthor } from '../model/author.ts';
import type { Digest } from '../model/digest.ts';
import { createSessionId, isSessionId, type SessionId } from '../model/ids.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import { openLogWriter, type LogWriter } from '../store/logWriter.ts';
import { listSessionIds, readSessionCard, refreshSessionCard, writeSessionCard, type StoredCard } from '../store/sessionCard.ts';
import { createJournal, type Journal } from './journal.ts';

export type SessionEndReason = 'command' | 'idle' | 'superseded';
export type SessionResumeReason = 'reload' | 'restart' | 'crash' | 'second-window' | 'command';

export interface SessionFolder {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
}

export interface SessionsOptions {
  readonly layout: TapedeckLayout;
  readonly clock: Clock;
  readonly digest: Digest;
  /** Of the workspace, the first one first. */
  readonly folders: readonly SessionFolder[];
  /** Who writes: `vscode`, `cli`, `mcp`. */
  readonly app: string;
  /** A session without an event for so long is not joined any more. */
  readonly idleHours: number;
  /** Lower-case letters and digits. */
  readonly random: (length: number) => string;
  /** A card that is far behind its log is stored by whoever reads it. Otherwise reading touches nothing. */
  readonly storesCards?: boolean;
}

/** Reading so many events takes some ten milliseconds. */
const cardStoredFrom = 1000;

/** A session that this process writes to. Whoever opened it closes it; closing does not end the session. */
export interface OpenSession {
  readonly id: SessionId;
  readonly journal: Journal;
  readonly writer: LogWriter;
  /** True when it was started by this call. */
  readonly isNew: boolean;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly label?: string;
  /** For a process that lives seconds: it takes a free writer's file rather than leave one behind. */
  readonly shortLived?: boolean;
  /** Who asked; the user when absent. */
  readonly by?: Author;
}

/**
 * The sessions of one layout. A session is joined by everybody while it has no `session.ended` and an event within the
 * idle hours; so it survives reloads, crashes and midnight. That it has gone idle is noticed by the next who looks.
 */
export interface Sessions {
  /** All sessions, newest first. A card that is missing or damaged is rebuilt from the log. */
  list(): Promise<readonly StoredCard[]>;
  read(id: SessionId): Promise<StoredCard | undefined>;
  /** The newest session, when it can be joined. */
  current(): Promise<StoredCard | undefined>;
  /** Joins the current session, or starts one (recording that an idle one before it has ended). A label is set in either case. */
  startOrJoin(options?: OpenOptions): Promise<OpenSession>;
  /** Starts a new session. A current one is ended as superseded. */
  start(options?: OpenOptions): Promise<OpenSession>;
  /** Opens a writer in that session, whatever its state. Rejects when there is no such session. */
  open(id: SessionId, options?: { readonly shortLived?: boolean }): Promise<OpenSession>;
  label(id: SessionId, label: string, by?: Author): Promise<void>;
  end(id: SessionId, reason: SessionEndReason, by?: Author): Promise<void>;
}

export function createSessions(options: SessionsOptions): Sessions {
  const { layout, clock, digest } = options;
  const idleMs = options.idleHours * 3_600_000;

  const read = async (id: SessionId): Promise<StoredCard | undefined> => {
    if (!isSessionId(id)) return undefined;
    const card = await readSessionCard(layout, id);
    return refreshSessionCard({ layout, digest, id, card, ...(options.storesCards === true && { storeFrom: cardStoredFrom }) });
  };

  /** The newest ones, those that were started last first. */
  const latest = async (count: number): Promise<StoredCard[]> => {
    const cards: StoredCard[] = [];
    for (const id of (await listSessionIds(layout)).toReversed()) {
      // A folder without an event is none: a start that failed may have left it, or another program.
      const card = await read(id);
      // One that was made later out of transcripts is never gone on with.
      if (card !== undefined && card.isReconstructed === undefined) cards.push(card);
      if (cards.length === count) break;
    }
    return cards;
  };

  /** The one to go on with, else the last one. Of the same second, or where two began one at once, the card decides. */
  const newest = async (): Promise<StoredCard | undefined> => {
    const cards = (await latest(3)).sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
    return cards.find(canJoin) ?? cards[0];
  };

  const canJoin = (card: StoredCard): boolean => card.endedAt === undefined && clock.now() - Date.parse(card.lastAt) < idleMs;

  const openIn = async (id: SessionId, isNew: boolean, shortLived: boolean): Promise<OpenSession> => {
    const writer = await openLogWriter({ layout, session: id, clock, digest, shortLived });
    return { id, journal: createJournal(writer, id), writer, isNew, close: () => writer.close() };
  };

  const refreshStored = async (id: SessionId): Promise<void> => {
    const card = await read(id);
    if (card !== undefined) await writeSessionCard(layout, card);
  };

  const recordIn = async (id: SessionId, run: (journal: Journal) => Promise<unknown>): Promise<void> => {
    const session = await openIn(id, false, true);
    try {
      await run(session.journal);
    } finally {
      await session.close();
    }
    await refreshStored(id);
  };

  const end = (id: SessionId, reason: SessionEndReason, by: Author): Promise<void> =>
    recordIn(id, (journal) => journal.record({ kind: 'session.ended', by, reason }));

  /** The end of the one before: on a full disk a long-lived writer begins without, for it waits in memory and says why. */
  const endBefore = (id: SessionId, reason: SessionEndReason, by: Author, open: OpenOptions): Promise<void> =>
    open.shortLived === true ? end(id, reason, by) : end(id, reason, by).catch(() => {});

  const startNew = async (open: OpenOptions): Promise<OpenSession> => {
    const now: UnixMs = clock.now();
    const id = createSessionId(new Date(now), options.random, (await latest(1))[0]?.id);
    const session = await openIn(id, true, open.shortLived ?? false);
    const label = open.label === undefined ? {} : { label: open.label };
    const folders = options.folders.map(({ name, path }) => ({ name, path }));
    const recordStart = async (): Promise<void> => {
      const { at, w, n } = await session.journal.record({
        kind: 'session.started',
        by: open.by ?? userAuthor,
        session: id,
        ...label,
        folders,
        app: options.app,
      });
      // The card only saves time; a log without one is whole.
      await writeSessionCard(layout, { id, ...label, startedAt: at, lastAt: at, folders, app: options.app, readTo: { at, w, n } }).catch(
        () => {},
      );
    };
    try {
      await (open.shortLived === true ? recordStart() : unlessDegraded(session.writer, recordStart()));
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  };

  return {
    async list() {
      const ids = await listSessionIds(layout);
      const cards: StoredCard[] = [];
      for (const id of ids) {
        const card = await read(id);
        if (card !== undefined) cards.push(card);
      }
      return cards.sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
    },
    read,
    async current() {
      const card = await newest();
      return card !== undefined && canJoin(card) ? card : undefined;
    },
    async startOrJoin(open = {}) {
      const card = await newest();
      if (card === undefined || !canJoin(card)) {
        if (card !== undefined && card.endedAt === undefined) await endBefore(card.id, 'idle', systemAuthor, open);
        return startNew(open);
      }
      const session = await openIn(card.id, false, open.shortLived ?? false);
      if (open.label !== undefined && open.label !== card.label)
        await session.journal.record({ kind: 'session.labelled', by: open.by ?? userAuthor, label: open.label });
      return session;
    },
    async start(open = {}) {
      const card = await newest();
      if (card !== undefined && card.endedAt === undefined)
        await endBefore(card.id, canJoin(card) ? 'superseded' : 'idle', open.by ?? userAuthor, open);
      return startNew(open);
    },
    async open(id, { shortLived = false } = {}) {
      if ((await read(id)) === undefined) throw new Error(`There is no session ${id}.`);
      return openIn(id, false, shortLived);
    },
    label: (id, label, by = userAuthor) => recordIn(id, (journal) => journal.record({ kind: 'session.labelled', by, label })),
    end: (id, reason, by = userAuthor) => end(id, reason, by),
  };
}

/**
 * Resolves with the work, or as soon as the log cannot be written: a long-lived writer then keeps its start in memory like all
 * that follows, and its health says why.
 */
async function unlessDegraded(writer: LogWriter, work: Promise<void>): Promise<void> {
  let stop = (): void => {};
  const degraded = new Promise<void>((resolve) => {
    const listening = writer.onDidChangeHealth(({ state }) => {
      if (state === 'degraded') resolve();
    });
    stop = () => listening.dispose();
  });
  // Whoever closes the writer is told; nobody may be waiting for the start any more.
  work.catch(() => {});
  try {
    await Promise.race([work, degraded]);
  } finally {
    stop();
  }
}
