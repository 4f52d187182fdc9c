import type { TimelineRow } from '../src/core/timelineRow.ts';
import { rowEventLimit } from '../src/protocol/messages.ts';
import type { Deck } from './deck.ts';
import { rowWords } from './rowView.ts';

export type RowRequest =
  | 'diff'
  | 'rewind'
  | 'rewindBefore'
  | 'bringBack'
  | 'returnToFuture'
  | 'rewindFile'
  | 'undoRewind'
  | 'filesAt'
  | 'copy'
  | 'decide';

/** Asks the host for what a row offers. The newest event of the row is the point that "here" means. */
export function actOnRow(deck: Deck, row: TimelineRow, request: RowRequest): void {
  const event = row.events.at(-1);
  if (event === undefined) return;
  const [path] = row.paths;
  switch (request) {
    case 'diff':
      return deck.act('openDiff', { events: row.events.slice(-64), ...(row.kind === 'file' && path !== undefined ? { path } : {}) });
    case 'rewind':
      return deck.act('rewindTo', { event });
    case 'rewindBefore':
      return deck.act('rewindBeforeTurn', { events: row.events.slice(0, 8) });
    case 'rewindFile':
      return path === undefined ? undefined : deck.act('rewindFile', { event, path });
    case 'undoRewind':
      return deck.act('undoRewind', {});
    case 'bringBack':
      return deck.act('bringBack', {
        events: row.events.slice(-rowEventLimit),
        ...(row.kind === 'file' && path !== undefined ? { path } : {}),
      });
    case 'returnToFuture':
      return deck.act('returnToFuture', { event });
    case 'filesAt':
      return deck.act('openFilesAt', { event });
    case 'copy':
      return deck.act('copyText', { text: row.titleKind === 'words' ? (row.texts[0] ?? rowWords(row, deck)) : row.title });
    case 'decide':
      return deck.act('logDecision', { evidence: row.events.slice(-8) });
  }
}
