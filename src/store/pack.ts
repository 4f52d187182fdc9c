import type { Digest } from '../model/digest.ts';
import type { ContentHash } from '../model/ids.ts';
import type { DiskFile } from './diskFileSystem.ts';

/**
 * The format of a pack: 8 bytes of name, then records that are only ever appended by the one writer whose name the file
 * bears. A record is a header of 56 bytes and a payload:
 *   u32 magic · u8 codec · u8 depth · u16 zero · u32 rawSize · u32 storedSize · 32 bytes SHA-256 of the raw bytes ·
 *   u32 CRC-32 of the payload · u32 CRC-32 of the header before it. Numbers are little-endian.
 * A codec that this version does not know is stepped over and counted, so a later version may add one (zstd …).
 */
export const packName = Buffer.from('TDPACK1\n', 'latin1');
export const recordHeaderBytes = 56;
const magic = 0x31524454;
const magicBytes = Buffer.from('TDR1', 'latin1');

/** What the payload is. The number is what stands on disk: never reused, never renumbered. */
export const codecNumbers = { raw: 0, deflateRaw: 1, delta: 2, deltaDeflateRaw: 3 } as const;
export type Codec = keyof typeof codecNumbers;
const codecNames = Object.fromEntries(Object.entries(codecNumbers).map(([name, number]) => [number, name])) as Record<number, Codec>;

/** How many deltas may stand on each other before a whole content is written again. */
export const maxDeltaDepth = 32;

export interface PackRecordHead {
  readonly codec: Codec | 'unknown';
  /** 0 for a whole content, else the number of deltas down to one. */
  readonly depth: number;
  readonly rawBytes: number;
  readonly storedBytes: number;
  readonly hash: ContentHash;
  readonly payloadCrc: number;
}

export interface PackRecord extends PackRecordHead {
  /** Where its header begins in the pack. */
  readonly offset: number;
}

/** A stretch of a pack that holds no readable record. */
export interface PackDamage {
  readonly from: number;
  readonly to: number;
  readonly reason: 'header' | 'name' | 'codec' | 'payload' | 'hash' | 'base' | 'gone' | 'torn';
}

/** A content that is stored but cannot be read as it was. */
export interface ContentDamage extends PackDamage {
  /** Name in the blobs folder. */
  readonly file: string;
  readonly hash?: ContentHash;
}

export function encodeRecord(
  codec: Codec,
  depth: number,
  rawBytes: number,
  hash: ContentHash,
  payload: Uint8Array,
  digest: Digest,
): Buffer {
  const record = Buffer.allocUnsafe(recordHeaderBytes + payload.length);
  record.writeUInt32LE(magic, 0);
  record.writeUInt8(codecNumbers[codec], 4);
  record.writeUInt8(depth, 5);
  record.writeUInt16LE(0, 6);
  record.writeUInt32LE(rawBytes, 8);
  record.writeUInt32LE(payload.length, 12);
  record.write(hash, 16, 32, 'hex');
  record.writeUInt32LE(digest.crc32(payload), 48);
  record.writeUInt32LE(digest.crc32(record.subarray(0, 52)), 52);
  record.set(payload, recordHeaderBytes);
  return record;
}

/** The header at `at`, or undefined when the bytes there are none. */
export function decodeRecordHead(bytes: Buffer, at: number, digest: Digest): PackRecordHead | undefined {
  if (at + recordHeaderBytes > bytes.length || bytes.readUInt32LE(at) !== magic) return undefined;
  if (bytes.readUInt32LE(at + 52) !== digest.crc32(bytes.subarray(at, at + 52))) return undefined;
  return {
    codec: codecNames[bytes.readUInt8(at + 4)] ?? 'unknown',
    depth: bytes.readUInt8(at + 5),
    rawBytes: bytes.readUInt32LE(at + 8),
    storedBytes: bytes.readUInt32LE(at + 12),
    hash: bytes.toString('hex', at + 16, at + 48),
    payloadCrc: bytes.readUInt32LE(at + 48),
  };
}

export interface PackScan {
  readonly records: readonly PackRecord[];
  readonly damage: readonly PackDamage[];
  /** Everything before it is read; what lies behind it is torn, or is being written at this moment. */
  readonly readTo: number;
}

const chunkBytes = 256 * 1024;

/**
 * Reads the headers of a pack from `from` (0, or the `readTo` of an earlier scan) to its present end `size`. A damaged
 * stretch costs itself alone: the scan goes on at the next sound header.
 */
export async function scanPack(file: DiskFile, from: number, size: number, digest: Digest): Promise<PackScan> {
  const records: PackRecord[] = [];
  const damage: PackDamage[] = [];
  let chunk = Buffer.alloc(0);
  let chunkAt = 0;
  /** The bytes from `at` on: at least a header's worth unless the pack ends before. */
  const need = async (at: number): Promise<number> => {
    if (at < chunkAt || at + recordHeaderBytes > chunkAt + chunk.length) {
      const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(chunkBytes, size - at)));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      chunk = buffer.subarray(0, bytesRead);
      chunkAt = at;
    }
    return at - chunkAt;
  };

  let at = from;
  if (at === 0) {
    if (size < packName.length) return { records, damage, readTo: 0 };
    const start = await need(0);
    if (chunk.compare(packName, 0, packName.length, start, start + packName.length) === 0) at = packName.length;
    else {
      const next = await findHeader(1);
      if (next === undefined) return { records, damage, readTo: 0 };
      damage.push({ from: 0, to: next, reason: 'name' });
      at = next;
    }
  }
  while (at + recordHeaderBytes <= size) {
    const inChunk = await need(at);
    const head = decodeRecordHead(chunk, inChunk, digest);
    if (head === undefined) {
      const next = await findHeader(at + 1);
      if (next === undefined) break;
      damage.push({ from: at, to: next, reason: 'header' });
      at = next;
      continue;
    }
    const end = at + recordHeaderBytes + head.storedBytes;
    if (end > size) break;
    if (head.codec === 'unknown') damage.push({ from: at, to: end, reason: 'codec' });
    else records.push({ ...head, offset: at });
    at = end;
  }
  return { records, damage, readTo: at };

  async function findHeader(start: number): Promise<number | undefined> {
    let at = start;
    while (at + recordHeaderBytes <= size) {
      const inChunk = await need(at);
      if (chunk.length - inChunk < recordHeaderBytes) return undefined;
      const found = chunk.indexOf(magicBytes, inChunk);
      if (found < 0) {
        at = chunkAt + chunk.length - (magicBytes.length - 1);
        // Makes the next read begin here, though a header's worth may still be in this chunk.
        chunk = chunk.subarray(0, 0);
        continue;
      }
      const foundAt = chunkAt + found;
      if (foundAt + recordHeaderBytes > size) return undefined;
      const foundInChunk = await need(foundAt);
      if (decodeRecordHead(chunk, foundInChunk, digest) !== undefined) return foundAt;
      at = foundAt + 1;
    }
    return undefined;
  }
}
