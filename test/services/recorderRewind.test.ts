import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareMarks, markOf } from '../../src/core/eventOrder.ts';
import { foldAll, isSetAside } from '../../src/core/fold.ts';
import { userAuthor } from '../../src/model/author.ts';
import { isFileEvent } from '../../src/model/event.ts';
import { eventId } from '../../src/model/ids.ts';
import type { Recorder } from '../../src/services/recorder.ts';
import { openRewinder, type Rewinder } from '../../src/services/rewinder.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { openLogReader } from '../../src/store/logReader.ts';
import { RecorderRoom, until } from './recorderRoom.ts';
import { random } from './rewindWorld.ts';

let room: RecorderRoom;
beforeEach(async () => {
  room = await RecorderRoom.open();
});
afterEach(() => room.close());

/** Every file and link of the folder but git's and our own. */
function tree(folder = room.folder, below = ''): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
    if (entry.name === '.git' || entry.name === '.tapedeck') continue;
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) Object.assign(found, tree(folder, path));
    else {
      const stat = lstatSync(join(folder, path));
      found[path] = stat.isSymbolicLink()
        ? `-> ${readlinkSync(join(folder, path))}`
        : `${(stat.mode & 0o777).toString(8)} ${nodeDigest.sha256(readFileSync(join(folder, path)))}`;
    }
  }
  return found;
}

async function rewinderOf(recorder: Recorder): Promise<Rewinder> {
  const reader = await openLogReader({ layout: recorder.layout, session: recorder.status().session!, digest: nodeDigest });
  return openRewinder({
    layout: recorder.layout,
    folders: [{ name: 'work', path: room.folder }],
    reader,
    journal: recorder.journal,
    content: recorder.content,
    digest: nodeDigest,
    random,
    during: (work) => recorder.during(work),
  });
}

describe('rewinder and recorder together', () => {
  it('[R9] bring files to what a command left, though its changes are found after its end', async () => {
    await room.write('a.txt', 'before\n');
    await room.write('gone.txt', 'to be removed\n');
    const recorder = await room.started();
    const by = userAuthor;
    const started = eventId(await recorder.journal.record({ kind: 'command.started', by, command: 'make', terminal: 't1' }));
    await room.write('a.txt', 'what the command made\n');
    rmSync(room.path('gone.txt'));
    const ended = await recorder.journal.record({ kind: 'command.ended', by, command: 'make', terminal: 't1', started, exitCode: 0 });
    const left = tree();
    await until(async () => (await room.changes(recorder, 2)).length >= 2, 'both changes');
    expect((await room.fileEvents(recorder)).every((event) => compareMarks(markOf(ended), event) < 0)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await room.write('a.txt', 'typed later\n');
    await until(async () => (await room.changes(recorder, 3)).length >= 3, 'the later change');
    const rewinder = await rewinderOf(recorder);
    const report = await rewinder.apply(await rewinder.plan(eventId(ended)));
    expect(report.ok).toBe(true);
    expect(tree()).toEqual(left);
    // What was left is not shown as set aside.
    const events = await room.events(recorder);
    const state = foldAll(events);
    const aside = events.filter((event) => isFileEvent(event) && isSetAside(state, event));
    expect(aside.map((event) => ('path' in event ? event.path : ''))).toEqual(['a.txt']);
    expect(aside.length).toBeLessThan((await room.fileEvents(recorder)).filter((event) => event.rewind === undefined).length);
  });

  for (const withGit of [true, false])
    it(`[R9] give back the tree ${withGit ? 'of a repository, its clean files from git’s own objects' : 'of a folder without git'}, and undo it`, async () => {
      await room.write('clean.txt', 'clean\n');
      await room.write('crlf.txt', 'a\r\nb\r\n');
      await room.write('gone/x', Buffer.from([0, 1, 2, 255]));
      await room.write('run.sh', '#!/bin/sh\n');
      chmodSync(room.path('run.sh'), 0o755);
      symlinkSync('clean.txt', room.path('link'));
      await room.write('renamed-from', 'a file that is renamed\n');
      if (withGit) {
        room.git('init', '-q');
        room.git('add', '-A');
        room.git('commit', '-qm', 'start');
        await room.write('dirty.txt', 'dirty before\n');
      }
      const recorder = await room.started();
      const target = eventId(await recorder.journal.record({ kind: 'progress.noted', by: userAuthor, text: 'here' }));
      const before = tree();

      await room.write('clean.txt', 'changed\n');
      await room.write('crlf.txt', 'a\r\nc\r\n');
      if (withGit) await room.write('dirty.txt', 'dirty after\n');
      rmSync(room.path('gone'), { recursive: true });
      chmodSync(room.path('run.sh'), 0o644);
      unlinkSync(room.path('link'));
      mkdirSync(room.path('link'));
      writeFileSync(room.path('link/in'), 'new');
      renameSync(room.path('renamed-from'), room.path('renamed-to'));
      await room.write('created/deep/new', 'new');
      await recorder.reconcile('hand');
      const after = tree();

      const rewinder = await rewinderOf(recorder);
      const plan = await rewinder.plan(target);
      expect(plan.skips).toEqual([]);
      expect(plan.steps.filter(({ conflict }) => conflict !== undefined)).toEqual([]);
      const report = await rewinder.apply(plan);
      expect(report).toMatchObject({ ok: true, skipped: [] });
      expect(tree()).toEqual(before);
      await recorder.reconcile('hand');
      await recorder.flush();
      const applied = await room.kinds(recorder, 'rewind.applied');
      expect(applied).toHaveLength(1);
      // The recorder takes none of the rewind's writes for somebody's changes.
      const written = (await room.fileEvents(recorder)).filter(({ n }) => n > applied[0]!.n - plan.steps.length - 1);
      expect(written.map(({ rewind }) => rewind)).toEqual(plan.steps.map(() => plan.id));

      expect(await rewinder.undo()).toMatchObject({ ok: true, skipped: [] });
      expect(tree()).toEqual(after);
      await recorder.reconcile('hand');
      expect((await rewinder.plan(target)).steps.filter(({ conflict }) => conflict !== undefined)).toEqual([]);
    });

  for (const withGit of [true, false])
    it(`[R31] leave alone what is ignored by now, and say so, ${withGit ? 'with git' : 'without git'}`, async () => {
      if (withGit) room.git('init', '-q');
      const recorder = await room.started();
      const target = eventId(await recorder.journal.record({ kind: 'progress.noted', by: userAuthor, text: 'here' }));
      await room.write('dist/out.js', 'made while nothing was ignored\n');
      await room.write('dist/gone.js', 'made and removed\n');
      await recorder.reconcile('hand');
      const made = eventId(await recorder.journal.record({ kind: 'progress.noted', by: userAuthor, text: 'made' }));
      unlinkSync(room.path('dist/gone.js'));
      await recorder.reconcile('hand');
      await room.write('.gitignore', 'dist\n');
      await recorder.reconcile('hand');
      const plan = await (await rewinderOf(recorder)).plan(target);
      expect(plan.skips).toEqual([{ path: 'dist/out.js', reason: 'ignored' }]);
      const rewinder = await rewinderOf(recorder);
      expect(await rewinder.apply(plan)).toMatchObject({ ok: true });
      expect(Object.keys(tree())).toEqual(['dist/out.js']);
      // Where nothing lies, nothing ignored is touched.
      expect((await rewinder.plan(made)).steps.map(({ path, act }) => `${act} ${path}`)).toEqual(['write dist/gone.js']);
    });

  it('[R30] take no file for there that is reached through a link', async () => {
    await room.write('folder/x', 'x of the folder\n');
    await room.write('folder/y', 'y\n');
    await room.write('other/x', 'x of the other\n');
    const recorder = await room.started();
    const target = eventId(await recorder.journal.record({ kind: 'progress.noted', by: userAuthor, text: 'here' }));
    const before = tree();
    rmSync(room.path('folder'), { recursive: true });
    symlinkSync('other', room.path('folder'));
    await recorder.reconcile('hand');
    expect((await room.changes(recorder, 3)).sort()).toEqual(['created folder', 'deleted folder/x', 'deleted folder/y']);
    // A link that leads to itself.
    unlinkSync(room.path('folder'));
    symlinkSync('folder', room.path('folder'));
    await recorder.reconcile('hand');
    const after = tree();
    const rewinder = await rewinderOf(recorder);
    expect(await rewinder.apply(await rewinder.plan(target))).toMatchObject({ ok: true, skipped: [] });
    expect(tree()).toEqual(before);
    expect(await rewinder.undo()).toMatchObject({ ok: true, skipped: [] });
    expect(tree()).toEqual(after);
  });

  it('[R31] tell what happened to a file while it was ignored as one change from what was known of it', async () => {
    await room.write('kept.txt', 'one\n');
    await room.write('.gitignore', '');
    const recorder = await room.started();
    await room.write('kept.txt', 'two\n');
    await recorder.reconcile('hand');
    const target = eventId(await recorder.journal.record({ kind: 'progress.noted', by: userAuthor, text: 'here' }));
    const before = tree();
    await room.write('.gitignore', 'kept.txt\n');
    await recorder.reconcile('hand');
    unlinkSync(room.path('kept.txt'));
    await room.write('kept.txt', 'three, unseen\n');
    await recorder.reconcile('hand');
    await room.write('.gitignore', '');
    await recorder.reconcile('hand');
    expect((await room.fileEvents(recorder)).filter(({ path }) => path === 'kept.txt').map(({ kind }) => kind)).toEqual([
      'file.changed',
      'file.changed',
    ]);
    const rewinder = await rewinderOf(recorder);
    expect(await rewinder.apply(await rewinder.plan(target))).toMatchObject({ ok: true, skipped: [] });
    expect(tree()).toEqual(before);
  });
});
