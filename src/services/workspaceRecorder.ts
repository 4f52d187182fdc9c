import { randomBytes } from 'node:crypto';
import type { UnixMs } from '../base/clock.ts';
import { Delayer } from '../base/delayer.ts';
import { Emitter, type Event } from '../base/emitter.ts';
import type { DetailLevel } from '../core/detailLevel.ts';
import { SourceSet } from '../core/sourceSet.ts';
import { systemAuthor, userAuthor, type Author } from '../model/author.ts';
import { isFileEvent, type EventOf, type LoggedEvent, type TapedeckEvent } from '../model/event.ts';
import type { ContentHash, SessionId } from '../model/ids.ts';
import type { ContentStore } from '../store/contentStore.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import { openLogReader, type LogReader } from '../store/logReader.ts';
import type { Presence } from '../store/presence.ts';
import { writeSessionCard } from '../store/sessionCard.ts';
import { createWriterId } from '../store/writerClaim.ts';
import { Attributor } from './attributor.ts';
import { CommandLog, type TerminalCommand } from './commandLog.ts';
import { gapOf, notePause, type PausedTime } from './fileMemory.ts';
import { LeaderWork } from './leaderWork.ts';
import { NoSessionError } from './journal.ts';
import { LiveJournal } from './liveJournal.ts';
import { createSessions, type OpenSession, type SessionResumeReason, type Sessions } from './sessions.ts';
import { WorkspaceFolders } from './workspaceFolders.ts';
import { agentPrograms } from '../core/agentPrograms.ts';
import { DiagnosticsLog, type DiagnosticCounts } from './diagnosticsLog.ts';
import type { ReconcileReason } from './reconciler.ts';
import type { RecorderOptions } from './recorderOptions.ts';
import type { RecorderStatus } from './recorderStatus.ts';
import { RecorderTroubles } from './recorderTroubles.ts';

const leaderPollMs = 15_000;
const closeLimitMs = 1800;
const maxToldDrift = 50;
const statusQuietMs = 60;
/** A session that is taken up so soon after its last event was left by a reload. */
const reloadMs = 60_000;

/** The work behind a Recorder: which sessions are open, who leads, and what is told to whom. */
export class WorkspaceRecorder {
  readonly layout: TapedeckLayout;
  readonly sessions: Sessions;
  readonly journal: LiveJournal;
  readonly content: ContentStore;
  readonly onDidChangeStatus: Event<RecorderStatus>;
  whenReady: Promise<void> = Promise.resolve();
  readonly #options: RecorderOptions;
  readonly #isFallback: boolean;
  readonly #presence: Presence;
  readonly #folders: WorkspaceFolders;
  readonly #attributor: Attributor;
  readonly #commands: CommandLog;
  readonly #changed = new Emitter<RecorderStatus>();
  readonly #tellStatus: Delayer;
  readonly #diagnostics: DiagnosticsLog;
  readonly #troubles: RecorderTroubles;
  readonly #counts = { events: 0, files: 0, commands: 0, failures: 0 };
  readonly #openedAt: UnixMs;
  #work: LeaderWork | undefined;
  #taking: Promise<void> | undefined;
  #reader: LogReader | undefined;
  #following: { dispose(): void } | undefined;
  #poll: ReturnType<typeof setInterval> | undefined;
  #card: { label?: string; startedAt: string } | undefined;
  #gaps = 0;
  readonly #toldDrift = new Set<string>();
  #detail: DetailLevel = 'full';
  #isLeader = false;
  #hasDead = false;
  #hasOthers = false;
  #isPaused = false;
  #isClosed = false;
  #pauses: PausedTime[] = [];
  #isCommanded = false;
  /** The open session was started by this process. */
  #isNew = false;
  #closing: Promise<void> | undefined;

  constructor(options: RecorderOptions, layout: TapedeckLayout, isFallback: boolean, presence: Presence, content: ContentStore) {
    const { clock, digest, settings } = options;
    this.#options = options;
    this.layout = layout;
    this.content = content;
    this.#isFallback = isFallback;
    this.#presence = presence;
    this.#openedAt = clock.now();
    this.#folders = new WorkspaceFolders(options.folders);
    this.onDidChangeStatus = this.#changed.event;
    this.#tellStatus = new Delayer(() => this.#toldStatus(), statusQuietMs, statusQuietMs * 4);
    this.#troubles = new RecorderTroubles(clock, presence);
    this.sessions = createSessions({
      layout,
      clock,
      digest,
      folders: options.folders,
      app: options.app,
      idleHours: settings.idleHours,
      random: (length) => Array.from(randomBytes(length), (byte) => (byte % 36).toString(36)).join(''),
      storesCards: true,
    });
    this.journal = new LiveJournal({
      sessions: this.sessions,
      clock,
      idleHours: settings.idleHours,
      startsByItself: settings.start === 'automatic',
      onOpened: (session, isJoined) => this.#opened(session, isJoined),
      onClosed: () => this.#released(),
    });
    this.#diagnostics = new DiagnosticsLog(
      this.journal,
      () => this.#isPaused,
      (error) => this.#trace('The diagnostics could not be recorded', error),
    );
    this.journal.onDidRecord((event) => this.#noteOwn(event));
    this.journal.onDidChangeHealth((health) => {
      this.#trouble('log', health.state === 'ok' ? undefined : health.message);
      this.#tellPresence();
      // The whole folder may have been removed, and with it the sign that somebody records.
      if (health.state === 'ok' && !this.#isClosed)
        void this.#presence.look().catch((error: unknown) => this.#trace('Who records could not be told', error));
    });
    this.#attributor = new Attributor({
      content,
      digest,
      clock,
      fold: (path) => this.#folders.fold(path),
      onFinding: (draft) =>
        void this.journal.record(draft).catch((error: unknown) => this.#trace('A finding could not be recorded', error)),
    });
    const agents = new Map(
      (options.agents?.adapters ?? []).flatMap((adapter) => adapter.commandNames.map((name) => [name, adapter.id] as const)),
    );
    this.#commands = new CommandLog({
      journal: this.journal,
      clock,
      digest,
      agents: new Map([...agentPrograms, ...agents]),
      keepsOutput: settings.commandOutput,
      onEnded: () => {},
      onFailure: (error) => {
        if (!(error instanceof NoSessionError)) this.#trace('A command could not be recorded', error);
      },
    });
  }

  async open(): Promise<void> {
    await this.#lookWhoLeads();
    this.whenReady = this.#begun(this.#begin());
  }

  #begun(work: Promise<void>): Promise<void> {
    return work.catch((error: unknown) => {
      this.#trace('Recording could not begin', error);
      this.#trouble('start', error instanceof Error ? error.message : String(error));
    });
  }

  status(): RecorderStatus {
    const { session, health } = this.journal;
    // What the log fails at comes first: it concerns everything.
    const reason = health.state === 'ok' ? this.#troubles.first : health.message;
    return {
      // A pause without a session holds as well: whoever says `off` promises that the next activity is recorded.
      state: this.#isPaused
        ? 'paused'
        : session === undefined && reason === undefined
          ? 'off'
          : reason !== undefined
            ? 'degraded'
            : this.#isLeader
              ? 'recording'
              : 'viewing',
      ...(reason === undefined ? {} : { reason }),
      ...(health.state === 'ok' ? {} : { log: health }),
      ...(session === undefined ? {} : { session }),
      ...(session === undefined || this.#card?.label === undefined ? {} : { label: this.#card.label }),
      ...(session === undefined || this.#card === undefined ? {} : { startedAt: this.#card.startedAt }),
      counts: { ...this.#counts },
      isLeader: this.#isLeader,
      root: this.layout.root,
      isFallbackRoot: this.#isFallback,
      gaps: this.#gaps,
      damagedRecords: this.#work?.damagedRecords ?? 0,
      drift: this.#work?.drift() ?? [],
      withheld: this.#work?.withheld ?? { runs: 0, facts: 0 },
    };
  }

  hint(absolutePath: string): void {
    this.#work?.hint(absolutePath);
  }

  async reconcile(reason: ReconcileReason): Promise<void> {
    await this.whenReady;
    const work = this.#work;
    if (work === undefined || this.#isPaused || this.#isClosed) return;
    if (reason === 'command' || reason === 'turn' || reason === 'watcher' || reason === 'burst' || reason === 'focus')
      await work.reconciler.request();
    else await work.reconciler.run();
  }

  documentSaved(absolutePath: string, hash: ContentHash, from?: ContentHash): void {
    const path = this.#folders.toWorkspacePath(absolutePath);
    if (path === undefined || this.#isPaused) return;
    this.#attributor.documentSaved(path, hash, from);
    this.#work?.hint(absolutePath);
  }

  documentRemoved(absolutePath: string): void {
    const path = this.#folders.toWorkspacePath(absolutePath);
    if (path === undefined || this.#isPaused) return;
    this.#attributor.documentRemoved(path);
    this.#work?.hint(absolutePath);
  }

  terminalCommandStarted(command: { readonly terminal: string; readonly command: string; readonly cwd?: string }): TerminalCommand {
    if (this.#isPaused || this.#isClosed) return { write: () => {}, end: () => {} };
    return this.#commands.start(command);
  }

  terminalClosed(terminal: string): void {
    this.#commands.terminalClosed(terminal);
  }

  diagnostics(counts: DiagnosticCounts): void {
    this.#diagnostics.note(counts);
  }

  async start(label?: string): Promise<SessionId> {
    this.#isCommanded = true;
    try {
      const isOpen = this.journal.session !== undefined;
      const session = await this.journal.start({ by: userAuthor, ...(label === undefined ? {} : { label }) });
      if (isOpen && label !== undefined && label !== this.#card?.label)
        await this.journal.record({ kind: 'session.labelled', by: userAuthor, label });
      return session.id;
    } finally {
      this.#isCommanded = false;
    }
  }

  async end(): Promise<void> {
    const { session } = this.journal;
    if (session === undefined) return;
    await this.reconcile('checkpoint');
    await this.flush();
    await this.journal.record({ kind: 'session.ended', by: userAuthor, reason: 'command' });
    await this.journal.release();
    await this.#storeCard(session);
  }

  async pause(): Promise<void> {
    if (this.#isPaused) return;
    await this.flush();
    this.#isPaused = true;
    if (this.journal.session !== undefined) await this.journal.record({ kind: 'capture.paused', by: userAuthor });
    this.#tellStatus.request();
  }

  async resume(): Promise<void> {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.journal.session !== undefined) await this.journal.record({ kind: 'capture.continued', by: userAuthor });
    this.#tellStatus.request();
    // What changed meanwhile is told as it is now, and by nobody.
    await this.#work?.reconciler.run('blind');
  }

  async checkpoint(label: string, reason: EventOf<'checkpoint.made'>['reason'] = 'hand', by: Author = userAuthor): Promise<TapedeckEvent> {
    await this.reconcile('checkpoint');
    return this.journal.record({ kind: 'checkpoint.made', by, id: createWriterId(), label, reason });
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    await this.whenReady;
    const leader = this.#work;
    if (leader === undefined) return work();
    await leader.files.flush();
    try {
      return await leader.files.hold(work);
    } finally {
      if (!this.#isPaused) void leader.reconciler.request();
    }
  }

  async lead(): Promise<boolean> {
    await this.whenReady;
    if (!this.#isLeader) await this.#checkLead();
    return this.#isLeader;
  }

  async flush(): Promise<void> {
    await this.whenReady;
    await this.#commands.idle();
    if (!this.#isPaused) await this.#work?.flush();
    this.#diagnostics.flush();
    await this.#commands.idle();
    await this.journal.flush();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#poll);
    this.#commands.closeAll();
    const { session } = this.journal;
    await within(
      closeLimitMs,
      this.flush().catch((error: unknown) => this.#trace('Not all could be written', error)),
    );
    this.#isClosed = true;
    this.#tellStatus.dispose();
    this.#diagnostics.dispose();
    this.#following?.dispose();
    this.#reader?.dispose();
    await within(
      closeLimitMs,
      (async () => {
        await this.#work?.close();
        this.#attributor.dispose();
        await this.journal.close();
        if (session !== undefined) await this.#storeCard(session);
        await this.content.close();
        await this.#presence.leave();
      })().catch((error: unknown) => this.#trace('Not all could be closed', error)),
    );
    this.#changed.dispose();
  }

  /** Joins the session that goes on, and takes up the leader's work if nobody else does it. */
  async #begin(): Promise<void> {
    // Where a session begins only by hand, the disk is not looked at before that.
    const isWanted = this.#options.settings.start === 'automatic' || (await this.sessions.current()) !== undefined;
    if (this.#isLeader) await (isWanted ? this.#takeLead() : undefined);
    else {
      this.#poll = setInterval(() => void this.#checkLead(), leaderPollMs);
      this.#poll.unref();
      await this.journal.join();
    }
    this.#tellStatus.request();
  }

  async #lookWhoLeads(): Promise<void> {
    const seen = await this.#presence.look();
    this.#isLeader = seen.isLeader;
    this.#hasOthers = seen.others.length > 0;
    this.#hasDead ||= seen.dead.length > 0;
  }

  async #checkLead(): Promise<void> {
    try {
      await this.#lookWhoLeads();
      if (!this.#isLeader || this.#isClosed) return;
      clearInterval(this.#poll);
      await this.#takeLead();
      this.#tellStatus.request();
    } catch (error) {
      this.#trace('Who records could not be told', error);
    }
  }

  #takeLead(): Promise<void> {
    this.#taking ??= this.#lead();
    return this.#taking;
  }

  async #lead(): Promise<void> {
    const { settings, clock, digest, watcher, agents } = this.#options;
    const work = new LeaderWork({
      layout: this.layout,
      folders: this.#folders,
      settings,
      clock,
      digest,
      journal: this.journal,
      content: this.content,
      attributor: this.#attributor,
      watcher,
      agents,
      platform: process.platform,
      isOff: () => this.#isPaused || (settings.start !== 'automatic' && this.journal.session === undefined),
      wasPausedAt: (at) => this.#pauses.some((pause) => at >= pause.from && (pause.to === undefined || at < pause.to)),
      detail: () => this.#detail,
      history: (filter) => this.#reader?.batches({ filter }) ?? nothing(),
      onTrace: (message) => this.#options.onTrace?.(message),
      onTrouble: (what, message) => this.#trouble(what, message),
      onLeftOut: () => this.#tellStatus.request(),
    });
    const current = this.journal.session ?? (await this.sessions.current())?.id;
    const remembered = await work.open(current);
    if (this.#isClosed) return work.close();
    this.#work = work;
    if (this.journal.session !== undefined) work.sessionOpened(this.journal.session);
    let since = this.#openedAt;
    if (current !== undefined && remembered !== undefined && !this.#isNew) {
      this.#isPaused = remembered.isPaused;
      this.#pauses = [...remembered.pauses];
      const gap = gapOf(remembered.lastAt, clock.now());
      await this.journal.join();
      if (this.journal.session === current) {
        if (gap !== undefined) await this.journal.record({ kind: 'capture.gap', by: systemAuthor, reason: 'not running', ...gap });
        if (!this.#isPaused) await work.reconciler.run('blind');
        if (remembered.folders.size < this.#folders.all.length) await work.recordBaselines();
        // What the agents did while nobody looked stands in their transcripts.
        since = Date.parse(this.#card?.startedAt ?? remembered.lastAt ?? '') || since;
      }
    } else if (this.journal.session !== undefined) void this.#recordBaselines(work);
    await work.followAgents(since, remembered?.sources ?? new SourceSet());
    // What changed between the first walk and the watcher's beginning, which may take its time; the files are known all the same.
    work.lookSoon();
  }

  async #opened(session: OpenSession, isJoined: boolean): Promise<void> {
    const { digest } = this.#options;
    this.#counts.events = this.#counts.files = this.#counts.commands = this.#counts.failures = 0;
    this.#gaps = 0;
    const card = await this.sessions.read(session.id);
    // Without a card its start is still on its way to a disk that is full.
    const startedAt = card?.startedAt ?? new Date(this.#options.clock.now()).toISOString();
    this.#card = { startedAt, ...(card?.label === undefined ? {} : { label: card.label }) };
    this.#reader = await openLogReader({ layout: this.layout, session: session.id, digest });
    this.#detail = card?.detail ?? 'full';
    this.#following = this.#reader.follow((events) => this.#noteOthers(events));
    if (isJoined)
      await session.journal.record({
        kind: 'session.resumed',
        by: systemAuthor,
        reason: this.#resumeReason(card?.lastAt),
        app: this.#options.app,
      });
    this.#isNew = !isJoined;
    this.#work?.sessionOpened(session.id);
    if (this.#work !== undefined) {
      // Files that changed while no session was wanted are as they are now.
      if (this.#options.settings.start !== 'automatic' && !isJoined) await this.#work.reconciler.run('silent');
      if (!isJoined) void this.#recordBaselines(this.#work);
    } else if (this.#isLeader && this.#taking === undefined && this.#options.settings.start !== 'automatic')
      this.whenReady = this.#begun(this.#takeLead());
    this.#tellStatus.request();
  }

  #resumeReason(lastAt: string | undefined): SessionResumeReason {
    if (this.#isCommanded) return 'command';
    if (this.#hasOthers) return 'second-window';
    if (this.#hasDead) return 'crash';
    return lastAt !== undefined && this.#options.clock.now() - Date.parse(lastAt) < reloadMs ? 'reload' : 'restart';
  }

  #released(): void {
    this.#following?.dispose();
    this.#reader?.dispose();
    this.#following = undefined;
    this.#reader = undefined;
    this.#card = undefined;
    this.#work?.forgetSession();
    this.#tellStatus.request();
  }

  async #recordBaselines(work: LeaderWork): Promise<void> {
    try {
      await work.recordBaselines();
    } catch (error) {
      if (!this.#isClosed) this.#trace('The baseline could not be recorded', error);
    }
  }

  #noteOwn(event: TapedeckEvent): void {
    this.#counts.events += 1;
    if (isFileEvent(event)) this.#counts.files += 1;
    if (event.kind === 'command.ended') {
      this.#counts.commands += 1;
      if (event.exitCode !== null && event.exitCode !== 0) this.#counts.failures += 1;
    }
    this.#note(event, true);
    void this.#commands.noteEnded(event);
  }

  #noteOthers(events: readonly LoggedEvent[]): void {
    for (const event of events) {
      if (event.w === this.journal.writer || event.kind === 'foreign') continue;
      this.journal.observe(event);
      this.#note(event, false);
      // Whoever ended it, here or elsewhere: the next activity begins another one.
      if (event.kind === 'session.ended') void this.journal.release();
      else if (event.kind === 'capture.paused' || event.kind === 'capture.continued') this.#followPause(event.kind === 'capture.paused');
    }
  }

  #note(event: TapedeckEvent, isOwn: boolean): void {
    if (event.kind === 'session.labelled' && this.#card !== undefined) this.#card.label = event.label;
    if (event.kind === 'session.adjusted') this.#detail = event.detail ?? this.#detail;
    if (event.kind === 'capture.gap') this.#gaps += 1;
    if (event.kind === 'capture.paused' || event.kind === 'capture.continued') notePause(this.#pauses, event);
    this.#attributor.observe(event, isOwn);
    this.#work?.observe(event);
    this.#tellStatus.request();
  }

  #followPause(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    if (!isPaused) void this.#work?.reconciler.run('blind');
  }

  async #storeCard(session: SessionId): Promise<void> {
    const card = await this.sessions.read(session);
    if (card !== undefined) await writeSessionCard(this.layout, card);
  }

  #trouble(what: string, message: string | undefined): void {
    if (!this.#troubles.set(what, message)) return;
    this.#tellStatus.request();
    this.#tellPresence();
  }

  #toldStatus(): void {
    const status = this.status();
    this.#presence.tellDrift(status.drift);
    for (const { agent, version, recordType } of status.drift) {
      const words = `${agent}${version === undefined ? '' : ` ${version}`} writes records of the type “${recordType}”, which this version does not know`;
      if (this.#toldDrift.size < maxToldDrift && !this.#toldDrift.has(words)) {
        this.#toldDrift.add(words);
        this.#options.onTrace?.(words);
      }
    }
    this.#changed.fire(status);
  }

  #tellPresence(): void {
    if (!this.#isClosed) this.#troubles.tell(this.status());
  }

  #trace(what: string, error: unknown): void {
    this.#options.onTrace?.(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function* nothing(): AsyncGenerator<never> {}

async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([work, new Promise((resolve) => (timer = setTimeout(resolve, limitMs)))]);
  clearTimeout(timer);
}
