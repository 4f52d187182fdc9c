import * as vscode from 'vscode';
import type { Outcome } from '../protocol/messages.ts';
import type { Recorder } from '../services/recorder.ts';
import type { SessionFeed } from '../services/sessionFeed.ts';
import type { Deck } from './deck.ts';

export const done: Outcome = { done: true };
export const turnedDown: Outcome = { done: false };

/** What the user can do next: the title of a button, and the command behind it. */
export interface NextStep {
  readonly title: string;
  readonly command: string;
}

/** Nothing is broken, but it can't be done now. The message says why and what would help; it is no news for a log. */
export class Refusal extends Error {
  readonly next: NextStep | undefined;

  constructor(message: string, next?: NextStep) {
    super(message);
    this.next = next;
  }
}

/** The recorder, or a refusal that says why there is none. */
export function requireRecorder(deck: Deck): Recorder {
  if (deck.recorder === undefined) throw whyNoRecorder(deck);
  return deck.recorder;
}

/** The session that is looked at, folded to what was recorded last, or a refusal that says why there is none. */
export async function requireFeed(deck: Deck): Promise<SessionFeed> {
  await deck.follow();
  const feed = deck.feed;
  if (feed !== undefined) {
    await feed.catchUp();
    return feed;
  }
  if (deck.recorder === undefined && deck.mode !== 'untrusted') throw whyNoRecorder(deck);
  throw nothingRecorded();
}

export function nothingRecorded(): Refusal {
  const { t } = vscode.l10n;
  return new Refusal(t('Nothing has been recorded here yet. Edit a file, run a command, or start a session by hand.'), {
    title: t('Start Session'),
    command: 'tapedeck.start',
  });
}

function whyNoRecorder(deck: Deck): Refusal {
  const { t } = vscode.l10n;
  switch (deck.mode) {
    case 'noFolder':
      return new Refusal(t('Open a folder first: Tapedeck records what happens in a folder.'), {
        title: t('Open Folder'),
        command: 'workbench.action.files.openFolder',
      });
    case 'untrusted':
      return new Refusal(t('This folder is in Restricted Mode. Trust it first, then Tapedeck can do this.'), {
        title: t('Manage Trust'),
        command: 'workbench.trust.manage',
      });
    case 'opening':
      return new Refusal(t('Tapedeck is still starting. Try again in a moment.'));
    case 'failed':
    case 'recorder':
      return new Refusal(t('Tapedeck can’t record here: {0}', deck.failure ?? ''), { title: t('Try Again'), command: 'tapedeck.start' });
  }
}
