import { SessionFold } from '../core/sessionFold.ts';
import type { Digest } from '../model/digest.ts';
import { eventId, type EventId, type SessionId } from '../model/ids.ts';
import type { EventMark, SessionState } from '../model/sessionState.ts';
import { compareMarks } from '../core/eventOrder.ts';
import { dropFold, foldDistance, keepFold, listFolds, readFold } from '../store/foldSnapshot.ts';
import type { SessionLayout, TapedeckLayout } from '../store/layout.ts';
import { openLogWalk, type LogWalk } from '../store/logWalk.ts';
import { TimeSlice } from '../store/timeSlice.ts';
import type { Damage } from '../store/writerStream.ts';

/**
 * Folds a session, beginning with the newest kept fold that holds for the log as it is now. What comes out is what a fold
 * from the log's beginning gives; where nothing kept holds, it is that.
 */
export interface FoldingOptions {
  readonly layout: TapedeckLayout;
  readonly session: SessionId;
  readonly digest: Digest;
  /** Ends right after this event, which must be in the log; without it with the log. */
  readonly until?: EventMark | undefined;
  /** Keeps a fold every so many events on the way, and one at the end when it was far; 0 keeps none, so that nothing is written. */
  readonly keepEvery: number;
  /** What comes of it is no longer wanted. */
  readonly isCancelled?: () => boolean;
}

/** So many events lie between kept folds, where there is room for as many. */
export const keptEvery = 4096;
/** For those who want an answer and be gone. */
export const keptEverySparsely = 65_536;

export interface Folded {
  /** What of the log could not be read. */
  readonly damage: readonly Damage[];
  /** How many events were folded now. */
  readonly folded: number;
  /** `until` was met, or none was given. */
  readonly isThere: boolean;
}

/** Folds into `fold`, which is empty at first and must not be changed meanwhile. Rejects when the log cannot be listed. */
export async function foldSession(fold: SessionFold, options: FoldingOptions): Promise<Folded> {
  const session = options.layout.session(options.session);
  const { until } = options;
  for (const kept of await listFolds(session)) {
    if (until !== undefined && compareMarks(kept.mark, until) > 0) continue;
    if (options.isCancelled?.() === true) break;
    const read = await readFold(kept, options.digest);
    const from = read?.snapshot;
    const walk = from && (await openLogWalk({ session, digest: options.digest, from }));
    if (read === undefined || walk === undefined) {
      if (options.keepEvery > 0) await dropFold(kept);
      continue;
    }
    fold.restore(read.fold);
    const folded = await foldOn(fold, walk, session, options, read.snapshot.damage);
    if (folded !== undefined) return folded;
    fold.clear();
  }
  const walk = await openLogWalk({ session, digest: options.digest });
  return (await foldOn(fold, walk!, session, options, []))!;
}

/** The state right after the event, or that of the whole log. */
export async function readSessionState(options: FoldingOptions): Promise<SessionState> {
  const fold = new SessionFold();
  await foldSession(fold, options);
  return fold.state;
}

/** Who went so far leaves a fold behind. */
const farEvents = 8192;
const batchEvents = 32;
const sliceMs = 1;

/** Undefined when the walk turned out not to go on from where the kept fold was made. */
async function foldOn(
  fold: SessionFold,
  walk: LogWalk,
  session: SessionLayout,
  options: FoldingOptions,
  damageBefore: readonly Damage[],
): Promise<Folded | undefined> {
  const { until, keepEvery, digest } = options;
  const last: EventId | undefined = until && eventId(until);
  const slice = new TimeSlice(sliceMs);
  let folded = 0;
  let sinceKept = 0;
  let distance = keepEvery;
  const keep = async (): Promise<void> => {
    sinceKept = 0;
    const mark = fold.state.session.last;
    if (!walk.isWhole || mark === undefined) return;
    const snapshot = { events: fold.state.counts.events, mark, places: walk.places(), damage: [...damageBefore, ...walk.damage()] };
    const sizeBytes = await keepFold(session, snapshot, fold.data, { digest, logBytes: walk.sizeBytes });
    if (sizeBytes === undefined || walk.givenBytes === 0) return;
    const log = { events: (folded * walk.sizeBytes) / walk.givenBytes, sizeBytes: walk.sizeBytes };
    distance = foldDistance(keepEvery, sizeBytes, log);
  };
  try {
    let hasMet = last !== undefined && newestId(fold.state) === last;
    let isNewest = false;
    while (!hasMet && options.isCancelled?.() !== true) {
      const count = keepEvery > 0 ? Math.max(1, Math.min(batchEvents, distance - sinceKept)) : batchEvents;
      const events = await walk.next(count, last === undefined ? undefined : (event) => eventId(event) === last);
      for (const event of events) fold.add(event);
      folded += events.length;
      sinceKept += events.length;
      if (walk.isDoubtful) return undefined;
      const newest = events.at(-1);
      if (newest === undefined) break;
      hasMet = last !== undefined && eventId(newest) === last;
      // Only where none stands behind a newer one is the fold that of all events until there.
      isNewest = newestId(fold.state) === eventId(newest);
      if (keepEvery > 0 && sinceKept >= distance && isNewest) await keep();
      if (slice.isSpent) await slice.pause();
    }
    // At the log's end what lies behind the last event counts too.
    const met = last === undefined ? walk.damageMet() : walk.damage();
    if (keepEvery > 0 && sinceKept >= Math.min(farEvents, distance) && isNewest) await keep();
    return { damage: [...damageBefore, ...met], folded, isThere: last === undefined || hasMet };
  } finally {
    await walk.close();
  }
}

function newestId(state: SessionState): EventId | undefined {
  return state.session.last && eventId(state.session.last);
}
