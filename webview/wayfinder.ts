import type { TimelineSection } from '../src/core/timeline.ts';
import type { TimelineRow } from '../src/core/timelineRow.ts';
import type { Deck } from './deck.ts';
import type { ListItem, RowItem } from './listItems.ts';

/** Finding rows: by event, by time, the newest. What lies before the loaded events is loaded, up to this many pages. */
const pageLimit = 40;

export interface FoundRow {
  readonly section: TimelineSection;
  readonly row: TimelineRow;
}

/** The row that holds the event; undefined when the log has it no more, or too far back. */
export async function findRow(deck: Deck, event: string): Promise<FoundRow | undefined> {
  let found = rowOf(deck, event);
  for (let pages = 0; pages < pageLimit && found === undefined && (await deck.loadOlder()); pages++) found = rowOf(deck, event);
  return found;
}

function rowOf(deck: Deck, event: string): FoundRow | undefined {
  for (const section of deck.timeline.sections()) {
    const { heading, rows } = section;
    const row = rows.find(({ events }) => events.includes(event)) ?? (heading?.events.includes(event) === true ? heading : undefined);
    if (row !== undefined) return { section, row };
  }
  return undefined;
}

/** Loads back to that time. */
export async function loadBackTo(deck: Deck, ms: number): Promise<void> {
  for (let pages = 0; pages < pageLimit && deck.hasMore && Date.parse(deck.timeline.oldest?.at ?? '') > ms; pages++)
    if (!(await deck.loadOlder())) return;
}

/** The last row that began by that time. */
export function rowAt(items: readonly ListItem[], ms: number): RowItem | undefined {
  let best: RowItem | undefined;
  let bestMs = Number.NEGATIVE_INFINITY;
  for (const item of items) {
    if (item.type === 'day') continue;
    const at = Date.parse(item.row.at);
    if (at <= ms && at > bestMs) [best, bestMs] = [item, at];
  }
  return best;
}

/** The row in which the newest things stand: the last one of the first section. */
export function newestKey(items: readonly ListItem[]): string | undefined {
  let newest: string | undefined;
  for (const item of items) {
    if (item.type === 'day') continue;
    if (newest !== undefined && item.level === 1) break;
    newest = item.key;
  }
  return newest;
}
