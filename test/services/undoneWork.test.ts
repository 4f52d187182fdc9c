import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { foldAll, isSetAside } from '../../src/core/fold.ts';
import { settleRewind, type RewindPlan } from '../../src/core/rewindPlan.ts';
import type { Author } from '../../src/model/author.ts';
import { isFileEvent, type FileEvent } from '../../src/model/event.ts';
import { eventId } from '../../src/model/ids.ts';
import { RewindWorld } from './rewindWorld.ts';

const codex: Author = { actor: 'agent', name: 'codex', run: 'r1', how: 'transcript' };
const claude: Author = { actor: 'agent', name: 'claude', run: 'r2', how: 'transcript' };
const you: Author = { actor: 'user', how: 'editor' };
let world: RewindWorld;
beforeEach(async () => {
  world = await new RewindWorld().open();
});
afterEach(() => world.remove());

const write = (path: string, text: string | Uint8Array): void => writeFileSync(world.at(path), text);
const text = (path: string): string => readFileSync(world.at(path), 'utf8');

/** Records what changed as the work of that turn. */
async function work(by: Author, turn?: number): Promise<readonly FileEvent[]> {
  const before = (await world.reader.tail(1)).events[0]!;
  await world.record(by);
  const events = (await world.reader.after(before, 1000)).events.filter(isFileEvent);
  for (const event of events)
    if (by.run !== undefined)
      await world.record1({
        kind: 'file.attributed',
        event: eventId(event),
        path: event.path,
        by,
        run: by.run,
        ...(turn !== undefined && { turn }),
      });
  return events;
}

async function without(chosen: Parameters<ReturnType<RewindWorld['rewinder']>['planWithout']>[0]): Promise<RewindPlan> {
  const plan = await world.rewinder().planWithout(chosen);
  if (plan === undefined) throw new Error('nothing to undo');
  return plan;
}

async function apply(plan: RewindPlan, conflicts?: 'overwrite'): Promise<void> {
  const report = await world.rewinder().apply(plan, conflicts === undefined ? {} : { conflicts });
  if (!report.ok) throw new Error(JSON.stringify(report));
  world.adopt();
}

const lines = (...words: string[]): string => words.map((word) => `${word}\n`).join('');

describe('undoing one piece of work', () => {
  it('[R19] takes back a turn and keeps what came before and after it, by anyone, recorded or not; and is itself undone', async () => {
    write('a.txt', lines('one', 'two', 'three', 'four', 'five', 'six'));
    write('gone.txt', 'to be deleted\n');
    await world.baseline();
    write('a.txt', lines('ONE', 'two', 'three', 'four', 'five', 'six'));
    await work(codex, 1);
    write('a.txt', lines('ONE', 'two', 'THREE', 'four', 'five', 'six'));
    write('made.txt', 'made in turn 2\n');
    rmSync(world.at('gone.txt'));
    await work(codex, 2);
    write('a.txt', lines('ONE', 'two', 'THREE', 'four', 'FIVE', 'six'));
    write('other.txt', 'by another agent\n');
    await work(claude, 1);
    write('a.txt', lines('ONE', 'two', 'THREE', 'four', 'FIVE', 'six', 'seven'));
    const now = text('a.txt');

    const plan = await without({ run: 'r1', turn: 2 });
    expect(plan.undid).toHaveLength(3);
    // Nobody recorded the last edit: it is kept, and said.
    expect(settleRewind(plan, {}).undecided).toEqual(['a.txt']);
    await apply(plan, 'overwrite');
    expect(text('a.txt')).toBe(lines('ONE', 'two', 'three', 'four', 'FIVE', 'six', 'seven'));
    expect(existsSync(world.at('made.txt'))).toBe(false);
    expect(text('gone.txt')).toBe('to be deleted\n');
    expect(text('other.txt')).toBe('by another agent\n');

    const state = foldAll((await world.reader.tail(1000)).events);
    const aside = (await world.reader.tail(1000)).events.filter((event) => isSetAside(state, event));
    expect(aside.map((event) => eventId(event)).sort()).toEqual([...plan.undid!].sort());

    await world.restart();
    const undone = await world.rewinder().undo();
    expect(undone).toMatchObject({ ok: true });
    expect(text('a.txt')).toBe(now);
    expect(existsSync(world.at('made.txt'))).toBe(true);
    expect(existsSync(world.at('gone.txt'))).toBe(false);
  });

  it('[R19] makes lines that were changed again a conflict: nothing happens undecided, and taken the file holds both, marked', async () => {
    write('a.txt', lines('one', 'two', 'three'));
    await world.baseline();
    write('a.txt', lines('one', 'by codex', 'three'));
    await work(codex, 1);
    write('a.txt', lines('one', 'by me', 'three'));
    await work(you);
    const plan = await without({ run: 'r1' });
    expect(plan.steps).toMatchObject([{ path: 'a.txt', conflict: 'overlap' }]);
    expect(await world.rewinder().apply(plan)).toMatchObject({ ok: false, reason: 'undecided', rolledBack: true });
    expect(text('a.txt')).toBe(lines('one', 'by me', 'three'));
    await apply(plan, 'overwrite');
    expect(text('a.txt')).toBe(lines('one', '<<<<<<< without the undone work', 'two', '=======', 'by me', '>>>>>>> as it is', 'three'));
  });

  it('[R19] leaves alone, with the reason, what later work rests on', async () => {
    write('bin', new Uint8Array([0, 1]));
    await world.baseline();
    write('made.txt', 'made\n');
    write('bin', new Uint8Array([0, 2]));
    await work(codex, 1);
    write('made.txt', 'made\nand gone on with\n');
    write('bin', new Uint8Array([0, 3]));
    await work(claude, 1);
    const plan = await without({ run: 'r1' });
    expect(plan.steps).toEqual([]);
    expect(plan.skips).toMatchObject([
      { path: 'bin', reason: 'built-upon' },
      { path: 'made.txt', reason: 'built-upon' },
    ]);
  });

  it('[R19] takes back one single change, and knows what was undone already or never was', async () => {
    write('a.txt', lines('one', 'two'));
    await world.baseline();
    write('a.txt', lines('ONE', 'two'));
    const [change] = await work(codex, 1);
    write('a.txt', lines('ONE', 'two', 'three'));
    await work(codex, 1);
    await apply(await without({ events: [eventId(change!)] }));
    expect(text('a.txt')).toBe(lines('one', 'two', 'three'));
    expect(await without({ events: [eventId(change!)] })).toMatchObject({ steps: [], skips: [], alreadySo: 1 });
    expect(await world.rewinder().planWithout({ run: 'nobody' })).toBeUndefined();
  });

  it('[R19] sees through rewinds and their undoing: what came back with them is still the work of whom it was', async () => {
    write('a.txt', lines('one', 'two', 'three'));
    const start = await world.baseline();
    write('a.txt', lines('ONE', 'two', 'three'));
    await work(codex, 1);
    write('a.txt', lines('ONE', 'two', 'THREE'));
    await work(you);
    await apply(await without({ run: 'r1' }));
    expect(await without({ run: 'r1' })).toMatchObject({ steps: [], alreadySo: 1 });
    expect((await world.rewinder().undo())?.ok).toBe(true);
    const rewinder = world.rewinder();
    expect((await rewinder.apply(await rewinder.plan(start))).ok).toBe(true);
    expect((await rewinder.undo())?.ok).toBe(true);
    world.adopt();
    expect(text('a.txt')).toBe(lines('ONE', 'two', 'THREE'));
    await apply(await without({ run: 'r1' }));
    expect(text('a.txt')).toBe(lines('one', 'two', 'THREE'));
  });

  it('[R19] keeps bytes that are no UTF-8, line ends and modes', async () => {
    write('a.txt', Buffer.from('\xff one\r\ntwo\r\nthree\r\nfour', 'latin1'));
    await world.baseline();
    write('a.txt', Buffer.from('\xff ONE\r\ntwo\r\nthree\r\nfour', 'latin1'));
    await work(codex, 1);
    write('a.txt', Buffer.from('\xff ONE\r\ntwo\r\nthree\r\n\xfe four', 'latin1'));
    await work(you);
    await apply(await without({ run: 'r1' }));
    expect(readFileSync(world.at('a.txt'), 'latin1')).toBe('\xff one\r\ntwo\r\nthree\r\n\xfe four');
  });
});
