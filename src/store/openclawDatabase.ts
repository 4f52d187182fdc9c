import type { TranscriptFile } from '../core/transcripts/adapter.ts';
import { ChangingDatabase } from './changingDatabase.ts';
import type { RecordTaker } from './recordTaker.ts';
import { lookIntoSqlite, type DatabaseSession, type SqliteLook, type SqliteRow } from './sqlite.ts';
import type { TailOutcome } from './transcriptTail.ts';
import { unpackZstd, ZstdMissing } from './zstd.ts';

/** The sessions of an agent's database, the older first. Rejects with SqliteMissing, or with SQLite's error. */
export function listOpenclawSessions(path: string): Promise<readonly DatabaseSession[]> {
  return lookIntoSqlite(path, (look) => {
    // The agent has only begun to make it.
    if (!hasTables(look)) return Promise.resolve([]);
    const rows = look.all(
      `SELECT w.session_id AS id, COALESCE(w.transcript_updated_at, w.updated_at) AS changed,
        (SELECT MAX(seq) FROM transcript_events e WHERE e.session_id = w.session_id) AS seq
        FROM session_windows w ORDER BY w.created_at, w.session_id`,
    );
    return Promise.resolve(
      rows.map(({ id, changed, seq }) => ({
        id: String(id),
        changedAtMs: Number(changed ?? 0),
        sequence: seq === null || seq === undefined ? undefined : Number(seq) + 1,
      })),
    );
  });
}

function hasTables(look: SqliteLook): boolean {
  const names = look.all("SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('session_windows', 'transcript_events')");
  return names.length === 2;
}

const mebibyte = 1024 * 1024;
const decoder = new TextDecoder();
/** As many rows, and as much of them, as is read before others get their turn. */
const pageRows = 200;
const pageBytes = mebibyte;

/**
 * One session in a database of OpenClaw since 2026.7: table `transcript_events` (session_id, seq, event_json, or event_zstd
 * for long ones), which grows at its end; what is written anew from its beginning has another `generation` in
 * `transcript_rewrite_watermarks`. Tells first, as a record of type `openclaw.session`, what the tables beside say of the
 * session, then its events, which are those of the files of before; `offset` is an event's `seq`.
 */
export class OpenclawDatabaseSource {
  readonly #database: ChangingDatabase;
  readonly #session: string;
  readonly #taker: RecordTaker;
  readonly #maxRowBytes: number;
  #next = 0;
  #generation: string | undefined;
  #card: string | undefined;

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
      if (isAgain) this.#restart();
      return this.#readRows(look);
    });
  }

  #restart(): void {
    if (this.#next > 0) this.#taker.onRestart?.('rewritten');
    this.#next = 0;
    this.#card = undefined;
  }

  async #readRows(look: SqliteLook): Promise<number> {
    if (!hasTables(look)) return 0;
    const [rewritten] = look.all('SELECT generation FROM transcript_rewrite_watermarks WHERE session_id = ?', this.#session);
    const generation = rewritten === undefined ? undefined : String(rewritten['generation']);
    const [last] = look.all('SELECT MAX(seq) AS seq FROM transcript_events WHERE session_id = ?', this.#session);
    const isShorter = Number(last?.['seq'] ?? -1) + 1 < this.#next;
    if (this.#next > 0 && (isShorter || generation !== this.#generation)) this.#restart();
    this.#generation = generation;
    this.#tellCard(look);
    let bytes = 0;
    for (;;) {
      const rows = this.#page(look);
      for (const row of rows) {
        bytes += Number(row['size']);
        this.#next = Number(row['seq']) + 1;
        this.#tellEvent(look, row);
      }
      await this.#taker.onChunk?.();
      if (rows.length === 0) return bytes;
    }
  }

  /** The next rows, without what they hold: which of them is too long is known before it is read. */
  #page(look: SqliteLook): readonly SqliteRow[] {
    const rows = look.all(
      `SELECT seq, event_json IS NULL AS packed, COALESCE(event_utf8_bytes, octet_length(event_json)) AS size
        FROM transcript_events WHERE session_id = ? AND seq >= ? ORDER BY seq LIMIT ${pageRows}`,
      this.#session,
      this.#next,
    );
    let sum = 0;
    const end = rows.findIndex((row) => (sum += Number(row['size'])) > pageBytes);
    return end < 0 ? rows : rows.slice(0, end + 1);
  }

  #tellEvent(look: SqliteLook, row: SqliteRow): void {
    const seq = Number(row['seq']);
    const sizeBytes = Number(row['size']);
    const damage = (reason: 'too-long' | 'not-an-object'): void =>
      this.#taker.onDamage?.({ path: this.#database.path, offset: seq, sizeBytes, reason });
    if (sizeBytes > this.#maxRowBytes) {
      damage('too-long');
      return;
    }
    const value = this.#valueOf(look, seq, row['packed'] === 1);
    if (value === undefined) damage('not-an-object');
    else this.#taker.onRecord(value, seq);
  }

  #valueOf(look: SqliteLook, seq: number, isPacked: boolean): object | undefined {
    const column = isPacked ? 'event_zstd' : 'event_json';
    const [row] = look.all(`SELECT ${column} AS event FROM transcript_events WHERE session_id = ? AND seq = ?`, this.#session, seq);
    const told = row?.['event'];
    try {
      // What it unpacks to is bounded, whatever it says of itself.
      const text = told instanceof Uint8Array ? decoder.decode(unpackZstd(told, this.#maxRowBytes)) : told;
      const value: unknown = typeof text === 'string' ? JSON.parse(text) : undefined;
      return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
    } catch (error) {
      if (error instanceof ZstdMissing) throw error;
      return undefined;
    }
  }

  /** What the session is called and came from, as often as it is another. */
  #tellCard(look: SqliteLook): void {
    const [window] = look.all('SELECT * FROM session_windows WHERE session_id = ?', this.#session);
    if (window === undefined) return;
    const key = window['session_key'];
    const [node] = typeof key === 'string' ? look.all(nodeColumns, key) : [];
    const spawner = node?.['spawned_by'] ?? node?.['parent_session_key'] ?? window['spawned_by'] ?? window['parent_session_key'];
    const [parent] =
      typeof spawner === 'string' ? look.all('SELECT current_session_id AS id FROM session_nodes WHERE session_key = ?', spawner) : [];
    const isFork = window['reason'] === 'fork' || window['reason'] === 'rewind';
    const card = {
      type: 'openclaw.session',
      id: this.#session,
      key,
      parent: parent?.['id'] ?? undefined,
      title: node?.['label'] ?? node?.['display_name'] ?? window['display_name'] ?? undefined,
      forkedFrom: node?.['fork_source_session_id'] ?? (isFork ? window['previous_session_id'] : undefined) ?? undefined,
    };
    const text = JSON.stringify(card, (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));
    if (text === this.#card) return;
    this.#card = text;
    this.#taker.onRecord(card, 0);
  }
}

/** Not `entry_json`, which holds the prompts of all skills. */
const nodeColumns =
  'SELECT label, display_name, spawned_by, parent_session_key, fork_source_session_id FROM session_nodes WHERE session_key = ?';
