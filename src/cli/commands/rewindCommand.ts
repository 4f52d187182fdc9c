import { createInterface } from 'node:readline/promises';
import type { RewindChoice, RewindPlan } from '../../core/rewindPlan.ts';
import { settleRewind } from '../../core/rewindPlan.ts';
import { describePlan, describeSkip } from '../../core/rewindText.ts';
import { runsAtWork } from '../../core/agentAtWork.ts';
import { counted, displayName } from '../../core/timelineWords.ts';
import { authorWord } from '../../core/rewindText.ts';
import type { WorkspacePath } from '../../model/workspacePath.ts';
import type { RewindReport } from '../../services/rewinder.ts';
import { CliError, usageError } from '../cliError.ts';
import { authorFields, type CommandEntry, type CommandRun } from '../command.ts';
import { pointId, withPast, type PastPoint } from '../pastReading.ts';
import { readRecentState } from '../stateReading.ts';
import { chooseSession, toWorkspacePath, type Workspace } from '../workspace.ts';

interface RewindOptions {
  readonly plan?: boolean;
  readonly yes?: boolean;
  readonly undo?: boolean;
  readonly file?: string[];
  readonly hunk?: string[];
  readonly diff?: boolean;
  readonly why?: string;
  readonly session?: string;
  readonly overwriteChanged?: boolean;
  readonly skipChanged?: boolean;
}

const several = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

/** Plan first, then a yes, then the act. What is there is saved before anything is written, and can be brought back. */
export const rewindCommand: CommandEntry = (program, act) => {
  program
    .command('rewind')
    .summary('bring files back to what they were at a point')
    .description(
      'Bring the files of the session back to what they were right after an event. Prints the plan first and asks. What is there now is saved in a checkpoint: --undo brings it back. Git is never touched.',
    )
    .argument('[event]', 'the point to go back to; with --undo the rewind to undo, by default the last one')
    .option('--plan', 'only print the plan')
    .option('--yes', 'do it without asking')
    .option('--undo', 'undo a rewind')
    .option('--why <text>', 'the reason, told to the next agent by the resume prompt')
    .option('--file <path>', 'only this file or folder (repeatable)', several)
    .option('--diff', 'show the plan with each file’s changes, numbered')
    .option('--hunk <path:numbers>', 'of this file only these changes, as --plan --diff numbers them: a.ts:1,3 (repeatable)', several)
    .option('--overwrite-changed', 'overwrite also files that changed since they were last recorded')
    .option('--skip-changed', 'leave files alone that changed since they were last recorded')
    .option('--session <id>', 'the session of the event')
    .action(
      act(async (run, event: string | undefined, options: RewindOptions) => {
        if (event === undefined && options.undo !== true) throw usageError('Name the event to go back to');
        if (options.undo === true && (options.file ?? options.hunk) !== undefined)
          throw usageError('--undo takes back a whole rewind, without --file and --hunk');
        if (options.overwriteChanged === true && options.skipChanged === true)
          throw usageError('--overwrite-changed or --skip-changed, not both');
        const workspace = await run.workspace();
        const named = { event: options.undo === true ? undefined : event, session: options.session };
        if (options.plan === true) {
          await withPast(workspace, named, undefined, async (past) => show(run, past, await makePlan(run, past, event, options), options));
          return 0;
        }
        await chooseSession(workspace, options.session);
        return apply(run, workspace, named, options, (past) => makePlan(run, past, event, options));
      }),
    );
};

interface UndoOptions extends RewindOptions {
  readonly turn?: boolean;
  readonly run?: boolean;
}

/** Undoing one piece of work alone, by merging; everything else as with a rewind. */
export const undoCommand: CommandEntry = (program, act) => {
  program
    .command('undo')
    .summary('undo one change, turn or run, and keep what came after it')
    .description(
      'Undo what an event changed, or the turn or run that it belongs to, and keep everything that came after it: texts are merged. Prints the plan first and asks. What is there now is saved in a checkpoint: `rewind --undo` brings it back. Git is never touched.',
    )
    .argument('<event>', 'a change of a file; with --turn or --run any event of it')
    .option('--turn', 'all that the agent changed in this turn')
    .option('--run', 'all that this run of the agent changed')
    .option('--plan', 'only print the plan')
    .option('--yes', 'do it without asking')
    .option('--file <path>', 'only in this file or folder (repeatable)', several)
    .option('--diff', 'show the plan with each file’s changes, numbered')
    .option('--hunk <path:numbers>', 'of this file only these changes, as --plan --diff numbers them: a.ts:1,3 (repeatable)', several)
    .option('--overwrite-changed', 'take conflicts: lines that were changed again are left in the file twice, marked')
    .option('--skip-changed', 'leave files with conflicts alone')
    .option('--session <id>', 'the session of the event')
    .action(
      act(async (run, event: string, options: UndoOptions) => {
        if (options.turn === true && options.run === true) throw usageError('--turn or --run, not both');
        if (options.overwriteChanged === true && options.skipChanged === true)
          throw usageError('--overwrite-changed or --skip-changed, not both');
        const workspace = await run.workspace();
        const named = { event, session: options.session };
        const plan = (past: PastPoint): Promise<RewindPlan> => planWithout(run, past, options);
        if (options.plan === true) {
          await withPast(workspace, named, undefined, async (past) => show(run, past, await plan(past), options));
          return 0;
        }
        await chooseSession(workspace, options.session);
        return apply(run, workspace, named, options, plan);
      }),
    );
};

async function planWithout(run: CommandRun, past: PastPoint, options: UndoOptions): Promise<RewindPlan> {
  const { event } = past;
  const ofRun = event.kind === 'foreign' ? undefined : event.run;
  const turn = event.kind === 'foreign' ? undefined : event.turn;
  const isWide = options.turn === true || options.run === true;
  if (isWide && ofRun === undefined) throw new CliError(1, 'no-run', `${pointId(past)} belongs to no run of an agent`);
  if (options.turn === true && turn === undefined) throw new CliError(1, 'no-turn', `${pointId(past)} belongs to no turn`);
  const hunks = chosenHunks(run, past, options);
  const plan = await past.rewinder.planWithout(
    !isWide ? { events: [pointId(past)] } : { run: ofRun!, ...(options.turn === true && { turn: turn! }) },
    scopeOf(run, past, options, hunks),
  );
  if (plan === undefined)
    throw new CliError(1, 'no-change', isWide ? 'It changed no file' : `${pointId(past)} is no change of a file; give --turn or --run`);
  return takeHunks(past, plan, hunks);
}

async function apply(
  run: CommandRun,
  workspace: Workspace,
  named: { event: string | undefined; session: string | undefined },
  options: RewindOptions,
  makePlan: (past: PastPoint) => Promise<RewindPlan>,
): Promise<0 | 1> {
  const session = await workspace.sessions.startOrJoin({ shortLived: true, by: run.caller });
  try {
    return await withPast(workspace, named, session.journal, async (past): Promise<0 | 1> => {
      // Ends a rewind that died in the middle before anything is planned on top of it.
      for (const { id, outcome } of await past.rewinder.recover()) run.output.note(`An earlier rewind (${id}) was interrupted: ${outcome}`);
      const plan = await makePlan(past);
      const choice: RewindChoice =
        options.overwriteChanged === true ? { conflicts: 'overwrite' } : options.skipChanged === true ? { conflicts: 'skip' } : {};
      const { steps, undecided } = settleRewind(plan, choice);
      if (plan.steps.length === 0) {
        await show(run, past, plan, options);
        return 0;
      }
      if (undecided.length > 0) {
        await show(run, past, plan, options);
        throw new CliError(
          1,
          'undecided',
          `${counted(undecided.length, 'conflict')}: nothing was done. Give --overwrite-changed or --skip-changed`,
        );
      }
      for (const { agent, lastAt } of runsAtWork(await readRecentState(past.reader), Date.now()).filter(
        ({ run: id }) => id !== run.caller.run,
      ))
        run.output.note(
          `${displayName(agent ?? 'An agent')} seems to be at work (last heard of at ${lastAt}): what it writes later goes on top`,
        );
      if (options.yes !== true) {
        if (!run.process.isInteractive) {
          await show(run, past, plan, options);
          throw new CliError(1, 'not-confirmed', 'Nothing was done: give --yes to do it');
        }
        for await (const line of planLines(past, plan, options)) run.output.note(line);
        if (
          !(await ask(
            run,
            `${plan.undid !== undefined ? 'Undo this in' : plan.undoes === undefined ? 'Rewind' : 'Undo the rewind of'} ${counted(steps.length, 'file')}? [y/N] `,
          ))
        )
          throw new CliError(1, 'not-confirmed', 'Nothing was done');
      }
      const report = await past.rewinder.apply(plan, choice);
      if (report.ok && options.why !== undefined)
        await session.journal.record({ kind: 'progress.noted', ...authorFields(run.caller), id: report.id, text: options.why });
      await show(run, past, plan, options, report);
      if (report.ok) return 0;
      const left = report.left.length === 0 ? '' : `; neither as before nor as wanted: ${report.left.map(({ path }) => path).join(', ')}`;
      throw new CliError(1, report.reason, `${report.rolledBack ? 'Nothing was changed: ' : ''}${report.message}${left}`);
    });
  } finally {
    await session.close();
  }
}

async function makePlan(run: CommandRun, past: PastPoint, event: string | undefined, options: RewindOptions): Promise<RewindPlan> {
  if (options.undo === true) {
    const plan = await past.rewinder.planUndo(event);
    if (plan === undefined)
      throw new CliError(1, 'no-rewind', event === undefined ? 'There is no rewind to undo' : `There is no rewind ${event} to undo`);
    return plan;
  }
  const hunks = chosenHunks(run, past, options);
  return takeHunks(past, await past.rewinder.plan(pointId(past), scopeOf(run, past, options, hunks)), hunks);
}

type HunkChoice = ReadonlyMap<WorkspacePath, ReadonlySet<number>>;

/** `a.ts:1,3`: the first and the third change. The path may hold colons itself. */
function chosenHunks(run: CommandRun, past: PastPoint, { hunk = [] }: RewindOptions): HunkChoice {
  return new Map(
    hunk.map((words) => {
      const [, name, numbers] = /^(.+):(\d{1,6}(?:,\d{1,6})*)$/.exec(words) ?? [];
      if (name === undefined || numbers === undefined) throw usageError(`${words} names no changes of a file: give a.ts:1 or a.ts:1,3`);
      return [toWorkspacePath(past.folders, run.process.cwd, name), new Set(numbers.split(',').map((number) => Number(number) - 1))];
    }),
  );
}

function scopeOf(run: CommandRun, past: PastPoint, { file }: RewindOptions, hunks: HunkChoice): WorkspacePath[] | undefined {
  if (file === undefined && hunks.size === 0) return undefined;
  return [...(file ?? []).map((name) => toWorkspacePath(past.folders, run.process.cwd, name)), ...hunks.keys()];
}

async function takeHunks(past: PastPoint, plan: RewindPlan, hunks: HunkChoice): Promise<RewindPlan> {
  const missing = [...hunks.keys()].find((path) => !plan.steps.some((step) => step.path === path));
  if (missing !== undefined) throw new CliError(1, 'no-hunks', `${missing} is not among the files to write`);
  return past.rewinder.withHunks(plan, hunks);
}

/** The plan, and with `--diff` under it what it would do to each text, change by change. */
async function* planLines({ rewinder }: PastPoint, plan: RewindPlan, { diff }: RewindOptions): AsyncGenerator<string> {
  yield* describePlan(plan);
  if (diff !== true) return;
  for (const step of plan.steps) {
    const hunks = await rewinder.hunksOf(step);
    if (hunks === undefined) continue;
    yield '';
    yield `${step.path}: ${counted(hunks.length, 'change')}`;
    for (const [index, { at, removed, added }] of hunks.entries()) {
      yield `@@ ${index + 1}: line ${at + 1}`;
      for (const line of removed) yield `-${textOf(line)}`;
      for (const line of added) yield `+${textOf(line)}`;
    }
  }
}

/** A line of bytes as people read it, without its end. */
const textOf = (line: string): string => Buffer.from(line.replace(/\r?\n$/, ''), 'latin1').toString('utf8');

async function show(run: CommandRun, past: PastPoint, plan: RewindPlan, options: RewindOptions, report?: RewindReport): Promise<void> {
  if (run.output.isJson) {
    await run.output.document({ plan: planDocument(plan), report: report ?? null });
    return;
  }
  if (report === undefined) for await (const line of planLines(past, plan, options)) await run.output.line(line);
  else if (report.ok) {
    await run.output.line(
      `${plan.undoes === undefined && plan.undid === undefined ? 'Rewound' : 'Undone'}: ${report.written} written, ${report.deleted} deleted, ${report.alreadySo} already so${report.checkpoint === undefined ? '' : `; what was there is in checkpoint ${report.checkpoint}`}`,
    );
    for (const skip of report.skipped) await run.output.line(`  skipped ${skip.path}: ${describeSkip(skip)}`);
    if (report.unrecorded !== undefined) run.output.note(`It could not be written into the log: ${report.unrecorded}`);
  }
}

function planDocument(plan: RewindPlan): Record<string, unknown> {
  return {
    ...plan,
    undidOf: undefined,
    steps: plan.steps.map(({ path, act, conflict, from, to, authors, changes, hunks }) => ({
      path,
      act,
      conflict,
      from,
      to,
      authors: authors.map(authorWord),
      changes,
      hunks,
    })),
  };
}

async function ask(run: CommandRun, question: string): Promise<boolean> {
  const prompt = createInterface({ input: run.process.stdin, output: run.process.stderr });
  try {
    return /^y(?:es)?$/i.test((await prompt.question(question)).trim());
  } finally {
    prompt.close();
  }
}
