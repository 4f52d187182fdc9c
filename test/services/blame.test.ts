import { renameSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Author } from '../../src/model/author.ts';
import { eventId } from '../../src/model/ids.ts';
import { blameFile, type FileBlame } from '../../src/services/blame.ts';
import { RewindWorld } from './rewindWorld.ts';

const codex: Author = { actor: 'agent', name: 'codex', run: 'r1', how: 'transcript' };
const you: Author = { actor: 'user', how: 'editor' };
let world: RewindWorld;
beforeEach(async () => {
  world = await new RewindWorld().open();
});
afterEach(() => world.remove());

const write = (path: string, text: string | Uint8Array): void => writeFileSync(world.at(path), text);
const blame = (path: string, present?: string, version?: string): Promise<FileBlame | undefined> =>
  blameFile({
    path,
    present: present === undefined ? undefined : Buffer.from(present),
    ...(version === undefined ? {} : { version }),
    sessions: [{ id: world.session, events: (filter) => world.reader.batches({ filter }) }],
    read: (hash) => world.content.get(hash),
  });
const who = (found: FileBlame | undefined): string[] | undefined =>
  found?.lines.map(({ text, origin }) => `${text}: ${origin.known === 'recorded' ? (origin.by.name ?? origin.by.actor) : origin.known}`);

async function prompted(text: string): Promise<void> {
  await world.record1({
    kind: 'prompt.submitted',
    by: { actor: 'user', how: 'transcript' },
    run: 'r1',
    turn: 1,
    provenance: 'user',
    text: { head: text, sizeBytes: text.length },
  });
}

describe('blame', () => {
  it('[D17] names the person or agent of each line, with the prompt, under every name the file had', async () => {
    write('a.txt', 'old\nkept\n');
    await world.baseline();
    await prompted('Add a line');
    write('a.txt', 'old\nkept\nby the agent\n');
    await world.record(codex);
    write('a.txt', 'typed\nkept\nby the agent\n');
    await world.record(you);
    renameSync(world.at('a.txt'), world.at('b.txt'));
    const before = { type: 'file' as const, hash: 'x', sizeBytes: 1 };
    await world.record1({ kind: 'file.renamed', by: you, from: 'a.txt', path: 'b.txt', before, after: before });
    world.adopt();
    write('b.txt', 'typed\nkept\nby the agent\nlast\n');
    await world.record({ actor: 'agent', name: 'claude', run: 'r2', how: 'terminal' });
    const found = await blame('b.txt', 'typed\nkept\nby the agent\nlast\nunsaved\n');
    expect(who(found)).toEqual(['typed: user', 'kept: before', 'by the agent: codex', 'last: claude', 'unsaved: unrecorded']);
  });

  it('[D17] tells the words of the prompt, the command, and what was found out later', async () => {
    write('a.txt', '');
    await world.baseline();
    await prompted('Build it');
    const started = await world.record1({ kind: 'command.started', by: codex, command: 'make all' });
    write('a.txt', 'built\n');
    await world.record({ actor: 'unknown', how: 'none' });
    expect(who(await blame('a.txt'))).toEqual(['built: unknown']);
    const change = (await world.reader.tail(1)).events[0]!;
    await world.record1({
      kind: 'file.attributed',
      by: codex,
      run: 'r1',
      turn: 1,
      event: eventId(change),
      path: 'a.txt',
      command: eventId(started),
    });
    expect((await blame('a.txt'))?.lines[0]?.origin).toMatchObject({
      known: 'recorded',
      event: eventId(change),
      by: codex,
      turn: 1,
      prompt: 'Build it',
      command: 'make all',
    });
  });

  it('[D17] gives what a rewind brought back to whom it was, and what came unseen to nobody', async () => {
    write('a.txt', 'one\n');
    await world.baseline();
    write('a.txt', 'one\ntwo\n');
    await world.record(codex);
    const target = eventId((await world.reader.tail(1)).events[0]!);
    write('a.txt', 'other\n');
    await world.record(you);
    const rewinder = world.rewinder();
    expect((await rewinder.apply(await rewinder.plan(target))).ok).toBe(true);
    expect(who(await blame('a.txt'))).toEqual(['one: before', 'two: codex']);
    // Nothing records for a while.
    write('a.txt', 'one\ntwo\nunseen\n');
    await world.baseline();
    write('a.txt', 'one\ntwo\nunseen\nthree\n');
    await world.record(you);
    expect(who(await blame('a.txt'))).toEqual(['one: before', 'two: codex', 'unseen: unseen', 'three: user']);
  });

  it('[D17] tells an earlier version as it was then, whatever became of its lines', async () => {
    write('a.txt', 'old\nkept\n');
    await world.baseline();
    write('a.txt', 'by the agent\nkept\n');
    await world.record(codex);
    write('a.txt', 'typed over\n');
    await world.record(you);
    const versions: (string | undefined)[] = [];
    for await (const batch of world.reader.batches({ filter: { kinds: ['file.changed'] } }))
      for (const event of batch) if (event.kind === 'file.changed') versions.push(event.before?.hash, event.after?.hash);
    const [first, second] = versions;
    expect(who(await blame('a.txt', 'old\nkept\n', first))).toEqual(['old: before', 'kept: before']);
    expect(who(await blame('a.txt', 'by the agent\nkept\n', second))).toEqual(['by the agent: codex', 'kept: before']);
    expect(who(await blame('a.txt', 'by the agent\nkept\n'))).toContain('by the agent: unrecorded');
  });

  it('[D17] knows nothing of a file that no session saw change, and counts the versions without a content', async () => {
    write('a.txt', 'one\n');
    await world.baseline();
    expect(await blame('a.txt', 'one\n')).toBeUndefined();
    write('a.txt', new Uint8Array([1, 0, 2]));
    await world.record(codex);
    write('a.txt', 'text again\n');
    await world.record(codex);
    expect(await blame('a.txt', 'text again\n')).toMatchObject({
      skipped: 1,
      lines: [{ text: 'text again', origin: { known: 'recorded' } }],
    });
    await expect(blame('a.txt', '\0')).rejects.toThrow('no text');
  });
});
