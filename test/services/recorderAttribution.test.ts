import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Author } from '../../src/model/author.ts';
import type { EventDraft } from '../../src/model/event.ts';
import { eventId } from '../../src/model/ids.ts';
import type { Recorder } from '../../src/services/recorder.ts';
import { defaultRecorderSettings } from '../../src/services/recorderSettings.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { RecorderRoom, until } from './recorderRoom.ts';

let room: RecorderRoom;
beforeEach(async () => {
  room = await RecorderRoom.open();
  await room.write('a.txt', 'one\ntwo\n');
  await room.write('b.txt', 'b\n');
});
afterEach(() => room.close());

const codex: Author = { actor: 'agent', name: 'codex', run: 'run-1', how: 'transcript' };
const claude: Author = { actor: 'agent', name: 'claude', run: 'run-2', how: 'transcript' };
const run = (by: Author): string => by.run!;

/** What an agent's transcript tells, as the follower records it. */
const prompt = (recorder: Recorder, by: Author, at = Date.now()): Promise<unknown> =>
  recorder.journal.record({
    kind: 'prompt.submitted',
    by: { ...by, how: 'transcript' },
    run: run(by),
    turn: 1,
    at: iso(at),
    text: { head: 'Do it', sizeBytes: 5 },
    provenance: 'user',
  });
const call = (
  recorder: Recorder,
  by: Author,
  more: Partial<Extract<EventDraft, { kind: 'tool.called' }>>,
  at = Date.now(),
): Promise<unknown> =>
  recorder.journal.record({ kind: 'tool.called', by, run: run(by), turn: 1, at: iso(at), call: 'c1', name: 'tool', tool: 'edit', ...more });
const returned = (
  recorder: Recorder,
  by: Author,
  id = 'c1',
  at = Date.now(),
  status: 'completed' | 'failed' = 'completed',
): Promise<unknown> => recorder.journal.record({ kind: 'tool.returned', by, run: run(by), turn: 1, at: iso(at), call: id, status });
const iso = (at: number): string => new Date(at).toISOString();
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

it('[C20] names the agent whose claimed edit is what happened', async () => {
  const recorder = await room.started();
  await prompt(recorder, codex);
  await call(recorder, codex, { edits: [{ path: 'a.txt', op: 'update', oldText: 'two\n', newText: 'TWO\n' }] });
  await room.write('a.txt', 'one\nTWO\n');
  await room.changes(recorder, 1);
  const [event] = await room.fileEvents(recorder);
  expect(event).toMatchObject({ by: { actor: 'agent', name: 'codex', run: 'run-1', how: 'transcript' }, run: 'run-1', turn: 1 });
  expect(await room.kinds(recorder, 'file.attributed')).toEqual([]);
});

it('[C21] corrects an unknown author when the claim comes late', async () => {
  const recorder = await room.started();
  await room.write('a.txt', 'one\nTWO\n');
  await room.changes(recorder, 1);
  const [event] = await room.fileEvents(recorder);
  expect(event!.by).toEqual({ actor: 'unknown', how: 'none' });
  await call(recorder, codex, { edits: [{ path: 'a.txt', op: 'update', oldText: 'two\n', newText: 'TWO\n' }] }, Date.now() - 500);
  await until(async () => (await room.kinds(recorder, 'file.attributed')).length === 1, 'the finding');
  expect(await room.kinds(recorder, 'file.attributed')).toMatchObject([
    { event: eventId(event!), path: 'a.txt', call: 'c1', by: codex, run: 'run-1', turn: 1 },
  ]);
});

it('[C22] does not believe a claim whose content differs when somebody else could have done it', async () => {
  const recorder = await room.started();
  const command = recorder.terminalCommandStarted({ terminal: 't', command: 'sed -i s/two/2/ a.txt' });
  await call(recorder, codex, { edits: [{ path: 'a.txt', op: 'update', oldText: 'two\n', newText: 'TWO\n' }] });
  await room.write('a.txt', 'one\n2\n');
  await room.changes(recorder, 1);
  command.end(0);
  await recorder.flush();
  const [event] = await room.fileEvents(recorder);
  expect(event!.by.actor).toBe('unknown');
});

it('[C23] says by overlap whose command ran alone, and unknown with the names when several ran', async () => {
  const recorder = await room.started();
  await prompt(recorder, codex);
  await call(recorder, codex, { call: 'x1', tool: 'execute', command: 'make' });
  await pause(200);
  await room.write('a.txt', 'built\n');
  await room.changes(recorder, 1);
  expect((await room.fileEvents(recorder))[0]!.by).toEqual({ actor: 'agent', name: 'codex', run: 'run-1', how: 'overlap' });
  await prompt(recorder, claude);
  await call(recorder, claude, { call: 'x2', tool: 'execute', command: 'make' });
  await pause(200);
  await room.write('b.txt', 'built\n');
  await room.changes(recorder, 2);
  expect((await room.fileEvents(recorder))[1]!.by).toEqual({ actor: 'unknown', how: 'none', others: ['claude', 'codex'] });
});

it('[C24] takes a person’s terminal command for theirs only while no agent is at work', async () => {
  const recorder = await room.started();
  let command = recorder.terminalCommandStarted({ terminal: 't', command: 'make' });
  await pause(50);
  await room.write('a.txt', 'built\n');
  await room.changes(recorder, 1);
  command.end(0);
  expect((await room.fileEvents(recorder))[0]!.by).toEqual({ actor: 'user', how: 'terminal' });
  await pause(700);
  await prompt(recorder, codex);
  command = recorder.terminalCommandStarted({ terminal: 't', command: 'make' });
  await room.write('b.txt', 'built\n');
  await room.changes(recorder, 2);
  command.end(0);
  expect((await room.fileEvents(recorder))[1]!.by).toEqual({ actor: 'unknown', how: 'none', others: ['codex', 'user'] });
});

it('[C25] takes a terminal in which an agent runs for the agent’s, until its turn is known to be over', async () => {
  const recorder = await room.started();
  recorder.terminalCommandStarted({ terminal: 't', command: 'FOO=1 npx -y @openai/codex@latest --full-auto' });
  await room.write('a.txt', '1\n');
  await room.changes(recorder, 1);
  expect((await room.fileEvents(recorder))[0]!.by).toEqual({ actor: 'agent', name: 'codex', how: 'overlap' });
  await prompt(recorder, codex);
  await recorder.journal.record({ kind: 'turn.ended', by: codex, run: 'run-1', turn: 1, stopReason: 'end_turn' });
  await pause(400);
  await room.write('b.txt', '1\n');
  await room.changes(recorder, 2);
  expect((await room.fileEvents(recorder))[1]!.by).toEqual({ actor: 'unknown', how: 'none' });
});

it('[C26] knows an editor’s save by its content', async () => {
  const recorder = await room.started();
  recorder.terminalCommandStarted({ terminal: 't', command: 'npm run dev' });
  await room.write('a.txt', 'saved\n');
  recorder.documentSaved(room.path('a.txt'), nodeDigest.sha256('saved\n'));
  await room.changes(recorder, 1);
  expect((await room.fileEvents(recorder))[0]!.by).toEqual({ actor: 'user', how: 'editor' });
});

it('[C27] corrects a person’s command when it turns out that an agent’s ran at the same time', async () => {
  const recorder = await room.started();
  const command = recorder.terminalCommandStarted({ terminal: 't', command: 'make' });
  const startedAt = Date.now();
  await room.write('a.txt', 'built\n');
  await room.changes(recorder, 1);
  expect((await room.fileEvents(recorder))[0]!.by).toEqual({ actor: 'user', how: 'terminal' });
  await call(recorder, codex, { call: 'x1', tool: 'execute', command: 'sed' }, startedAt - 50);
  await returned(recorder, codex, 'x1', Date.now());
  command.end(0);
  await until(async () => (await room.kinds(recorder, 'file.attributed')).length > 0, 'the finding');
  expect((await room.kinds(recorder, 'file.attributed')).at(-1)!.by).toEqual({ actor: 'unknown', how: 'none', others: ['codex', 'user'] });
});

it('[C28] lets one claim explain one change, several in a row together, and a failed one none', async () => {
  const recorder = await room.started();
  await prompt(recorder, codex);
  await call(recorder, codex, { call: 'e1', edits: [{ path: 'a.txt', op: 'update', oldText: 'one', newText: '1' }] });
  await returned(recorder, codex, 'e1');
  await call(recorder, codex, { call: 'e2', edits: [{ path: 'a.txt', op: 'update', oldText: 'two', newText: '2' }] });
  await returned(recorder, codex, 'e2');
  await room.write('a.txt', '1\n2\n');
  await room.changes(recorder, 1);
  expect((await room.fileEvents(recorder))[0]!.by).toMatchObject({ name: 'codex', how: 'transcript' });
  await recorder.journal.record({ kind: 'turn.ended', by: codex, run: 'run-1', turn: 1, stopReason: 'end_turn' });
  await pause(3500);
  await room.write('a.txt', 'one\n2\n');
  await room.changes(recorder, 2);
  await pause(200);
  await room.write('a.txt', '1\n2\n');
  await room.changes(recorder, 3);
  expect((await room.fileEvents(recorder))[2]!.by.actor).toBe('unknown');
  await call(recorder, claude, { call: 'f1', edits: [{ path: 'b.txt', op: 'update', oldText: 'b\n', newText: 'B\n' }] });
  await returned(recorder, claude, 'f1', Date.now(), 'failed');
  await recorder.journal.record({ kind: 'turn.ended', by: claude, run: 'run-2', turn: 1, stopReason: 'end_turn' });
  await pause(50);
  await room.write('b.txt', 'B\n');
  await room.changes(recorder, 4);
  expect((await room.fileEvents(recorder))[3]!.by.actor).toBe('unknown');
});

it('[C17] records a terminal command with its end, its output as text, and what a test run says', async () => {
  const recorder = await room.started();
  const command = recorder.terminalCommandStarted({ terminal: 'zsh #1', command: 'npm test', cwd: room.folder });
  command.write('\u001b]633;C\u0007\u001b[32mok\u001b[0m first\r\n');
  command.write('progress 1%\rprogress 99%\r');
  command.write('done\r\n Test Files  2 failed (3)\r\n      Tests  4 failed | 38 pas');
  command.write('sed (42)\r\n\u001b[?1049hfull screen\u001b[?10');
  command.write('49lback\r\n');
  command.end(1);
  command.end(0);
  await recorder.flush();
  const [ended, ...more] = await room.kinds(recorder, 'command.ended');
  expect(more).toEqual([]);
  expect(ended).toMatchObject({
    command: 'npm test',
    cwd: room.folder,
    terminal: 'zsh #1',
    exitCode: 1,
    by: { actor: 'user', how: 'terminal' },
  });
  expect(ended!.output!.head).toBe('ok first\ndone\n Test Files  2 failed (3)\n      Tests  4 failed | 38 passed (42)\nback');
  expect(ended!.started).toBe(eventId((await room.kinds(recorder, 'command.started'))[0]!));
  expect(await room.kinds(recorder, 'tests.finished')).toMatchObject([
    { command: 'npm test', ok: false, passed: 38, failed: 4, started: ended!.started },
  ]);
  expect(recorder.status().counts).toMatchObject({ commands: 1, failures: 1 });
});

it('[C17] ends a command as closed when its end is never told', async () => {
  const recorder = await room.started();
  recorder.terminalCommandStarted({ terminal: 't', command: 'ssh host' });
  recorder.terminalCommandStarted({ terminal: 't', command: 'ls' });
  recorder.terminalClosed('t');
  await recorder.flush();
  expect((await room.kinds(recorder, 'command.ended')).map(({ command, exitCode, outcome }) => [command, exitCode, outcome])).toEqual([
    ['ssh host', null, 'closed'],
    ['ls', null, 'closed'],
  ]);
});

it('[C17] keeps the beginning and the end of a long output, in bounded memory', async () => {
  const recorder = await room.started();
  const command = recorder.terminalCommandStarted({ terminal: 't', command: 'yes' });
  for (let i = 0; i < 20_000; i++) command.write(`line ${i}\r\n`);
  command.end(130);
  await recorder.flush();
  const [ended] = await room.kinds(recorder, 'command.ended');
  expect(ended!.outcome).toBe('interrupted');
  expect(ended!.output!.head.startsWith('line 0\nline 1\n')).toBe(true);
  expect(ended!.output!.tail!.endsWith('line 19999')).toBe(true);
  expect(ended!.output!.head.length + ended!.output!.tail!.length).toBeLessThanOrEqual(16_384);
});

it('[C18] lets work of our own write files without taking them for somebody’s changes', async () => {
  const recorder = await room.started();
  await recorder.during(async () => {
    await writeFile(room.path('a.txt'), 'restored\n');
    await pause(300);
    const { hash, sizeBytes } = await recorder.content.put(Buffer.from('restored\n'));
    await recorder.journal.record({
      kind: 'file.changed',
      by: { actor: 'tool', name: 'tapedeck', how: 'stated' },
      path: 'a.txt',
      after: { hash, sizeBytes, type: 'file', mode: 0o644 },
      rewind: 'r1',
    });
  });
  await pause(300);
  await recorder.reconcile('hand');
  const events = await room.fileEvents(recorder);
  expect(events.map((event) => event.rewind)).toEqual(['r1']);
});

it('[C19] redacts what is recorded', async () => {
  const recorder = await room.started();
  const token = `ghp_${'a1B2'.repeat(9)}`;
  recorder.terminalCommandStarted({ terminal: 't', command: `curl -H "Authorization: Bearer ${token}"` }).end(0);
  await recorder.flush();
  const { events } = recorder.layout.session(recorder.status().session!);
  const text = (await Promise.all((await readdir(events)).map((name) => readFile(join(events, name), 'utf8')))).join('');
  expect(text).toContain('[redacted:');
  expect(text).not.toContain(token);
});

it('[A62] says of a commit whose runs’ and turns’ changes are in it, after a restart as well, and of a part only its own', async () => {
  await room.write('c.txt', 'c\n');
  room.git('init', '-q', '-b', 'main');
  await room.commitAll();
  let recorder = await room.started();
  const edit = async (by: Author, turn: number, path: string, oldText: string, newText: string): Promise<void> => {
    const id = `${run(by)}-${turn}-${path}`;
    await call(recorder, by, { call: id, turn, edits: [{ path, op: 'update', oldText, newText }] });
    await room.write(path, (await room.read(path)).replace(oldText, newText));
    await returned(recorder, by, id);
  };
  await edit(codex, 1, 'a.txt', 'one', 'ONE');
  await edit(claude, 4, 'b.txt', 'b', 'B');
  await room.changes(recorder, 2);
  room.git('commit', '-q', '-m', 'only a', '--', 'a.txt');
  await until(async () => (await room.kinds(recorder, 'git.committed')).length === 1, 'the first commit');
  await edit(codex, 2, 'a.txt', 'two', 'TWO');
  await room.changes(recorder, 3);
  await recorder.close();
  recorder = await room.record();
  await edit(codex, 3, 'c.txt', 'c', 'C');
  await room.changes(recorder, 4);
  await room.commitAll('the rest');
  await until(async () => (await room.kinds(recorder, 'git.committed')).length === 2, 'the second commit');
  const [first, second] = await room.kinds(recorder, 'git.committed');
  expect(first).toMatchObject({ subject: 'only a', runs: ['run-1'], turns: [{ run: 'run-1', turn: 1 }] });
  expect(second!.runs!.toSorted()).toEqual(['run-1', 'run-2']);
  expect(second!.turns!.map(({ run: id, turn }) => `${id} ${turn}`).toSorted()).toEqual(['run-1 2', 'run-1 3', 'run-2 4']);
});

it('[A62] records a commit behind the changes that are in it', async () => {
  room.git('init', '-q', '-b', 'main');
  await room.commitAll();
  const recorder = await room.started();
  await prompt(recorder, codex);
  await call(recorder, codex, { call: 'x1', tool: 'execute', command: 'sh step.sh && git commit -am step' });
  await room.write('a.txt', 'one\nmade\n');
  room.git('commit', '-q', '-am', 'step');
  await returned(recorder, codex, 'x1');
  await until(async () => (await room.kinds(recorder, 'git.committed')).length === 1, 'the commit');
  const kinds = (await room.events(recorder)).map(({ kind }) => kind);
  expect(kinds.indexOf('file.changed')).toBeLessThan(kinds.indexOf('git.committed'));
  expect((await room.kinds(recorder, 'git.committed'))[0]).toMatchObject({ by: { name: 'codex', run: 'run-1' }, runs: ['run-1'] });
});

it('[A63] knows what an editor did by content: a text taken over from the disk is not its user’s', async () => {
  const recorder = await room.started();
  const hash = (text: string): string => nodeDigest.sha256(text);
  await prompt(recorder, codex);
  await call(recorder, codex, { call: 'x1', tool: 'execute', command: 'make' });
  await pause(150);
  // The agent's command writes; the editor takes it over, and its user saves without having typed.
  await room.write('a.txt', 'made\n');
  recorder.documentSaved(room.path('a.txt'), hash('made\n'), hash('made\n'));
  await room.changes(recorder, 1);
  expect((await room.fileEvents(recorder))[0]!.by).toMatchObject({ actor: 'agent', name: 'codex', how: 'overlap' });
  // It writes again, and the user types upon that and saves before anybody looked.
  await room.write('a.txt', 'made\nmore\n');
  await room.write('a.txt', 'made\nmore\ntyped\n');
  recorder.documentSaved(room.path('a.txt'), hash('made\nmore\ntyped\n'), hash('made\nmore\n'));
  await room.changes(recorder, 2);
  expect((await room.fileEvents(recorder))[1]!.by).toEqual({ actor: 'unknown', how: 'none', others: ['codex', 'user'] });
  await room.write('a.txt', 'made\nmore\ntyped twice\n');
  recorder.documentSaved(room.path('a.txt'), hash('made\nmore\ntyped twice\n'), hash('made\nmore\ntyped\n'));
  await room.changes(recorder, 3);
  expect((await room.fileEvents(recorder))[2]!.by).toEqual({ actor: 'user', how: 'editor' });
  await rm(room.path('b.txt'));
  recorder.documentRemoved(room.path('b.txt'));
  await room.changes(recorder, 4);
  expect((await room.fileEvents(recorder))[3]!.by).toEqual({ actor: 'user', how: 'editor' });
});

it('[A62] names the session in commits where the setting asks for it, and leaves no hook when it is turned off', async () => {
  room.git('init', '-q', '-b', 'main');
  await room.commitAll();
  const settings = { ...defaultRecorderSettings, quietMs: 60, maxWaitMs: 400 };
  const recorder = await room.started({ settings: { ...settings, sessionTrailer: true } });
  const session = recorder.status().session!;
  await until(() => existsSync(room.path('.git/tapedeck-session')), 'the session’s name');
  await room.write('a.txt', 'changed\n');
  await room.commitAll('Change');
  expect(room.git('log', '-1', '--format=%B').trim()).toBe(`Change\n\nTapedeck-Session: ${session}`);
  await recorder.close();
  expect(existsSync(room.path('.git/tapedeck-session'))).toBe(false);
  const other = await room.record({ settings });
  await other.start();
  await until(() => !existsSync(room.path('.git/hooks/prepare-commit-msg')), 'the hook to go');
});
