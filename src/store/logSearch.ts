import { compareMarks, type EventCursor } from '../core/eventOrder.ts';
import { RepeatMemory } from '../core/repeatMemory.ts';
import type { SearchHit, SearchQuery } from '../core/searchMatch.ts';
import { createNeedle } from '../core/searchNeedle.ts';
import type { Digest } from '../model/digest.ts';
import type { SessionId } from '../model/ids.ts';
import type { TapedeckLayout } from './layout.ts';
import { SearchIndexes } from './searchIndex.ts';
import { listSegments, type SegmentFile } from './segmentFile.ts';
import { SegmentSearch } from './segmentSearch.ts';
import { TimeSlice } from './timeSlice.ts';

/**
 * Searches logs for a text, newest event first: session by session, the newest one first, and in each by the log's one order
 * over all its writers. Exact: every event that a reader hands out and that holds the text is found, with or without indexes.
 * Nothing is written; no file stays open between calls.
 */
export interface LogSearch {
  /**
   * The next hits, at most `count`. Rejects with the signal's reason when it is stopped, and when the sessions cannot be
   * listed; a file that cannot be read is told in the page.
   */
  find(request: SearchRequest): Promise<SearchPage>;
  /** Gives up what is kept in memory. */
  clear(): void;
}

export interface SearchRequest {
  /** The newest first. */
  readonly sessions: readonly SessionId[];
  readonly query: SearchQuery;
  readonly count: number;
  /** The `next` of the page before. */
  readonly from?: SearchCursor | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told now and then, with every hit so far. */
  readonly onProgress?: (progress: SearchProgress) => void;
  readonly progressMs?: number;
}

export interface SearchProgress {
  readonly hits: readonly SearchHit[];
  /** Of the logs that are searched. */
  readonly passedBytes: number;
  readonly totalBytes: number;
}

/** Directly before that event of that session. */
export interface SearchCursor {
  readonly session: SessionId;
  readonly mark: EventCursor;
}

export interface SearchPage extends SearchProgress {
  /** Where the next page begins; undefined when all was looked through. */
  readonly next: SearchCursor | undefined;
  /** What could not be looked into: `<session>/<segment>`. */
  readonly unreadable: readonly string[];
}

export interface LogSearchOptions {
  readonly layout: TapedeckLayout;
  readonly digest: Digest;
  /** It has a thread or a process of its own, and may hold it. */
  readonly isOwnThread?: boolean;
  /** How long it may hold the event loop in one go. */
  readonly sliceMs?: number;
  /** A smaller segment is looked through without its index. */
  readonly minIndexedBytes?: number;
}

const defaultProgressMs = 50;
/** In a thread of its own it stops only to hear whether it should. */
const ownThreadSliceMs = 8;

export function createLogSearch({ layout, digest, isOwnThread = false, sliceMs, minIndexedBytes }: LogSearchOptions): LogSearch {
  const indexes = new SearchIndexes(digest, minIndexedBytes);

  return {
    async find({ sessions, query, count, from, signal, onProgress, progressMs = defaultProgressMs }) {
      const needle = createNeedle(query.text, query.ignoresCase === true);
      const slice = new TimeSlice(sliceMs ?? (isOwnThread ? ownThreadSliceMs : undefined));
      const hits: SearchHit[] = [];
      const unreadable: string[] = [];
      const wanted = from === undefined ? sessions : sessions.slice(Math.max(0, sessions.indexOf(from.session)));
      const found = await Promise.all(wanted.map(async (id) => ({ id, writers: await listSegments(layout.session(id)) })));
      const sizeOf = (writers: Map<string, readonly SegmentFile[]>): number =>
        [...writers.values()].flat().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      const totalBytes = found.reduce((sum, { writers }) => sum + sizeOf(writers), 0);
      let passedBytes = 0;
      let toldAt = performance.now();
      const page = (next: SearchCursor | undefined): SearchPage => ({ hits, passedBytes, totalBytes, next, unreadable });
      if (needle.forms.length === 0) return page(undefined);

      for (const { id, writers } of found) {
        const session = layout.session(id);
        const before = from?.session === id ? from.mark : undefined;
        const searches = [...writers.values()].map(
          (segments) =>
            new WriterSearch(
              segments,
              async (segment, repeats) => {
                const index = await indexes.of(session, segment);
                return new SegmentSearch({
                  session,
                  segment,
                  index,
                  needle,
                  query,
                  before,
                  digest,
                  repeats,
                  isOwnThread,
                  onTooLong: ({ name }) => unreadable.push(`${id}/${name}`),
                });
              },
              ({ name }) => unreadable.push(`${id}/${name}`),
            ),
        );
        try {
          for (;;) {
            const next = nextSearch(searches);
            if (next === undefined) break;
            if (next.hit !== undefined) {
              if (hits.length === count) break;
              hits.push(next.takeHit());
              if (hits.length === count) return page({ session: id, mark: markOf(hits.at(-1)!) });
              continue;
            }
            if (!(await next.step())) searches.splice(searches.indexOf(next), 1);
            if (!slice.isSpent) continue;
            await slice.pause();
            signal?.throwIfAborted();
            const now = performance.now();
            if (onProgress === undefined || now - toldAt < progressMs) continue;
            toldAt = now;
            const underWay = searches.reduce((sum, search) => sum + search.passedBytes, 0);
            const ofGone = sizeOf(writers) - searches.reduce((sum, search) => sum + search.sizeBytes, 0);
            onProgress({ hits: [...hits], passedBytes: passedBytes + underWay + ofGone, totalBytes });
          }
        } finally {
          await Promise.all(searches.map((search) => search.close()));
        }
        signal?.throwIfAborted();
        passedBytes += sizeOf(writers);
      }
      return page(undefined);
    },
    clear: () => indexes.clear(),
  };
}

const markOf = ({ at, w, n }: EventCursor): EventCursor => ({ at, w, n });

/**
 * The one to go on with: whoever may have the newest event that was not told yet. One that does not know yet goes before one
 * whose event is of the same time.
 */
function nextSearch(searches: readonly WriterSearch[]): WriterSearch | undefined {
  let best: WriterSearch | undefined;
  for (const search of searches) {
    if (best === undefined || isNewer(search, best)) best = search;
  }
  return best;
}

function isNewer(a: WriterSearch, b: WriterSearch): boolean {
  if (a.boundMs !== b.boundMs) return a.boundMs > b.boundMs;
  if (a.hit === undefined || b.hit === undefined) return a.hit === undefined && b.hit !== undefined;
  return compareMarks(a.hit, b.hit) > 0;
}

/** One writer's segments, the last one first. */
class WriterSearch {
  readonly sizeBytes: number;
  readonly #waiting: SegmentFile[];
  readonly #open: (segment: SegmentFile, repeats: RepeatMemory) => Promise<SegmentSearch>;
  readonly #onUnreadable: (segment: SegmentFile) => void;
  readonly #repeats = new RepeatMemory();
  #search: SegmentSearch | undefined;
  #segment: SegmentFile | undefined;
  #boundMs = Number.POSITIVE_INFINITY;
  #passedBytes = 0;

  constructor(
    segments: readonly SegmentFile[],
    open: (segment: SegmentFile, repeats: RepeatMemory) => Promise<SegmentSearch>,
    onUnreadable: (segment: SegmentFile) => void,
  ) {
    this.#waiting = [...segments];
    this.sizeBytes = segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    this.#open = open;
    this.#onUnreadable = onUnreadable;
  }

  get hit(): SearchHit | undefined {
    return this.#search?.hit;
  }

  /** The time of its hit, or one that nothing still to come is behind. */
  get boundMs(): number {
    const { hit } = this;
    return hit === undefined ? Math.min(this.#boundMs, this.#search?.boundMs ?? Number.POSITIVE_INFINITY) : Date.parse(hit.at);
  }

  get passedBytes(): number {
    return this.#passedBytes + (this.#search?.passedBytes ?? 0);
  }

  takeHit(): SearchHit {
    return this.#search!.takeHit();
  }

  /** False when there is nothing more to come. */
  async step(): Promise<boolean> {
    try {
      if (this.#search === undefined) {
        this.#segment = this.#waiting.pop();
        if (this.#segment === undefined) return false;
        this.#search = await this.#open(this.#segment, this.#repeats);
        return true;
      }
      if (await this.#search.step()) return true;
    } catch {
      // Gone, locked or not ours to read: said, and gone on with the next.
      this.#onUnreadable(this.#segment!);
      await this.#search?.close();
    }
    // Times only grow over segments too.
    this.#boundMs = Math.min(this.#boundMs, this.#search?.boundMs ?? Number.POSITIVE_INFINITY);
    this.#passedBytes += this.#segment!.sizeBytes;
    this.#search = undefined;
    return this.#waiting.length > 0;
  }

  close(): Promise<void> {
    return this.#search?.close() ?? Promise.resolve();
  }
}
