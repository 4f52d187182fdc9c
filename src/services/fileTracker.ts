import type { FileVersion } from '../model/fileVersion.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { FileStamp } from '../store/workspaceScan.ts';
import { FileColumns } from './fileColumns.ts';
import type { KnownFile } from './knownFile.ts';

/**
 * The known version of every file, by its path in the log. What stands here has been recorded, or was there before
 * recording began; a difference between this and the disk is what is still to be recorded. So it is changed only after
 * the event is on disk, and nothing is lost when an event could not be written.
 */
export class FileTracker {
  readonly #rows = new Map<WorkspacePath, number>();
  readonly #paths: (WorkspacePath | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #columns = new FileColumns();
  /** Left out by the rules now, and how they were known until then. */
  readonly #covered = new Map<WorkspacePath, KnownFile>();
  /** In which look each row was met last. */
  #met = new Uint32Array(256);
  #looks = 0;

  get size(): number {
    return this.#rows.size;
  }

  get(path: WorkspacePath): KnownFile | undefined {
    const row = this.#rows.get(path);
    return row === undefined ? undefined : this.#columns.read(row);
  }

  has(path: WorkspacePath): boolean {
    return this.#rows.has(path);
  }

  set(path: WorkspacePath, file: KnownFile): void {
    this.#covered.delete(path);
    let row = this.#rows.get(path);
    if (row === undefined) {
      row = this.#free.pop() ?? this.#paths.length;
      this.#paths[row] = path;
      this.#rows.set(path, row);
      if (row >= this.#met.length) {
        const met = new Uint32Array(row + (row >> 1));
        met.set(this.#met);
        this.#met = met;
      }
      this.#met[row] = 0;
    }
    this.#columns.write(row, file);
  }

  /** Git holds the content of that known file. Nothing for one whose content has been told since. */
  setOid(path: WorkspacePath, oid: string): void {
    const row = this.#rows.get(path);
    if (row !== undefined && this.#columns.isToBeCopied(row)) this.#columns.setOid(row, oid);
  }

  /** The rules leave that known file out from now on: it counts as unknown, but the log's last word on it is kept. */
  cover(path: WorkspacePath): void {
    const known = this.get(path);
    if (known === undefined) return;
    this.delete(path);
    this.#covered.set(path, known);
  }

  /** The rules let it in again: known as it was, so that what happened to it meanwhile is one change from what the log said last. */
  uncover(path: WorkspacePath): KnownFile | undefined {
    const known = this.#covered.get(path);
    if (known !== undefined) this.set(path, known);
    return known;
  }

  /** Also while some of them are uncovered. */
  coveredPaths(): Iterable<WorkspacePath> {
    return this.#covered.keys();
  }

  delete(path: WorkspacePath): void {
    this.#covered.delete(path);
    const row = this.#rows.get(path);
    if (row === undefined) return;
    this.#rows.delete(path);
    this.#paths[row] = undefined;
    this.#columns.forget(row);
    this.#free.push(row);
  }

  clear(): void {
    this.#covered.clear();
    this.#rows.clear();
    this.#paths.length = 0;
    this.#free.length = 0;
    this.#columns.clear();
  }

  /** The path under which that node of the disk is known: where a new name with an old node may come from. */
  pathOfNode(ino: number): WorkspacePath | undefined {
    if (ino === 0) return undefined;
    for (let row = this.#columns.rowOfNode(ino, 0); row >= 0; row = this.#columns.rowOfNode(ino, row + 1))
      if (this.#paths[row] !== undefined) return this.#paths[row];
    return undefined;
  }

  /** Begins a look at everything: `meet` then says what was met in it, `wasMet` what was. Looks do not overlap. */
  beginLook(): void {
    this.#looks += 1;
  }

  /** The disk shows that file so. `changed`: not as known, or not to be told by the stamp. */
  meet(path: WorkspacePath, stamp: FileStamp): 'unknown' | 'same' | 'changed' {
    const row = this.#rows.get(path);
    if (row === undefined) return 'unknown';
    this.#met[row] = this.#looks;
    return this.#columns.isAsKnown(row, stamp) ? 'same' : 'changed';
  }

  wasMet(path: WorkspacePath): boolean {
    const row = this.#rows.get(path);
    return row !== undefined && this.#met[row] === this.#looks;
  }

  /** Known paths, also those that come in meanwhile. */
  paths(): IterableIterator<WorkspacePath> {
    return this.#rows.keys();
  }

  /** The files whose content nobody holds, when they changed last, Unix ms. */
  *toBeCopied(): Generator<readonly [WorkspacePath, number]> {
    for (const [path, row] of this.#rows) if (this.#columns.isToBeCopied(row)) yield [path, this.#columns.mtimeMs(row)];
  }

  *entries(): Generator<[WorkspacePath, KnownFile]> {
    for (const [path, row] of this.#rows) yield [path, this.#columns.read(row)];
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
