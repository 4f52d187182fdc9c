import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeEvents } from '../../src/core/merge.ts';
import { noted } from '../store/logRoom.ts';

const events = fc
  .array(fc.record({ w: fc.constantFrom('aaaa', 'bbbb', 'cccc'), n: fc.integer({ min: 1, max: 9 }) }))
  .map((drafts) => drafts.map(({ w, n }) => noted(w, n, Math.ceil(n / 2))));

test('[L10] merging is associative, commutative and idempotent', () => {
  fc.assert(
    fc.property(events, events, events, (a, b, c) => {
      const all = mergeEvents(a, b, c);
      expect(mergeEvents(mergeEvents(a, b), c)).toEqual(all);
      expect(mergeEvents(a, mergeEvents(b, c))).toEqual(all);
      expect(mergeEvents(c, a, b)).toEqual(all);
      expect(mergeEvents(all, a)).toEqual(all);
    }),
  );
});

test('[L10] the order is time, then writer, then number', () => {
  const [x, y, z] = [noted('bbbb', 1, 5), noted('aaaa', 9, 5), noted('aaaa', 10, 5)];
  expect(mergeEvents([x, z], [y], [noted('cccc', 1, 4)]).map(({ w, n }) => `${w}.${n}`)).toEqual(['cccc.1', 'aaaa.9', 'aaaa.10', 'bbbb.1']);
});
