import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createNodeDigest, nodeDigest } from '../../src/store/digest.ts';

const oldNode = createNodeDigest({ crc32: undefined, hash: undefined });

test('[L6] the checksums are the known ones', () => {
  for (const digest of [nodeDigest, oldNode]) {
    expect(digest.crc32('123456789')).toBe(0xcbf43926);
    expect(digest.sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  }
});

test('[L6] a Node without the built-in checksums computes the same, of bytes and of texts', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'grapheme', maxLength: 60 }), (bytes, text) => {
      expect(oldNode.crc32(bytes)).toBe(nodeDigest.crc32(bytes));
      expect(oldNode.crc32(text)).toBe(nodeDigest.crc32(text));
      expect(nodeDigest.crc32(text)).toBe(nodeDigest.crc32(Buffer.from(text)));
      expect(oldNode.sha256(bytes)).toBe(nodeDigest.sha256(bytes));
      expect(oldNode.sha256(text)).toBe(nodeDigest.sha256(Buffer.from(text)));
    }),
  );
});
