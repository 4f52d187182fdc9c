import type { ClaimedEdit } from '../../model/event.ts';
import { commandWords, editsOfChanges } from './codexPatch.ts';
import { outputText, readCommandOutput, type CommandOutcome } from './codexOutput.ts';
import { commandLine, readCodexCall, type CodexCall } from './codexTools.ts';
import type { CodexThread } from './codexThread.ts';
import type { FactBody, FactSink } from './factSink.ts';
import { asCount, asList, asNumber, asRecord, asText, asTime, asWord, toJson, type JsonRecord } from './jsonValue.ts';
import { resolveToldPath } from './toldPath.ts';

interface OpenCall extends CodexCall {
  readonly atMs: number | undefined;
  edits: readonly ClaimedEdit[];
  hasPatched: boolean;
  hasFailed: boolean;
  hasEnded: boolean;
  durationMs?: number;
}

type CommandEnded = Extract<FactBody, { kind: 'command.ended' }>;

/**
 * Pairs Codex' tool calls with what is told of them later: the result that went to the model, the item or event with
 * exit code or changes, and the end of a command that went on in the background. Calls whose result came are forgotten.
 */
export class CodexToolLedger {
  readonly #sink: FactSink;
  readonly #thread: CodexThread;
  readonly #open = new Map<string, OpenCall>();
  /** Commands still running behind a session of unified exec, by that session. */
  readonly #running = new Map<string, { readonly id: string; readonly call: OpenCall }>();

  /** Calls whose command is told to have ended, of late. */
  readonly #ended = new Set<string>();

  constructor(sink: FactSink, thread: CodexThread) {
    this.#sink = sink;
    this.#thread = thread;
  }

  called(item: JsonRecord): void {
    const id = asWord(item['call_id']) ?? asWord(item['id']);
    const call = readCodexCall(item, this.#thread.cwd, (text) => this.#sink.sha256(text));
    if (id === undefined) return;
    const at = this.#sink.origin.at;
    this.#ended.delete(id);
    this.#open.set(id, {
      ...call,
      atMs: at === undefined ? undefined : Date.parse(at),
      hasPatched: false,
      hasFailed: false,
      hasEnded: false,
    });
    this.#tellCall(id, call, undefined);
    if (call.plan !== undefined) this.#thread.tell({ kind: 'plan.changed', entries: [...call.plan] }, { key: id });
    // A search on the web has no result of its own in the file.
    if (item['type'] === 'web_search_call') this.#finish(id, item['status'] !== 'failed', '');
  }

  returned(item: JsonRecord): void {
    const id = asWord(item['call_id']);
    if (id === undefined) return;
    const text = outputText(item['output'] ?? item['tools']);
    const call = this.#open.get(id);
    const outcome = readCommandOutput(text);
    const success = asRecord(item['output'])?.['success'];
    if (call?.command !== undefined) this.#followCommand(id, call, outcome);
    else if (call?.session !== undefined) this.#followSession(call.session, outcome);
    const isOk = success !== false && !outcome.isAborted && (outcome.exitCode ?? 0) === 0 && !isRefusal(call, text);
    this.#finish(id, isOk && call?.hasFailed !== true, text, outcome.isAborted);
  }

  /** `CommandExecution` or `exec_command_end`. */
  commandEnded(item: JsonRecord, event: JsonRecord): void {
    const id = asWord(item['id']);
    const call = id === undefined ? undefined : (this.#open.get(id) ?? this.#runningCall(id));
    if (call?.hasEnded === true || (id !== undefined && this.#ended.has(id))) return;
    if (call !== undefined) call.hasEnded = true;
    const words = commandWords(item['command']);
    const command = words.length > 0 ? commandLine(words) : (call?.command ?? '');
    const cwd = resolveToldPath(item['cwd'], this.#thread.cwd) ?? this.#thread.cwd;
    const exitCode = asNumber(item['exit_code']) ?? null;
    const isDeclined = item['status'] === 'declined';
    const at = asTime(event['completed_at_ms']);
    const durationMs = sinceCall(call, at ?? this.#sink.origin.at, durationOf(item['duration'], event));
    if (call !== undefined && durationMs !== undefined) call.durationMs = durationMs;
    this.#tellCommand(id, command, cwd, isDeclined ? null : exitCode, durationMs, asText(item['aggregated_output']) ?? '', at, isDeclined);
    if (exitCode === 0) this.#tellReads(id, item['parsed_cmd'], cwd, at);
  }

  /** `FileChange` or `patch_apply_end`: what a patch did. */
  patched(id: string | undefined, changes: unknown, isOk: boolean, event: JsonRecord): void {
    const edits = editsOfChanges(changes, this.#thread.cwd, (text) => this.#sink.sha256(text));
    const call = id === undefined ? undefined : this.#open.get(id);
    if (call !== undefined) {
      call.edits = edits;
      call.hasPatched = isOk;
      call.hasFailed = !isOk;
      return;
    }
    // Made from within code that the agent ran: only this tells of it.
    if (id === undefined) return;
    const nested = { ...emptyCall, name: 'apply_patch', tool: 'edit' as const, edits, paths: pathsOf(edits) };
    this.#tellCall(id, nested, asTime(event['started_at_ms']));
    this.#thread.tell(
      {
        kind: 'tool.returned',
        call: id,
        name: 'apply_patch',
        tool: 'edit',
        status: isOk ? 'completed' : 'failed',
        ...(isOk ? { edits: [...edits] } : { outcome: 'error' as const }),
      },
      { key: id, at: asTime(event['completed_at_ms']) },
    );
  }

  /** `McpToolCall`, `DynamicToolCall` or `mcp_tool_call_end`. */
  served(item: JsonRecord, event: JsonRecord): void {
    const id = asWord(item['id']) ?? asWord(item['call_id']);
    if (id === undefined) return;
    const result = asRecord(item['result']);
    const ok = asRecord(result?.['Ok']) ?? result;
    const hasFailed =
      item['status'] === 'failed' ||
      item['success'] === false ||
      result?.['Err'] !== undefined ||
      (ok?.['isError'] ?? ok?.['is_error']) === true;
    const durationMs = durationOf(item['duration'], event);
    const call = this.#open.get(id);
    if (call !== undefined) {
      call.hasFailed = hasFailed;
      if (durationMs !== undefined) call.durationMs = durationMs;
      return;
    }
    const server = asWord(item['server']);
    const name = `${server === undefined ? '' : `mcp__${server}__`}${asWord(item['tool']) ?? ''}`;
    const input = item['arguments'] === undefined ? undefined : toJson(item['arguments']);
    this.#tellCall(id, { ...emptyCall, name, input }, asTime(event['started_at_ms']));
    const output = outputText(ok ?? result?.['Err'] ?? item['content_items']);
    this.#thread.tell(
      {
        kind: 'tool.returned',
        call: id,
        name,
        tool: 'other',
        status: hasFailed ? 'failed' : 'completed',
        ...(hasFailed ? { outcome: 'error' as const } : {}),
        ...(durationMs === undefined ? {} : { durationMs }),
        ...(output === '' ? {} : { output: this.#sink.output(output) }),
      },
      { key: id, at: asTime(event['completed_at_ms']) },
    );
  }

  viewed(id: string | undefined, told: unknown): void {
    const path = resolveToldPath(told, this.#thread.cwd);
    if (path !== undefined) this.#thread.tell({ kind: 'file.read', path, ...(id === undefined ? {} : { call: id }) }, { key: id ?? path });
  }

  #tellCall(id: string, call: CodexCall, at: string | undefined): void {
    this.#thread.tell(
      {
        kind: 'tool.called',
        call: id,
        name: call.name,
        tool: call.tool,
        ...(call.input === undefined ? {} : { input: this.#sink.input(call.input) }),
        ...(call.paths.length === 0 ? {} : { paths: [...call.paths] }),
        ...(call.edits.length === 0 ? {} : { edits: [...call.edits] }),
        ...(call.command === undefined ? {} : { command: call.command.slice(0, maxCommandLength) }),
      },
      { key: id, at },
    );
  }

  #finish(id: string, isOk: boolean, output: string, isAborted = false): void {
    const call = this.#open.get(id);
    const edits = call !== undefined && isOk && (call.hasPatched || call.command !== undefined) ? call.edits : [];
    const isInBackground = [...this.#running.values()].some((running) => running.id === id);
    const durationMs = call?.durationMs;
    this.#thread.tell(
      {
        kind: 'tool.returned',
        call: id,
        ...(call === undefined ? {} : { name: call.name, tool: call.tool }),
        status: isOk ? 'completed' : 'failed',
        ...(isAborted ? { outcome: 'interrupted' as const } : !isOk ? { outcome: 'error' as const } : {}),
        ...(isInBackground && isOk ? { outcome: 'background' as const } : {}),
        ...(durationMs === undefined ? {} : { durationMs }),
        // What a command printed stands with its end.
        ...(output === '' || (call?.command !== undefined && !isInBackground && call.hasEnded)
          ? {}
          : { output: this.#sink.output(output) }),
        ...(edits.length === 0 ? {} : { edits: [...edits] }),
      },
      { key: id },
    );
    this.#open.delete(id);
  }

  /** A legacy file, and one migrated from it, tells a command's end in the text of its result alone. */
  #followCommand(id: string, call: OpenCall, outcome: CommandOutcome): void {
    if (outcome.session !== undefined && !call.hasEnded) {
      this.#running.set(outcome.session, { id, call });
      return;
    }
    if (call.hasEnded) return;
    call.hasEnded = true;
    const durationMs = sinceCall(call, this.#sink.origin.at, outcome.durationMs);
    if (durationMs !== undefined) call.durationMs = durationMs;
    this.#tellCommand(id, call.command!, call.cwd, outcome.exitCode, durationMs, outcome.output, undefined, false, outcome.isAborted);
  }

  #followSession(session: string, outcome: CommandOutcome): void {
    const running = this.#running.get(session);
    if (running === undefined || outcome.session !== undefined) return;
    this.#running.delete(session);
    const { id, call } = running;
    if (call.hasEnded) return;
    call.hasEnded = true;
    const nowMs = this.#sink.origin.at === undefined ? undefined : Date.parse(this.#sink.origin.at);
    const durationMs = nowMs === undefined || call.atMs === undefined ? undefined : Math.max(0, nowMs - call.atMs);
    this.#tellCommand(id, call.command!, call.cwd, outcome.exitCode, durationMs, outcome.output, undefined, false, outcome.isAborted);
  }

  #runningCall(id: string): OpenCall | undefined {
    for (const [session, running] of this.#running) {
      if (running.id !== id) continue;
      this.#running.delete(session);
      return running.call;
    }
    return undefined;
  }

  #tellCommand(
    id: string | undefined,
    command: string,
    cwd: string | undefined,
    exitCode: number | null,
    durationMs: number | undefined,
    output: string,
    at: string | undefined,
    isDeclined: boolean,
    isInterrupted = false,
  ): void {
    if (id !== undefined) {
      this.#ended.add(id);
      if (this.#ended.size > maxEnded) this.#ended.delete(this.#ended.values().next().value!);
    }
    const wasCut = isInterrupted || (this.#thread.wasAborted && exitCode !== 0);
    const body: CommandEnded = {
      kind: 'command.ended',
      command: command.slice(0, maxCommandLength),
      ...(cwd === undefined ? {} : { cwd }),
      ...(id === undefined ? {} : { call: id }),
      exitCode,
      ...(durationMs === undefined ? {} : { durationMs }),
      ...(output === '' ? {} : { output: this.#sink.output(output) }),
      ...(isDeclined ? { outcome: 'declined' as const } : wasCut ? { outcome: 'interrupted' as const } : {}),
    };
    this.#thread.tell(body, { ...(id === undefined ? {} : { key: id }), at });
  }

  /** The files that a command such as `cat` or `sed -n` was seen to read. */
  #tellReads(id: string | undefined, parsed: unknown, cwd: string | undefined, at: string | undefined): void {
    for (const value of asList(parsed).slice(0, 32)) {
      const step = asRecord(value);
      if (step?.['type'] !== 'read') continue;
      const path = resolveToldPath(step['path'] ?? step['name'], cwd);
      if (path !== undefined)
        this.#thread.tell({ kind: 'file.read', path, ...(id === undefined ? {} : { call: id }) }, { key: `${id ?? ''}${path}`, at });
    }
  }
}

const maxCommandLength = 32 * 1024;
const maxEnded = 500;

const emptyCall: CodexCall = {
  name: '',
  tool: 'other',
  command: undefined,
  cwd: undefined,
  edits: [],
  paths: [],
  input: undefined,
  session: undefined,
  plan: undefined,
};

function pathsOf(edits: readonly ClaimedEdit[]): readonly string[] {
  return edits.flatMap((edit) => (edit.from === undefined ? [edit.path] : [edit.from, edit.path]));
}

/** Texts with which Codex refuses a call that never ran. */
function isRefusal(call: CodexCall | undefined, text: string): boolean {
  const start = text.slice(0, 120);
  if (call?.name === 'apply_patch') return /^(?:apply_patch verification failed|failed to parse|patch rejected)/i.test(start);
  return /^(?:failed in sandbox|exec_command failed|rejected by user|unsupported call|failed to parse function arguments|unknown process id)/i.test(
    start,
  );
}

/**
 * Codex takes the time from when it first looked, which can be after a short command's end. Where the call was made
 * little earlier, so that no one can have been asked in between, the command ran from there.
 */
function sinceCall(call: OpenCall | undefined, at: string | undefined, toldMs: number | undefined): number | undefined {
  if (call?.atMs === undefined || at === undefined) return toldMs;
  const wholeMs = Date.parse(at) - call.atMs;
  return wholeMs >= 0 && wholeMs - (toldMs ?? 0) < unaskedMs ? wholeMs : toldMs;
}

const unaskedMs = 1500;

/** `{secs, nanos}`, a text such as `1.5s`, or what lies between the item's two times. Milliseconds. */
function durationOf(duration: unknown, event: JsonRecord): number | undefined {
  const record = asRecord(duration);
  const secs = asCount(record?.['secs']);
  if (secs !== undefined) return Math.round(secs * 1000 + (asCount(record?.['nanos']) ?? 0) / 1e6);
  const text = /^([\d.]+)(ms|s)$/.exec(asText(duration) ?? '');
  if (text) return Math.round(Number(text[1]) * (text[2] === 's' ? 1000 : 1));
  const from = asCount(event['started_at_ms']);
  const to = asCount(event['completed_at_ms']);
  return from === undefined || to === undefined ? undefined : Math.max(0, to - from);
}
