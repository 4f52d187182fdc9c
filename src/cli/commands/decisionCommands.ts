import { Option } from 'commander';
import path from 'node:path';
import { decisionsPage, ruleText } from '../../core/decisionText.ts';
import { inlineText } from '../../core/quotedText.ts';
import { zonedTime, type ZonedTime } from '../../core/zonedTime.ts';
import type { EventDraft, TapedeckEvent } from '../../model/event.ts';
import { eventId, type SessionId } from '../../model/ids.ts';
import type { Decision, DecisionStatus, SessionState } from '../../model/sessionState.ts';
import { writeDecisionRecords } from '../../services/decisionRecords.ts';
import { CliError, usageError } from '../cliError.ts';
import { authorFields, type CommandEntry, type CommandRun } from '../command.ts';
import { readState } from '../stateReading.ts';
import { chooseSession, foldersOf, toWorkspacePath, type Workspace } from '../workspace.ts';

/** Decisions: what there is, and what people make of it. Confirming is a person's; an agent may only take back what nobody settled. */

const statuses: readonly DecisionStatus[] = ['proposed', 'confirmed', 'rejected', 'superseded', 'disproved'];
const collect = (value: string, before: string[] = []): string[] => [...before, value];

export const decisionsCommand: CommandEntry = (program, act) => {
  program
    .command('decisions')
    .summary('list the decisions, or write them down')
    .description(
      'List the decisions of a session, oldest first; those that a rule proposed say where they were found. With --markdown print a page of them, with --records write a decision record (ADR) for each that was confirmed.',
    )
    .addOption(new Option('--status <status>', 'only these').choices(statuses))
    .option('--markdown', 'print one page of Markdown')
    .option('--records <folder>', 'write a numbered record for each confirmed one into the folder; what is there stays')
    .option('--time-zone <zone>', 'of the dates that are written; by default the system’s')
    .option('--session <id>', 'the session; by default the open or newest one')
    .action(
      act(async (run, options: { status?: DecisionStatus; markdown?: boolean; records?: string; timeZone?: string; session?: string }) => {
        if (options.markdown === true && options.records !== undefined) throw usageError('Give --markdown or --records, not both');
        const workspace = await run.workspace();
        const session = await chooseSession(workspace, options.session);
        const state = await readState(workspace, session);
        const time = timeOf(options.timeZone);
        if (options.records !== undefined) {
          const folder = path.resolve(run.process.cwd, options.records);
          const { written, present } = await writeDecisionRecords(folder, state, time.day);
          await run.output.answer({ ok: true, session, folder, written, present }, [
            `${written.length} records written to ${folder}${present === 0 ? '' : `, ${present} were there`}`,
          ]);
          return;
        }
        if (options.markdown === true) {
          await run.output.bytes(decisionsPage(state, state.session.label ?? session, time.day));
          return;
        }
        const found = [...state.decisions.values()].filter(({ status }) => options.status === undefined || status === options.status);
        await (run.output.isJson
          ? run.output.list(
              found.map((decision) => factsOf(session, decision)),
              String,
            )
          : run.output.list(found, (decision) => lineOf(decision, time)));
      }),
    );
};

export const confirmCommand: CommandEntry = (program, act) => {
  program
    .command('confirm')
    .summary('confirm a decision, in other words where they are given')
    .argument('<id>', 'the decision')
    .option('--what <text>', 'what was decided, in better words')
    .option('--why <text>', 'the reason')
    .option('--alternative <text>', 'what else was considered (repeatable; replaces those that are there)', collect)
    .option('--file <path>', 'a file or folder that it is about (repeatable; replaces those that are there)', collect)
    .option('--session <id>', 'the session; by default the open or newest one')
    .action(
      act(async (run, id: string, options: { what?: string; why?: string; alternative?: string[]; file?: string[]; session?: string }) => {
        if (run.caller.actor !== 'user')
          throw new CliError(1, 'not-a-person', 'A decision is confirmed by a person. Log yours with decide.');
        const { workspace, session, decision } = await find(run, id, options.session);
        const folders = foldersOf(workspace, await workspace.sessions.read(session));
        const files = options.file?.map((file) => toWorkspacePath(folders, run.process.cwd, file));
        const event = await record(workspace, session, {
          kind: 'decision.confirmed',
          ...authorFields(run.caller),
          ...wordsOf(decision),
          ...(options.what === undefined ? {} : { what: said(options.what, 'what was decided') }),
          ...(options.why === undefined ? {} : { why: options.why.trim() }),
          ...(options.alternative === undefined ? {} : { alternatives: options.alternative }),
          ...(files === undefined ? {} : { files }),
        });
        await told(run, event, id, 'Decision confirmed');
      }),
    );
};

export const rejectCommand: CommandEntry = (program, act) => {
  program
    .command('reject')
    .summary('reject a decision, or wave a proposal off')
    .argument('<id>', 'the decision')
    .option('--why <why>', 'the reason; without one a rule’s proposal counts as no decision at all')
    .option('--session <id>', 'the session; by default the open or newest one')
    .action(
      act(async (run, id: string, options: { why?: string; session?: string }) => {
        const { workspace, session } = await find(run, id, options.session, true);
        const event = await record(workspace, session, {
          kind: 'decision.rejected',
          ...authorFields(run.caller),
          id,
          ...reason(options.why),
        });
        await told(run, event, id, 'Decision rejected');
      }),
    );
};

export const disproveCommand: CommandEntry = (program, act) => {
  program
    .command('disprove')
    .summary('say that a decision turned out wrong')
    .argument('<id>', 'the decision')
    .requiredOption('--why <why>', 'what showed it')
    .option('--evidence <event>', 'an event that shows it (repeatable)', collect)
    .option('--session <id>', 'the session; by default the open or newest one')
    .action(
      act(async (run, id: string, options: { why: string; evidence?: string[]; session?: string }) => {
        const { workspace, session } = await find(run, id, options.session, true);
        const event = await record(workspace, session, {
          kind: 'decision.disproved',
          ...authorFields(run.caller),
          id,
          why: said(options.why, 'what showed it'),
          ...(options.evidence === undefined ? {} : { evidence: options.evidence }),
        });
        await told(run, event, id, 'Decision disproved');
      }),
    );
};

export const supersedeCommand: CommandEntry = (program, act) => {
  program
    .command('supersede')
    .summary('put another decision in the place of one')
    .argument('<id>', 'the decision that no longer holds')
    .requiredOption('--by <id>', 'the one that holds instead; log it first with decide')
    .option('--why <why>', 'the reason')
    .option('--session <id>', 'the session; by default the open or newest one')
    .action(
      act(async (run, id: string, options: { by: string; why?: string; session?: string }) => {
        if (options.by === id) throw usageError('A decision does not replace itself');
        const { workspace, session, state } = await find(run, id, options.session, true);
        if (!state.decisions.has(options.by)) throw noDecision(options.by);
        const event = await record(workspace, session, {
          kind: 'decision.superseded',
          ...authorFields(run.caller),
          id,
          successor: options.by,
          ...reason(options.why),
        });
        await told(run, event, id, 'Decision superseded');
      }),
    );
};

interface Found {
  readonly workspace: Workspace;
  readonly session: SessionId;
  readonly state: SessionState;
  readonly decision: Decision;
}

async function find(run: CommandRun, id: string, name: string | undefined, isTakenBack = false): Promise<Found> {
  const workspace = await run.workspace();
  const session = await chooseSession(workspace, name);
  const state = await readState(workspace, session);
  const decision = state.decisions.get(id);
  if (decision === undefined) throw noDecision(id);
  if (isTakenBack && run.caller.actor !== 'user' && decision.status !== 'proposed')
    throw new CliError(1, 'not-a-person', `A person settled ${id}: ask the user, or propose another one with decide`);
  return { workspace, session, state, decision };
}

const noDecision = (id: string): CliError => new CliError(1, 'no-decision', `There is no decision ${id} in this session`);

/** The words as they stand, so that the event holds them by itself: a rule’s proposal stands in no other. */
function wordsOf({ id, what, why, alternatives, evidence, files }: Decision): {
  readonly id: string;
  readonly what: string;
  readonly why?: string;
  readonly alternatives: string[];
  readonly evidence: string[];
  readonly files: string[];
} {
  return { id, what, ...(why === undefined ? {} : { why }), alternatives: [...alternatives], evidence: [...evidence], files: [...files] };
}

async function record(workspace: Workspace, id: SessionId, draft: EventDraft): Promise<TapedeckEvent> {
  const session = await workspace.sessions.open(id, { shortLived: true });
  try {
    return await session.journal.record(draft);
  } finally {
    await session.close();
  }
}

const reason = (why: string | undefined): { why?: string } => (why === undefined || why.trim() === '' ? {} : { why: why.trim() });

function said(given: string, what: string): string {
  if (given.trim() === '') throw usageError(`Say ${what}`);
  return given.trim();
}

async function told(run: CommandRun, event: TapedeckEvent, id: string, what: string): Promise<void> {
  await run.output.answer({ ok: true, event: eventId(event), id, at: event.at, by: event.by }, [
    `${what}: ${id} (event ${eventId(event)})`,
  ]);
}

function factsOf(session: SessionId, decision: Decision): unknown {
  const { mark, changedFiles, ...facts } = decision;
  return {
    session,
    ...facts,
    event: eventId(mark),
    at: mark.at,
    changedFiles: [...changedFiles.keys()],
    history: decision.history.map(({ mark: when, ...change }) => ({ ...change, event: eventId(when), at: when.at })),
  };
}

function lineOf(decision: Decision, time: ZonedTime): string {
  const { id, status, isStale, isSetAside, what, why, rule, mark } = decision;
  const words = [isStale ? 'stale' : '', isSetAside ? 'rewound' : ''].filter((word) => word !== '');
  return `${id}  ${[status, ...words].join(', ')}  ${time.minute(mark.at)}  ${inlineText(what, 160)}${why === undefined || why === '' ? '' : ` (why: ${inlineText(why, 160)})`}${rule === undefined ? '' : ` [${ruleText(rule)}]`}`;
}

export function timeOf(zone: string | undefined): ZonedTime {
  const time = zonedTime(zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone);
  if (zone !== undefined && time.zone !== zone.trim()) throw usageError(`There is no time zone ${zone}: give a name like Europe/Berlin`);
  return time;
}
