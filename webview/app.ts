import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { Delayer } from '../src/base/delayer.ts';
import type { HostNotices, ResumeSize, Tab } from '../src/protocol/messages.ts';
import { Deck } from './deck.ts';
import type { DensityStrip } from './densityStrip.ts';
import type { EditorPort } from './editorPort.ts';
import { emptyView } from './emptyView.ts';
import { blockersTab, decisionsTab } from './entryView.ts';
import { filterName } from './filterBox.ts';
import { bannerView, footerView, headerView } from './headerView.ts';
import { icon } from './icons.ts';
import { loadingView } from './loadingView.ts';
import { readPageState, type PageState } from './pageState.ts';
import { progressTab } from './progressTab.ts';
import { resumeTab } from './resumeTab.ts';
import { tabBar } from './tabBar.ts';
import type { TimelinePane } from './timelinePane.ts';

/** From this width on the detail stands beside the list. */
const wideFrom = 700;

/** The whole page: header, strip, tabs and what the chosen one holds, put together from the deck and from how it is looked at. */
export class App extends LitElement {
  #port: EditorPort | undefined;
  #deck: Deck | undefined;
  #state: PageState = readPageState(undefined);
  #isWide = false;
  #spoken = '';
  #resizing: ResizeObserver | undefined;
  #clock: ReturnType<typeof setInterval> | undefined;
  readonly #saveLater = new Delayer(() => this.#save(), 300, 2000);

  /** Must be called once, before the element is shown. */
  connect(port: EditorPort): void {
    this.#port = port;
    this.#state = readPageState(port.readState());
    const deck = new Deck(port, this.#isTab ? 'tab' : 'view');
    this.#deck = deck;
    deck.onDidChange(() => this.#onChange());
    deck.onDidShow((show) => void this.#onShow(show));
    void deck.load();
  }

  protected override createRenderRoot(): HTMLElement {
    // What the page showed before its script ran.
    this.replaceChildren();
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resizing = new ResizeObserver(([entry]) => {
      const isWide = (entry?.contentRect.width ?? 0) >= wideFrom;
      if (isWide === this.#isWide) return;
      this.#isWide = isWide;
      this.requestUpdate();
    });
    this.#resizing.observe(this);
    this.#clock = setInterval(() => this.requestUpdate(), 30_000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resizing?.disconnect();
    clearInterval(this.#clock);
    this.#deck?.dispose();
    this.#saveLater.dispose();
  }

  get #isTab(): boolean {
    return document.body.dataset['place'] === 'tab';
  }

  get #pane(): TimelinePane | null {
    return this.querySelector<TimelinePane>('tapedeck-timeline');
  }

  protected override render(): TemplateResult {
    const deck = this.#deck;
    if (deck === undefined) return html``;
    return html`<div class="app ${this.#isWide ? 'wide' : 'narrow'} ${this.#isTab ? 'in-tab' : 'in-view'}">
      <main>${this.#body(deck)}</main>
      <div class="spoken" role="status" aria-live="polite">${this.#spoken}</div>
    </div>`;
  }

  #body(deck: Deck): TemplateResult {
    const { header } = deck;
    if (header === undefined) {
      if (deck.state === 'failed')
        return html`<div class="welcome">
          <h1>The timeline could not be loaded</h1>
          <p>${deck.problem}</p>
          <vscode-button @click=${() => void deck.load()}>Try Again</vscode-button>
          <vscode-button appearance="secondary" @click=${() => deck.act('revealLog', {})}>Show Output</vscode-button>
        </div>`;
      return loadingView();
    }
    if (header.session === undefined) return html`${this.#problem(deck)}${emptyView(deck, header)}`;
    const nowMs = Date.now();
    return html`${headerView(deck, header, nowMs, this.#isTab && this.#isWide)} ${bannerView(deck, header)} ${this.#problem(deck)}
      <tapedeck-strip
        .times=${deck.times}
        .data=${deck.density}
        .isLive=${header.state === 'recording' || header.state === 'degraded'}
        .aside=${deck.asideSpans}
        .canShowFiles=${deck.canChange}
        @files=${(event: CustomEvent<number>) => this.#pane?.filesAt(event.detail)}
        @seek=${(event: CustomEvent<number>) => void this.#seek(event.detail)}
      ></tapedeck-strip>
      ${tabBar(deck.entries, this.#state.tab, (tab, withFocus) => this.#choose(tab, withFocus))}
      <div class="panel" role="tabpanel" id="panel" aria-labelledby=${`tab-${this.#state.tab}`}>${this.#panel(deck)}</div>
      ${footerView(deck, header, (event) => void this.#reveal(event))}`;
  }

  #problem(deck: Deck): TemplateResult | typeof nothing {
    if (deck.problem === undefined) return nothing;
    return html`<div class="banner error" role="alert">
      ${icon('error')}<span class="banner-text">${deck.problem}</span>
      <button type="button" class="icon-button" title="Dismiss" aria-label="Dismiss" @click=${() => deck.dismissProblem()}>
        ${icon('close')}
      </button>
    </div>`;
  }

  #panel(deck: Deck): TemplateResult {
    const reveal = (event: string): void => void this.#reveal(event);
    switch (this.#state.tab) {
      case 'decisions':
        return html`<div class="scroll">${decisionsTab(deck, reveal)}</div>`;
      case 'blockers':
        return html`<div class="scroll">${blockersTab(deck, reveal)}</div>`;
      case 'progress':
        return html`<div class="scroll">${progressTab(deck, reveal)}</div>`;
      case 'resume':
        return html`<div class="scroll">${resumeTab(deck, this.#state.size, (size) => this.#size(size))}</div>`;
      case 'timeline':
        return html`<tapedeck-timeline
          .state=${this.#state}
          .deck=${deck}
          .isWide=${this.#isWide}
          @remember=${(event: CustomEvent<Partial<PageState>>) => this.#remember(event.detail)}
          @say=${(event: CustomEvent<string>) => {
            this.#spoken = event.detail;
            this.requestUpdate();
          }}
          @moved=${() => {
            this.#saveLater.request();
            this.#markStrip();
          }}
        ></tapedeck-timeline>`;
    }
  }

  protected override updated(): void {
    // The toolkit's text field names itself after what is slotted into it, so its name is put right once it is there.
    const filter = this.querySelector('.filter-text');
    if (filter !== null && filter.getAttribute('aria-label') !== filterName) filter.setAttribute('aria-label', filterName);
    this.#pane?.requestUpdate();
  }

  #onChange(): void {
    if (this.#state.tab === 'resume' && this.#deck?.state === 'loaded') this.#needResume(this.#deck);
    this.requestUpdate();
  }

  async #focusSoon(selector: string): Promise<void> {
    await this.updateComplete;
    this.querySelector<HTMLElement>(selector)?.focus();
  }

  async #onShow({ tab, event, ms, focusFilter }: HostNotices['show']): Promise<void> {
    if (tab !== undefined) this.#choose(tab);
    if (event !== undefined) await this.#reveal(event);
    if (ms !== undefined) await this.#seek(ms);
    if (focusFilter !== true) return;
    this.#choose('timeline');
    await this.#focusSoon('.filter-text');
  }

  #markStrip(): void {
    const strip = this.querySelector<DensityStrip>('tapedeck-strip');
    if (strip !== null) strip.atMs = this.#pane?.readingMs;
  }

  async #seek(ms: number): Promise<void> {
    this.#choose('timeline');
    await this.updateComplete;
    await this.#pane?.seek(ms);
  }

  async #reveal(event: string): Promise<void> {
    this.#choose('timeline');
    await this.updateComplete;
    await this.#pane?.reveal(event);
  }

  #choose(tab: Tab, withFocus = false): void {
    this.#remember({ tab });
    if (withFocus) void this.#focusSoon(`#tab-${tab}`);
    if (tab === 'resume' && this.#deck !== undefined) this.#needResume(this.#deck);
  }

  #size(size: ResumeSize): void {
    this.#remember({ size });
    if (this.#deck !== undefined) this.#needResume(this.#deck);
  }

  #needResume(deck: Deck): void {
    if (deck.resume === undefined ? !deck.isLoadingResume : deck.resume.size !== this.#state.size || deck.isResumeStale)
      void deck.loadResume(this.#state.size);
  }

  #remember(change: Partial<PageState>): void {
    this.#state = { ...this.#state, ...change };
    this.#saveLater.request();
    this.requestUpdate();
  }

  #save(): void {
    this.#state = { ...this.#state, session: this.#deck?.header?.session, ...this.#pane?.kept };
    this.#port?.writeState(this.#state);
  }
}
