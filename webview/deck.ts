import { Delayer } from '../src/base/delayer.ts';
import { DisposableStore, type Disposable } from '../src/base/disposable.ts';
import { Emitter } from '../src/base/emitter.ts';
import { isInAside, statedByOf } from '../src/core/foldRewind.ts';
import type { Timeline } from '../src/core/timeline.ts';
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
  type LogCursor,
  type LogPlace,
  type PageRequest,
  type PageRequests,
  type ResumeSize,
  type ResumeText,
  type Snapshot,
} from '../src/protocol/messages.ts';
import type { EditorPort } from './editorPort.ts';
import { EventWindow } from './eventWindow.ts';
import type { Span } from './stripLanes.ts';
import { Times } from './times.ts';

export type Loading = 'loading' | 'loaded' | 'failed';
type Show = HostNotices['show'];

/** Events asked for when the list comes near an end, and around a point that is jumped to: the first rows of it are there soon. */
const nearbyPage = 1000;
const jumpPage = 400;

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
  readonly #window = new EventWindow((at) => this.times.dayKey(at));
  state: Loading = 'loading';
  /** What went wrong last, in words; shown until dismissed. */
  problem: string | undefined;
  header: Header | undefined;
  /** The rows of the stretch of the log that is held. */
  get timeline(): Timeline {
    return this.#window.timeline;
  }

  get hasOlder(): boolean {
    return this.#window.hasOlder;
  }

  /** What is shown is not the newest. */
  get hasNewer(): boolean {
    return this.#window.hasNewer;
  }

  /** Files may be changed and entries written: the workspace is trusted. */
  get canChange(): boolean {
    return this.header?.state !== 'untrusted';
  }

  entries: Entries = { decisions: [], blockers: [], notes: [] };
  density: DensityData | undefined;
  /** When what rewinds of all files set aside happened. */
  asideSpans: readonly Span[] = [];
  resume: ResumeText | undefined;
  /** The prompt is other than it was when it was loaded. */
  isResumeStale = false;
  isLoadingResume = false;
  #reading: symbol | undefined;
  #going: Promise<boolean> | undefined;
  /** What came in since the present reading began. */
  #arriving: LoggedEvent[] = [];
  /** Where to go next. */
  #wanted: LogPlace | undefined;

  constructor(port: EditorPort, place: 'view' | 'tab') {
    this.#place = place;
    this.#channel = this.#disposables.add(
      openChannel<PageRequests, Record<string, never>, Record<string, never>, HostNotices>(port, {
        requests: {},
        notices: {
          header: (header) => this.#soon(() => this.#takeHeader(header)),
          events: ({ session, page }) => this.#soon(() => this.#isShown(session) && this.#takeEvents(page.events, page.authors)),
          authors: ({ session, authors }) => this.#soon(() => this.#isShown(session) && void this.#takeAuthors(authors)),
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

  /** Loads what stands next to the held events, if there is anything; false when there was nothing to load. */
  loadOlder(): Promise<boolean> {
    const before = this.#window.oldest;
    return this.hasOlder && before !== undefined ? this.#read({ before: cursorOf(before) }) : Promise.resolve(false);
  }

  loadNewer(): Promise<boolean> {
    const after = this.#window.newest;
    return this.hasNewer && after !== undefined ? this.#read({ after: cursorOf(after) }) : Promise.resolve(false);
  }

  /** Holds what is around an event or a time instead, or the newest. Of several at once the last counts for all. */
  goTo(place: Exclude<LogPlace, { readonly before: unknown } | { readonly after: unknown }>): Promise<boolean> {
    this.#wanted = place;
    this.#going ??= this.#go();
    return this.#going;
  }

  async #go(): Promise<boolean> {
    let isThere = false;
    try {
      for (let at = this.#wanted; at !== undefined; at = this.#wanted) {
        this.#wanted = undefined;
        // What stood next to the former place is not waited for.
        this.#reading = undefined;
        isThere = await this.#read(at);
      }
    } finally {
      this.#going = undefined;
    }
    return isThere;
  }

  async #read(at: LogPlace): Promise<boolean> {
    const session = this.header?.session;
    if (this.#reading !== undefined || session === undefined) return false;
    const mine = (this.#reading = Symbol('reading'));
    const isOver = (): boolean => this.#reading !== mine || !this.#isShown(session);
    this.#arriving = [];
    try {
      const isNext = 'before' in at || 'after' in at;
      const page = await this.ask('readEvents', { session, at, count: isNext ? nearbyPage : jumpPage });
      if (page === undefined || isOver() || (page.lines.length === 0 && !isNext)) return false;
      const where = 'before' in at ? 'before' : 'after' in at ? 'behind' : 'instead';
      if (!(await this.#window.take(page, where)) || isOver()) return false;
      // What came while the page was on its way may be behind its last event.
      this.#window.append(this.#arriving, {});
      this.#changed.fire();
      return true;
    } finally {
      if (this.#reading === mine) this.#reading = undefined;
    }
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
    this.#takeAside(setAside);
    if (continues) this.#window.append(page.events, page.authors);
    else this.#window.reset(page.events, page.authors, page.hasMore);
    this.entries = entries;
    this.problem = undefined;
    this.resume = undefined;
  }

  #takeHeader(header: Header): void {
    if (header.timeZone !== this.header?.timeZone) this.times = new Times(undefined, header.timeZone);
    this.header = header;
  }

  #takeEvents(events: readonly LoggedEvent[], authors: EventsDetail['authors']): void {
    if (this.#reading !== undefined) this.#arriving.push(...events);
    const count = this.#window.append(events, authors);
    if (count === 0) return;
    this.#arrived.fire(count);
    this.#densityLater.request();
  }

  async #takeAuthors(authors: EventsDetail['authors']): Promise<void> {
    if (await this.#window.attribute(authors)) this.#changed.fire();
  }

  #takeAside(spans: readonly AsideSpan[]): void {
    this.asideSpans = spans
      .filter(({ paths }) => paths === undefined)
      .map(({ from, to }) => ({ fromMs: Date.parse(from.at), toMs: Date.parse(to.at) }));
    this.#window.setAside((event) => {
      if (spans.length === 0) return false;
      const path = 'path' in event && event.kind.startsWith('file.') ? event.path : undefined;
      const rewind = 'rewind' in event ? event.rewind : undefined;
      const checkpoint = event.kind === 'checkpoint.made' ? event.id : undefined;
      return isInAside(spans, event, { path, rewind, checkpoint, statedBy: statedByOf(event) });
    });
  }
}

const cursorOf = ({ at, w, n }: LogCursor): LogCursor => ({ at, w, n });

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function report(problem: unknown, cause?: unknown): void {
  // The page's console is the editor's developer tools: where someone who looks for the cause will look.
  // oxlint-disable-next-line no-console
  console.warn('Tapedeck:', problem, cause ?? '');
}
