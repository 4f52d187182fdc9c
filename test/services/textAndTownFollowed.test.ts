import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LoggedEvent } from '../../src/model/event.ts';
import { openDatabaseWriter, opencodeTables, quoted } from '../store/opencodeRoom.ts';
import { openAgentRoom, type AgentRoom } from './agentRoom.ts';

let room: AgentRoom;
beforeEach(async () => {
  room = await openAgentRoom();
});
afterEach(() => room.close());

const saying =
  (words: string) =>
  (event: LoggedEvent): boolean =>
    event.kind === 'prompt.submitted' && event.text.head === words;

describe('records that are no lines of JSON, or lie in the workspace itself', () => {
  test('[A59] a chat history in the workspace is followed as it grows', async () => {
    const follower = await room.follow();
    const file = join(room.workspace, '.aider.chat.history.md');
    await writeFile(file, '\n# aider chat started at 2026-07-20 08:00:00\n\n#### First  \n\nAn ans');
    await follower.flush();
    await room.until(saying('First'));
    await appendFile(file, 'wer\n\n> Applied edit to src/a.py  \n\n#### Second  \n\n');
    await follower.flush();
    await room.until(saying('Second'));
    const events = await room.events();
    expect(events.flatMap((event) => (event.kind === 'reply.given' ? [event.text.head] : []))).toEqual(['An answer']);
    expect(events.flatMap((event) => (event.kind === 'tool.called' ? (event.paths ?? []) : []))).toEqual(['src/a.py']);
    expect(room.errors).toEqual([]);
  });

  test('[A58] a town is followed for the workers in the workspace', async () => {
    const town = join(room.home, 'gt');
    await mkdir(town);
    const event = (type: string, actor: string, payload: object): string =>
      `${JSON.stringify({ ts: '2026-07-20T08:00:00Z', source: 'gt', type, actor, payload, visibility: 'feed' })}\n`;
    await writeFile(
      join(town, '.events.jsonl'),
      event('session_start', 'mayor', { session_id: 'm1', cwd: join(town, 'mayor') }) +
        event('session_start', 'rig/crew/joe', { session_id: 'j1', cwd: room.workspace }) +
        event('nudge', 'rig/crew/joe', { target: 'mayor', reason: 'Not for us' }) +
        event('nudge', 'mayor', { target: 'rig/crew/joe', reason: 'Go on' }),
    );
    const follower = await room.follow();
    await follower.flush();
    await room.until(saying('Go on'));
    expect((await room.events()).map(({ kind }) => kind)).toEqual(['run.started', 'prompt.submitted']);
    expect(room.errors).toEqual([]);
  });

  test('[A55] [A20] only the sessions of a database that were at work in the workspace are recorded', async () => {
    const data = join(room.home, '.local/share/opencode');
    await mkdir(data, { recursive: true });
    const writer = await openDatabaseWriter(join(data, 'opencode.db'));
    try {
      await writer.run(opencodeTables);
      const at = Date.UTC(2026, 6, 20);
      const add = (session: string, folder: string, words: string, created: number): Promise<void> =>
        writer.run(
          `INSERT INTO session (id, project_id, slug, directory, title, version, time_created, time_updated) VALUES ('${session}', 'p', 's', ${quoted(folder)}, 'T', '1', ${created}, ${created});
           INSERT INTO event_sequence VALUES ('${session}', 1, NULL);
           INSERT INTO message VALUES ('m${session}', '${session}', ${created + 1}, ${created + 1}, ${quoted({ role: 'user', time: { created: created + 1 } })});
           INSERT INTO part VALUES ('p${session}', 'm${session}', '${session}', ${created + 1}, ${created + 1}, ${quoted({ type: 'text', text: words })});`,
        );
      await add('ses_a', room.workspace, 'Here', at);
      await add('ses_b', '/elsewhere', 'There', at + 1000);
      const follower = await room.follow();
      await follower.flush();
      await room.until(saying('Here'));
      await add('ses_c', room.workspace, 'Here too', at + 2000);
      await follower.flush();
      await room.until(saying('Here too'));
      expect((await room.events()).some(saying('There'))).toBe(false);
      expect(follower.runs().map(({ agent, run }) => [agent, run.run])).toEqual([
        ['opencode', 'ses_a'],
        ['opencode', 'ses_c'],
      ]);
      expect(room.errors).toEqual([]);
    } finally {
      await writer.kill();
    }
  });
});
