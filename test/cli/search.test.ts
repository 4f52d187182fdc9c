import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundleCli, openCliRoom, type CliRoom } from './cliRoom.ts';

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

describe('search', () => {
  it('[X13] finds a text newest first, says where it stands, and narrows by kind, actor, path and time', async () => {
    await room.run(['start', 'The first one']);
    await room.run(['decide', 'Keep "quoted" keys', '--why', 'Readers need\nthem']);
    await room.run(['note', 'see the QUOTED keys'], { environment: { CODEX_THREAD_ID: '0199e5a1-7c2f-7f40-9d2e-3f1f5e0c9a11' } });
    const found = (await room.run(['search', '"quoted"', '--json'])).lines() as { eventId: string; kind: string; matches: unknown[] }[];
    expect(found).toEqual([
      expect.objectContaining({
        kind: 'decision.confirmed',
        matches: [{ field: 'what', from: 5, to: 13 }],
        excerpt: { text: 'Keep "quoted" keys', from: 5, to: 13 },
      }),
    ]);
    const both = await room.run(['search', 'quoted', '-i']);
    expect(
      both.out
        .trim()
        .split('\n')
        .map((line) => line.replace(/^\S+ {2}\S+ {2}/, '')),
    ).toEqual(['progress.noted  see the QUOTED keys', 'decision.confirmed  Keep "quoted" keys']);
    const count = async (...words: string[]): Promise<number> =>
      (await room.run(['search', 'quoted', '-i', '--json', ...words])).lines().length;
    expect(await count('--kind', 'decision')).toBe(1);
    expect(await count('--actor', 'agent')).toBe(1);
    expect(await count('--actor', 'user')).toBe(1);
    expect(await count('--path', 'src')).toBe(0);
    expect(await count('--since', '2099-01-01')).toBe(0);
    expect(await count('--limit', '1')).toBe(1);
    expect((await room.run(['search', 'need\nthem', '--json'])).lines()).toHaveLength(1);
  });

  it('[X13] looks into one session or into all, newest first, and says when nothing was found', async () => {
    await room.run(['start', 'needle one']);
    await room.run(['end']);
    await room.run(['start', 'needle two']);
    const one = await room.run(['search', 'needle']);
    expect(one.out).toMatch(/needle two/);
    expect(one.out).not.toMatch(/needle one/);
    const all = await room.run(['search', 'needle', '--all-sessions']);
    expect(all.out.indexOf('needle two')).toBeLessThan(all.out.indexOf('needle one'));
    const none = await room.run(['search', 'haystack', '--all-sessions']);
    expect([none.code, none.out, none.err]).toEqual([0, '', 'Nothing was found.\n']);
    expect((await room.run(['search', ''])).code).toBe(2);
    expect((await room.run(['search', 'a', '--since', 'soon'])).code).toBe(2);
  });
});
