import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { readRecords } from '../core/transcripts/jsonRecords.ts';
import { JsonLines } from './jsonLines.ts';
import type { RecordTaker } from './recordTaker.ts';
import type { TailOutcome } from './transcriptTail.ts';
import { zstdUnpacker } from './zstd.ts';

const mebibyte = 1024 * 1024;
/** More than any transcript, and a bound for a file that unpacks without end. */
const maxUnpackedBytes = 4096 * mebibyte;
const decoder = new TextDecoder();

/**
 * Reads a file of JSON lines that is packed with Zstandard, once and to its end; places are those of the unpacked lines.
 * What cannot be unpacked is told as torn behind what could. Resolves with the unpacked bytes. Rejects with ZstdMissing, or
 * with the system's error.
 */
export async function readPackedLines(path: string, taker: RecordTaker): Promise<number> {
  const lines = new JsonLines(
    0,
    taker.maxLineBytes ?? 16 * mebibyte,
    (line) => {
      if (line.bytes.length === 0) return;
      const { records, damage } = readRecords(decoder.decode(line.bytes), line.offset);
      for (const entry of damage) taker.onDamage?.({ ...entry, path });
      for (const record of records) taker.onRecord(record.value, record.offset);
    },
    (line) =>
      taker.onDamage?.({ path, offset: line.offset, sizeBytes: line.sizeBytes, reason: 'too-long', head: decoder.decode(line.head) }),
  );
  const unpacker = zstdUnpacker();
  const file = createReadStream(path);
  let failure: NodeJS.ErrnoException | undefined;
  file.on('error', (error) => {
    failure = error;
    unpacker.destroy(error);
  });
  let bytes = 0;
  try {
    for await (const chunk of file.pipe(unpacker) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      lines.push(chunk);
      await taker.onChunk?.();
      if (bytes > maxUnpackedBytes) throw new RangeError('It unpacks to more than a transcript');
    }
    lines.end();
  } catch (error) {
    if (failure !== undefined || !isUnpacking(error)) throw failure ?? error;
    taker.onDamage?.({ path, offset: bytes, sizeBytes: 0, reason: 'torn' });
  } finally {
    file.destroy();
    unpacker.destroy();
  }
  return bytes;
}

/** What zlib says of bytes that it cannot unpack; whatever else is thrown comes from whoever takes the records. */
function isUnpacking(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  return error instanceof RangeError || code.startsWith('ZSTD_') || code.startsWith('Z_') || code === 'ERR_ZSTD_INVALID_PARAM';
}

/** The same as a source: such a file does not grow, and is read again when it is another one. */
export class PackedLinesSource {
  readonly #path: string;
  readonly #taker: RecordTaker;
  #mark: string | undefined;

  constructor(path: string, taker: RecordTaker) {
    this.#path = path;
    this.#taker = taker;
  }

  async hasChanged(): Promise<boolean> {
    return (await this.#look()) !== this.#mark;
  }

  async read(): Promise<TailOutcome> {
    const mark = await this.#look();
    const before = this.#mark;
    if (mark === undefined) {
      this.#mark = undefined;
      return { kind: 'missing' };
    }
    if (mark === before) return { kind: 'same' };
    if (before !== undefined) this.#taker.onRestart?.('replaced');
    const bytes = await readPackedLines(this.#path, this.#taker);
    this.#mark = mark;
    return { kind: 'read', bytes };
  }

  async #look(): Promise<string | undefined> {
    const info = await stat(this.#path, { bigint: true }).catch(() => undefined);
    return info === undefined ? undefined : `${info.ino}:${info.size}:${info.mtimeNs}`;
  }
}
