import { Delayer } from '../base/delayer.ts';
import { DisposableStore, type Disposable } from '../base/disposable.ts';
import { effectiveAuthor } from '../core/fold.ts';
import { packEvents } from '../core/packedEvents.ts';
import { changesProgress } from '../core/progress.ts';
import type { Author } from '../model/author.ts';
import type { LoggedEvent } from '../model/event.ts';
import { eventId, type EventId } from '../model/ids.ts';
import { openChannel, type Channel, type Port, type RequestHandlers } from '../protocol/channel.ts';
import { largestPage, type EventsPage, type HostNotices, type PageRequests, type Snapshot } from '../protocol/messages.ts';
import type { EventCursor, EventPage } from '../store/logReader.ts';
import { diffOfSpan, fileSpans } from '../services/fileDiffs.ts';
import type { SessionFeed } from '../services/sessionFeed.ts';
import type { Actions } from './actions.ts';
import type { Deck } from './deck.ts';
import { readWindow } from './pageWindow.ts';
import { asideOf, entriesOf, headerOf } from './sessionFacts.ts';

const firstPage = 500;
const largestContinuation = 1000;
const largestDetail = 64;
const snapshotTries = 5;

/**
 * Serves one page, for as long as its webview lives. The page pulls; what is pushed here only keeps fresh what it has
 * asked for. Everything that comes from the page is checked: ids must be of events in the log, counts are bounded.
 */
export class PageServer implements Disposable {
  readonly #disposables = new DisposableStore();
  readonly #channel: Channel<Record<never, never>, HostNotices>;
  readonly #deck: () => Deck;
  #listening: DisposableStore | undefined;
  #isReady = false;
  /** The page was told that another session is shown, and has not asked for it yet. */
  #isSwitching = false;
  /** Notices that were not sent because the page had not been answered yet. */
  #missed = 0;
  #pendingShow: HostNotices['show'] | undefined;

  constructor(port: Port, deck: () => Deck, actions: Actions, trace: (message: string) => void) {
    this.#deck = deck;
    this.#channel = this.#disposables.add(
      openChannel<Record<never, never>, HostNotices, PageRequests, Record<never, never>>(port, {
        requests: this.#handlers(actions),
        notices: {},
        onProblem: (problem, cause) => trace(`Page: ${problem} ${cause instanceof Error ? (cause.stack ?? cause.message) : ''}`),
      }),
    );
    this.attach();
  }

  /** Listens to the deck as it is now; called again when it was replaced. */
  attach(): void {
    if (this.#listening !== undefined) this.#disposables.delete(this.#listening);
    const listening = this.#disposables.add(new DisposableStore());
    this.#listening = listening;
    const deck = this.#deck();
    const header = listening.add(new Delayer(() => this.#notify('header', headerOf(deck)), 120, 500));
    let ofFeed = listening.add(new DisposableStore());
    const listen = (): void => {
      listening.delete(ofFeed);
      ofFeed = listening.add(new DisposableStore());
      if (deck.feed !== undefined) this.#follow(deck.feed, ofFeed, () => header.request());
    };
    listening.add(deck.onDidChange(() => header.request()));
    listening.add(
      deck.onDidSwitch(() => {
        listen();
        this.#isSwitching = true;
        this.#notify('sessionChanged', {});
      }),
    );
    listen();
    this.#notify('sessionChanged', {});
  }

  show(target: HostNotices['show']): void {
    if (this.#isReady && !this.#isSwitching) this.#notify('show', target);
    else this.#pendingShow = target;
  }

  #notify<K extends keyof HostNotices & string>(name: K, notice: HostNotices[K]): void {
    if (this.#isReady) this.#channel.notify(name, notice);
    else this.#missed += 1;
  }

  #follow(feed: SessionFeed, disposables: DisposableStore, onHeader: () => void): void {
    const { session, state } = feed;
    const entries = disposables.add(new Delayer(() => this.#notify('entries', entriesOf(state)), 100, 400));
    const resume = disposables.add(new Delayer(() => this.#notify('resumeChanged', {}), 1000, 5000));
    disposables.add(
      feed.onDidAppend((events) => {
        this.#notify('events', { session, page: { events, authors: authorsOf(feed, events) } });
        const found = findings(feed, events);
        if (found !== undefined) this.#notify('authors', { session, authors: found });
        if (events.some(({ kind }) => kind.startsWith('rewind.'))) this.#notify('setAside', { session, spans: asideOf(state) });
        if (events.some(({ kind }) => changesProgress(kind))) entries.request();
        resume.request();
        onHeader();
      }),
    );
    void feed.whenFolded.then(
      () => {
        if (disposables.isDisposed || !this.#isReady) return;
        // The first page was shown before its authors, entries and rewinds were known.
        this.#notify('authors', { session, authors: Object.fromEntries(state.attribution) });
        this.#notify('setAside', { session, spans: asideOf(state) });
        entries.request();
        resume.request();
        onHeader();
      },
      () => onHeader(),
    );
  }

  #handlers(actions: Actions): RequestHandlers<PageRequests> {
    const feed = (): SessionFeed => {
      const current = this.#deck().feed;
      if (current === undefined) throw new Error('There is no session to show.');
      return current;
    };
    return {
      ready: async ({ held }) => {
        // What happens while the snapshot is made can't be told before it, and must not be missing from it.
        this.#isReady = false;
        this.#isSwitching = false;
        let snapshot: Snapshot;
        let tries = 0;
        do {
          this.#missed = 0;
          snapshot = await this.#snapshot(held);
          tries += 1;
        } while (this.#missed > 0 && tries < snapshotTries);
        this.#isReady = true;
        if (this.#missed > 0) setTimeout(() => this.#notify('sessionChanged', {}), 500);
        const show = this.#pendingShow;
        this.#pendingShow = undefined;
        if (show !== undefined) setTimeout(() => this.#notify('show', show), 50);
        return snapshot;
      },
      readEvents: async ({ session, at, count }) => {
        const current = feed();
        if (current.session !== session) throw new Error('Another session is shown by now.');
        const size = Math.min(largestPage, Math.max(1, Math.floor(count)));
        const { events, ...edges } = await readWindow(current.reader, at, size);
        return { lines: packEvents(events), authors: authorsOf(current, events), ...edges };
      },
      detail: async ({ events: ids }) => {
        const current = feed();
        const found = await Promise.all(ids.slice(0, largestDetail).map((id) => current.reader.find(id)));
        const events = found.filter((event) => event !== undefined);
        const read = async (hash: string): Promise<Uint8Array | undefined> => this.#deck().content?.get(hash);
        return {
          events,
          authors: authorsOf(current, events),
          diffs: await Promise.all(fileSpans(events).map((span) => diffOfSpan(span, read))),
        };
      },
      density: async ({ bins }) =>
        feed().density.bins(Math.min(2000, Math.max(10, Math.floor(bins)))) ?? { fromMs: 0, toMs: 1000, lanes: [], marks: [] },
      resume: ({ size }) => actions.resumeText(size),
      sessions: async () => ({ sessions: await actions.sessionItems() }),

      openDiff: ({ events, path }) => actions.openDiff(events, path),
      openFilesAt: ({ event }) => actions.openFilesAt(event),
      openFile: ({ path, line }) => actions.openFile(path, line),
      rewindTo: ({ event }) => actions.rewindTo(event),
      rewindBeforeTurn: ({ events }) => actions.rewindAroundTurn(events, 'before'),
      rewindFile: ({ event, path }) => actions.rewindTo(event, path),
      undoRewind: () => actions.undoRewind(),
      bringBack: ({ events, path }) => actions.bringBack(events, path),
      returnToFuture: ({ event }) => actions.returnToFuture([event]),
      compareLastGreen: () => actions.compareLastGreen(),
      copyResume: ({ size }) => actions.copyResume(size),
      saveResume: ({ size }) => actions.saveResume(size),
      editResume: ({ size }) => actions.editResume(size),
      openAgent: ({ agent }) => actions.openAgent(agent),
      chooseResume: async (change) => {
        const outcome = await actions.chooseResume(change);
        this.#notify('resumeChanged', {});
        return outcome;
      },
      showEvent: async ({ event }) => {
        this.show({ tab: 'timeline', event });
        return { done: true };
      },
      copyText: ({ text }) => actions.copyText(text),
      logDecision: ({ evidence }) => actions.logDecision(evidence),
      logBlocker: ({ evidence }) => actions.logBlocker(evidence),
      addNote: () => actions.addNote(),
      checkpoint: () => actions.checkpoint(),
      confirmDecision: ({ id }) => actions.judgeDecision(id, 'confirmed'),
      rejectDecision: ({ id }) => actions.judgeDecision(id, 'rejected'),
      editDecision: ({ id }) => actions.judgeDecision(id, 'edited'),
      supersedeDecision: ({ id }) => actions.judgeDecision(id, 'superseded'),
      disproveDecision: ({ id }) => actions.judgeDecision(id, 'disproved'),
      exportDecisions: () => actions.exportDecisions(),
      clearBlocker: ({ id }) => actions.clearBlocker(id),
      startSession: () => actions.startSession(),
      endSession: () => actions.endSession(),
      labelSession: () => actions.labelSession(),
      pause: () => actions.pause(),
      resumeRecording: () => actions.continueRecording(),
      openSession: ({ session }) => actions.openSession(session),
      openCurrent: () => actions.openCurrent(),
      openAsTab: () => actions.openTab(),
      openFolder: () => actions.openFolder(),
      findPast: () => actions.findPast(),
      importPast: () => actions.importPast(),
      manageTrust: () => actions.manageTrust(),
      verify: () => actions.verify(),
      revealLog: () => actions.showOutput(),
    };
  }

  async #snapshot(held: PageRequests['ready']['params']['held']): Promise<Snapshot> {
    const deck = this.#deck();
    await deck.follow();
    const feed = deck.feed;
    if (feed === undefined)
      return {
        header: headerOf(deck),
        page: { events: [], authors: {}, hasMore: false },
        continues: false,
        entries: { decisions: [], blockers: [], notes: [] },
        setAside: [],
      };
    const { page, continues } = await newestPage(feed, held?.session === feed.session ? held.newest : undefined);
    return { header: headerOf(deck), page, continues, entries: entriesOf(feed.state), setAside: asideOf(feed.state) };
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}

/** What came after the page's newest event when that is little, else the newest page. */
async function newestPage(feed: SessionFeed, newest: EventCursor | undefined): Promise<{ page: EventsPage; continues: boolean }> {
  if (newest !== undefined) {
    const later = await feed.reader.after(newest, largestContinuation);
    if (!later.hasMore) return { page: toPage(feed, later), continues: true };
  }
  return { page: toPage(feed, await feed.reader.tail(firstPage)), continues: false };
}

const toPage = (feed: SessionFeed, { events, hasMore }: EventPage): EventsPage => ({ events, authors: authorsOf(feed, events), hasMore });

/** The authors that differ from what the events themselves say. */
function authorsOf(feed: SessionFeed, events: readonly LoggedEvent[]): Record<EventId, Author> {
  const authors: Record<EventId, Author> = {};
  for (const event of events) {
    if (event.kind === 'foreign') continue;
    const author = effectiveAuthor(feed.state, event);
    if (author !== event.by) authors[eventId(event)] = author;
  }
  return authors;
}

/** What these events newly say of others' authors. */
function findings(feed: SessionFeed, events: readonly LoggedEvent[]): Record<EventId, Author> | undefined {
  const found: Record<EventId, Author> = {};
  let count = 0;
  for (const event of events) {
    if (event.kind !== 'file.attributed') continue;
    found[event.event] = feed.state.attribution.get(event.event) ?? event.by;
    count += 1;
  }
  return count === 0 ? undefined : found;
}
