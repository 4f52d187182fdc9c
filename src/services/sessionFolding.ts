import { foldVersion, SessionFold } from '../core/sessionFold.ts';
import type { Digest } from '../model/digest.ts';
import type { LoggedEvent } from '../model/event.ts';
import { eventId, type EventId, type SessionId } from '../model/ids.ts';
import type { EventMark, SessionState } from '../model/sessionState.ts';
import { compareMarks } from '../core/eventOrder.ts';
import {
  dropFold,
  foldDistance,
  keepFold,
  listFolds,
  packFold,
  readFold,
  unpackFold,
  type FoldSnapshot,
  type ReadFold,
} from '../store/foldSnapshot.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import { openLogWalk, type LogWalk } from '../store/logWalk.ts';
import { TimeSlice } from '../store/timeSlice.ts';
import type { Damage } from '../store/writerStream.ts';

/**
 * Folds a session, beginning with the newest kept fold that holds for the log as it is now. What comes out is what a fold
 * from the log's beginning gives; where nothing kept holds, it is that. A long way can be gone elsewhere: then only what came
 * behind it is folded here, and where it can't be gone on from there, all of it is.
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
  readonly isCancelled?: (() => boolean) | undefined;
  /** Folds the log to its end in another thread, and keeps what is to be kept. Undefined: it could not, or nothing can go on from there. */
  readonly foldElsewhere?: (() => Promise<CarriedFold | undefined>) | undefined;
  /** No more of the log than that is folded here when it can be folded elsewhere. */
  readonly nearBytes?: number | undefined;
  /** How long it may hold the event loop in one go. */
  readonly sliceMs?: number;
}

/** A fold on its way from one thread to another. */
export interface CarriedFold {
  readonly version: number;
  readonly snapshot: FoldSnapshot;
  readonly packed: Uint8Array<ArrayBuffer>;
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
  /** From where another fold can go on; undefined when none can. */
  readonly snapshot: FoldSnapshot | undefined;
}

/** Folds into `fold`, which is empty at first and must not be changed meanwhile. Rejects when the log cannot be listed. */
export async function foldSession(fold: SessionFold, options: FoldingOptions): Promise<Folded> {
  const foldElsewhere = options.until === undefined ? options.foldElsewhere : undefined;
  if (foldElsewhere !== undefined) {
    const near = await foldFromKept(fold, options, options.nearBytes ?? defaultNearBytes);
    if (near !== undefined) return near;
    // Twice, as what came meanwhile may belong before what was folded there.
    for (let attempt = 1; attempt <= 2 && options.isCancelled?.() !== true; attempt++) {
      const carried = await foldElsewhere().catch(() => undefined);
      if (carried?.version !== foldVersion) break;
      const start = { snapshot: carried.snapshot, unpack: () => unpackFold(carried.packed) };
      const folded = await foldFrom(fold, start, { ...options, keepEvery: 0 });
      if (typeof folded === 'object') return folded;
    }
  }
  return (await foldFromKept(fold, options))!;
}

/** Undefined when more of the log than `mostBytes` lies behind what is kept. */
async function foldFromKept(fold: SessionFold, options: FoldingOptions, mostBytes = Number.POSITIVE_INFINITY): Promise<Folded | undefined> {
  const session = options.layout.session(options.session);
  const { until, digest } = options;
  for (const kept of await listFolds(session)) {
    if (until !== undefined && compareMarks(kept.mark, until) > 0) continue;
    if (options.isCancelled?.() === true) break;
    const read = await readFold(kept, digest);
    const folded = read === undefined ? 'refused' : await foldFrom(fold, read, options, mostBytes);
    if (typeof folded === 'object') return folded;
    if (folded === 'far') return undefined;
    if (folded === 'refused' && options.keepEvery > 0) await dropFold(kept);
  }
  const walk = (await openLogWalk({ session, digest }))!;
  if (walk.restBytes <= mostBytes) return (await foldOn(fold, walk, options))!;
  await walk.close();
  return undefined;
}

/**
 * `far` when so much lies behind it, `refused` when it is none of the log as it is now, `doubtful` when what came behind it
 * might have been in it. Then `fold` is as it was: empty.
 */
async function foldFrom(
  fold: SessionFold,
  { snapshot, unpack }: ReadFold,
  options: FoldingOptions,
  mostBytes = Number.POSITIVE_INFINITY,
): Promise<Folded | 'far' | 'refused' | 'doubtful'> {
  const walk = await openLogWalk({ session: options.layout.session(options.session), digest: options.digest, from: snapshot });
  if (walk === undefined) return 'refused';
  const data = walk.restBytes <= mostBytes ? await unpack() : 'far';
  if (data === undefined || data === 'far') {
    await walk.close();
    return data ?? 'refused';
  }
  fold.restore(data);
  const folded = await foldOn(fold, walk, options, snapshot);
  if (folded !== undefined) return folded;
  fold.clear();
  return 'doubtful';
}

/** The state right after the event, or that of the whole log. */
export async function readSessionState(options: FoldingOptions): Promise<SessionState> {
  const fold = new SessionFold();
  await foldSession(fold, options);
  return fold.state;
}

/** Who went so far leaves a fold behind. */
const farEvents = 2048;
/** Some seven thousand events, or a tenth of a second. */
const defaultNearBytes = 4 << 20;
const batchEvents = 32;
/** Two pieces may have their turn one behind the other. */
const defaultSliceMs = 0.5;

/** Folds what the walk gives, and closes it. Undefined when it turned out not to go on from where the fold `from` was made. */
async function foldOn(fold: SessionFold, walk: LogWalk, options: FoldingOptions, from?: FoldSnapshot): Promise<Folded | undefined> {
  const { until, keepEvery, digest } = options;
  const session = options.layout.session(options.session);
  const damageBefore = from?.damage ?? [];
  const last: EventId | undefined = until && eventId(until);
  const isLast = last === undefined ? undefined : (event: LoggedEvent): boolean => eventId(event) === last;
  const slice = new TimeSlice(options.sliceMs ?? defaultSliceMs);
  let folded = 0;
  let sinceKept = 0;
  let distance = keepEvery;
  let writing: Promise<void> | undefined;
  /** Only where no event stands behind a newer one is the fold that of all events until there. */
  let isNewest = from !== undefined;
  const snapshot = (): FoldSnapshot | undefined => {
    const mark = fold.state.session.last;
    if (!isNewest || !walk.isWhole || mark === undefined) return undefined;
    return { events: fold.state.counts.events, mark, places: walk.places(), damage: [...damageBefore, ...walk.damage()] };
  };
  const keep = async (): Promise<void> => {
    const kept = snapshot();
    if (kept !== undefined || !walk.isWhole) sinceKept = 0;
    if (kept === undefined) return;
    const packed = await packFold(fold.data).catch(() => undefined);
    if (packed === undefined) return;
    const { sizeBytes: logBytes, givenBytes } = walk;
    const foldedThen = folded;
    // It is compressed and written while the fold goes on.
    await writing;
    writing = keepFold(session, kept, packed, { digest, logBytes }).then((sizeBytes) => {
      if (sizeBytes === undefined || givenBytes === 0) return;
      distance = foldDistance(keepEvery, sizeBytes, { events: (foldedThen * logBytes) / givenBytes, sizeBytes: logBytes });
    });
  };
  try {
    let hasMet = last !== undefined && newestId(fold.state) === last;
    while (!hasMet && options.isCancelled?.() !== true) {
      const count = keepEvery > 0 ? Math.max(1, Math.min(batchEvents, distance - sinceKept)) : batchEvents;
      const events = await walk.next(count, { isLast, slice });
      for (const event of events) {
        fold.add(event);
        if (slice.isSpent) await slice.pause();
      }
      folded += events.length;
      sinceKept += events.length;
      if (walk.isDoubtful) return undefined;
      const newest = events.at(-1);
      if (newest === undefined) break;
      hasMet = isLast?.(newest) === true;
      isNewest = newestId(fold.state) === eventId(newest);
      if (keepEvery > 0 && sinceKept >= distance) await keep();
      if (slice.isSpent) await slice.pause();
    }
    // At the log's end what lies behind the last event counts too.
    const met = last === undefined ? walk.damageMet() : walk.damage();
    if (keepEvery > 0 && sinceKept >= Math.min(farEvents, distance)) await keep();
    return { damage: [...damageBefore, ...met], folded, isThere: last === undefined || hasMet, snapshot: snapshot() };
  } finally {
    await writing;
    await walk.close();
  }
}

function newestId(state: SessionState): EventId | undefined {
  return state.session.last && eventId(state.session.last);
}
