import type { Author } from '../model/author.ts';
import type { EventOf, FileEvent, LoggedEvent } from '../model/event.ts';
import { eventId } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import { compareMarks } from './eventOrder.ts';
import { happenedAt } from './happenedAt.ts';
import { actionCounts, actionTitle, outcomeText, textsOf, timeText } from './timelineActionWords.ts';
import { ActionBook, hasFailed, hasPassed, isEditing, type Action } from './timelineCalls.ts';
import { createRow, type Chip, type Lane, type TimelineRow } from './timelineRow.ts';
import { singleRow, type RowBase } from './timelineSingle.ts';
import type { AuthorOf, Section } from './timelineSection.ts';
import { authorName, counted } from './timelineWords.ts';

/**
 * The rows of one section, oldest first: the quiet work of one author between two things that stand alone becomes at most two
 * rows, one of files and one of commands and reads. What failed, was decided or was said by a person is never folded.
 */
export interface FoldContext {
  readonly authorOf: AuthorOf;
  readonly isAside: (event: LoggedEvent) => boolean;
  /** The event began a command of which the heading of a turn tells. */
  readonly isTold: (started: LoggedEvent) => boolean;
  /** What a decision or blocker was about, by its id. */
  readonly entryTitle: (id: string) => string | undefined;
}

type FileFact = FileEvent | EventOf<'file.skipped'>;
type Item =
  | { readonly type: 'file'; readonly event: FileFact; readonly by: Author }
  | { readonly type: 'claim'; readonly action: Action; readonly by: Author; readonly paths: readonly WorkspacePath[] }
  | { readonly type: 'action'; readonly action: Action; readonly by: Author }
  | { readonly type: 'alone'; readonly event: LoggedEvent; readonly by: Author };

export function foldSection(section: Section, context: FoldContext): readonly TimelineRow[] {
  const rows = foldItems(section, context);
  const report = rows.find(({ kind }) => kind === 'rewind');
  if (section.kind !== 'rewind' || report === undefined) return rows;
  // What a rewind wrote is part of the rewind.
  const written = rows.filter(({ kind }) => kind === 'files');
  const children = written.flatMap((row) =>
    row.children.length > 0 ? row.children : [{ ...row, key: `${row.key}/only`, kind: 'file' as const, level: 3 as const }],
  );
  const events = [...written.flatMap((row) => row.events), ...report.events];
  return rows.flatMap((row) =>
    row === report
      ? [{ ...row, children, events, hasDiff: children.length > 0, paths: children.flatMap(({ paths }) => paths) }]
      : written.includes(row)
        ? []
        : [row],
  );
}

function foldItems(section: Section, context: FoldContext): readonly TimelineRow[] {
  const level = section.kind === 'turn' ? 2 : 1;
  const maker = new RowMaker(section, context, level);
  const rows: TimelineRow[] = [];
  let run: Item[] = [];
  let runKey = '';
  const flush = (): void => {
    if (run.length > 0) rows.push(...maker.fold(run));
    run = [];
  };
  for (const item of collectItems(section, context)) {
    if (item.type === 'action' && !hasFailed(item.action) && context.isTold(item.action.first)) continue;
    if (item.type === 'alone' || (item.type === 'action' && (hasFailed(item.action) || hasPassed(item.action)))) {
      flush();
      const row = item.type === 'alone' ? maker.alone(item.event, item.by) : maker.standing(item.action, item.by);
      if (row !== undefined) rows.push(row);
      continue;
    }
    const first = item.type === 'file' ? item.event : item.action.first;
    const key = `${authorKey(item.by)}\n${context.isAside(first)}`;
    if (key !== runKey) flush();
    runKey = key;
    run.push(item);
  }
  flush();
  return rows;
}

/** Who, without how we know: what one author did by tool and by shell folds together. */
const authorKey = (by: Author): string => `${by.actor}\n${by.name ?? ''}\n${by.run ?? ''}`;

function collectItems(section: Section, context: FoldContext): Item[] {
  const items: Item[] = [];
  const book = new ActionBook();
  const seen = new Set<WorkspacePath>();
  const last = { reply: -1, plan: -1, diagnostics: -1 };
  for (const event of section.events) {
    const by = context.authorOf(event);
    const taken = book.take(event);
    if (taken !== undefined) {
      if (taken.isNew) items.push({ type: 'action', action: taken.action, by });
      continue;
    }
    switch (event.kind) {
      case 'file.created':
      case 'file.changed':
      case 'file.deleted':
      case 'file.renamed':
        seen.add(event.path);
        if (event.kind === 'file.renamed') seen.add(event.from);
        items.push({ type: 'file', event, by });
        break;
      case 'file.skipped':
        seen.add(event.path);
        items.push({ type: 'file', event, by });
        break;
      case 'reply.given':
        last.reply = items.push({ type: 'alone', event, by }) - 1;
        break;
      case 'plan.changed':
        last.plan = items.push({ type: 'alone', event, by }) - 1;
        break;
      case 'diagnostics.changed':
        last.diagnostics = items.push({ type: 'alone', event, by }) - 1;
        break;
      default:
        items.push({ type: 'alone', event, by });
    }
  }
  return items.flatMap((item, index): Item[] => {
    if (item.type === 'alone') return isLatest(item.event, index, last) ? [item] : [];
    if (item.type !== 'action' || !isEditing(item.action) || hasFailed(item.action)) return [item];
    if (item.action.status === undefined && !item.action.hasEnded) return [];
    // An edit that was seen on disk is told by its file event; what was only claimed is told as such.
    const claimed = item.action.edits.map((edit) => edit.path).filter((path) => !seen.has(path));
    if (item.action.outcome !== undefined && item.action.status === 'failed') return [item];
    return claimed.length === 0 ? [] : [{ type: 'claim', action: item.action, by: item.by, paths: [...new Set(claimed)] }];
  });
}

/** Of replies, plans and diagnostics only the last of a section has a row; the others are in the turn's detail. */
function isLatest(event: LoggedEvent, index: number, last: { reply: number; plan: number; diagnostics: number }): boolean {
  if (event.kind === 'reply.given') return index === last.reply;
  if (event.kind === 'plan.changed') return index === last.plan;
  if (event.kind === 'diagnostics.changed') return index === last.diagnostics;
  return true;
}

class RowMaker {
  readonly #section: Section;
  readonly #context: FoldContext;
  readonly #level: 1 | 2;

  constructor(section: Section, context: FoldContext, level: 1 | 2) {
    this.#section = section;
    this.#context = context;
    this.#level = level;
  }

  /** One or two rows for the quiet work of one author. */
  fold(items: readonly Item[]): TimelineRow[] {
    const files = items.filter((item) => item.type === 'file' || item.type === 'claim');
    const actions = items.filter((item) => item.type === 'action');
    const rows: TimelineRow[] = [];
    if (files.length > 0) rows.push(this.#files(files));
    if (actions.length > 0) rows.push(this.#actions(actions));
    const [first] = items;
    return rows.length === 2 && first!.type === 'action' ? [rows[1]!, rows[0]!] : rows;
  }

  #base(events: readonly LoggedEvent[], by: Author): Omit<RowBase, 'key'> {
    const first = events[0]!;
    return {
      level: this.#level,
      at: happenedAt(first),
      until: events.map(happenedAt).reduce((latest, at) => (at > latest ? at : latest)),
      events: events.map((event) => eventId(event)),
      by,
      lane: laneOf(by),
      who: this.#who(by),
      isAside: events.every((event) => this.#context.isAside(event)),
    };
  }

  /** The agent whose turn it is needs no name; everyone else does. */
  #who(by: Author): string | undefined {
    if (this.#section.kind === 'rewind' || by.actor === 'system') return undefined;
    if (by.actor === 'agent' && this.#section.kind === 'turn' && (by.run === undefined || by.run === this.#section.run)) return undefined;
    return authorName(by);
  }

  #files(items: readonly Item[]): TimelineRow {
    const byPath = new Map<WorkspacePath, { facts: FileFact[]; claims: Action[]; by: Author }>();
    const entry = (path: WorkspacePath, by: Author): { facts: FileFact[]; claims: Action[] } => {
      let known = byPath.get(path);
      if (known === undefined) byPath.set(path, (known = { facts: [], claims: [], by }));
      return known;
    };
    const events: LoggedEvent[] = [];
    for (const item of items) {
      if (item.type === 'file') {
        entry(item.event.path, item.by).facts.push(item.event);
        events.push(item.event);
      } else if (item.type === 'claim') {
        for (const path of item.paths) entry(path, item.by).claims.push(item.action);
        events.push(...item.action.events);
      }
    }
    events.sort(compareMarks);
    const { by } = items[0]!;
    const base = this.#base(events, by);
    const key = `files:${base.events[0]!}`;
    const children = [...byPath].map(([path, { facts, claims, by: fileBy }]) => this.#file(`${key}/${path}`, path, facts, claims, fileBy));
    const [only] = children;
    if (children.length === 1 && only !== undefined) {
      return { ...only, ...base, key, kind: 'files', title: only.title, chips: only.chips };
    }
    const seen = items.flatMap((item) => (item.type === 'file' ? [item.event.kind] : []));
    const isTakenUp = items.every((item) => item.type === 'file' && isTakingUp(item.event));
    const edits = seen.filter((kind) => kind !== 'file.skipped').length;
    const files = counted(children.length, 'file');
    const isAllSkipped = edits === 0 && seen.length === items.length;
    const counts = sum(children);
    const claimedOnly = children.filter(({ chips }) => chips.some(({ text }) => text === claimedChip.text)).length;
    return createRow({
      ...base,
      key,
      kind: 'files',
      title: isTakenUp
        ? `${files} recorded from now on`
        : isAllSkipped
          ? `${files} not kept`
          : edits === 0
            ? counted(children.length, 'edit')
            : `${counted(edits, 'edit')} in ${files}`,
      ...counts,
      chips: claimedOnly === 0 ? [] : claimedOnly === children.length ? [claimedChip] : [{ text: `${claimedOnly} claimed`, tone: 'doubt' }],
      paths: [...byPath.keys()],
      hasDiff: children.some(({ hasDiff }) => hasDiff),
      children,
    });
  }

  #file(key: string, path: WorkspacePath, facts: readonly FileFact[], claims: readonly Action[], by: Author): TimelineRow {
    const changes = facts.filter((fact): fact is FileEvent => fact.kind !== 'file.skipped');
    const skipped = facts.find((fact): fact is EventOf<'file.skipped'> => fact.kind === 'file.skipped');
    const events: readonly LoggedEvent[] = facts.length > 0 ? facts : claims.flatMap((claim) => claim.events);
    const authors = facts.map((fact) => this.#context.authorOf(fact));
    const lastBy = authors.at(-1) ?? by;
    const chips: Chip[] = [];
    const how = howChip(lastBy);
    if (how !== undefined && facts.length > 0) chips.push(how);
    if (facts.length === 0) chips.push(isOutside(path) ? { text: 'outside the folder', tone: 'note' } : claimedChip);
    if (skipped !== undefined && isTakingUp(skipped)) chips.push({ text: 'ignored before', tone: 'note' });
    else if (skipped !== undefined && changes.length === 0) chips.push({ text: `not kept: ${skipText(skipped.reason)}`, tone: 'doubt' });
    else if (changes.some(({ before, after }) => before?.missing !== undefined || after?.missing !== undefined))
      chips.push({ text: 'not kept', tone: 'doubt' });
    const renamed = changes.find((change): change is EventOf<'file.renamed'> => change.kind === 'file.renamed');
    const words = [changeWord(changes), changes.length > 1 ? counted(changes.length, 'edit') : undefined].filter(
      (word) => word !== undefined,
    );
    return createRow({
      ...this.#base(events, lastBy),
      who: undefined,
      key,
      kind: 'file',
      level: 3,
      title: path,
      titleKind: 'path',
      meta: renamed === undefined ? words.join(' · ') || undefined : `from ${renamed.from}`,
      ...sum(changes),
      chips,
      paths: renamed === undefined ? [path] : [path, renamed.from],
      hasDiff: changes.length > 0,
    });
  }

  #actions(items: readonly Item[]): TimelineRow {
    const actions = items.flatMap((item) => (item.type === 'action' ? [item.action] : []));
    const { by } = items[0]!;
    const events = actions.flatMap((action) => action.events).sort(compareMarks);
    const base = this.#base(events, by);
    const key = `actions:${eventId(actions[0]!.first)}`;
    const children = actions.map((action) => this.#action(`${key}/${eventId(action.first)}`, action, by));
    const [only] = children;
    if (children.length === 1 && only !== undefined) return { ...only, ...base, key, kind: 'actions' };
    return createRow({
      ...base,
      key,
      kind: 'actions',
      title: actionCounts(actions),
      isRunning: children.some(({ isRunning }) => isRunning),
      children,
      paths: [...new Set(actions.flatMap(({ paths }) => paths))],
    });
  }

  #action(key: string, action: Action, by: Author): TimelineRow {
    const { title, titleKind } = actionTitle(action);
    // A terminal's command runs until it ends, an agent's call no longer than its turn.
    const isRunning = !action.hasEnded && (isOfTerminal(action) ? !this.#section.isStopped : this.#section.isOpen);
    const meta = [outcomeText(action), isRunning ? 'running' : undefined, timeText(action)].filter((word) => word !== undefined);
    return createRow({
      ...this.#base(action.events, by),
      who: undefined,
      key,
      kind: 'action',
      level: 3,
      title,
      titleKind,
      meta: meta.join(' · ') || undefined,
      durationMs: action.durationMs,
      isRunning,
      paths: action.paths,
      texts: textsOf(action),
    });
  }

  /** A command or call that failed, or tests that passed. */
  standing(action: Action, by: Author): TimelineRow {
    const row = this.#action(`alone:${eventId(action.first)}`, action, by);
    const isFailure = hasFailed(action);
    const { tests } = action;
    const passed = tests?.passed === undefined ? undefined : `${tests.passed.toLocaleString('en-US')} passed`;
    const failed = tests?.failed === undefined || tests.failed === 0 ? undefined : `${tests.failed.toLocaleString('en-US')} failed`;
    const failure = typeof action.exitCode === 'number' && action.exitCode !== 0 ? `exit ${action.exitCode}` : 'failed';
    const meta = isFailure ? [failed, timeText(action)] : [passed ?? 'passed', timeText(action)];
    return {
      ...row,
      who: this.#who(by),
      kind: isFailure ? 'failure' : 'check',
      level: this.#level,
      failure: isFailure ? failure : undefined,
      meta: meta.filter((word) => word !== undefined).join(' · ') || undefined,
    };
  }

  alone(event: LoggedEvent, by: Author): TimelineRow | undefined {
    if (event === this.#section.prompt) return undefined;
    return singleRow(event, { ...this.#base([event], by), key: `alone:${eventId(event)}` }, this.#context.entryTitle);
  }
}

const isOfTerminal = ({ first, command }: Action): boolean =>
  command !== undefined && first.kind === 'command.started' && first.run === undefined && first.call === undefined;

export function laneOf(by: Author): Lane {
  return by.actor === 'tool' && by.name === 'tapedeck' ? 'system' : by.actor;
}

const claimedChip: Chip = { text: 'claimed, not seen on disk', tone: 'doubt' };

/** How sure we are that it was this author, where that is worth a word. */
function howChip(by: Author): Chip | undefined {
  if (by.others !== undefined && by.others.length > 0)
    return { text: `or ${by.others.map((name) => authorName({ actor: 'agent', name, how: 'none' })).join(', ')}`, tone: 'doubt' };
  if (by.actor === 'unknown') return undefined;
  if (by.how === 'terminal') return { text: 'shell', tone: 'note' };
  if (by.how === 'overlap') return { text: 'probably', tone: 'doubt' };
  if (by.how === 'guess') return { text: 'a guess', tone: 'doubt' };
  return by.how === 'claimed' ? { text: 'claimed', tone: 'doubt' } : undefined;
}

/** A path that no folder of the session holds: absolute, as the agent told it. */
function isOutside(path: WorkspacePath): boolean {
  return (path.startsWith('/') && !path.startsWith('//')) || /^[a-zA-Z]:/.test(path) || path.startsWith('..') || path.startsWith('~');
}

function changeWord(changes: readonly FileEvent[]): string | undefined {
  const first = changes[0];
  const last = changes.at(-1);
  if (first === undefined || last === undefined) return undefined;
  if (last.kind === 'file.deleted') return first.kind === 'file.created' && changes.length > 1 ? 'created and deleted' : 'deleted';
  return first.kind === 'file.created' ? 'new' : undefined;
}

function sum(parts: readonly { readonly added?: number | undefined; readonly removed?: number | undefined }[]): {
  readonly added: number | undefined;
  readonly removed: number | undefined;
} {
  let added: number | undefined;
  let removed: number | undefined;
  for (const part of parts) {
    if (part.added !== undefined) added = (added ?? 0) + part.added;
    if (part.removed !== undefined) removed = (removed ?? 0) + part.removed;
  }
  return { added, removed };
}

const isTakingUp = (event: FileFact): boolean => event.kind === 'file.skipped' && event.after !== undefined;

function skipText(reason: EventOf<'file.skipped'>['reason']): string {
  switch (reason) {
    case 'too-large':
      return 'too large';
    case 'secret':
      return 'may hold secrets';
    case 'policy':
      return 'excluded';
    case 'special':
      return 'no plain file';
    case 'budget':
      return 'over the budget';
    default:
      return reason;
  }
}
