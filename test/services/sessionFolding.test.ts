import { mkdir, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { markOf } from '../../src/core/eventOrder.ts';
import { foldAll, serializeState, stateAt } from '../../src/core/fold.ts';
import { foldVersion, SessionFold } from '../../src/core/sessionFold.ts';
import type { LoggedEvent } from '../../src/model/event.ts';
import { eventId } from '../../src/model/ids.ts';
import type { SessionState } from '../../src/model/sessionState.ts';
import { foldSession, readSessionState, type Folded } from '../../src/services/sessionFolding.ts';
import { openSessionFeed } from '../../src/services/sessionFeed.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { leastMissed, listFolds } from '../../src/store/foldSnapshot.ts';
import { segmentName } from '../../src/store/layout.ts';
import { mixedEvents } from '../bench/mixedLog.ts';
import { mixedTape } from '../core/mixedTape.ts';
import { linesOf, noted, notes, openLogRoom, sessionId, type LogRoom } from '../store/logRoom.ts';
import { writeTape } from './writtenTape.ts';

let room: LogRoom;
beforeEach(async () => {
  room = await openLogRoom();
});
afterEach(async () => room.close());

const fold = async (keepEvery = 0): Promise<Folded & { readonly text: string }> => {
  const into = new SessionFold();
  const folded = await foldSession(into, { layout: room.layout, session: sessionId, digest: nodeDigest, keepEvery });
  return { ...folded, text: textOf(into.state) };
};
const foldNames = async (): Promise<string[]> => (await readdir(room.session.cache)).filter((name) => name.endsWith('.fold')).sort();
/** What a reader gives, folded from the beginning. */
const whole = async (): Promise<string> => textOf(foldAll(await room.readAll()));
/** The state as text, short enough for a failure to be read. */
const textOf = (state: SessionState): string => `${state.counts.events} events, ${nodeDigest.sha256(serializeState(state))}`;

const write = (events: readonly LoggedEvent[], linesInSegment: number): Promise<void> => writeTape(room, events, linesInSegment);

it('[D30] [D33] [D34] gives the state of every event from whatever was kept, as the log has it from its beginning', async () => {
  await fc.assert(
    fc.asyncProperty(
      mixedTape,
      fc.nat(),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 15 }),
      async (events, cut, segment, keepEvery) => {
        await rm(room.session.folder, { recursive: true, force: true });
        const early = events.slice(0, cut % (events.length + 1));
        await write(early, segment);
        expect((await fold(keepEvery)).text).toBe(await whole());
        // The log has grown: in order of time, but each writer by its own file.
        await write(events, segment);
        const expected = await whole();
        expect((await fold(keepEvery)).text).toBe(expected);
        expect((await fold()).text).toBe(expected);
        const read = await room.readAll();
        for (const event of read.filter((_, index) => index % 5 === 0)) {
          const until = markOf(event);
          const state = await readSessionState({ layout: room.layout, session: sessionId, digest: nodeDigest, until, keepEvery: 0 });
          expect(textOf(state)).toBe(textOf(stateAt(read, eventId(event))!));
        }
      },
    ),
    { numRuns: 25 },
  );
});

it('[D34] folds no more than what stands behind the newest kept fold', async () => {
  await write([...mixedEvents(1000, { files: 20 })], 10_000);
  expect((await fold(300)).folded).toBe(1000);
  expect(await listFolds(room.session)).toMatchObject([{ events: 900 }, { events: 600 }, { events: 300 }]);
  expect(await fold()).toMatchObject({ folded: 100, text: await whole() });
  const until = markOf((await room.readAll())[650]!);
  const then = new SessionFold();
  expect(await foldSession(then, { layout: room.layout, session: sessionId, digest: nodeDigest, until, keepEvery: 0 })).toMatchObject({
    folded: 51,
    isThere: true,
  });
  expect(then.state.counts.events).toBe(651);
});

it('[D33] believes no kept fold that is damaged, cut, empty or of another version, and makes it again', async () => {
  await write([...mixedEvents(400, { files: 20 })], 10_000);
  await fold(150);
  const expected = await whole();
  const [first, second] = (await foldNames()).map((name) => join(room.session.cache, name)) as [string, string];
  const sound = await readFile(second);
  await rm(first);
  for (const at of [0, 4, 5, 7, 12, 60, 300, sound.length >> 1, sound.length - 2]) {
    const damaged = Buffer.from(sound);
    damaged[at]! ^= 0x41;
    await writeFile(second, damaged);
    expect(await fold()).toMatchObject({ folded: 400, text: expected });
  }
  for (const size of [0, 3, 9, sound.length - 1]) {
    await writeFile(second, sound);
    await truncate(second, size);
    expect(await fold()).toMatchObject({ folded: 400, text: expected });
  }
  await writeFile(second, sound);
  expect(await fold()).toMatchObject({ folded: 100, text: expected });
  // Under the name of another point of the log.
  await writeFile(second.replace('000000300', '000000299'), sound);
  await rm(second);
  expect(await fold()).toMatchObject({ folded: 400, text: expected });
  await fold(150);
  expect(await fold()).toMatchObject({ folded: 100, text: expected });
  expect(await foldNames()).toHaveLength(2);
});

it('[D31] passes by what another version kept, and clears what older ones left', async () => {
  await write([...mixedEvents(400, { files: 20 })], 10_000);
  await fold(150);
  const [first] = await foldNames();
  const older = first!.replace(`.${foldVersion}.fold`, `.${foldVersion - 1}.fold`);
  const newer = first!.replace(`.${foldVersion}.fold`, `.${foldVersion + 1}.fold`);
  const bytes = await readFile(join(room.session.cache, first!));
  for (const name of await foldNames()) await rm(join(room.session.cache, name));
  for (const name of [older, newer]) await writeFile(join(room.session.cache, name), bytes);
  expect(await fold()).toMatchObject({ folded: 400 });
  expect(await foldNames()).toEqual([older, newer].sort());
  // What a process that died left half written, and what another is writing now.
  for (const half of ['1.1.tmp', '1.2.tmp']) await writeFile(join(room.session.cache, `${first!}.${half}`), bytes);
  await utimes(join(room.session.cache, `${first!}.1.1.tmp`), new Date(2020, 1), new Date(2020, 1));
  await fold(150);
  expect((await readdir(room.session.cache)).filter((name) => name.endsWith('.tmp'))).toEqual([`${first!}.1.2.tmp`]);
  expect((await foldNames()).includes(older)).toBe(false);
  expect((await foldNames()).includes(newer)).toBe(true);
});

it('[D33] takes an older fold, or none, when an event came later that belongs before', async () => {
  await write(notes('bbbb', 100), 1000);
  await fold(30);
  expect(await fold()).toMatchObject({ folded: 10 });
  // Another writer's clock or disk was slow.
  await room.writeSegment(segmentName('aaaa', 1), linesOf([noted('aaaa', 1, 45)]).join(''));
  expect(await fold()).toMatchObject({ folded: 71, text: await whole() });
  await room.writeSegment(segmentName('cccc', 1), linesOf([noted('cccc', 1, 0)]).join(''));
  expect(await fold(30)).toMatchObject({ folded: 102, text: await whole() });
});

it('[D33] believes no kept fold once the log before it was changed', async () => {
  const lines = linesOf(notes('bbbb', 100));
  const put = async (first: readonly string[], second: readonly string[]): Promise<void> => {
    await room.writeSegment(segmentName('bbbb', 1), first.join(''));
    await room.writeSegment(segmentName('bbbb', 2), second.join(''));
  };
  await put(lines.slice(0, 50), lines.slice(50));
  await fold(80);
  expect(await fold()).toMatchObject({ folded: 20 });
  // Rewritten from the tenth on, as a purge does.
  const rewritten = linesOf(notes('bbbb', 100).map((event) => (event.n === 10 ? noted('bbbb', 10, 10, 'taken out') : event)));
  await put(rewritten.slice(0, 50), rewritten.slice(50));
  expect(await fold()).toMatchObject({ folded: 100, text: await whole() });
  // The earlier file was cut, then lost.
  await put(lines.slice(0, 49), lines.slice(50));
  expect(await fold()).toMatchObject({ folded: 99, text: await whole() });
  await rm(join(room.session.events, segmentName('bbbb', 1)));
  expect(await fold()).toMatchObject({ folded: 50, text: await whole() });
  await put(lines.slice(0, 50), lines.slice(50, 70));
  expect(await fold()).toMatchObject({ folded: 70, text: await whole() });
});

it('[D33] does not count a line twice that was written again in the next file', async () => {
  const lines = linesOf(notes('bbbb', 60));
  await room.writeSegment(segmentName('bbbb', 1), lines.slice(0, 40).join(''));
  await fold(35);
  await room.writeSegment(segmentName('bbbb', 2), lines.slice(30).join(''));
  const again = await fold();
  expect(again.text).toBe(await whole());
  expect(again.folded).toBe(60);
});

it('[D34] gives the state of an event also where a writer’s times went back', async () => {
  await write(
    notes('bbbb', 60, (n) => (n === 31 ? 10 : n > 50 ? n - 30 : n)),
    1000,
  );
  expect(await fold(31)).toMatchObject({ folded: 60, text: await whole() });
  const read = await room.readAll();
  for (const index of [9, 29, 30, 31, 49, 59]) {
    const until = markOf(read[index]!);
    const state = await readSessionState({ layout: room.layout, session: sessionId, digest: nodeDigest, until, keepEvery: 0 });
    expect(textOf(state)).toBe(textOf(stateAt(read, eventId(until))!));
  }
});

it('[L3] tells what could not be read before a kept fold as well', async () => {
  const lines = linesOf(notes('bbbb', 40));
  lines[5] = lines[5]!.replace('note', 'nota');
  lines[35] = lines[35]!.replace('note', 'nota');
  await room.writeSegment(segmentName('bbbb', 1), lines.join(''));
  const first = await fold(20);
  expect(first.damage).toHaveLength(2);
  expect(await fold()).toMatchObject({ folded: 18, damage: first.damage });
});

it('folds all the same where nothing can be kept', async () => {
  await write(notes('bbbb', 50), 1000);
  await writeFile(room.session.cache, 'a file where the folder should be');
  expect(await fold(10)).toMatchObject({ folded: 50, text: await whole() });
});

it('keeps fewer the older they are, and the newest always', () => {
  let events = Array.from({ length: 64 }, (_, index) => (index + 1) * 1000);
  while (events.length > 10) events = events.toSpliced(leastMissed(events), 1);
  expect(events.at(-1)).toBe(64_000);
  const gaps = events.map((at, index) => at - (events[index - 1] ?? 0));
  expect(gaps.at(-1)!).toBeLessThan(gaps[1]!);
  expect(leastMissed([5])).toBe(0);
});

it('[D34] opens a feed from what is kept, with its state and density, and goes on to keep while it is open', async () => {
  const events = [...mixedEvents(17_000, { files: 30 })];
  await write(events.slice(0, 8500), 100_000);
  const open = (keepsFolds: boolean) => openSessionFeed({ layout: room.layout, session: sessionId, digest: nodeDigest, keepsFolds });
  const first = await open(false);
  await first.whenFolded;
  const density = first.density.bins(20);
  first.dispose();
  await expect(readdir(room.session.cache)).rejects.toThrow('ENOENT');
  const keeping = await open(true);
  await keeping.whenFolded;
  keeping.dispose();
  expect(await listFolds(room.session)).toMatchObject([{ events: 8192 }, { events: 4096 }]);
  const third = await open(true);
  try {
    const { state } = third;
    await third.whenFolded;
    expect(textOf(state)).toBe(textOf(foldAll(events.slice(0, 8500))));
    expect(third.density.bins(20)).toEqual(density);
    await write(events, 100_000);
    await expect.poll(() => state.counts.events, { timeout: 20_000 }).toBe(17_000);
    await expect
      .poll(() => listFolds(room.session), { timeout: 20_000 })
      .toMatchObject([{ events: 16_384 }, { events: 12_288 }, { events: 8192 }, { events: 4096 }]);
  } finally {
    third.dispose();
  }
});

it('leaves off when it is no longer wanted', async () => {
  await mkdir(room.session.events, { recursive: true });
  await write(notes('bbbb', 1000), 2000);
  let asked = 0;
  const into = new SessionFold();
  const options = { layout: room.layout, session: sessionId, digest: nodeDigest, keepEvery: 0, isCancelled: () => (asked += 1) > 3 };
  expect((await foldSession(into, options)).folded).toBeLessThan(1000);
});
