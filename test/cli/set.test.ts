import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleCli, openCliRoom, type CliRoom } from './cliRoom.ts';

let bundle: Awaited<ReturnType<typeof bundleCli>>;
let room: CliRoom;
beforeAll(async () => {
  bundle = await bundleCli();
  room = await openCliRoom(bundle.path);
});
afterAll(async () => {
  await room.close();
  await bundle.remove();
});

it('[A68] [A69] names a session, and sets its detail and the model of its runs, on the command line', async () => {
  await room.run(['start', '--no-scan']);
  const set = await room.run(['set', '--label', 'é'.repeat(80), '--detail', 'brief', '--model', 'opus', '--agent', 'claude', '--json']);
  expect(set.code).toBe(0);
  expect(set.json()).toMatchObject({ ok: true, detail: 'brief', model: 'opus', agent: 'claude' });
  const log = await room.run(['log', '--json']);
  const events = log.lines() as { readonly kind: string }[];
  expect(events.find(({ kind }) => kind === 'session.labelled')).toMatchObject({ label: `${'é'.repeat(63)}…` });
  expect(events.find(({ kind }) => kind === 'session.adjusted')).toMatchObject({ detail: 'brief', model: 'opus', agent: 'claude' });
});

it('[A69] refuses what is no level of detail and no name of a model', async () => {
  for (const words of [[], ['--detail', 'tiny'], ['--model', '--yolo'], ['--model', 'a b'], ['--agent', 'claude'], ['--label', ' ']])
    expect((await room.run(['set', ...words])).code, words.join(' ')).toBe(2);
});

it('[A62] adds the session’s name to a commit’s message for a hook of the user’s own', async () => {
  await room.run(['start', '--no-scan']);
  await room.write('message', 'Work\n');
  expect((await room.run(['trailer', 'message'])).code).toBe(0);
  const { out } = await room.run(['trailer']);
  expect(out).toMatch(/^Tapedeck-Session: \d{8}-\d{6}-\w+\n$/);
  expect(await readFile(join(room.folder, 'message'), 'utf8')).toBe(`Work\n\n${out}`);
});
