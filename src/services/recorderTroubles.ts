import type { Clock } from '../base/clock.ts';
import type { Presence } from '../store/presence.ts';
import type { RecorderStatus } from './recorderStatus.ts';

/** What a recorder fails at, by what it is; told to other processes that ask how the recording is. */
export class RecorderTroubles {
  readonly #clock: Clock;
  readonly #presence: Presence;
  readonly #byWhat = new Map<string, string>();
  #since: string | undefined;

  constructor(clock: Clock, presence: Presence) {
    this.#clock = clock;
    this.#presence = presence;
  }

  /** What was told first of what goes on. */
  get first(): string | undefined {
    return this.#byWhat.values().next().value;
  }

  /** `message` undefined: it is over. True when that is news. */
  set(what: string, message: string | undefined): boolean {
    if (this.#byWhat.get(what) === message) return false;
    if (message === undefined) this.#byWhat.delete(what);
    else this.#byWhat.set(what, message);
    return true;
  }

  tell({ reason: message, log }: Pick<RecorderStatus, 'reason' | 'log'>): void {
    if (message === undefined && this.#since === undefined) return;
    this.#since = message === undefined ? undefined : (this.#since ?? new Date(this.#clock.now()).toISOString());
    this.#presence.tell(
      message === undefined || this.#since === undefined
        ? undefined
        : {
            message,
            since: log?.since ?? this.#since,
            ...(log === undefined ? {} : { reason: log.reason, waiting: log.waiting, lost: log.lost }),
          },
    );
  }
}
