import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { inParallel } from '../base/inParallel.ts';
import type { AgentEnvironment, TranscriptAdapter, TranscriptRoot } from '../core/transcripts/adapter.ts';
import { isDatabase, listSessions, transcriptsIn } from '../store/transcriptSource.ts';
import type { ToldTranscript } from './transcriptFacts.ts';

/** A transcript on this machine, and how it looked when it was listed. */
export interface ListedTranscript extends ToldTranscript {
  readonly changedAtMs: number;
  /** Of the file; of a session in a database 0, since nothing tells. */
  readonly sizeBytes: number;
  /** Another value when it may hold something else: for what was derived from it. */
  readonly mark: string;
}

export interface ListingProblem {
  readonly path: string;
  readonly reason: string;
}

const statsAtOnce = 16;

/**
 * Every transcript that the agents keep on this machine, whichever workspace it is of, those that changed last first: one
 * stat each, nothing is read but databases. Links are not followed. Never rejects: what could not be looked at is told.
 */
export async function listTranscripts(
  adapters: readonly TranscriptAdapter[],
  environment: AgentEnvironment,
): Promise<{ readonly transcripts: readonly ListedTranscript[]; readonly problems: readonly ListingProblem[] }> {
  const transcripts: ListedTranscript[] = [];
  const problems: ListingProblem[] = [];
  const met = new Set<string>();
  for (const adapter of adapters)
    for (const root of adapter.roots(environment)) {
      const files = await filesIn(root, root.folder, '', 0, problems);
      await inParallel(files, statsAtOnce, async ({ path, relative }) => {
        // Two adapters may name one folder; two roots of one may lie in each other.
        const key = `${adapter.id}\n${path}`;
        if (met.has(key)) return;
        met.add(key);
        try {
          transcripts.push(...(await look(adapter, root, path, relative)));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') problems.push({ path, reason: whyNot(error) });
        }
      });
    }
  return { transcripts: transcripts.sort((a, b) => b.changedAtMs - a.changedAtMs || (a.file.path < b.file.path ? -1 : 1)), problems };
}

/** Why a file cannot be read, in a few words. */
export function whyNot(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : String(error));
}

async function look(adapter: TranscriptAdapter, { framing }: TranscriptRoot, path: string, relative: string): Promise<ListedTranscript[]> {
  const info = await stat(path);
  if (!info.isFile()) return [];
  const file = { path, relative };
  if (isDatabase(framing))
    return (await listSessions(framing, path)).map(({ id, changedAtMs, sequence }) => ({
      adapter,
      framing,
      file: { path, relative: `${relative}/${id}`, session: id },
      changedAtMs,
      sizeBytes: 0,
      mark: `${id} ${changedAtMs} ${sequence ?? ''}`,
    }));
  const mark = `${info.size} ${info.mtimeMs}`;
  return (await transcriptsIn(framing, file)).map((own) => ({
    adapter,
    framing,
    file: own,
    changedAtMs: info.mtimeMs,
    sizeBytes: own.session === undefined ? info.size : 0,
    mark: own.session === undefined ? mark : `${own.session} ${mark}`,
  }));
}

async function filesIn(
  root: TranscriptRoot,
  folder: string,
  relative: string,
  level: number,
  problems: ListingProblem[],
): Promise<{ readonly path: string; readonly relative: string }[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') problems.push({ path: folder, reason: whyNot(error) });
    return [];
  });
  const files: { path: string; relative: string }[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const below = relative === '' ? entry.name : `${relative}/${entry.name}`;
    if (entry.isDirectory()) {
      if (level < root.depth && root.mayHold?.(below) !== false) files.push(...(await filesIn(root, path, below, level + 1, problems)));
    } else if (entry.isFile() && root.isTranscript(below)) files.push({ path, relative: below });
  }
  return files;
}
