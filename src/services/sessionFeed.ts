import { DisposableStore, type Disposable } from '../base/disposable.ts';
import { Emitter, type Event } from '../base/emitter.ts';
import { DensityCounter } from '../core/density.ts';
import { emptyState, foldEvent } from '../core/fold.ts';
import type { Digest } from '../model/digest.ts';
import type { LoggedEvent } from '../model/event.ts';
import type { SessionId, WriterId } from '../model/ids.ts';
import type { SessionState } from '../model/sessionState.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import { openLogReader, type Damage, type LogReader } from '../store/logReader.ts';

/**
 * One session as it grows: its reader, the state folded so far, and its new events, whoever writes them.
 * The first screen need not wait: `reader` answers at once, and the fold of what is already there goes on behind it in
 * batches. Each event is folded exactly once: what arrives while the past is being folded waits for its turn.
 */
export interface SessionFeed extends Disposable {
  readonly session: SessionId;
  readonly reader: LogReader;
  /** Changes in place. */
  readonly state: SessionState;
  readonly density: DensityCounter;
  /** What of the past could not be read; whole when `whenFolded` resolves. */
  readonly damage: readonly Damage[];
  /** Resolves when all that was in the log at opening is folded; rejects when it could not be read. */
  readonly whenFolded: Promise<void>;
  readonly isFolded: boolean;
  /** New events, after they are folded if the past is; in the order in which they came. */
  readonly onDidAppend: Event<readonly LoggedEvent[]>;
}

export async function openSessionFeed(options: {
  readonly layout: TapedeckLayout;
  readonly session: SessionId;
  readonly digest: Digest;
}): Promise<SessionFeed> {
  const reader = await openLogReader(options);
  const disposables = new DisposableStore();
  disposables.add(reader);
  const appended = disposables.add(new Emitter<readonly LoggedEvent[]>());
  const state = emptyState();
  const density = new DensityCounter();
  const folded = new Map<WriterId, number>();
  let damage: readonly Damage[] = [];
  let waiting: LoggedEvent[] | undefined = [];

  const fold = (events: readonly LoggedEvent[]): void => {
    for (const event of events) {
      if (event.n <= (folded.get(event.w) ?? 0)) continue;
      folded.set(event.w, event.n);
      foldEvent(state, event);
      density.add(event);
    }
  };

  disposables.add(
    reader.follow((events) => {
      if (waiting === undefined) fold(events);
      else waiting.push(...events);
      appended.fire(events);
    }),
  );

  const foldPast = async (): Promise<void> => {
    for await (const batch of reader.all(undefined, (found) => (damage = found))) {
      if (disposables.isDisposed) return;
      fold(batch);
    }
    fold(waiting ?? []);
    waiting = undefined;
  };
  const whenFolded = foldPast();
  // Whoever needs the whole state awaits it and sees the failure; nobody else must be told twice.
  whenFolded.catch(() => {});

  return {
    session: options.session,
    reader,
    state,
    density,
    get damage() {
      return damage;
    },
    whenFolded,
    get isFolded() {
      return waiting === undefined;
    },
    onDidAppend: appended.event,
    dispose: () => disposables.dispose(),
  };
}
