import { html, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { displayName } from '../src/core/timelineWords.ts';
import type { DensityData, DensityLane } from '../src/protocol/messages.ts';
import { agentColor } from './icons.ts';
import type { Times } from './times.ts';

const laneHeight = 17;
const marksHeight = 14;

/**
 * The whole session at a glance: one lane for each actor, marks across. A slider over its time: moving it asks to see that
 * time (`seek`, in ms). Colours are read from the page's own, so it follows the theme.
 */
export class DensityStrip extends LitElement {
  #data: DensityData | undefined;
  #atMs: number | undefined;
  #resizing: ResizeObserver | undefined;
  #theming: MutationObserver | undefined;
  times: Times | undefined;
  isLive = false;

  set data(data: DensityData | undefined) {
    if (data === this.#data) return;
    this.#data = data;
    this.requestUpdate();
  }

  /** The time of what is being read. */
  set atMs(atMs: number | undefined) {
    if (atMs === this.#atMs) return;
    this.#atMs = atMs;
    this.requestUpdate();
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resizing = new ResizeObserver(() => this.#paint());
    this.#resizing.observe(this);
    this.#theming = new MutationObserver(() => requestAnimationFrame(() => this.#paint()));
    this.#theming.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resizing?.disconnect();
    this.#theming?.disconnect();
  }

  protected override render(): TemplateResult {
    const data = this.#data;
    const { times } = this;
    if (data === undefined || times === undefined || data.lanes.length === 0) return html``;
    const at = this.#atMs ?? data.toMs;
    const failures = data.marks.filter(({ mark }) => mark === 'failure').length;
    return html`<div class="strip-names" aria-hidden="true">
        ${data.lanes.map((lane) => html`<span style="height:${laneHeight}px">${laneName(lane)}</span>`)}
      </div>
      <div
        class="strip"
        role="slider"
        tabindex="0"
        aria-label="Activity over time"
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow=${Math.round(((at - data.fromMs) / (data.toMs - data.fromMs)) * 100)}
        aria-valuetext=${`${times.clock(at)}. ${data.lanes.map(laneName).join(', ')}. ${failures} failures`}
        style="height:${data.lanes.length * laneHeight + marksHeight}px"
        @pointerdown=${this.#onPointer}
        @pointermove=${this.#onPointer}
        @keydown=${this.#onKey}
      >
        <canvas aria-hidden="true"></canvas>
      </div>
      <div class="strip-times" aria-hidden="true">
        <span>${times.clock(data.fromMs)}</span><span>${times.clock((data.fromMs + data.toMs) / 2)}</span
        ><span>${this.isLive ? 'now' : times.clock(data.toMs)}</span>
      </div>`;
  }

  protected override updated(_changed: PropertyValues): void {
    this.#paint();
  }

  #paint(): void {
    const canvas = this.querySelector('canvas');
    const data = this.#data;
    if (canvas === null || data === undefined) return;
    const { clientWidth: width, clientHeight: height } = canvas;
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const context = canvas.getContext('2d');
    if (context === null || width === 0) return;
    context.scale(scale, scale);
    const style = getComputedStyle(this);
    const color = (name: string): string => style.getPropertyValue(name).trim() || style.color;
    const span = data.toMs - data.fromMs;
    const xOf = (ms: number): number => Math.round(((ms - data.fromMs) / span) * (width - 2));
    const lanesHeight = data.lanes.length * laneHeight;
    data.lanes.forEach((lane, index) => {
      const base = (index + 1) * laneHeight - 3;
      const columns = fit(lane.counts, Math.floor(width / 3));
      const top = Math.max(1, ...columns);
      context.fillStyle = color(laneColor(lane));
      columns.forEach((count, column) => {
        if (count === 0) return;
        const bar = Math.max(2, Math.round(Math.sqrt(count / top) * (laneHeight - 5)));
        context.fillRect(column * 3, base - bar, 2, bar);
      });
    });
    for (const { atMs, mark } of data.marks) {
      const x = xOf(atMs);
      if (mark === 'failure' || mark === 'rewind') {
        context.fillStyle = color(mark === 'failure' ? '--td-failure' : '--td-dim');
        context.fillRect(x, 0, 1.5, lanesHeight);
      }
    }
    for (const { atMs, mark } of data.marks) paintMark(context, mark, Math.min(width - 6, Math.max(4, xOf(atMs))), lanesHeight + 5, color);
    if (this.#atMs !== undefined) {
      const x = Math.max(1, xOf(Math.min(data.toMs, Math.max(data.fromMs, this.#atMs))));
      context.fillStyle = color('--td-now');
      context.fillRect(x - 1, 0, 2, lanesHeight + 5);
      context.beginPath();
      context.arc(Math.min(width - 5, Math.max(5, x)), lanesHeight + 6, 4.5, 0, Math.PI * 2);
      context.fill();
    }
  }

  readonly #onPointer = (event: PointerEvent): void => {
    const data = this.#data;
    if (data === undefined || (event.type === 'pointermove' && event.buttons !== 1)) return;
    const strip = event.currentTarget as HTMLElement;
    if (event.type === 'pointerdown') strip.setPointerCapture(event.pointerId);
    const box = strip.getBoundingClientRect();
    this.#seek(data.fromMs + ((event.clientX - box.left) / box.width) * (data.toMs - data.fromMs));
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    const data = this.#data;
    if (data === undefined) return;
    const step = (data.toMs - data.fromMs) / 50;
    const at = this.#atMs ?? data.toMs;
    const to = {
      ArrowLeft: at - step,
      ArrowDown: at - step,
      ArrowRight: at + step,
      ArrowUp: at + step,
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

const laneName = (lane: DensityLane): string =>
  lane.actor === 'agent' ? displayName(lane.name ?? 'Agent') : lane.actor === 'user' ? 'You' : 'Terminal, git';

const laneColor = (lane: DensityLane): string =>
  lane.actor === 'agent' ? `--td-agent-${agentColor(lane.name)}` : lane.actor === 'user' ? '--td-user' : '--td-tool';

/** The counts in `columns` columns instead, none lost. */
function fit(counts: readonly number[], columns: number): number[] {
  const fitted: number[] = Array.from({ length: Math.max(1, columns) }, () => 0);
  counts.forEach((count, index) => {
    const column = Math.min(fitted.length - 1, Math.floor((index / counts.length) * fitted.length));
    fitted[column] = fitted[column]! + count;
  });
  return fitted;
}

function paintMark(context: CanvasRenderingContext2D, mark: string, x: number, y: number, color: (name: string) => string): void {
  if (mark === 'decision') {
    context.fillStyle = color('--td-decision');
    context.beginPath();
    context.moveTo(x, y - 4);
    context.lineTo(x + 4, y);
    context.lineTo(x, y + 4);
    context.lineTo(x - 4, y);
    context.fill();
  } else if (mark === 'commit' || mark === 'checkpoint') {
    context.fillStyle = color('--td-good');
    context.fillRect(x - 3, y - 4, 1.5, 9);
    context.beginPath();
    context.moveTo(x - 2, y - 4);
    context.lineTo(x + 5, y - 1);
    context.lineTo(x - 2, y + 2);
    context.fill();
  } else if (mark === 'blocker') {
    context.fillStyle = color('--td-failure');
    context.fillRect(x - 3, y - 3, 6, 6);
  }
}
