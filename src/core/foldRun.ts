import type { EventOf, TapedeckEvent } from '../model/event.ts';
import { eventId } from '../model/ids.ts';
import type { PromptEntry, RunState, SessionState, TextEntry } from '../model/sessionState.ts';
import { markOf } from './eventOrder.ts';
import { forgetOldest } from './foldSource.ts';
import { constraintsIn } from './constraints.ts';
import { isAnswer } from './checkCommand.ts';
import { addFailure } from './foldCommand.ts';
import { askedBy, proposeAnswer, proposeWords } from './foldProposal.ts';
import { clearInferred, clearRefusals, raiseInferred, refusalId } from './foldEntry.ts';

const firstPrompts = 3;
const latestPrompts = 40;
const constraintLimit = 60;
const toolLimit = 200;
/** Characters of a prompt or reply that the state keeps; the log has it all. */
const textLimit = 16_000;
/** Runs whose last words are kept. */
const replyLimit = 100;
/** Calls that have not returned; most return within seconds. */
const pendingLimit = 500;

/** The run that an event belongs to, made at its first mention; undefined for an event of none. */
export function runOf(state: SessionState, event: TapedeckEvent): RunState | undefined {
  if (event.run === undefined) return undefined;
  let run = state.runs.get(event.run);
  if (run === undefined) {
    run = {
      run: event.run,
      mark: markOf(event),
      agent: event.by.actor === 'agent' ? event.by.name : undefined,
      title: undefined,
      model: undefined,
      mode: undefined,
      cwd: undefined,
      branch: undefined,
      version: undefined,
      parent: undefined,
      transcript: undefined,
      key: undefined,
      startedAt: event.at,
      lastAt: event.at,
      endedAt: undefined,
      endReason: undefined,
      turns: 0,
      prompts: 0,
      toolCalls: 0,
      toolsFailed: 0,
      fileChanges: 0,
      commandsFailed: 0,
      compactions: 0,
      rewound: 0,
      inputTokens: 0,
      outputTokens: 0,
      stopReason: undefined,
      failedWith: undefined,
      skills: [],
    };
    state.runs.set(event.run, run);
  }
  if (event.turn !== undefined && event.turn > run.turns) run.turns = event.turn;
  return run;
}

type RunEvent = EventOf<
  | 'run.started'
  | 'run.resumed'
  | 'run.forked'
  | 'run.changed'
  | 'run.compacted'
  | 'run.rewound'
  | 'run.failed'
  | 'run.ended'
  | 'turn.ended'
  | 'usage.reported'
  | 'skill.used'
>;

export function foldRun(state: SessionState, event: RunEvent): void {
  const run = runOf(state, event);
  if (event.kind === 'usage.reported') {
    const input = event.usage['gen_ai.usage.input_tokens'] ?? 0;
    const output = event.usage['gen_ai.usage.output_tokens'] ?? 0;
    state.counts.inputTokens += input;
    state.counts.outputTokens += output;
    if (run !== undefined) {
      run.inputTokens += input;
      run.outputTokens += output;
      run.model = event['gen_ai.response.model'] ?? run.model;
    }
    return;
  }
  if (event.kind === 'run.failed') {
    addFailure(state, event, { kind: 'run', what: event.what, call: undefined, exitCode: null, outcome: undefined, output: undefined });
    if (run !== undefined) run.failedWith = event.what;
    return;
  }
  if (run === undefined) return;
  switch (event.kind) {
    case 'run.started':
      run.agent = event.agent;
      run.cwd = event.cwd ?? run.cwd;
      run.model = event.model ?? run.model;
      run.version = event.version ?? run.version;
      run.title = event.title ?? run.title;
      run.parent = event.parent ?? run.parent;
      run.transcript = event.transcript ?? run.transcript;
      run.key = event.key ?? run.key;
      run.branch = event.branch ?? run.branch;
      return;
    case 'run.resumed':
      run.agent = event.agent;
      run.cwd = event.cwd ?? run.cwd;
      run.model = event.model ?? run.model;
      run.endedAt = undefined;
      run.endReason = undefined;
      return;
    case 'run.forked':
      run.agent = event.agent;
      run.parent = event.from;
      return;
    case 'run.changed':
      run.title = event.title ?? run.title;
      run.model = event.model ?? run.model;
      run.cwd = event.cwd ?? run.cwd;
      run.branch = event.branch ?? run.branch;
      run.mode = event.mode ?? run.mode;
      return;
    case 'run.compacted':
      run.compactions++;
      return;
    case 'run.rewound':
      run.rewound++;
      return;
    case 'run.ended':
      run.endedAt = event.at;
      run.endReason = event.reason;
      return;
    case 'turn.ended':
      run.stopReason = event.stopReason;
      return;
    case 'skill.used':
      if (!run.skills.includes(event.name)) run.skills.push(event.name);
      return;
  }
}

export function foldPrompt(state: SessionState, event: EventOf<'prompt.submitted'>): void {
  const run = runOf(state, event);
  if (run !== undefined) {
    run.prompts++;
    run.stopReason = undefined;
    run.failedWith = undefined;
  }
  if (event.provenance !== 'user') return;
  clearRefusals(state, event, event.run, 'the user spoke again');
  const entry: PromptEntry = {
    ...textEntry(event, event.text.head, event.text.tail !== undefined || event.text.head.length > textLimit),
    provenance: event.provenance,
    origin: event.origin,
    full: {
      ...event.text,
      head: event.text.head.slice(0, textLimit),
      ...(event.text.tail !== undefined && { tail: event.text.tail.slice(-textLimit) }),
    },
  };
  const { prompts, constraints } = state;
  for (const text of [...constraintsIn(entry.full.head), ...constraintsIn(entry.full.tail ?? '')]) {
    // Said again, it counts where it was said last.
    const known = constraints.findIndex((one) => one.text === text);
    if (known >= 0) constraints.splice(known, 1);
    constraints.push({ mark: markOf(event), run: event.run, text });
    if (constraints.length > constraintLimit) constraints.shift();
  }
  prompts.count++;
  if (prompts.first.length < firstPrompts) prompts.first.push(entry);
  prompts.latest.push(entry);
  if (prompts.latest.length > latestPrompts) prompts.latest.shift();
}

export function foldReply(state: SessionState, event: EventOf<'reply.given'>): void {
  const run = event.run ?? '';
  state.replies.delete(run);
  state.replies.set(run, textEntry(event, event.text.head, event.text.tail !== undefined || event.text.head.length > textLimit));
  forgetOldest(state.replies, replyLimit);
  proposeWords(state, event);
}

export function foldTool(state: SessionState, event: EventOf<'tool.called' | 'tool.returned'>): void {
  const run = runOf(state, event);
  const key = `${event.run ?? ''}\u0000${event.call}`;
  if (event.kind === 'tool.called') {
    state.counts.toolCalls++;
    if (run !== undefined) run.toolCalls++;
    const tool = state.tools.get(event.name) ?? { calls: 0, failed: 0 };
    tool.calls++;
    state.tools.delete(event.name);
    state.tools.set(event.name, tool);
    forgetOldest(state.tools, toolLimit);
    const asked = askedBy(event);
    state.trace.calls.set(key, {
      name: event.name,
      tool: event.tool,
      title: event.title ?? event.paths?.[0],
      command: event.command,
      run: event.run,
      ended: false,
      ...(asked !== undefined && { asked }),
    });
    forgetOldest(state.trace.calls, pendingLimit);
    return;
  }
  const call = state.trace.calls.get(key);
  state.trace.calls.delete(key);
  if (call?.asked !== undefined) proposeAnswer(state, event, call);
  if (event.status === 'completed' && state.trace.openRefusals === 0) return;
  const name = call?.name ?? event.name ?? 'tool';
  const what = call?.command ?? call?.title ?? name;
  if (event.status === 'completed') {
    clearInferred(state, event, refusalId(event.run, what), 'it went through later');
    return;
  }
  state.counts.toolsFailed++;
  const tool = state.tools.get(name);
  if (tool !== undefined) tool.failed++;
  if (run !== undefined) run.toolsFailed++;
  if (event.outcome === 'denied' || event.outcome === 'blocked')
    raiseInferred(state, event, {
      id: refusalId(event.run, what),
      what: `${event.outcome === 'denied' ? 'Refused' : 'Blocked'}: ${what}`,
      cause: event.outcome,
      evidence: [eventId(event)],
    });
  // A failed command has an event of its own with the exit code; this one then adds nothing.
  if (call?.ended === true || (call?.command !== undefined && event.outcome === 'error' && isAnswer(call.command, 1))) return;
  addFailure(state, event, {
    kind: 'tool',
    what: call?.command ?? (call?.title === undefined ? name : `${name}: ${call.title}`),
    call: event.call,
    exitCode: null,
    outcome: event.outcome,
    output: event.output === undefined ? undefined : (event.output.tail ?? event.output.head),
  });
}

/** An entry of text as the state keeps it. */
export function textEntry(event: TapedeckEvent, text: string, isCut: boolean): TextEntry {
  return {
    mark: markOf(event),
    id: undefined,
    author: event.by,
    run: event.run,
    turn: event.turn,
    text: text.slice(0, textLimit),
    isCut,
    isSetAside: false,
  };
}
