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

export type MarkKind = 'failure' | 'decision' | 'blocker' | 'commit' | 'checkpoint' | 'rewind' | 'compaction';
export interface DensityMark {
  readonly atMs: number;
  readonly mark: MarkKind;
  readonly event: EventId;
}

/** Marks are thinned to the newest of these: more could not be told apart in any strip. */
const markLimit = 2000;

interface Lane {
  readonly actor: 'agent' | 'user' | 'tool';
  readonly name: string | undefined;
  /** Events by second since 1970: sparse, so that a night of silence costs nothing. */
  readonly seconds: Map<number, number>;
}

/** Gathers a session's activity as its events pass by; `bins` then costs what the seconds with activity cost, not the log. */
export class DensityCounter {
  readonly #lanes = new Map<string, Lane>();
  #marks: DensityMark[] = [];
  #fromMs = Number.POSITIVE_INFINITY;
  #toMs = Number.NEGATIVE_INFINITY;

  add(event: LoggedEvent): void {
    const atMs = Date.parse(event.at);
    if (Number.isNaN(atMs)) return;
    this.#fromMs = Math.min(this.#fromMs, atMs);
    this.#toMs = Math.max(this.#toMs, atMs);
    if (event.kind === 'foreign') return;
    const lane = this.#laneOf(event.by);
    const second = Math.floor(atMs / 1000);
    lane?.seconds.set(second, (lane.seconds.get(second) ?? 0) + 1);
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
    const lanes = [...this.#lanes.values()].map(({ actor, name, seconds }) => {
      const counts: number[] = Array.from({ length: count }, () => 0);
      for (const [second, events] of seconds) {
        const bin = Math.min(count - 1, Math.max(0, Math.floor((second * 1000 - fromMs) / width)));
        counts[bin] = (counts[bin] ?? 0) + events;
      }
      return { actor, counts, ...(name === undefined ? {} : { name }) };
    });
    return { fromMs, toMs, lanes, marks: this.#marks.slice(-markLimit) };
  }

  #laneOf(by: Author): Lane | undefined {
    const actor =
      by.actor === 'agent' || by.actor === 'user' ? by.actor : by.actor === 'unknown' || by.actor === 'system' ? undefined : 'tool';
    if (actor === undefined) return undefined;
    const name = actor === 'agent' ? (by.name ?? 'agent') : undefined;
    const key = `${actor}/${name ?? ''}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { actor, name, seconds: new Map() };
      this.#lanes.set(key, lane);
    }
    return lane;
  }
}

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
    default:
      return undefined;
  }
}
