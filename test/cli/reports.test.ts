import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundleCli, openCliRoom, type CliRoom } from './cliRoom.ts';

describe('reports and exports on the command line', () => {
  let bundle: Awaited<ReturnType<typeof bundleCli>>;
  let room: CliRoom;
  beforeAll(async () => (bundle = await bundleCli()));
  afterAll(() => bundle.remove());
  beforeEach(async () => (room = await openCliRoom(bundle.path)));
  afterEach(() => room.close());

  const ok = async (words: string[]) => {
    const result = await room.run(words);
    expect(result.code, `${words.join(' ')}: ${result.err}`).toBe(0);
    return result;
  };
  const report = (name: string): Promise<string> => readFile(path.join(room.folder, '.tapedeck', 'reports', name), 'utf8');

  it('[D49] leaves summary, page, index and recent work at an update and at the end, and again when they are gone', async () => {
    await room.write('a.ts', 'one');
    await ok(['start', 'Limits']);
    await room.write('a.ts', 'two');
    await ok(['update', 'Half done']);
    expect(await report('RECENT_WORK.md')).toMatch(/Limits, open\n/);
    await ok(['decide', 'Token bucket', '--why', 'simpler']);
    const ended = (await ok(['end'])).out;
    expect(ended).toMatch(/1 file · 1 decision/);
    expect(await report('SESSION_INDEX.md')).toMatch(/\| Limits \| .* \| 0 \| 1 \| 0 \| 1 \| {2}\| \d\d:\d\d \|/);
    expect(await report('RECENT_WORK.md')).toMatch(/- Decided: Token bucket/);
    const [session] = await readdir(path.join(room.folder, '.tapedeck', 'sessions'));
    expect(await report(`sessions/${session}.md`)).toContain('| a.ts | modified |');
    await ok(['start', 'Second']);
    await ok(['note', 'Later']);
    await rm(path.join(room.folder, '.tapedeck', 'reports'), { recursive: true });
    await ok(['report', '--rows', '1']);
    expect(await report('SESSION_INDEX.md')).not.toContain('Limits');
    expect(await report('SESSION_INDEX_ARCHIVE.md')).toContain('Limits');
    expect(await readdir(path.join(room.folder, '.tapedeck', 'reports', 'sessions'))).toHaveLength(2);
  });

  it('[D51] gives a session back from its export, line by line, and writes over none', async () => {
    await room.write('a.ts', 'one');
    await ok(['start', 'Limits']);
    await room.write('a.ts', 'two');
    await ok(['update', 'Half done']);
    await ok(['decide', 'Token bucket', '--why', 'simpler']);
    await ok(['export', '--out', 'session.jsonl']);
    const before = (await ok(['log', '--raw'])).out;
    expect((await room.run(['import', 'session.jsonl'])).err).toContain('is in this log already');
    await ok(['export', '--format', 'html', '--out', 'session.html']);
    expect(await readFile(path.join(room.folder, 'session.html'), 'utf8')).toContain('Token bucket');
    const other = await openCliRoom(bundle.path);
    try {
      const file = path.join(room.folder, 'session.jsonl');
      expect((await other.run(['import', file])).code).toBe(0);
      expect((await other.run(['log', '--raw'])).out).toBe(before);
      expect((await other.run(['verify', '--no-content'])).code).toBe(0);
      expect((await other.run(['resume'])).out).toContain('Token bucket. Why: simpler.');
    } finally {
      await other.close();
    }
  });

  it('[D51] leaves out what is no event, takes no path from a file, and leaves nothing behind when it fails', async () => {
    await ok(['start', 'Limits']);
    await ok(['note', 'One']);
    const exported = (await ok(['export'])).out;
    const [head = '', ...lines] = exported.trimEnd().split('\n');
    const other = await openCliRoom(bundle.path);
    try {
      const give = async (text: string) => {
        await writeFile(path.join(other.folder, 'x.jsonl'), text);
        return other.run(['import', 'x.jsonl', '--json']);
      };
      expect((await give(`${head.replace(/"session":"2[^"]*"/, '"session":"../../x"')}\n${lines.join('\n')}\n`)).code).toBe(1);
      expect((await give(`${head.replace('"version":1', '"version":9')}\n${lines.join('\n')}\n`)).err).toContain('newer');
      expect((await give(`${head}\nnothing\n`)).code).toBe(1);
      expect((await other.run(['sessions'])).out).toBe('');
      const damaged = await give(
        [head, lines[0], lines.find((line) => line.includes('One'))!.replace('One', 'Two'), ...lines.slice(1), ''].join('\n'),
      );
      expect(damaged.json()).toMatchObject({ events: lines.length, damaged: { count: 1, first: 3 } });
    } finally {
      await other.close();
    }
  });
});
