import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockBytes, GramIndexBuilder } from '../../src/core/gramIndex.ts';
import { readGramIndex } from '../../src/core/gramPart.ts';
import { foldedLike, foldUnit, gramsOf, symbolOf } from '../../src/core/searchFold.ts';
import { matchEvent } from '../../src/core/searchMatch.ts';
import { createNeedle } from '../../src/core/searchNeedle.ts';
import { eachSearchedText } from '../../src/core/searchText.ts';

const encoder = new TextEncoder();

describe('case', () => {
  it('[L25] is ignored as a regular expression ignores it: what it takes for the same has the same symbol, and is looked for', () => {
    const changing: string[] = [];
    for (let code = 0; code <= 0xffff; code++) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const char = String.fromCharCode(code);
      if (char.toLowerCase() !== char || char.toUpperCase() !== char) changing.push(char);
    }
    const all = changing.join('');
    expect(changing.length).toBeGreaterThan(2400);
    for (const char of changing) {
      const code = char.charCodeAt(0);
      for (const [same] of all.matchAll(new RegExp(char, 'giu'))) {
        const other = same.charCodeAt(0);
        if (symbolOf(code) !== symbolOf(other) || foldUnit(code) !== foldUnit(other)) expect.fail(`${char} ${same}`);
        if (other >= 0x80 && other !== code && !foldedLike(code).includes(other)) expect.fail(`${char} is not looked for as ${same}`);
      }
    }
  });
});

describe('an index of grams', () => {
  const alphabet = [
    'a',
    'B',
    'é',
    'É',
    'ſ',
    '\u212a',
    'K',
    ' ',
    '"',
    '\\',
    '\n',
    '\u0001',
    '😀',
    '\u{10400}',
    '\u{10428}',
    '語',
    '\ud800',
    '/',
    '$',
  ];
  const text = fc.array(fc.constantFrom(...alphabet), { maxLength: 40 }).map((parts) => parts.join(''));
  const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      text,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('path', 'hash', 'call', 'text', 'é', 'by', 'w'), tie('value'), { maxKeys: 3 }),
    ),
  })).value;
  const record = fc.dictionary(fc.constantFrom('kind', 'by', 'text', 'output', 'hash', 'status', 'prev', 'edits'), value, { maxKeys: 5 });

  it('[L25] passes by no block that holds a text with the needle, whatever the records', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 30 }), fc.integer({ min: 0, max: 3000 }), (records, padding) => {
        const builder = new GramIndexBuilder();
        const ends: number[] = [];
        let size = 0;
        for (const one of records) {
          // Some are read by nobody, so that there are several blocks.
          const bytes = encoder.encode(`${JSON.stringify({ ...one, hash: 'x'.repeat(padding) })}\n`);
          builder.add(bytes, 0, bytes.length - 1, true);
          ends.push((size += bytes.length));
        }
        const parts = readGramIndex(builder.finish());
        expect(parts.at(-1)!.to).toBe(size);
        for (const [index, one] of records.entries())
          eachSearchedText(one, (_, found) => {
            for (const grams of [gramsOf(found), gramsOf(found.toUpperCase()), gramsOf(found.slice(3, 9))]) {
              if (grams.length === 0 || found.toUpperCase().length !== found.length) continue;
              const isCandidate = parts.some((part) =>
                [...part.candidates([grams])].some((block) => part.offset(block) < ends[index]! && ends[index]! <= part.offset(block + 1)),
              );
              if (!isCandidate) expect.fail(JSON.stringify(found));
            }
          });
      }),
      { numRuns: 300 },
    );
  });

  it('[L25] names just the blocks that hold a rare word, and takes no more than its share of a long log', () => {
    const builder = new GramIndexBuilder();
    let size = 0;
    let seed = 1;
    const word = (): string =>
      Array.from({ length: 3 + (seed % 7) }, () =>
        String.fromCharCode(97 + (((seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 16) % 26)),
      ).join('');
    for (let n = 0; n < 30_000; n++) {
      const bytes = encoder.encode(
        `${JSON.stringify({ v: 1, text: Array.from({ length: 12 }, word).join(' ') + (n === 17_000 ? ' Q9#Q9' : '') })}\n`,
      );
      builder.add(bytes, 0, bytes.length - 1, true);
      size += bytes.length;
    }
    const payload = builder.finish();
    expect(payload.length / size).toBeLessThan(0.07);
    const parts = readGramIndex(payload);
    expect(parts.flatMap((part) => [...part.candidates([gramsOf('q9#q9')])])).toHaveLength(1);
    expect(parts.flatMap((part) => [...part.candidates([gramsOf('ZZZ#9')])])).toEqual([]);
    expect(parts.flatMap((part) => [...part.candidates(undefined)]).length).toBeGreaterThan(size / blockBytes / 64);
  });

  it('[L29] that is none is refused', () => {
    expect(() => readGramIndex(Uint8Array.of(1, 2, 3))).toThrow(RangeError);
    expect(() => readGramIndex(new Uint8Array(64))).toThrow(RangeError);
    expect(readGramIndex(new Uint8Array())).toEqual([]);
  });
});

describe('a needle', () => {
  it('[L25] is found in both spellings of a letter with marks, and in no other text', () => {
    expect(createNeedle('été', false).find('un e\u0301te\u0301 et un été', 9)).toEqual([
      { from: 3, to: 8 },
      { from: 15, to: 18 },
    ]);
    expect(createNeedle('ÉTÉ', true).find('un e\u0301te\u0301', 9)).toHaveLength(1);
    expect(createNeedle('ete', true).find('été', 9)).toEqual([]);
    expect(createNeedle('i', true).find('İıIi', 9)).toEqual([
      { from: 2, to: 3 },
      { from: 3, to: 4 },
    ]);
    expect(createNeedle('ss', true).find('ß', 9)).toEqual([]);
    expect(createNeedle('a.c(', true).find('abc( A.C(', 9)).toEqual([{ from: 5, to: 9 }]);
    expect(createNeedle('aa', false).find('aaaaa', 9)).toHaveLength(2);
  });

  it('[L26] is shown within one short line, between whole characters', () => {
    const by = { actor: 'user', how: 'stated' } as const;
    const shown = (text: string, needle: string) =>
      matchEvent('s', { v: 1, w: 'aaaa', n: 1, at: '', kind: 'progress.noted', by, text }, createNeedle(needle, false))!.excerpt;
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', '😀', '\n', '\u202e', ' b')),
        fc.array(fc.constantFrom('a', '😀', '\n', '\u001b', ' b')),
        (before, after) => {
          const { text, from, to } = shown(`${before.join('')}needle${after.join('')}`, 'needle');
          expect(text.slice(from, to)).toBe('needle');
          expect(text).not.toMatch(/[\n\u001b\u202e]/);
          expect(text).not.toMatch(/\p{Surrogate}/u);
          expect(text.length).toBeLessThan(340);
        },
      ),
    );
    expect(shown(`${'x'.repeat(9000)}${'needle'.repeat(2000)}`, 'needle'.repeat(1000)).text.length).toBeLessThan(340);
  });
});
