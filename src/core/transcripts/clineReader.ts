import type {
  ReaderCounts,
  ReaderTools,
  RecordPlace,
  RunDescription,
  TranscriptFact,
  TranscriptFile,
  TranscriptReader,
} from './adapter.ts';
import { ClineMessages } from './clineMessages.ts';
import { ClineTask } from './clineTask.ts';
import { FactSink } from './factSink.ts';
import { asRecord, asText, asWord, parseJson, type JsonRecord } from './jsonValue.ts';
import { RunTeller } from './runTeller.ts';
import { resolveToldPath } from './toldPath.ts';

/**
 * Reads the documents of Cline and its kin, piece by piece, again and again as they are written anew: a task as it was
 * shown (a list of `{ts, type: say|ask, say|ask, text, …}`), and a session's messages in the form of the Anthropic API,
 * as Cline's own program keeps them (`{version, agent, sessionId, origin, messages: [{id, role, content, ts, …}]}`) and,
 * as a list alone, the file beside a task. What was told is known by its time or id.
 */
export class ClineReader implements TranscriptReader {
  readonly counts: ReaderCounts = { records: 0, unknown: new Map(), misshapen: 0 };
  readonly #sink: FactSink;
  readonly #file: TranscriptFile;
  readonly #tools: ReaderTools;
  readonly #teller: RunTeller;
  readonly #task: ClineTask;
  readonly #messages: ClineMessages;
  #form: 'task' | 'messages' | 'other' | undefined;
  #isPlaced = false;

  constructor(agent: string, file: TranscriptFile, tools: ReaderTools) {
    this.#sink = new FactSink(agent, file, tools.digest);
    this.#file = file;
    this.#tools = tools;
    this.#teller = new RunTeller(this.#sink, file, agent);
    this.#teller.card.run =
      /([^/]+)\/(?:ui_messages|api_conversation_history)\.json$/.exec(file.relative)?.[1] ??
      /([^/]+?)(?:\.messages)?\.json$/.exec(file.relative)?.[1] ??
      file.relative;
    const unknown = (type: string): void => {
      this.counts.unknown.set(type, (this.counts.unknown.get(type) ?? 0) + 1);
    };
    this.#task = new ClineTask(this.#sink, this.#teller, unknown);
    this.#messages = new ClineMessages(this.#sink, this.#teller, unknown);
  }

  read(value: unknown, place: RecordPlace): readonly TranscriptFact[] {
    this.counts.records += 1;
    const piece = asRecord(value);
    const member = piece?.['member'];
    if (piece === undefined || (typeof member !== 'string' && member !== null)) {
      const type = asText(piece?.['type']);
      if (piece === undefined || type === undefined) this.counts.misshapen += 1;
      else this.counts.unknown.set(type, (this.counts.unknown.get(type) ?? 0) + 1);
      return [];
    }
    this.#sink.begin({ offset: place.offset, at: this.#sink.origin.at, record: undefined });
    if (member === null) this.#mark(piece);
    else this.#readMember(member, piece, place.offset);
    return this.#sink.take();
  }

  quiet(): readonly TranscriptFact[] {
    this.#task.settle();
    this.#messages.settle();
    return this.#sink.take();
  }

  describe(): RunDescription {
    return this.#teller.describe();
  }

  #mark(piece: JsonRecord): void {
    if (piece['at'] === 'start') {
      this.counts.records = 1;
      this.counts.misshapen = 0;
      this.counts.unknown.clear();
      this.#findPlace();
      this.#task.readAgain();
      this.#messages.readAgain();
    } else if (piece['isWhole'] === true) {
      if (this.#form === 'task') this.#task.readThrough();
      else if (this.#form === 'messages') this.#messages.readThrough();
    }
  }

  #readMember(member: string, piece: JsonRecord, offset: number): void {
    const { value } = piece;
    switch (member) {
      case 'messages':
      case '': {
        const body = asRecord(value);
        if (body === undefined) {
          this.counts.misshapen += 1;
          return;
        }
        this.#form ??= this.#formOf(body, member);
        if (this.#form === 'task') this.#count(this.#task.element(body, offset));
        else if (this.#form === 'messages') this.#count(this.#messages.message(body, Number(piece['index'] ?? 0), offset));
        return;
      }
      case 'sessionId':
        this.#teller.card.run = this.#teller.isTold ? this.#teller.card.run : (asWord(value) ?? this.#teller.card.run);
        return;
      case 'origin': {
        const origin = asRecord(value);
        this.#teller.card.version ??= asWord(origin?.['version']);
        this.#teller.card.parent ??= asWord(origin?.['parentThreadId']);
        this.#findPlace();
        return;
      }
      default:
        if (!idleMembers.has(member)) this.counts.unknown.set(`member/${member}`, (this.counts.unknown.get(`member/${member}`) ?? 0) + 1);
    }
  }

  #count(isFit: boolean): void {
    if (!isFit) this.counts.misshapen += 1;
  }

  /** What was sent is read only where what was shown does not lie beside it. */
  #formOf(body: JsonRecord, member: string): 'task' | 'messages' | 'other' {
    if (member === '' && (body['type'] === 'say' || body['type'] === 'ask')) return 'task';
    if (member === '' && this.#file.relative.endsWith('api_conversation_history.json')) {
      const shown = this.#file.relative.replace(/api_conversation_history\.json$/, 'ui_messages.json');
      if (this.#tools.beside?.(shown) !== undefined) return 'other';
    }
    return body['role'] === undefined ? 'other' : 'messages';
  }

  /** The folder, the title and the origin stand in files beside. */
  #findPlace(): void {
    if (this.#isPlaced) return;
    const told = this.#besideSession() ?? this.#besideTask();
    if (told === undefined) return;
    this.#isPlaced = true;
    const { card } = this.#teller;
    const fork = asRecord(asRecord(told['metadata'])?.['fork']);
    if (!this.#teller.isTold) {
      card.forkedFrom ??= asWord(fork?.['forkedFromSessionId']);
      card.parent ??= asWord(told['parentTaskId']);
    }
    const place = told['cwd'] ?? told['workspace'] ?? told['cwdOnTaskInitialization'] ?? told['workspace_root'];
    const git = asRecord(asRecord(told['metadata'])?.['git']);
    this.#teller.learn({
      cwd: resolveToldPath(place, undefined),
      model: asWord(told['model']),
      branch: asWord(git?.['branch']),
      // A sub-agent's title is not its parent's.
      title: card.parent === undefined ? asWord(asRecord(told['metadata'])?.['title']) : undefined,
    });
  }

  #besideSession(): JsonRecord | undefined {
    const folder = /^(.*\/)?([^/]+)\/[^/]+\.messages\.json$/.exec(this.#file.relative);
    if (folder === null) return undefined;
    return asRecord(parseJson(this.#tools.beside?.(`${folder[1] ?? ''}${folder[2]}/${folder[2]}.json`)));
  }

  #besideTask(): JsonRecord | undefined {
    const task = /^(.*\/)?tasks\/([^/]+)\/[^/]+\.json$/.exec(this.#file.relative);
    if (task === null) return undefined;
    const own = asRecord(parseJson(this.#tools.beside?.(`${task[1] ?? ''}tasks/${task[2]}/history_item.json`)));
    if (own !== undefined) return own;
    const history = this.#tools.beside?.(`${task[1] ?? ''}state/taskHistory.json`);
    if (history?.includes(task[2]!) !== true) return undefined;
    const list = parseJson(history);
    return Array.isArray(list) ? list.map(asRecord).find((entry) => String(entry?.['id']) === task[2]) : undefined;
  }
}

const idleMembers = new Set(['agent', 'metadata', 'system_prompt', 'systemPrompt', 'taskType', 'updated_at', 'version']);
