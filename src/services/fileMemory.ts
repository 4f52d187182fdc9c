import type { Clock, UnixMs } from '../base/clock.ts';
import { compareMarks } from '../core/eventOrder.ts';
import type { SourceSet } from '../core/sourceSet.ts';
import type { Digest } from '../model/digest.ts';
import type { SessionId } from '../model/ids.ts';
import { joinWorkspacePath, splitWorkspacePath, type WorkspacePath } from '../model/workspacePath.ts';
import type { ContentStore } from '../store/contentStore.ts';
import { DiskPace } from '../store/diskPace.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import { openLogReader } from '../store/logReader.ts';
import { recallLog } from '../store/logRecall.ts';
import { TimeSlice } from '../store/timeSlice.ts';
import { isSameStamp } from '../store/workspaceScan.ts';
import type { FileObserver } from './fileObserver.ts';
import type { FileRecorder } from './fileRecorder.ts';
import { knownFromVersion, type FileTracker } from './fileTracker.ts';
import type { FolderIndex } from './folderIndex.ts';
import type { Journal } from './journal.ts';
import { decodeManifest, encodeManifest } from './manifest.ts';

export interface FileMemoryOptions {
  readonly folders: readonly FolderIndex[];
  readonly nameOf: (index: FolderIndex) => string | undefined;
  readonly tracker: FileTracker;
  readonly observer: FileObserver;
  readonly files: FileRecorder;
  readonly content: ContentStore;
  readonly clock: Clock;
  readonly budgetBytes: number;
  readonly onTrace: (message: string) => void;
}

/** ISO 8601; `to` undefined: it still is. */
export interface PausedTime {
  readonly from: string;
  to: string | undefined;
}

/** What a session's log says that a recorder which goes on with it must know. */
export interface Remembered {
  /** Folders (by their name in paths, '' for the first) whose files are known from the log. */
  readonly folders: ReadonlySet<string>;
  /** When the last event was written, ISO 8601. */
  readonly lastAt: string | undefined;
  readonly isPaused: boolean;
  /** Times in which recording was paused. */
  readonly pauses: readonly PausedTime[];
  /** Of every fact from a transcript. */
  readonly sources: SourceSet;
}

const sliceMs = 1;

/** How long before a baseline an event may stand that the baseline does not know of yet. */
const inFlightMs = 10_000;
/** So many share one sync of the disk. */
const copiesAtOnce = 256;

/**
 * How the tracker comes to know the files: from the disk and git when recording begins, from the log when it goes on.
 * What git holds is not copied; what it does not hold (untracked, changed, or no git) is copied in the background, the
 * files that changed last first, as far as the budget goes. Until a file is copied, its content before a change is lost,
 * and the event says so.
 */
export class FileMemory {
  readonly #options: FileMemoryOptions;
  #isStopped = false;

  constructor(options: FileMemoryOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Takes the disk as it is for the beginning. Resolves with how long it took, ms. */
  async arm(isWanted: (index: FolderIndex) => boolean): Promise<number> {
    const { tracker, clock } = this.#options;
    const startedAt = clock.now();
    for (const index of this.#options.folders) {
      if (!isWanted(index)) continue;
      const name = this.#options.nameOf(index);
      await index.scan(
        '',
        () => false,
        (within, stamp) => {
          if (stamp.type === 'special') return;
          const path = name === undefined ? index.shared(within) : joinWorkspacePath(name, within);
          // What was read from the log is newer.
          if (!tracker.has(path))
            tracker.set(path, { stamp, sizeBytes: stamp.sizeBytes, mode: stamp.mode, type: stamp.type, isKept: false, isFresh: false });
        },
      );
      await this.#leaveToGit(index, name);
    }
    return clock.now() - startedAt;
  }

  /** Notes which files git holds. Asked after the walk: what is clean now and has not changed since the walk was clean when it was met. */
  async #leaveToGit(index: FolderIndex, name: string | undefined): Promise<void> {
    const slice = new TimeSlice();
    for (const { base, repository, tracked } of index.repositories) {
      let dirty: ReadonlySet<string>;
      let filtered: ReadonlySet<string>;
      try {
        [dirty, filtered] = await Promise.all([repository.dirty(), repository.filtered(tracked)]);
      } catch (error) {
        // Not known to be clean: then nothing of it is taken from git.
        this.#options.onTrace(`git status failed in ${repository.folder}: ${String(error)}`);
        continue;
      }
      for (const path of tracked.paths()) {
        if (slice.isSpent) await slice.pause();
        const file = tracked.get(path);
        if (file?.isTrusted !== true || dirty.has(path) || filtered.has(path)) continue;
        this.#options.tracker.setOid(joinWorkspacePath(name, base === '' ? path : `${base}/${path}`), file.oid);
      }
    }
  }

  /**
   * What git may forget is not left to it alone: an object that its index does not name for this file can be gone after the
   * next clean-up of history. While the file lies there unchanged, it is copied from the disk.
   */
  async leaveLessToGit(): Promise<void> {
    const { tracker, folders, nameOf } = this.#options;
    const slice = new TimeSlice();
    const indexOf = new Map(folders.map((index) => [nameOf(index), index]));
    const forgettable: WorkspacePath[] = [];
    for (const [path, file] of tracker.entries()) {
      if (slice.isSpent) await slice.pause();
      if (file.oid === undefined || file.hash !== undefined) continue;
      const { folder, relative } = splitWorkspacePath(path);
      if (indexOf.get(folder)?.tracked(relative)?.oid !== file.oid) forgettable.push(path);
    }
    await this.#copy(forgettable);
  }

  /** Copies what only the disk holds, within the budget. */
  async keepContents(): Promise<void> {
    await this.#copy(await this.#latestFirst());
  }

  async #copy(wanted: readonly WorkspacePath[]): Promise<void> {
    const { tracker, observer } = this.#options;
    const pace = new DiskPace();
    const slice = new TimeSlice();
    let left = this.#options.budgetBytes;
    let next = 0;
    const copy = async (): Promise<void> => {
      for (;;) {
        while (slice.isSpent) await slice.pause();
        const path = wanted[next++];
        if (path === undefined || this.#isStopped) return;
        const file = tracker.get(path);
        // Changed or gone meanwhile: then the event that says so has told all there is.
        const isAsMet = (): boolean => {
          const now = tracker.get(path);
          return now !== undefined && now.hash === undefined && now.stamp !== undefined && isSameStamp(now.stamp, file!.stamp!);
        };
        if (file?.stamp === undefined || !isAsMet()) continue;
        const kept = await observer.keep(path, file, left, pace);
        if (kept === undefined || !isAsMet()) continue;
        if (kept.isKept) left -= kept.sizeBytes;
        tracker.set(path, kept);
      }
    };
    await Promise.all(Array.from({ length: copiesAtOnce }, copy));
  }

  /** What is to be copied, by its last change. */
  async #latestFirst(): Promise<readonly WorkspacePath[]> {
    const paths: WorkspacePath[] = [];
    const times: number[] = [];
    const slice = new TimeSlice();
    for (const [path, mtimeMs] of this.#options.tracker.toBeCopied()) {
      paths.push(path);
      times.push(mtimeMs);
      if (slice.isSpent) await slice.pause();
    }
    if (paths.length === 0) return paths;
    // Numbers alone are sorted twenty times as fast as objects: the age in seconds, and the place in one number.
    const latest = times.reduce((a, b) => Math.max(a, b));
    const keys = Float64Array.from(times, (time, i) => Math.min(2 ** 31, Math.floor((latest - time) / 1000)) * 2 ** 21 + i);
    keys.sort();
    return Array.from(keys, (key) => paths[key % 2 ** 21]!);
  }

  /** Writes down, for each folder, what the files are now: the point from which a later recorder goes on. */
  async recordBaselines(
    journal: Journal,
    headOf: (index: FolderIndex) => Promise<{ readonly commit?: string | undefined; readonly branch?: string | undefined }>,
  ): Promise<void> {
    for (const index of this.#options.folders) {
      const name = this.#options.nameOf(index);
      const manifest = await encodeManifest(this.#options.tracker.entries(), (path) => splitWorkspacePath(path).folder === name);
      const { hash } = await this.#options.content.put(manifest.bytes);
      const head = await headOf(index);
      await journal.record({
        kind: 'baseline.taken',
        by: { actor: 'system', how: 'stated' },
        folder: index.folder.name,
        ...(head.commit === undefined ? {} : { head: head.commit }),
        ...(head.branch === undefined ? {} : { branch: head.branch }),
        files: manifest.files,
        manifest: hash,
        skipped: manifest.skipped,
      });
    }
  }

  /** Recalls a session's log: the files' last known versions, what was told, whether it is paused. */
  async restore(past: { readonly layout: TapedeckLayout; readonly session: SessionId; readonly digest: Digest }): Promise<Remembered> {
    const { tracker, files } = this.#options;
    const reader = await openLogReader(past);
    const lastAt = (await reader.tail(1)).events[0]?.at;
    reader.dispose();
    const recall = await recallLog(past.layout.session(past.session), past.digest);
    const slice = new TimeSlice(sliceMs);
    const folders = new Set<string>();
    for (const index of this.#options.folders) {
      const manifest = recall.baselines.get(index.folder.name)?.manifest;
      const bytes = manifest === undefined ? undefined : await this.#options.content.get(manifest);
      if (bytes !== undefined && (await decodeManifest(bytes, (path, file) => tracker.set(path, file))))
        folders.add(this.#options.nameOf(index) ?? '');
    }
    for (const [path, { at, version }] of recall.files) {
      if (slice.isSpent) await slice.pause();
      // A baseline says all of its folder: what was recorded before it is in it, but for what was on its way to the log
      // while the baseline was written down.
      const baseline = recall.baselines.get(this.#folderOf(path) ?? '');
      if (baseline !== undefined && Date.parse(baseline.at) - Date.parse(at) > inFlightMs) continue;
      if (version === undefined) tracker.delete(path);
      else tracker.set(path, knownFromVersion(version));
    }
    for (const { path, reason } of recall.skips.values()) files.noteSkip(path, reason);
    const pauses: PausedTime[] = [];
    for (const pause of recall.pauses.toSorted(compareMarks)) notePause(pauses, pause);
    const isPaused = pauses.length > 0 && pauses.at(-1)?.to === undefined;
    return { folders, lastAt, isPaused, pauses, sources: recall.sources };
  }

  #folderOf(path: WorkspacePath): string | undefined {
    const { folder } = splitWorkspacePath(path);
    return folder ?? this.#options.folders[0]?.folder.name;
  }
}

/** Takes a pause or its end into the list; saying one of them twice changes nothing. */
export function notePause(
  pauses: PausedTime[],
  event: { readonly kind: 'capture.paused' | 'capture.continued'; readonly at: string },
): void {
  const last = pauses.at(-1);
  const isPaused = last !== undefined && last.to === undefined;
  if (event.kind === 'capture.paused' && !isPaused) pauses.push({ from: event.at, to: undefined });
  else if (event.kind === 'capture.continued' && isPaused) last.to = event.at;
}

/** How long nobody recorded, for `capture.gap`. */
export function gapOf(lastAt: string | undefined, now: UnixMs): { readonly from: string; readonly to: string } | undefined {
  if (lastAt === undefined) return undefined;
  const to = new Date(now).toISOString();
  return lastAt < to ? { from: lastAt, to } : undefined;
}
