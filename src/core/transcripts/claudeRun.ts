import type { Usage } from '../../model/event.ts';
import type { RunDescription, TranscriptFile } from './adapter.ts';
import { contentText, readUserText } from './claudePrompt.ts';
import { ClaudeQueue } from './claudeQueue.ts';
import { ClaudeToolLedger } from './claudeToolLedger.ts';
import type { FactBody, FactContext, FactOrigin, FactSink } from './factSink.ts';
import { asCount, asList, asRecord, asText, asWord, toJson, type JsonRecord } from './jsonValue.ts';
import { resolveToldPath } from './toldPath.ts';

type StopReason = Extract<FactBody, { kind: 'turn.ended' }>['stopReason'];

interface Waiting<T> {
  readonly body: T;
  readonly origin: FactOrigin;
  readonly turn: number;
  /** What it is known by again. */
  readonly key: string;
}

/**
 * What is known of one Claude Code conversation while its records are read. Three facts wait for what follows them: the
 * tokens of a message for its last block (earlier ones may tell less), a compaction for its summary, the end of a turn for
 * its duration.
 */
export class ClaudeRun {
  readonly run: string;
  readonly #sink: FactSink;
  readonly #file: TranscriptFile;
  readonly #tools: ClaudeToolLedger;
  readonly #queue = new ClaudeQueue();
  #parent: string | undefined;
  #forkedFrom: string | undefined;
  #begun: FactOrigin | undefined;
  #isTold = false;
  #cwd: string | undefined;
  #branch: string | undefined;
  #version: string | undefined;
  #model: string | undefined;
  #title: string | undefined;
  #hasOwnTitle = false;
  #mode: string | undefined;
  #startedAtMs: number | undefined;
  #lastAtMs: number | undefined;
  #turn = 0;
  /** The turn of the message that came last; a prompt may already have opened the next one. */
  #messageTurn = 0;
  #standing: number[] = [];
  /** Turn in which each record stands, to see where a prompt takes the conversation up. */
  readonly #turnOf = new Map<string, number>();
  #hasRewound = false;
  #hasProcessEnded = false;
  #bang: string | undefined;
  #usage: Waiting<FactBody> | undefined;
  #compaction: Waiting<Extract<FactBody, { kind: 'run.compacted' }>> | undefined;
  #end: Waiting<Extract<FactBody, { kind: 'turn.ended' }>> | undefined;

  constructor(sink: FactSink, file: TranscriptFile, run: string, parent: string | undefined) {
    this.#sink = sink;
    this.#file = file;
    this.run = run;
    this.#parent = parent;
    this.#tools = new ClaudeToolLedger(sink, this);
  }

  get cwd(): string | undefined {
    return this.#cwd;
  }

  get turn(): number {
    return this.#turn;
  }

  describe(): RunDescription {
    return {
      run: this.run,
      ...(this.#cwd === undefined ? {} : { cwd: this.#cwd }),
      ...(this.#model === undefined ? {} : { model: this.#model }),
      ...(this.#title === undefined ? {} : { title: this.#title }),
      ...(this.#version === undefined ? {} : { version: this.#version }),
      ...(this.#branch === undefined ? {} : { branch: this.#branch }),
      ...(this.#parent === undefined ? {} : { parent: this.#parent }),
      ...(this.#forkedFrom === undefined ? {} : { forkedFrom: this.#forkedFrom }),
      turns: this.#turn,
      ...(this.#startedAtMs === undefined ? {} : { startedAt: this.#startedAtMs }),
      ...(this.#lastAtMs === undefined ? {} : { lastAt: this.#lastAtMs }),
    };
  }

  /** Takes what every record tells of its conversation. */
  meet(record: JsonRecord, session: string | undefined): void {
    const { at } = this.#sink.origin;
    if (at !== undefined) {
      this.#lastAtMs = Date.parse(at);
      this.#startedAtMs ??= this.#lastAtMs;
    }
    this.#parent ??= session;
    this.#version ??= asWord(record['version']);
    const told = resolveToldPath(record['cwd'], undefined);
    const branch = asWord(record['gitBranch']);
    const forkedFrom = asWord(asRecord(record['forkedFrom'])?.['sessionId']) ?? asWord(record['requestSessionId']);
    if (this.#parent === undefined && forkedFrom !== undefined && forkedFrom !== this.run) this.#forked(forkedFrom);
    const cwd = told ?? this.#cwd;
    const changed = {
      ...(cwd === this.#cwd || cwd === undefined ? {} : { cwd }),
      ...(branch === this.#branch || branch === undefined ? {} : { branch }),
    };
    this.#cwd = cwd;
    this.#branch = branch ?? this.#branch;
    if (this.#begun === undefined && (cwd !== undefined || at !== undefined)) this.#begun = this.#sink.origin;
    if (this.#isTold && Object.keys(changed).length > 0) this.tell({ kind: 'run.changed', ...changed });
    const uuid = asWord(record['uuid']);
    if (uuid === undefined) return;
    this.#turnOf.set(uuid, this.#turn);
    if (this.#turnOf.size > maxRemembered) this.#turnOf.delete(this.#turnOf.keys().next().value!);
  }

  /** A `user` record: a prompt, results of tools, or what the program put in. False when it has no message. */
  user(record: JsonRecord): boolean {
    const message = asRecord(record['message']);
    if (message === undefined) return false;
    const { text, images, hasResult } = contentText(message['content']);
    if (record['isCompactSummary'] === true) {
      this.#summed(text);
      return true;
    }
    this.#settleCompaction();
    if (hasResult) {
      const blocks = asList(message['content'])
        .map(asRecord)
        .filter((block) => block?.['type'] === 'tool_result');
      for (const block of blocks) this.#tools.returned(block!, record, blocks.length === 1);
      return true;
    }
    if (record['isMeta'] === true || record['isVisibleInTranscriptOnly'] === true) return true;
    this.#userText(record, text, images);
    return true;
  }

  #userText(record: JsonRecord, text: string, images: number): void {
    const said = readUserText(text);
    switch (said.kind) {
      case 'injected':
        if (images > 0) this.#prompt(record, '', images, undefined, true);
        return;
      case 'interrupted':
        this.#settleUsage();
        this.#end = undefined;
        this.tell({ kind: 'turn.ended', stopReason: 'cancelled' }, { turn: this.#messageTurn });
        return;
      case 'bang':
        this.#bang = said.command;
        return;
      case 'bangOutput':
        if (this.#bang === undefined) return;
        this.tell(
          {
            kind: 'command.ended',
            command: this.#bang,
            ...(this.#cwd === undefined ? {} : { cwd: this.#cwd }),
            exitCode: null,
            ...(said.output === '' ? {} : { output: this.#sink.output(said.output) }),
          },
          { by: this.#sink.user(this.run) },
        );
        this.#bang = undefined;
        return;
      case 'notification':
        this.settle();
        this.#tools.notified(said.call, said.status, said.exitCode);
        return;
      case 'slash':
        this.#prompt(record, said.text, images, 'slash', !said.isLocal);
        return;
      case 'message':
        this.#prompt(record, said.text, images, 'message', true);
        return;
      case 'prompt': {
        const origin = asRecord(record['origin'])?.['kind'];
        if ((origin !== undefined && origin !== 'human') || record['promptSource'] === 'system') return;
        const how = record['planContent'] === undefined ? (said.origin ?? asWord(record['promptSource'])) : 'plan_accept';
        this.#prompt(record, said.text, images, how, true);
      }
    }
  }

  #prompt(record: JsonRecord, text: string, images: number, origin: string | undefined, opensTurn: boolean): void {
    this.settle();
    this.#queue.delivered(text);
    if (this.#hasProcessEnded) {
      this.#hasProcessEnded = false;
      this.tell({
        kind: 'run.resumed',
        agent: 'claude',
        ...(this.#cwd === undefined ? {} : { cwd: this.#cwd }),
        ...(this.#model === undefined ? {} : { model: this.#model }),
      });
    }
    if (opensTurn) {
      this.#noteBranching(asWord(record['parentUuid']));
      this.#openTurn(asWord(record['uuid']));
    }
    this.#tellPrompt(text, images, origin);
  }

  #openTurn(uuid: string | undefined): void {
    this.#turn += 1;
    this.#standing.push(this.#turn);
    if (uuid !== undefined) this.#turnOf.set(uuid, this.#turn);
  }

  #tellPrompt(text: string, images: number, origin: string | undefined): void {
    const isFromAgent = this.#parent !== undefined || origin === 'message';
    this.tell(
      {
        kind: 'prompt.submitted',
        text: this.#sink.words(text),
        provenance: isFromAgent ? 'inter_session' : 'user',
        ...(origin === undefined ? {} : { origin }),
        ...(images > 0 ? { images } : {}),
      },
      { by: isFromAgent ? this.#sink.agent(this.#parent) : this.#sink.user(this.run) },
    );
  }

  /** A prompt whose predecessor stands in an earlier turn takes the conversation up from there. */
  #noteBranching(parent: string | undefined): void {
    this.#hasRewound = false;
    const turn = parent === undefined ? undefined : this.#turnOf.get(parent);
    if (turn === undefined || turn >= (this.#standing.at(-1) ?? 0)) return;
    const left = this.#standing.filter((number) => number <= turn);
    this.#hasRewound = true;
    this.tell({ kind: 'run.rewound', toTurn: left.at(-1) ?? 0, turns: this.#standing.length - left.length });
    this.#standing = left;
  }

  /** One block of a message of the agent. False when it has no message. */
  assistant(record: JsonRecord): boolean {
    const message = asRecord(record['message']);
    if (message === undefined) return false;
    this.#settleCompaction();
    this.#tellSteers();
    this.#messageTurn = this.#turn;
    const model = asWord(message['model']);
    const isSynthetic = model === '<synthetic>' || record['isApiErrorMessage'] === true;
    const key = `${asWord(message['id']) ?? asWord(record['uuid']) ?? ''}/${asWord(record['requestId']) ?? ''}`;
    if (this.#usage !== undefined && this.#usage.key !== key) this.#settleUsage();
    if (this.#end !== undefined && this.#end.key !== key) this.#end = undefined;
    if (!isSynthetic && model !== undefined && model !== this.#model) {
      this.#model = model;
      if (this.#isTold) this.tell({ kind: 'run.changed', model });
    }
    const { content } = message;
    if (typeof content === 'string') this.#say(content, record, isSynthetic);
    for (const value of asList(content)) {
      const block = asRecord(value);
      if (block === undefined) continue;
      const type = block['type'];
      if (type === 'text') this.#say(asText(block['text']) ?? '', record, isSynthetic);
      else if (type === 'tool_use' || type === 'server_tool_use' || type === 'mcp_tool_use') this.#tools.called(block);
      else if (type === 'web_search_tool_result' || type === 'web_fetch_tool_result' || type === 'mcp_tool_result')
        this.#tools.returned(block, record, false);
    }
    if (isSynthetic) return true;
    const usage = usageOf(asRecord(message['usage']));
    const turn = this.#turn;
    const { origin } = this.#sink;
    if (usage !== undefined) {
      const response = asWord(message['id']);
      this.#usage = {
        key,
        turn,
        origin,
        body: {
          kind: 'usage.reported',
          ...(model === undefined ? {} : { 'gen_ai.response.model': model }),
          usage,
          ...(response === undefined ? {} : { response }),
        },
      };
    }
    const stopReason = stopReasons[asText(message['stop_reason']) ?? ''];
    if (stopReason !== undefined) this.#end = { key, turn, origin, body: { kind: 'turn.ended', stopReason } };
    return true;
  }

  #say(text: string, record: JsonRecord, isSynthetic: boolean): void {
    if (text.trim() === '') return;
    if (isSynthetic) {
      // Notes of the program in the agent's name; only errors are facts.
      if (record['isApiErrorMessage'] === true || text.startsWith('API Error'))
        this.tell({ kind: 'run.failed', what: text.slice(0, maxFailureLength) });
      return;
    }
    this.tell({ kind: 'reply.given', text: this.#sink.words(text), ...(this.#model === undefined ? {} : { model: this.#model }) });
  }

  queuedCommand(attachment: JsonRecord): void {
    const { text, images } = contentText(attachment['prompt']);
    const said = readUserText(text);
    if (said.kind === 'notification') this.#tools.notified(said.call, said.status, said.exitCode);
    const origin = asRecord(attachment['origin'])?.['kind'];
    if (said.kind !== 'prompt' || (origin !== undefined && origin !== 'human')) return;
    this.#queue.delivered(said.text);
    this.#tellPrompt(said.text, images, 'queued');
  }

  queue(operation: string | undefined, content: string | undefined): void {
    this.#queue.operate(operation, content, this.#sink.origin);
  }

  /** Older versions tell a prompt that was typed while the agent worked by the queue alone. */
  #tellSteers(): void {
    for (const { text, origin } of this.#queue.takeSteers()) {
      if (readUserText(text).kind !== 'prompt' || text.startsWith('/')) continue;
      const record = `${this.run}/steer@${origin.offset}`;
      this.tell(
        { kind: 'prompt.submitted', text: this.#sink.words(text), provenance: 'user', origin: 'steer' },
        { by: this.#sink.user(this.run), origin: { ...origin, record } },
      );
    }
  }

  lastPrompt(isExplicit: boolean): void {
    if (this.#end !== undefined) this.settle();
    if (!isExplicit || this.#hasRewound) return;
    // A rewind to the very first prompt does not show in the chain of records.
    const turns = this.#standing.length - 1;
    if (turns <= 0) return;
    this.#standing = this.#standing.slice(-1);
    this.tell({ kind: 'run.rewound', toTurn: 0, turns }, { origin: { record: `${this.run}/run.rewound/${this.#turn}` } });
  }

  processEnded(): void {
    this.settle();
    if (this.#turn > 0) this.#hasProcessEnded = true;
  }

  named(title: string | undefined, isOwn: boolean): void {
    if (title === undefined || title === this.#title || (this.#hasOwnTitle && !isOwn)) return;
    this.#title = title;
    this.#hasOwnTitle ||= isOwn;
    if (this.#isTold) this.tell({ kind: 'run.changed', title });
  }

  mode(mode: string | undefined): void {
    if (mode === undefined || mode === this.#mode) return;
    const isFirst = this.#mode === undefined;
    this.#mode = mode;
    if (this.#isTold && !isFirst) this.tell({ kind: 'run.changed', mode });
  }

  compacted(metadata: JsonRecord): void {
    this.settle();
    const preTokens = asCount(metadata['preTokens']);
    const postTokens = asCount(metadata['postTokens']);
    const trigger = metadata['trigger'];
    const { origin } = this.#sink;
    this.#compaction = {
      key: 'compaction',
      turn: this.#turn,
      origin,
      body: {
        kind: 'run.compacted',
        trigger: trigger === 'auto' || trigger === 'manual' ? trigger : 'unknown',
        ...(preTokens === undefined ? {} : { preTokens }),
        ...(postTokens === undefined ? {} : { postTokens }),
      },
    };
  }

  #summed(text: string): void {
    if (this.#compaction === undefined) return;
    this.#compaction = { ...this.#compaction, body: { ...this.#compaction.body, summary: this.#sink.words(text) } };
    this.#settleCompaction();
  }

  turnEnded(durationMs: unknown): void {
    const duration = asCount(durationMs);
    this.#settleUsage();
    const body = {
      kind: 'turn.ended',
      stopReason: this.#end?.body.stopReason ?? 'end_turn',
      ...(duration === undefined ? {} : { durationMs: duration }),
    } as const;
    this.#end = undefined;
    this.tell(body, { turn: this.#messageTurn });
  }

  failed(record: JsonRecord, subtype: string): void {
    const error = asRecord(record['error']);
    const what =
      asWord(error?.['message']) ??
      asWord(asRecord(error?.['error'])?.['message']) ??
      asWord(record['content']) ??
      (error === undefined ? subtype : toJson(error));
    const retry = record['retryAttempt'] !== undefined;
    this.tell({ kind: 'run.failed', what: what.slice(0, maxFailureLength), ...(retry ? { retry } : {}) });
  }

  /** Tells what waits. */
  settle(): void {
    this.#settleCompaction();
    this.#settleUsage();
    this.#tellSteers();
    const end = this.#end;
    this.#end = undefined;
    if (end !== undefined)
      this.tell(end.body, {
        turn: end.turn,
        origin: { ...end.origin, record: `${end.origin.record ?? `${this.run}@${end.origin.offset}`}/end` },
      });
  }

  #settleUsage(): void {
    const usage = this.#usage;
    this.#usage = undefined;
    if (usage === undefined) return;
    // A message is known again by its request; where none is told, by its last record.
    const known = usage.key.endsWith('/') ? (usage.origin.record ?? `${this.run}/${usage.key}`) : usage.key;
    this.tell(usage.body, { turn: usage.turn, origin: { ...usage.origin, record: `${known}/usage` } });
  }

  #settleCompaction(): void {
    const compaction = this.#compaction;
    this.#compaction = undefined;
    if (compaction !== undefined) this.tell(compaction.body, { turn: compaction.turn, origin: compaction.origin });
  }

  #forked(from: string): void {
    if (this.#forkedFrom !== undefined) return;
    this.#forkedFrom = from;
    this.tell({ kind: 'run.forked', agent: 'claude', from }, { origin: { record: `${this.run}/run.forked` } });
  }

  tell(body: FactBody, how?: { readonly by?: FactContext['by']; readonly turn?: number; readonly origin?: Partial<FactOrigin> }): void {
    this.#announce();
    const context: FactContext = { run: this.run, turn: how?.turn ?? this.#turn, ...(how?.by === undefined ? {} : { by: how.by }) };
    this.#sink.add(context, body, how?.origin);
  }

  #announce(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#sink.add(
      { run: this.run, turn: 0 },
      {
        kind: 'run.started',
        agent: 'claude',
        transcript: this.#file.path,
        ...(this.#cwd === undefined ? {} : { cwd: this.#cwd }),
        ...(this.#model === undefined ? {} : { model: this.#model }),
        ...(this.#version === undefined ? {} : { version: this.#version }),
        ...(this.#title === undefined ? {} : { title: this.#title }),
        ...(this.#branch === undefined ? {} : { branch: this.#branch }),
        ...(this.#parent === undefined ? {} : { parent: this.#parent }),
      },
      { ...(this.#begun ?? this.#sink.origin), record: `${this.run}/run.started` },
    );
  }
}

const maxRemembered = 50_000;
const maxFailureLength = 4096;

const stopReasons: Readonly<Record<string, StopReason | undefined>> = {
  end_turn: 'end_turn',
  stop_sequence: 'end_turn',
  max_tokens: 'max_tokens',
  model_context_window_exceeded: 'max_tokens',
  refusal: 'refusal',
};

/** The API's own counts; `input_tokens` is without the cached ones already. */
function usageOf(told: JsonRecord | undefined): Usage | undefined {
  const input = asCount(told?.['input_tokens']);
  const output = asCount(told?.['output_tokens']);
  if (told === undefined || (input === undefined && output === undefined)) return undefined;
  const read = asCount(told['cache_read_input_tokens']);
  const written = asCount(told['cache_creation_input_tokens']);
  const thinking = asCount(asRecord(told['output_tokens_details'])?.['thinking_tokens']);
  return {
    ...(input === undefined ? {} : { 'gen_ai.usage.input_tokens': input }),
    ...(output === undefined ? {} : { 'gen_ai.usage.output_tokens': output }),
    ...(read === undefined ? {} : { 'gen_ai.usage.cache_read.input_tokens': read }),
    ...(written === undefined ? {} : { 'gen_ai.usage.cache_creation.input_tokens': written }),
    ...(thinking === undefined || thinking === 0 ? {} : { 'gen_ai.usage.reasoning.output_tokens': thinking }),
  };
}
