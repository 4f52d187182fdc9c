import { copyFile, mkdir, mkdtemp, readFile, realpath, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { layTranscript } from '../services/agentRoom.ts';
import { openDatabaseWriter, opencodeTables } from '../store/opencodeRoom.ts';
import { bundleCli, openCliRoom, type CliRoom } from './cliRoom.ts';

let bundle: Awaited<ReturnType<typeof bundleCli>>;
let room: CliRoom;

beforeAll(async () => {
  bundle = await bundleCli();
}, 60_000);
afterAll(() => bundle.remove());
beforeEach(async () => {
  room = await openCliRoom(bundle.path);
});
afterEach(() => room.close());

const fixtures = join(import.meta.dirname, '../fixtures/transcripts');
const claude = join(fixtures, 'claude/tools-and-resume/-home-devuser-projects-gen5-proj-cc/625d02c2-b83d-4f46-acf4-05a0bb32300e.jsonl');
const codex = join(fixtures, 'codex/mcp/2026/11/20/rollout-2026-11-20T22-29-40-01a1fb14-6732-78b3-b6fc-7bbbe65fb543.jsonl');

describe('tapedeck import', { timeout: 60_000 }, () => {
  it('[X12] tells what a transcript holds, wherever it lies and whatever its name, and writes nothing', async () => {
    await copyFile(claude, join(room.folder, 'some.txt'));
    const before = await room.tree();
    const result = await room.run(['import', 'some.txt', '--json']);
    expect(result).toMatchObject({ code: 0, err: '' });
    expect(result.json()).toMatchObject({
      agent: 'claude',
      run: '625d02c2-b83d-4f46-acf4-05a0bb32300e',
      prompts: 2,
      replies: 5,
      commands: 6,
      failed: 3,
      tokens: { input: 523, output: 2881, cacheRead: 79841, cacheWrite: 5463 },
      unknownRecords: 0,
      damaged: 0,
    });
    expect(await room.tree()).toEqual(before);
    expect((await room.run(['import', 'some.txt'])).out).toContain('claude 625d02c2-b83d-4f46-acf4-05a0bb32300e');
  });

  it('[X12] reads a folder, a document a line for each run, and says what is none', async () => {
    const folder = join(room.folder, 'many');
    await mkdir(join(folder, 'deep'), { recursive: true });
    await copyFile(claude, join(folder, 'a.jsonl'));
    await copyFile(codex, join(folder, 'deep', 'b.jsonl'));
    await writeFile(join(folder, 'notes.md'), '# Notes\n');
    await writeFile(join(folder, 'empty.jsonl'), '');
    const result = await room.run(['import', folder, '--json']);
    expect(result.code).toBe(0);
    expect(result.err).toContain('2 files are no transcripts');
    expect(result.lines()).toMatchObject([{ agent: 'claude' }, { agent: 'codex', run: '01a1fb14-6732-78b3-b6fc-7bbbe65fb543' }]);
  });

  it('[X12] reads a last line without an end, and counts damage and what it does not know', async () => {
    const text = (await readFile(claude, 'utf8')).trimEnd();
    await writeFile(join(room.folder, 'whole.jsonl'), text);
    const whole = (await room.run(['import', 'whole.jsonl', '--json'])).json() as { endedAt: string; damaged: number };
    expect(whole).toMatchObject({ endedAt: '2026-11-20T23:00:21.555Z', damaged: 0, replies: 5 });
    await writeFile(join(room.folder, 'hurt.jsonl'), `{"type":"of-tomorrow"}\n"text"\n${text.slice(0, -40)}`);
    expect((await room.run(['import', 'hurt.jsonl', '--json'])).json()).toMatchObject({
      unknownRecords: 1,
      unknownTypes: { 'of-tomorrow': 1 },
      damaged: 2,
    });
  });

  it('[X12] [A55] reads every session of a database, and says where it cannot', async () => {
    const file = join(room.folder, 'opencode.db');
    const writer = await openDatabaseWriter(file);
    await writer.run(opencodeTables);
    for (const id of ['ses_a', 'ses_b'])
      await writer.run(
        `INSERT INTO session (id, project_id, slug, directory, title, version, time_created, time_updated) VALUES ('${id}', 'p', 's', '/w', 'T', '1', 1, 1)`,
      );
    await writer.close();
    const result = await room.run(['import', file, '--json']);
    expect(result).toMatchObject({ code: 0, err: '' });
    expect(result.lines()).toMatchObject([
      { agent: 'opencode', run: 'ses_a' },
      { agent: 'opencode', run: 'ses_b' },
    ]);
    const without = await room.run(['import', file, '--json'], { environment: { NODE_OPTIONS: '--no-experimental-sqlite' } });
    expect(without.code).toBe(1);
    expect(JSON.parse(without.err)).toMatchObject({ message: expect.stringContaining('cannot read SQLite databases') as string });
  });

  it('[X12] refuses what is no transcript, and what is not there', async () => {
    await writeFile(join(room.folder, 'x.jsonl'), '{"a":1}\n');
    const none = await room.run(['import', 'x.jsonl', '--json']);
    expect(none.code).toBe(1);
    expect(JSON.parse(none.err)).toMatchObject({ ok: false, reason: 'no-transcript' });
    const missing = await room.run(['import', 'y.jsonl', '--json']);
    expect(missing.code).toBe(1);
    expect(JSON.parse(missing.err)).toMatchObject({ ok: false, reason: 'no-file' });
  });

  it('[A50] [A53] makes sessions of what an agent did here before that agent deletes it, once, in words and as JSON', async () => {
    const nothing = await room.run(['import']);
    expect(nothing).toMatchObject({
      code: 0,
      out: expect.stringContaining('No agent’s transcript tells of work in this folder') as string,
    });
    const home = await mkdtemp(join(tmpdir(), 'tapedeck-home-'));
    const environment = { HOME: home, USERPROFILE: home };
    try {
      const folder = await realpath(room.folder);
      const to = join(home, '.claude', 'projects', 'any', '625d02c2-b83d-4f46-acf4-05a0bb32300e.jsonl');
      await layTranscript(claude, to, [['/home/devuser/projects/gen5/proj_cc', folder]]);
      const old = new Date(Date.now() - 26 * 86_400_000);
      await utimes(to, old, old);
      expect((await room.run(['status'], { environment })).out).toContain('Claude Code will delete 1 session of this folder');
      expect((await room.run(['status', '--json'], { environment })).json()).toMatchObject({
        expiring: [{ agent: 'claude', keptDays: 30 }],
      });
      expect((await room.run(['import', '--dry-run'], { environment })).out).toContain('1 session would be made');
      const ended = await room.run(['end', '--json'], { environment });
      expect(ended).toMatchObject({ code: 0 });
      const [session] = (ended.json() as { rebuilt: string[] }).rebuilt;
      const log = await room.run(['log', '--json', '--session', session!]);
      expect(log.lines()).toContainEqual(expect.objectContaining({ kind: 'prompt.submitted', reconstructed: true }));
      expect((await room.run(['import'], { environment })).out).toContain('Nothing new');
      expect((await room.run(['status', '--json'], { environment })).json()).toMatchObject({ expiring: [] });
      expect((await room.run(['import', '--json'], { environment })).json()).toMatchObject({ ok: true, events: 0, sessions: [] });
      expect((await room.run(['verify'])).code).toBe(0);
      expect((await room.run(['end'], { environment })).code).toBe(1);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });
});

describe('tapedeck weigh', { timeout: 60_000 }, () => {
  it('[A54] tells of a run what fills its context, from its transcript, from a file, and from the log when that is gone', async () => {
    const home = await mkdtemp(join(tmpdir(), 'tapedeck-home-'));
    const environment = { HOME: home, USERPROFILE: home };
    const id = '625d02c2-b83d-4f46-acf4-05a0bb32300e';
    try {
      const folder = await realpath(room.folder);
      const to = join(home, '.claude', 'projects', 'any', `${id}.jsonl`);
      await layTranscript(claude, to, [['/home/devuser/projects/gen5/proj_cc', folder]]);
      const found = await room.run(['weigh', '--json'], { environment });
      expect(found).toMatchObject({ code: 0, err: '' });
      const weight = found.json() as { turns: { inputTokens: number }[]; parts: unknown[] };
      expect(weight).toMatchObject({ run: id, agent: 'Claude Code', source: 'transcript', model: 'claude-sonnet-4-5' });
      expect(weight.turns.reduce((sum, { inputTokens }) => sum + inputTokens, 0)).toBe(523);
      expect((await room.run(['weigh', id.slice(0, 6)], { environment })).out).toContain('What fills it, about');
      expect((await room.run(['weigh', claude, '--json'], { environment })).json()).toMatchObject({
        run: id,
        parts: weight.parts.map(() => expect.anything() as unknown),
      });
      expect((await room.run(['import'], { environment })).code).toBe(0);
      await rm(to);
      const logged = (await room.run(['weigh', id, '--json'], { environment })).json();
      expect(logged).toMatchObject({ run: id, source: 'log' });
      expect((logged as typeof weight).turns.reduce((sum, { inputTokens }) => sum + inputTokens, 0)).toBe(523);
      expect((await room.run(['weigh', 'nobody'], { environment })).code).toBe(1);
      expect((await room.run(['weigh'], { environment })).code).toBe(1);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });
});

describe('tapedeck past', { timeout: 60_000 }, () => {
  it('[A74] takes a run up again with the model that was chosen for the session in which it was last at work', async () => {
    const home = await mkdtemp(join(tmpdir(), 'tapedeck-home-'));
    const environment = { HOME: home, USERPROFILE: home };
    try {
      const run = '625d02c2-b83d-4f46-acf4-05a0bb32300e';
      const line = (at: Date): string =>
        `${JSON.stringify({ type: 'user', uuid: 'u1', sessionId: run, cwd: folder, timestamp: at.toISOString(), version: '2.0.0', message: { role: 'user', content: 'Hello' } })}\n`;
      const folder = await realpath(room.folder);
      const to = join(home, '.claude', 'projects', 'any', `${run}.jsonl`);
      await mkdir(join(home, '.claude', 'projects', 'any'), { recursive: true });
      expect((await room.run(['start', '--no-scan'], { environment })).code).toBe(0);
      await writeFile(to, line(new Date()));
      expect((await room.run(['set', '--model', 'opus-9', '--agent', 'claude'], { environment })).code).toBe(0);
      const resumed = ['claude', '--resume', run];
      expect((await room.run(['past', '--json'], { environment })).lines()).toMatchObject([{ command: [...resumed, '--model', 'opus-9'] }]);
      expect((await room.run(['past'], { environment })).out).toContain(`${resumed.join(' ')} --model opus-9`);
      expect((await room.run(['set', '--model', '', '--agent', 'claude'], { environment })).code).toBe(0);
      expect((await room.run(['past', '--json'], { environment })).lines()).toMatchObject([{ command: resumed }]);
      expect((await room.run(['set', '--model', 'opus-9'], { environment })).code).toBe(0);
      await writeFile(to, line(new Date(Date.now() - 86_400_000)));
      expect((await room.run(['past', '--json'], { environment })).lines()).toMatchObject([{ command: resumed }]);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });

  it('[A51] [A52] finds what an agent did here and before the folder was moved, by words, in pages, as JSON and in words', async () => {
    const home = await mkdtemp(join(tmpdir(), 'tapedeck-home-'));
    const environment = { HOME: home, USERPROFILE: home };
    try {
      const folder = await realpath(room.folder);
      const to = (name: string): string => join(home, '.claude', 'projects', 'any', name);
      await layTranscript(claude, to('625d02c2-b83d-4f46-acf4-05a0bb32300e.jsonl'), [['/home/devuser/projects/gen5/proj_cc', folder]]);
      const found = await room.run(['past', '--json'], { environment });
      expect(found).toMatchObject({ code: 0, err: '' });
      expect(found.lines()).toMatchObject([
        { agent: 'claude', place: 'here', folder, command: ['claude', '--resume', '625d02c2-b83d-4f46-acf4-05a0bb32300e'], prompts: 2 },
      ]);
      const told = await room.run(['past', '--search', 'bug'], { environment });
      expect(told.out).toContain('claude --resume 625d02c2-b83d-4f46-acf4-05a0bb32300e');
      expect((await room.run(['past', '--search', 'nowhere'], { environment })).out).toBe('');
      expect((await room.run(['past', '--skip', '1', '--json'], { environment })).out).toBe('');
      expect((await room.run(['past', '--agent', 'nobody'], { environment })).code).toBe(2);

      await layTranscript(claude, to('625d02c2-b83d-4f46-acf4-05a0bb32300e.jsonl'), [
        ['/home/devuser/projects/gen5/proj_cc', '/old/place'],
      ]);
      expect((await room.run(['past', '--json'], { environment })).out).toBe('');
      expect((await room.run(['link', '/old/place/'], { environment })).code).toBe(0);
      expect((await room.run(['past', '--json'], { environment })).lines()).toMatchObject([{ place: 'moved', folder }]);
      expect((await room.run(['import', '--json'], { environment })).json()).toMatchObject({ sessions: [expect.any(String)] });
      expect((await room.run(['link', '/old/place', '--undo'], { environment })).code).toBe(0);
      expect((await room.run(['past', '--json'], { environment })).out).toBe('');
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });
});
