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
import { PiRun, type PiHouse } from './piRun.ts';

/**
 * Reads a session of pi, and of OpenClaw, which keeps its own in the same form: a `session` header, then entries `{type,
 * id, parentId, timestamp, …}` that form a tree, the conversation being the path to the last one. The oldest form (no
 * `version`, no ids) is a plain row. A fork is a file of its own with the same entries under the same ids and times, which
 * together name a fact: eight hexadecimal digits alone are too few over all files. Format: pi's docs/session-format.md.
 */
export class PiReader implements TranscriptReader {
  readonly counts: ReaderCounts = { records: 0, unknown: new Map(), misshapen: 0 };
  readonly #sink: FactSink;
  readonly #run: PiRun;
  readonly #file: TranscriptFile;
  #lastAt: string | undefined;
  /** How many entries without an id of their own had the same time and type, by both. */
  #namelessAt: { readonly key: string; count: number } = { key: '', count: 0 };

  constructor(file: TranscriptFile, tools: ReaderTools, house: PiHouse) {
    this.#file = file;
    this.#sink = new FactSink(house.agent, file, tools.digest);
    this.#run = new PiRun(this.#sink, file, house);
  }

  read(value: unknown, place: RecordPlace): readonly TranscriptFact[] {
    this.counts.records += 1;
    const entry = asRecord(value);
    const type = asText(entry?.['type']);
    if (entry === undefined || type === undefined) {
      this.counts.misshapen += 1;
      return [];
    }
    const ownAt = asTime(entry['timestamp']);
    this.#lastAt = ownAt ?? this.#lastAt;
    this.#sink.begin({ offset: place.offset, at: this.#lastAt, record: this.#nameOf(entry, type, ownAt) });
    this.#run.meet(entry, type, ownAt);
    if (!this.#readEntry(type, entry)) this.counts.misshapen += 1;
    return this.#sink.take();
  }

  quiet(): readonly TranscriptFact[] {
    this.#run.settle();
    return this.#sink.take();
  }

  describe(): RunDescription {
    return this.#run.describe();
  }

  #nameOf(entry: JsonRecord, type: string, at: string | undefined): string {
    const id = asWord(entry['id']);
    if (id !== undefined && type !== 'session') return `${id}@${at ?? ''}`;
    const key = `${type}@${at ?? ''}`;
    if (this.#namelessAt.key === key) this.#namelessAt.count += 1;
    else this.#namelessAt = { key, count: 1 };
    return `${this.#run.run ?? this.#file.relative}/${key}#${this.#namelessAt.count}`;
  }

  /** False when the entry lacks what its type needs. */
  #readEntry(type: string, entry: JsonRecord): boolean {
    switch (type) {
      case 'session':
        return this.#run.begin(entry);
      case 'message':
        return this.#readMessage(asRecord(entry['message']), entry);
      case 'model_change':
        this.#run.model(asWord(entry['modelId']));
        return true;
      case 'compaction':
        this.#run.compacted(entry);
        return true;
      case 'branch_summary':
      case 'branchSummary':
        this.#run.usage(asRecord(entry['usage']), undefined, undefined);
        return true;
      case 'usage':
        this.#run.usage(asRecord(entry['usage']), asWord(entry['model']), undefined);
        return true;
      case 'session_info':
        this.#run.named(asWord(entry['name']));
        return true;
      case 'custom_message':
        this.#run.injected(entry);
        return true;
      default:
        if (!idleTypes.has(type)) this.#unknown(type);
        return true;
    }
  }

  #readMessage(message: JsonRecord | undefined, entry: JsonRecord): boolean {
    const role = asText(message?.['role']);
    if (message === undefined || role === undefined) return false;
    switch (role) {
      case 'user':
        this.#run.user(message, entry);
        return true;
      case 'assistant':
        this.#run.assistant(message);
        return true;
      case 'toolResult':
        return this.#run.toolResult(message);
      case 'bashExecution':
        this.#run.bang(message);
        return true;
      case 'custom':
      case 'hookMessage':
        this.#run.injected(message);
        return true;
      case 'system':
      case 'branchSummary':
      case 'compactionSummary':
        return true;
      default:
        this.#unknown(`message/${role}`);
        return true;
    }
  }

  #unknown(type: string): void {
    this.counts.unknown.set(type, (this.counts.unknown.get(type) ?? 0) + 1);
  }
}

/** Known, and of no consequence here: what an extension keeps, bookmarks, and what only the model sees. */
const idleTypes = new Set(['compactionSummary', 'context_edit', 'custom', 'label', 'leaf', 'reset', 'thinking_level_change']);
