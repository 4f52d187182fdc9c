import type { Usage } from '../../model/event.ts';
import type { RunDescription, TranscriptFile } from './adapter.ts';
import type { FactBody, FactContext, FactOrigin, FactSink } from './factSink.ts';
import { asCount, asRecord, asWord, toJson, type JsonRecord } from './jsonValue.ts';
import { RunCard } from './runCard.ts';
import { resolveToldPath } from './toldPath.ts';

type StopReason = Extract<FactBody, { kind: 'turn.ended' }>['stopReason'];

const ideHeading = '# Context from my IDE setup:';
const requestHeading = '## My request for Codex:';

/** What is known of one Codex conversation while its rollout is read: whose it is, its turns, words and tokens. */
export class CodexThread {
  isPaginated = false;
  readonly #sink: FactSink;
  readonly #file: TranscriptFile;
  readonly #card = new RunCard('codex');
  #metaAtMs: number | undefined;
  /** The beginning waits for the first fact, which tells the model. */
  #begun: FactOrigin | undefined;
  #isTold = false;
  /** The part of the thread that this file holds, when it is not the first. */
  readonly #segment: string | undefined;
  #hasHistoryBase = false;
  #hasParentHistory = false;
  #turnId: string | undefined;
  #wasAborted = false;
  #abortedTurnId: string | undefined;
  /** Numbers of the prompts that still stand, after the agent's own rewinds. */
  #standing: number[] = [];
  #turn = 0;
  readonly #told = new Map<string, number>();
  #originator: string | undefined;
  #hasUsageRecords = false;
  #lastCount: string | undefined;
  #contextTokens: number | undefined;
  #isCompacted = false;

  constructor(sink: FactSink, file: TranscriptFile) {
    this.#sink = sink;
    this.#file = file;
    this.#segment = /[0-9a-f-]{36}_([0-9a-f-]{36})\.jsonl$/.exec(file.relative)?.[1];
  }

  get context(): FactContext {
    return { run: this.#card.run, turn: this.#turn };
  }

  get cwd(): string | undefined {
    return this.#card.cwd;
  }

  /** True when the present turn was broken off. */
  get wasAborted(): boolean {
    return this.#wasAborted || (this.#turnId !== undefined && this.#turnId === this.#abortedTurnId);
  }

  /**
   * True while what is read is the copy of another thread's history at the head of a legacy fork: it stands in the
   * parent's own file. A copied turn is older than this thread; without turn ids only the time of copying tells.
   */
  get isCopy(): boolean {
    if (!this.#hasParentHistory || this.isPaginated) return false;
    const turnMs = uuidTimeMs(this.#turnId);
    const threadMs = uuidTimeMs(this.#card.run);
    if (turnMs !== undefined && threadMs !== undefined) return turnMs < threadMs;
    return this.#card.lastAt !== undefined && this.#metaAtMs !== undefined && this.#card.lastAt - this.#metaAtMs < copyingMs;
  }

  describe(): RunDescription {
    return this.#card.describe(this.#turn);
  }

  meet(at: string | undefined): void {
    this.#card.meet(at);
  }

  /** `session_meta`, or the first line of the oldest files. A second one is that of the thread which was forked. */
  begin(meta: JsonRecord): void {
    if (this.#card.run !== undefined) {
      const other = asWord(meta['id']);
      if (other !== undefined && other !== this.#card.run) this.#hasParentHistory = true;
      return;
    }
    const card = this.#card;
    card.run = asWord(meta['id']) ?? /([0-9a-f-]{36})\.jsonl$/.exec(this.#file.relative)?.[1];
    card.learn({ cwd: resolveToldPath(meta['cwd'], undefined), branch: asWord(asRecord(meta['git'])?.['branch']) });
    card.version = asWord(meta['cli_version']);
    this.#originator = asWord(meta['originator']);
    this.isPaginated = meta['history_mode'] === 'paginated';
    const spawn = asRecord(asRecord(asRecord(meta['source'])?.['subagent'])?.['thread_spawn']);
    card.parent = asWord(meta['parent_thread_id']) ?? asWord(spawn?.['parent_thread_id']);
    card.forkedFrom = asWord(meta['forked_from_id']);
    this.#hasHistoryBase = asRecord(meta['history_base']) !== undefined;
    this.#metaAtMs = this.#card.lastAt;
    this.#begun = this.#sink.origin;
  }

  noteTurn(turnId: string | undefined): void {
    if (turnId === undefined || turnId === this.#turnId) return;
    this.#turnId = turnId;
    this.#wasAborted = false;
  }

  /** `turn_context`: the working folder and model of what follows. */
  noteSettings(settings: JsonRecord): void {
    const changed = this.#card.learn({
      cwd: resolveToldPath(settings['cwd'], this.#card.cwd),
      model: asWord(settings['model']),
      mode: asWord(asRecord(settings['collaboration_mode'])?.['mode']),
    });
    if (this.#isTold && changed !== undefined) this.tell({ kind: 'run.changed', ...changed });
  }

  /**
   * `task_started`. A run by `codex exec` is one turn, so a further one is another process that took the thread up; of
   * the TUI the file does not tell.
   */
  beginTurn(turnId: string | undefined, trigger: string | undefined): void {
    const isExec = trigger === undefined ? this.#originator === 'codex_exec' : trigger === 'exec';
    if (isExec && this.#turn > 0 && this.#isTold && turnId !== this.#turnId) this.tell(this.#card.resumed());
    this.noteTurn(turnId);
  }

  named(title: string | undefined): void {
    const changed = this.#card.learn({ title });
    if (changed !== undefined) this.tell({ kind: 'run.changed', ...changed });
  }

  prompt(told: string, images: number): void {
    const isFromIde = told.startsWith(ideHeading);
    const requestAt = isFromIde ? told.indexOf(requestHeading) : -1;
    const text = (requestAt < 0 ? told : told.slice(requestAt + requestHeading.length)).trim();
    if (text === '' && images === 0) return;
    this.#turn += 1;
    this.#standing.push(this.#turn);
    this.#wasAborted = false;
    const isFromAgent = this.#card.parent !== undefined;
    this.tell(
      {
        kind: 'prompt.submitted',
        text: this.#sink.words(text),
        provenance: isFromAgent ? 'inter_session' : 'user',
        ...(isFromIde ? { origin: 'ide' } : {}),
        ...(images > 0 ? { images } : {}),
      },
      { by: isFromAgent ? this.#sink.agent(this.#card.parent) : this.#sink.user(this.#card.run) },
    );
  }

  /**
   * A message of role user on the model's side. Only where nothing else tells prompts does it count: in the oldest files,
   * and for the task of a sub-agent, which comes without an event.
   */
  modelSideUser(text: string, isBare: boolean): void {
    const isTask = this.#card.parent !== undefined && !this.isPaginated && this.#turn === 0;
    if (!isBare && !isTask) return;
    // The oldest files tell the folder only to the model.
    if (isBare && this.#card.cwd === undefined && text.includes('<environment_context>')) {
      const folder = /<cwd>([^<\n]+)<\/cwd>/.exec(text)?.[1] ?? /Current working directory: ([^\n]+)/.exec(text)?.[1];
      this.#card.learn({ cwd: resolveToldPath(folder, undefined), model: undefined, title: undefined, branch: undefined });
    }
    if (/^\s*(?:<|# AGENTS\.md)/.test(text)) return;
    this.prompt(text, 0);
  }

  reply(text: string): void {
    if (text === '') return;
    this.tell({
      kind: 'reply.given',
      text: this.#sink.words(text),
      ...(this.#card.model === undefined ? {} : { model: this.#card.model }),
    });
  }

  endTurn(stopReason: StopReason, durationMs: number | undefined): void {
    this.#wasAborted = stopReason === 'cancelled';
    if (this.#wasAborted) this.#abortedTurnId = this.#turnId;
    this.tell({ kind: 'turn.ended', stopReason, ...(durationMs === undefined ? {} : { durationMs }) });
    this.#turnId = undefined;
  }

  failed(what: string, retry: boolean): void {
    this.tell({ kind: 'run.failed', what: what.slice(0, 4096), ...(retry ? { retry } : {}) });
  }

  rolledBack(turns: number): void {
    this.#standing = this.#standing.slice(0, Math.max(0, this.#standing.length - turns));
    this.tell({ kind: 'run.rewound', turns, toTurn: this.#standing.at(-1) ?? 0 });
  }

  compacted(summary: string | undefined): void {
    this.#isCompacted = true;
    this.tell({
      kind: 'run.compacted',
      trigger: 'unknown',
      ...(this.#contextTokens === undefined ? {} : { preTokens: this.#contextTokens }),
      ...(summary === undefined || summary === '' ? {} : { summary: this.#sink.words(summary) }),
    });
  }

  /** The event that follows a compaction; it counts where it stands alone. */
  compactionNoted(): void {
    if (!this.#isCompacted) this.compacted(undefined);
    this.#isCompacted = false;
  }

  /** `token_count`: the older telling, once a response and again with every change of the rate limits. */
  countTokens(info: JsonRecord | undefined): void {
    const last = asRecord(info?.['last_token_usage']);
    if (last === undefined) return;
    const key = toJson([last, info?.['total_token_usage']]);
    if (key === this.#lastCount) return;
    this.#lastCount = key;
    if (!this.#hasUsageRecords) this.usage(last, undefined, false);
  }

  usage(told: JsonRecord | undefined, response: string | undefined, isRecord: boolean): void {
    if (told === undefined) return;
    this.#hasUsageRecords ||= isRecord;
    const input = asCount(told['input_tokens']);
    const cached = asCount(told['cached_input_tokens']) ?? 0;
    const written = asCount(told['cache_write_input_tokens']);
    const output = asCount(told['output_tokens']);
    const reasoning = asCount(told['reasoning_output_tokens']);
    if (input === undefined && output === undefined) return;
    this.#contextTokens = input;
    const usage: Usage = {
      ...(input === undefined ? {} : { 'gen_ai.usage.input_tokens': Math.max(0, input - cached) }),
      ...(output === undefined ? {} : { 'gen_ai.usage.output_tokens': output }),
      'gen_ai.usage.cache_read.input_tokens': cached,
      ...(written === undefined ? {} : { 'gen_ai.usage.cache_creation.input_tokens': written }),
      ...(reasoning === undefined ? {} : { 'gen_ai.usage.reasoning.output_tokens': reasoning }),
    };
    this.tell({
      kind: 'usage.reported',
      ...(this.#card.model === undefined ? {} : { 'gen_ai.response.model': this.#card.model }),
      usage,
      ...(response === undefined ? {} : { response }),
    });
  }

  /** Adds a fact. `key` names it within its turn, such as a call's id; else it is counted there by its kind. */
  tell(body: FactBody, how?: { readonly by?: FactContext['by']; readonly key?: string; readonly at?: string | undefined }): void {
    this.#announce();
    const context: FactContext = { ...this.context, ...(how?.by === undefined ? {} : { by: how.by }) };
    this.#sink.add(context, body, {
      record: this.#recordOf(body.kind, how?.key),
      ...(how?.at === undefined ? {} : { at: how.at }),
    });
  }

  #announce(): void {
    const begun = this.#begun;
    if (begun === undefined || this.#isTold) return;
    this.#isTold = true;
    const context: FactContext = { run: this.#card.run, turn: 0 };
    if (this.#segment !== undefined) {
      // A person who goes back to an earlier prompt leaves the file, and the thread goes on in another of its name.
      const body: FactBody = { kind: 'run.rewound', ...(this.#hasHistoryBase ? {} : { toTurn: 0 }) };
      this.#sink.add(context, body, { ...begun, record: `${this.#card.run ?? ''}/run.rewound/${this.#segment}` });
      return;
    }
    const id = this.#card.run ?? this.#file.relative;
    this.#sink.add(context, this.#card.started(this.#file.path), { ...begun, record: `${id}/run.started` });
    const from = this.#card.forkedFrom;
    if (from !== undefined) this.#sink.add(context, { kind: 'run.forked', agent: 'codex', from }, { ...begun, record: `${id}/run.forked` });
  }

  #recordOf(kind: string, key: string | undefined): string {
    // Only a real turn id is the same in every copy; a migration makes up others.
    const part = `${this.#card.run ?? this.#file.relative}${this.#segment === undefined ? '' : `_${this.#segment}`}`;
    const scope = uuidTimeMs(this.#turnId) === undefined ? part : this.#turnId!;
    const base = `${scope}/${kind}${key === undefined ? '' : `/${key}`}`;
    const count = (this.#told.get(base) ?? 0) + 1;
    this.#told.set(base, count);
    return key !== undefined && count === 1 ? base : `${base}/${count}`;
  }
}

const copyingMs = 1000;

/** The time within a UUID of version 7, in Unix milliseconds. */
function uuidTimeMs(id: string | undefined): number | undefined {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-/.exec(id ?? '');
  return match ? Number.parseInt(match[1]! + match[2]!, 16) : undefined;
}
