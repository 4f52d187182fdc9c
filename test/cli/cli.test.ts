import { execFileSync } from 'node:child_process';
import { appendFile, readdir, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { redactText } from '../../src/core/redact.ts';
import { bundleCli, openCliRoom, waitFor, type CliRoom } from './cliRoom.ts';

interface Printed {
  readonly eventId: string;
  readonly kind: string;
  readonly at: string;
  readonly by: { readonly actor: string; readonly name?: string; readonly run?: string };
  readonly path?: string;
  readonly text?: string;
  readonly w: string;
  readonly n: number;
}

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

const run: CliRoom['run'] = (words, options) => room.run(words, options);
/** With the answer that every command gives when it did what it was asked to. */
const ok: CliRoom['run'] = async (words, options) => {
  const result = await run(words, options);
  expect(result, words.join(' ')).toMatchObject({ code: 0, err: '' });
  return result;
};
const events = async (...words: string[]): Promise<Printed[]> => (await ok(['log', ...words])).lines() as Printed[];
const segments = async (): Promise<string[]> =>
  (await readdir(join(room.folder, '.tapedeck', 'sessions'), { recursive: true }))
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => join(room.folder, '.tapedeck', 'sessions', name));

describe('the command line', { timeout: 60_000 }, () => {
  it('[X1] [X2] answers with one document, wherever the options stand, and tells failures on standard error', async () => {
    await ok(['start', 'My work', '--json']);
    for (const words of [
      ['--json', '--dir', room.folder, 'status'],
      ['status', '--json', '--dir', room.folder],
      ['--dir', room.folder, 'status', '--json'],
    ])
      expect((await ok(words, { cwd: '/' })).json()).toMatchObject({
        folder: room.folder,
        state: 'open',
        session: { label: 'My work', isOpen: true },
        health: { malformed: 0 },
      });
    const failures: [string[], number, RegExp][] = [
      [['nonsense'], 2, /unknown command/],
      [['status', '--nonsense'], 2, /unknown option/],
      [['decide', 'X'], 2, /--why/],
      [['note'], 2, /missing required argument/],
      [['note', '  '], 2, /Say what to note/],
      [['log', '--kind', 'mood.changed'], 2, /no kind mood.changed/],
      [['log', '--last', 'x'], 2, /no number to count with/],
      [['resume', '--size', 'huge'], 2, /Allowed choices/],
      [['rewind'], 2, /Name the event/],
      [['cat', '../../etc/passwd'], 2, /not a file of/],
      [['--dir', '/nowhere/at/all', 'status'], 2, /There is no folder/],
      [['--dir', join(room.folder, '.tapedeck', '.gitignore'), 'status'], 2, /not a folder/],
      [['log', '--session', '1999'], 1, /There is no session 1999/],
      [['log', '--from', 'zzzzzz.1'], 1, /There is no event/],
      [['log', '--from', '0'], 2, /Positions count from 1/],
      [['rewind', '99999', '--plan'], 1, /There is no event/],
      [['unblock'], 1, /no open blocker/],
    ];
    for (const [words, code, message] of failures) {
      const result = await run(words);
      expect(result, words.join(' ')).toMatchObject({ code, out: '' });
      expect(result.err, words.join(' ')).toMatch(message);
    }
    expect(JSON.parse((await run(['log', '--session', '1999', '--json'])).err)).toMatchObject({ ok: false, reason: 'no-session' });
  });

  it('[X2] has a help for every command', async () => {
    const help = (await ok(['--help'])).out;
    const names = [...help.matchAll(/^ {2}([a-z]+)(?: |$)/gm)].map(([, name]) => name!).filter((name) => name !== 'help');
    expect(names).toEqual(
      'status start update end log search decide decisions confirm reject supersede disprove block unblock note plan set trailer resume drift sessions verify usage rewind undo files cat diff blame history state record past import export report link weigh'.split(
        ' ',
      ),
    );
    for (const name of names) {
      const { out } = await ok([name, '--help']);
      // What it does stands above its options, in whole sentences.
      expect(out, name).toMatch(new RegExp(`^Usage: tapedeck ${name} [^\\n]*\\n\\n(?!Options:|Arguments:)[A-Z]`));
      if (/<event>|\[event\]|<from>/.test(out)) expect(out, name).toContain('An event is named by its id');
      expect(out).toContain('--json');
      expect(out).toContain('--dir');
    }
    expect((await ok(['--version'])).out).toBe(`${(JSON.parse(await readFile('package.json', 'utf8')) as { version: string }).version}\n`);
  });

  it('[X1] says that nothing is there where nothing was recorded, and leaves no trace', async () => {
    expect((await ok(['status', '--json'])).json()).toMatchObject({ state: 'off', session: null });
    expect((await ok(['sessions', '--json'])).out).toBe('');
    for (const words of [['log'], ['resume'], ['verify'], ['state'], ['files'], ['cat', 'a'], ['end'], ['rewind', '1', '--yes']])
      expect(await run(words), words.join(' ')).toMatchObject({ code: 1, out: '' });
    expect(await readdir(room.folder)).toEqual([]);
  });

  it('[X4] writes entries without a recorder, as the user or as the agent in whose shell it runs', async () => {
    await room.write('src/a.ts', 'one');
    const decided = (
      await ok([
        'decide',
        'Token bucket',
        '--why',
        'simpler',
        '--alternative',
        'sliding window',
        '--alternative',
        'none',
        '--file',
        'src/a.ts',
        '--json',
      ])
    ).json() as { id: string };
    await ok(['decide', 'Sixty a minute', '--why', 'enough'], { environment: { CODEX_THREAD_ID: '0199-abc' } });
    await ok(['block', 'No key', '--cause', 'nobody has it'], { environment: { CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID: 'c-1' } });
    await ok(['note', 'Looked around'], { environment: { AI_AGENT: 'claude-code_2-1-329_agent' } });
    await ok(['unblock', '--why', 'found it']);
    const printed = await events('--kind', 'decision,blocker', '--kind', 'progress.noted');
    expect(printed.map(({ kind, by }) => [kind, by])).toEqual([
      ['decision.confirmed', { actor: 'user', how: 'stated' }],
      ['decision.proposed', { actor: 'agent', name: 'codex', run: '0199-abc', how: 'stated' }],
      ['blocker.raised', { actor: 'agent', name: 'claude', run: 'c-1', how: 'stated' }],
      ['progress.noted', { actor: 'agent', name: 'claude', how: 'stated' }],
      ['blocker.cleared', { actor: 'user', how: 'stated' }],
    ]);
    expect(printed[0]).toMatchObject({ id: decided.id, alternatives: ['sliding window', 'none'], files: ['src/a.ts'] });
    const { text } = (await ok(['resume', '--json'])).json() as { text: string };
    expect(text).toContain('Token bucket. Why: simpler. Not: sliding window; none.');
    expect(text).toContain('Proposed, confirmed by nobody: Sixty a minute.');
    // One session and one writer's file for all of them.
    expect(await segments()).toHaveLength(1);
  });

  it('[X4] writes entries from many processes at once, and loses none', async () => {
    await ok(['start', '--no-scan']);
    const results = await Promise.all(Array.from({ length: 8 }, (_, index) => run(['note', `note ${index}`])));
    expect(results.map(({ code, err }) => [code, err])).toEqual(results.map(() => [0, '']));
    expect((await events('--kind', 'progress.noted')).map(({ text }) => `${text}`).sort()).toEqual(
      results.map((_, index) => `note ${index}`),
    );
    await ok(['verify']);
  });

  it('[X1] keeps secrets out of the log', async () => {
    const token = `ghp_${'a1B2'.repeat(9)}`;
    await ok(['note', `the token is ${token}`]);
    expect((await events())[1]!.text).toBe('the token is [redacted:github-token]');
    for (const path of await segments()) expect(await readFile(path, 'utf8')).not.toContain(token);
  });

  it('[X3] cuts exact slices by id, position and time, forwards and backwards', async () => {
    await ok(['start', '--no-scan']);
    for (let index = 1; index <= 6; index++) await ok(['note', `note ${index}`]);
    const all = await events();
    expect(all).toHaveLength(7);
    const texts = async (...words: string[]): Promise<string[]> => (await events(...words)).map(({ text, kind }) => text ?? kind);
    expect(await texts('--from', '3', '--to', '5')).toEqual(['note 2', 'note 3', 'note 4']);
    expect(await texts('--from', '-2')).toEqual(['note 5', 'note 6']);
    expect(await texts('--from', all[2]!.eventId, '--to', all[2]!.eventId)).toEqual(['note 2']);
    expect(await texts('--from', all[2]!.at, '--to', all[4]!.at)).toEqual(['note 2', 'note 3', 'note 4']);
    expect(await texts('--last', '2')).toEqual(['note 5', 'note 6']);
    expect(await texts('--last', '2', '--to', '4')).toEqual(['note 2', 'note 3']);
    expect(await texts('--last', '9', '--from', '6')).toEqual(['note 5', 'note 6']);
    expect(await texts('--last', '1', '--kind', 'session')).toEqual(['session.started']);
    expect(await texts('--to', '1')).toEqual(['session.started']);
    const raw = (await ok(['log', '--raw'])).out;
    expect(raw).toBe(await readFile((await segments())[0]!, 'utf8'));
    expect((await ok(['log', '--raw', '--last', '2'])).out).toBe(raw.split('\n').slice(-3).join('\n'));
  });

  it('[X3] [L21] cuts between events, from either end, by run, turn and kind, and prints the lines of each as stored', async () => {
    await ok(['start', '--no-scan']);
    const agent = (run: string) => ({ environment: { CODEX_THREAD_ID: run } });
    for (let index = 1; index <= 6; index++) await room.run(['note', `note ${index}`], index % 2 === 0 ? agent('run-a') : {});
    const all = await events();
    expect(all).toHaveLength(7);
    const texts = async (...words: string[]): Promise<string[]> => (await events(...words)).map(({ text, kind }) => text ?? kind);
    expect(await texts('--after', '3', '--before', '6')).toEqual(['note 3', 'note 4']);
    expect(await texts('--after', all[4]!.eventId)).toEqual(['note 5', 'note 6']);
    expect(await texts('--before', all[2]!.at)).toEqual(['session.started', 'note 1']);
    expect(await texts('--after', '2', '--from', '5', '--to', '6', '--before', '9999-01-01')).toEqual(['note 4', 'note 5']);
    expect(await texts('--first', '2', '--kind', 'progress')).toEqual(['note 1', 'note 2']);
    expect(await texts('--run', 'run-a')).toEqual(['note 2', 'note 4', 'note 6']);
    expect(await texts('--run', 'run-a', '--last', '1')).toEqual(['note 6']);
    expect(await texts('--turn', '1')).toEqual([]);
    const raw = (await ok(['log', '--raw'])).out.split('\n');
    expect((await ok(['log', '--raw', '--after', '2', '--first', '2'])).out).toBe(`${raw.slice(2, 4).join('\n')}\n`);
    expect((await ok(['log', '--raw', '--run', 'run-a', '--last', '2'])).out).toBe(`${raw[4]}\n${raw[6]}\n`);
    expect((await room.run(['log', '--first', '1', '--last', '1'])).code).toBe(2);
    expect((await room.run(['log', '--follow', '--to', '3'])).code).toBe(2);
  });

  it('[X3] [L15] goes on with new events of other processes until it is stopped, each once', async () => {
    await ok(['start', '--no-scan']);
    await ok(['note', 'before']);
    const following = room.start(['log', '--last', '1', '--follow', '--kind', 'progress']);
    await waitFor(() => Promise.resolve(following.out().includes('before')));
    await ok(['note', 'one']);
    await ok(['block', 'not asked for']);
    await ok(['note', 'two']);
    await waitFor(() => Promise.resolve(following.out().includes('two')));
    expect(await following.stop('SIGINT')).toBe(0);
    const texts = following
      .out()
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as Printed).text);
    expect(texts).toEqual(['before', 'one', 'two']);
  });

  it('[X5] [X6] [X7] records what changes, shows the past, rewinds to it and comes back, without git and without VS Code', async () => {
    await room.write('src/a.txt', 'one\n');
    await room.write('b.txt', 'hello\n');
    await symlink('src/a.txt', join(room.folder, 'link'));
    const before = await room.tree();
    const recorder = await room.record(['--label', 'Demo']);
    expect((await ok(['status', '--json'])).json()).toMatchObject({
      state: 'recording',
      recorders: [{ app: 'cli', pid: recorder.process.pid }],
      session: { label: 'Demo' },
    });
    await waitFor(async () => (await run(['log', '--kind', 'baseline'])).out !== '');
    await room.write('src/a.txt', 'one\ntwo\n');
    await unlink(join(room.folder, 'b.txt'));
    await room.write('new/c.txt', 'new\n');
    await waitFor(async () => (await run(['log', '--kind', 'file'])).out.split('\n').length > 3);
    // Entries go into the recorded session while it records.
    await ok(['note', 'in between']);
    await room.write('src/a.txt', 'three\n');
    expect(await recorder.stop()).toBe(0);
    const after = await room.tree();

    const changes = await events('--kind', 'file');
    expect(changes.map(({ kind, path }) => `${kind} ${path}`).sort()).toEqual([
      'file.changed src/a.txt',
      'file.changed src/a.txt',
      'file.created new/c.txt',
      'file.deleted b.txt',
    ]);
    const [start] = await events('--kind', 'baseline');
    const note = (await events('--kind', 'progress'))[0]!;
    const files = (await ok(['files', '--at', note.eventId, '--json'])).lines() as { path: string; state: string; sizeBytes?: number }[];
    expect(files.map(({ path, state, sizeBytes }) => [path, state, sizeBytes])).toEqual([
      ['b.txt', 'absent', undefined],
      ['new/c.txt', 'kept', 4],
      ['src/a.txt', 'kept', 8],
    ]);
    expect((await ok(['cat', 'src/a.txt', '--at', note.eventId])).out).toBe('one\ntwo\n');
    expect((await ok(['cat', 'a.txt', '--at', '2'], { cwd: join(room.folder, 'src') })).out).toBe('one\n');
    expect((await ok(['cat', 'b.txt', '--at', start!.eventId, '--json'])).json()).toMatchObject({ encoding: 'utf8', content: 'hello\n' });
    expect(await run(['cat', 'b.txt'])).toMatchObject({ code: 1, out: '', err: expect.stringContaining('did not exist') });
    const names = (await ok(['diff', start!.eventId, note.eventId, '--name-only', '--json'])).lines();
    expect(names).toEqual([
      { path: 'b.txt', change: 'deleted' },
      { path: 'new/c.txt', change: 'created' },
      { path: 'src/a.txt', change: 'changed' },
    ]);
    const { out } = await ok(['diff', note.eventId]);
    expect(out).toBe('--- a/src/a.txt\n+++ b/src/a.txt\n@@ -1,2 +1,1 @@\n-one\n-two\n+three\n');
    const middle = changes.find(({ path }) => path === 'src/a.txt')!.eventId;
    expect(await run(['undo', note.eventId, '--plan'])).toMatchObject({ code: 1, err: expect.stringContaining('no change of a file') });
    expect(await run(['undo', middle, '--turn'])).toMatchObject({ code: 1, err: expect.stringContaining('belongs to no run') });
    expect((await ok(['undo', middle, '--plan', '--json'])).json()).toMatchObject({
      plan: { undid: [middle], steps: [{ path: 'src/a.txt', conflict: 'overlap' }] },
    });
    const made = changes.find(({ path }) => path === 'new/c.txt')!.eventId;
    expect((await ok(['undo', made, '--yes', '--json'])).json()).toMatchObject({ report: { ok: true, deleted: 1 } });
    expect((await ok(['rewind', '--undo', '--yes', '--json'])).json()).toMatchObject({ report: { ok: true, written: 1 } });
    expect(await room.tree()).toEqual(after);
    expect((await ok(['blame', 'src/a.txt', '--json'])).lines()).toEqual([
      expect.objectContaining({
        line: 1,
        text: 'three',
        known: 'recorded',
        event: changes.findLast(({ path }) => path === 'src/a.txt')?.eventId,
      }),
    ]);
    expect((await ok(['blame', 'a.txt', '--line', '1', '--json'], { cwd: join(room.folder, 'src') })).lines()).toHaveLength(1);
    expect(await run(['blame', 'src/a.txt', '--line', '2'])).toMatchObject({ code: 1, err: expect.stringContaining('has 1 lines') });
    expect(await run(['blame', 'src/a.txt', '--line', 'x'])).toMatchObject({ code: 2 });
    expect(await run(['blame', 'nothing.txt'])).toMatchObject({ code: 1, err: expect.stringContaining('No session saw') });
    expect((await ok(['state', '--at', note.eventId, '--json'])).json()).toMatchObject({
      notes: [{ text: 'in between' }],
      counts: { fileChanges: 3 },
    });

    const plan = (await ok(['rewind', start!.eventId, '--plan', '--json'])).json() as {
      plan: { steps: { path: string; act: string }[] };
      report: null;
    };
    expect(plan.plan.steps.map(({ path, act }) => [path, act])).toEqual([
      ['b.txt', 'write'],
      ['new/c.txt', 'delete'],
      ['src/a.txt', 'write'],
    ]);
    expect(await run(['rewind', start!.eventId])).toMatchObject({ code: 1, err: expect.stringContaining('give --yes') });
    expect(await room.tree()).toEqual(after);
    expect((await ok(['rewind', start!.eventId, '--yes', '--json'])).json()).toMatchObject({
      report: { ok: true, written: 2, deleted: 1 },
    });
    expect(await room.tree()).toEqual(before);
    expect((await ok(['resume'])).out).toContain('rewound to the state of');
    expect((await ok(['rewind', '--undo', '--yes', '--json'])).json()).toMatchObject({ report: { ok: true } });
    expect(await room.tree()).toEqual(after);
    expect(await run(['rewind', '--undo', '--yes'])).toMatchObject({ code: 1, err: expect.stringContaining('no rewind to undo') });
    expect((await ok(['verify', '--json'])).json()).toMatchObject({ isSound: true });
  });

  it('[X7] compares points of two sessions, the earlier one first', async () => {
    const touch = async (path: string, content: string): Promise<Printed> => {
      const recorder = await room.record();
      await waitFor(async () => (await run(['log', '--kind', 'baseline'])).out !== '');
      await room.write(path, content);
      await waitFor(async () => (await run(['log', '--kind', 'file'])).out !== '');
      expect(await recorder.stop()).toBe(0);
      const [change] = await events('--kind', 'file');
      await ok(['end', '--json']);
      return change!;
    };
    await room.write('a.txt', 'one\n');
    const first = await touch('a.txt', 'two\n');
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const second = await touch('b.txt', 'new\n');
    expect((await ok(['diff', first.eventId, second.eventId, '--name-only'])).out).toBe('created  b.txt\n');
    expect(await run(['diff', second.eventId, first.eventId])).toMatchObject({
      code: 2,
      err: expect.stringContaining('earlier point first'),
    });
  });

  it('[X5] [X7] rewinds while it records, and each write counts once', async () => {
    execFileSync('git', ['init', '-q'], { cwd: room.folder });
    await room.write('a.txt', 'one\n');
    const recorder = await room.record();
    // Only from the baseline on the content before a change is known.
    await waitFor(async () => (await run(['log', '--kind', 'baseline'])).out !== '');
    const target = (await events('--kind', 'baseline'))[0]!.eventId;
    await room.write('a.txt', 'two\n');
    await waitFor(async () => (await run(['log', '--kind', 'file.changed'])).out !== '');
    await ok(['rewind', target, '--yes']);
    expect(await readFile(join(room.folder, 'a.txt'), 'utf8')).toBe('one\n');
    await room.write('after.txt', 'x');
    await waitFor(async () => (await run(['log', '--kind', 'file.created'])).out !== '');
    expect(await recorder.stop('SIGTERM')).toBe(0);
    const { files } = (await ok(['state', '--json'])).json() as {
      files: { path: string; changes: number; recent: { rewind?: string }[] }[];
    };
    const a = files.find(({ path }) => path === 'a.txt')!;
    expect(a).toMatchObject({ changes: 1 });
    expect(a.recent.map(({ rewind }) => rewind !== undefined)).toEqual([false, true]);
  });

  it('[X7] refuses a conflict without a word for it, and saves what it overwrites', async () => {
    await room.write('a.txt', 'one\n');
    await ok(['start']);
    await room.write('a.txt', 'two\n');
    await ok(['update', 'second']);
    await room.write('a.txt', 'mine, and not recorded\n');
    const target = (await events('--kind', 'baseline'))[0]!.eventId;
    expect(await run(['rewind', target, '--yes'])).toMatchObject({ code: 1, err: expect.stringContaining('--overwrite-changed') });
    expect(await readFile(join(room.folder, 'a.txt'), 'utf8')).toBe('mine, and not recorded\n');
    await ok(['rewind', target, '--yes', '--skip-changed']);
    expect(await readFile(join(room.folder, 'a.txt'), 'utf8')).toBe('mine, and not recorded\n');
    await ok(['rewind', target, '--yes', '--overwrite-changed']);
    expect(await readFile(join(room.folder, 'a.txt'), 'utf8')).toBe('one\n');
    await ok(['rewind', '--undo', '--yes']);
    expect(await readFile(join(room.folder, 'a.txt'), 'utf8')).toBe('mine, and not recorded\n');
  });

  it('[X7] rewinds one file alone, also by a name seen from a folder below', async () => {
    await room.write('src/a.txt', 'one\n');
    await room.write('b.txt', 'one\n');
    await ok(['start']);
    await room.write('src/a.txt', 'two\n');
    await room.write('b.txt', 'two\n');
    await ok(['update']);
    await ok(['rewind', '2', '--yes', '--file', 'a.txt'], { cwd: join(room.folder, 'src') });
    expect(await readFile(join(room.folder, 'src/a.txt'), 'utf8')).toBe('one\n');
    expect(await readFile(join(room.folder, 'b.txt'), 'utf8')).toBe('two\n');
  });

  it('[X8] goes on over damage, and verify names it', async () => {
    await ok(['start', '--no-scan']);
    for (const text of ['first', 'second', 'third']) await ok(['note', text]);
    const [path = ''] = await segments();
    const lines = (await readFile(path, 'utf8')).split('\n');
    lines[2] = lines[2]!.replace('second', 'forged');
    await writeFile(path, lines.join('\n'));
    await appendFile(path, '{"v":1,"w":"torn');
    expect((await events('--kind', 'progress')).map(({ text }) => text)).toEqual(['first', 'third']);
    const verified = await run(['verify', '--json']);
    expect(verified.code).toBe(1);
    expect(verified.json()).toMatchObject({
      isSound: false,
      sessions: [{ damage: expect.arrayContaining([expect.objectContaining({ reason: 'crc' })]) }],
    });
    expect((await run(['verify'])).out).toContain('checksum does not match');
    await ok(['resume']);
    await ok(['note', 'fourth']);
    expect((await events('--last', '1'))[0]!.text).toBe('fourth');
  });

  it('[X9] ends quietly when its reader goes away', async () => {
    await ok(['start', '--no-scan']);
    const [path = ''] = await segments();
    // Enough that the pipe fills.
    for (let index = 0; index < 4; index++) await ok(['note', 'x'.repeat(100_000)]);
    expect(existsSync(path)).toBe(true);
    const out = execFileSync('bash', ['-c', `"$0" "$1" log 2>&1 | head -c 10; echo " \${PIPESTATUS[0]}"`, process.execPath, bundle.path], {
      cwd: room.folder,
      encoding: 'utf8',
    });
    expect(out).toBe('{"eventId" 0\n');
  });

  it('[X4] [X1] starts, updates, ends and lists sessions', async () => {
    const first = (await ok(['start', 'One', '--json'])).json() as { session: string; isNew: boolean };
    expect(first.isNew).toBe(true);
    expect((await ok(['start', '--json'])).json()).toMatchObject({ session: first.session, isNew: false });
    await room.write('a.txt', 'x');
    expect((await ok(['update', 'wrote a', '--json'])).json()).toMatchObject({ session: first.session, scan: { files: 1 }, noted: true });
    const second = (await ok(['start', 'Two', '--new', '--json'])).json() as { session: string };
    expect(second.session).not.toBe(first.session);
    await ok(['end']);
    const sessions = (await ok(['sessions', '--json'])).lines() as { id: string; label: string; endReason: string; isOpen: boolean }[];
    expect(sessions.map(({ id, label, endReason, isOpen }) => `${id} ${label} ${endReason} ${isOpen}`).sort()).toEqual(
      [`${first.session} One superseded false`, `${second.session} Two command false`].sort(),
    );
    expect((await events('--session', first.session)).some(({ text }) => text === 'wrote a')).toBe(true);
  });

  it('[D15] holds no text that looks like a secret', async () => {
    const text = await readFile(bundle.path, 'utf8');
    // Compared as one claim: a difference of half a megabyte is nothing to print.
    expect(redactText(text) === text).toBe(true);
  });

  const node20 = ['/usr/bin/node', '/usr/local/bin/node'].find(
    (path) => existsSync(path) && execFileSync(path, ['--version'], { encoding: 'utf8' }).startsWith('v20.'),
  );
  it.skipIf(node20 === undefined)('[X10] runs on Node 20', async () => {
    const node = node20!;
    await room.write('a.txt', 'one\n');
    await ok(['start'], { node });
    await room.write('a.txt', 'two\n');
    await ok(['update', 'changed'], { node });
    await ok(['rewind', '2', '--yes'], { node });
    await ok(['resume'], { node });
    await ok(['verify'], { node });
    expect(await readFile(join(room.folder, 'a.txt'), 'utf8')).toBe('one\n');
    await rm(join(room.folder, 'a.txt'));
  });
});
