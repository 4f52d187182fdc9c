import fc from 'fast-check';
import { expect, test } from 'vitest';
import { excerptOf } from '../../src/core/excerpt.ts';
import { nodeDigest } from '../../src/store/digest.ts';

const limit = { headBytes: 10, tailBytes: 6 };

test('[A8] keeps a text within the limit as it is', () => {
  expect(excerptOf('0123456789abcdef', limit, nodeDigest)).toEqual({ head: '0123456789abcdef', sizeBytes: 16 });
});

test('[A8] keeps the head and tail of a longer text, with size and hash of the whole', () => {
  const text = `0123456789${'x'.repeat(50)}abcdef`;
  expect(excerptOf(text, limit, nodeDigest)).toEqual({ head: '0123456789', tail: 'abcdef', sizeBytes: 66, hash: nodeDigest.sha256(text) });
});

test('[A8] cuts between characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 20, maxLength: 60 }), (text) => {
      const { head, tail } = excerptOf(text, limit, nodeDigest);
      expect(text.startsWith(head)).toBe(true);
      expect(text.endsWith(tail ?? '')).toBe(true);
      expect(Buffer.byteLength(head) + Buffer.byteLength(tail ?? '')).toBeLessThanOrEqual(tail === undefined ? 16 : 19);
    }),
  );
});
