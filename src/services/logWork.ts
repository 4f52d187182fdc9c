import { assertNever } from '../base/assertNever.ts';
import type { SearchQuery } from '../core/searchMatch.ts';
import { foldVersion, SessionFold } from '../core/sessionFold.ts';
import type { Digest } from '../model/digest.ts';
import type { SessionId } from '../model/ids.ts';
import { packFold } from '../store/foldSnapshot.ts';
import { tapedeckLayout } from '../store/layout.ts';
import { lineIndexRecipe } from '../store/lineIndexRecipe.ts';
import { createLogSearch, type LogSearch, type SearchCursor, type SearchPage, type SearchProgress } from '../store/logSearch.ts';
import { recallRecipe } from '../store/recallRecipe.ts';
import { searchIndexRecipe } from '../store/searchIndex.ts';
import { listSessionIds } from '../store/sessionCard.ts';
import { keepSidecars, type KeptReport } from '../store/sidecarKeeper.ts';
import { foldSession, type CarriedFold } from './sessionFolding.ts';

/** Work on logs that takes a while, done in a thread of its own where there is one. Each question gets one answer. */
export type LogQuestion = SearchQuestion | KeepQuestion | FoldQuestion;

export interface SearchQuestion {
  readonly ask: 'search';
  /** The root of the logs. */
  readonly root: string;
  /** All of them when absent. */
  readonly sessions?: readonly SessionId[];
  readonly query: SearchQuery;
  readonly count: number;
  readonly from?: SearchCursor;
}

/** Sees to the sidecars of that session, or of all; only in a thread of its own. */
export interface KeepQuestion {
  readonly ask: 'keep';
  readonly root: string;
  readonly session?: SessionId;
}

/** Folds that session to its log's end; only in a thread of its own. */
export interface FoldQuestion {
  readonly ask: 'fold';
  readonly root: string;
  readonly session: SessionId;
  /** Keeps a fold every so many events; 0: nothing is written. */
  readonly keepEvery: number;
  /** The fold itself is asked for too. */
  readonly isWanted: boolean;
}

export interface FoldAnswer {
  /** False where no thread is. */
  readonly isDone: boolean;
  /** Absent when it was not wanted, and when nothing can go on from it. */
  readonly carried?: CarriedFold;
}

export interface LogAnswers {
  readonly search: SearchPage;
  readonly keep: readonly KeptReport[];
  readonly fold: FoldAnswer;
}

/** What of an answer goes to the other thread rather than being copied. */
export function movedParts(answer: LogAnswers[LogQuestion['ask']]): ArrayBuffer[] {
  return 'carried' in answer && answer.carried !== undefined ? [answer.carried.packed.buffer] : [];
}

export interface LogWorkOptions {
  readonly digest: Digest;
  /** In a thread of its own it may hold that thread; else it works in slices of two milliseconds. */
  readonly isOwnThread: boolean;
}

export interface WorkControl {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: SearchProgress) => void;
}

/** Beside others' work it holds the event loop no longer than this in one go. */
const guestSliceMs = 1;
/** In its own thread it listens so often whether to stop. */
const ownSliceMs = 8;
/** Nobody waits for sidecars: half of the time is left to others. */
const keepShare = 0.5;

export class LogWork {
  readonly #options: LogWorkOptions;
  /** By root. */
  readonly #searches = new Map<string, LogSearch>();

  constructor(options: LogWorkOptions) {
    this.#options = options;
  }

  async do<Q extends LogQuestion>(question: Q, control: WorkControl): Promise<LogAnswers[Q['ask']]> {
    return (await this.#answer(question, control)) as LogAnswers[Q['ask']];
  }

  #answer(question: LogQuestion, control: WorkControl): Promise<LogAnswers[LogQuestion['ask']]> {
    switch (question.ask) {
      case 'search':
        return this.#search(question, control);
      case 'keep':
        return this.#keep(question, control);
      case 'fold':
        return this.#fold(question, control);
      default:
        return assertNever(question);
    }
  }

  async #search({ root, sessions, query, count, from }: SearchQuestion, { signal, onProgress }: WorkControl): Promise<SearchPage> {
    const { digest, isOwnThread } = this.#options;
    const layout = tapedeckLayout(root);
    let search = this.#searches.get(root);
    if (search === undefined) {
      search = createLogSearch({ layout, digest, isOwnThread, sliceMs: isOwnThread ? ownSliceMs : guestSliceMs });
      this.#searches.set(root, search);
    }
    const wanted = sessions ?? (await listSessionIds(layout)).toReversed();
    return search.find({ sessions: wanted, query, count, from, signal, ...(onProgress && { onProgress }) });
  }

  async #keep({ root, session }: KeepQuestion, { signal }: WorkControl): Promise<readonly KeptReport[]> {
    const { digest, isOwnThread } = this.#options;
    // Putting an index together takes a tenth of a second in one go; a guest does without.
    if (!isOwnThread) return [];
    const layout = tapedeckLayout(root);
    const reports: KeptReport[] = [];
    for (const id of session === undefined ? (await listSessionIds(layout)).toReversed() : [session]) {
      if (signal.aborted) break;
      reports.push(
        await keepSidecars({
          session: layout.session(id),
          recipes: sidecarRecipes,
          digest,
          signal,
          sliceMs: ownSliceMs,
          share: keepShare,
        }),
      );
    }
    return reports;
  }

  async #fold({ root, session, keepEvery, isWanted }: FoldQuestion, { signal }: WorkControl): Promise<FoldAnswer> {
    const { digest, isOwnThread } = this.#options;
    // A guest could not do it better than who asks.
    if (!isOwnThread) return { isDone: false };
    const fold = new SessionFold();
    const { snapshot } = await foldSession(fold, {
      layout: tapedeckLayout(root),
      session,
      digest,
      keepEvery,
      isCancelled: () => signal.aborted,
      sliceMs: ownSliceMs,
    });
    if (!isWanted || snapshot === undefined || signal.aborted) return { isDone: true };
    return { isDone: true, carried: { version: foldVersion, snapshot, packed: await packFold(fold.data) } };
  }
}

/** Every kind of sidecar that is made here, in one pass over a segment. */
const sidecarRecipes = [lineIndexRecipe, searchIndexRecipe, recallRecipe];
