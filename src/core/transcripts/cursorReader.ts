import type {
  ReaderCounts,
  ReaderTools,
  RecordPlace,
  RunDescription,
  TranscriptFact,
  TranscriptFile,
  TranscriptReader,
} from './adapter.ts';
import { readCursorCall } from './cursorTools.ts';
import { FactSink } from './factSink.ts';
import { asList, asRecord, asText, asTime, asWord, type JsonRecord } from './jsonValue.ts';
import { RunTeller } from './runTeller.ts';
import { ToolLedger } from './toolLedger.ts';

/**
 * Reads a chat of Cursor's agent: `{role, message: {content: […]}}` a line, and since lately `{type: "turn_ended",
 * status}`. It tells little: no times, no ids, not what came of a call; what is not told is left open. Its facts bear no
 * time of their own, so that whoever follows it takes the time at which they were written.
 */
export class CursorReader implements TranscriptReader {
  readonly counts: ReaderCounts = { records: 0, unknown: new Map(), misshapen: 0 };
  readonly #sink: FactSink;
  readonly #teller: RunTeller;
  readonly #tools: ToolLedger;
  readonly #isSubAgent: boolean;
  /** Calls without a result, by the name of their tool, the first one first. */
  readonly #open: { readonly id: string; readonly name: string }[] = [];

  constructor(file: TranscriptFile, tools: ReaderTools) {
    this.#sink = new FactSink('cursor', file, tools.digest);
    this.#teller = new RunTeller(this.#sink, file, 'cursor');
    this.#tools = new ToolLedger(this.#sink, this.#teller);
    const { card } = this.#teller;
    card.run = /([^/]+)\.jsonl$/.exec(file.relative)?.[1] ?? file.relative;
    const parent = /([^/]+)\/subagents\/[^/]+$/.exec(file.relative)?.[1];
    this.#isSubAgent = /(?:^|\/)subagents\//.test(file.relative);
    if (this.#isSubAgent) card.parent = parent;
    const project = /^(.*\/)?([^/]+)\/agent-transcripts\//.exec(file.relative)?.[2];
    this.#teller.learn({ cwd: tools.folders?.find((folder) => projectName(folder) === project) });
  }

  read(value: unknown, place: RecordPlace): readonly TranscriptFact[] {
    this.counts.records += 1;
    const record = asRecord(value);
    const message = asRecord(record?.['message']);
    const role = asText(record?.['role']) ?? asText(message?.['role']);
    const type = asText(record?.['type']);
    if (record === undefined || (role === undefined && type === undefined)) {
      this.counts.misshapen += 1;
      return [];
    }
    this.#sink.begin({ offset: place.offset, at: asTime(record['timestamp']), record: undefined });
    this.#teller.card.meet(this.#sink.origin.at);
    this.#teller.begin();
    if (type === 'turn_ended') this.#ended(asText(record['status']));
    else if (role === 'user') this.#user(contentOf(record, message), place.offset);
    else if (role === 'assistant') this.#assistant(record, contentOf(record, message), place.offset);
    else this.#unknown(type ?? `role/${role ?? ''}`);
    return this.#sink.take();
  }

  quiet(): readonly TranscriptFact[] {
    return [];
  }

  describe(): RunDescription {
    return this.#teller.describe();
  }

  #ended(status: string | undefined): void {
    const isCut = status === 'aborted' || status === 'cancelled' || status === 'interrupted';
    this.#teller.tell({
      kind: 'turn.ended',
      stopReason: isCut ? 'cancelled' : status === 'error' || status === 'failed' ? 'error' : 'end_turn',
    });
  }

  #user(content: readonly (JsonRecord | undefined)[], offset: number): void {
    let hasResult = false;
    const words: string[] = [];
    let images = 0;
    for (const part of content) {
      const type = asText(part?.['type']) ?? '';
      if (part !== undefined && (type === 'tool_result' || type === 'tool-result')) {
        hasResult = true;
        this.#returned(part);
      } else if (type === 'text') words.push(asText(part?.['text']) ?? '');
      else if (type === 'image') images += 1;
      else this.#unknown(`part/${type}`);
    }
    const whole = words.join('\n');
    const asked = /<user_query>\s*([\s\S]*?)\s*<\/user_query>/.exec(whole)?.[1];
    const text = (asked ?? whole).trim();
    if ((text === '' && images === 0) || (hasResult && asked === undefined)) return;
    const { card } = this.#teller;
    this.#teller.turn += 1;
    this.#open.length = 0;
    this.#teller.tell(
      {
        kind: 'prompt.submitted',
        text: this.#sink.words(text),
        provenance: this.#isSubAgent ? 'inter_session' : 'user',
        ...(images > 0 ? { images } : {}),
      },
      { by: this.#isSubAgent ? this.#sink.agent(card.parent) : this.#sink.user(card.run), origin: { offset } },
    );
  }

  #assistant(record: JsonRecord, content: readonly (JsonRecord | undefined)[], offset: number): void {
    const model = asWord(record['model']);
    this.#teller.learn({ model });
    for (const [index, part] of content.entries()) {
      const type = asText(part?.['type']) ?? '';
      if (part !== undefined && (type === 'tool_use' || type === 'tool_call' || type === 'tool-call')) {
        const name = asWord(part['name']) ?? asWord(part['toolName']) ?? 'tool';
        const id = asWord(part['id']) ?? asWord(part['toolCallId']) ?? `${offset}/${index}`;
        const call = readCursorCall(name, part['input'] ?? part['args'], this.#teller.card.cwd, (text) => this.#sink.sha256(text));
        this.#open.push({ id, name });
        if (this.#open.length > maxOpen) this.#open.shift();
        this.#tools.called(id, call);
        // A list of things to do is what it is set to.
        if (call.plan !== undefined) this.#teller.tell({ kind: 'plan.changed', entries: [...call.plan] });
      } else if (type === 'text' || (type !== 'thinking' && type !== 'redacted_thinking' && typeof part?.['text'] === 'string')) {
        // Words in a part of another type are words. What the model thought is left out of them, with a mark.
        const text = (asText(part?.['text']) ?? '').replace(/(?:^|\n+)\[REDACTED\]\s*$/, '').trim();
        if (text !== '')
          this.#teller.tell({ kind: 'reply.given', text: this.#sink.words(text), ...(model === undefined ? {} : { model }) });
      } else if (type !== 'thinking' && type !== 'redacted_thinking') this.#unknown(`part/${type}`);
    }
  }

  #returned(part: JsonRecord): void {
    const told = asWord(part['tool_use_id']) ?? asWord(part['toolCallId']);
    const name = asWord(part['name']) ?? asWord(part['toolName']);
    const at = this.#open.findIndex((call) => (told === undefined ? name === undefined || call.name === name : call.id === told));
    const id = told ?? this.#open[at]?.id;
    if (at >= 0) this.#open.splice(at, 1);
    if (id === undefined) return;
    const content = part['content'] ?? part['result'];
    const output =
      asText(content) ??
      asList(content)
        .flatMap((value) => asText(asRecord(value)?.['text']) ?? [])
        .join('\n');
    const isOk = part['is_error'] !== true && part['isError'] !== true;
    this.#tools.returned(id, name, { isOk, outcome: isOk ? undefined : 'error', output, durationMs: null });
  }

  #unknown(type: string): void {
    this.counts.unknown.set(type, (this.counts.unknown.get(type) ?? 0) + 1);
  }
}

const maxOpen = 1000;

function contentOf(record: JsonRecord, message: JsonRecord | undefined): readonly (JsonRecord | undefined)[] {
  const content = message?.['content'] ?? record['content'];
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return asList(content).map(asRecord);
}

/** The name under which Cursor keeps what belongs to a folder. */
function projectName(folder: string): string {
  return folder.replace(/^[\\/]+/, '').replace(/[^A-Za-z0-9]+/g, '-');
}
