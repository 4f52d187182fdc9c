import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DocumentPiece } from '../../../src/core/transcripts/adapter.ts';
import { DocumentPieces } from '../../../src/core/transcripts/documentPieces.ts';
import type { LineDamage } from '../../../src/core/transcripts/jsonRecords.ts';

function cut(text: string, sizes: readonly number[] = [7], maxPieceBytes = 1000) {
  const found: { piece: DocumentPiece; offset: number }[] = [];
  const damage: LineDamage[] = [];
  const pieces = new DocumentPieces(
    { onPiece: (piece, offset) => found.push({ piece, offset }), onDamage: (entry) => damage.push(entry) },
    maxPieceBytes,
  );
  const bytes = new TextEncoder().encode(text);
  const buffer = Buffer.alloc(Math.max(1, ...sizes));
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length]!);
    // As a reader of files does, with one buffer for all.
    const part = bytes.subarray(at, at + size);
    buffer.set(part);
    pieces.push(buffer.subarray(0, part.length));
    at += size;
  }
  const isWhole = pieces.end();
  return { found, damage, isWhole, end: pieces.damage, values: found.map(({ piece }) => piece) };
}

describe('a document in pieces', () => {
  test('[A47] gives its members, and the elements of its lists, with their places', () => {
    const { values, found, isWhole } = cut(' { "a" : 1, "l": [ {"x":"]}\\"" }, 2 ,[3]], "e":[],"o":{"l":[1]}, "é":null } \n');
    expect(isWhole).toBe(true);
    expect(values).toEqual([
      { member: null, at: 'start' },
      { member: 'a', value: 1 },
      { member: 'l', index: 0, value: { x: ']}"' } },
      { member: 'l', index: 1, value: 2 },
      { member: 'l', index: 2, value: [3] },
      { member: 'o', value: { l: [1] } },
      { member: 'é', value: null },
      { member: null, at: 'end', isWhole: true },
    ]);
    expect(found[2]!.offset).toBe(19);
  });

  test('[A47] gives the elements of a document that is a list', () => {
    expect(cut('[{"a":1},"b"]').values.slice(1, -1)).toEqual([
      { member: '', index: 0, value: { a: 1 } },
      { member: '', index: 1, value: 'b' },
    ]);
  });

  test('[A47] gives the same pieces however its bytes come in', () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), value, { maxKeys: 6 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        fc.nat({ max: 4 }),
        (document, sizes, indent) => {
          const text = JSON.stringify(document, undefined, indent);
          const { values, damage, isWhole } = cut(text, sizes, 1e6);
          expect(isWhole).toBe(true);
          expect(damage).toEqual([]);
          const again: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
          for (const piece of values) {
            if (piece.member === null) continue;
            if (piece.index === undefined) again[piece.member] = piece.value;
            else ((again[piece.member] ??= []) as unknown[]).push(piece.value);
          }
          const parsed = JSON.parse(text) as Record<string, unknown>;
          const expected = Object.entries(parsed).filter(([, entry]) => !Array.isArray(entry) || entry.length > 0);
          expect(new Map(Object.entries(again))).toEqual(new Map(expected));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('[A47] gives what stands whole of a document that breaks off anywhere', () => {
    const text = '{"id":"s","messages":[{"n":1},{"n":2},{"n":3}],"end":true}';
    for (let length = 1; length < text.length; length++) {
      const { values, damage, isWhole, end } = cut(text.slice(0, length));
      expect(isWhole).toBe(false);
      expect(damage).toEqual([]);
      expect(end.reason).toBe('torn');
      const numbers = values.flatMap((piece) => (piece.member === 'messages' ? [(piece.value as { n: number }).n] : []));
      expect(numbers).toEqual([1, 2, 3].filter((n) => text.indexOf(`{"n":${n}}`) + 7 <= length));
    }
  });

  test('[A47] says where a document is none', () => {
    for (const [text, offset] of [
      ['[1] x', 4],
      ['{"a":1} {"b":2}', 8],
      ['{"a" 1}', 5],
      ['{1:2}', 1],
      ['{"a":,}', 5],
      ['hello', 0],
    ] as const) {
      const { isWhole, end } = cut(text);
      expect(isWhole, text).toBe(false);
      expect(end, text).toEqual({ offset, sizeBytes: text.length - offset, reason: 'not-an-object' });
    }
  });

  test('[A18] leaves out a piece that is too long, and holds none of it', () => {
    const { values, damage, isWhole } = cut(`{"a":1,"l":["${'x'.repeat(5000)}",2],"b":3}`, [64], 100);
    expect(isWhole).toBe(true);
    expect(values.slice(1, -1)).toEqual([
      { member: 'a', value: 1 },
      { member: 'l', index: 1, value: 2 },
      { member: 'b', value: 3 },
    ]);
    expect(damage).toEqual([{ offset: 12, sizeBytes: 5002, reason: 'too-long' }]);
  });

  test('[A23] goes on behind a piece that cannot be read', () => {
    const { values, damage, isWhole } = cut('{"l":[{"a":tru},{"a":true},nope,1]}');
    expect(isWhole).toBe(true);
    expect(values.slice(1, -1)).toEqual([
      { member: 'l', index: 1, value: { a: true } },
      { member: 'l', index: 3, value: 1 },
    ]);
    expect(damage.map((entry) => [entry.offset, entry.sizeBytes])).toEqual([
      [6, 9],
      [27, 4],
    ]);
  });

  test('[A47] says nothing of an empty file', () => {
    expect(cut('').values).toEqual([]);
    expect(cut('').isWhole).toBe(false);
  });
});
