import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleCli, openCliRoom, type CliRoom } from './cliRoom.ts';

let room: CliRoom;
let bundle: Awaited<ReturnType<typeof bundleCli>>;
beforeAll(async () => {
  bundle = await bundleCli();
  room = await openCliRoom(bundle.path);
});
afterAll(async () => {
  await room.close();
  await bundle.remove();
});

it('[L9] [X3] what no version knows is listed where it stands, as it was written, and counted', async () => {
  const golden = await readFile(new URL('../fixtures/log/foreign/foreign1-0001.jsonl', import.meta.url), 'utf8');
  await room.write('.tapedeck/sessions/20260101-120000-abcd/events/foreign1-0001.jsonl', golden);
  const raw = golden
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const listed = (await room.run(['log', '--json'])).lines() as Record<string, unknown>[];
  const reasons = ['unknown-kind', 'newer-version', 'newer-version', 'misshapen', 'misshapen', 'misshapen'];
  expect(listed.slice(0, 6)).toEqual(reasons.map((foreign, index) => ({ eventId: `foreign1.${index + 1}`, foreign, ...raw[index] })));
  expect(listed).toHaveLength(7);
  expect((await room.run(['log', '--raw'])).out).toBe(golden);
  expect((await room.run(['log', '--kind', 'foreign', '--json'])).lines()).toHaveLength(6);
  const verified = await room.run(['verify', '--json']);
  expect(verified.code).toBe(0);
  expect(verified.out).toContain('"newer-version":2');
});
