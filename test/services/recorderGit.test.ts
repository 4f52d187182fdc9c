import { mkdir, unlink, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Recorder } from '../../src/services/recorder.ts';
import { deafWatcher, RecorderRoom, until } from './recorderRoom.ts';

let room: RecorderRoom;
beforeEach(async () => {
  room = await RecorderRoom.open();
});
afterEach(() => room.close());

/** Everything of git's that a recorder must leave as it is. */
async function gitState(): Promise<string> {
  const { createHash } = await import('node:crypto');
  const { readFile } = await import('node:fs/promises');
  const index = createHash('sha256')
    .update(await readFile(room.path('.git/index')))
    .digest('hex');
  return [index, room.git('for-each-ref'), room.git('stash', 'list'), room.git('count-objects')].join('\n');
}

it('[C11] takes the content before a change from git, and writes nothing to git', async () => {
  room.git('init', '-q', '-b', 'main');
  await room.write('a.txt', 'one\n');
  await room.write('dirty.txt', 'committed\n');
  await room.commitAll();
  await room.write('dirty.txt', 'not committed\n');
  const before = await gitState();
  const recorder = await room.started();
  await room.write('a.txt', 'two\n');
  await room.write('dirty.txt', 'changed again\n');
  await room.changes(recorder, 2);
  const [a, dirty] = await room.fileEvents(recorder);
  expect(await room.content(recorder, a!.before)).toBe('one\n');
  expect(await room.content(recorder, dirty!.before)).toBe('not committed\n');
  expect(await gitState()).toBe(before);
  const [baseline] = await room.kinds(recorder, 'baseline.taken');
  expect(baseline).toMatchObject({ folder: 'work', branch: 'main', head: room.git('rev-parse', 'HEAD').trim(), files: 2 });
});

it('[C11] finds the content before a change in a repository with CRLF on disk and LF in git', async () => {
  room.git('init', '-q', '-b', 'main');
  room.git('config', 'core.autocrlf', 'true');
  await room.write('a.txt', 'one\r\ntwo\r\n');
  await room.commitAll();
  const recorder = await room.started();
  await room.write('a.txt', 'one\r\n2\r\n');
  await room.changes(recorder, 1);
  const [event] = await room.fileEvents(recorder);
  expect(await room.content(recorder, event!.before)).toBe('one\r\ntwo\r\n');
  expect(event).toMatchObject({ added: 1, removed: 1 });
});

it('[C12] records a checkout as git does it: the branch, the move, and each file by git', async () => {
  room.git('init', '-q', '-b', 'main');
  await room.write('a.txt', 'main\n');
  await room.write('gone.txt', 'only on main\n');
  await room.commitAll();
  room.git('checkout', '-q', '-b', 'next');
  await room.write('a.txt', 'next\n');
  await unlink(room.path('gone.txt'));
  await room.write('new.txt', 'only on next\n');
  await room.commitAll('second');
  room.git('checkout', '-q', 'main');
  const recorder = await room.started();
  room.git('checkout', '-q', 'next');
  expect(await room.changes(recorder, 3)).toEqual(['changed a.txt', 'deleted gone.txt', 'created new.txt']);
  const events = await room.fileEvents(recorder);
  for (const event of events) expect(event.by, event.path).toMatchObject({ actor: 'git', how: 'git' });
  expect(await room.kinds(recorder, 'git.branched')).toMatchObject([{ from: 'main', to: 'next' }]);
  expect(await room.kinds(recorder, 'git.moved')).toMatchObject([{ to: room.git('rev-parse', 'next').trim() }]);
  expect(await room.kinds(recorder, 'git.committed')).toEqual([]);
});

it('[C12] records commits with their words, and a reset as a move', async () => {
  room.git('init', '-q', '-b', 'main');
  await room.write('a.txt', 'one\n');
  await room.commitAll();
  const recorder = await room.started();
  await room.write('a.txt', 'two\n');
  room.git('commit', '-q', '-a', '-m', 'Say two', '-m', 'Because one was not enough.');
  await until(async () => (await room.kinds(recorder, 'git.committed')).length === 1, 'the commit');
  const [commit] = await room.kinds(recorder, 'git.committed');
  expect(commit).toMatchObject({
    subject: 'Say two',
    body: 'Because one was not enough.',
    branch: 'main',
    commit: room.git('rev-parse', 'HEAD').trim(),
  });
  expect(commit!.parents).toHaveLength(1);
  room.git('reset', '-q', '--hard', 'HEAD~1');
  await until(async () => (await room.kinds(recorder, 'git.moved')).length === 1, 'the move');
  await room.changes(recorder, 2);
  expect((await room.fileEvents(recorder)).at(-1)).toMatchObject({ path: 'a.txt', by: { actor: 'git' } });
});

/** On a busy machine files that are written one after the other are found in several looks, and so in any order. */
const sortedChanges = async (recorder: Recorder, count: number): Promise<string[]> => (await room.changes(recorder, count)).toSorted();

describe('[C13] what is in and what is out', () => {
  it('lets tracked files in that are ignored, below ignored folders too', async () => {
    room.git('init', '-q', '-b', 'main');
    await room.write('.gitignore', 'dist/\n*.gen\n');
    await room.write('dist/kept.js', '1\n');
    await room.write('x.gen', '1\n');
    room.git('add', '-f', '.');
    room.git('commit', '-q', '-m', 'first');
    const recorder = await room.started();
    await room.write('dist/kept.js', '2\n');
    await room.write('dist/other.js', '2\n');
    await room.write('x.gen', '2\n');
    await room.write('y.gen', '2\n');
    expect(await sortedChanges(recorder, 2)).toEqual(['changed dist/kept.js', 'changed x.gen']);
  });

  it('heeds nested ignore files, info/exclude, and those above a folder deep in a repository', async () => {
    room.git('init', '-q', '-b', 'main');
    await room.write('.gitignore', '*.tmp\n/packages/app/only-top\n');
    await room.write('packages/app/.gitignore', 'local\n!keep.tmp\n');
    await room.write('packages/app/src/a.ts', '1\n');
    await room.commitAll();
    await writeFile(room.path('.git/info/exclude'), 'excluded.txt\n');
    const app = room.path('packages/app');
    const recorder = await room.started({ folders: [{ name: 'app', path: app }], root: `${app}/.tapedeck` });
    for (const name of ['a.tmp', 'keep.tmp', 'local', 'only-top', 'excluded.txt', 'src/b.ts'])
      await room.write(`packages/app/${name}`, '1\n');
    await room.write('packages/app/src/a.ts', '2\n');
    await room.write('outside.txt', '1\n');
    expect(await sortedChanges(recorder, 3)).toEqual(['changed src/a.ts', 'created keep.tmp', 'created src/b.ts']);
    const changed = (await room.fileEvents(recorder)).find((event) => event.path === 'src/a.ts');
    expect(await room.content(recorder, changed!.before)).toBe('1\n');
  });

  it('records the working files of a nested repository by its own rules, never its .git', async () => {
    room.git('init', '-q', '-b', 'main');
    await room.write('.gitignore', '*.log\n');
    await room.commitAll();
    await mkdir(room.path('vendor/inner'), { recursive: true });
    room.gitIn('vendor/inner', 'init', '-q', '-b', 'trunk');
    await room.write('vendor/inner/.gitignore', 'tmp/\n');
    await room.write('vendor/inner/i.txt', 'inner\n');
    room.gitIn('vendor/inner', 'add', '-A');
    room.gitIn('vendor/inner', 'commit', '-q', '-m', 'inner');
    const recorder = await room.started();
    await room.write('vendor/inner/i.txt', 'changed\n');
    await room.write('vendor/inner/tmp/x.txt', 'x\n');
    await room.write('vendor/inner/own.log', 'its own rules do not ignore it\n');
    await room.changes(recorder, 2);
    room.gitIn('vendor/inner', 'commit', '-q', '-a', '-m', 'inner change');
    await until(async () => (await room.kinds(recorder, 'git.committed')).length === 1, 'the commit');
    expect(await sortedChanges(recorder, 2)).toEqual(['changed vendor/inner/i.txt', 'created vendor/inner/own.log']);
    expect(await room.kinds(recorder, 'git.committed')).toMatchObject([{ folder: 'vendor/inner', subject: 'inner change' }]);
    const event = (await room.fileEvents(recorder)).find(({ path }) => path === 'vendor/inner/i.txt');
    expect(await room.content(recorder, event!.before)).toBe('inner\n');
  });
});

it('[C14] works in a worktree, whose .git is a file', async () => {
  room.git('init', '-q', '-b', 'main');
  await room.write('a.txt', 'one\n');
  await room.commitAll();
  room.git('worktree', 'add', '-q', '../tree', '-b', 'side');
  const tree = `${room.base}/tree`;
  const recorder = await room.started({ folders: [{ name: 'tree', path: tree }], root: `${tree}/.tapedeck`, watcher: deafWatcher });
  await writeFile(`${tree}/a.txt`, 'two\n');
  const { execFileSync } = await import('node:child_process');
  execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.org', 'commit', '-q', '-a', '-m', 'in the tree'], { cwd: tree });
  await recorder.reconcile('hand');
  await recorder.flush();
  expect(await room.kinds(recorder, 'git.committed')).toMatchObject([{ subject: 'in the tree', branch: 'side' }]);
  const [event] = await room.fileEvents(recorder);
  expect(await room.content(recorder, event!.before)).toBe('one\n');
});

it('[C15] keeps the folders of a workspace apart by name', async () => {
  await mkdir(`${room.base}/web`);
  await writeFile(`${room.base}/web/w.txt`, 'w\n');
  await room.write('a.txt', 'a\n');
  const recorder = await room.started({
    folders: [
      { name: 'work', path: room.folder },
      { name: 'web', path: `${room.base}/web` },
    ],
  });
  await writeFile(`${room.base}/web/w.txt`, 'ww\n');
  await room.write('a.txt', 'aa\n');
  expect(await sortedChanges(recorder, 2)).toEqual(['changed //web/w.txt', 'changed a.txt']);
  expect((await room.kinds(recorder, 'baseline.taken')).map(({ folder }) => folder)).toEqual(['work', 'web']);
});
