import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TranscriptFile } from '../core/transcripts/adapter.ts';

const maxBytes = 8 * 1024 * 1024;

/**
 * The text of a small file below a folder, for what agents keep beside their transcripts. Undefined when it is not there,
 * is no plain file, is larger than 8 MiB, cannot be read, or would lie outside the folder.
 * @param relative with `/`.
 */
export function readBeside(folder: string, relative: string): string | undefined {
  const parts = relative.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || /[\\:\0]/.test(part))) return undefined;
  const path = join(folder, ...parts);
  try {
    const info = statSync(path);
    return info.isFile() && info.size <= maxBytes ? readFileSync(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads what lies beside a transcript, by paths below the same root. Nothing where the file's path does not end with its
 * path below the root, as that of a session in a database does not.
 */
export function besideReader(file: TranscriptFile): (relative: string) => string | undefined {
  const root = file.path.slice(0, file.path.length - file.relative.length);
  const isBelow = file.path.slice(root.length).replaceAll('\\', '/') === file.relative && /[\\/]$/.test(root);
  return (relative) => (isBelow ? readBeside(root, relative) : undefined);
}
