import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TranscriptFact } from '../../src/core/transcripts/adapter.ts';
import { openclawAdapter } from '../../src/core/transcripts/openclaw.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { listOpenclawSessions } from '../../src/store/openclawDatabase.ts';
import { openTranscriptSource } from '../../src/store/transcriptSource.ts';
import type { TailDamage } from '../../src/store/transcriptTail.ts';
import { hasZstd } from '../../src/store/zstd.ts';
import { filesOf, openDatabaseWriter, quoted, type DatabaseWriter } from './opencodeRoom.ts';

/** The tables of OpenClaw's database that are read, with the columns that are (2026.9). */
const tables = `
CREATE TABLE session_nodes (session_key TEXT NOT NULL PRIMARY KEY, current_session_id TEXT NOT NULL, entry_json TEXT NOT NULL,
  parent_session_key TEXT, spawned_by TEXT, fork_source_session_id TEXT, label TEXT, display_name TEXT);
CREATE TABLE session_windows (session_id TEXT NOT NULL PRIMARY KEY, session_key TEXT NOT NULL, previous_session_id TEXT, reason TEXT,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, transcript_updated_at INTEGER, parent_session_key TEXT, spawned_by TEXT,
  display_name TEXT);
CREATE TABLE transcript_events (session_id TEXT NOT NULL, seq INTEGER NOT NULL, event_json TEXT, created_at INTEGER NOT NULL,
  event_zstd BLOB, event_utf8_bytes INTEGER, navigation_json TEXT, PRIMARY KEY (session_id, seq));
CREATE TABLE transcript_rewrite_watermarks (session_id TEXT NOT NULL PRIMARY KEY, generation TEXT NOT NULL, updated_at INTEGER NOT NULL);`;

let folder: string;
let path: string;
let writer: DatabaseWriter;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-openclaw-'));
  path = join(folder, 'openclaw-agent.sqlite');
  writer = await openDatabaseWriter(path);
  await writer.run(tables);
});
afterEach(async () => {
  await writer.kill();
  await rm(folder, { recursive: true, force: true });
});

const atMs = Date.UTC(2026, 10, 20);
const addSession = (id: string, key: string, more: { readonly label?: string; readonly spawnedBy?: string } = {}): Promise<void> =>
  writer.run(
    `INSERT INTO session_nodes (session_key, current_session_id, entry_json, label, spawned_by) VALUES ('${key}', '${id}', '{}', ${sqlText(more.label)}, ${sqlText(more.spawnedBy)});
     INSERT INTO session_windows (session_id, session_key, created_at, updated_at) VALUES ('${id}', '${key}', ${atMs}, ${atMs})`,
  );
const sqlText = (text: string | undefined): string => (text === undefined ? 'NULL' : `'${text}'`);
const addEvent = (session: string, seq: number, event: object | string): Promise<void> =>
  writer.run(
    `INSERT INTO transcript_events (session_id, seq, event_json, created_at) VALUES ('${session}', ${seq}, ${quoted(event)}, ${atMs})`,
  );
const message = (id: string, parentId: string | null, second: number, body: object) => ({
  type: 'message',
  id,
  parentId,
  timestamp: new Date(atMs + second * 1000).toISOString(),
  message: body,
});
const header = (id: string) => ({ type: 'session', version: 4, id, timestamp: new Date(atMs).toISOString(), cwd: '/w' });
const said = (id: string, parent: string | null, second: number, text: string) =>
  message(id, parent, second, { role: 'user', content: text });

function open(session: string, maxLineBytes?: number) {
  const file = { path, relative: `main/agent/openclaw-agent.sqlite/${session}`, session };
  let reader = openclawAdapter.openReader(file, { digest: nodeDigest });
  const facts: TranscriptFact[] = [];
  const damage: TailDamage[] = [];
  const restarts: string[] = [];
  const source = openTranscriptSource('openclaw-database', file, {
    onRecord: (value, offset) => facts.push(...reader.read(value, { offset })),
    onDamage: (entry) => damage.push(entry),
    onRestart: (reason) => {
      restarts.push(reason);
      reader = openclawAdapter.openReader(file, { digest: nodeDigest });
    },
    ...(maxLineBytes === undefined ? {} : { maxLineBytes }),
  });
  return { facts, damage, restarts, source, run: () => reader.describe() };
}
const words = (facts: readonly TranscriptFact[]): unknown[] =>
  facts.map((fact) => ('text' in fact && typeof fact.text === 'object' ? fact.text.head : fact.kind));

describe('OpenClaw’s database', () => {
  test('[A55] is followed while the agent writes, and keeps every byte', async () => {
    await addSession('s1', 'agent:main:main', { label: 'Calc' });
    await addEvent('s1', 0, header('s1'));
    await addEvent('s1', 1, said('a', null, 1, 'one'));
    const before = await filesOf(folder);
    const reading = open('s1');
    expect(await reading.source.read()).toMatchObject({ kind: 'read' });
    expect({ ...(await filesOf(folder)), 'openclaw-agent.sqlite-shm': '' }).toEqual({ ...before, 'openclaw-agent.sqlite-shm': '' });
    expect(await reading.source.hasChanged()).toBe(false);
    await addEvent('s1', 2, said('b', 'a', 2, 'two'));
    expect(await reading.source.hasChanged()).toBe(true);
    await reading.source.read();
    expect(words(reading.facts)).toEqual(['run.started', 'one', 'two']);
    expect(reading.run()).toMatchObject({ run: 's1', key: 'agent:main:main', title: 'Calc', cwd: '/w', turns: 2 });
    expect(await listOpenclawSessions(path)).toMatchObject([{ id: 's1', sequence: 3 }]);
  });

  test('[A45] tells a sub-agent’s parent by its key', async () => {
    await addSession('s1', 'agent:main:main');
    await addSession('s2', 'agent:main:subagent:7', { spawnedBy: 'agent:main:main' });
    await addEvent('s2', 0, header('s2'));
    await addEvent('s2', 1, said('a', null, 1, 'List files'));
    const reading = open('s2');
    await reading.source.read();
    expect(reading.facts).toMatchObject([
      { kind: 'run.started', parent: 's1', key: 'agent:main:subagent:7' },
      { kind: 'prompt.submitted', provenance: 'inter_session' },
    ]);
  });

  test.skipIf(!hasZstd())('[A44] unpacks what is packed, within the limit', async () => {
    await addSession('s1', 'agent:main:main');
    await addEvent('s1', 0, header('s1'));
    const text = JSON.stringify(said('a', null, 1, 'x'.repeat(5000)));
    const packed = zlib.zstdCompressSync(Buffer.from(text));
    const insert = (seq: number, bytes: Buffer, size: number): Promise<void> =>
      writer.run(
        `INSERT INTO transcript_events (session_id, seq, event_json, created_at, event_zstd, event_utf8_bytes) VALUES ('s1', ${seq}, NULL, 1, x'${bytes.toString('hex')}', ${size})`,
      );
    await insert(1, packed, text.length);
    // It says of itself that it is small.
    await insert(2, zlib.zstdCompressSync(Buffer.alloc(64 * 1024 * 1024)), 20);
    await insert(3, Buffer.from('no zstd'), 7);
    const reading = open('s1', 1024 * 1024);
    await reading.source.read();
    expect(reading.facts.map((fact) => fact.kind)).toEqual(['run.started', 'prompt.submitted']);
    expect(reading.damage.map(({ offset, reason }) => [offset, reason])).toEqual([
      [2, 'not-an-object'],
      [3, 'not-an-object'],
    ]);
  });

  test('[A17] is read again when it was written anew, and what is too long or no record is told', async () => {
    await addSession('s1', 'agent:main:main');
    await addEvent('s1', 0, header('s1'));
    await addEvent('s1', 1, said('a', null, 1, 'one'));
    await addEvent('s1', 2, '[1]');
    await addEvent('s1', 3, said('b', 'a', 2, 'y'.repeat(3000)));
    const reading = open('s1', 2000);
    await reading.source.read();
    expect(reading.damage.map(({ offset, reason }) => [offset, reason])).toEqual([
      [2, 'not-an-object'],
      [3, 'too-long'],
    ]);
    await writer.run(`DELETE FROM transcript_events WHERE seq > 0; INSERT INTO transcript_rewrite_watermarks VALUES ('s1', 'g2', 1)`);
    await addEvent('s1', 1, said('c', null, 3, 'three'));
    await reading.source.read();
    expect(reading.restarts).toEqual(['rewritten']);
    expect(words(reading.facts)).toEqual(['run.started', 'one', 'run.started', 'three']);
  });
});
