import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeDigest } from '../../src/store/digest.ts';
import type { TailDamage } from '../../src/store/transcriptTail.ts';
import { openAgentRoom, type AgentRoom } from './agentRoom.ts';

let room: AgentRoom;
beforeEach(async () => {
  room = await openAgentRoom();
});
afterEach(async () => {
  await room.close();
});

const at = (second: number) => ({ timestamp: new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString() });
const user = (id: string, content: string, second: number) => ({ id, type: 'user', content, ...at(second) });
const gemini = (id: string, content: string, second: number) => ({ id, type: 'gemini', content, model: 'm', ...at(second) });
const chat = (...messages: readonly object[]): string =>
  JSON.stringify(
    {
      sessionId: 's1',
      projectHash: nodeDigest.sha256(room.workspace),
      startTime: at(0).timestamp,
      lastUpdated: at(messages.length).timestamp,
      messages,
    },
    undefined,
    2,
  );
const path = (): string =>
  join(room.home, '.gemini', 'tmp', nodeDigest.sha256(room.workspace), 'chats', 'session-2026-01-01T00-00-s1.json');

async function write(text: string, to = path()): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await writeFile(to, text);
}

const told = async (): Promise<readonly string[]> =>
  (await room.events()).flatMap((event) => ('text' in event && typeof event.text === 'object' ? [`${event.kind} ${event.text.head}`] : []));

describe('an agent that keeps its chat as one document', () => {
  test('[A47] is followed while it writes the document anew', async () => {
    await write(chat(user('a', 'one', 1)));
    const follower = await room.follow();
    await follower.flush();
    expect(await told()).toEqual(['prompt.submitted one']);
    await write(chat(user('a', 'one', 1), gemini('b', 'First.', 2)));
    await follower.flush();
    await write(chat(user('a', 'one', 1), gemini('b', 'First.', 2), user('c', 'two', 3)));
    await follower.flush();
    expect(await told()).toEqual(['prompt.submitted one', 'reply.given First.', 'prompt.submitted two']);
    expect(
      (await room.events()).filter((event) => event.kind === 'prompt.submitted').map((event) => 'turn' in event && event.turn),
    ).toEqual([1, 2]);
    expect(follower.runs()).toMatchObject([
      { agent: 'gemini', run: { run: 's1', cwd: room.workspace, turns: 2 }, misshapen: 0, damaged: 0 },
    ]);
  });

  test('[A47] is not misunderstood while the document is half written, and its damage is told once', async () => {
    const damage: TailDamage[] = [];
    const whole = chat(user('a', 'one', 1), gemini('b', 'First.', 2), user('c', 'two', 3));
    await write(whole);
    const follower = await room.follow({ onDamage: (entry) => damage.push(entry) });
    await follower.flush();
    await write(whole.slice(0, whole.indexOf('"First.')));
    await follower.flush();
    expect(damage).toEqual([]);
    await follower.flush();
    await follower.flush();
    expect(damage).toMatchObject([{ path: path(), reason: 'torn' }]);
    await write(`${chat(user('a', 'one', 1), gemini('b', 'First.', 2), user('c', 'two', 3), gemini('d', 'Second.', 4))}\n`);
    await follower.flush();
    expect(await told()).toEqual(['prompt.submitted one', 'reply.given First.', 'prompt.submitted two', 'reply.given Second.']);
    expect((await room.events()).filter((event) => event.kind === 'run.rewound')).toEqual([]);
  });

  test('[A21] is recorded once over a restart, a replacement, and the lines that a newer version makes of it', async () => {
    const messages = [user('a', 'one', 1), gemini('b', 'First.', 2)];
    await write(chat(...messages));
    const first = await room.follow();
    await first.flush();
    await first.close();
    const second = await room.follow();
    await second.flush();
    await write(chat(...messages, user('c', 'two', 3)), `${path()}.new`);
    await rename(`${path()}.new`, path());
    await second.flush();
    const { messages: all, ...head } = JSON.parse(chat(...messages, user('c', 'two', 3))) as { messages: object[] };
    await write([head, ...all, user('d', 'three', 4)].map((entry) => `${JSON.stringify(entry)}\n`).join(''), `${path()}l`);
    await second.flush();
    expect(await told()).toEqual(['prompt.submitted one', 'reply.given First.', 'prompt.submitted two', 'prompt.submitted three']);
    expect((await room.events()).at(-1)).toMatchObject({ kind: 'prompt.submitted', turn: 3 });
  });

  test('[A12] says when messages were taken back', async () => {
    await write(chat(user('a', 'one', 1), gemini('b', 'First.', 2), user('c', 'two', 3)));
    const follower = await room.follow();
    await follower.flush();
    await write(chat(user('a', 'one', 1), gemini('b', 'First.', 2), user('d', 'otherwise', 5)));
    await follower.flush();
    const facts = (await room.events()).filter((event) => event.kind === 'run.rewound' || event.kind === 'prompt.submitted');
    expect(facts.map((event) => [event.kind, 'turn' in event && event.turn])).toEqual([
      ['prompt.submitted', 1],
      ['prompt.submitted', 2],
      ['run.rewound', 2],
      ['prompt.submitted', 3],
    ]);
  });
});

test('[A45] what stands beside a transcript is read with it', async () => {
  const folder = join(room.home, '.openclaw', 'agents', 'main', 'sessions');
  const store = { 'agent:main:main': { sessionId: 'p1' }, 'agent:main:subagent:u': { sessionId: 'c1', spawnedBy: 'agent:main:main' } };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'sessions.json'), JSON.stringify(store));
  const lines = [
    { type: 'session', version: 3, id: 'c1', cwd: room.workspace, ...at(0) },
    { type: 'message', id: 'a', parentId: null, message: { role: 'user', content: 'do it' }, ...at(1) },
  ];
  await writeFile(join(folder, 'c1.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const follower = await room.follow();
  await follower.flush();
  const events = await room.events();
  expect(events.find((event) => event.kind === 'run.started')).toMatchObject({
    agent: 'openclaw',
    run: 'c1',
    parent: 'p1',
    key: 'agent:main:subagent:u',
  });
  expect(events.find((event) => event.kind === 'prompt.submitted')).toMatchObject({ provenance: 'inter_session' });
});
