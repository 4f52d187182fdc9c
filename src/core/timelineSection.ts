import type { Author } from '../model/author.ts';
import type { EventOf, LoggedEvent } from '../model/event.ts';
import { eventId, type EventId, type RunId } from '../model/ids.ts';
import { happenedAt } from './happenedAt.ts';
import type { TokenCounts } from './timelineRow.ts';

/**
 * Which events stand together: the events of one prompt of one agent, a rewind with its writes, or what happened between.
 * Promises: an event belongs to one section or to none; a section's events keep their order; an event that comes later never
 * moves one that came before, so the sections that it does not touch stay folded as they are. What tells of a command's end
 * stands where the command began, so that one row tells of both.
 */

export interface Section {
  readonly key: string;
  readonly kind: 'turn' | 'between' | 'rewind';
  /** When it began, for people. */
  readonly startAt: string;
  readonly run: RunId | undefined;
  readonly agent: string | undefined;
  readonly prompt: EventOf<'prompt.submitted'> | undefined;
  /** It goes on after a rewind, or its beginning is not loaded. */
  readonly isContinued: boolean;
  readonly isSubAgent: boolean;
  /** The turn of another run that was at work when this one of its sub-agents began, where that is loaded. */
  readonly parent: Section | undefined;
  isOpen: boolean;
  /** The recording stopped after it: what was running in a terminal is not seen to end any more. */
  isStopped: boolean;
  /** Place in the log of its newest event. */
  lastAt: string;
  /** When its newest event happened, for people. */
  until: string;
  readonly events: LoggedEvent[];
  /** Start and end of the terminal commands that are the agent itself, at work on this turn. They are in `events` of others. */
  readonly commands: EventOf<'command.started' | 'command.ended'>[];
  ended: EventOf<'turn.ended'> | undefined;
  /** What the agent said that it took. */
  tokens: TokenCounts | undefined;
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

/** A terminal command that is an agent: `codex exec …`, `claude`. */
interface AgentCommand {
  readonly name: string;
  readonly home: Section;
  readonly started: EventOf<'command.started'>;
  readonly turns: Section[];
}

/** Puts events, oldest first, into sections. */
export class SectionBuilder {
  /** Oldest first. */
  readonly sections: Section[] = [];
  readonly #runs = new Map<RunId, RunInfo>();
  readonly #rewinds = new Map<string, Section>();
  /** Where a command began, by its start. */
  readonly #starts = new Map<EventId, Section>();
  readonly #agentCommands = new Map<EventId, AgentCommand>();
  /** Starts of agents' commands with a turn to show for it. */
  readonly #told = new Set<EventId>();
  readonly #authorOf: AuthorOf;
  readonly #dayOf: (at: string) => string;
  readonly #touch: (section: Section) => void;

  /** `touch` is told of sections that say something else from now on, besides the one that `add` answers. */
  constructor(authorOf: AuthorOf, dayOf: (at: string) => string, touch: (section: Section) => void) {
    this.#authorOf = authorOf;
    this.#dayOf = dayOf;
    this.#touch = touch;
  }

  /** The event began a command that is an agent, and a turn of that agent tells what came of it. */
  isTold(started: LoggedEvent): boolean {
    return this.#told.has(eventId(started));
  }

  /** Answers the section that took the event in. */
  add(event: LoggedEvent): Section | undefined {
    if (event.kind === 'foreign') return this.#put(this.#latest(event), event);
    const author = this.#authorOf(event);
    const run = event.run ?? author.run;
    this.#learn(event, run);
    if (event.kind === 'usage.reported') this.#count(event, run);
    if (hiddenKinds.has(event.kind) && !(event.kind === 'run.started' && event.notRecorded !== undefined)) return undefined;
    if (event.kind === 'session.ended' || (event.kind === 'session.resumed' && !goesOn.has(event.reason))) this.#stop();
    if ((event.kind === 'command.ended' || event.kind === 'tests.finished') && event.started !== undefined) {
      const home = this.#starts.get(event.started);
      if (home !== undefined) return this.#end(event, event.started, home);
    }
    const section = this.#home(event, run);
    if (event.kind !== 'command.started' || section === undefined) return section;
    this.#starts.set(eventId(event), section);
    if (author.actor === 'agent' && author.name !== undefined && run === undefined && event.call === undefined)
      this.#agentCommands.set(eventId(event), { name: author.name, home: section, started: event, turns: [] });
    return section;
  }

  #count({ usage, turn }: EventOf<'usage.reported'>, run: RunId | undefined): void {
    const info = run === undefined ? undefined : this.#runs.get(run);
    const section = (turn === undefined ? undefined : info?.turns.get(turn)) ?? info?.section;
    if (section === undefined) return;
    const { input = 0, output = 0, cached = 0 } = section.tokens ?? {};
    section.tokens = {
      input: input + (usage['gen_ai.usage.input_tokens'] ?? 0) + (usage['gen_ai.usage.cache_creation.input_tokens'] ?? 0),
      output: output + (usage['gen_ai.usage.output_tokens'] ?? 0),
      cached: cached + (usage['gen_ai.usage.cache_read.input_tokens'] ?? 0),
    };
    this.#touch(section);
  }

  /** What ended belongs to where it began. */
  #end(event: EventOf<'command.ended' | 'tests.finished'>, started: EventId, home: Section): Section {
    if (event.kind === 'command.ended') {
      const command = this.#agentCommands.get(started);
      this.#agentCommands.delete(started);
      for (const turn of command?.turns ?? []) {
        turn.commands.push(event);
        this.#touch(turn);
      }
    }
    // A section that others came after does not last until a command of it ends.
    if (home === this.sections.at(-1)) return this.#put(home, event);
    home.events.push(event);
    return home;
  }

  #stop(): void {
    for (const section of this.sections) {
      if (section.isStopped) continue;
      section.isStopped = true;
      this.#touch(section);
    }
    this.#agentCommands.clear();
  }

  #home(event: Exclude<LoggedEvent, { kind: 'foreign' }>, run: RunId | undefined): Section | undefined {
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
      startAt: happenedAt(event),
      run,
      // Of a prompt `by` is the user: then only the run knows the agent.
      agent: kind === 'turn' ? (info?.agent ?? (prompt === undefined ? name : undefined)) : undefined,
      prompt,
      isContinued: kind === 'turn' && prompt === undefined,
      isSubAgent: info?.parent !== undefined,
      parent: kind === 'turn' && info?.parent !== undefined && info.parent !== run ? this.#runs.get(info.parent)?.section : undefined,
      isOpen: true,
      isStopped: false,
      lastAt: event.at,
      until: happenedAt(event),
      events: [],
      commands: [],
      ended: undefined,
      tokens: undefined,
    };
    this.sections.push(section);
    if (kind === 'turn') this.#tell(section);
    return section;
  }

  /** The turn tells of the agents' commands that run now. */
  #tell(turn: Section): void {
    for (const [id, { name, home, started, turns }] of this.#agentCommands) {
      if (turn.agent !== undefined && turn.agent !== name) continue;
      turns.push(turn);
      turn.commands.push(started);
      if (this.#told.has(id)) continue;
      this.#told.add(id);
      this.#touch(home);
    }
  }

  #put(section: Section, event: LoggedEvent): Section {
    section.events.push(event);
    if (event.at > section.lastAt) section.lastAt = event.at;
    const at = happenedAt(event);
    if (at > section.until) section.until = at;
    return section;
  }

  /** Where an event of no run belongs: the open turn at the top, else what lies after it. */
  #latest(event: LoggedEvent): Section {
    const { at } = event;
    const latest = this.sections.at(-1);
    if (latest !== undefined && latest.kind !== 'rewind' && latest.isOpen) {
      const isFar = Date.parse(at) - Date.parse(latest.lastAt) > silenceMs;
      if (!isFar && (latest.kind === 'turn' || this.#dayOf(happenedAt(event)) === this.#dayOf(latest.startAt))) return latest;
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

/** Another window joined, or recording went on in this one: what ran may still run. */
const goesOn: ReadonlySet<EventOf<'session.resumed'>['reason']> = new Set(['second-window', 'command'] as const);

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
