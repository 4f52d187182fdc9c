import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { userAuthor } from '../../src/model/author.ts';
import { eventId, type EventId } from '../../src/model/ids.ts';
import type { Recorder } from '../../src/services/recorder.ts';
import { openRewinder, type Rewinder, type RewinderOptions } from '../../src/services/rewinder.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { openLogReader } from '../../src/store/logReader.ts';
import { listTree } from '../faults/workspaceOperations.ts';
import { RecorderRoom, until } from './recorderRoom.ts';
import { random } from './rewindWorld.ts';

/** What went wrong in other tools, each once, as their users told it. */
let room: RecorderRoom;
let recorder: Recorder;
beforeEach(async () => {
  room = await RecorderRoom.open();
});
afterEach(() => room.close());

const bytes = (path: string): string => readFileSync(room.path(path)).toString('latin1');
const exists = (path: string): boolean => existsSync(room.path(path));

async function startWithGit(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  room.git('init', '-q', '-b', 'main');
  for (const [path, content] of Object.entries(files)) await room.write(path, content);
  await room.commitAll();
}

async function begin(options: Parameters<RecorderRoom['started']>[0] = {}): Promise<EventId> {
  recorder = await room.started(options);
  return mark();
}

async function mark(): Promise<EventId> {
  await recorder.reconcile('hand');
  return eventId(await recorder.journal.record({ kind: 'progress.noted', by: userAuthor, text: 'here' }));
}

async function rewinder(more: Partial<RewinderOptions> = {}): Promise<Rewinder> {
  await recorder.flush();
  await recorder.reconcile('rewind');
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
    ...more,
  });
}

/** Rewinds without a decision on anything: what is not plain stops it. */
async function rewindTo(target: EventId): Promise<{ readonly skipped: readonly { readonly path: string; readonly reason: string }[] }> {
  const one = await rewinder();
  const report = await one.apply(await one.plan(target));
  if (!report.ok) throw new Error(JSON.stringify(report));
  return report;
}

/** Everything of git that a user can lose: every byte but what git itself writes as it looks. */
function repository(): Record<string, string> {
  const state: Record<string, string> = {};
  for (const name of readdirSync(room.path('.git'), { recursive: true, withFileTypes: true }))
    if (name.isFile()) state[join(name.parentPath, name.name)] = nodeDigest.sha256(readFileSync(join(name.parentPath, name.name)));
  return state;
}

describe('[R32] a rewind', () => {
  it('leaves ignored and untracked files that only somebody else made: `git clean` ate them (copilot-cli 1675, cline 14367, Roo)', async () => {
    await startWithGit({ '.gitignore': 'data/\n*.sqlite\n', 'src/a.ts': 'one\n' });
    await room.write('data/million-rows.csv', 'years of work');
    await room.write('dev.sqlite', 'db');
    await room.write('notes.txt', 'never committed');
    const target = await begin();
    await room.write('src/a.ts', 'two\n');
    await room.write('data/more.csv', 'more');
    await room.write('src/new.ts', 'new\n');
    await mark();
    await rewindTo(target);
    expect([bytes('data/million-rows.csv'), bytes('data/more.csv'), bytes('dev.sqlite'), bytes('notes.txt')]).toEqual([
      'years of work',
      'more',
      'db',
      'never committed',
    ]);
    expect([bytes('src/a.ts'), exists('src/new.ts')]).toEqual(['one\n', false]);
  });

  it('restores files of a nested repository, and no byte of its .git: whole histories vanished (Roo 8164, 8433)', async () => {
    await startWithGit({ 'a.txt': 'a\n' });
    await room.write('vendor/lib/in.c', 'int one;\n');
    room.gitIn('vendor/lib', 'init', '-q', '-b', 'main');
    room.gitIn('vendor/lib', 'add', '-A');
    room.gitIn('vendor/lib', 'commit', '-qm', 'inner');
    const inner = room.gitIn('vendor/lib', 'rev-parse', 'HEAD');
    const target = await begin();
    await room.write('vendor/lib/in.c', 'int two;\n');
    room.gitIn('vendor/lib', 'commit', '-qam', 'inner two');
    const second = room.gitIn('vendor/lib', 'rev-parse', 'HEAD');
    await mark();
    await rewindTo(target);
    expect(bytes('vendor/lib/in.c')).toBe('int one;\n');
    expect(room.gitIn('vendor/lib', 'rev-parse', 'HEAD')).toBe(second);
    expect(second).not.toBe(inner);
    expect(room.gitIn('vendor/lib', 'fsck')).toBe('');
  });

  it('leaves HEAD, index, branches and stash where they are: the user’s commits were knocked off the branch (cline 13626)', async () => {
    await startWithGit({ 'a.txt': 'one\n', 'b.txt': 'b\n' });
    const target = await begin();
    await room.write('a.txt', 'two\n');
    await room.commitAll('the user’s own commit');
    await room.write('b.txt', 'stashed\n');
    room.git('stash', '-q');
    await room.write('a.txt', 'staged\n');
    room.git('add', 'a.txt');
    await mark();
    const before = repository();
    await rewindTo(target);
    expect(repository()).toEqual(before);
    expect(bytes('a.txt')).toBe('one\n');
    expect(room.git('log', '--format=%s', '-1').trim()).toBe('the user’s own commit');
    expect(room.git('stash', 'list')).toContain('stash@{0}');
    expect(room.git('show', ':a.txt')).toBe('staged\n');
  });

  it('goes back over a change of branch and a stash in between, and tells git nothing of it (arbos 390, opencode 26893)', async () => {
    await startWithGit({ 'a.txt': 'main\n', 'gone.txt': 'only on main\n' });
    room.git('checkout', '-qb', 'side');
    rmSync(room.path('gone.txt'));
    await room.write('a.txt', 'side\n');
    await room.commitAll('side');
    room.git('checkout', '-q', 'main');
    const target = await begin();
    const tree = (): Record<string, string> =>
      Object.fromEntries(listTree(room.folder).map(({ path }) => [path, readFileSync(path, 'utf8')]));
    const start = tree();
    await room.write('a.txt', 'dirty on main\n');
    await mark();
    room.git('stash', '-q');
    await mark();
    room.git('checkout', '-q', 'side');
    await room.write('new.txt', 'made on the side\n');
    await mark();
    await rewindTo(target);
    expect(tree()).toEqual(start);
    expect(room.git('stash', 'list')).toContain('stash@{0}');
    expect(room.git('branch', '--show-current').trim()).toBe('side');
    const undone = await (await rewinder()).undo();
    expect(undone).toMatchObject({ ok: true, skipped: [] });
    expect(exists('new.txt')).toBe(true);
  });

  it('restores every file, not the first one only (vscode 276353), with what the shell changed and deleted (claude-code 87575, 34368, entire 1408)', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `src/f${index}.txt`);
    await startWithGit(Object.fromEntries(names.map((name) => [name, `${name}\n`])));
    const target = await begin();
    for (const [index, name] of names.entries()) {
      if (index % 3 === 0) rmSync(room.path(name));
      else if (index % 3 === 1) writeFileSync(room.path(name), 'changed by sed\n');
      else renameSync(room.path(name), room.path(`${name}.moved`));
    }
    await mark();
    expect(await rewindTo(target)).toMatchObject({ ok: true, written: 40, deleted: names.filter((_, index) => index % 3 === 2).length });
    expect(names.map(bytes)).toEqual(names.map((name) => `${name}\n`));
    expect(readdirSync(room.path('src')).filter((name) => name.endsWith('.moved'))).toEqual([]);
  });

  it('keeps bytes as they are, in the safety checkpoint too: all was read and written as UTF-8 (nanocoder 965)', async () => {
    const image = Uint8Array.from({ length: 5000 }, (_, index) => (index * 131) & 255);
    const latin = Buffer.from('Gr\u00fc\u00dfe\r\n', 'latin1');
    const target = await begin();
    await room.write('image.bin', image);
    await room.write('latin.txt', latin);
    const made = await mark();
    await room.write('image.bin', image.toReversed());
    await room.write('latin.txt', Buffer.from('\ufeffwide', 'utf16le'));
    await mark();
    await rewindTo(made);
    expect([bytes('image.bin'), bytes('latin.txt')]).toEqual([Buffer.from(image).toString('latin1'), latin.toString('latin1')]);
    await rewindTo(target);
    expect([exists('image.bin'), exists('latin.txt')]).toEqual([false, false]);
    await (await rewinder()).undo();
    expect(bytes('image.bin')).toBe(Buffer.from(image).toString('latin1'));
  });

  it('names a file over the cap before the act, touches it not, and does not say that it was restored (shisad 131, hermes 95513)', async () => {
    await room.write('model.bin', new Uint8Array(60_000));
    await room.write('a.txt', 'one\n');
    const target = await begin({ maxFileBytes: 50_000 });
    await room.write('model.bin', new Uint8Array(70_000).fill(1));
    await room.write('a.txt', 'two\n');
    await mark();
    const one = await rewinder();
    const plan = await one.plan(target);
    expect(plan.skips).toEqual([{ path: 'model.bin', reason: 'too-large' }]);
    expect(await one.apply(plan)).toMatchObject({ ok: true, written: 1, skipped: [{ path: 'model.bin', reason: 'too-large' }] });
    expect(readFileSync(room.path('model.bin'))[0]).toBe(1);
  });

  it('leaves alone another session’s and the user’s own work where only a turn’s is undone (claude-code 28078, codex 11626)', async () => {
    await startWithGit({ 'agent.txt': 'one\n', 'user.txt': 'one\n' });
    await begin();
    await room.write('agent.txt', 'two\n');
    await mark();
    const changes = await room.fileEvents(recorder);
    await room.write('user.txt', 'the user’s\n');
    await room.write('new-of-user.txt', 'the user’s\n');
    await mark();
    const one = await rewinder();
    const plan = await one.planWithout({ events: [eventId(changes[0]!)] });
    expect(plan?.steps.map(({ path }) => path)).toEqual(['agent.txt']);
    expect(await one.apply(plan!)).toMatchObject({ ok: true, written: 1, deleted: 0 });
    expect(bytes('agent.txt')).toBe('one\n');
    expect([await room.read('user.txt'), await room.read('new-of-user.txt')]).toEqual(['the user’s\n', 'the user’s\n']);
  });

  it('does nothing to an unsaved editor unasked, and keeps its text when asked (RooCode 3097, claude-code 16023)', async () => {
    await room.write('a.txt', 'one\n');
    const target = await begin();
    await room.write('a.txt', 'two\n');
    await mark();
    const text = Buffer.from('typed and not saved\n');
    let written: Uint8Array | undefined;
    const documents = {
      read: async (path: string) => (path === room.path('a.txt') ? { isDirty: written === undefined, bytes: written ?? text } : undefined),
      write: async (path: string, content: Uint8Array) => {
        written = content;
        writeFileSync(path, content);
        return 'written' as const;
      },
    };
    const one = await rewinder({ documents });
    const plan = await one.plan(target);
    expect(plan.steps.map(({ conflict }) => conflict)).toEqual(['unsaved']);
    expect(await one.apply(plan)).toMatchObject({ ok: false, reason: 'undecided' });
    expect([bytes('a.txt'), written]).toEqual(['two\n', undefined]);
    expect(await one.apply(plan, { conflicts: 'overwrite' })).toMatchObject({ ok: true, written: 1 });
    expect(bytes('a.txt')).toBe('one\n');
    expect(await one.undo()).toMatchObject({ ok: true });
    expect(bytes('a.txt')).toBe(text.toString());
  });

  it('writes nothing through a link that leads out, and gives the link back (cline, opencode 3176: files of sibling folders)', async () => {
    const outside = join(room.base, 'sibling');
    mkdirSync(outside);
    writeFileSync(join(outside, 'a.txt'), 'of the sibling\n');
    await room.write('folder/a.txt', 'ours\n');
    const target = await begin();
    rmSync(room.path('folder'), { recursive: true });
    symlinkSync(outside, room.path('folder'));
    const linked = await mark();
    await rewindTo(target);
    expect([bytes('folder/a.txt'), readFileSync(join(outside, 'a.txt'), 'utf8')]).toEqual(['ours\n', 'of the sibling\n']);
    await rewindTo(linked);
    expect(readFileSync(join(outside, 'a.txt'), 'utf8')).toBe('of the sibling\n');
    expect(readdirSync(outside)).toEqual(['a.txt']);
  });

  it('touches nothing that a path in Windows’ way would reach (aider, gemini-cli: `..\\..\\x`, `C:x`, `a.txt.`, `NUL`)', async () => {
    const target = await begin();
    const names = [
      '..\\..\\escaped.txt',
      'C:\\escaped.txt',
      'C:escaped.txt',
      'a/../../escaped.txt',
      '/escaped.txt',
      'NUL',
      'a.txt.',
      'a.txt::$DATA',
    ];
    const stored = await recorder.content.put(Buffer.from('evil\n'));
    for (const path of names)
      await recorder.journal.record({
        kind: 'file.deleted',
        by: userAuthor,
        path,
        before: { ...stored, type: 'file', mode: 0o644 },
      });
    const one = await rewinder({ platform: { isWindows: true, foldsNames: true } });
    const plan = await one.plan(target);
    expect(plan.steps).toEqual([]);
    expect(plan.skips.map(({ reason }) => reason)).toEqual(names.map(() => 'outside'));
    expect(await one.apply(plan)).toMatchObject({ ok: true, written: 0 });
    expect(readdirSync(room.base).filter((name) => name.includes('escaped'))).toEqual([]);
  });

  it('can be undone after the undo of a created file, and after a restart (zed 28676, copilot-cli 3089: nothing came back)', async () => {
    const target = await begin();
    await room.write('made.txt', 'made by the agent\n');
    chmodSync(room.path('made.txt'), 0o755);
    await mark();
    await rewindTo(target);
    expect(exists('made.txt')).toBe(false);
    await recorder.close();
    recorder = await room.record();
    await recorder.start();
    expect(await (await rewinder()).undo()).toMatchObject({ ok: true, written: 1 });
    expect(bytes('made.txt')).toBe('made by the agent\n');
    await rewindTo(target);
    expect(exists('made.txt')).toBe(false);
  });

  it('[R33] needs no history of git: `gc`, a rebase and an amended start broke checkpoints (opencode 15977, entire)', async () => {
    await startWithGit({ 'a.txt': 'one\n', 'kept.txt': 'never touched until later\n' });
    const target = await begin();
    await room.write('a.txt', 'two\n');
    await mark();
    room.git('rm', '-q', '--cached', 'kept.txt');
    room.git('commit', '-qam', 'rewritten', '--amend');
    const known = nodeDigest.sha256(Buffer.from('never touched until later\n'));
    await until(() => recorder.content.has(known), 'what git may forget');
    room.git('reflog', 'expire', '--expire=now', '--all');
    room.git('gc', '-q', '--prune=now');
    await room.write('kept.txt', 'touched when git had forgotten it\n');
    await mark();
    expect((await rewindTo(target)).skipped).toEqual([]);
    expect([bytes('a.txt'), bytes('kept.txt')]).toEqual(['one\n', 'never touched until later\n']);
  });

  it('[R33] makes up no content where a filter of git stands between the object and the file (LFS, and one that keeps the size)', async () => {
    room.git('init', '-q', '-b', 'main');
    room.git('config', 'filter.rot.clean', 'tr a-z n-za-m');
    room.git('config', 'filter.rot.smudge', 'tr n-za-m a-z');
    await room.write('.gitattributes', '*.rot filter=rot\n*.wide working-tree-encoding=UTF-16\n');
    await room.write('secret.rot', 'hello\n');
    await room.write('text.wide', Buffer.from('\ufeffwide\n', 'utf16le'));
    await room.commitAll();
    expect(room.git('show', ':secret.rot')).toBe('uryyb\n');
    const target = await begin();
    await room.write('secret.rot', 'changed\n');
    await room.write('text.wide', Buffer.from('\ufeffother\n', 'utf16le'));
    await mark();
    expect((await rewindTo(target)).skipped).toEqual([]);
    expect(bytes('secret.rot')).toBe('hello\n');
    expect(bytes('text.wide')).toBe(Buffer.from('\ufeffwide\n', 'utf16le').toString('latin1'));
  });
});
