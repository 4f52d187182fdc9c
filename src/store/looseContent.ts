import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { ContentHash } from '../model/ids.ts';
import { failureCode, makeLastingFolder, syncFolder, writeFully, type DiskFile, type DiskFileSystem } from './diskFileSystem.ts';
import { openForReading, readPieces } from './fileReading.ts';
import { ContentWriteError } from './packWriter.ts';

export interface StoredContent {
  readonly hash: ContentHash;
  readonly sizeBytes: number;
}

/**
 * Large contents, one file each, `<root>/ab/<hash>`: written beside, synced, then renamed, so a name that stands there
 * holds all its bytes. Streamed both ways: a content is never whole in memory.
 */
export class LooseContent {
  readonly #root: string;
  readonly #fileSystem: DiskFileSystem;
  readonly #temporaryName: () => string;
  /** Of the contents that were seen or stored. */
  storedBytes = 0;

  constructor(root: string, fileSystem: DiskFileSystem, temporaryName: () => string) {
    this.#root = root;
    this.#fileSystem = fileSystem;
    this.#temporaryName = temporaryName;
  }

  pathOf(hash: ContentHash): string {
    return join(this.#root, hash.slice(0, 2), hash);
  }

  async has(hash: ContentHash): Promise<boolean> {
    try {
      return (await this.#fileSystem.lstat(this.pathOf(hash))).isFile();
    } catch {
      return false;
    }
  }

  async #touched(path: string): Promise<boolean> {
    try {
      if (!(await this.#fileSystem.lstat(path)).isFile()) return false;
      const now = Date.now() / 1000;
      await this.#fileSystem.utimes(path, now, now);
      return true;
    } catch {
      return false;
    }
  }

  /** Stores what `pieces` yields. Rejects with ContentWriteError when the disk refuses, and with the source's own error when reading fails. */
  async put(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<StoredContent> {
    const temporary = join(this.#root, this.#temporaryName());
    let file: DiskFile | undefined;
    const hash = createHash('sha256');
    let sizeBytes = 0;
    try {
      file = await this.#writing(async () => {
        await makeLastingFolder(this.#fileSystem, this.#root);
        return this.#fileSystem.open(temporary, 'wx');
      });
      const open = file;
      for await (const piece of pieces) {
        hash.update(piece);
        sizeBytes += piece.length;
        await this.#writing(() => writeFully(open, piece));
      }
      const name = hash.digest('hex');
      await this.#writing(async () => {
        await open.sync();
        file = undefined;
        await open.close();
        const path = this.pathOf(name);
        // With a new time it is no more what somebody found to be unneeded before.
        if (await this.#touched(path)) return this.#fileSystem.unlink(temporary);
        await makeLastingFolder(this.#fileSystem, dirname(path));
        await this.#fileSystem.rename(temporary, path);
        this.storedBytes += sizeBytes;
        await syncFolder(this.#fileSystem, dirname(path));
      });
      return { hash: name, sizeBytes };
    } catch (error) {
      await file?.close().catch(() => {});
      await this.#fileSystem.unlink(temporary).catch(() => {});
      throw error;
    }
  }

  /** Hands the pieces of a content to `take`; resolves with its size, or undefined when it is not there or not what its name says. */
  async read(hash: ContentHash, take: (piece: Uint8Array) => Promise<void> | void): Promise<'read' | 'absent' | 'damaged'> {
    let file: DiskFile;
    try {
      file = await openForReading(this.#fileSystem, this.pathOf(hash));
    } catch (error) {
      return failureCode(error) === 'ENOENT' ? 'absent' : 'damaged';
    }
    try {
      const check = createHash('sha256');
      for await (const piece of readPieces(file)) {
        check.update(piece);
        await take(piece);
      }
      return check.digest('hex') === hash ? 'read' : 'damaged';
    } finally {
      await file.close();
    }
  }

  /** Removes what processes that died in the middle of a large content have left, when it is older than an hour; counts what is there. */
  async sweep(nowMs: number): Promise<void> {
    let storedBytes = 0;
    for await (const hash of this.hashes())
      storedBytes += await this.#fileSystem.lstat(this.pathOf(hash)).then(
        ({ size }) => size,
        () => 0,
      );
    this.storedBytes = storedBytes;
    for (const name of await this.#names(this.#root)) {
      if (!name.endsWith('.tmp')) continue;
      const path = join(this.#root, name);
      try {
        if (nowMs - (await this.#fileSystem.lstat(path)).mtimeMs > 3_600_000) await this.#fileSystem.unlink(path);
      } catch {
        // Gone already, or not ours to remove.
      }
    }
  }

  /** Every hash that has a file. */
  async *hashes(): AsyncGenerator<ContentHash> {
    for (const folder of await this.#names(this.#root))
      if (/^[0-9a-f]{2}$/.test(folder))
        for (const name of await this.#names(join(this.#root, folder))) if (/^[0-9a-f]{64}$/.test(name)) yield name;
  }

  async #names(path: string): Promise<readonly string[]> {
    try {
      return await this.#fileSystem.readdir(path);
    } catch {
      return [];
    }
  }

  async #writing<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      const reason = failureCode(error);
      throw new ContentWriteError(reason, `A large content could not be written (${reason})`, error);
    }
  }
}
