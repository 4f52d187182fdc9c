import type { Clock, UnixMs } from '../base/clock.ts';
import { Emitter } from '../base/emitter.ts';
import { systemAuthor } from '../model/author.ts';
import type { EventDraft, EventKind, TapedeckEvent } from '../model/event.ts';
import type { SessionId, WriterId } from '../model/ids.ts';
import type { WriterHealth } from '../store/writerHealth.ts';
import { NoSessionError, type Journal } from './journal.ts';
import type { OpenOptions, OpenSession, Sessions } from './sessions.ts';

export interface LiveJournalOptions {
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly idleHours: number;
  /** An activity may start a session without being asked. */
  readonly startsByItself: boolean;
  /** A session was opened: what stands at its beginning is recorded before anything else. */
  readonly onOpened: (session: OpenSession, joined: boolean) => Promise<void>;
  readonly onClosed: () => void;
}

/** Facts that accompany work and are none: alone they start no session. */
const companions: ReadonlySet<EventKind> = new Set([
  'baseline.taken',
  'diagnostics.changed',
  'capture.paused',
  'capture.continued',
  'capture.gap',
  'file.skipped',
  'file.attributed',
  'session.resumed',
  'session.labelled',
  'session.adjusted',
  'session.ended',
]);

/** That a run is not recorded is told where something is recorded, and is no reason to begin. */
const isCompanion = (draft: EventDraft): boolean =>
  companions.has(draft.kind) || (draft.kind === 'run.started' && draft.notRecorded !== undefined);

/**
 * The journal of a process that outlives sessions: opens one with the first activity, lets go of one that was ended
 * (here or by another process) or has gone idle, and goes on in the next. Events keep the order of the calls.
 */
export class LiveJournal implements Journal {
  readonly #options: LiveJournalOptions;
  readonly #recorded = new Emitter<TapedeckEvent>();
  readonly onDidRecord = this.#recorded.event;
  readonly #health = new Emitter<WriterHealth>();
  readonly onDidChangeHealth = this.#health.event;
  #session: OpenSession | undefined;
  #opening: Promise<OpenSession> | undefined;
  #lastAt: UnixMs;
  #isClosed = false;

  constructor(options: LiveJournalOptions) {
    this.#options = options;
    this.#lastAt = options.clock.now();
  }

  get session(): SessionId | undefined {
    return this.#session?.id;
  }

  get writer(): WriterId | undefined {
    return this.#session?.writer.id;
  }

  get open(): OpenSession | undefined {
    return this.#session;
  }

  get health(): WriterHealth {
    return this.#session?.writer.health ?? { state: 'ok' };
  }

  async record(draft: EventDraft): Promise<TapedeckEvent> {
    if (this.#isClosed) throw new NoSessionError('closed', 'The recorder is closed.');
    const session = this.#present() ?? (await this.#openFor(draft));
    const event = await session.journal.record(draft);
    this.#lastAt = this.#options.clock.now();
    return event;
  }

  async flush(): Promise<void> {
    await this.#session?.journal.flush();
  }

  /** Another process has recorded something into this session. */
  observe(event: { readonly at: string; readonly w: WriterId }): void {
    this.#session?.writer.observe(event.at, event.w);
    this.#lastAt = this.#options.clock.now();
  }

  /** Joins the current session or starts one. */
  start(open: OpenOptions = {}): Promise<OpenSession> {
    return this.#start(() => this.#options.sessions.startOrJoin(open));
  }

  /** Joins the session that is current, if there is one. */
  async join(): Promise<OpenSession | undefined> {
    if ((await this.#options.sessions.current()) === undefined) return undefined;
    return this.start({ by: systemAuthor });
  }

  /** Lets go of the session; it is not ended by that. */
  async release(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined) return;
    this.#options.onClosed();
    await session.close();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening?.catch(() => {});
    await this.release();
  }

  #present(): OpenSession | undefined {
    const session = this.#session;
    if (session === undefined || this.#opening !== undefined) return session;
    if (this.#options.clock.now() - this.#lastAt < this.#options.idleHours * 3_600_000) return session;
    // Gone idle while nobody looked. `startOrJoin` records its end.
    this.#session = undefined;
    this.#options.onClosed();
    session.close().catch(() => {});
    return undefined;
  }

  #openFor(draft: EventDraft): Promise<OpenSession> {
    const isAsked = draft.by.how === 'stated' && !isCompanion(draft) && draft.by.actor !== 'system';
    if (this.#opening === undefined && (isCompanion(draft) || !(this.#options.startsByItself || isAsked)))
      throw new NoSessionError('no-session', 'No session is being recorded.');
    return this.start({ by: draft.by.actor === 'unknown' ? systemAuthor : draft.by });
  }

  #start(open: () => Promise<OpenSession>): Promise<OpenSession> {
    if (this.#session !== undefined && this.#opening === undefined) return Promise.resolve(this.#session);
    this.#opening ??= (async () => {
      const session = await open();
      session.journal.onDidRecord((event) => this.#recorded.fire(event));
      session.writer.onDidChangeHealth((health) => this.#health.fire(health));
      if (session.writer.health.state !== 'ok') this.#health.fire(session.writer.health);
      // From here on `record` writes into it, so that what `onOpened` records is not waiting for itself.
      this.#session = session;
      this.#lastAt = this.#options.clock.now();
      try {
        await this.#options.onOpened(session, !session.isNew);
      } finally {
        this.#opening = undefined;
      }
      return session;
    })().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }
}
