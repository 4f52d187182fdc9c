import { readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { userAuthor } from '../../src/model/author.ts';
import { isFileEvent, type Source, type TapedeckEvent } from '../../src/model/event.ts';
import type { FileVersion } from '../../src/model/fileVersion.ts';
import { FileMemory, type FileMemoryOptions } from '../../src/services/fileMemory.ts';
import { FileTracker, versionOf } from '../../src/services/fileTracker.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { segmentName } from '../../src/store/layout.ts';
import { recallLog } from '../../src/store/logRecall.ts';
import { recallRecipe } from '../../src/store/recallRecipe.ts';
import { keepSidecars } from '../../src/store/sidecarKeeper.ts';
import { mixedEvents, writeMixedLog } from '../bench/mixedLog.ts';
import { linesOf, noted, openLogRoom, sessionId, type LogRoom } from '../store/logRoom.ts';

let room: LogRoom;
beforeEach(async () => {
  room = await openLogRoom();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await room.close();
});

function memoryOf(tracker: FileTracker, folders: FileMemoryOptions['folders'] = []): FileMemory {
  return new FileMemory({
    folders,
    content: { get: () => Promise.resolve(undefined) },
    nameOf: () => undefined,
    tracker,
    files: { noteSkip: () => {} },
    clock: systemClock,
    budgetBytes: 0,
    onTrace: () => {},
  } as unknown as FileMemoryOptions);
}

it('[L37] [S2] a recorder that goes on with a log knows every file and source in it, and parses no other event', async () => {
  const events = [...mixedEvents(20_000, { files: 300 })];
  const logBytes = await writeMixedLog(room.session, events, 1 << 20);
  const expected = new Map<string, FileVersion>();
  const told: Source[] = [];
  let files = 0;
  for (const event of events) {
    if (event.src !== undefined) told.push(event.src);
    if (!isFileEvent(event)) continue;
    files += 1;
    expected.set(event.path, event.after!);
  }
  expect(told.length).toBeGreaterThan(10_000);
  expect(files).toBeLessThan(events.length / 5);
  let checkedBytes = 0;
  const crc32 = (bytes: Uint8Array | string): number => {
    checkedBytes += bytes.length;
    return nodeDigest.crc32(bytes);
  };
  const restored = async (): Promise<void> => {
    const tracker = new FileTracker();
    checkedBytes = 0;
    const digest = { ...nodeDigest, crc32 };
    const remembered = await memoryOf(tracker).restore({ layout: room.layout, session: sessionId, digest });
    const found = Object.fromEntries([...tracker.entries()].map(([path, file]) => [path, versionOf(file)]));
    expect(found).toEqual(Object.fromEntries(expected));
    expect(told.filter((source) => !remembered.sources.has(source))).toEqual([]);
    expect(remembered.sources.size).toBe(new Set(told.map(({ file, offset }) => `${file}@${offset}`)).size);
    expect(remembered.lastAt).toBe(events.at(-1)!.at);
  };
  const parse = vi.spyOn(JSON, 'parse');
  await restored();
  const kept = (await readdir(room.session.cache)).filter((name) => name.endsWith('.recall'));
  expect(kept.length).toBeGreaterThan(5);
  // Beside the events, what was read is taken from segment to segment: of a file once at most.
  expect(parse.mock.calls.filter(([text]) => text.startsWith('{"v":')).length).toBeLessThan(files + 50);
  expect(checkedBytes).toBeGreaterThan(logBytes * 0.9);
  // The next one reads what was kept, and of the log what is too short to be kept of.
  await restored();
  expect(checkedBytes).toBeLessThan(logBytes / 4);
  // Anything that may happen to what was kept costs time alone.
  for (const [index, name] of kept.entries()) {
    const path = join(room.session.cache, name);
    if (index % 4 === 0) await truncate(path, 4000);
    else if (index % 4 === 1) await rm(path);
    else if (index % 4 === 2) await writeFile(path, await readFile(join(room.session.cache, kept[0]!)));
  }
  await restored();
});

it('[L37] [L29] what the keeper of sidecars makes of a segment is what is made by who recalls it', async () => {
  await writeMixedLog(room.session, mixedEvents(12_000, { files: 200 }), 1 << 20);
  const read = async (): Promise<Map<string, Buffer>> => {
    const names = (await readdir(room.session.cache)).filter((name) => name.endsWith('.recall'));
    return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(room.session.cache, name))] as const)));
  };
  const recalled = await recallLog(room.session, nodeDigest);
  const made = await read();
  for (const name of made.keys()) await rm(join(room.session.cache, name));
  for (const name of await readdir(room.session.events)) await utimes(join(room.session.events, name), 1, 1);
  await keepSidecars({ session: room.session, recipes: [recallRecipe], digest: nodeDigest });
  expect(made.size).toBeGreaterThan(3);
  expect(await read()).toEqual(made);
  const again = await recallLog(room.session, nodeDigest);
  expect(new Map(again.files)).toEqual(new Map(recalled.files));
  expect(again.sources.size).toBe(recalled.sources.size);
});

it('[L37] what was kept of a segment that grows is gone on with', async () => {
  const events = [...mixedEvents(8000, { files: 100 })].map((event, index) => ({ ...event, w: 'abcd', n: index + 1 }));
  const lines = linesOf(events);
  const { length } = lines;
  const sourcesOf = async (): Promise<number> => (await recallLog(room.session, nodeDigest)).sources.size;
  let last = 0;
  for (const end of [length >> 1, (length >> 1) + 10, length - 1, length]) {
    await room.writeSegment(segmentName('abcd', 1), lines.slice(0, end).join(''));
    const expected = new Set(events.slice(0, end).flatMap(({ src }) => (src === undefined ? [] : [`${src.file}@${src.offset}`])));
    expect(await sourcesOf()).toBe(expected.size);
    last = expected.size;
  }
  // Another file in its place has none of it.
  await room.writeSegment(segmentName('abcd', 1), linesOf([noted('abcd', 1)]).join(''));
  expect(last).toBeGreaterThan(0);
  expect(await sourcesOf()).toBe(0);
});

it('[L37] [S2] what was recorded before a baseline, or is gone, is not taken for known', async () => {
  const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
  const after = { hash: 'a'.repeat(64), sizeBytes: 1, type: 'file' as const };
  const drafts = [
    { kind: 'file.created', path: 'old.txt', after, at: at(0) },
    { kind: 'file.created', path: 'gone.txt', after, at: at(50) },
    { kind: 'file.created', path: 'named.txt', after, at: at(50) },
    { kind: 'file.created', path: 'late.txt', after, at: at(55) },
    { kind: 'capture.paused', at: at(56) },
    { kind: 'baseline.taken', folder: 'here', files: 0, manifest: 'b'.repeat(64), at: at(60) },
    { kind: 'capture.continued', at: at(61) },
    { kind: 'file.deleted', path: 'gone.txt', before: after, at: at(70) },
    { kind: 'file.renamed', from: 'named.txt', path: 'renamed.txt', before: after, after, at: at(71) },
    { kind: 'capture.paused', at: at(72) },
  ].map((fields, index) => ({
    v: 1,
    w: index % 2 === 0 ? 'abcd' : 'efgh',
    n: (index >> 1) + 1,
    by: userAuthor,
    ...fields,
  })) as TapedeckEvent[];
  for (const w of ['abcd', 'efgh']) await room.writeSegment(segmentName(w, 1), linesOf(drafts.filter((event) => event.w === w)).join(''));
  const tracker = new FileTracker();
  const folder = { folder: { name: 'here', path: '/here' } } as FileMemoryOptions['folders'][number];
  const memory = memoryOf(tracker, [folder]);
  const remembered = await memory.restore({ layout: room.layout, session: sessionId, digest: nodeDigest });
  expect([...tracker.paths()].sort()).toEqual(['late.txt', 'renamed.txt']);
  expect(remembered).toMatchObject({
    isPaused: true,
    pauses: [
      { from: at(56), to: at(61) },
      { from: at(72), to: undefined },
    ],
  });
});
