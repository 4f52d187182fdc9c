import type { MergeSides } from '../core/rewindPlan.ts';
import { isSameLogged, type LoggedFile, type TouchedFile } from '../core/touchedFiles.ts';
import type { Author } from '../model/author.ts';
import { isFileEvent, type EventOf, type FileEvent, type LoggedEvent } from '../model/event.ts';
import type { FileVersion } from '../model/fileVersion.ts';
import { eventId, type EventId, type RunId } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { ContentStore } from '../store/contentStore.ts';
import { mergeVersions } from './versionMerge.ts';

/** What is to be undone, while everything else is kept: single changes, or all of a run or of one of its turns. */
export type UndoneWork = { readonly events: readonly EventId[] } | { readonly run: RunId; readonly turn?: number };

/** Why a file cannot simply be had without the work. */
export type MergeTrouble =
  /** The work and what came after it changed the same lines: the text holds both, marked. */
  | 'overlap'
  /** What came after rests on it in a way that no text shows: a created file that others changed, contents that are no text or not kept. */
  | 'built-upon';

export interface UndonePlan {
  /** The changes that are undone, in order. */
  readonly events: readonly FileEvent[];
  readonly eventsOf: ReadonlyMap<WorkspacePath, readonly EventId[]>;
  /** Each path they touched: `before` is what it shall be, `after` what the log saw last. */
  readonly touched: ReadonlyMap<WorkspacePath, TouchedFile>;
  readonly troubles: ReadonlyMap<WorkspacePath, MergeTrouble>;
  readonly merges: ReadonlyMap<WorkspacePath, MergeSides>;
}

export interface UndoneWorkParts {
  readonly content: ContentStore;
  /** What stands on disk now and the log has not seen: kept as well. */
  readonly present: (path: WorkspacePath) => Promise<{ readonly version: FileVersion; readonly bytes: Uint8Array } | undefined>;
}

interface Step {
  readonly event: FileEvent;
  readonly isUndone: boolean;
  readonly before: LoggedFile;
  readonly after: LoggedFile;
  readonly by: Author;
}

/**
 * Thinks a file's history through without the work: from its first undone change on, each later change that is kept is merged
 * into what the file would have been. What merging makes is put into the content store, so that a plan is made of versions.
 */
export async function planUndoneWork(work: UndoneWork, events: readonly LoggedEvent[], parts: UndoneWorkParts): Promise<UndonePlan> {
  const histories = historiesOf(work, events);
  const touched = new Map<WorkspacePath, TouchedFile>();
  const troubles = new Map<WorkspacePath, MergeTrouble>();
  const merges = new Map<WorkspacePath, MergeSides>();
  const undone = new Set<FileEvent>();
  const eventsOf = new Map<WorkspacePath, readonly EventId[]>();
  for (const [path, steps] of histories) {
    const first = steps.findIndex(({ isUndone }) => isUndone);
    if (first < 0) continue;
    const file = new WithoutWork(parts.content, steps[first]!.before);
    for (const step of steps.slice(first)) {
      await file.keep(step.before);
      if (step.isUndone) {
        undone.add(step.event);
        file.pass(step.after);
      } else if (step.event.rewind !== undefined) await file.rewind(step.after);
      else await file.keep(step.after);
    }
    const logged = file.present;
    const present = logged.state === 'version' ? await parts.present(path) : undefined;
    if (present !== undefined && logged.state === 'version' && present.version.hash !== logged.version.hash) {
      if (present.version.hash !== undefined && !(await parts.content.has(present.version.hash))) await parts.content.put(present.bytes);
      await file.keep({ state: 'version', version: present.version });
    }
    if (file.trouble !== undefined) troubles.set(path, file.trouble);
    if (file.sides !== undefined && file.trouble === 'overlap') merges.set(path, file.sides);
    eventsOf.set(
      path,
      steps.filter(({ isUndone }) => isUndone).map(({ event }) => eventId(event)),
    );
    touched.set(path, {
      path,
      before: file.without,
      after: logged,
      authors: authorsOf(steps.filter(({ isUndone }) => isUndone)),
      last: eventId(steps.at(-1)!.event),
      rewound: undefined,
      changes: steps.filter(({ isUndone }) => isUndone).length,
    });
  }
  return { events: [...undone], eventsOf, touched, troubles, merges };
}

/** A file as it would be without some of its changes. */
class WithoutWork {
  readonly #content: ContentStore;
  without: LoggedFile;
  /** What it is with them. */
  present: LoggedFile;
  trouble: MergeTrouble | undefined;
  /** The sides of the first overlap, as long as nothing but kept changes came after it: with what is there now they are a merge. */
  sides: MergeSides | undefined;
  /** What it would have been when it was that. */
  readonly #then = new Map<string, LoggedFile>();

  constructor(content: ContentStore, before: LoggedFile) {
    this.#content = content;
    this.without = before;
    this.present = before;
    this.#remember();
  }

  /** A change that is undone. */
  pass(after: LoggedFile): void {
    this.sides = undefined;
    this.present = after;
    this.#remember();
  }

  /** A rewind, or its undo, made it again what it was: with what the work had made of it then. */
  async rewind(after: LoggedFile): Promise<void> {
    const then = this.#then.get(keyOf(after));
    if (then === undefined) return this.keep(after);
    this.present = after;
    this.without = then;
    this.sides = undefined;
  }

  #remember(): void {
    this.#then.set(keyOf(this.present), this.without);
  }

  /** A change that stays. */
  async keep(after: LoggedFile): Promise<void> {
    const before = this.present;
    this.present = after;
    if (isSameLogged(before, after)) return;
    if (isSameLogged(this.without, before)) this.without = after;
    else if (!isSameLogged(this.without, after)) this.without = await this.#merge(before, this.without, after);
    this.#remember();
  }

  async #merge(base: LoggedFile, ours: LoggedFile, theirs: LoggedFile): Promise<LoggedFile> {
    // Removed later: so it is without the work, too.
    if (theirs.state === 'absent') return theirs;
    const merged = await mergeVersions(base, ours, theirs, { ours: 'without the undone work', theirs: 'as it is' }, this.#content);
    if (merged !== undefined) {
      if (merged.sides !== undefined) {
        if (this.trouble === undefined) this.sides = merged.sides;
        this.trouble ??= 'overlap';
      }
      return merged.file;
    }
    this.trouble = 'built-upon';
    return theirs;
  }
}

const keyOf = (file: LoggedFile): string =>
  file.state === 'version' ? `${file.version.type} ${file.version.mode ?? ''} ${file.version.hash ?? ''}` : file.state;

/** Each path's changes in order. A rename is the end of one path and the beginning of another. */
function historiesOf(work: UndoneWork, events: readonly LoggedEvent[]): Map<WorkspacePath, Step[]> {
  const findings = new Map<EventId, EventOf<'file.attributed'>>();
  for (const event of events) if (event.kind === 'file.attributed') findings.set(event.event, event);
  const ids = 'events' in work ? new Set(work.events) : undefined;
  const isUndone = (event: FileEvent): boolean => {
    if (ids !== undefined) return ids.has(eventId(event));
    if (!('run' in work) || event.rewind !== undefined) return false;
    const { run, turn } = findings.get(eventId(event)) ?? event;
    return run === work.run && (work.turn === undefined || turn === work.turn);
  };
  const histories = new Map<WorkspacePath, Step[]>();
  const add = (path: WorkspacePath, event: FileEvent, before: LoggedFile, after: LoggedFile): void => {
    const steps = histories.get(path) ?? [];
    const last = steps.at(-1);
    // Told a second time by another process that saw the same change.
    if (last !== undefined && isSameLogged(last.after, after) && !isUndone(event)) return;
    const by = findings.get(eventId(event))?.by ?? event.by;
    steps.push({ event, isUndone: isUndone(event), before, after, by });
    histories.set(path, steps);
  };
  for (const event of events) {
    if (!isFileEvent(event)) continue;
    const before = stateOf(event.before, event.kind === 'file.created');
    const after = stateOf(event.after, event.kind === 'file.deleted');
    if (event.kind === 'file.renamed') {
      add(event.from, event, before, { state: 'absent' });
      add(event.path, event, { state: 'absent' }, after);
    } else add(event.path, event, before, after);
  }
  return histories;
}

export const stateOf = (version: FileVersion | undefined, isAbsent: boolean): LoggedFile =>
  version !== undefined ? { state: 'version', version } : isAbsent ? { state: 'absent' } : { state: 'unknown', reason: 'lost' };

function authorsOf(steps: readonly Step[]): Author[] {
  const authors = new Map(steps.map(({ by }) => [`${by.actor} ${by.name ?? ''} ${by.run ?? ''}`, by]));
  return [...authors.values()];
}
