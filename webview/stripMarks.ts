import { counted } from '../src/core/timelineWords.ts';
import type { DensityData, DensityLane, DensityMark } from '../src/protocol/messages.ts';
import { agentColor } from './icons.ts';
import { fitCounts, laneHeight, pausesOf, shownLanes, type Span } from './stripLanes.ts';

/** What the density strip shows besides its lanes: found, told and painted. */

/** The marks around that time, the nearest first. */
export function marksNear({ marks }: DensityData, ms: number, withinMs: number): readonly DensityMark[] {
  return marks
    .filter(({ atMs, mark }) => Math.abs(atMs - ms) <= withinMs && mark !== 'continued')
    .toSorted((a, b) => Math.abs(a.atMs - ms) - Math.abs(b.atMs - ms));
}

/** The time of the next mark in that direction; undefined behind the last one. */
export function nextMark({ marks }: DensityData, ms: number, step: 1 | -1): number | undefined {
  const times = marks.map(({ atMs }) => atMs).filter((atMs) => (atMs - ms) * step > 0);
  return times.length === 0 ? undefined : step > 0 ? Math.min(...times) : Math.max(...times);
}

const names: Readonly<Record<DensityMark['mark'], string>> = {
  failure: 'failure',
  decision: 'decision',
  blocker: 'blocker',
  commit: 'commit',
  checkpoint: 'checkpoint',
  rewind: 'rewind',
  compaction: 'compaction',
  paused: 'pause',
  continued: 'pause',
};

/** `2 failures`, `1 commit`. */
export function markWords(marks: readonly DensityMark[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { mark } of marks) counts.set(names[mark], (counts.get(names[mark]) ?? 0) + 1);
  return [...counts].map(([name, count]) => counted(count, name));
}

const laneColor = (lane: DensityLane): string =>
  lane.actor === 'agent' ? `--td-agent-${agentColor(lane.name)}` : lane.actor === 'user' ? '--td-user' : '--td-tool';

/** Paints lanes, pauses and marks into the canvas, as large as it is shown. What was set aside is grey. */
export function paintStrip(canvas: HTMLCanvasElement, data: DensityData, aside: readonly Span[], style: CSSStyleDeclaration): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d');
  if (context === null || width === 0) return;
  context.scale(scale, scale);
  const colors = new Map<string, string>();
  const color = (name: string): string => {
    let value = colors.get(name);
    if (value === undefined) colors.set(name, (value = style.getPropertyValue(name).trim() || style.color));
    return value;
  };
  const span = data.toMs - data.fromMs;
  const xOf = (ms: number): number => Math.round(Math.min(1, Math.max(0, (ms - data.fromMs) / span)) * (width - 2));
  const lanes = shownLanes(data);
  const lanesHeight = lanes.length * laneHeight;
  for (const { fromMs, toMs } of pausesOf(data)) {
    context.fillStyle = color('--td-pause');
    context.fillRect(xOf(fromMs), 0, Math.max(2, xOf(toMs) - xOf(fromMs)), lanesHeight);
  }
  const columnMs = (span * 3) / width;
  const isAside = (column: number): boolean => {
    const ms = data.fromMs + (column + 0.5) * columnMs;
    return aside.some(({ fromMs, toMs }) => ms > fromMs && ms < toMs);
  };
  lanes.forEach((lane, index) => {
    const base = (index + 1) * laneHeight - 2;
    const columns = fitCounts(lane.counts, Math.floor(width / 3));
    const top = Math.max(1, ...columns);
    context.fillStyle = color('--td-line');
    context.fillRect(0, base, width, 1);
    columns.forEach((count, column) => {
      if (count === 0) return;
      context.fillStyle = color(isAside(column) ? '--td-dim' : laneColor(lane));
      const bar = Math.max(3, Math.round(Math.sqrt(count / top) * (laneHeight - 4)));
      context.fillRect(column * 3, base - bar, 2, bar);
    });
  });
  for (const { atMs, mark } of data.marks) {
    if (mark !== 'failure' && mark !== 'rewind') continue;
    context.fillStyle = color(mark === 'failure' ? '--td-failure' : '--td-dim');
    context.fillRect(xOf(atMs), 0, 1.5, lanesHeight);
  }
  // Of marks in one place one is seen: painted once.
  const seen = new Set<string>();
  for (const { atMs, mark } of data.marks) {
    const x = Math.min(width - 6, Math.max(4, xOf(atMs)));
    const place = `${mark} ${Math.floor(x / 2)}`;
    if (seen.has(place)) continue;
    seen.add(place);
    paintMark(context, mark, x, lanesHeight + 6, color);
  }
}

function paintMark(
  context: CanvasRenderingContext2D,
  mark: DensityMark['mark'],
  x: number,
  y: number,
  color: (name: string) => string,
): void {
  context.beginPath();
  switch (mark) {
    case 'decision':
      context.fillStyle = color('--td-decision');
      context.moveTo(x, y - 4);
      context.lineTo(x + 4, y);
      context.lineTo(x, y + 4);
      context.lineTo(x - 4, y);
      context.fill();
      break;
    case 'checkpoint':
      context.fillStyle = color('--td-user');
      context.fillRect(x - 3, y - 4, 1.5, 9);
      context.moveTo(x - 2, y - 4);
      context.lineTo(x + 5, y - 1);
      context.lineTo(x - 2, y + 2);
      context.fill();
      break;
    case 'commit':
      context.strokeStyle = color('--td-good');
      context.lineWidth = 1.5;
      context.arc(x, y, 3, 0, Math.PI * 2);
      context.stroke();
      break;
    case 'blocker':
      context.fillStyle = color('--td-failure');
      context.fillRect(x - 3, y - 3, 6, 6);
      break;
    case 'compaction':
      context.fillStyle = color('--td-dim');
      context.fillRect(x - 4, y - 2, 8, 1.5);
      context.fillRect(x - 4, y + 1, 8, 1.5);
      break;
    default:
  }
}
