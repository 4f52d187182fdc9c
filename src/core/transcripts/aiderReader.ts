import type { ClaimedEdit } from '../../model/event.ts';
import { editsInAnswer, isChatStart, readReport, type Report } from './aiderLines.ts';
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
import { asRecord, asText, asTime } from './jsonValue.ts';
import { RunTeller } from './runTeller.ts';
import { resolveToldPath } from './toldPath.ts';

/**
 * Reads Aider's chat history, a line at a time: `# aider chat started at …` begins a chat, lines behind `#### ` are what
 * the person said, lines behind `> ` what Aider itself says, all others the model's answer. What a person said ends in two
 * spaces; a heading within an answer does not, and is one only there. Only the beginning of a chat has a time: a
 * prompt's is looked up in the history of inputs beside it, and what follows has that of its prompt.
 */
export class AiderReader implements TranscriptReader {
  readonly counts: ReaderCounts = { records: 0, unknown: new Map(), misshapen: 0 };
  readonly #file: TranscriptFile;
  readonly #tools: ReaderTools;
  readonly #sink: FactSink;
  readonly #cwd: string | undefined;
  readonly #scope: string;
  readonly #begun = new Map<string, number>();
  #run: RunTeller;
  #line = 0;
  #at: string | undefined;
  #prompt: string[] | undefined;
  #answer: string[] | undefined;
  #answerBytes = 0;
  #claims: ReadonlyMap<string, readonly ClaimedEdit[]> = new Map();
  /** A prompt was answered, and its turn is not told to have ended. */
  #isOpen = false;
  #writesSpaces = false;

  constructor(file: TranscriptFile, tools: ReaderTools) {
    this.#file = file;
    this.#tools = tools;
    this.#sink = new FactSink('aider', file, tools.digest);
    this.#cwd = resolveToldPath(file.path.replace(/[\\/][^\\/]*$/, ''), undefined);
    this.#scope = tools.digest.sha256(this.#cwd ?? file.path).slice(0, 8);
    this.#run = this.#begin('before');
  }

  read(value: unknown, place: RecordPlace): readonly TranscriptFact[] {
    this.counts.records += 1;
    const record = asRecord(value);
    const line = asText(record?.['line']);
    const type = asText(record?.['type']);
    if (line !== undefined) this.#readLine(line, place.offset);
    else if (type !== undefined) this.counts.unknown.set(type, (this.counts.unknown.get(type) ?? 0) + 1);
    else this.counts.misshapen += 1;
    return this.#sink.take();
  }

  quiet(): readonly TranscriptFact[] {
    this.#settle();
    this.#endTurn();
    return this.#sink.take();
  }

  describe(): RunDescription {
    return this.#run.describe();
  }

  #readLine(line: string, offset: number): void {
    this.#line += 1;
    const isStart = isChatStart(line);
    const isPrompt = !isStart && this.#isPrompt(line);
    const isReport = !isStart && !isPrompt && /^>(?: |$)/.test(line);
    if (!isPrompt && this.#prompt !== undefined) this.#tellPrompt();
    if ((isStart || isPrompt || isReport) && this.#answer !== undefined) this.#tellAnswer();
    // What was waiting stands before this line.
    this.#sink.begin({ offset, at: this.#at, record: `${this.#run.card.run ?? ''}@${this.#line}` });
    if (isStart) this.#startChat(line, offset);
    else if (isPrompt) (this.#prompt ??= []).push(line.slice(5).replace(/ {2}$/, ''));
    else if (isReport) this.#report(readReport(line.slice(2).trim()));
    else this.#addToAnswer(line);
  }

  /** A heading in an answer looks the same but for the two spaces, which every version of today writes. */
  #isPrompt(line: string): boolean {
    if (!/^####(?: |$)/.test(line)) return false;
    const isSpaced = line.endsWith('  ');
    this.#writesSpaces ||= isSpaced;
    return isSpaced || (!this.#writesSpaces && (this.#answer === undefined || this.#prompt !== undefined));
  }

  #startChat(line: string, offset: number): void {
    this.#settle();
    this.#endTurn();
    const told = line.slice(-20).trim().replace(' ', 'T');
    // Local time, as the machine has it that wrote it.
    this.#at = asTime(told) ?? this.#at;
    this.#run = this.#begin(told);
    this.#line = 0;
    this.#sink.begin({ offset, at: this.#at, record: `${this.#run.card.run ?? ''}@0` });
    this.#run.card.meet(this.#at);
    this.#run.begin();
  }

  #begin(name: string): RunTeller {
    const run = new RunTeller(this.#sink, this.#file, 'aider');
    const count = (this.#begun.get(name) ?? 0) + 1;
    this.#begun.set(name, count);
    run.card.run = `aider/${this.#scope}/${name}${count === 1 ? '' : `.${count}`}`;
    run.learn({ cwd: this.#cwd });
    return run;
  }

  #addToAnswer(line: string): void {
    if (this.#answer === undefined && line.trim() === '') return;
    this.#answer ??= [];
    // An answer of any length is kept to what can be told of it.
    this.#answerBytes += line.length + 1;
    if (this.#answerBytes < maxAnswerLength) this.#answer.push(line);
  }

  #settle(): void {
    if (this.#prompt !== undefined) this.#tellPrompt();
    if (this.#answer !== undefined) this.#tellAnswer();
  }

  #tellPrompt(): void {
    const text = (this.#prompt ?? []).join('\n').trim();
    this.#prompt = undefined;
    const command = /^(?:!|\/run\s+|\/test\s+)\s*(.+)$/s.exec(text)?.[1];
    this.#endTurn();
    if (command !== undefined) {
      this.#run.tell(
        { kind: 'command.ended', command, ...(this.#cwd === undefined ? {} : { cwd: this.#cwd }), exitCode: null },
        { by: this.#sink.user(this.#run.card.run) },
      );
      return;
    }
    if (text === '' || text === '<blank>') return;
    this.#at = this.#inputTime(text) ?? this.#at;
    this.#run.card.meet(this.#at);
    const isSlash = text.startsWith('/');
    // Aider hands what a linter or a test printed to the model in the person's place.
    const isOwn = text.startsWith('# Fix any errors below');
    const asks = !isSlash || /^\/(?:ask|architect|code|context)\s/.test(text);
    if (asks) {
      this.#run.turn += 1;
      this.#isOpen = true;
    }
    this.#run.tell(
      {
        kind: 'prompt.submitted',
        text: this.#sink.words(text),
        provenance: isOwn ? 'system' : 'user',
        ...(asks ? {} : { origin: 'slash' }),
      },
      {
        by: isOwn ? this.#sink.agent(this.#run.card.run) : this.#sink.user(this.#run.card.run),
        ...(this.#at === undefined ? {} : { origin: { at: this.#at } }),
      },
    );
  }

  #tellAnswer(): void {
    const text = (this.#answer ?? []).join('\n').trim();
    this.#answer = undefined;
    this.#answerBytes = 0;
    if (text === '') return;
    this.#claims = editsInAnswer(text, this.#cwd);
    const { model } = this.#run.card;
    this.#run.tell({ kind: 'reply.given', text: this.#sink.words(text), ...(model === undefined ? {} : { model }) });
  }

  #report(report: Report): void {
    const { run } = this.#run.card;
    const path = 'path' in report ? resolveToldPath(report.path, this.#cwd) : undefined;
    switch (report.kind) {
      case 'model':
        this.#run.learn({ model: report.model });
        return;
      case 'version':
        this.#run.card.version ??= report.version;
        return;
      case 'applied':
        if (path !== undefined) this.#tellEdit(path, report.isNew);
        return;
      case 'added':
        if (path !== undefined) this.#run.tell({ kind: 'file.read', path });
        return;
      case 'ran':
        this.#run.tell({
          kind: 'command.ended',
          command: report.command,
          ...(this.#cwd === undefined ? {} : { cwd: this.#cwd }),
          exitCode: null,
        });
        return;
      case 'usage': {
        const { model } = this.#run.card;
        this.#run.tell({
          kind: 'usage.reported',
          ...(model === undefined ? {} : { 'gen_ai.response.model': model }),
          usage: report.usage,
          ...(report.costUsd === undefined ? {} : { costUsd: report.costUsd }),
        });
        return;
      }
      case 'failed':
        this.#run.tell({ kind: 'run.failed', what: report.what.slice(0, 4096), ...(report.retry ? { retry: true } : {}) });
        return;
      case 'interrupted':
        if (!this.#isOpen || run === undefined) return;
        this.#isOpen = false;
        this.#run.tell({ kind: 'turn.ended', stopReason: 'cancelled' });
        return;
      default:
    }
  }

  #tellEdit(path: string, isNew: boolean): void {
    const call = this.#sink.origin.record ?? `${this.#line}`;
    const claims = this.#claims.get(path) ?? [{ path, op: 'update' as const }];
    const edits: readonly ClaimedEdit[] = isNew ? [{ path, op: 'create', oldText: null }] : claims;
    this.#run.tell({ kind: 'tool.called', call, name: 'edit', tool: 'edit', paths: [path], edits: [...edits] });
    this.#run.tell({ kind: 'tool.returned', call, name: 'edit', tool: 'edit', status: 'completed', edits: [...edits] });
  }

  #endTurn(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#run.tell({ kind: 'turn.ended', stopReason: 'end_turn' });
  }

  /** When the input was given, by `.aider.input.history`: `# time`, then its lines behind `+`. */
  #inputTime(text: string): string | undefined {
    const folder = this.#file.relative.replace(/[^/]*$/, '');
    const history = this.#tools.beside?.(`${folder}.aider.input.history`);
    if (history === undefined) return undefined;
    const notBefore = this.#at === undefined ? 0 : Date.parse(this.#at);
    for (const entry of history.split(/\n(?=# \d{4}-\d\d-\d\d )/)) {
      const [head = '', ...lines] = entry.trimStart().split('\n');
      const at = asTime(/^# (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)/.exec(head)?.slice(1).join('T'));
      if (at === undefined || Date.parse(at) < notBefore) continue;
      const said = lines.filter((line) => line.startsWith('+')).map((line) => line.slice(1));
      if (said.join('\n').trim() === text) return at;
    }
    return undefined;
  }
}

const maxAnswerLength = 1024 * 1024;
