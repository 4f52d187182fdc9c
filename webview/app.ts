import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { Delayer } from '../src/base/delayer.ts';
import type { TimelineSection } from '../src/core/timeline.ts';
import { filterSections, parseFilter } from '../src/core/timelineFilter.ts';
import type { TimelineRow } from '../src/core/timelineRow.ts';
import { counted } from '../src/core/timelineWords.ts';
import type { EventsDetail, HostNotices, ResumeSize, Tab } from '../src/protocol/messages.ts';
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
import { rowWords } from './rowView.ts';
import { sash } from './sash.ts';
import type { ListAsk, ListChoice, TimelineList } from './timelineList.ts';

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
  #detail: { key: string; size: number; value: EventsDetail | undefined; isLoading: boolean } | undefined;
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
      ${this.#tabs(deck)}
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

  #tabs(deck: Deck): TemplateResult {
    const openDecisions = deck.entries.decisions.filter(({ status }) => status === 'proposed' || status === 'confirmed').length;
    const openBlockers = deck.entries.blockers.filter(({ clearedAt }) => clearedAt === undefined).length;
    const tabs: { tab: Tab; name: string; count: number; what: string }[] = [
      { tab: 'timeline', name: 'Timeline', count: 0, what: '' },
      { tab: 'decisions', name: 'Decisions', count: openDecisions, what: 'decisions' },
    ];
    if (deck.entries.blockers.length > 0 || this.#state.tab === 'blockers')
      tabs.push({ tab: 'blockers', name: 'Blockers', count: openBlockers, what: 'open' });
    tabs.push({ tab: 'resume', name: 'Resume', count: 0, what: '' });
    const onKey = (event: KeyboardEvent): void => {
      const index = tabs.findIndex(({ tab }) => tab === this.#state.tab);
      const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const { tab } = tabs[(to + tabs.length) % tabs.length]!;
      this.#choose(tab);
      void this.#focusSoon(`#tab-${tab}`);
    };
    return html`<div class="tabs" role="tablist" aria-label="Tapedeck" @keydown=${onKey}>
      ${tabs.map(
        ({ tab, name, count, what }) =>
          html`<button
            type="button"
            role="tab"
            id=${`tab-${tab}`}
            class="tab"
            aria-selected=${String(tab === this.#state.tab)}
            aria-controls="panel"
            aria-label=${count > 0 ? `${name}, ${count} ${what}` : name}
            tabindex=${tab === this.#state.tab ? 0 : -1}
            @click=${() => this.#choose(tab)}
          >
            ${name}${count > 0 ? html`<vscode-badge>${count}</vscode-badge>` : nothing}
          </button>`,
      )}
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
              ${detailPane(
                deck,
                active,
                this.#detail?.key === active.key ? this.#detail.value : undefined,
                this.#detail?.isLoading ?? false,
                {
                  close: () => void this.#closeDetail(),
                  reveal: (event) => void this.#reveal(event),
                  act: (action) => this.#act(active, action),
                },
              )}
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
      this.#detail = undefined;
      this.#remember({ active: undefined, place: undefined, session: shown });
    }
    if (this.#state.tab === 'resume' && this.#deck?.state === 'loaded') this.#needResume(this.#deck);
    const row = this.#deck === undefined || this.#state.active === undefined ? undefined : this.#activeRow(this.#items(this.#deck));
    if (row !== undefined && (this.#detail?.key !== row.key || this.#detail.size !== row.events.length)) this.#detailLater.request();
    this.requestUpdate();
  }

  async #focusSoon(selector: string): Promise<void> {
    await this.updateComplete;
    this.querySelector<HTMLElement>(selector)?.focus();
  }

  async #onArrive(count: number): Promise<void> {
    await this.updateComplete;
    const newest = this.#newestKey();
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
      this.#detail = undefined;
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
    const { key } = row;
    const before = this.#detail?.key === key ? this.#detail.value : undefined;
    const mine = { key, size: row.events.length, value: before, isLoading: true };
    this.#detail = mine;
    const value = await deck.detail(detailEvents(deck, row));
    if (this.#detail !== mine) return;
    mine.value = value ?? before;
    mine.isLoading = false;
    this.requestUpdate();
  }

  #onAsk({ item, action }: ListAsk): void {
    const { row } = item;
    if (action === 'toggle') return this.#toggle(item);
    if (action === 'open') {
      if (row.hasDiff && row.kind !== 'turn') return this.#act(row, 'diff');
      if (item.isExpanded !== undefined) return this.#toggle(item);
      return undefined;
    }
    return this.#act(row, action);
  }

  #act(row: TimelineRow, action: 'diff' | 'rewind' | 'rewindFile' | 'undoRewind' | 'filesAt' | 'copy' | 'decide'): void {
    const deck = this.#deck;
    const event = row.events.at(-1);
    if (deck === undefined || event === undefined) return;
    const [path] = row.paths;
    switch (action) {
      case 'diff':
        return deck.act('openDiff', { events: row.events.slice(-64), ...(row.kind === 'file' && path !== undefined ? { path } : {}) });
      case 'rewind':
        return deck.act('rewindTo', { event });
      case 'undoRewind':
        return deck.act('undoRewind', {});
      case 'rewindFile':
        return path === undefined ? undefined : deck.act('rewindFile', { event, path });
      case 'filesAt':
        return deck.act('openFilesAt', { event });
      case 'copy':
        return deck.act('copyText', { text: row.titleKind === 'words' ? (row.texts[0] ?? rowWords(row, deck)) : row.title });
      case 'decide':
        return deck.act('logDecision', { evidence: row.events.slice(-8) });
    }
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
    const newest = this.#newestKey();
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

  /** The row in which the newest things stand. */
  #newestKey(): string | undefined {
    const items = this.#list?.items ?? [];
    let newest: string | undefined;
    for (const item of items) {
      if (item.type === 'day') continue;
      if (newest !== undefined && item.level === 1) break;
      newest = item.key;
    }
    return newest;
  }

  #showNewest(): void {
    const newest = this.#newestKey();
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
    for (let pages = 0; pages < 40 && deck.hasMore && Date.parse(deck.timeline.events[0]?.at ?? '') > ms; pages++)
      if (!(await deck.loadOlder())) break;
    await this.updateComplete;
    const list = this.#list;
    let best: RowItem | undefined;
    let bestMs = Number.NEGATIVE_INFINITY;
    for (const item of list?.items ?? []) {
      if (item.type === 'day') continue;
      const at = Date.parse(item.row.at);
      if (at <= ms && at > bestMs) [best, bestMs] = [item, at];
    }
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
    const find = (): { section: TimelineSection; row: TimelineRow } | undefined => {
      for (const section of deck.timeline.sections()) {
        const row =
          section.rows.find(({ events }) => events.includes(event)) ??
          (section.heading?.events.includes(event) === true ? section.heading : undefined);
        if (row !== undefined) return { section, row };
      }
      return undefined;
    };
    let found = find();
    for (let pages = 0; pages < 40 && found === undefined && (await deck.loadOlder()); pages++) found = find();
    if (found === undefined) return;
    if (this.#state.filter !== '') await this.#filter('');
    this.#closed.delete(found.section.key);
    this.#remember({});
    await this.updateComplete;
    await this.#list?.updateComplete;
    this.#list?.choose(found.row.key, true);
  }

  #choose(tab: Tab): void {
    this.#remember({ tab });
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

/** What the detail of a row needs: of a turn its words and its file changes, of others all they are made of. */
function detailEvents(deck: Deck, row: TimelineRow): readonly string[] {
  if (row.kind !== 'turn') return row.events.slice(-64);
  const wanted = new Set(row.events);
  const kinds = new Set([
    'prompt.submitted',
    'reply.given',
    'file.created',
    'file.changed',
    'file.deleted',
    'file.renamed',
    'plan.changed',
  ]);
  const events = deck.timeline.events.filter((event) => kinds.has(event.kind)).map((event) => `${event.w}.${event.n}`);
  return events.filter((id) => wanted.has(id)).slice(-64);
}

function isSame(a: readonly TimelineSection[], b: readonly TimelineSection[]): boolean {
  return a.length === b.length && a.every((section, index) => section === b[index]);
}
