import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { isFileEvent, type Source } from '../../src/model/event.ts';
import type { FileVersion } from '../../src/model/fileVersion.ts';
import { FileMemory, type FileMemoryOptions } from '../../src/services/fileMemory.ts';
import { FileTracker, versionOf } from '../../src/services/fileTracker.ts';
import { mixedEvents, writeMixedLog } from '../bench/mixedLog.ts';
import { openLogRoom, type LogRoom } from '../store/logRoom.ts';

let room: LogRoom;
beforeEach(async () => {
  room = await openLogRoom();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await room.close();
});

function memoryOf(tracker: FileTracker): FileMemory {
  // Nothing of the disk is asked where there is no folder.
  return new FileMemory({
    folders: [],
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
  await writeMixedLog(room.session, events, 1 << 20);
  const expected = new Map<string, FileVersion>();
  const told: Source[] = [];
  let files = 0;
  for (const event of events) {
    if (event.src !== undefined) told.push(event.src);
    if (!isFileEvent(event)) continue;
    files += 1;
    expected.set(event.path, event.after!);
  }
  const tracker = new FileTracker();
  const reader = await room.reader();
  const parse = vi.spyOn(JSON, 'parse');
  const remembered = await memoryOf(tracker).restore(reader);
  const parsed = parse.mock.calls.length;
  reader.dispose();
  expect(Object.fromEntries([...tracker.entries()].map(([path, file]) => [path, versionOf(file)]))).toEqual(Object.fromEntries(expected));
  expect(told.length).toBeGreaterThan(10_000);
  expect(told.filter((source) => !remembered.sources.has(source))).toEqual([]);
  expect(remembered.sources.size).toBe(new Set(told.map(({ file, offset }) => `${file}@${offset}`)).size);
  expect(remembered.lastAt).toBe(events.at(-1)!.at);
  expect(files).toBeLessThan(events.length / 5);
  expect(parsed).toBeGreaterThanOrEqual(files);
  expect(parsed).toBeLessThan(files + 50);
});
