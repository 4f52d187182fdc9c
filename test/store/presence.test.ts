import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { prepareRoot, tapedeckLayout, type TapedeckLayout } from '../../src/store/layout.ts';
import { findRootTrouble, openPresence, readRecorders, type Presence, type PresenceCard } from '../../src/store/presence.ts';

let folder: string;
let layout: TapedeckLayout;
let presence: Presence;
const card: PresenceCard = {
  writer: 'abcd1234',
  pid: process.pid,
  host: hostname(),
  startedAt: new Date().toISOString(),
  app: 'test',
};
const trouble = { message: 'The disk is full (ENOSPC).', reason: 'disk-full', since: '2026-01-01T00:00:00.000Z', waiting: 3, lost: 0 };
const cardPath = (): string => join(layout.recorders, 'abcd1234.json');
const told = async (): Promise<unknown> => (await readRecorders(layout))[0]?.trouble;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-presence-'));
  layout = tapedeckLayout(join(folder, '.tapedeck'));
  await prepareRoot(layout);
  presence = await openPresence({ layout, card });
});
afterEach(async () => {
  await presence.leave();
  await rm(folder, { recursive: true, force: true });
});

test('[L33] a recorder that cannot record says so to every process, and that it can again', async () => {
  const { size, ino } = await stat(cardPath());
  presence.tell({ ...trouble, waiting: 1 });
  presence.tell(trouble);
  await expect.poll(told).toEqual(trouble);
  // Over itself and not one byte longer: on a full disk there is room for nothing else.
  expect(await stat(cardPath())).toMatchObject({ size, ino });
  presence.tell(undefined);
  await expect.poll(told).toBeUndefined();
  presence.tell({ ...trouble, message: 'x'.repeat(5000) });
  await expect.poll(told).toMatchObject({ message: expect.stringMatching(/^x{200}…$/) });
  expect(await stat(cardPath())).toMatchObject({ size, ino });
});

test('[L33] what could not be told is told as soon as it can be', async () => {
  await rm(layout.recorders, { recursive: true });
  presence.tell(trouble);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await told()).toBeUndefined();
  await presence.look();
  await expect.poll(told, { timeout: 10_000 }).toEqual(trouble);
});

test('[L33] of a process that is gone nothing is believed, and its file is none of one that left', async () => {
  await presence.leave();
  presence.tell(trouble);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await expect(readFile(cardPath())).rejects.toThrow('ENOENT');
  // As one that died without a word left it.
  await writeFile(cardPath(), JSON.stringify({ ...card, pid: 2 ** 22 + 12_345, trouble }));
  expect(await readRecorders(layout)).toEqual([]);
});

test.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
  '[L33] that a root cannot be written is seen without anybody saying so',
  async () => {
    expect(await findRootTrouble(layout)).toBeUndefined();
    await chmod(layout.root, 0o500);
    try {
      expect(await findRootTrouble(layout)).toMatchObject({ reason: 'no-permission', message: expect.stringContaining('EACCES') });
    } finally {
      await chmod(layout.root, 0o700);
    }
  },
);

test('[L33] a root that is not there is no trouble', async () => {
  expect(await findRootTrouble(tapedeckLayout(join(folder, 'none')))).toBeUndefined();
});

test('[A49] what of the agents’ records is not known is told to every process, within the room that there is', async () => {
  const drift = async (): Promise<unknown> => (await readRecorders(layout))[0]?.drift;
  const { size } = await stat(cardPath());
  presence.tellDrift([{ agent: 'claude', version: '3.0', recordType: 'dream', count: 2 }]);
  await expect.poll(drift).toEqual([{ agent: 'claude', version: '3.0', recordType: 'dream', count: 2 }]);
  presence.tell(trouble);
  await expect.poll(told).toEqual(trouble);
  expect(await drift()).toHaveLength(1);
  presence.tellDrift(Array.from({ length: 40 }, (_, count) => ({ agent: 'pi', recordType: `t${count}`, count })));
  await expect.poll(drift).toHaveLength(6);
  presence.tellDrift(Array.from({ length: 6 }, (_, count) => ({ agent: 'x'.repeat(500), recordType: `t${count}`, count })));
  await expect.poll(drift).toBeUndefined();
  // The trouble is worth more than the drift.
  expect(await told()).toEqual(trouble);
  expect((await stat(cardPath())).size).toBe(size);
  presence.tellDrift([]);
});
