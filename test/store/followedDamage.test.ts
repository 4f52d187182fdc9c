import { appendFile, rename, rm, truncate, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Disposable } from '../../src/base/disposable.ts';
import type { Damage } from '../../src/store/logReader.ts';
import { linesOf, notes, openLogRoom, type LogRoom } from './logRoom.ts';

let room: LogRoom;
let following: Disposable;
let damage: Damage[];
let read: number[];
const name = 'abcd-0001.jsonl';
const lines = linesOf(notes('abcd', 8));
const path = (): string => join(room.session.events, name);
const size = (count: number): number => lines.slice(0, count).join('').length;
/** Long enough for a look that nobody hinted at. */
const waiting = { timeout: 15_000 };

beforeEach(async () => {
  room = await openLogRoom();
  damage = [];
  read = [];
  await room.writeSegment(name, lines.slice(0, 3).join(''));
  following = (await room.reader()).follow(
    (events) => read.push(...events.map(({ n }) => n)),
    undefined,
    (found) => damage.push(...found),
  );
});
afterEach(async () => {
  following.dispose();
  await room.close();
});

test('[L34] damage in what comes is told with its place, each once, and what is sound is told as ever', async () => {
  const altered = lines[3]!.replace('note', 'nota');
  await appendFile(path(), `${altered}\0\0\0\0${lines[4]}`);
  const expected = [
    { file: name, from: size(3), to: size(4) - 1, reason: 'crc' },
    { file: name, from: size(4), to: size(4) + 4, reason: 'nul' },
  ];
  await expect.poll(() => damage, waiting).toEqual(expected);
  await expect.poll(() => read).toEqual([5]);
  await appendFile(path(), lines[5]!);
  await expect.poll(() => read, waiting).toEqual([5, 6]);
  expect(damage).toEqual(expected);
});

test('[L34] an unfinished end is told when it has stayed so, not while it grows', async () => {
  await appendFile(path(), lines[3]!.slice(0, 50));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await appendFile(path(), lines[3]!.slice(50));
  await expect.poll(() => read, waiting).toEqual([4]);
  expect(damage).toEqual([]);
  await appendFile(path(), lines[4]!.slice(0, 50));
  await utimes(path(), new Date(2020, 1), new Date(2020, 1));
  await expect.poll(() => damage, waiting).toEqual([{ file: name, from: size(4), to: size(4) + 50, reason: 'torn' }]);
});

test('[L34] a file that is cut, replaced or removed under the reader is told with what is no longer there', async () => {
  await truncate(path(), size(2));
  await expect.poll(() => damage, waiting).toEqual([{ file: name, from: size(2), to: size(3), reason: 'cut' }]);
  damage = [];
  await room.writeSegment('aside', lines.slice(0, 4).join(''));
  await rename(join(room.session.events, 'aside'), path());
  await expect.poll(() => damage, waiting).toEqual([{ file: name, from: 0, to: size(2), reason: 'replaced' }]);
  await expect.poll(() => read, waiting).toContain(4);
  damage = [];
  await rm(path());
  await expect.poll(() => damage, waiting).toEqual([{ file: name, from: 0, to: size(4), reason: 'gone' }]);
});
