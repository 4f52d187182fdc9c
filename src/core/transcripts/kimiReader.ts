import type {
  ReaderCounts,
  ReaderTools,
  RecordPlace,
  RunDescription,
  TranscriptFact,
  TranscriptFile,
  TranscriptReader,
} from './adapter.ts';
import { FactSink } from './factSink.ts';
import { asCount, asRecord, asText, asTime, asWord, type JsonRecord } from './jsonValue.ts';
import { KimiRun } from './kimiRun.ts';
import { kimiWireEvent } from './kimiWire.ts';

/**
 * Reads the wire of one agent of Kimi Code: `{type, time, agentId?, …}` a line, the conversation in `turn.*` and in
 * `context.append_loop_event`. Prompts stand twice, as `turn.prompt` and as a message of the context; the first is read.
 * What says `kind: "event"` is told to clients and repeats the rest. The wire of Kimi CLI, `{timestamp, message: {type,
 * payload}}`, is read by turning its messages into these. A fork copies its origin's lines, so that a fact is known by an
 * id or the time that stand in them. Form: the records of the packages agent-core-v2 (MIT) and kimi_cli.wire (Apache-2.0).
 */
export class KimiReader implements TranscriptReader {
  readonly counts: ReaderCounts = { records: 0, unknown: new Map(), misshapen: 0 };
  readonly #sink: FactSink;
  readonly #run: KimiRun;
  #lastAt: string | undefined;
  /** The id that was told last: with type and time it tells a line from those of every other session. */
  #anchor = '';
  /** How many lines had the same type and time, by both. */
  #sameAt: { readonly key: string; count: number } = { key: '', count: 0 };

  constructor(file: TranscriptFile, tools: ReaderTools) {
    this.#sink = new FactSink('kimi', file, tools.digest);
    this.#run = new KimiRun(this.#sink, file, tools);
  }

  read(value: unknown, place: RecordPlace): readonly TranscriptFact[] {
    this.counts.records += 1;
    const line = asRecord(value);
    const message = asRecord(line?.['message']);
    const isOlder = line !== undefined && line['type'] === undefined && message !== undefined;
    const type = asText(isOlder ? message['type'] : line?.['type']);
    if (line === undefined || type === undefined) {
      this.counts.misshapen += 1;
      return [];
    }
    const seconds = line['timestamp'];
    const told = isOlder && typeof seconds === 'number' ? seconds * 1000 : (line['time'] ?? line['created_at'] ?? line['timestamp']);
    const ownAt = asTime(told);
    this.#lastAt = ownAt ?? this.#lastAt;
    this.#anchor = anchorOf(line) ?? this.#anchor;
    this.#sink.begin({ offset: place.offset, at: this.#lastAt, record: this.#nameOf(type, ownAt) });
    this.#run.meet();
    if (isOlder) this.#readOlder(type, asRecord(message['payload']) ?? {});
    else this.#readRecord(type, line);
    return this.#sink.take();
  }

  quiet(): readonly TranscriptFact[] {
    this.#run.settle();
    return this.#sink.take();
  }

  describe(): RunDescription {
    return this.#run.describe();
  }

  #nameOf(type: string, at: string | undefined): string {
    const key = `${this.#anchor}/${type}@${at ?? ''}`;
    if (this.#sameAt.key === key) this.#sameAt.count += 1;
    else this.#sameAt = { key, count: 1 };
    return `${this.#run.lineage}/${key}#${this.#sameAt.count}`;
  }

  #readOlder(type: string, payload: JsonRecord): void {
    const turned = kimiWireEvent(type, payload);
    if (turned === 'idle') return;
    if (turned === undefined) this.#unknown(`message/${type}`);
    else for (const record of turned) this.#readRecord(asText(record['type']) ?? '', record);
  }

  #readRecord(type: string, record: JsonRecord): void {
    switch (type) {
      case 'metadata':
        this.#run.begin(asWord(record['protocol_version']));
        return;
      case 'profile.bind':
      case 'config.update':
        this.#run.configured(record);
        return;
      case 'llm.request':
        this.#run.asked(record);
        return;
      case 'turn.prompt':
        this.#run.prompt(record, false);
        return;
      case 'turn.steer':
        this.#run.prompt(record, true);
        return;
      case 'turn.cancel':
        this.#run.cancelled();
        return;
      case 'turn.ended':
        this.#run.ended(record);
        return;
      case 'turn.step.retrying':
        this.#run.failed(asText(record['errorMessage']) ?? asText(record['errorName']) ?? 'error', true, asCount(record['statusCode']));
        return;
      case 'error':
        this.#run.failed(asText(record['message']) ?? 'error', false, undefined);
        return;
      case 'context.append_loop_event':
        this.#readLoop(asRecord(record['event']));
        return;
      case 'context.apply_compaction':
        this.#run.compacted(record);
        return;
      case 'full_compaction.begin':
        this.#run.compacting(record['source']);
        return;
      case 'context.clear':
        this.#run.cleared();
        return;
      case 'context.undo':
        this.#run.undone(asCount(record['count']) ?? 1);
        return;
      case 'usage.record':
        this.#run.usage(asRecord(record['usage']), asWord(record['model']));
        return;
      case 'permission.record_approval_result':
        this.#run.decided(asWord(record['toolCallId']), asText(asRecord(record['result'])?.['decision']));
        return;
      case 'permission.set_mode':
        this.#run.permissionMode(asWord(record['mode']));
        return;
      case 'plan_mode.enter':
        this.#run.planMode(true);
        return;
      case 'plan_mode.exit':
      case 'plan_mode.cancel':
        this.#run.planMode(false);
        return;
      default:
        if (record['kind'] !== 'event' && !idleTypes.test(type)) this.#unknown(type);
    }
  }

  #readLoop(event: JsonRecord | undefined): void {
    const type = asText(event?.['type']);
    if (event === undefined || type === undefined) {
      this.counts.misshapen += 1;
      return;
    }
    switch (type) {
      case 'content.part':
        this.#run.part(asRecord(event['part']));
        return;
      case 'tool.call':
        if (!this.#run.called(event)) this.counts.misshapen += 1;
        return;
      case 'tool.result':
        if (!this.#run.returned(event)) this.counts.misshapen += 1;
        return;
      case 'step.end':
        this.#run.stepEnded(asText(event['finishReason']));
        return;
      case 'step.begin':
        return;
      default:
        this.#unknown(`loop/${type}`);
    }
  }

  #unknown(type: string): void {
    this.counts.unknown.set(type, (this.counts.unknown.get(type) ?? 0) + 1);
  }
}

function anchorOf(line: JsonRecord): string | undefined {
  const event = asRecord(line['event']);
  return asWord(event?.['uuid']) ?? asWord(event?.['parentUuid']) ?? asWord(line['promptId']) ?? asWord(line['messageId']);
}

/**
 * Known, and told elsewhere (messages of the context, a sub-agent's end, questions within their calls) or of no consequence
 * here: what the program keeps for itself, goals, schedules, counts of what is in the context.
 */
const idleTypes =
  /^(?:context\.(?:append_message|spliced|undone)|turn\.(?:started|step\.(?:started|completed|interrupted))|llm\.tools_snapshot|forked|(?:agent|compaction|cron|event|file_history|full_compaction|goal|hook|interaction|interruptionReminder|mcp|micro_compaction|permission|plan|plugin|plugin_command|prompt|runtime|session|shell|skill|subagent|swarm_mode|task|todo|token_counting|tools|tower|tower_mode)\.[a-zA-Z_.]+)$/;
