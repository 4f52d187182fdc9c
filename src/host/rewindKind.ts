import * as vscode from 'vscode';
import type { EventOf } from '../model/event.ts';

/** What a rewind was: to a point, the undoing of some work alone, or work brought back. */
export type RewindKind = 'rewind' | 'undo' | 'again';

/** What the way back is called: what was undone is done again, a rewind is undone. */
export function wayBack(kind: RewindKind): string {
  const { t } = vscode.l10n;
  switch (kind) {
    case 'rewind':
      return t('Undo Rewind');
    case 'undo':
      return t('Redo');
    case 'again':
      return t('Undo');
  }
}

export function kindOf({ undid, brought }: Pick<EventOf<'rewind.applied'>, 'undid' | 'brought'>): RewindKind {
  return brought !== undefined ? 'again' : undid !== undefined ? 'undo' : 'rewind';
}
