import type { MergeSides } from '../core/rewindPlan.ts';
import { isSameLogged, touchedFiles, type LoggedFile, type TouchedFile } from '../core/touchedFiles.ts';
import { isFileEvent, type FileEvent, type LoggedEvent } from '../model/event.ts';
import { eventId, type EventId } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import { stateOf, type MergeTrouble, type UndoneWorkParts } from './undoneWork.ts';
import { mergeVersions } from './versionMerge.ts';

export interface BroughtBack {
  /** In order. */
  readonly events: readonly FileEvent[];
  /** Each path they touched: `before` is what it shall be, `after` what the log saw last. */
  readonly touched: ReadonlyMap<WorkspacePath, TouchedFile>;
  readonly troubles: ReadonlyMap<WorkspacePath, MergeTrouble>;
  readonly merges: ReadonlyMap<WorkspacePath, MergeSides>;
}

interface Change {
  readonly before: LoggedFile;
  readonly after: LoggedFile;
}

/**
 * Does again what some changes did, on top of what is there now: each is merged into the file in its turn. A file that they
 * made is made again where none is, one that they deleted is deleted where it is still what they deleted; what differs is
 * left, for nobody asked for that.
 */
export async function planBroughtBack(
  ids: readonly EventId[],
  events: readonly LoggedEvent[],
  { content, present }: UndoneWorkParts,
): Promise<BroughtBack> {
  const wanted = new Set(ids);
  const chosen = events.filter(isFileEvent).filter((event) => wanted.has(eventId(event)));
  const logged = touchedFiles(events);
  const touched = new Map<WorkspacePath, TouchedFile>();
  const troubles = new Map<WorkspacePath, MergeTrouble>();
  const merges = new Map<WorkspacePath, MergeSides>();
  for (const [path, changes] of changesByPath(chosen)) {
    const known = logged.get(path)!;
    const there = known.after.state === 'version' ? await present(path) : undefined;
    let file: LoggedFile = known.after;
    if (there !== undefined && file.state === 'version' && there.version.hash !== file.version.hash) {
      if (there.version.hash !== undefined && !(await content.has(there.version.hash))) await content.put(there.bytes);
      file = { state: 'version', version: there.version };
    }
    for (const { before, after } of changes) {
      if (isSameLogged(file, before)) file = after;
      else if (!isSameLogged(file, after)) {
        const merged = await mergeVersions(before, after, file, { ours: 'brought back', theirs: 'as it is' }, content);
        if (merged === undefined) {
          troubles.set(path, 'built-upon');
          break;
        }
        file = merged.file;
        if (merged.sides !== undefined && changes.length === 1) merges.set(path, merged.sides);
        if (merged.sides !== undefined) troubles.set(path, 'overlap');
      }
    }
    touched.set(path, { ...known, before: file, rewound: undefined, changes: changes.length });
  }
  return { events: chosen, touched, troubles, merges };
}

/** A rename takes one path away and makes another. */
function changesByPath(events: readonly FileEvent[]): Map<WorkspacePath, Change[]> {
  const changes = new Map<WorkspacePath, Change[]>();
  const add = (path: WorkspacePath, change: Change): void => void changes.set(path, [...(changes.get(path) ?? []), change]);
  for (const event of events) {
    const before = stateOf(event.before, event.kind === 'file.created');
    const after = stateOf(event.after, event.kind === 'file.deleted');
    if (event.kind === 'file.renamed') {
      add(event.from, { before, after: { state: 'absent' } });
      add(event.path, { before: { state: 'absent' }, after });
    } else add(event.path, { before, after });
  }
  return changes;
}
