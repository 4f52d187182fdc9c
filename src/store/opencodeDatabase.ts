import type { TranscriptFile } from '../core/transcripts/adapter.ts';
import { ChangingDatabase } from './changingDatabase.ts';
import { lookIntoSqlite, type DatabaseSession, type SqliteLook, type SqliteRow } from './sqlite.ts';
import type { RecordTaker } from './recordTaker.ts';
import type { TailOutcome } from './transcriptTail.ts';

/** The sessions of a database, the older first. Rejects with SqliteMissing, or with SQLite's error. */
export function listOpencodeSessions(path: string): Promise<readonly DatabaseSession[]> {
  return lookIntoSqlite(path, (look) => {
    const tables = new Set(
      look.all("SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('session', 'event_sequence')").map(({ name }) => name),
    );
    // The agent has only begun to make it.
    if (!tables.has('session')) return Promise.resolve([]);
    const rows = look.all(
      tables.has('event_sequence')
        ? 'SELECT s.id, s.time_updated AS changed, e.seq FROM session s LEFT JOIN event_sequence e ON e.aggregate_id = s.id ORDER BY s.time_created, s.id'
        : 'SELECT id, time_updated AS changed, NULL AS seq FROM session ORDER BY time_created, id',
    );
    return Promise.resolve(
      rows.map(({ id, changed, seq }) => ({
        id: String(id),
        changedAtMs: Number(changed ?? 0),
        sequence: seq === null || seq === undefined ? undefined : Number(seq),
      })),
    );
  });
}

const mebibyte = 1024 * 1024;
/** As much of a session as is read before others get their turn. */
const pageBytes = mebibyte;

interface Row {
  readonly id: string;
  readonly row: number;
  readonly mark: string;
  readonly sizeBytes: number;
}

/**
 * One session in OpenCode's database: tables `session`, `message` and `part`, the last two with a JSON text in `data`.
 * Rows are updated while an answer streams in; which ones shows in `time_updated` and the length. Tells the pieces of the
 * document that `opencode export` would write; `offset` is the message's row.
 */
export class OpencodeDatabaseSource {
  readonly #database: ChangingDatabase;
  readonly #session: string;
  readonly #taker: RecordTaker;
  readonly #maxRowBytes: number;
  readonly #seen = new Map<string, string>();
  #info: string | undefined;
  #isForkKnown = false;

  constructor(file: TranscriptFile, taker: RecordTaker) {
    this.#database = new ChangingDatabase(file.path);
    this.#session = file.session ?? '';
    this.#taker = taker;
    this.#maxRowBytes = taker.maxLineBytes ?? 16 * mebibyte;
  }

  hasChanged(): Promise<boolean> {
    return this.#database.hasChanged();
  }

  read(): Promise<TailOutcome> {
    return this.#database.read((look, isAgain) => {
      // What was read before may have been torn.
      if (isAgain) this.#forget();
      return this.#readRows(look);
    });
  }

  #forget(): void {
    this.#seen.clear();
    this.#info = undefined;
  }

  async #readRows(look: SqliteLook): Promise<number> {
    const [session] = look.all('SELECT * FROM session WHERE id = ?', this.#session);
    if (session === undefined) return 0;
    let bytes = this.#tellInfo(session, look);
    const parts = new Map<string, Row[]>();
    for (const part of this.#rows(look, 'part', 'message_id')) {
      const own = parts.get(part.parent);
      if (own === undefined) parts.set(part.parent, [part]);
      else own.push(part);
    }
    let page = 0;
    for (const [index, message] of this.#rows(look, 'message', 'id').entries()) {
      const own = parts.get(message.id) ?? [];
      const isNew = [message, ...own].some((row) => this.#seen.get(row.id) !== row.mark);
      if (!isNew) continue;
      this.#tellMessage(look, message, own, index);
      for (const row of [message, ...own]) this.#seen.set(row.id, row.mark);
      const read = own.reduce((sum, part) => sum + part.sizeBytes, message.sizeBytes);
      bytes += read;
      page += read;
      if (page < pageBytes) continue;
      page = 0;
      await this.#taker.onChunk?.();
    }
    if (bytes > 0) this.#taker.onRecord({ member: null, isWhole: true }, 0);
    await this.#taker.onChunk?.();
    return bytes;
  }

  #rows(look: SqliteLook, table: 'message' | 'part', parent: 'id' | 'message_id'): readonly (Row & { readonly parent: string })[] {
    const order = table === 'message' ? 'time_created, id' : 'id';
    return look
      .all(
        `SELECT rowid AS n, id, ${parent} AS parent, time_updated AS changed, octet_length(data) AS size FROM ${table} WHERE session_id = ? ORDER BY ${order}`,
        this.#session,
      )
      .map((row) => ({
        id: String(row['id']),
        parent: String(row['parent']),
        row: Number(row['n']),
        mark: `${Number(row['changed'])}:${Number(row['size'])}`,
        sizeBytes: Number(row['size']),
      }));
  }

  /** Answers with the bytes of what was told; none when nothing is new. */
  #tellInfo(session: SqliteRow, look: SqliteLook): number {
    const text = JSON.stringify(session, (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));
    if (text === this.#info) return 0;
    const isFirst = this.#info === undefined;
    this.#info = text;
    this.#taker.onRecord({ member: 'info', value: infoOf(session) }, 0);
    if (isFirst) this.#tellOrigin(session, look);
    return text.length;
  }

  /** A fork is a copy whose messages are older than itself; which session it was made from shows in the first one's time. */
  #tellOrigin(session: SqliteRow, look: SqliteLook): void {
    if (this.#isForkKnown) return;
    this.#isForkKnown = true;
    const [first] = look.all('SELECT MIN(time_created) AS at FROM message WHERE session_id = ?', this.#session);
    const at = Number(first?.['at'] ?? 0);
    if (at === 0 || at >= Number(session['time_created'] ?? 0)) return;
    const [origin] = look.all(
      'SELECT m.session_id AS id FROM message m JOIN session s ON s.id = m.session_id WHERE m.time_created = ? AND s.time_created <= ? AND s.id <> ? ORDER BY s.time_created LIMIT 1',
      at,
      at,
      this.#session,
    );
    if (typeof origin?.['id'] === 'string') this.#taker.onRecord({ member: 'forkedFrom', value: origin['id'] }, 0);
  }

  #tellMessage(look: SqliteLook, message: Row, parts: readonly Row[], index: number): void {
    const info = this.#valueOf(look, 'message', message);
    if (info === undefined) return;
    const told = parts.map((part) => {
      const value = this.#valueOf(look, 'part', part);
      // Keeps its place, since the parts are known by it; what it held is told as damage.
      return value === undefined ? { id: part.id, type: 'snapshot' } : { ...value, id: part.id };
    });
    this.#taker.onRecord(
      { member: 'messages', index, value: { info: { ...info, id: message.id, sessionID: this.#session }, parts: told } },
      message.row,
    );
  }

  #valueOf(look: SqliteLook, table: 'message' | 'part', { id, row, sizeBytes }: Row): object | undefined {
    const damage = (reason: 'too-long' | 'not-an-object'): undefined => {
      if (!this.#seen.has(`damage/${id}`)) this.#taker.onDamage?.({ path: this.#database.path, offset: row, sizeBytes, reason });
      this.#seen.set(`damage/${id}`, '');
      return undefined;
    };
    if (sizeBytes > this.#maxRowBytes) return damage('too-long');
    const text = look.all(`SELECT data FROM ${table} WHERE id = ?`, id)[0]?.['data'];
    // It may have been taken back since it was listed.
    if (typeof text !== 'string') return undefined;
    try {
      const value: unknown = JSON.parse(text);
      return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : damage('not-an-object');
    } catch {
      return damage('not-an-object');
    }
  }
}

/** A row of `session` in the words of the document. */
function infoOf(session: SqliteRow): object {
  const revert = session['revert'];
  return {
    id: session['id'],
    directory: session['directory'],
    title: session['title'],
    version: session['version'],
    ...(session['parent_id'] === null ? {} : { parentID: session['parent_id'] }),
    ...(typeof revert === 'string' ? { revert: parsed(revert) } : {}),
    time: { created: session['time_created'], updated: session['time_updated'] },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
