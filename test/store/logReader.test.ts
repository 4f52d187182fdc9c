import { mkdir, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compareMarks, markOf } from '../../src/core/eventOrder.ts';
import { encodeLine, firstPrev } from '../../src/core/logCodec.ts';
import { mergeEvents } from '../../src/core/merge.ts';
import type { LoggedEvent } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { linesOf, noted, notes, openLogRoom, type LogRoom } from './logRoom.ts';

let room: LogRoom;
beforeEach(async () => {
  room = await openLogRoom();
});
afterEach(() => room.close());

const ids = (events: readonly LoggedEvent[]): string[] => events.map(({ w, n }) => `${w}.${n}`);

test('[L14] a session without a log is an empty one', async () => {
  const reader = await room.reader();
  expect(await reader.tail(10)).toMatchObject({ events: [], start: undefined, end: undefined, hasMore: false, damage: [] });
  expect(await reader.count()).toBe(0);
  expect(await reader.verify()).toMatchObject({ isSound: true, events: 0 });
  expect(await room.readAll()).toEqual([]);
});

test('[L14] pages of many writers in many segments are slices of the one merged order, in both directions', async () => {
  const step = fc.record({
    count: fc.integer({ min: 1, max: 60 }),
    stride: fc.integer({ min: 0, max: 3 }),
    cut: fc.integer({ min: 1, max: 59 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 4 }),
      fc.nat(200),
      fc.integer({ min: 1, max: 70 }),
      async (steps, at, count) => {
        const own = await openLogRoom();
        try {
          const lists = steps.map(({ count, stride }, index) => notes(`wr${index}x`, count, (n) => n * stride));
          for (const [index, list] of lists.entries()) {
            const lines = linesOf(list);
            const cut = Math.min(steps[index]!.cut, lines.length);
            await own.writeSegment(`wr${index}x-0001.jsonl`, lines.slice(0, cut).join(''));
            if (cut < lines.length) await own.writeSegment(`wr${index}x-0002.jsonl`, lines.slice(cut).join(''));
          }
          const all = mergeEvents(...lists);
          const reader = await own.reader();
          expect(await own.readAll()).toEqual(all);
          const tail = await reader.tail(count);
          expect(tail.events).toEqual(all.slice(-count));
          expect(tail.hasMore).toBe(all.length > count);
          const index = at % all.length;
          const cursor = markOf(all[index]!);
          const before = await reader.before(cursor, count);
          expect(before.events).toEqual(all.slice(Math.max(0, index - count), index));
          expect(before.hasMore).toBe(index > count);
          const after = await reader.after(cursor, count);
          expect(after.events).toEqual(all.slice(index + 1, index + 1 + count));
          expect(after.hasMore).toBe(all.length > index + 1 + count);
          expect(await reader.count()).toBe(all.length);
          const rest: LoggedEvent[] = [];
          for await (const batch of reader.all(cursor)) rest.push(...batch);
          expect(rest).toEqual(all.slice(index + 1));
        } finally {
          await own.close();
        }
      },
    ),
    { numRuns: 40 },
  );
});

test('[L14] a large log is entered anywhere: every event is found by its id, and by a cursor that is itself no event', async () => {
  const list = notes('abcd', 3000, (n) => n * 2);
  const lines = linesOf(list);
  await room.writeSegment('abcd-0001.jsonl', lines.slice(0, 1700).join(''));
  await room.writeSegment('abcd-0002.jsonl', lines.slice(1700).join(''));
  const reader = await room.reader();
  for (const n of [1, 2, 17, 1699, 1700, 1701, 2222, 3000]) {
    expect(await reader.find(`abcd.${n}`)).toEqual(list[n - 1]);
    const between = { ...markOf(list[n - 1]!), at: noted('abcd', 1, n * 2 + 1).at };
    expect(ids((await reader.after(between, 1)).events)).toEqual(n === 3000 ? [] : [`abcd.${n + 1}`]);
    expect(ids((await reader.before(between, 1)).events)).toEqual([`abcd.${n}`]);
  }
  expect(await reader.find('abcd.3001')).toBeUndefined();
  expect(await reader.find('zzzz.1')).toBeUndefined();
  expect(await reader.find('no id')).toBeUndefined();
});

test('[L7] damage is told with file, range and reason, and costs only itself', async () => {
  const [one, two, three, four] = linesOf(notes('abcd', 4)) as [string, string, string, string];
  const altered = three.replace('note 3', 'nota 3');
  const text = `${one}\0\0\0\0\0${two}${altered}${four}{"v":1,"w":"ab`;
  await room.writeSegment('abcd-0001.jsonl', text);
  await utimes(join(room.session.events, 'abcd-0001.jsonl'), new Date(2020, 1), new Date(2020, 1));
  const reader = await room.reader();
  const page = await reader.tail(10);
  expect(ids(page.events)).toEqual(['abcd.1', 'abcd.2', 'abcd.4']);
  const file = 'abcd-0001.jsonl';
  const at3 = one.length + 5 + two.length;
  const tail = at3 + three.length + four.length;
  const expected = [
    { file, from: tail, to: text.length, reason: 'torn' },
    { file, from: at3, to: at3 + three.length - 1, reason: 'crc' },
    { file, from: one.length, to: one.length + 5, reason: 'nul' },
  ];
  expect(page.damage).toEqual(expected);
  const told: unknown[] = [];
  for await (const _ of reader.all(undefined, (damage) => told.push(...damage)));
  expect(told).toEqual(expected.toReversed());
  const health = await reader.verify();
  expect(health.damage).toEqual(expected.toReversed());
  expect(health.breaks).toMatchObject([{ reason: 'missing', fromN: 3, toN: 3 }]);
  expect(await room.readAll()).toEqual(page.events);
});

test('[L7] an unfinished last line that was written to just now is not called damage', async () => {
  await room.writeSegment('abcd-0001.jsonl', `${linesOf(notes('abcd', 1)).join('')}{"v":1,"w":"ab`);
  const reader = await room.reader();
  expect((await reader.tail(10)).damage).toEqual([]);
  expect(await reader.verify()).toMatchObject({ isSound: true, growing: [{ reason: 'torn' }] });
});

test('[L7] a clock that was put back hides no damage: an end that is said to be written to in an hour is torn', async () => {
  await room.writeSegment('abcd-0001.jsonl', `${linesOf(notes('abcd', 1)).join('')}{"v":1,"w":"ab`);
  const inAnHour = new Date(Date.now() + 3_600_000);
  await utimes(join(room.session.events, 'abcd-0001.jsonl'), inAnHour, inAnHour);
  const reader = await room.reader();
  expect((await reader.tail(10)).damage).toMatchObject([{ reason: 'torn' }]);
  expect(await reader.verify()).toMatchObject({ isSound: false, growing: [], damage: [{ reason: 'torn' }] });
});

test('[L9] unknown kinds and newer versions are in their place in the order', async () => {
  const base = notes('abcd', 3);
  const lines = linesOf([base[0]!, { ...base[1]!, kind: 'moon.landed' } as never, { ...base[2]!, v: 9 }]);
  await room.writeSegment('abcd-0001.jsonl', lines.join(''));
  const { events } = await (await room.reader()).tail(10);
  expect(events.map((event) => (event.kind === 'foreign' ? event.reason : event.kind))).toEqual([
    'progress.noted',
    'unknown-kind',
    'newer-version',
  ]);
  expect(await (await room.reader()).verify()).toMatchObject({
    isSound: true,
    foreign: { 'unknown-kind': 1, 'newer-version': 1, misshapen: 0 },
  });
});

test('[L8] a line of another writer, even a sound one, is not taken', async () => {
  await room.writeSegment('abcd-0001.jsonl', linesOf(notes('abcd', 1)).join('') + encodeLine(noted('wxyz', 1), firstPrev, nodeDigest));
  const page = await (await room.reader()).tail(10);
  expect(ids(page.events)).toEqual(['abcd.1']);
  expect(page.damage).toMatchObject([{ reason: 'stray' }]);
});

test('[L3] lines that were written once more after a failed sync are told once, in both directions', async () => {
  const list = notes('abcd', 9);
  const lines = linesOf(list);
  await room.writeSegment('abcd-0001.jsonl', lines.slice(0, 6).join(''));
  await room.writeSegment('abcd-0002.jsonl', lines.slice(3, 8).join(''));
  await room.writeSegment('abcd-0003.jsonl', lines.slice(6).join(''));
  const reader = await room.reader();
  expect(await room.readAll()).toEqual(list);
  expect((await reader.tail(100)).events).toEqual(list);
  expect((await reader.tail(4)).events).toEqual(list.slice(-4));
  expect(await reader.count()).toBe(9);
  expect(await reader.verify()).toMatchObject({ isSound: true, events: 9, repeated: 5 });
});

test('[L8] a forged line with a huge number hides nothing of what follows', async () => {
  const lines = linesOf(notes('abcd', 4));
  const forged = encodeLine(noted('abcd', 1_000_000, 2), firstPrev, nodeDigest);
  await room.writeSegment('abcd-0001.jsonl', lines.slice(0, 2).join('') + forged);
  await room.writeSegment('abcd-0002.jsonl', lines.slice(2).join(''));
  expect(ids(await room.readAll())).toEqual(['abcd.1', 'abcd.2', 'abcd.1000000', 'abcd.3', 'abcd.4']);
});

test('[L13] files that are no segments are not read, and are named', async () => {
  await room.writeSegment('abcd-0001.jsonl', linesOf(notes('abcd', 1)).join(''));
  await room.writeSegment('abcd-0001 (conflicted copy).jsonl', linesOf(notes('abcd', 1)).join(''));
  await mkdir(join(room.session.events, 'dcba-0001.jsonl'));
  expect(ids(await room.readAll())).toEqual(['abcd.1']);
  expect((await (await room.reader()).verify()).strangers).toEqual(['abcd-0001 (conflicted copy).jsonl']);
});

test.skipIf(process.platform === 'win32')('[L7] a file that cannot be read is told, and the others are read', async () => {
  await room.writeSegment('wxyz-0001.jsonl', linesOf(notes('wxyz', 1)).join(''));
  await symlink('abcd-0001.jsonl', join(room.session.events, 'abcd-0001.jsonl'));
  const page = await (await room.reader()).tail(10);
  expect(ids(page.events)).toEqual(['wxyz.1']);
  expect(page.damage).toMatchObject([{ file: 'abcd-0001.jsonl', reason: 'unreadable' }]);
  expect(await (await room.reader()).verify()).toMatchObject({ isSound: false, events: 1, damage: [{ reason: 'unreadable' }] });
});

test('[L13] a page of huge events ends early rather than hold them all', async () => {
  const big = Array.from({ length: 6 }, (_, index) => noted('abcd', index + 1, index, 'x'.repeat(8 << 20)));
  await room.writeSegment('abcd-0001.jsonl', linesOf(big).join(''));
  const page = await (await room.reader()).tail(6);
  expect(page.events.length).toBeLessThan(6);
  expect(page.hasMore).toBe(true);
  const older = await (await room.reader()).before(page.start!, 6);
  expect(ids([...older.events, ...page.events])).toEqual(ids(big));
});

test('[L7] any prefix of a log reads: whole lines, and at most one torn end', async () => {
  const list = notes('abcd', 12);
  const bytes = Buffer.from(linesOf(list).join(''));
  for (let length = 0; length <= bytes.length; length += 7) {
    await room.writeSegment('abcd-0001.jsonl', bytes.subarray(0, length));
    const events = await room.readAll();
    expect(events).toEqual(list.slice(0, events.length));
    const end = linesOf(list.slice(0, events.length)).join('').length;
    expect(length - end).toBeLessThan(linesOf(list)[Math.min(11, events.length)]!.length);
    expect([...events].sort(compareMarks)).toEqual(events);
  }
});
