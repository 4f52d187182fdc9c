import type { RunDescription, TranscriptFile } from './adapter.ts';
import type { FactOrigin, FactSink } from './factSink.ts';
import { readParts } from './geminiContent.ts';
import { readGeminiCall } from './geminiTools.ts';
import { usageOfCounts } from './geminiUsage.ts';
import { asCount, asList, asRecord, asText, asWord, type JsonRecord } from './jsonValue.ts';
import { readQwenResult } from './qwenTools.ts';
import { RunTeller } from './runTeller.ts';
import { resolveToldPath } from './toldPath.ts';
import { ToolLedger } from './toolLedger.ts';
import { TurnTree } from './turnTree.ts';

/** What is known of one conversation of Qwen Code while its records are read. */
export class QwenRun {
  readonly #sink: FactSink;
  readonly #file: TranscriptFile;
  readonly #teller: RunTeller;
  readonly #tools: ToolLedger;
  readonly #tree = new TurnTree();
  readonly #isSubAgent: boolean;
  #lastUuid: string | undefined;
  #promptAtMs: number | undefined;
  /** How long calls ran, as the program measured it, which it tells before their results. */
  readonly #durations = new Map<string, number>();
  /** The last words of a turn: its end, when no call follows. */
  #end: { readonly origin: FactOrigin; readonly turn: number; readonly atMs: number | undefined } | undefined;

  constructor(sink: FactSink, file: TranscriptFile) {
    this.#sink = sink;
    this.#file = file;
    this.#teller = new RunTeller(sink, file, 'qwen');
    this.#tools = new ToolLedger(sink, this.#teller);
    this.#isSubAgent = /(?:^|\/)subagents\//.test(file.relative);
  }

  describe(): RunDescription {
    return this.#teller.describe();
  }

  /** Takes what every record tells of its conversation. */
  meet(record: JsonRecord): void {
    const { card } = this.#teller;
    card.meet(this.#sink.origin.at);
    const session = asWord(record['sessionId']);
    if (this.#isSubAgent) {
      card.run ??= asWord(record['agentId']) ?? this.#fileName();
      card.parent ??= session;
    } else card.run ??= session ?? this.#fileName();
    card.version ??= asWord(record['version']);
    if (!this.#teller.isTold) card.forkedFrom ??= asWord(asRecord(record['forkedFrom'])?.['sessionId']);
    this.#teller.begin();
    this.#teller.learn({ cwd: resolveToldPath(record['cwd'], undefined), branch: asWord(record['gitBranch']) });
    const uuid = asWord(record['uuid']);
    if (uuid === undefined) return;
    this.#lastUuid = uuid;
    this.#tree.note(uuid);
  }

  /** False when it has no message. */
  user(record: JsonRecord): boolean {
    const message = asRecord(record['message']);
    if (message === undefined) return false;
    const { text, images } = readParts(message['parts']);
    const shown = asText(asRecord(record['systemPayload'])?.['displayText']);
    const words = withoutContext(shown ?? text).trim();
    if (words === '' && images === 0) return true;
    this.settle();
    this.#goTo(record['parentUuid']);
    const subtype = asWord(record['subtype']);
    const isPerson =
      (record['provenance'] === undefined || record['provenance'] === 'real_user') &&
      (subtype === undefined || subtype === 'mid_turn_user_message');
    const { card } = this.#teller;
    const provenance = !isPerson ? 'system' : this.#isSubAgent ? 'inter_session' : 'user';
    const origin = subtype === 'mid_turn_user_message' ? 'steer' : (subtype ?? (isPerson ? undefined : asWord(record['provenance'])));
    this.#teller.turn = this.#tree.open();
    if (this.#lastUuid !== undefined) this.#tree.note(this.#lastUuid);
    this.#promptAtMs = card.lastAt;
    this.#teller.tell(
      {
        kind: 'prompt.submitted',
        text: this.#sink.words(words),
        provenance,
        ...(origin === undefined ? {} : { origin }),
        ...(images > 0 ? { images } : {}),
      },
      { by: provenance === 'user' ? this.#sink.user(card.run) : this.#sink.agent(provenance === 'inter_session' ? card.parent : card.run) },
    );
    return true;
  }

  /** A record that stands behind an earlier one than the last takes the conversation up from there. */
  #goTo(parent: unknown): void {
    const to = parent === null ? null : asWord(parent);
    const rewound = to === undefined ? undefined : this.#tree.goTo(to);
    if (rewound === undefined) return;
    const record = `${this.#sink.origin.record ?? ''}/rewound`;
    this.#teller.tell({ kind: 'run.rewound', ...rewound }, { origin: { record } });
  }

  rewound(record: JsonRecord): void {
    this.settle();
    this.#goTo(record['parentUuid']);
    if (this.#lastUuid !== undefined) this.#tree.note(this.#lastUuid);
  }

  /** False when it has no message. */
  assistant(record: JsonRecord): boolean {
    const message = asRecord(record['message']);
    if (message === undefined) return false;
    const model = asWord(record['model']);
    this.#teller.learn({ model });
    const { text, calls } = readParts(message['parts']);
    if (text.trim() !== '')
      this.#teller.tell({ kind: 'reply.given', text: this.#sink.words(text), ...(model === undefined ? {} : { model }) });
    for (const call of calls) {
      if (call.id === undefined) continue;
      this.#tools.called(
        call.id,
        readGeminiCall(call.name, call.args, this.#teller.card.cwd, (words) => this.#sink.sha256(words)),
      );
    }
    const told = asRecord(record['usageMetadata']);
    const usage = usageOfCounts(
      told?.['promptTokenCount'],
      told?.['candidatesTokenCount'],
      told?.['cachedContentTokenCount'],
      told?.['thoughtsTokenCount'],
      told?.['toolUsePromptTokenCount'],
    );
    const name = model ?? this.#teller.card.model;
    if (usage !== undefined)
      this.#teller.tell({ kind: 'usage.reported', ...(name === undefined ? {} : { 'gen_ai.response.model': name }), usage });
    const isLast = text.trim() !== '' && calls.length === 0;
    this.#end = isLast ? { origin: this.#sink.origin, turn: this.#teller.turn, atMs: this.#teller.card.lastAt } : undefined;
    return true;
  }

  toolResult(record: JsonRecord): void {
    const told = asRecord(record['toolCallResult']);
    const { results } = readParts(asRecord(record['message'])?.['parts']);
    for (const { id, name, response } of results) {
      const call = id === undefined ? undefined : this.#tools.call(id);
      if (id === undefined) continue;
      const durationMs = this.#durations.get(id);
      this.#durations.delete(id);
      const isTold = told !== undefined && (asWord(told['callId']) ?? id) === id;
      const result = readQwenResult(call ?? emptyCall(name), isTold ? told : undefined, response, this.#teller.card.cwd, (text) =>
        this.#sink.sha256(text),
      );
      this.#tools.returned(id, name, { ...result, durationMs: result.durationMs ?? durationMs });
    }
  }

  /** What the program measured. Tokens stand with the answers themselves. */
  telemetry(event: JsonRecord): void {
    const name = asText(event['event.name']) ?? '';
    if (name.endsWith('tool_call')) {
      const id = asWord(event['call_id']);
      const durationMs = asCount(event['duration_ms']);
      // A call that a person was asked about is measured with the asking.
      if (id === undefined || durationMs === undefined || (event['decision'] !== undefined && event['decision'] !== 'auto_accept')) return;
      this.#durations.set(id, durationMs);
      if (this.#durations.size > maxDurations) this.#durations.delete(this.#durations.keys().next().value!);
    } else if (name.endsWith('api_error')) {
      const status = asCount(event['status_code']);
      const words = asText(event['error_message']) ?? asText(event['error']) ?? asText(event['error_type']) ?? 'error';
      this.#teller.tell({ kind: 'run.failed', what: (status === undefined ? words : `${status}: ${words}`).slice(0, maxFailureLength) });
    }
  }

  slashCommand(payload: JsonRecord): void {
    const command = asText(payload['rawCommand']);
    if (command === undefined || payload['phase'] === 'result') return;
    this.settle();
    this.#teller.tell(
      { kind: 'prompt.submitted', text: this.#sink.words(command), provenance: 'user', origin: 'slash' },
      { by: this.#sink.user(this.#teller.card.run) },
    );
  }

  compacted(payload: JsonRecord): void {
    this.settle();
    const info = asRecord(payload['info']) ?? {};
    const preTokens = asCount(info['originalTokenCount']);
    const postTokens = asCount(info['newTokenCount']);
    const trigger = info['triggerReason'];
    const summary = asList(payload['compressedHistory'])
      .map((content) => readParts(asRecord(content)?.['parts']).text)
      .find((text) => text.includes('<state_snapshot>'));
    this.#teller.tell({
      kind: 'run.compacted',
      trigger: trigger === 'auto' || trigger === 'manual' ? trigger : 'unknown',
      ...(preTokens === undefined ? {} : { preTokens }),
      ...(postTokens === undefined ? {} : { postTokens }),
      ...(summary === undefined ? {} : { summary: this.#sink.words(summary) }),
    });
  }

  named(title: string | undefined): void {
    this.#teller.learn({ title });
  }

  model(model: string | undefined): void {
    this.#teller.learn({ model });
  }

  spawnedBy(parent: string | undefined): void {
    this.#teller.card.parent ??= parent;
  }

  /** Said by sessions that a server runs. */
  turnEnded(payload: JsonRecord): void {
    const error = asText(asRecord(payload['error'])?.['message']);
    if (error !== undefined) this.#teller.tell({ kind: 'run.failed', what: error.slice(0, maxFailureLength) });
    const told = asText(payload['stopReason']);
    const stopReason = payload['state'] === 'error' ? 'error' : (stopReasons[told ?? ''] ?? 'end_turn');
    this.#end = undefined;
    this.#teller.tell({ kind: 'turn.ended', stopReason });
  }

  /** Tells what waits. */
  settle(): void {
    const end = this.#end;
    this.#end = undefined;
    if (end === undefined) return;
    const durationMs = end.atMs === undefined || this.#promptAtMs === undefined ? undefined : Math.max(0, end.atMs - this.#promptAtMs);
    this.#teller.tell(
      { kind: 'turn.ended', stopReason: 'end_turn', ...(durationMs === undefined ? {} : { durationMs }) },
      { turn: end.turn, origin: { ...end.origin, record: `${end.origin.record ?? `${this.#file.relative}@${end.origin.offset}`}/end` } },
    );
  }

  #fileName(): string {
    return /([^/]+)\.jsonl$/.exec(this.#file.relative)?.[1] ?? this.#file.relative;
  }
}

const emptyCall = (name: string | undefined) => ({ name: name ?? '', tool: 'other' as const, paths: [], edits: [] });
const stopReasons = {
  end_turn: 'end_turn',
  max_tokens: 'max_tokens',
  max_turn_requests: 'max_turn_requests',
  refusal: 'refusal',
  cancelled: 'cancelled',
} as Readonly<Record<string, 'end_turn' | 'max_tokens' | 'max_turn_requests' | 'refusal' | 'cancelled' | undefined>>;
const maxDurations = 1000;
const maxFailureLength = 4096;

/** The text without what hooks added to it. */
function withoutContext(text: string): string {
  const open = text.indexOf('<qwen:user-prompt-submit-context>');
  const end = '</qwen:user-prompt-submit-context>';
  const close = open < 0 ? -1 : text.indexOf(end, open);
  return close < 0 ? text : text.slice(0, open) + text.slice(close + end.length);
}
