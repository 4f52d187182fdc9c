import type { RunDescription } from './adapter.ts';

/** Records of one type that this version does not know, by the agent and the version of it that wrote them. */
export interface Drift {
  readonly agent: string;
  readonly version?: string | undefined;
  /** As the records say it; `misshapen` for those that lack what their type needs. */
  readonly recordType: string;
  readonly count: number;
}

export interface DriftedRun {
  readonly agent: string;
  readonly run: Pick<RunDescription, 'version'>;
  readonly unknown: Readonly<Record<string, number>>;
  readonly misshapen: number;
}

/** How far the agents' formats have gone from what is known here, most records first. */
export function driftOf(runs: readonly DriftedRun[]): readonly Drift[] {
  const drifts = new Map<string, Drift>();
  const add = ({ agent, run: { version } }: DriftedRun, told: string, count: number): void => {
    if (count === 0) return;
    const recordType = told.slice(0, maxTypeLength);
    const key = JSON.stringify([agent, version, recordType]);
    const known = drifts.get(key);
    drifts.set(key, { agent, ...(version === undefined ? {} : { version }), recordType, count: (known?.count ?? 0) + count });
  };
  for (const run of runs) {
    for (const [type, count] of Object.entries(run.unknown)) add(run, type, count);
    add(run, 'misshapen', run.misshapen);
  }
  return [...drifts.values()].sort((a, b) => b.count - a.count || (a.agent + a.recordType < b.agent + b.recordType ? -1 : 1));
}

const maxTypeLength = 80;
