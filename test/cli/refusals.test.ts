import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundleCli, openCliRoom, waitFor, type CliRoom } from './cliRoom.ts';

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
const log = (): string => join(room.folder, '.tapedeck');

describe('what the command line refuses', { timeout: 60_000 }, () => {
  it('[X1] begins no session for a command that was not given right', async () => {
    for (const words of [
      ['note', ' '],
      ['decide', '', '--why', 'x'],
      ['decide', 'x', '--why', ' '],
      ['block', ''],
      ['update', ''],
      ['start', ' '],
    ])
      expect(await run(words), words.join(' ')).toMatchObject({ code: 2, out: '' });
    expect(existsSync(log())).toBe(false);
  });

  it('[X1] takes counts and kinds that are some, and no others', async () => {
    await run(['start', '--no-scan']);
    for (const words of [
      ['sessions', '--last', 'x'],
      ['sessions', '--last', '-1'],
      ['log', '--last', '0'],
      ['log', '--kind', ' , '],
    ])
      expect(await run(words), words.join(' ')).toMatchObject({ code: 2, out: '' });
  });

  it('[X1] tells wrong usage as JSON where JSON was asked for', async () => {
    for (const words of [['--json', 'nonsense'], ['log', '--bogus', '--json'], ['note', '--json'], ['--json']]) {
      const { code, out, err } = await run(words);
      expect({ code, out }, words.join(' ')).toEqual({ code: 2, out: '' });
      expect(JSON.parse(err), words.join(' ')).toMatchObject({ ok: false, reason: 'usage', message: expect.stringMatching(/\w/) });
    }
    expect((await run(['nonsense', '--', '--json'])).err).toMatch(/^error: /);
  });

  it('[X1] names the reason of a failure', async () => {
    await writeFile(log(), 'in the way');
    for (const words of [['status'], ['start'], ['note', 'x'], ['record'], ['files']]) {
      const { code, out, err } = await run([...words, '--json']);
      expect({ code, out }, words.join(' ')).toEqual({ code: 1, out: '' });
      expect(JSON.parse(err), words.join(' ')).toMatchObject({ reason: 'not-a-folder', message: expect.stringContaining(log()) });
    }
    expect(await readFile(log(), 'utf8')).toBe('in the way');
  });

  it('[X11] records nothing through a link', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'tapedeck-elsewhere-'));
    try {
      for (const name of ['.tapedeck', '.tapedeck/sessions', '.tapedeck/blobs']) {
        await rm(log(), { recursive: true, force: true });
        if (name !== '.tapedeck') await mkdir(log());
        await symlink(elsewhere, join(room.folder, name), 'junction');
        for (const words of [['start'], ['note', 'x'], ['update'], ['record']]) {
          const { code, err } = await run(words);
          expect(code, `${name} ${words.join(' ')}`).toBe(1);
          expect(err).toContain(`${join(room.folder, name)} is a link`);
        }
        expect(await readdir(elsewhere)).toEqual([]);
      }
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });

  it.skipIf(process.platform === 'win32')('[X1] says in a line that its answer found no room', async () => {
    await run(['start', '--no-scan']);
    for (const words of [['log'], ['status', '--json']]) {
      const child = spawn('bash', ['-c', '"$0" "$@" > /dev/full', process.execPath, bundle.path, ...words], { cwd: room.folder });
      let err = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
      const code = await new Promise((resolve) => child.once('close', resolve));
      expect(code).toBe(1);
      expect(err).toMatch(/^tapedeck: The answer could not be written: .*ENOSPC.*\n$/);
    }
  });

  it('[X8] names damaged contents', async () => {
    await room.write('a.txt', 'one\n');
    await run(['start']);
    await room.write('a.txt', 'two\n');
    await run(['update']);
    const blobs = join(log(), 'blobs');
    for (const name of await readdir(blobs)) {
      const bytes = await readFile(join(blobs, name));
      bytes[bytes.length - 2]! ^= 0xff;
      await writeFile(join(blobs, name), bytes);
    }
    const { code, out } = await run(['verify']);
    expect(code).toBe(1);
    expect(out).toMatch(/\.pack, bytes \d+ to \d+: checksum does not match/);
  });
});

describe('sessions from the command line', { timeout: 60_000 }, () => {
  it('[X4] keeps in a session what changed until its end', async () => {
    const changes = async (session: string): Promise<string[]> =>
      ((await run(['log', '--kind', 'file', '--session', session])).lines() as { path: string }[]).map(({ path }) => path);
    await room.write('a.txt', 'one\n');
    const first = ((await run(['start', '--json'])).json() as { session: string }).session;
    await room.write('a.txt', 'two\n');
    const second = ((await run(['start', '--new', '--json'])).json() as { session: string }).session;
    await room.write('b.txt', 'new\n');
    await run(['end']);
    expect(await changes(first)).toEqual(['a.txt']);
    expect(await changes(second)).toEqual(['b.txt']);
  });

  it('[X5] waits as second recorder, and takes over when the first one goes', async () => {
    const first = await room.record();
    const second = await room.record();
    expect(second.err()).toContain('viewing');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(second.process.exitCode).toBeNull();
    expect(await first.stop()).toBe(0);
    await waitFor(() => second.err().includes('\nrecording'), second.err);
    await room.write('a.txt', 'x');
    await waitFor(async () => (await run(['log', '--kind', 'file'])).out.includes('a.txt'));
    expect(await second.stop()).toBe(0);
  });
});
