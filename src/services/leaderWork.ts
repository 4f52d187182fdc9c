import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import type { Clock, UnixMs } from '../base/clock.ts';
import { Delayer } from '../base/delayer.ts';
import { DisposableStore, type Disposable } from '../base/disposable.ts';
import { atDetail, type DetailLevel } from '../core/detailLevel.ts';
import type { EventFilter } from '../core/eventFilter.ts';
import { generatedMarkers } from '../core/ignoreRules.ts';
import { readRecordPolicy } from '../core/recordPolicy.ts';
import type { SourceSet } from '../core/sourceSet.ts';
import type { AgentEnvironment, TranscriptAdapter } from '../core/transcripts/adapter.ts';
import { driftOf, type Drift } from '../core/transcripts/drift.ts';
import type { Digest } from '../model/digest.ts';
import { isFileEvent, schemaVersion, type EventDraft, type LoggedEvent, type TapedeckEvent } from '../model/event.ts';
import type { SessionId } from '../model/ids.ts';
import { joinWorkspacePath, splitWorkspacePath, type WorkspacePath } from '../model/workspacePath.ts';
import type { ContentStore } from '../store/contentStore.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import { describeFailure, failureReason } from '../store/writerHealth.ts';
import ignore from 'ignore';
import { openAgentFollower, type AgentFollower } from './agentFollower.ts';
import { describeBytes } from '../store/storageUse.ts';
import type { Attributor } from './attributor.ts';
import { careForContents, isCareDue } from './contentCare.ts';
import { CommitWork } from './commitWork.ts';
import { FileMemory, type Remembered } from './fileMemory.ts';
import { FileObserver } from './fileObserver.ts';
import { FileRecorder } from './fileRecorder.ts';
import { FileTracker } from './fileTracker.ts';
import { FolderIndex } from './folderIndex.ts';
import { GitFollower } from './gitFollower.ts';
import { NoSessionError, type Journal } from './journal.ts';
import { Reconciler } from './reconciler.ts';
import type { RecorderSettings } from './recorderSettings.ts';
import { SessionTrailers } from './sessionTrailers.ts';
import type { WorkspaceFolders } from './workspaceFolders.ts';
import type { WorkspaceWatcher } from './workspaceWatcher.ts';

export interface LeaderWorkOptions {
  readonly layout: TapedeckLayout;
  readonly folders: WorkspaceFolders;
  readonly settings: RecorderSettings;
  readonly clock: Clock;
  readonly digest: Digest;
  readonly journal: Journal;
  readonly content: ContentStore;
  readonly attributor: Attributor;
  readonly watcher: WorkspaceWatcher;
  readonly agents: { readonly adapters: readonly TranscriptAdapter[]; readonly environment: AgentEnvironment } | undefined;
  readonly platform: NodeJS.Platform;
  /** True while recording is paused, or no session is open and none may begin by itself: nothing is looked at, no transcript's fact is taken. */
  readonly isOff: () => boolean;
  /** True when recording was paused at that time (ISO 8601): what an agent's record tells of it is not taken, however late it is read. */
  readonly wasPausedAt: (at: string) => boolean;
  /** How much the session keeps of what agents say. */
  readonly detail: () => DetailLevel;
  /** The open session's log, what `filter` lets through. */
  readonly history: (filter: EventFilter) => AsyncIterable<readonly LoggedEvent[]>;
  readonly onTrace: (message: string) => void;
  /** `what` is fixed for one kind of trouble; `message` undefined: it is over. */
  readonly onTrouble: (what: string, message: string | undefined) => void;
  /** Something was kept out of the log by the policy. */
  readonly onLeftOut: () => void;
}

const evidenceKinds: ReadonlySet<string> = new Set(['run.started', 'prompt.submitted', 'tool.called', 'tool.returned', 'turn.ended']);
const burstQuietMs = 1500;
const burstMaxMs = 15_000;
const retryMs = 2000;
const careAfterMs = 5 * 60_000;
const careEveryMs = 3_600_000;
const longestRetryMs = 30_000;
/** A rewind by another process gives a sign of life each second; its files are its own until it is done. */
const rewindSignMs = 5000;
const rewindWaitMs = 15_000;

/**
 * What only one recorder of a root does: watches and records the files, follows git and the agents' transcripts.
 * It opens once; sessions come and go while it works.
 */
export class LeaderWork implements Disposable {
  readonly #options: LeaderWorkOptions;
  readonly #disposables = new DisposableStore();
  readonly #indexes: readonly FolderIndex[];
  readonly #tracker = new FileTracker();
  readonly #observer: FileObserver;
  readonly #memory: FileMemory;
  readonly #burst: Delayer;
  readonly #git: GitFollower;
  readonly #commits: CommitWork;
  readonly #trailers: SessionTrailers;
  #watching: Disposable | undefined;
  #follower: AgentFollower | undefined;
  #retries = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #careTimer: ReturnType<typeof setTimeout> | undefined;
  #contentsKept: Promise<void> = Promise.resolve();
  readonly files: FileRecorder;
  readonly reconciler: Reconciler;

  constructor(options: LeaderWorkOptions) {
    this.#options = options;
    const { folders, settings, clock, journal, content, attributor, digest, layout } = options;
    this.#indexes = folders.all.map(
      (folder) =>
        new FolderIndex({
          folder,
          exclude: settings.exclude,
          maxFiles: settings.maxFiles,
          ignoreCase: options.platform === 'win32' || options.platform === 'darwin',
          isForeign: (path) => path === layout.root || folders.isOther(folder, path),
          onTrace: options.onTrace,
        }),
    );
    for (const index of this.#indexes) this.#disposables.add(index);
    const secrets = settings.secretFiles.length === 0 ? undefined : ignore().add(settings.secretFiles.join('\n'));
    this.#observer = new FileObserver({
      tracker: this.#tracker,
      content,
      digest,
      clock,
      maxFileBytes: settings.maxFileBytes,
      hasRoom: (sizeBytes) => this.#hasRoom(sizeBytes),
      toAbsolute: (path) => folders.toAbsolute(path),
      isSecretToo: (path) => secrets?.ignores(splitWorkspacePath(path).relative) === true,
      isExcluded: (path) => this.#place(path)?.index.verdict(this.#place(path)!.within, false).verdict === 'policy',
      readGitBlob: async (path, oid, maxBytes) => {
        const place = this.#place(path);
        return place?.index.repositoryOf(place.within)?.objects.readBlob(oid, maxBytes);
      },
    });
    this.files = this.#disposables.add(
      new FileRecorder({
        journal,
        tracker: this.#tracker,
        observer: this.#observer,
        attributor,
        clock,
        quietMs: settings.quietMs,
        maxWaitMs: settings.maxWaitMs,
        filesBelow: (path) => this.#filesBelow(path),
        isOut: (path) => {
          const place = this.#place(path);
          if (place === undefined) return true;
          const { verdict } = place.index.verdict(place.within, false);
          return verdict !== 'in' && verdict !== 'policy';
        },
        beforeJudging: () => this.#beforeJudging(),
        isOff: options.isOff,
        onFailure: (error) => this.#failed(error),
        onSuccess: () => {
          this.#retries = 0;
          options.onTrouble('files', undefined);
        },
      }),
    );
    this.reconciler = this.#disposables.add(
      new Reconciler({
        folders: () => this.#indexes,
        nameOf: (index) => folders.nameOf(index.folder),
        tracker: this.#tracker,
        files: this.files,
        clock,
        fold: (path) => folders.fold(path),
        onRulesChanged: () => this.#watch(),
        onCut: (files) =>
          options.onTrouble(
            'many',
            `The workspace has more than ${files} files; the others are recorded only when a change of theirs is noticed.`,
          ),
        onFailure: (error) => this.#failed(error),
        isOff: options.isOff,
      }),
    );
    this.#memory = new FileMemory({
      folders: this.#indexes,
      nameOf: (index) => folders.nameOf(index.folder),
      tracker: this.#tracker,
      observer: this.#observer,
      files: this.files,
      content,
      clock,
      budgetBytes: settings.baselineBudgetBytes,
      onTrace: options.onTrace,
    });
    this.#trailers = new SessionTrailers({
      isOn: settings.sessionTrailer,
      repositories: () => this.#indexes.flatMap((index) => [...index.repositories].map(({ repository }) => repository)),
      onTrouble: (message) => options.onTrouble('trailer', message),
      onTrace: options.onTrace,
    });
    this.#commits = new CommitWork({
      fold: (path) => folders.fold(path),
      read: (hash) => content.get(hash),
      history: options.history,
    });
    this.#git = this.#disposables.add(
      new GitFollower({
        journal,
        attributor,
        clock,
        work: this.#commits,
        settled: async () => {
          await this.files.flush();
          await attributor.idle();
        },
        onMoved: () => void this.#refreshIndexes(),
        onTrace: options.onTrace,
      }),
    );
    this.#burst = this.#disposables.add(new Delayer(() => void this.reconciler.request(), burstQuietMs, burstMaxMs));
  }

  /**
   * Learns the files, from the log where a session goes on, else from the disk, and begins to watch. Resolves with what the
   * log said. Nothing is recorded yet; the caller asks for the first look when the session is open.
   */
  async open(session: SessionId | undefined): Promise<Remembered | undefined> {
    for (const index of this.#indexes) await index.open();
    const { layout, digest } = this.#options;
    const remembered = session === undefined ? undefined : await this.#memory.restore({ layout, session, digest });
    const startedAt = this.#options.clock.now();
    const isToBeMet = (index: FolderIndex): boolean => remembered?.folders.has(this.#options.folders.nameOf(index.folder) ?? '') !== true;
    const costMs = await this.#memory.arm(isToBeMet);
    // What came while nobody recorded is newer than the last event: it is new, not something that an ignore rule uncovered.
    const lastAt = remembered?.lastAt === undefined ? Number.NaN : Date.parse(remembered.lastAt);
    this.reconciler.noteLook(lastAt < startedAt ? lastAt : startedAt, costMs, this.#indexes.filter(isToBeMet));
    await this.#followGit();
    this.#watch();
    const isTakenUp = remembered !== undefined && remembered.folders.size > 0;
    this.#contentsKept = (isTakenUp ? this.#memory.leaveLessToGit() : Promise.resolve())
      .then(() => this.#memory.keepContents())
      .catch((error: unknown) => this.#failed(error));
    this.#careTimer = setTimeout(() => void this.#careForContents(), careAfterMs);
    this.#careTimer.unref();
    return remembered;
  }

  /** Writes down what the files are, once what had to be copied is copied. */
  async recordBaselines(): Promise<void> {
    await this.#contentsKept;
    await this.#memory.recordBaselines(this.#options.journal, async (index) => {
      const { repository } = index.repositoryOf('') ?? {};
      return repository === undefined ? {} : repository.head();
    });
  }

  async followAgents(since: UnixMs, sources: SourceSet): Promise<void> {
    const { agents, journal, folders, digest, clock, onTrace } = this.#options;
    if (agents === undefined || agents.adapters.length === 0 || this.#disposables.isDisposed) return;
    const { policy, problems } = readRecordPolicy(this.#options.settings.recordPolicy);
    this.#options.onTrouble(
      'policy',
      problems.length === 0
        ? undefined
        : `The setting tapedeck.recordPolicy: ${problems.join('; ')}. Mend it, so that what you want is recorded.`,
    );
    const follower = await openAgentFollower({
      policy,
      onWithheld: (fact) => this.#noteWithheld(fact),
      folders: folders.all,
      env: agents.environment,
      adapters: agents.adapters,
      since,
      journal: { record: (draft) => this.#recordFact(journal, draft) },
      sources,
      digest,
      clock,
      onError: (error) => {
        if (!(error instanceof NoSessionError))
          onTrace(`A transcript could not be followed: ${error instanceof Error ? error.message : String(error)}`);
      },
      // Where and why, and nothing of what stands there: it has passed no redaction.
      onDamage: ({ path, offset, sizeBytes, reason }) =>
        onTrace(`A line of a transcript could not be read (${reason}): ${sizeBytes} bytes at ${offset} of ${path}`),
    });
    if (this.#disposables.isDisposed) await follower.close();
    else this.#follower = follower;
  }

  /** What of the agents' records is not known, by agent, version and type. */
  drift(): readonly Drift[] {
    return driftOf(this.#follower?.runs() ?? []);
  }

  /** Records of the agents' transcripts that could not be read. */
  get damagedRecords(): number {
    return (this.#follower?.runs() ?? []).reduce((sum, { damaged, misshapen }) => sum + damaged + misshapen, 0);
  }

  /** What the record policy kept out. */
  get withheld(): { readonly runs: number; readonly facts: number } {
    return this.#follower?.withheld ?? { runs: 0, facts: 0 };
  }

  hint(absolutePath: string): void {
    if (this.#options.isOff() || this.#disposables.isDisposed) return;
    if (absolutePath === '') {
      void this.reconciler.request();
      return;
    }
    const { folders, layout } = this.#options;
    if (absolutePath === layout.root || absolutePath.startsWith(`${layout.root}${sep}`)) return;
    const found = folders.locate(absolutePath);
    if (found === undefined) return;
    const index = this.#indexes.find((candidate) => candidate.folder === found.folder);
    if (index === undefined) return;
    if (/(?:^|\/)\.git(?:\/|$)/.test(found.relative)) {
      this.#git.hint();
      return;
    }
    if (found.relative === '') {
      void this.reconciler.request();
      return;
    }
    const path = joinWorkspacePath(folders.nameOf(found.folder), found.relative);
    if (generatedMarkers.has(basename(absolutePath))) index.noteMarker(found.relative, existsSync(absolutePath));
    const { verdict, at } = index.verdict(found.relative, false);
    if (verdict === 'policy' && at !== found.relative) void this.files.skip(joinWorkspacePath(folders.nameOf(found.folder), at), 'policy');
    else if (verdict === 'in' || verdict === 'policy' || this.#tracker.has(path)) {
      this.files.hint(path);
      this.#burst.request();
    }
  }

  /** An event of this process or another one has been recorded. */
  observe(event: TapedeckEvent): void {
    this.#commits.note(event);
    if (isFileEvent(event)) this.files.adopt(event);
    else if (
      event.kind === 'turn.ended' ||
      event.kind === 'prompt.submitted' ||
      event.kind === 'command.ended' ||
      (event.kind === 'tool.returned' && event.tool !== 'read')
    ) {
      this.#git.hint();
      if (!this.#options.isOff()) void this.reconciler.request();
    }
  }

  /** Looks at everything when it has been quiet for a moment. */
  lookSoon(): void {
    this.#burst.request();
  }

  async flush(): Promise<void> {
    await this.#follower?.flush();
    await this.files.flush();
    await this.#git.idle();
    await this.#options.attributor.idle();
  }

  checkGit(): Promise<void> {
    return this.#git.check();
  }

  /** That session is recorded from now on. */
  sessionOpened(session: SessionId): void {
    void this.#trailers.name(session);
  }

  forgetSession(): void {
    void this.#trailers.name(undefined);
    this.#commits.forget();
    this.files.forgetSkips();
  }

  async close(): Promise<void> {
    const named = this.#trailers.name(undefined);
    this.dispose();
    await this.#follower?.close();
    await named;
  }

  dispose(): void {
    this.#memory.stop();
    clearTimeout(this.#careTimer);
    clearTimeout(this.#retryTimer);
    this.#watching?.dispose();
    this.#watching = undefined;
    this.#disposables.dispose();
  }

  #watch(): void {
    const { watcher, folders, layout, onTrace } = this.#options;
    this.#watching?.dispose();
    if (this.#disposables.isDisposed) return;
    this.#watching = watcher.watch(
      folders.all.map((folder) => folder.path),
      (path) => {
        if (path === layout.root || path.startsWith(`${layout.root}${sep}`)) return true;
        const found = folders.locate(path);
        if (found === undefined) return true;
        if (found.relative === '' || this.#tracker.has(joinWorkspacePath(folders.nameOf(found.folder), found.relative))) return false;
        return this.#indexes.find((index) => index.folder === found.folder)?.isIgnored(found.relative) === true;
      },
      (path) => this.hint(path),
      (error) => {
        // Whatever it lost is found by looking.
        onTrace(`The file watcher failed: ${error instanceof Error ? error.message : String(error)}`);
        void this.reconciler.request();
      },
    );
  }

  async #followGit(): Promise<void> {
    for (const index of this.#indexes)
      for (const { base, repository } of index.repositories) {
        const name = this.#options.folders.nameOf(index.folder);
        await this.#git.follow({
          repository,
          name: base === '' ? name : joinWorkspacePath(name, base),
          toPath: (within) => joinWorkspacePath(name, base === '' ? within : `${base}/${within}`),
        });
      }
  }

  async #refreshIndexes(): Promise<void> {
    for (const index of this.#indexes) await index.refresh();
    await this.#memory.leaveLessToGit().catch((error: unknown) => this.#failed(error));
    await this.#followGit();
    void this.reconciler.request();
  }

  async #filesBelow(path: WorkspacePath): Promise<readonly WorkspacePath[]> {
    const place = this.#place(path);
    if (place === undefined || place.index.verdict(place.within, true).verdict !== 'in') return [];
    const name = this.#options.folders.nameOf(place.index.folder);
    const below: WorkspacePath[] = [];
    await place.index.scan(
      place.within,
      () => false,
      (within) => {
        const file = joinWorkspacePath(name, within);
        if (!this.#tracker.has(file)) below.push(file);
      },
    );
    // Files made while the folder was being walked are in the next look.
    this.#burst.request();
    return below;
  }

  async #beforeJudging(): Promise<void> {
    await this.#othersRewind();
    await this.#git.check();
  }

  /** Waits while another process rewinds: the changes are its own, and its events say so in a moment. */
  async #othersRewind(): Promise<void> {
    const deadline = this.#options.clock.now() + rewindWaitMs;
    while (this.#options.clock.now() < deadline) {
      let isLive = false;
      try {
        for (const name of await readdir(this.#options.layout.rewinds))
          if (name.endsWith('.json') && Date.now() - (await stat(join(this.#options.layout.rewinds, name))).mtimeMs < rewindSignMs)
            isLive = true;
      } catch {
        // No rewind was ever made, or its journal was removed between the two calls.
      }
      if (!isLive) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async #recordFact(journal: Journal, draft: EventDraft): Promise<TapedeckEvent> {
    if (this.#options.isOff() || (draft.at !== undefined && this.#options.wasPausedAt(draft.at)))
      throw new NoSessionError('paused', 'Recording was paused.');
    return journal.record(atDetail(draft, this.#options.detail()));
  }

  /** Who was at work is known of a run that is not recorded too, or its changes would be said to be somebody else's. */
  #noteWithheld(fact: EventDraft): void {
    this.#options.onLeftOut();
    if (this.#options.isOff() || !evidenceKinds.has(fact.kind)) return;
    const at = fact.at ?? new Date(this.#options.clock.now()).toISOString();
    this.#options.attributor.observe({ ...fact, v: schemaVersion, w: '', n: 0, at }, true);
  }

  #place(path: WorkspacePath): { readonly index: FolderIndex; readonly within: string } | undefined {
    const { folder, relative } = splitWorkspacePath(path);
    const index = folder === undefined ? this.#indexes[0] : this.#indexes.find((candidate) => candidate.folder.name === folder);
    return index === undefined ? undefined : { index, within: relative };
  }

  /** Told once when there is none left, and again when there is. */
  #hasRoom(sizeBytes: number): boolean {
    const { content, settings, onTrouble } = this.#options;
    const hasRoom = content.storedBytes + sizeBytes <= settings.maxStoredBytes;
    onTrouble(
      'room',
      hasRoom
        ? undefined
        : `The contents of files take all the ${describeBytes(settings.maxStoredBytes)} that the setting allows: changes are recorded without their contents, and cannot be rewound. Raise tapedeck.maxStorageMB, or remove old sessions from ${this.#options.layout.sessions}.`,
    );
    return hasRoom;
  }

  /** Once a day, when nothing else is to be done. */
  async #careForContents(): Promise<void> {
    const { layout, digest, clock, onTrace } = this.#options;
    try {
      await this.#contentsKept;
      if (this.#disposables.isDisposed) return;
      if (await isCareDue(layout, clock)) {
        const care = await careForContents({ layout, digest, clock });
        if (care.state === 'refused') onTrace(`Contents were not collected: ${care.message}`);
        else if (care.freedBytes > 0) onTrace(`Contents that no log mentions were removed: ${describeBytes(care.freedBytes)}`);
      }
    } catch (error) {
      onTrace(`Contents were not collected: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (this.#disposables.isDisposed) return;
    this.#careTimer = setTimeout(() => void this.#careForContents(), careEveryMs);
    this.#careTimer.unref();
  }

  /** What could not be written stays a difference; it is looked for again, with growing pauses. */
  #failed(error: unknown): void {
    if (this.#disposables.isDisposed) return;
    const message = error instanceof Error ? error.message : String(error);
    this.#options.onTrace(`Files could not be recorded: ${message}`);
    const reason = failureReason((error as Error | undefined)?.cause ?? error);
    this.#options.onTrouble('files', reason === 'other' ? message : describeFailure(reason, (error as Error).cause ?? error));
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => void this.reconciler.run(), Math.min(longestRetryMs, retryMs * 2 ** this.#retries));
    this.#retries += 1;
  }
}
