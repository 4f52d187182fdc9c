import type { RunDescription, TranscriptFile } from './adapter.ts';
import { errorText, stopReasons, usageOf } from './claudeMessage.ts';
import { contentText, readUserText } from './claudePrompt.ts';
import { ClaudeQueue } from './claudeQueue.ts';
import { ClaudeToolLedger } from './claudeToolLedger.ts';
import { ClaudeTurns } from './claudeTurns.ts';
import type { FactBody, FactContext, FactOrigin, FactSink } from './factSink.ts';
import { asCount, asList, asRecord, asText, asWord, type JsonRecord } from './jsonValue.ts';
import { RunCard } from './runCard.ts';
import { resolveToldPath } from './toldPath.ts';

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
  #run: string;
  readonly #sink: FactSink;
  readonly #file: TranscriptFile;
  readonly #tools: ClaudeToolLedger;
  readonly #queue = new ClaudeQueue();
  readonly #card = new RunCard('claude');
  #begun: FactOrigin | undefined;
  #isTold = false;
  #hasOwnTitle = false;
  readonly #turns = new ClaudeTurns();
  /** The turn of the message that came last; a prompt may already have opened the next one. */
  #messageTurn = 0;
  #hasProcessEnded = false;
  /** What the session had cost when that was told last. */
  #costUsd: number | undefined;
  #bang: string | undefined;
  #usage: Waiting<FactBody> | undefined;
  #compaction: Waiting<Extract<FactBody, { kind: 'run.compacted' }>> | undefined;
  #end: Waiting<Extract<FactBody, { kind: 'turn.ended' }>> | undefined;

  constructor(sink: FactSink, file: TranscriptFile, run: string, parent: string | undefined) {
    this.#sink = sink;
    this.#file = file;
    this.#run = run;
    this.#card.run = run;
    this.#card.parent = parent;
    this.#tools = new ClaudeToolLedger(sink, this);
  }

  get run(): string {
    return this.#run;
  }

  /** Takes the conversation's own id, when the file's name is none. Of no effect once a fact has been told. */
  adopt(run: string): void {
    if (this.#isTold) return;
    this.#run = run;
    this.#card.run = run;
  }

  get cwd(): string | undefined {
    return this.#card.cwd;
  }

  get turn(): number {
    return this.#turns.count;
  }

  describe(): RunDescription {
    return this.#card.describe(this.turn);
  }

  /** Takes what every record tells of its conversation. */
  meet(record: JsonRecord, session: string | undefined): void {
    const { at } = this.#sink.origin;
    const card = this.#card;
    card.meet(at);
    card.parent ??= session;
    card.version ??= asWord(record['version']);
    const forkedFrom = asWord(asRecord(record['forkedFrom'])?.['sessionId']) ?? asWord(record['requestSessionId']);
    if (card.parent === undefined && forkedFrom !== undefined && forkedFrom !== this.run) this.#forked(forkedFrom);
    const changed = card.learn({ cwd: resolveToldPath(record['cwd'], undefined), branch: asWord(record['gitBranch']) });
    if (this.#begun === undefined && (card.cwd !== undefined || at !== undefined)) this.#begun = this.#sink.origin;
    this.#changed(changed);
    const uuid = asWord(record['uuid']);
    if (uuid !== undefined) this.#turns.noteRecord(uuid);
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
            ...(this.#card.cwd === undefined ? {} : { cwd: this.#card.cwd }),
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
      this.tell(this.#card.resumed());
    }
    if (opensTurn) {
      const rewound = this.#turns.branchAt(asWord(record['parentUuid']));
      if (rewound !== undefined) this.tell({ kind: 'run.rewound', ...rewound });
      this.#turns.open(asWord(record['uuid']));
    }
    this.#tellPrompt(text, images, origin);
  }

  #tellPrompt(text: string, images: number, origin: string | undefined): void {
    const isFromAgent = this.#card.parent !== undefined || origin === 'message';
    this.tell(
      {
        kind: 'prompt.submitted',
        text: this.#sink.words(text),
        provenance: isFromAgent ? 'inter_session' : 'user',
        ...(origin === undefined ? {} : { origin }),
        ...(images > 0 ? { images } : {}),
      },
      { by: isFromAgent ? this.#sink.agent(this.#card.parent) : this.#sink.user(this.run) },
    );
  }

  /** One block of a message of the agent. False when it has no message. */
  assistant(record: JsonRecord): boolean {
    const message = asRecord(record['message']);
    if (message === undefined) return false;
    this.#settleCompaction();
    this.#tellSteers();
    this.#messageTurn = this.turn;
    const model = asWord(message['model']);
    const isSynthetic = model === '<synthetic>' || record['isApiErrorMessage'] === true;
    const key = `${asWord(message['id']) ?? asWord(record['uuid']) ?? ''}/${asWord(record['requestId']) ?? ''}`;
    if (this.#usage !== undefined && this.#usage.key !== key) this.#settleUsage();
    if (this.#end !== undefined && this.#end.key !== key) this.#end = undefined;
    if (!isSynthetic) this.#changed(this.#card.learn({ model }));
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
    const turn = this.turn;
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
    this.tell({
      kind: 'reply.given',
      text: this.#sink.words(text),
      ...(this.#card.model === undefined ? {} : { model: this.#card.model }),
    });
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
    const rewound = isExplicit ? this.#turns.rewoundBehind() : undefined;
    if (rewound !== undefined)
      this.tell({ kind: 'run.rewound', ...rewound }, { origin: { record: `${this.run}/run.rewound/${this.turn}` } });
  }

  /** `cost-state`: the process comes to an end, and says what the session has cost so far, its sub-agents included. */
  processEnded(costUsd: number | undefined): void {
    this.settle();
    this.#tellCost(costUsd);
    if (this.turn > 0) this.#hasProcessEnded = true;
  }

  /** A fork goes on from its origin's sum, which is not its own; what it cost before the first sum cannot be told apart. */
  #tellCost(total: number | undefined): void {
    if (total === undefined) return;
    const known = this.#costUsd ?? (this.#card.forkedFrom === undefined ? 0 : total);
    this.#costUsd = total;
    const costUsd = Math.round((total - known) * 1e9) / 1e9;
    if (costUsd > 0) this.tell({ kind: 'usage.reported', usage: {}, costUsd }, { origin: { record: `${this.run}/cost/${total}` } });
  }

  named(title: string | undefined, isOwn: boolean): void {
    if (title === undefined || (this.#hasOwnTitle && !isOwn)) return;
    this.#hasOwnTitle ||= isOwn;
    this.#changed(this.#card.learn({ title }));
  }

  mode(mode: string | undefined): void {
    this.#changed(this.#card.learn({ mode }));
  }

  #changed(changed: ReturnType<RunCard['learn']>): void {
    if (this.#isTold && changed !== undefined) this.tell({ kind: 'run.changed', ...changed });
  }

  compacted(metadata: JsonRecord): void {
    this.settle();
    const preTokens = asCount(metadata['preTokens']);
    const postTokens = asCount(metadata['postTokens']);
    const trigger = metadata['trigger'];
    const { origin } = this.#sink;
    this.#compaction = {
      key: 'compaction',
      turn: this.turn,
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
    const retry = record['retryAttempt'] !== undefined;
    this.tell({ kind: 'run.failed', what: errorText(record, subtype).slice(0, maxFailureLength), ...(retry ? { retry } : {}) });
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
    if (this.#card.forkedFrom !== undefined) return;
    this.#card.forkedFrom = from;
    this.tell({ kind: 'run.forked', agent: 'claude', from }, { origin: { record: `${this.run}/run.forked` } });
  }

  tell(body: FactBody, how?: { readonly by?: FactContext['by']; readonly turn?: number; readonly origin?: Partial<FactOrigin> }): void {
    this.#announce();
    const context: FactContext = { run: this.run, turn: how?.turn ?? this.turn, ...(how?.by === undefined ? {} : { by: how.by }) };
    this.#sink.add(context, body, how?.origin);
  }

  #announce(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    const begun = this.#begun ?? this.#sink.origin;
    this.#sink.add({ run: this.run, turn: 0 }, this.#card.started(this.#file.path), { ...begun, record: `${this.run}/run.started` });
  }
}

const maxFailureLength = 4096;
