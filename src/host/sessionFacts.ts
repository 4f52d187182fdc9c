import { filesChangedSince, lastGreen } from '../core/lastGreen.ts';
import { eventId } from '../model/ids.ts';
import type { SessionState } from '../model/sessionState.ts';
import type { AsideSpan, DecisionItem, Entries, Header } from '../protocol/messages.ts';
import type { Deck } from './deck.ts';

/** The header as the deck stands now. */
export function headerOf(deck: Deck): Header {
  const feed = deck.feed;
  const status = deck.recorder?.status();
  const state = stateOf(deck);
  const card = feed?.state.session;
  const green = feed === undefined ? undefined : lastGreen(feed.state);
  const undoable = feed === undefined ? undefined : undoableRewind(feed.state);
  const reason = deck.failure ?? status?.reason;
  return {
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(feed === undefined ? {} : { session: feed.session }),
    ...(card?.label === undefined ? {} : { label: card.label }),
    folders: card === undefined || card.folders.length === 0 ? deck.folders.map(({ name }) => name) : card.folders.map(({ name }) => name),
    ...(card?.startedAt === undefined ? {} : { startedAt: card.startedAt }),
    ...(card?.endedAt === undefined ? {} : { endedAt: card.endedAt }),
    counts: {
      events: feed?.state.counts.events ?? 0,
      files: feed === undefined ? 0 : changedFiles(feed.state),
      agents: feed === undefined ? 0 : new Set([...feed.state.runs.values()].map(({ agent }) => agent)).size,
    },
    ...(feed === undefined ? {} : { log: logHealth(feed.state) }),
    ...(green === undefined || feed === undefined
      ? {}
      : { lastGreen: { event: eventId(green.mark), at: green.mark.at, changedFiles: filesChangedSince(feed.state, green.mark).length } }),
    hasHistory: deck.hasHistory,
    ...(undoable === undefined ? {} : { undoableRewind: undoable }),
  };
}

function stateOf(deck: Deck): Header['state'] {
  switch (deck.mode) {
    case 'opening':
      return 'off';
    case 'noFolder':
      return 'noFolder';
    case 'untrusted':
      return 'untrusted';
    case 'failed':
      return 'degraded';
    case 'recorder': {
      const state = deck.recorder?.status().state ?? 'off';
      return deck.isViewingAnother && state === 'recording' ? 'viewing' : state;
    }
  }
}

const changedFiles = (state: SessionState): number => [...state.files.values()].filter(({ changes }) => changes > 0).length;

function logHealth(state: SessionState): NonNullable<Header['log']> {
  const { foreign, malformed } = state.counts;
  const faults = [
    ...(malformed > 0 ? [`${malformed} misshapen`] : []),
    ...(foreign > 0 ? [`${foreign} from another version`] : []),
    ...(state.gaps.length > 0 ? [`${state.gaps.length} ${state.gaps.length === 1 ? 'gap' : 'gaps'}`] : []),
  ];
  return { isHealthy: malformed === 0, text: faults.length === 0 ? 'Log healthy' : `Log: ${faults.join(', ')}` };
}

/** The newest rewind that was not undone. */
export function undoableRewind(state: SessionState): string | undefined {
  return state.branches.findLast(({ kind, isUndone, isActive }) => kind === 'rewind' && !isUndone && isActive)?.id;
}

/** The derived lists, newest first. */
export function entriesOf(state: SessionState): Entries {
  return {
    decisions: [...state.decisions.values()].toReversed().map(
      (decision): DecisionItem => ({
        id: decision.id,
        event: eventId(decision.mark),
        at: decision.mark.at,
        by: decision.author,
        what: decision.what,
        ...(decision.why === undefined ? {} : { why: decision.why }),
        alternatives: decision.alternatives,
        evidence: decision.evidence,
        files: decision.files,
        status: decision.status,
        isStale: decision.isStale,
      }),
    ),
    blockers: [...state.blockers.values()].toReversed().map((blocker) => ({
      id: blocker.id,
      event: eventId(blocker.mark),
      at: blocker.mark.at,
      by: blocker.author,
      what: blocker.what,
      ...(blocker.cause === undefined ? {} : { cause: blocker.cause }),
      isInferred: blocker.isInferred,
      evidence: blocker.evidence,
      ...(blocker.cleared === undefined ? {} : { clearedAt: blocker.cleared.mark.at }),
      ...(blocker.cleared?.why === undefined ? {} : { clearedWhy: blocker.cleared.why }),
    })),
    notes: state.notes.toReversed().map((note) => ({ event: eventId(note.mark), at: note.mark.at, by: note.author, text: note.text })),
  };
}

/** What rewinds set aside now. */
export function asideOf(state: SessionState): readonly AsideSpan[] {
  return [...state.aside];
}
