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

export interface Folding {
  /** Keys of headings folded shut. */
  readonly closed: ReadonlySet<string>;
  /** Keys of rows folded open. */
  readonly open: ReadonlySet<string>;
  readonly order: Order;
  /** All is folded open. */
  readonly unfold: boolean;
}

interface Made {
  readonly look: string;
  readonly items: readonly RowItem[];
}

/** Makes the items. Those of a section that is what it was are the same objects again, so that whoever paints them need not. */
export class ItemMaker {
  readonly #made = new WeakMap<TimelineSection, Made>();

  /** Sections are given newest first. */
  items(newestFirst: readonly TimelineSection[], folding: Folding): readonly ListItem[] {
    const { closed, order, unfold } = folding;
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
      if (section.heading === undefined) {
        items.push(...rowItems(section, folding, { rule, size: topCount, before: topIndex }));
        topIndex += section.rows.length;
        continue;
      }
      const isClosed = closed.has(section.key) && !unfold;
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
      if (!isClosed) items.push(...this.#below(section, folding));
    }
    return items;
  }

  /** The rows under a heading. */
  #below(section: TimelineSection, folding: Folding): readonly RowItem[] {
    const { open, order, unfold } = folding;
    const opened = unfold ? 'all' : section.rows.filter(({ key, children }) => children.length > 0 && open.has(key)).map(({ key }) => key);
    const look = `${order} ${String(opened)}`;
    const known = this.#made.get(section);
    if (known?.look === look) return known.items;
    const items = rowItems(section, folding, undefined);
    this.#made.set(section, { look, items });
    return items;
  }
}

/** The rows of a section and what is folded open in them. `top` when they stand under no heading: how many stand at the top, and before. */
function rowItems(
  section: TimelineSection,
  { open, order, unfold }: Folding,
  top: { readonly rule: RowItem['rule']; readonly size: number; readonly before: number } | undefined,
): readonly RowItem[] {
  const inOrder = <T>(oldestFirst: readonly T[]): readonly T[] => (order === 'newest' ? oldestFirst.toReversed() : oldestFirst);
  return inOrder(section.rows).flatMap((row, index): RowItem[] => {
    const rule = index === 0 ? (top?.rule ?? 'none') : 'none';
    const isOpen = row.children.length > 0 && (open.has(row.key) || unfold);
    const own: RowItem = {
      type: 'row',
      key: row.key,
      height: rowHeight + (rule === 'none' ? 0 : ruleHeight),
      row,
      level: top === undefined ? 2 : 1,
      parent: top === undefined ? section.key : undefined,
      isExpanded: row.children.length === 0 ? undefined : isOpen,
      setSize: top?.size ?? section.rows.length,
      posInSet: (top?.before ?? 0) + index + 1,
      rule,
    };
    if (!isOpen) return [own];
    const children = inOrder(row.children).map((child, childIndex): RowItem => ({
      type: 'row',
      key: child.key,
      height: rowHeight,
      row: { ...child, isAside: row.isAside },
      level: top === undefined ? 3 : 2,
      parent: row.key,
      isExpanded: undefined,
      setSize: row.children.length,
      posInSet: childIndex + 1,
      rule: 'none',
    }));
    return [own, ...children];
  });
}
