import type { UnixMs } from '../base/clock.ts';
import { unknownAuthor, type Author } from '../model/author.ts';
import type { EventId, RunId } from '../model/ids.ts';

/**
 * Who changed a file. The rule above all: never wrong. Only a match of content or a single one who could have done it
 * names somebody; several who could have give `unknown` with their names; and what is not known stays unknown.
 * From strongest to weakest: an agent's claim whose content matches, the editor's own save, a commit that was checked
 * out, an agent's claim of the path, the only command that was running.
 */
export interface ChangeTime {
  /** The change lies between these, Unix ms. The same twice: the disk tells it. */
  readonly earliest: UnixMs;
  readonly latest: UnixMs;
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

export interface ActiveRun {
  readonly name: string;
  readonly run: RunId;
}

export interface Evidence {
  readonly claims: readonly WorkClaim[];
  /** An editor wrote exactly this content to this file. */
  readonly isEditorSave: boolean;
  /** HEAD moved, and this is what the new commit holds at this path. */
  readonly isGitContent: boolean;
  readonly spans: readonly WorkSpan[];
  /** Runs that were in the middle of a turn. */
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
  if (evidence.isEditorSave) return { by: { actor: 'user', how: 'editor' } };
  if (evidence.isGitContent) return { by: { actor: 'git', how: 'git' } };
  const spans = evidence.spans.filter((span) => couldHave(span, time));
  const near = evidence.claims.filter((claim) => claim.at >= time.earliest - claimedNearMs && claim.at <= time.latest + claimedNearMs);
  if (near.length > 0 && spans.every((span) => near.some((claim) => isSameAgent(claim, span)))) return fromClaims(near, 'claimed');
  return fromSpans(spans, evidence.activeRuns, time);
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
  if (names.length === 1) return { by: agentAuthor(names[0]!, undefined, how) };
  return { by: { ...unknownAuthor, others: names.sort() } };
}

function fromSpans(spans: readonly WorkSpan[], activeRuns: readonly ActiveRun[], time: ChangeTime): Attribution {
  const sure = spans.filter((span) => mustHave(span, time));
  const agents = [...new Set(spans.filter((span) => span.actor === 'agent').map((span) => span.name))].sort();
  const users = spans.filter((span) => span.actor === 'user');
  const active = [...new Set(activeRuns.map((run) => run.name))].sort();
  const unknown = (others: readonly string[]): Attribution => ({
    by: others.length === 0 ? unknownAuthor : { ...unknownAuthor, others: [...new Set(others)].sort() },
  });
  if (sure.length < spans.length) return unknown([...agents, ...(users.length > 0 ? ['user'] : [])]);
  if (users.length > 0 && agents.length === 0 && active.length === 0) {
    const command = users.length === 1 ? users[0]!.command : undefined;
    return { by: { actor: 'user', how: 'terminal' }, ...(command === undefined ? {} : { command }) };
  }
  if (agents.length === 1 && users.length === 0) {
    const own = spans.filter((span) => span.run !== undefined);
    const runs = [...new Set(own.map((span) => span.run))];
    // A sub-agent's command and its parent's terminal are one; two runs with commands of their own are not.
    const last = runs.length === 1 ? own.reduce((a, b) => (b.start >= a.start ? b : a)) : undefined;
    const command = (last ?? (spans.length === 1 ? spans[0] : undefined))?.command;
    return {
      by: agentAuthor(agents[0]!, last?.run, 'overlap'),
      ...(last === undefined ? {} : placeOf(last)),
      ...(command === undefined ? {} : { command }),
    };
  }
  return unknown([...agents, ...(users.length > 0 ? ['user'] : []), ...active]);
}

function agentAuthor(name: string, run: RunId | undefined, how: Author['how']): Author {
  return { actor: 'agent', name, ...(run === undefined ? {} : { run }), how };
}

function placeOf(work: { readonly turn?: number; readonly call?: string }): { readonly turn?: number; readonly call?: string } {
  return { ...(work.turn === undefined ? {} : { turn: work.turn }), ...(work.call === undefined ? {} : { call: work.call }) };
}
