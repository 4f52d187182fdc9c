import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineHead } from '../../src/core/lineHead.ts';
import { decodeLine, encodeLine, firstPrev } from '../../src/core/logCodec.ts';
import { SourceGathering } from '../../src/core/sourceGathering.ts';
import { SourceSet } from '../../src/core/sourceSet.ts';
import { sourceKey } from '../../src/core/transcripts/adapter.ts';
import type { Source, TapedeckEvent } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('C:\\Users\\Zoë\\.codex\\a.jsonl', 'a"b', 'a/b', '\u0001', '\ud800', '\u2028', '', 'abc', 'abcd', 'abcd@1'),
);
const source: fc.Arbitrary<Source> = fc.record(
  { file: text, offset: fc.oneof(fc.nat(300), fc.maxSafeNat()), record: text },
  { requiredKeys: ['file', 'offset'] },
);

test('[A21] [L37] a set of sources holds what was added, told apart by the record’s own id, else by its place', () => {
  fc.assert(
    fc.property(fc.array(source, { maxLength: 200 }), fc.array(source, { maxLength: 50 }), (added, asked) => {
      const set = new SourceSet();
      // A place that spells a record's id is another source: keys of both kinds do not meet here, as they do in one text.
      const keyOf = (one: Source): string => `${one.record === undefined ? 'place' : 'record'} ${sourceKey(one)}`;
      const known = new Set<string>();
      for (const one of added) {
        expect(set.add(one)).toBe(!known.has(keyOf(one)));
        known.add(keyOf(one));
      }
      for (const one of [...asked, ...added]) expect(set.has(one)).toBe(known.has(keyOf(one)));
      expect(set.size).toBe(known.size);
    }),
  );
});

test('[L37] a set of sources takes some 16 bytes for each, and mistakes none of 400,000 that look alike', () => {
  const set = new SourceSet();
  const count = 200_000;
  for (let offset = 0; offset < count; offset++) {
    set.add({ file: '/home/ada/.codex/sessions/rollout.jsonl', offset });
    set.add({ file: 'x', offset, record: `0199e5a1-7c2f-7f40-9d2e-${offset.toString(16).padStart(12, '0')}/tool` });
  }
  expect(set.size).toBe(2 * count);
  expect(set.sizeBytes / set.size).toBeLessThan(24);
  for (let offset = 0; offset < count; offset += 7) {
    expect(set.has({ file: '/home/ada/.codex/sessions/rollout.jsonl', offset })).toBe(true);
    expect(set.has({ file: '/home/ada/.codex/sessions/rollout.jsonm', offset })).toBe(false);
  }
});

const head = new LineHead();
function event(fields: object): TapedeckEvent {
  const text = 'a note of "src":{"file":"x","offset":1}';
  const by = { actor: 'agent', name: 'codex', how: 'stated' } as const;
  return { v: 1, w: 'abcd', n: 1, at: '2026-01-01T00:00:00.000Z', kind: 'progress.noted', by, text, ...(fields as { src?: Source }) };
}

test('[L22] [L37] a line’s source is read from its bytes as it is read when it is parsed', () => {
  const counts = { bytes: 0, parsed: 0, none: 0 };
  const by = fc.record(
    { actor: fc.constant('agent'), name: text, run: text, how: fc.constant('stated') },
    { requiredKeys: ['actor', 'how'] },
  );
  const fields = fc.record({ src: source, by, run: text, turn: fc.nat(), text }, { requiredKeys: [] });
  fc.assert(
    fc.property(fields, (changed) => {
      const made = event(changed);
      const line = Buffer.from(encodeLine(made, firstPrev, nodeDigest).slice(0, -1));
      const sources = new SourceSet();
      const gathering = new SourceGathering({ kinds: ['file.changed'] }, sources);
      if (!head.read(line)) throw new Error('A writer’s line has a head.');
      const mayMatch = gathering.mayMatch(head, line);
      if (mayMatch) {
        const decoded = decodeLine(line, nodeDigest);
        if (!decoded.ok) throw new Error(decoded.reason);
        expect(gathering.matches(decoded.event)).toBe(false);
      }
      expect(sources.size).toBe(made.src === undefined ? 0 : 1);
      if (made.src !== undefined) expect(sources.has(made.src)).toBe(true);
      counts[made.src === undefined ? 'none' : mayMatch ? 'parsed' : 'bytes'] += 1;
    }),
    { numRuns: 3000 },
  );
  expect(Math.min(...Object.values(counts))).toBeGreaterThan(50);
});

const base = '{"v":1,"w":"abcd","n":1,"at":"2026-01-01T00:00:00.000Z","kind":"capture.paused"';
const author = '"by":{"actor":"user","how":"stated"}';
test.each([
  ['behind other fields', `${base},${author},"why":1,"src":{"file":"f","offset":7,"record":"r"}`],
  ['before the author', `${base},"src":{"file":"f","offset":7,"record":"r"},${author}`],
  ['in another order', `${base},${author},"src":{"record":"r","offset":7,"file":"f"}`],
  ['with room between', `${base},${author},"src": {"file" : "f","offset": 7, "record" : "r"}`],
  ['in escapes', `${base},${author},"src":{"file":"f","offset":7,"record":"\\u0072"}`],
  ['its name in escapes', `${base},${author},"s\\u0072c":{"file":"f","offset":7,"record":"r"}`],
  ['with more in it', `${base},${author},"src":{"file":"f","offset":7,"record":"r","line":3}`],
])('[L22] [L37] a source that another hand has written is found: %s', (_, written) => {
  const body = `${written},"prev":"${firstPrev}"`;
  const line = Buffer.from(`${body},"crc":"${nodeDigest.crc32(body).toString(16).padStart(8, '0')}"}`);
  const sources = new SourceSet();
  const gathering = new SourceGathering({ kinds: ['file.changed'] }, sources);
  const decoded = decodeLine(line, nodeDigest);
  if (!head.read(line) || !decoded.ok) throw new Error('Not a line.');
  if (gathering.mayMatch(head, line)) gathering.matches(decoded.event);
  expect(sources.has({ file: 'elsewhere', offset: 0, record: 'r' })).toBe(true);
});
