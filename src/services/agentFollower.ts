import type { Clock, UnixMs } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import { SerialQueue } from '../base/serialQueue.ts';
import {
  sourceKey,
  type AgentEnvironment,
  type Framing,
  type RunDescription,
  type TranscriptAdapter,
  type TranscriptFact,
} from '../core/transcripts/adapter.ts';
import { judgeRun, recordsAll, type RecordPolicy } from '../core/recordPolicy.ts';
import { classifyRun } from '../core/sessionKey.ts';
import type { SourceSet } from '../core/sourceSet.ts';
import type { Digest } from '../model/digest.ts';
import type { EventDraft, Source } from '../model/event.ts';
import { besideReader } from '../store/besideFile.ts';
import type { TailDamage } from '../store/transcriptTail.ts';
import { FollowedTranscript } from './followedTranscript.ts';
import type { Journal } from './journal.ts';
import { RunTurns } from './runTurns.ts';
import { ToldPathMap, type NamedFolder } from './toldPathMap.ts';
import { TranscriptFinder, type FinderTimes, type FoundFile } from './transcriptFinder.ts';
import { toWorkspaceFact } from './workspaceFact.ts';

export interface AgentFollowerOptions {
  readonly folders: readonly NamedFolder[];
  readonly env: AgentEnvironment;
  readonly adapters: readonly TranscriptAdapter[];
  /** Facts that are older than this are read, to know what follows, but not recorded. */
  readonly since: UnixMs;
  readonly journal: Pick<Journal, 'record'>;
  /** Of the facts that are in the log already; those that are told come in. */
  readonly sources: SourceSet;
  readonly digest: Digest;
  readonly clock: Clock;
  /** Each fact that is about to be recorded. */
  readonly onFact?: (fact: EventDraft) => void;
  /** Which runs are recorded; all, when absent. Of another one its beginning is, with the reason, and nothing else. */
  readonly policy?: RecordPolicy;
  /** A fact of a run that is not recorded: who did what in the workspace is known all the same. */
  readonly onWithheld?: (fact: EventDraft) => void;
  /** A line that cannot be read, with its place; the lines around it are not lost. */
  readonly onDamage?: (damage: TailDamage) => void;
  readonly onError?: (error: unknown) => void;
  readonly times?: Partial<FollowerTimes>;
}

export interface FollowerTimes extends FinderTimes {
  /** Between looks at files that grew lately, in case the watcher lost it. */
  readonly pollMs: number;
  /** How long a file counts as active after it grew. */
  readonly activeMs: number;
  /** After how long a silence facts that wait for a successor are told. */
  readonly quietMs: number;
}

const minute = 60_000;
const defaultTimes: FollowerTimes = {
  absentMs: 3000,
  scanMs: 15_000,
  watchedAgeMs: 2 * 24 * 60 * minute,
  pollMs: 2000,
  activeMs: 10 * minute,
  quietMs: 2 * minute,
};

/** What is followed, for the health view. */
export interface FollowedRun {
  readonly agent: string;
  readonly file: string;
  readonly run: RunDescription;
  readonly records: number;
  /** Records of an unknown type, by type. */
  readonly unknown: Readonly<Record<string, number>>;
  readonly misshapen: number;
  readonly damaged: number;
}

export interface AgentFollower extends Disposable {
  /** Looks and reads everything now; resolves when the facts are on disk. */
  flush(): Promise<void>;
  runs(): readonly FollowedRun[];
  /** What the policy kept from being recorded. */
  readonly withheld: { readonly runs: number; readonly facts: number };
  close(): Promise<void>;
}

/**
 * Follows the transcripts of the agents that work in the workspace's folders, and records their facts.
 * - Only runs whose working folder is one of the folders, or lies in one.
 * - Each fact once: known again by its source, over restarts (`sources`), copies (forks) and replaced files.
 * - The agents' folders need not be there yet.
 */
export async function openAgentFollower(options: AgentFollowerOptions): Promise<AgentFollower> {
  const follower = new TranscriptFollower(options, await ToldPathMap.open(options.folders, options.env.platform));
  await follower.start();
  return follower;
}

class TranscriptFollower implements AgentFollower {
  readonly #options: AgentFollowerOptions;
  readonly #paths: ToldPathMap;
  readonly #times: FollowerTimes;
  readonly #finders: TranscriptFinder[] = [];
  readonly #files = new Map<string, FollowedTranscript>();
  /** Sizes of files from before `since`, which count once they grow. */
  readonly #old = new Map<string, number>();
  /** Runs whose beginning, or going on, was told, and the sources of beginnings. */
  readonly #joined = new Set<string>();
  readonly #begun = new Set<string>();
  /** One file is read at a time, in the order in which they were met: an earlier part of a run before a later one. */
  readonly #reading = new SerialQueue();
  readonly #turns = new RunTurns();
  /** Files whose last reading failed. */
  readonly #failed = new Set<FollowedTranscript>();
  /** Runs that are not recorded, with the reason, and what is known of each run that the policy asks for. */
  readonly #denied = new Map<string, string>();
  readonly #cards = new Map<string, { key: string | undefined; parent: string | undefined }>();
  /** Of the runs that are not recorded those of which the log says so, or is about to. */
  readonly #withheldTold = new Set<string>();
  #withheldFacts = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: AgentFollowerOptions, paths: ToldPathMap) {
    this.#options = options;
    this.#paths = paths;
    this.#times = { ...defaultTimes, ...options.times };
  }

  async start(): Promise<void> {
    const { adapters, env } = this.#options;
    for (const adapter of adapters) {
      for (const root of adapter.roots({ ...env, folders: this.#options.folders.map((folder) => folder.path) })) {
        if (root.isCold === true) continue;
        const finder = new TranscriptFinder(root, {
          times: this.#times,
          now: () => this.#options.clock.now(),
          onFile: (file) => this.#meet(adapter, root.framing, file),
          onError: (error) => this.#options.onError?.(error),
        });
        this.#finders.push(finder);
      }
    }
    await Promise.all(this.#finders.map((finder) => finder.start()));
  }

  async flush(): Promise<void> {
    await Promise.all(this.#finders.map((finder) => finder.scan()));
    await Promise.all([...this.#files.values()].map((file) => this.#read(file)));
  }

  runs(): readonly FollowedRun[] {
    return [...this.#files.values()]
      .filter((file) => !file.isOutside)
      .map((file) => ({
        agent: file.adapter.id,
        file: file.file.path,
        run: file.describe(),
        records: file.counts.records,
        unknown: Object.fromEntries(file.counts.unknown),
        misshapen: file.counts.misshapen,
        damaged: file.damaged,
      }));
  }

  get withheld(): { readonly runs: number; readonly facts: number } {
    return { runs: this.#denied.size, facts: this.#withheldFacts };
  }

  dispose(): void {
    void this.close();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const file of this.#files.values()) file.deafen();
    await Promise.all(this.#finders.map((finder) => finder.close()));
    await Promise.all([...this.#files.values()].map((file) => file.idle()));
  }

  #meet(adapter: TranscriptAdapter, framing: Framing, found: FoundFile): void {
    if (this.#isClosed) return;
    const key = found.session === undefined ? found.path : `${found.path}\n${found.session}`;
    let file = this.#files.get(key);
    if (file === undefined) {
      const oldSize = this.#old.get(key);
      if (found.changedAtMs < this.#options.since && (oldSize === undefined || oldSize === found.sizeBytes)) {
        this.#old.set(key, found.sizeBytes);
        return;
      }
      this.#old.delete(key);
      file = new FollowedTranscript({
        adapter,
        framing,
        file: { path: found.path, relative: found.relative, ...(found.session === undefined ? {} : { session: found.session }) },
        tools: {
          digest: this.#options.digest,
          beside: besideReader(found),
          folders: this.#options.folders.map((folder) => folder.path),
        },
        ...(found.bornAtMs !== undefined && found.bornAtMs < this.#options.since
          ? { past: { bornAt: new Date(found.bornAtMs).toISOString(), sizeBytes: oldSize } }
          : {}),
        isInside: (cwd) => this.#paths.contains(cwd),
        deliver: (facts, run) => this.#deliver(adapter, facts, run),
        onDamage: (damage) => this.#options.onDamage?.(damage),
      });
      this.#files.set(key, file);
      void this.#read(file);
    } else if (!file.isOutside) void this.#readIfChanged(file);
  }

  async #readIfChanged(file: FollowedTranscript): Promise<void> {
    if (await file.hasChanged()) await this.#read(file);
  }

  async #read(file: FollowedTranscript): Promise<void> {
    if (file.isOutside) return;
    try {
      await this.#reading.run(() => (this.#isClosed ? undefined : file.read(this.#options.clock.now())));
      this.#failed.delete(file);
      if (!this.#isClosed && this.#isActive(file, this.#options.clock.now())) file.listen(() => void this.#read(file));
    } catch (error) {
      // Another program may hold it for a moment; the next look tries again.
      this.#failed.add(file);
      this.#options.onError?.(error);
    }
    this.#schedule();
  }

  /** Looks at the active files again soon, while there are any. */
  #schedule(): void {
    if (this.#timer !== undefined || this.#isClosed) return;
    const now = this.#options.clock.now();
    const isBusy = [...this.#files.values()].some((file) => this.#isActive(file, now));
    if (!isBusy) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#poll();
    }, this.#times.pollMs);
    this.#timer.unref();
  }

  async #poll(): Promise<void> {
    const now = this.#options.clock.now();
    for (const file of this.#files.values()) {
      if (this.#isClosed) return;
      if (!this.#isActive(file, now)) {
        file.deafen();
        continue;
      }
      await this.#readIfChanged(file);
      if (!file.isQuiet && file.grewAt !== undefined && now - file.grewAt > this.#times.quietMs) await this.#settle(file);
    }
    this.#schedule();
  }

  #isActive(file: FollowedTranscript, now: UnixMs): boolean {
    if (file.isOutside) return false;
    return this.#failed.has(file) || (file.grewAt !== undefined && (now - file.grewAt < this.#times.activeMs || !file.isQuiet));
  }

  async #settle(file: FollowedTranscript): Promise<void> {
    await file.settle().catch((error: unknown) => this.#options.onError?.(error));
  }

  async #deliver(adapter: TranscriptAdapter, facts: readonly TranscriptFact[], run: RunDescription): Promise<void> {
    const recorded: Promise<unknown>[] = [];
    for (const fact of facts) {
      if (this.#isClosed) return;
      const { src } = fact;
      if (src === undefined) continue;
      this.#turns.note(fact, src.file);
      const denial = this.#denialOf(adapter, fact, run);
      if (denial !== undefined) {
        const card = await this.#withhold(adapter, fact, src, denial);
        if (card !== undefined) recorded.push(this.#tellWithheld(card));
        continue;
      }
      if (!this.#isNew(fact, src)) continue;
      const draft = await toWorkspaceFact(this.#turns.numbered(this.#clamped(fact), src.file), this.#paths);
      if (draft === undefined) continue;
      for (const next of [...this.#joining(adapter, draft, src, run), draft]) {
        this.#options.onFact?.(next);
        recorded.push(this.#options.journal.record(next).catch((error: unknown) => this.#options.onError?.(error)));
      }
    }
    await Promise.all(recorded);
  }

  /** Why a run is not recorded; undefined: it is. The sub-agents of one that is not are not either. */
  #denialOf(adapter: TranscriptAdapter, fact: TranscriptFact, file: RunDescription): string | undefined {
    const { policy = recordsAll } = this.#options;
    if (policy.rules.length === 0 || fact.run === undefined) return undefined;
    const card = this.#cards.get(fact.run) ?? { key: undefined, parent: undefined };
    this.#cards.set(fact.run, card);
    if (fact.kind === 'run.started') {
      card.key = fact.key ?? card.key;
      card.parent = fact.parent ?? card.parent;
    }
    if (fact.run === file.run) {
      card.key = file.key ?? card.key;
      card.parent = file.parent ?? card.parent;
    }
    const above = card.parent === undefined ? undefined : this.#denied.get(card.parent);
    const { reason } = judgeRun(policy, classifyRun({ agent: adapter.id, key: card.key, parent: card.parent }));
    const denial = reason ?? above;
    if (denial !== undefined) this.#denied.set(fact.run, denial);
    return denial;
  }

  /** Counts it, hands it to whoever must know who was at work, and gives the one event that says so. */
  async #withhold(adapter: TranscriptAdapter, fact: TranscriptFact, src: Source, denial: string): Promise<EventDraft | undefined> {
    const { since, sources, onWithheld } = this.#options;
    if (fact.at !== undefined && Date.parse(fact.at) < since) return undefined;
    const isNew = sources.add(src);
    if (isNew) this.#withheldFacts += 1;
    const draft = isNew ? await toWorkspaceFact(this.#clamped(fact), this.#paths) : undefined;
    if (draft !== undefined) onWithheld?.(draft);
    const source: Source = { file: src.file, offset: src.offset, record: `${fact.run}/withheld` };
    if (sources.has(source) || fact.run === undefined || this.#withheldTold.has(fact.run)) return undefined;
    this.#withheldTold.add(fact.run);
    return {
      kind: 'run.started',
      by: { actor: 'agent', name: adapter.id, run: fact.run, how: 'transcript' },
      agent: adapter.id,
      run: fact.run,
      src: source,
      ...(fact.at === undefined ? {} : { at: fact.at }),
      notRecorded: denial,
    };
  }

  /** Without a session there is nothing to tell it in, and it begins none: then it waits for the run's next fact. */
  async #tellWithheld(card: EventDraft): Promise<void> {
    try {
      await this.#options.journal.record(card);
      if (card.src !== undefined) this.#options.sources.add(card.src);
    } catch (error) {
      if (card.run !== undefined) this.#withheldTold.delete(card.run);
      this.#options.onError?.(error);
    }
  }

  /** True once for each source, and only for facts of the time that is recorded. */
  #isNew(fact: TranscriptFact, src: Source): boolean {
    const atMs = fact.at === undefined ? undefined : Date.parse(fact.at);
    if (atMs !== undefined && atMs < this.#options.since) return false;
    if (fact.kind === 'run.started' && fact.run !== undefined) {
      const key = sourceKey(src);
      // A copy of another run's beginning is none.
      if (!this.#begun.has(key)) this.#joined.add(fact.run);
      this.#begun.add(key);
    }
    return this.#options.sources.add(src);
  }

  /** A run from before the time that is recorded is said to go on when its first fact in that time comes. */
  #joining(adapter: TranscriptAdapter, draft: EventDraft, src: Source, run: RunDescription): readonly EventDraft[] {
    if (draft.run === undefined || this.#joined.has(draft.run)) return [];
    this.#joined.add(draft.run);
    if (draft.kind === 'run.resumed') return [];
    const source: Source = { file: src.file, offset: src.offset, record: `${draft.run}/joined/${this.#options.since}` };
    if (this.#options.sources.has(source)) return [];
    return [
      {
        kind: 'run.resumed',
        by: { actor: 'agent', name: adapter.id, run: draft.run, how: 'transcript' },
        agent: adapter.id,
        run: draft.run,
        src: source,
        ...(draft.at === undefined ? {} : { at: draft.at }),
        ...(run.cwd === undefined ? {} : { cwd: run.cwd }),
        ...(run.model === undefined ? {} : { model: run.model }),
      },
    ];
  }

  /** A record's clock may run ahead of ours. */
  #clamped(fact: TranscriptFact): TranscriptFact {
    const now = this.#options.clock.now();
    return fact.at !== undefined && Date.parse(fact.at) > now ? { ...fact, at: new Date(now).toISOString() } : fact;
  }
}
