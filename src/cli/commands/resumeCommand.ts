import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { Option } from 'commander';
import { systemClock } from '../../base/clock.ts';
import { driftItems, hasDrifted, type Drift } from '../../core/resumeDrift.ts';
import { buildResumePrompt, readPromptPoint, type ResumeForm, type ResumeSize } from '../../core/resumePrompt.ts';
import { sectionIds, type SectionId } from '../../core/resumeSections.ts';
import { transcriptAdapters } from '../../core/transcripts/table.ts';
import type { SessionId } from '../../model/ids.ts';
import type { SessionState } from '../../model/sessionState.ts';
import { readDrift } from '../../services/drift.ts';
import { replaceFile } from '../../store/replaceFile.ts';
import { CliError, usageError } from '../cliError.ts';
import type { CommandEntry } from '../command.ts';
import { readState } from '../stateReading.ts';
import { chooseSession, foldersOf, type Workspace } from '../workspace.ts';
import { timeOf } from './decisionCommands.ts';

interface ResumeOptions {
  readonly size: ResumeSize;
  readonly budget?: number;
  readonly session?: string;
  readonly at?: string;
  readonly for?: string;
  readonly plain?: boolean;
  readonly without?: SectionId[];
  readonly out?: string;
}

export const resumeCommand: CommandEntry = (program, act) => {
  program
    .command('resume')
    .summary('print the prompt with which the next agent takes up the work')
    .description(
      'Print the prompt with which the next agent takes up the work. Of a session that is over, or of an earlier point, it begins with what changed since.',
    )
    .addOption(new Option('--size <size>', 'how much it says').choices(['short', 'standard', 'full']).default('standard'))
    .option('--budget <tokens>', 'the most that it may cost, in tokens; by default that of the size', Number)
    .addOption(new Option('--for <agent>', 'the agent that takes it up').choices(transcriptAdapters.map(({ id }) => id)))
    .option('--plain', 'plain text instead of Markdown')
    .addOption(new Option('--without <section>', 'leave a section out (repeatable)').choices(sectionIds).argParser(collectSections))
    .option('--out <file>', 'write it into a file')
    .option('--session <id>', 'the session; by default the open or newest one')
    .option('--at <event>', 'as it would have been right after that event')
    .action(
      act(async (run, options: ResumeOptions) => {
        const { size, budget } = options;
        if (budget !== undefined && !(budget > 0)) throw usageError('--budget is a number of tokens');
        const workspace = await run.workspace();
        const session = await chooseSession(workspace, options.session);
        const state = await readState(workspace, session, options.at);
        const isOpen = (await workspace.sessions.current())?.id === session;
        const drift = isOpen && options.at === undefined ? undefined : await driftOf(workspace, session, state);
        const form: ResumeForm = options.plain === true ? 'plain' : 'markdown';
        const prompt = buildResumePrompt(state, {
          size,
          form,
          now: systemClock.now(),
          ...(budget === undefined ? {} : { budgetTokens: budget }),
          ...(options.for === undefined ? {} : { target: options.for }),
          ...(options.without === undefined ? {} : { without: options.without }),
          ...(drift === undefined ? {} : { drift }),
        });
        if (options.out !== undefined) {
          const file = path.resolve(run.process.cwd, options.out);
          await replaceFile(file, prompt.text);
          await run.output.answer({ ok: true, session, file, tokens: prompt.tokens }, [`${file}: about ${prompt.tokens} tokens`]);
        } else if (run.output.isJson) await run.output.document({ session, size, form, ...prompt });
        else await run.output.bytes(prompt.text);
      }),
    );
};

export const driftCommand: CommandEntry = (program, act) => {
  program
    .command('drift')
    .summary('say what changed since a point, or since an old resume prompt')
    .description(
      'Say what is no longer as it was: HEAD and branch, files of the session, checks, decisions, later sessions. Since the session’s end, or since an event of it, or since a resume prompt that was saved.',
    )
    .argument('[point]', 'an event of the session, or the file of a resume prompt')
    .option('--session <id>', 'the session; by default the open or newest one')
    .action(
      act(async (run, point: string | undefined, options: { session?: string }) => {
        const workspace = await run.workspace();
        const told = point === undefined ? undefined : await promptAt(path.resolve(run.process.cwd, point));
        const session = await chooseSession(workspace, told?.session ?? options.session);
        const state = await readState(workspace, session, told?.event ?? point);
        const drift = await driftOf(workspace, session, state);
        const time = timeOf(undefined);
        await run.output.answer(
          { session, hasDrifted: hasDrifted(drift), ...drift },
          driftItems(drift, time.minute).map(({ text }) => text),
        );
      }),
    );
};

/** What a file says of which session and event it was made; undefined where there is no such file. Throws CliError when it is no prompt. */
async function promptAt(file: string): Promise<ReturnType<typeof readPromptPoint>> {
  const isFile = await stat(file).then(
    (stats) => stats.isFile(),
    () => false,
  );
  if (!isFile) return undefined;
  const point = readPromptPoint(await readFile(file, 'utf8'));
  if (point === undefined) throw new CliError(1, 'no-prompt', `${file} is no resume prompt: it does not say which session it is of`);
  return point;
}

async function driftOf(workspace: Workspace, session: SessionId, before: SessionState): Promise<Drift> {
  const { layout, sessions } = workspace;
  const now = await readState(workspace, session);
  return readDrift({ layout, folders: foldersOf(workspace, await sessions.read(session)), before, now });
}

function collectSections(value: string, before: SectionId[] = []): SectionId[] {
  const id = sectionIds.find((known) => known === value);
  if (id === undefined) throw usageError(`There is no section ${value}. Sections: ${sectionIds.join(' ')}`);
  return [...before, id];
}
