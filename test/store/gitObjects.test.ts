import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openGitObjects, quietGitEnvironment, type GitObjects, type GitObjectsOptions } from '../../src/store/gitObjects.ts';

let folder: string;
const opened: GitObjects[] = [];
const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: folder, env: quietGitEnvironment() })
    .toString()
    .trim();
const commit = (name: string, content: string | Buffer): string => {
  writeFileSync(join(folder, name), content);
  git('add', '-A');
  git('commit', '-qm', name);
  return git('rev-parse', `HEAD:${name}`);
};
const open = (options?: GitObjectsOptions): GitObjects => {
  const objects = openGitObjects(folder, options);
  opened.push(objects);
  return objects;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tapedeck-git-'));
  git('init', '-q');
});
afterEach(() => {
  for (const objects of opened.splice(0)) objects.dispose();
  rmSync(folder, { recursive: true, force: true });
});

describe('git objects', () => {
  it('[R27] reads many blobs of any bytes in their order, and says undefined for what is none', async () => {
    const contents = [Buffer.from('text\n'), Buffer.alloc(0), Buffer.from([0, 10, 255, 10]), Buffer.alloc(3_000_000, 'ab\n')];
    const oids = contents.map((content, index) => commit(`f${index}`, content));
    const objects = open();
    const got = await Promise.all(
      [...oids, 'f'.repeat(40), git('rev-parse', 'HEAD'), 'HEAD; rm', oids[0]!].map((oid) => objects.readBlob(oid)),
    );
    expect(got.slice(0, 4).map((bytes, index) => Buffer.from(bytes!).equals(contents[index]!))).toEqual([true, true, true, true]);
    expect(got.slice(4, 7)).toEqual([undefined, undefined, undefined]);
    expect(Buffer.from(got[7]!)).toEqual(contents[0]);
  });

  it('[R27] passes over a blob larger than the cap without losing its place', async () => {
    const large = commit('large', Buffer.alloc(5_000_000, 'x'));
    const small = commit('small', 'small');
    const objects = open();
    const got = await Promise.all([objects.readBlob(large, 1000), objects.readBlob(small)]);
    expect(got[0]).toBeUndefined();
    expect(Buffer.from(got[1]!).toString()).toBe('small');
  });

  it('[R27] gives the bytes that a checkout would have written: line ends and filters', async () => {
    writeFileSync(join(folder, '.gitattributes'), '*.crlf text eol=crlf\n*.up filter=up\n');
    git('config', 'filter.up.smudge', 'tr a-z A-Z');
    const crlf = commit('a file.crlf', 'one\ntwo\n');
    const upper = commit('x.up', 'shout');
    const objects = open();
    expect(Buffer.from((await objects.readCheckedOut(crlf, 'a file.crlf'))!).toString()).toBe('one\r\ntwo\r\n');
    expect(Buffer.from((await objects.readCheckedOut(upper, 'x.up'))!).toString()).toBe('SHOUT');
    expect(Buffer.from((await objects.readBlob(upper))!).toString()).toBe('shout');
  });

  it('[R27] asks again in a new process when git dies, and gives up after the second time', async () => {
    const oid = commit('a', 'alive');
    const program = join(folder, 'dying-git');
    const times = join(folder, 'times');
    const script = (deaths: number): string =>
      `#!/bin/sh\necho x >> '${times}'\n[ $(wc -l < '${times}') -le ${deaths} ] && { read line; exit 3; }\nexec git "$@"\n`;
    writeFileSync(program, script(1));
    chmodSync(program, 0o755);
    expect(Buffer.from((await open({ git: program }).readBlob(oid))!).toString()).toBe('alive');
    writeFileSync(program, script(100));
    expect(await open({ git: program }).readBlob(oid)).toBeUndefined();
    expect(await open({ git: join(folder, 'no-such-git') }).readBlob(oid)).toBeUndefined();
  });

  it('[R27] does not wait for ever for a git that does not answer', async () => {
    const program = join(folder, 'mute-git');
    writeFileSync(program, '#!/bin/sh\nexec sleep 60\n');
    chmodSync(program, 0o755);
    const started = Date.now();
    expect(await open({ git: program, timeoutMs: 150 }).readBlob('a'.repeat(40))).toBeUndefined();
    expect(Date.now() - started).toBeLessThan(5000);
  });

  it('[R27] runs nothing that a hostile config names when it reads a blob, and takes no lock', async () => {
    const oid = commit('a', 'content');
    const proof = join(folder, 'proof');
    for (const key of [
      'core.fsmonitor',
      'core.sshCommand',
      'core.pager',
      'core.editor',
      'filter.evil.smudge',
      'credential.helper',
      'diff.external',
    ])
      git('config', key, `touch '${proof}'; false`);
    writeFileSync(join(folder, '.gitattributes'), '* filter=evil\n');
    const before = readFileSync(join(folder, '.git', 'index'));
    const objects = open();
    expect(Buffer.from((await objects.readBlob(oid))!).toString()).toBe('content');
    expect(await objects.readBlob('b'.repeat(40))).toBeUndefined();
    expect(existsSync(proof)).toBe(false);
    expect(readFileSync(join(folder, '.git', 'index')).equals(before)).toBe(true);
  });

  it('[R27] is not led to another repository by the environment', async () => {
    const oid = commit('a', 'mine');
    const objects = open({ environment: { ...process.env, GIT_DIR: '/nonexistent', GIT_OBJECT_DIRECTORY: '/nonexistent' } });
    expect(Buffer.from((await objects.readBlob(oid))!).toString()).toBe('mine');
  });
});
