import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, open, readFile, realpath, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { transcriptAdapters } from '../../src/core/transcripts/table.ts';
import { PastRuns, type PastRunItem, type PastRunQuery } from '../../src/services/pastRuns.ts';
import { linkPlace, ProjectPlaces, type ProjectPlacesOptions } from '../../src/services/projectPlaces.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout } from '../../src/store/layout.ts';
import { readProjectCard } from '../../src/store/projectCard.ts';
import { now, openImportRoom, type ImportRoom } from './importRoom.ts';

let room: ImportRoom;
beforeEach(async () => {
  room = await openImportRoom();
});
afterEach(() => room.close());

const optionsOf = (folder: string, options: Partial<ProjectPlacesOptions> = {}): ProjectPlacesOptions => ({
  layout: tapedeckLayout(join(folder, '.tapedeck')),
  folders: [{ name: folder.split(/[\\/]/).at(-1)!, path: folder }],
  platform: process.platform,
  isTrusted: true,
  now: () => now,
  host: 'machine',
  ...options,
});

interface Seen {
  readonly items: readonly PastRunItem[];
  readonly past: PastRuns;
}

async function look(
  folder = room.workspace,
  query: PastRunQuery = {},
  options: Partial<ProjectPlacesOptions> = {},
  cacheFile?: string,
): Promise<Seen> {
  const places = await ProjectPlaces.open(optionsOf(folder, options));
  const past = new PastRuns({ adapters: transcriptAdapters, environment: room.environment, digest: nodeDigest, places, cacheFile });
  const items: PastRunItem[] = [];
  for await (const batch of past.list(query)) items.push(...batch.items);
  return { items, past };
}

const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
const meta = (cwd: string, id: string): string =>
  line({
    timestamp: '2026-01-01T10:00:00.000Z',
    type: 'session_meta',
    payload: { id, cwd, cli_version: '0.169.0', git: { branch: 'main' } },
  });
const said = (type: string, message: string, second: number): string =>
  line({ timestamp: new Date(Date.UTC(2026, 0, 1, 10, 0, second)).toISOString(), type: 'event_msg', payload: { type, message } });

async function layCodex(id: string, text: string): Promise<string> {
  const path = join(room.home, '.codex', 'sessions', '2026', '01', '01', `rollout-2026-01-01T10-00-00-${id}.jsonl`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

const ids = ['01a1fb13-0000-7000-8000-000000000001', '01a1fb13-0000-7000-8000-000000000002'] as const;

describe('past runs', () => {
  test('[A51] are every agent’s of this workspace, newest first, with what a list shows of them', async () => {
    const older = await room.lay('codex', 'edits-and-resume');
    const newer = await room.lay('claude', 'tools-and-resume');
    await room.lay('codex', 'legacy', '/somewhere/else');
    await utimes(older, 1000, 1000);
    await utimes(newer, 2000, 2000);
    const { items, past } = await look();
    expect(past.problems).toEqual([]);
    expect(items.map(({ run, agentName, place, folder, command }) => [run.run, agentName, place, folder, command])).toEqual([
      [
        '625d02c2-b83d-4f46-acf4-05a0bb32300e',
        'Claude Code',
        'here',
        room.workspace,
        ['claude', '--resume', '625d02c2-b83d-4f46-acf4-05a0bb32300e'],
      ],
      [
        '01a1fb13-f12d-7eb2-acee-126edc7f8efb',
        'Codex',
        'here',
        room.workspace,
        ['codex', 'resume', '01a1fb13-f12d-7eb2-acee-126edc7f8efb'],
      ],
    ]);
    const { run } = items[0]!;
    expect(run).toMatchObject({ model: 'claude-sonnet-4-5', branch: 'feat/fix-calc', isWhole: true, prompts: 2 });
    expect(run.title).toMatch(/^Fix the bug/);
    expect(run.lastWords?.text).toBeTruthy();
    expect(run.files).toContain(join(room.workspace, 'calc.py').replaceAll('\\', '/'));
    expect(run.startedAt).toBe(Date.parse('2026-11-20T22:58:57.170Z'));
  });

  test('[A51] are found by words, by agent, and without those that another run set to work unless these are wanted', async () => {
    await room.lay('claude', 'tools-and-resume');
    await room.lay('claude', 'sub-agent');
    await room.lay('codex', 'edits-and-resume');
    expect((await look()).items).toHaveLength(2);
    expect((await look(room.workspace, { withChildren: true })).items).toHaveLength(3);
    expect((await look(room.workspace, { agent: 'codex' })).items.map(({ run }) => run.agent)).toEqual(['codex']);
    expect((await look(room.workspace, { words: 'BUG calc.py sonnet' })).items.map(({ run }) => run.agent)).toEqual(['claude']);
    expect((await look(room.workspace, { words: 'bug nowhere' })).items).toEqual([]);
  });

  test('[A51] cost their beginning and their end, however long they are', async () => {
    const path = await layCodex(ids[0], meta(room.workspace, ids[0]) + said('user_message', 'Begin here', 1));
    const file = await open(path, 'r+');
    // A hole of 3 GB: whoever reads through it is not back in time.
    await file.write(`\n${said('agent_message', 'The very end', 9)}`, 3 * 1024 ** 3);
    await file.close();
    const { items } = await look();
    expect(items).toHaveLength(1);
    expect(items[0]!.run).toMatchObject({ title: 'Begin here', lastWords: { by: 'agent', text: 'The very end' }, isWhole: false });
    expect(items[0]!.transcript.sizeBytes).toBeGreaterThan(3e9);
  });

  test('[A51] are read once: what was found is kept until the transcript changes, and a spoiled cache is none', async () => {
    const cache = join(room.home, 'cache', 'past.json');
    const path = await layCodex(ids[0], meta(room.workspace, ids[0]) + said('user_message', 'First words', 1));
    await utimes(path, 1000, 1000);
    await layCodex(ids[1], meta('/somewhere/else', ids[1]) + said('user_message', 'Elsewhere', 1));
    expect((await look(room.workspace, {}, {}, cache)).items.map(({ run }) => run.title)).toEqual(['First words']);
    await writeFile(path, (await readFile(path, 'utf8')).replace('First words', 'Other words'));
    await utimes(path, 1000, 1000);
    expect((await look(room.workspace, {}, {}, cache)).items.map(({ run }) => run.title)).toEqual(['First words']);
    await appendFile(path, said('agent_message', 'Grown', 2));
    expect((await look(room.workspace, {}, {}, cache)).items[0]!.run).toMatchObject({ title: 'Other words', lastWords: { text: 'Grown' } });
    for (const spoiled of ['', '{"version":1,"transcripts":[[1,2],["x",{"mark":3}],["y",{"mark":"z","run":{"agent":1}}]]}', '[]']) {
      await writeFile(cache, spoiled);
      expect((await look(room.workspace, {}, {}, cache)).items).toHaveLength(1);
    }
    await rm(path);
    expect((await look(room.workspace, {}, {}, cache)).items).toEqual([]);
    expect(await readFile(cache, 'utf8')).not.toContain('Other words');
  });

  test('[A51] carry no command that somebody hid in an id, and what cannot be read is told', async () => {
    await layCodex(ids[0], meta(room.workspace, '$(touch x)') + said('user_message', 'Hello', 1));
    await layCodex(ids[1], meta(room.workspace, ids[1]) + said('user_message', 'There', 2));
    const { items } = await look();
    expect(items.map(({ run, command }) => `${run.title} ${command.length}`).sort()).toEqual(['Hello 0', 'There 3']);
  });

  test('[A51] show and keep no secret', async () => {
    const cache = join(room.home, 'cache', 'past.json');
    const secret = `ghp_${'a1'.repeat(20)}`;
    await layCodex(ids[0], meta(room.workspace, ids[0]) + said('user_message', `Use ${secret} please`, 1));
    const { items } = await look(room.workspace, {}, {}, cache);
    expect(items[0]!.run.title).toBe('Use [redacted:github-token] please');
    expect(await readFile(cache, 'utf8')).not.toContain(secret);
  });

  test('[A51] can be thousands: they are told in batches, and whoever has enough stops', async () => {
    for (let index = 0; index < 200; index++) {
      const id = `01a1fb13-0000-7000-8000-${String(index).padStart(12, '0')}`;
      const path = await layCodex(id, meta(room.workspace, id) + said('user_message', `Prompt ${index}`, 1));
      await utimes(path, index + 1, index + 1);
    }
    const places = await ProjectPlaces.open(optionsOf(room.workspace));
    const past = new PastRuns({ adapters: transcriptAdapters, environment: room.environment, digest: nodeDigest, places });
    const titles: string[] = [];
    for await (const { items, share } of past.list()) {
      titles.push(...items.map(({ run }) => run.title ?? ''));
      expect(share).toBeLessThan(1);
      break;
    }
    expect(titles.slice(0, 3)).toEqual(['Prompt 199', 'Prompt 198', 'Prompt 197']);
    expect(titles.length).toBeLessThan(100);
  });
});

describe('the project of a past run', () => {
  const git = (folder: string, ...args: string[]): void => {
    execFileSync('git', ['-c', 'user.name=Dev', '-c', 'user.email=dev@example.com', ...args], { cwd: folder });
  };

  async function repository(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    git(folder, 'init', '-q', '-b', 'main');
    await writeFile(join(folder, 'a.txt'), folder);
    git(folder, 'add', '-A');
    git(folder, 'commit', '-qm', 'first');
  }

  test('[A52] is this one after the folder was moved with its log, and it is taken up where the folder lies now', async () => {
    await mkdir(join(room.workspace, '.tapedeck', 'sessions'), { recursive: true });
    await mkdir(join(room.workspace, 'sub'));
    expect((await look()).items).toEqual([]);
    expect(await readProjectCard(room.layout)).toMatchObject({ places: [{ path: room.workspace, host: 'machine' }] });
    await room.lay('codex', 'edits-and-resume', join(room.workspace, 'sub'));
    const moved = join(dirname(room.workspace), 'new place');
    await rename(room.workspace, moved);
    expect((await look(moved)).items).toMatchObject([{ place: 'moved', folder: join(moved, 'sub') }]);
    const report = await room.import({
      layout: tapedeckLayout(join(moved, '.tapedeck')),
      folders: (await ProjectPlaces.open(optionsOf(moved))).folders,
    });
    expect(report.runs).toHaveLength(1);
    // A copy of a folder that is still there has its own history.
    await mkdir(room.workspace);
    expect((await look(moved)).items).toEqual([]);
  });

  test('[A52] is this one when a person says so, until it is taken back', async () => {
    await room.lay('codex', 'edits-and-resume', '/old/place/app');
    expect((await look()).items).toEqual([]);
    await linkPlace(optionsOf(room.workspace), '/old/place/app');
    expect((await look()).items).toMatchObject([{ place: 'moved', folder: room.workspace }]);
    await linkPlace(optionsOf(room.workspace), '/old/place/app', false);
    expect((await look()).items).toEqual([]);
    expect((await look(room.workspace, {}, { linked: ['/old/place/app'] })).items).toHaveLength(1);
  });

  test('[A52] is this one in a worktree, in the rest of the repository, in another clone, and in no other project', async () => {
    await repository(room.workspace);
    const beside = (name: string): string => join(dirname(room.workspace), name);
    git(room.workspace, 'worktree', 'add', '-q', beside('tree'), '-b', 'side');
    git(dirname(room.workspace), 'clone', '-q', room.workspace, beside('clone'));
    git(beside('clone'), 'remote', 'remove', 'origin');
    await repository(beside('other'));
    const placeOf = async (cwd: string, options: Partial<ProjectPlacesOptions> = {}) =>
      (await (await ProjectPlaces.open(optionsOf(room.workspace, options))).placeOf(cwd))?.kind;
    expect(await placeOf(beside('tree'))).toBe('repository');
    expect(await placeOf(beside('clone'))).toBe('clone');
    expect(await placeOf(beside('clone'), { isTrusted: false })).toBeUndefined();
    expect(await placeOf(beside('other'))).toBeUndefined();
    expect(await placeOf(beside('gone'))).toBeUndefined();
    git(room.workspace, 'remote', 'add', 'origin', 'git@host.org:team/app.git');
    git(beside('other'), 'remote', 'add', 'up', 'https://host.org/team/app');
    expect(await placeOf(beside('other'), { isTrusted: false })).toBe('clone');
    git(beside('clone'), 'remote', 'add', 'origin', 'git@host.org:fork/app.git');
    expect(await placeOf(beside('clone'))).toBeUndefined();
    const inner = await ProjectPlaces.open(optionsOf(join(room.workspace, 'packages')));
    expect((await inner.placeOf(room.workspace))?.kind).toBe('repository');
  });

  test('[A52] is this one under the name that a container has for it', async () => {
    await mkdir(join(room.workspace, 'src'));
    const places = await ProjectPlaces.open(optionsOf(room.workspace));
    expect(await places.placeOf('/workspaces/work space/src')).toEqual({ kind: 'container', folder: join(room.workspace, 'src') });
    expect(await places.placeOf('/workspaces/work space/../../etc')).toEqual({ kind: 'container', folder: room.workspace });
    expect(await places.placeOf('/workspaces/another')).toBeUndefined();
  });

  test('[A52] is this one through a link, and nothing is written where nothing is recorded', async () => {
    const link = join(dirname(room.workspace), 'link');
    await symlink(room.workspace, link, 'junction');
    const places = await ProjectPlaces.open(optionsOf(room.workspace));
    expect((await places.placeOf(link))?.kind).toBe('here');
    expect((await places.placeOf(await realpath(link)))?.kind).toBe('here');
    await expect(stat(join(room.workspace, '.tapedeck'))).rejects.toThrow('ENOENT');
  });
});
