import type { ResumeSize, Tab } from '../src/protocol/messages.ts';
import type { Order } from './listItems.ts';

/** What the page remembers over being hidden: how it was looked at, nothing of the log. */
export interface PageState {
  readonly session: string | undefined;
  readonly tab: Tab;
  readonly filter: string;
  /** Filters that are kept to be used again. */
  readonly saved: readonly string[];
  readonly order: Order;
  readonly size: ResumeSize;
  readonly closed: readonly string[];
  readonly open: readonly string[];
  readonly active: string | undefined;
  readonly place: { readonly key: string; readonly within: number } | undefined;
  /** Share of the detail, 0 to 1. */
  readonly split: number;
}

/** Saved filters that a person can still tell apart. */
export const savedLimit = 12;

export const freshState: PageState = {
  session: undefined,
  tab: 'timeline',
  filter: '',
  saved: [],
  order: 'newest',
  size: 'standard',
  closed: [],
  open: [],
  active: undefined,
  place: undefined,
  split: 0.5,
};

/** A state as it was written, whatever is missing or wrong in it fresh. */
export function readPageState(raw: unknown): PageState {
  if (typeof raw !== 'object' || raw === null) return freshState;
  const { session, tab, filter, saved, order, size, closed, open, active, place, split } = raw as Record<string, unknown>;
  return {
    session: typeof session === 'string' ? session : undefined,
    tab: tab === 'decisions' || tab === 'blockers' || tab === 'progress' || tab === 'resume' ? tab : 'timeline',
    filter: typeof filter === 'string' ? filter : '',
    saved: textsOf(saved).slice(-savedLimit),
    order: order === 'oldest' ? order : 'newest',
    size: size === 'short' || size === 'full' ? size : 'standard',
    closed: textsOf(closed),
    open: textsOf(open),
    active: typeof active === 'string' ? active : undefined,
    place: isPlace(place) ? { key: place.key, within: place.within } : undefined,
    split: typeof split === 'number' && split > 0.1 && split < 0.9 ? split : freshState.split,
  };
}

const textsOf = (raw: unknown): string[] =>
  Array.isArray(raw) ? raw.filter((text): text is string => typeof text === 'string').slice(-500) : [];

function isPlace(raw: unknown): raw is { key: string; within: number } {
  if (typeof raw !== 'object' || raw === null) return false;
  const { key, within } = raw as Record<string, unknown>;
  return typeof key === 'string' && typeof within === 'number';
}
