/** The middle of the runs: one noisy run does not count. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** A goal and what was reached. `ratio` is compared with the goal; both are of the same run, so that the machine cancels out. */
export interface Goal {
  readonly name: string;
  readonly ratio: number;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** The plain figures behind the ratio. */
  readonly figures: string;
}

/** A Markdown table of goals, reached or not. */
export function describeGoals(goals: readonly Goal[]): string {
  const rows = goals.map(({ name, ratio, atMost, atLeast, figures }) => {
    const goal = atMost !== undefined ? `<= ${atMost}` : atLeast !== undefined ? `>= ${atLeast}` : '–';
    const isReached = (atMost === undefined || ratio <= atMost) && (atLeast === undefined || ratio >= atLeast);
    const verdict = goal === '–' ? '' : isReached ? 'reached' : '**not reached**';
    return `| ${name} | ${show(ratio)} | ${goal} | ${verdict} | ${figures} |`;
  });
  return ['| what | ratio | goal | | figures |', '|---|---|---|---|---|', ...rows].join('\n');
}

export function show(value: number): string {
  if (!Number.isFinite(value)) return '?';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: 0 });
}
