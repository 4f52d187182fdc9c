import { once } from 'node:events';
import { appendFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Disposable } from '../../src/base/disposable.ts';
import type { LoggedEvent } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { followLog } from '../../src/store/logFollower.ts';
import { bundleProgram } from '../faults/bundledProgram.ts';
import { linesOf, note, noted, notes, openLogRoom, sessionId, type LogRoom } from './logRoom.ts';

let room: LogRoom;
let following: Disposable | undefined;
let told: string[];
const listen = (events: readonly LoggedEvent[]): void => {
  told.push(...events.map(({ w, n }) => `${w}.${n}`));
};
beforeEach(async () => {
  room = await openLogRoom();
  told = [];
});
afterEach(async () => {
  following?.dispose();
  await room.close();
});
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const file = () => join(room.session.events, 'abcd-0001.jsonl');

test('[L15] an event of another process is told within 100 ms', async () => {
  const program = await bundleProgram('appendingProgram.ts');
  try {
    await room.writeSegment('abcd-0001.jsonl', linesOf(notes('abcd', 1)).join(''));
    const arrivedAtMs = new Map<string, number>();
    const reader = await room.reader();
    following = reader.follow((events) => {
      for (const { w, n } of events) arrivedAtMs.set(`${w}.${n}`, performance.now());
    });
    const child = program.run(room.layout.root, sessionId, '20', '1');
    const acknowledgedAtMs = new Map<string, number>();
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      for (const id of text.trim().split('\n')) acknowledgedAtMs.set(id, performance.now());
    });
    await once(child, 'close');
    await expect.poll(() => arrivedAtMs.size, { timeout: 2000 }).toBe(20);
    // The middle one: on a machine busy with other tests a single one may wait for its turn.
    const delays = [...arrivedAtMs].map(([id, ms]) => ms - acknowledgedAtMs.get(id)!).sort((a, b) => a - b);
    expect(delays[10]).toBeLessThan(100);
  } finally {
    await program.close();
  }
});

test('[L15] the own process’s events are told, those before the call are not, and after dispose none is', async () => {
  const writer = await room.writer();
  await writer.append(note('before'));
  following = (await room.reader()).follow(listen);
  await writer.append(note('after'));
  await expect.poll(() => told, { timeout: 1500 }).toEqual([`${writer.id}.2`]);
  following.dispose();
  await writer.append(note('too late'));
  await pause(150);
  expect(told).toEqual([`${writer.id}.2`]);
  await writer.close();
});

test('[L15] from a page’s position nothing falls in between and nothing is told twice', async () => {
  await room.writeSegment('abcd-0001.jsonl', linesOf(notes('abcd', 3)).join(''));
  const reader = await room.reader();
  const page = await reader.tail(1);
  await room.writeSegment('abcd-0001.jsonl', linesOf(notes('abcd', 5)).join(''));
  await room.writeSegment('wxyz-0001.jsonl', linesOf(notes('wxyz', 1)).join(''));
  following = reader.follow(listen, page.position);
  await expect.poll(() => told.toSorted(), { timeout: 1500 }).toEqual(['abcd.4', 'abcd.5', 'wxyz.1']);
});

test('[L15] of a writer’s many segments the last is followed, and those that come after it', async () => {
  const lines = linesOf(notes('abcd', 12));
  for (let number = 1; number <= 3; number++)
    await room.writeSegment(`abcd-000${number}.jsonl`, lines.slice(number * 2 - 2, number * 2).join(''));
  const reader = await room.reader();
  const page = await reader.tail(1);
  expect(Object.keys(page.position)).toEqual(['abcd-0003.jsonl']);
  const last = join(room.session.events, 'abcd-0003.jsonl');
  await appendFile(last, lines[6]!);
  following = reader.follow(listen, page.position);
  await expect.poll(() => told, { timeout: 1500 }).toEqual(['abcd.7']);
  await appendFile(last, lines[7]!);
  await room.writeSegment('abcd-0004.jsonl', lines.slice(8, 9).join(''));
  await room.writeSegment('abcd-0005.jsonl', lines.slice(9, 10).join(''));
  await expect.poll(() => told, { timeout: 5000 }).toEqual(['abcd.7', 'abcd.8', 'abcd.9', 'abcd.10']);
  await appendFile(join(room.session.events, 'abcd-0005.jsonl'), lines.slice(10).join(''));
  await expect.poll(() => told, { timeout: 5000 }).toHaveLength(6);
});

test('[L15] much that is new at once is told in parts, each in order, none twice', async () => {
  await room.writeSegment('abcd-0001.jsonl', '');
  const sizes: number[] = [];
  following = (await room.reader()).follow((events) => {
    sizes.push(events.length);
    listen(events);
  }, {});
  await room.writeSegment('wxyz-0001.jsonl', linesOf(notes('wxyz', 20_000)).join(''));
  await expect.poll(() => told.length, { timeout: 8000 }).toBe(20_000);
  expect(new Set(told).size).toBe(20_000);
  expect(Math.max(...sizes)).toBeLessThan(20_000);
});

test('[L15] a line that is written in pieces is told once it is whole', async () => {
  const [one, two] = linesOf(notes('abcd', 2)) as [string, string];
  await room.writeSegment('abcd-0001.jsonl', one);
  following = (await room.reader()).follow(listen);
  await appendFile(file(), two.slice(0, 50));
  await pause(60);
  await appendFile(file(), two.slice(50, -1));
  await pause(60);
  await appendFile(file(), '\n');
  await expect.poll(() => told, { timeout: 1500 }).toEqual(['abcd.2']);
  await pause(60);
  expect(told).toEqual(['abcd.2']);
});

test('[L15] a line of which half was there when the following began is told, and the ones before it are not', async () => {
  const lines = linesOf(notes('abcd', 3));
  const whole = lines.join('');
  const half = Buffer.byteLength(lines[0]! + lines[1]!) - 20;
  await room.writeSegment('abcd-0001.jsonl', whole.slice(0, half));
  following = (await room.reader()).follow(listen);
  await pause(50);
  await appendFile(file(), whole.slice(half));
  await expect.poll(() => told, { timeout: 1500 }).toEqual(['abcd.2', 'abcd.3']);
});

test('[L15] a session that begins only afterwards is followed', async () => {
  following = (await room.reader()).follow(listen);
  await pause(20);
  const writer = await room.writer();
  await writer.append(note('first'));
  await expect.poll(() => told, { timeout: 1500 }).toEqual([`${writer.id}.1`]);
  await pause(100);
  await writer.append(note('second'));
  await expect.poll(() => told, { timeout: 1500 }).toHaveLength(2);
  await writer.close();
});

test('[L15] a file that is cut and grows again, or is replaced, tells only what is new', async () => {
  const lines = linesOf(notes('abcd', 6));
  await room.writeSegment('abcd-0001.jsonl', '');
  following = (await room.reader()).follow(listen);
  await appendFile(file(), lines.slice(0, 3).join(''));
  await expect.poll(() => told, { timeout: 1500 }).toEqual(['abcd.1', 'abcd.2', 'abcd.3']);
  await truncate(file(), lines[0]!.length);
  await pause(60);
  await appendFile(file(), lines.slice(1, 4).join(''));
  await expect.poll(() => told, { timeout: 1500 }).toEqual(['abcd.1', 'abcd.2', 'abcd.3', 'abcd.4']);
  await writeFile(`${file()}.new`, lines.slice(0, 5).join(''));
  await rename(`${file()}.new`, file());
  await expect.poll(() => told, { timeout: 1500 }).toEqual(['abcd.1', 'abcd.2', 'abcd.3', 'abcd.4', 'abcd.5']);
});

test.each(['cut', 'replaced'] as const)('[L15] what was there before the following began is not told when its file is %s', async (how) => {
  const lines = linesOf(notes('abcd', 5));
  await room.writeSegment('abcd-0001.jsonl', lines.slice(0, 4).join(''));
  following = (await room.reader()).follow(listen);
  // As a program that keeps folders in step does it.
  if (how === 'cut') await truncate(file(), Buffer.byteLength(lines.slice(0, 2).join('')));
  else await writeFile(`${file()}.other`, lines.slice(0, 4).join(''));
  if (how === 'replaced') await rename(`${file()}.other`, file());
  await pause(100);
  await appendFile(file(), (how === 'cut' ? lines.slice(2) : lines.slice(4)).join(''));
  await expect.poll(() => told, { timeout: 3000 }).toEqual(['abcd.5']);
});

test('[L15] a folder that is removed and made again is followed on', async () => {
  await room.writeSegment('abcd-0001.jsonl', linesOf(notes('abcd', 1)).join(''));
  following = (await room.reader()).follow(listen);
  await rm(room.layout.root, { recursive: true });
  await pause(150);
  await room.writeSegment('wxyz-0001.jsonl', linesOf(notes('wxyz', 1)).join(''));
  await expect.poll(() => told, { timeout: 8000 }).toEqual(['wxyz.1']);
});

test('[L15] where the folder cannot be watched, and where a watch is deaf, it is looked at by time', async () => {
  await room.writeSegment('abcd-0001.jsonl', linesOf(notes('abcd', 1)).join(''));
  const options = { session: room.session, digest: nodeDigest };
  const blind: string[] = [];
  const unwatchable = followLog({
    ...options,
    listener: (events) => blind.push(...events.map(({ n }) => `${n}`)),
    watch: () => {
      throw new Error('ENOSPC: no watches left');
    },
  });
  following = followLog({ ...options, listener: listen, watch: () => ({ dispose: () => {} }) });
  await appendFile(file(), linesOf(notes('abcd', 2)).slice(1).join(''));
  await expect.poll(() => blind, { timeout: 1500 }).toEqual(['2']);
  await expect.poll(() => told, { timeout: 8000 }).toEqual(['abcd.2']);
  // From here on it knows that it is deaf.
  await appendFile(file(), linesOf(notes('abcd', 3)).slice(2).join(''));
  await expect.poll(() => told, { timeout: 1500 }).toEqual(['abcd.2', 'abcd.3']);
  unwatchable.dispose();
});

test('[L15] at rest it reads nothing', async () => {
  await room.writeSegment('abcd-0001.jsonl', linesOf(notes('abcd', 100)).join(''));
  following = (await room.reader()).follow(listen);
  await pause(100);
  const before = process.cpuUsage();
  await pause(1000);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(100);
});

test('[L15] many writers’ events come in order within each batch, and a failing listener does not end it', async () => {
  await room.writeSegment('abcd-0001.jsonl', '');
  let calls = 0;
  const batches: LoggedEvent[][] = [];
  following = (await room.reader()).follow((events) => {
    batches.push([...events]);
    calls += 1;
    throw new Error('listener');
  });
  await room.writeSegment('wxyz-0001.jsonl', linesOf([noted('wxyz', 1, 1), noted('wxyz', 2, 3)]).join(''));
  await appendFile(file(), linesOf([noted('abcd', 1, 2)]).join(''));
  await expect.poll(() => batches.flat(), { timeout: 1500 }).toHaveLength(3);
  for (const batch of batches) expect(batch.map(({ at }) => at)).toEqual(batch.map(({ at }) => at).toSorted());
  await appendFile(file(), linesOf(notes('abcd', 2)).slice(1).join(''));
  await expect.poll(() => batches.flat(), { timeout: 1500 }).toHaveLength(4);
  expect(calls).toBeGreaterThan(1);
});
