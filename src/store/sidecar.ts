import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../model/digest.ts';
import type { SessionLayout } from './layout.ts';
import { replaceFile } from './replaceFile.ts';
import type { SegmentFile } from './segmentFile.ts';

/**
 * What is derived from one segment and kept beside it in the session's cache: `cache/<segment>.<kind>`.
 *
 *   magic `TDSC` · format 1 · version of the kind · covered bytes · the segment's last bytes before there · payload · CRC-32
 *
 * - It may be missing, cut, damaged, or of another version at any moment: then there is none, and it is made again.
 * - It says how far into its segment it goes, and holds the 64 bytes that end there. They end with a line's `prev` and `crc`,
 *   so they stand for everything before them: a segment that was replaced or rewritten has no sidecar any more.
 * - It is never believed about an event: what it points to is read from the segment and checked there.
 */
export interface SidecarKind {
  /** The end of the file's name: letters only. */
  readonly name: string;
  /** Raised with each change of the payload's form; one of another version is ignored. */
  readonly version: number;
}

export interface Sidecar {
  /** Bytes of the segment that it was made from, from the start; always the end of a whole line. */
  readonly coveredBytes: number;
  readonly payload: Buffer;
}

const magic = 'TDSC';
const formatVersion = 1;
const anchorBytes = 64;
/** magic, format, kind's version, covered bytes (as a double: exact up to 2^53), anchor. */
const headBytes = 4 + 2 + 2 + 8 + anchorBytes;
const crcBytes = 4;

export function sidecarPath(session: SessionLayout, segment: SegmentFile, kind: SidecarKind): string {
  return join(session.cache, `${segment.name}.${kind.name}`);
}

/** The sidecar of that segment as it is now, or undefined when there is none to be trusted. Never rejects. */
export async function readSidecar(
  session: SessionLayout,
  segment: SegmentFile,
  kind: SidecarKind,
  digest: Digest,
): Promise<Sidecar | undefined> {
  try {
    const bytes = await readFile(sidecarPath(session, segment, kind));
    const end = bytes.length - crcBytes;
    if (end < headBytes || bytes.toString('latin1', 0, 4) !== magic || digest.crc32(bytes.subarray(0, end)) !== bytes.readUInt32LE(end))
      return undefined;
    if (bytes.readUInt16LE(4) !== formatVersion || bytes.readUInt16LE(6) !== kind.version) return undefined;
    const coveredBytes = bytes.readDoubleLE(8);
    if (!(coveredBytes <= segment.sizeBytes)) return undefined;
    const anchor = await readAnchor(segment, coveredBytes);
    if (anchor === undefined || anchor.compare(bytes, 16, headBytes) !== 0) return undefined;
    return { coveredBytes, payload: bytes.subarray(headBytes, end) };
  } catch {
    return undefined;
  }
}

/** Keeps what was made of the segment's first `coveredBytes`. False when it could not be kept: it only costs time. */
export async function writeSidecar(
  session: SessionLayout,
  segment: SegmentFile,
  kind: SidecarKind,
  { coveredBytes, payload }: { readonly coveredBytes: number; readonly payload: Uint8Array },
  digest: Digest,
): Promise<boolean> {
  try {
    const anchor = await readAnchor(segment, coveredBytes);
    if (anchor === undefined) return false;
    const head = Buffer.alloc(headBytes);
    head.write(magic, 'latin1');
    head.writeUInt16LE(formatVersion, 4);
    head.writeUInt16LE(kind.version, 6);
    head.writeDoubleLE(coveredBytes, 8);
    anchor.copy(head, 16);
    const checked = Buffer.concat([head, payload]);
    const crc = Buffer.alloc(crcBytes);
    crc.writeUInt32LE(digest.crc32(checked));
    await replaceFile(sidecarPath(session, segment, kind), Buffer.concat([checked, crc]));
    return true;
  } catch {
    return false;
  }
}

/** The last bytes before that place, with zeros before them in a segment that is shorter. */
async function readAnchor(segment: SegmentFile, coveredBytes: number): Promise<Buffer | undefined> {
  const anchor = Buffer.alloc(anchorBytes);
  const length = Math.min(anchorBytes, coveredBytes);
  if (!Number.isSafeInteger(coveredBytes) || length <= 0) return undefined;
  const handle = await open(segment.path, 'r');
  try {
    const { bytesRead } = await handle.read(anchor, anchorBytes - length, length, coveredBytes - length);
    return bytesRead === length ? anchor : undefined;
  } finally {
    await handle.close();
  }
}
