import { join } from 'node:path';
import type { Digest } from '../model/digest.ts';
import { writeFully, type DiskFileSystem } from './diskFileSystem.ts';
import { readWholeFile } from './fileReading.ts';
import { codecNumbers, type Codec, type PackRecord } from './pack.ts';

/**
 * What a scan of a pack found, kept in the cache folder so that a store with many contents opens without reading its packs.
 * Trusted only as far as it states, and only if whole: `TDPSUM1\n`, u64 readTo, u32 count, records, u32 CRC-32 of all before.
 * A record: u8 codec, u8 depth, u16 zero, u32 rawBytes, u32 storedBytes, u32 payloadCrc, u64 offset, 32 bytes hash.
 */
const name = Buffer.from('TDPSUM1\n', 'latin1');
const recordBytes = 56;
const headBytes = 20;

export interface PackSummary {
  readonly readTo: number;
  readonly records: readonly PackRecord[];
}

const codecNames = Object.entries(codecNumbers) as [Codec, number][];

export function encodeSummary(summary: PackSummary, digest: Digest): Buffer {
  const bytes = Buffer.alloc(headBytes + summary.records.length * recordBytes + 4);
  name.copy(bytes);
  bytes.writeBigUInt64LE(BigInt(summary.readTo), 8);
  bytes.writeUInt32LE(summary.records.length, 16);
  let at = headBytes;
  for (const record of summary.records) {
    if (record.codec === 'unknown') continue;
    bytes.writeUInt8(codecNumbers[record.codec], at);
    bytes.writeUInt8(record.depth, at + 1);
    bytes.writeUInt32LE(record.rawBytes, at + 4);
    bytes.writeUInt32LE(record.storedBytes, at + 8);
    bytes.writeUInt32LE(record.payloadCrc, at + 12);
    bytes.writeBigUInt64LE(BigInt(record.offset), at + 16);
    bytes.write(record.hash, at + 24, 32, 'hex');
    at += recordBytes;
  }
  bytes.writeUInt32LE(digest.crc32(bytes.subarray(0, at)), at);
  return bytes.subarray(0, at + 4);
}

/** Undefined when the bytes are not a whole summary. */
export function decodeSummary(bytes: Buffer, digest: Digest): PackSummary | undefined {
  if (bytes.length < headBytes + 4 || !bytes.subarray(0, 8).equals(name)) return undefined;
  const end = bytes.length - 4;
  const count = bytes.readUInt32LE(16);
  if (end !== headBytes + count * recordBytes || bytes.readUInt32LE(end) !== digest.crc32(bytes.subarray(0, end))) return undefined;
  const records: PackRecord[] = [];
  for (let at = headBytes; at < end; at += recordBytes) {
    const codec = codecNames.find(([, number]) => number === bytes.readUInt8(at))?.[0];
    if (codec === undefined) return undefined;
    records.push({
      codec,
      depth: bytes.readUInt8(at + 1),
      rawBytes: bytes.readUInt32LE(at + 4),
      storedBytes: bytes.readUInt32LE(at + 8),
      payloadCrc: bytes.readUInt32LE(at + 12),
      offset: Number(bytes.readBigUInt64LE(at + 16)),
      hash: bytes.toString('hex', at + 24, at + 56),
    });
  }
  return { readTo: Number(bytes.readBigUInt64LE(8)), records };
}

const maxBytes = 256 * 1024 * 1024;
const fileName = (pack: string): string => `${pack}.sum`;

export async function readSummary(
  fileSystem: DiskFileSystem,
  folder: string,
  pack: string,
  digest: Digest,
): Promise<PackSummary | undefined> {
  try {
    const limits = { maxBytes, largeBytes: maxBytes };
    const read = await readWholeFile(fileSystem, join(folder, fileName(pack)), limits, () => Promise.reject(new Error('too large')));
    return 'bytes' in read ? decodeSummary(read.bytes, digest) : undefined;
  } catch {
    return undefined;
  }
}

/** Best effort: without it the next opening reads the pack itself. */
export async function writeSummary(
  fileSystem: DiskFileSystem,
  folder: string,
  pack: string,
  summary: PackSummary,
  digest: Digest,
): Promise<void> {
  const path = join(folder, fileName(pack));
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await fileSystem.mkdir(folder, { recursive: true });
    const file = await fileSystem.open(temporary, 'w');
    try {
      await writeFully(file, encodeSummary(summary, digest));
    } finally {
      await file.close();
    }
    await fileSystem.rename(temporary, path);
  } catch {
    await fileSystem.unlink(temporary).catch(() => {});
  }
}
