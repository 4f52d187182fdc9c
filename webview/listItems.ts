import type { TimelineSection } from '../src/core/timeline.ts';
import type { TimelineRow } from '../src/core/timelineRow.ts';

/** What stands below one another in the list: the sections with what is folded away left out. No DOM. */
export interface RowItem {
  readonly type: 'row';
  readonly key: string;
  readonly height: number;
  readonly row: TimelineRow;
  /** 1 at the top; each heading, and each row that is folded open, goes one deeper. */
  readonly level: number;
  /** So many sub-agents deep: 0 for what no other turn began. */
  readonly depth: number;
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

/** A section with its place in the tree: `subs` are the turns of its sub-agents, in the order of the list. */
interface Place {
  readonly depth: number;
  readonly subs: readonly TimelineSection[];
  /** How many rows of the section stand above each of them. */
  readonly above: readonly number[];
}

/**
 * Makes the items. Those of a section that is what it was are the same objects again, so that whoever paints them need not.
 * A sub-agent's turn stands among the rows of the turn that began it, where it began; without that one it stands as any other.
 */
export class ItemMaker {
  readonly #made = new WeakMap<TimelineSection, Made>();
  #subs: ReadonlyMap<string, readonly TimelineSection[]> = new Map();

  /** Sections are given newest first. */
  items(newestFirst: readonly TimelineSection[], folding: Folding): readonly ListItem[] {
    const { order } = folding;
    this.#subs = subsOf(newestFirst, order);
    const isNested = new Set([...this.#subs.values()].flat());
    const tops = isNested.size === 0 ? newestFirst : newestFirst.filter((section) => !isNested.has(section));
    const sections = order === 'newest' ? tops : tops.toReversed();
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
      const at = { depth: 0, parent: undefined, rule, setSize: topCount, posInSet: (topIndex += 1) } as const;
      for (const item of this.#turn(section, section.heading, folding, at)) items.push(item);
    }
    return items;
  }

  /** A heading and, unless it is folded shut, what stands under it. */
  #turn(
    section: TimelineSection,
    heading: TimelineRow,
    folding: Folding,
    at: Pick<RowItem, 'depth' | 'parent' | 'rule' | 'setSize' | 'posInSet'>,
  ): readonly RowItem[] {
    const subs = this.#subs.get(section.key) ?? [];
    const isClosed = folding.closed.has(section.key) && !folding.unfold;
    const own: RowItem = {
      type: 'row',
      key: section.key,
      height: headingHeight + (at.rule === 'none' ? 0 : ruleHeight),
      row: heading,
      level: 1 + at.depth,
      isExpanded: section.rows.length === 0 && subs.length === 0 ? undefined : !isClosed,
      ...at,
    };
    if (isClosed) return [own];
    const above = subs.map((sub) => {
      const earlier = section.rows.filter((row) => row.at <= sub.at).length;
      return folding.order === 'newest' ? section.rows.length - earlier : earlier;
    });
    return [own, ...this.#below(section, folding, { depth: at.depth, subs, above })];
  }

  /** The rows under a heading, with its sub-agents' turns among them. */
  #below(section: TimelineSection, folding: Folding, place: Place): readonly RowItem[] {
    const { depth, subs, above } = place;
    const rows = this.#rows(section, folding, place);
    if (subs.length === 0) return rows;
    const items: RowItem[] = [];
    let seen = 0;
    let next = 0;
    const addSubs = (until: number): void => {
      for (; next < subs.length && above[next]! <= until; next += 1) {
        const sub = subs[next]!;
        if (sub.heading === undefined) continue;
        const setSize = section.rows.length + subs.length;
        const at = { depth: depth + 1, parent: section.key, rule: 'none', setSize, posInSet: above[next]! + next + 1 } as const;
        items.push(...this.#turn(sub, sub.heading, folding, at));
      }
    };
    for (const item of rows) {
      if (item.parent === section.key) addSubs(seen++);
      items.push(item);
    }
    addSubs(Infinity);
    return items;
  }

  #rows(section: TimelineSection, folding: Folding, place: Place): readonly RowItem[] {
    const { open, order, unfold } = folding;
    const opened = unfold ? 'all' : section.rows.filter(({ key, children }) => children.length > 0 && open.has(key)).map(({ key }) => key);
    const look = `${order} ${String(opened)} ${place.depth} ${place.above.join()}`;
    const known = this.#made.get(section);
    if (known?.look === look) return known.items;
    const items = rowItems(section, folding, undefined, place);
    this.#made.set(section, { look, items });
    return items;
  }
}

/** The turns of sub-agents by the turn that each was a part of, where both are there; in the order of the list. */
function subsOf(newestFirst: readonly TimelineSection[], order: Order): ReadonlyMap<string, readonly TimelineSection[]> {
  const subs = new Map<string, TimelineSection[]>();
  if (newestFirst.every(({ parent }) => parent === undefined)) return subs;
  const headings = new Set(newestFirst.flatMap(({ heading, key }) => (heading === undefined ? [] : [key])));
  for (const section of order === 'newest' ? newestFirst : newestFirst.toReversed()) {
    const { parent, heading, key } = section;
    if (parent === undefined || heading === undefined || parent === key || !headings.has(parent)) continue;
    const siblings = subs.get(parent);
    if (siblings === undefined) subs.set(parent, [section]);
    else siblings.push(section);
  }
  return subs;
}

/** The rows of a section and what is folded open in them. `top` when they stand under no heading: how many stand at the top, and before. */
function rowItems(
  section: TimelineSection,
  { open, order, unfold }: Folding,
  top: { readonly rule: RowItem['rule']; readonly size: number; readonly before: number } | undefined,
  { depth, above }: Pick<Place, 'depth' | 'above'> = { depth: 0, above: [] },
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
      level: top === undefined ? depth + 2 : 1,
      depth,
      parent: top === undefined ? section.key : undefined,
      isExpanded: row.children.length === 0 ? undefined : isOpen,
      setSize: top?.size ?? section.rows.length + above.length,
      posInSet: (top?.before ?? 0) + index + 1 + above.filter((count) => count <= index).length,
      rule,
    };
    if (!isOpen) return [own];
    const children = inOrder(row.children).map((child, childIndex): RowItem => ({
      type: 'row',
      key: child.key,
      height: rowHeight,
      row: { ...child, isAside: row.isAside },
      level: top === undefined ? depth + 3 : 2,
      depth,
      parent: row.key,
      isExpanded: undefined,
      setSize: row.children.length,
      posInSet: childIndex + 1,
      rule: 'none',
    }));
    return [own, ...children];
  });
}
