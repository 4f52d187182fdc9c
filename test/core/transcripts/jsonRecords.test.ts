import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readRecords } from '../../../src/core/transcripts/jsonRecords.ts';

const record = (n: number) => ({ type: 'user', n });
const text = (n: number): string => JSON.stringify(record(n));

test('[A10] gives the record of a whole line', () => {
  expect(readRecords(text(1), 100)).toEqual({ records: [{ value: record(1), offset: 100 }], damage: [] });
  expect(readRecords('  ', 0)).toEqual({ records: [], damage: [] });
});

test('[A10] gives every record of a line on which several were glued', () => {
  const found = readRecords(text(1) + text(2) + text(3), 100);
  expect(found.records).toEqual([
    { value: record(1), offset: 100 },
    { value: record(2), offset: 100 + text(1).length },
    { value: record(3), offset: 100 + text(1).length * 2 },
  ]);
  expect(found.damage).toEqual([]);
});

test('[A10] gives the record behind one that was cut off, and says what was lost', () => {
  const torn = '{"type":"assistant","message":{"content":[{"type":"text","text":"é unfinis';
  const found = readRecords(torn + text(2), 10);
  expect(found.records).toEqual([{ value: record(2), offset: 10 + Buffer.byteLength(torn) }]);
  expect(found.damage).toEqual([{ offset: 10, sizeBytes: Buffer.byteLength(torn), reason: 'torn' }]);
});

test('[A10] passes over runs of NUL', () => {
  const found = readRecords(`\0\0\0${text(1)}\0\0`, 5);
  expect(found.records).toEqual([{ value: record(1), offset: 8 }]);
  expect(found.damage).toEqual([
    { offset: 5, sizeBytes: 3, reason: 'nul' },
    { offset: 8 + text(1).length, sizeBytes: 2, reason: 'nul' },
  ]);
});

test.each(['"massive error"', '42', '[1]', 'true', 'null', 'plain words'])('[A10] counts %s as damage, not as a record', (line) => {
  expect(readRecords(line, 7)).toEqual({ records: [], damage: [{ offset: 7, sizeBytes: line.length, reason: 'not-an-object' }] });
});

test('[A10] stays quick with a line made to be slow', () => {
  const started = performance.now();
  expect(readRecords('{"'.repeat(500_000), 0).records).toEqual([]);
  expect(readRecords('{'.repeat(1_000_000), 0).records).toEqual([]);
  expect(performance.now() - started).toBeLessThan(2000);
});

test('[A6] never throws and loses no byte unseen', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom('{', '}', '"', '\\', '\0', '{"type":1}', ' ', 'é😀'), fc.string()), { maxLength: 20 }),
      (parts) => {
        const line = parts.join('');
        const { records, damage } = readRecords(line, 0);
        if (line.trim() !== '') expect(records.length + damage.length).toBeGreaterThan(0);
      },
    ),
  );
});
