import { randomBytes } from 'node:crypto';
import { chmod, mkdir, rename, rm, symlink, appendFile, unlink } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultRecorderSettings } from '../../src/services/recorderSettings.ts';
import { deafWatcher, RecorderRoom, until } from './recorderRoom.ts';

let room: RecorderRoom;
beforeEach(async () => {
  room = await RecorderRoom.open();
});
afterEach(() => room.close());

describe.each(['git', 'no git'] as const)('with %s', (kind) => {
  beforeEach(async () => {
    await room.write('a.txt', 'one\ntwo\n');
    await room.write('src/b.ts', 'export const b = 1;\n');
    await room.write('bin/data.bin', new Uint8Array([0, 1, 2, 250, 251, 0]));
    if (kind === 'no git') return;
    room.git('init', '-q', '-b', 'main');
    await room.commitAll();
  });

  it('[C1] records a change on disk with both contents and the lines that differ', async () => {
    const recorder = await room.started();
    await room.write('a.txt', 'one\nTWO\nthree\n');
    expect(await room.changes(recorder, 1)).toEqual(['changed a.txt']);
    const [event] = await room.fileEvents(recorder);
    expect(await room.content(recorder, event!.before)).toBe('one\ntwo\n');
    expect(await room.content(recorder, event!.after)).toBe('one\nTWO\nthree\n');
    expect(event).toMatchObject({ added: 2, removed: 1, by: { actor: 'unknown', how: 'none' } });
  });

  it('[C1] records what a deaf watcher never told, as soon as it looks', async () => {
    const recorder = await room.started({ watcher: deafWatcher });
    await room.write('a.txt', 'changed\n');
    await room.write('deep/er/new.txt', 'new\n');
    await unlink(room.path('src/b.ts'));
    await recorder.reconcile('hand');
    expect(await room.changes(recorder, 3)).toEqual(['changed a.txt', 'created deep/er/new.txt', 'deleted src/b.ts']);
    const deleted = (await room.fileEvents(recorder))[2];
    expect(await room.content(recorder, deleted!.before)).toBe('export const b = 1;\n');
  });

  it('[C1] records creation, deletion, a binary change, a mode and a link', async () => {
    const recorder = await room.started();
    await room.write('new.txt', 'hello\n');
    await room.write('bin/data.bin', new Uint8Array([0, 9]));
    await chmod(room.path('src/b.ts'), 0o755);
    await symlink('a.txt', room.path('link'));
    await unlink(room.path('a.txt'));
    const changes = await room.changes(recorder, 5);
    expect(changes.sort()).toEqual(['changed bin/data.bin', 'changed src/b.ts', 'created link', 'created new.txt', 'deleted a.txt']);
    const events = new Map((await room.fileEvents(recorder)).map((event) => [event.path, event]));
    expect(events.get('src/b.ts')).toMatchObject({ before: { mode: 0o644 }, after: { mode: 0o755 } });
    expect(events.get('src/b.ts')!.before!.hash).toBe(events.get('src/b.ts')!.after!.hash);
    expect(events.get('link')!.after!.type).toBe('link');
    expect(await room.content(recorder, events.get('link')!.after)).toBe('a.txt');
    expect(events.get('bin/data.bin')!.added).toBeUndefined();
    expect(events.get('bin/data.bin')!.before!.missing).toBeUndefined();
    expect(await room.content(recorder, events.get('a.txt')!.before)).toBe('one\ntwo\n');
  });

  it('[C2] tells a file that moved over another one as a change and a deletion', async () => {
    await room.write('from.txt', 'the content that moves\n');
    await room.write('to.txt', 'the content that is lost\n');
    const recorder = await room.record();
    await rename(room.path('from.txt'), room.path('to.txt'));
    expect((await room.changes(recorder, 2)).toSorted()).toEqual(['changed to.txt', 'deleted from.txt']);
    const changed = (await room.fileEvents(recorder)).find((event) => event.path === 'to.txt')!;
    expect(await room.content(recorder, changed.before)).toBe('the content that is lost\n');
  });

  it('[C2] records a file that moved as renamed, a folder too', async () => {
    const recorder = await room.started();
    await mkdir(room.path('lib'));
    await rename(room.path('a.txt'), room.path('lib/a.txt'));
    expect(await room.changes(recorder, 1)).toEqual(['renamed a.txt > lib/a.txt']);
    await rename(room.path('src'), room.path('source'));
    expect(await room.changes(recorder, 2)).toEqual(['renamed a.txt > lib/a.txt', 'renamed src/b.ts > source/b.ts']);
  });

  it('[C3] records nothing for a touch, and one change for many quick writes', async () => {
    const recorder = await room.started();
    await room.write('src/b.ts', 'export const b = 1;\n');
    const from = performance.now();
    for (let i = 0; i < 10; i++) {
      await room.write('a.txt', `step ${i}\n`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    // On a machine that paused for so long in between, they were not quick.
    const pauses = Math.floor((performance.now() - from) / 200);
    await room.changes(recorder, 1);
    await recorder.reconcile('hand');
    const changes = await room.changes(recorder, 1);
    expect(changes.length).toBeLessThanOrEqual(2 + pauses);
    const last = (await room.fileEvents(recorder)).at(-1);
    expect(await room.content(recorder, last!.after)).toBe('step 9\n');
    expect(changes).not.toContain('changed src/b.ts');
  });

  it('[C4] misses none of 3,000 files in 300 new folders', { timeout: 60_000 }, async () => {
    const recorder = await room.started();
    for (let folder = 0; folder < 300; folder++)
      await Promise.all(Array.from({ length: 10 }, (_, file) => room.write(`many/d${folder}/f${file}.txt`, `${folder} ${file}\n`)));
    await until(async () => (await room.fileEvents(recorder)).length >= 3000, '3,000 events', 50_000);
    await recorder.reconcile('hand');
    const events = await room.fileEvents(recorder);
    expect(new Set(events.map((event) => event.path)).size).toBe(3000);
    expect(events.length).toBe(3000);
    await rm(room.path('many'), { recursive: true });
    await until(async () => (await room.fileEvents(recorder)).length >= 6000, 'as many deletions', 50_000);
    expect((await room.fileEvents(recorder)).filter((event) => event.kind === 'file.deleted').length).toBe(3000);
  });

  it('[C5] follows no link out of the folder', async () => {
    const outside = `${room.base}/outside`;
    await mkdir(outside);
    const recorder = await room.started();
    await symlink(outside, room.path('away'));
    expect(await room.changes(recorder, 1)).toEqual(['created away']);
    await appendFile(`${outside}/x.txt`, 'x');
    await recorder.reconcile('hand');
    expect(await room.changes(recorder, 1)).toEqual(['created away']);
  });

  it('[C6] never reads secrets, and says so once', async () => {
    await room.write('.env', 'TOKEN=very-secret-value\n');
    const recorder = await room.started();
    await room.write('.env', 'TOKEN=another-secret-value\n');
    await room.write('.env.example', 'TOKEN=\n');
    await room.write(
      'innocent.txt',
      `-----BEGIN OPENSSH PRIVATE KEY-----\n${'b3BlbnNzaC1rZXktdjEAAAAA'.repeat(3)}\n-----END OPENSSH PRIVATE KEY-----\n`,
    );
    await room.changes(recorder, 1);
    await room.write('.env', 'TOKEN=third-secret-value\n');
    await recorder.reconcile('hand');
    await until(async () => (await room.kinds(recorder, 'file.skipped')).length >= 2, 'skips');
    await recorder.flush();
    expect(await room.changes(recorder, 1)).toEqual(['created .env.example']);
    const skips = (await room.kinds(recorder, 'file.skipped')).map(({ path, reason }) => `${path} ${reason}`);
    expect(skips.sort()).toEqual(['.env secret', 'innocent.txt secret']);
    const health = await recorder.content.verify();
    for (const text of ['very-secret-value', 'another-secret-value', 'third-secret-value'])
      expect(await recorder.content.has(await hashOf(`TOKEN=${text}\n`))).toBe(false);
    expect(health.contents).toBeGreaterThan(0);
  });

  it('[C7] tells a file that is too large, and one that grows over the limit', async () => {
    const recorder = await room.started({ maxFileBytes: 1000 });
    await room.write('large.log', 'x'.repeat(1001));
    await room.write('a.txt', 'y'.repeat(1001));
    expect(await room.changes(recorder, 1)).toEqual(['changed a.txt']);
    await until(async () => (await room.kinds(recorder, 'file.skipped')).length >= 2, 'skips');
    const [event] = await room.fileEvents(recorder);
    expect(await room.content(recorder, event!.before)).toBe('one\ntwo\n');
    expect(event!.after).toMatchObject({ missing: 'too-large', sizeBytes: 1001 });
    await appendFile(room.path('large.log'), 'more');
    await recorder.reconcile('hand');
    expect((await room.kinds(recorder, 'file.skipped')).map(({ path, reason }) => `${path} ${reason}`).sort()).toEqual([
      'a.txt too-large',
      'large.log too-large',
    ]);
  });

  it('[C8] passes by what is generated, ignored or excluded, and by its own folder', async () => {
    await room.write('.gitignore', 'out/\n*.log\n');
    const recorder = await room.started({ exclude: ['private/**'] });
    await room.write('node_modules/p/index.js', '1');
    await room.write('out/x.js', '1');
    await room.write('src/y.log', '1');
    await room.write('private/z.txt', '1');
    await room.write('env/pyvenv.cfg', 'home = /usr\n');
    await room.write('env/lib/x.py', '1');
    await room.write('src/kept.ts', '1');
    await recorder.reconcile('hand');
    expect((await room.changes(recorder, 1)).filter((change) => change !== 'created .gitignore')).toEqual(['created src/kept.ts']);
  });

  it('[C9] takes up what a changed ignore file uncovers without calling it new, and forgets what it covers', async () => {
    await room.write('.gitignore', 'gen/\n');
    await room.write('gen/old.txt', 'old\n');
    const recorder = await room.started();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await recorder.reconcile('hand');
    await room.write('.gitignore', 'src/\n');
    expect(await room.changes(recorder, 1)).toEqual(['changed .gitignore']);
    await room.write('gen/old.txt', 'older\n');
    expect(await room.changes(recorder, 2)).toEqual(['changed .gitignore', 'changed gen/old.txt']);
    const event = (await room.fileEvents(recorder))[1];
    expect(await room.content(recorder, event!.before)).toBe('old\n');
  });
});

it('[C10] says that a content from before recording is lost when it was over the budget', async () => {
  await room.write('big.txt', 'x'.repeat(5000));
  await room.write('small.txt', 'small\n');
  const recorder = await room.started({ budget: 1000 });
  await room.write('big.txt', 'new\n');
  await room.write('small.txt', 'new\n');
  await room.changes(recorder, 2);
  const [big, small] = await room.fileEvents(recorder);
  expect(big).toMatchObject({ path: 'big.txt', before: { missing: 'budget', sizeBytes: 5000 } });
  expect(await room.content(recorder, small!.before)).toBe('small\n');
});

async function hashOf(text: string): Promise<string> {
  const { nodeDigest } = await import('../../src/store/digest.ts');
  return nodeDigest.sha256(text);
}

it('[R35] goes on recording without contents when they take all the room that is allowed, and says so', async () => {
  await room.write('a.txt', 'before\n');
  const settings = { ...defaultRecorderSettings, quietMs: 60, maxWaitMs: 400, maxStoredBytes: 20_000 };
  const recorder = await room.started({ settings });
  await room.write('b.bin', randomBytes(15_000));
  await recorder.reconcile('hand');
  expect(recorder.status().state).toBe('recording');
  await room.write('c.bin', randomBytes(15_000));
  await room.write('a.txt', 'x'.repeat(15_000));
  await recorder.reconcile('hand');
  const versions = (await room.fileEvents(recorder)).map(({ path, after }) => [path, after?.missing, after?.hash?.length]);
  expect(versions).toEqual([
    ['b.bin', undefined, 64],
    ['a.txt', 'budget', 64],
    ['c.bin', 'budget', 64],
  ]);
  expect(recorder.status()).toMatchObject({ state: 'degraded' });
  expect(recorder.status().reason).toContain('tapedeck.maxStorageMB');
  expect(recorder.content.storedBytes).toBeLessThan(20_000);
  // What is small enough finds room again.
  await room.write('a.txt', 'small\n');
  await recorder.reconcile('hand');
  expect(recorder.status().state).toBe('recording');
});
