import { compareMarks } from '../core/eventOrder.ts';
import type { LoggedEvent } from '../model/event.ts';

/** Of lines; their events take a few times as much. */
const batchBytes = 2 << 20;

/** What is told at once, in order; more of it than memory should hold is told in parts. */
export class FollowedBatch {
  readonly #tell: (events: readonly LoggedEvent[]) => void;
  #events: LoggedEvent[] = [];
  #bytes = 0;

  constructor(tell: (events: readonly LoggedEvent[]) => void) {
    this.#tell = tell;
  }

  add(event: LoggedEvent, sizeBytes: number): void {
    this.#events.push(event);
    this.#bytes += sizeBytes;
    if (this.#bytes >= batchBytes) this.end();
  }

  end(): void {
    const events = this.#events.sort(compareMarks);
    this.#events = [];
    this.#bytes = 0;
    if (events.length > 0) this.#tell(events);
  }
}
