import * as crypto from 'node:crypto';
import * as zlib from 'node:zlib';
import type { Digest } from '../model/digest.ts';

/** Node's own checksums. Those that came late to Node 20 (`zlib.crc32` in 20.15, `crypto.hash` in 20.12) have a fallback. */
export const nodeDigest: Digest = createNodeDigest({ crc32: zlib.crc32, hash: crypto.hash });

interface LateParts {
  readonly crc32: ((data: string | Buffer | NodeJS.ArrayBufferView) => number) | undefined;
  readonly hash: ((algorithm: string, data: string | NodeJS.ArrayBufferView) => string) | undefined;
}

/** A digest from what this Node has. Exported so that the fallbacks can be held against the built-in ones. */
export function createNodeDigest(parts: LateParts): Digest {
  const { crc32, hash } = parts;
  return {
    crc32: typeof crc32 === 'function' ? (content) => crc32(content) : (content) => crc32ByTable(content),
    sha256:
      typeof hash === 'function'
        ? (content) => hash('sha256', content)
        : (content) => crypto.createHash('sha256').update(content).digest('hex'),
    md5(content) {
      try {
        return crypto.createHash('md5').update(content).digest('hex');
      } catch {
        // A machine that allows only what is approved.
        return undefined;
      }
    },
  };
}

/** The first 16 bytes of the SHA-256, as 16 characters of code 0 to 255: what a chain of lines holds, in the form that costs least. */
export const hash128: (content: Uint8Array) => string =
  typeof crypto.hash === 'function'
    ? (content) => crypto.hash('sha256', content, 'binary').slice(0, 16)
    : (content) => crypto.createHash('sha256').update(content).digest('binary').slice(0, 16);

let table: Uint32Array | undefined;

function crc32ByTable(content: Uint8Array | string): number {
  table ??= createTable();
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  let crc = 0xffffffff;
  for (const byte of bytes) crc = table[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function createTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
    return value >>> 0;
  });
}
