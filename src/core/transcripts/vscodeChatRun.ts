import type { ReaderTools, RunDescription, TranscriptFile } from './adapter.ts';
import { CopilotTodos } from './copilotTodos.ts';
import { readCopilotCall } from './copilotTools.ts';
import type { FactSink } from './factSink.ts';
import { asCount, asList, asRecord, asText, asTime, asWord, parseJson, toJson, type JsonRecord } from './jsonValue.ts';
import { RunTeller } from './runTeller.ts';
import { resolveToldPath } from './toldPath.ts';
import { ToolLedger, type ToldCall, type ToldResult } from './toolLedger.ts';
import { partsOf, promptOf, readInvocation, uriPath, type ChatPart } from './vscodeChatParts.ts';

/** What is known of one session of VS Code's chat while its requests are read, as often as they are told. */
export class VscodeChatRun {
  readonly #sink: FactSink;
  readonly #tools: ReaderTools;
  readonly #file: TranscriptFile;
  readonly #teller: RunTeller;
  readonly #ledger: ToolLedger;
  readonly #todos = new CopilotTodos();
  readonly #unknown: (type: string) => void;
  /** The requests whose prompt was told, by id, with their turn. */
  readonly #asked = new Map<string, number>();
  readonly #ended = new Set<string>();
  #shown = new Set<string>();
  /** The request that is at work, as told last. */
  #open: { readonly request: JsonRecord; readonly offset: number } | undefined;
  #turns = 0;
  #isPlaced = false;

  constructor(sink: FactSink, file: TranscriptFile, tools: ReaderTools, unknown: (type: string) => void) {
    this.#sink = sink;
    this.#tools = tools;
    this.#file = file;
    this.#unknown = unknown;
    this.#teller = new RunTeller(sink, file, 'vscode-chat');
    this.#teller.card.run = /([^/]+)\.jsonl?$/.exec(file.relative)?.[1] ?? file.relative;
    this.#ledger = new ToolLedger(sink, this.#teller);
  }

  describe(): RunDescription {
    return this.#teller.describe();
  }

  readAgain(): void {
    this.#shown = new Set();
    this.#findFolder();
  }

  /** All requests were shown: those that are not there any more were taken back. */
  readThrough(): void {
    const missing = [...this.#asked].filter(([id]) => !this.#shown.has(id));
    if (missing.length === 0) return;
    for (const [id] of missing) this.#asked.delete(id);
    this.#teller.tell(
      { kind: 'run.rewound', toTurn: [...this.#asked.values()].at(-1) ?? 0, turns: missing.length },
      { origin: { record: `${missing[0]![0]}/rewound` } },
    );
  }

  /** Tells what was at work and has not come to its end. */
  settle(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined) this.finish(open.request, open.offset);
  }

  isTold(request: JsonRecord): boolean {
    return this.#ended.has(asWord(request['requestId']) ?? '');
  }

  /** True when the member says something here. */
  member(member: string, value: unknown): boolean {
    switch (member) {
      case 'sessionId':
        if (!this.#teller.isTold) this.#teller.card.run = asWord(value) ?? this.#teller.card.run;
        return true;
      case 'creationDate':
        this.#teller.card.meet(asTime(value));
        if (this.#sink.origin.at === undefined) this.#sink.begin({ ...this.#sink.origin, at: asTime(value) });
        this.#teller.begin();
        return true;
      case 'customTitle':
        this.#teller.learn({ title: asWord(value) }, this.#sink.sha256(`title ${String(value)}`).slice(0, 24));
        return true;
      default:
        return false;
    }
  }

  /** False when it has no id. Tells its prompt at once, and the rest of it when it has come to its end. */
  request(request: JsonRecord, offset: number, isLast: boolean): boolean {
    const id = asWord(request['requestId']);
    if (id === undefined) return false;
    this.#shown.add(id);
    const open = this.#open;
    // The next one in a document says that the one before has ended.
    if (!isLast && open !== undefined && open.request['requestId'] !== id) this.settle();
    if (this.#ended.has(id)) return true;
    this.#findFolder();
    const at = asTime(request['timestamp']) ?? this.#sink.origin.at;
    this.#sink.begin({ offset, at, record: id });
    if (!this.#asked.has(id)) this.#prompt(id, request);
    this.#open = { request, offset };
    if (isOver(request)) this.settle();
    return true;
  }

  #prompt(id: string, request: JsonRecord): void {
    const { card } = this.#teller;
    card.meet(this.#sink.origin.at);
    this.#teller.begin();
    card.version ??= asWord(asRecord(request['agent'])?.['extensionVersion']);
    const mode = asRecord(request['modeInfo']);
    this.#teller.learn({ model: modelOf(request), mode: asWord(mode?.['modeId']) ?? asWord(mode?.['kind']) });
    this.#turns += 1;
    this.#teller.turn = this.#turns;
    this.#asked.set(id, this.#turns);
    const { text, images, origin } = promptOf(request);
    this.#teller.tell(
      {
        kind: 'prompt.submitted',
        text: this.#sink.words(text),
        provenance: origin === 'system' ? 'system' : 'user',
        ...(origin === undefined ? {} : { origin }),
        ...(images > 0 ? { images } : {}),
      },
      { by: origin === 'system' ? this.#sink.agent(card.run) : this.#sink.user(card.run) },
    );
  }

  /** Tells all of a request but its prompt. */
  finish(request: JsonRecord, offset: number): void {
    const id = asWord(request['requestId']);
    if (id === undefined || this.#ended.has(id)) return;
    this.#ended.add(id);
    const result = asRecord(request['result']);
    const startedMs = asCount(request['timestamp']);
    const elapsedMs = asCount(asRecord(result?.['timings'])?.['totalElapsed']);
    const completedAt = asCount(asRecord(request['modelState'])?.['completedAt']);
    const endMs = completedAt ?? (startedMs === undefined || elapsedMs === undefined ? undefined : startedMs + elapsedMs);
    const at = asTime(endMs) ?? asTime(startedMs) ?? this.#sink.origin.at;
    this.#sink.begin({ offset, at, record: `${id}/response` });
    this.#teller.card.meet(at);
    this.#teller.turn = this.#asked.get(id) ?? this.#teller.turn;
    const model = modelOf(request);
    this.#teller.learn({ model });
    this.#tellCompaction(id, result);
    this.#tellParts(id, request, result, model);
    this.#tellUsage(request, result, model);
    const error = asRecord(result?.['errorDetails']);
    const failure = asText(error?.['message']);
    const isCancelled =
      request['isCanceled'] === true || asRecord(request['modelState'])?.['value'] === 2 || error?.['code'] === 'canceled';
    if (failure !== undefined && !isCancelled) this.#teller.tell({ kind: 'run.failed', what: failure.slice(0, 4096) });
    this.#teller.tell({
      kind: 'turn.ended',
      stopReason: isCancelled ? 'cancelled' : failure === undefined ? 'end_turn' : 'error',
      ...(elapsedMs === undefined ? {} : { durationMs: elapsedMs }),
    });
  }

  /** What the agent summed up of the conversation so far, to go on with that in its place. */
  #tellCompaction(id: string, result: JsonRecord | undefined): void {
    const metadata = asRecord(result?.['metadata']);
    const rounds = asList(metadata?.['toolCallRounds']).map(asRecord);
    const told = [asText(asRecord(metadata?.['summary'])?.['text']), ...rounds.map((round) => asText(round?.['summary']))];
    for (const summary of new Set(told.filter((text) => text !== undefined && text.trim() !== '')))
      this.#teller.tell(
        { kind: 'run.compacted', trigger: 'auto', summary: this.#sink.words(summary!) },
        { origin: { record: `${id}/compacted/${this.#sink.sha256(summary!).slice(0, 16)}` } },
      );
  }

  #tellParts(id: string, request: JsonRecord, result: JsonRecord | undefined, model: string | undefined): void {
    const metadata = asRecord(result?.['metadata']);
    const calls = asList(metadata?.['toolCallRounds']).flatMap((round) => asList(asRecord(round)?.['toolCalls']).map(asRecord));
    const results = asRecord(metadata?.['toolCallResults']);
    let next = 0;
    for (const [index, part] of partsOf(request['response'], this.#unknown).entries()) {
      if (part.kind === 'words') {
        const text = part.text.trim();
        if (text !== '')
          this.#teller.tell({ kind: 'reply.given', text: this.#sink.words(text), ...(model === undefined ? {} : { model }) });
      } else if (part.kind === 'invocation') {
        const told = calls[next];
        next += 1;
        this.#tellCall(`${id}/${index}`, part, told, results);
      } else this.#tellEdits(`${id}/${index}`, part.path);
    }
    // What the response does not show: calls that are hidden in it.
    for (const told of calls.slice(next)) if (told !== undefined) this.#tellCall(`${id}/${next++}/hidden`, undefined, told, results);
  }

  #tellCall(
    place: string,
    part: Extract<ChatPart, { kind: 'invocation' }> | undefined,
    told: JsonRecord | undefined,
    results: JsonRecord | undefined,
  ): void {
    const hash = (text: string): string => this.#sink.sha256(text);
    const { cwd } = this.#teller.card;
    const own = part === undefined ? undefined : readInvocation(part.invocation, cwd);
    const call = asWord(told?.['id']) ?? own?.id ?? place;
    const name = asWord(told?.['name']) ?? own?.name ?? 'tool';
    const read = told === undefined ? undefined : readCopilotCall(name, told['arguments'], cwd, hash);
    const merged: ToldCall = {
      ...(read ?? { name, tool: own?.tool ?? 'other', paths: own?.paths ?? [], edits: [] }),
      title: own?.title ?? read?.title,
      command: own?.command ?? read?.command,
      cwd: own?.command === undefined ? read?.cwd : cwd,
    };
    this.#ledger.called(call, merged, `${place}/called`);
    const output = textOfResult(results === undefined || !Object.hasOwn(results, call) ? undefined : results[call]) ?? own?.output ?? '';
    const answer: ToldResult = {
      isOk: own?.isDenied !== true && own?.isComplete !== false && (own?.exitCode ?? 0) === 0,
      outcome:
        own?.isDenied === true ? 'denied' : own?.isComplete === false ? 'interrupted' : (own?.exitCode ?? 0) === 0 ? undefined : 'error',
      output,
      durationMs: own?.durationMs ?? null,
      ...(merged.command === undefined || own?.isDenied === true ? {} : { exitCode: own?.exitCode ?? null }),
    };
    this.#ledger.returned(call, name, answer, place);
    const plan = answer.isOk
      ? this.#todos.apply(name, asText(told?.['arguments']) ?? (told === undefined ? undefined : toJson(told['arguments'])))
      : undefined;
    if (plan !== undefined) this.#teller.tell({ kind: 'plan.changed', entries: [...plan] }, { origin: { record: `${place}/plan` } });
  }

  /** Edits that stand in the response by themselves, where no call says them: where, not what stood there before. */
  #tellEdits(place: string, told: unknown): void {
    const path = resolveToldPath(told, undefined);
    if (path === undefined) return;
    const call: ToldCall = { name: 'textEdit', tool: 'edit', paths: [path], edits: [{ path, op: 'update' }] };
    this.#ledger.called(place, call, `${place}/called`);
    this.#ledger.returned(place, call.name, { isOk: true, output: '', durationMs: null }, place);
  }

  #tellUsage(request: JsonRecord, result: JsonRecord | undefined, model: string | undefined): void {
    const metadata = asRecord(result?.['metadata']);
    const usage = asRecord(request['usage']) ?? asRecord(result?.['usage']);
    const input = asCount(usage?.['promptTokens']) ?? asCount(metadata?.['promptTokens']);
    const output = asCount(usage?.['completionTokens']) ?? asCount(metadata?.['outputTokens']) ?? asCount(request['completionTokens']);
    if (input === undefined && output === undefined) return;
    this.#teller.tell({
      kind: 'usage.reported',
      ...(model === undefined ? {} : { 'gen_ai.response.model': model }),
      usage: {
        ...(input === undefined ? {} : { 'gen_ai.usage.input_tokens': input }),
        ...(output === undefined ? {} : { 'gen_ai.usage.output_tokens': output }),
      },
    });
  }

  /** The workspace's folder is told in a file beside the sessions. */
  #findFolder(): void {
    if (this.#isPlaced) return;
    const storage = /^(.*\/)?chatSessions\/[^/]+$/.exec(this.#file.relative)?.[1];
    const told = asRecord(parseJson(storage === undefined ? undefined : this.#tools.beside?.(`${storage}workspace.json`)));
    if (told === undefined) return;
    this.#isPlaced = true;
    const folder = uriPath(told['folder']);
    const file = uriPath(told['workspace'] ?? told['configuration']);
    this.#teller.learn({ cwd: resolveToldPath(folder ?? file?.replace(/[\\/][^\\/]+$/, ''), undefined) });
  }
}

function modelOf(request: JsonRecord): string | undefined {
  return asWord(request['modelId'])?.replace(/^copilot\//, '');
}

/** It has an end of its own: a result, or a state other than at work. */
function isOver(request: JsonRecord): boolean {
  const state = asRecord(request['modelState'])?.['value'];
  if (typeof state === 'number') return state === 1 || state === 2 || state === 3;
  return asRecord(request['result']) !== undefined || request['isCanceled'] === true;
}

/** The words within a call's result, whose parts form a tree of what was shown to the model. */
function textOfResult(result: unknown): string | undefined {
  if (result === undefined) return undefined;
  const words: string[] = [];
  const open: unknown[] = [asRecord(result)?.['content'] ?? result];
  for (let looked = 0; open.length > 0 && looked < maxNodes; looked++) {
    const value = open.shift();
    if (Array.isArray(value)) open.unshift(...(value.slice(0, maxNodes) as unknown[]));
    else if (typeof value === 'string') words.push(value);
    else {
      const node = asRecord(value);
      if (node === undefined) continue;
      if (typeof node['text'] === 'string') words.push(node['text']);
      open.unshift(...[node['value'], node['node'], node['children']].filter((inner) => inner !== undefined));
    }
  }
  return words.join('');
}

const maxNodes = 20_000;
