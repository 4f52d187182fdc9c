import type { EventOf, Usage } from '../../model/event.ts';
import { SourceSet } from '../sourceSet.ts';
import { sourceKey, type ReaderCounts, type RunDescription, type TranscriptFact } from './adapter.ts';

/**
 * What a run came to, counted over the facts of its transcripts.
 *
 * - `prompts`: what a person asked: typed, queued, injected into a turn, or given by a script. Slash commands are counted
 *   apart, `!` lines are no prompts, and what another session or the program said is none either.
 * - `replies`: texts of the agent; `tools`: its calls by name.
 * - `commands`: command lines that the agent ran; one that was refused or never begun is none.
 * - `failed`: calls that ended as failed, were refused or were broken off.
 * - `filesEdited`, `filesRead`: absolute paths, sorted, of what the agent's tools said they did.
 * - `tokens`: `input` without the cached ones, each response once.
 * - `model`: as told last. Times: ISO 8601, of the earliest and the latest record.
 * - `unknownRecords`: of a type that this version does not know; `damaged`: what could not be read, or lacks what its type needs.
 */
export interface RunSummary {
  readonly agent: string;
  readonly run: string | null;
  readonly prompts: number;
  readonly slashCommands: number;
  readonly replies: number;
  readonly tools: Readonly<Record<string, number>>;
  readonly commands: number;
  readonly failed: number;
  readonly filesEdited: readonly string[];
  readonly filesRead: readonly string[];
  readonly tokens: { readonly input: number; readonly output: number; readonly cacheRead: number; readonly cacheWrite: number };
  readonly model: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly unknownRecords: number;
  readonly damaged: number;
  readonly unknownTypes: Readonly<Record<string, number>>;
  readonly title: string | null;
  readonly cwd: string | null;
  readonly parent: string | null;
  readonly forkedFrom: string | null;
  readonly files: readonly string[];
}

/**
 * Counts runs over any number of transcripts. A fact counts once, by its source, however many files hold a copy of it;
 * of a response's tokens the last telling counts, and a fork's copy of its parent's tokens counts with the parent.
 */
export class RunBook {
  readonly #tallies = new Map<string, RunTally>();
  readonly #seen = new SourceSet();

  /** Takes facts of one file, in order. */
  add(agent: string, file: string, facts: readonly TranscriptFact[]): void {
    for (const fact of facts) this.#tallyOf(agent, fact.run, file).add(fact);
  }

  /** Takes what is known of a file at its end. */
  finish(agent: string, file: string, run: RunDescription, counts: ReaderCounts, damaged: number): void {
    this.#tallyOf(agent, run.run, file).describe(run, counts, damaged);
  }

  /** Each run, in the order in which they were met. */
  summaries(): readonly RunSummary[] {
    this.#giveCopiesBack();
    return [...this.#tallies.values()].map((tally) => tally.summary());
  }

  #tallyOf(agent: string, run: string | undefined, file: string): RunTally {
    const key = `${agent}\n${run ?? `\n${file}`}`;
    let tally = this.#tallies.get(key);
    if (tally === undefined) this.#tallies.set(key, (tally = new RunTally(agent, run, key, this.#seen)));
    tally.files.add(file);
    return tally;
  }

  #giveCopiesBack(): void {
    const owners = new Map<string, RunTally>();
    for (const tally of [...this.#tallies.values()].sort((a, b) => Number(a.isFork) - Number(b.isFork)))
      for (const key of [...tally.usage.keys()]) {
        const known = `${tally.agent}\n${key}`;
        if (owners.has(known)) tally.usage.delete(key);
        else owners.set(known, tally);
      }
  }
}

class RunTally {
  readonly agent: string;
  readonly files = new Set<string>();
  /** Tokens by what their telling is known by. */
  readonly usage = new Map<string, Usage>();
  readonly #run: string | undefined;
  /** Its name among the runs, which keeps its facts apart in the set of all: a set for each would hold their keys' texts. */
  readonly #key: string;
  readonly #seen: SourceSet;
  readonly #tools = new Map<string, number>();
  /** Calls of a command that have not come back. */
  readonly #openCommands = new Set<string>();
  readonly #ended = new Set<string>();
  readonly #edited = new Set<string>();
  readonly #read = new Set<string>();
  readonly #unknown = new Map<string, number>();
  #description: RunDescription | undefined;
  #prompts = 0;
  #slashCommands = 0;
  #replies = 0;
  #commands = 0;
  #failed = 0;
  #damaged = 0;
  #model: string | undefined;
  #cwd: string | undefined;
  #title: string | undefined;
  #parent: string | undefined;
  #forkedFrom: string | undefined;
  #from: number | undefined;
  #to: number | undefined;

  constructor(agent: string, run: string | undefined, key: string, seen: SourceSet) {
    this.agent = agent;
    this.#run = run;
    this.#key = key;
    this.#seen = seen;
  }

  get isFork(): boolean {
    return this.#forkedFrom !== undefined;
  }

  add(fact: TranscriptFact): void {
    const key = fact.src === undefined ? undefined : sourceKey(fact.src);
    if (fact.kind === 'usage.reported') {
      this.usage.set(key ?? fact.response ?? `${this.usage.size}`, fact.usage);
      this.#model = fact['gen_ai.response.model'] ?? this.#model;
    }
    if (key !== undefined) {
      if (!this.#seen.add({ file: '', offset: 0, record: `${this.#key}\n${key}` })) return;
    }
    if (fact.at !== undefined) this.#meet(Date.parse(fact.at));
    switch (fact.kind) {
      case 'run.started':
        this.#parent = fact.parent;
        this.#learn(fact);
        return;
      case 'run.resumed':
      case 'run.changed':
        this.#learn(fact);
        return;
      case 'run.forked':
        this.#forkedFrom = fact.from;
        return;
      case 'prompt.submitted':
        if (fact.provenance !== 'user') return;
        if (fact.origin === 'slash') this.#slashCommands += 1;
        else this.#prompts += 1;
        return;
      case 'reply.given':
        this.#replies += 1;
        return;
      case 'tool.called':
        this.#tools.set(fact.name, (this.#tools.get(fact.name) ?? 0) + 1);
        if (fact.command !== undefined) this.#openCommands.add(fact.call);
        return;
      case 'tool.returned':
        this.#returned(fact);
        return;
      case 'command.ended':
        if (fact.by.actor !== 'agent' || fact.outcome === 'declined') return;
        if (fact.call !== undefined) {
          if (this.#ended.has(fact.call)) return;
          this.#ended.add(fact.call);
          this.#openCommands.delete(fact.call);
        }
        this.#commands += 1;
        return;
      case 'file.read':
        this.#read.add(fact.path);
        return;
      default:
    }
  }

  describe(run: RunDescription, counts: ReaderCounts, damaged: number): void {
    this.#description = run;
    this.#damaged += damaged + counts.misshapen;
    for (const [type, count] of counts.unknown) this.#unknown.set(type, (this.#unknown.get(type) ?? 0) + count);
    for (const at of [run.startedAt, run.lastAt]) if (at !== undefined) this.#meet(at);
    this.#forkedFrom ??= run.forkedFrom;
    this.#parent ??= run.parent;
  }

  summary(): RunSummary {
    const told = this.#description;
    return {
      agent: this.agent,
      run: this.#run ?? null,
      prompts: this.#prompts,
      slashCommands: this.#slashCommands,
      replies: this.#replies,
      tools: Object.fromEntries(sorted(this.#tools)),
      commands: this.#commands + this.#openCommands.size,
      failed: this.#failed,
      filesEdited: [...this.#edited].sort(),
      filesRead: [...this.#read].sort(),
      tokens: this.#tokens(),
      model: told?.model ?? this.#model ?? null,
      startedAt: isoOf(this.#from),
      endedAt: isoOf(this.#to),
      unknownRecords: [...this.#unknown.values()].reduce((sum, count) => sum + count, 0),
      damaged: this.#damaged,
      unknownTypes: Object.fromEntries(sorted(this.#unknown)),
      title: told?.title ?? this.#title ?? null,
      cwd: told?.cwd ?? this.#cwd ?? null,
      parent: this.#parent ?? null,
      forkedFrom: this.#forkedFrom ?? null,
      files: [...this.files],
    };
  }

  #returned(fact: Pick<EventOf<'tool.returned'>, 'call' | 'status' | 'outcome' | 'edits'>): void {
    if (fact.status === 'failed') {
      this.#failed += 1;
      // Its end would have been told before: a command that failed without one was refused or never begun.
      this.#openCommands.delete(fact.call);
      return;
    }
    for (const edit of fact.edits ?? []) {
      this.#edited.add(edit.path);
      if (edit.from !== undefined) this.#edited.add(edit.from);
    }
  }

  #learn(told: { readonly model?: string | undefined; readonly cwd?: string | undefined; readonly title?: string | undefined }): void {
    this.#model = told.model ?? this.#model;
    this.#cwd = told.cwd ?? this.#cwd;
    this.#title = told.title ?? this.#title;
  }

  #meet(at: number): void {
    this.#from = Math.min(this.#from ?? at, at);
    this.#to = Math.max(this.#to ?? at, at);
  }

  #tokens(): RunSummary['tokens'] {
    const sum = (field: keyof Usage): number => [...this.usage.values()].reduce((total, usage) => total + (usage[field] ?? 0), 0);
    return {
      input: sum('gen_ai.usage.input_tokens'),
      output: sum('gen_ai.usage.output_tokens'),
      cacheRead: sum('gen_ai.usage.cache_read.input_tokens'),
      cacheWrite: sum('gen_ai.usage.cache_creation.input_tokens'),
    };
  }
}

const sorted = (counts: ReadonlyMap<string, number>): [string, number][] => [...counts].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
const isoOf = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());
