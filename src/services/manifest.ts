import type { WorkspacePath } from '../model/workspacePath.ts';
import type { SkipReason } from '../model/fileVersion.ts';
import type { KnownFile } from './fileTracker.ts';

/**
 * The files of a workspace folder as they were when a session began, as one content: a first line that names the form,
 * then one JSON array a file. From it a recorder that starts again knows what has changed since.
 * `[path, size, mtimeMs, ctimeMs, ino, mode | null, 0 file | 1 link, hash | "", oid | "", reason not kept | ""]`
 */
const form = '{"tapedeck":"manifest","v":1}';
const linesAtOnce = 2000;

export async function encodeManifest(files: Iterable<readonly [WorkspacePath, KnownFile]>): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let lines: string[] = [form];
  for (const [path, file] of files) {
    const stamp = file.stamp;
    lines.push(
      JSON.stringify([
        path,
        file.sizeBytes,
        stamp?.mtimeMs ?? 0,
        stamp?.ctimeMs ?? 0,
        stamp?.ino ?? 0,
        file.mode ?? null,
        file.type === 'link' ? 1 : 0,
        file.hash ?? '',
        file.oid ?? '',
        file.isKept || file.oid !== undefined ? '' : (file.skipped ?? 'lost'),
      ]),
    );
    if (lines.length >= linesAtOnce) {
      pieces.push(Buffer.from(`${lines.join('\n')}\n`));
      lines = [];
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  pieces.push(Buffer.from(`${lines.join('\n')}\n`));
  return Buffer.concat(pieces);
}

/** Undefined when it is no manifest, or of a form that is not known here. A line that is damaged costs itself alone. */
export async function decodeManifest(bytes: Uint8Array): Promise<Map<WorkspacePath, KnownFile> | undefined> {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8').split('\n');
  if (lines[0] !== form) return undefined;
  const files = new Map<WorkspacePath, KnownFile>();
  for (let i = 1; i < lines.length; i++) {
    if (i % linesAtOnce === 0) await new Promise((resolve) => setImmediate(resolve));
    if (lines[i] === '') continue;
    const file = decodeLine(lines[i]!);
    if (file !== undefined) files.set(...file);
  }
  return files;
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
