import { groupDecisions, openBlockers } from './decisions.ts';
import { isFileUnchanged } from './foldFile.ts';
import { lastGreenCheck } from './lastGreen.ts';
import { planProgress } from './progress.ts';
import { counted, displayName, durationText, oneLine } from './timelineWords.ts';
import type { SessionState } from '../model/sessionState.ts';

/** What a list of sessions says of one: a few lines of plain data, small enough to keep for every session there ever was. */
export interface SessionDigest {
  readonly session: string;
  readonly label?: string;
  /** The words of its first prompt. */
  readonly asked?: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly lastAt: string;
  readonly endedAt?: string;
  readonly events: number;
  readonly agents: readonly string[];
  readonly prompts: number;
  readonly files: { readonly created: number; readonly changed: number; readonly deleted: number };
  readonly commits: number;
  readonly decisions: number;
  readonly proposals: number;
  readonly openBlockers: number;
  readonly failed: number;
  readonly tokens: { readonly input: number; readonly output: number };
  readonly branch?: string;
  /** The check that passed last. */
  readonly green?: { readonly command: string; readonly at: string };
  readonly plan: { readonly done: number; readonly left: number };
  readonly next?: string;
  /** What was decided, newest first. */
  readonly decided: readonly string[];
}

export function sessionDigest(state: SessionState): SessionDigest {
  const { session, counts } = state;
  const all = [...state.prompts.first, ...state.prompts.latest];
  const asked = all.find(({ isSetAside, provenance }) => !isSetAside && provenance === 'user') ?? all[0];
  const changed = [...state.files.values()].filter((file) => file.last !== undefined && !isFileUnchanged(file));
  const { inForce, proposed } = groupDecisions(state);
  const green = lastGreenCheck(state);
  const { items } = planProgress(state);
  const left = items.filter(({ status }) => status !== 'completed');
  const branch = state.heads.get('')?.branch;
  const words = asked === undefined ? '' : oneLine(asked.text, 160);
  const next = left.find(({ status }) => status === 'in_progress') ?? left[0];
  return {
    session: session.id ?? '',
    ...(session.label === undefined ? {} : { label: session.label }),
    ...(words === '' ? {} : { asked: words }),
    startedAt: session.startedAt ?? '',
    lastAt: session.lastAt ?? session.startedAt ?? '',
    ...(session.endedAt === undefined ? {} : { endedAt: session.endedAt }),
    events: counts.events,
    agents: [...new Set([...state.runs.values()].map(({ agent }) => agent).filter((agent) => agent !== undefined))],
    prompts: state.prompts.count,
    files: {
      created: changed.filter(({ exists, first }) => exists && first === undefined).length,
      changed: changed.filter(({ exists, first }) => exists && first !== undefined).length,
      deleted: changed.filter(({ exists }) => !exists).length,
    },
    commits: state.commits.length,
    decisions: inForce.length,
    proposals: proposed.length,
    openBlockers: openBlockers(state).length,
    failed: counts.commandsFailed,
    tokens: { input: counts.inputTokens, output: counts.outputTokens },
    ...(branch === undefined ? {} : { branch }),
    ...(green?.command === undefined ? {} : { green: { command: oneLine(green.command, 80), at: green.mark.at } }),
    plan: { done: items.length - left.length, left: left.length },
    ...(next === undefined ? {} : { next: oneLine(next.content, 160) }),
    decided: inForce
      .toReversed()
      .slice(0, 5)
      .map(({ what }) => oneLine(what, 160)),
  };
}

/** What was done, in one line: `2 h 5 min · Codex, Claude Code · 3 prompts · 12 files · 2 commits`. */
export function digestLine(digest: SessionDigest): string {
  const files = digest.files.created + digest.files.changed + digest.files.deleted;
  const lasted = Date.parse(digest.lastAt) - Date.parse(digest.startedAt);
  return [
    ...(lasted > 0 ? [durationText(lasted)] : []),
    ...(digest.agents.length > 0 ? [digest.agents.map(displayName).join(', ')] : []),
    ...(digest.prompts > 0 ? [counted(digest.prompts, 'prompt')] : []),
    counted(files, 'file'),
    ...(digest.commits > 0 ? [counted(digest.commits, 'commit')] : []),
    ...(digest.decisions > 0 ? [counted(digest.decisions, 'decision')] : []),
    ...(digest.openBlockers > 0 ? [counted(digest.openBlockers, 'open blocker')] : []),
    ...(digest.failed > 0 ? [counted(digest.failed, 'failed command')] : []),
  ].join(' · ');
}
