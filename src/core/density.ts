import type { Author } from '../model/author.ts';
import type { LoggedEvent } from '../model/event.ts';
import { eventId, type EventId } from '../model/ids.ts';

/** Counts of events in equal bins of time, one lane for each actor. */
export interface Density {
  readonly fromMs: number;
  readonly toMs: number;
  readonly lanes: readonly { readonly actor: 'agent' | 'user' | 'tool'; readonly name?: string; readonly counts: readonly number[] }[];
  readonly marks: readonly DensityMark[];
}

export type MarkKind = 'failure' | 'decision' | 'blocker' | 'commit' | 'checkpoint' | 'rewind' | 'compaction' | 'paused' | 'continued';
export interface DensityMark {
  readonly atMs: number;
  readonly mark: MarkKind;
  readonly event: EventId;
}

/** Marks are thinned to the newest of these: more could not be told apart in any strip. */
const markLimit = 2000;

/** The session's time is kept in so many stretches at most: several to a bin of the widest strip. */
const stretchLimit = 4096;

interface Lane {
  readonly actor: 'agent' | 'user' | 'tool';
  readonly name: string | undefined;
  /** Events by stretch since 1970: sparse, so that a night of silence costs nothing. */
  stretches: Map<number, number>;
}

/** All that a counter holds, as plain data. */
export interface DensityData {
  readonly stretchMs: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly lanes: ReadonlyMap<string, Lane>;
  readonly marks: readonly DensityMark[];
}

/**
 * Gathers a session's activity as its events pass by, by the second at first; the longer the session, the longer the stretches.
 * So it holds, and `bins` costs, no more for a long session than for a short one.
 */
export class DensityCounter {
  #lanes = new Map<string, Lane>();
  #marks: DensityMark[] = [];
  #fromMs = Number.POSITIVE_INFINITY;
  #toMs = Number.NEGATIVE_INFINITY;
  #stretchMs = 1000;
  /** The lane that was counted in last. */
  #lane: Lane | undefined;
  #day = '-';
  #dayMs = Number.NaN;

  /** Changes with the counter: to be encoded, not to be kept. */
  get data(): DensityData {
    return { stretchMs: this.#stretchMs, fromMs: this.#fromMs, toMs: this.#toMs, lanes: this.#lanes, marks: this.#marks };
  }

  /** Goes on from what a counter held. The data is its own from now on. */
  restore({ stretchMs, fromMs, toMs, lanes, marks }: DensityData): void {
    this.#stretchMs = stretchMs;
    this.#fromMs = fromMs;
    this.#toMs = toMs;
    this.#lanes = new Map(lanes);
    this.#lane = undefined;
    this.#marks = [...marks];
  }

  add(event: LoggedEvent): void {
    const atMs = this.#msOf(event.at);
    if (Number.isNaN(atMs)) return;
    this.#fromMs = Math.min(this.#fromMs, atMs);
    this.#toMs = Math.max(this.#toMs, atMs);
    if (event.kind === 'foreign') return;
    while ((this.#toMs - this.#fromMs) / this.#stretchMs > stretchLimit) this.#widen();
    const lane = this.#laneOf(event.by);
    const stretch = Math.floor(atMs / this.#stretchMs);
    lane?.stretches.set(stretch, (lane.stretches.get(stretch) ?? 0) + 1);
    const mark = markOf(event);
    if (mark === undefined) return;
    this.#marks.push({ atMs, mark, event: eventId(event) });
    if (this.#marks.length > markLimit * 2) this.#marks = this.#marks.slice(-markLimit);
  }

  /** The whole in `count` bins, `toMs` at least one second after `fromMs`. Undefined before the first event. */
  bins(count: number): Density | undefined {
    if (this.#fromMs > this.#toMs) return undefined;
    const fromMs = this.#fromMs;
    const toMs = Math.max(this.#toMs, fromMs + 1000);
    const width = (toMs - fromMs) / count;
    const lanes = [...this.#lanes.values()].map(({ actor, name, stretches }) => {
      const counts: number[] = Array.from({ length: count }, () => 0);
      for (const [stretch, events] of stretches) {
        const bin = Math.min(count - 1, Math.max(0, Math.floor((stretch * this.#stretchMs - fromMs) / width)));
        counts[bin] = (counts[bin] ?? 0) + events;
      }
      return { actor, counts, ...(name === undefined ? {} : { name }) };
    });
    return { fromMs, toMs, lanes, marks: this.#marks.slice(-markLimit) };
  }

  #widen(): void {
    this.#stretchMs *= 2;
    for (const lane of this.#lanes.values()) {
      const wider = new Map<number, number>();
      for (const [stretch, events] of lane.stretches) {
        const half = Math.floor(stretch / 2);
        wider.set(half, (wider.get(half) ?? 0) + events);
      }
      lane.stretches = wider;
    }
  }

  /** As `Date.parse`, which costs more than all the rest here: of one day only the digits of the time are read. */
  #msOf(at: string): number {
    if (at.length !== 24 || !at.startsWith(this.#day)) {
      this.#day = at.slice(0, 11);
      this.#dayMs = Date.parse(`${this.#day}00:00:00.000Z`);
      return Date.parse(at);
    }
    const seconds = (two(at, 11) * 60 + two(at, 14)) * 60 + two(at, 17);
    // Times of a form that no clock shows count nowhere.
    if (!(seconds >= 0 && seconds < 86_400)) return Number.NaN;
    return this.#dayMs + seconds * 1000 + two(at, 20) * 10 + at.charCodeAt(22) - 48;
  }

  #laneOf(by: Author): Lane | undefined {
    const actor =
      by.actor === 'agent' || by.actor === 'user' ? by.actor : by.actor === 'unknown' || by.actor === 'system' ? undefined : 'tool';
    if (actor === undefined) return undefined;
    const name = actor === 'agent' ? (by.name ?? 'agent') : undefined;
    if (this.#lane?.actor === actor && this.#lane.name === name) return this.#lane;
    const key = `${actor}/${name ?? ''}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { actor, name, stretches: new Map() };
      this.#lanes.set(key, lane);
    }
    this.#lane = lane;
    return lane;
  }
}

/** The number of two digits. */
const two = (text: string, at: number): number => (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;

function markOf(event: LoggedEvent): MarkKind | undefined {
  switch (event.kind) {
    case 'command.ended':
      return event.exitCode !== null && event.exitCode !== 0 ? 'failure' : undefined;
    case 'tool.returned':
      return event.status === 'failed' ? 'failure' : undefined;
    case 'run.failed':
    case 'rewind.failed':
      return 'failure';
    case 'decision.proposed':
    case 'decision.confirmed':
      return 'decision';
    case 'blocker.raised':
      return 'blocker';
    case 'git.committed':
      return 'commit';
    case 'checkpoint.made':
      return event.reason === 'rewind' ? undefined : 'checkpoint';
    case 'rewind.applied':
    case 'rewind.undone':
      return 'rewind';
    case 'run.compacted':
      return 'compaction';
    case 'capture.paused':
      return 'paused';
    case 'capture.continued':
      return 'continued';
    default:
      return undefined;
  }
}
