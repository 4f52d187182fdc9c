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
import { GeminiRun } from './geminiRun.ts';
import { asList, asRecord, asText, asTime, asWord, type JsonRecord } from './jsonValue.ts';

/**
 * Reads a chat of Gemini CLI. From 0.40 on a line each: a header `{sessionId, projectHash, …}`, messages `{id, timestamp,
 * type, content, …}` (the same one again when its tokens and tool calls are known), `{$set: {…}}` and `{$rewindTo: id}`.
 * Before, one document `{sessionId, …, messages: […]}` that was written anew with each message; its pieces are read the
 * same way, again and again, and what was told is known by the messages' ids.
 *
 * The messages that stand by themselves are the truth. A list of all of them in `$set` comes at the beginning, with a
 * resume and with a compression, without what the tools did.
 */
export class GeminiReader implements TranscriptReader {
  readonly counts: ReaderCounts = { records: 0, unknown: new Map(), misshapen: 0 };
  readonly #sink: FactSink;
  readonly #run: GeminiRun;
  #lastAt: string | undefined;

  constructor(file: TranscriptFile, tools: ReaderTools) {
    this.#sink = new FactSink('gemini', file, tools.digest);
    this.#run = new GeminiRun(this.#sink, file, tools);
  }

  read(value: unknown, place: RecordPlace): readonly TranscriptFact[] {
    this.counts.records += 1;
    const record = asRecord(value);
    if (record === undefined) {
      this.counts.misshapen += 1;
      return [];
    }
    const set = asRecord(record['$set']);
    this.#lastAt = asTime(record['timestamp']) ?? asTime((set ?? record)['lastUpdated']) ?? this.#lastAt;
    this.#sink.begin({ offset: place.offset, at: this.#lastAt, record: undefined });
    if ('member' in record) this.#readPiece(record);
    else if (set !== undefined) this.#readSettings(set);
    else if (record['$rewindTo'] !== undefined) this.#run.rewindTo(asWord(record['$rewindTo']));
    else if (record['type'] !== undefined) this.#readMessage(record);
    else if (record['sessionId'] !== undefined || record['projectHash'] !== undefined) this.#readHeader(record);
    else this.#strange(record);
    return this.#sink.take();
  }

  quiet(): readonly TranscriptFact[] {
    this.#run.settle();
    return this.#sink.take();
  }

  describe(): RunDescription {
    return this.#run.describe();
  }

  #readHeader(header: JsonRecord): void {
    this.#run.begin(header, asTime(header['startTime']));
    if (Array.isArray(header['messages'])) this.#run.history(asList(header['messages']), (message) => this.#readMessage(message));
  }

  #readSettings(set: JsonRecord): void {
    this.#run.settings(set);
    if (Array.isArray(set['messages'])) this.#run.history(asList(set['messages']), (message) => this.#readMessage(message));
    for (const key of Object.keys(set)) if (!settingKeys.has(key)) this.#unknown(`$set.${key}`);
  }

  /** A piece of an older chat's document. */
  #readPiece(piece: JsonRecord): void {
    const { member, value } = piece;
    if (member === null) {
      if (piece['at'] === 'start') {
        this.counts.records = 1;
        this.counts.misshapen = 0;
        this.counts.unknown.clear();
        this.#run.readAgain();
      } else if (piece['isWhole'] === true) this.#run.readThrough();
      return;
    }
    if (typeof member !== 'string') {
      this.counts.misshapen += 1;
      return;
    }
    if (member === 'messages') {
      const message = asRecord(value);
      this.#lastAt = asTime(message?.['timestamp']) ?? this.#lastAt;
      this.#sink.begin({ ...this.#sink.origin, at: this.#lastAt });
      if (message === undefined) this.counts.misshapen += 1;
      else this.#readMessage(message);
    } else if (member === 'sessionId') this.#run.begin({ sessionId: value }, undefined);
    else if (member === 'projectHash') this.#run.begin({ projectHash: value }, undefined);
    else if (member === 'startTime') this.#run.begin({}, asTime(value));
    else if (member === 'directories') this.#run.settings({ directories: [value] });
    else if (settingKeys.has(member)) this.#run.settings({ [member]: value });
    else this.#unknown(member);
  }

  #readMessage(message: JsonRecord): void {
    const type = asText(message['type']) ?? '';
    const id = asWord(message['id']);
    if (!messageTypes.has(type)) {
      this.#unknown(type);
      return;
    }
    if (id === undefined) {
      this.counts.misshapen += 1;
      return;
    }
    this.#run.message(id, type, message);
  }

  #strange(record: JsonRecord): void {
    const key = Object.keys(record).find((name) => name.startsWith('$'));
    if (key === undefined) this.counts.misshapen += 1;
    else this.#unknown(key);
  }

  #unknown(type: string): void {
    this.counts.unknown.set(type, (this.counts.unknown.get(type) ?? 0) + 1);
  }
}

const messageTypes = new Set(['user', 'gemini', 'model', 'info', 'error', 'warning']);
const settingKeys = new Set([
  'directories',
  'hasUserOrAssistantMessage',
  'kind',
  'lastUpdated',
  'memoryScratchpad',
  'messages',
  'meta',
  'projectHash',
  'sessionId',
  'startTime',
  'summary',
]);
