import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { editorUserFolders } from '../../src/core/transcripts/editorFolders.ts';
import { openDatabaseWriter } from '../store/opencodeRoom.ts';
import { openAgentRoom, type AgentRoom } from './agentRoom.ts';

let room: AgentRoom;
beforeEach(async () => {
  room = await openAgentRoom();
});
afterEach(async () => {
  await room.close();
});

const told = async (): Promise<readonly string[]> =>
  (await room.events()).flatMap((event) => ('text' in event && typeof event.text === 'object' ? [`${event.kind} ${event.text.head}`] : []));

test('[A19] a chat of VS Code is followed in the storage of its workspace, and what else lies there is passed by', async () => {
  const [user] = editorUserFolders({ platform: process.platform, homeFolder: room.home, variables: {} });
  const storage = join(user!, 'workspaceStorage', '0a1b');
  const session = join(storage, 'chatSessions', 's1.jsonl');
  await mkdir(dirname(session), { recursive: true });
  await mkdir(join(storage, 'an.extension', 'chatSessions'), { recursive: true });
  await writeFile(join(storage, 'workspace.json'), JSON.stringify({ folder: pathToFileURL(room.workspace).href }));
  const line = (entry: object): string => `${JSON.stringify(entry)}\n`;
  const request = (id: string, text: string) => ({
    requestId: id,
    timestamp: Date.now(),
    message: { text },
    response: [],
    modelState: { value: 0 },
  });
  const state = line({ kind: 0, v: { sessionId: 's1', creationDate: Date.now(), requests: [request('r1', 'one')] } });
  await writeFile(session, state);
  await writeFile(join(storage, 'an.extension', 'chatSessions', 's2.jsonl'), state);
  const follower = await room.follow();
  await follower.flush();
  expect(await told()).toEqual(['prompt.submitted one']);
  await appendFile(
    session,
    line({ kind: 2, k: ['requests', 0, 'response'], v: [{ value: 'First.' }] }) +
      line({ kind: 1, k: ['requests', 0, 'modelState'], v: { value: 1 } }) +
      line({ kind: 2, k: ['requests'], v: [request('r2', 'two')] }),
  );
  await follower.flush();
  expect(await told()).toEqual(['prompt.submitted one', 'reply.given First.', 'prompt.submitted two']);
  // As VS Code does now and then: one line in place of all of them.
  await writeFile(session, line({ kind: 0, v: { sessionId: 's1', requests: [request('r1', 'one'), request('r2', 'two')] } }));
  await follower.flush();
  expect((await told()).length).toBe(3);
  expect(follower.runs()).toMatchObject([{ agent: 'vscode-chat', run: { run: 's1', cwd: room.workspace } }]);
});

test('[A19] a session in OpenClaw’s database is followed while the agent has it open', async () => {
  const path = join(room.home, '.openclaw', 'agents', 'main', 'agent', 'openclaw-agent.sqlite');
  await mkdir(dirname(path), { recursive: true });
  const writer = await openDatabaseWriter(path);
  try {
    const now = Date.now();
    await writer.run(`
CREATE TABLE session_nodes (session_key TEXT PRIMARY KEY, current_session_id TEXT, entry_json TEXT, parent_session_key TEXT, spawned_by TEXT,
  fork_source_session_id TEXT, label TEXT, display_name TEXT);
CREATE TABLE session_windows (session_id TEXT PRIMARY KEY, session_key TEXT, previous_session_id TEXT, reason TEXT, created_at INTEGER,
  updated_at INTEGER, transcript_updated_at INTEGER, parent_session_key TEXT, spawned_by TEXT, display_name TEXT);
CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, event_json TEXT, created_at INTEGER, event_zstd BLOB, event_utf8_bytes INTEGER,
  navigation_json TEXT, PRIMARY KEY (session_id, seq));
CREATE TABLE transcript_rewrite_watermarks (session_id TEXT PRIMARY KEY, generation TEXT, updated_at INTEGER);
INSERT INTO session_nodes (session_key, current_session_id, entry_json) VALUES ('agent:main:main', 's1', '{}');
INSERT INTO session_windows (session_id, session_key, created_at, updated_at) VALUES ('s1', 'agent:main:main', ${now}, ${now})`);
    let seq = 0;
    const add = (event: object): Promise<void> =>
      writer.run(
        `INSERT INTO transcript_events (session_id, seq, event_json, created_at) VALUES ('s1', ${seq++}, '${JSON.stringify(event)}', ${now})`,
      );
    const at = (): { timestamp: string } => ({ timestamp: new Date(now + seq).toISOString() });
    await add({ type: 'session', version: 4, id: 's1', cwd: room.workspace.replaceAll('\\', '/'), ...at() });
    await add({ type: 'message', id: 'a', parentId: null, message: { role: 'user', content: 'one' }, ...at() });
    const follower = await room.follow();
    await follower.flush();
    expect(await told()).toEqual(['prompt.submitted one']);
    await add({ type: 'message', id: 'b', parentId: 'a', message: { role: 'user', content: 'two' }, ...at() });
    await follower.flush();
    expect(await told()).toEqual(['prompt.submitted one', 'prompt.submitted two']);
    expect(follower.runs()).toMatchObject([{ agent: 'openclaw', run: { run: 's1', key: 'agent:main:main' } }]);
  } finally {
    await writer.kill();
  }
});
