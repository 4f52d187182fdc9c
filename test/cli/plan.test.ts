import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { bundleCli, openCliRoom, type CliRoom } from './cliRoom.ts';

let bundle: Awaited<ReturnType<typeof bundleCli>>;
let room: CliRoom;
beforeAll(async () => (bundle = await bundleCli()));
afterAll(() => bundle.remove());
beforeEach(async () => (room = await openCliRoom(bundle.path)));
afterEach(() => room.close());

it('[D53] keeps a person’s plan beside those of agents, and tells the next agent what is left of both', async () => {
  const agent = { environment: { CODEX_THREAD_ID: '0199-abc' } };
  const plan = async (words: string[], options = {}): Promise<string> => {
    const result = await room.run(['plan', ...words], options);
    expect(result.code, result.err).toBe(0);
    return result.out;
  };
  await plan(['--add', 'Write the bucket']);
  await plan(['--add', 'Document it']);
  await plan(['--add', 'Count requests'], agent);
  await plan(['--doing', '1']);
  expect(await plan([])).toBe(' 1 [>] Write the bucket\n 2 [ ] Document it\n   [ ] Count requests (Codex)\n');
  expect(await plan(['--doing', '2'])).toBe(' 1 [ ] Write the bucket\n 2 [>] Document it\n');
  await plan(['--done', '1']);
  expect(await plan([])).toContain(' 1 [x] Write the bucket\n 2 [>] Document it\n');
  const resume = (await room.run(['resume'])).out;
  expect(resume).toContain('- [ ] Document it (was in progress) (the user)');
  expect(resume).toContain('- [ ] Count requests (Codex)');
  await plan(['--drop', '2']);
  expect(await plan([])).not.toContain('Document it');
  expect((await room.run(['plan', '--done', '9'])).err).toContain('Your plan has 1 items');
  expect((await room.run(['plan', '--done', 'x'])).code).toBe(2);
});
