import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SessionFold } from '../../src/core/sessionFold.ts';
import { foldSession } from '../../src/services/sessionFolding.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { linesOf, notes, openLogRoom, sessionId, type LogRoom } from './logRoom.ts';

let room: LogRoom;
beforeEach(async () => {
  room = await openLogRoom();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await room.close();
});

test('[L41] pages, slices and folds give way after a millisecond, however much is asked for', async () => {
  const count = 400;
  await room.writeSegment('bbbb-0001.jsonl', linesOf(notes('bbbb', count)).join(''));
  const reader = await room.reader();
  const take = async (all: AsyncIterable<unknown>): Promise<void> => {
    for await (const one of all) expect(one).toBeDefined();
  };
  const ways: Record<string, () => Promise<unknown>> = {
    tail: () => reader.tail(count),
    first: () => reader.first({}, count),
    batches: () => take(reader.all()),
    lines: () => take(reader.lines({})),
    follow: async () => {
      const following = reader.follow(() => {}, { 'bbbb-0001.jsonl': 0 });
      await following.catchUp();
      following.dispose();
    },
    fold: () => foldSession(new SessionFold(), { layout: room.layout, session: sessionId, digest: nodeDigest, keepEvery: 0 }),
  };
  for (const [name, read] of Object.entries(ways)) {
    await read();
    // A clock by which each look at it takes as long as a slow event.
    let now = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 0.2));
    const turns = vi.spyOn(globalThis, 'setImmediate');
    await read();
    const given = turns.mock.calls.length;
    vi.restoreAllMocks();
    expect([name, given >= count / 10]).toEqual([name, true]);
  }
  reader.dispose();
});

test('[L41] what is new is told in parts, in order, however much it is', async () => {
  await room.writeSegment('bbbb-0001.jsonl', '');
  const reader = await room.reader();
  const told: number[] = [];
  const parts: number[] = [];
  const following = reader.follow((events) => {
    parts.push(events.length);
    told.push(...events.map(({ n }) => n));
  });
  const count = 3000;
  await room.writeSegment('bbbb-0001.jsonl', linesOf(notes('bbbb', count)).join(''));
  await following.catchUp();
  reader.dispose();
  expect(told).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  expect(Math.max(...parts)).toBeLessThanOrEqual(128);
});

test('[L42] what a page took is given back with the young garbage, not only when the whole heap is collected', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options?: { readonly type: 'minor' }) => void;
  const heapBytes = (): number => {
    for (let times = 0; times < 3; times++) collect({ type: 'minor' });
    return process.memoryUsage().heapUsed;
  };
  const pageEvents = 100;
  await room.writeSegment('bbbb-0001.jsonl', linesOf(notes('bbbb', 2000)).join(''));
  const reader = await room.reader();
  const page = async (times: number): Promise<void> => {
    let read = 0;
    for (let time = 0; time < times; time++) read += (await reader.tail(pageEvents)).events.length;
    expect(read).toBe(times * pageEvents);
  };
  await page(50);
  collect();
  const before = heapBytes();
  const pages = 400;
  await page(pages);
  const keptBytes = heapBytes() - before;
  reader.dispose();
  // A page's events alone take some 40 kB.
  expect(keptBytes / pages).toBeLessThan(4000);
});
