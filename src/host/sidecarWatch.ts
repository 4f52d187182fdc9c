import { Delayer } from '../base/delayer.ts';
import { DisposableStore, type Disposable } from '../base/disposable.ts';
import type { LogWorker } from '../services/logWorker.ts';
import type { Deck } from './deck.ts';

/** Behind the start of the window, which has enough to do. */
const firstMs = 10_000;
/** While events come; a segment takes far longer to fill. */
const againMs = 60_000;

/** Has the deck's logs seen to, a while after it was opened and while it is written to. */
export function watchSidecars(deck: Deck, worker: LogWorker, trace: (message: string) => void): Disposable {
  const disposables = new DisposableStore();
  const { layout, mode } = deck;
  if (layout === undefined || mode !== 'recorder') return disposables;
  const stop = new AbortController();
  disposables.add({ dispose: () => stop.abort() });
  const keep = (isAll: boolean): void => {
    const session = deck.feed?.session;
    if (!isAll && session === undefined) return;
    worker
      .ask({ ask: 'keep', root: layout.root, ...(isAll || session === undefined ? {} : { session }) }, { signal: stop.signal })
      .catch((error: unknown) => stop.signal.aborted || trace(`Sidecars: ${String(error)}`));
  };
  const first = setTimeout(() => keep(true), firstMs);
  disposables.add({ dispose: () => clearTimeout(first) });
  const soon = disposables.add(new Delayer(() => keep(false), againMs, againMs));
  disposables.add(deck.onDidAppend(() => soon.request()));
  return disposables;
}
