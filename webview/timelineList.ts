import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { ListItem, RowItem } from './listItems.ts';
import { RowOffsets } from './rowOffsets.ts';
import { rowView, type RowAction } from './rowView.ts';
import type { Times } from './times.ts';

export interface ListAsk {
  readonly item: RowItem;
  readonly action: RowAction;
}

export interface ListChoice {
  readonly item: RowItem | undefined;
  readonly by: 'pointer' | 'keys';
}

/**
 * The rows of the timeline, as a tree of which only what is in sight is in the document. Promises: the row that has the focus
 * stays in the document; when rows come or go, what is being read stays where it is, unless the list stands at its top.
 */
export class TimelineList extends LitElement {
  #items: readonly ListItem[] = [];
  #offsets = new RowOffsets([]);
  #indexOf = new Map<string, number>();
  #active: string | undefined;
  #frame: number | undefined;
  #resizing: ResizeObserver | undefined;
  #wantsFocus = false;

  times: Times | undefined;
  nowMs = 0;
  lastGreen: string | undefined;
  hasMore = false;
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

  set items(items: readonly ListItem[]) {
    if (items === this.#items) return;
    const anchor = this.scrollTop <= 0 ? undefined : this.#anchor();
    this.#items = items;
    this.#offsets = new RowOffsets(items.map(({ height }) => height));
    this.#indexOf = new Map(items.map(({ key }, index) => [key, index]));
    this.requestUpdate();
    if (anchor !== undefined) void this.#putBack(anchor);
  }

  async #putBack(place: { readonly key: string; readonly within: number }): Promise<void> {
    await this.updateComplete;
    this.scrollToPlace(place);
  }

  /** What stands at the upper edge, so that it can be put back there. Kept by the page over a reload. */
  get place(): { readonly key: string; readonly within: number } | undefined {
    return this.scrollTop <= 0 ? undefined : this.#anchor();
  }

  scrollToPlace(place: { readonly key: string; readonly within: number }): void {
    const index = this.#indexOf.get(place.key);
    if (index !== undefined) this.scrollTop = this.#offsets.topOf(index) + place.within;
  }

  /** Chooses a row and brings it into sight. */
  choose(key: string | undefined, withFocus = false, by: 'pointer' | 'keys' = 'keys'): void {
    const index = key === undefined ? undefined : this.#indexOf.get(key);
    if (this.#active !== key) {
      this.#active = key;
      this.dispatchEvent(new CustomEvent<ListChoice>('choose', { detail: { item: this.#itemAt(index), by } }));
    }
    if (index !== undefined) this.scrollTop = this.#offsets.reveal(index, this.scrollTop, this.clientHeight);
    this.#wantsFocus ||= withFocus;
    this.requestUpdate();
  }

  /** True when the row is within what is seen. */
  isInSight(key: string): boolean {
    const index = this.#indexOf.get(key);
    if (index === undefined) return false;
    return this.#offsets.topOf(index + 1) > this.scrollTop && this.#offsets.topOf(index) < this.scrollTop + this.clientHeight;
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
    this.#resizing = new ResizeObserver(() => this.#renderSoon());
    this.#resizing.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.removeEventListener('scroll', this.#onScroll);
    this.removeEventListener('click', this.#onClick);
    this.removeEventListener('dblclick', this.#onDoubleClick);
    this.removeEventListener('keydown', this.#onKey);
    this.removeEventListener('contextmenu', this.#onMenu);
    this.#resizing?.disconnect();
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
  }

  protected override render(): TemplateResult {
    const { times } = this;
    if (times === undefined) return html``;
    if (this.#items.length === 0) return html`<p class="list-empty">${this.emptyText}</p>`;
    const { first, last } = this.#offsets.range(this.scrollTop, this.clientHeight || 600, 220);
    const shown: number[] = [];
    const active = this.#active === undefined ? undefined : this.#indexOf.get(this.#active);
    if (active !== undefined && active < first) shown.push(active);
    for (let index = first; index <= last; index++) shown.push(index);
    if (active !== undefined && active > last) shown.push(active);
    const tabStop = active ?? this.#firstRow(this.#offsets.indexAt(this.scrollTop));
    return html`<div class="rows" role="tree" aria-label="Timeline" style="height:${this.#offsets.total + (this.hasMore ? 36 : 0)}px">
      ${repeat(
        shown,
        (index) => this.#items[index]!.key,
        (index) => this.#view(index, times, index === tabStop, index === active),
      )}
      ${this.hasMore ? html`<div class="more" role="none" style="top:${this.#offsets.total}px">Loading earlier events…</div>` : nothing}
    </div>`;
  }

  #view(index: number, times: Times, isTabStop: boolean, isSelected: boolean): TemplateResult {
    const item = this.#items[index]!;
    const top = this.#offsets.topOf(index);
    if (item.type === 'day')
      return html`<div class="day" role="none" style="top:${top}px;height:${item.height}px">
        <span>${times.day(item.at, this.nowMs)}</span>
      </div>`;
    const isLastGreen = this.lastGreen !== undefined && item.row.kind === 'check' && item.row.events.includes(this.lastGreen);
    const isUndoable = this.undoableRewind !== undefined && item.row.kind === 'rewind' && item.row.entry === this.undoableRewind;
    return rowView(item, { times, isSelected, isTabStop, top, isLastGreen, isUndoable, canRewind: this.canRewind });
  }

  protected override updated(): void {
    if (
      this.#active !== undefined &&
      (this.#wantsFocus || (this.contains(document.activeElement) && document.activeElement !== this.#activeElement()))
    ) {
      // Only rows take the focus here; a redrawn list must not lose it.
      if (this.#wantsFocus || document.activeElement?.getAttribute('role') === 'treeitem')
        this.#activeElement()?.focus({ preventScroll: true });
    }
    this.#wantsFocus = false;
    const isNearEnd = this.scrollTop + this.clientHeight > this.#offsets.total - 400;
    if (this.hasMore && isNearEnd && this.#items.length > 0) this.dispatchEvent(new CustomEvent('need-older'));
  }

  #activeElement(): HTMLElement | null {
    return this.#active === undefined ? null : this.querySelector<HTMLElement>(`[data-key="${CSS.escape(this.#active)}"]`);
  }

  #anchor(): { readonly key: string; readonly within: number } | undefined {
    const index = this.#offsets.indexAt(this.scrollTop);
    const item = this.#items[index];
    return item === undefined ? undefined : { key: item.key, within: this.scrollTop - this.#offsets.topOf(index) };
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

  readonly #onKey = (event: KeyboardEvent): void => {
    // The row that has the focus, which need not be chosen: Tab leads to a row without choosing it.
    const key = keyOf(event.target);
    if (event.altKey || event.ctrlKey || event.metaKey || key === undefined) return;
    const index = this.#indexOf.get(key);
    const item = this.#itemAt(index);
    const page = Math.max(1, Math.floor(this.clientHeight / 22) - 1);
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
