import { DisposableStore, type Disposable } from '../base/disposable.ts';
import { Emitter, type Event } from '../base/emitter.ts';
import type { DensityCounter } from '../core/density.ts';
import { SessionFold } from '../core/sessionFold.ts';
import type { Digest } from '../model/digest.ts';
import type { LoggedEvent } from '../model/event.ts';
import type { SessionId } from '../model/ids.ts';
import type { SessionState } from '../model/sessionState.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import { openLogReader, type Damage, type LogReader } from '../store/logReader.ts';
import { TimeSlice } from '../store/timeSlice.ts';
import type { FoldAnswer } from './logWork.ts';
import type { LogWorker } from './logWorker.ts';
import { foldSession, keptEvery } from './sessionFolding.ts';

/**
 * One session as it grows: its reader, the state folded so far, and its new events, whoever writes them.
 * The first screen need not wait: `reader` answers at once, and the fold of what is already there goes on behind it, from
 * the newest kept fold on. Each event is folded exactly once: what arrives while the past is being folded waits for its turn.
 */
export interface SessionFeed extends Disposable {
  readonly session: SessionId;
  readonly reader: LogReader;
  /** Changes in place. */
  readonly state: SessionState;
  readonly density: DensityCounter;
  /** What of the past could not be read, whole when `whenFolded` resolves, and what was met since. */
  readonly damage: readonly Damage[];
  /** Damage was met while following. */
  readonly onDidMeetDamage: Event<void>;
  /** Resolves when all that was in the log at opening is folded; rejects when it could not be read. */
  readonly whenFolded: Promise<void>;
  readonly isFolded: boolean;
  /** Resolves when `state` holds all that was acknowledged before the call; rejects as `whenFolded`. */
  catchUp(): Promise<void>;
  /** New events, after they are folded if the past is; in the order in which they came. */
  readonly onDidAppend: Event<readonly LoggedEvent[]>;
}

export async function openSessionFeed(options: {
  readonly layout: TapedeckLayout;
  readonly session: SessionId;
  readonly digest: Digest;
  /** Keeps folds in the session's cache, for those who open it later. Without it nothing is written. */
  readonly keepsFolds?: boolean;
  /** Folds what takes long in a thread of its own; without it all is done here, in slices. */
  readonly worker?: Pick<LogWorker, 'ask'> | undefined;
}): Promise<SessionFeed> {
  const reader = await openLogReader(options);
  const disposables = new DisposableStore();
  disposables.add(reader);
  const appended = disposables.add(new Emitter<readonly LoggedEvent[]>());
  const fold = new SessionFold();
  const { state, density } = fold;
  const keepEvery = options.keepsFolds === true ? keptEvery : 0;
  let damage: readonly Damage[] = [];
  const metSince: Damage[] = [];
  const metDamage = disposables.add(new Emitter<void>());
  let waiting: LoggedEvent[] | undefined = [];
  let sinceKept = 0;

  const add = (events: readonly LoggedEvent[]): void => {
    for (const event of events) {
      const known = state.counts.writers.get(event.w);
      if (known !== undefined && event.n <= known.newest) continue;
      fold.add(event);
      sinceKept += 1;
    }
  };

  const stop = new AbortController();
  disposables.add({ dispose: () => stop.abort() });
  const ask = async (isWanted: boolean): Promise<FoldAnswer | undefined> => {
    const { root } = options.layout;
    return options.worker?.ask({ ask: 'fold', root, session: options.session, keepEvery, isWanted }, { signal: stop.signal });
  };
  const folding = { ...options, keepEvery, isCancelled: () => disposables.isDisposed };

  /** By a fold of its own, which goes on from the last one that was kept: this one changes all the time. */
  const keep = async (): Promise<void> => {
    sinceKept = 0;
    const answer = await ask(false);
    if (answer?.isDone !== true) await foldSession(new SessionFold(), folding);
  };

  const following = disposables.add(
    reader.follow(
      (events) => {
        if (waiting === undefined) add(events);
        else waiting.push(...events);
        appended.fire(events);
        if (keepEvery > 0 && sinceKept >= keepEvery) void keep().catch(() => {});
      },
      undefined,
      (found) => {
        metSince.push(...found);
        metDamage.fire();
      },
    ),
  );

  const foldPast = async (): Promise<void> => {
    const foldElsewhere = options.worker && (async () => (await ask(true))?.carried);
    const folded = await foldSession(fold, { ...folding, foldElsewhere });
    damage = folded.damage;
    const slice = new TimeSlice(waitingSliceMs);
    while (!disposables.isDisposed && waiting !== undefined) {
      add(waiting.splice(0, waitingBatch));
      if (waiting.length === 0) waiting = undefined;
      else if (slice.isSpent) await slice.pause();
    }
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
      // What lay at an end when the past was read is met once more.
      return [...damage, ...metSince.filter((met) => !damage.some((past) => isSamePlace(past, met)))];
    },
    onDidMeetDamage: metDamage.event,
    whenFolded,
    get isFolded() {
      return waiting === undefined;
    },
    async catchUp() {
      await whenFolded;
      await following.catchUp();
    },
    onDidAppend: appended.event,
    dispose: () => disposables.dispose(),
  };
}

/** What came while the past was folded is as much as a second process writes in that time. */
const waitingSliceMs = 0.5;
const waitingBatch = 32;

function isSamePlace(a: Damage, b: Damage): boolean {
  return a.file === b.file && a.from === b.from && a.to === b.to;
}
