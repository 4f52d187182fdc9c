import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeTexts } from '../../src/core/threeWayMerge.ts';

const labels = { ours: 'undone', theirs: 'now' };
const merge = (base: string, ours: string, theirs: string) => mergeTexts(base, ours, theirs, labels);

describe('a three-way merge', () => {
  it('[R19] takes what either side changed, and keeps every line end', () => {
    expect(merge('a\nb\nc\nd\n', 'A\nb\nc\nd\n', 'a\nb\nc\nD\r\nlast')).toEqual({ state: 'merged', text: 'A\nb\nc\nD\r\nlast' });
    expect(merge('a\nb\nc\n', 'a\nc\n', 'a\nb\nc\nd\n')).toEqual({ state: 'merged', text: 'a\nc\nd\n' });
  });

  it('[R19] takes once what both did alike', () => {
    expect(merge('a\nb\n', 'a\nB\n', 'a\nB\n')).toEqual({ state: 'merged', text: 'a\nB\n' });
    expect(merge('', 'x\n', 'x\n')).toEqual({ state: 'merged', text: 'x\n' });
  });

  it('[R19] says where both changed the same lines, and holds both', () => {
    expect(merge('a\nb\nc', 'a\nours\nc', 'a\ntheirs\nc')).toEqual({
      state: 'overlap',
      overlaps: 1,
      text: 'a\n<<<<<<< undone\nours\n=======\ntheirs\n>>>>>>> now\nc',
    });
    expect(merge('a', 'b', 'c')).toMatchObject({ state: 'overlap', text: '<<<<<<< undone\nb\n=======\nc\n>>>>>>> now\n' });
  });

  it('[R19] gives up what is too large, in words', () => {
    const lines = (prefix: string): string => Array.from({ length: 6000 }, (_, i) => `${prefix}${i}\n`).join('');
    expect(merge(lines('a'), lines('b'), lines('c'))).toEqual({ state: 'too-large' });
  });

  it('[R19] with nothing changed on one side is the other one, and never loses a line that only one side added', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', '__proto__', ''), { maxLength: 10 })
      .map((lines) => lines.map((line) => `${line}\n`).join(''));
    fc.assert(
      fc.property(text, text, (base, changed) => {
        expect(merge(base, base, changed)).toEqual({ state: 'merged', text: changed });
        expect(merge(base, changed, base)).toEqual({ state: 'merged', text: changed });
        expect(merge(base, changed, changed)).toEqual({ state: 'merged', text: changed });
      }),
    );
    fc.assert(
      fc.property(text, text, text, (base, ours, theirs) => {
        const merged = merge(base, `first\n${ours}`, `${theirs}last\n`);
        expect(merged.state === 'too-large' ? '' : merged.text).toContain('first\n');
        expect(merged.state === 'too-large' ? '' : merged.text).toContain('last\n');
      }),
    );
  });
});
