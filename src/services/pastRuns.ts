import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { inParallel } from '../base/inParallel.ts';
import { PastRunFold, holdsWords, type PastRun } from '../core/pastRun.ts';
import { isPlainWord } from '../core/terminalLine.ts';
import { likeness, type PlaceKind } from '../core/projectIdentity.ts';
import type { AgentEnvironment, TranscriptAdapter } from '../core/transcripts/adapter.ts';
import type { Digest } from '../model/digest.ts';
import { isInsideFolder } from '../model/workspacePath.ts';
import { besideReader } from '../store/besideFile.ts';
import { replaceFile } from '../store/replaceFile.ts';
import { readTranscriptEnds } from '../store/transcriptEnds.ts';
import type { ProjectPlaces } from './projectPlaces.ts';
import { tellTranscript } from './transcriptFacts.ts';
import { listTranscripts, type ListedTranscript, type ListingProblem } from './transcriptListing.ts';

export interface PastRunsOptions {
  readonly adapters: readonly TranscriptAdapter[];
  readonly environment: AgentEnvironment;
  readonly digest: Digest;
  readonly places: ProjectPlaces;
  /** Where what was found is kept for the next time; nowhere when absent. */
  readonly cacheFile?: string | undefined;
}

export interface PastRunQuery {
  /** An agent's short name. */
  readonly agent?: string | undefined;
  /** Words that the run must hold, all of them. */
  readonly words?: string | undefined;
  /** Those that another run set to work as well. */
  readonly withChildren?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A run of this workspace that an agent keeps, and how to take it up. */
export interface PastRunItem {
  readonly run: PastRun;
  readonly agentName: string;
  readonly transcript: ListedTranscript;
  /** By its last record, else by the file. */
  readonly lastAt: number;
  readonly place: PlaceKind;
  /** The folder in which it is to be taken up. Absolute, and there. */
  readonly folder: string;
  /** The program and its words, all of them plain; empty where the agent has no such command, or the run's id is no plain word. */
  readonly command: readonly string[];
}

/** A folder that is no more, and what agents did there. */
export interface LostRuns {
  readonly path: string;
  readonly runs: number;
  /** Names of the agents. */
  readonly agents: readonly string[];
}

/** Items as they are found, the newest transcript first; `share` of the transcripts was looked at. */
export interface PastRunBatch {
  readonly items: readonly PastRunItem[];
  readonly share: number;
}

const headBytes = 64 * 1024;
const maxHeadBytes = 1024 * 1024;
const tailBytes = 128 * 1024;
/** Of a document or a session in a database, which can only be read from the beginning. */
const maxWholeBytes = 16 * 1024 * 1024;
const atOnce = 8;
const batchSize = 32;
/** Files of a folder that is no more, by which it may be known again. */
const checkedFiles = 10;

/**
 * Every agent's runs of this workspace, also from before anything was recorded, from the transcripts that the agents keep.
 * Of each only the beginning and the end are read, once: what was found is kept until the transcript changes. A run that
 * belongs elsewhere costs its beginning.
 */
export class PastRuns {
  readonly #options: PastRunsOptions;
  #cache: Map<string, Kept> | undefined;
  #isStale = false;
  /** What could not be looked at by the last listing. */
  problems: readonly ListingProblem[] = [];

  constructor(options: PastRunsOptions) {
    this.#options = options;
  }

  /** All of them in batches. Never rejects for a transcript: one that cannot be read is among the problems. */
  async *list(query: PastRunQuery = {}): AsyncGenerator<PastRunBatch, void, undefined> {
    const { adapters, environment } = this.#options;
    const wanted = query.agent === undefined ? adapters : adapters.filter(({ id }) => id === query.agent);
    const listed = await listTranscripts(wanted, environment);
    const problems = [...listed.problems];
    this.problems = problems;
    const cache = (this.#cache ??= await this.#readCache());
    const met = new Set<string>();
    const { transcripts } = listed;
    try {
      for (let from = 0; from < transcripts.length; from += batchSize) {
        if (query.signal?.aborted === true) return;
        const batch = transcripts.slice(from, from + batchSize);
        const items: (PastRunItem | undefined)[] = [];
        await inParallel(batch, atOnce, async (transcript, index) => {
          try {
            items[index] = await this.#itemOf(transcript, cache, query);
          } catch (error) {
            problems.push({ path: transcript.file.path, reason: (error as NodeJS.ErrnoException).code ?? String(error) });
          }
        });
        const fresh = items.filter((item): item is PastRunItem => {
          if (item === undefined) return false;
          // A run in several files is the newest of them.
          const key = `${item.run.agent}\n${item.run.run}`;
          return !met.has(key) && met.add(key) !== undefined;
        });
        yield { items: fresh, share: Math.min(1, (from + batch.length) / transcripts.length) };
      }
      if (transcripts.length === 0) yield { items: [], share: 1 };
      if (query.agent === undefined) this.#forget(cache, transcripts);
    } finally {
      await this.#store(cache);
    }
  }

  /**
   * Folders that are no more, in which agents were at work: this one may be one of them under another name. Those for which
   * most speaks come first.
   */
  async lostFolders(): Promise<readonly LostRuns[]> {
    for await (const _ of this.list());
    const folders = this.#options.places.folders;
    const first = folders[0];
    if (first === undefined) return [];
    const lost = new Map<string, { runs: number; readonly agents: Set<string>; readonly files: Set<string> }>();
    for (const [key, { cwd, files = [] }] of this.#cache ?? []) {
      if (cwd === undefined || (await isFolder(cwd))) continue;
      const entry = lost.get(cwd) ?? { runs: 0, agents: new Set(), files: new Set() };
      lost.set(cwd, entry);
      entry.runs += 1;
      entry.agents.add(this.#options.adapters.find(({ id }) => key.startsWith(`${id}\n`))?.name ?? '');
      for (const file of files) if (file.startsWith(`${cwd}/`)) entry.files.add(file.slice(cwd.length + 1));
    }
    const ranked: (LostRuns & { readonly likeness: number })[] = [];
    for (const [path, { runs, agents, files }] of lost) {
      const present = new Set<string>();
      for (const file of [...files].slice(0, checkedFiles))
        if (isInsideFolder(file) && (await isThere(join(first.path, ...file.split('/'))))) present.add(file);
      const told = { path, branches: [], files: [...files].slice(0, checkedFiles) };
      ranked.push({ path, runs, agents: [...agents], likeness: likeness(told, { name: first.name, has: (file) => present.has(file) }) });
    }
    return ranked.sort((a, b) => b.likeness - a.likeness || b.runs - a.runs || (a.path < b.path ? -1 : 1));
  }

  async #itemOf(transcript: ListedTranscript, cache: Map<string, Kept>, query: PastRunQuery): Promise<PastRunItem | undefined> {
    const key = keyOf(transcript);
    let kept = cache.get(key);
    // Where a run was at work stands at its beginning, and does not change when it goes on.
    const isElsewhere = kept !== undefined && kept.run === undefined && kept.cwd !== undefined && !(await this.#isOurs(kept.cwd));
    if (isElsewhere) return undefined;
    if (kept?.mark !== transcript.mark || (kept.run === undefined && kept.cwd !== undefined)) {
      kept = { mark: transcript.mark, ...(await this.#look(transcript)) };
      cache.set(key, kept);
      this.#isStale = true;
    }
    const { run } = kept;
    if (run?.cwd === undefined || (run.parent !== undefined && query.withChildren !== true)) return undefined;
    const place = await this.#options.places.placeOf(run.cwd);
    if (place === undefined) return undefined;
    const { adapter } = transcript;
    if (query.words !== undefined && query.words.trim() !== '' && !holdsWords(run, adapter.name, query.words.trim())) return undefined;
    return {
      run,
      agentName: adapter.name,
      transcript,
      lastAt: run.lastAt ?? transcript.changedAtMs,
      place: place.kind,
      folder: place.folder,
      command: commandOf(adapter, run),
    };
  }

  async #isOurs(cwd: string): Promise<boolean> {
    return (await this.#options.places.placeOf(cwd)) !== undefined;
  }

  #look(transcript: ListedTranscript): Promise<Omit<Kept, 'mark'>> {
    const { framing } = transcript;
    return framing === 'json-lines' || framing === 'text-lines' ? this.#lookAtEnds(transcript) : this.#lookThrough(transcript);
  }

  async #lookAtEnds({ adapter, framing, file }: ListedTranscript): Promise<Omit<Kept, 'mark'>> {
    const { digest, places } = this.#options;
    const folders = places.folders.map((folder) => folder.path);
    const reader = adapter.openReader(file, { digest, beside: besideReader(file), folders });
    const fold = new PastRunFold(adapter.id);
    let cwd: string | undefined;
    const isWhole = await readTranscriptEnds({
      path: file.path,
      isText: framing === 'text-lines',
      headBytes,
      maxHeadBytes,
      tailBytes,
      onRecord: (value, offset) => fold.add(reader.read(value, { offset })),
      isEnough: () => reader.describe().cwd !== undefined,
      wantsTail: async () => {
        cwd = reader.describe().cwd;
        return cwd !== undefined && this.#isOurs(cwd);
      },
    });
    fold.add(reader.quiet());
    const told = reader.describe();
    cwd ??= told.cwd;
    if (cwd === undefined) return {};
    if (!(await this.#isOurs(cwd))) return { cwd, files: fold.files.slice(0, checkedFiles) };
    const run = fold.finish({ ...told, cwd: told.cwd ?? cwd }, isWhole);
    return run === undefined ? {} : { run };
  }

  async #lookThrough(transcript: ListedTranscript): Promise<Omit<Kept, 'mark'>> {
    const { digest, places } = this.#options;
    if (transcript.sizeBytes > maxWholeBytes) return {};
    const fold = new PastRunFold(transcript.adapter.id);
    const { verdict, run } = await tellTranscript(transcript, {
      digest,
      folders: places.folders.map((folder) => folder.path),
      isInside: (cwd) => this.#isOurs(cwd),
      take: (facts) => fold.add(facts),
    });
    if (verdict === 'outside') return { cwd: run.cwd };
    const past = verdict === 'inside' ? fold.finish(run, true) : undefined;
    return past === undefined ? {} : { run: past };
  }

  /** Only what is still there is kept. */
  #forget(cache: Map<string, Kept>, transcripts: readonly ListedTranscript[]): void {
    const present = new Set(transcripts.map(keyOf));
    for (const key of cache.keys())
      if (!present.has(key)) {
        cache.delete(key);
        this.#isStale = true;
      }
  }

  async #readCache(): Promise<Map<string, Kept>> {
    const { cacheFile } = this.#options;
    if (cacheFile === undefined) return new Map();
    try {
      const kept = JSON.parse(await readFile(cacheFile, 'utf8')) as { version?: unknown; transcripts?: unknown };
      if (kept.version !== cacheVersion || !Array.isArray(kept.transcripts)) return new Map();
      return new Map((kept.transcripts as readonly unknown[]).filter(isKeptEntry));
    } catch {
      return new Map();
    }
  }

  async #store(cache: ReadonlyMap<string, Kept>): Promise<void> {
    const { cacheFile } = this.#options;
    if (!this.#isStale || cacheFile === undefined) return;
    this.#isStale = false;
    // It only saves time.
    await replaceFile(cacheFile, JSON.stringify({ version: cacheVersion, transcripts: [...cache] })).catch(() => {});
  }
}

/** Raised with each change of what is found. */
const cacheVersion = 1;

/** What was found in a transcript when it looked so: a run of this project, or (`cwd`) one that was not when it was met, or neither. */
interface Kept {
  readonly mark: string;
  readonly run?: PastRun;
  readonly cwd?: string | undefined;
  /** Some that were edited there. */
  readonly files?: readonly string[];
}

/** An id comes from a transcript: it must not carry a command or an option that somebody hid in it. */
function commandOf(adapter: TranscriptAdapter, run: PastRun): readonly string[] {
  if (!isPlainWord(run.run) || (run.key !== undefined && !isPlainWord(run.key))) return [];
  return adapter.resumeCommand(run.run, run.key);
}

const keyOf = ({ file, adapter }: ListedTranscript): string => `${adapter.id}\n${file.path}\n${file.session ?? ''}`;

/** The file is ours, but lies where others can write: a shape that would make us fail is no entry. */
function isKeptEntry(entry: unknown): entry is [string, Kept] {
  if (!Array.isArray(entry) || typeof entry[0] !== 'string') return false;
  const kept = entry[1] as Partial<Kept> | null;
  if (typeof kept !== 'object' || kept === null || typeof kept.mark !== 'string') return false;
  if (kept.cwd !== undefined && typeof kept.cwd !== 'string') return false;
  if (kept.files !== undefined && !isTextList(kept.files)) return false;
  const run = kept.run as Partial<Record<keyof PastRun, unknown>> | undefined;
  if (run === undefined) return true;
  const texts = [run.title, run.model, run.branch, run.cwd, run.parent, run.key];
  return (
    typeof run.agent === 'string' &&
    typeof run.run === 'string' &&
    texts.every((text) => text === undefined || typeof text === 'string') &&
    isTextList(run.files)
  );
}

const isTextList = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string');

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function isFolder(path: string): Promise<boolean> {
  return isAbsolute(path) && (await isThere(path));
}
