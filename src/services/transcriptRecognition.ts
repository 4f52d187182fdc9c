import { open } from 'node:fs/promises';
import type { AgentEnvironment, Framing, TranscriptAdapter, TranscriptFile, TranscriptRoot } from '../core/transcripts/adapter.ts';
import { DocumentPieces } from '../core/transcripts/documentPieces.ts';
import { readRecords } from '../core/transcripts/jsonRecords.ts';
import { lookIntoSqlite, SqliteMissing } from '../store/sqlite.ts';
import { readPackedLines } from '../store/packedLines.ts';
import { isDatabase } from '../store/transcriptSource.ts';

export interface RecognisedTranscript {
  readonly adapter: TranscriptAdapter;
  readonly framing: Framing;
  readonly file: TranscriptFile;
}

const headBytes = 1024 * 1024;
const maxSamples = 24;
/** Of a file's first lines or pieces, the part that its agent must know. */
const leastShare = 1 / 3;
const databaseMark = 'SQLite format 3\0';

/** What a file's beginning gives when it is taken as one kind of file or another. */
type Form = 'lines' | 'packed' | 'document' | 'database' | 'text';

/** The framings by which a file of a form can be read; the first is that of a file which lies nowhere that an agent names. */
const framingsOf: Readonly<Record<Form, readonly Framing[]>> = {
  lines: ['json-lines', 'opencode-files'],
  packed: ['packed-lines'],
  document: ['json-document', 'opencode-files'],
  database: ['opencode-database', 'openclaw-database', 'copilot-traces'],
  text: ['text-lines'],
};

/**
 * Whose transcript a file is. Where it lies tells first: a file below an agent's own folder, of the name that the agent
 * gives, is that agent's. Anywhere else its beginning tells: the agent that recognises most of the records there has it,
 * of lines and pieces at least a third. Undefined when nobody does. Rejects with the system's error when the file cannot be read.
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
  let best: { readonly adapter: TranscriptAdapter; readonly form: Form } | undefined;
  let most = 0;
  for (const [form, samples] of await beginningOf(path)) {
    for (const adapter of adapters) {
      const claims = samples.filter((sample) => adapter.recognises(sample)).length;
      // A few lines that could be its own do not make a file its own: there are agents that are not known here.
      if ((form === 'lines' || form === 'packed' || form === 'document') && claims < samples.length * leastShare) continue;
      if (claims > most) [best, most] = [{ adapter, form }, claims];
    }
  }
  if (best === undefined) return undefined;
  const framings = framingsOf[best.form];
  const { relative, framing } = placeBelow(slashed, best.adapter, best.adapter.roots(environment), framings);
  return { adapter: best.adapter, framing, file: { path, relative } };
}

const maxLevels = 8;

/** As much of the path as could lie below one of the roots, at least the name: readers take ids and parents from it. */
function placeBelow(
  path: string,
  adapter: TranscriptAdapter,
  roots: readonly TranscriptRoot[],
  framings: readonly Framing[],
): { readonly relative: string; readonly framing: Framing } {
  const parts = path.split('/').filter((part) => part !== '' && !/^[A-Za-z]:$/.test(part));
  for (let levels = Math.min(maxLevels, parts.length); levels > 0; levels--) {
    const relative = parts.slice(-levels).join('/');
    const root = roots.find(
      (candidate) => framings.includes(candidate.framing) && levels <= candidate.depth + 1 && candidate.isTranscript(relative),
    );
    if (root !== undefined) return { relative, framing: root.framing };
  }
  // Lines and documents are read as such wherever they lie; a database as its agent's own.
  const own = framings.some(isDatabase) ? (adapter.named ?? roots.find((root) => isDatabase(root.framing))?.framing) : undefined;
  return { relative: parts.at(-1) ?? path, framing: own ?? framings[0]! };
}

/** The first records of the file, in each form that it can have. */
async function beginningOf(path: string): Promise<readonly (readonly [Form, readonly unknown[]])[]> {
  const handle = await open(path, 'r');
  try {
    const lines: unknown[] = [];
    const texts: string[] = [];
    const pieces: unknown[] = [];
    const document = new DocumentPieces({ onPiece: (piece) => pieces.push(piece), onDamage: () => undefined }, headBytes);
    let rest = '';
    const decoder = new TextDecoder();
    for (let at = 0; at < headBytes && Math.max(lines.length, pieces.length) < maxSamples;) {
      const buffer = Buffer.alloc(64 * 1024);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      const chunk = buffer.subarray(0, bytesRead);
      // A database is no text, whatever records can be made out in its pages.
      if (at === 0 && chunk.toString('latin1', 0, databaseMark.length) === databaseMark) return [['database', await tablesOf(path)]];
      if (at === 0 && chunk.length >= 4 && chunk.readUInt32LE(0) === zstdMark) return [['packed', await packedBeginning(path)]];
      document.push(chunk);
      rest += decoder.decode(chunk, { stream: true });
      at += bytesRead;
      const whole = rest.split('\n');
      rest = whole.pop() ?? '';
      if (bytesRead === 0) whole.push(rest);
      for (const line of whole) for (const record of readRecords(line, 0).records) lines.push(record.value);
      texts.push(...whole.slice(0, maxTexts - texts.length));
      if (bytesRead === 0) break;
    }
    return [
      ['lines', lines],
      ['document', pieces],
      ['text', texts.map((line) => ({ line }))],
    ];
  } finally {
    await handle.close();
  }
}

const maxTexts = 200;
const zstdMark = 0xfd2fb528;

/** The first records of a packed file. Rejects with ZstdMissing where nothing can be unpacked. */
async function packedBeginning(path: string): Promise<readonly unknown[]> {
  const records: unknown[] = [];
  const enough = new Error('enough');
  await readPackedLines(path, {
    onRecord: (value) => records.push(value),
    onChunk: () => (records.length < maxSamples ? Promise.resolve() : Promise.reject(enough)),
  }).catch((error: unknown) => {
    if (error !== enough) throw error;
  });
  return records.slice(0, maxSamples);
}

/** One sample: the names of the tables. Where SQLite cannot be read, the sample says so. */
async function tablesOf(path: string): Promise<readonly unknown[]> {
  try {
    return [{ tables: await lookIntoSqlite(path, (look) => Promise.resolve(look.all(tableNames).map(({ name }) => name))) }];
  } catch (error) {
    if (error instanceof SqliteMissing) return [{ tables: null, name: path.replaceAll('\\', '/').split('/').at(-1) }];
    throw error;
  }
}

const tableNames = "SELECT name FROM sqlite_master WHERE type = 'table'";
