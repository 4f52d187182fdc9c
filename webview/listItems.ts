import type { TimelineSection } from '../src/core/timeline.ts';
import type { TimelineRow } from '../src/core/timelineRow.ts';

/** What stands below one another in the list: the sections with what is folded away left out. No DOM. */
export interface RowItem {
  readonly type: 'row';
  readonly key: string;
  readonly height: number;
  readonly row: TimelineRow;
  readonly level: 1 | 2 | 3;
  readonly parent: string | undefined;
  /** Undefined when nothing is folded into it. */
  readonly isExpanded: boolean | undefined;
  readonly setSize: number;
  readonly posInSet: number;
  /** A line is drawn above it; dashed where a rewind cut the story. */
  readonly rule: 'none' | 'solid' | 'dashed';
}
export interface DayItem {
  readonly type: 'day';
  readonly key: string;
  readonly height: number;
  /** ISO 8601. */
  readonly at: string;
}
export type ListItem = RowItem | DayItem;

export const rowHeight = 22;
export const headingHeight = 30;
export const dayHeight = 28;
/** Room above a section's first row, for the line between sections. */
export const ruleHeight = 9;

/** Time runs one way through the whole list: down into the past, or down to now. A heading stands above its rows either way. */
export type Order = 'newest' | 'oldest';

/** `closed` holds keys of headings folded shut, `open` keys of rows folded open. Sections are given newest first. */
export function listItems(
  newestFirst: readonly TimelineSection[],
  closed: ReadonlySet<string>,
  open: ReadonlySet<string>,
  { order, unfold = false }: { readonly order: Order; readonly unfold?: boolean },
): readonly ListItem[] {
  const inOrder = <T>(oldestFirst: readonly T[]): readonly T[] => (order === 'newest' ? oldestFirst.toReversed() : oldestFirst);
  const sections = order === 'newest' ? newestFirst : newestFirst.toReversed();
  const items: ListItem[] = [];
  const topCount = sections.reduce((count, section) => count + (section.heading === undefined ? section.rows.length : 1), 0);
  let topIndex = 0;
  let day: string | undefined;
  for (const section of sections) {
    if (section.heading === undefined && section.rows.length === 0) continue;
    const isNewDay = section.day !== day;
    if (isNewDay) {
      day = section.day;
      // What was told late may bring a day back that was there before.
      items.push({ type: 'day', key: `day:${section.key}`, height: dayHeight, at: section.at });
    }
    const rule = section.isRewind ? 'dashed' : isNewDay ? 'none' : 'solid';
    const isClosed = section.heading !== undefined && closed.has(section.key) && !unfold;
    if (section.heading !== undefined) {
      items.push({
        type: 'row',
        key: section.key,
        height: headingHeight + (rule === 'none' ? 0 : ruleHeight),
        row: section.heading,
        level: 1,
        parent: undefined,
        isExpanded: section.rows.length === 0 ? undefined : !isClosed,
        setSize: topCount,
        posInSet: (topIndex += 1),
        rule,
      });
    }
    if (isClosed) continue;
    inOrder(section.rows).forEach((row, index) => {
      const isTop = section.heading === undefined;
      const rowRule = isTop && index === 0 ? rule : 'none';
      const isOpen = row.children.length > 0 && (open.has(row.key) || unfold);
      items.push({
        type: 'row',
        key: row.key,
        height: rowHeight + (rowRule === 'none' ? 0 : ruleHeight),
        row,
        level: isTop ? 1 : 2,
        parent: isTop ? undefined : section.key,
        isExpanded: row.children.length === 0 ? undefined : isOpen,
        setSize: isTop ? topCount : section.rows.length,
        posInSet: isTop ? (topIndex += 1) : index + 1,
        rule: rowRule,
      });
      if (!isOpen) return;
      inOrder(row.children).forEach((child, childIndex) => {
        items.push({
          type: 'row',
          key: child.key,
          height: rowHeight,
          row: { ...child, isAside: row.isAside },
          level: isTop ? 2 : 3,
          parent: row.key,
          isExpanded: undefined,
          setSize: row.children.length,
          posInSet: childIndex + 1,
          rule: 'none',
        });
      });
    });
  }
  return items;
}
