import * as fs from 'node:fs';
import { join } from 'node:path';
import type { IgnoreRules } from '../core/ignoreRules.ts';
import { generatedMarkers, isOwnName } from '../core/ignoreRules.ts';
import { inParallel } from '../base/inParallel.ts';
import { DiskPace } from './diskPace.ts';
import { TimeSlice } from './timeSlice.ts';

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
  /** Of the disk; default: one that begins by trusting it. */
  readonly pace?: DiskPace;
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

const foldersAtOnce = 24;
const filesAtOnce = 16;

/**
 * Walks a folder without following links and without holding the event loop. Where the disk answers at once (it does, from
 * the system's memory) it is asked directly, in slices of a few milliseconds, which costs a third of asking asynchronously;
 * a disk that makes us wait is asked asynchronously, many folders and files at a time. `.gitignore` files are taken up on
 * the way, before their siblings are judged.
 */
export async function scanFolder(options: ScanOptions): Promise<ScanResult> {
  const { folder, rules } = options;
  const startedAt = performance.now();
  const pace = options.pace ?? new DiskPace();
  const slice = new TimeSlice();
  const unreadable: string[] = [];
  let files = 0;
  let folders = 0;
  let isCut = false;
  const pending: PendingFolder[] = [{ path: options.from, onlyTracked: false }];

  const visit = async ({ path, onlyTracked }: PendingFolder): Promise<void> => {
    const absolute = path === '' ? folder : join(folder, path);
    let entries: fs.Dirent[];
    try {
      entries = await readFolder(absolute, pace);
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
    let waiting: string[] | undefined;
    for (const entry of entries) {
      const child = path === '' ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) {
        const below = judgeFolder(child, tracked);
        if (below !== undefined && !options.isForeign(join(folder, child))) pending.push({ path: child, onlyTracked: below });
      } else if (!isIn(child, entry.name, tracked)) continue;
      else if (files >= options.maxFiles) isCut = true;
      else {
        files += 1;
        if (pace.isQuick) stampNow(child);
        else (waiting ??= []).push(child);
      }
      while (slice.isSpent) await slice.pause();
    }
    if (waiting !== undefined) await inParallel(waiting, filesAtOnce, stampLater);
  };

  /** Undefined: left out. True: only tracked files below. */
  const judgeFolder = (path: string, onlyTracked: boolean): boolean | undefined => {
    const verdict = rules.verdictOfEntry(path, true);
    if (verdict === 'own' || verdict === 'policy') return undefined;
    if (verdict === 'in' && !onlyTracked) return false;
    return options.hasTrackedBelow(path) ? true : undefined;
  };

  const isIn = (path: string, name: string, onlyTracked: boolean): boolean => {
    if (options.isTracked(path)) return !isOwnName(name);
    if (onlyTracked) return false;
    if (options.isKnown(path)) return true;
    const verdict = rules.verdictOfEntry(path, false);
    // What the user's settings leave out by name is met, so that it can be told; it is not read.
    return verdict === 'in' || verdict === 'policy';
  };

  const stampNow = (path: string): void => {
    const calledAt = performance.now();
    let stats: fs.Stats | undefined;
    try {
      stats = fs.lstatSync(`${folder}/${path}`, { throwIfNoEntry: false });
    } catch (error) {
      missed(path, error as NodeJS.ErrnoException);
    }
    pace.noteCall(performance.now() - calledAt);
    if (stats !== undefined) options.onFile(path, stampOf(stats));
  };

  const stampLater = async (path: string): Promise<void> => {
    pace.noteWait();
    let stats: fs.Stats;
    try {
      stats = await fs.promises.lstat(join(folder, path));
    } catch (error) {
      missed(path, error as NodeJS.ErrnoException);
      return;
    }
    options.onFile(path, stampOf(stats));
  };

  const missed = (path: string, error: NodeJS.ErrnoException): void => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') unreadable.push(path);
  };

  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (pace.isQuick) await visit(next);
    else await inParallel([next, ...pending.splice(1 - foldersAtOnce)], foldersAtOnce, visit);
    if (slice.isSpent) await slice.pause();
  }
  return { files, folders, unreadable, isCut, durationMs: performance.now() - startedAt };
}

interface PendingFolder {
  readonly path: string;
  readonly onlyTracked: boolean;
}

async function readFolder(path: string, pace: DiskPace): Promise<fs.Dirent[]> {
  if (pace.isQuick) {
    const calledAt = performance.now();
    const entries = fs.readdirSync(path, { withFileTypes: true });
    // A folder with very many entries takes its time on a quick disk too.
    pace.noteCall((performance.now() - calledAt) / Math.max(1, entries.length / 250));
    return entries;
  }
  pace.noteWait();
  return fs.promises.readdir(path, { withFileTypes: true });
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
