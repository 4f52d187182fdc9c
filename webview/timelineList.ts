import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import type { ListItem, Order, RowItem } from './listItems.ts';
import { RowOffsets } from './rowOffsets.ts';
import { rowView, type RowAction } from './rowView.ts';
import { RowSlots } from './rowSlots.ts';
import type { Times } from './times.ts';

export interface ListAsk {
  readonly item: RowItem;
  readonly action: RowAction;
}

export interface ListChoice {
  readonly item: RowItem | undefined;
  readonly by: 'pointer' | 'keys';
}

/** Where a row stands, so that it can be put back there. */
export interface ListPlace {
  readonly key: string;
  /** How far above the list's upper edge the row begins, px. */
  readonly within: number;
}

/** An end of the list behind which the log goes on. */
export type ListEnd = 'top' | 'bottom';

/** Room at an end that says so. */
const moreHeight = 36;
/** So near to an end, more is asked for. */
const nearPx = 3000;

/**
 * The rows of the timeline, as a tree of which only what is in sight is in the document. Promises: the row that has the focus
 * stays in the document; when rows come or go, what is being read stays where it is, unless the list stands at the end where
 * new ones come in. A frame of scrolling costs the rows that come into sight.
 */
export class TimelineList extends LitElement {
  #items: readonly ListItem[] = [];
  #offsets = new RowOffsets([]);
  #indexOf = new Map<string, number>();
  #active: string | undefined;
  #frame: number | undefined;
  #resizing: ResizeObserver | undefined;
  #wantsFocus = false;
  #hadFocus = false;
  /** The row that the pointer is on. */
  #hovered: string | undefined;

  #moreAbove = false;
  #moreBelow = false;
  /** Where to stand at the next drawing. */
  #wantedTop: number | undefined;
  /** Where it stood when it was drawn. To ask the page for it after drawing would make it lay out everything at once. */
  #drawnTop = 0;
  #viewHeight = 0;
  readonly #slots = new RowSlots();
  times: Times | undefined;
  nowMs = 0;
  lastGreen: string | undefined;
  order: Order = 'newest';
  /** The rewind that can be undone now. */
  undoableRewind: string | undefined;
  canRewind = true;
  emptyText = '';

  /** The row that is chosen. */
  get active(): string | undefined {
    return this.#active;
  }

  get items(): readonly ListItem[] {
    return this.#items;
  }

  /** The rows, and the ends behind which the log goes on. */
  show(items: readonly ListItem[], ends: readonly ListEnd[]): void {
    const [above, below] = [ends.includes('top'), ends.includes('bottom')];
    if (items === this.#items && above === this.#moreAbove && below === this.#moreBelow) return;
    const places = this.#isAtNow() ? undefined : this.#places();
    this.#items = items;
    this.#moreAbove = above;
    this.#moreBelow = below;
    this.#offsets = new RowOffsets(items.map(({ height }) => height));
    this.#indexOf = new Map(items.map(({ key }, index) => [key, index]));
    const kept = places?.find(({ key }) => this.#indexOf.has(key));
    if (kept !== undefined) this.scrollToPlace(kept);
    else if (places === undefined && this.order === 'oldest') this.#wantedTop = this.#height - this.#viewHeight;
    this.requestUpdate();
  }

  /** It stands at the end where new rows come in, and follows them. */
  #isAtNow(): boolean {
    if (this.#items.length === 0) return true;
    if (this.order === 'newest') return this.scrollTop <= 0 && !this.#moreAbove;
    return this.scrollTop + this.#viewHeight >= this.#height - 2 && !this.#moreBelow;
  }

  get #start(): number {
    return this.#moreAbove ? moreHeight : 0;
  }

  get #height(): number {
    return this.#start + this.#offsets.total + (this.#moreBelow ? moreHeight : 0);
  }

  get #top(): number {
    return this.#wantedTop ?? this.scrollTop;
  }

  /** What is in sight, from above, so that the first of it that is still there can be put back. */
  #places(): readonly ListPlace[] {
    const { first, last } = this.#offsets.range(this.#top - this.#start, this.#viewHeight, 0);
    const places: ListPlace[] = [];
    for (let index = Math.max(0, first); index <= last; index++)
      places.push({ key: this.#items[index]!.key, within: this.#top - this.#start - this.#offsets.topOf(index) });
    return places;
  }

  /** What stands at the upper edge. Kept by the page over a reload. */
  get place(): ListPlace | undefined {
    return this.#isAtNow() ? undefined : this.#places()[0];
  }

  /** The key of what stands at the upper edge. */
  get firstShown(): string | undefined {
    return this.#items[this.#offsets.indexAt(this.#top - this.#start)]?.key;
  }

  itemOf(key: string): ListItem | undefined {
    const index = this.#indexOf.get(key);
    return index === undefined ? undefined : this.#items[index];
  }

  scrollToPlace(place: ListPlace): void {
    const index = this.#indexOf.get(place.key);
    if (index === undefined) return;
    this.#scrollTo(this.#start + this.#offsets.topOf(index) + place.within);
  }

  /** Stands where new rows come in. */
  scrollToNow(): void {
    this.#scrollTo(this.order === 'newest' ? 0 : this.#height - this.#viewHeight);
  }

  #scrollTo(top: number): void {
    this.#wantedTop = Math.max(0, Math.min(top, this.#height - this.#viewHeight));
    this.requestUpdate();
  }

  /** Chooses a row and brings it into sight. */
  choose(key: string | undefined, withFocus = false, by: 'pointer' | 'keys' = 'keys'): void {
    const index = key === undefined ? undefined : this.#indexOf.get(key);
    if (this.#active !== key) {
      this.#active = key;
      this.dispatchEvent(new CustomEvent<ListChoice>('choose', { detail: { item: this.#itemAt(index), by } }));
    }
    if (index !== undefined) this.#scrollTo(this.#start + this.#offsets.reveal(index, this.#top - this.#start, this.#viewHeight));
    this.#wantsFocus ||= withFocus;
    this.requestUpdate();
  }

  /** True when the row is within what is seen. */
  isInSight(key: string): boolean {
    const index = this.#indexOf.get(key);
    if (index === undefined) return false;
    const top = this.#top - this.#start;
    return this.#offsets.topOf(index + 1) > top && this.#offsets.topOf(index) < top + this.#viewHeight;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener('scroll', this.#onScroll, { passive: true });
    this.addEventListener('click', this.#onClick);
    this.addEventListener('dblclick', this.#onDoubleClick);
    this.addEventListener('keydown', this.#onKey);
    this.addEventListener('contextmenu', this.#onMenu);
    this.addEventListener('pointerover', this.#onHover);
    this.addEventListener('pointerleave', this.#onHover);
    this.#resizing = new ResizeObserver(() => {
      this.#viewHeight = this.clientHeight;
      this.#renderSoon();
    });
    this.#resizing.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.removeEventListener('scroll', this.#onScroll);
    this.removeEventListener('click', this.#onClick);
    this.removeEventListener('dblclick', this.#onDoubleClick);
    this.removeEventListener('keydown', this.#onKey);
    this.removeEventListener('contextmenu', this.#onMenu);
    this.removeEventListener('pointerover', this.#onHover);
    this.removeEventListener('pointerleave', this.#onHover);
    this.#resizing?.disconnect();
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
  }

  protected override render(): TemplateResult {
    const { times } = this;
    if (times === undefined) return html``;
    if (this.#items.length === 0) return html`<p class="list-empty">${this.emptyText}</p>`;
    this.#drawnTop = this.#top;
    const top = this.#drawnTop - this.#start;
    const { first, last } = this.#offsets.range(top, this.#viewHeight || 600, 110);
    const shown: number[] = [];
    const active = this.#active === undefined ? undefined : this.#indexOf.get(this.#active);
    if (active !== undefined && active < first) shown.push(active);
    for (let index = first; index <= last; index++) shown.push(index);
    if (active !== undefined && active > last) shown.push(active);
    const bySlot = this.#slots.assign(shown.map((index) => this.#items[index]!.key));
    const tabStop = active ?? this.#firstRow(this.#offsets.indexAt(top));
    return html`<div class="rows" role="tree" aria-label="Timeline" style="height:${this.#height}px">
      ${this.#moreAbove ? html`<div class="more" role="none" style="top:0">${this.#moreText('top')}</div>` : nothing}
      ${bySlot.map((place, slot) => {
        if (place === undefined) return nothing;
        const index = shown[place]!;
        const item = this.#items[index]!;
        const top = this.#start + this.#offsets.topOf(index);
        const [isTabStop, isSelected, isHot] = [index === tabStop, index === active, index === active || item.key === this.#hovered];
        return guard([item, times, top, isTabStop, isSelected, isHot, this.#look], () =>
          this.#view(index, times, { top, slot, isTabStop, isSelected, isHot }),
        );
      })}
      ${this.#moreBelow ? html`<div class="more" role="none" style="top:${this.#start + this.#offsets.total}px">${this.#moreText('bottom')}</div>` : nothing}
    </div>`;
  }

  #moreText(end: ListEnd): string {
    return (end === 'bottom') === (this.order === 'newest') ? 'Loading earlier events…' : 'Loading later events…';
  }

  /** All that the looks of every row depend on. */
  get #look(): string {
    return `${this.lastGreen} ${this.undoableRewind} ${this.canRewind} ${Math.floor(this.nowMs / 60_000)}`;
  }

  #view(
    index: number,
    times: Times,
    drawn: {
      readonly top: number;
      readonly slot: number;
      readonly isTabStop: boolean;
      readonly isSelected: boolean;
      readonly isHot: boolean;
    },
  ): TemplateResult {
    const item = this.#items[index]!;
    const { top } = drawn;
    if (item.type === 'day')
      return html`<div class="day" role="none" style="top:${top}px;height:${item.height}px">
        <span>${times.day(item.at, this.nowMs)}</span>
      </div>`;
    const isLastGreen = this.lastGreen !== undefined && item.row.kind === 'check' && item.row.events.includes(this.lastGreen);
    const isUndoable = this.undoableRewind !== undefined && item.row.kind === 'rewind' && item.row.entry === this.undoableRewind;
    return rowView(item, { times, ...drawn, isLastGreen, isUndoable, canRewind: this.canRewind });
  }

  protected override willUpdate(): void {
    this.#hadFocus = this.#active !== undefined && keyOf(document.activeElement) === this.#active;
  }

  protected override updated(): void {
    if (this.#wantedTop !== undefined) this.scrollTop = this.#wantedTop;
    this.#wantedTop = undefined;
    // An element that moves in the document loses the focus.
    if (this.#wantsFocus || this.#hadFocus) {
      const active = this.#activeElement();
      if (active?.contains(document.activeElement) === false) active.focus({ preventScroll: true });
    }
    this.#wantsFocus = false;
    if (this.#items.length === 0) return;
    if (this.#moreBelow && this.#drawnTop + this.#viewHeight > this.#height - nearPx) this.#need('bottom');
    else if (this.#moreAbove && this.#drawnTop < nearPx) this.#need('top');
  }

  #need(end: ListEnd): void {
    this.dispatchEvent(new CustomEvent<ListEnd>('need', { detail: end }));
  }

  #activeElement(): HTMLElement | null {
    return this.#active === undefined ? null : this.querySelector<HTMLElement>(`[data-key="${CSS.escape(this.#active)}"]`);
  }

  #renderSoon(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.requestUpdate();
    });
  }

  readonly #onScroll = (): void => {
    this.#renderSoon();
    this.dispatchEvent(new CustomEvent('moved'));
  };

  readonly #onClick = (event: MouseEvent): void => {
    const item = this.#itemAt(this.#indexOf.get(keyOf(event.target) ?? ''));
    if (item === undefined) return;
    const action = actionOf(event.target);
    this.choose(item.key, true, 'pointer');
    if (action !== undefined) this.#ask(item, action);
  };

  readonly #onDoubleClick = (event: MouseEvent): void => {
    const item = this.#itemAt(this.#indexOf.get(keyOf(event.target) ?? ''));
    if (item !== undefined && actionOf(event.target) === undefined) this.#ask(item, 'open');
  };

  readonly #onMenu = (event: MouseEvent): void => {
    const key = keyOf(event.target);
    if (key !== undefined) this.choose(key, true);
  };

  readonly #onHover = (event: PointerEvent): void => {
    const hovered = event.type === 'pointerleave' ? undefined : keyOf(event.target);
    if (hovered === this.#hovered) return;
    this.#hovered = hovered;
    this.#renderSoon();
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    // The row that has the focus, which need not be chosen: Tab leads to a row without choosing it.
    const key = keyOf(event.target);
    if (event.altKey || event.ctrlKey || event.metaKey || key === undefined) return;
    const index = this.#indexOf.get(key);
    const item = this.#itemAt(index);
    const page = Math.max(1, Math.floor(this.#viewHeight / 22) - 1);
    const go = (to: number | undefined): void => {
      if (to !== undefined && this.#items[to] !== undefined) this.choose(this.#items[to].key, true);
    };
    switch (event.key) {
      case 'ArrowDown':
        go(this.#nextRow((index ?? -1) + 1, 1));
        break;
      case 'ArrowUp':
        go(this.#nextRow((index ?? 0) - 1, -1));
        break;
      case 'PageDown':
        go(this.#nextRow(Math.min(this.#items.length - 1, (index ?? 0) + page), -1) ?? index);
        break;
      case 'PageUp':
        go(this.#nextRow(Math.max(0, (index ?? 0) - page), 1) ?? index);
        break;
      case 'Home':
        go(this.#nextRow(0, 1));
        break;
      case 'End':
        go(this.#nextRow(this.#items.length - 1, -1));
        break;
      case 'ArrowRight':
        if (item?.isExpanded === false) this.#ask(item, 'toggle');
        else if (item?.isExpanded === true) go(this.#nextRow((index ?? 0) + 1, 1));
        break;
      case 'ArrowLeft':
        if (item?.isExpanded === true) this.#ask(item, 'toggle');
        else if (item?.parent !== undefined) this.choose(item.parent, true);
        break;
      case 'Enter':
        if (item !== undefined) this.#ask(item, 'open');
        break;
      case ' ':
        if (item?.isExpanded !== undefined) this.#ask(item, 'toggle');
        break;
      default:
        return;
    }
    event.preventDefault();
  };

  #ask(item: RowItem, action: RowAction): void {
    this.dispatchEvent(new CustomEvent<ListAsk>('ask', { detail: { item, action } }));
  }

  #itemAt(index: number | undefined): RowItem | undefined {
    const item = index === undefined ? undefined : this.#items[index];
    return item?.type === 'row' ? item : undefined;
  }

  #firstRow(from: number): number | undefined {
    return this.#nextRow(Math.max(0, from), 1) ?? this.#nextRow(this.#items.length - 1, -1);
  }

  /** The next row that is no day, from `index` on. */
  #nextRow(index: number, step: 1 | -1): number | undefined {
    for (let at = index; at >= 0 && at < this.#items.length; at += step) if (this.#items[at]!.type === 'row') return at;
    return undefined;
  }
}

function keyOf(target: EventTarget | null): string | undefined {
  return target instanceof Element ? target.closest<HTMLElement>('[data-key]')?.dataset['key'] : undefined;
}

function actionOf(target: EventTarget | null): RowAction | undefined {
  return target instanceof Element ? (target.closest<HTMLElement>('[data-action]')?.dataset['action'] as RowAction | undefined) : undefined;
}
