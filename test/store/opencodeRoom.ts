import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** The tables of OpenCode's database that are read, with their columns and indices (1.18). */
export const opencodeTables = `
CREATE TABLE event_sequence (aggregate_id text PRIMARY KEY, seq integer NOT NULL, owner_id text);
CREATE TABLE session (id text PRIMARY KEY, project_id text NOT NULL, parent_id text, slug text NOT NULL, directory text NOT NULL,
  title text NOT NULL, version text NOT NULL, cost real DEFAULT 0 NOT NULL, revert text, permission text, model text,
  time_created integer NOT NULL, time_updated integer NOT NULL);
CREATE TABLE message (id text PRIMARY KEY, session_id text NOT NULL, time_created integer NOT NULL, time_updated integer NOT NULL, data text NOT NULL);
CREATE TABLE part (id text PRIMARY KEY, message_id text NOT NULL, session_id text NOT NULL, time_created integer NOT NULL,
  time_updated integer NOT NULL, data text NOT NULL);
CREATE INDEX message_session_time_created_id_idx ON message (session_id, time_created, id);
CREATE INDEX part_message_id_id_idx ON part (message_id, id);
CREATE INDEX part_session_idx ON part (session_id);`;

/** A process of its own that has the database open, as the agent has. */
export interface DatabaseWriter {
  run(sql: string): Promise<void>;
  /** As a crash ends it. */
  kill(): Promise<void>;
  /** Closes the database, as a program does that ends well. */
  close(): Promise<void>;
}

export async function openDatabaseWriter(path: string): Promise<DatabaseWriter> {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '-e', writerProgram, path],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  child.stdout.setEncoding('utf8');
  const answer = async (): Promise<void> => {
    const [said] = (await once(child.stdout, 'data')) as [string];
    if (said.trim() !== 'done') throw new Error(said);
  };
  const ended = once(child, 'close');
  await answer();
  return {
    run: async (sql) => {
      const answered = answer();
      child.stdin.write(`${JSON.stringify(sql)}\n`);
      await answered;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

const writerProgram = `
const { DatabaseSync } = require('node:sqlite');
const database = new DatabaseSync(process.argv[1]);
database.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0');
const lines = require('node:readline').createInterface({ input: process.stdin });
lines.on('line', (line) => {
  try { database.exec(JSON.parse(line)); process.stdout.write('done\\n'); } catch (error) { process.stdout.write(String(error) + '\\n'); }
});
lines.on('close', () => { database.exec('PRAGMA wal_checkpoint(TRUNCATE)'); database.close(); });
process.stdout.write('done\\n');`;

export const quoted = (value: string | object): string =>
  `'${(typeof value === 'string' ? value : JSON.stringify(value)).replaceAll("'", "''")}'`;

/** Name and hash of every file in a folder. */
export async function filesOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  const hashes = await Promise.all(
    names.map(async (name) =>
      createHash('sha256')
        .update(await readFile(join(folder, name)))
        .digest('hex'),
    ),
  );
  return Object.fromEntries(names.map((name, index) => [name, hashes[index]!]));
}
