import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hunksBetween, takeHunks } from '../../src/core/hunks.ts';

const all = (count: number): Set<number> => new Set(Array.from({ length: count }, (_, index) => index));

describe('hunks', () => {
  it('[R40] are the stretches that differ, and the chosen ones alone are taken, with each line’s own end', () => {
    const from = 'one\r\ntwo\nthree\nfour\nfive';
    const to = 'ONE\r\ntwo\nthree\nand more\nfour\nfive\n';
    const hunks = hunksBetween(from, to)!;
    expect(hunks).toEqual([
      { at: 0, removed: ['one\r\n'], toAt: 0, added: ['ONE\r\n'] },
      { at: 3, removed: [], toAt: 3, added: ['and more\n'] },
      { at: 4, removed: ['five'], toAt: 5, added: ['five\n'] },
    ]);
    expect(takeHunks(from, hunks, new Set([1]))).toBe('one\r\ntwo\nthree\nand more\nfour\nfive');
    expect(takeHunks(from, hunks, new Set([0, 2]))).toBe('ONE\r\ntwo\nthree\nfour\nfive\n');
  });

  it('[R40] all are the one text, none the other, and those that are left lead from there to the end', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\r\n', '\u00ff', ''), maxLength: 30 });
    fc.assert(
      fc.property(text, text, fc.array(fc.nat(8)), (from, to, some) => {
        const hunks = hunksBetween(from, to)!;
        expect(takeHunks(from, hunks, all(hunks.length))).toBe(to);
        expect(takeHunks(from, hunks, new Set())).toBe(from);
        const chosen = new Set(some.filter((index) => index < hunks.length));
        const partly = takeHunks(from, hunks, chosen);
        expect(partly === to).toBe(chosen.size === hunks.length);
        expect(partly === from).toBe(chosen.size === 0);
      }),
    );
  });

  it('[R40] of texts that differ all over it does not wait for ever', () => {
    const lines = (prefix: string): string => Array.from({ length: 200_000 }, (_, i) => `${prefix}${i}\n`).join('');
    expect(hunksBetween(lines('a'), lines('b'))).toBeUndefined();
  });
});
