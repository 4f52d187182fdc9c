import type { ReaderTools, RunDescription, TranscriptFile } from './adapter.ts';
import type { FactOrigin, FactSink } from './factSink.ts';
import { asCount, asList, asRecord, asText, asWord, parseJson, type JsonRecord } from './jsonValue.ts';
import { readKimiCall, readKimiResult } from './kimiTools.ts';
import { RunTeller } from './runTeller.ts';
import { resolveToldPath } from './toldPath.ts';
import { ToolLedger } from './toolLedger.ts';

/** What is known of one agent's conversation in Kimi Code while its wire is read. */
export class KimiRun {
  readonly #sink: FactSink;
  readonly #file: TranscriptFile;
  readonly #beside: ReaderTools['beside'];
  readonly #teller: RunTeller;
  readonly #tools: ToolLedger;
  readonly #session: string;
  readonly #agent: string;
  readonly #denied = new Set<string>();
  readonly #background = new Set<string>();
  /** Turns that stand, the last one last, since an undo takes off the end. */
  #standing: number[] = [];
  #turns = 0;
  #promptAtMs: number | undefined;
  #isCancelled = false;
  #isPlanning = false;
  #permissionMode: string | undefined;
  #compaction: 'auto' | 'manual' | 'unknown' = 'unknown';
  #isStateKnown = false;
  /** A step that came to an end by itself: the turn's, when the program says no other. */
  #end: { readonly origin: FactOrigin; readonly turn: number; readonly atMs: number | undefined } | undefined;

  constructor(sink: FactSink, file: TranscriptFile, tools: ReaderTools) {
    this.#sink = sink;
    this.#file = file;
    this.#beside = tools.beside;
    this.#teller = new RunTeller(sink, file, 'kimi');
    this.#tools = new ToolLedger(sink, this.#teller);
    const place = /(?:^|\/)([^/]+)\/agents\/([^/]+)\/wire\.jsonl$/.exec(file.relative);
    this.#agent = place?.[2] ?? 'main';
    this.#session = place?.[1] ?? /([^/]+)\/wire\.jsonl$/.exec(file.relative)?.[1] ?? file.relative.replace(/\.jsonl$/, '');
    this.#teller.card.run = this.#agent === 'main' ? this.#session : `${this.#session}/${this.#agent}`;
    if (this.#agent !== 'main') this.#teller.card.parent = this.#session;
    // Kimi CLI tells where it works only by a hash of the folder.
    const hash = /(?:^|\/)(?:[a-z]+_)?([0-9a-f]{32})\/[^/]+\/wire\.jsonl$/.exec(file.relative)?.[1];
    if (hash !== undefined) this.#teller.learn({ cwd: tools.folders?.find((folder) => tools.digest.md5?.(folder) === hash) });
  }

  /** What the names of facts begin with: the agent, which is the same in a fork's copy, as are the times. */
  get lineage(): string {
    return this.#agent;
  }

  describe(): RunDescription {
    return this.#teller.describe();
  }

  meet(): void {
    this.#teller.card.meet(this.#sink.origin.at);
    this.#teller.begin();
  }

  begin(protocol: string | undefined): void {
    if (protocol !== undefined) this.#teller.card.version ??= `wire ${protocol}`.slice(0, 100);
    this.#readState();
  }

  configured(record: JsonRecord): void {
    const place = asRecord(record['environmentDisclosure'])?.['cwd'] ?? record['cwd'];
    this.#teller.learn({ cwd: resolveToldPath(place, undefined), model: modelOf(record['modelAlias']) });
    this.#readState();
  }

  asked(record: JsonRecord): void {
    this.#teller.learn({ model: modelOf(record['modelAlias']) ?? asWord(record['model']) });
  }

  /** Where the session works, its title and its origin stand in `state.json`, which may come later than the first line. */
  #readState(): void {
    const parts = this.#file.relative.split('/');
    const from = parts.lastIndexOf('agents');
    if (this.#isStateKnown || from < 1) return;
    const state = asRecord(parseJson(this.#beside?.([...parts.slice(0, from), 'state.json'].join('/'))));
    if (state === undefined) return;
    this.#isStateKnown = true;
    const { card } = this.#teller;
    const own = asRecord(asRecord(state['agents'])?.[this.#agent]);
    const parent = asWord(own?.['parentAgentId']);
    if (this.#agent !== 'main' && parent !== undefined && parent !== 'main') card.parent = `${this.#session}/${parent}`;
    if (this.#agent === 'main' && !this.#teller.isTold) card.forkedFrom ??= asWord(state['forkedFrom']);
    this.#teller.learn({
      cwd: resolveToldPath(state['cwd'] ?? state['workDir'], undefined),
      ...(this.#agent === 'main' && state['title'] !== state['lastPrompt'] ? { title: asWord(state['title']) } : {}),
    });
  }

  /** @param isSteer given while the agent was at work. */
  prompt(record: JsonRecord, isSteer: boolean): void {
    this.settle();
    this.#readState();
    const parts = asList(record['input']).map(asRecord);
    const text = parts.flatMap((part) => asText(part?.['text']) ?? []).join('\n');
    const images = parts.filter((part) => /image|video|audio/.test(asText(part?.['type']) ?? '')).length;
    if (text.trim() === '' && images === 0) return;
    const { provenance, origin } = provenanceOf(asRecord(record['origin']));
    if (!isSteer) {
      this.#turns += 1;
      this.#standing.push(this.#turns);
      this.#teller.turn = this.#turns;
      this.#promptAtMs = this.#teller.card.lastAt;
      this.#isCancelled = false;
    }
    const how = isSteer ? 'steer' : origin;
    const { run, parent } = this.#teller.card;
    const id = asWord(record['promptId']) ?? asWord(record['messageId']);
    this.#teller.tell(
      {
        kind: 'prompt.submitted',
        text: this.#sink.words(text.trim()),
        provenance,
        ...(how === undefined ? {} : { origin: how.slice(0, 100) }),
        ...(images > 0 ? { images } : {}),
      },
      {
        by: provenance === 'user' ? this.#sink.user(run) : this.#sink.agent(provenance === 'inter_session' ? parent : run),
        ...(id === undefined ? {} : { origin: { record: `${id}@${this.#sink.origin.at ?? ''}` } }),
      },
    );
  }

  cancelled(): void {
    this.#isCancelled = true;
  }

  ended(record: JsonRecord): void {
    this.#end = undefined;
    const reason = asText(record['reason']);
    const error = asRecord(record['error']);
    if (reason === 'failed') this.failed(asText(error?.['message']) ?? 'error', false, undefined);
    const stopReason =
      reason === 'cancelled'
        ? 'cancelled'
        : reason === 'failed' || reason === 'blocked'
          ? 'error'
          : record['stopReason'] === 'max_tokens'
            ? 'max_tokens'
            : 'end_turn';
    const durationMs = asCount(record['durationMs']);
    this.#teller.tell({ kind: 'turn.ended', stopReason, ...(durationMs === undefined ? {} : { durationMs }) });
  }

  stepEnded(reason: string | undefined): void {
    const isLast = reason !== undefined && reason !== 'tool_use' && reason !== 'tool_calls' && reason !== 'interrupted';
    this.#end = isLast ? { origin: this.#sink.origin, turn: this.#teller.turn, atMs: this.#teller.card.lastAt } : undefined;
  }

  failed(what: string, retry: boolean, status: number | undefined): void {
    const words = status === undefined ? what : `${status}: ${what}`;
    this.#teller.tell({ kind: 'run.failed', what: words.slice(0, maxFailureLength), ...(retry ? { retry } : {}) });
  }

  part(part: JsonRecord | undefined): void {
    const text = asText(part?.['text']) ?? '';
    if (part === undefined || part['type'] !== 'text' || text.trim() === '') return;
    const { model } = this.#teller.card;
    this.#teller.tell({ kind: 'reply.given', text: this.#sink.words(text), ...(model === undefined ? {} : { model }) });
  }

  /** False when it has no id or name. */
  called(event: JsonRecord): boolean {
    const id = asWord(event['toolCallId']);
    const name = asWord(event['name']);
    if (id === undefined || name === undefined) return false;
    const args = asRecord(event['args']);
    if (args?.['run_in_background'] === true) this.#background.add(id);
    const hash = (text: string): string => this.#sink.sha256(text);
    this.#tools.called(id, readKimiCall(name, event['args'], event['display'], this.#teller.card.cwd, hash));
    return true;
  }

  returned(event: JsonRecord): boolean {
    const id = asWord(event['toolCallId']);
    if (id === undefined) return false;
    const isInBackground = this.#background.delete(id);
    const isDenied = this.#denied.delete(id);
    this.#tools.returned(id, undefined, readKimiResult(this.#tools.call(id), event['result'], isInBackground, isDenied, this.#isCancelled));
    return true;
  }

  decided(call: string | undefined, decision: string | undefined): void {
    if (call === undefined || decision === 'approved') return;
    this.#denied.add(call);
  }

  permissionMode(mode: string | undefined): void {
    this.#permissionMode = mode;
    this.#tellMode();
  }

  planMode(isPlanning: boolean): void {
    this.#isPlanning = isPlanning;
    this.#tellMode();
  }

  #tellMode(): void {
    this.#teller.learn({ mode: this.#isPlanning ? 'plan' : (this.#permissionMode ?? 'default') });
  }

  usage(told: JsonRecord | undefined, alias: string | undefined): void {
    const input = asCount(told?.['inputOther']);
    const output = asCount(told?.['output']);
    const read = asCount(told?.['inputCacheRead']);
    const written = asCount(told?.['inputCacheCreation']);
    if (input === undefined && output === undefined) return;
    const model = modelOf(alias) ?? this.#teller.card.model;
    this.#teller.tell({
      kind: 'usage.reported',
      ...(model === undefined ? {} : { 'gen_ai.response.model': model }),
      usage: {
        'gen_ai.usage.input_tokens': input ?? 0,
        'gen_ai.usage.output_tokens': output ?? 0,
        ...(read === undefined ? {} : { 'gen_ai.usage.cache_read.input_tokens': read }),
        ...(written === undefined ? {} : { 'gen_ai.usage.cache_creation.input_tokens': written }),
      },
    });
  }

  compacting(source: unknown): void {
    this.#compaction = source === 'manual' || source === 'auto' ? source : 'unknown';
  }

  compacted(record: JsonRecord): void {
    this.settle();
    const preTokens = asCount(record['tokensBefore']);
    const postTokens = asCount(record['tokensAfter']);
    const told = asRecord(record['summary']);
    const summary = asText(record['summary']) ?? asText(record['contextSummary']) ?? textOf(told?.['content']);
    this.#teller.tell({
      kind: 'run.compacted',
      trigger: this.#compaction,
      ...(preTokens === undefined ? {} : { preTokens }),
      ...(postTokens === undefined ? {} : { postTokens }),
      ...(summary === undefined || summary === '' ? {} : { summary: this.#sink.words(summary) }),
    });
    this.#compaction = 'unknown';
  }

  /** The person let the agent forget all: nothing of the conversation is left for it. */
  cleared(): void {
    this.settle();
    this.#teller.tell({ kind: 'run.compacted', trigger: 'manual', postTokens: 0 });
  }

  /** The last prompts were taken back, with all that followed them. */
  undone(count: number): void {
    this.settle();
    const kept = Math.max(0, this.#standing.length - Math.max(1, Math.floor(count)));
    const turns = this.#standing.length - kept;
    this.#standing = this.#standing.slice(0, kept);
    if (turns > 0) this.#teller.tell({ kind: 'run.rewound', toTurn: this.#standing.at(-1) ?? 0, turns });
  }

  /** Tells what waits. */
  settle(): void {
    const end = this.#end;
    this.#end = undefined;
    if (end === undefined) return;
    const durationMs = end.atMs === undefined || this.#promptAtMs === undefined ? undefined : Math.max(0, end.atMs - this.#promptAtMs);
    this.#teller.tell(
      { kind: 'turn.ended', stopReason: 'end_turn', ...(durationMs === undefined ? {} : { durationMs }) },
      { turn: end.turn, origin: { ...end.origin, record: `${end.origin.record ?? ''}/end` } },
    );
  }
}

/** A model that is set by variables alone has a name that says nothing. */
function modelOf(alias: unknown): string | undefined {
  const word = asWord(alias);
  return word === undefined || word.startsWith('__') ? undefined : word;
}

function textOf(content: unknown): string {
  return asList(content)
    .flatMap((value) => asText(asRecord(value)?.['text']) ?? [])
    .join('\n');
}

function provenanceOf(origin: JsonRecord | undefined): {
  readonly provenance: 'user' | 'inter_session' | 'system';
  readonly origin?: string;
} {
  const kind = asText(origin?.['kind']);
  if (kind === undefined || kind === 'user') return { provenance: 'user' };
  if (origin?.['trigger'] === 'user-slash') return { provenance: 'user', origin: 'slash' };
  const name = asWord(origin?.['name']) ?? kind;
  return { provenance: name === 'subagent' ? 'inter_session' : 'system', origin: name };
}

const maxFailureLength = 4096;
