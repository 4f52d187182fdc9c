import type { RunDescription, TranscriptFile } from './adapter.ts';
import { readCopilotCall } from './copilotTools.ts';
import type { FactSink } from './factSink.ts';
import { usageOfCounts } from './geminiUsage.ts';
import { asList, asNumber, asRecord, asText, asTime, asWord, parseJson, type JsonRecord } from './jsonValue.ts';
import { RunTeller } from './runTeller.ts';
import { ToolLedger } from './toolLedger.ts';

/**
 * Reads the traces of one chat session: a span `invoke_agent` for each prompt, and within it `chat` for each question to the
 * model, `execute_tool` for each call. They tell tokens and times better than the session itself, and nothing that was shown.
 */
export class VscodeChatTraces {
  readonly #sink: FactSink;
  readonly #teller: RunTeller;
  readonly #tools: ToolLedger;
  readonly #unknown: (type: string) => void;

  constructor(sink: FactSink, file: TranscriptFile, unknown: (type: string) => void) {
    this.#sink = sink;
    this.#teller = new RunTeller(sink, file, 'vscode-chat');
    this.#teller.card.run = file.session ?? file.relative;
    this.#tools = new ToolLedger(sink, this.#teller);
    this.#unknown = unknown;
  }

  describe(): RunDescription {
    return this.#teller.describe();
  }

  /** False when it lacks its id or time. */
  span(span: JsonRecord, told: JsonRecord, offset: number): boolean {
    const id = asWord(span['span_id']);
    const at = asTime(asNumber(span['start_time_ms']));
    if (id === undefined || at === undefined) return false;
    const { card } = this.#teller;
    this.#sink.begin({ offset, at, record: id });
    card.meet(at);
    card.run = asWord(span['chat_session_id']) ?? card.run;
    this.#teller.begin();
    const operation = asText(span['operation_name']);
    const model = asWord(span['response_model']) ?? asWord(span['request_model']);
    switch (operation) {
      case 'invoke_agent':
        this.#teller.learn({ model, branch: asWord(told['copilot_chat.repo.head_branch_name']) });
        this.#prompt(asText(told['copilot_chat.user_request']) ?? '');
        return true;
      case 'chat':
        this.#answer(span, told, model, asTime(asNumber(span['end_time_ms'])) ?? at);
        return true;
      case 'execute_tool':
        this.#call(id, span, told);
        return true;
      case 'execute_hook':
      case 'embeddings':
        return true;
      default:
        this.#unknown(`span/${operation ?? ''}`);
        return true;
    }
  }

  #prompt(request: string): void {
    const text = (/<user(?:Request|_query)>\s*([\s\S]*?)\s*<\/user(?:Request|_query)>/.exec(request)?.[1] ?? request).trim();
    if (text === '') return;
    this.#teller.turn += 1;
    this.#teller.tell(
      { kind: 'prompt.submitted', text: this.#sink.words(text), provenance: 'user' },
      { by: this.#sink.user(this.#teller.card.run) },
    );
  }

  #answer(span: JsonRecord, told: JsonRecord, model: string | undefined, at: string): void {
    const id = asWord(span['span_id']) ?? '';
    const words = asList(parseJson(told['gen_ai.output.messages']))
      .flatMap((message) => asList(asRecord(message)?.['parts']))
      .flatMap((part) =>
        asRecord(part)?.['type'] === 'text' ? (asText(asRecord(part)?.['content']) ?? asText(asRecord(part)?.['text']) ?? []) : [],
      )
      .join('\n');
    // What names the chat or says that it goes on is no answer to the person.
    const isOfAgent = span['parent_span_id'] !== null && span['parent_span_id'] !== undefined;
    if (isOfAgent && words.trim() !== '')
      this.#teller.tell(
        { kind: 'reply.given', text: this.#sink.words(words), ...(model === undefined ? {} : { model }) },
        { origin: { at, record: `${id}/reply` } },
      );
    const usage = usageOfCounts(span['input_tokens'], span['output_tokens'], span['cached_tokens'], 0, 0);
    if (usage !== undefined)
      this.#teller.tell(
        { kind: 'usage.reported', ...(model === undefined ? {} : { 'gen_ai.response.model': model }), usage },
        { origin: { at, record: `${id}/usage` } },
      );
    const failure = asText(span['status_message']);
    if (span['status_code'] === 2)
      this.#teller.tell({ kind: 'run.failed', what: (failure ?? 'error').slice(0, 4096) }, { origin: { at, record: `${id}/failed` } });
  }

  #call(id: string, span: JsonRecord, told: JsonRecord): void {
    const name = asWord(span['tool_name']) ?? 'tool';
    const call = asWord(span['tool_call_id']) ?? id;
    const startMs = asNumber(span['start_time_ms']);
    const endMs = asNumber(span['end_time_ms']);
    const read = readCopilotCall(name, told['gen_ai.tool.call.arguments'], this.#teller.card.cwd, (text) => this.#sink.sha256(text));
    this.#tools.called(call, read);
    const isOk = span['status_code'] !== 2;
    this.#tools.returned(
      call,
      name,
      {
        isOk,
        outcome: isOk ? undefined : 'error',
        output: asText(told['gen_ai.tool.call.result']) ?? '',
        durationMs: startMs === undefined || endMs === undefined ? null : Math.max(0, Math.round(endMs - startMs)),
        ...(read.command === undefined ? {} : { exitCode: null }),
      },
      id,
    );
  }
}
