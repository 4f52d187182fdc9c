import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tapedeckAuthor, userAuthor } from '../../src/model/author.ts';
import type { LoggedEvent } from '../../src/model/event.ts';
import { eventId } from '../../src/model/ids.ts';
import type { DocumentPort } from '../../src/store/restoreStep.ts';
import { faultyFileSystem } from '../store/faultyFileSystem.ts';
import { depth } from '../faults/depth.ts';
import { RewindWorld } from './rewindWorld.ts';

let world: RewindWorld;
const write = (path: string, content: string | Buffer, mode?: number): void => {
  mkdirSync(join(world.at(path), '..'), { recursive: true });
  writeFileSync(world.at(path), content);
  if (mode !== undefined) chmodSync(world.at(path), mode);
};
const events = async (): Promise<LoggedEvent[]> => {
  const all: LoggedEvent[] = [];
  for await (const batch of world.reader.all()) all.push(...batch);
  return all;
};
const leftovers = (): string[] =>
  readdirSync(world.folder, { recursive: true })
    .map(String)
    .filter((name) => name.includes('.tapedeck-') || /rewinds.+json/.test(name));
/** Files that this process still holds open there (Linux only). */
const openFilesIn = (folder: string): string[] => {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return [];
    }
  });
};
const rewound = async (
  target: string,
  choice = {},
): Promise<Extract<Awaited<ReturnType<ReturnType<RewindWorld['rewinder']>['apply']>>, { ok: true }>> => {
  const rewinder = world.rewinder();
  const report = await rewinder.apply(await rewinder.plan(target), choice);
  if (!report.ok) throw new Error(JSON.stringify(report));
  world.adopt();
  return report;
};

beforeEach(async () => {
  world = await new RewindWorld().open();
});
afterEach(async () => {
  expect(leftovers()).toEqual([]);
  await world.remove();
  expect(openFilesIn(world.folder)).toEqual([]);
});

describe('rewinder', () => {
  it('[R9] takes a prompt for the moment it was given, however late its record was read', async () => {
    write('a.txt', 'before\n');
    await world.baseline();
    const given = new Date(Date.now()).toISOString();
    await new Promise((resolve) => setTimeout(resolve, 5));
    write('a.txt', 'what the agent made of it\n');
    await world.record();
    const prompt = await world.journal.record({
      kind: 'prompt.submitted',
      by: { actor: 'user', how: 'transcript' },
      run: 'r1',
      turn: 1,
      at: given,
      provenance: 'user',
      text: { head: 'Do it', sizeBytes: 5 },
    });
    expect(prompt.happenedAt).toBe(given);
    expect((await world.rewinder().filesAt(eventId(prompt))).get('a.txt')).toMatchObject({ state: 'version', version: { sizeBytes: 7 } });
    await rewound(eventId(prompt));
    expect(readFileSync(world.at('a.txt'), 'utf8')).toBe('before\n');
    const undone = await world.rewinder().undo();
    expect(undone?.ok).toBe(true);
    expect(readFileSync(world.at('a.txt'), 'utf8')).toBe('what the agent made of it\n');
  });

  it('[R9] gives back every kind of file byte for byte, and undoes it after a restart from the log alone', async () => {
    write('binary', Buffer.from([0, 255, 1, 254, 10, 13, 0]));
    write('crlf.txt', 'a\r\nb\r\n');
    write('latin1.txt', Buffer.from([0xe9, 0xe8, 10]));
    write('empty', '');
    write('script.sh', '#!/bin/sh\n', 0o755);
    write('private', 'x', 0o600);
    write('gone/deep/er/file', 'to be deleted');
    write('becomes-folder', 'a file');
    write('becomes-file/a', '1');
    write('becomes-file/b/c', '2');
    write('cafe\u0301.txt', 'decomposed');
    write('name with \n newline', 'odd');
    write('Case.txt', 'upper');
    write('unchanged', 'same');
    symlinkSync('unchanged', world.at('link'));
    symlinkSync('nowhere/at/all', world.at('dangling'));
    write('link-becomes-file-target', 't');
    symlinkSync('link-becomes-file-target', world.at('was-link'));
    write('was-file', 'f');
    const target = await world.baseline();
    const before = world.tree();

    for (const path of ['binary', 'crlf.txt', 'latin1.txt', 'empty', 'cafe\u0301.txt', 'name with \n newline'])
      write(path, `changed ${path}\n`);
    chmodSync(world.at('script.sh'), 0o644);
    chmodSync(world.at('private'), 0o644);
    rmSync(world.at('gone'), { recursive: true });
    unlinkSync(world.at('becomes-folder'));
    write('becomes-folder/x/y', 'now a folder');
    rmSync(world.at('becomes-file'), { recursive: true });
    write('becomes-file', 'now a file');
    renameSync(world.at('Case.txt'), world.at('case.txt'));
    unlinkSync(world.at('link'));
    symlinkSync('elsewhere', world.at('link'));
    unlinkSync(world.at('dangling'));
    unlinkSync(world.at('was-link'));
    write('was-link', 'now a file');
    unlinkSync(world.at('was-file'));
    symlinkSync('unchanged', world.at('was-file'));
    write('new/in/new/folder', 'created');
    write('new/other', 'created');
    symlinkSync('/etc', world.at('new/outward'));
    await world.record();
    const after = world.tree();
    expect(Object.keys(after)).not.toEqual(Object.keys(before));

    const report = await rewound(target);
    expect(world.tree()).toEqual(before);
    expect(report.skipped).toEqual([]);
    expect(existsSync(world.at('new'))).toBe(false);
    expect(readlinkSync(world.at('dangling'))).toBe('nowhere/at/all');

    await world.restart();
    const undone = await world.rewinder().undo();
    expect(undone).toMatchObject({ ok: true, skipped: [] });
    expect(world.tree()).toEqual(after);
    expect(await world.rewinder().undo()).toBeUndefined();
    const log = await events();
    expect(log.filter((event) => event.kind === 'rewind.applied')).toHaveLength(1);
    expect(log.filter((event) => event.kind === 'rewind.undone')).toHaveLength(1);
    expect(log.filter((event) => event.kind === 'checkpoint.made')).toHaveLength(2);
  });

  it('[R1] lists what it will do before it does it, and touches nothing while it plans', async () => {
    write('a', '1');
    write('b', '2');
    const target = await world.baseline();
    write('a', '11');
    unlinkSync(world.at('b'));
    write('c', '3');
    await world.record();
    const before = world.tree();
    const plan = await world.rewinder().plan(target);
    expect(plan.steps.map(({ path, act, conflict }) => [path, act, conflict])).toEqual([
      ['a', 'write', undefined],
      ['b', 'write', undefined],
      ['c', 'delete', undefined],
    ]);
    expect(world.tree()).toEqual(before);
    expect((await events()).some((event) => event.kind === 'checkpoint.made')).toBe(false);
  });

  it('[R3] makes a file that changed since the log saw it a conflict: nothing happens undecided, and overwritten it can be had back', async () => {
    write('a', '1');
    write('b', '2');
    const target = await world.baseline();
    write('a', 'agent');
    write('b', 'agent');
    await world.record();
    write('a', 'mine, unseen');
    const rewinder = world.rewinder();
    const plan = await rewinder.plan(target);
    expect(plan.steps.map(({ path, conflict }) => [path, conflict])).toEqual([
      ['a', 'changed-since'],
      ['b', undefined],
    ]);
    expect(await rewinder.apply(plan)).toMatchObject({ ok: false, reason: 'undecided', undecided: ['a'], rolledBack: true });
    expect([world.read('a'), world.read('b')]).toEqual(['mine, unseen', 'agent']);

    expect(await rewinder.apply(plan, { conflicts: 'skip' })).toMatchObject({
      ok: true,
      written: 1,
      skipped: [{ path: 'a', reason: 'conflict' }],
    });
    expect([world.read('a'), world.read('b')]).toEqual(['mine, unseen', '2']);
    expect(await rewinder.undo()).toMatchObject({ ok: true });

    expect(await rewinder.apply(await rewinder.plan(target), { conflicts: 'overwrite' })).toMatchObject({ ok: true, written: 2 });
    expect([world.read('a'), world.read('b')]).toEqual(['1', '2']);
    await world.restart();
    expect(await world.rewinder().undo()).toMatchObject({ ok: true, written: 2 });
    expect([world.read('a'), world.read('b')]).toEqual(['mine, unseen', 'agent']);
  });

  it('[R3] records a change that it overwrites once, also when a recorder has just found it', async () => {
    write('a', '1');
    const target = await world.baseline();
    write('a', '2');
    await world.record();
    write('a', 'mine');
    const rewinder = world.rewinder({
      during: async (work) => {
        await world.record({ actor: 'user', how: 'editor' });
        return work();
      },
    });
    const plan = await rewinder.plan(target);
    expect(plan.steps[0]!.conflict).toBe('changed-since');
    expect(await rewinder.apply(plan, { conflicts: 'overwrite' })).toMatchObject({ ok: true, written: 1 });
    const changes = (await events()).filter((event) => event.kind === 'file.changed');
    expect(changes.map(({ by }) => by.name ?? by.actor)).toEqual(['codex', 'user', 'tapedeck']);
    expect(await rewinder.undo()).toMatchObject({ ok: true });
    expect(world.read('a')).toBe('mine');
  });

  it('[R4] deletes only what the log saw created after the target and what is still that', async () => {
    const target = await world.baseline();
    write('seen', 'agent');
    write('seen-and-changed', 'agent');
    await world.record();
    write('seen-and-changed', 'mine');
    write('unseen', 'mine');
    const plan = await world.rewinder().plan(target);
    expect(plan.steps.map(({ path, act }) => [path, act])).toEqual([['seen', 'delete']]);
    expect(plan.skips).toEqual([{ path: 'seen-and-changed', reason: 'changed-since', detail: 'changed-since' }]);
    await rewound(target, { conflicts: 'overwrite' });
    expect(existsSync(world.at('seen'))).toBe(false);
    expect([world.read('seen-and-changed'), world.read('unseen')]).toEqual(['mine', 'mine']);
  });

  it('[R4] removes a folder only when its own deletions emptied it', async () => {
    write('kept/old', '1');
    const target = await world.baseline();
    write('kept/new', '2');
    write('fresh/sub/new', '3');
    write('mixed/new', '4');
    await world.record();
    write('mixed/mine-unseen', '5');
    await rewound(target);
    expect(world.directories()).toEqual(['kept', 'mixed']);
    expect(world.read('mixed/mine-unseen')).toBe('5');
  });

  it('[R10] touches nothing of git, not in nested repositories, not by any spelling', async () => {
    const target = await world.baseline();
    const version = { hash: (await world.content.put(Buffer.from('evil'))).hash, sizeBytes: 4, type: 'file' } as const;
    const names = [
      '.git/config',
      'nested/.git/HEAD',
      'x/.GIT/hooks/post-checkout',
      '.git ./config',
      '.g\u200cit/config',
      'git~1/config',
      '../escape',
      '/etc/x',
      'a/../../b',
      'C:/x',
      'a\\b',
      '//other/x',
    ];
    for (const path of names) {
      await world.record1({ kind: 'file.created', by: userAuthor, path, after: version });
      await world.record1({ kind: 'file.deleted', by: userAuthor, path: `${path}.old`, before: version });
    }
    mkdirSync(world.at('nested/.git'), { recursive: true });
    writeFileSync(world.at('nested/.git/HEAD'), 'evil');
    const plan = await world.rewinder().plan(target);
    expect(plan.steps.map(({ path }) => path).filter((path) => !/(HEAD|config|checkout)\.old$/.test(path))).toEqual([]);
    for (const { path, reason } of plan.skips)
      expect([path, reason]).toEqual([path, path.startsWith('//other') ? 'folder-not-open' : 'outside']);
    expect(plan.skips).toHaveLength(names.length * 2);
    expect(readFileSync(world.at('nested/.git/HEAD'), 'utf8')).toBe('evil');
  });

  it('[R6] never writes or deletes through a link, neither one that was there nor one slipped in at the last moment', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'tapedeck-outside-'));
    try {
      writeFileSync(join(outside, 'victim'), 'old');
      write('dir/victim', 'old');
      write('dir/other', 'old');
      const target = await world.baseline();
      write('dir/victim', 'new');
      unlinkSync(world.at('dir/other'));
      await world.record();
      renameSync(world.at('dir'), world.at('dir-moved'));
      symlinkSync(outside, world.at('dir'));
      writeFileSync(join(outside, 'victim'), 'new');
      const rewinder = world.rewinder();
      const plan = await rewinder.plan(target);
      const report = await rewinder.apply(plan, { conflicts: 'overwrite' });
      expect(report).toMatchObject({ ok: true, written: 0 });
      if (report.ok) expect(report.skipped.map(({ reason }) => reason)).toEqual(['in-the-way', 'in-the-way']);
      expect(readFileSync(join(outside, 'victim'), 'utf8')).toBe('new');

      unlinkSync(world.at('dir'));
      renameSync(world.at('dir-moved'), world.at('dir'));
      const racing = world.rewinder({
        onStretch: (stretch) => {
          if (stretch !== 'writing') return;
          renameSync(world.at('dir'), world.at('dir-moved'));
          symlinkSync(outside, world.at('dir'));
        },
      });
      const failed = await racing.apply(await racing.plan(target));
      expect(failed).toMatchObject({ ok: false });
      expect(readFileSync(join(outside, 'victim'), 'utf8')).toBe('new');
      expect(readdirSync(outside)).toEqual(['victim']);
      unlinkSync(world.at('dir'));
      renameSync(world.at('dir-moved'), world.at('dir'));
      for (const name of readdirSync(world.at('dir'))) if (name.startsWith('.tapedeck-')) unlinkSync(world.at(`dir/${name}`));
      await world.rewinder().recover();
    } finally {
      rmSync(outside, { recursive: true, force: true });
    }
  });

  it('[R6] replaces a hard link and leaves the other name as it is', async () => {
    write('a', 'old');
    const target = await world.baseline();
    write('a', 'new');
    await world.record();
    const elsewhere = mkdtempSync(join(tmpdir(), 'tapedeck-hard-'));
    linkSync(world.at('a'), join(elsewhere, 'same'));
    await rewound(target);
    expect([world.read('a'), readFileSync(join(elsewhere, 'same'), 'utf8')]).toEqual(['old', 'new']);
    rmSync(elsewhere, { recursive: true });
  });

  it('[R11] stops and puts everything back when a file changes while the rewind is under way', async () => {
    for (let index = 0; index < 20; index++) write(`f${index}`, 'old');
    write('z', 'old');
    const target = await world.baseline();
    for (let index = 0; index < 20; index++) write(`f${index}`, 'new');
    write('z', 'new');
    write('created', 'new');
    await world.record();
    const before = world.tree();
    for (const when of ['saved', 'journalled', 'staging', 'deleting', 'writing'] as const) {
      const rewinder = world.rewinder({ onStretch: (stretch) => void (stretch === when && writeFileSync(world.at('z'), `mine ${when}`)) });
      const report = await rewinder.apply(await rewinder.plan(target));
      expect(report).toMatchObject({ ok: false, reason: 'changed-meanwhile', path: 'z', rolledBack: true, left: [] });
      expect(world.read('z')).toBe(`mine ${when}`);
      write('z', 'new');
      expect(world.tree()).toEqual(before);
    }
    expect((await events()).filter((event) => event.kind === 'rewind.failed')).toHaveLength(5);
  });

  it('[R7] says before the act what was not captured', async () => {
    write('huge', 'x');
    write('no-content', 'x');
    const target = await world.baseline();
    write('huge', 'xx');
    write('no-content', 'xx');
    world.adopt();
    const after = { hash: world.tree()['huge']!.slice(-64), sizeBytes: 2, type: 'file' } as const;
    await world.record1({
      kind: 'file.changed',
      by: userAuthor,
      path: 'huge',
      before: { sizeBytes: 5e9, type: 'file', missing: 'too-large' },
      after,
    });
    await world.record1({
      kind: 'file.changed',
      by: userAuthor,
      path: 'no-content',
      before: { hash: 'a'.repeat(64), sizeBytes: 1, type: 'file' },
      after,
    });
    await world.record1({ kind: 'file.skipped', by: userAuthor, path: '.env', reason: 'secret' });
    await world.record1({ kind: 'file.changed', by: userAuthor, path: 'no-before', after });
    const plan = await world.rewinder().plan(target);
    expect(plan.steps).toEqual([]);
    expect(plan.skips).toEqual([
      { path: '.env', reason: 'secret' },
      { path: 'huge', reason: 'too-large' },
      { path: 'no-before', reason: 'lost' },
      { path: 'no-content', reason: 'content-gone' },
    ]);
    expect(await world.rewinder().apply(plan)).toMatchObject({ ok: true, written: 0, deleted: 0, event: undefined });
  });

  it('[R12] rewinds one file or one folder alone, and leaves out what is unticked', async () => {
    write('a', '1');
    write('dir/b', '1');
    write('dir/c', '1');
    write('directory', '1');
    const target = await world.baseline();
    for (const path of ['a', 'dir/b', 'dir/c', 'directory']) write(path, '2');
    await world.record();
    const rewinder = world.rewinder();
    expect(await rewinder.apply(await rewinder.plan(target, ['a']))).toMatchObject({ ok: true, written: 1 });
    expect(await rewinder.apply(await rewinder.plan(target, ['dir']), { files: new Map([['dir/c', 'skip']]) })).toMatchObject({
      ok: true,
      written: 1,
      skipped: [{ path: 'dir/c', reason: 'not-chosen' }],
    });
    expect(['a', 'dir/b', 'dir/c', 'directory'].map((path) => world.read(path))).toEqual(['1', '1', '2', '2']);
    expect((await events()).flatMap((event) => (event.kind === 'rewind.applied' ? [event.paths] : []))).toEqual([['a'], ['dir/b']]);
  });

  it('[R13] reads files as they were at any event, untouched ones from the disk', async () => {
    write('a', '1');
    write('untouched', 'u');
    const start = await world.baseline();
    write('a', '2');
    write('b', 'b');
    await world.record();
    const middle = await world.markId();
    unlinkSync(world.at('a'));
    await world.record();
    const end = await world.markId();
    const rewinder = world.rewinder();
    const textAt = async (target: string, path: string): Promise<string> => {
      const then = await rewinder.readFileAt(target, path);
      return then.state === 'kept' ? Buffer.from(then.bytes).toString() : then.state;
    };
    expect([await textAt(start, 'a'), await textAt(middle, 'a'), await textAt(end, 'a')]).toEqual(['1', '2', 'absent']);
    expect([await textAt(start, 'b'), await textAt(end, 'b'), await textAt(start, 'untouched')]).toEqual(['absent', 'b', 'u']);
    expect(await rewinder.readFileAt(start, '../../etc/passwd')).toEqual({ state: 'missing', reason: 'outside' });
    expect([...(await rewinder.filesAt(middle))].map(([path, { state }]) => [path, state])).toEqual([
      ['a', 'version'],
      ['b', 'version'],
    ]);
  });

  it('[R8] undoes a rewind without touching what came after it, and asks where both changed a file', async () => {
    write('a', '1');
    write('b', '1');
    const target = await world.baseline();
    write('a', '2');
    write('b', '2');
    await world.record();
    await rewound(target);
    write('b', 'after the rewind');
    write('c', 'after the rewind');
    await world.record();
    const rewinder = world.rewinder();
    const plan = (await rewinder.planUndo())!;
    expect(plan.steps.map(({ path, conflict }) => [path, conflict])).toEqual([
      ['a', undefined],
      ['b', 'changed-after-rewind'],
    ]);
    expect(await rewinder.apply(plan, { conflicts: 'skip' })).toMatchObject({ ok: true, written: 1 });
    expect(['a', 'b', 'c'].map((path) => world.read(path))).toEqual(['2', 'after the rewind', 'after the rewind']);
  });

  it('[R8] rewinds to before and after earlier rewinds like to any other event', async () => {
    const trees: { id: string; tree: Record<string, string> }[] = [];
    write('a', '0');
    trees.push({ id: await world.baseline(), tree: world.tree() });
    for (let index = 1; index < 4; index++) {
      write('a', `${index}`);
      write(`n${index}`, 'x');
      await world.record();
      trees.push({ id: await world.markId(), tree: world.tree() });
      const earlier = trees[index - 1]!;
      await rewound(earlier.id);
      expect(world.tree()).toEqual(earlier.tree);
      trees.push({ id: await world.markId(), tree: world.tree() });
    }
    for (const { id, tree } of [...trees, ...trees.toReversed()]) {
      await rewound(id);
      expect(world.tree()).toEqual(tree);
    }
  });

  it('[R14] rewinds every folder of the workspace, each in its place', async () => {
    await world.remove();
    const second = mkdtempSync(join(tmpdir(), 'tapedeck-second-'));
    const first = mkdtempSync(join(tmpdir(), 'tapedeck-first-'));
    try {
      world = await new RewindWorld({
        folder: first,
        folders: [
          { name: 'app', path: first },
          { name: 'web', path: second },
        ],
      }).open();
      writeFileSync(join(first, 'a'), '1');
      writeFileSync(join(second, 'a'), '2');
      const target = await world.baseline();
      writeFileSync(join(first, 'a'), '11');
      writeFileSync(join(second, 'a'), '22');
      writeFileSync(join(second, 'b'), '33');
      await world.record();
      await rewound(target);
      expect([readFileSync(join(first, 'a'), 'utf8'), readFileSync(join(second, 'a'), 'utf8'), existsSync(join(second, 'b'))]).toEqual([
        '1',
        '2',
        false,
      ]);
    } finally {
      rmSync(second, { recursive: true });
      await world.remove();
      rmSync(first, { recursive: true });
      world = await new RewindWorld().open();
    }
  });

  it('[R2] keeps an unsaved text before it overwrites it, and writes open documents through the editor', async () => {
    write('open.txt', 'one\n');
    write('clean.txt', 'one\n');
    write('picture', Buffer.from([0, 1]));
    const target = await world.baseline();
    write('open.txt', 'two\n');
    write('clean.txt', 'two\n');
    write('picture', Buffer.from([0, 2]));
    await world.record();
    const editor = new FakeEditor();
    editor.open(world.at('open.txt'), 'typed, not saved\n', true);
    editor.open(world.at('clean.txt'), 'two\n', false);
    editor.open(world.at('picture'), 'as text', false);
    const rewinder = world.rewinder({ documents: editor });
    const plan = await rewinder.plan(target);
    expect(plan.steps.map(({ path, conflict }) => [path, conflict])).toEqual([
      ['clean.txt', undefined],
      ['open.txt', 'unsaved'],
      ['picture', undefined],
    ]);
    expect(await rewinder.apply(plan, { conflicts: 'overwrite' })).toMatchObject({ ok: true, written: 3 });
    expect(editor.written).toEqual([world.at('clean.txt'), world.at('open.txt')]);
    expect([world.read('open.txt'), world.read('clean.txt')]).toEqual(['one\n', 'one\n']);
    await world.restart();
    expect(await world.rewinder().undo()).toMatchObject({ ok: true, written: 3 });
    expect(world.read('open.txt')).toBe('typed, not saved\n');
    expect((await events()).some((event) => event.kind === 'file.changed' && event.by.actor === 'user' && event.by.how === 'editor')).toBe(
      true,
    );
  });

  it('[R2] writes over what a save made of the content, and puts all back when the editor declines', async () => {
    write('a', 'one\n');
    write('b', 'one\n');
    const target = await world.baseline();
    write('a', 'two\n');
    write('b', 'two\n');
    await world.record();
    const editor = new FakeEditor();
    editor.open(world.at('b'), 'two\n', false);
    editor.isDeclining = true;
    const before = world.tree();
    const rewinder = world.rewinder({ documents: editor });
    expect(await rewinder.apply(await rewinder.plan(target))).toMatchObject({ ok: false, reason: 'declined', path: 'b', rolledBack: true });
    expect(world.tree()).toEqual(before);
    editor.isDeclining = false;
    editor.onSave = (bytes) => Buffer.concat([bytes, Buffer.from('added by a formatter\n')]);
    expect(await rewinder.apply(await rewinder.plan(target))).toMatchObject({ ok: true, written: 2 });
    expect([world.read('a'), world.read('b')]).toEqual(['one\n', 'one\n']);
  });

  it('[R5] does all or nothing, whatever call of the disk fails, and says which', { timeout: 300_000 }, async () => {
    write('a', 'old a');
    write('gone/b', 'old b');
    write('mode', 'm', 0o755);
    symlinkSync('a', world.at('link'));
    const target = await world.baseline();
    const old = world.tree();
    write('a', 'new a');
    rmSync(world.at('gone'), { recursive: true });
    chmodSync(world.at('mode'), 0o644);
    unlinkSync(world.at('link'));
    write('created/c', 'new c');
    await world.record();
    const now = world.tree();
    let calls = 0;
    const counting = faultyFileSystem(() => void calls++);
    const probe = world.rewinder(counting);
    expect(await probe.apply(await probe.plan(target))).toMatchObject({ ok: true });
    expect(world.tree()).toEqual(old);
    expect(await world.rewinder().undo()).toMatchObject({ ok: true });
    expect(world.tree()).toEqual(now);
    const total = counting.calls.length;
    expect(total).toBeGreaterThan(60);
    const outcomes = new Set<string>();
    for (const code of ['ENOSPC', 'EACCES', 'EIO'])
      for (let at = code === 'EIO' ? 1 : code === 'ENOSPC' ? 2 : 3; at <= total; at += depth(7, 1)) {
        let isArmed = false;
        let count = 0;
        const { fileSystem } = faultyFileSystem((call) =>
          isArmed && !/lstat|readdir/.test(call.name) && ++count === at ? { code } : undefined,
        );
        const rewinder = world.rewinder({ fileSystem });
        const plan = await rewinder.plan(target);
        isArmed = true;
        const report = await rewinder.apply(plan);
        isArmed = false;
        if (report.ok) {
          outcomes.add('done');
          expect(world.tree()).toEqual(old);
          if (report.unrecorded !== undefined) outcomes.add('unrecorded');
          for (const { outcome } of await world.rewinder().recover()) outcomes.add(outcome);
          expect(await world.rewinder().undo()).toMatchObject({ ok: true });
        } else {
          outcomes.add(report.reason);
          expect(report.rolledBack).toBe(true);
          for (const { outcome } of await world.rewinder().recover()) outcomes.add(outcome);
        }
        expect(world.tree()).toEqual(now);
      }
    expect([...outcomes]).toEqual(expect.arrayContaining(['done', 'not-saved', 'ENOSPC', 'EACCES', 'EIO']));
  });

  it('[R5] touches nothing when the disk is full from some moment on', { timeout: 300_000 }, async () => {
    for (let index = 0; index < 12; index++) write(`f${index}`, `old ${index}`);
    const target = await world.baseline();
    const old = world.tree();
    for (let index = 0; index < 12; index++) write(`f${index}`, `new ${index}`);
    await world.record();
    const now = world.tree();
    for (let from = 1; from < 120; from += depth(9, 1)) {
      let isArmed = false;
      let count = 0;
      const takesRoom = /^(open|file\.write|file\.sync|file\.datasync|mkdir|symlink)$/;
      const { fileSystem } = faultyFileSystem((call) =>
        isArmed && takesRoom.test(call.name) && (call.name !== 'open' || /\.(tmp|json)$/.test(call.path)) && ++count >= from
          ? { code: 'ENOSPC' }
          : undefined,
      );
      const rewinder = world.rewinder({ fileSystem });
      const plan = await rewinder.plan(target);
      isArmed = true;
      const report = await rewinder.apply(plan);
      isArmed = false;
      expect(world.tree()).toEqual(report.ok ? old : now);
      if (report.ok) {
        await world.rewinder().recover();
        expect(await world.rewinder().undo()).toMatchObject({ ok: true });
      } else {
        expect(report.rolledBack).toBe(true);
        await world.rewinder().recover();
      }
    }
  });

  it('[R15] asks a locked file again on Windows, and takes a read-only one', async () => {
    write('a', 'old');
    const target = await world.baseline();
    write('a', 'new');
    await world.record();
    let locks = 3;
    const { fileSystem, calls } = faultyFileSystem((call) =>
      call.name === 'rename' && call.path.endsWith('.tmp') && !call.path.includes('rewinds') && locks-- > 0 ? { code: 'EBUSY' } : undefined,
    );
    const rewinder = world.rewinder({ fileSystem, platform: { isWindows: true, foldsNames: false } });
    const plan = await rewinder.plan(target);
    expect(await rewinder.apply(plan)).toMatchObject({ ok: true, written: 1 });
    expect(world.read('a')).toBe('old');
    expect(calls.filter((call) => call.name === 'chmod' && call.path === world.at('a')).length).toBe(3);
  });

  it('[R16] says whose changes are undone, after later findings', async () => {
    write('a', '1');
    const target = await world.baseline();
    write('a', '2');
    await world.record({ actor: 'unknown', how: 'none' });
    const found = (await events()).findLast((event) => event.kind === 'file.changed')!;
    await world.record1({
      kind: 'file.attributed',
      by: { actor: 'agent', name: 'claude', how: 'transcript' },
      event: `${found.w}.${found.n}`,
      path: 'a',
    });
    write('a', '3');
    await world.record(tapedeckAuthor);
    expect((await world.rewinder().plan(target)).steps[0]!.authors.map(({ name }) => name)).toEqual(['claude', 'tapedeck']);
  });

  it('[R17] does not begin while another rewind is under way', async () => {
    write('a', '1');
    const target = await world.baseline();
    write('a', '2');
    await world.record();
    const other = world.rewinder();
    const reports: unknown[] = [];
    let inner: Promise<void> | undefined;
    const rewinder = world.rewinder({
      onStretch: (stretch) => {
        if (stretch === 'staging')
          inner = other
            .plan(target)
            .then((plan) => other.apply(plan))
            .then((report) => void reports.push(report));
      },
    });
    const report = await rewinder.apply(await rewinder.plan(target));
    await inner;
    expect(report).toMatchObject({ ok: true });
    expect(reports).toHaveLength(1);
    expect(reports[0]).not.toMatchObject({ ok: true, written: 1 });
    appendFileSync(world.at('a'), '');
    expect(lstatSync(world.at('a')).size).toBe(1);
  });
});

/** An editor that holds documents as VS Code does: a write goes to the document and is saved to the disk. */
class FakeEditor implements DocumentPort {
  readonly written: string[] = [];
  isDeclining = false;
  onSave: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes;
  readonly #documents = new Map<string, { isDirty: boolean; bytes: Uint8Array }>();

  open(path: string, text: string, isDirty: boolean): void {
    this.#documents.set(path, { isDirty, bytes: Buffer.from(text) });
  }

  async read(path: string): Promise<{ readonly isDirty: boolean; readonly bytes: Uint8Array } | undefined> {
    return this.#documents.get(path);
  }

  async write(path: string, bytes: Uint8Array): Promise<'written' | 'declined' | 'not-open'> {
    const document = this.#documents.get(path);
    if (document === undefined) return 'not-open';
    if (this.isDeclining) return 'declined';
    document.bytes = this.onSave(bytes);
    document.isDirty = false;
    this.written.push(path);
    writeFileSync(path, document.bytes);
    return 'written';
  }
}
