import { mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
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

test('[L2] who appends again when told shares one write with all who were told, however many turns of promises that takes', async () => {
  const writer = await room.writer({ fileSystem: disk });
  const appendDeep = (text: string, layers: number): Promise<unknown> =>
    layers === 0 ? writer.append(note(text)) : (async () => appendDeep(text, layers - 1))();
  const rounds = 10;
  await Promise.all(
    Array.from({ length: 100 }, async (_, caller) => {
      for (let round = 0; round < rounds; round++) await appendDeep(`${round}`, caller % 7);
    }),
  );
  expect(disk.calls.write).toBe(rounds);
  await writer.close();
});

test('[L2] nothing is acknowledged while the sync is under way', async () => {
  let release = (): void => {};
  const writer = await room.writer({
    fileSystem: {
      makeFolder: (path) => disk.makeFolder(path),
      syncFolder: (path) => disk.syncFolder(path),
      removeEmpty: (path, folders) => disk.removeEmpty(path, folders),
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
  ['EDQUOT', 'disk-full', 'The disk is full'],
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

test('[L19] a disk that does not answer is told, memory stays bounded meanwhile, and nothing is written twice when it does', async () => {
  let release = (): void => {};
  const writer = await room.writer({
    fileSystem: {
      makeFolder: (path) => disk.makeFolder(path),
      syncFolder: (path) => disk.syncFolder(path),
      removeEmpty: (path, folders) => disk.removeEmpty(path, folders),
      async open(path, isNew) {
        const file = await disk.open(path, isNew);
        return {
          ...file,
          async write(bytes) {
            if (disk.calls.write === 0) await new Promise<void>((resolve) => (release = resolve));
            return file.write(bytes);
          },
        };
      },
    },
    limits: { stallMs: 5, waitingBytes: 1000 },
  });
  const kept = [writer.append(note('x'.repeat(1000)))];
  await expect.poll(() => writer.health, { timeout: 5000 }).toMatchObject({ state: 'degraded', reason: 'no-answer', waiting: 1 });
  await expect(writer.append(note('no room'))).rejects.toMatchObject({
    reason: 'no-room',
    message: expect.stringContaining('not answered'),
  });
  release();
  await Promise.all(kept);
  await writer.close();
  const events = await room.readAll();
  expect(events.map(({ kind }) => kind)).toEqual(['progress.noted', 'capture.gap']);
  expect(events[1]).toMatchObject({ reason: 'no-answer', lost: 1 });
  expect(await (await room.reader()).verify()).toMatchObject({ isSound: true, repeated: 0 });
});

test('[L4] events that find no room are told of once, and again with the next attempt', async () => {
  disk.faults = [{ call: 'write', at: 1, times: 1_000_000, code: 'ENOSPC' }];
  const writer = await room.writer({ fileSystem: disk, limits: { retryMs: 60_000, waitingBytes: 100 } });
  const lost: number[] = [];
  writer.onDidChangeHealth((health) => lost.push(health.state === 'degraded' ? health.lost : -1));
  const waits = expect(writer.append(note('waits'))).rejects.toMatchObject({ reason: 'disk-full' });
  await expect.poll(() => writer.health.state, { timeout: 5000 }).toBe('degraded');
  const rest = await Promise.allSettled(Array.from({ length: 500 }, () => writer.append(note('x'))));
  expect(rest.every(({ status }) => status === 'rejected')).toBe(true);
  await writer.close();
  await waits;
  expect(lost).toEqual([0, 1, 500]);
});

test.each(['makeFolder', 'open', 'syncFolder'] as const)('[L4] too many open files at %s lose nothing', async (call) => {
  disk.faults = [{ call, at: 1, times: 3, code: 'EMFILE' }];
  const writer = await room.writer({ fileSystem: disk, limits: { retryMs: 1 } });
  await Promise.all(['a', 'b'].map((text) => writer.append(note(text))));
  await writer.close();
  expect(await kindsAndTexts()).toEqual(['a', 'b', 'capture.gap']);
  expect((await room.readAll())[2]).toMatchObject({ reason: 'too-many-files' });
});

test('[L4] a path that is too long for the disk is said to be that', async () => {
  disk.faults = [{ call: 'makeFolder', at: 1, times: 100, code: 'ENAMETOOLONG' }];
  const writer = await room.writer({ fileSystem: disk, shortLived: true, limits: { retryMs: 1 } });
  await expect(writer.append(note('x'))).rejects.toMatchObject({ reason: 'path-too-long', message: expect.stringContaining('too long') });
  await writer.close();
});

test.each([
  [
    'replaced by another',
    (path: string) => writeFile(`${path}.new`, 'not the log\n').then(() => rename(`${path}.new`, path)),
    'folder-missing',
  ],
  ['appended to by another', (path: string) => writeFile(path, 'not the log\n', { flag: 'a' }), 'file-replaced'],
])('[L4] a file that is %s is given up, as it is, and the event that met it is kept', async (_, harm, reason) => {
  const writer = await room.writer({ limits: { retryMs: 1 } });
  await writer.append(note('one'));
  const path = join(room.session.events, `${writer.id}-0001.jsonl`);
  await harm(path);
  await new Promise((resolve) => setTimeout(resolve, 550));
  await writer.append(note('two'));
  await writer.close();
  expect((await kindsAndTexts()).slice(-2)).toEqual(['two', 'capture.gap']);
  expect((await room.readAll()).at(-1)).toMatchObject({ reason });
  expect(await readFile(path, 'utf8')).toContain('not the log\n');
});

test('[L4] a folder removed and made again by another is written to, in a new segment', async () => {
  const writer = await room.writer({ limits: { retryMs: 1 } });
  await writer.append(note('gone with the folder'));
  await rm(room.session.events, { recursive: true });
  await mkdir(room.session.events);
  await new Promise((resolve) => setTimeout(resolve, 550));
  await writer.append(note('kept'));
  await writer.close();
  expect(await readdir(room.session.events)).toEqual([`${writer.id}-0002.jsonl`]);
  expect(await kindsAndTexts()).toEqual(['kept', 'capture.gap']);
});

test('[L18] a writer into whose files nothing got leaves none, nor the folders it made', async () => {
  disk.faults = [{ call: 'write', at: 1, times: 100, code: 'ENOSPC' }];
  const writer = await room.writer({ fileSystem: disk, shortLived: true, limits: { retryMs: 1 } });
  await expect(writer.append(note('x'))).rejects.toMatchObject({ reason: 'disk-full' });
  await writer.close();
  await expect(readdir(room.session.folder)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('[L18] what another wrote stays when a writer leaves nothing', async () => {
  const other = await room.writer();
  await other.append(note('kept'));
  disk.faults = [{ call: 'write', at: 1, times: 100, code: 'ENOSPC' }];
  const writer = await room.writer({ fileSystem: disk, shortLived: true, limits: { retryMs: 1 } });
  await expect(writer.append(note('x'))).rejects.toMatchObject({ reason: 'disk-full' });
  await writer.close();
  await other.close();
  expect(await readdir(room.session.events)).toEqual([`${other.id}-0001.jsonl`]);
  expect(await kindsAndTexts()).toEqual(['kept']);
});

test('[L17] many who wait are told in order and in parts, and so are they when nothing can be kept', async () => {
  let turns = 0;
  let isCounting = true;
  const turn = (): void => {
    turns += 1;
    if (isCounting) setImmediate(turn);
  };
  setImmediate(turn);
  const turnsOf = async (settled: Promise<{ readonly n: number; readonly turn: number }[]>): Promise<void> => {
    const seen = await settled;
    expect(seen.map(({ n }) => n)).toEqual(seen.map(({ n }) => n).toSorted((a, b) => a - b));
    expect(new Set(seen.map(({ turn }) => turn)).size).toBeGreaterThanOrEqual(8);
    const counts = new Map<number, number>();
    for (const { turn } of seen) counts.set(turn, (counts.get(turn) ?? 0) + 1);
    expect(Math.max(...counts.values())).toBeLessThanOrEqual(256);
  };
  const writer = await room.writer({ fileSystem: disk });
  await turnsOf(Promise.all(Array.from({ length: 2000 }, () => writer.append(note('x')).then(({ n }) => ({ n, turn: turns })))));
  disk.faults = [{ call: 'write', at: disk.calls.write + 1, times: 1_000_000, code: 'ENOSPC' }];
  const failing = await room.writer({ fileSystem: disk, shortLived: true, limits: { retryMs: 1 } });
  const told: { n: number; turn: number }[] = [];
  await Promise.all(
    Array.from({ length: 2000 }, (_, n) =>
      failing.append(note('x')).catch(() => {
        told.push({ n, turn: turns });
      }),
    ),
  );
  await turnsOf(Promise.resolve(told));
  isCounting = false;
  await Promise.all([writer.close(), failing.close()]);
});
