import type { FactSink } from './factSink.ts';
import { asCount, asList, asRecord, asText, asTime, asWord, type JsonRecord } from './jsonValue.ts';
import { commandsOf, readClineAnswers, readClineCall, readClineResult } from './clineTools.ts';
import type { RunTeller } from './runTeller.ts';
import { ToolLedger } from './toolLedger.ts';

/** The messages of a session of Cline's own program, by what is told of them. */
export class ClineMessages {
  readonly #sink: FactSink;
  readonly #teller: RunTeller;
  readonly #tools: ToolLedger;
  readonly #unknown: (type: string) => void;
  /** Messages that were told, with the turn of each prompt, in order. */
  readonly #told = new Map<string, number>();
  #shown = new Set<string>();
  #turns = 0;
  #isCompacted = false;
  readonly #compactions = new Set<string>();
  /** The last words of a turn, which are its end when nothing follows. */
  #end: { readonly record: string; readonly turn: number; readonly at: string | undefined } | undefined;
  readonly #commands = new Map<string, readonly string[]>();

  constructor(sink: FactSink, teller: RunTeller, unknown: (type: string) => void) {
    this.#sink = sink;
    this.#teller = teller;
    this.#tools = new ToolLedger(sink, teller);
    this.#unknown = unknown;
  }

  readAgain(): void {
    this.#shown = new Set();
    this.#isCompacted = false;
  }

  /** The document was read to its end: prompts that are not there any more were taken back, unless it was compacted. */
  readThrough(): void {
    const missing = [...this.#told].filter(([id, turn]) => turn > 0 && !this.#shown.has(id));
    for (const [id] of missing) this.#told.delete(id);
    if (missing.length === 0 || this.#isCompacted) return;
    this.settle();
    const standing = [...this.#told.values()].filter((turn) => turn > 0);
    this.#teller.tell(
      { kind: 'run.rewound', toTurn: standing.at(-1) ?? 0, turns: missing.length },
      { origin: { record: `${this.#teller.card.run ?? ''}/rewound/${missing[0]![0]}` } },
    );
  }

  settle(): void {
    const end = this.#end;
    this.#end = undefined;
    if (end === undefined) return;
    this.#teller.tell(
      { kind: 'turn.ended', stopReason: 'end_turn' },
      { turn: end.turn, origin: { record: `${end.record}/end`, ...(end.at === undefined ? {} : { at: end.at }) } },
    );
  }

  /** False when it has no role or content. */
  message(body: JsonRecord, index: number, offset: number): boolean {
    const role = asText(body['role']);
    const told = body['content'];
    const content = typeof told === 'string' ? [{ type: 'text', text: told }] : Array.isArray(told) ? asList(told) : undefined;
    if (role === undefined || content === undefined) return false;
    const run = this.#teller.card.run ?? '';
    // Ids are the session's own; a fork takes them along with its times.
    const id = `${asWord(body['id']) ?? `${run}/${index}`}@${asTime(body['ts']) ?? ''}`;
    const at = asTime(body['ts']) ?? this.#sink.origin.at;
    this.#shown.add(id);
    this.#sink.begin({ offset, at, record: id });
    this.#teller.card.meet(at);
    this.#teller.begin();
    this.#compaction(id, body);
    if (this.#told.has(id)) return true;
    this.#told.set(id, 0);
    if (role === 'assistant') this.#assistant(id, body, content);
    else if (asRecord(body['metadata'])?.['kind'] === 'compaction_summary') return true;
    else if (role === 'user') this.#user(id, body, content);
    else this.#unknown(`message/${role}`);
    return true;
  }

  #compaction(id: string, body: JsonRecord): void {
    const metadata = asRecord(body['metadata']);
    const isCompaction = metadata?.['kind'] === 'compaction' || metadata?.['kind'] === 'compaction_summary';
    if (isCompaction || metadata?.['compaction'] !== undefined) this.#isCompacted = true;
    if (!isCompaction || this.#compactions.has(id)) return;
    this.#compactions.add(id);
    this.settle();
    const reason = asText(metadata['reason']);
    const preTokens = asCount(metadata['tokensBefore']);
    const summary = asText(metadata['summary']);
    this.#teller.tell(
      {
        kind: 'run.compacted',
        trigger: reason === undefined ? 'unknown' : reason.startsWith('manual') ? 'manual' : 'auto',
        ...(preTokens === undefined ? {} : { preTokens }),
        ...(summary === undefined ? {} : { summary: this.#sink.words(summary) }),
      },
      { origin: { record: `${id}/compacted` } },
    );
  }

  #user(id: string, body: JsonRecord, content: readonly unknown[]): void {
    const parts = content.map(asRecord);
    for (const part of parts) if (part?.['type'] === 'tool_result') this.#returned(part);
    const text = parts
      .filter((part) => part?.['type'] === 'text')
      .map((part) => asText(part?.['text']) ?? '')
      .filter((words) => !/^<(?:SYSTEM_NOTICE|environment_details|system-reminder)\b/.test(words))
      .map((words) => /^<(?:user_input|task|user_message|feedback)\b[^>]*>\n?([\s\S]*?)\n?<\/[a-z_]+>\s*$/.exec(words)?.[1] ?? words)
      .join('\n')
      .trim();
    const images = parts.filter((part) => part?.['type'] === 'image').length;
    const hasResult = parts.some((part) => part?.['type'] === 'tool_result');
    for (const part of parts) if (!partTypes.has(asText(part?.['type']) ?? '')) this.#unknown(`part/${asText(part?.['type']) ?? ''}`);
    if ((text === '' && images === 0) || (hasResult && isOfProgram.test(text))) return;
    this.settle();
    const { card } = this.#teller;
    const isSystem = asRecord(body['metadata'])?.['displayRole'] === 'system' && asRecord(body['metadata'])?.['kind'] !== 'compaction';
    const provenance = isSystem ? 'system' : card.parent === undefined ? 'user' : 'inter_session';
    this.#turns += 1;
    this.#teller.turn = this.#turns;
    this.#told.set(id, this.#turns);
    this.#teller.tell(
      { kind: 'prompt.submitted', text: this.#sink.words(text), provenance, ...(images > 0 ? { images } : {}) },
      { by: provenance === 'user' ? this.#sink.user(card.run) : this.#sink.agent(provenance === 'system' ? card.run : card.parent) },
    );
  }

  #assistant(id: string, body: JsonRecord, content: readonly unknown[]): void {
    const model = asWord(asRecord(body['modelInfo'])?.['id']);
    this.#teller.learn({ model });
    const hash = (text: string): string => this.#sink.sha256(text);
    let calls = 0;
    for (const value of content) {
      const part = asRecord(value);
      const type = asText(part?.['type']) ?? '';
      if (part === undefined || !partTypes.has(type)) this.#unknown(`part/${type}`);
      else if (type === 'text' && asText(part['text'])?.trim())
        this.#teller.tell({
          kind: 'reply.given',
          text: this.#sink.words(asText(part['text'])!),
          ...(model === undefined ? {} : { model }),
        });
      else if (type === 'tool_use') {
        const call = asWord(part['id']);
        const name = asWord(part['name']);
        if (call === undefined || name === undefined) continue;
        calls += 1;
        this.#commands.set(call, commandsOf(asRecord(part['input']) ?? {}));
        this.#tools.called(call, readClineCall(name, part['input'], this.#teller.card.cwd, hash));
      }
    }
    this.#usage(asRecord(body['metrics']), model);
    this.#end = calls > 0 ? undefined : { record: id, turn: this.#teller.turn, at: this.#sink.origin.at };
  }

  #returned(part: JsonRecord): void {
    const id = asWord(part['tool_use_id']);
    if (id === undefined) return;
    const call = this.#tools.call(id);
    const answers = readClineAnswers(part['content'], part['is_error'] === true);
    const commands = this.#commands.get(id) ?? [];
    this.#commands.delete(id);
    // Asked for several commands at once, it answers each of them.
    if (call?.command !== undefined && commands.length > 1)
      for (const [index, answer] of answers.entries()) {
        const command = answer.query ?? commands[index];
        if (command === undefined || answer.exitCode === undefined) continue;
        this.#tools.commandEnded(index === 0 ? id : `${id}/${index + 1}`, { ...call, command }, answer, undefined);
      }
    this.#tools.returned(id, asWord(part['name']), readClineResult(call, answers));
  }

  #usage(metrics: JsonRecord | undefined, model: string | undefined): void {
    const input = asCount(metrics?.['inputTokens']);
    const output = asCount(metrics?.['outputTokens']);
    if (input === undefined && output === undefined) return;
    const read = asCount(metrics?.['cacheReadTokens']) ?? 0;
    const written = asCount(metrics?.['cacheWriteTokens']) ?? 0;
    const cost = asCount(metrics?.['cost']);
    this.#teller.tell({
      kind: 'usage.reported',
      ...(model === undefined ? {} : { 'gen_ai.response.model': model }),
      // The input is told with what came from the cache.
      usage: {
        'gen_ai.usage.input_tokens': Math.max(0, (input ?? 0) - read - written),
        'gen_ai.usage.output_tokens': output ?? 0,
        'gen_ai.usage.cache_read.input_tokens': read,
        'gen_ai.usage.cache_creation.input_tokens': written,
      },
      ...(cost === undefined ? {} : { costUsd: cost }),
    });
  }
}

const partTypes = new Set(['document', 'file', 'image', 'redacted_thinking', 'text', 'thinking', 'tool_result', 'tool_use']);
/** What the program says with a result. */
const isOfProgram = /^(?:\[ERROR\]|\[TASK RESUMPTION\]|# (?:Todo|Focus) )/i;
