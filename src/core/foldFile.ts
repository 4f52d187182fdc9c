import type { Author, Knowledge } from '../model/author.ts';
import type { EventOf, FileEvent } from '../model/event.ts';
import { isSameVersion, type FileVersion } from '../model/fileVersion.ts';
import { eventId, type EventId } from '../model/ids.ts';
import type { FileState, SessionState } from '../model/sessionState.ts';
import { markOf } from './eventOrder.ts';
import { proposeRecord } from './foldProposal.ts';
import { forgetOldest } from './foldSource.ts';
import { hashText } from './textHash.ts';

/**
 * Files, their authors, and the decisions that rest on them.
 *
 * Two recorders that see the same change write it twice: the second one (another writer, the same path, before and after, within
 * `duplicateWindowMs`) counts as a duplicate. It can still bring a finding: a rewind's own write that a watcher saw first is
 * credited to the rewind.
 */
export const duplicateWindowMs = 5000;

/** Changes of one file that are remembered: the first, and the newest. */
const recentLimit = 10;
/** Rather more than the changes whose author a recorder still looks for (services/attributor). */
const windowLimit = 2500;
const rewindLimit = 20_000;
const tidyEvery = 256;
/** Authors of one file that are told apart by their run. */
const authorLimit = 16;

export function foldFileChange(state: SessionState, event: FileEvent): void {
  if (typeof event.path !== 'string') throw new TypeError('file event without a path');
  const id = eventId(event);
  const twin = findTwin(state, event);
  if (twin !== undefined) {
    state.counts.duplicates++;
    state.trace.aliases.set(id, twin);
    forgetOldest(state.trace.aliases, windowLimit);
    if (event.rewind !== undefined && !state.trace.rewindWrites.has(twin)) creditRewind(state, event, twin, event.rewind);
    else attribute(state, twin, event.by);
    return;
  }
  state.counts.fileChanges++;
  if (event.rewind !== undefined) state.trace.rewindWrites.set(id, event.rewind);
  forgetOldest(state.trace.rewindWrites, rewindLimit);
  const mark = markOf(event);
  if (event.kind === 'file.renamed') {
    const old = fileOf(state, event.from, event.before);
    old.exists = false;
    old.latest = undefined;
    old.last = mark;
    noteForDecisions(state, event.from, event.before, undefined, event);
  }
  const before = event.kind === 'file.created' || event.kind === 'file.renamed' ? undefined : event.before;
  const file = fileOf(state, event.path, before);
  if (event.kind === 'file.renamed') file.from = event.from;
  file.exists = event.kind !== 'file.deleted';
  file.latest = file.exists ? event.after : undefined;
  file.last = mark;
  file.lastAuthor = event.by;
  file.recent.push(event.rewind === undefined ? mark : { ...mark, rewind: event.rewind });
  if (file.recent.length > recentLimit) file.recent.splice(1, 1);
  // What a rewind writes brings a file back: it is nobody's work on it.
  if (event.rewind === undefined) {
    state.trace.authors.set(id, { path: event.path, author: event.by });
    forgetOldest(state.trace.authors, windowLimit);
    file.changes++;
    file.added += event.added ?? 0;
    file.removed += event.removed ?? 0;
    credit(file, event.by, 1);
    moveRunCount(state, event.by.run, 1);
    proposeRecord(state, event);
  }
  noteForDecisions(state, event.path, event.before, file.latest, event);
}

/** A later finding of who made a change. A weaker one does not replace a stronger one. */
export function foldAttribution(state: SessionState, event: EventOf<'file.attributed'>): void {
  attribute(state, state.trace.aliases.get(event.event) ?? event.event, event.by);
}

/** One text for one author, whatever else the finding says. */
export function authorKey(author: Author): string {
  return [author.actor, author.name ?? '', author.run ?? ''].join('/');
}

/** True when the file is now what it was before the first change seen. */
export function isFileUnchanged(file: FileState): boolean {
  if (!file.exists) return file.first === undefined;
  return file.first !== undefined && isSameVersion(file.first, file.latest);
}

function attribute(state: SessionState, id: EventId, finding: Author): void {
  if (state.trace.rewindWrites.has(id)) return;
  const seen = state.trace.authors.get(id);
  const present = seen?.author ?? state.attribution.get(id);
  if (present !== undefined && strength[finding.how] < strength[present.how]) return;
  if (present !== undefined && authorKey(present) === authorKey(finding) && present.how === finding.how) return;
  state.attribution.set(id, finding);
  if (seen === undefined) return;
  const file = state.files.get(seen.path);
  if (file !== undefined) {
    credit(file, seen.author, -1);
    credit(file, finding, 1);
    const last = file.last;
    if (last !== undefined && eventId(last) === id) file.lastAuthor = finding;
  }
  moveRunCount(state, seen.author.run, -1);
  moveRunCount(state, finding.run, 1);
  seen.author = finding;
}

const strength: { readonly [K in Knowledge]: number } = {
  none: 0,
  guess: 1,
  claimed: 2,
  overlap: 3,
  editor: 4,
  git: 4,
  terminal: 4,
  hook: 5,
  transcript: 5,
  stated: 6,
};

function moveRunCount(state: SessionState, run: string | undefined, by: number): void {
  const found = run === undefined ? undefined : state.runs.get(run);
  if (found !== undefined) found.fileChanges += by;
}

function creditRewind(state: SessionState, event: FileEvent, twin: EventId, rewind: string): void {
  state.trace.rewindWrites.set(twin, rewind);
  const first = state.trace.authors.get(twin);
  state.trace.authors.delete(twin);
  state.attribution.set(twin, event.by);
  const file = state.files.get(event.path);
  if (file === undefined) return;
  const change = file.recent.findIndex((mark) => eventId(mark) === twin);
  if (change >= 0) file.recent[change] = { ...file.recent[change]!, rewind };
  if (file.last !== undefined && eventId(file.last) === twin) file.lastAuthor = event.by;
  file.changes--;
  file.added -= event.added ?? 0;
  file.removed -= event.removed ?? 0;
  if (first === undefined) return;
  credit(file, first.author, -1);
  moveRunCount(state, first.author.run, -1);
}

function credit(file: FileState, author: Author, changes: number): void {
  let key = authorKey(author);
  let entry = file.authors.get(key);
  if (entry === undefined && changes < 0) {
    key = authorKey(withoutRun(author));
    entry = file.authors.get(key);
  }
  const count = (entry?.changes ?? 0) + changes;
  if (count <= 0) file.authors.delete(key);
  else if (entry !== undefined) entry.changes = count;
  else {
    file.authors.set(key, { author, changes: count });
    if (file.authors.size > authorLimit) joinOldest(file);
  }
}

/** The run that was credited first goes on without its name, together with others of the same agent. */
function joinOldest(file: FileState): void {
  for (const [key, { author, changes }] of file.authors) {
    if (author.run === undefined) continue;
    file.authors.delete(key);
    credit(file, withoutRun(author), changes);
    return;
  }
}

const withoutRun = ({ actor, name, how, others }: Author): Author => ({
  actor,
  ...(name !== undefined && { name }),
  how,
  ...(others !== undefined && { others }),
});

function fileOf(state: SessionState, path: string, before: FileVersion | undefined): FileState {
  let file = state.files.get(path);
  if (file === undefined) {
    file = {
      path,
      first: before,
      latest: before,
      exists: before !== undefined,
      from: undefined,
      changes: 0,
      added: 0,
      removed: 0,
      reads: 0,
      authors: new Map(),
      lastAuthor: undefined,
      last: undefined,
      recent: [],
      skipped: undefined,
    };
    state.files.set(path, file);
  }
  return file;
}

/** The earlier event of another writer that tells the same change, if there is one in the window. */
function findTwin(state: SessionState, event: FileEvent): EventId | undefined {
  const { recentChanges } = state.trace;
  const now = Date.parse(event.at);
  // Now and then, many at once; see forgetOldest.
  if (recentChanges.size % tidyEvery === 0)
    for (const [key, mark] of recentChanges) {
      if (now - Date.parse(mark.at) <= duplicateWindowMs && recentChanges.size <= windowLimit) break;
      recentChanges.delete(key);
    }
  const key = hashVersion(event.after, hashVersion(event.before, hashText(event.path, hashText(event.kind))));
  const seen = recentChanges.get(key);
  if (seen !== undefined && seen.w !== event.w && now - Date.parse(seen.at) <= duplicateWindowMs && !goesOn(state, event))
    return eventId(seen);
  recentChanges.delete(key);
  recentChanges.set(key, markOf(event));
  return undefined;
}

/**
 * True when a rewind writes again what was changed, and undone, a moment ago: the file is what it was before the event, so
 * the like of it that was seen is an earlier change, and not this one.
 */
function goesOn(state: SessionState, { rewind, path, kind, before, after }: FileEvent): boolean {
  const file = state.files.get(path);
  if (rewind === undefined || file === undefined) return false;
  const isNow = (version: FileVersion | undefined): boolean =>
    file.exists ? version !== undefined && isSameVersion(file.latest, version) : version === undefined;
  return isNow(kind === 'file.renamed' ? undefined : before) && !isNow(after);
}

const hashVersion = (version: FileVersion | undefined, seed: number): number =>
  version === undefined
    ? hashText('-', seed)
    : hashText(version.hash ?? `${version.missing ?? ''} ${version.sizeBytes}`, hashText(version.type, seed) + (version.mode ?? -1));

/** Marks decisions that name this file, or a folder that it lies in, as resting on what is no longer so; or unmarks them. */
function noteForDecisions(
  state: SessionState,
  path: string,
  before: FileVersion | undefined,
  after: FileVersion | undefined,
  event: FileEvent,
): void {
  const { decisionFiles } = state.trace;
  if (decisionFiles.size === 0) return;
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    for (const id of decisionFiles.get(path.slice(0, end)) ?? []) {
      const decision = state.decisions.get(id);
      if (decision === undefined) continue;
      const changed = decision.changedFiles.get(path);
      if (changed === undefined) decision.changedFiles.set(path, { hashThen: before?.hash, mark: markOf(event) });
      else if (changed.hashThen === after?.hash) decision.changedFiles.delete(path);
      decision.isStale = decision.changedFiles.size > 0;
    }
  }
}
