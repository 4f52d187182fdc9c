import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Stats } from 'node:fs';
import type { PresentFile } from '../core/rewindPlan.ts';
import type { FileVersion } from '../model/fileVersion.ts';
import { failureCode, type DiskFileSystem } from './diskFileSystem.ts';
import { openForReading, readPieces } from './fileReading.ts';

/** What of the platform matters to a rewind; handed in, so that one system's ways can be tried on another. */
export interface RestorePlatform {
  /** Windows: no mode bits, names reserved by the system, locks on open files. */
  readonly isWindows: boolean;
  /** Names that differ in case, or in how their accents are composed, may mean the same file: they are compared with the folder's own list. */
  readonly foldsNames: boolean;
}

export const restorePlatform = (platform: NodeJS.Platform = process.platform): RestorePlatform => ({
  isWindows: platform === 'win32',
  foldsNames: platform === 'win32' || platform === 'darwin',
});

/** A file named by a folder of the disk and a path in it, with `/`. */
export interface FilePlace {
  /** Absolute. */
  readonly root: string;
  readonly relative: string;
}

/** What is on disk, before its parents' names are turned into those of the log. */
export type FoundFile =
  | Exclude<PresentFile, { readonly state: 'folder' } | { readonly state: 'blocked' }>
  | { readonly state: 'folder' }
  /** `by`: the relative path of the link or file that stands above. */
  | { readonly state: 'blocked'; readonly by: string };

export const absolutePath = (place: FilePlace): string => join(place.root, place.relative);

/** What a look along a path found, without reading anything. */
export type PlaceLook =
  | { readonly state: 'absent' }
  | { readonly state: 'unreadable' }
  | { readonly state: 'blocked'; readonly by: string }
  | { readonly state: 'there'; readonly path: string; readonly stats: Stats };

/**
 * Looks along the path without following any link, in its parents or itself. `folders`: absolute paths that were found to be
 * folders a moment ago, and are not asked again; grows.
 */
export async function lookAtPlace(
  fileSystem: DiskFileSystem,
  place: FilePlace,
  platform: RestorePlatform,
  folders?: Set<string>,
): Promise<PlaceLook> {
  const parts = place.relative.split('/');
  let folder = place.root;
  for (let index = 0; index < parts.length; index++) {
    const path = join(folder, parts[index]!);
    const isLast = index === parts.length - 1;
    if (!isLast && folders?.has(path) === true) {
      folder = path;
      continue;
    }
    const found = await lookAt(fileSystem, path);
    if (found === 'unreadable') return { state: 'unreadable' };
    if (found === undefined || (platform.foldsNames && !(await isListed(fileSystem, folder, parts[index]!)))) return { state: 'absent' };
    if (isLast) return { state: 'there', path, stats: found };
    if (!found.isDirectory()) return { state: 'blocked', by: parts.slice(0, index + 1).join('/') };
    folders?.add(path);
    folder = path;
  }
  return { state: 'absent' };
}

/** Looks at a file without following any link, in its parents or itself. Reads its content for the hash. */
export async function readPresentFile(fileSystem: DiskFileSystem, place: FilePlace, platform: RestorePlatform): Promise<FoundFile> {
  return readLookedAt(fileSystem, await lookAtPlace(fileSystem, place, platform), platform);
}

/** The same where it was looked already. */
export async function readLookedAt(fileSystem: DiskFileSystem, look: PlaceLook, platform: RestorePlatform): Promise<FoundFile> {
  return look.state === 'there' ? versionOf(fileSystem, look.path, look.stats, platform) : look;
}

async function versionOf(fileSystem: DiskFileSystem, path: string, found: Stats, platform: RestorePlatform): Promise<FoundFile> {
  try {
    if (found.isDirectory()) return { state: 'folder' };
    if (found.isSymbolicLink()) {
      const target = await readLinkTarget(fileSystem, path);
      return {
        state: 'file',
        version: { hash: createHash('sha256').update(target).digest('hex'), sizeBytes: target.length, type: 'link' },
      };
    }
    if (!found.isFile()) return { state: 'special' };
    const file = await openForReading(fileSystem, path);
    try {
      const hash = createHash('sha256');
      let sizeBytes = 0;
      for await (const piece of readPieces(file, found.size)) {
        hash.update(piece);
        sizeBytes += piece.length;
      }
      const version: FileVersion = { hash: hash.digest('hex'), sizeBytes, type: 'file' };
      return { state: 'file', version: platform.isWindows ? version : { ...version, mode: found.mode & 0o777 } };
    } finally {
      await file.close();
    }
  } catch (error) {
    return failureCode(error) === 'ENOENT' ? { state: 'absent' } : { state: 'unreadable' };
  }
}

/** The text of a link, as bytes: names need not be Unicode. */
export async function readLinkTarget(fileSystem: DiskFileSystem, path: string): Promise<Buffer> {
  return fileSystem.readlink(path, { encoding: 'buffer' });
}

export async function lookAt(fileSystem: DiskFileSystem, path: string): Promise<Stats | undefined | 'unreadable'> {
  try {
    return await fileSystem.lstat(path);
  } catch (error) {
    const code = failureCode(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : 'unreadable';
  }
}

async function isListed(fileSystem: DiskFileSystem, folder: string, name: string): Promise<boolean> {
  try {
    return (await fileSystem.readdir(folder)).includes(name);
  } catch {
    return false;
  }
}
