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
import { asList, asRecord, asText, asWord, type JsonRecord } from './jsonValue.ts';
import { OpencodeRun } from './opencodeRun.ts';

/**
 * Reads one session of OpenCode, as the pieces of the document that `opencode export` writes: `info` (the session) and
 * `messages` (`{info, parts}` each), whether they come from such a document, from the database or from the older files. A
 * message is told again each time something of it has changed, up to its end; what was told of it is remembered.
 */
export class OpencodeReader implements TranscriptReader {
  readonly counts: ReaderCounts = { records: 0, unknown: new Map(), misshapen: 0 };
  readonly #sink: FactSink;
  readonly #run: OpencodeRun;
  /** Messages that have not come to their end, as told last. */
  readonly #open = new Map<string, { readonly info: JsonRecord; readonly parts: readonly JsonRecord[]; readonly offset: number }>();
  /** Parts of an unknown type that have been counted. */
  readonly #strange = new Set<string>();

  constructor(file: TranscriptFile, tools: ReaderTools) {
    this.#sink = new FactSink('opencode', file, tools.digest);
    this.#run = new OpencodeRun(this.#sink, file);
  }

  read(value: unknown, place: RecordPlace): readonly TranscriptFact[] {
    this.counts.records += 1;
    const piece = asRecord(value);
    const member = piece?.['member'];
    const body = asRecord(piece?.['value']);
    if (piece === undefined) this.counts.misshapen += 1;
    else if (member === null) this.#run.settleRevert();
    else if (member === undefined) this.#unknown(asText(piece['type']) ?? 'record');
    else if (member === 'forkedFrom') this.#run.forked(asWord(piece['value']));
    else if (member !== 'info' && member !== 'messages') this.#unknown(`member/${typeof member === 'string' ? member : ''}`);
    else if (body === undefined) this.counts.misshapen += 1;
    else if (member === 'info') this.#run.session(body, place.offset);
    else this.#message(body, place.offset);
    return this.#sink.take();
  }

  quiet(): readonly TranscriptFact[] {
    for (const { info, parts, offset } of this.#open.values()) this.#run.message(info, parts, offset, true);
    this.#open.clear();
    this.#run.settleRevert();
    return this.#sink.take();
  }

  describe(): RunDescription {
    return this.#run.describe();
  }

  #message(body: JsonRecord, offset: number): void {
    const info = asRecord(body['info']);
    const id = asWord(info?.['id']);
    const role = info?.['role'];
    if (info === undefined || id === undefined || (role !== 'user' && role !== 'assistant')) {
      this.counts.misshapen += 1;
      return;
    }
    const parts: JsonRecord[] = [];
    for (const [index, value] of asList(body['parts']).entries()) {
      const part = asRecord(value);
      const type = asText(part?.['type']);
      if (part === undefined || type === undefined) this.#count(`${id}/${index}`, () => (this.counts.misshapen += 1));
      else if (!partTypes.has(type)) this.#count(`${id}/${index}`, () => this.#unknown(`part/${type}`));
      parts.push(part ?? {});
    }
    this.#open.delete(id);
    if (!this.#run.message(info, parts, offset, false)) this.#open.set(id, { info, parts, offset });
    if (this.#open.size > maxOpen) this.#open.delete(this.#open.keys().next().value!);
  }

  #count(part: string, count: () => void): void {
    if (this.#strange.has(part)) return;
    this.#strange.add(part);
    count();
  }

  #unknown(type: string): void {
    this.counts.unknown.set(type, (this.counts.unknown.get(type) ?? 0) + 1);
  }
}

const maxOpen = 200;
const partTypes = new Set('agent compaction file patch reasoning retry snapshot step-finish step-start subtask text tool'.split(' '));
