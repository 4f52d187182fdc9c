import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, UnixMs } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import { splitWorkspacePath, joinWorkspacePath, type WorkspacePath } from '../model/workspacePath.ts';
import { TimeSlice } from '../store/timeSlice.ts';
import type { FileRecorder } from './fileRecorder.ts';
import type { FileTracker } from './fileTracker.ts';
import type { FolderIndex } from './folderIndex.ts';

export interface ReconcilerOptions {
  readonly folders: () => readonly FolderIndex[];
  /** What stands for the folder in the log's paths. */
  readonly nameOf: (index: FolderIndex) => string | undefined;
  readonly tracker: FileTracker;
  readonly files: FileRecorder;
  readonly clock: Clock;
  readonly fold: (path: string) => string;
  /** The rules have changed: a watcher may have to begin anew. */
  readonly onRulesChanged: () => void;
  readonly onCut: (files: number) => void;
  readonly onFailure: (error: unknown) => void;
  /** Recording is paused or off: nothing is looked at. */
  readonly isOff: () => boolean;
}

/** A look at everything costs at most one part in twenty of the time. */
const costShare = 20;
const soonMs = 120;
const longestWaitMs = 60_000;
/** So much the disk's clock may be off ours, or count in steps. */
const stampDoubtMs = 1000;

/**
 * Makes sure: walks the folders and hands every difference between the disk and what is known to the file recorder. This,
 * not the watcher, is why no change is missed. Looks that nobody waits for are put together and rationed by what they cost.
 */
export class Reconciler implements Disposable {
  readonly #options: ReconcilerOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiting: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  #running: Promise<void> | undefined;
  #endedAt: UnixMs = 0;
  /** When the last whole look began: what it saw was so since then. */
  #lookedAt: UnixMs | undefined;
  #costMs = 0;
  /** Tells what was left out at the last whole look; none of a folder of which that is not known. */
  #remembered = new Map<FolderIndex, ReturnType<FolderIndex['remember']>>();
  #isDisposed = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Wall time of the last look, ms. */
  get costMs(): number {
    return this.#costMs;
  }

  /** All is known as of then (a baseline was taken); of these folders also what was left out. */
  noteLook(at: UnixMs, costMs: number, judged: readonly FolderIndex[]): void {
    this.#lookedAt = at;
    this.#costMs = costMs;
    this.#remembered = new Map(judged.map((index) => [index, index.remember()]));
  }

  /** When it can be afforded. Resolves when that look is recorded. */
  request(): Promise<void> {
    if (this.#isDisposed) return Promise.resolve();
    if (this.#waiting !== undefined) return this.#waiting.promise;
    let resolve = (): void => {};
    const promise = new Promise<void>((done) => (resolve = done));
    this.#waiting = { promise, resolve };
    const now = this.#options.clock.now();
    const waitMs = Math.min(longestWaitMs, Math.max(soonMs, this.#endedAt + (costShare - 1) * this.#costMs - now));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.run().catch(() => {});
    }, waitMs);
    return promise;
  }

  /** At once. `blind`: who did it is not asked; `silent`: what is found is taken as known, without an event. A look that runs already may have passed by what the caller means, so another one follows it. */
  async run(manner: 'seeing' | 'blind' | 'silent' = 'seeing'): Promise<void> {
    if (this.#isDisposed) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    const before = this.#running ?? Promise.resolve();
    const job = before.then(() => this.#look(manner));
    this.#running = job;
    try {
      await job;
    } finally {
      if (this.#running === job) this.#running = undefined;
      waiting?.resolve();
    }
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    this.#waiting?.resolve();
  }

  async #look(manner: 'seeing' | 'blind' | 'silent'): Promise<void> {
    if (this.#options.isOff() && manner !== 'silent') return;
    const { files, clock } = this.#options;
    const startedAt = clock.now();
    const since = this.#lookedAt;
    try {
      const changed = new Set<WorkspacePath>();
      const gone = new Set<WorkspacePath>();
      const uncovered = new Map<WorkspacePath, 'left-out' | 'unsure'>();
      const remembered = new Map<FolderIndex, ReturnType<FolderIndex['remember']>>();
      for (const index of this.#options.folders()) {
        await this.#lookInto(index, since, { changed, gone, uncovered });
        remembered.set(index, index.remember());
      }
      this.#costMs = clock.now() - startedAt;
      if (this.#isDisposed) return;
      await files.look([...changed, ...gone], { gone, uncovered, manner, ...(since === undefined ? {} : { since }) });
      this.#lookedAt = startedAt;
      this.#remembered = remembered;
    } catch (error) {
      this.#options.onFailure(error);
    } finally {
      this.#endedAt = clock.now();
    }
  }

  async #lookInto(
    index: FolderIndex,
    since: UnixMs | undefined,
    found: {
      readonly changed: Set<WorkspacePath>;
      readonly gone: Set<WorkspacePath>;
      readonly uncovered: Map<WorkspacePath, 'left-out' | 'unsure'>;
    },
  ): Promise<void> {
    const { tracker, fold } = this.#options;
    const name = this.#options.nameOf(index);
    const toPath = (within: string): WorkspacePath => joinWorkspacePath(name, within);
    // Met, though not known: new ones, and those whose names only changed their case.
    const unknown = new Set<WorkspacePath>();
    const fresh: Fresh[] = [];
    tracker.beginLook();
    const { generation } = index;
    const result = await index.scan(
      '',
      (within) => tracker.has(toPath(within)),
      (within, stamp) => {
        const path = toPath(within);
        const met = tracker.meet(path, stamp);
        if (met === 'unknown') {
          unknown.add(path);
          if (stamp.type === 'special') return;
          fresh.push({ path, within, ctimeMs: stamp.ctimeMs });
        }
        if (met !== 'same') found.changed.add(path);
      },
    );
    const remembered = this.#remembered.get(index);
    const wasLeftOut = remembered?.();
    const mayBeUncovered = remembered === undefined || wasLeftOut !== undefined;
    // To begin to watch anew is dear: not where only git's index has changed, as with each commit.
    if (index.generation !== generation) this.#options.onRulesChanged();
    const slice = new TimeSlice();
    if (mayBeUncovered) {
      for (const { path, within, ctimeMs } of since === undefined ? [] : fresh) {
        if (slice.isSpent) await slice.pause();
        const isOld = ctimeMs < since! - stampDoubtMs;
        // Nobody knows what was left out: a file from before our last look may have been, or has come with a folder's new name.
        if (wasLeftOut === undefined) {
          if (isOld) found.uncovered.set(path, 'unsure');
        } else if (wasLeftOut(within) && (isOld || (await wasThereBefore(join(index.folder.path, within), since! - stampDoubtMs))))
          found.uncovered.set(path, 'left-out');
      }
    }
    if (result.isCut) this.#options.onCut(result.files);
    const isHidden = (path: string): boolean =>
      result.unreadable.some((folder) => folder === '' || path === folder || path.startsWith(`${folder}/`));
    const missing: WorkspacePath[] = [];
    if (mayBeUncovered)
      for (const path of tracker.coveredPaths()) {
        if (slice.isSpent) await slice.pause();
        const { folder, relative } = splitWorkspacePath(path);
        if (folder === name && index.verdict(relative, false).verdict === 'in') tracker.uncover(path);
      }
    for (const path of tracker.paths()) {
      if (slice.isSpent) await slice.pause();
      if (tracker.wasMet(path) || unknown.has(path)) continue;
      const { folder, relative } = splitWorkspacePath(path);
      if (folder !== name || isHidden(relative)) continue;
      // Still there perhaps, but left out now: nothing is recorded of it any more.
      const { verdict } = index.verdict(relative, false);
      if (verdict === 'in' || verdict === 'policy') missing.push(path);
      else tracker.cover(path);
    }
    const otherwise = await this.#metInOtherLetters(missing, unknown);
    for (const path of missing) {
      // The same name in other letters is there: the disk would answer to the old one too.
      if (otherwise.has(fold(path))) found.gone.add(path);
      else if (!result.isCut) found.changed.add(path);
    }
  }

  /** Of the missing, folded, those under whose name something was met: on a disk that takes the two for one. */
  async #metInOtherLetters(missing: readonly WorkspacePath[], unknown: ReadonlySet<WorkspacePath>): Promise<ReadonlySet<string>> {
    const { tracker, fold } = this.#options;
    const met = new Set<string>();
    if (missing.length === 0 || fold('A') === 'A') return met;
    const wanted = new Set(missing.map(fold));
    const slice = new TimeSlice();
    for (const path of unknown) if (wanted.has(fold(path))) met.add(fold(path));
    for (const path of tracker.paths()) {
      if (tracker.wasMet(path) && wanted.has(fold(path))) met.add(fold(path));
      if (slice.isSpent) await slice.pause();
    }
    return met;
  }
}

interface Fresh {
  readonly path: WorkspacePath;
  readonly within: string;
  readonly ctimeMs: number;
}

/** Made before then, whatever was done to it since. False where the disk does not tell. */
async function wasThereBefore(absolute: string, atMs: UnixMs): Promise<boolean> {
  const { birthtimeMs } = (await lstat(absolute).catch(() => undefined)) ?? { birthtimeMs: 0 };
  return birthtimeMs > 0 && birthtimeMs < atMs;
}

/** Why somebody asks for a look at all files. */
export type ReconcileReason = 'start' | 'command' | 'turn' | 'checkpoint' | 'rewind' | 'watcher' | 'burst' | 'focus' | 'hand';
