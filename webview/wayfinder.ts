import type { TimelineSection } from '../src/core/timeline.ts';
import type { TimelineRow } from '../src/core/timelineRow.ts';
import type { Deck } from './deck.ts';
import type { ListItem, Order, RowItem } from './listItems.ts';

/** Finding rows: by event, by time, the newest. What is not held is fetched. */
export interface FoundRow {
  readonly section: TimelineSection;
  readonly row: TimelineRow;
}

/** The row that holds the event; undefined when the log has it no more. */
export async function findRow(deck: Deck, event: string): Promise<FoundRow | undefined> {
  const held = rowOf(deck, event);
  if (held !== undefined) return held;
  await deck.goTo({ event });
  return rowOf(deck, event);
}

function rowOf(deck: Deck, event: string): FoundRow | undefined {
  for (const section of deck.timeline.sections()) {
    const { heading, rows } = section;
    const row = rows.find(({ events }) => events.includes(event)) ?? (heading?.events.includes(event) === true ? heading : undefined);
    if (row !== undefined) return { section, row };
  }
  return undefined;
}

/** Holds the events around that time. */
export async function holdTime(deck: Deck, ms: number): Promise<void> {
  const { events } = deck.timeline;
  const isBefore = deck.hasOlder && !(Date.parse(events[0]?.at ?? '') <= ms);
  const isBehind = deck.hasNewer && !(Date.parse(events.at(-1)?.at ?? '') >= ms);
  if (isBefore || isBehind) await deck.goTo({ ms });
}

/** The last row that began by that time; the first of all when none did. */
export function rowAt(items: readonly ListItem[], ms: number): RowItem | undefined {
  const until = new Date(ms).toISOString();
  let best: RowItem | undefined;
  let first: RowItem | undefined;
  for (const item of items) {
    if (item.type === 'day') continue;
    if (item.row.at <= until && (best === undefined || item.row.at > best.row.at)) best = item;
    if (first === undefined || item.row.at < first.row.at) first = item;
  }
  return best ?? first;
}

/** The row in which the newest things stand: the last one of the newest section. */
export function newestKey(items: readonly ListItem[], order: Order): string | undefined {
  if (order === 'oldest') return items.findLast(({ type }) => type === 'row')?.key;
  const rows = items.slice(0, 16).filter((item): item is RowItem => item.type === 'row');
  let newest = rows[0];
  // Down through headings, also those of sub-agents.
  for (const row of rows.slice(1)) {
    if (newest?.row.kind !== 'turn' || row.level <= newest.level) break;
    newest = row;
  }
  return newest?.key;
}
