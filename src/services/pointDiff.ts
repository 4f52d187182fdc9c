import { createTwoFilesPatch } from 'diff';
import { isSameLogged, type LoggedFile } from '../core/touchedFiles.ts';
import type { ContentHash } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';

/** A file that differs between two points of the past. */
export interface FileDifference {
  readonly path: WorkspacePath;
  readonly change: 'created' | 'deleted' | 'changed' | 'mode';
  readonly before: LoggedFile;
  readonly after: LoggedFile;
}

/** By path. Both maps name every file that was touched from the first point on (`Rewinder.filesAt`). A content that was not kept differs from any other. */
export function compareFiles(
  before: ReadonlyMap<WorkspacePath, LoggedFile>,
  after: ReadonlyMap<WorkspacePath, LoggedFile>,
): FileDifference[] {
  const differences: FileDifference[] = [];
  for (const path of [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => (a < b ? -1 : 1))) {
    const a = before.get(path);
    const b = after.get(path);
    if (a === undefined || b === undefined || isSameLogged(a, b)) continue;
    if (a.state === 'unknown' && b.state === 'unknown' && a.reason === b.reason) continue;
    differences.push({ path, change: changeOf(a, b), before: a, after: b });
  }
  return differences;
}

function changeOf(a: LoggedFile, b: LoggedFile): FileDifference['change'] {
  if (a.state === 'absent') return 'created';
  if (b.state === 'absent') return 'deleted';
  const isSameContent = a.state === 'version' && b.state === 'version' && a.version.hash !== undefined && a.version.hash === b.version.hash;
  return isSameContent && a.version.type === b.version.type ? 'mode' : 'changed';
}

/** The difference as a unified diff with its header, LF; one line in words where the contents cannot be compared. */
export async function unifiedDiff(
  { path, change, before, after }: FileDifference,
  read: (hash: ContentHash) => Promise<Uint8Array | undefined>,
): Promise<string> {
  if (change === 'mode') return `${path}: mode ${modeOf(before)} → ${modeOf(after)}\n`;
  const [a, b] = [await bytesOf(before, read), await bytesOf(after, read)];
  const lost = typeof a === 'string' ? a : typeof b === 'string' ? b : undefined;
  if (lost !== undefined) return `${path}: ${change}; the content was not kept: ${lost}\n`;
  if (isBinary(a as Uint8Array) || isBinary(b as Uint8Array)) return `${path}: ${change}; a binary file\n`;
  const decoder = new TextDecoder();
  const patch = createTwoFilesPatch(
    before.state === 'absent' ? '/dev/null' : `a/${path}`,
    after.state === 'absent' ? '/dev/null' : `b/${path}`,
    decoder.decode(a as Uint8Array),
    decoder.decode(b as Uint8Array),
    undefined,
    undefined,
    { context: 3, timeout: diffTimeoutMs },
  );
  // Found too long to be told line by line.
  if (patch === undefined) return `${path}: ${change}; the difference is too large to be shown\n`;
  return patch.replace(/^=+\n/, '');
}

const diffTimeoutMs = 5000;

/** A text says why there is no content. */
async function bytesOf(file: LoggedFile, read: (hash: ContentHash) => Promise<Uint8Array | undefined>): Promise<Uint8Array | string> {
  if (file.state === 'absent') return new Uint8Array();
  if (file.state === 'unknown') return file.reason;
  const { hash, missing } = file.version;
  return (hash === undefined ? undefined : await read(hash)) ?? missing ?? 'content-gone';
}

const isBinary = (bytes: Uint8Array): boolean => bytes.subarray(0, 8000).includes(0);
const modeOf = (file: LoggedFile): string => (file.state === 'version' ? (file.version.mode?.toString(8) ?? '?') : '?');
