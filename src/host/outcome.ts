import * as vscode from 'vscode';
import type { Outcome } from '../protocol/messages.ts';
import type { Recorder } from '../services/recorder.ts';
import type { SessionFeed } from '../services/sessionFeed.ts';
import type { Deck } from './deck.ts';

export const done: Outcome = { done: true };
export const turnedDown: Outcome = { done: false };

/** The recorder, or a clear reason why there is none. */
export function requireRecorder(deck: Deck): Recorder {
  if (deck.recorder !== undefined) return deck.recorder;
  switch (deck.mode) {
    case 'noFolder':
      throw new Error(vscode.l10n.t('Open a folder first: Tapedeck records folders.'));
    case 'untrusted':
      throw new Error(vscode.l10n.t('This folder is in Restricted Mode. Trust it first, then Tapedeck can do this.'));
    case 'opening':
      throw new Error(vscode.l10n.t('Tapedeck is still starting. Try again in a moment.'));
    case 'failed':
    case 'recorder':
      throw new Error(vscode.l10n.t('Tapedeck is not recording here: {0}', deck.failure ?? ''));
  }
}

/** The session that is looked at, wholly folded, or a clear reason why there is none. */
export async function requireFeed(deck: Deck): Promise<SessionFeed> {
  await deck.follow();
  const feed = deck.feed;
  if (feed === undefined) throw new Error(vscode.l10n.t('Nothing has been recorded here yet.'));
  await feed.whenFolded;
  return feed;
}
