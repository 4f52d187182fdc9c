import { compareMarks } from '../core/eventOrder.ts';
import type { Digest } from '../model/digest.ts';
import type { LoggedEvent } from '../model/event.ts';
import type { EventMark } from '../model/sessionState.ts';
import { ChunkPool } from './chunkPool.ts';
import type { SessionLayout } from './layout.ts';
import { listSegments } from './segmentFile.ts';
import type { TimeSlice } from './timeSlice.ts';
import type { Damage } from './writerStream.ts';
import { bytesOf, WriterWalk, type WriterPlace } from './writerWalk.ts';

/**
 * Goes through a session's log from the beginning, or from where another walk stood, in the session's order. It gives the
 * events that a log reader gives, and says after each batch where each writer's file was left.
 *
 * K1 A walk that goes on from places gives what the walk that they are from gave, or it gives nothing: it is refused when
 *    a file before its place is not what it was, or when an event that was not walked over belongs before `mark`.
 * K2 What it cannot know to be so on the way ends it: `isDoubtful`.
 */
export interface LogWalk {
  /**
   * The next events, at most `count`, none behind the one that `isLast` picks, and no more than there is time for, but one.
   * Empty at the end, and once it is doubtful.
   */
  next(
    count: number,
    options?: { readonly isLast?: ((event: LoggedEvent) => boolean) | undefined; readonly slice?: TimeSlice },
  ): Promise<readonly LoggedEvent[]>;
  /** Where each writer stands after the events that were given. */
  places(): readonly WriterPlace[];
  /** What could not be read, of all that lies before the places. */
  damage(): readonly Damage[];
  /** What could not be read of all that was walked over, what lies behind the last event too. An end that may still be written to is not told. */
  damageMet(): readonly Damage[];
  /** What lies before the places could be read, so that they stand for it. */
  readonly isWhole: boolean;
  /** A line was met that may have been walked over before the place from which this walk went on. */
  readonly isDoubtful: boolean;
  /** Of all segments as they were found, of what of them lies behind the places, and of the lines that were given. */
  readonly sizeBytes: number;
  readonly restBytes: number;
  readonly givenBytes: number;
  close(): Promise<void>;
}

/** Undefined when it cannot go on from there; see K1. */
export async function openLogWalk(options: {
  readonly session: SessionLayout;
  readonly digest: Digest;
  readonly from?: { readonly places: readonly WriterPlace[]; readonly mark: EventMark } | undefined;
}): Promise<LogWalk | undefined> {
  const { session, digest, from } = options;
  const writers = await listSegments(session);
  const known = new Map(from?.places.map((place) => [place.writer, place]));
  for (const writer of known.keys()) if (!writers.has(writer)) return undefined;
  const pool = new ChunkPool();
  const walks = [...writers].map(([writer, segments]) => new WriterWalk(segments, known.get(writer), { digest, pool }));
  const close = async (): Promise<void> => {
    await Promise.all(walks.map((walk) => walk.close()));
  };
  try {
    const isTrue = await Promise.all(walks.map((walk) => walk.isWhereItWas()));
    await Promise.all(walks.map((walk) => walk.fill()));
    const isLate = walks.some(
      ({ head, isDoubtful }) => isDoubtful || (head !== undefined && from !== undefined && compareMarks(head, from.mark) <= 0),
    );
    if (isTrue.includes(false) || isLate) {
      await close();
      return undefined;
    }
  } catch (error) {
    await close();
    throw error;
  }
  return new SessionWalk(walks, bytesOf([...writers.values()].flat()));
}

const batchBytes = 1 << 20;

/** A class, as an object with getters of its own is remembered with all that it holds until the whole heap is collected. */
class SessionWalk implements LogWalk {
  readonly sizeBytes: number;
  givenBytes = 0;
  readonly #walks: readonly WriterWalk[];
  readonly #open: WriterWalk[];

  constructor(walks: readonly WriterWalk[], sizeBytes: number) {
    this.sizeBytes = sizeBytes;
    this.#walks = walks;
    this.#open = walks.filter(({ head }) => head !== undefined);
  }

  async next(count: number, { isLast, slice }: Parameters<LogWalk['next']>[1] = {}): Promise<readonly LoggedEvent[]> {
    const open = this.#open;
    const events: LoggedEvent[] = [];
    let bytes = 0;
    while (events.length < count && bytes < batchBytes) {
      let best: WriterWalk | undefined;
      for (const walk of open) if (best === undefined || compareMarks(walk.head!, best.head!) < 0) best = walk;
      if (best === undefined || best.isDoubtful) break;
      const event = best.head!;
      bytes += best.headBytes;
      this.givenBytes += best.headBytes;
      events.push(event);
      best.take();
      if (!best.advance() && !(await best.fill())) open.splice(open.indexOf(best), 1);
      if (best.isDoubtful || isLast?.(event) === true || slice?.isSpent === true) break;
    }
    return events;
  }

  places(): readonly WriterPlace[] {
    return this.#walks.map((walk) => walk.place).filter((place) => place !== undefined);
  }

  damage(): readonly Damage[] {
    return this.#walks.flatMap((walk) => walk.damageBefore());
  }

  damageMet(): readonly Damage[] {
    return this.#walks.flatMap((walk) => walk.damageMet());
  }

  get isWhole(): boolean {
    return this.#walks.every(({ isWhole }) => isWhole);
  }

  get isDoubtful(): boolean {
    return this.#walks.some(({ isDoubtful }) => isDoubtful);
  }

  get restBytes(): number {
    return this.#walks.reduce((sum, walk) => sum + walk.restBytes, 0);
  }

  async close(): Promise<void> {
    await Promise.all(this.#walks.map((walk) => walk.close()));
  }
}
