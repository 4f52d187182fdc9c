import type { FileVersion, SkipReason } from '../model/fileVersion.ts';
import type { ContentHash } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { FileStamp } from '../store/workspaceScan.ts';

/** What is known of one file: how it looked, and, so far as it was needed, what it held. */
export interface KnownFile {
  /** How the disk showed it when its content was as known. Undefined after a restart: then it is looked at once. */
  readonly stamp: FileStamp | undefined;
  readonly sizeBytes: number;
  readonly mode: number | undefined;
  readonly type: 'file' | 'link';
  /** SHA-256 of the content. */
  readonly hash?: ContentHash;
  /** The content is in the blobs. */
  readonly isKept: boolean;
  /** Git's object, of a file that was clean when it was met. */
  readonly oid?: string;
  /** Why its content is not kept, where that is a decision. */
  readonly skipped?: SkipReason;
  /** Its last change was so close to our look that a further one would show the same times. */
  readonly isFresh: boolean;
}

/**
 * The known version of every file, by its path in the log. What stands here has been recorded, or was there before
 * recording began; a difference between this and the disk is what is still to be recorded. So it is changed only after
 * the event is on disk, and nothing is lost when an event could not be written.
 */
export class FileTracker {
  readonly #files = new Map<WorkspacePath, KnownFile>();
  readonly #byNode = new Map<number, WorkspacePath>();

  get size(): number {
    return this.#files.size;
  }

  get(path: WorkspacePath): KnownFile | undefined {
    return this.#files.get(path);
  }

  has(path: WorkspacePath): boolean {
    return this.#files.has(path);
  }

  set(path: WorkspacePath, file: KnownFile): void {
    this.#files.set(path, file);
    if (file.stamp !== undefined && file.stamp.ino !== 0) this.#byNode.set(file.stamp.ino, path);
  }

  delete(path: WorkspacePath): void {
    const file = this.#files.get(path);
    this.#files.delete(path);
    if (file?.stamp !== undefined && this.#byNode.get(file.stamp.ino) === path) this.#byNode.delete(file.stamp.ino);
  }

  clear(): void {
    this.#files.clear();
    this.#byNode.clear();
  }

  /** The path under which that node of the disk is known: where a new name with an old node may come from. */
  pathOfNode(ino: number): WorkspacePath | undefined {
    return this.#byNode.get(ino);
  }

  entries(): IterableIterator<[WorkspacePath, KnownFile]> {
    return this.#files.entries();
  }
}

/** How the log tells a known file. */
export function versionOf(file: KnownFile): FileVersion {
  return {
    ...(file.hash === undefined ? {} : { hash: file.hash }),
    sizeBytes: file.sizeBytes,
    ...(file.mode === undefined ? {} : { mode: file.mode }),
    type: file.type,
    ...(file.isKept ? {} : { missing: file.skipped ?? 'lost' }),
  };
}

/** Back from the log: what it holds of a version, without a stamp. */
export function knownFromVersion(version: FileVersion): KnownFile {
  return {
    stamp: undefined,
    sizeBytes: version.sizeBytes,
    mode: version.mode,
    type: version.type,
    ...(version.hash === undefined ? {} : { hash: version.hash }),
    isKept: version.missing === undefined && version.hash !== undefined,
    ...(version.missing === undefined || version.missing === 'lost' ? {} : { skipped: version.missing }),
    isFresh: false,
  };
}

/**
 * True when a change right after `readAtMs` could leave the same times: the disk counts them in steps (of 4 ms and more on
 * Linux, of 2 s on FAT, of 1 s where the fraction is always 0).
 */
export function isFreshStamp(stamp: FileStamp, readAtMs: number): boolean {
  const stepMs = Number.isInteger(stamp.mtimeMs / 1000) ? 2100 : 60;
  return readAtMs - Math.max(stamp.mtimeMs, stamp.ctimeMs) < stepMs;
}
