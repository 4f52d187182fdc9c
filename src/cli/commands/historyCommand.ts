import type { EventFilter } from '../../core/eventFilter.ts';
import { occasionText, originName } from '../../core/blameText.ts';
import { oneLine } from '../../core/timelineWords.ts';
import { fileHistory, type FileHappening } from '../../services/fileHistory.ts';
import { nodeDigest } from '../../store/digest.ts';
import { openLogReader, type LogReader } from '../../store/logReader.ts';
import { listSessionIds } from '../../store/sessionCard.ts';
import { CliError } from '../cliError.ts';
import type { CommandEntry } from '../command.ts';
import { foldersOf, toWorkspacePath, type Workspace } from '../workspace.ts';

export const historyCommand: CommandEntry = (program, act) => {
  program
    .command('history')
    .summary('tell what happened to a file, by whom and in answer to what')
    .description(
      'Tell all that happened to a file under all the names it had, over all sessions of the workspace, newest first: `cat --at EVENT` prints it as it was, `diff` compares, `rewind EVENT --file PATH` brings it back.',
    )
    .argument('<path>', 'the file; it need not exist any more')
    .action(
      act(async (run, name: string) => {
        const workspace = await run.workspace();
        const card = (await workspace.sessions.current()) ?? (await workspace.sessions.list())[0];
        const path = toWorkspacePath(foldersOf(workspace, card), run.process.cwd, name);
        const happenings = await historyOf(workspace, path);
        if (happenings.length === 0) throw new CliError(1, 'no-change', `No session saw ${path} change`);
        await run.output.list(happenings, lineOf);
      }),
    );
};

async function historyOf(workspace: Workspace, path: string): Promise<readonly FileHappening[]> {
  const readers: LogReader[] = [];
  try {
    const sessions = [];
    for (const id of await listSessionIds(workspace.layout)) {
      const reader = await openLogReader({ layout: workspace.layout, session: id, digest: nodeDigest });
      readers.push(reader);
      sessions.push({ id, events: (filter: EventFilter) => reader.batches({ filter }) });
    }
    return await fileHistory({ path, sessions });
  } finally {
    for (const reader of readers) reader.dispose();
  }
}

/** `2026-11-21 04:10  k3f9ab2c.12  changed +3 −1  Codex: make it faster`, in UTC, as in the log. */
function lineOf(happening: FileHappening): string {
  const { at, event, change, from, path, added = 0, removed = 0, by, rewind } = happening;
  const counts = `${added > 0 ? ` +${added}` : ''}${removed > 0 ? ` −${removed}` : ''}`;
  const what = change === 'renamed' ? `renamed from ${from ?? '?'} to ${path}` : change;
  const occasion = rewind === undefined ? occasionText(happening) : 'a rewind';
  return `${at.slice(0, 16).replace('T', ' ')}  ${event}  ${what}${counts}  ${originName(by)}${occasion === undefined ? '' : `: ${oneLine(occasion, 160)}`}`;
}
