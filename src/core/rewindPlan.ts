import type { Author } from '../model/author.ts';
import { isSameVersion, type FileVersion, type SkipReason } from '../model/fileVersion.ts';
import type { ContentHash, EventId } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import { isSameLogged, type LoggedFile, type TouchedFile } from './touchedFiles.ts';

/**
 * What a rewind would do, thought out before anything is touched. The plan holds these promises:
 * - Only paths that the log saw touched after the target are in it, each exactly once: as a step, as a skip with its
 *   reason, or counted as already so.
 * - A file is deleted only when the log saw it created after the target and it is still what the log saw last.
 * - A file that is not what the log saw last, or has unsaved changes, is a conflict: a step that is taken only by choice.
 * - No step reaches through a link, into a `.git` folder or out of the session's folders.
 */
export interface RewindPlan {
  readonly id: string;
  readonly target: EventId;
  /** ISO 8601. */
  readonly targetAt: string;
  /** The rewind that this one undoes. */
  readonly undoes: string | undefined;
  /** Only these changes are undone, and what came after them is kept; absent: everything after the target. */
  readonly undid?: readonly EventId[] | undefined;
  /** Only these changes are done again, on top of what is there; `undid` is empty then. */
  readonly brought?: readonly EventId[] | undefined;
  /** Those of `undid` or `brought` by file. */
  readonly undidOf?: ReadonlyMap<WorkspacePath, readonly EventId[]> | undefined;
  /** Changes behind the target in the log that had happened by then: they are left. */
  readonly kept?: readonly EventId[] | undefined;
  /** Only these files and folders were asked for. */
  readonly scope: readonly WorkspacePath[] | undefined;
  /** By path. */
  readonly steps: readonly RewindStep[];
  readonly skips: readonly RewindSkip[];
  /** Touched paths that are already as they were at the target. */
  readonly alreadySo: number;
}

/** What an overlap is of, for an editor that merges by hand; the third side is what is there now. */
export interface MergeSides {
  readonly base: FileVersion;
  readonly ours: FileVersion;
}

export type ConflictReason =
  /** The file on disk is not what the log saw last. */
  | 'changed-since'
  /** The log does not know what it saw last (it was too large, say), so nobody can tell whether it changed. */
  | 'unverified'
  /** The editor holds changes that are not saved. */
  | 'unsaved'
  /** When a rewind is undone: somebody changed the file after the rewind. */
  | 'changed-after-rewind'
  /** What is undone and what is kept changed the same lines: the file would hold both, marked as Git marks them. */
  | 'overlap';

export interface RewindStep {
  readonly path: WorkspacePath;
  readonly act: 'write' | 'delete';
  /** What is there now, the unsaved text where there is one; undefined: no file. */
  readonly from: FileVersion | undefined;
  /** What is on the disk now. */
  readonly disk: FileVersion | undefined;
  /** What will be there; undefined: no file. */
  readonly to: FileVersion | undefined;
  /** What the log saw last. */
  readonly logged: LoggedFile;
  readonly conflict: ConflictReason | undefined;
  /** Paths that stand in the way and must be deleted by the same rewind: what is in a folder of this name, a file or link above it. */
  readonly inTheWay: readonly WorkspacePath[];
  /** There is a folder of this name, to be removed when it has become empty. */
  readonly isFolderNow: boolean;
  /** Whose changes are undone. */
  readonly authors: readonly Author[];
  readonly changes: number;
  /** Only some of its hunks are taken; absent: all of it. */
  readonly hunks?: { readonly taken: number; readonly of: number };
  /** Of an overlap, where the two sides can be told. */
  readonly merge?: MergeSides;
}

export type RewindSkipReason =
  | SkipReason
  /** Outside the session's folders, or inside a `.git` folder, or a name that this system reads otherwise. */
  | 'outside'
  /** The log names a folder that is not open now. */
  | 'folder-not-open'
  /** The content is not in the store, though the log says that it was kept. */
  | 'content-gone'
  /** It would have to be deleted, but it is not what the log saw last. */
  | 'changed-since'
  /** What is kept rests on what would be undone: a created file that others changed, a content that is no text. */
  | 'built-upon'
  /** Something that the rewind does not delete stands where the file has to go. */
  | 'in-the-way'
  /** A conflict that was left alone. */
  | 'conflict'
  /** It was unticked. */
  | 'not-chosen';

export interface RewindSkip {
  readonly path: WorkspacePath;
  readonly reason: RewindSkipReason;
  readonly detail?: string;
}

/** What is on disk under a path now, looked at without following links. */
export type PresentFile =
  | { readonly state: 'absent' }
  | { readonly state: 'file'; readonly version: FileVersion }
  /** `files` are all that lie in it, at any depth, and are no folders. */
  | { readonly state: 'folder'; readonly files: readonly WorkspacePath[] }
  /** A folder above it is a link or a file, whose path is `by`: nothing is at this path. */
  | { readonly state: 'blocked'; readonly by: WorkspacePath }
  | { readonly state: 'special' }
  | { readonly state: 'unreadable' };

export interface RewindInput {
  readonly id: string;
  readonly target: EventId;
  readonly targetAt: string;
  readonly undoes?: string | undefined;
  readonly undid?: readonly EventId[] | undefined;
  readonly brought?: readonly EventId[] | undefined;
  readonly undidOf?: ReadonlyMap<WorkspacePath, readonly EventId[]> | undefined;
  readonly keptChanges?: readonly EventId[] | undefined;
  /** Files that cannot simply be had without the undone changes. */
  readonly troubles?: ReadonlyMap<WorkspacePath, 'overlap' | 'built-upon'> | undefined;
  readonly merges?: ReadonlyMap<WorkspacePath, MergeSides> | undefined;
  readonly scope?: readonly WorkspacePath[] | undefined;
  readonly touched: ReadonlyMap<WorkspacePath, TouchedFile>;
  /** Of every touched path that is not refused. */
  readonly present: ReadonlyMap<WorkspacePath, PresentFile>;
  /** Texts that editors hold and have not saved. */
  readonly unsaved: ReadonlyMap<WorkspacePath, FileVersion>;
  /** Paths that may not be touched, and why. `ignored`: something is there that the ignore rules leave out now. */
  readonly refused: ReadonlyMap<WorkspacePath, 'outside' | 'folder-not-open' | 'ignored'>;
  /** Contents that can be given back. */
  readonly kept: ReadonlySet<ContentHash>;
}

/** True when the path is in the scope: one of its files, or in one of its folders; '' is the first folder of the workspace. */
export function isInScope(path: WorkspacePath, scope: readonly WorkspacePath[] | undefined): boolean {
  const isIn = (entry: WorkspacePath): boolean =>
    entry === '' ? !path.startsWith('//') : path === entry || path.startsWith(entry.endsWith('/') ? entry : `${entry}/`);
  return scope === undefined || scope.some(isIn);
}

export function planRewind(input: RewindInput): RewindPlan {
  const steps: RewindStep[] = [];
  const skips: RewindSkip[] = [];
  let alreadySo = 0;
  for (const path of [...input.touched.keys()].sort(comparePlainly)) {
    if (!isInScope(path, input.scope)) continue;
    const found = planFile(input.touched.get(path)!, input);
    if (found === 'already-so') alreadySo += 1;
    else if ('act' in found) steps.push(found);
    else skips.push(found);
  }
  const { id, target, targetAt, undoes, undid, brought, undidOf, keptChanges, scope } = input;
  return { id, target, targetAt, undoes, undid, brought, undidOf, kept: keptChanges, scope, steps, skips, alreadySo };
}

/** Of the changes that a plan is to undo or to do again, those that the settled steps take wholly. */
export function takenWholly(
  changes: readonly EventId[],
  { undidOf }: RewindPlan,
  { steps, skips }: Pick<SettledRewind, 'steps' | 'skips'>,
): EventId[] {
  const left = new Set([...skips, ...steps.filter(({ hunks }) => hunks !== undefined)].flatMap(({ path }) => undidOf?.get(path) ?? []));
  return changes.filter((id) => !left.has(id));
}

function planFile(file: TouchedFile, input: RewindInput): RewindStep | RewindSkip | 'already-so' {
  const { path, before, after } = file;
  const refused = input.refused.get(path);
  if (refused !== undefined && refused !== 'ignored') return { path, reason: refused };
  const trouble = input.troubles?.get(path);
  if (trouble === 'built-upon') return { path, reason: 'built-upon' };
  if (before.state === 'unknown') return { path, reason: before.reason };
  // What holds secrets was never read, so it cannot be saved before it is overwritten.
  if (after.state === 'unknown' && after.reason === 'secret') return { path, reason: 'secret' };
  const present = input.present.get(path) ?? { state: 'unreadable' };
  if (present.state === 'unreadable') return { path, reason: 'unreadable' };
  const to = before.state === 'absent' ? undefined : before.version;
  if (present.state === 'special') return { path, reason: to === undefined ? 'changed-since' : 'special' };

  const disk = present.state === 'file' ? present.version : undefined;
  const unsaved = input.unsaved.get(path);
  const from = unsaved ?? disk;
  if (isSameVersion(disk, to) && (unsaved === undefined || unsaved.hash === to?.hash)) return 'already-so';
  if (refused !== undefined) return { path, reason: refused };
  if (to !== undefined && (to.hash === undefined || !input.kept.has(to.hash))) return { path, reason: to.missing ?? 'content-gone' };

  const conflict = conflictOf(file, from, disk) ?? trouble;
  if (to === undefined && conflict !== undefined) return { path, reason: 'changed-since', detail: conflict };
  return {
    path,
    act: to === undefined ? 'delete' : 'write',
    from,
    disk,
    to,
    logged: after,
    conflict,
    inTheWay: present.state === 'folder' ? present.files : present.state === 'blocked' ? [present.by] : [],
    isFolderNow: present.state === 'folder',
    authors: file.authors,
    changes: file.changes,
    ...(trouble === 'overlap' && input.merges?.has(path) === true && { merge: input.merges.get(path)! }),
  };
}

function conflictOf(file: TouchedFile, from: FileVersion | undefined, disk: FileVersion | undefined): ConflictReason | undefined {
  if (from !== disk) return 'unsaved';
  if (file.after.state === 'unknown') return 'unverified';
  const logged = file.after.state === 'absent' ? undefined : file.after.version;
  if (logged !== undefined && logged.hash === undefined) return disk?.sizeBytes === logged.sizeBytes ? 'unverified' : 'changed-since';
  if (!isSameVersion(disk, logged)) return 'changed-since';
  // What another rewind wrote and its undo took back again is what this one left.
  return file.rewound !== undefined && !isSameLogged(file.after, file.rewound) ? 'changed-after-rewind' : undefined;
}

/** What a person decides over a plan. Nothing is done to a conflict that is not decided. */
export interface RewindChoice {
  /** For the conflicts that `files` does not name. `overwrite`: what is there is saved in the safety checkpoint first. */
  readonly conflicts?: 'skip' | 'overwrite';
  /** By path: `skip` unticks a step, `take` takes it, also over a conflict. */
  readonly files?: ReadonlyMap<WorkspacePath, 'skip' | 'take'>;
}

export interface SettledRewind {
  readonly steps: readonly RewindStep[];
  readonly skips: readonly RewindSkip[];
  /** Conflicts that are not decided: with any of these nothing may be done. */
  readonly undecided: readonly WorkspacePath[];
}

/** The steps that are left when the choice is made, and everything else with its reason. */
export function settleRewind(plan: RewindPlan, choice: RewindChoice): SettledRewind {
  const skips = [...plan.skips];
  const undecided: WorkspacePath[] = [];
  let steps = plan.steps.filter((step) => {
    const decision = choice.files?.get(step.path) ?? (step.conflict === undefined ? 'take' : choice.conflicts);
    if (decision === undefined) undecided.push(step.path);
    else if (decision === 'skip')
      skips.push({ path: step.path, reason: step.conflict === undefined ? 'not-chosen' : 'conflict', ...detail(step.conflict) });
    return decision === 'take' || decision === 'overwrite';
  });
  const deleted = new Set(steps.filter((step) => step.act === 'delete').map((step) => step.path));
  const written = new Set(steps.filter((step) => step.act === 'write').map((step) => step.path));
  steps = steps.filter((step) => {
    const blocker =
      step.act === 'delete'
        ? undefined
        : (step.inTheWay.find((path) => !deleted.has(path)) ?? foldersAbove(step.path).find((path) => written.has(path)));
    if (blocker !== undefined) skips.push({ path: step.path, reason: 'in-the-way', detail: blocker });
    return blocker === undefined;
  });
  return { steps, skips: skips.sort((a, b) => comparePlainly(a.path, b.path)), undecided };
}

const detail = (conflict: ConflictReason | undefined): { readonly detail?: string } => (conflict === undefined ? {} : { detail: conflict });

/** The folders that a path lies in, the nearest first, without the workspace's own one. */
export function foldersAbove(path: WorkspacePath): WorkspacePath[] {
  const rootLength = path.startsWith('//') ? path.indexOf('/', 2) + 1 : 0;
  const above: WorkspacePath[] = [];
  for (let slash = path.lastIndexOf('/'); slash >= rootLength && slash > 0; slash = path.lastIndexOf('/', slash - 1))
    above.push(path.slice(0, slash));
  return above;
}

/** Folders that may be removed once the steps have emptied them: every touched file in them is absent at the target, so the log saw the first one come. Deepest first. */
export function foldersToEmpty(steps: readonly RewindStep[]): WorkspacePath[] {
  const kept = new Set<WorkspacePath>();
  const emptied = new Set<WorkspacePath>();
  for (const step of steps) for (const folder of foldersAbove(step.path)) (step.act === 'write' ? kept : emptied).add(folder);
  return [...emptied]
    .filter((folder) => !kept.has(folder))
    .sort((a, b) => b.split('/').length - a.split('/').length || comparePlainly(a, b));
}

export const comparePlainly = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
