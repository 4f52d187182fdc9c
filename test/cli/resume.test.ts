import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundleCli, openCliRoom, type CliRoom } from './cliRoom.ts';

describe('the resume prompt on the command line', () => {
  let bundle: Awaited<ReturnType<typeof bundleCli>>;
  let room: CliRoom;
  beforeAll(async () => (bundle = await bundleCli()));
  afterAll(() => bundle.remove());
  beforeEach(async () => (room = await openCliRoom(bundle.path)));
  afterEach(() => room.close());

  const git = (...words: string[]): unknown =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...words], { cwd: room.folder, stdio: 'ignore' });
  const ok = async (words: string[]) => {
    const result = await room.run(words);
    expect(result.code, `${words.join(' ')}: ${result.err}`).toBe(0);
    return result;
  };

  it('[D46] leaves sections out, is plain where wanted, names its reader, and is written to a file', async () => {
    await room.write('a.ts', 'one');
    await ok(['start', 'Limits']);
    await room.write('a.ts', 'two');
    await ok(['update', 'Half done']);
    await ok(['decide', 'Token bucket', '--why', 'simpler']);
    const whole = (await ok(['resume', '--for', 'codex'])).out;
    expect(whole).toContain('## Decisions');
    expect(whole).toContain('For Codex.');
    const plain = (await ok(['resume', '--plain', '--without', 'decisions', '--without', 'notes'])).out;
    expect(plain).toMatch(/^Take up this work in /);
    expect(plain).not.toMatch(/^#|`|Token bucket|Half done/m);
    expect((await room.run(['resume', '--without', 'nothing'])).code).toBe(2);
    await ok(['resume', '--out', 'prompt.md']);
    expect(await readFile(path.join(room.folder, 'prompt.md'), 'utf8')).toBe((await ok(['resume'])).out);
  });

  it('[D47] says what changed since an old prompt and since a session that is over', async () => {
    git('init', '-q', '-b', 'main');
    await room.write('.gitignore', '.tapedeck\nprompt.md\n');
    await room.write('a.ts', 'one');
    git('add', '.');
    git('commit', '-qm', 'First');
    await ok(['start', 'Limits']);
    await room.write('a.ts', 'two');
    await room.write('b.ts', 'new');
    await ok(['update']);
    await ok(['resume', '--out', 'prompt.md']);
    expect((await ok(['drift', 'prompt.md', '--json'])).json()).toMatchObject({ hasDrifted: false, filesCompared: 2 });
    await room.write('a.ts', 'three');
    git('add', '.');
    git('commit', '-qm', 'Second thoughts');
    git('checkout', '-q', '-b', 'other');
    await ok(['decide', 'Keep both', '--why', 'measured']);
    const drift = (await ok(['drift', 'prompt.md'])).out;
    expect(drift).toContain('The branch is `other`; it was `main`');
    expect(drift).toContain('1 commit: “Second thoughts”');
    expect(drift).toMatch(/1 file of 2 that this names is no longer what it was: `a.ts`/);
    expect(drift).toContain('Decided since: Keep both');
    expect((await room.run(['drift', 'a.ts'])).err).toContain('is no resume prompt');
    await ok(['end', '--no-scan']);
    const { out } = await ok(['resume']);
    expect(out).toContain('## What changed since this was recorded');
    expect(out).toMatch(/`a.ts`/);
  });
});
