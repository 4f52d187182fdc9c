import type { Author } from '../model/author.ts';
import type { EventOf, LoggedEvent } from '../model/event.ts';
import { eventId, parseEventId } from '../model/ids.ts';
import type { AsideRange, Branch, EventMark, SessionState } from '../model/sessionState.ts';
import { compareMarks, markOf } from './eventOrder.ts';
import { isOpenRefusal } from './foldEntry.ts';

/**
 * Rewinds and what they set aside.
 *
 * B1 A rewind at event R to event T sets aside all between T and R, except its own writes and its safety checkpoint.
 * B2 An undo of R makes R inactive, so its stretch counts again, and sets aside the file changes made between R and the undo.
 * B3 A rewind (or undo) that lies in a stretch set aside by a later one is inactive itself: the newest word counts.
 * B4 A rewind of single files sets aside these files' events alone.
 * B5 What a person decided, raised, cleared or noted stays: a rewind restores files, it takes no word back.
 * B6 A rewind that undid single changes sets aside these alone.
 * B7 A rewind that did changes again sets nothing aside, and these count again.
 */
export function foldRewind(state: SessionState, event: EventOf<'rewind.applied' | 'rewind.undone' | 'rewind.failed'>): void {
  if (event.kind === 'rewind.failed') return;
  const to = markOf(event);
  const common = {
    id: event.id,
    to,
    author: event.by,
    written: event.written,
    deleted: event.deleted,
    skipped: event.skipped.slice(0, listLimit).map(({ path, reason }) => ({ path, reason })),
    isUndone: false,
    isActive: true,
  };
  if (event.kind === 'rewind.undone') {
    const undone = state.branches.findLast(({ id }) => id === event.rewind);
    if (undone === undefined) throw new Error('undo of a rewind that is not in the log');
    state.branches.push({
      ...common,
      kind: 'undo',
      rewind: event.rewind,
      checkpoint: undefined,
      target: undefined,
      from: undone.to,
      paths: undone.paths,
      stretch: { files: [], fileCount: 0, prompts: [], decisions: [] },
    });
  } else {
    const target = parseEventId(event.target);
    if (target === undefined) throw new Error('rewind to what is no event');
    const from = { at: event.targetAt, ...target };
    const branch: Branch = {
      ...common,
      kind: 'rewind',
      rewind: undefined,
      checkpoint: event.checkpoint,
      target: event.target,
      from,
      paths: event.paths === undefined ? undefined : [...event.paths],
      ...(event.undid !== undefined && { undid: [...event.undid] }),
      ...(event.brought !== undefined && { brought: [...event.brought] }),
      ...(event.kept !== undefined && { kept: [...event.kept] }),
      stretch:
        event.brought === undefined ? stretchOf(state, from, to, event.paths) : { files: [], fileCount: 0, prompts: [], decisions: [] },
    };
    state.branches.push(branch);
  }
  settle(state);
}

/** True when the mark lies in one of the ranges, is none of the rewind's own doings, and no entry that a person stated (`statedBy`). */
export function isInAside(
  ranges: readonly AsideRange[],
  mark: EventMark,
  about: {
    path?: string | undefined;
    rewind?: string | undefined;
    checkpoint?: string | undefined;
    statedBy?: Author | undefined;
  } = {},
): boolean {
  if (about.statedBy?.actor === 'user' && about.statedBy.how === 'stated') return false;
  return ranges.some((range) => {
    if (compareMarks(mark, range.to) >= 0) return false;
    if (range.undid !== undefined) return range.undid.includes(eventId(mark));
    if (compareMarks(mark, range.from) <= 0) return false;
    if (range.kept?.includes(eventId(mark)) === true) return false;
    // The target itself stays, also one that the log learned of only after its moment.
    if (mark.w === range.from.w && mark.n === range.from.n) return false;
    if (about.rewind !== undefined && (about.rewind === range.branch || about.rewind === range.rewind)) return false;
    if (about.checkpoint !== undefined && about.checkpoint === range.checkpoint) return false;
    if (range.paths !== undefined) return about.path !== undefined && range.paths.includes(about.path);
    return !range.filesOnly || about.path !== undefined;
  });
}

/** Who stated it, when the event is a decision, blocker or note. */
export function statedByOf(event: LoggedEvent): Author | undefined {
  if (event.kind === 'foreign') return undefined;
  return event.kind === 'progress.noted' || event.kind.startsWith('decision.') || event.kind.startsWith('blocker.') ? event.by : undefined;
}

/** Works out which branches count, newest first, and marks what they set aside. */
function settle(state: SessionState): void {
  const aside: AsideRange[] = [];
  const undone = new Set<string>();
  const brought = new Set<string>();
  for (const branch of state.branches.toReversed()) {
    branch.isUndone = undone.has(branch.id);
    const whole = aside.filter(({ paths, undid, filesOnly }) => paths === undefined && undid === undefined && !filesOnly);
    branch.isActive = !branch.isUndone && !isInAside(whole, branch.to);
    if (!branch.isActive) continue;
    if (branch.kind === 'undo' && branch.rewind !== undefined) undone.add(branch.rewind);
    const kept = [...(branch.kept ?? []), ...brought];
    for (const id of branch.brought ?? []) brought.add(id);
    aside.push({
      branch: branch.id,
      checkpoint: branch.checkpoint,
      rewind: branch.rewind,
      from: branch.from,
      to: branch.to,
      paths: branch.paths,
      ...(branch.undid !== undefined && { undid: branch.undid.filter((id) => !brought.has(id)) }),
      ...(kept.length > 0 && { kept }),
      filesOnly: branch.kind === 'undo',
    });
  }
  state.aside = aside.reverse();
  for (const entry of [...state.prompts.first, ...state.prompts.latest, ...state.failures, ...state.replies.values()])
    entry.isSetAside = isInAside(state.aside, entry.mark);
  const isAside = ({ mark, author }: { mark: EventMark; author: Author }): boolean => isInAside(state.aside, mark, { statedBy: author });
  for (const note of state.notes) note.isSetAside = isAside(note);
  for (const checkpoint of state.checkpoints.values())
    checkpoint.isSetAside = isInAside(state.aside, checkpoint.mark, { checkpoint: checkpoint.id });
  for (const command of state.commands.values()) command.isSetAside = isInAside(state.aside, command.last);
  for (const decision of state.decisions.values()) {
    const lasting = decision.history.findLast((change) => !isAside(change));
    // A person who confirmed or rejected what an agent proposed made it their own.
    decision.isSetAside = lasting === undefined;
    const holds = lasting ?? decision.history[0];
    if (holds !== undefined) {
      decision.status = holds.status;
      decision.successor = holds.successor;
    }
  }
  state.trace.openRefusals = 0;
  for (const blocker of state.blockers.values()) {
    blocker.isSetAside = isAside(blocker);
    blocker.isOpen = !blocker.isSetAside && (blocker.cleared === undefined || isAside(blocker.cleared));
    if (isOpenRefusal(blocker)) state.trace.openRefusals++;
  }
}

const listLimit = 100;

/** What lay between the two, as far as the state still knows it. */
function stretchOf(state: SessionState, from: EventMark, to: EventMark, paths: readonly string[] | undefined): Branch['stretch'] {
  const isIn = (mark: EventMark): boolean => compareMarks(mark, from) > 0 && compareMarks(mark, to) < 0 && !isInAside(state.aside, mark);
  const files = [...state.files.values()]
    .filter(
      (file) =>
        (paths === undefined || paths.includes(file.path)) && file.recent.some((change) => change.rewind === undefined && isIn(change)),
    )
    .map(({ path }) => path);
  const whole = paths === undefined;
  return {
    files: files.slice(0, listLimit),
    fileCount: files.length,
    prompts: whole ? state.prompts.latest.filter(({ mark }) => isIn(mark)).map(({ mark }) => eventId(mark)) : [],
    decisions: whole ? decisionsIn(state, isIn) : [],
  };
}

/** Those of agents and rules: a person's own stay in force. */
const decisionsIn = (state: SessionState, isIn: (mark: EventMark) => boolean): string[] =>
  [...state.decisions.values()]
    .filter(({ mark, history }) => isIn(mark) && !history.some(({ author }) => author.actor === 'user' && author.how === 'stated'))
    .map(({ id }) => id);
