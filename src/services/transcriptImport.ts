import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { AgentEnvironment, TranscriptAdapter } from '../core/transcripts/adapter.ts';
import { RunBook, type RunSummary } from '../core/transcripts/runSummary.ts';
import type { Digest } from '../model/digest.ts';
import { transcriptsIn } from '../store/transcriptSource.ts';
import { tellTranscript } from './transcriptFacts.ts';
import { whyNot, type ListedTranscript, type ListingProblem } from './transcriptListing.ts';
import { recogniseTranscript } from './transcriptRecognition.ts';

export interface ImportOptions {
  readonly adapters: readonly TranscriptAdapter[];
  readonly environment: AgentEnvironment;
  readonly digest: Digest;
}

export interface ImportedRuns {
  readonly runs: readonly RunSummary[];
  readonly transcripts: number;
  /** Files that are no transcript of a known agent. */
  readonly strange: readonly string[];
  readonly failed: readonly ListingProblem[];
}

export interface FoundTranscripts {
  readonly transcripts: readonly ListedTranscript[];
  /** Files that hold them; one may hold several, or none yet. */
  readonly files: number;
  /** Files that are no transcript of a known agent. */
  readonly strange: readonly string[];
  readonly failed: readonly ListingProblem[];
}

/**
 * Counts the runs of the transcripts at `place`: one file, or every file below a folder. Links are not followed. Nothing
 * is written. Rejects with the system's error when there is nothing at `place`, or its one file cannot be read.
 */
export async function summariseTranscripts(place: string, options: ImportOptions): Promise<ImportedRuns> {
  const isFolder = (await stat(place)).isDirectory();
  const book = new RunBook();
  const found = await transcriptsAt(place, options);
  const failed = [...found.failed];
  const { digest } = options;
  for (const transcript of found.transcripts) {
    const { adapter, file } = transcript;
    try {
      const end = await tellTranscript(transcript, { digest, folders: [], take: (facts) => book.add(adapter.id, file.path, facts) });
      book.finish(adapter.id, file.path, end.run, end.counts, end.damaged);
    } catch (error) {
      if (!isFolder) throw error;
      if (!failed.some(({ path: other }) => other === file.path)) failed.push({ path: file.path, reason: whyNot(error) });
    }
  }
  return { runs: book.summaries(), transcripts: found.files, strange: found.strange, failed };
}

/**
 * The transcripts at `place`: one file, or every file below a folder, known by where they lie or by what stands in them.
 * Rejects with the system's error when there is nothing at `place`, or its one file cannot be read.
 */
export async function transcriptsAt(
  place: string,
  { adapters, environment }: Pick<ImportOptions, 'adapters' | 'environment'>,
): Promise<FoundTranscripts> {
  const isFolder = (await stat(place)).isDirectory();
  const files = isFolder ? await filesBelow(place) : [place];
  const transcripts: ListedTranscript[] = [];
  const strange: string[] = [];
  const failed: ListingProblem[] = [];
  let known = 0;
  for (const path of files) {
    try {
      const recognised = await recogniseTranscript(path, adapters, environment);
      if (recognised === undefined) {
        strange.push(path);
        continue;
      }
      const { adapter, framing } = recognised;
      const { size, mtimeMs } = await stat(path);
      for (const file of await transcriptsIn(framing, recognised.file))
        transcripts.push({ adapter, framing, file, changedAtMs: mtimeMs, sizeBytes: size, mark: `${size} ${mtimeMs}` });
      known += 1;
    } catch (error) {
      if (!isFolder) throw error;
      failed.push({ path, reason: whyNot(error) });
    }
  }
  return { transcripts, files: known, strange, failed };
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}
