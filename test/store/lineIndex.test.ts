import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineIndexBuilder, readLineIndex } from '../../src/store/lineIndex.ts';

interface Line {
  readonly from: number;
  readonly to: number;
  readonly n: number;
  readonly at: string;
}

/** Lines of a segment with the given sizes, gaps in the numbers, and times. */
function linesWith(steps: readonly { readonly sizeBytes: number; readonly skipped: number; readonly ms: number }[], start: number): Line[] {
  let from = 0;
  let n = 0;
  let ms = start;
  return steps.map((step) => {
    n += 1 + step.skipped;
    ms = Math.max(0, ms + step.ms);
    const line = { from, to: from + step.sizeBytes, n, at: new Date(ms).toISOString() };
    from += step.sizeBytes + 1;
    return line;
  });
}

function build(lines: readonly Line[]): Uint8Array {
  const builder = new LineIndexBuilder();
  for (const line of lines) builder.add(line, line);
  return builder.finish();
}

test('[L20] the index holds one entry for every 256 lines, exactly as they stand', () => {
  const step = fc.record({
    sizeBytes: fc.oneof(fc.integer({ min: 120, max: 900 }), fc.integer({ min: 1, max: 2 ** 40 })),
    skipped: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 ** 30 })),
    ms: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: -(2 ** 35), max: 2 ** 35 })),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 900, size: 'max' }), (steps) => {
      const lines = linesWith(steps, Date.UTC(2026, 0, 1));
      expect(readLineIndex(build(lines))).toEqual(
        lines.filter((_, index) => index % 256 === 0).map(({ from, n, at }) => ({ offset: from, n, atMs: Date.parse(at) })),
      );
    }),
    { numRuns: 60 },
  );
});

test('[L20] an index is at most a ten-thousandth of a log of ordinary lines', () => {
  const lines = linesWith(
    Array.from({ length: 150_000 }, (_, index) => ({ sizeBytes: 300 + ((index * 7919) % 500), skipped: 0, ms: (index * 31) % 40 })),
    Date.UTC(2026, 0, 1),
  );
  expect(build(lines).length).toBeLessThan(lines.at(-1)!.to / 10_000);
});

test('[L20] a date that no calendar has gets no entry; the next line does', () => {
  const lines = linesWith(
    Array.from({ length: 600 }, () => ({ sizeBytes: 200, skipped: 0, ms: 10 })),
    Date.UTC(2026, 0, 1),
  );
  lines[0] = { ...lines[0]!, at: '2026-02-30T00:00:00.000Z' };
  lines[257] = { ...lines[257]!, at: '2026-01-01T24:00:00.000Z' };
  expect(readLineIndex(build(lines))!.map(({ n }) => n)).toEqual([2, 259, 515]);
});

test('[L20] bytes that are no index are none, whatever they are', () => {
  const payload = build(
    linesWith(
      Array.from({ length: 2000 }, () => ({ sizeBytes: 300, skipped: 0, ms: 1000 })),
      Date.UTC(2026, 0, 1),
    ),
  );
  let cuts = 0;
  for (let length = 0; length < payload.length; length++) if (readLineIndex(payload.subarray(0, length)) === undefined) cuts += 1;
  // A cut between two entries leaves a shorter index; the sidecar's checksum sees that one.
  expect(cuts).toBe(payload.length - 8);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const { offset, n, atMs } of readLineIndex(bytes) ?? [])
        expect([offset >= 0, n > 0, new Date(atMs).getTime() === atMs]).toEqual([true, true, true]);
    }),
    { numRuns: 2000 },
  );
  expect(readLineIndex(Uint8Array.from([...payload.subarray(0, 8), 0, 0, 0]))).toBeUndefined();
});
