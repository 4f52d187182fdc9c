import type {
  ReaderCounts,
  ReaderTools,
  RecordPlace,
  RunDescription,
  TranscriptFact,
  TranscriptFile,
  TranscriptReader,
} from './adapter.ts';
import { applyChatChange } from './chatLog.ts';
import { FactSink } from './factSink.ts';
import { asList, asRecord, asText, type JsonRecord } from './jsonValue.ts';
import { VscodeChatRun } from './vscodeChatRun.ts';
import { VscodeChatTraces } from './vscodeChatTraces.ts';

/**
 * Reads a session of VS Code's chat, a document or the log of its changes. Both give the state of a session: `{sessionId,
 * creationDate, customTitle, requests: [{requestId, timestamp, message, response, result, …}], …}`. A request is told
 * when it has come to its end; its prompt at once. Form: `chatModel.ts` and `objectMutationLog.ts` of VS Code (MIT).
 */
export class VscodeChatReader implements TranscriptReader {
  readonly counts: ReaderCounts = { records: 0, unknown: new Map(), misshapen: 0 };
  readonly #sink: FactSink;
  readonly #run: VscodeChatRun;
  readonly #file: TranscriptFile;
  #traces: VscodeChatTraces | undefined;
  /** Of a log, what is not told yet; told requests are kept as nothing but their place. */
  #state: Record<string, unknown> = {};

  constructor(file: TranscriptFile, tools: ReaderTools) {
    this.#file = file;
    this.#sink = new FactSink('vscode-chat', file, tools.digest);
    this.#run = new VscodeChatRun(this.#sink, file, tools, (type) => this.#unknown(type));
  }

  read(value: unknown, place: RecordPlace): readonly TranscriptFact[] {
    this.counts.records += 1;
    const record = asRecord(value);
    this.#sink.begin({ offset: place.offset, at: this.#sink.origin.at, record: undefined });
    if (record === undefined) this.counts.misshapen += 1;
    else if ('span' in record) this.#readSpan(asRecord(record['span']), asRecord(record['attributes']) ?? {}, place.offset);
    else if ('member' in record) this.#readPiece(record, place.offset);
    else if (typeof record['kind'] === 'number') this.#readChange(record, place.offset);
    else this.#strange(record);
    return this.#sink.take();
  }

  quiet(): readonly TranscriptFact[] {
    this.#run.settle();
    return this.#sink.take();
  }

  describe(): RunDescription {
    return this.#traces?.describe() ?? this.#run.describe();
  }

  #readSpan(span: JsonRecord | undefined, attributes: JsonRecord, offset: number): void {
    this.#traces ??= new VscodeChatTraces(this.#sink, this.#file, (type) => this.#unknown(type));
    if (span === undefined || !this.#traces.span(span, attributes, offset)) this.counts.misshapen += 1;
  }

  #strange(record: JsonRecord): void {
    const type = asText(record['type']);
    if (type === undefined) this.counts.misshapen += 1;
    else this.#unknown(type);
  }

  #readPiece(piece: JsonRecord, offset: number): void {
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
    if (typeof member !== 'string') this.counts.misshapen += 1;
    else if (member === 'requests') this.#request(value, offset, false);
    else this.#member(member, value);
  }

  #member(member: string, value: unknown): void {
    if (!this.#run.member(member, value) && !idleMembers.has(member)) this.#unknown(`member/${member}`);
  }

  #request(value: unknown, offset: number, isLast: boolean): void {
    const request = asRecord(value);
    if (request === undefined || !this.#run.request(request, offset, isLast)) this.counts.misshapen += 1;
  }

  #readChange(entry: JsonRecord, offset: number): void {
    const { kind } = entry;
    if (kind === 0) {
      const state = asRecord(entry['v']);
      if (state === undefined) {
        this.counts.misshapen += 1;
        return;
      }
      this.#state = { requests: asList(state['requests']).slice() };
      for (const [member, value] of Object.entries(state)) if (member !== 'requests') this.#member(member, value);
      this.#look(offset);
      return;
    }
    if (kind !== 1 && kind !== 2 && kind !== 3) {
      this.#unknown(`kind/${String(kind)}`);
      return;
    }
    const path = asList(entry['k']);
    if (path[0] !== 'requests') {
      if (path.length === 1 && kind === 1) this.#member(asText(path[0]) ?? '', entry['v']);
      else if (typeof path[0] !== 'string') this.counts.misshapen += 1;
      return;
    }
    if (!applyChatChange(this.#state, entry)) this.counts.misshapen += 1;
    this.#look(offset);
  }

  /** Looks at the requests that are not told, and lets go of what is. */
  #look(offset: number): void {
    const requests = this.#state['requests'];
    if (!Array.isArray(requests)) {
      this.#state['requests'] = [];
      return;
    }
    this.#run.readAgain();
    for (const [index, value] of requests.entries()) {
      const request = asRecord(value);
      if (request === undefined) continue;
      const isLast = index === requests.length - 1;
      // What follows a request says that it has ended, even where it does not itself.
      this.#request(request, offset, isLast);
      if (!isLast) this.#run.finish(request, offset);
      if (this.#run.isTold(request)) requests[index] = { requestId: request['requestId'], timestamp: request['timestamp'] };
    }
    this.#run.readThrough();
  }

  #unknown(type: string): void {
    this.counts.unknown.set(type, (this.counts.unknown.get(type) ?? 0) + 1);
  }
}

/** Known, and of no consequence here: what the view shows, and what was typed and not sent. */
const idleMembers = new Set([
  'hasPendingEdits',
  'initialLocation',
  'inputState',
  'isImported',
  'lastMessageDate',
  'pendingRequests',
  'permissionLevel',
  'repoData',
  'requesterAvatarIconUri',
  'requesterUsername',
  'responderAvatarIconUri',
  'responderUsername',
  'timing',
  'version',
  'workingDirectory',
]);
