import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundleCli, openCliRoom, type CliRoom } from './cliRoom.ts';

describe('decisions on the command line', () => {
  let bundle: Awaited<ReturnType<typeof bundleCli>>;
  let room: CliRoom;
  const agent = { environment: { CODEX_THREAD_ID: '0199-abc' } };
  beforeAll(async () => (bundle = await bundleCli()));
  afterAll(() => bundle.remove());
  beforeEach(async () => (room = await openCliRoom(bundle.path)));
  afterEach(() => room.close());

  const logged = async (words: string[], options = {}): Promise<string> => {
    const result = await room.run(['decide', ...words, '--json'], options);
    expect(result.code, result.err).toBe(0);
    return (result.json() as { id: string }).id;
  };
  const statusOf = async (id: string): Promise<unknown> =>
    ((await room.run(['decisions', '--json'])).lines() as { id: string; status: string; what: string; why?: string }[]).find(
      (one) => one.id === id,
    );

  it('[D41] are confirmed in other words, rejected, replaced and disproved by people, not by agents', async () => {
    const bucket = await logged(['Token bucket', '--why', 'simpler']);
    const proposed = await logged(['Sixty a minute', '--why', 'enough'], agent);
    expect((await room.run(['confirm', proposed], agent)).err).toContain('confirmed by a person');
    expect((await room.run(['disprove', bucket, '--why', 'x'], agent)).err).toContain('A person settled');
    expect((await room.run(['confirm', proposed, '--what', 'Sixty an hour', '--why', 'measured'])).code).toBe(0);
    expect(await statusOf(proposed)).toMatchObject({ status: 'confirmed', what: 'Sixty an hour', why: 'measured' });
    expect((await room.run(['supersede', bucket, '--by', proposed])).code).toBe(0);
    expect(await statusOf(bucket)).toMatchObject({ status: 'superseded', successor: proposed });
    expect((await room.run(['disprove', proposed, '--why', 'too few'])).code).toBe(0);
    expect(await statusOf(proposed)).toMatchObject({ status: 'disproved' });
    const other = await logged(['No limit', '--why', 'try'], agent);
    expect((await room.run(['reject', other, '--why', 'no'])).code).toBe(0);
    expect(await statusOf(other)).toMatchObject({ status: 'rejected' });
    expect((await room.run(['confirm', 'd-none'])).code).toBe(1);
  });

  it('[D42] are written as a page and as records, numbered on, and over nothing', async () => {
    await logged(['Token bucket', '--why', 'simpler']);
    await room.write('docs/adr/0004-older.md', '# 4. Older\n');
    expect((await room.run(['decisions', '--markdown'])).out).toContain('### Token bucket');
    expect((await room.run(['decisions', '--records', 'docs/adr'])).out).toContain('1 records written');
    expect(await readdir(path.join(room.folder, 'docs/adr'))).toEqual(['0004-older.md', '0005-token-bucket.md']);
    await room.write(
      'docs/adr/0005-token-bucket.md',
      `${await readFile(path.join(room.folder, 'docs/adr/0005-token-bucket.md'), 'utf8')}\nMine.\n`,
    );
    await logged(['Redis', '--why', 'shared']);
    expect((await room.run(['decisions', '--records', 'docs/adr', '--json'])).json()).toMatchObject({ present: 1 });
    expect(await readdir(path.join(room.folder, 'docs/adr'))).toEqual(['0004-older.md', '0005-token-bucket.md', '0006-redis.md']);
    expect(await readFile(path.join(room.folder, 'docs/adr/0005-token-bucket.md'), 'utf8')).toContain('Mine.');
  });
});
