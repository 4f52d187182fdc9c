import * as vscode from 'vscode';
import { filesChangedSince, lastGreen, lastGreenCheck } from '../core/lastGreen.ts';
import { ruleText } from '../core/decisionText.ts';
import { milestones, planProgress } from '../core/progress.ts';
import { counted, oneLine } from '../core/timelineWords.ts';
import { knownZone } from '../core/zonedTime.ts';
import { eventId } from '../model/ids.ts';
import type { Decision, SessionState } from '../model/sessionState.ts';
import type { AsideSpan, DecisionItem, Entries, Header, ProgressItem } from '../protocol/messages.ts';
import type { RecorderStatus } from '../services/recorderStatus.ts';
import type { Deck } from './deck.ts';
import { logHealth } from './logNotice.ts';
import { readSettings } from './settings.ts';

const titleLimit = 80;

/** The header as the deck stands now. */
export function headerOf(deck: Deck): Header {
  const feed = deck.feed;
  const status = deck.recorder?.status();
  const state = stateOf(deck);
  const card = feed?.state.session;
  const green = feed === undefined ? undefined : lastGreen(feed.state);
  const undoable = feed === undefined ? undefined : undoableRewind(feed.state);
  const title = feed === undefined ? undefined : titleOf(feed.state);
  const reason = reasonOf(deck, state, card?.endedAt !== undefined);
  return {
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(feed === undefined ? {} : { session: feed.session }),
    ...(card?.label === undefined ? {} : { label: card.label }),
    ...(title === undefined ? {} : { title }),
    folders: card === undefined || card.folders.length === 0 ? deck.folders.map(({ name }) => name) : card.folders.map(({ name }) => name),
    ...(card?.startedAt === undefined ? {} : { startedAt: card.startedAt }),
    ...(card?.endedAt === undefined ? {} : { endedAt: card.endedAt }),
    counts: {
      events: feed?.state.counts.events ?? 0,
      files: feed === undefined ? 0 : changedFiles(feed.state),
      agents: feed === undefined ? 0 : new Set([...feed.state.runs.values()].map(({ agent }) => agent)).size,
    },
    ...(feed === undefined ? {} : { log: logHealth(feed, status?.session === feed.session ? status.damagedRecords : 0) }),
    ...(green === undefined || feed === undefined
      ? {}
      : { lastGreen: { event: eventId(green.mark), at: green.mark.at, changedFiles: filesChangedSince(feed.state, green.mark).length } }),
    hasHistory: deck.hasHistory,
    ...(deck.past === undefined || deck.past.count === 0 ? {} : { past: deck.past }),
    ...(knownZone(readSettings().timeZone) === undefined ? {} : { timeZone: knownZone(readSettings().timeZone) }),
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
      if (deck.isViewingAnother && (state === 'recording' || state === 'viewing')) return 'viewing';
      // Another process records the files: for whoever looks, it is recorded all the same.
      return state === 'viewing' ? 'recording' : state;
    }
  }
}

/** What must be said beside the state, in a sentence or two that tell what to do. */
function reasonOf(deck: Deck, state: Header['state'], hasEnded: boolean): string | undefined {
  const { t } = vscode.l10n;
  const status = deck.recorder?.status();
  if (deck.failure !== undefined)
    return t('{0}. Nothing is recorded. When that is mended, choose Start Session.', withoutEnd(deck.failure));
  if (status?.reason !== undefined)
    return [status.reason, waitingWords(status), adviceFor(status, status.reason)].filter((words) => words !== '').join(' ');
  switch (state) {
    case 'recording':
      if (status?.isFallbackRoot === true)
        return t(
          '“{0}” can’t be written, so the log is kept in the editor’s own storage. Free that name or choose another place in the setting tapedeck.directory, and reload the window.',
          deck.wantedRoot === undefined ? '' : vscode.workspace.asRelativePath(deck.wantedRoot),
        );
      return status?.isLeader === false ? t('Another window records the files of this folder.') : undefined;
    case 'off':
      if (deck.mode === 'opening') return t('Tapedeck is starting.');
      if (deck.recording !== 'automatic') return t('Recording starts by hand here: choose Start Session.');
      return hasEnded ? t('The session has ended. The next activity starts another one.') : undefined;
    default:
      return undefined;
  }
}

/** What the trouble costs so far. */
function waitingWords({ log }: RecorderStatus): string {
  const { t } = vscode.l10n;
  const { waiting = 0, lost = 0 } = log ?? {};
  return [
    ...(waiting > 0 ? [t('{0} waiting in memory.', counted(waiting, 'event'))] : []),
    ...(lost > 0 ? [t('{0} found no room and lost.', counted(lost, 'event'))] : []),
  ].join(' ');
}

/** What helps against a trouble of the disk: by what the log's writer says, else by the system's code in the sentence; empty where there is none. */
function adviceFor({ log, root }: RecorderStatus, trouble: string): string {
  const { t } = vscode.l10n;
  const place = vscode.workspace.asRelativePath(root);
  switch (log?.reason ?? /\((E[A-Z]+)\)/.exec(trouble)?.[1]) {
    case undefined:
      return '';
    case 'disk-full':
    case 'short-write':
    case 'ENOSPC':
    case 'EDQUOT':
      return t('Free some space: what happens meanwhile is recorded as soon as there is room.');
    case 'read-only':
    case 'no-permission':
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'EBUSY':
      return t('Allow writing to “{0}”: what happens meanwhile is recorded as soon as that is possible.', place);
    case 'file-replaced':
      return t('Keep other programs, such as a sync client, away from “{0}”: the recording goes on in a new file.', place);
    case 'too-many-files':
      return t('Close other programs: what happens meanwhile is recorded as soon as that is possible.');
    default:
      return t('Look at “{0}”: what happens meanwhile is recorded as soon as it can be written again.', place);
  }
}

const withoutEnd = (sentence: string): string => sentence.replace(/[.\s]+$/, '');

const changedFiles = (state: SessionState): number => [...state.files.values()].filter(({ changes }) => changes > 0).length;

/** What the session was begun for, in the words of its first prompt that no rewind set aside. */
function titleOf({ prompts }: SessionState): string | undefined {
  const all = [...prompts.first, ...prompts.latest];
  const first = all.find(({ isSetAside, provenance }) => !isSetAside && provenance === 'user') ?? all[0];
  const words = first === undefined ? '' : oneLine(first.text, titleLimit);
  return words === '' ? undefined : words;
}

/** The newest rewind that was not undone. */
export function undoableRewind(state: SessionState): string | undefined {
  return state.branches.findLast(({ kind, isUndone, isActive }) => kind === 'rewind' && !isUndone && isActive)?.id;
}

/** The derived lists, newest first. */
export function entriesOf(state: SessionState): Entries {
  return {
    decisions: [...state.decisions.values()].toReversed().map((decision): DecisionItem => ({
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
      changedFiles: [...decision.changedFiles.keys()],
      ...(decision.rule === undefined ? {} : { foundBy: ruleText(decision.rule) }),
      ...(successorOf(state, decision) === undefined ? {} : { successor: successorOf(state, decision) }),
      history: decision.history.slice(1).map(({ status, mark, author, why }) => ({
        status,
        event: eventId(mark),
        at: mark.at,
        by: author,
        ...(why === undefined ? {} : { why }),
      })),
      isSetAside: decision.isSetAside,
    })),
    blockers: [...state.blockers.values()].toReversed().map((blocker) => ({
      id: blocker.id,
      event: eventId(blocker.mark),
      at: blocker.mark.at,
      by: blocker.author,
      what: blocker.what,
      ...(blocker.cause === undefined ? {} : { cause: blocker.cause }),
      isInferred: blocker.isInferred,
      evidence: blocker.evidence,
      ...(blocker.cleared === undefined ? {} : { clearedAt: blocker.cleared.mark.at, clearedBy: blocker.cleared.author }),
      ...(blocker.cleared?.why === undefined ? {} : { clearedWhy: blocker.cleared.why }),
    })),
    ...(progressOf(state) === undefined ? {} : { progress: progressOf(state) }),
    notes: state.notes.toReversed().map((note) => ({ event: eventId(note.mark), at: note.mark.at, by: note.author, text: note.text })),
  };
}

/** How far the work is; undefined while there is no plan and nothing has passed. */
function progressOf(state: SessionState): ProgressItem | undefined {
  const { items } = planProgress(state);
  const green = lastGreenCheck(state);
  if (items.length === 0 && green === undefined) return undefined;
  const since = green === undefined ? [] : filesChangedSince(state, green.mark).map(({ path }) => path);
  return {
    plan: items.slice(0, 100).map(({ content, status, by, mark }) => ({ text: oneLine(content, 200), status, by, event: eventId(mark) })),
    ...(green === undefined
      ? {}
      : {
          green: {
            event: eventId(green.mark),
            at: green.mark.at,
            command: oneLine(green.command ?? green.how, 120),
            changed: since.slice(0, 12),
            left: Math.max(0, since.length - 12),
          },
        }),
    milestones: milestones(state)
      .filter(({ kind, text }) => text !== undefined && milestoneKinds.has(kind))
      .toReversed()
      .slice(0, 20)
      .map(({ kind, mark, text }) => ({ event: eventId(mark), at: mark.at, kind, text: oneLine(text ?? '', 120) })),
  };
}

const milestoneKinds: ReadonlySet<string> = new Set(['checkpoint', 'commit', 'green', 'decision', 'cleared']);

const successorOf = (state: SessionState, { successor }: Decision): string | undefined =>
  successor === undefined ? undefined : state.decisions.get(successor)?.what;

/** What rewinds set aside now. */
export function asideOf(state: SessionState): readonly AsideSpan[] {
  return [...state.aside];
}
