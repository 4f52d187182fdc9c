import * as fs from 'node:fs';
import { join } from 'node:path';
import type { IgnoreRules } from '../core/ignoreRules.ts';
import { generatedMarkers } from '../core/ignoreRules.ts';

/** What the disk says of an entry without reading it. Times are Unix milliseconds with fractions (about a quarter of a microsecond). */
export interface FileStamp {
  readonly type: 'file' | 'link' | 'special';
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly ino: number;
  /** Permission bits; undefined on Windows, where there are none to speak of. */
  readonly mode: number | undefined;
}

export function stampOf(stats: fs.Stats, platform: NodeJS.Platform = process.platform): FileStamp {
  return {
    type: stats.isSymbolicLink() ? 'link' : stats.isFile() ? 'file' : 'special',
    sizeBytes: stats.size,
    mtimeMs: stats.mtimeMs,
    ctimeMs: stats.ctimeMs,
    ino: stats.ino,
    mode: platform === 'win32' || stats.isSymbolicLink() ? undefined : stats.mode & 0o777,
  };
}

export function isSameStamp(a: FileStamp, b: FileStamp): boolean {
  return (
    a.mtimeMs === b.mtimeMs &&
    a.sizeBytes === b.sizeBytes &&
    a.ctimeMs === b.ctimeMs &&
    a.ino === b.ino &&
    a.mode === b.mode &&
    a.type === b.type
  );
}

export interface ScanOptions {
  /** Absolute. */
  readonly folder: string;
  readonly rules: IgnoreRules;
  /** Paths that are in whatever the rules say. */
  readonly isTracked: (path: string) => boolean;
  readonly hasTrackedBelow: (folder: string) => boolean;
  /** Known to be in under the present rules: they are not asked again. */
  readonly isKnown: (path: string) => boolean;
  /** Absolute folders that belong to somebody else (another workspace folder inside this one). */
  readonly isForeign: (absolutePath: string) => boolean;
  readonly maxFiles: number;
  /** Where to begin, relative to the folder; '' for all of it. The folders above it are taken to be in. */
  readonly from: string;
  readonly onFile: (path: string, stamp: FileStamp) => void;
  /** A repository of its own begins in that folder. Its rules are in place when this resolves. */
  readonly onRepository?: (path: string) => Promise<void>;
}

export interface ScanResult {
  readonly files: number;
  readonly folders: number;
  /** Folders that could not be read: nothing is known of what lies below them. */
  readonly unreadable: readonly string[];
  /** There were more files than `maxFiles`: what was not met may still be there. */
  readonly isCut: boolean;
  readonly durationMs: number;
}

const atOnce = 24;
/** How long files are asked after in one go, and how long one call may take before the disk counts as slow. */
const sliceMs = 2;
const slowCallMs = 4;

/**
 * Walks a folder without following links and without holding the event loop. Where the disk answers at once (it does, from
 * the system's memory) files are asked after in slices of two milliseconds, which costs a third of asking asynchronously;
 * a disk that makes us wait is asked asynchronously, 24 calls at a time. `.gitignore` files are taken up on the way, before their siblings are judged.
 */
export async function scanFolder(options: ScanOptions): Promise<ScanResult> {
  const { folder, rules } = options;
  const startedAt = performance.now();
  const unreadable: string[] = [];
  let files = 0;
  let folders = 0;
  let isCut = false;
  const pending: { readonly path: string; readonly onlyTracked: boolean }[] = [{ path: options.from, onlyTracked: false }];

  const visit = async ({ path, onlyTracked }: { readonly path: string; readonly onlyTracked: boolean }): Promise<void> => {
    const absolute = path === '' ? folder : join(folder, path);
    let entries: fs.Dirent[];
    try {
      entries = await readFolder(absolute);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') unreadable.push(path);
      return;
    }
    folders += 1;
    let tracked = onlyTracked;
    // No tool's cache is the whole of a workspace: the folder that somebody opened is looked at whatever lies in it.
    if (path !== '' && entries.some((entry) => generatedMarkers.has(entry.name))) {
      rules.setGenerated(path, true);
      if (!options.hasTrackedBelow(path)) return;
      tracked = true;
    }
    if (path !== '' && entries.some((entry) => entry.name === '.git')) await options.onRepository?.(path);
    await takeIgnoreFile(rules, path, absolute, entries);
    for (const entry of entries) {
      const child = path === '' ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) {
        const below = judgeFolder(child, tracked);
        if (below !== undefined && !options.isForeign(join(folder, child))) pending.push({ path: child, onlyTracked: below });
      } else if (files >= options.maxFiles) isCut = true;
      else if (isIn(child, tracked)) {
        files += 1;
        pendingFiles.push(child);
      }
    }
  };

  /** Undefined: left out. True: only tracked files below. */
  const judgeFolder = (path: string, onlyTracked: boolean): boolean | undefined => {
    const verdict = rules.verdictOfEntry(path, true);
    if (verdict === 'own' || verdict === 'policy') return undefined;
    if (verdict === 'in' && !onlyTracked) return false;
    return options.hasTrackedBelow(path) ? true : undefined;
  };

  const isIn = (path: string, onlyTracked: boolean): boolean => {
    if (options.isTracked(path)) return rules.verdictOfEntry(path, false) !== 'own';
    if (onlyTracked) return false;
    if (options.isKnown(path)) return true;
    const verdict = rules.verdictOfEntry(path, false);
    // What the user's settings leave out by name is met, so that it can be told; it is not read.
    return verdict === 'in' || verdict === 'policy';
  };

  const pendingFiles: string[] = [];
  const take = (path: string, error: NodeJS.ErrnoException | null, stats: fs.Stats | undefined): void => {
    if (stats !== undefined) options.onFile(path, stampOf(stats));
    else if (error !== null && error.code !== 'ENOENT' && error.code !== 'ENOTDIR') unreadable.push(path);
  };
  let isQuick = true;
  /** A slice of files in one go where the disk answers from memory, else one at a time without waiting for it. */
  const stampSome = (): Promise<void> | undefined => {
    if (pendingFiles.length === 0) return undefined;
    if (!isQuick) {
      const path = pendingFiles.pop()!;
      return new Promise((resolve) => {
        fs.lstat(join(folder, path), (error, stats) => {
          take(path, error, error === null ? stats : undefined);
          resolve();
        });
      });
    }
    const startedAt = performance.now();
    let at = startedAt;
    for (let path = pendingFiles.pop(); path !== undefined; path = pendingFiles.pop()) {
      try {
        take(path, null, fs.lstatSync(`${folder}/${path}`, { throwIfNoEntry: false }));
      } catch (error) {
        take(path, error as NodeJS.ErrnoException, undefined);
      }
      const now = performance.now();
      if (now - at > slowCallMs) isQuick = false;
      at = now;
      if (!isQuick || now - startedAt > sliceMs) break;
    }
    return new Promise((resolve) => setImmediate(resolve));
  };
  // Folders first: they bring the ignore files, and more work for the others.
  const nextJob = (): Promise<void> | undefined => {
    const next = pending.pop();
    return next === undefined ? stampSome() : visit(next);
  };
  await new Promise<void>((resolve, reject) => {
    let running = 0;
    const fill = (): void => {
      while (running < atOnce) {
        const job = nextJob();
        if (job === undefined) break;
        running += 1;
        job.then(() => {
          running -= 1;
          fill();
        }, reject);
        // One slice a turn of the loop: several in a row would hold it as one.
        if (isQuick && pending.length === 0) break;
      }
      if (running === 0) resolve();
    };
    fill();
  });
  return { files, folders, unreadable, isCut, durationMs: performance.now() - startedAt };
}

function readFolder(path: string): Promise<fs.Dirent[]> {
  return new Promise((resolve, reject) => {
    fs.readdir(path, { withFileTypes: true }, (error, entries) => (error === null ? resolve(entries) : reject(error)));
  });
}

async function takeIgnoreFile(rules: IgnoreRules, path: string, absolute: string, entries: readonly fs.Dirent[]): Promise<void> {
  if (!entries.some((entry) => entry.name === '.gitignore' && entry.isFile())) {
    rules.setFile(path, undefined);
    return;
  }
  try {
    rules.setFile(path, await fs.promises.readFile(join(absolute, '.gitignore'), 'utf8'));
  } catch {
    rules.setFile(path, undefined);
  }
}
