import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { EventFilter } from '../../core/eventFilter.ts';
import { occasionText, originName, unrecordedText } from '../../core/blameText.ts';
import { blameFile, type FileBlame, type LineOrigin } from '../../services/blame.ts';
import { openContentStore } from '../../store/contentStore.ts';
import { nodeDigest } from '../../store/digest.ts';
import { openLogReader, type LogReader } from '../../store/logReader.ts';
import { listSessionIds } from '../../store/sessionCard.ts';
import { createWriterId } from '../../store/writerClaim.ts';
import { CliError, usageError } from '../cliError.ts';
import type { CommandEntry } from '../command.ts';
import { foldersOf, toWorkspacePath, type Workspace } from '../workspace.ts';
import type { WorkspacePath } from '../../model/workspacePath.ts';

interface Lines {
  /** From 1, both included. */
  readonly from: number;
  readonly to: number;
}

export const blameCommand: CommandEntry = (program, act) => {
  program
    .command('blame')
    .summary('tell which prompt, run or person made each line of a file')
    .description('Tell of each line of a file, as it is now, who made it and in answer to what, over all sessions of the workspace.')
    .argument('<path>', 'the file')
    .option('--line <lines>', 'only this line, or these: 12 or 12-20', toLines)
    .action(
      act(async (run, name: string, options: { readonly line?: Lines }) => {
        const workspace = await run.workspace();
        const card = (await workspace.sessions.current()) ?? (await workspace.sessions.list())[0];
        const file = resolve(run.process.cwd, name);
        const path = toWorkspacePath(foldersOf(workspace, card), run.process.cwd, name);
        const blame = await blameOf(workspace, path, file);
        const { from, to } = options.line ?? { from: 1, to: blame.lines.length };
        if (from > blame.lines.length) throw new CliError(1, 'no-line', `${path} has ${blame.lines.length} lines`);
        const lines = blame.lines.slice(from - 1, to).map(({ text, origin }, index) => ({ line: from + index, text, ...origin }));
        const width = Math.max(0, ...lines.map((line) => whoText(line).length));
        await run.output.list(lines, (line) => `${whoText(line).padEnd(width)}  ${String(line.line).padStart(4)}  ${line.text}`);
        if (!run.output.isJson) {
          const told = new Map(lines.flatMap((line) => (line.known === 'recorded' ? [[line.event, line] as const] : [])));
          for (const line of told.values())
            run.output.note(`${line.event}  ${whoText(line)}: ${occasionText(line) ?? 'nothing tells what for'}`);
          if (blame.skipped > 0)
            run.output.note(`The content of ${blame.skipped} recorded changes was not kept: their lines are told of the next one.`);
        }
      }),
    );
};

async function blameOf(workspace: Workspace, path: WorkspacePath, file: string): Promise<FileBlame> {
  const present = await readFile(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  const readers: LogReader[] = [];
  const content = await openContentStore({ layout: workspace.layout, digest: nodeDigest, writer: createWriterId() });
  try {
    const sessions = [];
    for (const id of await listSessionIds(workspace.layout)) {
      const reader = await openLogReader({ layout: workspace.layout, session: id, digest: nodeDigest });
      readers.push(reader);
      sessions.push({ id, events: (filter: EventFilter) => reader.batches({ filter }) });
    }
    const blame = await blameFile({ path, present, sessions, read: (hash) => content.get(hash) });
    if (blame === undefined) throw new CliError(1, 'no-change', `No session saw ${path} change`);
    return blame;
  } finally {
    for (const reader of readers) reader.dispose();
    await content.close();
  }
}

/** `2026-11-21 04:10  Codex`: in UTC, as in the log. */
function whoText(origin: LineOrigin): string {
  if (origin.known !== 'recorded') return unrecordedText[origin.known];
  return `${origin.at.slice(0, 16).replace('T', ' ')}  ${originName(origin.by)}`;
}

function toLines(text: string): Lines {
  const [, from, to] = /^([1-9]\d{0,8})(?:[-,]([1-9]\d{0,8}))?$/.exec(text) ?? [];
  const lines = { from: Number(from), to: Number(to ?? from) };
  if (from === undefined || lines.to < lines.from) throw usageError(`${text} names no lines: give 12 or 12-20`);
  return lines;
}
