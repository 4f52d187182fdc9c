import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Author } from '../../src/model/author.ts';
import { fileHistory, type FileHappening } from '../../src/services/fileHistory.ts';
import { RewindWorld } from './rewindWorld.ts';

const codex: Author = { actor: 'agent', name: 'codex', run: 'r1', how: 'transcript' };
const you: Author = { actor: 'user', how: 'editor' };
let worlds: RewindWorld[];
beforeEach(() => {
  worlds = [];
});
afterEach(async () => {
  for (const world of worlds.toReversed()) await world.remove();
});
const open = async (plan?: ConstructorParameters<typeof RewindWorld>[0]): Promise<RewindWorld> => {
  const world = await new RewindWorld(plan).open();
  worlds.push(world);
  return world;
};
const happened = (path: string): Promise<readonly FileHappening[]> =>
  fileHistory({
    path,
    sessions: worlds.map((world) => ({ id: world.session, events: (filter) => world.reader.batches({ filter }) })),
  });

describe('the history of a file', () => {
  it('[R44] goes over all sessions and all its names, newest first, with who and why, rewinds as such', async () => {
    const first = await open();
    const write = (path: string, text: string): void => writeFileSync(first.at(path), text);
    const start = await first.baseline();
    await first.record1({
      kind: 'prompt.submitted',
      by: { actor: 'user', how: 'transcript' },
      run: 'r1',
      turn: 1,
      provenance: 'user',
      text: { head: 'Make it', sizeBytes: 7 },
    });
    write('a.txt', 'one\n');
    await first.record(codex);
    const made = (await first.reader.tail(1)).events[0]!;
    await first.record1({ kind: 'file.attributed', event: `${made.w}.${made.n}`, path: 'a.txt', by: codex, run: 'r1', turn: 1 });
    // The same change, seen by a second process.
    if (made.kind === 'file.created') await first.record1({ kind: 'file.created', path: 'a.txt', by: you, after: made.after! });
    write('a.txt', 'two\n');
    write('other.txt', 'o\n');
    await first.record(you);
    const rewinder = first.rewinder();
    await rewinder.apply(await rewinder.plan(start, ['a.txt']));
    first.adopt();
    await rewinder.undo();
    first.adopt();
    const second = await open({ folder: first.folder, session: '20990101-000000-abcd' });
    const now = (await first.reader.tail(100)).events.findLast((event) => event.kind === 'file.created' && event.path === 'a.txt');
    renameSync(first.at('a.txt'), first.at('b.txt'));
    if (now?.kind === 'file.created')
      await second.record1({ kind: 'file.renamed', from: 'a.txt', path: 'b.txt', by: you, before: now.after!, after: now.after! });
    second.adopt();
    rmSync(first.at('b.txt'));
    await second.record(codex);
    const told = await happened('b.txt');
    expect(told.map(({ change, path, by, rewind }) => [change, path, rewind === undefined ? (by.name ?? by.actor) : 'rewind'])).toEqual([
      ['deleted', 'b.txt', 'codex'],
      ['renamed', 'b.txt', 'user'],
      ['created', 'a.txt', 'rewind'],
      ['deleted', 'a.txt', 'rewind'],
      ['changed', 'a.txt', 'user'],
      ['created', 'a.txt', 'codex'],
    ]);
    expect(told.at(-1)).toMatchObject({ prompt: 'Make it', session: first.session, before: undefined });
    expect(told[1]).toMatchObject({ from: 'a.txt', session: second.session });
    expect(await happened('never.txt')).toEqual([]);
  });
});
