import { appendFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventId } from '../../src/model/ids.ts';
import { openSessionFeed } from '../../src/services/sessionFeed.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { linesOf, note, noted, openLogRoom, sessionId, type LogRoom } from '../store/logRoom.ts';

let room: LogRoom;
beforeEach(async () => {
  room = await openLogRoom();
});
afterEach(async () => room.close());

it('[L3] tells what of the past could not be read, and folds all the rest', async () => {
  const [one, two, three] = linesOf([noted('abcd', 1), noted('abcd', 2), noted('abcd', 3)]) as [string, string, string];
  await room.writeSegment('abcd-0001.jsonl', `${one}${two.replace('note 2', 'nota 2')}${three}`);
  await utimes(join(room.session.events, 'abcd-0001.jsonl'), new Date(2020, 1), new Date(2020, 1));
  const feed = await openSessionFeed({ layout: room.layout, session: sessionId, digest: nodeDigest });
  try {
    await feed.whenFolded;
    expect(feed.damage).toMatchObject([{ file: 'abcd-0001.jsonl', reason: 'crc' }]);
    expect(feed.state.notes.map(({ mark }) => eventId(mark))).toEqual(['abcd.1', 'abcd.3']);
  } finally {
    feed.dispose();
  }
});

it('[L34] shows damage that is met while following at once, and each place once', async () => {
  const lines = linesOf([noted('abcd', 1), noted('abcd', 2), noted('abcd', 3)]);
  const path = join(room.session.events, 'abcd-0001.jsonl');
  await room.writeSegment('abcd-0001.jsonl', `${lines[0]}{"v":1,"torn`);
  await utimes(path, new Date(2020, 1), new Date(2020, 1));
  const feed = await openSessionFeed({ layout: room.layout, session: sessionId, digest: nodeDigest });
  let told = 0;
  feed.onDidMeetDamage(() => (told += 1));
  try {
    await feed.whenFolded;
    expect(feed.damage).toMatchObject([{ reason: 'torn' }]);
    await appendFile(path, `\n\0\0\0\n${lines[1]}`);
    await expect.poll(() => feed.damage.some(({ reason }) => reason === 'nul'), { timeout: 15_000 }).toBe(true);
    expect(told).toBeGreaterThan(0);
    await expect.poll(() => feed.state.notes.map(({ mark }) => eventId(mark))).toEqual(['abcd.1', 'abcd.2']);
    expect(new Set(feed.damage.map(({ from }) => from)).size).toBe(feed.damage.length);
  } finally {
    feed.dispose();
  }
});

it('[L38] whoever caught up sees what was acknowledged before, however fast it came', async () => {
  const writer = await room.writer();
  await writer.append(note('first'));
  const feed = await openSessionFeed({ layout: room.layout, session: sessionId, digest: nodeDigest });
  try {
    for (let count = 2; count <= 30; count++) {
      await writer.append(note(`note ${count}`));
      if (count % 2 === 0) await feed.catchUp();
      else await Promise.all([feed.catchUp(), feed.catchUp()]);
      expect(feed.state.notes.length).toBe(count);
    }
  } finally {
    feed.dispose();
  }
  await feed.catchUp();
});
