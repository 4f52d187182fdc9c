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
import { asRecord, asText, asTime, asWord, type JsonRecord } from './jsonValue.ts';
import { QwenRun } from './qwenRun.ts';

/**
 * Reads a chat of Qwen Code: one record a line, `{uuid, parentUuid, sessionId, timestamp, type, cwd, version, gitBranch,
 * message, …}`, the envelope like Claude Code's and the messages of the Gemini API's form. Records form a chain by
 * `parentUuid`, which a rewind takes up further back. A fork copies records under new ids and says of each which it was
 * (`forkedFrom`), so that it is known again.
 */
export class QwenReader implements TranscriptReader {
  readonly counts: ReaderCounts = { records: 0, unknown: new Map(), misshapen: 0 };
  readonly #sink: FactSink;
  readonly #run: QwenRun;
  #lastAt: string | undefined;

  constructor(file: TranscriptFile, tools: ReaderTools) {
    this.#sink = new FactSink('qwen', file, tools.digest);
    this.#run = new QwenRun(this.#sink, file);
  }

  read(value: unknown, place: RecordPlace): readonly TranscriptFact[] {
    this.counts.records += 1;
    const record = asRecord(value);
    const type = asText(record?.['type']);
    if (record === undefined || type === undefined) {
      this.counts.misshapen += 1;
      return [];
    }
    this.#lastAt = asTime(record['timestamp']) ?? this.#lastAt;
    const original = asWord(asRecord(record['forkedFrom'])?.['messageUuid']);
    this.#sink.begin({ offset: place.offset, at: this.#lastAt, record: original ?? asWord(record['uuid']) });
    this.#run.meet(record);
    this.#readRecord(type, record);
    return this.#sink.take();
  }

  quiet(): readonly TranscriptFact[] {
    this.#run.settle();
    return this.#sink.take();
  }

  describe(): RunDescription {
    return this.#run.describe();
  }

  #readRecord(type: string, record: JsonRecord): void {
    switch (type) {
      case 'user':
        if (!this.#run.user(record)) this.counts.misshapen += 1;
        return;
      case 'assistant':
        if (!this.#run.assistant(record)) this.counts.misshapen += 1;
        return;
      case 'tool_result':
        this.#run.toolResult(record);
        return;
      case 'system':
        this.#readSystem(record);
        return;
      default:
        this.#unknown(type);
    }
  }

  #readSystem(record: JsonRecord): void {
    const subtype = asText(record['subtype']) ?? '';
    const payload = asRecord(record['systemPayload']) ?? {};
    switch (subtype) {
      case 'ui_telemetry':
        this.#run.telemetry(asRecord(payload['uiEvent']) ?? {});
        return;
      case 'slash_command':
        this.#run.slashCommand(payload);
        return;
      case 'chat_compression':
        this.#run.compacted(payload);
        return;
      case 'custom_title':
        this.#run.named(asWord(payload['customTitle']));
        return;
      case 'session_model':
        this.#run.model(asWord(payload['model']) ?? asWord(payload['modelId']));
        return;
      case 'parent_session':
        this.#run.spawnedBy(asWord(payload['parentSessionId']));
        return;
      case 'turn_result':
        this.#run.turnEnded(payload);
        return;
      case 'rewind':
        this.#run.rewound(record);
        return;
      default:
        if (!idleSystem.has(subtype)) this.#unknown(`system/${subtype}`);
    }
  }

  #unknown(type: string): void {
    this.counts.unknown.set(type, (this.counts.unknown.get(type) ?? 0) + 1);
  }
}

/** Known, and of no consequence here: what the program keeps for itself, and what was shown. */
const idleSystem = new Set([
  'at_command',
  'attribution_snapshot',
  'background_task_completed',
  'branch_checkpoint',
  'file_history_snapshot',
  'goal_runtime',
  'goal_state',
  'goal_turn_end',
  'omni_recall',
  'session_artifact_event',
  'session_artifact_snapshot',
  'session_recording_degraded',
  'session_source',
  'session_sources_snapshot',
  'user_text_elements',
]);
