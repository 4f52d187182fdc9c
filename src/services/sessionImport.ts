import { inParallel } from '../base/inParallel.ts';
import type { Clock, UnixMs } from '../base/clock.ts';
import { judgeRun, recordsAll, type RecordPolicy } from '../core/recordPolicy.ts';
import { classifyRun } from '../core/sessionKey.ts';
import { Activity, stretchAt, type Stretch } from '../core/activity.ts';
import {
  sourceKey,
  type AgentEnvironment,
  type RunDescription,
  type TranscriptAdapter,
  type TranscriptFact,
} from '../core/transcripts/adapter.ts';
import type { Digest } from '../model/digest.ts';
import type { EventDraft, Source } from '../model/event.ts';
import type { RunId, SessionId } from '../model/ids.ts';
import { openGitRepository, type GitCommit } from '../store/gitRepository.ts';
import { prepareRoot, type TapedeckLayout } from '../store/layout.ts';
import { ReconstructedLog } from './reconstructedLog.ts';
import { takeTurn } from '../store/turnTaking.ts';
import { createWriterId } from '../store/writerClaim.ts';
import { readRecordedBefore, type RecordedBefore } from './recordedBefore.ts';
import { RunTurns } from './runTurns.ts';
import { peekFolder, tellTranscript } from './transcriptFacts.ts';
import { whyNot, type ListedTranscript, type ListingProblem } from './transcriptListing.ts';
import { ToldPathMap, type NamedFolder } from './toldPathMap.ts';
import { toWorkspaceFact } from './workspaceFact.ts';

export interface SessionImportOptions {
  readonly layout: TapedeckLayout;
  /** The first one first; what was told of their former places is taken as theirs. */
  readonly folders: readonly NamedFolder[];
  readonly transcripts: readonly ListedTranscript[];
  readonly environment: AgentEnvironment;
  readonly clock: Clock;
  readonly digest: Digest;
  readonly app: string;
  readonly random: (length: number) => string;
  /** What lies further apart makes sessions of its own. */
  readonly idleHours: number;
  /** When the session began that is being recorded, or may be gone on with: from there on its recorder tells. */
  readonly liveFrom?: UnixMs | undefined;
  /** Which runs are recorded; all, when absent. */
  readonly policy?: RecordPolicy | undefined;
  /** Whether commits are taken in: `with-runs`, only where an agent was at work; `always`, the last ones also where nothing else tells anything. */
  readonly git?: 'never' | 'with-runs' | 'always';
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
  /** Looks and counts, and writes nothing. */
  readonly isDryRun?: boolean;
  readonly budgetBytes?: number;
}

export interface ImportProgress {
  /** Reading the transcripts to see what there is, waiting for another import to end, then reading once more to write it down. */
  readonly phase: 'looking' | 'waiting' | 'writing';
  readonly doneFiles: number;
  readonly files: number;
  readonly events: number;
}

export interface ImportedRun {
  readonly agent: string;
  readonly run: RunId;
  readonly title?: string;
  readonly facts: number;
  /** When the transcript that holds something new of it last changed; of several the one that did so first. */
  readonly changedAtMs: UnixMs;
}

export interface ImportReport {
  /** Oldest first; in a dry run none. */
  readonly sessions: readonly SessionId[];
  /** Stretches of time that are, or would become, a session each. */
  readonly stretches: readonly Stretch[];
  /** Of which something was new. */
  readonly runs: readonly ImportedRun[];
  readonly events: number;
  readonly commits: number;
  /** Transcripts of this workspace. */
  readonly transcripts: number;
  /** Facts that stand in a log already. */
  readonly known: number;
  /** Facts that are left to the session that is being recorded. */
  readonly live: number;
  /** Facts of times at which recording was paused. */
  readonly paused: number;
  /** Facts of runs that the record policy leaves out, or left out when they were live. */
  readonly withheld: number;
  /** Places that could not be read, and records that lack what their type needs. */
  readonly damaged: number;
  readonly failed: readonly ListingProblem[];
  readonly isCancelled: boolean;
}

const hourMs = 3_600_000;
/** Commits in so many hours around what the agents did belong to it. */
const commitLimit = 5000;
/** With no transcript at all, so many commits are told. */
const commitsAlone = 200;
/** A run that pauses for longer was not at work in between. */
const atWorkGapMs = 10 * 60_000;
const peeksAtOnce = 8;
/** So far up a run's parents are asked. */
const maxDepth = 32;

/**
 * Makes sessions of what agents did here before anybody recorded it: out of their transcripts, and of git's history.
 * - Each fact once: what stands in any log, recorded live or imported before, is known by its source; so a second import adds
 *   nothing, and a transcript that has grown adds what is new.
 * - What was done while recording was paused stays out, and what a recorder is about to tell is left to it.
 * - Memory is bounded, whatever the transcripts: they are read twice, once for the times and once to write.
 * - A transcript that cannot be read costs itself alone, and is told.
 * - Of several imports at once, of any processes, one writes at a time, and each knows what the one before it wrote.
 */
export async function importSessions(options: SessionImportOptions): Promise<ImportReport> {
  const { layout, digest, signal, onProgress } = options;
  const paths = await ToldPathMap.open(options.folders, options.environment.platform);
  const before = await readRecordedBefore(layout, digest);
  const work = new SessionImport(options, before, paths);
  const found = await work.look();
  if (options.isDryRun === true || found.stretches.length === 0) return work.report(found);
  await prepareRoot(layout);
  const turn = await takeTurn({
    folder: layout.imports,
    name: createWriterId(),
    signal,
    onWait: () => onProgress?.({ phase: 'waiting', doneFiles: 0, files: 0, events: 0 }),
  });
  if (turn === undefined) return work.report({ ...found, stretches: [] });
  try {
    const now = await readRecordedBefore(layout, digest);
    if (isSame(before, now)) return await work.write(found);
    const again = new SessionImport(options, now, paths);
    return await again.write(await again.look());
  } finally {
    await turn.leave();
  }
}

/** What stands in the logs is only ever added to. */
const isSame = (a: RecordedBefore, b: RecordedBefore): boolean =>
  a.isEmpty === b.isEmpty && a.sources.size === b.sources.size && a.commits.size === b.commits.size && a.withheld.size === b.withheld.size;

class SessionImport {
  readonly #options: SessionImportOptions;
  readonly #before: RecordedBefore;
  readonly #paths: ToldPathMap;
  readonly #activity = new Activity();
  /** Of everything that is told of this workspace, known or not. */
  #span: Stretch | undefined;
  readonly #runs = new Map<
    RunId,
    { agent: string; title: string | undefined; facts: number; changedAtMs: UnixMs; readonly atWork: Activity }
  >();
  /** What the policy asks of each run. */
  readonly #cards = new Map<RunId, { readonly agent: string; key: string | undefined; parent: RunId | undefined }>();
  #denied: ReadonlySet<RunId> = new Set();
  readonly #failed: ListingProblem[] = [];
  #known = 0;
  #live = 0;
  #paused = 0;
  #withheld = 0;
  #damaged = 0;
  #doneFiles = 0;
  #isCancelled = false;

  constructor(options: SessionImportOptions, before: RecordedBefore, paths: ToldPathMap) {
    this.#options = options;
    this.#before = before;
    this.#paths = paths;
  }

  /** Reads the transcripts once, to see what there is. Writes nothing. */
  async look(): Promise<Found> {
    const { transcripts, idleHours } = this.#options;
    const surveyed: Surveyed[] = [];
    await this.#each(await this.#mayBeOurs(transcripts), 'looking', 0, async (transcript) => {
      surveyed.push({ transcript, ...(await this.#survey(transcript)) });
    });
    this.#judgeRuns();
    const inside = surveyed.filter(({ isInside }) => isInside);
    const ours = inside
      .filter(({ isNew }) => isNew)
      .sort(byBeginning)
      .map(({ transcript }) => transcript);
    const commits = this.#isCancelled || this.#options.git === 'never' ? [] : await this.#commits();
    for (const { commit } of commits) this.#activity.add(commit.committedAt * 1000);
    const stretches = this.#isCancelled ? [] : this.#activity.stretches(idleHours * hourMs);
    return { ours, commits, stretches, transcripts: inside.length };
  }

  async write(found: Found): Promise<ImportReport> {
    const log = new ReconstructedLog(found.stretches, this.#options);
    try {
      await this.#write(log, found.stretches, found.ours, found.commits);
    } finally {
      // What was read so far is written, also where the rest was called off or cannot be read.
      await log.finish();
    }
    return this.report(found, log);
  }

  /** Without a log: what would be written, or nothing. */
  report({ commits, stretches, transcripts }: Found, log?: ReconstructedLog): ImportReport {
    this.#isCalledOff();
    const runs = [...this.#runs].filter(([, { facts }]) => facts > 0);
    return {
      sessions: log?.sessions.toSorted() ?? [],
      stretches,
      runs: runs.map(([run, { agent, title, facts, changedAtMs }]) => ({
        agent,
        run,
        facts,
        changedAtMs,
        ...(title === undefined ? {} : { title }),
      })),
      events: log?.events ?? (stretches.length === 0 ? 0 : runs.reduce((sum, [, { facts }]) => sum + facts, commits.length)),
      commits: commits.length,
      transcripts,
      known: this.#known,
      live: this.#live,
      paused: this.#paused,
      withheld: this.#withheld,
      damaged: this.#damaged,
      failed: this.#failed,
      isCancelled: this.#isCancelled,
    };
  }

  /** Most transcripts on a machine belong elsewhere, which their beginnings say. What cannot be looked at stays, to be told. */
  async #mayBeOurs(transcripts: readonly ListedTranscript[]): Promise<readonly ListedTranscript[]> {
    const { digest, folders } = this.#tellOptions();
    const isOurs = transcripts.map(() => true);
    await inParallel(transcripts, peeksAtOnce, async (transcript, index) => {
      if (this.#isCalledOff()) return;
      const cwd = await peekFolder(transcript, digest, folders).catch(() => undefined);
      isOurs[index] = cwd === undefined || (await this.#paths.contains(cwd));
    });
    return transcripts.filter((_, index) => isOurs[index]);
  }

  /** One after the other. Ends early when it is called off. */
  async #each(
    transcripts: readonly ListedTranscript[],
    phase: ImportProgress['phase'],
    events: number | (() => number),
    read: (transcript: ListedTranscript) => Promise<void>,
  ): Promise<void> {
    const { onProgress } = this.#options;
    this.#doneFiles = 0;
    for (const transcript of transcripts) {
      if (this.#isCalledOff()) return;
      onProgress?.({
        phase,
        doneFiles: this.#doneFiles,
        files: transcripts.length,
        events: typeof events === 'number' ? events : events(),
      });
      try {
        await read(transcript);
      } catch (error) {
        if (error instanceof CalledOff) return;
        if (error instanceof LogFailure) throw error.cause;
        if (!this.#failed.some(({ path }) => path === transcript.file.path))
          this.#failed.push({ path: transcript.file.path, reason: whyNot(error) });
      }
      this.#doneFiles += 1;
    }
  }

  #isCalledOff(): boolean {
    this.#isCancelled ||= this.#options.signal?.aborted === true;
    return this.#isCancelled;
  }

  readonly #orCalledOff = (): void => {
    if (this.#isCalledOff()) throw new CalledOff();
  };

  #tellOptions(): Pick<Parameters<typeof tellTranscript>[1], 'digest' | 'folders' | 'isInside' | 'onChunk'> {
    const { digest, folders } = this.#options;
    return {
      digest,
      folders: folders.flatMap(({ path, former = [] }) => [path, ...former]),
      isInside: (cwd) => this.#paths.contains(cwd),
      onChunk: this.#orCalledOff,
    };
  }

  async #survey(transcript: ListedTranscript): Promise<Omit<Surveyed, 'transcript'>> {
    const { adapter } = transcript;
    let isNew = false;
    let lastAt: string | undefined;
    const end = await tellTranscript(transcript, {
      ...this.#tellOptions(),
      take: (facts, run) => {
        for (const fact of facts) {
          lastAt = timeOf(fact) ?? lastAt;
          this.#noteCard(adapter.id, fact, run);
          const atMs = this.#wantedAt(fact, lastAt);
          if (atMs === undefined) continue;
          this.#span = { fromMs: Math.min(atMs, this.#span?.fromMs ?? atMs), toMs: Math.max(atMs, this.#span?.toMs ?? atMs) };
          if (this.#before.sources.has(fact.src!)) {
            this.#known += 1;
            continue;
          }
          isNew = true;
          if (fact.run === undefined) this.#activity.add(atMs);
          this.#noteRun(transcript, fact, run, atMs);
        }
      },
    });
    const isInside = end.verdict === 'inside';
    if (isInside) this.#damaged += end.damaged + end.counts.misshapen;
    return { isInside, isNew, isFork: end.run.forkedFrom !== undefined, startedAt: end.run.startedAt ?? Number.POSITIVE_INFINITY };
  }

  #noteRun({ adapter, changedAtMs }: ListedTranscript, fact: TranscriptFact, told: RunDescription, atMs: UnixMs): void {
    if (fact.run === undefined) return;
    let run = this.#runs.get(fact.run);
    if (run === undefined)
      this.#runs.set(fact.run, (run = { agent: adapter.id, title: undefined, facts: 0, changedAtMs, atWork: new Activity() }));
    run.title = (told.run === fact.run ? told.title : undefined) ?? run.title;
    run.facts += 1;
    run.changedAtMs = Math.min(run.changedAtMs, changedAtMs);
    run.atWork.add(atMs);
  }

  #noteCard(agent: string, fact: TranscriptFact, told: RunDescription): void {
    if (fact.run === undefined) return;
    let card = this.#cards.get(fact.run);
    if (card === undefined) this.#cards.set(fact.run, (card = { agent, key: undefined, parent: undefined }));
    const own = told.run === fact.run ? told : undefined;
    const start = fact.kind === 'run.started' ? fact : undefined;
    card.key ??= start?.key ?? own?.key;
    card.parent ??= start?.parent ?? own?.parent;
  }

  /** Which runs stay out, now that the keys and parents of all are known: with a run all that it set to work. */
  #judgeRuns(): void {
    const { policy = recordsAll } = this.#options;
    const denied = new Set<RunId>();
    const isDenied = (run: RunId, depth: number): boolean => {
      if (this.#before.withheld.has(run)) return true;
      const card = this.#cards.get(run);
      if (card === undefined || depth > maxDepth) return false;
      return !judgeRun(policy, classifyRun(card)).isRecorded || (card.parent !== undefined && isDenied(card.parent, depth + 1));
    };
    for (const run of this.#cards.keys()) if (isDenied(run, 0)) denied.add(run);
    this.#denied = denied;
    for (const [run, { facts, atWork }] of this.#runs) {
      if (!denied.has(run)) this.#activity.addAll(atWork);
      else {
        this.#withheld += facts;
        this.#runs.delete(run);
      }
    }
  }

  /** When a fact happened that is to be written if it is not known; undefined for one that is not. */
  #wantedAt(fact: TranscriptFact, lastAt: string | undefined): UnixMs | undefined {
    const { clock, liveFrom = Number.POSITIVE_INFINITY } = this.#options;
    if (fact.src === undefined || lastAt === undefined) return undefined;
    // A record's clock may run ahead of ours.
    const atMs = Math.min(Date.parse(lastAt), clock.now());
    if (!Number.isFinite(atMs)) return undefined;
    if (atMs >= liveFrom) {
      this.#live += 1;
      return undefined;
    }
    if (!this.#before.wasPausedAt(atMs)) return atMs;
    this.#paused += 1;
    return undefined;
  }

  async #write(
    log: ReconstructedLog,
    stretches: readonly Stretch[],
    ours: readonly ListedTranscript[],
    commits: readonly FoundCommit[],
  ): Promise<void> {
    const turns = new RunTurns();
    const written = this.#before.sources;
    const counts = { live: this.#live, paused: this.#paused };
    const store = async (atMs: UnixMs, draft: EventDraft): Promise<void> => {
      const index = stretchAt(stretches, atMs);
      if (index < 0) return;
      try {
        await log.add(index, { ...draft, at: new Date(atMs).toISOString() });
      } catch (error) {
        throw new LogFailure(error);
      }
    };
    await this.#each(
      ours,
      'writing',
      () => log.events,
      async (transcript) => {
        const { adapter, file } = transcript;
        let lastAt: string | undefined;
        await tellTranscript(transcript, {
          ...this.#tellOptions(),
          take: async (facts, run) => {
            for (const fact of facts) {
              lastAt = timeOf(fact) ?? lastAt;
              turns.note(fact, file.path);
              if (fact.run !== undefined && this.#denied.has(fact.run)) continue;
              const atMs = this.#wantedAt(fact, lastAt);
              // What came since the survey is for the next time.
              if (atMs === undefined || stretchAt(stretches, atMs) < 0 || !written.add(fact.src!)) continue;
              const draft = await toWorkspaceFact(turns.numbered(fact, file.path), this.#paths);
              if (draft === undefined) continue;
              const joining = this.#joining(log, stretchAt(stretches, atMs), adapter, draft, run);
              if (joining !== undefined) await store(atMs, joining);
              await store(atMs, draft);
            }
          },
        });
      },
    );
    // Counted while surveying.
    this.#live = counts.live;
    this.#paused = counts.paused;
    if (this.#isCancelled) return;
    const atWork = [...this.#runs].map(([run, told]) => ({ run, stretches: told.atWork.stretches(atWorkGapMs) }));
    for (const { commit, name, gitFolder } of commits) {
      const atMs = commit.committedAt * 1000;
      const runs = atWork.filter(({ stretches: own }) => stretchAt(own, atMs) >= 0).map(({ run }) => run);
      await store(atMs, {
        kind: 'git.committed',
        by: { actor: 'git', how: 'git' },
        src: { file: gitFolder, offset: 0, record: commitRecord(commit.commit) },
        ...(name === undefined ? {} : { folder: name }),
        commit: commit.commit,
        parents: [...commit.parents],
        subject: commit.subject,
        ...(commit.body === '' ? {} : { body: commit.body }),
        ...(runs.length === 0 ? {} : { runs }),
      });
    }
  }

  /** A run that began in an earlier session is said to go on in this one. */
  #joining(
    log: ReconstructedLog,
    index: number,
    adapter: TranscriptAdapter,
    draft: EventDraft,
    run: RunDescription,
  ): EventDraft | undefined {
    if (draft.run === undefined || draft.src === undefined || draft.kind === 'run.started' || draft.kind === 'run.resumed')
      return undefined;
    if (log.holdsRun(index, draft.run)) return undefined;
    const src: Source = { ...draft.src, record: `${draft.run}/joined/${sourceKey(draft.src)}` };
    return {
      kind: 'run.resumed',
      by: { actor: 'agent', name: adapter.id, run: draft.run, how: 'transcript' },
      run: draft.run,
      src,
      agent: adapter.id,
      ...(run.cwd === undefined ? {} : { cwd: run.cwd }),
      ...(run.model === undefined ? {} : { model: run.model }),
    };
  }

  /** Commits from shortly before the first fact to shortly after the last one; where nothing else tells anything, the last ones. */
  async #commits(): Promise<readonly FoundCommit[]> {
    const { folders, liveFrom = Number.POSITIVE_INFINITY, clock, git } = this.#options;
    const all = this.#span;
    const found: FoundCommit[] = [];
    if (all === undefined && (!this.#before.isEmpty || git === 'with-runs')) return found;
    for (const [index, folder] of folders.entries())
      try {
        const repository = await openGitRepository(folder.path);
        const { commit: head } = (await repository?.head()) ?? {};
        if (repository === undefined || head === undefined) continue;
        const commits = await repository.commits(undefined, head, all === undefined ? commitsAlone : commitLimit);
        for (const commit of commits) {
          const atMs = commit.committedAt * 1000;
          if (all !== undefined && (atMs < all.fromMs - hourMs || atMs > all.toMs + hourMs)) continue;
          if (atMs >= Math.min(liveFrom, clock.now()) || this.#before.wasPausedAt(atMs)) continue;
          if (this.#before.commits.has(commit.commit) || found.some((other) => other.commit.commit === commit.commit)) continue;
          found.push({ commit, name: index === 0 ? undefined : folder.name, gitFolder: repository.gitFolder });
        }
      } catch {
        // No git, or none that may be asked: the transcripts tell what they tell.
      }
    return found;
  }
}

interface Surveyed {
  readonly transcript: ListedTranscript;
  readonly isInside: boolean;
  /** It holds something that stands in no log. */
  readonly isNew: boolean;
  readonly isFork: boolean;
  readonly startedAt: UnixMs;
}

interface FoundCommit {
  readonly commit: GitCommit;
  readonly name: string | undefined;
  readonly gitFolder: string;
}

/** The import was called off. */
interface Found {
  /** Transcripts of this workspace that tell something new, in the order of their beginnings. */
  readonly ours: readonly ListedTranscript[];
  readonly commits: readonly FoundCommit[];
  readonly stretches: readonly Stretch[];
  /** All of this workspace. */
  readonly transcripts: number;
}

class CalledOff extends Error {}

/** The log cannot be written, which is no fault of a transcript. */
class LogFailure extends Error {
  constructor(cause: unknown) {
    super('The log cannot be written.', { cause });
  }
}

const commitRecord = (commit: string): string => `git/${commit}`;

const timeOf = (fact: TranscriptFact): string | undefined =>
  fact.at === undefined || Number.isNaN(Date.parse(fact.at)) ? undefined : fact.at;

/** An original before its copies, so that what both hold is told of the original; an earlier part of a run before a later one. */
const byBeginning = (a: Surveyed, b: Surveyed): number =>
  Number(a.isFork) - Number(b.isFork) || a.startedAt - b.startedAt || (a.transcript.file.relative < b.transcript.file.relative ? -1 : 1);
