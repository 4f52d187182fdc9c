import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emptyState, foldEvent, serializeState } from '../../src/core/fold.ts';
import type { LoggedEvent, TapedeckEvent } from '../../src/model/event.ts';
import { anyEvent } from '../model/eventArbitrary.ts';
import { linesOf, openLogRoom, type LogRoom } from '../store/logRoom.ts';
import { depth } from './depth.ts';

let room: LogRoom;
beforeEach(async () => {
  room = await openLogRoom();
});
afterEach(() => room.close());

/** Events of every kind, with whatever fields their kinds allow, as one writer wrote them. */
const session = fc.array(anyEvent, { minLength: 1, maxLength: 12 }).map((events) =>
  events.map((event, index): TapedeckEvent => {
    const at = new Date(Date.UTC(2026, 0, 1) + index * 1000).toISOString();
    // As JSON gives it back.
    return JSON.parse(JSON.stringify({ ...event, v: 1, w: 'abcd', n: index + 1, at })) as TapedeckEvent;
  }),
);

function stateOf(events: readonly LoggedEvent[]): string {
  const state = emptyState();
  for (const event of events) foldEvent(state, event);
  return serializeState(state);
}
const runs = { numRuns: depth(60, 5000) };
const timeout = { timeout: depth(120_000, 1_800_000) };

test('[L7] [D1] any prefix of a log, cut at any byte, reads as the events that are whole in it, and folds', timeout, async () => {
  await fc.assert(
    fc.asyncProperty(session, fc.nat(), async (events, cut) => {
      const lines = linesOf(events);
      const bytes = Buffer.from(lines.join(''));
      const kept = bytes.subarray(0, cut % (bytes.length + 1));
      await room.writeSegment('abcd-0001.jsonl', kept);
      const read = await room.readAll();
      let whole = 0;
      for (let end = 0; whole < lines.length && (end += Buffer.byteLength(lines[whole]!)) - 1 <= kept.length;) whole += 1;
      expect(read).toEqual(events.slice(0, whole));
      expect(stateOf(read)).toBe(stateOf(events.slice(0, whole)));
    }),
    runs,
  );
});

test('[L3] [L4] cut anywhere and written on from what was not acknowledged is as never cut', timeout, async () => {
  await fc.assert(
    fc.asyncProperty(session, fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 4 }), async (events, cuts) => {
      const lines = linesOf(events);
      // Each segment is cut somewhere; the next one begins with a line that is whole in it, or with the one behind that.
      let first = 0;
      for (const [index, [cut, again]] of cuts.entries()) {
        const rest = Buffer.from(lines.slice(first).join(''));
        const kept = rest.subarray(0, cut % (rest.length + 1));
        await room.writeSegment(`abcd-000${index + 1}.jsonl`, kept);
        const whole = kept.toString('latin1').split('\n').length - 1;
        first += again % (whole + 1);
      }
      await room.writeSegment(`abcd-000${cuts.length + 1}.jsonl`, lines.slice(first).join(''));
      const read = await room.readAll();
      expect(read).toEqual(events);
      expect(stateOf(read)).toBe(stateOf(events));
      const { breaks, damage, growing } = await (await room.reader()).verify();
      expect(breaks).toEqual([]);
      expect([...damage, ...growing].filter(({ reason }) => reason !== 'torn')).toEqual([]);
      await room.close();
      room = await openLogRoom();
    }),
    runs,
  );
});
