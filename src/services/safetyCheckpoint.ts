import { inParallel } from '../base/inParallel.ts';
import type { RewindStep } from '../core/rewindPlan.ts';
import type { LoggedFile } from '../core/touchedFiles.ts';
import { tapedeckAuthor, unknownAuthor, userAuthor, type Author } from '../model/author.ts';
import type { EventDraft, TapedeckEvent } from '../model/event.ts';
import { isSameVersion, type FileVersion } from '../model/fileVersion.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { ContentStore } from '../store/contentStore.ts';
import type { DiskFileSystem } from '../store/diskFileSystem.ts';
import { absolutePath, readLinkTarget, type FilePlace } from '../store/presentFile.ts';
import type { DocumentPort } from '../store/restoreStep.ts';
import type { Journal } from './journal.ts';

export interface CheckpointParts {
  readonly journal: Journal;
  readonly content: ContentStore;
  readonly fileSystem: DiskFileSystem;
  readonly documents: DocumentPort | undefined;
}

/** A file whose present content could not be made safe; nothing may be done then. */
export class NotSavedError extends Error {
  readonly reason: string;
  readonly path: WorkspacePath;

  constructor(reason: string, path: WorkspacePath) {
    super(`The present content of ${path} could not be saved first (${reason})`);
    this.name = 'NotSavedError';
    this.reason = reason;
    this.path = path;
  }
}

/**
 * The way back: when this resolves, the present content of every file that the steps touch is on disk in the store, texts
 * that are not saved in an editor included, the log's last word on each file is what stands there now, and a checkpoint
 * marks the point. A rewind to that checkpoint undoes what follows.
 */
export async function makeSafetyCheckpoint(
  parts: CheckpointParts,
  steps: readonly RewindStep[],
  places: ReadonlyMap<WorkspacePath, FilePlace>,
  checkpoint: { readonly id: string; readonly label: string },
): Promise<TapedeckEvent> {
  await inParallel(steps, 8, (step) => saveStep(parts, step, places.get(step.path)!));
  for (const step of steps) {
    // The disk first, then the text over it, so that each change has its own author.
    if (!isLogged(step.logged, step.disk)) await recordChange(parts.journal, step.path, step.logged, step.disk, unknownAuthor);
    if (!isSameVersion(step.disk, step.from)) {
      const disk: LoggedFile = step.disk === undefined ? { state: 'absent' } : { state: 'version', version: step.disk };
      await recordChange(parts.journal, step.path, disk, step.from, { ...userAuthor, how: 'editor' });
    }
  }
  return parts.journal.record({
    kind: 'checkpoint.made',
    by: tapedeckAuthor,
    id: checkpoint.id,
    label: checkpoint.label,
    reason: 'rewind',
  });
}

async function saveStep(parts: CheckpointParts, step: RewindStep, place: FilePlace): Promise<void> {
  if (step.disk !== undefined) await saveFile(parts, step.path, step.disk, absolutePath(place), step.to);
  if (step.from === undefined || isSameVersion(step.disk, step.from)) return;
  const document = await parts.documents?.read(absolutePath(place));
  if (document === undefined) throw new NotSavedError('changed-meanwhile', step.path);
  const { hash } = await parts.content.put(document.bytes, step.disk?.hash);
  if (hash !== step.from.hash) throw new NotSavedError('changed-meanwhile', step.path);
}

async function saveFile(
  parts: CheckpointParts,
  path: WorkspacePath,
  version: FileVersion,
  absolute: string,
  similar: FileVersion | undefined,
): Promise<void> {
  if (version.hash === undefined) throw new NotSavedError('unreadable', path);
  if (await parts.content.has(version.hash)) return;
  const stored =
    version.type === 'link'
      ? await parts.content.put(await readLinkTarget(parts.fileSystem, absolute))
      : await parts.content.putFile(absolute, Number.MAX_SAFE_INTEGER, similar?.hash);
  if ('missing' in stored) throw new NotSavedError(stored.missing, path);
  if (stored.hash !== version.hash) throw new NotSavedError('changed-meanwhile', path);
}

const isLogged = (logged: LoggedFile, disk: FileVersion | undefined): boolean =>
  logged.state === 'absent' ? disk === undefined : logged.state === 'version' && isSameVersion(logged.version, disk);

async function recordChange(
  journal: Journal,
  path: WorkspacePath,
  before: LoggedFile,
  after: FileVersion | undefined,
  by: Author,
): Promise<void> {
  const draft = changeDraft(path, before.state === 'version' ? before.version : undefined, after, by, before.state === 'absent');
  if (draft !== undefined) await journal.record(draft);
}

/** The file event that says how `before` became `after`; undefined when there was and is no file. `isNew`: it is known that there was none. */
export function changeDraft(
  path: WorkspacePath,
  before: FileVersion | undefined,
  after: FileVersion | undefined,
  by: Author,
  isNew = before === undefined,
): Extract<EventDraft, { kind: 'file.created' | 'file.changed' | 'file.deleted' }> | undefined {
  const common = { by, path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
  if (after === undefined) return isNew ? undefined : { kind: 'file.deleted', ...common };
  return { kind: isNew ? 'file.created' : 'file.changed', ...common };
}
