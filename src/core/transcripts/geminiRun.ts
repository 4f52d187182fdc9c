import type { ReaderTools, RunDescription, TranscriptFile } from './adapter.ts';
import type { FactOrigin, FactSink } from './factSink.ts';
import { readParts, responseText, withoutTags } from './geminiContent.ts';
import { folderOfAnswer, folderOfContext, folderOfProject } from './geminiFolder.ts';
import { readGeminiCall, readGeminiResult, responseOf, startOfCall } from './geminiTools.ts';
import { geminiUsage } from './geminiUsage.ts';
import { asList, asRecord, asText, asTime, asWord, type JsonRecord } from './jsonValue.ts';
import { RunTeller } from './runTeller.ts';
import { resolveToldPath } from './toldPath.ts';
import { ToolLedger } from './toolLedger.ts';
import { TurnTree } from './turnTree.ts';

/** What is known of one message, which is told again when more of it is known. */
interface SeenMessage {
  readonly turn: number;
  hasWords: boolean;
  hasUsage: boolean;
  readonly calls: Set<string>;
}

/** What is known of one conversation of Gemini CLI while its records are read. */
export class GeminiRun {
  readonly #sink: FactSink;
  readonly #reader: ReaderTools;
  readonly #file: TranscriptFile;
  readonly #teller: RunTeller;
  readonly #tools: ToolLedger;
  readonly #tree = new TurnTree();
  /** The messages that stand, in order, by id. */
  readonly #seen = new Map<string, SeenMessage>();
  /** The messages that a document's present reading has shown. */
  #shown: Set<string> | undefined;
  #hasDropped = false;
  #hash: string | undefined;
  #isResuming = false;
  /** When the last copy of a message was written, while copies are being written. */
  #copyingMs: number | undefined;
  #summary: string | undefined;
  #hasMessages = false;
  #end: { readonly id: string; readonly turn: number; readonly origin: FactOrigin } | undefined;

  constructor(sink: FactSink, file: TranscriptFile, reader: ReaderTools) {
    this.#sink = sink;
    this.#file = file;
    this.#reader = reader;
    this.#teller = new RunTeller(sink, file, 'gemini');
    this.#tools = new ToolLedger(sink, this.#teller);
    this.#teller.card.parent = /(?:^|\/)chats\/([^/]+)\/[^/]+$/.exec(file.relative)?.[1];
  }

  describe(): RunDescription {
    return this.#teller.describe();
  }

  /** The header; the second one is that of a resume. */
  begin(header: JsonRecord, startedAt: string | undefined): void {
    const { card } = this.#teller;
    const session = asWord(header['sessionId']);
    if (session !== undefined && card.run === session && this.#shown === undefined) this.#isResuming = this.#hasMessages;
    card.run ??= session;
    if (startedAt !== undefined) card.meet(startedAt);
    this.#teller.begin();
    this.#hash = asWord(header['projectHash']) ?? this.#hash;
    this.settings({ directories: header['directories'], summary: header['summary'] });
    this.#findFolder();
  }

  settings(set: JsonRecord): void {
    const { card } = this.#teller;
    // A resume by newer versions says no more than whose conversation it is.
    if (set['sessionId'] !== undefined && this.#hasMessages) this.#isResuming = true;
    const folder = resolveToldPath(asList(set['directories'])[0], undefined);
    if (folder !== undefined && card.cwd === undefined) this.#teller.learn({ cwd: folder });
    // What a sub-agent sums up is its answer, no title.
    const title = card.parent === undefined ? asText(set['summary'])?.split('\n')[0]?.slice(0, maxTitleLength) : undefined;
    if (title !== undefined && title.trim() !== '')
      this.#teller.learn({ title }, this.#key(this.#sink.sha256(title).slice(0, 16), 'title'));
  }

  /** The folder is told by a file beside the chats, or only by its hash. */
  #findFolder(): void {
    const { card } = this.#teller;
    if (card.cwd !== undefined) return;
    const folder = folderOfProject(this.#file.relative.split('/')[0] ?? '', this.#hash, this.#reader);
    if (folder !== undefined) this.#teller.learn({ cwd: folder });
  }

  /** Where nothing tells the folder, a path that the agent gave relative and its tool answered in full does. */
  #inferFolder(args: JsonRecord | undefined, result: unknown): void {
    if (this.#teller.card.cwd !== undefined) return;
    const folder = folderOfAnswer(asText(args?.['file_path']), responseText(responseOf(result)).text);
    if (folder !== undefined) this.#teller.learn({ cwd: folder }, this.#key('cwd', 'changed'));
  }

  message(id: string, type: string, message: JsonRecord): void {
    const { card } = this.#teller;
    card.run ??= this.#fallbackRun();
    card.meet(this.#sink.origin.at);
    this.#teller.begin();
    if (this.#shown !== undefined) {
      // Messages stand in order: when a new one comes, every older one that is still there has been shown.
      if (!this.#seen.has(id)) this.#dropMissing();
      this.#shown.add(id);
    }
    if (type === 'user') this.#user(id, message);
    else if (type === 'gemini' || type === 'model') this.#gemini(id, message);
    else this.#note(id, type, asText(message['content']) ?? readParts(message['content']).text);
  }

  #user(id: string, message: JsonRecord): void {
    const known = this.#seen.get(id);
    const { text, images, results } = readParts(message['content']);
    for (const result of results) this.#returned(result.id, result.name, undefined, { output: undefined, ...asRecord(result.response) });
    if (known !== undefined) return;
    const shown = message['displayContent'] === undefined ? text : readParts(message['displayContent']).text;
    const words = withoutTags(shown).trim();
    if (text.startsWith('<session_context>')) this.#learnContext(text);
    if (this.#isCopy(text) || (words === '' && images === 0)) {
      this.#see(id);
      return;
    }
    if (words.startsWith('<state_snapshot>')) {
      this.#see(id);
      this.#compacted(words);
      return;
    }
    this.settle();
    this.#hasMessages = true;
    const { card } = this.#teller;
    if (this.#isResuming) {
      this.#isResuming = false;
      this.#teller.tell(card.resumed(), { origin: { record: `${card.run ?? ''}/resumed/${id}` } });
    }
    const isSlash = words.startsWith('/') && !words.includes('\n');
    const isSystem = results.length === 0 && /^System: Please continue\.$/.test(words);
    if (!isSlash) this.#teller.turn = this.#tree.open();
    this.#see(id);
    const provenance = isSystem ? 'system' : card.parent === undefined ? 'user' : 'inter_session';
    this.#teller.tell(
      {
        kind: 'prompt.submitted',
        text: this.#sink.words(words),
        provenance,
        ...(isSlash ? { origin: 'slash' } : {}),
        ...(images > 0 ? { images } : {}),
      },
      {
        by: provenance === 'user' ? this.#sink.user(card.run) : this.#sink.agent(card.parent ?? card.run),
        origin: { record: this.#key(id, 'prompt') },
      },
    );
  }

  /**
   * After a cancelled call, say, the program writes its whole history down once more, as new messages in one go, from the
   * context on that stands before everything.
   */
  #isCopy(text: string): boolean {
    const { at } = this.#sink.origin;
    const nowMs = at === undefined ? 0 : Date.parse(at);
    const begins = text.startsWith('<session_context>');
    if (!begins && (this.#copyingMs === undefined || nowMs - this.#copyingMs > copyGapMs)) {
      this.#copyingMs = undefined;
      return false;
    }
    this.#copyingMs = this.#hasMessages ? nowMs : undefined;
    return true;
  }

  #learnContext(text: string): void {
    const cwd = folderOfContext(text);
    if (cwd !== undefined) this.#teller.learn({ cwd });
  }

  #gemini(id: string, message: JsonRecord): void {
    const model = asWord(message['model']);
    // What the model said is written as a text with the model's name; parts without one are a copy of it.
    const isCopy = this.#hasMessages && Array.isArray(message['content']) && model === undefined && message['toolCalls'] === undefined;
    if (isCopy) {
      if (!this.#seen.has(id)) this.#see(id);
      return;
    }
    this.#hasMessages = true;
    this.#teller.learn({ model }, this.#key(id, 'model'));
    const seen = this.#seen.get(id) ?? this.#see(id);
    const { text, calls } = readParts(message['content'] ?? message['parts']);
    if (!seen.hasWords && text.trim() !== '') {
      seen.hasWords = true;
      this.#teller.tell(
        { kind: 'reply.given', text: this.#sink.words(text), ...(model === undefined ? {} : { model }) },
        { turn: seen.turn, origin: { record: this.#key(id, 'reply') } },
      );
    }
    const usage = seen.hasUsage ? undefined : geminiUsage(asRecord(message['tokens']));
    if (usage !== undefined) {
      seen.hasUsage = true;
      this.#teller.tell(
        { kind: 'usage.reported', ...(model === undefined ? {} : { 'gen_ai.response.model': model }), usage, response: id },
        { turn: seen.turn, origin: { record: this.#key(id, 'usage') } },
      );
    }
    const toolCalls = asList(message['toolCalls']).map(asRecord);
    for (const call of toolCalls) if (call !== undefined) this.#toolCall(seen, call);
    for (const call of toolCalls.length > 0 ? [] : calls) this.#called(seen, call.id, call.name, call.args, undefined);
    const isLast = text.trim() !== '' && toolCalls.length === 0 && calls.length === 0;
    if (isLast) this.#end = { id, turn: seen.turn, origin: this.#sink.origin };
    else if (toolCalls.length > 0) this.#end = undefined;
  }

  #toolCall(seen: SeenMessage, told: JsonRecord): void {
    const id = asWord(told['id']);
    const name = asWord(told['name']);
    if (id === undefined || name === undefined) return;
    const { origin } = this.#sink;
    const endedAt = asTime(told['timestamp']) ?? origin.at;
    // A message keeps the time of its first call; each call's own stands in its id, each result has one.
    this.#sink.begin({ ...origin, at: startOfCall(id, origin.at, endedAt) });
    this.#inferFolder(asRecord(told['args']), told['result']);
    this.#called(seen, id, name, told['args'], asText(told['description']));
    this.#sink.begin(origin);
    const status = asText(told['status']);
    if (status === undefined || !settled.has(status)) return;
    this.#sink.begin({ ...origin, at: endedAt });
    this.#returned(id, name, status, responseOf(told['result']), told['resultDisplay']);
    this.#sink.begin(origin);
  }

  #called(seen: SeenMessage, id: string | undefined, name: string, args: unknown, title: string | undefined): void {
    if (id === undefined || seen.calls.has(id)) return;
    seen.calls.add(id);
    const call = readGeminiCall(name, args, this.#teller.card.cwd, (text) => this.#sink.sha256(text), title);
    this.#tools.called(id, call, this.#key(id, 'call'));
  }

  #returned(id: string | undefined, name: string | undefined, status: string | undefined, response: unknown, display?: unknown): void {
    // A result whose call is not open was told before; the message that repeats it for the model says nothing new.
    const call = id === undefined ? undefined : this.#tools.call(id);
    if (id === undefined || call === undefined) return;
    const result = readGeminiResult(call, status, response, display, this.#teller.card.cwd, (text) => this.#sink.sha256(text));
    this.#tools.returned(id, name, result, this.#key(id, 'tool'));
  }

  /** What the program told the person. */
  #note(id: string, type: string, text: string): void {
    if (this.#seen.has(id)) return;
    this.#see(id);
    if (type === 'error') {
      this.#teller.tell({ kind: 'run.failed', what: text.slice(0, maxFailureLength) }, { origin: { record: this.#key(id, 'failed') } });
      return;
    }
    if (type !== 'info' || !/^Request cancelled/i.test(text)) return;
    this.#end = undefined;
    this.#teller.tell({ kind: 'turn.ended', stopReason: 'cancelled' }, { origin: { record: this.#key(id, 'end') } });
  }

  rewindTo(id: string | undefined): void {
    this.settle();
    const ids = [...this.#seen.keys()];
    const at = id === undefined ? -1 : ids.indexOf(id);
    // A message that is not there means all of them.
    const last = at <= 0 ? undefined : ids[at - 1]!;
    for (const gone of ids.slice(Math.max(0, at))) this.#seen.delete(gone);
    const rewound = this.#tree.goTo(last ?? null);
    if (rewound !== undefined)
      this.#teller.tell({ kind: 'run.rewound', ...rewound }, { origin: { record: this.#key(id ?? '', `rewound/${this.#tree.count}`) } });
  }

  /** A list of all messages, told at once. Where none has stood by itself yet, it is all that there is. */
  history(messages: readonly unknown[], read: (message: JsonRecord) => void): void {
    const records = messages.map(asRecord).filter((message) => message !== undefined);
    const context = records.find((message) => readParts(message['content']).text.startsWith('<session_context>'));
    if (context !== undefined) this.#learnContext(readParts(context['content']).text);
    if (!this.#hasMessages) {
      for (const message of records) read(message);
      return;
    }
    this.#copyingMs = undefined;
    const summary = records.map((message) => readParts(message['content']).text).find((text) => text.startsWith('<state_snapshot>'));
    if (summary !== undefined) this.#compacted(summary);
  }

  /** The history gave way to a summary of it, which from then on stands in every list of all messages. */
  #compacted(summary: string): void {
    if (summary === this.#summary) return;
    this.#summary = summary;
    this.settle();
    const record = this.#key(this.#sink.sha256(summary).slice(0, 16), 'compacted');
    this.#teller.tell({ kind: 'run.compacted', trigger: 'unknown', summary: this.#sink.words(summary) }, { origin: { record } });
  }

  /** A document is read from its beginning again. */
  readAgain(): void {
    this.#shown = new Set();
    this.#hasDropped = false;
  }

  /** A document was read to its end. */
  readThrough(): void {
    this.#dropMissing();
  }

  /** The messages that a document no longer has: its last ones were taken back; of others nothing is known. */
  #dropMissing(): void {
    const shown = this.#shown;
    if (shown === undefined || this.#hasDropped) return;
    this.#hasDropped = true;
    const ids = [...this.#seen.keys()];
    const first = ids.findIndex((id) => !shown.has(id));
    if (first < 0) return;
    if (ids.slice(first).every((id) => !shown.has(id))) this.rewindTo(ids[first]);
    else for (const id of ids) if (!shown.has(id)) this.#seen.delete(id);
  }

  /** Tells what waits: the end of a turn is that no call followed the last words. */
  settle(): void {
    const end = this.#end;
    this.#end = undefined;
    if (end === undefined) return;
    this.#teller.tell(
      { kind: 'turn.ended', stopReason: 'end_turn' },
      { turn: end.turn, origin: { ...end.origin, record: this.#key(end.id, 'end') } },
    );
  }

  #see(id: string): SeenMessage {
    const seen: SeenMessage = { turn: this.#teller.turn, hasWords: false, hasUsage: false, calls: new Set() };
    this.#seen.set(id, seen);
    this.#tree.note(id);
    return seen;
  }

  /** Ids are unique in a run alone. */
  #key(id: string, what: string): string {
    return `${this.#teller.card.run ?? this.#file.relative}/${id}/${what}`;
  }

  #fallbackRun(): string {
    return /([^/]+)\.jsonl?$/.exec(this.#file.relative)?.[1] ?? this.#file.relative;
  }
}

const settled = new Set(['success', 'error', 'cancelled']);
const maxTitleLength = 200;
const copyGapMs = 500;
const maxFailureLength = 4096;
