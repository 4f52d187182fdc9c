import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { note, openLogRoom, type LogRoom } from '../store/logRoom.ts';
import { depth } from './depth.ts';
import { FaultyLogFileSystem, type LogCall } from './faultyLogFileSystem.ts';

const quick = { retryMs: 0, maxRetryMs: 0 };
let room: LogRoom;
beforeEach(async () => {
  room = await openLogRoom();
});
afterEach(() => room.close());

/** Every event that was acknowledged is read back, in order, and what is damaged holds none. */
async function expectKept(room: LogRoom, acknowledged: readonly unknown[], where: string, isVerified = true): Promise<void> {
  const events = await room.readAll();
  expect(
    events.filter(({ kind }) => kind !== 'capture.gap'),
    where,
  ).toEqual(acknowledged);
  if (!isVerified) return;
  const { breaks } = await (await room.reader()).verify();
  expect(breaks, where).toEqual([]);
}

test(
  '[L4] the disk is full at any byte: it is seen, everything acknowledged is kept, and recording goes on when room returns',
  async () => {
    let reached = 0;
    // Some 64 KB of lines. The short form takes every 263rd byte.
    const texts = Array.from({ length: 190 }, (_, index) => note('x'.repeat((index * 37) % 310)));
    for (let roomBytes = 0; roomBytes < 64 << 10; roomBytes += depth(263, 1)) {
      const own = await openLogRoom();
      try {
        const disk = new FaultyLogFileSystem();
        disk.roomBytes = roomBytes;
        disk.isWriteSynced = roomBytes % 2 === 0;
        const writer = await own.writer({ fileSystem: disk, limits: quick });
        writer.onDidChangeHealth((health) => {
          if (health.state === 'degraded') disk.roomBytes = Number.POSITIVE_INFINITY;
        });
        const acknowledged = [];
        const atOnce = [1, 7, 64, 190][roomBytes % 16 === 0 ? 0 : 1 + (roomBytes % 3)]!;
        for (let from = 0; from < texts.length; from += atOnce)
          acknowledged.push(...(await Promise.all(texts.slice(from, from + atOnce).map((draft) => writer.append(draft)))));
        await writer.close();
        if (disk.roomBytes === Number.POSITIVE_INFINITY) reached += 1;
        await expectKept(own, acknowledged, `room for ${roomBytes} bytes`, roomBytes % depth(1, 8) === 0);
        // At once: the other way waits for each of its calls.
        rmSync(own.layout.root, { recursive: true });
      } finally {
        await own.close();
      }
    }
    // The disk was full each time.
    expect(reached).toBe(Math.ceil((64 << 10) / depth(263, 1)));
  },
  depth(180_000, 3_600_000),
);

test('[L4] a disk with room for a few bytes at a time takes each event once, whole', async () => {
  const disk = new FaultyLogFileSystem();
  disk.roomBytes = 100;
  const writer = await room.writer({ fileSystem: disk, limits: quick });
  let outages = 0;
  writer.onDidChangeHealth((health) => {
    if (health.state === 'degraded') disk.roomBytes = (outages += 1) % 3 === 0 ? 700 : 100;
  });
  const acknowledged = [];
  for (let index = 0; index < 10; index++) acknowledged.push(await writer.append(note(`${index}`)));
  disk.roomBytes = Number.POSITIVE_INFINITY;
  await writer.close();
  expect(outages).toBeGreaterThan(5);
  await expectKept(room, acknowledged, 'little by little');
});

const calls: readonly LogCall[] = ['makeFolder', 'open', 'syncFolder', 'write', 'sync', 'sizeBytes', 'close'];
test.each(
  calls.flatMap((call) => ['EIO', 'ENOSPC', 'EINTR', 'EACCES', ...(call === 'write' ? ['short'] : [])].map((code) => ({ call, code }))),
)(
  '[L4] $code at the n-th $call costs nothing that was acknowledged',
  async ({ call, code }) => {
    for (let at = 1; at <= depth(6, 200); at++) {
      const own = await openLogRoom();
      try {
        const disk = new FaultyLogFileSystem();
        disk.faults = [{ call, at, code, times: 1 + (at % 3) }];
        disk.isWriteSynced = call !== 'sync' && at % 2 === 0;
        const writer = await own.writer({ fileSystem: disk, limits: { ...quick, segmentBytes: 600 } });
        const acknowledged = [];
        for (let index = 0; index < depth(8, 220); index++) acknowledged.push(await writer.append(note(`${index}`)));
        await writer.close();
        await expectKept(own, acknowledged, `${code} at ${call} ${at}`);
      } finally {
        await own.close();
      }
    }
  },
  depth(180_000, 3_600_000),
);
