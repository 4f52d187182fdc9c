import type { WorkspacePath } from '../model/workspacePath.ts';
import type { SkipReason } from '../model/fileVersion.ts';
import { TimeSlice } from '../store/timeSlice.ts';
import type { KnownFile } from './knownFile.ts';

/**
 * The files of a workspace folder as they were when a session began, as one content: a first line that names the form,
 * then one JSON array a file. From it a recorder that starts again knows what has changed since.
 * `[path, size, mtimeMs, ctimeMs, ino, mode | null, 0 file | 1 link, hash | "", oid | "", reason not kept | ""]`
 */
const form = '{"tapedeck":"manifest","v":1}';
const pieceBytes = 256 * 1024;

export interface Manifest {
  readonly bytes: Uint8Array;
  readonly files: number;
  /** Files whose content neither we nor git hold. */
  readonly skipped: number;
}

export async function encodeManifest(
  files: Iterable<readonly [WorkspacePath, KnownFile]>,
  isWanted: (path: WorkspacePath) => boolean,
): Promise<Manifest> {
  const pieces: Buffer[] = [];
  const slice = new TimeSlice();
  let piece = Buffer.allocUnsafe(pieceBytes);
  let end = piece.write(`${form}\n`);
  let count = 0;
  let skipped = 0;
  // What led here has had its turn already.
  await slice.pause();
  for (const [path, file] of files) {
    if (!isWanted(path)) continue;
    count += 1;
    if (!file.isKept && file.oid === undefined) skipped += 1;
    const line = encodeLine(path, file);
    if (end + line.length * 3 > piece.length) {
      pieces.push(piece.subarray(0, end));
      piece = Buffer.allocUnsafe(Math.max(pieceBytes, line.length * 3));
      end = 0;
    }
    end += piece.write(line, end);
    if (slice.isSpent) await slice.pause();
  }
  pieces.push(piece.subarray(0, end));
  await slice.pause();
  return { bytes: Buffer.concat(pieces), files: count, skipped };
}

function encodeLine(path: WorkspacePath, file: KnownFile): string {
  const { stamp } = file;
  const times = `${stamp?.mtimeMs ?? 0},${stamp?.ctimeMs ?? 0},${stamp?.ino ?? 0}`;
  const missing = file.isKept || file.oid !== undefined ? '' : (file.skipped ?? 'lost');
  // Hashes and reasons hold nothing that JSON would have to escape.
  return `[${JSON.stringify(path)},${file.sizeBytes},${times},${file.mode ?? null},${file.type === 'link' ? 1 : 0},"${file.hash ?? ''}","${file.oid ?? ''}","${missing}"]\n`;
}

/** Hands over each file. False when it is no manifest, or of a form that is not known here. A line that is damaged costs itself alone. */
export async function decodeManifest(bytes: Uint8Array, take: (path: WorkspacePath, file: KnownFile) => void): Promise<boolean> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const slice = new TimeSlice();
  let start = buffer.indexOf(10) + 1;
  if (start === 0 || buffer.toString('utf8', 0, start - 1) !== form) return false;
  while (start < buffer.length) {
    const found = buffer.indexOf(10, start);
    const end = found < 0 ? buffer.length : found;
    const file = end === start ? undefined : decodeLine(buffer.toString('utf8', start, end));
    if (file !== undefined) take(...file);
    start = end + 1;
    if (slice.isSpent) await slice.pause();
  }
  return true;
}

function decodeLine(line: string): [WorkspacePath, KnownFile] | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts)) return undefined;
  const [path, sizeBytes, mtimeMs, ctimeMs, ino, mode, link, hash, oid, missing] = parts as unknown[];
  if (typeof path !== 'string' || typeof sizeBytes !== 'number' || typeof mtimeMs !== 'number' || typeof ctimeMs !== 'number')
    return undefined;
  const type = link === 1 ? 'link' : 'file';
  const bits = typeof mode === 'number' ? mode : undefined;
  return [
    path,
    {
      stamp: mtimeMs === 0 ? undefined : { type, sizeBytes, mtimeMs, ctimeMs, ino: typeof ino === 'number' ? ino : 0, mode: bits },
      sizeBytes,
      mode: bits,
      type,
      ...(typeof hash === 'string' && hash !== '' ? { hash } : {}),
      isKept: typeof hash === 'string' && hash !== '' && missing === '',
      ...(typeof oid === 'string' && oid !== '' ? { oid } : {}),
      ...(typeof missing === 'string' && missing !== '' && missing !== 'lost' ? { skipped: missing as SkipReason } : {}),
      isFresh: false,
    },
  ];
}
