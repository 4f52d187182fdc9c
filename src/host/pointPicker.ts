import * as vscode from 'vscode';
import type { EventFilter } from '../core/eventFilter.ts';
import { markOf } from '../core/eventOrder.ts';
import { isInAside } from '../core/foldRewind.ts';
import { lastGreen } from '../core/lastGreen.ts';
import { displayName, oneLine } from '../core/timelineWords.ts';
import type { LoggedEvent } from '../model/event.ts';
import { eventId, type EventId } from '../model/ids.ts';
import type { SessionFeed } from '../services/sessionFeed.ts';
import { formatTime } from './dateText.ts';
import { Refusal } from './outcome.ts';
import type { Choice, Prompts } from './prompts.ts';
import { shownPath } from './shownPath.ts';

/** How far back the list of everything goes; older points are reached from the timeline. */
const eventsBack = 5000;
const pointsShown = 200;
/** Points that have a name are listed of the whole session, so many of the newest. */
const namedShown = 40;
const named: EventFilter = { kinds: ['checkpoint.made', 'git.committed', 'run.started', 'session.started'] };

/** Lets the user pick a point of the session: the last green, points that have a name, then all that happened, newest first. */
export async function pickPoint(feed: SessionFeed, prompts: Prompts, title: string): Promise<EventId | undefined> {
  const { t } = vscode.l10n;
  const { state, reader } = feed;
  const choices: Choice<EventId>[] = [];
  const taken = new Set<EventId>();
  const add = (event: LoggedEvent, group: string): void => {
    const point = describePoint(event);
    const value = eventId(event);
    if (point === undefined || taken.has(value)) return;
    taken.add(value);
    choices.push({ ...point, group, description: formatTime(event.at), value });
  };
  const green = lastGreen(state);
  if (green !== undefined) {
    const label = green.command === undefined ? t('Last green') : t('Last green: {0}', oneLine(green.command, 80));
    choices.push({ label, icon: 'pass', group: t('named points'), description: formatTime(green.mark.at), value: eventId(green.mark) });
    taken.add(eventId(green.mark));
  }
  for (const event of (await reader.tail(namedShown, named)).events.toReversed())
    // What a rewind saved first is a way back that has commands of its own.
    if (!(event.kind === 'checkpoint.made' && event.reason === 'rewind') && !isInAside(state.aside, markOf(event)))
      add(event, t('named points'));
  for (const event of (await reader.tail(eventsBack)).events.toReversed()) {
    add(event, t('everything, newest first'));
    if (choices.length >= pointsShown + namedShown) break;
  }
  if (choices.length === 0) throw new Refusal(t('There is no point to go back to yet. Edit a file or run a command first.'));
  return prompts.pick(title, choices, t('The state right after…'));
}

function describePoint(event: LoggedEvent): { readonly label: string; readonly icon: string } | undefined {
  const { t } = vscode.l10n;
  switch (event.kind) {
    case 'session.started':
      return { label: t('Start of the session'), icon: 'record' };
    case 'run.started':
      return {
        label: t(
          '{0} begins',
          event.title === undefined ? displayName(event.agent) : `${displayName(event.agent)}: ${oneLine(event.title, 60)}`,
        ),
        icon: 'hubot',
      };
    case 'checkpoint.made':
      return { label: event.reason === 'rewind' ? t('Before a rewind') : oneLine(event.label, 80), icon: 'flag' };
    case 'prompt.submitted':
      return { label: t('Prompt: {0}', oneLine(event.text.head, 80)), icon: 'comment' };
    case 'turn.ended':
      return { label: t('End of the turn'), icon: 'comment-discussion' };
    case 'git.committed':
      return { label: t('Commit: {0}', oneLine(event.subject, 80)), icon: 'git-commit' };
    case 'command.ended':
      return { label: oneLine(event.command, 80), icon: event.exitCode === 0 ? 'pass' : 'error' };
    case 'decision.confirmed':
    case 'decision.proposed':
      return event.what === undefined ? undefined : { label: t('Decision: {0}', oneLine(event.what, 80)), icon: 'lightbulb' };
    case 'file.created':
    case 'file.changed':
    case 'file.deleted':
    case 'file.renamed':
      return {
        label: shownPath(event.path),
        icon:
          event.kind === 'file.created'
            ? 'diff-added'
            : event.kind === 'file.deleted'
              ? 'diff-removed'
              : event.kind === 'file.renamed'
                ? 'diff-renamed'
                : 'diff-modified',
      };
    case 'rewind.applied':
      return { label: t('Rewind'), icon: 'history' };
    default:
      return undefined;
  }
}
