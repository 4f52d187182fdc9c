import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { Delayer } from '../src/base/delayer.ts';
import type { TimelineSection } from '../src/core/timeline.ts';
import { filterSections, parseFilter } from '../src/core/timelineFilter.ts';
import { parseTimeWords } from '../src/core/timeWords.ts';
import type { TimelineRow } from '../src/core/timelineRow.ts';
import { counted } from '../src/core/timelineWords.ts';
import { eventId } from '../src/model/ids.ts';
import type { Deck } from './deck.ts';
import { detailPane } from './detailPane.ts';
import { filterBox } from './filterBox.ts';
import { icon } from './icons.ts';
import { ItemMaker, type ListItem, type RowItem } from './listItems.ts';
import type { PageState } from './pageState.ts';
import { actOnRow } from './rowActions.ts';
import { RowDetail } from './rowDetail.ts';
import { sash } from './sash.ts';
import type { ListAsk, ListChoice, ListEnd, TimelineList } from './timelineList.ts';
import { findRow, holdTime, newestKey, rowAt } from './wayfinder.ts';

/**
 * The timeline's tab: filter, list and, of the chosen row, the details. What is to be remembered goes out as `remember`
 * (a part of the page's state), what is to be spoken as `say`, and `moved` says that something else is being read.
 */
export class TimelinePane extends LitElement {
  #deck: Deck | undefined;
  #closed = new Set<string>();
  #open = new Set<string>();
  #isFilterOpen = false;
  #waiting = 0;
  #isPaneOpen = false;
  #folded: { readonly from: readonly TimelineSection[]; readonly key: string; readonly items: readonly ListItem[] } | undefined;
  #wasRestored = false;
  /** The time that was asked for last: what is being read, until the list is moved by hand. A short list has nowhere to go. */
  #sought: { readonly ms: number; readonly top: number | undefined } | undefined;
  readonly #maker = new ItemMaker();
  readonly #detail = new RowDetail();
  readonly #speakLater = new Delayer(() => this.#speak(), 2000, 8000);
  readonly #paneLater = new Delayer(() => this.#openPane(), 320);
  readonly #detailLater = new Delayer(() => void this.#refreshDetail(), 800, 3000);
  state: PageState | undefined;
  isWide = false;

  set deck(deck: Deck | undefined) {
    if (deck === this.#deck) return;
    this.#deck = deck;
    if (this.state !== undefined) {
      this.#closed = new Set(this.state.closed);
      this.#open = new Set(this.state.open);
    }
    deck?.onDidChange(() => this.#onChange());
    deck?.onDidArrive((count) => void this.#onArrive(count));
  }

  /** What the page should remember of it. */
  get kept(): Pick<PageState, 'closed' | 'open' | 'place'> {
    return { closed: [...this.#closed].slice(-500), open: [...this.#open].slice(-500), place: this.#list?.place };
  }

  /** The time of what is being read, ms. */
  get readingMs(): number | undefined {
    const list = this.#list;
    const sought = this.#sought;
    if (sought !== undefined && this.state?.active === undefined && (sought.top === undefined || sought.top === list?.scrollTop))
      return sought.ms;
    const key = this.state?.active ?? list?.firstShown;
    const item = key === undefined ? undefined : list?.itemOf(key);
    return item === undefined ? undefined : Date.parse(item.type === 'row' ? item.row.at : item.at);
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const delayer of [this.#speakLater, this.#paneLater, this.#detailLater]) delayer.dispose();
  }

  get #list(): TimelineList | null {
    return this.querySelector<TimelineList>('tapedeck-list');
  }

  protected override render(): TemplateResult {
    const deck = this.#deck;
    const { state, isWide } = this;
    if (deck === undefined || state === undefined) return html``;
    const active = isWide || this.#isPaneOpen ? this.#activeRow(this.#items(deck, state)) : undefined;
    const goalMs = this.#goalMs(deck, state);
    const share = `${Math.round(state.split * 100)}%`;
    return html`<div
      class="split"
      style=${active === undefined && !isWide ? '' : isWide ? `grid-template-columns:minmax(0,1fr) 1px ${share}` : `grid-template-rows:minmax(0,1fr) 1px ${share}`}
    >
      <div class="list-side">
        ${filterBox({
          text: state.filter,
          saved: state.saved,
          agents: deck.density?.lanes.flatMap(({ actor, name }) => (actor === 'agent' && name !== undefined ? [name] : [])) ?? [],
          save: (saved) => this.#remember({ saved }),
          order: state.order,
          isOpen: this.#isFilterOpen,
          change: (filter) => void this.#filter(filter),
          toggle: () => {
            this.#isFilterOpen = !this.#isFilterOpen;
            this.requestUpdate();
          },
          turn: () => void this.#turn(state),
          collapse: () => this.#collapseAll(deck),
          goal: goalMs === undefined ? undefined : { words: deck.times.exact(goalMs), go: () => void this.#goTo(goalMs) },
        })}
        <div class="list-frame">
          <tapedeck-list
            .times=${deck.times}
            .nowMs=${Date.now()}
            .order=${state.order}
            .lastGreen=${deck.header?.lastGreen?.event}
            .undoableRewind=${deck.header?.undoableRewind}
            .canRewind=${deck.canChange}
            .emptyText=${this.#emptyText(deck, state)}
            @choose=${(event: CustomEvent<ListChoice>) => this.#onChoose(event.detail)}
            @ask=${(event: CustomEvent<ListAsk>) => this.#onAsk(event.detail)}
            @need=${(event: CustomEvent<ListEnd>) => void ((event.detail === 'bottom') === (state.order === 'newest') ? deck.loadOlder() : deck.loadNewer())}
            @moved=${() => this.#onMoved()}
          ></tapedeck-list>
          ${this.#pill(deck, state)}
        </div>
      </div>
      ${active === undefined && !isWide ? nothing : sash(isWide, state.split, (split) => this.#remember({ split }))}
      ${
        active === undefined
          ? isWide
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
                reveal: (event) => void this.reveal(event),
                act: (request) => actOnRow(deck, active, request),
              })}
            </div>`
      }
    </div>`;
  }

  #emptyText(deck: Deck, { filter }: PageState): string {
    if (filter === '') return 'Nothing has happened in this session yet. Edit a file, run a command, or let an agent work in the terminal.';
    return deck.hasOlder ? 'Nothing matches the filter here. Looking further back…' : 'Nothing matches the filter.';
  }

  #pill(deck: Deck, { order }: PageState): TemplateResult | typeof nothing {
    if (this.#waiting === 0 && !deck.hasNewer) return nothing;
    return html`<button type="button" class="pill ${order}" @click=${() => void this.#showNewest()}>
      ${icon(order === 'newest' ? 'arrow-up' : 'arrow-down')} ${this.#waiting > 0 ? `${this.#waiting} new` : 'Newest'}
    </button>`;
  }

  protected override updated(): void {
    const list = this.#list;
    const deck = this.#deck;
    const { state } = this;
    if (list === null || state === undefined || deck?.state !== 'loaded') return;
    const [past, now] = state.order === 'newest' ? (['bottom', 'top'] as const) : (['top', 'bottom'] as const);
    list.show(this.#items(deck, state), [...(deck.hasOlder ? [past] : []), ...(deck.hasNewer ? [now] : [])]);
    list.requestUpdate();
    if (!this.#wasRestored && deck.header !== undefined) {
      this.#wasRestored = true;
      if (state.session === deck.header.session) {
        if (state.active !== undefined && list.itemOf(state.active) !== undefined) list.choose(state.active);
        if (state.place !== undefined) list.scrollToPlace(state.place);
      }
    }
    // A filter that lets nothing through here may do so further back.
    if (state.filter !== '' && this.#goalMs(deck, state) === undefined && list.items.length < 40 && deck.hasOlder) void deck.loadOlder();
    this.#say('moved');
  }

  #items(deck: Deck, state: PageState): readonly ListItem[] {
    const sections = deck.timeline.sections();
    const key = `${state.order}\n${state.filter}\n${[...this.#closed].join()}\n${[...this.#open].join()}`;
    const known = this.#folded;
    if (known !== undefined && known.key === key && isSame(known.from, sections)) return known.items;
    // A time lets everything through: it says where to go.
    const filter = parseFilter(this.#goalMs(deck, state) === undefined ? state.filter : '');
    const items = this.#maker.items(filterSections(sections, filter), {
      closed: this.#closed,
      open: this.#open,
      order: state.order,
      unfold: !filter.isEmpty,
    });
    this.#folded = { from: sections, key, items };
    return items;
  }

  /** The time that stands in the filter box instead of a filter, ms. */
  #goalMs({ header }: Deck, { filter }: PageState): number | undefined {
    if (!/\d|^\s*(?:today|yesterday)\s*$/i.test(filter)) return undefined;
    const nowMs = Date.now();
    const endedMs = Date.parse(header?.endedAt ?? '');
    return parseTimeWords(filter, { nowMs, untilMs: Number.isNaN(endedMs) ? nowMs : endedMs, timeZone: header?.timeZone });
  }

  async #goTo(ms: number): Promise<void> {
    await this.#filter('');
    await this.seek(ms);
    this.#say('say', `Shown from ${this.#deck?.times.exact(ms) ?? ''} on`);
  }

  #activeRow(items: readonly ListItem[]): TimelineRow | undefined {
    const active = this.state?.active;
    const item = active === undefined ? undefined : items.find(({ key }) => key === active);
    return item?.type === 'row' ? item.row : undefined;
  }

  #onChange(): void {
    const { state } = this;
    const deck = this.#deck;
    const shown = deck?.header?.session;
    if (this.#wasRestored && state !== undefined && state.session !== shown) {
      this.#waiting = 0;
      this.#detail.clear();
      this.#remember({ active: undefined, place: undefined, session: shown });
    }
    const row = deck === undefined || state?.active === undefined ? undefined : this.#activeRow(this.#items(deck, state));
    if (row !== undefined && this.#detail.isBehind(row)) this.#detailLater.request();
    this.requestUpdate();
  }

  async #onArrive(count: number): Promise<void> {
    await this.updateComplete;
    await this.#list?.updateComplete;
    if (this.#isNewestInSight()) return;
    this.#waiting += count;
    this.#speakLater.request();
    this.requestUpdate();
  }

  #isNewestInSight(): boolean {
    const list = this.#list;
    if (list === null || this.#deck?.hasNewer === true) return false;
    const newest = newestKey(list.items, list.order);
    return newest !== undefined && list.isInSight(newest);
  }

  #speak(): void {
    if (this.#waiting > 0) this.#say('say', counted(this.#waiting, 'new event'));
  }

  #onChoose({ item, by }: ListChoice): void {
    this.#remember({ active: item?.key });
    if (item === undefined) {
      this.#isPaneOpen = false;
      this.#detail.clear();
    } else {
      // A pane that opened under a click would take the second one of a double click.
      if (by === 'pointer' && !this.isWide && !this.#isPaneOpen) this.#paneLater.request();
      else this.#isPaneOpen = true;
      void this.#refreshDetail();
    }
    this.requestUpdate();
  }

  #openPane(): void {
    this.#isPaneOpen = this.state?.active !== undefined;
    this.requestUpdate();
    void this.#keepInSight();
  }

  async #keepInSight(): Promise<void> {
    await this.updateComplete;
    const active = this.state?.active;
    // The list has less room from the next frame on.
    requestAnimationFrame(() => active !== undefined && this.#list?.choose(active));
  }

  async #refreshDetail(): Promise<void> {
    const deck = this.#deck;
    const { state } = this;
    if (deck === undefined || state === undefined) return;
    const row = this.#activeRow(this.#items(deck, state));
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
    if (!set.delete(item.key)) set.add(item.key);
    this.#remember({});
  }

  #collapseAll(deck: Deck): void {
    const keys = deck.timeline.sections().flatMap(({ heading, key }) => (heading === undefined ? [] : [key]));
    const isAllClosed = keys.every((key) => this.#closed.has(key));
    this.#closed = new Set(isAllClosed ? [] : keys);
    this.#open.clear();
    this.#remember({});
  }

  async #turn({ order }: PageState): Promise<void> {
    this.#remember({ order: order === 'newest' ? 'oldest' : 'newest' });
    await this.updateComplete;
    this.#list?.scrollToNow();
  }

  async #closeDetail(): Promise<void> {
    const active = this.state?.active;
    const list = this.#list;
    list?.choose(undefined);
    await this.updateComplete;
    if (active !== undefined) list?.querySelector<HTMLElement>(`[data-key="${CSS.escape(active)}"]`)?.focus();
  }

  #onMoved(): void {
    this.#say('moved');
    if (this.#waiting > 0 && this.#isNewestInSight()) {
      this.#waiting = 0;
      this.requestUpdate();
    }
  }

  async #showNewest(): Promise<void> {
    const deck = this.#deck;
    if (deck?.hasNewer === true) await deck.goTo({ end: true });
    await this.updateComplete;
    this.#waiting = 0;
    const list = this.#list;
    list?.scrollToNow();
    const newest = list === null ? undefined : newestKey(list.items, list.order);
    if (newest !== undefined) list?.choose(newest, true);
    this.requestUpdate();
  }

  /** Shows what happened at that time. */
  async seek(ms: number): Promise<void> {
    const deck = this.#deck;
    if (deck === undefined) return;
    this.#sought = { ms, top: undefined };
    await holdTime(deck, ms);
    await this.updateComplete;
    const list = this.#list;
    const best = rowAt(list?.items ?? [], ms);
    if (best === undefined || list === null) return;
    if (this.state?.active !== undefined) list.choose(undefined);
    list.scrollToPlace({ key: best.key, within: 0 });
    await list.updateComplete;
    if (this.#sought?.ms === ms) this.#sought = { ms, top: list.scrollTop };
    this.#say('moved');
  }

  /** Opens all files as they were at that time. */
  filesAt(ms: number): void {
    const event = this.#deck?.timeline.events.findLast(({ at }) => Date.parse(at) <= ms);
    if (event !== undefined) this.#deck?.act('openFilesAt', { event: eventId(event) });
  }

  /** Shows the row that holds the event, opening and loading what is in the way. */
  async reveal(event: string): Promise<void> {
    const deck = this.#deck;
    if (deck === undefined) return;
    const found = await findRow(deck, event);
    if (found === undefined) return;
    if (this.state?.filter !== '') await this.#filter('');
    const sections = new Map(deck.timeline.sections().map((section) => [section.key, section]));
    // A sub-agent's turn may be folded away in the one that began it.
    for (let at: TimelineSection | undefined = found.section; at !== undefined; at = sections.get(at.parent ?? ''))
      this.#closed.delete(at.key);
    this.#remember({});
    await this.updateComplete;
    await this.#list?.updateComplete;
    this.#list?.choose(found.row.key, true);
  }

  async #filter(filter: string): Promise<void> {
    this.#remember({ filter });
    this.#say('say', '');
    await this.updateComplete;
    this.#list?.scrollToNow();
    if (filter !== '') this.#say('say', counted(this.#list?.items.filter(({ type }) => type === 'row').length ?? 0, 'row'));
  }

  #remember(change: Partial<PageState>): void {
    if (this.state !== undefined) this.state = { ...this.state, ...change };
    this.#say('remember', change);
    this.requestUpdate();
  }

  #say(name: 'remember' | 'say' | 'moved', detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

function isSame(a: readonly TimelineSection[], b: readonly TimelineSection[]): boolean {
  return a.length === b.length && a.every((section, index) => section === b[index]);
}
