import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { AgentEnvironment, TranscriptAdapter } from '../core/transcripts/adapter.ts';
import { RunBook, type RunSummary } from '../core/transcripts/runSummary.ts';
import type { Digest } from '../model/digest.ts';
import { besideReader } from '../store/besideFile.ts';
import { readTranscriptFile } from '../store/transcriptFile.ts';
import { transcriptsIn } from '../store/transcriptSource.ts';
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
  readonly failed: readonly { readonly path: string; readonly reason: string }[];
}

/**
 * Counts the runs of the transcripts at `place`: one file, or every file below a folder. Links are not followed. Nothing
 * is written. Rejects with the system's error when there is nothing at `place`, or its one file cannot be read.
 */
export async function summariseTranscripts(place: string, options: ImportOptions): Promise<ImportedRuns> {
  const isFolder = (await stat(place)).isDirectory();
  const files = isFolder ? await filesBelow(place) : [place];
  const book = new RunBook();
  const strange: string[] = [];
  const failed: { path: string; reason: string }[] = [];
  let transcripts = 0;
  for (const file of files) {
    try {
      if (await addFile(book, file, options)) transcripts += 1;
      else strange.push(file);
    } catch (error) {
      if (!isFolder) throw error;
      failed.push({ path: file, reason: whyNot(error) });
    }
  }
  return { runs: book.summaries(), transcripts, strange, failed };
}

async function addFile(book: RunBook, file: string, options: ImportOptions): Promise<boolean> {
  const recognised = await recogniseTranscript(file, options.adapters, options.environment);
  if (recognised === undefined) return false;
  const { adapter, framing } = recognised;
  for (const transcript of await transcriptsIn(framing, recognised.file)) {
    const reader = adapter.openReader(transcript, { digest: options.digest, beside: besideReader(transcript) });
    let damaged = 0;
    await readTranscriptFile(framing, transcript, {
      onRecord: (value, offset) => book.add(adapter.id, file, reader.read(value, { offset })),
      onDamage: () => (damaged += 1),
    });
    book.add(adapter.id, file, reader.quiet());
    book.finish(adapter.id, file, reader.describe(), reader.counts, damaged);
  }
  return true;
}

/** Why a file cannot be read, in a few words. */
export function whyNot(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : String(error));
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}
