import { currentPlans } from '../../core/decisions.ts';
import { editPlan, type PlanEdit } from '../../core/planEdit.ts';
import { planProgress } from '../../core/progress.ts';
import { inlineText } from '../../core/quotedText.ts';
import { authorName } from '../../core/timelineWords.ts';
import type { PlanEntry } from '../../model/event.ts';
import { eventId } from '../../model/ids.ts';
import type { PlanVersion } from '../../model/sessionState.ts';
import { CliError, usageError } from '../cliError.ts';
import { authorFields, type CommandEntry } from '../command.ts';
import { readState } from '../stateReading.ts';
import { chooseSession } from '../workspace.ts';
import { write } from './entryCommands.ts';

interface PlanOptions {
  readonly add?: string;
  readonly doing?: string;
  readonly done?: string;
  readonly drop?: string;
}

export const planCommand: CommandEntry = (program, act) => {
  program
    .command('plan')
    .summary('tell what is being done, next and done, or change your own plan')
    .description(
      'Tell the plans of agents and people: what is being done, what is next, what is done. Your own items have numbers, by which they are changed; from an agent’s shell it is the agent’s plan.',
    )
    .option('--add <text>', 'another item')
    .option('--doing <number>', 'this item is being done')
    .option('--done <number>', 'this item is done')
    .option('--drop <number>', 'take this item out')
    .action(
      act(async (run, options: PlanOptions) => {
        const edit = editOf(options);
        const workspace = await run.workspace();
        if (edit !== undefined) {
          const own = await ownPlan();
          const entries = editPlan(own, edit);
          if (entries === undefined) throw new CliError(1, 'no-item', `Your plan has ${own.length} items`);
          const event = await write(run, workspace, () => ({ kind: 'plan.changed', ...authorFields(run.caller), entries }));
          await run.output.answer({ ok: true, event: eventId(event), entries }, entries.map(lineOf));
          return;
        }
        const state = await readState(workspace, await chooseSession(workspace, undefined));
        const own = await ownPlan();
        const ownMark = currentPlans(state).find(isOwn)?.mark;
        const others = planProgress(state).items.filter(({ mark }) => mark !== ownMark);
        await run.output.answer(
          { own, others: others.map(({ content, status, by, mark }) => ({ content, status, by, event: eventId(mark) })) },
          [...own.map(lineOf), ...others.map((item) => `   ${markOf(item)} ${inlineText(item.content, 200)} (${authorName(item.by)})`)],
        );

        function isOwn(plan: PlanVersion): boolean {
          return plan.run === run.caller.run && plan.author.actor === run.caller.actor;
        }

        async function ownPlan(): Promise<readonly PlanEntry[]> {
          const card = await workspace.sessions.current();
          return card === undefined ? [] : (currentPlans(await readState(workspace, card.id)).find(isOwn)?.entries ?? []);
        }
      }),
    );
};

function editOf({ add, doing, done, drop }: PlanOptions): PlanEdit | undefined {
  const given = [add, doing, done, drop].filter((value) => value !== undefined);
  if (given.length > 1) throw usageError('Change one thing at a time');
  if (add !== undefined) {
    if (add.trim() === '') throw usageError('Say what is to be done');
    return { kind: 'add', text: add.trim() };
  }
  if (doing !== undefined) return { kind: 'set', index: indexOf(doing), status: 'in_progress' };
  if (done !== undefined) return { kind: 'set', index: indexOf(done), status: 'completed' };
  return drop === undefined ? undefined : { kind: 'drop', index: indexOf(drop) };
}

function indexOf(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw usageError(`${text} is no number of an item`);
  return Number(text) - 1;
}

const markOf = ({ status }: { readonly status: PlanEntry['status'] }): string =>
  ({ completed: '[x]', in_progress: '[>]', pending: '[ ]' })[status];
const lineOf = (entry: PlanEntry, index: number): string =>
  `${String(index + 1).padStart(2)} ${markOf(entry)} ${inlineText(entry.content, 200)}`;
