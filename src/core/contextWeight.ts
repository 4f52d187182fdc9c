import type { EventDraft, Excerpt, LoggedEvent } from '../model/event.ts';
import { assertNever } from '../base/assertNever.ts';
import { oneLine } from './timelineWords.ts';
import { estimateTokens } from './tokenEstimate.ts';

/**
 * What a run's context holds: tokens by turn as the agent reported them, what fills it now, what of that is stale, and what
 * compaction and rewinds took out. Reported numbers are exact; the tokens of a single part are estimated from its text, and
 * what is not in the records at all (the agent's own instructions, tools' descriptions, thinking) is the difference.
 */
export interface ContextWeight {
  readonly turns: readonly TurnWeight[];
  /** Of the last response: everything that was sent, and what came back. Undefined where no tokens were reported. */
  readonly contextTokens: number | undefined;
  /** What fills the context now, the heaviest first. */
  readonly parts: readonly ContextPart[];
  /** The same by tool, the heaviest first. */
  readonly tools: readonly ToolWeight[];
  /** Estimated, of all parts. */
  readonly partTokens: number;
  /** Of `partTokens`: of what was read or run again since, or changed since. */
  readonly staleTokens: number;
  /** What the records do not show. Undefined where no tokens were reported. */
  readonly otherTokens: number | undefined;
  readonly cuts: readonly ContextCut[];
}

export interface TurnWeight {
  /** 0 for what came before the first prompt. */
  readonly turn: number;
  readonly prompt?: string;
  readonly responses: number;
  /** Sent anew, read from the cache, written into it, and received; sums over the turn's responses. */
  readonly inputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  /** The largest that was sent in one response. */
  readonly contextTokens: number;
  readonly costUsd?: number;
}

export type PartKind = 'prompt' | 'reply' | 'call' | 'result' | 'summary';

export interface ContextPart {
  readonly kind: PartKind;
  /** The tool's name, of a call or a result. */
  readonly tool?: string;
  /** The file, the command, or the first words. */
  readonly what: string;
  readonly turn: number;
  readonly turnsAgo: number;
  /** Estimated. */
  readonly tokens: number;
  /** It says what is no longer so: the file was changed, read again, or the command was run again. */
  readonly stale?: 'changed' | 'read-again' | 'run-again';
}

export interface ToolWeight {
  readonly tool: string;
  readonly calls: number;
  readonly tokens: number;
  readonly staleTokens: number;
}

export interface ContextCut {
  readonly reason: 'compacted' | 'rewound';
  readonly turn: number;
  readonly trigger?: 'auto' | 'manual' | 'unknown';
  readonly preTokens?: number;
  readonly postTokens?: number;
  /** Reported where both numbers are, else estimated of the parts. */
  readonly cutTokens: number;
  /** The heaviest of what went. */
  readonly parts: readonly ContextPart[];
}

interface Held {
  readonly kind: PartKind;
  readonly tool: string | undefined;
  readonly what: string;
  readonly turn: number;
  tokens: number;
  stale: ContextPart['stale'];
}

interface OpenTurn {
  prompt?: string;
  responses: number;
  inputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  outputTokens: number;
  contextTokens: number;
  costUsd: number | undefined;
}

const whatLimit = 120;
const cutParts = 10;
/** What an image costs, about. */
const imageTokens = 1500;

/** Takes the events, or a transcript's facts, of one run in their order. */
export class ContextWeigher {
  readonly #turns = new Map<number, OpenTurn>();
  readonly #calls = new Map<string, { tool: string; path: string | undefined; command: string | undefined; what: string }>();
  readonly #results = new Map<string, Held>();
  /** Results by the file that was read, until it was changed, and by the command, until it was run again. */
  readonly #reads = new Map<string, Held[]>();
  readonly #runs = new Map<string, Held[]>();
  /** A response that is told again counts as told last. */
  readonly #responses = new Map<string, { turn: number; tokens: Tokens }>();
  readonly #cuts: ContextCut[] = [];
  #held: Held[] = [];
  #turn = 0;
  #lastContext: number | undefined;
  #unnamed = 0;

  add(event: EventDraft | LoggedEvent): void {
    if (event.kind === 'foreign') return;
    if (event.turn !== undefined && event.turn > this.#turn) this.#turn = event.turn;
    switch (event.kind) {
      case 'prompt.submitted': {
        const what = oneLine(event.text.head, whatLimit);
        this.#turnOf(this.#turn).prompt ??= what;
        this.#hold({ kind: 'prompt', what, tokens: weigh(event.text) + (event.images ?? 0) * imageTokens });
        return;
      }
      case 'reply.given':
        this.#hold({ kind: 'reply', what: oneLine(event.text.head, whatLimit), tokens: weigh(event.text) });
        return;
      case 'tool.called': {
        const path = event.paths?.[0] ?? event.edits?.[0]?.path;
        const what = oneLine(event.command ?? path ?? event.title ?? event.input?.head ?? event.name, whatLimit);
        this.#calls.set(event.call, { tool: event.name, path: event.tool === 'read' ? path : undefined, command: event.command, what });
        const texts = (event.edits ?? [])
          .flatMap(({ oldText, newText, patch }) => [oldText, newText, patch])
          .filter((text) => typeof text === 'string');
        const tokens =
          weigh(event.input) + estimateTokens(event.command ?? '') + texts.reduce((sum, text) => sum + estimateTokens(text), 0);
        this.#hold({ kind: 'call', tool: event.name, what, tokens });
        this.#outdate(event.edits?.map((edit) => edit.path) ?? [], event.tool === 'read' ? path : undefined, event.command);
        return;
      }
      case 'tool.returned':
        this.#result(event.call, event.name, event.output);
        return;
      case 'command.ended':
        if (event.call !== undefined && event.by.actor === 'agent') this.#result(event.call, undefined, event.output);
        return;
      case 'usage.reported':
        this.#usage(event);
        return;
      case 'run.compacted':
        this.#compact(event);
        return;
      case 'run.rewound':
        this.#rewind(event.toTurn ?? Math.max(0, this.#turn - (event.turns ?? 0)));
        return;
      default:
    }
  }

  finish(): ContextWeight {
    const parts = this.#held.map((held) => this.#partOf(held)).sort(heaviestFirst);
    const partTokens = parts.reduce((sum, { tokens }) => sum + tokens, 0);
    const tools = new Map<string, { calls: number; tokens: number; staleTokens: number }>();
    for (const { tool, kind, tokens, stale } of parts) {
      if (tool === undefined) continue;
      let entry = tools.get(tool);
      if (entry === undefined) tools.set(tool, (entry = { calls: 0, tokens: 0, staleTokens: 0 }));
      if (kind === 'call') entry.calls += 1;
      entry.tokens += tokens;
      if (stale !== undefined) entry.staleTokens += tokens;
    }
    return {
      turns: [...this.#turns]
        .sort(([a], [b]) => a - b)
        .map(([turn, { costUsd, ...told }]) => ({ turn, ...told, ...(costUsd === undefined ? {} : { costUsd }) })),
      contextTokens: this.#lastContext,
      parts,
      tools: [...tools].map(([tool, told]) => ({ tool, ...told })).sort((a, b) => b.tokens - a.tokens),
      partTokens,
      staleTokens: parts.reduce((sum, { tokens, stale }) => sum + (stale === undefined ? 0 : tokens), 0),
      otherTokens: this.#lastContext === undefined ? undefined : Math.max(0, this.#lastContext - partTokens),
      cuts: this.#cuts,
    };
  }

  #hold(part: { kind: PartKind; tool?: string; what: string; tokens: number }): Held {
    const held: Held = { ...part, tool: part.tool, turn: this.#turn, stale: undefined };
    this.#held.push(held);
    return held;
  }

  /** The longest telling counts: of a command's output its end and the call's return may both tell. */
  #result(call: string, name: string | undefined, output: Excerpt | undefined): void {
    if (output === undefined) return;
    const tokens = weigh(output);
    const known = this.#results.get(call);
    if (known !== undefined) {
      known.tokens = Math.max(known.tokens, tokens);
      return;
    }
    const told = this.#calls.get(call);
    const part = {
      kind: 'result' as const,
      tool: told?.tool ?? name ?? 'tool',
      what: told?.what ?? oneLine(output.head, whatLimit),
      tokens,
    };
    const held = this.#hold(part);
    this.#results.set(call, held);
    if (told?.path !== undefined) keep(this.#reads, told.path, held);
    if (told?.command !== undefined) keep(this.#runs, told.command, held);
  }

  /** What was read or run before, and is changed, read or run again now. */
  #outdate(changed: readonly string[], read: string | undefined, command: string | undefined): void {
    for (const path of changed) {
      for (const held of this.#reads.get(path) ?? []) held.stale = 'changed';
      this.#reads.delete(path);
    }
    if (read !== undefined) for (const held of this.#reads.get(read) ?? []) held.stale ??= 'read-again';
    if (command === undefined) return;
    for (const held of this.#runs.get(command) ?? []) held.stale ??= 'run-again';
    this.#runs.delete(command);
  }

  #usage(event: Extract<EventDraft, { kind: 'usage.reported' }>): void {
    const tokens: Tokens = {
      input: event.usage['gen_ai.usage.input_tokens'] ?? 0,
      cacheRead: event.usage['gen_ai.usage.cache_read.input_tokens'] ?? 0,
      cacheWrite: event.usage['gen_ai.usage.cache_creation.input_tokens'] ?? 0,
      output: event.usage['gen_ai.usage.output_tokens'] ?? 0,
      costUsd: event.costUsd,
    };
    const key = event.response ?? event.src?.record ?? `${(this.#unnamed += 1)}`;
    const before = this.#responses.get(key);
    if (before !== undefined) this.#count(before.turn, before.tokens, -1);
    const turn = before?.turn ?? this.#turn;
    this.#responses.set(key, { turn, tokens });
    this.#count(turn, tokens, 1);
    const sent = tokens.input + tokens.cacheRead + tokens.cacheWrite;
    if (sent === 0) return;
    const told = this.#turnOf(turn);
    told.contextTokens = Math.max(told.contextTokens, sent);
    this.#lastContext = sent + tokens.output;
  }

  #count(turn: number, tokens: Tokens, sign: 1 | -1): void {
    const told = this.#turnOf(turn);
    told.responses += sign;
    told.inputTokens += sign * tokens.input;
    told.cacheReadTokens += sign * tokens.cacheRead;
    told.cacheWriteTokens += sign * tokens.cacheWrite;
    told.outputTokens += sign * tokens.output;
    if (tokens.costUsd !== undefined) told.costUsd = (told.costUsd ?? 0) + sign * tokens.costUsd;
  }

  #compact(event: Extract<EventDraft, { kind: 'run.compacted' }>): void {
    const gone = this.#held;
    this.#forget([]);
    const preTokens = event.preTokens ?? this.#lastContext;
    this.#noteCut(gone, {
      reason: 'compacted',
      trigger: event.trigger,
      ...(preTokens === undefined ? {} : { preTokens }),
      ...(event.postTokens === undefined ? {} : { postTokens: event.postTokens }),
    });
    if (event.summary !== undefined)
      this.#hold({ kind: 'summary', what: oneLine(event.summary.head, whatLimit), tokens: weigh(event.summary) });
    this.#lastContext = event.postTokens;
  }

  #rewind(toTurn: number): void {
    const gone = this.#held.filter((held) => held.turn > toTurn);
    this.#forget(this.#held.filter((held) => held.turn <= toTurn));
    if (gone.length > 0) this.#noteCut(gone, { reason: 'rewound' });
  }

  #forget(kept: Held[]): void {
    this.#held = kept;
    const left = new Set(kept);
    for (const [call, held] of this.#results) if (!left.has(held)) this.#results.delete(call);
  }

  #noteCut(gone: readonly Held[], cut: Pick<ContextCut, 'reason' | 'trigger' | 'preTokens' | 'postTokens'>): void {
    const parts = gone.map((held) => this.#partOf(held)).sort(heaviestFirst);
    const told = cut.preTokens !== undefined && cut.postTokens !== undefined ? cut.preTokens - cut.postTokens : undefined;
    const cutTokens = told ?? parts.reduce((sum, { tokens }) => sum + tokens, 0);
    this.#cuts.push({ ...cut, turn: this.#turn, cutTokens: Math.max(0, cutTokens), parts: parts.slice(0, cutParts) });
  }

  #partOf({ kind, tool, what, turn, tokens, stale }: Held): ContextPart {
    return {
      kind,
      ...(tool === undefined ? {} : { tool }),
      what,
      turn,
      turnsAgo: this.#turn - turn,
      tokens,
      ...(stale === undefined ? {} : { stale }),
    };
  }

  #turnOf(turn: number): OpenTurn {
    let told = this.#turns.get(turn);
    if (told === undefined) {
      told = {
        responses: 0,
        inputTokens: 0,
        cacheReadTokens: 0,
        cacheWriteTokens: 0,
        outputTokens: 0,
        contextTokens: 0,
        costUsd: undefined,
      };
      this.#turns.set(turn, told);
    }
    return told;
  }
}

interface Tokens {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly output: number;
  readonly costUsd: number | undefined;
}

const encoder = new TextEncoder();

/** Of a text of which only head and tail are kept: as much as they cost, by its whole size. */
function weigh(text: Excerpt | undefined): number {
  if (text === undefined) return 0;
  const kept = `${text.head}${text.tail ?? ''}`;
  const keptBytes = encoder.encode(kept).length;
  if (keptBytes === 0) return Math.ceil(text.sizeBytes / 4);
  return Math.ceil(estimateTokens(kept) * Math.max(1, text.sizeBytes / keptBytes));
}

function keep(by: Map<string, Held[]>, key: string, held: Held): void {
  const present = by.get(key);
  if (present === undefined) by.set(key, [held]);
  else present.push(held);
}

const heaviestFirst = (a: ContextPart, b: ContextPart): number => b.tokens - a.tokens || b.turn - a.turn;

/** Why a part is stale, in words. */
export function staleWords(stale: NonNullable<ContextPart['stale']>): string {
  switch (stale) {
    case 'changed':
      return 'changed since';
    case 'read-again':
      return 'read again since';
    case 'run-again':
      return 'run again since';
    default:
      return assertNever(stale);
  }
}
