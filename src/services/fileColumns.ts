import { SkipReason } from '../model/fileVersion.ts';
import { HexColumn } from '../store/hexColumn.ts';
import type { FileStamp } from '../store/workspaceScan.ts';
import type { KnownFile } from './knownFile.ts';

const skipReasons: readonly SkipReason[] = SkipReason.options;
/** A row's flags: nine bits of mode, four for the number of the reason it was skipped for (0: none), then these. */
const modeBits = 0o777;
const skippedAt = 9;
const skippedBits = 0xf;
const hasMode = 1 << 13;
const isLink = 1 << 14;
const hasStamp = 1 << 15;
const isKept = 1 << 16;
const isFresh = 1 << 17;

/**
 * Known files as rows of numbers: about 70 bytes a file and a hash, where objects and strings take several times that, and
 * nothing that the garbage collector must walk through. What is written is read back equal.
 */
export class FileColumns {
  #mtimes = new Float64Array(0);
  #ctimes = new Float64Array(0);
  #nodes = new Float64Array(0);
  #sizes = new Float64Array(0);
  /** The disk's own size, which for a link is not always that of its text. */
  #stampSizes = new Float64Array(0);
  #flags = new Uint32Array(0);
  readonly #hashes = new HexColumn();
  readonly #oids = new HexColumn();

  write(row: number, file: KnownFile): void {
    if (row >= this.#flags.length) this.#grow(Math.max(256, row + (row >> 1)));
    const { stamp } = file;
    this.#mtimes[row] = stamp?.mtimeMs ?? 0;
    this.#ctimes[row] = stamp?.ctimeMs ?? 0;
    this.#nodes[row] = stamp?.ino ?? 0;
    this.#sizes[row] = file.sizeBytes;
    this.#stampSizes[row] = stamp?.sizeBytes ?? 0;
    this.#flags[row] =
      modeFlags(file.mode) |
      (file.type === 'link' ? isLink : 0) |
      (stamp === undefined ? 0 : hasStamp) |
      (file.isKept ? isKept : 0) |
      (file.isFresh ? isFresh : 0) |
      (file.skipped === undefined ? 0 : (skipReasons.indexOf(file.skipped) + 1) << skippedAt);
    this.#hashes.set(row, file.hash);
    this.#oids.set(row, file.oid);
  }

  read(row: number): KnownFile {
    const flags = this.#flags[row]!;
    const type = (flags & isLink) === 0 ? 'file' : 'link';
    const mode = (flags & hasMode) === 0 ? undefined : flags & modeBits;
    const hash = this.#hashes.get(row);
    const oid = this.#oids.get(row);
    const skipped = skipReasons[((flags >> skippedAt) & skippedBits) - 1];
    return {
      stamp:
        (flags & hasStamp) === 0
          ? undefined
          : {
              type,
              sizeBytes: this.#stampSizes[row]!,
              mtimeMs: this.#mtimes[row]!,
              ctimeMs: this.#ctimes[row]!,
              ino: this.#nodes[row]!,
              mode,
            },
      sizeBytes: this.#sizes[row]!,
      mode,
      type,
      ...(hash === undefined ? {} : { hash }),
      isKept: (flags & isKept) !== 0,
      ...(oid === undefined ? {} : { oid }),
      ...(skipped === undefined ? {} : { skipped }),
      isFresh: (flags & isFresh) !== 0,
    };
  }

  /** True when the disk shows the file just as it was when its content was as known, and that can be relied on. */
  isAsKnown(row: number, stamp: FileStamp): boolean {
    return (
      this.#mtimes[row] === stamp.mtimeMs &&
      this.#ctimes[row] === stamp.ctimeMs &&
      this.#stampSizes[row] === stamp.sizeBytes &&
      this.#nodes[row] === stamp.ino &&
      (this.#flags[row]! & (hasStamp | isFresh | isLink | hasMode | modeBits)) ===
        (hasStamp | (stamp.type === 'link' ? isLink : 0) | modeFlags(stamp.mode)) &&
      stamp.type !== 'special'
    );
  }

  /** Nobody else holds its content, and it is not decided that nobody shall. */
  isToBeCopied(row: number): boolean {
    return (
      (this.#flags[row]! & hasStamp) !== 0 &&
      (this.#flags[row]! & (skippedBits << skippedAt)) === 0 &&
      !this.#hashes.has(row) &&
      !this.#oids.has(row)
    );
  }

  setOid(row: number, oid: string): void {
    this.#oids.set(row, oid);
  }

  mtimeMs(row: number): number {
    return this.#mtimes[row]!;
  }

  /** The first row at or after `from` with that node of the disk; -1: none. */
  rowOfNode(ino: number, from: number): number {
    return this.#nodes.indexOf(ino, from);
  }

  forget(row: number): void {
    this.#nodes[row] = 0;
    this.#hashes.set(row, undefined);
    this.#oids.set(row, undefined);
  }

  clear(): void {
    this.#mtimes = this.#ctimes = this.#nodes = this.#sizes = this.#stampSizes = new Float64Array(0);
    this.#flags = new Uint32Array(0);
    this.#hashes.clear();
    this.#oids.clear();
  }

  #grow(rows: number): void {
    this.#mtimes = longer(this.#mtimes, rows);
    this.#ctimes = longer(this.#ctimes, rows);
    this.#nodes = longer(this.#nodes, rows);
    this.#sizes = longer(this.#sizes, rows);
    this.#stampSizes = longer(this.#stampSizes, rows);
    const flags = new Uint32Array(rows);
    flags.set(this.#flags);
    this.#flags = flags;
  }
}

const modeFlags = (mode: number | undefined): number => (mode === undefined ? 0 : hasMode | (mode & modeBits));

function longer(column: Float64Array<ArrayBuffer>, rows: number): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(rows);
  grown.set(column);
  return grown;
}
