import { promisify } from 'node:util';
import { deflateRaw, deflateRawSync, inflateRaw, inflateRawSync } from 'node:zlib';

const asyncFromBytes = 64 * 1024;
const deflateLater = promisify(deflateRaw);
const inflateLater = promisify(inflateRaw);

/** Level 3; what is small is done at once, what is large off the main thread. */
export async function deflate(bytes: Uint8Array): Promise<Buffer> {
  // As much room as the bytes take: what does not become smaller is not kept. The default is 16 KB for each.
  const chunkSize = Math.max(64, bytes.length);
  return bytes.length < asyncFromBytes ? deflateRawSync(bytes, { level: 3, chunkSize }) : deflateLater(bytes, { level: 3 });
}

/** Undefined when the bytes are not deflated ones, or more than `maxBytes` come out. */
export async function inflate(payload: Buffer, maxBytes: number): Promise<Buffer | undefined> {
  const options = { maxOutputLength: Math.max(1, maxBytes) };
  try {
    return payload.length < asyncFromBytes ? inflateRawSync(payload, options) : await inflateLater(payload, options);
  } catch {
    return undefined;
  }
}
