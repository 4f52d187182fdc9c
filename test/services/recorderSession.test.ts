import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openContentStore } from '../../src/store/contentStore.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { readRecorders } from '../../src/store/presence.ts';
import { listSessionIds, readSessionCard } from '../../src/store/sessionCard.ts';
import { createSessions } from '../../src/services/sessions.ts';
import { systemClock } from '../../src/base/clock.ts';
import { userAuthor } from '../../src/model/author.ts';
import { describeChange, RecorderRoom, until } from './recorderRoom.ts';
import { isFileEvent } from '../../src/model/event.ts';
import { defaultRecorderSettings } from '../../src/services/recorderSettings.ts';

let room: RecorderRoom;
beforeEach(async () => {
  room = await RecorderRoom.open();
});
afterEach(() => room.close());

it('[S1] begins a session with the first activity, and none before it', async () => {
  await room.write('a.txt', 'one\n');
  const recorder = await room.record();
  expect(recorder.status()).toMatchObject({ state: 'off', isLeader: true });
  await until(() => recorder.content.has(nodeDigest.sha256('one\n')), 'the copy of what was there');
  await room.write('a.txt', 'two\n');
  await room.changes(recorder, 1);
  const events = await room.events(recorder);
  expect(events[0]).toMatchObject({ kind: 'session.started', by: { actor: 'system' }, app: 'cli' });
  await until(async () => (await room.kinds(recorder, 'baseline.taken')).length === 1, 'the baseline');
  const [change] = await room.fileEvents(recorder);
  expect(await room.content(recorder, change!.before)).toBe('one\n');
});

it('[S1] begins none by itself when the settings say by hand, but does for a person’s own entry', async () => {
  await room.write('a.txt', 'one\n');
  const recorder = await room.record({ settings: { ...defaultRecorderSettings, quietMs: 50, start: 'manual' } });
  await room.write('a.txt', 'two\n');
  recorder.terminalCommandStarted({ terminal: 't', command: 'ls' }).end(0);
  await recorder.flush();
  expect(recorder.status().state).toBe('off');
  await recorder.journal.record({ kind: 'progress.noted', by: { actor: 'user', how: 'stated' }, text: 'Here' });
  expect(recorder.status().state).toBe('recording');
  expect((await room.kinds(recorder, 'progress.noted')).length).toBe(1);
});

it('[S2] goes on with the session after a reload, and tells what changed meanwhile by nobody, behind a gap', async () => {
  room.git('init', '-q', '-b', 'main');
  for (const name of ['a.txt', 'b.txt', 'c.txt', 'd.txt']) await room.write(name, `${name}\n`);
  await room.commitAll();
  await room.write('untracked.txt', 'untracked\n');
  const first = await room.started();
  await room.write('a.txt', 'a2\n');
  await room.changes(first, 1);
  const session = first.status().session!;
  await first.close();

  await room.write('a.txt', 'a3\n');
  await room.write('b.txt', 'b2\n');
  await unlink(room.path('c.txt'));
  await room.write('untracked.txt', 'changed\n');
  await room.write('new.txt', 'new\n');

  const second = await room.record();
  expect(second.status()).toMatchObject({ session, state: 'recording', gaps: 1 });
  const events = await room.events(second);
  expect(events.filter(isFileEvent).map(describeChange)).toEqual([
    'changed a.txt',
    'changed a.txt',
    'changed b.txt',
    'deleted c.txt',
    'created new.txt',
    'changed untracked.txt',
  ]);
  const kinds = events.map((event) => event.kind as string);
  expect(kinds.indexOf('capture.gap')).toBeGreaterThan(kinds.indexOf('session.resumed'));
  expect(events.find((event) => event.kind === 'capture.gap')).toMatchObject({ reason: 'not running' });
  expect(events.find((event) => event.kind === 'session.resumed')).toMatchObject({ reason: 'reload' });
  const later = events.filter(isFileEvent).slice(1);
  for (const event of later) expect(event.by).toEqual({ actor: 'unknown', how: 'none' });
  expect(await room.content(second, later[0]!.before)).toBe('a2\n');
  expect(await room.content(second, later[1]!.before)).toBe('b.txt\n');
  expect(await room.content(second, later.at(-1)!.before)).toBe('untracked\n');
  expect(kinds.filter((kind) => kind === 'baseline.taken').length).toBe(1);
});

/** The recorder as it ships without an editor, in a process of its own; `heard` resolves with the next line that begins so. */
async function startProgram(node = process.execPath): Promise<{ readonly process: ChildProcess; heard(start: string): Promise<string> }> {
  const outfile = join(room.base, 'program.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('recordingProgram.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  const child = spawn(node, [outfile, room.folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  return {
    process: child,
    async heard(start) {
      await until(() => said.includes(start), `"${start}" from the program`, 15_000);
      const line = said.slice(said.indexOf(start)).split('\n')[0]!;
      said = said.slice(said.indexOf(start) + line.length);
      return line;
    },
  };
}

it('[S3] goes on after the recorder was killed, and says that it crashed', { timeout: 30_000 }, async () => {
  await room.write('a.txt', 'one\n');
  const program = await startProgram();
  const session = (await program.heard('session ')).slice('session '.length);
  await room.write('a.txt', 'two\n');
  await program.heard('file.changed');
  const exited = new Promise((resolve) => program.process.once('exit', resolve));
  program.process.kill('SIGKILL');
  await exited;
  await room.write('a.txt', 'three\n');
  const recorder = await room.record();
  expect(recorder.status()).toMatchObject({ session, isLeader: true });
  const events = await room.events(recorder);
  expect(events.find((event) => event.kind === 'session.resumed')).toMatchObject({ reason: 'crash' });
  expect(events.filter(isFileEvent).map(describeChange)).toEqual(['changed a.txt', 'changed a.txt']);
  expect(await room.content(recorder, events.filter(isFileEvent)[1]!.before)).toBe('two\n');
});

it.runIf(existsSync('/usr/bin/node'))('[S11] runs on the system’s own older Node', { timeout: 30_000 }, async () => {
  await room.write('a.txt', 'one\n');
  const program = await startProgram('/usr/bin/node');
  await program.heard('session ');
  await room.write('sub/new.txt', 'new\n');
  await room.write('a.txt', 'two\n');
  await program.heard('file.c');
  await program.heard('file.c');
  const exited = new Promise((resolve) => program.process.once('exit', resolve));
  program.process.stdin!.end();
  expect(await exited).toBe(0);
});

it('[S4] lets only one of two recorders record files, and the other take over when it goes', async () => {
  await room.write('a.txt', 'one\n');
  const first = await room.started();
  const second = await room.record();
  expect([first.status().isLeader, second.status().isLeader]).toEqual([true, false]);
  expect(second.status()).toMatchObject({ state: 'viewing', session: first.status().session });
  await room.write('a.txt', 'two\n');
  second.terminalCommandStarted({ terminal: 't', command: 'echo hi' }).end(0);
  await second.flush();
  expect(await room.changes(first, 1)).toEqual(['changed a.txt']);
  expect((await room.kinds(first, 'command.ended')).length).toBe(1);
  await first.close();
  await second.reconcile('hand');
  await second.lead();
  await room.write('a.txt', 'three\n');
  expect(await room.changes(second, 2)).toEqual(['changed a.txt', 'changed a.txt']);
  expect(second.status()).toMatchObject({ state: 'recording', isLeader: true });
});

it('[S5] ends by command; the next activity begins another session with a baseline of its own', async () => {
  await room.write('a.txt', 'one\n');
  const recorder = await room.started();
  const first = recorder.status().session!;
  await room.write('a.txt', 'two\n');
  await recorder.end();
  expect(recorder.status().state).toBe('off');
  const events = await room.eventsOf(recorder, first);
  expect(events.at(-1)).toMatchObject({ kind: 'session.ended', reason: 'command' });
  expect(events.filter(isFileEvent).length).toBe(1);
  await room.write('a.txt', 'three\n');
  await until(() => recorder.status().session !== undefined, 'another session');
  await room.changes(recorder, 1);
  expect(recorder.status().session).not.toBe(first);
  expect((await recorder.sessions.list()).map(({ id, endedAt }) => [id, endedAt !== undefined])).toEqual([
    [recorder.status().session, false],
    [first, true],
  ]);
});

it('[S6] ends a session that has gone idle when the next activity comes', async () => {
  let ahead = 0;
  const clock = { now: () => Date.now() + ahead };
  await room.write('a.txt', 'one\n');
  const recorder = await room.started({ clock });
  const first = recorder.status().session!;
  ahead = 5 * 3_600_000;
  await recorder.journal.record({ kind: 'progress.noted', by: { actor: 'user', how: 'stated' }, text: 'Back again' });
  expect(recorder.status().session).not.toBe(first);
  expect((await room.eventsOf(recorder, first)).at(-1)).toMatchObject({ kind: 'session.ended', reason: 'idle' });
});

it('[S7] records nothing while paused, and what is different afterwards', async () => {
  await room.write('a.txt', 'one\n');
  const recorder = await room.started();
  await recorder.pause();
  expect(recorder.status().state).toBe('paused');
  await room.write('a.txt', 'secret draft\n');
  recorder.terminalCommandStarted({ terminal: 't', command: 'echo hidden' }).end(0);
  await new Promise((resolve) => setTimeout(resolve, 400));
  await room.write('a.txt', 'two\n');
  await recorder.resume();
  expect(await room.changes(recorder, 1)).toEqual(['changed a.txt']);
  const [event] = await room.fileEvents(recorder);
  expect(await room.content(recorder, event!.after)).toBe('two\n');
  expect(await room.kinds(recorder, 'command.started')).toEqual([]);
});

it('[S8] rebuilds a card that is lost or damaged from the log', async () => {
  const recorder = await room.started();
  const session = await recorder.start('A label');
  await recorder.close();
  const layout = recorder.layout.session(session);
  await rm(layout.card, { force: true });
  expect(await recorder.sessions.list()).toMatchObject([{ id: session, label: 'A label' }]);
  await writeFile(layout.card, '{"id": "torn');
  expect(await recorder.sessions.list()).toMatchObject([{ id: session, label: 'A label' }]);
});

it('[S9] records into the fallback root when the wanted one cannot be written, and says so', async () => {
  await room.write('a.txt', 'one\n');
  await room.write('.tapedeck', 'a file where the folder should be');
  const recorder = await room.started({ fallbackRoot: `${room.base}/storage` });
  expect(recorder.status()).toMatchObject({ root: `${room.base}/storage`, isFallbackRoot: true });
  await room.write('a.txt', 'two\n');
  expect(await room.changes(recorder, 1)).toEqual(['changed a.txt']);
});

it('[S9] records into the fallback root when the wanted one is a link in the workspace, and nothing into what it leads to', async () => {
  const elsewhere = join(room.base, 'elsewhere');
  await mkdir(elsewhere);
  await symlink(elsewhere, room.path('.tapedeck'), 'junction');
  const recorder = await room.started({ fallbackRoot: `${room.base}/storage` });
  expect(recorder.status()).toMatchObject({ root: `${room.base}/storage`, isFallbackRoot: true });
  expect(await readdir(elsewhere)).toEqual([]);
});

it('[S3] goes on recording when its folder is removed under it: contents, sign of life and a gap that says so', async () => {
  await room.write('a.txt', 'one\n');
  const recorder = await room.started();
  await room.write('a.txt', 'two\n');
  await room.changes(recorder, 1);
  await new Promise((resolve) => setTimeout(resolve, 600));
  await rm(recorder.layout.root, { recursive: true });
  await room.write('a.txt', 'three\n');
  await until(async () => (await room.kinds(recorder, 'capture.gap')).length > 0, 'the gap');
  const [event] = await room.fileEvents(recorder);
  const content = await openContentStore({ layout: recorder.layout, digest: nodeDigest, writer: 'another' });
  expect(Buffer.from((await content.get(event!.after!.hash!)) ?? []).toString()).toBe('three\n');
  await content.close();
  await until(async () => (await readRecorders(recorder.layout)).length === 1, 'the sign of life');
});

it('[S8] stores a card that is far behind its log, so that the next reader need not read it all; where that is wanted', async () => {
  const recorder = await room.started();
  const session = await recorder.start();
  await Promise.all(Array.from({ length: 1200 }, () => recorder.journal.record({ kind: 'progress.noted', by: userAuthor, text: 'x' })));
  const behind = await readSessionCard(recorder.layout, session);
  const { layout } = recorder;
  const options = { layout, clock: systemClock, digest: nodeDigest, folders: [], app: 'cli', idleHours: 4, random: () => 'abcd' };
  expect(await createSessions(options).current()).toMatchObject({ id: session });
  expect(await readSessionCard(layout, session)).toEqual(behind);
  const current = await createSessions({ ...options, storesCards: true }).current();
  expect(current!.readTo.n - behind!.readTo.n).toBeGreaterThan(1200);
  expect(await readSessionCard(layout, session)).toEqual(current);
});

it('[S5] goes on with the session that is open, and keeps their order, when the clock was set back between two', async () => {
  let offsetMs = 5 * 3_600_000;
  const clock = { now: () => Date.now() + offsetMs };
  const recorder = await room.record({ clock });
  const ahead = await recorder.start('ahead');
  await recorder.end();
  await recorder.close();
  offsetMs = 0;
  const { layout, sessions } = recorder;
  const back = await sessions.startOrJoin({ label: 'back' });
  await back.close();
  expect(back.isNew).toBe(true);
  expect(back.id > ahead).toBe(true);
  const again = await sessions.startOrJoin();
  await again.close();
  expect(again).toMatchObject({ id: back.id, isNew: false });
  expect(await sessions.current()).toMatchObject({ label: 'back' });
  expect(await listSessionIds(layout)).toEqual([ahead, back.id]);
});

it('[S8] finds the open session behind folders that hold no event', async () => {
  const recorder = await room.started();
  const session = await recorder.start();
  await recorder.close();
  for (const suffix of ['aaaa', 'bbbb', 'cccc', 'dddd'])
    await mkdir(join(recorder.layout.sessions, `20990101-000000-${suffix}`, 'events'), { recursive: true });
  expect(await recorder.sessions.current()).toMatchObject({ id: session });
});

it('[S10] leaves no sign of its presence and no watcher when it is closed', async () => {
  const recorder = await room.started();
  expect((await readdir(recorder.layout.recorders)).length).toBe(1);
  const startedAt = Date.now();
  await recorder.close();
  expect(Date.now() - startedAt).toBeLessThan(2000);
  expect(await readdir(recorder.layout.recorders)).toEqual([]);
});

/** A disk of its own, so small that it fills: only where this may be mounted. */
function mountSmallDisk(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

it(
  '[C16] [L33] is degraded while the disk is full, says so to others, and has missed nothing when there is room again',
  { timeout: 40_000 },
  async (context) => {
    const disk = join(room.base, 'disk');
    await mkdir(disk);
    if (!mountSmallDisk(disk)) return context.skip();
    try {
      await room.write('a.txt', 'one\n');
      const recorder = await room.started({ root: join(disk, 'deck') });
      await writeFile(join(disk, 'filler'), new Uint8Array(420 * 1024));
      await room.write('big.bin', randomBytes(300 * 1024));
      await until(() => recorder.status().state === 'degraded', 'the disk to be full');
      expect(recorder.status().reason).toMatch(/full/i);
      // Any other process is told as well, on the full disk itself.
      const told = async () => (await readRecorders(recorder.layout))[0]?.trouble;
      await until(async () => /full/i.test((await told())?.message ?? ''), 'others to be told');
      await room.write('a.txt', 'two\n');
      await rm(join(disk, 'filler'));
      await until(() => recorder.status().state === 'recording', 'recovery', 30_000);
      await until(async () => (await told()) === undefined, 'others to be told that it is over');
      expect((await room.changes(recorder, 2)).sort()).toEqual(['changed a.txt', 'created big.bin']);
      for (const event of await room.fileEvents(recorder)) expect(await recorder.content.has(event.after!.hash!)).toBe(true);
      await recorder.close();
    } finally {
      execFileSync('umount', ['-l', disk], { stdio: 'ignore' });
    }
  },
);

it(
  '[C16] [L4] says at once that the disk is full when not even a session’s start finds room, and keeps it until it does',
  { timeout: 40_000 },
  async (context) => {
    const disk = join(room.base, 'disk');
    await mkdir(disk);
    if (!mountSmallDisk(disk)) return context.skip();
    try {
      const recorder = await room.record({ root: join(disk, 'deck') });
      // As far as it goes.
      await writeFile(join(disk, 'filler'), new Uint8Array(1 << 20)).catch(() => {});
      const started = recorder.start('on a full disk');
      await until(() => recorder.status().state === 'degraded', 'the disk to be full');
      expect(recorder.status().reason).toMatch(/full/i);
      const noted = recorder.journal.record({ kind: 'progress.noted', by: userAuthor, text: 'kept' });
      await rm(join(disk, 'filler'));
      await started;
      await noted;
      await until(() => recorder.status().state === 'recording', 'recovery', 30_000);
      const kinds = (await room.events(recorder)).map(({ kind }) => kind);
      expect(kinds[0]).toBe('session.started');
      expect(kinds).toEqual(expect.arrayContaining(['progress.noted', 'capture.gap']));
      await recorder.close();
    } finally {
      execFileSync('umount', ['-l', disk], { stdio: 'ignore' });
    }
  },
);

it('[R36] does not record a home folder, nor leaves anything in it', async () => {
  await room.write('a.txt', 'a');
  await expect(room.record({ homeFolder: room.folder })).rejects.toThrow('is your home folder: it is not recorded');
  expect(existsSync(room.path('.tapedeck'))).toBe(false);
  const recorder = await room.record({ homeFolder: room.base });
  expect(recorder.status().root).toBe(room.path('.tapedeck'));
});

it('[S2] records what was made while nobody recorded, where ignore rules are too, and takes nothing that was ignored for new', async () => {
  await room.write('.gitignore', 'gen\n');
  await room.write('gen/old.txt', 'ignored all the time');
  await room.write('a.txt', 'one');
  await new Promise((resolve) => setTimeout(resolve, 1200));
  const first = await room.started();
  await room.write('a.txt', 'two');
  await first.reconcile('hand');
  await first.close();
  await room.write('away/new.txt', 'made while nobody looked');
  await room.write('.gitignore', 'nothing\n');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const second = await room.record();
  await second.start();
  await second.reconcile('hand');
  expect((await room.fileEvents(second)).map(describeChange)).toEqual(['changed a.txt', 'changed .gitignore', 'created away/new.txt']);
});
