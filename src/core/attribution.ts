import type { UnixMs } from '../base/clock.ts';
import { unknownAuthor, type Author } from '../model/author.ts';
import type { EventId, RunId } from '../model/ids.ts';

/**
 * Who changed a file. The rule above all: never wrong. Only a match of content or a single one who could have done it
 * names somebody; several who could have give `unknown` with their names; and what is not known stays unknown.
 * From strongest to weakest: an agent's claim whose content matches, the editor's own save or deletion, a commit that was
 * checked out, an agent's claim of the path, the only one who was at work.
 */
export interface ChangeTime {
  /** The change lies between these, Unix ms. The same twice: the disk tells it. */
  readonly earliest: UnixMs;
  readonly latest: UnixMs;
  /** A look that began then still saw what was there before: whatever had ended by then did not do it. */
  readonly unchangedAt?: UnixMs;
}

/** A time in which somebody's command ran (or a tool call worked on certain paths). */
export interface WorkSpan {
  readonly actor: 'agent' | 'user';
  /** The agent's short name; `user` for a person's own command. */
  readonly name: string;
  readonly run?: RunId;
  readonly turn?: number;
  readonly call?: string;
  /** The `command.started` event. */
  readonly command?: EventId;
  readonly start: UnixMs;
  /** Undefined: still running. */
  readonly end: UnixMs | undefined;
  /** How far the told times may be from the true ones. */
  readonly slackMs: number;
}

/** An agent's tool call that names the file. */
export interface WorkClaim {
  readonly name: string;
  readonly run?: RunId;
  readonly turn?: number;
  readonly call?: string;
  /** The content on both sides is what the agent says it did. */
  readonly matches: boolean;
  readonly at: UnixMs;
}

/** A run of which nobody can say that it was idle. */
export interface ActiveRun {
  readonly name: string;
  readonly run: RunId;
}

/**
 * What an editor did to the file. `whole`: all of the change, from the content before it to the one after it. `last`: what
 * came last in it; before that somebody else may have written. `part`: something in the middle of it.
 */
export type EditorPart = 'whole' | 'last' | 'part' | 'none';

/**
 * What a move of HEAD did to it. `content`: the new commit holds just this. `gone`: it holds no such file, which others
 * may have seen to as well. `part`: it wrote something else here at about that time.
 */
export type GitPart = 'content' | 'gone' | 'part' | 'none';

export interface Evidence {
  readonly claims: readonly WorkClaim[];
  readonly editor: EditorPart;
  readonly git: GitPart;
  readonly spans: readonly WorkSpan[];
  /** Runs that may have been at work on something that is not told yet. */
  readonly activeRuns: readonly ActiveRun[];
}

export interface Attribution {
  readonly by: Author;
  readonly turn?: number;
  readonly call?: string;
  readonly command?: EventId;
}

/** How wide a change's time may be for it to lie "in" a command that ran only a part of it. */
const narrowMs = 1500;
/** How far an agent's claim without matching content may lie from the change. */
const claimedNearMs = 3000;

export function attribute(time: ChangeTime, evidence: Evidence): Attribution {
  const matching = evidence.claims.filter((claim) => claim.matches);
  if (matching.length > 0) return fromClaims(matching, 'transcript');
  if (evidence.editor === 'whole') return byEditor;
  if (evidence.git === 'content') return byGit;
  const spans = evidence.spans.filter((span) => couldHave(span, time));
  const near = evidence.claims.filter((claim) => claim.at >= time.earliest - claimedNearMs && claim.at <= time.latest + claimedNearMs);
  if (evidence.editor !== 'none' || evidence.git !== 'none') return fromParts(spans, near, evidence);
  if (near.length > 0 && spans.every((span) => near.some((claim) => isSameAgent(claim, span)))) return fromClaims(near, 'claimed');
  return fromSpans(spans, near, evidence.activeRuns, time);
}

/** Somebody is known to have had a part in it: they alone, or nobody is named. */
function fromParts(spans: readonly WorkSpan[], claims: readonly WorkClaim[], { editor, git, activeRuns }: Evidence): Attribution {
  const names = [...claims, ...spans, ...activeRuns].map(({ name }) => name);
  const others = new Set([...names, ...(editor === 'none' ? [] : ['user'])]);
  // The command that moved HEAD stands behind what git did.
  if (git !== 'none' && [...others].every((name) => name === 'user')) return git === 'gone' ? byGit : overlapping(['git', 'user']);
  if (git === 'none' && others.size === 1) return byEditor;
  return overlapping([...others, ...(git === 'none' ? [] : ['git'])]);
}

const byGit: Attribution = { by: { actor: 'git', how: 'git' } };
const byEditor: Attribution = { by: { actor: 'user', how: 'editor' } };

/** Several could have done it, or did it together. */
function overlapping(names: readonly string[]): Attribution {
  return { by: names.length === 0 ? unknownAuthor : { ...unknownAuthor, others: [...new Set(names)].sort() } };
}

/** A content's match stands; everything else is open to what is learned later. */
export function isSettled({ how }: Author): boolean {
  return how === 'transcript' || how === 'editor' || how === 'git' || how === 'stated' || how === 'hook';
}

export function isSameAuthor(a: Author, b: Author): boolean {
  return (
    a.actor === b.actor &&
    a.name === b.name &&
    a.run === b.run &&
    a.how === b.how &&
    (a.others ?? []).join('\n') === (b.others ?? []).join('\n')
  );
}

function couldHave(span: WorkSpan, time: ChangeTime): boolean {
  const start = span.start - span.slackMs;
  const end = span.end === undefined ? Number.POSITIVE_INFINITY : span.end + span.slackMs;
  if (span.end !== undefined && time.unchangedAt !== undefined && span.end < time.unchangedAt) return false;
  return start <= time.latest && end >= time.earliest;
}

/** It ran during all of the time in which the change can lie, or that time is so short that a part is enough. */
function mustHave(span: WorkSpan, time: ChangeTime): boolean {
  if (time.latest - time.earliest <= narrowMs) return true;
  return span.start - span.slackMs <= time.earliest && (span.end === undefined || span.end + span.slackMs >= time.latest);
}

function isSameAgent(claim: WorkClaim, span: WorkSpan): boolean {
  return (
    span.actor === 'agent' && span.name === claim.name && (span.run === undefined || claim.run === undefined || span.run === claim.run)
  );
}

function fromClaims(claims: readonly WorkClaim[], how: 'transcript' | 'claimed'): Attribution {
  const last = claims.reduce((a, b) => (b.at >= a.at ? b : a));
  const runs = new Set(claims.map((claim) => `${claim.name}\n${claim.run ?? ''}`));
  if (runs.size === 1) return { by: agentAuthor(last.name, last.run, how), ...placeOf(last) };
  const names = [...new Set(claims.map((claim) => claim.name))];
  // Two runs of one agent tell the same: that agent it was, which run is not known.
  return names.length === 1 ? { by: agentAuthor(names[0]!, undefined, how) } : overlapping(names);
}

function fromSpans(
  spans: readonly WorkSpan[],
  claims: readonly WorkClaim[],
  activeRuns: readonly ActiveRun[],
  time: ChangeTime,
): Attribution {
  const agents = spans.filter(({ actor }) => actor === 'agent');
  const users = spans.filter(({ actor }) => actor === 'user');
  const names = [...new Set([...agents, ...claims].map(({ name }) => name))];
  const isSure = spans.every((span) => mustHave(span, time));
  const others = activeRuns.filter(({ name }) => name !== names[0]);
  if (isSure && users.length > 0 && names.length === 0 && activeRuns.length === 0) {
    const command = users.length === 1 ? users[0]!.command : undefined;
    return { by: { actor: 'user', how: 'terminal' }, ...(command === undefined ? {} : { command }) };
  }
  if (isSure && agents.length > 0 && users.length === 0 && names.length === 1 && others.length === 0)
    return byAgentAlone(names[0]!, agents, [...activeRuns, ...claims]);
  return overlapping([...names, ...(users.length > 0 ? ['user'] : []), ...activeRuns.map(({ name }) => name)]);
}

/** One agent, and of its runs the one that could have, where no other may have had a part in it. */
function byAgentAlone(name: string, spans: readonly WorkSpan[], others: readonly { readonly run?: RunId }[]): Attribution {
  const own = spans.filter((span) => span.run !== undefined);
  // A sub-agent's command and its parent's terminal are one; two runs with commands of their own are not.
  const runs = new Set(own.map((span) => span.run));
  const last = runs.size === 1 ? own.reduce((a, b) => (b.start >= a.start ? b : a)) : undefined;
  const isAlone = last !== undefined && others.every(({ run }) => run === last.run);
  const command = (last ?? (spans.length === 1 ? spans[0] : undefined))?.command;
  return {
    by: agentAuthor(name, isAlone ? last.run : undefined, 'overlap'),
    ...(isAlone ? placeOf(last) : {}),
    ...(command === undefined || (last !== undefined && !isAlone) ? {} : { command }),
  };
}

function agentAuthor(name: string, run: RunId | undefined, how: Author['how']): Author {
  return { actor: 'agent', name, ...(run === undefined ? {} : { run }), how };
}

function placeOf(work: { readonly turn?: number; readonly call?: string }): { readonly turn?: number; readonly call?: string } {
  return { ...(work.turn === undefined ? {} : { turn: work.turn }), ...(work.call === undefined ? {} : { call: work.call }) };
}
