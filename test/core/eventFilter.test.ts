import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventMatcher, type EventFilter } from '../../src/core/eventFilter.ts';
import { LineHead } from '../../src/core/lineHead.ts';
import { decodeLine, encodeLine, firstPrev } from '../../src/core/logCodec.ts';
import { eventKinds, type LoggedEvent, type TapedeckEvent } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { anyEvent } from '../model/eventArbitrary.ts';

const bytesOf = (event: unknown): Buffer => Buffer.from(encodeLine(event as TapedeckEvent, firstPrev, nodeDigest).slice(0, -1));
const decode = (bytes: Uint8Array): LoggedEvent => {
  const decoded = decodeLine(bytes, nodeDigest);
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.event;
};

const families = [...new Set(eventKinds.map((kind) => kind.slice(0, kind.indexOf('.'))))];
const run = fc.constantFrom('r1', 'r2', 'run', 'é"\\x', 'r/1');
const anyFilter: fc.Arbitrary<EventFilter> = fc.record(
  {
    kinds: fc.array(fc.constantFrom('foreign', 'moon', ...eventKinds, ...families), { maxLength: 3 }),
    run,
    turn: fc.integer({ min: 0, max: 3 }),
  },
  { requiredKeys: [] },
);

test('[L22] a line that is passed over by its head is one that its event would be passed over by', () => {
  const head = new LineHead();
  const counts = { wanted: 0, passed: 0, looked: 0 };
  const change = fc.record(
    {
      run,
      turn: fc.integer({ min: 0, max: 3 }),
      by: fc.record({ actor: fc.constant('agent'), how: fc.constant('claimed'), run }, { requiredKeys: ['actor', 'how'] }),
      kind: fc.constantFrom('moon.landed', 'file.changed', 'reply.given'),
      v: fc.constantFrom(1, 1, 2),
      text: fc.constantFrom('"run":"r1"', '\u0007', ',"turn":3'),
    },
    { requiredKeys: ['by'] },
  );
  fc.assert(
    fc.property(anyEvent, change, anyFilter, (made, changed, filter) => {
      const { run: _, turn: __, ...event } = made;
      const line = bytesOf({ ...event, v: 1, w: 'abcd', n: 1, at: '2026-01-01T00:00:00.000Z', ...changed });
      const matcher = new EventMatcher(filter);
      const isWanted = matcher.matches(decode(line));
      if (!head.read(line)) throw new Error('A writer’s line has a head.');
      const mayMatch = matcher.mayMatch(head, line);
      if (isWanted) expect(mayMatch).toBe(true);
      counts[isWanted ? 'wanted' : mayMatch ? 'looked' : 'passed'] += 1;
    }),
    { numRuns: 4000 },
  );
  expect(Math.min(counts.wanted, counts.passed)).toBeGreaterThan(100);
  // Most of what is not wanted is not parsed.
  expect(counts.looked).toBeLessThan(counts.passed);
});

const base = '{"v":1,"w":"abcd","n":1,"at":"2026-01-01T00:00:00.000Z","kind":"capture.paused"';
test.each([
  ['behind other fields', `${base},"by":{"actor":"user","how":"stated"},"turn":2,"run":"r1"`],
  ['before the author', `${base},"run":"r1","turn":2,"by":{"actor":"user","how":"stated"}`],
  ['with room between', `${base}, "by" : {"actor":"user","how":"stated"}, "run" : "r1", "turn" : 2`],
  ['in escapes', `${base},"by":{"actor":"user","how":"stated"},"r\\u0075n":"r1","t\\u0075rn":2`],
  ['twice, the later one counts', `${base},"by":{"actor":"user","how":"stated"},"run":"r9","turn":9,"run":"r1","turn":2`],
  ['as the author’s', `${base},"by":{"actor":"agent","run" : "r1","how":"stated"},"turn":20e-1`],
])('[L22] a line that a hand has made is found by its run and turn, wherever they stand: %s', (_, text) => {
  const body = `${text},"prev":"${firstPrev}"`;
  const line = Buffer.from(`${body},"crc":"${nodeDigest.crc32(body).toString(16).padStart(8, '0')}"}`);
  const event = decode(line);
  for (const filter of [{ run: 'r1' }, { turn: 2 }, { run: 'r1', turn: 2 }]) {
    const matcher = new EventMatcher(filter);
    expect(matcher.matches(event)).toBe(true);
    const head = new LineHead();
    expect(head.read(line) && matcher.mayMatch(head, line)).toBe(true);
  }
});

test('[L21] a kind stands for itself alone, a family for all of its kinds', () => {
  const event = decode(
    bytesOf({ v: 1, w: 'abcd', n: 1, at: '2026-01-01T00:00:00.000Z', kind: 'file.read', by: { actor: 'user', how: 'stated' }, path: 'a' }),
  );
  const isWanted = (kinds: string[]): boolean => new EventMatcher({ kinds }).matches(event);
  expect([isWanted(['file']), isWanted(['file.read']), isWanted(['fil']), isWanted(['file.reader']), isWanted([])]).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});
