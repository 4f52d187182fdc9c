import { contextEvidence } from '../../core/contextEvidence.ts';
import { openBlockers } from '../../core/decisions.ts';
import { inlineText } from '../../core/quotedText.ts';
import type { EventDraft, TapedeckEvent } from '../../model/event.ts';
import { eventId } from '../../model/ids.ts';
import { CliError, usageError } from '../cliError.ts';
import { authorFields, type CommandEntry, type CommandRun } from '../command.ts';
import { readRecentState, readState } from '../stateReading.ts';
import { chooseSession, foldersOf, randomName, toWorkspacePath, withReader, type Workspace } from '../workspace.ts';

/**
 * Entries that people and agents write. They work with and without a recorder: a short-lived writer appends to the session
 * that is open, or to a new one. What an agent decides is a proposal; what the user decides is settled.
 */

const collect = (value: string, before: string[] = []): string[] => [...before, value];

export const decideCommand: CommandEntry = (program, act) => {
  program
    .command('decide')
    .summary('log a decision')
    .description('Log a decision with its reason. From an agent’s shell it is a proposal that the user can confirm.')
    .argument('<what>', 'what was decided')
    .requiredOption('--why <why>', 'the reason')
    .option('--alternative <text>', 'what else was considered (repeatable)', collect)
    .option('--file <path>', 'a file or folder that it is about (repeatable)', collect)
    .option('--supersedes <id>', 'the decision that this one replaces')
    .action(
      act(async (run, what: string, options: { why: string; alternative?: string[]; file?: string[]; supersedes?: string }) => {
        const said = { what: text(what, 'what was decided'), why: text(options.why, 'the reason') };
        const workspace = await run.workspace();
        const folders = foldersOf(workspace, await workspace.sessions.current());
        const files = options.file?.map((file) => toWorkspacePath(folders, run.process.cwd, file));
        const isUser = run.caller.actor === 'user';
        const id = `d-${randomName(8)}`;
        if (options.supersedes !== undefined) await requireDecision(workspace, options.supersedes);
        const event = await write(run, workspace, async (evidence) => ({
          kind: isUser ? 'decision.confirmed' : 'decision.proposed',
          ...authorFields(run.caller),
          id,
          ...said,
          ...(options.alternative === undefined ? {} : { alternatives: options.alternative }),
          ...(files === undefined ? {} : { files }),
          evidence,
        }));
        if (options.supersedes !== undefined)
          await write(run, workspace, () => ({
            kind: 'decision.superseded',
            ...authorFields(run.caller),
            id: options.supersedes!,
            successor: id,
          }));
        await told(run, event, id, isUser ? 'Decision logged' : 'Decision proposed');
      }),
    );
};

export const blockCommand: CommandEntry = (program, act) => {
  program
    .command('block')
    .summary('log what stands in the way')
    .argument('<what>', 'what stands in the way')
    .option('--cause <cause>', 'what causes it')
    .action(
      act(async (run, what: string, options: { cause?: string }) => {
        const obstacle = text(what, 'what stands in the way');
        const workspace = await run.workspace();
        const id = `b-${randomName(8)}`;
        const event = await write(run, workspace, (evidence) => ({
          kind: 'blocker.raised',
          ...authorFields(run.caller),
          id,
          what: obstacle,
          ...(options.cause === undefined ? {} : { cause: options.cause }),
          evidence,
        }));
        await told(run, event, id, 'Blocker logged');
      }),
    );
};

export const unblockCommand: CommandEntry = (program, act) => {
  program
    .command('unblock')
    .summary('clear a blocker')
    .argument('[id]', 'the blocker; may be left out while only one is open')
    .option('--why <why>', 'what cleared it')
    .action(
      act(async (run, id: string | undefined, options: { why?: string }) => {
        const workspace = await run.workspace();
        const open = openBlockers(await readState(workspace, await chooseSession(workspace, undefined)));
        const stated = open.filter(({ isInferred }) => !isInferred);
        const chosen =
          id === undefined ? (stated.length === 0 && open.length === 1 ? open : stated) : open.filter((blocker) => blocker.id === id);
        const [blocker] = chosen;
        if (blocker === undefined)
          throw new CliError(1, 'no-blocker', id === undefined ? 'There is no open blocker' : `There is no open blocker ${id}`);
        if (chosen.length > 1)
          throw new CliError(
            1,
            'several-blockers',
            `Several blockers are open: ${chosen.map((one) => `${one.id} (${inlineText(one.what, 60)})`).join(', ')}`,
          );
        const event = await write(run, workspace, () => ({
          kind: 'blocker.cleared',
          ...authorFields(run.caller),
          id: blocker.id,
          ...(options.why === undefined ? {} : { why: options.why }),
        }));
        await told(run, event, blocker.id, 'Blocker cleared');
      }),
    );
};

export const noteCommand: CommandEntry = (program, act) => {
  program
    .command('note')
    .summary('add a note')
    .argument('<text>', 'what you tried, what you saw, what comes next')
    .action(
      act(async (run, note: string) => {
        const draft = noteDraft(run, note);
        const event = await write(run, await run.workspace(), () => draft);
        await told(run, event, undefined, 'Note added');
      }),
    );
};

export function noteDraft(run: CommandRun, note: string): EventDraft {
  return { kind: 'progress.noted', ...authorFields(run.caller), text: text(note, 'what to note') };
}

/** Appends one entry to the open session, or to a new one; `evidence` is what stands around it. What the user gave is checked before: a refusal begins no session. */
export async function write(
  run: CommandRun,
  workspace: Workspace,
  draft: (evidence: string[]) => EventDraft | Promise<EventDraft>,
): Promise<TapedeckEvent> {
  const session = await workspace.sessions.startOrJoin({ shortLived: true, by: run.caller });
  try {
    const evidence = session.isNew ? [] : contextEvidence(await withReader(workspace, session.id, readRecentState));
    return await session.journal.record(await draft(evidence));
  } finally {
    await session.close();
  }
}

async function requireDecision(workspace: Workspace, id: string): Promise<void> {
  const state = await readState(workspace, await chooseSession(workspace, undefined));
  if (!state.decisions.has(id)) throw new CliError(1, 'no-decision', `There is no decision ${id} in this session`);
}

async function told(run: CommandRun, event: TapedeckEvent, id: string | undefined, what: string): Promise<void> {
  await run.output.answer({ ok: true, event: eventId(event), ...(id === undefined ? {} : { id }), at: event.at, by: event.by }, [
    `${what}${id === undefined ? '' : `: ${id}`} (event ${eventId(event)})`,
  ]);
}

function text(given: string, what: string): string {
  const trimmed = given.trim();
  if (trimmed === '') throw usageError(`Say ${what}`);
  return trimmed;
}
