import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { Delayer } from '../src/base/delayer.ts';
import type { DensityData } from '../src/protocol/messages.ts';
import { laneHeight, laneName, marksHeight, shownLanes, type Span } from './stripLanes.ts';
import { marksNear, markWords, nextMark, paintStrip } from './stripMarks.ts';
import type { Times } from './times.ts';

/**
 * The whole session at a glance: one lane for each actor, marks across. A slider over its time: moving it asks to see that
 * time (`seek`, in ms); `files` asks for all files as they were then. Colours are read from the page's own, so it follows the
 * theme. It is painted when it says something else; while the list scrolls only its cursor moves.
 */
export class DensityStrip extends LitElement {
  #data: DensityData | undefined;
  #atMs: number | undefined;
  #hoverMs: number | undefined;
  #aside: readonly Span[] = [];
  #resizing: ResizeObserver | undefined;
  #theming: MutationObserver | undefined;
  #width = 0;
  readonly #wordsLater = new Delayer(() => this.requestUpdate(), 150, 400);
  times: Times | undefined;
  isLive = false;
  canShowFiles = true;

  set data(data: DensityData | undefined) {
    if (data === this.#data) return;
    this.#data = data;
    this.requestUpdate();
  }

  /** What rewinds set aside. */
  set aside(aside: readonly Span[]) {
    if (JSON.stringify(aside) === JSON.stringify(this.#aside)) return;
    this.#aside = aside;
    this.requestUpdate('aside', undefined);
  }

  /** The time of what is being read. */
  set atMs(atMs: number | undefined) {
    if (atMs === this.#atMs) return;
    this.#atMs = atMs;
    this.#moveCursor();
    this.#wordsLater.request();
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resizing = new ResizeObserver(() => {
      this.#width = this.querySelector('canvas')?.clientWidth ?? 0;
      this.#paint();
    });
    this.#resizing.observe(this);
    this.#theming = new MutationObserver(() => requestAnimationFrame(() => this.#paint()));
    this.#theming.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resizing?.disconnect();
    this.#theming?.disconnect();
    this.#wordsLater.dispose();
  }

  protected override render(): TemplateResult {
    const data = this.#data;
    const { times } = this;
    if (data === undefined || times === undefined || data.lanes.length === 0) return html``;
    const lanes = shownLanes(data);
    const at = this.#atMs ?? data.toMs;
    const isPast = this.#atMs !== undefined && this.#atMs < data.toMs - 1000;
    const words = [times.clock(at), ...markWords(marksNear(data, at, this.#msOfPx(4)))].join(', ');
    return html`<div class="strip-names" aria-hidden="true">
        ${lanes.map((lane) => html`<span style="height:${laneHeight}px">${laneName(lane)}</span>`)}
      </div>
      <div
        class="strip"
        role="slider"
        tabindex="0"
        aria-label="Activity over time"
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow=${Math.round(share(data, at) * 100)}
        aria-valuetext=${`${words}. ${lanes.map(laneName).join(', ')}.`}
        style="height:${lanes.length * laneHeight + marksHeight}px"
        @pointerdown=${this.#onPointer}
        @pointermove=${this.#onPointer}
        @pointerleave=${this.#onLeave}
        @keydown=${this.#onKey}
      >
        <canvas aria-hidden="true"></canvas>
        <div class="strip-cursor" aria-hidden="true"></div>
        ${this.#hover(data, times)}
      </div>
      <div class="strip-times">
        <span aria-hidden="true">${times.clock(data.fromMs)}</span>
        ${
          isPast && this.canShowFiles
            ? html`<button type="button" class="link" title="Show all files as they were then" @click=${this.#onFiles}>
                Files at ${times.clock(at)}
              </button>`
            : html`<span aria-hidden="true">${times.clock((data.fromMs + data.toMs) / 2)}</span>`
        }
        <span aria-hidden="true">${this.isLive ? 'now' : times.clock(data.toMs)}</span>
      </div>`;
  }

  /** What stands under the pointer, in words. */
  #hover(data: DensityData, times: Times): TemplateResult | typeof nothing {
    const ms = this.#hoverMs;
    if (ms === undefined) return nothing;
    const words = [times.brief(new Date(ms).toISOString(), Date.now()), ...markWords(marksNear(data, ms, this.#msOfPx(4)))];
    const isRight = share(data, ms) > 0.5;
    return html`<div
      class="strip-hover"
      aria-hidden="true"
      style=${`${isRight ? 'right' : 'left'}:${Math.round((isRight ? 1 - share(data, ms) : share(data, ms)) * this.#width)}px`}
    >
      ${words.join(' · ')}
    </div>`;
  }

  protected override updated(_changed: PropertyValues): void {
    this.#width = this.querySelector('canvas')?.clientWidth ?? 0;
    this.#paint();
  }

  #painted: unknown;

  #paint(): void {
    const canvas = this.querySelector('canvas');
    const data = this.#data;
    if (canvas === null || data === undefined || this.#width === 0) return;
    this.#moveCursor();
    const look = `${this.#width} ${window.devicePixelRatio} ${document.body.className} ${document.body.dataset['vscodeThemeId']}`;
    const painted = { data, aside: this.#aside, look };
    if (isSame(this.#painted, painted)) return;
    this.#painted = painted;
    paintStrip(canvas, data, this.#aside, getComputedStyle(this));
  }

  #moveCursor(): void {
    const cursor = this.querySelector<HTMLElement>('.strip-cursor');
    const data = this.#data;
    if (cursor === null || data === undefined) return;
    cursor.hidden = this.#atMs === undefined;
    if (this.#atMs !== undefined) cursor.style.transform = `translateX(${Math.round(share(data, this.#atMs) * (this.#width - 2))}px)`;
  }

  #msOfPx(px: number): number {
    const data = this.#data;
    return data === undefined || this.#width === 0 ? 0 : (px / this.#width) * (data.toMs - data.fromMs);
  }

  readonly #onPointer = (event: PointerEvent): void => {
    const data = this.#data;
    if (data === undefined) return;
    const strip = event.currentTarget as HTMLElement;
    const box = strip.getBoundingClientRect();
    const ms = data.fromMs + Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * (data.toMs - data.fromMs);
    this.#hoverMs = ms;
    this.requestUpdate();
    if (event.type === 'pointermove' && event.buttons !== 1) return;
    if (event.type === 'pointerdown') strip.setPointerCapture(event.pointerId);
    // A mark is thinner than a finger is steady.
    const [near] = event.type === 'pointerdown' ? marksNear(data, ms, this.#msOfPx(4)) : [];
    this.#seek(near?.atMs ?? ms);
  };

  readonly #onLeave = (): void => {
    this.#hoverMs = undefined;
    this.requestUpdate();
  };

  readonly #onFiles = (): void => {
    if (this.#atMs !== undefined) this.dispatchEvent(new CustomEvent<number>('files', { detail: this.#atMs }));
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    const data = this.#data;
    if (data === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    const step = (data.toMs - data.fromMs) / 50;
    const at = this.#atMs ?? data.toMs;
    const back = event.shiftKey ? nextMark(data, at, -1) : at - step;
    const on = event.shiftKey ? nextMark(data, at, 1) : at + step;
    const to = {
      ArrowLeft: back,
      ArrowDown: back,
      ArrowRight: on,
      ArrowUp: on,
      PageDown: at - step * 5,
      PageUp: at + step * 5,
      Home: data.fromMs,
      End: data.toMs,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#seek(to);
  };

  #seek(ms: number): void {
    const data = this.#data!;
    const atMs = Math.min(data.toMs, Math.max(data.fromMs, ms));
    this.atMs = atMs;
    this.dispatchEvent(new CustomEvent<number>('seek', { detail: atMs }));
  }
}

const share = ({ fromMs, toMs }: DensityData, ms: number): number => Math.min(1, Math.max(0, (ms - fromMs) / (toMs - fromMs)));

function isSame(a: unknown, b: Readonly<Record<string, unknown>>): boolean {
  return typeof a === 'object' && a !== null && Object.entries(b).every(([key, value]) => (a as Record<string, unknown>)[key] === value);
}
