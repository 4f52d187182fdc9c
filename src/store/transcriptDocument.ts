import { open, stat, type FileHandle } from 'node:fs/promises';
import { DocumentPieces } from '../core/transcripts/documentPieces.ts';
import type { TailDamage, TailOutcome } from './transcriptTail.ts';

export interface TranscriptDocumentOptions {
  readonly path: string;
  /** Takes each piece of the document (DocumentPiece), from the first one each time that it is read. */
  readonly onRecord: (value: unknown, offset: number) => void;
  readonly onDamage?: (damage: TailDamage) => void;
  /** It is read from its beginning, once more if it was read before. */
  readonly onAgain?: () => void;
  /** Awaited after each part that was read. */
  readonly onChunk?: () => Promise<void>;
  readonly maxPieceBytes?: number;
  readonly chunkBytes?: number;
}

const mebibyte = 1024 * 1024;
const defaultPieceBytes = 16 * mebibyte;
/** Of the time that passes, no more than this part goes into reading one document again and again. */
const share = 1 / 10;
const maxRestMs = 60_000;

/**
 * Reads a JSON document that lies still, once, piece by piece. Resolves with its bytes. Rejects with the system's error.
 */
export async function readDocumentFile(
  options: Pick<TranscriptDocumentOptions, 'path' | 'onRecord' | 'onDamage' | 'onChunk' | 'maxPieceBytes'>,
): Promise<number> {
  const { path, onDamage, onRecord } = options;
  const pieces = new DocumentPieces(
    { onPiece: onRecord, onDamage: (damage) => onDamage?.({ ...damage, path }) },
    options.maxPieceBytes ?? defaultPieceBytes,
  );
  const handle = await open(path, 'r');
  try {
    const bytes = await readThrough(handle, pieces, mebibyte / 4, options.onChunk);
    if (!pieces.end()) onDamage?.({ ...pieces.damage, path });
    return bytes;
  } finally {
    await handle.close();
  }
}

async function readThrough(
  handle: FileHandle,
  pieces: DocumentPieces,
  chunkBytes: number,
  onChunk: (() => Promise<void>) | undefined,
): Promise<number> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let bytes = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, bytes);
    if (bytesRead === 0) return bytes;
    bytes += bytesRead;
    pieces.push(buffer.subarray(0, bytesRead));
    await onChunk?.();
  }
}

/**
 * Follows one JSON document that another program writes anew with every change.
 * - Read from its beginning whenever it looks other than before; its pieces come one by one, so that memory is bounded by
 *   the piece limit and not by the document.
 * - A document that breaks off is being written: what stands whole is told, the rest waits. Only when it looks the same
 *   twice is it called torn.
 * - A large one that changes without rest is looked at the less often, the longer a reading takes.
 */
export class TranscriptDocument {
  readonly #options: TranscriptDocumentOptions;
  readonly #chunkBytes: number;
  readonly #maxPieceBytes: number;
  #seen: { readonly sizeBytes: bigint; readonly changedNs: bigint; readonly isWhole: boolean; readonly wasTold: boolean } | undefined;
  #restsUntilMs = 0;
  #isReading = false;

  constructor(options: TranscriptDocumentOptions) {
    this.#options = options;
    this.#chunkBytes = options.chunkBytes ?? mebibyte / 4;
    this.#maxPieceBytes = options.maxPieceBytes ?? defaultPieceBytes;
  }

  get path(): string {
    return this.#options.path;
  }

  /** True when it looks other than at the last reading, or was not whole then and that is not settled: one stat. */
  async hasChanged(): Promise<boolean> {
    if (performance.now() < this.#restsUntilMs) return false;
    const info = await stat(this.#options.path, { bigint: true }).catch(() => undefined);
    const seen = this.#seen;
    if (info === undefined || seen === undefined) return (info === undefined) !== (seen === undefined);
    return info.size !== seen.sizeBytes || info.mtimeNs !== seen.changedNs || (!seen.isWhole && !seen.wasTold);
  }

  /** Reads it, when it looks other than before. Must not be called again before it has ended. Rejects with the system's error. */
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
    const { size, mtimeNs } = await handle.stat({ bigint: true });
    const before = this.#seen;
    const isSame = before !== undefined && before.sizeBytes === size && before.changedNs === mtimeNs;
    if (isSame && (before.isWhole || before.wasTold)) return { kind: 'same' };
    const { path, onDamage, onRecord } = this.#options;
    const startedMs = performance.now();
    this.#options.onAgain?.();
    const pieces = new DocumentPieces({ onPiece: onRecord, onDamage: (damage) => onDamage?.({ ...damage, path }) }, this.#maxPieceBytes);
    const bytes = await readThrough(handle, pieces, this.#chunkBytes, this.#options.onChunk);
    const isWhole = pieces.end();
    if (!isWhole && isSame) onDamage?.({ ...pieces.damage, path });
    this.#seen = { sizeBytes: size, changedNs: mtimeNs, isWhole, wasTold: isSame };
    const nowMs = performance.now();
    this.#restsUntilMs = nowMs + Math.min(maxRestMs, (nowMs - startedMs) / share);
    return { kind: 'read', bytes };
  }
}
