import { SerialQueue } from '../base/serialQueue.ts';
import {
  foldersToEmpty,
  settleRewind,
  takenWholly,
  type RewindChoice,
  type RewindPlan,
  type RewindStep,
  type SettledRewind,
} from '../core/rewindPlan.ts';
import type { Hunk } from '../core/hunks.ts';
import { touchedFiles, type LoggedFile } from '../core/touchedFiles.ts';
import { tapedeckAuthor } from '../model/author.ts';
import type { Digest } from '../model/digest.ts';
import { eventId, type EventId } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { ContentStore } from '../store/contentStore.ts';
import { createDirectDisk } from '../store/directDisk.ts';
import type { DiskFileSystem } from '../store/diskFileSystem.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import type { LogReader } from '../store/logReader.ts';
import { restorePlatform, type FilePlace, type RestorePlatform } from '../store/presentFile.ts';
import { missingFolders, restoreFiles } from '../store/restore.ts';
import type { DocumentPort, RestoreContext, RestoreStep, RestoreStretch } from '../store/restoreStep.ts';
import { RewindJournals, type JournalEntry, type OpenJournal } from '../store/rewindJournal.ts';
import type { Journal } from './journal.ts';
import { readFileNow, readFileThen, type FileThen } from './fileThen.ts';
import { leftOutPaths } from './leftOutPaths.ts';
import { placeOf } from './rewindFolders.ts';
import { RewindHistory } from './rewindHistory.ts';
import { RewindPlanner } from './rewindPlanner.ts';
import type { RewindReport } from './rewindReport.ts';
import { recordRewind } from './rewindRecord.ts';
import { recoverRewinds, type RecoveredRewind } from './rewindRecovery.ts';
import { makeSafetyCheckpoint } from './safetyCheckpoint.ts';
import type { UndoneWork } from './undoneWork.ts';
import type { SessionFolder } from './sessions.ts';

export type { FileThen } from './fileThen.ts';
export type { RecoveredRewind } from './rewindRecovery.ts';
export type { RewindReport } from './rewindReport.ts';
export type { DocumentPort } from '../store/restoreStep.ts';

export interface RewinderOptions {
  readonly layout: TapedeckLayout;
  /** Of the workspace now, the first one first. */
  readonly folders: readonly SessionFolder[];
  /** The session that is rewound. */
  readonly reader: LogReader;
  /** Sessions of the same folders that began after it, oldest first: all their events are later than any target. */
  readonly laterReaders?: readonly LogReader[];
  /** Sessions before it whose files `filesAt` knows as well, oldest first. */
  readonly earlierReaders?: readonly LogReader[];
  readonly journal: Journal;
  readonly content: ContentStore;
  readonly digest: Digest;
  /** Lower-case letters and digits. */
  readonly random: (length: number) => string;
  readonly documents?: DocumentPort;
  /** Runs the work while no recorder of this process takes our writes for somebody's changes. */
  readonly during?: <T>(work: () => Promise<T>) => Promise<T>;
  readonly fileSystem?: DiskFileSystem;
  readonly platform?: RestorePlatform;
  /** For tests that stop a rewind in the middle. */
  readonly onStretch?: (stretch: RestoreStretch | 'saved' | 'journalled' | 'restored' | 'recorded') => void;
}

/**
 * Brings the session's files back to any of its events, and back again.
 * - Nothing is touched before a plan was made and every conflict decided (R1, R3).
 * - Nothing is touched before everything that stands there now is safe, and marked by a checkpoint (R2).
 * - Either all of it happens or none (R5); one that died in the middle is brought to one of the two at the next start.
 * - What happened is written into the log like anything else: nothing is removed from it (R8).
 */
export interface Rewinder {
  /** What a rewind to the state right after that event would do. Throws UnknownEventError. */
  plan(target: EventId, scope?: readonly WorkspacePath[]): Promise<RewindPlan>;
  /**
   * What undoing this work alone would do: everything that came after it is kept, by merging. Undefined: it changed no file.
   * Merged contents are put into the content store.
   */
  planWithout(work: UndoneWork, scope?: readonly WorkspacePath[]): Promise<RewindPlan | undefined>;
  /** What doing these changes again, on top of what is there now, would do. Undefined: no change of a file is among them. */
  planAgain(changes: readonly EventId[], scope?: readonly WorkspacePath[]): Promise<RewindPlan | undefined>;
  /** What a step would change in a text, to be chosen from; undefined where it is taken whole or not at all. */
  hunksOf(step: RewindStep): Promise<readonly Hunk[] | undefined>;
  /** The plan with only these hunks, by their place, of the files that are named. Throws HunkError. */
  withHunks(plan: RewindPlan, chosen: ReadonlyMap<WorkspacePath, ReadonlySet<number>>): Promise<RewindPlan>;
  apply(plan: RewindPlan, choice?: RewindChoice): Promise<RewindReport>;
  /** The plan that undoes a rewind; by default the newest one that is not undone. Undefined: there is none. Works from the log alone. */
  planUndo(rewind?: string): Promise<RewindPlan | undefined>;
  /** planUndo and apply in one. */
  undo(rewind?: string, choice?: RewindChoice): Promise<RewindReport | undefined>;
  /** Ends rewinds that died in the middle. Must run at start, before anything is recorded or planned. */
  recover(): Promise<readonly RecoveredRewind[]>;
  /** Every path that the session touched, as it was right after that event. */
  filesAt(target: EventId): Promise<ReadonlyMap<WorkspacePath, LoggedFile>>;
  /** A path that the session did not touch is read from the disk. */
  readFileAt(target: EventId, path: WorkspacePath): Promise<FileThen>;
}

export function openRewinder(options: RewinderOptions): Rewinder {
  return new LogRewinder(options);
}

class LogRewinder implements Rewinder {
  readonly #options: RewinderOptions;
  readonly #fileSystem: DiskFileSystem;
  readonly #platform: RestorePlatform;
  readonly #journals: RewindJournals;
  readonly #history: RewindHistory;
  readonly #planner: RewindPlanner;
  readonly #queue = new SerialQueue();

  constructor(options: RewinderOptions) {
    this.#options = options;
    this.#fileSystem = options.fileSystem ?? createDirectDisk();
    this.#platform = options.platform ?? restorePlatform();
    this.#history = new RewindHistory(options.reader, options.laterReaders ?? [], options.earlierReaders ?? []);
    this.#journals = new RewindJournals(options.layout.rewinds, this.#fileSystem);
    this.#planner = new RewindPlanner({
      history: this.#history,
      content: options.content,
      documents: options.documents,
      digest: options.digest,
      fileSystem: this.#fileSystem,
      platform: this.#platform,
      random: options.random,
      place: (path) => this.#place(path),
      leftOut: (paths) => leftOutPaths(paths, options.folders, this.#platform.foldsNames),
    });
  }

  plan(target: EventId, scope?: readonly WorkspacePath[]): Promise<RewindPlan> {
    return this.#planner.plan(target, scope);
  }

  planWithout(work: UndoneWork, scope?: readonly WorkspacePath[]): Promise<RewindPlan | undefined> {
    return this.#planner.planWithout(work, scope);
  }

  planUndo(rewind?: string): Promise<RewindPlan | undefined> {
    return this.#planner.planUndo(rewind);
  }

  planAgain(changes: readonly EventId[], scope?: readonly WorkspacePath[]): Promise<RewindPlan | undefined> {
    return this.#planner.planAgain(changes, scope);
  }

  hunksOf(step: RewindStep): Promise<readonly Hunk[] | undefined> {
    return this.#planner.hunksOf(step);
  }

  withHunks(plan: RewindPlan, chosen: ReadonlyMap<WorkspacePath, ReadonlySet<number>>): Promise<RewindPlan> {
    return this.#planner.withHunks(plan, chosen);
  }

  apply(plan: RewindPlan, choice: RewindChoice = {}): Promise<RewindReport> {
    const during = this.#options.during ?? ((work) => work());
    return this.#queue.run(() => during(() => this.#apply(plan, settleRewind(plan, choice), choice)));
  }

  async undo(rewind?: string, choice?: RewindChoice): Promise<RewindReport | undefined> {
    const plan = await this.planUndo(rewind);
    return plan === undefined ? undefined : this.apply(plan, choice);
  }

  recover(): Promise<readonly RecoveredRewind[]> {
    return this.#queue.run(() =>
      recoverRewinds({
        journals: this.#journals,
        journal: this.#options.journal,
        reader: this.#options.reader,
        context: (id) => this.#context(id),
        place: (path) => this.#place(path),
      }),
    );
  }

  filesAt(target: EventId): Promise<ReadonlyMap<WorkspacePath, LoggedFile>> {
    return this.#history.filesAt(target);
  }

  async readFileAt(target: EventId, path: WorkspacePath): Promise<FileThen> {
    const then = (await this.filesAt(target)).get(path);
    const { content } = this.#options;
    return then === undefined ? readFileNow(this.#place(path), this.#fileSystem, this.#platform) : readFileThen(then, content);
  }

  async #apply(plan: RewindPlan, settled: SettledRewind, choice: RewindChoice): Promise<RewindReport> {
    const { layout, journal, content, documents, onStretch } = this.#options;
    const failed = (reason: string, message: string, more: Partial<Extract<RewindReport, { ok: false }>> = {}): RewindReport => ({
      ok: false,
      id: plan.id,
      reason,
      message,
      rolledBack: true,
      left: [],
      ...more,
    });
    if (settled.undecided.length > 0) return failed('undecided', 'There are conflicts to decide', { undecided: settled.undecided });
    const common = { ok: true, id: plan.id, alreadySo: plan.alreadySo, skipped: settled.skips } as const;
    if (settled.steps.length === 0) return { ...common, event: undefined, checkpoint: undefined, written: 0, deleted: 0 };
    if ((await this.#journals.list()).length > 0)
      return failed('busy', 'Another rewind is under way, or one that died is not yet put right');

    const places = new Map<WorkspacePath, FilePlace>();
    for (const { path } of settled.steps) {
      const place = this.#place(path);
      if (typeof place === 'string') return failed(place, `${path} may not be touched`, { path });
      places.set(path, place);
    }
    const steps: RestoreStep[] = settled.steps.map(({ path, from, disk, to }) => ({ path, from, disk, to, ...places.get(path)! }));
    const checkpoint = `cp-${plan.id}`;
    let open: OpenJournal | undefined;
    let entry: Omit<JournalEntry, 'format' | 'host' | 'pid'>;
    try {
      const label = labelOf(plan);
      const parts = { journal, content, fileSystem: this.#fileSystem, documents };
      const made = await makeSafetyCheckpoint(parts, await this.#withLatestWord(plan, settled.steps), places, { id: checkpoint, label });
      onStretch?.('saved');
      entry = {
        id: plan.id,
        target: plan.target,
        targetAt: plan.targetAt,
        checkpoint,
        checkpointEvent: eventId(made),
        steps: settled.steps.map(({ path, from, disk, to }) => ({
          path,
          ...(from === undefined ? {} : { from }),
          ...(disk === undefined ? {} : { disk }),
          ...(to === undefined ? {} : { to }),
        })),
        skips: settled.skips.map(({ path, reason }) => ({ path, reason })),
        newFolders: await missingFolders(this.#fileSystem, steps),
        ...(journal.session === undefined ? {} : { session: journal.session }),
        ...(plan.undoes === undefined ? {} : { undoes: plan.undoes }),
        ...(plan.undid === undefined ? {} : { undid: takenWholly(plan.undid, plan, settled) }),
        ...(plan.brought === undefined ? {} : { brought: takenWholly(plan.brought, plan, settled) }),
        ...(plan.kept === undefined || plan.kept.length === 0 ? {} : { kept: [...plan.kept] }),
        ...this.#scopedPaths(plan, settled, choice),
      };
      open = await this.#journals.open(entry);
      onStretch?.('journalled');
    } catch (error) {
      return failed('not-saved', error instanceof Error ? error.message : String(error), { path: pathOf(error) });
    }

    const outcome = await restoreFiles(this.#context(plan.id), {
      steps,
      foldersToEmpty: foldersToEmpty(settled.steps)
        .flatMap((folder) => this.#place(folder))
        .filter((place) => typeof place !== 'string'),
      ...(onStretch === undefined ? {} : { onStretch }),
    });
    if (!outcome.ok) return this.#reportFailure(plan, open, outcome);
    onStretch?.('restored');
    const counts = {
      written: steps.filter(({ to }) => to !== undefined).length,
      deleted: steps.filter(({ to }) => to === undefined).length,
    };
    try {
      const event = await recordRewind({ journal, content }, entry, new Set());
      onStretch?.('recorded');
      await open.remove();
      return { ...common, ...counts, event: eventId(event), checkpoint };
    } catch (error) {
      // The files are as planned and stay so; the journal stays too, and recover() writes what the log lacks.
      open.release();
      return {
        ...common,
        ...counts,
        event: undefined,
        checkpoint,
        unrecorded: `${error instanceof Error ? error.message : String(error)} (log: ${layout.root})`,
      };
    }
  }

  /** The log may have learned more since the plan was made: what was a conflict then may be recorded by now. */
  async #withLatestWord(plan: RewindPlan, steps: readonly RewindStep[]): Promise<readonly RewindStep[]> {
    const touched = touchedFiles((await this.#history.changesAfter(await this.#history.find(plan.target))).later, plan.undoes);
    return steps.map((step) => ({ ...step, logged: touched.get(step.path)?.after ?? step.logged }));
  }

  async #reportFailure(
    plan: RewindPlan,
    open: OpenJournal,
    outcome: Extract<Awaited<ReturnType<typeof restoreFiles>>, { ok: false }>,
  ): Promise<RewindReport> {
    const { failure, left } = outcome;
    const rolledBack = left.length === 0;
    try {
      await this.#options.journal.record({
        kind: 'rewind.failed',
        by: tapedeckAuthor,
        id: plan.id,
        target: plan.target,
        reason: failure.reason,
        detail: failure.message,
        rolledBack,
        ...(rolledBack ? {} : { left: left.map(({ path }) => path) }),
      });
    } catch {
      // The report below says it; the log could not take it.
    }
    // What could not be put back is tried again at the next start.
    if (rolledBack) await open.remove().catch(() => open.release());
    else open.release();
    return { ok: false, id: plan.id, reason: failure.reason, message: failure.message, path: failure.path, rolledBack, left };
  }

  /** The paths that a rewind of single files is about; absent for one of the whole session. */
  #scopedPaths(plan: RewindPlan, settled: SettledRewind, choice: RewindChoice): { readonly paths?: string[] } {
    const whole = settled.steps.filter(({ hunks }) => hunks === undefined);
    const isWhole =
      plan.scope === undefined &&
      plan.undid === undefined &&
      whole.length === settled.steps.length &&
      !settled.skips.some(({ reason }) => reason === 'not-chosen') &&
      ![...(choice.files?.values() ?? [])].includes('skip');
    // A file of which only some hunks were taken keeps the rest of what was done to it.
    return isWhole ? {} : { paths: whole.map(({ path }) => path) };
  }

  #context(id: string): RestoreContext {
    return {
      id,
      content: this.#options.content,
      fileSystem: this.#fileSystem,
      platform: this.#platform,
      documents: this.#options.documents,
    };
  }

  #place(path: WorkspacePath): FilePlace | 'outside' | 'folder-not-open' {
    return placeOf(path, this.#options.folders, this.#options.layout.root, this.#platform);
  }
}

function pathOf(error: unknown): WorkspacePath | undefined {
  return error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : undefined;
}

/** What the safety checkpoint is called. */
function labelOf({ undoes, brought, undid, targetAt }: RewindPlan): string {
  if (undoes !== undefined) return 'Before the rewind was undone';
  if (brought !== undefined) return 'Before changes were brought back';
  return undid === undefined ? `Before the rewind to ${targetAt}` : 'Before work was undone';
}
