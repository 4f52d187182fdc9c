import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { Delayer } from '../src/base/delayer.ts';
import type { TimelineSection } from '../src/core/timeline.ts';
import { filterSections, parseFilter } from '../src/core/timelineFilter.ts';
import type { TimelineRow } from '../src/core/timelineRow.ts';
import { counted } from '../src/core/timelineWords.ts';
import type { HostNotices, ResumeSize, Tab } from '../src/protocol/messages.ts';
import { Deck } from './deck.ts';
import type { DensityStrip } from './densityStrip.ts';
import { detailPane } from './detailPane.ts';
import type { EditorPort } from './editorPort.ts';
import { emptyView } from './emptyView.ts';
import { blockersTab, decisionsTab } from './entryView.ts';
import { filterBox, filterName } from './filterBox.ts';
import { bannerView, footerView, headerView } from './headerView.ts';
import { icon } from './icons.ts';
import { listItems, type ListItem, type RowItem } from './listItems.ts';
import { readPageState, type PageState } from './pageState.ts';
import { resumeTab } from './resumeTab.ts';
import { actOnRow } from './rowActions.ts';
import { RowDetail } from './rowDetail.ts';
import { sash } from './sash.ts';
import { tabBar } from './tabBar.ts';
import type { ListAsk, ListChoice, TimelineList } from './timelineList.ts';
import { findRow, loadBackTo, newestKey, rowAt } from './wayfinder.ts';

/** From this width on the detail stands beside the list. */
const wideFrom = 700;

/** The whole page: header, tabs, list and detail, put together from the deck and from how it is looked at. */
export class App extends LitElement {
  #port: EditorPort | undefined;
  #deck: Deck | undefined;
  #state: PageState = readPageState(undefined);
  #closed = new Set<string>();
  #open = new Set<string>();
  #isFilterOpen = false;
  #isWide = false;
  #waiting = 0;
  #spoken = '';
  #isRestored = false;
  #isPaneOpen = false;
  #folded: { readonly from: readonly TimelineSection[]; readonly key: string; readonly items: readonly ListItem[] } | undefined;
  readonly #detail = new RowDetail();
  #resizing: ResizeObserver | undefined;
  #clock: ReturnType<typeof setInterval> | undefined;
  readonly #saveLater = new Delayer(() => this.#save(), 300, 2000);
  readonly #speakLater = new Delayer(() => this.#speak(), 2000, 8000);
  readonly #paneLater = new Delayer(() => this.#openPane(), 320);
  readonly #detailLater = new Delayer(() => void this.#refreshDetail(), 800, 3000);

  /** Must be called once, before the element is shown. */
  connect(port: EditorPort): void {
    this.#port = port;
    this.#state = readPageState(port.readState());
    this.#closed = new Set(this.#state.closed);
    this.#open = new Set(this.#state.open);
    const deck = new Deck(port, this.#isTab ? 'tab' : 'view');
    this.#deck = deck;
    deck.onDidChange(() => this.#onChange());
    deck.onDidArrive((count) => void this.#onArrive(count));
    deck.onDidShow((show) => void this.#onShow(show));
    void deck.load();
  }

  protected override createRenderRoot(): HTMLElement {
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
    for (const delayer of [this.#saveLater, this.#speakLater, this.#paneLater, this.#detailLater]) delayer.dispose();
  }

  get #isTab(): boolean {
    return document.body.dataset['place'] === 'tab';
  }

  get #list(): TimelineList | null {
    return this.querySelector<TimelineList>('tapedeck-list');
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
      return html`<div class="welcome"><vscode-progress-ring aria-label="Loading the timeline"></vscode-progress-ring></div>`;
    }
    if (header.session === undefined) return html`${this.#problem(deck)}${emptyView(deck, header)}`;
    const nowMs = Date.now();
    return html`${headerView(deck, header, nowMs, this.#isTab && this.#isWide)} ${bannerView(deck, header)} ${this.#problem(deck)}
      <tapedeck-strip
        .times=${deck.times}
        .data=${deck.density}
        .isLive=${header.state === 'recording' || header.state === 'degraded'}
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
      case 'resume':
        return html`<div class="scroll">${resumeTab(deck, this.#state.size, (size) => this.#size(size))}</div>`;
      case 'timeline':
        return this.#timeline(deck);
    }
  }

  #timeline(deck: Deck): TemplateResult {
    const items = this.#items(deck);
    const active = this.#isWide || this.#isPaneOpen ? this.#activeRow(items) : undefined;
    const share = `${Math.round(this.#state.split * 100)}%`;
    return html`<div
      class="split"
      style=${active === undefined && !this.#isWide ? '' : this.#isWide ? `grid-template-columns:minmax(0,1fr) 1px ${share}` : `grid-template-rows:minmax(0,1fr) 1px ${share}`}
    >
      <div class="list-side">
        ${filterBox({
          text: this.#state.filter,
          isOpen: this.#isFilterOpen,
          change: (filter) => void this.#filter(filter),
          toggle: () => {
            this.#isFilterOpen = !this.#isFilterOpen;
            this.requestUpdate();
          },
          collapse: () => this.#collapseAll(deck),
        })}
        <div class="list-frame">
          <tapedeck-list
            .items=${items}
            .times=${deck.times}
            .nowMs=${Date.now()}
            .lastGreen=${deck.header?.lastGreen?.event}
            .undoableRewind=${deck.header?.undoableRewind}
            .canRewind=${deck.canChange}
            .hasMore=${deck.hasMore}
            .emptyText=${this.#state.filter === '' ? 'Nothing has happened in this session yet. Edit a file, run a command, or let an agent work in the terminal.' : 'Nothing matches the filter.'}
            @choose=${(event: CustomEvent<ListChoice>) => this.#onChoose(event.detail)}
            @ask=${(event: CustomEvent<ListAsk>) => this.#onAsk(event.detail)}
            @need-older=${() => void deck.loadOlder()}
            @moved=${() => this.#onMoved()}
          ></tapedeck-list>
          ${
            this.#waiting > 0
              ? html`<button type="button" class="pill" @click=${() => this.#showNewest()}>
                  ${icon('arrow-up')} ${this.#waiting} new
                </button>`
              : nothing
          }
        </div>
      </div>
      ${active === undefined && !this.#isWide ? nothing : sash(this.#isWide, this.#state.split, (split) => this.#remember({ split }))}
      ${
        active === undefined
          ? this.#isWide
            ? html`<div class="detail"><p class="hint detail-none">Choose a row to see what it is made of.</p></div>`
            : nothing
          : html`<div
              class="detail"
              role="region"
              aria-label="Details"
              @keydown=${(event: KeyboardEvent) => event.key === 'Escape' && void this.#closeDetail()}
            >
              ${detailPane(deck, active, this.#detail.of(active), {
                close: () => void this.#closeDetail(),
                reveal: (event) => void this.#reveal(event),
                act: (request) => actOnRow(deck, active, request),
              })}
            </div>`
      }
    </div>`;
  }

  protected override updated(): void {
    // The toolkit's text field names itself after what is slotted into it, so its name is put right once it is there.
    const filter = this.querySelector('.filter-text');
    if (filter !== null && filter.getAttribute('aria-label') !== filterName) filter.setAttribute('aria-label', filterName);
    const list = this.#list;
    if (list === null || this.#deck?.state !== 'loaded') return;
    list.requestUpdate();
    if (!this.#isRestored && this.#deck.header !== undefined) {
      this.#isRestored = true;
      const { session, place, active } = this.#state;
      if (session === this.#deck.header.session) {
        if (active !== undefined && list.items.some(({ key }) => key === active)) list.choose(active);
        if (place !== undefined) list.scrollToPlace(place);
      }
    }
    this.#markStrip();
  }

  #items(deck: Deck): readonly ListItem[] {
    const sections = deck.timeline.sections();
    const key = `${this.#state.filter}\n${[...this.#closed].join()}\n${[...this.#open].join()}`;
    const known = this.#folded;
    if (known !== undefined && known.key === key && isSame(known.from, sections)) return known.items;
    const filter = parseFilter(this.#state.filter);
    const items = listItems(filterSections(sections, filter), this.#closed, this.#open, !filter.isEmpty);
    this.#folded = { from: sections, key, items };
    return items;
  }

  #activeRow(items: readonly ListItem[]): TimelineRow | undefined {
    const { active } = this.#state;
    const item = active === undefined ? undefined : items.find(({ key }) => key === active);
    return item?.type === 'row' ? item.row : undefined;
  }

  #onChange(): void {
    const { session } = this.#state;
    const shown = this.#deck?.header?.session;
    if (this.#isRestored && session !== shown) {
      this.#waiting = 0;
      this.#detail.clear();
      this.#remember({ active: undefined, place: undefined, session: shown });
    }
    if (this.#state.tab === 'resume' && this.#deck?.state === 'loaded') this.#needResume(this.#deck);
    const row = this.#deck === undefined || this.#state.active === undefined ? undefined : this.#activeRow(this.#items(this.#deck));
    if (row !== undefined && this.#detail.isBehind(row)) this.#detailLater.request();
    this.requestUpdate();
  }

  async #focusSoon(selector: string): Promise<void> {
    await this.updateComplete;
    this.querySelector<HTMLElement>(selector)?.focus();
  }

  async #onArrive(count: number): Promise<void> {
    await this.updateComplete;
    const newest = newestKey(this.#list?.items ?? []);
    if (newest !== undefined && this.#list?.isInSight(newest) === true) return;
    this.#waiting += count;
    this.#speakLater.request();
    this.requestUpdate();
  }

  #speak(): void {
    if (this.#waiting > 0) this.#spoken = counted(this.#waiting, 'new event');
    this.requestUpdate();
  }

  async #onShow({ tab, event, focusFilter }: HostNotices['show']): Promise<void> {
    if (tab !== undefined) this.#choose(tab);
    if (event !== undefined) await this.#reveal(event);
    if (focusFilter !== true) return;
    this.#choose('timeline');
    await this.#focusSoon('.filter-text');
  }

  #onChoose({ item, by }: ListChoice): void {
    this.#remember({ active: item?.key });
    if (item === undefined) {
      this.#isPaneOpen = false;
      this.#detail.clear();
    } else {
      // A pane that opened under a click would take the second one of a double click.
      if (by === 'pointer' && !this.#isWide && !this.#isPaneOpen) this.#paneLater.request();
      else this.#isPaneOpen = true;
      void this.#refreshDetail();
    }
    this.requestUpdate();
  }

  #openPane(): void {
    this.#isPaneOpen = this.#state.active !== undefined;
    this.requestUpdate();
    void this.#keepInSight();
  }

  async #keepInSight(): Promise<void> {
    await this.updateComplete;
    const { active } = this.#state;
    if (active !== undefined) this.#list?.choose(active);
  }

  async #refreshDetail(): Promise<void> {
    const deck = this.#deck;
    if (deck === undefined) return;
    const row = this.#activeRow(this.#items(deck));
    if (row === undefined) return;
    if (await this.#detail.load(deck, row)) this.requestUpdate();
  }

  #onAsk({ item, action }: ListAsk): void {
    const deck = this.#deck;
    const { row } = item;
    if (deck === undefined) return;
    if (action === 'toggle') this.#toggle(item);
    else if (action !== 'open') actOnRow(deck, row, action);
    else if (row.hasDiff && row.kind !== 'turn') actOnRow(deck, row, 'diff');
    else if (item.isExpanded !== undefined) this.#toggle(item);
  }

  #toggle(item: RowItem): void {
    const set = item.row.kind === 'turn' ? this.#closed : this.#open;
    const isIn = set.has(item.key);
    if (isIn) set.delete(item.key);
    else set.add(item.key);
    this.#remember({});
  }

  #collapseAll(deck: Deck): void {
    const keys = deck.timeline.sections().flatMap(({ heading, key }) => (heading === undefined ? [] : [key]));
    const isAllClosed = keys.every((key) => this.#closed.has(key));
    this.#closed = new Set(isAllClosed ? [] : keys);
    this.#open.clear();
    this.#remember({});
  }

  async #closeDetail(): Promise<void> {
    const { active } = this.#state;
    const list = this.#list;
    list?.choose(undefined);
    await this.updateComplete;
    if (active !== undefined) list?.querySelector<HTMLElement>(`[data-key="${CSS.escape(active)}"]`)?.focus();
  }

  #onMoved(): void {
    this.#saveLater.request();
    this.#markStrip();
    const newest = newestKey(this.#list?.items ?? []);
    if (this.#waiting > 0 && newest !== undefined && this.#list?.isInSight(newest) === true) {
      this.#waiting = 0;
      this.requestUpdate();
    }
  }

  #markStrip(): void {
    const list = this.#list;
    const deck = this.#deck;
    const strip = this.querySelector<DensityStrip>('tapedeck-strip');
    if (strip === null || deck === undefined) return;
    const key = this.#state.active ?? list?.place?.key;
    const item = key === undefined ? undefined : list?.items.find((other) => other.key === key);
    strip.atMs = item === undefined ? undefined : Date.parse(item.type === 'row' ? item.row.at : item.at);
  }

  #showNewest(): void {
    const newest = newestKey(this.#list?.items ?? []);
    this.#waiting = 0;
    const list = this.#list;
    if (newest !== undefined && list !== null) {
      list.scrollTop = 0;
      list.choose(newest, true);
    }
    this.requestUpdate();
  }

  async #seek(ms: number): Promise<void> {
    const deck = this.#deck;
    if (deck === undefined) return;
    await loadBackTo(deck, ms);
    await this.updateComplete;
    const list = this.#list;
    const best = rowAt(list?.items ?? [], ms);
    if (best !== undefined && list !== null) {
      if (this.#state.active !== undefined) list.choose(undefined);
      list.scrollToPlace({ key: best.key, within: 0 });
    }
  }

  /** Shows the row that holds the event, opening and loading what is in the way. */
  async #reveal(event: string): Promise<void> {
    const deck = this.#deck;
    if (deck === undefined) return;
    this.#choose('timeline');
    const found = await findRow(deck, event);
    if (found === undefined) return;
    if (this.#state.filter !== '') await this.#filter('');
    this.#closed.delete(found.section.key);
    this.#remember({});
    await this.updateComplete;
    await this.#list?.updateComplete;
    this.#list?.choose(found.row.key, true);
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

  async #filter(filter: string): Promise<void> {
    this.#remember({ filter });
    this.#spoken = '';
    const list = this.#list;
    if (list !== null) list.scrollTop = 0;
    await this.updateComplete;
    if (filter !== '') this.#spoken = counted(this.#list?.items.filter(({ type }) => type === 'row').length ?? 0, 'row');
    this.requestUpdate();
  }

  #remember(change: Partial<PageState>): void {
    this.#state = { ...this.#state, ...change };
    this.#saveLater.request();
    this.requestUpdate();
  }

  #save(): void {
    const list = this.#list;
    this.#state = {
      ...this.#state,
      session: this.#deck?.header?.session,
      closed: [...this.#closed].slice(-500),
      open: [...this.#open].slice(-500),
      ...(list === null ? {} : { place: list.place }),
    };
    this.#port?.writeState(this.#state);
  }
}

function isSame(a: readonly TimelineSection[], b: readonly TimelineSection[]): boolean {
  return a.length === b.length && a.every((section, index) => section === b[index]);
}
