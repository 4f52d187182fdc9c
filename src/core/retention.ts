import type { UnixMs } from '../base/clock.ts';
import type { AgentEnvironment } from './transcripts/adapter.ts';
import { joinHome } from './transcripts/home.ts';
import { asRecord, asText } from './transcripts/jsonValue.ts';

/**
 * How long agents keep their own transcripts before they delete them without a word: by the age of the file, when they are
 * started. Agents that are not here keep them, as far as is known.
 * - Claude Code: `cleanupPeriodDays`, 30 by default.
 * - Gemini CLI: `general.sessionRetention` with `enabled` and `maxAge` (`30d`), on by default.
 * - OpenClaw: `session.maintenance` with `mode` (`enforce`) and `pruneAfter` (`30d`).
 */
export interface RetentionPolicy {
  /** Id of the adapter. */
  readonly agent: string;
  /** Files of settings, absolute, the one that counts most last. They need not exist. */
  files(environment: AgentEnvironment): readonly string[];
  /** Days; undefined: for ever. `settings` are what JSON.parse gave of the files that are there, in that order. */
  keptDays(settings: readonly unknown[]): number | undefined;
  /** What the user would set to keep them for longer. */
  readonly setting: string;
}

export const retentionPolicies: readonly RetentionPolicy[] = [
  {
    agent: 'claude',
    files: (environment) => {
      const home = environment.variables['CLAUDE_CONFIG_DIR'] || joinHome(environment, environment.homeFolder, '.claude');
      const [folder] = environment.folders ?? [];
      const own =
        folder === undefined ? [] : ['settings.json', 'settings.local.json'].map((name) => joinHome(environment, folder, '.claude', name));
      return [joinHome(environment, home, 'settings.json'), ...own];
    },
    keptDays: (settings) => {
      const told = lastOf(settings, (file) => file['cleanupPeriodDays']);
      return typeof told === 'number' && told >= 0 ? told : defaultDays;
    },
    setting: 'cleanupPeriodDays',
  },
  {
    agent: 'gemini',
    files: (environment) => {
      const home = environment.variables['GEMINI_CLI_HOME'] || environment.homeFolder;
      const [folder] = environment.folders ?? [];
      return [home, ...(folder === undefined ? [] : [folder])].map((place) => joinHome(environment, place, '.gemini', 'settings.json'));
    },
    keptDays: (settings) => {
      const of = (name: string): unknown => lastOf(settings, (file) => asRecord(asRecord(file['general'])?.['sessionRetention'])?.[name]);
      return of('enabled') === false ? undefined : (daysOf(of('maxAge')) ?? defaultDays);
    },
    setting: 'general.sessionRetention',
  },
  {
    agent: 'openclaw',
    files: (environment) => {
      const { variables, homeFolder } = environment;
      const state = variables['OPENCLAW_STATE_DIR'] || joinHome(environment, variables['OPENCLAW_HOME'] || homeFolder, '.openclaw');
      return [joinHome(environment, state, 'openclaw.json')];
    },
    keptDays: (settings) => {
      const of = (name: string): unknown => lastOf(settings, (file) => asRecord(asRecord(file['session'])?.['maintenance'])?.[name]);
      return of('mode') === 'warn' ? undefined : (daysOf(of('pruneAfter')) ?? defaultDays);
    },
    setting: 'session.maintenance.pruneAfter',
  },
];

/** When a transcript that last changed then is due to be deleted. */
export function deletionDueAt(changedAtMs: UnixMs, keptDays: number): UnixMs {
  return changedAtMs + keptDays * dayMs;
}

const defaultDays = 30;
const dayMs = 86_400_000;

function lastOf(settings: readonly unknown[], pick: (file: Readonly<Record<string, unknown>>) => unknown): unknown {
  for (const file of settings.toReversed()) {
    const told = pick(asRecord(file) ?? {});
    if (told !== undefined) return told;
  }
  return undefined;
}

/** `30d`, `2w`, `24h`, `3m` (months, as Gemini has it); a number alone is days. */
function daysOf(told: unknown): number | undefined {
  if (typeof told === 'number' && told >= 0) return told;
  const match = /^\s*(\d+(?:\.\d+)?)\s*(h|d|w|m)?\s*$/i.exec(asText(told) ?? '');
  if (match === null) return undefined;
  const factors: Readonly<Record<string, number>> = { h: 1 / 24, d: 1, w: 7, m: 30 };
  return Number(match[1]) * (factors[match[2]?.toLowerCase() ?? 'd'] ?? 1);
}
