import type { Usage } from '../../model/event.ts';
import type { RunDescription, TranscriptFile } from './adapter.ts';
import type { FactBody, FactSink } from './factSink.ts';
import { asCount, asRecord, asText, asTime, asWord, toJson, type JsonRecord } from './jsonValue.ts';
import { readOpencodeCall, readOpencodeResult } from './opencodeTools.ts';
import { RunTeller } from './runTeller.ts';
import { resolveToldPath } from './toldPath.ts';
import { ToolLedger } from './toolLedger.ts';

type StopReason = Extract<FactBody, { kind: 'turn.ended' }>['stopReason'];

interface Message {
  /** What its facts are known by: the same in a fork, which copies a message with its times and words under another id. */
  readonly key: string;
  readonly role: 'user' | 'assistant';
  turn: number;
  readonly atMs: number | undefined;
  /** What was told of it: its prompt, its parts by place, its end. */
  readonly told: Set<string>;
  compaction?: 'auto' | 'manual';
}

const stopReasons: Readonly<Record<string, StopReason | undefined>> = {
  stop: 'end_turn',
  end_turn: 'end_turn',
  length: 'max_tokens',
  'content-filter': 'refusal',
};

/** What is known of one OpenCode session while its messages are read, some of them again and again. */
export class OpencodeRun {
  readonly #sink: FactSink;
  readonly #teller: RunTeller;
  readonly #ledger: ToolLedger;
  readonly #messages = new Map<string, Message>();
  readonly #keys = new Map<string, number>();
  #turns = 0;
  #revert: string | undefined;
  #told: string | undefined;

  constructor(sink: FactSink, file: TranscriptFile) {
    this.#sink = sink;
    this.#teller = new RunTeller(sink, file, 'opencode');
    this.#ledger = new ToolLedger(sink, this.#teller);
    this.#teller.card.run = /(ses_[^/]+?)(?:\.json)?$/.exec(file.relative)?.[1];
  }

  describe(): RunDescription {
    return { ...this.#teller.describe(), turns: this.#turns };
  }

  session(info: JsonRecord, offset: number): void {
    const { card } = this.#teller;
    const time = asRecord(info['time']);
    if (!this.#teller.isTold) card.run = asWord(info['id']) ?? card.run;
    card.version ??= asWord(info['version']);
    card.parent ??= asWord(info['parentID']);
    const updated = asTime(time?.['updated']);
    this.#sink.begin({ offset, at: asTime(time?.['created']), record: `${card.run ?? ''}/run.changed/${updated ?? ''}` });
    card.meet(this.#sink.origin.at);
    this.#teller.begin();
    this.#sink.begin({ ...this.#sink.origin, at: updated ?? this.#sink.origin.at });
    const title = asWord(info['title']);
    this.#teller.learn({
      cwd: resolveToldPath(info['directory'], undefined),
      // Until it has one of its own, a session is called by its time.
      title: title === undefined || /^(?:New|Child) session - /.test(title) ? undefined : title.slice(0, maxTitleLength),
    });
    this.#revert = asWord(asRecord(info['revert'])?.['messageID']);
  }

  forked(from: string | undefined): void {
    const { card } = this.#teller;
    if (from === undefined || card.forkedFrom !== undefined) return;
    card.forkedFrom = from;
    // Else it is told with the run's beginning.
    if (!this.#teller.isTold) return;
    this.#teller.tell({ kind: 'run.forked', agent: 'opencode', from }, { origin: { record: `${card.run ?? ''}/run.forked` } });
  }

  /** The person took turns back; they are gone for the agent, and still there. */
  settleRevert(): void {
    const message = this.#revert === undefined ? undefined : this.#messages.get(this.#revert);
    if (message === undefined || this.#told === this.#revert) return;
    this.#told = this.#revert;
    const toTurn = Math.max(0, message.turn - 1);
    this.#teller.tell(
      { kind: 'run.rewound', toTurn, turns: this.#turns - toTurn },
      { origin: { record: `${this.#teller.card.run ?? ''}/run.rewound/${message.key}/${this.#turns}` } },
    );
  }

  /** Tells what is new of a message. @param isLast true when nothing more is to come. Answers true when it has come to its end. */
  message(info: JsonRecord, parts: readonly JsonRecord[], offset: number, isLast: boolean): boolean {
    const message = this.#meet(info, parts);
    const at = asTime(message.atMs) ?? this.#sink.origin.at;
    this.#sink.begin({ offset, at, record: message.key });
    this.#teller.card.meet(at);
    this.#teller.begin();
    return message.role === 'user' ? this.#user(message, info, parts, offset) : this.#assistant(message, info, parts, offset, isLast);
  }

  #meet(info: JsonRecord, parts: readonly JsonRecord[]): Message {
    const id = asWord(info['id']) ?? '';
    const existing = this.#messages.get(id);
    if (existing !== undefined) return existing;
    const role = info['role'] === 'user' ? 'user' : 'assistant';
    const atMs = asCount(asRecord(info['time'])?.['created']);
    const parent = this.#messages.get(asWord(info['parentID']) ?? '');
    const words = role === 'user' ? this.#sink.sha256(textOf(parts)).slice(0, 8) : (parent?.key ?? this.#teller.card.run ?? '');
    const base = role === 'user' ? `${atMs ?? id}.${words}` : `${words}>${atMs ?? id}`;
    const count = (this.#keys.get(base) ?? 0) + 1;
    this.#keys.set(base, count);
    const key = count === 1 ? base : `${base}#${count}`;
    const message: Message = { key, role, atMs, turn: parent?.turn ?? this.#turns, told: new Set() };
    // A prompt whose words have not come yet is met again with them.
    if (role === 'assistant' || parts.length > 0) this.#messages.set(id, message);
    else this.#keys.set(base, count - 1);
    return message;
  }

  #user(message: Message, info: JsonRecord, parts: readonly JsonRecord[], offset: number): boolean {
    const compaction = parts.find((part) => part['type'] === 'compaction');
    if (compaction !== undefined) message.compaction = compaction['auto'] === true ? 'auto' : 'manual';
    const task = parts.find((part) => part['type'] === 'subtask');
    const text = textOf(parts).trim() || (asText(task?.['prompt']) ?? '');
    const images = parts.filter((part) => part['type'] === 'file' && (asText(part['mime']) ?? '').startsWith('image/')).length;
    if (message.told.has('prompt') || (text === '' && images === 0)) return parts.length > 0;
    message.told.add('prompt');
    this.#turns += 1;
    message.turn = this.#turns;
    this.#teller.turn = this.#turns;
    const { run, parent } = this.#teller.card;
    this.#learn(info, message, offset);
    this.#teller.tell(
      {
        kind: 'prompt.submitted',
        text: this.#sink.words(text),
        provenance: parent === undefined ? 'user' : 'inter_session',
        ...(task === undefined ? {} : { origin: 'slash' }),
        ...(images > 0 ? { images } : {}),
      },
      {
        by: parent === undefined ? this.#sink.user(run) : this.#sink.agent(parent),
        origin: { record: `${message.key}/prompt` },
      },
    );
    return true;
  }

  #learn(info: JsonRecord, message: Message, offset: number): void {
    this.#sink.begin({ ...this.#sink.origin, offset, record: `${message.key}/run.changed` });
    const isSummary = info['summary'] === true;
    const path = info['path'];
    this.#teller.learn({
      model: isSummary ? undefined : (asWord(info['modelID']) ?? asWord(asRecord(info['model'])?.['modelID'])),
      mode: isSummary ? undefined : (asWord(info['mode']) ?? asWord(info['agent'])),
      cwd: resolveToldPath(asRecord(path)?.['cwd'] ?? path, undefined),
    });
  }

  #assistant(message: Message, info: JsonRecord, parts: readonly JsonRecord[], offset: number, isLast: boolean): boolean {
    this.#teller.turn = message.turn;
    if (!message.told.has('begun')) {
      message.told.add('begun');
      this.#learn(info, message, offset);
    }
    const time = asRecord(info['time']);
    const error = asRecord(info['error']);
    const completed = asTime(time?.['completed']);
    const isOver = completed !== undefined || error !== undefined || isLast;
    for (const [index, part] of parts.entries()) this.#part(message, info, part, index, isOver || index < parts.length - 1, offset);
    if (!isOver || message.told.has('end')) return isOver;
    message.told.add('end');
    this.#sink.begin({ offset, at: completed ?? this.#sink.origin.at, record: message.key });
    this.#teller.card.meet(this.#sink.origin.at);
    if (info['summary'] === true) this.#compacted(message, info, parts);
    this.#usage(message, info);
    this.#ended(message, info, error, completed);
    return true;
  }

  #part(message: Message, info: JsonRecord, part: JsonRecord, index: number, isDone: boolean, offset: number): void {
    const record = `${message.key}/${index}`;
    const time = asRecord(part['time']);
    switch (part['type']) {
      case 'text': {
        const text = asText(part['text']) ?? '';
        const end = asTime(time?.['end']);
        if ((end === undefined && !isDone) || message.told.has(record) || part['synthetic'] === true || text.trim() === '') return;
        message.told.add(record);
        if (info['summary'] === true) return;
        this.#sink.begin({ offset, at: end ?? asTime(time?.['start']) ?? this.#sink.origin.at, record });
        const { model } = this.#teller.card;
        this.#teller.tell({ kind: 'reply.given', text: this.#sink.words(text), ...(model === undefined ? {} : { model }) });
        return;
      }
      case 'tool':
        this.#tool(message, part, record, offset);
        return;
      case 'retry': {
        if (message.told.has(record)) return;
        message.told.add(record);
        this.#sink.begin({ offset, at: asTime(time?.['created']) ?? this.#sink.origin.at, record });
        this.#teller.tell({ kind: 'run.failed', what: errorText(asRecord(part['error'])).slice(0, maxFailureLength), retry: true });
        return;
      }
      default:
    }
  }

  #tool(message: Message, part: JsonRecord, record: string, offset: number): void {
    const state = asRecord(part['state']);
    const status = asText(state?.['status']);
    const name = asWord(part['tool']);
    // Until it runs its input may be half a one.
    if (state === undefined || status === undefined || status === 'pending' || name === undefined) return;
    const id = asWord(part['callID']) ?? record;
    const time = asRecord(state['time']);
    const hash = (text: string): string => this.#sink.sha256(text);
    if (!message.told.has(`${record}/call`)) {
      message.told.add(`${record}/call`);
      this.#sink.begin({ offset, at: asTime(time?.['start']) ?? this.#sink.origin.at, record });
      this.#ledger.called(id, readOpencodeCall(name, state['input'], this.#teller.card.cwd, hash), `${record}/call`);
    }
    if (status === 'running' || message.told.has(record)) return;
    message.told.add(record);
    this.#sink.begin({ offset, at: asTime(time?.['end']) ?? this.#sink.origin.at, record });
    this.#ledger.returned(id, name, readOpencodeResult(state, this.#ledger.call(id), hash), record);
  }

  #compacted(message: Message, info: JsonRecord, parts: readonly JsonRecord[]): void {
    const trigger = this.#messages.get(asWord(info['parentID']) ?? '')?.compaction;
    const tokens = asRecord(info['tokens']);
    const cache = asRecord(tokens?.['cache']);
    const preTokens = (asCount(tokens?.['input']) ?? 0) + (asCount(cache?.['read']) ?? 0) + (asCount(cache?.['write']) ?? 0);
    const summary = textOf(parts);
    this.#teller.tell(
      {
        kind: 'run.compacted',
        trigger: trigger ?? 'unknown',
        ...(preTokens === 0 ? {} : { preTokens }),
        ...(summary === '' ? {} : { summary: this.#sink.words(summary) }),
      },
      { origin: { record: `${message.key}/compacted` } },
    );
  }

  #usage(message: Message, info: JsonRecord): void {
    const usage = usageOf(asRecord(info['tokens']));
    if (usage === undefined) return;
    const model = asWord(info['modelID']);
    const costUsd = asCount(info['cost']);
    this.#teller.tell(
      {
        kind: 'usage.reported',
        ...(model === undefined ? {} : { 'gen_ai.response.model': model }),
        usage,
        ...(costUsd === undefined || costUsd === 0 ? {} : { costUsd }),
      },
      { origin: { record: `${message.key}/usage` } },
    );
  }

  #ended(message: Message, info: JsonRecord, error: JsonRecord | undefined, completed: string | undefined): void {
    const wasCut = error?.['name'] === 'MessageAbortedError';
    if (error !== undefined && !wasCut)
      this.#teller.tell(
        { kind: 'run.failed', what: errorText(error).slice(0, maxFailureLength) },
        { origin: { record: `${message.key}/failed` } },
      );
    const stopReason = wasCut ? 'cancelled' : error !== undefined ? 'error' : stopReasons[asText(info['finish']) ?? ''];
    if (stopReason === undefined || info['summary'] === true) return;
    const asked = this.#messages.get(asWord(info['parentID']) ?? '')?.atMs;
    const durationMs = completed === undefined || asked === undefined ? undefined : Math.max(0, Date.parse(completed) - asked);
    this.#teller.tell(
      { kind: 'turn.ended', stopReason, ...(durationMs === undefined ? {} : { durationMs }) },
      { origin: { record: `${message.key}/end` } },
    );
  }
}

const maxTitleLength = 300;
const maxFailureLength = 4096;

/** What somebody wrote; synthetic parts are put in by the program. */
function textOf(parts: readonly JsonRecord[]): string {
  return parts
    .filter((part) => part['type'] === 'text' && part['synthetic'] !== true && part['ignored'] !== true)
    .map((part) => asText(part['text']) ?? '')
    .join('\n');
}

function errorText(error: JsonRecord | undefined): string {
  return asWord(asRecord(error?.['data'])?.['message']) ?? asWord(error?.['message']) ?? asWord(error?.['name']) ?? toJson(error ?? null);
}

/** OpenCode counts `input` without the cached tokens, and `output` without the reasoning. */
function usageOf(tokens: JsonRecord | undefined): Usage | undefined {
  const input = asCount(tokens?.['input']) ?? 0;
  const output = asCount(tokens?.['output']) ?? 0;
  const reasoning = asCount(tokens?.['reasoning']) ?? 0;
  const cache = asRecord(tokens?.['cache']);
  const read = asCount(cache?.['read']) ?? 0;
  const written = asCount(cache?.['write']) ?? 0;
  if (input + output + reasoning + read + written === 0) return undefined;
  return {
    'gen_ai.usage.input_tokens': input,
    'gen_ai.usage.output_tokens': output + reasoning,
    'gen_ai.usage.cache_read.input_tokens': read,
    'gen_ai.usage.cache_creation.input_tokens': written,
    ...(reasoning === 0 ? {} : { 'gen_ai.usage.reasoning.output_tokens': reasoning }),
  };
}
