import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventId } from '../../src/model/ids.ts';
import { openSessionFeed } from '../../src/services/sessionFeed.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { linesOf, noted, openLogRoom, sessionId, type LogRoom } from '../store/logRoom.ts';

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
