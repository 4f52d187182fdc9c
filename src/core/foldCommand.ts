import type { EventOf, TapedeckEvent } from '../model/event.ts';
import { eventId } from '../model/ids.ts';
import type { CommandState, Failure, SessionState } from '../model/sessionState.ts';
import { classifyCommand, commandKey, isAnswer, isStopped } from './checkCommand.ts';
import { markOf } from './eventOrder.ts';
import { clearInferred, raiseInferred } from './foldEntry.ts';
import { forgetOldest } from './foldSource.ts';

const commandLimit = 2000;
const failureLimit = 300;
const greenLimit = 100;
const outputLimit = 4000;
/** So many failures in a row of one command look like a blocker. */
export const blockedAfter = 2;

export function foldCommandEnded(state: SessionState, event: EventOf<'command.ended'>): void {
  const key = commandKey(event.command);
  const { exitCode } = event;
  const call = event.call === undefined ? undefined : state.trace.calls.get(`${event.run ?? ''}\u0000${event.call}`);
  // A code that is not known says nothing; then the tool's own answer has to say whether it failed.
  if (call !== undefined && exitCode !== null) call.ended = true;
  const command = commandOf(state, event, key);
  command.runs++;
  command.lastExitCode = exitCode;
  command.lastOutcome = event.outcome;
  command.lastAuthor = event.by;
  command.cwd = event.cwd ?? command.cwd;
  command.last = markOf(event);
  command.isSetAside = false;
  if (exitCode === null || isStopped(exitCode, event.outcome) || isAnswer(event.command, exitCode)) return;
  if (exitCode === 0) {
    passed(state, event, command);
    return;
  }
  command.failed++;
  command.failedInARow++;
  command.lastFailed = markOf(event);
  command.failureOutput = event.output === undefined ? undefined : (event.output.tail ?? event.output.head).slice(-outputLimit);
  state.counts.commandsFailed++;
  const run = event.run === undefined ? undefined : state.runs.get(event.run);
  if (run !== undefined) run.commandsFailed++;
  addFailure(state, event, {
    kind: 'command',
    what: event.command,
    call: event.call,
    exitCode,
    outcome: event.outcome,
    output: command.failureOutput,
  });
  if (command.failedInARow >= blockedAfter)
    raiseInferred(state, event, {
      id: `failing:${key}`,
      what: `Fails again and again: ${key}`,
      cause: `exit code ${exitCode}`,
      evidence: [eventId(event)],
    });
}

/** A test run that an adapter or task reported by itself. The command's own end says the same, so only a green is taken. */
export function foldTests(state: SessionState, event: EventOf<'tests.finished'>): void {
  if (event.ok) addGreen(state, { mark: markOf(event), how: 'test', command: event.command });
}

export function foldDiagnostics(state: SessionState, event: EventOf<'diagnostics.changed'>): void {
  const wasDirty = (state.diagnostics?.errors ?? 0) > 0;
  state.diagnostics = { errors: event.errors, warnings: event.warnings, mark: markOf(event) };
  if (wasDirty && event.errors === 0) addGreen(state, { mark: markOf(event), how: 'diagnostics', command: undefined });
}

export function addFailure(
  state: SessionState,
  event: TapedeckEvent,
  failure: Pick<Failure, 'kind' | 'what' | 'call' | 'exitCode' | 'outcome' | 'output'>,
): void {
  const what = failure.what.slice(0, outputLimit);
  const entry: Failure = {
    mark: markOf(event),
    run: event.run,
    author: event.by,
    resolved: undefined,
    isSetAside: false,
    ...failure,
    what,
    key: commandKey(what),
    output: failure.output?.slice(-outputLimit),
  };
  const same =
    failure.call === undefined ? -1 : state.failures.findLastIndex(({ call, run }) => call === failure.call && run === event.run);
  if (same >= 0) state.failures[same] = { ...entry, exitCode: entry.exitCode ?? state.failures[same]?.exitCode ?? null };
  else state.failures.push(entry);
  if (state.failures.length > failureLimit) state.failures.shift();
}

function passed(state: SessionState, event: EventOf<'command.ended'>, command: CommandState): void {
  const mark = markOf(event);
  command.passed++;
  command.failedInARow = 0;
  command.lastPassed = mark;
  for (const failure of state.failures) {
    if (failure.resolved === undefined && failure.key === command.command && failure.kind !== 'run') failure.resolved = mark;
  }
  clearInferred(state, event, `failing:${command.command}`, 'it passed');
  if (command.check !== undefined) addGreen(state, { mark, how: command.check, command: command.command });
}

function addGreen(state: SessionState, green: SessionState['greens'][number]): void {
  state.greens.push(green);
  if (state.greens.length > greenLimit) state.greens.shift();
}

function commandOf(state: SessionState, event: EventOf<'command.ended'>, key: string): CommandState {
  const found = state.commands.get(key);
  state.commands.delete(key);
  const command: CommandState = found ?? {
    command: key,
    cwd: event.cwd,
    check: classifyCommand(event.command),
    runs: 0,
    passed: 0,
    failed: 0,
    failedInARow: 0,
    lastExitCode: null,
    lastOutcome: undefined,
    lastAuthor: event.by,
    last: markOf(event),
    lastPassed: undefined,
    lastFailed: undefined,
    failureOutput: undefined,
    isSetAside: false,
  };
  state.commands.set(key, command);
  forgetOldest(state.commands, commandLimit);
  return command;
}
