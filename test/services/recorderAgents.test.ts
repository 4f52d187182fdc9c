import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { transcriptAdapters } from '../../src/core/transcripts/table.ts';
import { eventId } from '../../src/model/ids.ts';
import type { Recorder } from '../../src/services/recorder.ts';
import { readRecorders } from '../../src/store/presence.ts';
import { RecorderRoom, until } from './recorderRoom.ts';

const thread = '019a0000-0000-7000-8000-000000000001';
let room: RecorderRoom;
let transcript: string;
beforeEach(async () => {
  room = await RecorderRoom.open();
  await room.write('a.txt', 'one\ntwo\n');
  transcript = join(room.base, '.codex/sessions/2026/01/02', `rollout-1-${thread}.jsonl`);
  await mkdir(dirname(transcript), { recursive: true });
});
afterEach(() => room.close());

const record = (): Promise<Recorder> =>
  room.record({
    agents: { adapters: transcriptAdapters, environment: { platform: process.platform, homeFolder: room.base, variables: {} } },
  });
const line = (type: string, payload: object): string => `${JSON.stringify({ timestamp: new Date().toISOString(), type, payload })}\n`;
const begin = (): Promise<void> => writeFile(transcript, line('session_meta', { id: thread, cwd: room.folder, cli_version: '1' }));
const say = (message: string): Promise<void> => appendFile(transcript, line('event_msg', { type: 'user_message', message }));
const patch = ['*** Begin Patch', '*** Update File: a.txt', '@@', ' one', '-two', '+TWO', '*** End Patch', ''].join('\n');
const prompts = async (recorder: Recorder): Promise<string[]> =>
  (await room.kinds(recorder, 'prompt.submitted')).map(({ text }) => text.head);

it('[C20] begins a session with an agent’s prompt, and knows its edit from its own record, though that comes later', async () => {
  const recorder = await record();
  expect(recorder.status().state).toBe('off');
  await begin();
  await say('Shout the second line');
  await until(async () => (await prompts(recorder)).length === 1, 'the prompt');
  await room.write('a.txt', 'one\nTWO\n');
  await room.changes(recorder, 1);
  await new Promise((resolve) => setTimeout(resolve, 900));
  await appendFile(transcript, line('response_item', { type: 'custom_tool_call', name: 'apply_patch', call_id: 'call_1', input: patch }));
  await appendFile(
    transcript,
    line('response_item', {
      type: 'custom_tool_call_output',
      call_id: 'call_1',
      output: 'Success. Updated the following files:\nM a.txt\n',
    }),
  );
  await until(async () => (await room.kinds(recorder, 'tool.called')).length === 1, 'the call');
  await recorder.flush();
  const [change] = await room.fileEvents(recorder);
  const found = (await room.kinds(recorder, 'file.attributed')).filter((event) => event.event === eventId(change!));
  expect(found.at(-1)?.by ?? change!.by).toEqual({ actor: 'agent', name: 'codex', run: thread, how: 'transcript' });
});

it('[S2] records what an agent did while no recorder ran, and nothing twice', async () => {
  const first = await record();
  await begin();
  await say('before');
  await until(async () => (await prompts(first)).length === 1, 'the prompt');
  await first.close();
  await say('meanwhile');
  const second = await record();
  await until(async () => (await prompts(second)).length === 2, 'the other prompt');
  await say('after');
  await until(async () => (await prompts(second)).length === 3, 'the last prompt');
  expect(await prompts(second)).toEqual(['before', 'meanwhile', 'after']);
  expect((await room.kinds(second, 'run.started')).length).toBe(1);
});

it('[S7] takes nothing from transcripts while paused', async () => {
  const recorder = await record();
  await begin();
  await say('before');
  await until(async () => (await prompts(recorder)).length === 1, 'the prompt');
  await recorder.pause();
  await say('hidden');
  await new Promise((resolve) => setTimeout(resolve, 600));
  await recorder.resume();
  await say('after');
  await until(async () => (await prompts(recorder)).length === 2, 'the other prompt');
  expect(await prompts(recorder)).toEqual(['before', 'after']);
  // Not by the next recorder either, which reads the whole transcript again.
  await recorder.close();
  const next = await record();
  await say('later');
  await until(async () => (await prompts(next)).includes('later'), 'the last prompt');
  expect(await prompts(next)).toEqual(['before', 'after', 'later']);
});

it('[A18] [C19] says where a line is too long, and nothing of what it holds', async () => {
  const recorder = await record();
  await begin();
  await appendFile(transcript, `{"type":"private words ${'x'.repeat(17 << 20)}"}\n`);
  await say('after');
  await until(async () => (await prompts(recorder)).length === 1, 'the prompt');
  expect(room.traces.join('\n')).toMatch(/could not be read \(too-long\): \d+ bytes at \d+ of /);
  expect(room.traces.join('\n')).not.toContain('private words');
});

it('[A73] tells which records of which agent it does not know: in its status, to other processes, and once in the output', async () => {
  const recorder = await record();
  await begin();
  await appendFile(transcript, line('moon_landed', { a: 1 }));
  await appendFile(transcript, line('moon_landed', { a: 2 }));
  await say('Hello');
  const known = { agent: 'codex', version: '1', recordType: 'moon_landed', count: 2 };
  await until(() => Promise.resolve(recorder.status().drift.length > 0), 'the drift');
  expect(recorder.status().drift).toEqual([known]);
  await until(async () => (await readRecorders(recorder.layout))[0]?.drift !== undefined, 'the card');
  expect((await readRecorders(recorder.layout))[0]!.drift).toEqual([known]);
  await say('Hello again');
  await until(async () => (await prompts(recorder)).length === 2, 'the other prompt');
  expect(room.traces.filter((told) => told.includes('moon_landed'))).toHaveLength(1);
});
