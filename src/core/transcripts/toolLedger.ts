import type { ClaimedEdit, PlanEntry, ToolKind } from '../../model/event.ts';
import type { FactBody, FactSink } from './factSink.ts';
import type { RunTeller } from './runTeller.ts';

/** A call of a tool, as its arguments tell it. */
export interface ToldCall {
  readonly name: string;
  readonly tool: ToolKind;
  readonly title?: string | undefined;
  /** The command line, for those that run one, and where. */
  readonly command?: string | undefined;
  readonly cwd?: string | undefined;
  readonly paths: readonly string[];
  readonly edits: readonly ClaimedEdit[];
  /** What else it was called with, as JSON. */
  readonly input?: string | undefined;
  /** The list of things to do that it sets, if it goes well. */
  readonly plan?: readonly PlanEntry[] | undefined;
}

export type ToolOutcome = NonNullable<Extract<FactBody, { kind: 'tool.returned' }>['outcome']>;

/** What came of a call. */
export interface ToldResult {
  readonly isOk: boolean;
  readonly outcome?: ToolOutcome | undefined;
  readonly output: string;
  /** What was written; undefined: what the call said, if it went well. */
  readonly edits?: readonly ClaimedEdit[] | undefined;
  /** Null where it is not known, since the time between call and result is not that which it took. */
  readonly durationMs?: number | null | undefined;
  /** How the command ended, null where nobody knows; undefined when none ran to its end. */
  readonly exitCode?: number | null | undefined;
}

interface OpenCall extends ToldCall {
  readonly turn: number;
  readonly atMs: number | undefined;
}

/** Pairs the calls of a run's tools with their results, which come in any order, and tells both. */
export class ToolLedger {
  readonly #sink: FactSink;
  readonly #run: RunTeller;
  readonly #open = new Map<string, OpenCall>();

  constructor(sink: FactSink, run: RunTeller) {
    this.#sink = sink;
    this.#run = run;
  }

  get hasOpen(): boolean {
    return this.#open.size > 0;
  }

  call(id: string): ToldCall | undefined {
    return this.#open.get(id);
  }

  /** @param record what the fact is known by again, where that is not the present record. */
  called(id: string, call: ToldCall, record?: string): void {
    const { at } = this.#sink.origin;
    this.#open.set(id, { ...call, turn: this.#run.turn, atMs: at === undefined ? undefined : Date.parse(at) });
    if (this.#open.size > maxOpen) this.#open.delete(this.#open.keys().next().value!);
    this.#run.tell(
      {
        kind: 'tool.called',
        call: id,
        name: call.name,
        tool: call.tool,
        ...(call.title === undefined ? {} : { title: call.title.slice(0, maxTitleLength) }),
        ...(call.input === undefined ? {} : { input: this.#sink.input(call.input) }),
        ...(call.paths.length === 0 ? {} : { paths: [...call.paths] }),
        ...(call.edits.length === 0 ? {} : { edits: [...call.edits] }),
        ...(call.command === undefined ? {} : { command: call.command.slice(0, maxCommandLength) }),
      },
      record === undefined ? undefined : { origin: { record } },
    );
  }

  /** @param name the tool's, for a result whose call is not known. @param record the stem of what the facts are known by. */
  returned(id: string, name: string | undefined, result: ToldResult, record?: string): void {
    const call = this.#open.get(id);
    this.#open.delete(id);
    const turn = call?.turn ?? this.#run.turn;
    // A refused call took as long as the person thought about it.
    const durationMs =
      result.durationMs === null ? undefined : (result.durationMs ?? (result.outcome === 'denied' ? undefined : this.#since(call)));
    const edits = !result.isOk ? [] : (result.edits ?? call?.edits ?? []);
    const ends = call?.command !== undefined && result.exitCode !== undefined;
    const place = (what: string): { readonly turn: number; readonly origin?: { readonly record: string } } => ({
      turn,
      ...(record === undefined ? {} : { origin: { record: `${record}/${what}` } }),
    });
    if (ends) this.commandEnded(id, call, { ...result, durationMs }, place('end'));
    const tool = call?.name ?? name;
    this.#run.tell(
      {
        kind: 'tool.returned',
        call: id,
        ...(tool === undefined ? {} : { name: tool }),
        ...(call === undefined ? {} : { tool: call.tool }),
        status: result.isOk ? 'completed' : 'failed',
        ...(result.outcome === undefined ? {} : { outcome: result.outcome }),
        ...(durationMs === undefined ? {} : { durationMs }),
        // What a command printed stands with its end.
        ...(result.output === '' || ends ? {} : { output: this.#sink.output(result.output) }),
        ...(edits.length === 0 ? {} : { edits: [...edits] }),
      },
      place('result'),
    );
    if (call?.tool === 'read' && result.isOk)
      for (const [index, path] of call.paths.entries())
        this.#run.tell({ kind: 'file.read', path, call: id }, place(index === 0 ? 'read' : `read/${index}`));
    if (call?.plan !== undefined && result.isOk) this.#run.tell({ kind: 'plan.changed', entries: [...call.plan] }, place('plan'));
  }

  commandEnded(id: string, call: ToldCall, result: ToldResult, how: Parameters<RunTeller['tell']>[1]): void {
    const isInterrupted = result.outcome === 'interrupted';
    this.#run.tell(
      {
        kind: 'command.ended',
        command: (call.command ?? '').slice(0, maxCommandLength),
        ...(call.cwd === undefined ? {} : { cwd: call.cwd }),
        call: id,
        exitCode: result.exitCode ?? null,
        ...(result.durationMs === undefined || result.durationMs === null ? {} : { durationMs: result.durationMs }),
        ...(result.output === '' ? {} : { output: this.#sink.output(result.output) }),
        ...(isInterrupted ? { outcome: 'interrupted' as const } : {}),
      },
      how,
    );
  }

  #since(call: OpenCall | undefined): number | undefined {
    const { at } = this.#sink.origin;
    return call?.atMs === undefined || at === undefined ? undefined : Math.max(0, Date.parse(at) - call.atMs);
  }
}

export const maxCommandLength = 32 * 1024;
const maxTitleLength = 300;
/** Calls of an agent that was killed never return; a run has few at once. */
const maxOpen = 2000;
