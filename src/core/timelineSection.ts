import type { Author } from '../model/author.ts';
import type { EventOf, LoggedEvent } from '../model/event.ts';
import { eventId, type RunId } from '../model/ids.ts';

/**
 * Which events stand together: the events of one prompt of one agent, a rewind with its writes, or what happened between.
 * Promises: an event belongs to one section or to none; a section's events keep their order; an event that comes later never
 * moves one that came before, so the sections that it does not touch stay folded as they are.
 */

export interface Section {
  readonly key: string;
  readonly kind: 'turn' | 'between' | 'rewind';
  readonly startAt: string;
  readonly run: RunId | undefined;
  readonly agent: string | undefined;
  readonly prompt: EventOf<'prompt.submitted'> | undefined;
  /** It goes on after a rewind, or its beginning is not loaded. */
  readonly isContinued: boolean;
  readonly isSubAgent: boolean;
  isOpen: boolean;
  lastAt: string;
  readonly events: LoggedEvent[];
  ended: EventOf<'turn.ended'> | undefined;
}

export type AuthorOf = (event: LoggedEvent) => Author;

/** What happens after so long a silence stands apart, unless a prompt holds it together. */
const silenceMs = 30 * 60_000;

interface RunInfo {
  agent: string | undefined;
  parent: string | undefined;
  section: Section | undefined;
  turns: Map<number, Section>;
}

/** Puts events, oldest first, into sections. */
export class SectionBuilder {
  /** Oldest first. */
  readonly sections: Section[] = [];
  readonly #runs = new Map<RunId, RunInfo>();
  readonly #rewinds = new Map<string, Section>();
  readonly #authorOf: AuthorOf;
  readonly #dayOf: (at: string) => string;

  constructor(authorOf: AuthorOf, dayOf: (at: string) => string) {
    this.#authorOf = authorOf;
    this.#dayOf = dayOf;
  }

  /** Answers the section that took the event in. */
  add(event: LoggedEvent): Section | undefined {
    if (event.kind === 'foreign') return this.#put(this.#latest(event), event);
    const author = this.#authorOf(event);
    const run = event.run ?? author.run;
    this.#learn(event, run);
    if (hiddenKinds.has(event.kind)) return undefined;

    const rewind = 'rewind' in event ? event.rewind : undefined;
    if (event.kind === 'rewind.applied' || event.kind === 'rewind.undone' || event.kind === 'rewind.failed')
      return this.#put(this.#rewind(event.id, event), event);
    if (rewind !== undefined) return this.#put(this.#rewind(rewind, event), event);

    if (run === undefined) {
      if (event.kind === 'prompt.submitted') return this.#put(this.#open(event, 'turn', undefined, event), event);
      return this.#put(this.#latest(event), event);
    }
    const info = this.#info(run);
    if (event.kind === 'prompt.submitted' && (event.provenance === 'user' || info.section === undefined)) {
      if (info.section !== undefined) info.section.isOpen = false;
      const section = this.#open(event, 'turn', run, event);
      info.section = section;
      if (event.turn !== undefined) info.turns.set(event.turn, section);
      return this.#put(section, event);
    }
    const section = (event.turn === undefined ? undefined : info.turns.get(event.turn)) ?? info.section;
    if (event.kind === 'turn.ended' && section === undefined) return undefined;
    const home = section ?? this.#continue(event, run, info);
    if (event.kind === 'turn.ended') {
      home.ended = event;
      home.isOpen = false;
    }
    return this.#put(home, event);
  }

  #learn(event: LoggedEvent, run: RunId | undefined): void {
    if (run === undefined) return;
    if (event.kind === 'run.started' || event.kind === 'run.resumed' || event.kind === 'run.forked') {
      const info = this.#info(run);
      info.agent = event.agent;
      if (event.kind === 'run.started') info.parent = event.parent;
    } else if (event.kind === 'run.ended') {
      const { section } = this.#info(run);
      if (section !== undefined) section.isOpen = false;
    }
  }

  #info(run: RunId): RunInfo {
    let info = this.#runs.get(run);
    if (info === undefined) {
      info = { agent: undefined, parent: undefined, section: undefined, turns: new Map() };
      this.#runs.set(run, info);
    }
    return info;
  }

  #continue(event: LoggedEvent, run: RunId, info: RunInfo): Section {
    const section = this.#open(event, 'turn', run, undefined);
    info.section = section;
    return section;
  }

  #open(event: LoggedEvent, kind: Section['kind'], run: RunId | undefined, prompt: EventOf<'prompt.submitted'> | undefined): Section {
    const info = run === undefined ? undefined : this.#runs.get(run);
    const { name } = this.#authorOf(event);
    const section: Section = {
      key: `${kind}:${eventId(event)}`,
      kind,
      startAt: event.at,
      run,
      // Of a prompt `by` is the user: then only the run knows the agent.
      agent: kind === 'turn' ? (info?.agent ?? (prompt === undefined ? name : undefined)) : undefined,
      prompt,
      isContinued: kind === 'turn' && prompt === undefined,
      isSubAgent: info?.parent !== undefined,
      isOpen: true,
      lastAt: event.at,
      events: [],
      ended: undefined,
    };
    this.sections.push(section);
    return section;
  }

  #put(section: Section, event: LoggedEvent): Section {
    section.events.push(event);
    if (event.at > section.lastAt) section.lastAt = event.at;
    return section;
  }

  /** Where an event of no run belongs: the open turn at the top, else what lies after it. */
  #latest(event: LoggedEvent): Section {
    const { at } = event;
    const latest = this.sections.at(-1);
    if (latest !== undefined && latest.kind !== 'rewind' && latest.isOpen) {
      const isFar = Date.parse(at) - Date.parse(latest.lastAt) > silenceMs;
      if (!isFar && (latest.kind === 'turn' || this.#dayOf(at) === this.#dayOf(latest.startAt))) return latest;
      if (latest.kind === 'between') latest.isOpen = false;
    }
    return this.#open(event, 'between', undefined, undefined);
  }

  /** The rewind's own section. What the agents do after it stands after it, under their heading again. */
  #rewind(id: string, event: LoggedEvent): Section {
    let section = this.#rewinds.get(id);
    if (section === undefined) {
      section = this.#open(event, 'rewind', undefined, undefined);
      this.#rewinds.set(id, section);
      for (const info of this.#runs.values()) {
        info.section = undefined;
        info.turns.clear();
      }
    }
    return section;
  }
}

/** They say something about other rows, and have none of their own. */
const hiddenKinds: ReadonlySet<LoggedEvent['kind']> = new Set<LoggedEvent['kind']>([
  'run.started',
  'run.resumed',
  'run.changed',
  'run.ended',
  'usage.reported',
  'file.attributed',
  'baseline.taken',
]);
