import type { RunDescription, TranscriptFile } from './adapter.ts';
import type { CopilotTokens } from './copilotTokens.ts';
import { CopilotTodos } from './copilotTodos.ts';
import { readCopilotCall, readCopilotResult, type CopilotResult } from './copilotTools.ts';
import type { FactSink } from './factSink.ts';
import { asCount, asList, asRecord, asText, asWord, toJson, type JsonRecord } from './jsonValue.ts';
import type { RunCard } from './runCard.ts';
import { RunTeller } from './runTeller.ts';
import { resolveToldPath } from './toldPath.ts';
import { ToolLedger, type ToldCall } from './toolLedger.ts';
import { TurnTree } from './turnTree.ts';

/** What is known of one conversation of the Copilot CLI, the session's own or a sub-agent's, while its events are read. */
export class CopilotRun {
  readonly #sink: FactSink;
  readonly #tokens: CopilotTokens;
  readonly #parent: CopilotRun | undefined;
  readonly #teller: RunTeller;
  readonly #ledger: ToolLedger;
  readonly #todos: CopilotTodos;
  readonly #turns = new TurnTree();
  /** Calls as the model asked for them, until they begin. */
  readonly #asked = new Map<string, JsonRecord>();
  readonly #denied = new Set<string>();
  /** When a person had answered whether a call may be made, in Unix milliseconds. */
  readonly #allowedAt = new Map<string, number>();
  /** Commands that go on in the background, by their shell. */
  readonly #shells = new Map<string, { readonly id: string; readonly call: ToldCall; readonly turn: number }>();
  #promptAtMs: number | undefined;
  /** A prompt was given, and the agent has not come to its end with it. */
  #isBusy = false;
  /** The message that came last asks for tools, so that the turn goes on. */
  #asksForTools = false;
  /** The person broke the turn off, and has not said anything since. */
  #wasAborted = false;

  constructor(sink: FactSink, file: TranscriptFile, tokens: CopilotTokens, run: string, parent: CopilotRun | undefined) {
    this.#sink = sink;
    this.#tokens = tokens;
    this.#parent = parent;
    this.#teller = new RunTeller(sink, file, 'copilot');
    this.#teller.card.run = run;
    this.#teller.card.parent = parent?.run;
    // The session's to-do list is one for all that work in it.
    this.#todos = parent === undefined ? new CopilotTodos() : parent.#todos;
    this.#ledger = new ToolLedger(sink, this.#teller);
    if (parent !== undefined) this.learn({ cwd: parent.#card.cwd });
  }

  get run(): string {
    return this.#card.run ?? '';
  }

  get #nowMs(): number | undefined {
    const { at } = this.#sink.origin;
    return at === undefined ? undefined : Date.parse(at);
  }

  get #card(): RunCard {
    return this.#teller.card;
  }

  describe(): RunDescription {
    return this.#teller.describe();
  }

  meet(event: string | undefined): void {
    this.#card.meet(this.#sink.origin.at);
    this.#teller.begin();
    if (event !== undefined) this.#turns.note(event);
  }

  learn(told: Parameters<RunTeller['learn']>[0]): void {
    this.#teller.learn(told);
  }

  started(data: JsonRecord): void {
    if (!this.#teller.isTold) this.#card.run = asWord(data['sessionId']) ?? this.#card.run;
    this.#card.version ??= asWord(data['copilotVersion']);
    this.learn({ model: asWord(data['selectedModel']) });
    this.moved(asRecord(data['context']) ?? {});
  }

  resumed(data: JsonRecord): void {
    if (this.#teller.isTold) this.#teller.tell(this.#card.resumed());
    this.learn({ model: asWord(data['selectedModel']) });
    this.moved(asRecord(data['context']) ?? {});
  }

  moved(context: JsonRecord): void {
    this.learn({ cwd: resolveToldPath(context['cwd'], undefined), branch: asWord(context['branch']) });
  }

  ended(data: JsonRecord): void {
    this.#isBusy = false;
    for (const { model, usage } of this.#tokens.rest(data, this.#card.model))
      this.#teller.tell({ kind: 'usage.reported', ...(model === undefined ? {} : { 'gen_ai.response.model': model }), usage });
    this.#teller.tell({ kind: 'run.ended', reason: asWord(data['shutdownType'])?.slice(0, 200) ?? 'shutdown' });
  }

  user(data: JsonRecord): void {
    const text = (asText(data['content']) ?? '').trim();
    const source = asWord(data['source']);
    const isFromAgent = this.#parent !== undefined || asWord(data['inputOrigin']) === 'authenticated-cross-session';
    // What the program put in has a source; of that only what sets the agent to work is a prompt.
    const isFromProgram = source !== undefined && source !== 'user';
    if (isFromProgram && !workSources.test(source)) return;
    const images = asList(data['attachments']).filter((value) => /image/.test(asText(asRecord(value)?.['mimeType']) ?? '')).length;
    if (text === '' && images === 0) return;
    const delivery = asWord(data['delivery']);
    const origin = isFromProgram ? source : delivery === 'steering' ? 'steer' : delivery === 'queued' ? 'queued' : undefined;
    if (origin !== 'steer' || !this.#isBusy) {
      this.#teller.turn = this.#turns.open();
      this.#promptAtMs = this.#nowMs;
    }
    this.#isBusy = true;
    this.#wasAborted = false;
    this.#teller.tell(
      {
        kind: 'prompt.submitted',
        text: this.#sink.words(text),
        provenance: isFromProgram ? 'system' : isFromAgent ? 'inter_session' : 'user',
        ...(origin === undefined ? {} : { origin: origin.slice(0, 100) }),
        ...(images > 0 ? { images } : {}),
      },
      {
        by: isFromProgram ? this.#sink.agent(this.run) : isFromAgent ? this.#sink.agent(this.#parent?.run) : this.#sink.user(this.run),
      },
    );
  }

  assistant(data: JsonRecord): void {
    const model = asWord(data['model']);
    this.learn({ model });
    const text = asText(data['content']) ?? '';
    if (text.trim() !== '')
      this.#teller.tell({
        kind: 'reply.given',
        text: this.#sink.words(text),
        ...(this.#card.model === undefined ? {} : { model: this.#card.model }),
      });
    const requests = asList(data['toolRequests']).flatMap((value): readonly JsonRecord[] => {
      const request = asRecord(value);
      return request === undefined ? [] : [request];
    });
    this.#asksForTools = requests.length > 0;
    for (const request of requests) {
      const id = asWord(request['toolCallId']);
      if (id !== undefined && this.#ledger.call(id) === undefined) this.#asked.set(id, request);
      if (this.#asked.size > maxAsked) this.#asked.delete(this.#asked.keys().next().value!);
    }
    const output = asCount(data['outputTokens']);
    if (output === undefined || output === 0) return;
    const used = this.#card.model;
    this.#tokens.put(used ?? '', output);
    const response = asWord(data['messageId']);
    this.#teller.tell({
      kind: 'usage.reported',
      ...(used === undefined ? {} : { 'gen_ai.response.model': used }),
      usage: { 'gen_ai.usage.output_tokens': output },
      ...(response === undefined ? {} : { response }),
    });
  }

  /** Each answer of the model is a turn to the program; ours ends with the one that asks for nothing more. */
  turnEnded(): void {
    if (!this.#isBusy || this.#asksForTools) return;
    this.#endTurn('end_turn');
  }

  aborted(): void {
    this.#wasAborted = true;
    if (this.#isBusy) this.#endTurn('cancelled');
  }

  #endTurn(stopReason: 'end_turn' | 'cancelled'): void {
    this.#isBusy = false;
    const now = this.#nowMs;
    const durationMs = now === undefined || this.#promptAtMs === undefined ? undefined : Math.max(0, now - this.#promptAtMs);
    this.#teller.tell({ kind: 'turn.ended', stopReason, ...(durationMs === undefined ? {} : { durationMs }) });
  }

  /** A call begins. False when it lacks what a call needs. @param isUsers true for a tool that the person asked for. */
  called(data: JsonRecord, isUsers: boolean): boolean {
    const id = asWord(data['toolCallId']);
    const name = asWord(data['toolName']);
    if (id === undefined || name === undefined) return false;
    if (isUsers && this.#ledger.call(id) !== undefined) return true;
    this.#asked.delete(id);
    const server = asWord(data['mcpServerName']);
    const tool = asWord(data['mcpToolName']);
    const call = readCopilotCall(name, data['arguments'], this.#card.cwd, (text) => this.#sink.sha256(text));
    this.#ledger.called(id, server === undefined || tool === undefined ? call : { ...call, title: call.title ?? `${server}: ${tool}` });
    return true;
  }

  returned(data: JsonRecord): boolean {
    const id = asWord(data['toolCallId']);
    if (id === undefined) return false;
    const asked = this.#asked.get(id);
    const name = asWord(asked?.['name']);
    if (this.#ledger.call(id) === undefined && asked !== undefined && name !== undefined)
      this.called({ toolCallId: id, toolName: name, arguments: asked['arguments'] }, false);
    const call = this.#ledger.call(id);
    const result = this.#timed(id, readCopilotResult(data, call, this.#denied.delete(id), this.#wasAborted));
    if (result.shell !== undefined) this.#follow(result, id, call);
    this.#ledger.returned(id, asWord(asRecord(asRecord(data['toolTelemetry'])?.['properties'])?.['command']), result);
    if (call !== undefined && result.isOk) {
      const plan = this.#todos.apply(call.name, call.input);
      if (plan !== undefined) this.#teller.tell({ kind: 'plan.changed', entries: [...plan] });
    }
    return true;
  }

  /** Where a person was asked, a call took the time since the answer. */
  #timed(id: string, result: CopilotResult): CopilotResult {
    const from = this.#allowedAt.get(id);
    this.#allowedAt.delete(id);
    const now = this.#nowMs;
    return from === undefined || now === undefined ? result : { ...result, durationMs: Math.max(0, now - from) };
  }

  /** A command that went on in the background: where it began, and where a later call sees its end. */
  #follow(result: CopilotResult, id: string, call: ToldCall | undefined): void {
    const shell = result.shell!;
    if (result.outcome === 'background' && call?.command !== undefined) {
      this.#shells.set(shell, { id, call, turn: this.#teller.turn });
      return;
    }
    const running = this.#shells.get(shell);
    if (running === undefined || result.endedWith === undefined || call?.command !== undefined) return;
    this.#shells.delete(shell);
    this.#ledger.commandEnded(running.id, running.call, { ...result, exitCode: result.endedWith }, { turn: running.turn });
  }

  /** `permission.completed`. */
  decided(data: JsonRecord): void {
    const id = asWord(data['toolCallId']);
    const kind = asText(asRecord(data['result'])?.['kind']) ?? '';
    if (id === undefined) return;
    if (kind.startsWith('denied')) this.#denied.add(id);
    if (this.#nowMs !== undefined) this.#allowedAt.set(id, this.#nowMs);
  }

  skill(name: string | undefined): void {
    if (name !== undefined) this.#teller.tell({ kind: 'skill.used', name: name.slice(0, 300) });
  }

  compacted(type: string, data: JsonRecord): void {
    if (data['success'] === false) return;
    const isCut = type === 'session.truncation';
    const trigger = asText(data['trigger']);
    const preTokens = asCount(data['preCompactionTokens'] ?? data['preTruncationTokensInMessages']);
    const postTokens = asCount(data['postCompactionTokens'] ?? data['postTruncationTokensInMessages']);
    const summary = asText(data['summaryContent']) ?? '';
    this.#teller.tell({
      kind: 'run.compacted',
      trigger: trigger === 'manual' ? 'manual' : isCut || trigger !== undefined ? 'auto' : 'unknown',
      ...(preTokens === undefined ? {} : { preTokens }),
      ...(postTokens === undefined ? {} : { postTokens }),
      ...(summary === '' ? {} : { summary: this.#sink.words(summary) }),
    });
  }

  rewound(to: string | undefined): void {
    const rewound = to === undefined ? undefined : this.#turns.goTo(to);
    if (rewound !== undefined) this.#teller.tell({ kind: 'run.rewound', ...rewound });
  }

  failed(data: JsonRecord): void {
    const what = asWord(data['message']) ?? asWord(asRecord(data['error'])?.['message']) ?? toJson(data);
    this.#teller.tell({
      kind: 'run.failed',
      what: what.slice(0, maxFailureLength),
      ...(data['willRetry'] === true ? { retry: true } : {}),
    });
  }
}

const workSources = /^(?:schedule|autopilot|command)/;
const maxFailureLength = 4096;
const maxAsked = 2000;
