import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { opencodeAdapter } from '../../src/core/transcripts/opencode.ts';
import type { TranscriptFact } from '../../src/core/transcripts/adapter.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { listOpencodeSessions } from '../../src/store/opencodeDatabase.ts';
import { openTranscriptSource, type TranscriptSource } from '../../src/store/transcriptSource.ts';
import type { TailDamage } from '../../src/store/transcriptTail.ts';
import { filesOf, opencodeTables, openDatabaseWriter, quoted, type DatabaseWriter } from './opencodeRoom.ts';

let folder: string;
let path: string;
let writer: DatabaseWriter;
let isOpen: boolean;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-opencode-'));
  path = join(folder, 'opencode.db');
  writer = await openDatabaseWriter(path);
  isOpen = true;
  await writer.run(opencodeTables);
});
afterEach(async () => {
  if (isOpen) await writer.kill();
  await rm(folder, { recursive: true, force: true });
});

const at = Date.UTC(2026, 10, 20);
const addSession = (id: string, created = at): Promise<void> =>
  writer.run(
    `INSERT INTO session (id, project_id, slug, directory, title, version, time_created, time_updated) VALUES ('${id}', 'p', 's', '/w', 'T', '1', ${created}, ${created});
     INSERT INTO event_sequence VALUES ('${id}', 1, NULL)`,
  );
const addMessage = (session: string, id: string, created: number, data: object): Promise<void> =>
  writer.run(`INSERT INTO message VALUES ('${id}', '${session}', ${created}, ${created}, ${quoted({ ...data, time: { created } })})`);
const addPart = (session: string, message: string, id: string, data: object | string): Promise<void> =>
  writer.run(`INSERT INTO part VALUES ('${id}', '${message}', '${session}', ${at}, ${at}, ${quoted(data)})`);
const setPart = (id: string, data: object, updated: number): Promise<void> =>
  writer.run(`UPDATE part SET data = ${quoted(data)}, time_updated = ${updated} WHERE id = '${id}'`);

interface Reading extends TranscriptSource {
  readonly facts: TranscriptFact[];
  readonly pieces: unknown[];
  readonly damage: TailDamage[];
}

function read(session: string, maxLineBytes?: number): Reading {
  const file = { path, relative: `opencode.db/${session}`, session };
  const reader = opencodeAdapter.openReader(file, { digest: nodeDigest });
  const facts: TranscriptFact[] = [];
  const pieces: unknown[] = [];
  const damage: TailDamage[] = [];
  const source = openTranscriptSource('opencode-database', file, {
    onRecord: (value, offset) => {
      pieces.push(value);
      facts.push(...reader.read(value, { offset }));
    },
    onDamage: (entry) => damage.push(entry),
    ...(maxLineBytes === undefined ? {} : { maxLineBytes }),
  });
  return { facts, pieces, damage, hasChanged: () => source.hasChanged(), read: () => source.read() };
}

const textOf = (fact: TranscriptFact): string | undefined => ('text' in fact && typeof fact.text === 'object' ? fact.text.head : undefined);
const toldWords = (facts: readonly TranscriptFact[]): (string | undefined)[] => facts.map((fact) => textOf(fact) ?? fact.kind);

describe('OpenCode’s database', () => {
  test('[A55] is read while the agent has it open, and keeps every byte of itself and of its log', async () => {
    await addSession('ses_a');
    await addMessage('ses_a', 'm1', at + 1, { role: 'user' });
    await addPart('ses_a', 'm1', 'p1', { type: 'text', text: 'Hello' });
    const before = await filesOf(folder);
    expect(Object.keys(before)).toEqual(['opencode.db', 'opencode.db-shm', 'opencode.db-wal']);
    const reading = read('ses_a');
    expect(await reading.read()).toMatchObject({ kind: 'read' });
    // It stands in the log alone; nothing has been written into the database yet.
    expect(toldWords(reading.facts)).toEqual(['run.started', 'Hello']);
    const after = await filesOf(folder);
    // The index beside the log is where SQLite's readers and writers meet; whoever comes next makes it anew.
    expect({ ...after, 'opencode.db-shm': '' }).toEqual({ ...before, 'opencode.db-shm': '' });
    await writer.run("UPDATE session SET title = 'Still writable'");
    expect(await reading.hasChanged()).toBe(true);
  });

  test('[A55] keeps every byte when the agent was killed, and gets no file beside it when it ended well', async () => {
    await addSession('ses_a');
    await writer.kill();
    isOpen = false;
    const killed = await filesOf(folder);
    expect(await listOpencodeSessions(path)).toMatchObject([{ id: 'ses_a' }]);
    expect({ ...(await filesOf(folder)), 'opencode.db-shm': '' }).toEqual({ ...killed, 'opencode.db-shm': '' });

    writer = await openDatabaseWriter(path);
    await writer.close();
    const closed = await filesOf(folder);
    expect(Object.keys(closed)).toEqual(['opencode.db']);
    await writeFile(join(folder, 'empty.db'), '');
    expect(await listOpencodeSessions(join(folder, 'empty.db'))).toEqual([]);
    await rm(join(folder, 'empty.db'));
    expect(await listOpencodeSessions(path)).toMatchObject([{ id: 'ses_a' }]);
    expect(await filesOf(folder)).toEqual(closed);
  });

  test('[A56] tells an answer once, however it streams in, and reads nothing when nothing was written', async () => {
    await addSession('ses_a');
    await addMessage('ses_a', 'm1', at + 1, { role: 'user' });
    await addPart('ses_a', 'm1', 'p1', { type: 'text', text: 'Run it' });
    const reading = read('ses_a');
    await reading.read();
    expect(await reading.hasChanged()).toBe(false);
    expect(await reading.read()).toEqual({ kind: 'same' });

    await addMessage('ses_a', 'm2', at + 2, { role: 'assistant', parentID: 'm1' });
    await addPart('ses_a', 'm2', 'p2', { type: 'text', text: 'I r', time: { start: at + 3 } });
    await reading.read();
    await setPart('p2', { type: 'text', text: 'I run', time: { start: at + 3, end: at + 4 } }, at + 4);
    const running = {
      type: 'tool',
      tool: 'bash',
      callID: 'c1',
      state: { status: 'running', input: { command: 'make' }, time: { start: at + 5 } },
    };
    await addPart('ses_a', 'm2', 'p3', { ...running, state: { status: 'pending', input: {} } });
    await reading.read();
    await setPart('p3', running, at + 5);
    await reading.read();
    await reading.read();
    await setPart(
      'p3',
      {
        ...running,
        state: { ...running.state, status: 'completed', output: 'ok', metadata: { exit: 2 }, time: { start: at + 5, end: at + 9 } },
      },
      at + 9,
    );
    await writer.run(
      `UPDATE message SET time_updated = ${at + 10}, data = ${quoted({ role: 'assistant', parentID: 'm1', finish: 'stop', tokens: { input: 1, output: 2 }, time: { created: at + 2, completed: at + 10 } })} WHERE id = 'm2'`,
    );
    await reading.read();
    expect(toldWords(reading.facts)).toEqual([
      'run.started',
      'Run it',
      'I run',
      'tool.called',
      'command.ended',
      'tool.returned',
      'usage.reported',
      'turn.ended',
    ]);
    expect(reading.facts.find((fact) => fact.kind === 'command.ended')).toMatchObject({ exitCode: 2, durationMs: 4, command: 'make' });
    // The same as when it is read at once, from its beginning.
    const again = read('ses_a');
    await again.read();
    expect(again.facts.map((fact) => fact.src?.record)).toEqual(reading.facts.map((fact) => fact.src?.record));
  });

  test('[A56] tells of one session what is its own, and of a fork what it copied by the same names', async () => {
    await addSession('ses_a');
    await addMessage('ses_a', 'm1', at + 1, { role: 'user' });
    await addPart('ses_a', 'm1', 'p1', { type: 'text', text: 'First' });
    await addSession('ses_f', at + 100);
    await addMessage('ses_f', 'm2', at + 1, { role: 'user' });
    await addPart('ses_f', 'm2', 'p2', { type: 'text', text: 'First' });
    await addMessage('ses_f', 'm3', at + 101, { role: 'user' });
    await addPart('ses_f', 'm3', 'p3', { type: 'text', text: 'Only here' });
    const [origin, fork] = [read('ses_a'), read('ses_f')];
    await origin.read();
    await fork.read();
    expect(toldWords(origin.facts)).toEqual(['run.started', 'First']);
    expect(toldWords(fork.facts)).toEqual(['run.started', 'run.forked', 'First', 'Only here']);
    expect(fork.facts[1]).toMatchObject({ kind: 'run.forked', from: 'ses_a' });
    expect(fork.facts[2]!.src!.record).toBe(origin.facts[1]!.src!.record);
  });

  test('[A10] [A18] tells rows that cannot be read or are too long, with their place, and all others', async () => {
    await addSession('ses_a');
    await addMessage('ses_a', 'm1', at + 1, { role: 'user' });
    await addPart('ses_a', 'm1', 'p1', '{"type":"text","te');
    await addPart('ses_a', 'm1', 'p2', { type: 'text', text: 'x'.repeat(5000) });
    await addPart('ses_a', 'm1', 'p3', { type: 'text', text: 'Short' });
    const reading = read('ses_a', 4000);
    await reading.read();
    await writer.run('UPDATE message SET time_updated = time_updated + 1');
    await reading.read();
    expect(toldWords(reading.facts)).toEqual(['run.started', 'Short']);
    expect(reading.damage.map(({ reason, offset }) => [reason, offset])).toEqual([
      ['not-an-object', 1],
      ['too-long', 2],
    ]);
  });

  test('[A23] is missed, and found again', async () => {
    const reading = read('ses_a');
    await addSession('ses_a');
    await writer.close();
    isOpen = false;
    await rm(path);
    expect(await reading.read()).toEqual({ kind: 'missing' });
    await writeFile(path, 'no database');
    await expect(reading.read()).rejects.toThrow(/not a database/);
    await rm(path);
    writer = await openDatabaseWriter(path);
    isOpen = true;
    await writer.run(opencodeTables);
    await addSession('ses_a');
    await addMessage('ses_a', 'm1', at + 1, { role: 'user' });
    await addPart('ses_a', 'm1', 'p1', { type: 'text', text: 'Back' });
    expect(await reading.read()).toMatchObject({ kind: 'read' });
    expect(toldWords(reading.facts)).toEqual(['run.started', 'Back']);
  });
});

describe('OpenCode’s older files', () => {
  test('[A56] tell the same as they are written', async () => {
    const write = async (name: string, value: object): Promise<void> => {
      const file = join(folder, 'storage', name);
      await mkdir(join(file, '..'), { recursive: true });
      await writeFile(file, JSON.stringify(value, undefined, 2));
    };
    await write('session/p/ses_a.json', {
      id: 'ses_a',
      projectID: 'p',
      directory: '/w',
      title: 'T',
      version: '1.0',
      time: { created: at },
    });
    await write('message/ses_a/msg_1.json', { id: 'msg_1', sessionID: 'ses_a', role: 'user', time: { created: at + 1 } });
    await write('part/msg_1/prt_1.json', { id: 'prt_1', type: 'text', text: 'Hello' });
    const file = { path: join(folder, 'storage/session/p/ses_a.json'), relative: 'p/ses_a.json' };
    const reader = opencodeAdapter.openReader(file, { digest: nodeDigest });
    const facts: TranscriptFact[] = [];
    const damage: TailDamage[] = [];
    const source = openTranscriptSource('opencode-files', file, {
      onRecord: (value, offset) => facts.push(...reader.read(value, { offset })),
      onDamage: (entry) => damage.push(entry),
    });
    expect(await source.read()).toMatchObject({ kind: 'read' });
    expect(await source.hasChanged()).toBe(false);
    expect(await source.read()).toEqual({ kind: 'same' });
    const answer = { id: 'msg_2', sessionID: 'ses_a', role: 'assistant', parentID: 'msg_1', time: { created: at + 2 } };
    await write('message/ses_a/msg_2.json', answer);
    await write('part/msg_2/prt_2.json', { id: 'prt_2', type: 'text', text: 'Half', time: { start: at + 3 } });
    expect(await source.hasChanged()).toBe(true);
    await source.read();
    // Written anew, not yet whole.
    await writeFile(join(folder, 'storage/part/msg_2/prt_2.json'), '{"id":"prt_2","type":"te');
    await source.read();
    expect(damage).toMatchObject([{ reason: 'torn' }]);
    await write('part/msg_2/prt_2.json', { id: 'prt_2', type: 'text', text: 'Half and whole', time: { start: at + 3, end: at + 4 } });
    await write('message/ses_a/msg_2.json', { ...answer, time: { created: at + 2, completed: at + 5 }, finish: 'stop' });
    await source.read();
    expect(toldWords(facts)).toEqual(['run.started', 'Hello', 'Half and whole', 'turn.ended']);
    await appendFile(file.path, ' ');
    expect(await source.hasChanged()).toBe(true);
  });
});
