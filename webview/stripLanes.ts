import { displayName } from '../src/core/timelineWords.ts';
import type { DensityData, DensityLane } from '../src/protocol/messages.ts';

/** The lanes of the density strip. Arithmetic and words only. */
export const laneHeight = 15;
export const marksHeight = 14;
/** More actors than this share the last lane. */
const laneLimit = 5;

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Those with most activity keep a lane of their own. */
export function shownLanes({ lanes }: DensityData): readonly DensityLane[] {
  if (lanes.length <= laneLimit) return lanes;
  const sum = ({ counts }: DensityLane): number => counts.reduce((all, count) => all + count, 0);
  const busiest = new Set(lanes.toSorted((a, b) => sum(b) - sum(a)).slice(0, laneLimit - 1));
  const others = lanes.filter((lane) => !busiest.has(lane));
  const counts = others[0]!.counts.map((_, bin) => others.reduce((all, lane) => all + (lane.counts[bin] ?? 0), 0));
  return [...lanes.filter((lane) => busiest.has(lane)), { actor: 'agent', name: `${others.length} others`, counts }];
}

export const laneName = (lane: DensityLane): string =>
  lane.actor === 'agent' ? displayName(lane.name ?? 'Agent') : lane.actor === 'user' ? 'You' : 'Terminal, git';

/** The counts in `columns` columns instead, none lost. */
export function fitCounts(counts: readonly number[], columns: number): number[] {
  const fitted: number[] = Array.from({ length: Math.max(1, columns) }, () => 0);
  counts.forEach((count, index) => {
    const column = Math.min(fitted.length - 1, Math.floor((index / counts.length) * fitted.length));
    fitted[column] = fitted[column]! + count;
  });
  return fitted;
}

/** Stretches in which nothing was recorded because somebody paused it. One that goes on lasts to the end. */
export function pausesOf({ marks, fromMs, toMs }: DensityData): readonly Span[] {
  const spans: Span[] = [];
  let since: number | undefined;
  for (const { mark, atMs } of marks) {
    if (mark === 'paused') since ??= atMs;
    else if (mark === 'continued') {
      spans.push({ fromMs: since ?? fromMs, toMs: atMs });
      since = undefined;
    }
  }
  return since === undefined ? spans : [...spans, { fromMs: since, toMs }];
}
