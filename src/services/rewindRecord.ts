import { inParallel } from '../base/inParallel.ts';
import { countLines } from '../core/lineCount.ts';
import { tapedeckAuthor } from '../model/author.ts';
import type { EventDraft, TapedeckEvent } from '../model/event.ts';
import { isSameVersion, type FileVersion } from '../model/fileVersion.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { ContentStore } from '../store/contentStore.ts';
import type { JournalEntry } from '../store/rewindJournal.ts';
import type { Journal } from './journal.ts';
import { changeDraft } from './safetyCheckpoint.ts';

const countedBytes = 512 * 1024;

/**
 * Writes into the log what a rewind did: one event a file, then the rewind itself. `recorded` are paths whose events are
 * already there, of a rewind that died while it recorded.
 */
export async function recordRewind(
  parts: { readonly journal: Journal; readonly content: ContentStore },
  entry: Omit<JournalEntry, 'format' | 'host' | 'pid'>,
  recorded: ReadonlySet<WorkspacePath>,
): Promise<TapedeckEvent> {
  const { journal, content } = parts;
  // All at once, so that they share the log's syncs; the log keeps their order.
  const changed = entry.steps.filter((step) => !recorded.has(step.path) && !isSameVersion(step.from, step.to));
  const drafts: (EventDraft | undefined)[] = [];
  await inParallel(changed, 8, async (step, index) => {
    const draft = changeDraft(step.path, step.from, step.to, tapedeckAuthor);
    drafts[index] = draft && { ...draft, ...(await linesOf(content, step.from, step.to)), rewind: entry.id };
  });
  await Promise.all(drafts.flatMap((draft) => (draft === undefined ? [] : [journal.record(draft)])));
  const counts = {
    written: entry.steps.filter((step) => step.to !== undefined).length,
    deleted: entry.steps.filter((step) => step.to === undefined).length,
    skipped: entry.skips,
    files: entry.steps.length,
  };
  if (entry.undoes !== undefined)
    return journal.record({ kind: 'rewind.undone', by: tapedeckAuthor, id: entry.id, rewind: entry.undoes, ...counts });
  return journal.record({
    kind: 'rewind.applied',
    by: tapedeckAuthor,
    id: entry.id,
    target: entry.target,
    targetAt: entry.targetAt,
    checkpoint: entry.checkpoint,
    ...(entry.paths === undefined ? {} : { paths: entry.paths }),
    ...(entry.undid === undefined ? {} : { undid: entry.undid }),
    ...(entry.brought === undefined ? {} : { brought: entry.brought }),
    ...(entry.kept === undefined ? {} : { kept: entry.kept }),
    ...counts,
  });
}

async function linesOf(
  content: ContentStore,
  before: FileVersion | undefined,
  after: FileVersion | undefined,
): Promise<{ added?: number; removed?: number }> {
  if (Math.max(before?.sizeBytes ?? 0, after?.sizeBytes ?? 0) > countedBytes) return {};
  const read = async (version: FileVersion | undefined): Promise<Uint8Array | undefined> =>
    version?.hash === undefined ? undefined : content.get(version.hash);
  return countLines(await read(before), await read(after)) ?? {};
}
