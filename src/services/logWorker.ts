import { Worker } from 'node:worker_threads';
import type { Disposable } from '../base/disposable.ts';
import type { Digest } from '../model/digest.ts';
import type { SearchProgress } from '../store/logSearch.ts';
import { LogWork, type LogAnswers, type LogQuestion } from './logWork.ts';
import type { FromWorker, ToWorker } from './logWorkPort.ts';

/**
 * Asks for work on logs, from a thread that must not be held.
 * - The thread begins with the first question and ends when none has come for a while: at rest it costs nothing.
 * - A thread that dies costs nothing but time: what it was asked is asked again. Where threads fail twice, or there are none,
 *   the work is done here, in slices.
 */
export interface LogWorker extends Disposable {
  /** Rejects with the signal's reason when it is stopped, and when it is disposed. */
  ask<Q extends LogQuestion>(question: Q, control?: AskControl): Promise<LogAnswers[Q['ask']]>;
}

export interface AskControl {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: SearchProgress) => void) | undefined;
}

export interface LogWorkerOptions {
  readonly digest: Digest;
  /** The program of the thread; undefined: there is none. */
  readonly program: string | undefined;
  readonly idleMs?: number;
  readonly onTrace?: (message: string) => void;
}

const defaultIdleMs = 60_000;
const maxFailures = 2;
/** Enough for the longest line and what is made of it. */
const maxHeapMb = 1024;

export function openLogWorker(options: LogWorkerOptions): LogWorker {
  return new ThreadedWorker(options);
}

interface Asked {
  readonly question: LogQuestion;
  readonly onProgress: ((progress: SearchProgress) => void) | undefined;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Stops it where it is done here. */
  readonly stop: AbortController;
}

class ThreadedWorker implements LogWorker {
  readonly #options: LogWorkerOptions;
  readonly #asked = new Map<number, Asked>();
  #here: LogWork | undefined;
  #worker: Worker | undefined;
  #failures = 0;
  #lastId = 0;
  #idle: NodeJS.Timeout | undefined;
  #isDisposed = false;

  constructor(options: LogWorkerOptions) {
    this.#options = options;
  }

  ask<Q extends LogQuestion>(question: Q, { signal, onProgress }: AskControl = {}): Promise<LogAnswers[Q['ask']]> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      if (this.#isDisposed) return reject(new Error('Disposed'));
      const id = (this.#lastId += 1);
      const stop = new AbortController();
      const onAbort = (): void => {
        this.#worker?.postMessage({ stop: id } satisfies ToWorker);
        stop.abort();
        settle();
        reject(signal!.reason as Error);
      };
      const settle = (): void => {
        signal?.removeEventListener('abort', onAbort);
        this.#asked.delete(id);
        this.#rest();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#asked.set(id, {
        question,
        onProgress,
        stop,
        resolve: (answer) => {
          settle();
          resolve(answer as LogAnswers[Q['ask']]);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      this.#send(id);
    });
  }

  dispose(): void {
    this.#isDisposed = true;
    for (const asked of [...this.#asked.values()]) {
      asked.stop.abort();
      asked.reject(new Error('Disposed'));
    }
    clearTimeout(this.#idle);
    void this.#worker?.terminate();
    this.#worker = undefined;
  }

  #send(id: number): void {
    clearTimeout(this.#idle);
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    const worker = this.#thread();
    if (worker === undefined) void this.#doHere(id, asked);
    else worker.postMessage({ id, question: asked.question } satisfies ToWorker);
  }

  #thread(): Worker | undefined {
    const { program, onTrace } = this.#options;
    if (this.#worker !== undefined || program === undefined || this.#failures >= maxFailures) return this.#worker;
    try {
      const worker = new Worker(program, { name: 'tapedeck-log', resourceLimits: { maxOldGenerationSizeMb: maxHeapMb } });
      worker.unref();
      worker.on('message', (message: FromWorker) => this.#hear(message));
      // An error is followed by the exit.
      worker.on('error', (error: NodeJS.ErrnoException) => {
        onTrace?.(`The log's worker failed: ${String(error)}`);
        // What needs more memory than a thread may take would take it from everybody here.
        if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') for (const asked of [...this.#asked.values()]) asked.reject(error);
      });
      worker.on('exit', () => this.#lose(worker));
      this.#worker = worker;
    } catch (error) {
      this.#failures = maxFailures;
      onTrace?.(`There is no worker for the log: ${String(error)}`);
    }
    return this.#worker;
  }

  #hear(message: FromWorker): void {
    const asked = this.#asked.get(message.id);
    if (asked === undefined) return;
    if ('progress' in message) asked.onProgress?.(message.progress);
    else if ('answer' in message) asked.resolve(message.answer);
    else asked.reject(new Error(message.failure));
  }

  #lose(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#failures += 1;
    for (const id of [...this.#asked.keys()]) this.#send(id);
  }

  async #doHere(id: number, asked: Asked): Promise<void> {
    this.#here ??= new LogWork({ digest: this.#options.digest, isOwnThread: false });
    try {
      const onProgress = (progress: SearchProgress): void => this.#asked.get(id)?.onProgress?.(progress);
      const answer = await this.#here.do(asked.question, { signal: asked.stop.signal, onProgress });
      this.#asked.get(id)?.resolve(answer);
    } catch (error) {
      this.#asked.get(id)?.reject(error);
    }
  }

  /** Ends the thread when nothing is asked for a while, and gives up what is kept in memory. */
  #rest(): void {
    clearTimeout(this.#idle);
    if (this.#asked.size > 0) return;
    this.#idle = setTimeout(() => {
      const worker = this.#worker;
      this.#worker = undefined;
      this.#here = undefined;
      void worker?.terminate();
    }, this.#options.idleMs ?? defaultIdleMs);
    this.#idle.unref();
  }
}
