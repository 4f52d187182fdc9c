import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TranscriptFact } from '../../src/core/transcripts/adapter.ts';
import { transcriptAdapters } from '../../src/core/transcripts/table.ts';
import { vscodeChatAdapter } from '../../src/core/transcripts/vscodeChat.ts';
import { recogniseTranscript } from '../../src/services/transcriptRecognition.ts';
import { listTracedSessions } from '../../src/store/copilotTraces.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { readTranscriptFile } from '../../src/store/transcriptFile.ts';
import { transcriptsIn } from '../../src/store/transcriptSource.ts';
import type { TailDamage } from '../../src/store/transcriptTail.ts';
import { filesOf, openDatabaseWriter, quoted, type DatabaseWriter } from './opencodeRoom.ts';

/** The tables of the traces that are read, with their columns (Copilot Chat 0.37). */
const tables = `
CREATE TABLE spans (span_id TEXT PRIMARY KEY, trace_id TEXT NOT NULL, parent_span_id TEXT, name TEXT NOT NULL, start_time_ms INTEGER NOT NULL,
  end_time_ms INTEGER NOT NULL, status_code INTEGER NOT NULL DEFAULT 0, status_message TEXT, operation_name TEXT, agent_name TEXT,
  request_model TEXT, response_model TEXT, input_tokens INTEGER, output_tokens INTEGER, cached_tokens INTEGER, tool_name TEXT,
  tool_call_id TEXT, chat_session_id TEXT);
CREATE TABLE span_attributes (span_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT, PRIMARY KEY (span_id, key));`;

let folder: string;
let path: string;
let writer: DatabaseWriter;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-traces-'));
  path = join(folder, 'agent-traces.db');
  writer = await openDatabaseWriter(path);
  await writer.run(tables);
});
afterEach(async () => {
  await writer.kill();
  await rm(folder, { recursive: true, force: true });
});

const atMs = Date.UTC(2026, 10, 20);
let serial = 0;
async function addSpan(
  columns: Readonly<Record<string, string | number>>,
  attributes: Readonly<Record<string, object | string>> = {},
): Promise<void> {
  const id = `span${++serial}`;
  const all = {
    span_id: id,
    trace_id: 't',
    name: 'n',
    start_time_ms: atMs + serial * 1000,
    end_time_ms: atMs + serial * 1000 + 400,
    ...columns,
  };
  const values = Object.values(all).map((value) => (typeof value === 'number' ? value : `'${value}'`));
  await writer.run(`INSERT INTO spans (${Object.keys(all).join(', ')}) VALUES (${values.join(', ')})`);
  for (const [key, value] of Object.entries(attributes))
    await writer.run(`INSERT INTO span_attributes VALUES ('${id}', '${key}', ${quoted(value)})`);
}

test('[A55] Copilot’s traces are read session by session while they are written, and keep every byte', async () => {
  const session = { chat_session_id: 's1' };
  await addSpan(
    { operation_name: 'invoke_agent', request_model: 'gpt', ...session },
    { 'copilot_chat.user_request': 'Change it', 'copilot_chat.repo.head_branch_name': 'main' },
  );
  await addSpan(
    { operation_name: 'execute_tool', parent_span_id: 'span1', tool_name: 'read_file', tool_call_id: 'c1', ...session },
    { 'gen_ai.tool.call.arguments': { filePath: '/w/a.ts' }, 'gen_ai.tool.call.result': 'text' },
  );
  await addSpan(
    {
      operation_name: 'chat',
      parent_span_id: 'span1',
      response_model: 'gpt-1',
      input_tokens: 100,
      output_tokens: 7,
      cached_tokens: 60,
      ...session,
    },
    { 'gen_ai.output.messages': [{ role: 'assistant', parts: [{ type: 'text', content: 'Done.' }] }] },
  );
  await addSpan({ operation_name: 'dream', ...session });
  await addSpan({ operation_name: 'chat', agent_name: 'title', input_tokens: 3 });
  const before = await filesOf(folder);
  expect(await listTracedSessions(path)).toMatchObject([{ id: 's1', sequence: 4 }]);

  const found = await recogniseTranscript(path, transcriptAdapters, { platform: 'linux', homeFolder: '/nowhere', variables: {} });
  expect(found).toMatchObject({ adapter: vscodeChatAdapter, framing: 'copilot-traces' });
  const [transcript] = await transcriptsIn(found!.framing, found!.file);
  const reader = vscodeChatAdapter.openReader(transcript!, { digest: nodeDigest });
  const facts: TranscriptFact[] = [];
  const damage: TailDamage[] = [];
  await readTranscriptFile(found!.framing, transcript!, {
    onRecord: (value, offset) => facts.push(...reader.read(value, { offset })),
    onDamage: (entry) => damage.push(entry),
  });
  expect(facts).toMatchObject([
    { kind: 'run.started', run: 's1', model: 'gpt', branch: 'main' },
    { kind: 'prompt.submitted', text: { head: 'Change it' } },
    { kind: 'tool.called', call: 'c1', name: 'read_file', paths: ['/w/a.ts'] },
    { kind: 'tool.returned', call: 'c1', durationMs: 400 },
    { kind: 'file.read', path: '/w/a.ts' },
    { kind: 'reply.given', text: { head: 'Done.' } },
    { kind: 'usage.reported', usage: { 'gen_ai.usage.input_tokens': 40, 'gen_ai.usage.cache_read.input_tokens': 60 } },
  ]);
  expect([...reader.counts.unknown]).toEqual([['span/dream', 1]]);
  expect(damage).toEqual([]);
  expect({ ...(await filesOf(folder)), 'agent-traces.db-shm': '' }).toEqual({ ...before, 'agent-traces.db-shm': '' });
});
