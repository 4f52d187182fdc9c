import { rename, rm, writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Recorder } from '../../src/services/recorder.ts';
import { openRewinder, type Rewinder } from '../../src/services/rewinder.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { eventId, type EventId } from '../../src/model/ids.ts';
import { openLogReader, type LogReader } from '../../src/store/logReader.ts';
import { deafWatcher, describeChange, RecorderRoom } from './recorderRoom.ts';
import { random } from './rewindWorld.ts';

let room: RecorderRoom;
const readers: LogReader[] = [];
beforeEach(async () => {
  room = await RecorderRoom.open();
});
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.dispose();
  await room.close();
});

/** Long enough for what was written before to be older than the next look, by any disk's clock. */
const grow = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1500));

/** Looks at all, and gives the event behind which it stands. */
async function look(recorder: Recorder): Promise<EventId> {
  await recorder.reconcile('hand');
  await recorder.flush();
  return eventId((await room.events(recorder)).at(-1)!);
}

const takenUp = async (recorder: Recorder): Promise<string[]> =>
  (await room.kinds(recorder, 'file.skipped')).filter(({ after }) => after !== undefined).map(({ path }) => path);

const told = async (recorder: Recorder): Promise<string[]> => (await room.fileEvents(recorder)).map(describeChange);

async function rewinder(recorder: Recorder): Promise<Rewinder> {
  const reader = await openLogReader({ layout: recorder.layout, session: recorder.status().session!, digest: nodeDigest });
  readers.push(reader);
  return openRewinder({
    layout: recorder.layout,
    folders: [{ name: 'work', path: room.folder }],
    reader,
    journal: recorder.journal,
    content: recorder.content,
    digest: nodeDigest,
    random,
    during: (work) => recorder.during(work),
  });
}

it('[C31] [R48] tells of what an ignore rule uncovers that it is recorded from now on, and leaves it alone in a rewind to before', async () => {
  await room.write('.gitignore', 'gen/\n');
  await room.write('gen/old.txt', 'old\n');
  await room.write('gen/written.txt', 'old\n');
  const recorder = await room.started({ watcher: deafWatcher });
  await grow();
  const before = await look(recorder);
  await room.write('gen/written.txt', 'new, while nobody recorded it\n');
  await room.write('.gitignore', '\n');
  const uncovered = await look(recorder);
  expect(await told(recorder)).toEqual(['changed .gitignore']);
  expect(await takenUp(recorder)).toEqual(expect.arrayContaining(['gen/old.txt', 'gen/written.txt']));
  const plan = await (await rewinder(recorder)).plan(before);
  expect(plan.skips).toEqual([
    { path: 'gen/old.txt', reason: 'ignored' },
    { path: 'gen/written.txt', reason: 'ignored' },
  ]);
  expect(plan.steps.map(({ act, path }) => `${act} ${path}`)).toEqual(['write .gitignore']);
  await room.write('gen/old.txt', 'edited\n');
  await look(recorder);
  // What is recorded is undone, as far back as it is known.
  for (const target of [before, uncovered]) {
    const later = await (await rewinder(recorder)).plan(target);
    expect(later.steps.find(({ path }) => path === 'gen/old.txt')).toMatchObject({
      act: 'write',
      to: { hash: nodeDigest.sha256(Buffer.from('old\n')) },
    });
  }
});

it('[C31] knows in a later run what it has taken up: an edit while nobody recorded is no new file', async () => {
  await room.write('.gitignore', 'gen/\n');
  await room.write('gen/old.txt', 'old\n');
  const first = await room.started({ watcher: deafWatcher });
  await grow();
  await look(first);
  await room.write('.gitignore', '\n');
  await look(first);
  await first.close();
  await room.write('gen/old.txt', 'edited\n');
  const second = await room.started({ watcher: deafWatcher });
  await look(second);
  expect(await told(second)).toEqual(['changed .gitignore', 'changed gen/old.txt']);
  const [, edited] = await room.fileEvents(second);
  expect(await room.content(second, edited!.before)).toBe('old\n');
  expect(await takenUp(second)).toEqual(['gen/old.txt']);
});

it('[R48] calls what a folder’s new name brought along renamed, though a rule changed in the same look', async () => {
  await room.write('.gitignore', '*.log\n');
  await room.write('src/a.txt', 'a\n');
  await room.write('src/empty', '');
  const recorder = await room.started({ watcher: deafWatcher });
  await grow();
  const before = await look(recorder);
  await rename(room.path('src'), room.path('lib'));
  await room.write('.gitignore', '*.log\nother\n');
  await look(recorder);
  expect(await told(recorder)).toEqual(['changed .gitignore', 'renamed src/a.txt > lib/a.txt', 'created lib/empty', 'deleted src/empty']);
  const plan = await (await rewinder(recorder)).plan(before);
  expect(plan.skips).toEqual([]);
  expect(plan.steps.map(({ act, path }) => `${act} ${path}`)).toEqual([
    'write .gitignore',
    'delete lib/a.txt',
    'delete lib/empty',
    'write src/a.txt',
    'write src/empty',
  ]);
});

it('[R48] after a time in which nobody recorded, knows a moved folder again, and tells what else turned up as not known from before', async () => {
  const outside = join(room.base, 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'in.txt'), 'from elsewhere\n');
  await room.write('src/a.txt', 'a\n');
  await room.write('src/empty', '');
  await room.write('b.txt', 'b\n');
  const first = await room.started({ watcher: deafWatcher });
  await grow();
  await room.write('b.txt', 'changed\n');
  const before = await look(first);
  await first.close();
  await rename(room.path('src'), room.path('lib'));
  await rename(outside, room.path('outside'));
  await room.write('new.txt', 'new\n');
  await rm(room.path('b.txt'));
  const second = await room.started({ watcher: deafWatcher });
  await look(second);
  expect((await told(second)).slice(1)).toEqual([
    'deleted b.txt',
    'renamed src/a.txt > lib/a.txt',
    'renamed src/empty > lib/empty',
    'created new.txt',
  ]);
  expect(await takenUp(second)).toEqual(['outside/in.txt']);
  const plan = await (await rewinder(second)).plan(before);
  expect(plan.skips).toEqual([{ path: 'outside/in.txt', reason: 'ignored' }]);
  expect(plan.steps.map(({ act, path }) => `${act} ${path}`)).toEqual([
    'write b.txt',
    'delete lib/a.txt',
    'delete lib/empty',
    'delete new.txt',
    'write src/a.txt',
    'write src/empty',
  ]);
});

it('[R48] undoes a deletion that came after a command when its end is rewound to: a look in between still saw the file', async () => {
  await room.write('a.txt', 'a\n');
  const recorder = await room.started({ watcher: deafWatcher });
  const command = recorder.terminalCommandStarted({ terminal: 't', command: 'make' });
  await room.write('b.txt', 'b\n');
  command.end(0);
  const ended = await look(recorder);
  await look(recorder);
  await rm(room.path('a.txt'));
  await look(recorder);
  expect((await room.fileEvents(recorder)).at(-1)).toMatchObject({ kind: 'file.deleted', by: { actor: 'unknown' } });
  const plan = await (await rewinder(recorder)).plan(ended);
  expect(plan.steps.map(({ act, path }) => `${act} ${path}`)).toEqual(['write a.txt']);
});
