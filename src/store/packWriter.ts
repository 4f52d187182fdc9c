import { join } from 'node:path';
import type { WriterId } from '../model/ids.ts';
import { failureCode, makeLastingFolder, syncFolder, writeFully, type DiskFile, type DiskFileSystem } from './diskFileSystem.ts';
import { packName } from './pack.ts';

/** A content could not be written. `reason` is the system's code (`ENOSPC`, `EACCES`, `EIO` …) or `closed`. */
export class ContentWriteError extends Error {
  override readonly name = 'ContentWriteError';
  readonly reason: string;

  constructor(reason: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

/** Where a record came to lie. */
export interface PackPlace {
  readonly pack: string;
  readonly offset: number;
}

interface Waiting {
  readonly record: Buffer;
  readonly resolve: (place: PackPlace) => void;
  readonly reject: (error: ContentWriteError) => void;
}

export interface PackWriterOptions {
  readonly folder: string;
  readonly writer: WriterId;
  readonly fileSystem: DiskFileSystem;
  /** This writer's own pack that is sound to its last byte and may be continued. */
  readonly continued?: { readonly segment: number; readonly sizeBytes: number } | undefined;
  /** The number of the next new pack. */
  readonly nextSegment: number;
  readonly maxPackBytes: number;
  /** The pack, or the folder of all packs, was removed: what lay in it is no longer there. Awaited before anything is written anew. */
  readonly onGone?: () => Promise<void>;
  /** That pack is to be removed: nothing more is written to it. */
  readonly isCondemned?: (pack: string) => boolean;
}

export const packFileName = (writer: WriterId, segment: number): string => `${writer}-${String(segment).padStart(4, '0')}.pack`;

/**
 * Appends records to this writer's pack. A record is acknowledged only when its bytes are on disk: everything that waits
 * goes out in one write and one fdatasync. After a failure nobody knows what lies at the pack's end, so it is left as it
 * is and the next record begins a new pack; those that failed are told so.
 */
/** How often it is made sure that the pack is still in its folder: a file removed under a writer takes writes silently. */
const checkEveryMs = 500;

export class PackWriter {
  readonly #options: PackWriterOptions;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #file: DiskFile | undefined;
  #segment: number;
  #size = 0;
  #nextSegment: number;
  #checkedAtMs = 0;
  #isClosed = false;

  constructor(options: PackWriterOptions) {
    this.#options = options;
    this.#nextSegment = options.nextSegment;
    this.#segment = 0;
  }

  append(record: Buffer): Promise<PackPlace> {
    if (this.#isClosed) return Promise.reject(new ContentWriteError('closed', 'The content store is closed'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
    await this.#closeFile();
  }

  async #run(): Promise<void> {
    // Lets those that come in the same turn of the event loop share the first sync.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      try {
        await this.#write(batch);
      } catch (error) {
        await this.#closeFile();
        const reason = failureCode(error);
        const failure = new ContentWriteError(reason, `The content could not be written to the pack (${reason})`, error);
        for (const waiting of batch) waiting.reject(failure);
      }
    }
    this.#running = undefined;
  }

  /** Up to 8 MB, so that a batch is neither copied whole into one huge buffer nor waits for ever. */
  #takeBatch(): Waiting[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && (count === 0 || bytes < 8 * 1024 * 1024)) bytes += this.#waiting[count++]!.record.length;
    return this.#waiting.splice(0, count);
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const file = await this.#openFile();
    const start = this.#size;
    const bytes = batch.length === 1 ? batch[0]!.record : Buffer.concat(batch.map((waiting) => waiting.record));
    await writeFully(file, bytes);
    await file.datasync();
    if (await this.#isGone()) {
      await this.#closeFile();
      await this.#options.onGone?.();
      return this.#write(batch);
    }
    this.#size = start + bytes.length;
    const pack = packFileName(this.#options.writer, this.#segment);
    let offset = start;
    for (const waiting of batch) {
      waiting.resolve({ pack, offset });
      offset += waiting.record.length;
    }
    if (this.#size >= this.#options.maxPackBytes) await this.#closeFile();
  }

  async #isGone(): Promise<boolean> {
    if (performance.now() - this.#checkedAtMs < checkEveryMs) return false;
    this.#checkedAtMs = performance.now();
    const { fileSystem, folder, writer } = this.#options;
    try {
      await fileSystem.lstat(join(folder, packFileName(writer, this.#segment)));
      return false;
    } catch (error) {
      return failureCode(error) === 'ENOENT';
    }
  }

  async #openFile(): Promise<DiskFile> {
    const { fileSystem, folder, writer, continued } = this.#options;
    const isCondemned = (segment: number): boolean => this.#options.isCondemned?.(packFileName(writer, segment)) === true;
    if (this.#file !== undefined) {
      if (!isCondemned(this.#segment)) return this.#file;
      await this.#closeFile();
    }
    if (
      continued !== undefined &&
      this.#segment === 0 &&
      !isCondemned(continued.segment) &&
      continued.sizeBytes < this.#options.maxPackBytes
    ) {
      this.#segment = continued.segment;
      const file = await fileSystem.open(join(folder, packFileName(writer, continued.segment)), 'a');
      this.#size = continued.sizeBytes;
      // Someone else under our name, or bytes that came after we looked: leave that pack alone.
      if ((await file.stat()).size === continued.sizeBytes) return (this.#file = file);
      await file.close();
    }
    if ((await makeLastingFolder(fileSystem, folder)) !== undefined) await this.#options.onGone?.();
    for (;;) {
      const segment = this.#nextSegment++;
      try {
        this.#file = await fileSystem.open(join(folder, packFileName(writer, segment)), 'ax');
        this.#segment = segment;
        break;
      } catch (error) {
        if (failureCode(error) !== 'EEXIST') throw error;
      }
    }
    this.#size = 0;
    await writeFully(this.#file, packName);
    this.#size = packName.length;
    await syncFolder(fileSystem, folder);
    return this.#file;
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    try {
      await file?.close();
    } catch {
      // What was acknowledged is synced; a close that fails after that loses nothing.
    }
  }
}
