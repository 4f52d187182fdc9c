import * as vscode from 'vscode';
import { oneLine } from '../core/timelineWords.ts';
import type { LoggedEvent } from '../model/event.ts';
import { eventId, type EventId } from '../model/ids.ts';
import type { SessionFeed } from '../services/sessionFeed.ts';
import { formatTime } from './dateText.ts';
import { Refusal } from './outcome.ts';
import type { Choice, Prompts } from './prompts.ts';
import { shownPath } from './shownPath.ts';

/** How far back the list goes; older points are reached from the timeline. */
const eventsBack = 5000;
const pointsShown = 200;

/** Lets the user pick a point of the session by what happened there, newest first. */
export async function pickPoint(feed: SessionFeed, prompts: Prompts, title: string): Promise<EventId | undefined> {
  const { events } = await feed.reader.tail(eventsBack);
  const choices: Choice<EventId>[] = [];
  for (const event of events.toReversed()) {
    const point = describePoint(event);
    if (point === undefined) continue;
    choices.push({ ...point, description: formatTime(event.at), value: eventId(event) });
    if (choices.length === pointsShown) break;
  }
  if (choices.length === 0) throw new Refusal(vscode.l10n.t('There is no point to go back to yet. Edit a file or run a command first.'));
  return prompts.pick(title, choices, vscode.l10n.t('The state right after…'));
}

function describePoint(event: LoggedEvent): { readonly label: string; readonly icon: string } | undefined {
  const { t } = vscode.l10n;
  switch (event.kind) {
    case 'session.started':
      return { label: t('Start of the session'), icon: 'record' };
    case 'checkpoint.made':
      return { label: oneLine(event.label, 80), icon: 'flag' };
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
