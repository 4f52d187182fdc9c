import type { LoggedEvent } from '../model/event.ts';
import type { SessionState } from '../model/sessionState.ts';
import { DensityCounter, type DensityData } from './density.ts';
import { emptyState, foldEvent } from './fold.ts';

/**
 * Raise it whenever the fold of the same events gives something else than before, or gives it in another form: a change of
 * `SessionState`, of any limit or rule in core/fold*, attribution, decisions, density. What was kept by another version is then
 * made anew (store/foldSnapshot). A test holds it against the hash of a fixed log's fold.
 */
export const foldVersion = 10;

/** Everything of a session that is gathered event by event. */
export interface FoldData {
  readonly state: SessionState;
  readonly density: DensityData;
}

export class SessionFold {
  /** Changes in place; always the same object. */
  readonly state: SessionState = emptyState();
  readonly density = new DensityCounter();

  add(event: LoggedEvent): void {
    foldEvent(this.state, event);
    try {
      this.density.add(event);
    } catch {
      // Not of the shape of an event: the state has counted it.
    }
  }

  /** Changes with the fold: to be encoded, not to be kept. */
  get data(): FoldData {
    return { state: this.state, density: this.density.data };
  }

  /** Goes on from what another fold held. The data is its own from now on. */
  restore({ state, density }: FoldData): void {
    Object.assign(this.state, state);
    this.density.restore(density);
  }

  /** Begins anew. */
  clear(): void {
    this.restore(new SessionFold().data);
  }
}
