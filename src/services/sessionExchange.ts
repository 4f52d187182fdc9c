import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { decodeLine } from '../core/logCodec.ts';
import type { Digest } from '../model/digest.ts';
import { isSessionId, type SessionId } from '../model/ids.ts';
import { prepareRoot, segmentName, type TapedeckLayout } from '../store/layout.ts';
import type { LogReader } from '../store/logReader.ts';

/**
 * A session as one JSONL file: a first line that says what it is, then every event's line as it is stored, in the session's one
 * order. Taken in again, each writer's lines stand in a segment of its own, byte for byte, with their checksums and chain, so
 * the same events come out. Contents of files are not in it: an imported session can be read, and not rewound.
 * A log that is there is never written to, and nothing of what a file says becomes a path but ids that are checked.
 */
export const exchangeVersion = 1;

export interface ImportedSession {
  readonly session: SessionId;
  readonly events: number;
  /** Lines that are no sound lines of a log: left out. `first` is the number of the first one in the file. */
  readonly damaged: { readonly count: number; readonly first: number | undefined };
}

/** Thrown for what is no export, and for a session that is here already. */
export class ExchangeError extends Error {
  readonly reason: 'no-export' | 'newer-export' | 'session-exists' | 'empty';

  constructor(reason: ExchangeError['reason'], message: string) {
    super(message);
    this.name = 'ExchangeError';
    this.reason = reason;
  }
}

/** The export's bytes, in pieces. */
export async function* exportSession(reader: LogReader, session: SessionId): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${JSON.stringify({ tapedeck: 'session', version: exchangeVersion, session })}\n`);
  const newline = Buffer.from('\n');
  for await (const { line } of reader.lines({})) yield Buffer.concat([line, newline]);
}

/** True when the file begins as an export does. Rejects with the system's error. */
export async function isSessionExport(file: string): Promise<boolean> {
  if (!(await stat(file)).isFile()) return false;
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(200), 0, 200, 0);
    return /^\ufeff?\{"tapedeck":"session"/.test(buffer.toString('utf8', 0, bytesRead));
  } finally {
    await handle.close();
  }
}

const longestLine = 64 * 1024 * 1024;

/** Makes a session of an export. Rejects with an ExchangeError, or the system's error, and then leaves nothing behind. */
export async function importSession(file: string, layout: TapedeckLayout, digest: Digest): Promise<ImportedSession> {
  const input = createReadStream(file);
  const lines = createInterface({ input, crlfDelay: Infinity });
  let session: SessionId | undefined;
  let place: string | undefined;
  const writers = new Map<string, FileHandle>();
  let events = 0;
  let count = 0;
  let first: number | undefined;
  let number = 0;
  try {
    for await (const text of lines) {
      number += 1;
      if (session === undefined) {
        session = readHead(text);
        const target = layout.session(session).folder;
        if (await isThere(target))
          throw new ExchangeError('session-exists', `Session ${session} is in this log already: nothing was imported.`);
        await prepareRoot(layout);
        place = `${target}.${process.pid}.importing`;
        await rm(place, { recursive: true, force: true });
        await mkdir(path.join(place, 'events'), { recursive: true });
        continue;
      }
      if (text === '') continue;
      const bytes = Buffer.from(text);
      const decoded = bytes.length > longestLine ? undefined : decodeLine(bytes, digest);
      const writer = decoded?.ok === true ? decoded.event.w : undefined;
      if (writer === undefined || !/^[a-z0-9]{4,32}$/.test(writer) || writers.size > 10_000) {
        count += 1;
        first ??= number;
        continue;
      }
      let handle = writers.get(writer);
      if (handle === undefined) {
        handle = await open(path.join(place!, 'events', segmentName(writer, 1)), 'wx');
        writers.set(writer, handle);
      }
      await handle.write(`${text}\n`);
      events += 1;
    }
    if (session === undefined || place === undefined || events === 0) throw new ExchangeError('empty', `${file} holds no event.`);
    for (const handle of writers.values()) await handle.sync();
    for (const handle of writers.values()) await handle.close();
    writers.clear();
    await rename(place, layout.session(session).folder);
    place = undefined;
    return { session, events, damaged: { count, first } };
  } finally {
    lines.close();
    input.destroy();
    for (const handle of writers.values()) await handle.close().catch(() => {});
    if (place !== undefined) await rm(place, { recursive: true, force: true }).catch(() => {});
  }
}

function readHead(text: string): SessionId {
  let head: { readonly tapedeck?: unknown; readonly version?: unknown; readonly session?: unknown };
  try {
    head = JSON.parse(text.replace(/^\ufeff/, '')) as typeof head;
  } catch {
    throw new ExchangeError('no-export', 'This is no export of a session: its first line says nothing of one.');
  }
  if (head?.tapedeck !== 'session' || typeof head.session !== 'string' || !isSessionId(head.session))
    throw new ExchangeError('no-export', 'This is no export of a session: its first line says nothing of one.');
  if (typeof head.version !== 'number' || head.version > exchangeVersion)
    throw new ExchangeError('newer-export', 'This export was made by a newer version of Tapedeck. Update this one first.');
  return head.session;
}

const isThere = (folder: string): Promise<boolean> =>
  stat(folder).then(
    () => true,
    () => false,
  );
