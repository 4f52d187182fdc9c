import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { foldAll, isSetAside } from '../../src/core/fold.ts';
import type { Author } from '../../src/model/author.ts';
import { isFileEvent } from '../../src/model/event.ts';
import { eventId } from '../../src/model/ids.ts';
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
const asideIds = async (): Promise<string[]> => {
  const { events } = await world.reader.tail(1000);
  const state = foldAll(events);
  return events.filter((event) => isFileEvent(event) && isSetAside(state, event)).map((event) => eventId(event));
};

describe('choosing hunks of a plan', () => {
  it('[R40] writes the chosen ones alone, every other byte stays; and is undone like any rewind', async () => {
    write('a.txt', 'one\r\ntwo\nthree \xff\nfour');
    write('b.txt', 'b');
    const start = await world.baseline();
    write('a.txt', 'ONE\r\ntwo\nTHREE \xff\r\nfour\n');
    write('b.txt', 'B');
    await world.record(codex);
    const now = text('a.txt');
    const rewinder = world.rewinder();
    const plan = await rewinder.plan(start);
    expect(await rewinder.hunksOf(plan.steps[0]!)).toMatchObject([{ at: 0 }, { at: 2 }]);

    const chosen = await rewinder.withHunks(plan, new Map([['a.txt', new Set([0])]]));
    expect(chosen.steps).toMatchObject([{ path: 'a.txt', hunks: { taken: 1, of: 2 } }, { path: 'b.txt' }]);
    expect(await rewinder.apply(chosen)).toMatchObject({ ok: true, written: 2 });
    world.adopt();
    expect(text('a.txt')).toBe('one\r\ntwo\nTHREE \xff\r\nfour\n');
    expect(text('b.txt')).toBe('b');
    // What was done to a.txt goes on, in part: it is not set aside.
    expect(await asideIds()).toHaveLength(1);

    const again = world.rewinder();
    expect(await again.undo()).toMatchObject({ ok: true });
    expect(text('a.txt')).toBe(now);
    expect(text('b.txt')).toBe('B');
  });

  it('[R40] none of a file leaves it alone, all is the whole step, and what cannot be chosen from says so', async () => {
    write('a.txt', 'one\n');
    write('bin', 'a\0b');
    const start = await world.baseline();
    write('a.txt', 'two\n');
    write('bin', 'a\0c');
    write('new.txt', 'new\n');
    await world.record(codex);
    const rewinder = world.rewinder();
    const plan = await rewinder.plan(start);
    const none = await rewinder.withHunks(plan, new Map([['a.txt', new Set<number>()]]));
    expect(none.steps.map(({ path }) => path)).toEqual(['bin', 'new.txt']);
    expect(none.skips).toMatchObject([{ path: 'a.txt', reason: 'not-chosen' }]);
    expect(await rewinder.withHunks(plan, new Map([['a.txt', new Set([0])]]))).toEqual(plan);
    for (const path of ['bin', 'new.txt']) {
      expect(await rewinder.hunksOf(plan.steps.find((step) => step.path === path)!)).toBeUndefined();
      await expect(rewinder.withHunks(plan, new Map([[path, new Set([0])]]))).rejects.toMatchObject({ reason: 'no-hunks', path });
    }
    await expect(rewinder.withHunks(plan, new Map([['a.txt', new Set([1])]]))).rejects.toMatchObject({ reason: 'no-such-hunk' });
    // The file is another by now: what was chosen is not what would be written.
    write('a.txt', 'three\n');
    await expect(rewinder.withHunks(plan, new Map([['a.txt', new Set([0])]]))).rejects.toMatchObject({ reason: 'no-hunks' });
  });

  it('[R40] takes the text that an editor holds for the present one', async () => {
    write('a.txt', 'one\ntwo\nthree\n');
    const start = await world.baseline();
    write('a.txt', 'ONE\ntwo\nthree\n');
    await world.record(codex);
    let held = Buffer.from('ONE\ntwo\nTHREE\n');
    const rewinder = world.rewinder({
      documents: {
        read: async (path) => (path === world.at('a.txt') ? { isDirty: true, bytes: held } : undefined),
        write: async (path, bytes) => {
          if (path !== world.at('a.txt')) return 'not-open';
          held = Buffer.from(bytes);
          write('a.txt', held.toString('latin1'));
          return 'written';
        },
      },
    });
    const plan = await rewinder.plan(start);
    expect(plan.steps).toMatchObject([{ path: 'a.txt', conflict: 'unsaved' }]);
    const chosen = await rewinder.withHunks(plan, new Map([['a.txt', new Set([0])]]));
    expect(await rewinder.apply(chosen, { conflicts: 'overwrite' })).toMatchObject({ ok: true });
    expect(text('a.txt')).toBe('one\ntwo\nTHREE\n');
  });

  it('[R40] of undone work, what is left in part or alone is not set aside', async () => {
    write('a.txt', 'one\ntwo\nthree\n');
    write('b.txt', 'b\n');
    write('c.txt', 'c\n');
    await world.baseline();
    write('a.txt', 'ONE\ntwo\nTHREE\n');
    write('b.txt', 'B\n');
    write('c.txt', 'C\n');
    await world.record(codex);
    const { events } = await world.reader.tail(1000);
    const changes = events.filter(isFileEvent);
    const rewinder = world.rewinder();
    const plan = await rewinder.planWithout({ events: changes.map(eventId) });
    const chosen = await rewinder.withHunks(plan!, new Map([['a.txt', new Set([1])]]));
    expect(await rewinder.apply(chosen, { files: new Map([['b.txt', 'skip']]) })).toMatchObject({ ok: true, written: 2 });
    world.adopt();
    expect([text('a.txt'), text('b.txt'), text('c.txt')]).toEqual(['ONE\ntwo\nthree\n', 'B\n', 'c\n']);
    expect(await asideIds()).toEqual(changes.filter(({ path }) => path === 'c.txt').map(eventId));
  });

  it('[R41] tells both sides of an overlap, so that an editor can merge them with what is there now', async () => {
    const told = async (sides: { readonly hash?: string | undefined } | undefined): Promise<string> =>
      Buffer.from((await world.content.get(sides!.hash!))!).toString('latin1');
    write('a.txt', 'one\r\ntwo\r\nthree\r\n');
    await world.baseline();
    write('a.txt', 'one\r\nby codex\r\nthree\r\n');
    await world.record(codex);
    const change = (await world.reader.tail(1)).events[0]!;
    write('a.txt', 'one\r\nby me\r\nthree\r\n');
    await world.record(you);
    write('a.txt', 'one\r\nby me\r\nthree\r\nfour\r\n');
    const plan = await world.rewinder().planWithout({ events: [eventId(change)] });
    const [step] = plan!.steps;
    expect(step).toMatchObject({ path: 'a.txt', conflict: 'changed-since' });
    expect(await told(step!.merge?.base)).toBe('one\r\nby codex\r\nthree\r\n');
    expect(await told(step!.merge?.ours)).toBe('one\r\ntwo\r\nthree\r\n');
    expect(await told(step!.to)).toBe(
      'one\r\n<<<<<<< without the undone work\r\ntwo\r\n=======\r\nby me\r\n>>>>>>> as it is\r\nthree\r\nfour\r\n',
    );
  });
});
