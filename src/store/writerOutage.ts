import type { Clock } from '../base/clock.ts';
import { systemAuthor } from '../model/author.ts';
import type { DraftOf } from '../model/event.ts';
import { describeFailure, failureReason, LogWriteError, type LogFailureReason, type WriterHealth } from './writerHealth.ts';

/** The time in which a log cannot be written, from the first failure, or a write that does not end, to the first success. */
export class WriterOutage {
  readonly #clock: Clock;
  readonly #since: string;
  #reason: LogFailureReason = 'other';
  #message = '';
  #attempts = 0;
  #lost = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = new Date(clock.now()).toISOString();
  }

  /** Failed attempts so far. */
  get attempts(): number {
    return this.#attempts;
  }

  get message(): string {
    return this.#message;
  }

  fail(error: unknown): void {
    this.#attempts += 1;
    this.#tell(error);
  }

  /** A write is under way for longer than any disk takes. It may still succeed. */
  stall(): void {
    this.#tell(new LogWriteError('no-answer', 'The write does not end.'));
  }

  #tell(error: unknown): void {
    this.#reason = failureReason(error);
    this.#message = describeFailure(this.#reason, error);
  }

  /** An event found no room in memory. The answer is how many did so far. */
  lose(): number {
    this.#lost += 1;
    return this.#lost;
  }

  health(waiting: number): WriterHealth {
    return { state: 'degraded', reason: this.#reason, message: this.#message, waiting, lost: this.#lost, since: this.#since };
  }

  /** How long to wait before the next attempt: twice as long each time. */
  pauseMs(firstMs: number, longestMs: number): number {
    return Math.min(longestMs, firstMs * 2 ** Math.min(20, this.#attempts - 1));
  }

  /** What to record when it is over. */
  gap(): DraftOf<'capture.gap'> {
    const to = new Date(this.#clock.now()).toISOString();
    return {
      kind: 'capture.gap',
      by: systemAuthor,
      reason: this.#reason,
      from: this.#since,
      to,
      ...(this.#lost > 0 && { lost: this.#lost }),
    };
  }
}
