import type { Author } from '../model/author.ts';
import type { LoggedEvent } from '../model/event.ts';
import { eventId, type EventId } from '../model/ids.ts';
import type { EventMark } from '../model/sessionState.ts';
import { foldSection, laneOf, type FoldContext } from './timelineFold.ts';
import { createRow, type Chip, type TimelineRow } from './timelineRow.ts';
import { SectionBuilder, type Section } from './timelineSection.ts';
import { compareMarks } from './eventOrder.ts';
import { happenedAt } from './happenedAt.ts';
import { counted, displayName, oneLine } from './timelineWords.ts';

/**
 * A session's events as the rows of the timeline: sections newest first, the rows of a section in the order in which they
 * happened, under the words of their prompt. Promises: every event with something to say is in exactly one row (an agent's own
 * command in the terminal, which its turn tells of, in the turn's heading); appending
 * folds only the sections that the new events fall into; the same events give the same rows, however they came in. They
 * stand as they happened, which for records that were read late is not their order in the log.
 */
export interface TimelineOptions {
  /** The local day of a time, as a key that is equal for equal days. */
  readonly dayOf: (at: string) => string;
}

export interface TimelineSection {
  readonly key: string;
  /** The prompt's words; undefined for what belongs to no turn. */
  readonly heading: TimelineRow | undefined;
  /** Oldest first. */
  readonly rows: readonly TimelineRow[];
  readonly day: string;
  /** When it began, ISO 8601. */
  readonly at: string;
  readonly isRewind: boolean;
  readonly isAside: boolean;
  /** The key of the turn that it was a part of, when it is a sub-agent's. That one stands behind it, for it began earlier. */
  readonly parent: string | undefined;
}

/** Of what we can't read. Said here, because the vocabulary's own constant would bring its schemas into the page. */
const unknownBy: Author = { actor: 'unknown', how: 'none' };

export class Timeline {
  readonly #options: TimelineOptions;
  #events: LoggedEvent[] = [];
  readonly #ids = new Set<EventId>();
  #oldest: EventMark | undefined;
  #authors = new Map<EventId, Author>();
  #isAside: (event: LoggedEvent) => boolean = () => false;
  #builder: SectionBuilder;
  #folded = new Map<Section, TimelineSection>();
  #entryTitles = new Map<string, string>();
  /** Of the few events that happened at another time than their place in the log says. */
  #happenedAt = new Map<EventId, string>();

  constructor(options: TimelineOptions) {
    this.#options = options;
    this.#builder = this.#createBuilder();
  }

  /** Oldest first, as they happened. */
  get events(): readonly LoggedEvent[] {
    return this.#events;
  }

  authorOf = (event: LoggedEvent): Author => (event.kind === 'foreign' ? unknownBy : (this.#authors.get(eventId(event)) ?? event.by));

  /** When an event happened; undefined when it isn't loaded, or happened when its place in the log says. */
  happenedAt(event: EventId): string | undefined {
    return this.#happenedAt.get(event);
  }

  /** Place of the oldest event in the log; undefined without any. */
  get oldest(): EventMark | undefined {
    return this.#oldest;
  }

  has(event: LoggedEvent): boolean {
    return this.#ids.has(eventId(event));
  }

  /** Takes in events that come after all others in the log. Answers how many were new. */
  append(events: readonly LoggedEvent[]): number {
    const fresh = events.filter((event) => !this.#ids.has(eventId(event)));
    // A record that was read late happened before what is there already: rare, so all is folded anew.
    let isInOrder = true;
    for (const event of fresh) {
      const last = this.#events.at(-1);
      isInOrder &&= last === undefined || compareShown(last, event) < 0;
      this.#take(event);
      if (isInOrder) this.#place(event);
    }
    if (!isInOrder) this.#refold();
    return fresh.length;
  }

  /** Takes in events that come before all others in the log. */
  prepend(events: readonly LoggedEvent[]): void {
    const fresh = events.filter((event) => !this.#ids.has(eventId(event)));
    if (fresh.length === 0) return;
    for (const event of fresh) this.#take(event);
    this.#refold();
  }

  #take(event: LoggedEvent): void {
    this.#events.push(event);
    this.#ids.add(eventId(event));
    if (this.#oldest === undefined || compareMarks(event, this.#oldest) < 0) this.#oldest = event;
  }

  /** Takes in later findings of who did it. */
  attribute(authors: Readonly<Record<EventId, Author>>): void {
    const entries = Object.entries(authors);
    if (entries.length === 0) return;
    for (const [id, author] of entries) this.#authors.set(id, author);
    // The author may move an event to another turn.
    this.#refold();
  }

  /** Says anew what is set aside. */
  setAside(isAside: (event: LoggedEvent) => boolean): void {
    this.#isAside = isAside;
    this.#folded.clear();
  }

  clear(): void {
    this.#events = [];
    this.#ids.clear();
    this.#oldest = undefined;
    this.#authors.clear();
    this.#isAside = () => false;
    this.#refold();
  }

  /**
   * Takes over what another timeline folded of the same events, where nothing that came before or behind can have changed it.
   * Both must know the same authors and the same of what is set aside.
   */
  adopt(other: Timeline): void {
    const theirs = new Map(other.#builder.sections.map((section) => [section.key, section]));
    for (const section of this.#builder.sections) {
      const their = theirs.get(section.key);
      const folded = their === undefined ? undefined : other.#folded.get(their);
      if (their !== undefined && folded !== undefined && isSameSection(section, their)) this.#folded.set(section, folded);
    }
  }

  /** Folds what is not folded yet, a section at a step, for those who have little time at once. */
  *foldAll(): Generator<void, void> {
    for (const section of this.#builder.sections) {
      if (this.#folded.has(section)) continue;
      this.#fold(section);
      yield;
    }
  }

  /** Newest first. Sections without a row are left out. */
  sections(): readonly TimelineSection[] {
    const sections: TimelineSection[] = [];
    for (const section of this.#builder.sections.toReversed()) {
      const folded = this.#fold(section);
      if (folded.heading !== undefined || folded.rows.length > 0) sections.push(folded);
    }
    return sections;
  }

  #createBuilder(): SectionBuilder {
    return new SectionBuilder(this.authorOf, this.#options.dayOf, (section) => this.#folded.delete(section));
  }

  #place(event: LoggedEvent): void {
    if (
      (event.kind === 'decision.proposed' || event.kind === 'decision.confirmed' || event.kind === 'blocker.raised') &&
      event.what !== undefined
    )
      this.#entryTitles.set(event.id, event.what);
    if (event.kind !== 'foreign' && event.happenedAt !== undefined) this.#happenedAt.set(eventId(event), event.happenedAt);
    const section = this.#builder.add(event);
    if (section !== undefined) this.#folded.delete(section);
    // What ends a run says something about its section without being in it.
    else if (event.kind === 'run.ended' || event.kind === 'run.started') this.#folded.clear();
  }

  #refold(): void {
    this.#events.sort(compareShown);
    this.#builder = this.#createBuilder();
    this.#folded = new Map();
    this.#entryTitles = new Map();
    this.#happenedAt = new Map();
    for (const event of this.#events) this.#place(event);
  }

  #fold(section: Section): TimelineSection {
    const known = this.#folded.get(section);
    if (known !== undefined) return known;
    const context: FoldContext = {
      authorOf: this.authorOf,
      isAside: this.#isAside,
      isTold: (started) => this.#builder.isTold(started),
      entryTitle: (id) => this.#entryTitles.get(id),
    };
    const rows = foldSection(section, context);
    const isAside = section.events.length > 0 && section.events.every((event) => this.#isAside(event));
    const folded: TimelineSection = {
      key: section.key,
      heading: section.kind === 'turn' ? headingOf(section, rows, isAside, this.authorOf) : undefined,
      rows,
      day: this.#options.dayOf(section.startAt),
      at: section.startAt,
      isRewind: section.kind === 'rewind',
      isAside,
      parent: section.parent?.key,
    };
    this.#folded.set(section, folded);
    return folded;
  }
}

/** What settles an entry is told with words that stand elsewhere. */
const tellsOfOthers = /^(?:decision\.(?!proposed)|blocker\.cleared)/;

/** The start of a command in a terminal that may be an agent: whether a turn tells of it is not for its section to say. */
const mayBeAgent = (event: LoggedEvent): boolean => event.kind === 'command.started' && event.run === undefined && event.call === undefined;

function isSameSection(a: Section, b: Section): boolean {
  return (
    a.events.length === b.events.length &&
    a.commands.length === b.commands.length &&
    a.isOpen === b.isOpen &&
    a.isStopped === b.isStopped &&
    a.isSubAgent === b.isSubAgent &&
    a.parent?.key === b.parent?.key &&
    a.agent === b.agent &&
    a.ended === b.ended &&
    JSON.stringify(a.tokens) === JSON.stringify(b.tokens) &&
    a.events.every((event, index) => event === b.events[index] && !tellsOfOthers.test(event.kind) && !mayBeAgent(event))
  );
}

/** As they happened: what an agent's record told late stands where it belongs, before what came of it. */
function compareShown(a: LoggedEvent, b: LoggedEvent): number {
  const [first, second] = [happenedAt(a), happenedAt(b)];
  return first === second ? compareMarks(a, b) : first < second ? -1 : 1;
}

function headingOf(
  section: Section,
  rows: readonly TimelineRow[],
  isAside: boolean,
  authorOf: (event: LoggedEvent) => Author,
): TimelineRow {
  const { prompt, ended } = section;
  const agentBy = section.events.map((event) => authorOf(event)).find(({ actor }) => actor === 'agent');
  const name = section.agent ?? agentBy?.name;
  const agent = name === undefined ? undefined : displayName(name);
  const by: Author = {
    actor: 'agent',
    ...(name === undefined ? {} : { name }),
    ...(section.run === undefined ? {} : { run: section.run }),
    how: agentBy?.how ?? 'transcript',
  };
  const words = prompt === undefined ? '' : oneLine(prompt.text.head);
  const images = prompt?.images === undefined || prompt.images === 0 ? undefined : counted(prompt.images, 'image');
  const chips: Chip[] = [];
  if (section.isSubAgent) chips.push({ text: 'sub-agent', tone: 'note' });
  if (prompt === undefined) chips.push({ text: 'continued', tone: 'note' });
  const measuredMs = Date.parse(section.until) - Date.parse(section.startAt);
  return createRow({
    key: section.key,
    kind: 'turn',
    level: 1,
    at: section.startAt,
    until: section.until,
    // The newest is the point that "here" means, so what ended after the turn is not.
    events: [...section.commands, ...section.events].map((event) => eventId(event)),
    by,
    lane: laneOf(by),
    who: agent,
    title: words || images || (agent === undefined ? 'A turn' : `${agent} at work`),
    meta: summaryOf(rows),
    durationMs: ended?.durationMs ?? (measuredMs > 0 ? measuredMs : undefined),
    isRunning: section.isOpen && section.ended === undefined,
    isAside,
    tokens: section.tokens,
    chips,
    hasDiff: rows.some(({ hasDiff }) => hasDiff),
    paths: [...new Set(rows.filter(({ kind }) => kind === 'files').flatMap(({ paths }) => paths))],
    texts: [
      ...(prompt === undefined ? [] : prompt.text.tail === undefined ? [prompt.text.head] : [prompt.text.head, prompt.text.tail]),
      ...section.commands.map(({ command }) => command),
    ],
  });
}

/** What a turn came to, for when its rows are folded away: `12 edits in 4 files, 3 commands, 1 failed`. */
function summaryOf(rows: readonly TimelineRow[]): string | undefined {
  const files = new Set(rows.filter(({ kind }) => kind === 'files').flatMap(({ paths }) => paths)).size;
  const actions = rows.reduce(
    (count, row) => count + (row.kind === 'actions' ? Math.max(1, row.children.length) : row.kind === 'check' ? 1 : 0),
    0,
  );
  const failures = rows.filter(({ kind }) => kind === 'failure').length;
  const parts: string[] = [];
  if (files > 0) parts.push(`${counted(files, 'file')} changed`);
  if (actions > 0) parts.push(counted(actions, 'action'));
  if (failures > 0) parts.push(`${failures} failed`);
  return parts.length === 0 ? undefined : parts.join(', ');
}
