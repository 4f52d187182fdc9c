import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Option } from 'commander';
import { systemClock } from '../../base/clock.ts';
import { sessionHtml } from '../../core/htmlReport.ts';
import { buildResumePrompt } from '../../core/resumePrompt.ts';
import { digestLine } from '../../core/sessionDigest.ts';
import { sessionPage } from '../../core/sessionPage.ts';
import type { LoggedEvent } from '../../model/event.ts';
import { updateReports, type ReportUpdate } from '../../services/reporter.ts';
import { exportSession } from '../../services/sessionExchange.ts';
import { nodeDigest } from '../../store/digest.ts';
import { replaceFile } from '../../store/replaceFile.ts';
import type { CommandEntry } from '../command.ts';
import { readState } from '../stateReading.ts';
import { chooseSession, firstFolder, withReader, type Workspace } from '../workspace.ts';
import { timeOf } from './decisionCommands.ts';

type Format = 'jsonl' | 'html' | 'markdown';

export const exportCommand: CommandEntry = (program, act) => {
  program
    .command('export')
    .summary('write a session into one file')
    .description(
      'Write a session into one file: as JSONL (every event as it is stored, to be taken in again with import), as a page of HTML that stands by itself, or as Markdown. Contents of files are not in it.',
    )
    .addOption(new Option('--format <format>', 'of the file').choices(['jsonl', 'html', 'markdown']).default('jsonl'))
    .option('--out <file>', 'where to; by default it is printed')
    .option('--time-zone <zone>', 'of the times that are written; by default the system’s')
    .option('--session <id>', 'the session; by default the open or newest one')
    .action(
      act(async (run, options: { format: Format; out?: string; timeZone?: string; session?: string }) => {
        const workspace = await run.workspace();
        const session = await chooseSession(workspace, options.session);
        const time = timeOf(options.timeZone);
        const file = options.out === undefined ? undefined : path.resolve(run.process.cwd, options.out);
        if (options.format === 'jsonl') {
          await withReader(workspace, session, async (reader) => {
            if (file === undefined) for await (const piece of exportSession(reader, session)) await run.output.bytes(piece);
            else await writeStream(file, exportSession(reader, session));
          });
        } else {
          const state = await readState(workspace, session);
          const resume = buildResumePrompt(state, { size: 'full', now: systemClock.now() }).text;
          let text: string;
          if (options.format === 'markdown') text = sessionPage(state, { time, resume });
          else {
            const events: LoggedEvent[] = [];
            await withReader(workspace, session, async (reader) => {
              for await (const batch of reader.batches({})) events.push(...batch);
            });
            text = sessionHtml(state, { time, events, resume, sha256: (content) => createHash('sha256').update(content).digest('base64') });
          }
          if (file === undefined) await run.output.bytes(text);
          else await replaceFile(file, text);
        }
        if (file !== undefined) await run.output.answer({ ok: true, session, file, format: options.format }, [file]);
      }),
    );
};

export const reportCommand: CommandEntry = (program, act) => {
  program
    .command('report')
    .summary('bring the pages about the sessions up to date')
    .description(
      'Write SESSION_INDEX.md, RECENT_WORK.md and a page for each session whose log has grown. They are written at the end of a session and at an update as well.',
    )
    .option('--out <folder>', 'where to; by default .tapedeck/reports')
    .option('--time-zone <zone>', 'of the times that are written; by default the system’s')
    .option('--rows <count>', 'sessions in the index; older ones stand in the archive', Number, 200)
    .option('--recent <count>', 'sessions in RECENT_WORK.md', Number, 20)
    .action(
      act(async (run, options: { out?: string; timeZone?: string; rows: number; recent: number }) => {
        const workspace = await run.workspace();
        const session = await chooseSession(workspace, undefined);
        const update = await reportOn(workspace, session, {
          timeZone: options.timeZone,
          folder: options.out === undefined ? undefined : path.resolve(run.process.cwd, options.out),
          rows: options.rows,
          recent: options.recent,
        });
        for (const { session: id, reason } of update.failed) run.output.note(`${id} cannot be read: ${reason}`);
        await run.output.answer({ ok: true, ...update }, [
          `${update.folder}: ${update.pages.length} pages of sessions, SESSION_INDEX.md, RECENT_WORK.md`,
        ]);
        return update.failed.length === 0 ? 0 : 1;
      }),
    );
};

export function reportOn(
  workspace: Workspace,
  session: string,
  options: {
    readonly timeZone?: string | undefined;
    readonly folder?: string | undefined;
    readonly rows?: number;
    readonly recent?: number;
  } = {},
): Promise<ReportUpdate> {
  const { rows, recent } = options;
  return updateReports(
    {
      layout: workspace.layout,
      sessions: workspace.sessions,
      digest: nodeDigest,
      clock: systemClock,
      time: timeOf(options.timeZone),
      title: firstFolder(workspace.folder).name,
      folder: options.folder,
      ...(rows !== undefined && rows >= 1 ? { indexRows: Math.floor(rows) } : {}),
      ...(recent !== undefined && recent >= 1 ? { recentSessions: Math.floor(recent) } : {}),
    },
    session,
  );
}

/** What there is to say when a session was updated or ended; a page that cannot be written is no failure of that. */
export async function summaryOf(workspace: Workspace, session: string): Promise<readonly string[]> {
  try {
    const { digest, folder } = await reportOn(workspace, session);
    return digest === undefined
      ? []
      : [digestLine(digest), `Its page: ${path.join(folder, 'sessions', `${session}.md`)}. Its prompt: tapedeck resume`];
  } catch (error) {
    return [`Its pages could not be written: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** In one step: a file of that name is there whole, or not at all. */
async function writeStream(file: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await mkdir(path.dirname(file), { recursive: true });
  try {
    await pipeline(Readable.from(pieces), createWriteStream(temporary));
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
