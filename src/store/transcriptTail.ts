import { open, stat, type FileHandle } from 'node:fs/promises';
import { readRecords, type LineDamage } from '../core/transcripts/jsonRecords.ts';
import { JsonLines } from './jsonLines.ts';

/**
 * Follows one file of lines, of JSON or of text, that another program appends to, by byte offset.
 * - A line counts when its `\n` has arrived; a half-written one waits.
 * - What cannot be read is reported with its place and costs itself alone.
 * - A file that shrank, was replaced, or no longer holds what stood before the offset is read again from its beginning;
 *   whoever listens knows what it had by the records' own ids.
 * - Memory is bounded by the line limit, not by the file.
 */
export interface TranscriptTailOptions {
  readonly path: string;
  readonly onRecord: (value: unknown, offset: number) => void;
  readonly onDamage?: (damage: TailDamage) => void;
  /** The file is another one than before: what follows begins at its first byte. */
  readonly onRestart?: (reason: RestartReason) => void;
  /** Awaited after each piece that was read, so that a long file does not pile up in memory. */
  readonly onChunk?: () => Promise<void>;
  readonly maxLineBytes?: number;
  readonly chunkBytes?: number;
  /** The lines are text and no JSON: each is a record `{line}`, empty ones too. */
  readonly isText?: boolean;
}

export interface TailDamage extends LineDamage {
  readonly path: string;
  /** The beginning of a line that was too long. */
  readonly head?: string;
}

export type RestartReason = 'replaced' | 'truncated' | 'rewritten';

export type TailOutcome = { readonly kind: 'read'; readonly bytes: number } | { readonly kind: 'same' } | { readonly kind: 'missing' };

const mebibyte = 1024 * 1024;
const maxHeadBytes = 1024;
const anchorBytes = 256;

interface Identity {
  readonly device: bigint;
  readonly file: bigint;
  readonly head: Uint8Array;
}

export class TranscriptTail {
  readonly #options: TranscriptTailOptions;
  readonly #maxLineBytes: number;
  readonly #chunkBytes: number;
  #lines: JsonLines;
  #identity: Identity | undefined;
  /** The last bytes before the offset, to notice that they are not the same any more. */
  #anchor: Uint8Array = new Uint8Array(0);
  #seen: { readonly sizeBytes: bigint; readonly changedNs: bigint } | undefined;
  #isReading = false;

  constructor(options: TranscriptTailOptions) {
    this.#options = options;
    this.#maxLineBytes = options.maxLineBytes ?? 16 * mebibyte;
    this.#chunkBytes = options.chunkBytes ?? mebibyte / 4;
    this.#lines = this.#newLines();
  }

  get path(): string {
    return this.#options.path;
  }

  /** Where the next bytes are read from. */
  get offset(): number {
    return this.#lines.offset;
  }

  /** True when the file looks other than at the last reading: one stat, no reading. */
  async hasChanged(): Promise<boolean> {
    const info = await stat(this.#options.path, { bigint: true }).catch(() => undefined);
    if (info === undefined) return this.#seen !== undefined;
    return info.size !== this.#seen?.sizeBytes || info.mtimeNs !== this.#seen.changedNs;
  }

  /** Reads what is new. Must not be called again before it has ended. Rejects with the system's error when reading fails. */
  async read(): Promise<TailOutcome> {
    if (this.#isReading) throw new Error(`Already reading ${this.#options.path}`);
    this.#isReading = true;
    let handle: FileHandle | undefined;
    try {
      handle = await open(this.#options.path, 'r');
      return await this.#readFrom(handle);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#seen = undefined;
      return { kind: 'missing' };
    } finally {
      this.#isReading = false;
      await handle?.close();
    }
  }

  async #readFrom(handle: FileHandle): Promise<TailOutcome> {
    const info = await handle.stat({ bigint: true });
    this.#seen = { sizeBytes: info.size, changedNs: info.mtimeNs };
    const reason = await this.#changeOf(handle, info.dev, info.ino, Number(info.size));
    if (reason !== undefined) this.#restart(reason);
    const size = Number(info.size);
    const from = this.offset;
    await this.#identify(handle, info.dev, info.ino, size);
    if (size <= from) return { kind: 'same' };
    const buffer = Buffer.allocUnsafe(Math.min(this.#chunkBytes, Math.max(4096, size - from)));
    // What is appended while this reads belongs to it too, so that a busy file is not opened again and again.
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, this.offset);
      if (bytesRead === 0) break;
      const chunk = buffer.subarray(0, bytesRead);
      this.#lines.push(chunk);
      this.#remember(chunk);
      await this.#options.onChunk?.();
    }
    return { kind: 'read', bytes: this.offset - from };
  }

  async #changeOf(handle: FileHandle, device: bigint, file: bigint, size: number): Promise<RestartReason | undefined> {
    const known = this.#identity;
    if (known === undefined) return undefined;
    if (known.device !== device || known.file !== file) {
      // A file system may give another number to the same file (network drives): the bytes decide.
      if (!(await this.#holds(handle, known.head, 0)) || !(await this.#holdsAnchor(handle)) || size < this.offset) return 'replaced';
      return undefined;
    }
    if (size < this.offset) return 'truncated';
    return (await this.#holds(handle, known.head, 0)) && (await this.#holdsAnchor(handle)) ? undefined : 'rewritten';
  }

  async #holdsAnchor(handle: FileHandle): Promise<boolean> {
    return this.#holds(handle, this.#anchor, this.offset - this.#anchor.length);
  }

  async #holds(handle: FileHandle, wanted: Uint8Array, at: number): Promise<boolean> {
    if (wanted.length === 0) return true;
    const found = Buffer.alloc(wanted.length);
    const { bytesRead } = await handle.read(found, 0, found.length, at);
    return bytesRead === wanted.length && found.equals(wanted);
  }

  async #identify(handle: FileHandle, device: bigint, file: bigint, size: number): Promise<void> {
    let head = this.#identity?.head ?? new Uint8Array(0);
    if (head.length < Math.min(size, maxHeadBytes)) {
      const bytes = Buffer.alloc(Math.min(size, maxHeadBytes));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
      head = Uint8Array.from(bytes.subarray(0, bytesRead));
    }
    this.#identity = { device, file, head };
  }

  #remember(chunk: Uint8Array): void {
    this.#anchor =
      chunk.length >= anchorBytes
        ? Uint8Array.from(chunk.subarray(chunk.length - anchorBytes))
        : Uint8Array.from(Buffer.concat([this.#anchor, chunk]).subarray(-anchorBytes));
  }

  #restart(reason: RestartReason): void {
    this.#lines = this.#newLines();
    this.#identity = undefined;
    this.#anchor = new Uint8Array(0);
    this.#options.onRestart?.(reason);
  }

  #newLines(): JsonLines {
    const { path, onRecord, onDamage, isText } = this.#options;
    return new JsonLines(
      0,
      this.#maxLineBytes,
      (line) => {
        if (isText === true) {
          onRecord({ line: decoder.decode(line.bytes) }, line.offset);
          return;
        }
        if (line.bytes.length === 0) return;
        const { records, damage } = readRecords(decoder.decode(line.bytes), line.offset);
        for (const entry of damage) onDamage?.({ ...entry, path });
        for (const record of records) onRecord(record.value, record.offset);
      },
      (line) => {
        onDamage?.({ path, offset: line.offset, sizeBytes: line.sizeBytes, reason: 'too-long', head: decoder.decode(line.head) });
      },
    );
  }
}

const decoder = new TextDecoder();
