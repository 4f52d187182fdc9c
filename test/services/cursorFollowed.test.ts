import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openAgentRoom, type AgentRoom } from './agentRoom.ts';

let room: AgentRoom;
beforeEach(async () => {
  room = await openAgentRoom();
});
afterEach(async () => {
  await room.close();
});

const asked = (text: string): string => `${JSON.stringify({ role: 'user', message: { content: [{ type: 'text', text }] } })}\n`;

test('[A22] a chat that tells no times is recorded from where it stood when the session began', async () => {
  const project = room.workspace.replace(/^[\\/]+/, '').replace(/[^A-Za-z0-9]+/g, '-');
  const path = join(room.home, '.cursor', 'projects', project, 'agent-transcripts', 'c1', 'c1.jsonl');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, asked('long ago'));
  await sleep(30);
  const since = Date.now();
  const follower = await room.follow({ since });
  await follower.flush();
  expect(await room.events()).toEqual([]);
  await sleep(30);
  await appendFile(path, asked('now'));
  await follower.flush();
  await appendFile(path, asked('and then'));
  await follower.flush();
  const told = (await room.events()).flatMap((event) => (event.kind === 'prompt.submitted' ? [event.text.head] : []));
  expect(told).toEqual(['now', 'and then']);
  expect(follower.runs()).toMatchObject([{ agent: 'cursor', run: { run: 'c1', turns: 3 } }]);
});
