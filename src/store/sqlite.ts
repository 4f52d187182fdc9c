import { stat } from 'node:fs/promises';
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

/**
 * Reads SQLite databases that belong to another program, which may have them open and be writing.
 *
 * Promise: the database and its `-wal` keep every byte; nothing is vacuumed or checkpointed. While the writer lives (a
 * `-wal` is there) SQLite's own locks are taken, which touch the `-shm`, the index that it rebuilds at will. Without a
 * `-wal` nobody has it open: then it is read as a file that stands still, which touches nothing at all, and read again
 * if it did not stand still.
 */
export type SqliteRow = Readonly<Record<string, SQLOutputValue>>;

/** One look into a database. Its answers are those of one moment only within a call. */
export interface SqliteLook {
  all(sql: string, ...values: readonly (string | number)[]): readonly SqliteRow[];
}

/** A session in an agent's database. */
export interface DatabaseSession {
  readonly id: string;
  readonly changedAtMs: number;
  /** Grows with each change; undefined in older databases, which do not tell. */
  readonly sequence: number | undefined;
}

/** SQLite cannot be read here. `reason` is `no-sqlite`. */
export class SqliteMissing extends Error {
  readonly reason = 'no-sqlite';

  constructor() {
    super(`Node ${process.versions.node} cannot read SQLite databases; Node 22.15 and later can`);
    this.name = 'SqliteMissing';
  }
}

type SqliteModule = typeof import('node:sqlite');

let found: { readonly module: SqliteModule | undefined } | undefined;

/** Node's own SQLite; undefined where it has none. */
function sqliteModule(): SqliteModule | undefined {
  found ??= { module: quietly(() => process.getBuiltinModule?.('node:sqlite')) };
  return found.module;
}

/** Node warns that its SQLite is young, on standard error, where answers of ours are read. */
function quietly<T>(load: () => T): T {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** How a database stands on disk, to see by two stats whether anything was written. Undefined when it is not there. */
export async function sqliteMark(path: string): Promise<string | undefined> {
  const [database, log] = await Promise.all([markOf(path), markOf(`${path}-wal`)]);
  return database === undefined ? undefined : `${database} ${log ?? ''}`;
}

async function markOf(path: string): Promise<string | undefined> {
  const info = await stat(path, { bigint: true }).catch(() => undefined);
  return info === undefined ? undefined : `${info.dev}:${info.ino}:${info.size}:${info.mtimeNs}`;
}

const maxTries = 5;

/**
 * Opens a database for the time of the work. The work may be done again from its beginning when the database changed under
 * it. Rejects with SqliteMissing, or with SQLite's error.
 */
export async function lookIntoSqlite<T>(path: string, work: (look: SqliteLook, isAgain: boolean) => Promise<T>): Promise<T> {
  const sqlite = sqliteModule();
  if (sqlite === undefined) throw new SqliteMissing();
  for (let tries = 1; ; tries++) {
    const mark = await sqliteMark(path);
    if (mark === undefined) throw Object.assign(new Error(`There is no ${path}`), { code: 'ENOENT' });
    const standsStill = mark.endsWith(' ');
    let database: DatabaseSync | undefined;
    try {
      database = open(sqlite, path, standsStill);
      const done = await work(lookOf(database), tries > 1);
      if (!standsStill || tries === maxTries || (await sqliteMark(path)) === mark) return done;
    } catch (error) {
      // Read as standing still while it did not: what was read may be torn.
      if (!standsStill || tries === maxTries || (await sqliteMark(path)) === mark) throw error;
    } finally {
      database?.close();
    }
  }
}

function open(sqlite: SqliteModule, path: string, standsStill: boolean): DatabaseSync {
  if (standsStill) {
    const url = pathToFileURL(path);
    url.searchParams.set('immutable', '1');
    return new sqlite.DatabaseSync(url, { readOnly: true });
  }
  const database = new sqlite.DatabaseSync(path, { readOnly: true });
  database.exec(`PRAGMA busy_timeout = ${busyMs}`);
  return database;
}

/** The thread waits while the writer holds its lock: short, since a look is tried again soon. */
const busyMs = 250;

function lookOf(database: DatabaseSync): SqliteLook {
  return { all: (sql, ...values) => database.prepare(sql).all(...values) };
}
