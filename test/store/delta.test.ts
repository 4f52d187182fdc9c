import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyDelta, commonEnds, encodeDelta } from '../../src/store/delta.ts';

test('[R21] a delta makes of its base what it was made for, or is not made', () => {
  const hash = 'ab'.repeat(32);
  // Long runs of few values, so that beginnings, ends and blocks agree, overlap and nearly agree.
  const content = fc
    .array(fc.tuple(fc.constantFrom(0, 1), fc.integer({ min: 0, max: 5000 })), { maxLength: 5 })
    .map((runs) => Buffer.concat(runs.map(([value, length]) => Buffer.alloc(length, value))));
  fc.assert(
    fc.property(content, content, (base, next) => {
      const { prefix, suffix } = commonEnds(base, next);
      expect(prefix + suffix).toBeLessThanOrEqual(Math.min(base.length, next.length));
      expect(base.subarray(0, prefix).equals(next.subarray(0, prefix))).toBe(true);
      if (prefix < Math.min(base.length, next.length)) expect(base[prefix]).not.toBe(next[prefix]);
      expect(base.subarray(base.length - suffix).equals(next.subarray(next.length - suffix))).toBe(true);
      const delta = encodeDelta(hash, base, next);
      if (delta !== undefined) expect(applyDelta(base, delta)!.equals(next)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('[R23] a delta that does not fit its base gives nothing', () => {
  const delta = encodeDelta('ab'.repeat(32), Buffer.alloc(1000, 1), Buffer.concat([Buffer.alloc(1000, 1), Buffer.from('x')]))!;
  expect(applyDelta(Buffer.alloc(10), delta)).toBeUndefined();
  expect(applyDelta(Buffer.alloc(1000, 1), delta.subarray(0, 20))).toBeUndefined();
});
