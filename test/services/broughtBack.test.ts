import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { foldAll, isSetAside } from '../../src/core/fold.ts';
import type { RewindPlan } from '../../src/core/rewindPlan.ts';
import type { Author } from '../../src/model/author.ts';
import { isFileEvent, type FileEvent } from '../../src/model/event.ts';
import { eventId, type EventId } from '../../src/model/ids.ts';
import { RewindWorld } from './rewindWorld.ts';

const codex: Author = { actor: 'agent', name: 'codex', run: 'r1', how: 'transcript' };
const you: Author = { actor: 'user', how: 'editor' };
let world: RewindWorld;
beforeEach(async () => {
  world = await new RewindWorld().open();
});
afterEach(() => world.remove());

const write = (path: string, text: string): void => writeFileSync(world.at(path), text, 'latin1');
const text = (path: string): string => readFileSync(world.at(path), 'latin1');
const lines = (...words: string[]): string => words.map((word) => `${word}\r\n`).join('');

async function recorded(by: Author): Promise<readonly FileEvent[]> {
  const before = (await world.reader.tail(1)).events[0]!;
  await world.record(by);
  return (await world.reader.after(before, 1000)).events.filter(isFileEvent);
}
async function rewound(target: EventId): Promise<void> {
  const rewinder = world.rewinder();
  expect(await rewinder.apply(await rewinder.plan(target))).toMatchObject({ ok: true });
  world.adopt();
}
async function again(events: readonly FileEvent[]): Promise<RewindPlan> {
  const plan = await world.rewinder().planAgain(events.map(eventId));
  if (plan === undefined) throw new Error('nothing to bring back');
  return plan;
}
const aside = async (): Promise<EventId[]> => {
  const { events } = await world.reader.tail(1000);
  const state = foldAll(events);
  return events.filter((event) => isFileEvent(event) && isSetAside(state, event)).map((event) => eventId(event));
};

describe('bringing back what a rewind set aside', () => {
  it('[R43] does one change of it again on top of what is there now, greys it no more, and is undone like any rewind', async () => {
    write('a.txt', lines('one', 'two', 'three', 'four', 'five'));
    write('gone.txt', 'gone\n');
    const start = await world.baseline();
    write('a.txt', lines('ONE', 'two', 'three', 'four', 'five'));
    const good = await recorded(codex);
    write('a.txt', lines('ONE', 'two', 'THREE', 'four', 'five'));
    write('made.txt', 'made\n');
    rmSync(world.at('gone.txt'));
    const bad = await recorded(codex);
    await rewound(start);
    expect((await aside()).toSorted()).toEqual([...good, ...bad].map(eventId).toSorted());
    write('a.txt', lines('one', 'two', 'three', 'four', 'FIVE'));
    await world.record(you);
    const now = text('a.txt');

    const rewinder = world.rewinder();
    const plan = await again(good);
    expect(plan.steps).toMatchObject([{ path: 'a.txt', act: 'write', conflict: undefined }]);
    expect(await rewinder.apply(plan)).toMatchObject({ ok: true, written: 1 });
    world.adopt();
    expect(text('a.txt')).toBe(lines('ONE', 'two', 'three', 'four', 'FIVE'));
    // What was brought back counts again; the rest stays aside, and so does nothing else.
    expect((await aside()).toSorted()).toEqual(bad.map(eventId).toSorted());
    expect(await again(good)).toMatchObject({ steps: [], alreadySo: 1 });

    await world.restart();
    expect(await world.rewinder().undo()).toMatchObject({ ok: true });
    expect(text('a.txt')).toBe(now);
    expect((await aside()).toSorted()).toContain(eventId(good[0]!));

    world.adopt();
    expect(await world.rewinder().apply(await again(bad))).toMatchObject({ ok: true, written: 2, deleted: 1 });
    expect(text('made.txt')).toBe('made\n');
    expect(existsSync(world.at('gone.txt'))).toBe(false);
  });

  it('[R43] asks where the lines are others by now, and leaves what is no text', async () => {
    write('a.txt', lines('one', 'two'));
    write('bin', 'a\0b');
    const start = await world.baseline();
    write('a.txt', lines('ONE', 'two'));
    write('bin', 'a\0c');
    const changes = await recorded(codex);
    await rewound(start);
    write('a.txt', lines('one!', 'two'));
    write('bin', 'a\0d');
    await world.record(you);
    const plan = await again(changes);
    expect(plan.steps).toMatchObject([{ path: 'a.txt', conflict: 'overlap', merge: {} }]);
    expect(plan.skips).toMatchObject([{ path: 'bin', reason: 'built-upon' }]);
    expect(await world.rewinder().apply(plan)).toMatchObject({ ok: false, reason: 'undecided' });
    expect(await world.rewinder().apply(plan, { conflicts: 'overwrite' })).toMatchObject({ ok: true });
    expect(text('a.txt')).toBe(lines('<<<<<<< brought back', 'ONE', '=======', 'one!', '>>>>>>> as it is', 'two'));
    // What was left is not counted as brought back.
    expect(await aside()).toEqual(changes.filter(({ path }) => path === 'bin').map(eventId));
  });

  it('[R43] returns to the whole of it by a rewind to where it ended, and what came since is then aside', async () => {
    write('a.txt', 'one\n');
    const start = await world.baseline();
    write('a.txt', 'two\n');
    write('made.txt', 'made\n');
    const first = await recorded(codex);
    await rewound(start);
    write('a.txt', 'three\n');
    const second = await recorded(you);
    const { events } = await world.reader.tail(1000);
    const saved = events.find((event) => event.kind === 'checkpoint.made' && event.reason === 'rewind')!;
    await rewound(eventId(saved));
    expect([text('a.txt'), text('made.txt')]).toEqual(['two\n', 'made\n']);
    const grey = await aside();
    expect(grey).toEqual(expect.arrayContaining(second.map(eventId)));
    expect(grey.filter((id) => first.map(eventId).includes(id))).toEqual([]);
  });
});
