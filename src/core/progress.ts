import type { PlanEntry } from '../model/event.ts';
import type { EventMark, RunState, SessionState } from '../model/sessionState.ts';
import type { Author } from '../model/author.ts';
import { currentPlans } from './decisions.ts';
import { compareMarks } from './eventOrder.ts';
import { isInAside } from './foldRewind.ts';

/** How far the work is: what the plans of agents and people say now, and the points that were reached. */
export interface PlanItem extends PlanEntry {
  readonly by: Author;
  readonly run: RunState | undefined;
  readonly mark: EventMark;
}

/** Items of the plans that hold now: in progress first, then what is left, then what is done. */
export function planProgress(state: SessionState): { readonly items: readonly PlanItem[] } {
  const items = currentPlans(state).flatMap(({ entries, author, run, mark }) =>
    entries.map((entry) => ({ ...entry, by: author, run: run === undefined ? undefined : state.runs.get(run), mark })),
  );
  const rank = { in_progress: 0, pending: 1, completed: 2 };
  return { items: items.sort((a, b) => rank[a.status] - rank[b.status]) };
}

/** A point that was reached. `text` is a quotation, or undefined where the kind says it all. */
export interface Milestone {
  readonly kind:
    | 'start'
    | 'prompt'
    | 'note'
    | 'checkpoint'
    | 'commit'
    | 'green'
    | 'decision'
    | 'blocker'
    | 'cleared'
    | 'rewind'
    | 'undo'
    | 'end';
  readonly mark: EventMark;
  readonly by: Author;
  readonly text: string | undefined;
}

/** What happened, in order, as far as the state still knows it: the log of the progress. What a rewind set aside is left out. */
export function milestones(state: SessionState): Milestone[] {
  const found: Milestone[] = [];
  const add = (kind: Milestone['kind'], mark: EventMark, by: Author, text: string | undefined): unknown =>
    found.push({ kind, mark, by, text });
  const prompts = new Map([...state.prompts.first, ...state.prompts.latest].map((prompt) => [`${prompt.mark.w}.${prompt.mark.n}`, prompt]));
  for (const { mark, author, text, isSetAside } of prompts.values()) if (!isSetAside) add('prompt', mark, author, text);
  for (const { mark, author, text, isSetAside } of state.notes) if (!isSetAside) add('note', mark, author, text);
  for (const { mark, author, label, reason, isSetAside } of state.checkpoints.values())
    if (!isSetAside && reason !== 'rewind') add('checkpoint', mark, author, label);
  for (const { mark, author, subject } of state.commits) add('commit', mark, author, subject);
  const greens = state.greens.filter(({ mark, how }) => how !== 'diagnostics' && !isInAside(state.aside, mark));
  // Of several in a row the last one of each command tells enough.
  const last = new Map(greens.map((green) => [green.command ?? '', green]));
  for (const { mark, command } of last.values())
    add('green', mark, state.commands.get(command ?? '')?.lastAuthor ?? { actor: 'unknown', how: 'none' }, command);
  for (const { mark, author, what, status, rule, isSetAside } of state.decisions.values())
    if (!isSetAside && (rule === undefined || status === 'confirmed')) add('decision', mark, author, what);
  for (const { mark, author, what, cleared, isInferred, isSetAside } of state.blockers.values()) {
    if (isSetAside || isInferred) continue;
    add('blocker', mark, author, what);
    if (cleared !== undefined) add('cleared', cleared.mark, cleared.author, what);
  }
  for (const { kind, to, author } of state.branches) add(kind === 'undo' ? 'undo' : 'rewind', to, author, undefined);
  return found.sort((a, b) => compareMarks(a.mark, b.mark));
}

const progressKinds =
  /^(?:prompt|plan|progress|decision|blocker|checkpoint|git|tests|diagnostics|file|rewind)\.|^(?:command|session)\.ended$/;

/** Whether an event of this kind can change what plans, milestones, the last green, decisions or blockers tell. */
export const changesProgress = (kind: string): boolean => progressKinds.test(kind);
