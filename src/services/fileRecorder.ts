import type { Clock, UnixMs } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import { SerialQueue } from '../base/serialQueue.ts';
import { isSettled, type Attribution, type ChangeTime } from '../core/attribution.ts';
import type { EventDraft, FileEvent } from '../model/event.ts';
import type { FileVersion, SkipReason } from '../model/fileVersion.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import { TimeSlice } from '../store/timeSlice.ts';
import type { Attributor, JudgedChange } from './attributor.ts';
import type { FileFound, FileObserver, Observation } from './fileObserver.ts';
import { knownFromVersion, type FileTracker } from './fileTracker.ts';
import { NoSessionError, type Journal } from './journal.ts';

export interface FileRecorderOptions {
  readonly journal: Journal;
  readonly tracker: FileTracker;
  readonly observer: FileObserver;
  readonly attributor: Attributor;
  readonly clock: Clock;
  readonly quietMs: number;
  readonly maxWaitMs: number;
  /** Which files lie below a new folder, by the ignore rules. */
  readonly filesBelow: (path: WorkspacePath) => Promise<readonly WorkspacePath[]>;
  /** Left out by the rules as they are now. */
  readonly isOut: (path: WorkspacePath) => boolean;
  /** Called before a batch is judged: brings what git knows up to date. */
  readonly beforeJudging: () => Promise<void>;
  /** Recording is paused or off: nothing is looked at, and what is hinted at stays a difference. */
  readonly isOff: () => boolean;
  readonly onFailure: (error: unknown) => void;
  readonly onSuccess: () => void;
}

/** What is told about a batch beside its paths. */
export interface BatchCause {
  /** Known not to be there under that very name, though the disk may answer to it (a name that only changed its case). */
  readonly gone?: ReadonlySet<WorkspacePath>;
  /** Since when the paths may have changed, where no hint said so. */
  readonly since?: UnixMs;
  /** `blind`: nothing may be said about who (found after a time in which nobody looked). `silent`: taken as known, no event. */
  readonly manner?: 'seeing' | 'blind' | 'silent';
  /**
   * New to us, but not known to be new: it is told that they are taken up, and not that they came. `left-out`: the rules left
   * them out until now. `unsure`: that may be, or they came under their names with a folder, while nobody looked.
   */
  readonly uncovered?: ReadonlyMap<WorkspacePath, 'left-out' | 'unsure'>;
}

interface Hint {
  readonly firstAt: UnixMs;
  lastAt: UnixMs;
}

const atOnce = 8;
/** While an agent is at work, a change is held so long for what explains it. */
const holdMs = 700;
/** A watcher tells of a change this long after it at most. */
const hintDelayMs = 400;
/** Between the parts of one write. */
const sameWriteMs = 30;
const againLimit = 6;

/**
 * Turns hints into file events: waits until a file is quiet, looks at it, and records what differs from what was known.
 * Batches follow one another, so that two looks never race; the tracker moves on only when the event is on disk, so that
 * whatever could not be written is found again.
 */
export class FileRecorder implements Disposable {
  readonly #options: FileRecorderOptions;
  readonly #queue = new SerialQueue();
  readonly #hints = new Map<WorkspacePath, Hint>();
  readonly #toldSkips = new Set<string>();
  readonly #again = new Map<WorkspacePath, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isHeld = false;
  #isDisposed = false;

  constructor(options: FileRecorderOptions) {
    this.#options = options;
  }

  get isBusy(): boolean {
    return this.#queue.pending > 0 || this.#hints.size > 0;
  }

  hint(path: WorkspacePath): void {
    if (this.#isDisposed) return;
    const now = this.#options.clock.now();
    const hint = this.#hints.get(path);
    if (hint === undefined) this.#hints.set(path, { firstAt: now, lastAt: now });
    else hint.lastAt = now;
    if (!this.#isHeld) this.#arm(this.#options.quietMs);
  }

  /** Looks at what was hinted at, quiet or not. Resolves when it is recorded. */
  async flush(): Promise<void> {
    // Not while somebody holds the files: they wait for us, and we would for them.
    if (this.#isHeld) return;
    this.#takeDue(Number.POSITIVE_INFINITY);
    await this.#queue.idle();
  }

  /** Looks at these paths, behind what is being looked at. */
  look(paths: Iterable<WorkspacePath>, cause: BatchCause = {}): Promise<void> {
    const hints = new Map<WorkspacePath, Hint | undefined>();
    for (const path of paths) {
      hints.set(path, this.#hints.get(path));
      this.#hints.delete(path);
    }
    return hints.size === 0 ? this.#queue.idle() : this.#queue.run(() => this.#process(hints, cause));
  }

  /** Runs work that writes files itself; no file is looked at meanwhile. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue.run(async () => {
      this.#isHeld = true;
      try {
        return await work();
      } finally {
        this.#isHeld = false;
        if (this.#hints.size > 0) this.#arm(this.#options.quietMs);
      }
    });
  }

  /** An event that somebody else has recorded (a rewind, another process): what it says is known now. */
  adopt(event: FileEvent): void {
    const { tracker } = this.#options;
    if (event.kind === 'file.renamed') tracker.delete(event.from);
    if (event.kind === 'file.deleted' || event.after === undefined) tracker.delete(event.path);
    else tracker.set(event.path, knownFromVersion(event.after));
  }

  /** Tells, once, that a path is not recorded. Says nothing where no session is open. */
  async skip(path: WorkspacePath, reason: SkipReason): Promise<void> {
    await this.#recordSkip(path, reason).catch(() => {});
  }

  /** Read back from the log: this was told. */
  noteSkip(path: WorkspacePath, reason: SkipReason): void {
    this.#toldSkips.add(`${reason}\n${path}`);
  }

  forgetSkips(): void {
    this.#toldSkips.clear();
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    this.#hints.clear();
  }

  #arm(delayMs: number): void {
    if (this.#timer !== undefined || this.#isDisposed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#takeDue(this.#options.clock.now());
    }, delayMs);
  }

  #takeDue(now: UnixMs): void {
    const { quietMs, maxWaitMs } = this.#options;
    const due = new Map<WorkspacePath, Hint>();
    let next = Number.POSITIVE_INFINITY;
    for (const [path, hint] of this.#hints) {
      const dueAt = Math.min(hint.lastAt + quietMs, hint.firstAt + maxWaitMs);
      if (dueAt <= now) due.set(path, hint);
      else next = Math.min(next, dueAt);
    }
    // The two halves of a rename come within moments of each other: what is nearly quiet goes along.
    if (due.size > 0) for (const [path, hint] of this.#hints) if (now - hint.lastAt >= quietMs / 3) due.set(path, hint);
    for (const path of due.keys()) this.#hints.delete(path);
    if (due.size > 0) this.#queue.run(() => this.#process(due, {})).catch(() => {});
    if (this.#hints.size > 0 && next !== Number.POSITIVE_INFINITY) this.#arm(Math.max(20, next - now));
  }

  async #process(hints: ReadonlyMap<WorkspacePath, Hint | undefined>, cause: BatchCause): Promise<void> {
    if (this.#isDisposed || (this.#options.isOff() && cause.manner !== 'silent')) return;
    try {
      const found = await this.#observeAll(hints, cause);
      if (cause.manner === 'silent') for (const one of found) this.#take(one);
      else if (found.length > 0) await this.#recordAll(found, hints, cause);
      this.#options.onSuccess();
    } catch (error) {
      this.#options.onFailure(error);
    }
  }

  async #observeAll(hints: ReadonlyMap<WorkspacePath, Hint | undefined>, cause: BatchCause): Promise<FileFound[]> {
    const { observer, tracker } = this.#options;
    const found: FileFound[] = [];
    const seen = new Set<WorkspacePath>();
    const queue: WorkspacePath[] = [...hints.keys()];
    const vanished = new Set<WorkspacePath>();
    const take = async (observation: Observation): Promise<void> => {
      switch (observation.kind) {
        case 'created': {
          if (cause.uncovered?.get(observation.path) === 'left-out' && cause.manner !== 'silent') {
            await this.#takeUp(observation);
            return;
          }
          found.push(observation);
          // A new name for a node that we know under another: is the other one still there?
          const former = observation.next?.stamp === undefined ? undefined : tracker.pathOfNode(observation.next.stamp.ino);
          if (former !== undefined && former !== observation.path) queue.push(former);
          return;
        }
        case 'changed':
        case 'deleted':
          found.push(observation);
          return;
        case 'same':
          if (observation.next !== undefined) tracker.set(observation.path, observation.next);
          return;
        case 'skipped':
          await this.#recordSkip(observation.path, observation.reason, observation.sizeBytes, observation.detail);
          if (observation.next !== undefined) tracker.set(observation.path, observation.next);
          return;
        case 'again':
          await this.#lookAgain(observation.path);
          return;
        case 'folder':
          for (const path of await this.#options.filesBelow(observation.path)) if (!seen.has(path)) queue.push(path);
          return;
        case 'nothing':
          vanished.add(observation.path);
      }
    };
    const drain = async (): Promise<void> => {
      const work = async (): Promise<void> => {
        for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
          if (seen.has(path)) continue;
          seen.add(path);
          let known = tracker.get(path);
          // Hinted at before it was known that all around it is generated.
          if (known === undefined && this.#options.isOut(path)) continue;
          known ??= tracker.uncover(path);
          await take(cause.gone?.has(path) === true && known !== undefined ? await observer.gone(path, known) : await observer.look(path));
        }
      };
      while (queue.length > 0) await Promise.all(Array.from({ length: Math.min(atOnce, queue.length) }, work));
    };
    await drain();
    if (vanished.size > 0) {
      queue.push(...(await this.#knownBelow(vanished)).filter((path) => !seen.has(path)));
      await drain();
    }
    // What only seemed to be there a moment ago, a folder that took a file's place: its files come in with the next look.
    for (const observation of found) this.#again.delete(observation.path);
    return found;
  }

  /** Known files below folders that are gone. */
  async #knownBelow(folders: ReadonlySet<WorkspacePath>): Promise<WorkspacePath[]> {
    const below: WorkspacePath[] = [];
    const slice = new TimeSlice();
    for (const path of this.#options.tracker.paths()) {
      for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1))
        if (folders.has(path.slice(0, slash))) {
          below.push(path);
          break;
        }
      if (slice.isSpent) await slice.pause();
    }
    return below;
  }

  async #recordAll(found: readonly FileFound[], hints: ReadonlyMap<WorkspacePath, Hint | undefined>, cause: BatchCause): Promise<void> {
    await this.#options.beforeJudging();
    const isUnsure = ({ path }: { readonly path: WorkspacePath }): boolean => cause.uncovered?.get(path) === 'unsure';
    const all = pairRenames(found, isUnsure);
    const isTakenUp = (change: Change): boolean => change.kind === 'created' && isUnsure(change);
    for (const change of all) if (isTakenUp(change)) await this.#takeUp(change);
    const changes = all.filter((change) => !isTakenUp(change));
    const versions = new Map(found.map((one) => [one.path, one.before]));
    const judged = changes.map((change) => ({
      change,
      judged: {
        path: change.path,
        ...(change.from === undefined ? {} : { from: change.from }),
        before: change.before,
        after: change.after,
        time: this.#timeOf(change, hints.get(change.path) ?? (change.from === undefined ? undefined : hints.get(change.from)), cause),
        versionBefore: (path: WorkspacePath) => versions.get(path),
      } satisfies JudgedChange,
    }));
    const attributions = await this.#judgeAll(
      judged.map((one) => one.judged),
      cause.manner === 'blind',
    );
    // Appended in one go: all of a batch share their syncs.
    await Promise.all(
      judged.map(({ change, judged: subject }, i) => this.#recordOne(change, subject, attributions[i]!, cause.manner === 'blind')),
    );
  }

  async #judgeAll(changes: readonly JudgedChange[], isBlind: boolean): Promise<Attribution[]> {
    const { attributor, clock } = this.#options;
    if (isBlind) return changes.map(() => ({ by: { actor: 'unknown', how: 'none' } }));
    const deadline = clock.now() + holdMs;
    const said: (Attribution | undefined)[] = changes.map(() => undefined);
    for (;;) {
      for (const [i, change] of changes.entries()) {
        const present = said[i];
        if (present === undefined || !isSettled(present.by)) said[i] = await attributor.judge(change);
      }
      const leftMs = deadline - clock.now();
      if (leftMs <= 0 || said.every((one) => isSettled(one!.by)) || !attributor.isAgentAtWork()) return said as Attribution[];
      await learnedWithin(attributor, leftMs);
    }
  }

  async #recordOne(change: Change, subject: JudgedChange, said: Attribution, isBlind: boolean): Promise<void> {
    const { journal, tracker, attributor } = this.#options;
    const { by, turn, call, command } = said;
    const common = {
      ...(change.changedAtMs === undefined || isBlind
        ? {}
        : { happenedAt: new Date(Math.min(change.changedAtMs, subject.time.latest)).toISOString() }),
      by,
      ...(by.run === undefined ? {} : { run: by.run }),
      ...(turn === undefined ? {} : { turn }),
      ...(call === undefined ? {} : { call }),
      ...(command === undefined ? {} : { command }),
      path: change.path,
      ...(change.before === undefined ? {} : { before: change.before }),
      ...(change.after === undefined ? {} : { after: change.after }),
      ...(change.lines === undefined ? {} : { added: change.lines.added, removed: change.lines.removed }),
    };
    const draft: EventDraft =
      change.from === undefined
        ? { kind: `file.${change.kind}` as const, ...common }
        : { kind: 'file.renamed', from: change.from, ...common };
    const event = (await journal.record(draft)) as FileEvent;
    if (change.from !== undefined) tracker.delete(change.from);
    this.#take(change);
    if (!isBlind) attributor.remember(event, subject, said);
    if (change.skipped !== undefined) await this.#recordSkip(change.path, change.skipped.reason, change.skipped.sizeBytes);
  }

  /** It was not recorded until now, and is from now on: what it was before nobody knows. */
  async #takeUp({ path, next, after }: Pick<FileFound, 'path' | 'next' | 'after'>): Promise<void> {
    try {
      await this.#options.journal.record({
        kind: 'file.skipped',
        by: { actor: 'system', how: 'stated' },
        path,
        reason: 'ignored',
        ...(after === undefined ? {} : { after }),
      });
    } catch (error) {
      // No session is open: the next one begins with it.
      if (!(error instanceof NoSessionError)) throw error;
    }
    this.#take({ path, next });
  }

  #take({ path, next }: Pick<FileFound, 'path' | 'next'>): void {
    if (next === undefined) this.#options.tracker.delete(path);
    else this.#options.tracker.set(path, next);
  }

  async #recordSkip(path: WorkspacePath, reason: SkipReason, sizeBytes?: number, detail?: string): Promise<void> {
    const key = `${reason}\n${path}`;
    if (this.#toldSkips.has(key)) return;
    this.#toldSkips.add(key);
    try {
      await this.#options.journal.record({
        kind: 'file.skipped',
        by: { actor: 'system', how: 'stated' },
        path,
        reason,
        ...(sizeBytes === undefined ? {} : { sizeBytes }),
        ...(detail === undefined ? {} : { detail }),
      });
    } catch (error) {
      this.#toldSkips.delete(key);
      // No session is open, and a file that is not recorded is no reason to begin one: it is told when it changes in one.
      if (!(error instanceof NoSessionError)) throw error;
    }
  }

  async #lookAgain(path: WorkspacePath): Promise<void> {
    const times = (this.#again.get(path) ?? 0) + 1;
    this.#again.set(path, times);
    if (times < againLimit) this.hint(path);
    else {
      // It is told once, and stays a difference that later looks find.
      this.#again.delete(path);
      await this.#recordSkip(path, 'changing');
    }
  }

  /** When it happened: the disk's own word, or the moments before the hint, or since we last looked. */
  #timeOf(change: Change, hint: Hint | undefined, cause: BatchCause): ChangeTime {
    const now = this.#options.clock.now();
    const told = change.changedAtMs;
    // A clock of a network drive may be off: a time to come is no time.
    if (told !== undefined && told <= now + 1000 && (cause.since === undefined || told >= cause.since - 2000)) {
      // The disk tells of the last write alone. A hint from before it was of another, which may have been somebody else's.
      const isLast = hint === undefined || hint.firstAt >= told - sameWriteMs;
      return { earliest: isLast ? told - 15 : hint.firstAt - hintDelayMs, latest: told + 5 };
    }
    if (hint !== undefined) return { earliest: hint.firstAt - hintDelayMs, latest: hint.lastAt };
    if (cause.since === undefined) return { earliest: now - hintDelayMs, latest: now };
    return { earliest: cause.since, latest: now, ...(change.after === undefined && { unchangedAt: cause.since }) };
  }
}

type Change = Omit<FileFound, 'kind'> & { readonly kind: FileFound['kind']; readonly from?: WorkspacePath };

/**
 * A file that went and one that came with the same content, in one look, are one that was renamed; empty ones are not. One that
 * may have been there all the time (`isUnsure`) only as a moved folder has it: under the same name elsewhere.
 */
function pairRenames(found: readonly FileFound[], isUnsure: (one: FileFound) => boolean): Change[] {
  const gone = new Map<string, FileFound[]>();
  for (const one of found) {
    if (one.kind !== 'deleted' || one.before?.hash === undefined) continue;
    gone.set(keyOf(one.before), [...(gone.get(keyOf(one.before)) ?? []), one]);
  }
  const taken = new Set<FileFound>();
  const changes: Change[] = [];
  for (const one of found) {
    if (one.kind !== 'created' || one.after?.hash === undefined) continue;
    const candidates = (gone.get(keyOf(one.after)) ?? []).filter((candidate) => !taken.has(candidate));
    const namesake = candidates.find((candidate) => nameOf(candidate.path) === nameOf(one.path));
    const former = isUnsure(one) ? namesake : one.after.sizeBytes === 0 ? undefined : (namesake ?? candidates[0]);
    if (former === undefined) continue;
    taken.add(former);
    taken.add(one);
    changes.push({ ...one, kind: 'changed', from: former.path, before: former.before, lines: { added: 0, removed: 0 } });
  }
  changes.push(...found.filter((one) => !taken.has(one)));
  return changes.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

const keyOf = (version: FileVersion): string => `${version.type}:${version.hash}`;
const nameOf = (path: WorkspacePath): string => path.slice(path.lastIndexOf('/') + 1);

function learnedWithin(attributor: Attributor, waitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      listening.dispose();
      resolve();
    };
    const timer = setTimeout(done, waitMs);
    const listening = attributor.onDidLearn(done);
  });
}
