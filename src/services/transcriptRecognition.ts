import { open } from 'node:fs/promises';
import type { AgentEnvironment, TranscriptAdapter, TranscriptFile, TranscriptRoot } from '../core/transcripts/adapter.ts';
import { readRecords } from '../core/transcripts/jsonRecords.ts';

export interface RecognisedTranscript {
  readonly adapter: TranscriptAdapter;
  readonly framing: TranscriptRoot['framing'];
  readonly file: TranscriptFile;
}

const headBytes = 1024 * 1024;
const maxSamples = 24;
const databaseMark = 'SQLite format 3\0';

/**
 * Whose transcript a file is. Where it lies tells first: a file below an agent's own folder, of the name that the agent
 * gives, is that agent's. Anywhere else its first records tell: the agent that recognises most of them has it. Undefined
 * when nobody does. Rejects with the system's error when the file cannot be read.
 */
export async function recogniseTranscript(
  path: string,
  adapters: readonly TranscriptAdapter[],
  environment: AgentEnvironment,
): Promise<RecognisedTranscript | undefined> {
  const slashed = path.replaceAll('\\', '/');
  for (const adapter of adapters) {
    for (const root of adapter.roots(environment)) {
      const folder = `${root.folder.replaceAll('\\', '/').replace(/\/+$/, '')}/`;
      const relative = slashed.startsWith(folder) ? slashed.slice(folder.length) : undefined;
      if (relative !== undefined && root.isTranscript(relative)) return { adapter, framing: root.framing, file: { path, relative } };
    }
  }
  const samples = await firstRecords(path);
  let best: TranscriptAdapter | undefined;
  let most = 0;
  for (const adapter of adapters) {
    const claims = samples.filter((sample) => adapter.recognises(sample)).length;
    if (claims > most) [best, most] = [adapter, claims];
  }
  if (best === undefined) return undefined;
  const roots = best.roots(environment);
  const { relative, root } = placeBelow(slashed, roots);
  return { adapter: best, framing: root.framing, file: { path, relative } };
}

const maxLevels = 8;

/** As much of the path as could lie below one of the roots, at least the name: readers take ids and parents from it. */
function placeBelow(path: string, roots: readonly TranscriptRoot[]): { readonly relative: string; readonly root: TranscriptRoot } {
  const parts = path.split('/').filter((part) => part !== '' && !/^[A-Za-z]:$/.test(part));
  for (let levels = Math.min(maxLevels, parts.length); levels > 0; levels--) {
    const relative = parts.slice(-levels).join('/');
    const root = roots.find((candidate) => levels <= candidate.depth + 1 && candidate.isTranscript(relative));
    if (root !== undefined) return { relative, root };
  }
  return { relative: parts.at(-1) ?? path, root: roots[0]! };
}

async function firstRecords(path: string): Promise<readonly unknown[]> {
  const handle = await open(path, 'r');
  try {
    const samples: unknown[] = [];
    let text = '';
    const decoder = new TextDecoder();
    for (let at = 0; at < headBytes && samples.length < maxSamples;) {
      const buffer = Buffer.alloc(64 * 1024);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      // A database is no text, whatever records can be made out in its pages.
      if (at === 0 && buffer.toString('latin1', 0, databaseMark.length) === databaseMark) return [];
      text += decoder.decode(buffer.subarray(0, bytesRead), { stream: true });
      at += bytesRead;
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      if (bytesRead === 0) lines.push(text);
      for (const line of lines) for (const record of readRecords(line, 0).records) samples.push(record.value);
      if (bytesRead === 0) break;
    }
    return samples;
  } finally {
    await handle.close();
  }
}
