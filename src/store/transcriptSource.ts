import type { DatabaseFraming, Framing, TranscriptFile } from '../core/transcripts/adapter.ts';
import { CopilotTracesSource, listTracedSessions } from './copilotTraces.ts';
import { listOpenclawSessions, OpenclawDatabaseSource } from './openclawDatabase.ts';
import { listOpencodeSessions, OpencodeDatabaseSource } from './opencodeDatabase.ts';
import { OpencodeFilesSource } from './opencodeFiles.ts';
import { PackedLinesSource } from './packedLines.ts';
import type { RecordTaker } from './recordTaker.ts';
import type { DatabaseSession } from './sqlite.ts';
import { TranscriptDocument } from './transcriptDocument.ts';
import { TranscriptTail, type TailOutcome } from './transcriptTail.ts';

/** Where a transcript's records come from, however it is kept. */
export interface TranscriptSource {
  /** True when it looks other than at the last reading: a stat or a few, no reading. */
  hasChanged(): Promise<boolean>;
  /** Reads what is new. Must not be called again before it has ended. Rejects when reading fails; the next call tries again. */
  read(): Promise<TailOutcome>;
}

/** Opens the source of one transcript. Nothing is read yet. */
export function openTranscriptSource(framing: Framing, file: TranscriptFile, taker: RecordTaker): TranscriptSource {
  switch (framing) {
    case 'opencode-database':
      return new OpencodeDatabaseSource(file, taker);
    case 'openclaw-database':
      return new OpenclawDatabaseSource(file, taker);
    case 'copilot-traces':
      return new CopilotTracesSource(file, taker);
    case 'packed-lines':
      return new PackedLinesSource(file.path, taker);
    case 'opencode-files':
      return new OpencodeFilesSource(file, taker);
    case 'json-document':
      return new TranscriptDocument({ ...taker, path: file.path });
    case 'json-lines':
    case 'text-lines':
      return new TranscriptTail({ ...taker, path: file.path, isText: framing === 'text-lines' });
  }
}

/** True where one file holds many transcripts, each of which is named by its `session`. */
export function isDatabase(framing: Framing): framing is DatabaseFraming {
  return framing === 'opencode-database' || framing === 'openclaw-database' || framing === 'copilot-traces';
}

/** The sessions in a database, the older first. Rejects with SqliteMissing, or when it cannot be read. */
export function listSessions(framing: DatabaseFraming, path: string): Promise<readonly DatabaseSession[]> {
  switch (framing) {
    case 'opencode-database':
      return listOpencodeSessions(path);
    case 'openclaw-database':
      return listOpenclawSessions(path);
    case 'copilot-traces':
      return listTracedSessions(path);
  }
}

/** The transcripts in a file: itself, or each that a database holds. Rejects with SqliteMissing, or when it cannot be read. */
export async function transcriptsIn(framing: Framing, file: TranscriptFile): Promise<readonly TranscriptFile[]> {
  if (!isDatabase(framing)) return [file];
  const sessions = await listSessions(framing, file.path);
  return sessions.map(({ id }) => ({ path: file.path, relative: `${file.relative}/${id}`, session: id }));
}
