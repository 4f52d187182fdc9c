import { HexColumn } from './hexColumn.ts';

export interface TrackedFile {
  readonly oid: string;
  /** False where the user told git not to look (assume-unchanged, skip-worktree): then the object says nothing about the disk. */
  readonly isTrusted: boolean;
}

/** What a repository's index names, by path; packed, since a large repository has it in memory all the time. */
export class TrackedFiles {
  readonly #rows = new Map<string, number>();
  readonly #paths: string[] = [];
  readonly #folders = new Set<string>();
  readonly #oids = new HexColumn();
  #trusted = new Uint8Array(64);
  /** The folder of the path before: paths come in order, so most have the same. */
  #lastFolder = '';

  get size(): number {
    return this.#rows.size;
  }

  has(path: string): boolean {
    return this.#rows.has(path);
  }

  get(path: string): TrackedFile | undefined {
    const row = this.#rows.get(path);
    const oid = row === undefined ? undefined : this.#oids.get(row);
    return row === undefined || oid === undefined ? undefined : { oid, isTrusted: this.#trusted[row] === 1 };
  }

  /** The very text that is kept here for that path. */
  pathOf(path: string): string | undefined {
    const row = this.#rows.get(path);
    return row === undefined ? undefined : this.#paths[row];
  }

  /** True when a tracked file lies below that folder, however deep; '' is the top. */
  hasBelow(folder: string): boolean {
    return folder === '' ? this.#rows.size > 0 : this.#folders.has(folder);
  }

  paths(): readonly string[] {
    return this.#paths;
  }

  /** A path that was added before (a merge going on has up to three) is replaced. */
  add(path: string, file: TrackedFile): void {
    const row = this.#rows.get(path) ?? this.#rows.size;
    if (row === this.#rows.size) {
      this.#rows.set(path, row);
      this.#paths.push(path);
      this.#addFolders(path);
    }
    if (row >= this.#trusted.length) {
      const trusted = new Uint8Array(row + (row >> 1));
      trusted.set(this.#trusted);
      this.#trusted = trusted;
    }
    this.#trusted[row] = file.isTrusted ? 1 : 0;
    this.#oids.set(row, file.oid);
  }

  #addFolders(path: string): void {
    let slash = path.lastIndexOf('/');
    if (slash < 0 || (slash === this.#lastFolder.length && path.startsWith(this.#lastFolder))) return;
    const folder = path.slice(0, slash);
    this.#lastFolder = folder;
    for (let above = folder; above !== '' && !this.#folders.has(above); above = slash < 0 ? '' : above.slice(0, slash)) {
      this.#folders.add(above);
      slash = above.lastIndexOf('/');
    }
  }
}
