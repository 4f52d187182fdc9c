import { assertNever } from '../base/assertNever.ts';
import type { UnixMs } from '../base/clock.ts';
import type { EventOf, TapedeckEvent } from '../model/event.ts';
import { eventId, type RunId } from '../model/ids.ts';
import type { ActiveRun, ChangeTime, WorkSpan } from './attribution.ts';
import { onlyReads } from './readingCommand.ts';
import { leavesWorkBehind } from './workLeftBehind.ts';

/**
 * Who was at work when, from the events of every process. Nobody who could have been is left out: a run counts as idle in
 * a moment of its turn only when its own record has gone past that moment (what it had called by then stands in there),
 * none of its calls reaches over it, and it has no sub-agent whose record may be unread; what a command leaves running
 * counts as work for as long as nobody says that it ended.
 */
export class WorkLedger {
  readonly #spans = new Map<string, KnownSpan>();
  readonly #runs = new Map<RunId, KnownRun>();

  /** Takes note of an event. The moment from which on more is known now, Unix ms; undefined: nothing was learned. */
  observe(event: TapedeckEvent, at: UnixMs): UnixMs | undefined {
    const before = this.#noteRun(event, at);
    const from = this.#noteWork(event, at);
    return before === undefined ? from : from === undefined ? before : Math.min(before, from);
  }

  /** The commands and calls that may have done something then. */
  spansIn(time: ChangeTime): readonly WorkSpan[] {
    return [...this.#spans.values()].filter(
      (span) => !span.isDelegation && (span.run !== undefined || span.actor === 'user' || this.#mayWork(span, time)),
    );
  }

  /** The runs that were in a turn then and are not known to have been idle. */
  activeIn(time: ChangeTime): readonly ActiveRun[] {
    return [...this.#runs.values()].filter((run) => isInTurn(run, time) && !this.#isIdle(run, time));
  }

  /** Is an agent in the middle of something? */
  isAgentAtWork(now: UnixMs): boolean {
    for (const run of this.#runs.values()) {
      const turn = run.turns.at(-1);
      if (turn !== undefined && turn.end === undefined && now - run.lastAt < silentMs) return true;
    }
    for (const span of this.#spans.values()) if (span.actor === 'agent' && span.end === undefined && span.isBehind !== true) return true;
    return false;
  }

  /** Forgets what ended before that. */
  prune(oldest: UnixMs): void {
    for (const [key, span] of this.#spans) if (span.end !== undefined && span.end < oldest) this.#spans.delete(key);
    // What never ends is bounded by its number: the oldest of it is the likeliest to have ended unheard.
    const open = [...this.#spans.keys()];
    for (const key of open.slice(0, Math.max(0, open.length - spanLimit))) this.#spans.delete(key);
    for (const [id, run] of this.#runs)
      if (run.lastAt < oldest - runMs) this.#runs.delete(id);
      else run.turns.splice(0, run.turns.findLastIndex(({ end }) => end !== undefined && end < oldest) + 1);
  }

  #noteRun(event: TapedeckEvent, at: UnixMs): UnixMs | undefined {
    const id = event.run ?? event.by.run;
    if (id === undefined || (event.src === undefined && !recordKinds.has(event.kind))) return undefined;
    let run = this.#runs.get(id);
    if (run === undefined) {
      const name = event.kind === 'run.started' ? event.agent : event.by.actor === 'agent' ? event.by.name : undefined;
      if (name === undefined) return undefined;
      run = { name, run: id, lastAt: at, parent: undefined, startedAt: at, turns: [] };
      this.#runs.set(id, run);
    }
    if (event.kind === 'run.started' && event.parent !== undefined) run.parent = event.parent;
    const from = run.lastAt;
    run.lastAt = Math.max(run.lastAt, at);
    const turn = run.turns.at(-1);
    if (event.kind === 'turn.ended' || event.kind === 'run.ended') {
      if (turn !== undefined && turn.end === undefined) turn.end = at;
    } else if (
      event.kind === 'prompt.submitted' ||
      (event.kind === 'tool.called' && (turn === undefined || (turn.end !== undefined && at > turn.end))) ||
      (event.kind === 'reply.given' && turn === undefined)
    ) {
      // A prompt in the middle of a turn waits for its end, or steers it: the turn goes on.
      if (turn === undefined || turn.end !== undefined) {
        run.turns.push({ start: at, end: undefined });
        return Math.min(from, at);
      }
    }
    return run.lastAt > from || turn?.end === at ? Math.min(from, at) - idleSlackMs : undefined;
  }

  #noteWork(event: TapedeckEvent, at: UnixMs): UnixMs | undefined {
    switch (event.kind) {
      case 'tool.called': {
        const run = event.by.run ?? event.run;
        const isDelegation = event.tool === 'think' && !planning.test(event.name);
        if (event.by.actor !== 'agent' || !(isDelegation || canChangeFiles(event))) return undefined;
        return this.#open(callKey(run, event.call), {
          actor: 'agent',
          name: event.by.name ?? 'agent',
          ...known({ run, turn: event.turn }),
          call: event.call,
          start: at,
          slackMs: callSlackMs,
          leaves: event.command !== undefined && leavesWorkBehind(event.command),
          isDelegation,
        });
      }
      case 'tool.returned':
        return this.#close(callKey(event.by.run ?? event.run, event.call), at, event.outcome === 'background', event.durationMs);
      case 'command.started': {
        if (onlyReads(event.command)) return undefined;
        const isAgent = event.by.actor === 'agent';
        const run = event.by.run ?? event.run;
        return this.#open(event.call === undefined ? `event:${eventId(event)}` : callKey(run, event.call), {
          actor: isAgent ? 'agent' : 'user',
          name: isAgent ? (event.by.name ?? 'agent') : 'user',
          ...known({ run, turn: event.turn, call: event.call }),
          command: eventId(event),
          start: at,
          slackMs: event.call === undefined ? terminalSlackMs : callSlackMs,
          // The program of an agent itself tells of its end by its records.
          leaves: (!isAgent || event.call !== undefined) && leavesWorkBehind(event.command),
          isDelegation: false,
        });
      }
      case 'command.ended':
        return this.#close(
          event.call === undefined ? `event:${event.started ?? ''}` : callKey(event.run ?? event.by.run, event.call),
          at,
          event.outcome === 'background',
          event.durationMs,
        );
      default:
        return undefined;
    }
  }

  #open(key: string, span: Omit<KnownSpan, 'end'>): UnixMs {
    const present = this.#spans.get(key);
    // The call and its command are one span: the earlier start, and what either of them knows.
    const start = present === undefined ? span.start : Math.min(present.start, span.start);
    this.#spans.set(key, { ...present, ...span, start, end: present?.end, leaves: span.leaves || present?.leaves === true });
    return start - span.slackMs;
  }

  #close(key: string, at: UnixMs, isInBackground: boolean, durationMs: number | undefined): UnixMs | undefined {
    const span = this.#spans.get(key);
    if (span === undefined) return undefined;
    const from = span.start - span.slackMs;
    if (isInBackground || span.leaves) {
      this.#spans.set(key, { ...span, end: undefined, isBehind: true });
      return from;
    }
    // A call may have waited for somebody's consent before it ran.
    const start = durationMs === undefined ? span.start : Math.max(span.start, at - durationMs - durationSlackMs);
    this.#spans.set(key, { ...span, start, end: span.end === undefined ? at : Math.max(span.end, at), isBehind: false });
    if (span.actor === 'agent' && span.run === undefined) this.#endTurns(span, at);
    return from;
  }

  /** The program is gone, and its turn with it, where there is no other of that name. */
  #endTurns(terminal: WorkSpan, at: UnixMs): void {
    if (this.#terminals(terminal.name, { earliest: at, latest: at }).some(({ end }) => end === undefined)) return;
    for (const run of this.#runs.values()) {
      const turn = run.turns.at(-1);
      if (run.name === terminal.name && run.lastAt >= terminal.start - 1000 && turn !== undefined) turn.end ??= Math.max(at, run.lastAt);
    }
  }

  #terminals(name: string, time: ChangeTime): readonly WorkSpan[] {
    return [...this.#spans.values()].filter(
      (span) => span.actor === 'agent' && span.run === undefined && span.name === name && reaches(span, time),
    );
  }

  /** An agent's terminal says little while we know that the agents in it are idle. */
  #mayWork(terminal: WorkSpan, time: ChangeTime): boolean {
    const runs = [...this.#runs.values()].filter((run) => run.name === terminal.name && run.lastAt >= terminal.start - 1000);
    // One that has not told of its run yet could be doing anything.
    if (runs.filter(({ parent }) => parent === undefined).length < this.#terminals(terminal.name, time).length) return true;
    return runs.some((run) => isInTurn(run, time) && !this.#isIdle(run, time));
  }

  #isIdle(run: KnownRun, time: ChangeTime): boolean {
    if (run.lastAt < time.latest + idleSlackMs) return false;
    const given = [...this.#spans.values()].filter((span) => span.run === run.run && span.isDelegation && reaches(span, time));
    if (given.length === 0) return true;
    const first = Math.min(...given.map(({ start }) => start)) - delegationSlackMs;
    const children = [...this.#runs.values()].filter(({ parent, startedAt }) => parent === run.run && startedAt >= first);
    return children.length >= given.length;
  }
}

interface KnownSpan extends WorkSpan {
  /** Its words say that something goes on when it returns. */
  readonly leaves: boolean;
  /** It returned, and goes on. */
  readonly isBehind?: boolean;
  /** Work was given to a sub-agent; the call itself changes no file. */
  readonly isDelegation: boolean;
}

interface KnownRun {
  readonly name: string;
  readonly run: RunId;
  parent: RunId | undefined;
  startedAt: UnixMs;
  /** The newest time that its record tells. */
  lastAt: UnixMs;
  readonly turns: { readonly start: UnixMs; end: UnixMs | undefined }[];
}

const terminalSlackMs = 300;
const callSlackMs = 120;
const durationSlackMs = 500;
/** How far a run's record must have gone past a moment before nothing of that moment can be missing from it. */
const idleSlackMs = 250;
/** A sub-agent's run may be told of as begun a little before the call that begins it. */
const delegationSlackMs = 2000;
/** An agent whose turn is open but that has said nothing for so long has probably gone. */
const silentMs = 10 * 60_000;
const runMs = 24 * 3_600_000;
const spanLimit = 2000;

/** What stands in an agent's own record. Facts that others derive from it have the time at which they did. */
const recordKinds: ReadonlySet<string> = new Set([
  'run.started',
  'run.resumed',
  'run.ended',
  'prompt.submitted',
  'reply.given',
  'tool.called',
  'tool.returned',
  'command.started',
  'command.ended',
  'turn.ended',
]);

/** Tools that only think: a list of things to do is no work given to another. */
const planning = /todo|plan|^think|^Task(?:Create|Update|List|Get|Stop|Output)$/i;

/** An edit that says what it does to which files is a claim, and none on time. */
function canChangeFiles({ tool, edits, command }: EventOf<'tool.called'>): boolean {
  switch (tool) {
    case 'execute':
      return command === undefined || !onlyReads(command);
    case 'other':
      return true;
    case 'edit':
    case 'delete':
    case 'move':
      return edits === undefined || edits.length === 0;
    case 'read':
    case 'search':
    case 'think':
    case 'fetch':
    case 'switch_mode':
      return false;
    default:
      return assertNever(tool);
  }
}

function isInTurn({ turns, lastAt }: KnownRun, time: ChangeTime): boolean {
  return turns.some(
    ({ start, end }) => start <= time.latest && (end === undefined ? time.earliest - lastAt < silentMs : end >= time.earliest),
  );
}

function reaches({ start, end, slackMs }: WorkSpan, time: ChangeTime): boolean {
  return start - slackMs <= time.latest && (end === undefined || end + slackMs >= time.earliest);
}

const callKey = (run: RunId | undefined, call: string): string => `call:${run ?? ''}:${call}`;

/** The object without its undefined members. */
function known<T extends Record<string, unknown>>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
