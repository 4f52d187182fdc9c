import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WriterHealth } from '../../src/store/writerHealth.ts';
import { FaultyLogFileSystem } from '../faults/faultyLogFileSystem.ts';
import { note, openLogRoom, type LogRoom } from './logRoom.ts';

let room: LogRoom;
let disk: FaultyLogFileSystem;
beforeEach(async () => {
  room = await openLogRoom();
  disk = new FaultyLogFileSystem();
});
afterEach(() => room.close());

const kindsAndTexts = async (): Promise<string[]> =>
  (await room.readAll()).map((event) => (event.kind === 'progress.noted' ? event.text : event.kind));

test('[L2] an append resolves after one write and one sync, shared by all that wait', async () => {
  const writer = await room.writer({ fileSystem: disk });
  await writer.append(note('first'));
  expect([disk.calls.write, disk.calls.sync]).toEqual([1, 1]);
  await Promise.all(Array.from({ length: 1000 }, (_, index) => writer.append(note(`${index}`))));
  expect(disk.calls.write).toBeLessThanOrEqual(3);
  expect(disk.calls.sync).toBe(disk.calls.write);
  await writer.close();
});

test('[L2] nothing is acknowledged while the sync is under way', async () => {
  let release = (): void => {};
  const writer = await room.writer({
    fileSystem: {
      makeFolder: (path) => disk.makeFolder(path),
      syncFolder: (path) => disk.syncFolder(path),
      async open(path, isNew) {
        const file = await disk.open(path, isNew);
        return { ...file, sync: () => new Promise<void>((resolve) => (release = resolve)) };
      },
    },
  });
  let isAcknowledged = false;
  const appended = writer.append(note('x')).then(() => (isAcknowledged = true));
  await expect.poll(() => disk.calls.write, { timeout: 5000 }).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(isAcknowledged).toBe(false);
  release();
  await appended;
  await writer.close();
});

test('[L2] the folder is synced when a segment is created, before the first acknowledgement', async () => {
  disk.faults = [{ call: 'syncFolder', at: 1, code: 'EIO' }];
  const writer = await room.writer({ fileSystem: disk, limits: { retryMs: 1 } });
  await writer.append(note('x'));
  expect(disk.calls.syncFolder).toBe(2);
  await writer.close();
});

test('[L3] events reach the disk in the order of the calls, and through a failure too', async () => {
  disk.faults = [{ call: 'sync', at: 2, code: 'EIO' }];
  const writer = await room.writer({ fileSystem: disk, limits: { retryMs: 1 } });
  await writer.append(note('0'));
  await Promise.all([1, 2, 3].map((index) => writer.append(note(`${index}`))));
  await writer.append(note('4'));
  await writer.close();
  expect(await kindsAndTexts()).toEqual(['0', '1', '2', '3', 'capture.gap', '4']);
  expect(await readdir(room.session.events)).toHaveLength(2);
  const health = await (await room.reader()).verify();
  expect(health).toMatchObject({ isSound: true, events: 6, repeated: 3 });
});

test.each([
  ['ENOSPC', 'disk-full', 'The disk is full'],
  ['EROFS', 'read-only', 'read-only'],
  ['EACCES', 'no-permission', 'no permission'],
  ['EIO', 'io-error', 'reported an error'],
  ['EMFILE', 'too-many-files', 'Too many files'],
])('[L4] %s is seen at once, with a reason that a person understands, and ends with a gap', async (code, reason, words) => {
  disk.faults = [{ call: 'write', at: 1, times: 3, code }];
  const writer = await room.writer({ fileSystem: disk, limits: { retryMs: 1 } });
  const seen: WriterHealth[] = [];
  writer.onDidChangeHealth((health) => seen.push(health));
  await writer.append(note('x'));
  await writer.close();
  expect(seen[0]).toMatchObject({ state: 'degraded', reason, waiting: 1, lost: 0, message: expect.stringContaining(words) });
  expect(seen.at(-1)).toEqual({ state: 'ok' });
  expect(await kindsAndTexts()).toEqual(['x', 'capture.gap']);
  expect((await room.readAll())[1]).toMatchObject({ reason, from: expect.any(String), to: expect.any(String) });
});

test('[L4] a count that is short without an error closes the segment', async () => {
  disk.faults = [{ call: 'write', at: 2, code: 'short' }];
  const writer = await room.writer({ fileSystem: disk, limits: { retryMs: 1 } });
  await writer.append(note('whole'));
  await writer.append(note('short at first'));
  await writer.close();
  expect(await kindsAndTexts()).toEqual(['whole', 'short at first', 'capture.gap']);
  const { damage, breaks } = await (await room.reader()).verify();
  expect(breaks).toEqual([]);
  // The half line is still there, in the file that was given up.
  expect((await room.segment(`${writer.id}-0001.jsonl`)).at(-1)).not.toBe(10);
  expect(damage.length).toBeLessThanOrEqual(1);
});

test('[L4] attempts on a full disk leave no heap of empty files', async () => {
  disk.faults = [{ call: 'write', at: 1, times: 20, code: 'ENOSPC' }];
  const writer = await room.writer({ fileSystem: disk, limits: { retryMs: 1, maxRetryMs: 2 } });
  await writer.append(note('x'));
  await writer.close();
  expect(await readdir(room.session.events)).toEqual([`${writer.id}-0001.jsonl`]);
});

test('[L4] what finds no room in memory rejects, and is counted in the gap', async () => {
  disk.faults = [{ call: 'write', at: 1, times: 1_000_000, code: 'ENOSPC' }];
  const writer = await room.writer({ fileSystem: disk, limits: { retryMs: 1, maxRetryMs: 1, waitingBytes: 2000 } });
  const kept: Promise<unknown>[] = [];
  kept.push(writer.append(note('x'.repeat(1900))));
  await expect.poll(() => writer.health.state, { timeout: 5000 }).toBe('degraded');
  await expect(writer.append(note('a'))).rejects.toMatchObject({ reason: 'no-room', message: expect.stringContaining('The disk is full') });
  await expect(writer.append(note('b'))).rejects.toMatchObject({ reason: 'no-room' });
  expect(writer.health).toMatchObject({ lost: 2, waiting: 1 });
  disk.faults = [];
  await Promise.all(kept);
  await writer.append(note('after'));
  await writer.close();
  const events = await room.readAll();
  expect(events.map(({ kind }) => kind)).toEqual(['progress.noted', 'capture.gap', 'progress.noted']);
  expect(events[1]).toMatchObject({ reason: 'disk-full', lost: 2 });
  expect(await (await room.reader()).verify()).toMatchObject({ isSound: true, events: 3 });
});

test('[L4] a writer that is closed while nothing can be written tries once more, and then says what it could not keep', async () => {
  disk.faults = [{ call: 'write', at: 1, times: 1_000_000, code: 'ENOSPC' }];
  const writer = await room.writer({ fileSystem: disk, limits: { retryMs: 60_000 } });
  const appended = writer.append(note('x'));
  const rejected = expect(appended).rejects.toMatchObject({ reason: 'disk-full' });
  await expect.poll(() => writer.health.state, { timeout: 5000 }).toBe('degraded');
  await writer.close();
  await rejected;
  await expect(writer.append(note('y'))).rejects.toMatchObject({ reason: 'closed' });
});

test('[L4] while more and more waits, the health is good again with the first write that succeeds', async () => {
  disk.faults = [{ call: 'write', at: 1, times: 2, code: 'ENOSPC' }];
  const writer = await room.writer({ fileSystem: disk, limits: { retryMs: 1 } });
  const states: string[] = [];
  writer.onDidChangeHealth(({ state }) => states.push(state));
  const flood = Promise.all(Array.from({ length: 10_000 }, (_, index) => writer.append(note(`${index}`))));
  await flood;
  await writer.close();
  expect(states).toEqual(['degraded', 'degraded', 'ok']);
  const events = await room.readAll();
  expect(events).toHaveLength(10_001);
  expect(events.map(({ n }) => n)).toEqual(events.map((_, index) => index + 1));
});

test('[L4] a short-lived writer says after a few attempts that nothing can be written, rather than wait for ever', async () => {
  disk.faults = [{ call: 'write', at: 1, times: 1_000_000, code: 'ENOSPC' }];
  const writer = await room.writer({ fileSystem: disk, shortLived: true, limits: { retryMs: 1 } });
  await expect(writer.append(note('x'))).rejects.toMatchObject({
    reason: 'disk-full',
    message: expect.stringContaining('The disk is full'),
  });
  await expect(writer.append(note('y'))).rejects.toMatchObject({ reason: 'closed' });
  await writer.close();
  expect(await readdir(room.session.free).catch(() => [])).toEqual([]);
});

test('[L4] a folder removed under the writer is made again, and the event that met it is kept', async () => {
  const writer = await room.writer({ limits: { retryMs: 1 } });
  await writer.append(note('gone with the folder'));
  await rm(room.layout.root, { recursive: true });
  await new Promise((resolve) => setTimeout(resolve, 550));
  await writer.append(note('kept'));
  await writer.close();
  expect(await kindsAndTexts()).toEqual(['kept', 'capture.gap']);
  expect((await room.readAll())[1]).toMatchObject({ reason: 'folder-missing' });
  expect((await (await room.reader()).verify()).breaks).toMatchObject([{ reason: 'missing', fromN: 1, toN: 1 }]);
});

test('[L4] a file that another program cut is given up, and the event that met it is kept', async () => {
  const writer = await room.writer({ limits: { retryMs: 1 } });
  await writer.append(note('one'));
  await writer.append(note('two'));
  await truncate(join(room.session.events, `${writer.id}-0001.jsonl`), 10);
  await new Promise((resolve) => setTimeout(resolve, 550));
  await writer.append(note('three'));
  await writer.close();
  expect(await kindsAndTexts()).toEqual(['three', 'capture.gap']);
  const health = await (await room.reader()).verify();
  expect(health.breaks).toMatchObject([{ reason: 'missing', fromN: 1, toN: 2 }]);
  expect(health.damage).toMatchObject([{ from: 0, to: 10 }]);
});

test('[L5] a full segment is followed by the next, and the chain goes on', async () => {
  const writer = await room.writer({ limits: { segmentBytes: 1000 } });
  for (let index = 0; index < 20; index++) await writer.append(note(`${index}`));
  await writer.close();
  expect((await readdir(room.session.events)).length).toBeGreaterThan(3);
  expect(await kindsAndTexts()).toEqual(Array.from({ length: 20 }, (_, index) => `${index}`));
  expect(await (await room.reader()).verify()).toMatchObject({ isSound: true, events: 20, repeated: 0 });
});

test('[L11] a writer begins behind the newest that is there, whatever its own clock says', async () => {
  const early = await room.writer({ clock: { now: () => Date.UTC(2026, 5, 2) } });
  const first = await early.append(note('by a clock that leads'));
  const late = await room.writer({ clock: { now: () => Date.UTC(2026, 5, 1, 12) } });
  const second = await late.append(note('afterwards'));
  expect(second.at > first.at).toBe(true);
  await Promise.all([early.close(), late.close()]);
  expect(await kindsAndTexts()).toEqual(['by a clock that leads', 'afterwards']);
});

test('[L11] a fact that is told later keeps the time at which it happened', async () => {
  const writer = await room.writer({ clock: { now: () => Date.UTC(2026, 5, 2) } });
  await writer.append(note('now'));
  const told = await writer.append({ ...note('earlier'), at: '2026-06-01T00:00:00.000Z' });
  expect(told).toMatchObject({ at: '2026-06-02T00:00:00.000Z', happenedAt: '2026-06-01T00:00:00.000Z' });
  await writer.close();
  expect((await room.readAll())[1]).toEqual(told);
});

test('[L1] the root is never committed by accident, and an own .gitignore is left alone', async () => {
  const writer = await room.writer();
  await writer.append(note('x'));
  await writer.close();
  expect(await readFile(room.layout.gitignore, 'utf8')).toBe('*\n');
  await writeFile(room.layout.gitignore, 'mine\n');
  const next = await room.writer();
  await next.append(note('y'));
  await next.close();
  expect(await readFile(room.layout.gitignore, 'utf8')).toBe('mine\n');
});

test('[L2] a writer that appends nothing leaves nothing', async () => {
  const writer = await room.writer();
  await writer.close();
  await expect(readdir(room.layout.root)).rejects.toMatchObject({ code: 'ENOENT' });
});
