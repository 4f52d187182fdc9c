import zlib from 'node:zlib';

/** What is packed with Zstandard cannot be unpacked here. `reason` is `no-zstd`. */
export class ZstdMissing extends Error {
  readonly reason = 'no-zstd';

  constructor() {
    super(`Node ${process.versions.node} cannot unpack Zstandard; Node 22.15 and later can`);
    this.name = 'ZstdMissing';
  }
}

/** Unpacks a block. Throws ZstdMissing, or zlib's error when it is none or unpacks to more than the limit. */
export function unpackZstd(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (!hasZstd()) throw new ZstdMissing();
  return zlib.zstdDecompressSync(bytes, { maxOutputLength: maxBytes });
}

/** A stream that unpacks what goes through it. Throws ZstdMissing. */
export function zstdUnpacker(): zlib.ZstdDecompress {
  if (!hasZstd()) throw new ZstdMissing();
  return zlib.createZstdDecompress();
}

export function hasZstd(): boolean {
  return typeof zlib.zstdDecompressSync === 'function';
}
