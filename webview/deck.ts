import { Delayer } from '../src/base/delayer.ts';
import { DisposableStore, type Disposable } from '../src/base/disposable.ts';
import { Emitter } from '../src/base/emitter.ts';
import { isInAside, statedByOf } from '../src/core/foldRewind.ts';
import { Timeline } from '../src/core/timeline.ts';
import type { LoggedEvent } from '../src/model/event.ts';
import { openChannel, RequestFailure, type Channel, type ParamsOf, type ResultOf } from '../src/protocol/channel.ts';
import {
  requestTimeoutMs,
  type AsideSpan,
  type DensityData,
  type Entries,
  type EventsDetail,
  type Header,
  type HostNotices,
  type PageRequest,
  type PageRequests,
  type ResumeSize,
  type ResumeText,
  type Snapshot,
} from '../src/protocol/messages.ts';
import type { EditorPort } from './editorPort.ts';
import { Times } from './times.ts';

export type Loading = 'loading' | 'loaded' | 'failed';
type Show = HostNotices['show'];

/**
 * What the page knows of the session. It asks `ready` when it is made and when the host says that another session is shown;
 * until the answer is there nothing pushed is believed. Whoever shows something of it listens to `onDidChange`.
 */
export class Deck implements Disposable {
  readonly #channel: Channel<PageRequests, Record<string, never>>;
  readonly #disposables = new DisposableStore();
  readonly #changed = this.#disposables.add(new Emitter<void>(report));
  readonly #shown = this.#disposables.add(new Emitter<Show>(report));
  readonly #arrived = this.#disposables.add(new Emitter<number>(report));
  readonly #place: 'view' | 'tab';
  readonly #densityLater = this.#disposables.add(new Delayer(() => void this.#loadDensity(), 1000, 3000));
  #early: (() => void)[] = [];
  #generation = 0;

  readonly onDidChange = this.#changed.event;
  readonly onDidShow = this.#shown.event;
  /** How many new events came in while the page was open. */
  readonly onDidArrive = this.#arrived.event;

  times = new Times(undefined, undefined);
  readonly timeline = new Timeline({ dayOf: (at) => this.times.dayKey(at) });
  state: Loading = 'loading';
  /** What went wrong last, in words; shown until dismissed. */
  problem: string | undefined;
  header: Header | undefined;
  /** Files may be changed and entries written: the workspace is trusted. */
  get canChange(): boolean {
    return this.header?.state !== 'untrusted';
  }

  entries: Entries = { decisions: [], blockers: [], notes: [] };
  density: DensityData | undefined;
  resume: ResumeText | undefined;
  /** The prompt is other than it was when it was loaded. */
  isResumeStale = false;
  isLoadingResume = false;
  hasMore = false;
  isLoadingOlder = false;

  constructor(port: EditorPort, place: 'view' | 'tab') {
    this.#place = place;
    this.#channel = this.#disposables.add(
      openChannel<PageRequests, Record<string, never>, Record<string, never>, HostNotices>(port, {
        requests: {},
        notices: {
          header: (header) => this.#soon(() => this.#takeHeader(header)),
          events: ({ session, page }) => this.#soon(() => this.#isShown(session) && this.#takeEvents(page.events, page.authors)),
          authors: ({ session, authors }) => this.#soon(() => this.#isShown(session) && this.timeline.attribute(authors)),
          setAside: ({ session, spans }) => this.#soon(() => this.#isShown(session) && this.#takeAside(spans)),
          entries: (entries) => this.#soon(() => (this.entries = entries)),
          resumeChanged: () => this.#soon(() => (this.isResumeStale = true)),
          sessionChanged: () => void this.load(),
          show: (show) => this.#shown.fire(show),
        },
        timeoutMs: (request) => requestTimeoutMs(request as PageRequest),
        onProblem: report,
      }),
    );
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  /** Asks the host for everything and shows it. */
  async load(): Promise<void> {
    const generation = (this.#generation += 1);
    this.state = this.header === undefined ? 'loading' : this.state;
    try {
      const snapshot = await this.#channel.request('ready', { place: this.#place });
      if (generation !== this.#generation) return;
      this.#takeSnapshot(snapshot);
      this.state = 'loaded';
    } catch (cause) {
      if (generation !== this.#generation) return;
      this.state = 'failed';
      this.problem = messageOf(cause);
    }
    for (const take of this.#early.splice(0)) take();
    this.#changed.fire();
    if (this.state === 'loaded') await this.#loadDensity();
  }

  async loadOlder(): Promise<boolean> {
    const session = this.header?.session;
    const first = this.timeline.oldest;
    if (this.isLoadingOlder || !this.hasMore || session === undefined || first === undefined) return false;
    this.isLoadingOlder = true;
    this.#changed.fire();
    const page = await this.ask('loadOlder', { session, before: { at: first.at, w: first.w, n: first.n }, count: 500 });
    this.isLoadingOlder = false;
    if (page !== undefined && this.#isShown(session)) {
      this.timeline.prepend(page.events);
      this.timeline.attribute(page.authors);
      this.hasMore = page.hasMore && page.events.length > 0;
    }
    this.#changed.fire();
    return page !== undefined;
  }

  async loadResume(size: ResumeSize): Promise<void> {
    if (this.isLoadingResume) return;
    this.isLoadingResume = true;
    this.isResumeStale = false;
    const resume = await this.ask('resume', { size });
    this.isLoadingResume = false;
    if (resume === undefined) return;
    this.resume = resume;
    this.#changed.fire();
  }

  detail(events: readonly string[]): Promise<EventsDetail | undefined> {
    return this.ask('detail', { events });
  }

  /** The words of the row that an event stands in, as far as it is loaded. */
  wordsOf(event: string): string | undefined {
    for (const { heading, rows } of this.timeline.sections()) {
      const row = rows.find(({ events }) => events.includes(event)) ?? (heading?.events.includes(event) === true ? heading : undefined);
      if (row !== undefined) return [row.title, row.failure].filter((word) => word !== undefined).join(' ');
    }
    return undefined;
  }

  /** Asks the host; a failure is shown to the reader, and answered with undefined. */
  async ask<K extends PageRequest>(request: K, params: ParamsOf<PageRequests, K>): Promise<ResultOf<PageRequests, K> | undefined> {
    try {
      return await this.#channel.request(request, params);
    } catch (cause) {
      if (cause instanceof RequestFailure && cause.reason === 'closed') return undefined;
      this.problem = messageOf(cause);
      this.#changed.fire();
      return undefined;
    }
  }

  /** Asks for something to be done, without waiting for it. */
  act<K extends PageRequest>(request: K, params: ParamsOf<PageRequests, K>): void {
    void this.ask(request, params);
  }

  dismissProblem(): void {
    this.problem = undefined;
    this.#changed.fire();
  }

  async #loadDensity(): Promise<void> {
    try {
      this.density = await this.#channel.request('density', { bins: 160 });
      this.#changed.fire();
    } catch {
      // A picture for the eye: without it the list says the same, so nobody is troubled.
      this.density = undefined;
    }
  }

  #isShown(session: string): boolean {
    return this.header?.session === session;
  }

  /** Takes a notice, or keeps it until the snapshot that it continues is there. */
  #soon(take: () => void): void {
    if (this.state === 'loading') {
      this.#early.push(take);
      return;
    }
    take();
    this.#changed.fire();
  }

  #takeSnapshot({ header, page, continues, entries, setAside }: Snapshot): void {
    this.#takeHeader(header);
    if (!continues) this.timeline.clear();
    this.timeline.append(page.events);
    this.timeline.attribute(page.authors);
    this.#takeAside(setAside);
    this.hasMore = page.hasMore;
    this.entries = entries;
    this.problem = undefined;
    this.resume = undefined;
  }

  #takeHeader(header: Header): void {
    if (header.timeZone !== this.header?.timeZone) this.times = new Times(undefined, header.timeZone);
    this.header = header;
  }

  #takeEvents(events: readonly LoggedEvent[], authors: EventsDetail['authors']): void {
    this.timeline.attribute(authors);
    const count = this.timeline.append(events);
    if (count === 0) return;
    this.#arrived.fire(count);
    this.#densityLater.request();
  }

  #takeAside(spans: readonly AsideSpan[]): void {
    this.timeline.setAside((event) => {
      if (spans.length === 0) return false;
      const path = 'path' in event && event.kind.startsWith('file.') ? event.path : undefined;
      const rewind = 'rewind' in event ? event.rewind : undefined;
      const checkpoint = event.kind === 'checkpoint.made' ? event.id : undefined;
      return isInAside(spans, event, { path, rewind, checkpoint, statedBy: statedByOf(event) });
    });
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function report(problem: unknown, cause?: unknown): void {
  // The page's console is the editor's developer tools: where someone who looks for the cause will look.
  // oxlint-disable-next-line no-console
  console.warn('Tapedeck:', problem, cause ?? '');
}
