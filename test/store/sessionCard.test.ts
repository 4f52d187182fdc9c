import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { userAuthor } from '../../src/model/author.ts';
import type { TapedeckEvent } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { segmentName } from '../../src/store/layout.ts';
import { addToCard, readSessionCard, refreshSessionCard, type StoredCard } from '../../src/store/sessionCard.ts';
import { mixedEvents } from '../bench/mixedLog.ts';
import { linesOf, openLogRoom, sessionId, type LogRoom } from './logRoom.ts';

let room: LogRoom;
beforeEach(async () => {
  room = await openLogRoom();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await room.close();
});

const told: { readonly [at: number]: object } = {
  3: { kind: 'session.labelled', label: 'one' },
  2000: { kind: 'session.ended', reason: 'idle' },
  2001: { kind: 'session.resumed', reason: 'command' },
  4000: { kind: 'session.labelled', label: 'two' },
  5999: { kind: 'session.ended', reason: 'command' },
};
const events = [...mixedEvents(6000, { files: 50 })].map((event, index) => {
  const { v, at } = event;
  return { ...(told[index] === undefined ? event : { v, at, by: userAuthor, ...told[index] }), w: 'abcd', n: index + 1 } as TapedeckEvent;
});
const lines = linesOf(events);
const cardOf = (count: number): StoredCard =>
  events.slice(0, count).reduce<StoredCard | undefined>((card, event) => addToCard(card, sessionId, event), undefined)!;

it('[S8] [L37] a card is what every event up to then gives, made anew or gone on with, and the events are not parsed for it', async () => {
  const parse = vi.spyOn(JSON, 'parse');
  for (const count of [1, 2, 1999, 2001, 2002, 5999, 6000]) {
    await room.writeSegment(segmentName('abcd', 1), lines.slice(0, count).join(''));
    for (const known of [0, 1, 4, 1500, 2002, count]) {
      const card = known === 0 || known > count ? undefined : cardOf(known);
      if (card?.endedAt !== undefined) continue;
      parse.mockClear();
      const fresh = await refreshSessionCard({ layout: room.layout, digest: nodeDigest, id: sessionId, card });
      expect(fresh).toEqual(cardOf(count));
      // Places are looked for by halving, of which a line or two is parsed each time.
      expect(parse.mock.calls.length).toBeLessThan(40);
    }
  }
});

it('[S8] a card that had far to go is stored, one that had not is left as it is', async () => {
  await room.writeSegment(segmentName('abcd', 1), lines.slice(0, 1500).join(''));
  const options = { layout: room.layout, digest: nodeDigest, id: sessionId, storeFrom: 1000 };
  await refreshSessionCard({ ...options, card: cardOf(700) });
  expect(await readSessionCard(room.layout, sessionId)).toBeUndefined();
  await refreshSessionCard({ ...options, card: undefined });
  expect(await readSessionCard(room.layout, sessionId)).toEqual(cardOf(1500));
});
