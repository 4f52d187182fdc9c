import type { Disposable } from '../base/disposable.ts';
import type { SearchProgress } from '../store/logSearch.ts';
import { movedParts, type LogAnswers, type LogQuestion, type LogWork } from './logWork.ts';

/** What goes to the thread that works. */
export type ToWorker = { readonly id: number; readonly question: LogQuestion } | { readonly stop: number };

/** What comes back: any number of times how far it has come, then one answer. */
export type FromWorker =
  | { readonly id: number; readonly progress: SearchProgress }
  | { readonly id: number; readonly answer: LogAnswers[LogQuestion['ask']] }
  | { readonly id: number; readonly failure: string };

/** One end of the channel between two threads. */
export interface WorkPort {
  /** `moved` is no longer here afterwards. */
  post(message: FromWorker, moved?: readonly ArrayBuffer[]): void;
  onMessage(listener: (message: ToWorker) => void): void;
}

/** Answers questions until it is disposed; then what is under way stops. */
export function serveLogWork(work: LogWork, port: WorkPort): Disposable {
  const underWay = new Map<number, AbortController>();
  const answer = async (id: number, question: LogQuestion): Promise<void> => {
    const stop = new AbortController();
    underWay.set(id, stop);
    try {
      const onProgress = (progress: SearchProgress): void => port.post({ id, progress });
      const found = await work.do(question, { signal: stop.signal, onProgress });
      port.post({ id, answer: found }, movedParts(found));
    } catch (error) {
      port.post({ id, failure: error instanceof Error ? error.message : String(error) });
    } finally {
      underWay.delete(id);
    }
  };
  port.onMessage((message) => {
    if ('stop' in message) underWay.get(message.stop)?.abort();
    else void answer(message.id, message.question);
  });
  return {
    dispose: () => {
      for (const stop of underWay.values()) stop.abort();
    },
  };
}
