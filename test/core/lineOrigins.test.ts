import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineOrigins, splitLines } from '../../src/core/lineOrigins.ts';

describe('the origins of lines', () => {
  it('[D17] keep what a version did not touch, and give it what it added', () => {
    const file = new LineOrigins<string>();
    file.take('a\nb\nc\n', 'first');
    file.take('a\nB\nc\nd\n', 'second');
    file.take('z\na\nB\nd\n', 'third');
    expect(file.lines).toEqual(['z', 'a', 'B', 'd']);
    expect(file.origins).toEqual(['third', 'first', 'second', 'second']);
  });

  it('[D17] are not changed by other line ends', () => {
    const file = new LineOrigins<string>();
    file.take('a\nb\n', 'first');
    file.take('a\r\nb\r\nc', 'second');
    expect(file.origins).toEqual(['first', 'first', 'second']);
  });

  it('[D17] come back with a content that stood here before', () => {
    const file = new LineOrigins<string>();
    file.take('a\nb\n', 'first');
    file.take('a\nX\n', 'second');
    file.keep('h1');
    file.take('', 'third');
    expect(file.restore('h1', 'a\nX\n')).toBe(true);
    expect(file.origins).toEqual(['first', 'second']);
    expect(file.restore('never', '')).toBe(false);
  });

  it('[D17] are one for each line, whatever follows what, and a line of the newest version alone is of that version', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', 'd', ''), { maxLength: 12 })
      .map((lines) => lines.map((line) => `${line}\n`).join(''));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 8 }), (versions) => {
        const file = new LineOrigins<number>();
        versions.forEach((version, index) => file.take(version, index));
        expect(file.lines).toEqual(splitLines(versions.at(-1)!));
        expect(file.origins.length).toBe(file.lines.length);
        file.lines.forEach((line, index) => {
          // From its origin on the line was in every version.
          for (let version = file.origins[index]!; version < versions.length; version++)
            expect(splitLines(versions[version]!)).toContain(line);
        });
      }),
    );
  });
});
