import { execFileSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundleCli, openCliRoom, type CliResult, type CliRoom } from './cliRoom.ts';

let bundle: Awaited<ReturnType<typeof bundleCli>>;
let room: CliRoom;
beforeAll(async () => {
  bundle = await bundleCli();
});
afterAll(() => bundle.remove());
beforeEach(async () => {
  room = await openCliRoom(bundle.path);
});
afterEach(() => room.close());

const ok = async (words: readonly string[]): Promise<CliResult> => {
  const result = await room.run(words);
  expect(result, words.join(' ')).toMatchObject({ code: 0 });
  return result;
};
const text = (name: string): Promise<string> => readFile(join(room.folder, name), 'utf8');
/** Records what the changes leave, one after the other. */
async function recorded(changes: readonly (() => Promise<unknown>)[]): Promise<void> {
  const recorder = await room.record();
  for (const change of changes) {
    const before = (await ok(['log', '--json'])).lines().length;
    await change();
    await expect.poll(async () => (await ok(['log', '--json'])).lines().length, { timeout: 20_000 }).toBeGreaterThan(before);
  }
  expect(await recorder.stop()).toBe(0);
}

describe('rewind on the command line', () => {
  it('[R40] shows the changes of each text, numbered, and takes only the chosen ones of a file', async () => {
    await room.write('a.txt', 'one\r\ntwo\nthree');
    await room.write('b.txt', 'b\n');
    await recorded([() => room.write('a.txt', 'ONE\r\ntwo\nTHREE\n'), () => room.write('b.txt', 'B\n')]);
    const shown = await ok(['rewind', '1', '--plan', '--diff']);
    expect(shown.out).toContain('a.txt: 2 changes\n@@ 1: line 1\n-ONE\n+one\n@@ 2: line 3\n-THREE\n+three\n');
    expect(await room.run(['rewind', '1', '--plan', '--hunk', 'a.txt:3'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('has 2 changes'),
    });
    expect(await room.run(['rewind', '1', '--plan', '--hunk', 'a.txt'])).toMatchObject({ code: 2 });
    expect(await room.run(['rewind', '1', '--plan', '--hunk', 'c.txt:1'])).toMatchObject({ code: 1 });
    await ok(['rewind', '1', '--yes', '--hunk', 'a.txt:2']);
    expect(await text('a.txt')).toBe('ONE\r\ntwo\nthree');
    // A file that is named no more than this one is not touched.
    expect(await text('b.txt')).toBe('B\n');
    await ok(['rewind', '--undo', '--yes']);
    expect(await text('a.txt')).toBe('ONE\r\ntwo\nTHREE\n');
  });

  it('[R42] goes back to a commit, to what was last green, and to a checkpoint by their names, in whichever session they are', async () => {
    const git = (...words: string[]): void => {
      execFileSync('git', ['-C', room.folder, '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...words], { stdio: 'ignore' });
    };
    git('init', '-q');
    await room.write('a.txt', 'one\n');
    git('add', 'a.txt');
    git('commit', '-qm', 'first');
    await recorded([
      () => room.write('a.txt', 'two\n'),
      async () => git('commit', '-qam', 'the second'),
      () => room.write('a.txt', 'three\n'),
    ]);
    const commits = (await ok(['log', '--json'])).lines() as { kind: string; commit: string }[];
    const hash = commits.find(({ kind }) => kind === 'git.committed')!.commit;
    await ok(['end']);
    await ok(['note', 'another session']);
    await ok(['rewind', `commit:${hash.slice(0, 8)}`, '--yes']);
    expect(await text('a.txt')).toBe('two\n');
    for (const name of ['commit:0000000', 'checkpoint:none', 'run:none', 'green'])
      expect(await room.run(['rewind', name, '--plan'])).toMatchObject({ code: 1, err: expect.stringContaining(`no event ${name}`) });
  });

  it('[R44] tells what happened to a file, also one that is gone', async () => {
    await recorded([() => room.write('a.txt', 'one\n'), () => room.write('a.txt', 'one\ntwo\n'), () => rm(join(room.folder, 'a.txt'))]);
    const { out } = await ok(['history', 'a.txt']);
    expect(
      out
        .split('\n')
        .slice(0, 3)
        .map((line) => /(?:created|changed|deleted)[^A-Z]*/.exec(line)?.[0].trim()),
    ).toEqual(['deleted −2', 'changed +1', 'created +1']);
    expect((await ok(['history', 'a.txt', '--json'])).lines()).toMatchObject([
      { change: 'deleted' },
      { change: 'changed' },
      { change: 'created' },
    ]);
    expect(await room.run(['history', 'b.txt'])).toMatchObject({ code: 1, err: expect.stringContaining('No session saw b.txt change') });
  });
});
