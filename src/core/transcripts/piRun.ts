import type { RunDescription, TranscriptFile } from './adapter.ts';
import type { FactOrigin, FactSink } from './factSink.ts';
import { asCount, asList, asNumber, asRecord, asText, asWord, type JsonRecord } from './jsonValue.ts';
import { piContent, piStopReasons, piUsage } from './piMessage.ts';
import { PiProcesses } from './piProcesses.ts';
import { readPiCall, readPiResult } from './piTools.ts';
import { RunTeller } from './runTeller.ts';
import { maxCommandLength, ToolLedger } from './toolLedger.ts';
import { resolveToldPath } from './toldPath.ts';
import { TurnTree } from './turnTree.ts';

/** Who said the words of a `user` message, and how they came to be said. */
export interface PiPrompt {
  readonly provenance: 'user' | 'inter_session' | 'system';
  readonly origin?: string | undefined;
}

/** What the agent in whose house pi's form is used knows besides. */
export interface PiHouse {
  readonly agent: string;
  /** What is kept of a session beside its transcript; asked before the run is told of, and again while nothing is known. */
  readonly card?: (
    run: string,
  ) => { readonly key?: string; readonly parent?: string; readonly title?: string; readonly forkedFrom?: string } | undefined;
  readonly prompt?: (message: JsonRecord, text: string, key: string | undefined) => PiPrompt;
  /** Was it written in the model's stead? Then it says nothing of the model, and what was said already is not said again. */
  readonly isMirror?: (message: JsonRecord) => boolean;
}

/** What is known of one conversation in pi's form while its entries are read. */
export class PiRun {
  readonly #sink: FactSink;
  readonly #house: PiHouse;
  readonly #teller: RunTeller;
  readonly #tools: ToolLedger;
  readonly #tree = new TurnTree();
  readonly #fileName: string;
  #lastId: string | undefined;
  #headerAtMs: number | undefined;
  /** The session whose file the header names. */
  #parentSession: string | undefined;
  #hasCard = false;
  #looks = 0;
  #promptAtMs: number | undefined;
  /** An error of the model waits for what follows: the agent may try again. */
  #failed: { readonly what: string; readonly origin: FactOrigin; readonly turn: number } | undefined;
  #isMidTurn = false;
  /** Models repeat the ids of their calls in later turns: the id under which each one was told. */
  readonly #callIds = new Map<string, string>();
  readonly #usedIds = new Set<string>();
  #lastReply = '';
  readonly #processes: PiProcesses;

  constructor(sink: FactSink, file: TranscriptFile, house: PiHouse) {
    this.#sink = sink;
    this.#house = house;
    this.#teller = new RunTeller(sink, file, house.agent);
    this.#tools = new ToolLedger(sink, this.#teller);
    this.#processes = new PiProcesses(this.#tools);
    this.#fileName = /([^/]+?)(?:-topic-[^/]*)?\.jsonl/.exec(file.relative)?.[1] ?? file.relative;
  }

  get run(): string | undefined {
    return this.#teller.card.run;
  }

  describe(): RunDescription {
    return this.#teller.describe();
  }

  /** Takes what every entry tells: when, and after which one it stands. */
  meet(entry: JsonRecord, type: string, at: string | undefined): void {
    const { card } = this.#teller;
    card.meet(at);
    if (type === 'session') return;
    // A file without its header still tells, by its name, whose it is.
    card.run ??= /_([^_]+)$/.exec(this.#fileName)?.[1] ?? this.#fileName;
    this.#teller.begin();
    this.#lookUp();
    // What a fork copied is older than its header; a session that was begun from another one is none.
    const isCopy = at !== undefined && this.#headerAtMs !== undefined && Date.parse(at) < this.#headerAtMs;
    if (isCopy && this.#parentSession !== undefined) card.forkedFrom = this.#parentSession;
    const id = asWord(entry['id']);
    if (id === undefined) return;
    const parent = entry['parentId'];
    if (this.#lastId !== undefined && parent !== this.#lastId && (parent === null || typeof parent === 'string')) {
      const rewound = this.#tree.goTo(parent);
      if (rewound !== undefined) {
        this.settle();
        this.#isMidTurn = false;
        this.#teller.tell({ kind: 'run.rewound', ...rewound }, { origin: { record: `${this.#sink.origin.record ?? id}/rewound` } });
      }
    }
    this.#lastId = id;
    this.#tree.note(id);
  }

  /** The header. False when it lacks its id. */
  begin(header: JsonRecord): boolean {
    const { card } = this.#teller;
    const id = asWord(header['id']);
    if (card.run !== undefined) return true;
    card.run = id ?? /_([^_]+)$/.exec(this.#fileName)?.[1] ?? this.#fileName;
    this.#headerAtMs = card.lastAt;
    this.#teller.begin();
    card.learn({
      cwd: resolveToldPath(header['cwd'], undefined),
      model: asWord(header['modelId']),
      title: undefined,
    });
    const parent = asWord(header['parentSession'])?.replaceAll('\\', '/');
    this.#parentSession = parent === undefined ? undefined : (/([^/_]+)\.jsonl$/.exec(parent)?.[1] ?? parent);
    return id !== undefined;
  }

  model(model: string | undefined): void {
    this.#teller.learn({ model });
  }

  named(title: string | undefined): void {
    this.#teller.learn({ title });
  }

  user(message: JsonRecord, entry: JsonRecord): void {
    const { text, images } = piContent(message['content']);
    if (text.trim() === '' && images === 0) return;
    const { card } = this.#teller;
    this.settle();
    const said = this.#house.prompt?.(asRecord(entry['message']) ?? message, text, card.key) ?? { provenance: 'user' as const };
    // While a turn goes on and all its calls have returned, words come in between; a killed turn leaves calls open.
    const origin = said.origin ?? (this.#isMidTurn && !this.#tools.hasOpen ? 'steer' : undefined);
    this.#teller.turn = this.#tree.open();
    const id = asWord(entry['id']);
    if (id !== undefined) this.#tree.note(id);
    this.#promptAtMs = card.lastAt;
    this.#isMidTurn = true;
    this.#teller.tell(
      {
        kind: 'prompt.submitted',
        text: this.#sink.words(text),
        provenance: said.provenance,
        ...(origin === undefined ? {} : { origin }),
        ...(images > 0 ? { images } : {}),
      },
      {
        by:
          said.provenance === 'user'
            ? this.#sink.user(card.run)
            : this.#sink.agent(said.provenance === 'inter_session' ? card.parent : card.run),
      },
    );
  }

  /** Words that an extension put in. Those that are kept from the person's eyes are no part of what was said. */
  injected(entry: JsonRecord): void {
    const { text } = piContent(entry['content']);
    if (entry['display'] === false || text.trim() === '') return;
    const origin = asWord(entry['customType']);
    this.#teller.tell({
      kind: 'prompt.submitted',
      text: this.#sink.words(text),
      provenance: 'system',
      ...(origin === undefined ? {} : { origin }),
    });
  }

  assistant(message: JsonRecord): void {
    this.#settleFailure(true);
    const { content } = message;
    if (this.#house.isMirror?.(message) === true) {
      const { text } = piContent(content);
      if (text.trim() !== '' && text.trim() !== this.#lastReply) this.#teller.tell({ kind: 'reply.given', text: this.#sink.words(text) });
      return;
    }
    const model = asWord(message['responseModel']) ?? asWord(message['model']);
    this.#teller.learn({ model: asWord(message['model']) });
    this.#lastReply = '';
    const said = typeof content === 'string' ? [{ type: 'text', text: content }] : asList(content);
    for (const value of said) {
      const part = asRecord(value);
      const text = part?.['type'] === 'text' ? (asText(part['text']) ?? '') : '';
      if (text.trim() !== '') {
        this.#lastReply = `${this.#lastReply}\n${text}`.trim();
        this.#teller.tell({ kind: 'reply.given', text: this.#sink.words(text), ...(model === undefined ? {} : { model }) });
      }
      if (part?.['type'] === 'toolCall') this.#called(part);
    }
    this.usage(asRecord(message['usage']), model, asWord(message['responseId']));
    this.#stopped(asText(message['stopReason']), asText(message['errorMessage']));
  }

  #called(part: JsonRecord): void {
    const told = asWord(part['id']);
    const name = asWord(part['name']);
    if (told === undefined || name === undefined) return;
    const id = this.#usedIds.has(told) ? `${told}#${this.#sink.origin.record ?? ''}` : told;
    this.#usedIds.add(told);
    if (this.#usedIds.size > maxIds) this.#usedIds.delete(this.#usedIds.values().next().value!);
    this.#callIds.set(told, id);
    if (this.#callIds.size > maxIds) this.#callIds.delete(this.#callIds.keys().next().value!);
    this.#tools.called(
      id,
      readPiCall(name, part['arguments'], this.#teller.card.cwd, (text) => this.#sink.sha256(text)),
    );
  }

  #stopped(reason: string | undefined, error: string | undefined): void {
    const wasBrokenOff = reason === 'error' && /^(?:(?:This |Request |The )?(?:operation |request )?(?:was )?aborted)/i.test(error ?? '');
    const stopReason = wasBrokenOff ? 'cancelled' : piStopReasons[reason ?? ''];
    if (stopReason === undefined) return;
    this.#isMidTurn = false;
    if (stopReason === 'error') {
      this.#failed = { what: (error ?? 'error').slice(0, maxFailureLength), origin: this.#sink.origin, turn: this.#teller.turn };
      return;
    }
    const nowMs = this.#teller.card.lastAt;
    const durationMs = this.#promptAtMs === undefined || nowMs === undefined ? undefined : Math.max(0, nowMs - this.#promptAtMs);
    this.#teller.tell({ kind: 'turn.ended', stopReason, ...(durationMs === undefined ? {} : { durationMs }) });
  }

  /** False when it names no call. */
  toolResult(message: JsonRecord): boolean {
    const told = asWord(message['toolCallId']);
    if (told === undefined) return false;
    const id = this.#callIds.get(told) ?? told;
    const call = this.#tools.call(id);
    const turn = this.#teller.turn;
    const result = readPiResult(message, call);
    this.#tools.returned(id, asWord(message['toolName']), result);
    this.#processes.follow(message, { id, call, turn, nowMs: this.#teller.card.lastAt });
    this.usage(asRecord(message['usage']), undefined, undefined);
    return true;
  }

  /** A `!` line that the person ran. */
  bang(message: JsonRecord): void {
    const command = asText(message['command']) ?? '';
    const output = asText(message['output']) ?? '';
    const { cwd, run } = this.#teller.card;
    const isCancelled = message['cancelled'] === true;
    this.#teller.tell(
      {
        kind: 'command.ended',
        command: command.slice(0, maxCommandLength),
        ...(cwd === undefined ? {} : { cwd }),
        exitCode: isCancelled ? null : (asNumber(message['exitCode']) ?? null),
        ...(output === '' ? {} : { output: this.#sink.output(output) }),
        ...(isCancelled ? { outcome: 'interrupted' as const } : {}),
      },
      { by: this.#sink.user(run) },
    );
  }

  usage(told: JsonRecord | undefined, model: string | undefined, response: string | undefined): void {
    const counted = piUsage(told);
    if (counted === undefined) return;
    const name = model ?? this.#teller.card.model;
    this.#teller.tell({
      kind: 'usage.reported',
      ...(name === undefined ? {} : { 'gen_ai.response.model': name }),
      usage: counted.usage,
      ...(response === undefined ? {} : { response }),
      ...(counted.costUsd === undefined ? {} : { costUsd: counted.costUsd }),
    });
  }

  /** Whether a person or the program asked for it is not told. */
  compacted(entry: JsonRecord): void {
    const preTokens = asCount(entry['tokensBefore']);
    const summary = asText(entry['summary']);
    this.#teller.tell({
      kind: 'run.compacted',
      trigger: 'unknown',
      ...(preTokens === undefined ? {} : { preTokens }),
      ...(summary === undefined ? {} : { summary: this.#sink.words(summary) }),
    });
    this.usage(asRecord(entry['usage']), undefined, undefined);
  }

  /** Tells what waits. */
  settle(): void {
    this.#settleFailure(false);
  }

  #settleFailure(retry: boolean): void {
    const failed = this.#failed;
    this.#failed = undefined;
    if (failed === undefined) return;
    const { turn, origin, what } = failed;
    const place = (name: string) => ({ turn, origin: { ...origin, record: `${origin.record ?? ''}/${name}` } });
    this.#teller.tell({ kind: 'run.failed', what, ...(retry ? { retry } : {}) }, place('failed'));
    if (!retry) this.#teller.tell({ kind: 'turn.ended', stopReason: 'error' }, place('end'));
  }

  #lookUp(): void {
    const { card } = this.#teller;
    if (this.#hasCard || this.#house.card === undefined || card.run === undefined || this.#looks >= maxLooks) return;
    this.#looks += 1;
    const told = this.#house.card(card.run);
    if (told === undefined) return;
    this.#hasCard = true;
    card.key = told.key;
    card.parent ??= told.parent;
    if (!this.#teller.isTold) card.forkedFrom ??= told.forkedFrom;
    this.#teller.learn({ title: told.title });
  }
}

const maxFailureLength = 4096;
/** Entries at which it is asked again for what stands beside the transcript, while that is not there yet. */
const maxLooks = 12;
const maxIds = 50_000;
