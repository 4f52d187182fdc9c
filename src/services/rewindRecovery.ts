import { parseEventId } from '../model/ids.ts';
import { tapedeckAuthor } from '../model/author.ts';
import { isFileEvent, type LoggedEvent } from '../model/event.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { LogReader } from '../store/logReader.ts';
import type { FilePlace } from '../store/presentFile.ts';
import { isDone, putBack } from '../store/restore.ts';
import type { LeftFile, RestoreContext, RestoreStep } from '../store/restoreStep.ts';
import type { JournalEntry, RewindJournals } from '../store/rewindJournal.ts';
import { markOf } from '../core/eventOrder.ts';
import type { Journal } from './journal.ts';
import { recordRewind } from './rewindRecord.ts';

/** What became of a rewind that had died. */
export interface RecoveredRewind {
  readonly id: string;
  /**
   * `rolled-forward`: all its files were done, and the log now says so. `rolled-back`: the files are as they were before it.
   * `left`: some files are neither, see there; it is tried again at the next start. `busy`: another process works on it.
   * `unreadable`: the journal cannot be read and was left alone.
   */
  readonly outcome: 'rolled-forward' | 'rolled-back' | 'left' | 'busy' | 'unreadable';
  readonly target: string | undefined;
  readonly left: readonly LeftFile[];
  /** Why the log could not take it. */
  readonly unrecorded?: string;
}

export interface RecoveryParts {
  readonly journals: RewindJournals;
  readonly journal: Journal;
  readonly reader: LogReader;
  readonly context: (id: string) => RestoreContext;
  readonly place: (path: WorkspacePath) => FilePlace | 'outside' | 'folder-not-open';
}

/**
 * Ends every rewind that died: forward when all its files are done and its session can still be written to, else back.
 * May itself die at any moment and be begun again: each file is looked at, not remembered.
 */
export async function recoverRewinds(parts: RecoveryParts): Promise<RecoveredRewind[]> {
  const recovered: RecoveredRewind[] = [];
  for (const found of await parts.journals.list()) {
    const { entry } = found;
    if (entry === undefined) recovered.push({ id: found.file, outcome: 'unreadable', target: undefined, left: [] });
    else if (found.isLive) recovered.push({ id: entry.id, outcome: 'busy', target: entry.target, left: [] });
    else {
      const open = await parts.journals.claim(found);
      if (open === undefined) recovered.push({ id: entry.id, outcome: 'busy', target: entry.target, left: [] });
      else {
        const result = await recoverOne(parts, entry);
        // Kept where something is still to be done: files that could not be put back, or a log that must still be told.
        if (result.outcome === 'left' || (result.outcome === 'rolled-forward' && result.unrecorded !== undefined)) open.release();
        else await open.remove();
        recovered.push(result);
      }
    }
  }
  return recovered;
}

async function recoverOne(parts: RecoveryParts, entry: JournalEntry): Promise<RecoveredRewind> {
  const { id, target } = entry;
  const steps: RestoreStep[] = [];
  const left: LeftFile[] = [];
  for (const { path, from, disk, to } of entry.steps) {
    const place = parts.place(path);
    if (typeof place === 'string') left.push({ path, reason: place });
    else steps.push({ path, from, disk, to, ...place });
  }
  const context = parts.context(id);
  if (entry.session !== undefined && entry.session === parts.journal.session) {
    try {
      const { recorded, isRecorded } = await readRecorded(parts.reader, entry);
      // The log says so only when all of it was done; what changed after that is a later change.
      const wasDone = isRecorded || recorded.size > 0 || (left.length === 0 && (await isDone(context, steps)));
      if (wasDone && !isRecorded) await recordRewind({ journal: parts.journal, content: context.content }, entry, recorded);
      if (wasDone) return { id, outcome: 'rolled-forward', target, left: [] };
    } catch (error) {
      return { id, outcome: 'rolled-forward', target, left: [], unrecorded: error instanceof Error ? error.message : String(error) };
    }
  }
  left.push(
    ...(await putBack(
      context,
      steps,
      entry.newFolders.filter((folder) => steps.some(({ root }) => folder.startsWith(root))),
    )),
  );
  const rolledBack = left.length === 0;
  let unrecorded: string | undefined;
  try {
    await parts.journal.record({
      kind: 'rewind.failed',
      by: tapedeckAuthor,
      id,
      target,
      reason: 'interrupted',
      rolledBack,
      ...(rolledBack ? {} : { left: left.map(({ path }) => path) }),
    });
  } catch (error) {
    unrecorded = error instanceof Error ? error.message : String(error);
  }
  return { id, outcome: rolledBack ? 'rolled-back' : 'left', target, left, ...(unrecorded === undefined ? {} : { unrecorded }) };
}

/** What the log already has of it: it may have died between two events. */
async function readRecorded(
  reader: LogReader,
  entry: JournalEntry,
): Promise<{ readonly recorded: Set<WorkspacePath>; readonly isRecorded: boolean }> {
  const recorded = new Set<WorkspacePath>();
  let isRecorded = false;
  const checkpoint: LoggedEvent | undefined =
    parseEventId(entry.checkpointEvent) === undefined ? undefined : await reader.find(entry.checkpointEvent);
  for await (const batch of reader.batches({ after: checkpoint && markOf(checkpoint), filter: { kinds: ['file', 'rewind'] } }))
    for (const event of batch) {
      if (isFileEvent(event) && event.rewind === entry.id) recorded.add(event.path);
      if ((event.kind === 'rewind.applied' || event.kind === 'rewind.undone') && event.id === entry.id) isRecorded = true;
    }
  return { recorded, isRecorded };
}
