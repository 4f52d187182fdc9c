import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { transcriptAdapters } from '../../src/core/transcripts/table.ts';
import type { Recorder } from '../../src/services/recorder.ts';
import { defaultRecorderSettings } from '../../src/services/recorderSettings.ts';
import { RecorderRoom, until } from './recorderRoom.ts';

let room: RecorderRoom;
beforeEach(async () => {
  room = await RecorderRoom.open();
  await room.write('a.txt', 'one\ntwo\n');
});
afterEach(() => room.close());

/** A transcript of Codex that grows. */
async function talk(thread: string): Promise<(type: string, payload: object) => Promise<void>> {
  const path = join(room.base, '.codex/sessions/2026/01/02', `rollout-1-${thread}.jsonl`);
  const line = (type: string, payload: object): string => `${JSON.stringify({ timestamp: new Date().toISOString(), type, payload })}\n`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, line('session_meta', { id: thread, cwd: room.folder, cli_version: '1' }));
  return (type, payload) => appendFile(path, line(type, payload));
}

const denying = (recordPolicy: unknown): Parameters<RecorderRoom['record']>[0] => ({
  settings: { ...defaultRecorderSettings, quietMs: 60, maxWaitMs: 400, recordPolicy },
  agents: { adapters: transcriptAdapters, environment: { platform: process.platform, homeFolder: room.base, variables: {} } },
});
const record = (recordPolicy: unknown): Promise<Recorder> => room.started(denying(recordPolicy));
const patch = ['*** Begin Patch', '*** Update File: a.txt', '@@', ' one', '-two', '+TWO', '*** End Patch', ''].join('\n');
const one = '019a0000-0000-7000-8000-000000000001';

it('[A67] records of a run that the policy denies only that it is not recorded, counts what was left out, and still knows its edits', async () => {
  const recorder = await record([{ action: 'deny', agent: 'codex' }]);
  const codex = await talk(one);
  await codex('event_msg', { type: 'user_message', message: 'A secret wish' });
  await until(async () => (await room.kinds(recorder, 'run.started')).length === 1, 'the word that it is not recorded');
  await codex('response_item', { type: 'custom_tool_call', name: 'apply_patch', call_id: 'call_1', input: patch });
  await room.write('a.txt', 'one\nTWO\n');
  await room.changes(recorder, 1);
  await recorder.flush();
  const events = await room.events(recorder);
  expect(await room.kinds(recorder, 'run.started')).toMatchObject([
    { agent: 'codex', run: one, notRecorded: 'own conversation: rule 1 of tapedeck.recordPolicy' },
  ]);
  expect(events.filter(({ kind }) => kind === 'prompt.submitted' || kind === 'tool.called')).toEqual([]);
  expect(JSON.stringify(events)).not.toContain('A secret wish');
  expect((await room.fileEvents(recorder))[0]!.by).toEqual({ actor: 'agent', name: 'codex', run: one, how: 'transcript' });
  expect(recorder.status().withheld.runs).toBe(1);
  expect(recorder.status().withheld.facts).toBeGreaterThanOrEqual(2);
});

it('[A67] records the others, and says where a rule cannot be read', async () => {
  const recorder = await record([{ action: 'deny', agent: 'aider' }, { action: 'forbid' }]);
  const codex = await talk(one);
  await codex('event_msg', { type: 'user_message', message: 'Hello' });
  await until(async () => (await room.kinds(recorder, 'prompt.submitted')).length === 1, 'the prompt');
  expect(recorder.status()).toMatchObject({ state: 'degraded', withheld: { runs: 0, facts: 0 } });
  expect(recorder.status().reason).toContain('rule 2');
});

it('[A70] begins no session for a run that the policy denies, and says in the next one that it is not recorded', async () => {
  const recorder = await room.record(denying([{ action: 'deny', agent: 'codex' }]));
  const codex = await talk(one);
  await codex('event_msg', { type: 'user_message', message: 'A secret wish' });
  await until(() => Promise.resolve(recorder.status().withheld.facts > 0), 'the prompt that is left out');
  await recorder.flush();
  expect(recorder.status().session).toBeUndefined();
  expect(await recorder.sessions.list()).toEqual([]);
  await recorder.start();
  await codex('event_msg', { type: 'user_message', message: 'Another secret wish' });
  await until(async () => (await room.kinds(recorder, 'run.started')).length === 1, 'the word that it is not recorded');
  await codex('event_msg', { type: 'user_message', message: 'A third' });
  await recorder.flush();
  expect(await room.kinds(recorder, 'run.started')).toMatchObject([{ run: one, notRecorded: expect.stringContaining('rule 1') }]);
  expect(JSON.stringify(await room.events(recorder))).not.toContain('secret wish');
});
