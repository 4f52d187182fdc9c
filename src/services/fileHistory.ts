import { isSameVersion, type FileVersion } from '../model/fileVersion.ts';
import { eventId } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import { changesOf, tellOrigins, type BlameOptions, type RecordedOrigin } from './blame.ts';

/** One thing that happened to a file: what, when, by whom, and in answer to what. */
export interface FileHappening extends RecordedOrigin {
  readonly change: 'created' | 'changed' | 'deleted' | 'renamed';
  /** Its name after it. */
  readonly path: WorkspacePath;
  /** Its name before, where that is another. */
  readonly from: WorkspacePath | undefined;
  /** Undefined: there was no file. */
  readonly before: FileVersion | undefined;
  /** Undefined: there is none. */
  readonly after: FileVersion | undefined;
  readonly added: number | undefined;
  readonly removed: number | undefined;
  /** The rewind, or the undoing of one, that did it. */
  readonly rewind: string | undefined;
}

/** All that happened to a file under all the names it had, over all sessions, newest first; the same change told twice is told once. */
export async function fileHistory(options: Pick<BlameOptions, 'path' | 'sessions'>): Promise<readonly FileHappening[]> {
  const { changes, findings } = await changesOf(options);
  const origins = await tellOrigins(options, changes, findings);
  const happenings: FileHappening[] = [];
  for (const { event } of changes) {
    const last = happenings.at(-1);
    const isToldAgain =
      last !== undefined && isSameVersion(last.after, event.after) && last.path === event.path && event.kind !== 'file.renamed';
    if (isToldAgain) continue;
    happenings.push({
      ...origins.get(eventId(event))!,
      change: changeOf(event.kind),
      path: event.path,
      from: event.kind === 'file.renamed' ? event.from : undefined,
      before: event.before,
      after: event.after,
      added: event.added,
      removed: event.removed,
      rewind: event.rewind,
    });
  }
  return happenings.reverse();
}

function changeOf(kind: 'file.created' | 'file.changed' | 'file.deleted' | 'file.renamed'): FileHappening['change'] {
  switch (kind) {
    case 'file.created':
      return 'created';
    case 'file.changed':
      return 'changed';
    case 'file.deleted':
      return 'deleted';
    case 'file.renamed':
      return 'renamed';
  }
}
