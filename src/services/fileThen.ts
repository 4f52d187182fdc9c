import type { LoggedFile } from '../core/touchedFiles.ts';
import type { ContentStore } from '../store/contentStore.ts';
import type { DiskFileSystem } from '../store/diskFileSystem.ts';
import { readWholeFile, ReadingStopped } from '../store/fileReading.ts';
import { absolutePath, readLinkTarget, readPresentFile, type FilePlace, type RestorePlatform } from '../store/presentFile.ts';

/** A file as it was at a point. For a link `bytes` is its target's text. */
export type FileThen =
  | { readonly state: 'absent' }
  | { readonly state: 'kept'; readonly bytes: Uint8Array; readonly type: 'file' | 'link' }
  | { readonly state: 'missing'; readonly reason: string };

const maxBytes = 512 * 1024 * 1024;

/** A file that the log knows. */
export async function readFileThen(file: LoggedFile, content: ContentStore): Promise<FileThen> {
  if (file.state === 'absent') return file;
  if (file.state === 'unknown') return { state: 'missing', reason: file.reason };
  const { version } = file;
  const bytes = version.hash === undefined ? undefined : await content.get(version.hash);
  return bytes === undefined
    ? { state: 'missing', reason: version.missing ?? 'content-gone' }
    : { state: 'kept', bytes, type: version.type };
}

/** A file that the session never touched: it was then what it is now. */
export async function readFileNow(
  place: FilePlace | 'outside' | 'folder-not-open',
  fileSystem: DiskFileSystem,
  platform: RestorePlatform,
): Promise<FileThen> {
  if (typeof place === 'string') return { state: 'missing', reason: place };
  const found = await readPresentFile(fileSystem, place, platform);
  if (found.state === 'special' || found.state === 'unreadable') return { state: 'missing', reason: found.state };
  if (found.state !== 'file') return { state: 'absent' };
  try {
    if (found.version.type === 'link') return { state: 'kept', type: 'link', bytes: await readLinkTarget(fileSystem, absolutePath(place)) };
    const read = await readWholeFile(fileSystem, absolutePath(place), { maxBytes, largeBytes: maxBytes }, () =>
      Promise.reject(new Error('too large')),
    );
    return 'bytes' in read ? { state: 'kept', type: 'file', bytes: read.bytes } : { state: 'missing', reason: 'too-large' };
  } catch (error) {
    return { state: 'missing', reason: error instanceof ReadingStopped ? error.answer.missing : 'unreadable' };
  }
}
