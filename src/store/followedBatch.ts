import { compareMarks } from '../core/eventOrder.ts';
import type { LoggedEvent } from '../model/event.ts';
import type { TimeSlice } from './timeSlice.ts';

/** Of lines; their events take a few times as much. */
const batchBytes = 2 << 20;
/** So many are told in one go: who hears of them works on them at once. */
const partEvents = 128;

/** What is new, put into order; told in parts, between which everything else has its turn. */
export class FollowedBatch {
  readonly #tell: (events: readonly LoggedEvent[]) => void;
  readonly #slice: TimeSlice;
  #events: LoggedEvent[] = [];
  #bytes = 0;

  constructor(tell: (events: readonly LoggedEvent[]) => void, slice: TimeSlice) {
    this.#tell = tell;
    this.#slice = slice;
  }

  /** It is time to end: more of it than memory should hold. */
  get isFull(): boolean {
    return this.#bytes >= batchBytes;
  }

  add(event: LoggedEvent, sizeBytes: number): void {
    this.#events.push(event);
    this.#bytes += sizeBytes;
  }

  /** Tells all of it; then it is empty. */
  async end(): Promise<void> {
    const events = this.#events.sort(compareMarks);
    this.#events = [];
    this.#bytes = 0;
    for (let from = 0; from < events.length; from += partEvents) {
      if (from > 0 && this.#slice.isSpent) await this.#slice.pause();
      this.#tell(events.length <= partEvents ? events : events.slice(from, from + partEvents));
    }
  }
}
