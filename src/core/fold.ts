import { assertNever } from '../base/assertNever.ts';
import type { Author } from '../model/author.ts';
import { isFileEvent, type FileEvent, type LoggedEvent, type TapedeckEvent } from '../model/event.ts';
import { eventId, type EventId } from '../model/ids.ts';
import type { SessionState } from '../model/sessionState.ts';
import { compareMarks, markOf } from './eventOrder.ts';
import { forgetOldest, isKnownSource } from './foldSource.ts';
import { foldCommandEnded, foldDiagnostics, foldTests } from './foldCommand.ts';
import { foldEntry } from './foldEntry.ts';
import { proposeCommit } from './foldProposal.ts';
import { foldAttribution, foldFileChange } from './foldFile.ts';
import { foldRewind, isInAside, statedByOf } from './foldRewind.ts';
import { foldPrompt, foldReply, foldRun, foldTool, runOf } from './foldRun.ts';

/**
 * Folds a session's events into its state.
 *
 * F1 Any prefix of any log folds: an event that cannot be folded is counted as malformed and the next one goes on.
 * F2 The same events in the same order give the same state, byte for byte (`serializeState`). No clock, no randomness.
 * F3 A fact that two processes recorded counts once: see foldSource (transcripts) and foldFile (changes on disk).
 * F4 Nothing is removed by a rewind: what it sets aside stays, marked; an undo unmarks it.
 * F5 Memory is bounded by what the session touched (files, runs, decisions, checkpoints), not by how many events it has. One thing
 *    grows with them: `attribution`, an entry for each finding that came later than its event, since any page may show that event.
 */
export function emptyState(): SessionState {
  return {
    session: {
      id: undefined,
      label: undefined,
      detail: 'full',
      models: new Map(),
      folders: [],
      startedAt: undefined,
      lastAt: undefined,
      endedAt: undefined,
      endReason: undefined,
      resumed: 0,
      isPaused: false,
      last: undefined,
    },
    counts: {
      events: 0,
      byKind: {},
      foreign: 0,
      malformed: 0,
      duplicates: 0,
      fileChanges: 0,
      skippedFiles: 0,
      commandsFailed: 0,
      toolCalls: 0,
      toolsFailed: 0,
      purged: 0,
      inputTokens: 0,
      outputTokens: 0,
      writers: new Map(),
    },
    runs: new Map(),
    files: new Map(),
    reads: new Map(),
    tools: new Map(),
    commands: new Map(),
    failures: [],
    prompts: { count: 0, first: [], latest: [] },
    constraints: [],
    replies: new Map(),
    decisions: new Map(),
    blockers: new Map(),
    notes: [],
    plans: new Map(),
    checkpoints: new Map(),
    commits: [],
    heads: new Map(),
    diagnostics: undefined,
    greens: [],
    branches: [],
    aside: [],
    attribution: new Map(),
    gaps: [],
    trace: {
      sources: new Map(),
      recentChanges: new Map(),
      aliases: new Map(),
      authors: new Map(),
      calls: new Map(),
      decisionFiles: new Map(),
      rewindWrites: new Map(),
      openRefusals: 0,
    },
  };
}

/** Takes one more event in. Changes `state` in place and returns it. Events must come in the session's order. */
export function foldEvent(state: SessionState, event: LoggedEvent): SessionState {
  try {
    fold(state, event);
  } catch {
    state.counts.malformed++;
  }
  return state;
}

/** The state after all of these events. */
export function foldAll(events: Iterable<LoggedEvent>): SessionState {
  const state = emptyState();
  for (const event of events) foldEvent(state, event);
  return state;
}

/** The state just after the event `id`; undefined when it is not among the events. */
export function stateAt(events: Iterable<LoggedEvent>, id: EventId): SessionState | undefined {
  const state = emptyState();
  for (const event of events) {
    foldEvent(state, event);
    if (eventId(event) === id) return state;
  }
  return undefined;
}

/** Who did it, after all that was found out later. */
export function effectiveAuthor(state: SessionState, event: TapedeckEvent): Author {
  return state.attribution.get(eventId(event)) ?? event.by;
}

/** True when a rewind put this event aside and no undo brought it back. */
export function isSetAside(state: SessionState, event: LoggedEvent): boolean {
  const file: FileEvent | undefined = isFileEvent(event) ? event : undefined;
  const rewind = file === undefined ? undefined : (file.rewind ?? state.trace.rewindWrites.get(eventId(event)));
  const entry = event.kind === 'checkpoint.made' ? event.id : undefined;
  const about = { path: file?.path, rewind, checkpoint: entry, statedBy: statedByOf(event) };
  return isInAside(state.aside, event, about);
}

/** The state as JSON, maps as lists of pairs: the same state gives the same text. */
export function serializeState(state: SessionState): string {
  return JSON.stringify(state, (_key, value: unknown) => (value instanceof Map ? [...(value as Map<unknown, unknown>)] : value));
}

function fold(state: SessionState, event: LoggedEvent): void {
  const { counts, session } = state;
  if (typeof event.at !== 'string' || typeof event.w !== 'string' || typeof event.n !== 'number')
    throw new TypeError('event without a place');
  counts.events++;
  counts.byKind[event.kind] = (counts.byKind[event.kind] ?? 0) + 1;
  const writer = counts.writers.get(event.w);
  if (writer === undefined) counts.writers.set(event.w, { newest: event.n });
  else if (writer.newest < event.n) writer.newest = event.n;
  if (session.last === undefined || compareMarks(session.last, event) < 0) {
    session.last = markOf(event);
    session.lastAt = event.at;
  }
  session.startedAt ??= event.at;
  if (event.kind === 'foreign') {
    counts.foreign++;
    return;
  }
  if (event.src !== undefined && isKnownSource(state, event, event.src)) {
    counts.duplicates++;
    return;
  }
  const run = runOf(state, event);
  if (run !== undefined && event.at > run.lastAt) run.lastAt = event.at;
  foldKind(state, event);
}

function foldKind(state: SessionState, event: TapedeckEvent): void {
  const { counts, session } = state;
  switch (event.kind) {
    case 'session.started':
      session.id ??= event.session;
      session.label = event.label ?? session.label;
      if (session.folders.length === 0) session.folders = event.folders.map(({ name, path }) => ({ name, path }));
      return;
    case 'session.resumed':
      session.resumed++;
      session.endedAt = undefined;
      session.endReason = undefined;
      return;
    case 'session.labelled':
      session.label = event.label;
      return;
    case 'session.adjusted':
      session.detail = event.detail ?? session.detail;
      if (event.model === '') session.models.delete(event.agent ?? '');
      else if (event.model !== undefined && (session.models.has(event.agent ?? '') || session.models.size < modelLimit))
        session.models.set(event.agent ?? '', event.model);
      return;
    case 'session.ended':
      session.endedAt = event.at;
      session.endReason = event.reason;
      return;
    case 'baseline.taken': {
      const name = event.folder === session.folders[0]?.name ? '' : event.folder;
      state.heads.set(name, {
        ...(event.head !== undefined && { head: event.head }),
        ...(event.branch !== undefined && { branch: event.branch }),
      });
      return;
    }
    case 'run.started':
    case 'run.resumed':
    case 'run.forked':
    case 'run.changed':
    case 'run.compacted':
    case 'run.rewound':
    case 'run.failed':
    case 'run.ended':
    case 'turn.ended':
    case 'usage.reported':
    case 'skill.used':
      foldRun(state, event);
      return;
    case 'prompt.submitted':
      foldPrompt(state, event);
      return;
    case 'reply.given':
      foldReply(state, event);
      return;
    case 'tool.called':
    case 'tool.returned':
      foldTool(state, event);
      return;
    case 'command.started':
      return;
    case 'command.ended':
      foldCommandEnded(state, event);
      return;
    case 'tests.finished':
      foldTests(state, event);
      return;
    case 'diagnostics.changed':
      foldDiagnostics(state, event);
      return;
    case 'file.read': {
      const file = state.files.get(event.path);
      if (file !== undefined) file.reads++;
      const reads = (state.reads.get(event.path) ?? 0) + 1;
      state.reads.delete(event.path);
      state.reads.set(event.path, reads);
      forgetOldest(state.reads, readLimit);
      return;
    }
    case 'file.created':
    case 'file.changed':
    case 'file.deleted':
    case 'file.renamed':
      foldFileChange(state, event);
      return;
    case 'file.skipped': {
      // Recorded from now on.
      if (event.after !== undefined) return;
      counts.skippedFiles++;
      const file = state.files.get(event.path);
      if (file !== undefined) file.skipped = event.reason;
      return;
    }
    case 'file.attributed':
      foldAttribution(state, event);
      return;
    case 'git.committed':
      if (!state.commits.some(({ commit, folder }) => commit === event.commit && folder === event.folder)) {
        state.commits.push({
          commit: event.commit,
          subject: event.subject,
          branch: event.branch,
          folder: event.folder,
          runs: [...(event.runs ?? [])],
          mark: markOf(event),
          author: event.by,
        });
        if (state.commits.length > commitLimit) state.commits.shift();
        proposeCommit(state, event);
      } else counts.duplicates++;
      setHead(state, event.folder, event.commit, event.branch);
      return;
    case 'git.moved':
      setHead(state, event.folder, event.to, event.branch);
      return;
    case 'git.branched':
      setHead(state, event.folder, event.head, event.to);
      return;
    case 'plan.changed':
    case 'decision.proposed':
    case 'decision.confirmed':
    case 'decision.rejected':
    case 'decision.superseded':
    case 'decision.disproved':
    case 'blocker.raised':
    case 'blocker.cleared':
    case 'progress.noted':
    case 'checkpoint.made':
      foldEntry(state, event);
      return;
    case 'rewind.applied':
    case 'rewind.undone':
    case 'rewind.failed':
      foldRewind(state, event);
      return;
    case 'capture.paused':
      session.isPaused = true;
      return;
    case 'capture.continued':
      session.isPaused = false;
      return;
    case 'capture.gap':
      state.gaps.push({ mark: markOf(event), reason: event.reason, from: event.from, to: event.to, lost: event.lost });
      if (state.gaps.length > gapLimit) state.gaps.shift();
      return;
    case 'purge.done':
      counts.purged += event.events;
      return;
    default:
      assertNever(event);
  }
}

/** Agents with a model of their own choosing. */
const modelLimit = 50;
const commitLimit = 500;
const readLimit = 1000;
const gapLimit = 200;

function setHead(state: SessionState, folder: string | undefined, head: string | undefined, branch: string | undefined): void {
  const present = state.heads.get(folder ?? '') ?? {};
  state.heads.set(folder ?? '', { ...present, ...(head !== undefined && { head }), ...(branch !== undefined && { branch }) });
}
