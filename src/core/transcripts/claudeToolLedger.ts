import { ClaudePlan } from './claudePlan.ts';
import { editsOfResult, readClaudeCall, resultText, type ClaudeCall } from './claudeTools.ts';
import type { FactBody, FactContext, FactOrigin, FactSink } from './factSink.ts';
import { asRecord, asText, asWord, type JsonRecord } from './jsonValue.ts';
import { resolveToldPath } from './toldPath.ts';

/** What the ledger needs of its run. */
interface Teller {
  readonly cwd: string | undefined;
  readonly turn: number;
  tell(body: FactBody, how?: { readonly by?: FactContext['by']; readonly turn?: number; readonly origin?: Partial<FactOrigin> }): void;
}

interface OpenCall extends ClaudeCall {
  readonly turn: number;
  readonly atMs: number | undefined;
  readonly cwd: string | undefined;
}

type Outcome = NonNullable<Extract<FactBody, { kind: 'tool.returned' }>['outcome']>;

/**
 * Pairs Claude Code's tool calls with their results, which come in any order, and with the notice that ends a command in
 * the background. A result tells by its words whether the tool failed, was refused, or never ran.
 */
export class ClaudeToolLedger {
  readonly #sink: FactSink;
  readonly #run: Teller;
  readonly #plan = new ClaudePlan();
  readonly #open = new Map<string, OpenCall>();
  readonly #inBackground = new Map<string, OpenCall>();

  constructor(sink: FactSink, run: Teller) {
    this.#sink = sink;
    this.#run = run;
  }

  called(block: JsonRecord): void {
    const name = asWord(block['name']);
    if (name === undefined) return;
    // A call without an id can have no result that is told to be its own; it was made all the same.
    const id = asWord(block['id']) ?? this.#sink.origin.record ?? `call@${this.#sink.origin.offset}`;
    const call = readClaudeCall(name, block['input'], this.#run.cwd, (text) => this.#sink.sha256(text));
    const { at } = this.#sink.origin;
    this.#open.set(id, { ...call, turn: this.#run.turn, atMs: at === undefined ? undefined : Date.parse(at), cwd: this.#run.cwd });
    this.#run.tell({
      kind: 'tool.called',
      call: id,
      name,
      tool: call.tool,
      ...(call.title === undefined ? {} : { title: call.title }),
      ...(call.input === undefined ? {} : { input: this.#sink.input(call.input) }),
      ...(call.paths.length === 0 ? {} : { paths: [...call.paths] }),
      ...(call.edits.length === 0 ? {} : { edits: [...call.edits] }),
      ...(call.command === undefined ? {} : { command: call.command.slice(0, maxCommandLength) }),
    });
    const skill = name === 'Skill' ? (asWord(call.args['skill']) ?? asWord(call.args['command'])) : undefined;
    if (skill !== undefined) this.#run.tell({ kind: 'skill.used', name: skill });
  }

  /** @param isAlone whether the record holds this one result, so that its `toolUseResult` is this one's. */
  returned(block: JsonRecord, record: JsonRecord, isAlone: boolean): void {
    const id = asWord(block['tool_use_id']);
    if (id === undefined) return;
    const call = this.#open.get(id);
    this.#open.delete(id);
    const told = isAlone ? record['toolUseResult'] : undefined;
    const result = asRecord(told);
    const text = resultText(block['content']);
    const isError = block['is_error'] === true || (typeof told === 'string' && told.startsWith('Error: '));
    const outcome = outcomeOf(isError, text, told, record);
    const turn = call?.turn ?? this.#run.turn;
    const edits =
      call === undefined || isError ? [] : (editsOfResult(call, result, call.cwd, (content) => this.#sink.sha256(content)) ?? call.edits);
    const isRefused = refusal.test(text);
    const printed = text.startsWith('<persisted-output>') ? (asText(result?.['stdout']) ?? text) : text;
    const durationMs = this.#durationOf(call, record);
    if (outcome === 'background' && call !== undefined) this.#inBackground.set(id, call);
    const hasRun = call?.command !== undefined && outcome !== 'denied' && outcome !== 'blocked' && !text.startsWith('<tool_use_error>');
    if (hasRun && outcome !== 'background')
      this.#tellCommand(
        id,
        call,
        exitCodeOf(isError, text, result, outcome),
        isRefused ? '' : printed.replace(/^Exit code -?\d+\n?/, ''),
        outcome === 'interrupted',
        durationMs,
      );
    this.#run.tell(
      {
        kind: 'tool.returned',
        call: id,
        ...(call === undefined ? {} : { name: call.name, tool: call.tool }),
        status: isError ? 'failed' : 'completed',
        ...(outcome === undefined ? {} : { outcome }),
        ...(durationMs === undefined ? {} : { durationMs }),
        // What a command printed stands with its end.
        ...(printed === '' || (hasRun && outcome !== 'background') ? {} : { output: this.#sink.output(printed) }),
        ...(edits.length === 0 ? {} : { edits: [...edits] }),
      },
      { turn },
    );
    if (call === undefined || isError) return;
    if (call.tool === 'read') {
      const path = resolveToldPath(asRecord(result?.['file'])?.['filePath'], call.cwd) ?? call.paths[0];
      if (path !== undefined) this.#run.tell({ kind: 'file.read', path, call: id }, { turn });
    }
    const entries = this.#plan.apply(call.name, call.args, result, text);
    if (entries !== undefined) this.#run.tell({ kind: 'plan.changed', entries: [...entries] }, { turn });
  }

  /** The end of a command in the background. */
  notified(id: string | undefined, status: string | undefined, exitCode: number | null): void {
    const call = id === undefined ? undefined : this.#inBackground.get(id);
    if (id === undefined || call === undefined || call.command === undefined) return;
    this.#inBackground.delete(id);
    const { at } = this.#sink.origin;
    const durationMs = at === undefined || call.atMs === undefined ? undefined : Math.max(0, Date.parse(at) - call.atMs);
    this.#tellCommand(
      id,
      call,
      exitCode ?? (status === 'completed' ? 0 : null),
      '',
      status === 'killed' || status === 'stopped',
      durationMs,
    );
  }

  #tellCommand(
    id: string,
    call: OpenCall,
    exitCode: number | null,
    output: string,
    isInterrupted: boolean,
    durationMs: number | undefined,
  ): void {
    this.#run.tell(
      {
        kind: 'command.ended',
        command: (call.command ?? '').slice(0, maxCommandLength),
        ...(call.cwd === undefined ? {} : { cwd: call.cwd }),
        call: id,
        exitCode: isInterrupted ? null : exitCode,
        ...(durationMs === undefined ? {} : { durationMs }),
        ...(output === '' ? {} : { output: this.#sink.output(output) }),
        ...(isInterrupted ? { outcome: 'interrupted' as const } : {}),
      },
      { turn: call.turn },
    );
  }

  /** From call to result; unknown where a person was asked in between. */
  #durationOf(call: OpenCall | undefined, record: JsonRecord): number | undefined {
    const { at } = this.#sink.origin;
    if (call?.atMs === undefined || at === undefined) return undefined;
    const decision = asText(asRecord(record['permissionDecision'])?.['source']);
    if (decision?.startsWith('user') === true || record['toolDenialKind'] !== undefined) return undefined;
    return Math.max(0, Date.parse(at) - call.atMs);
  }
}

const maxCommandLength = 32 * 1024;
const refusal = /^(?:The user doesn't want to (?:proceed|take this action)|User rejected tool use|Permission to use)/;

function outcomeOf(isError: boolean, text: string, told: unknown, record: JsonRecord): Outcome | undefined {
  const result = asRecord(told);
  if (!isError) {
    if (result?.['interrupted'] === true) return 'interrupted';
    return result?.['backgroundTaskId'] !== undefined || result?.['status'] === 'async_launched' ? 'background' : undefined;
  }
  const kind = record['toolDenialKind'];
  if (kind === 'permission-rule') return 'denied';
  if (kind !== undefined || told === 'User rejected tool use' || refusal.test(text)) {
    // The same words stand for a refusal and for a command that was broken off; only newer versions tell them apart.
    if (record['toolDenialBeforeRun'] === true) return 'denied';
    return kind === 'user-rejected' ? 'interrupted' : 'denied';
  }
  if (text.startsWith('[Request interrupted')) return 'interrupted';
  return 'error';
}

function exitCodeOf(isError: boolean, text: string, result: JsonRecord | undefined, outcome: Outcome | undefined): number | null {
  const exit = /^(?:Error: )?Exit code (-?\d+)/.exec(text);
  if (exit) return Number(exit[1]);
  // Some codes other than 0 are no failure to the agent (grep without a match); which one it was is not told.
  return isError || outcome === 'interrupted' || result?.['returnCodeInterpretation'] !== undefined ? null : 0;
}
