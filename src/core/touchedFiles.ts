import type { Author } from '../model/author.ts';
import { isFileEvent, type FileEvent, type LoggedEvent } from '../model/event.ts';
import { isSameVersion, type FileVersion, type SkipReason } from '../model/fileVersion.ts';
import { eventId, type EventId } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';

/** What the log says of a file at one point. `unknown`: it was there or not, but its content was not captured. */
export type LoggedFile =
  | { readonly state: 'absent' }
  | { readonly state: 'version'; readonly version: FileVersion }
  | { readonly state: 'unknown'; readonly reason: SkipReason };

/** A path that some events touched, from before the first of them to after the last. */
export interface TouchedFile {
  readonly path: WorkspacePath;
  /** Before the first event. */
  readonly before: LoggedFile;
  /** After the last event. */
  readonly after: LoggedFile;
  /** Who changed it, each once, in order of appearance; a later finding (`file.attributed`) replaces the first one. */
  readonly authors: readonly Author[];
  /** The last event that touched it. */
  readonly last: EventId;
  /** What the rewind that was asked for left there; undefined when none was. */
  readonly rewound: LoggedFile | undefined;
  readonly changes: number;
}

const absent: LoggedFile = { state: 'absent' };

/**
 * Folds events, in order, into the paths that they touched. A rename is the end of one path and the beginning of another.
 * With `rewind`, a path counts only from the first event on that this rewind wrote, and not at all without one.
 */
export function touchedFiles(events: Iterable<LoggedEvent>, rewind?: string): Map<WorkspacePath, TouchedFile> {
  const files = new Map<WorkspacePath, TouchedFile>();
  const authorOf = new Map<EventId, Author>();
  /** Nothing is known of them from before they were taken up: what they were then is the earliest that can be had. */
  const takenUp = new Set<WorkspacePath>();
  const list = [...events];
  for (const event of list) if (event.kind === 'file.attributed') authorOf.set(event.event, event.by);

  const touch = (path: WorkspacePath, event: LoggedEvent & { readonly by: Author }, before: LoggedFile, after: LoggedFile): void => {
    const id = eventId(event);
    const ofRewind = isFileEvent(event) ? event.rewind : undefined;
    const known = files.get(path);
    if (known === undefined && rewind !== undefined && ofRewind !== rewind) return;
    // Told a second time by another process that saw the same change: nothing of its own.
    if (known !== undefined && isSameLogged(known.after, after)) return;
    const rewound = rewind !== undefined && ofRewind === rewind ? after : known?.rewound;
    const author = authorOf.get(id) ?? event.by;
    const authors = known?.authors ?? [];
    files.set(path, {
      path,
      before: known === undefined ? before : takenUp.delete(path) ? known.after : known.before,
      after,
      authors: authors.some((other) => isSameAuthor(other, author)) ? authors : [...authors, author],
      last: id,
      rewound,
      changes: (known?.changes ?? 0) + 1,
    });
  };

  for (const event of list) {
    if (event.kind === 'file.skipped') {
      const unknown: LoggedFile = { state: 'unknown', reason: event.reason };
      const isFirst = !files.has(event.path);
      touch(event.path, event, unknown, event.after === undefined ? unknown : { state: 'version', version: event.after });
      if (isFirst && event.after !== undefined) takenUp.add(event.path);
    } else if (event.kind === 'file.renamed') {
      touch(event.from, event, beforeOf(event), absent);
      touch(event.path, event, absent, afterOf(event));
    } else if (isFileEvent(event)) touch(event.path, event, beforeOf(event), afterOf(event));
  }
  return files;
}

/** What the log says of every path at a point: `until` are the events up to it, `later` those after it. Paths that neither names are as they are on disk. */
export function filesAt(until: Iterable<LoggedEvent>, later: Iterable<LoggedEvent>): Map<WorkspacePath, LoggedFile> {
  const files = new Map<WorkspacePath, LoggedFile>();
  for (const touched of touchedFiles(until).values()) files.set(touched.path, touched.after);
  // What stood there when it was changed next is the better witness: it was read then.
  for (const touched of touchedFiles(later).values())
    if (touched.before.state !== 'unknown' || !files.has(touched.path)) files.set(touched.path, touched.before);
  return files;
}

function beforeOf(event: FileEvent): LoggedFile {
  if (event.before !== undefined) return { state: 'version', version: event.before };
  return event.kind === 'file.created' ? absent : { state: 'unknown', reason: 'lost' };
}

function afterOf(event: FileEvent): LoggedFile {
  if (event.kind === 'file.deleted') return absent;
  return event.after === undefined ? { state: 'unknown', reason: 'lost' } : { state: 'version', version: event.after };
}

export const isSameLogged = (a: LoggedFile, b: LoggedFile): boolean =>
  a.state === 'version' && b.state === 'version' ? isSameVersion(a.version, b.version) : a.state === 'absent' && b.state === 'absent';

const isSameAuthor = (a: Author, b: Author): boolean => a.actor === b.actor && a.name === b.name && a.run === b.run;
