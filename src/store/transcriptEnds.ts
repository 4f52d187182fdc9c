import { open, type FileHandle } from 'node:fs/promises';
import { readRecords } from '../core/transcripts/jsonRecords.ts';
import { JsonLines } from './jsonLines.ts';

export interface TranscriptEndsOptions {
  readonly path: string;
  /** Lines of plain text, told as `{line}`, rather than records. */
  readonly isText: boolean;
  readonly headBytes: number;
  /** As much is read of the beginning where `isEnough` goes on saying no. */
  readonly maxHeadBytes: number;
  readonly tailBytes: number;
  readonly onRecord: (value: unknown, offset: number) => void;
  /** Asked after each piece of the beginning. */
  readonly isEnough: () => boolean;
  /** Asked once the beginning was read: is its end wanted too? */
  readonly wantsTail: () => Promise<boolean>;
}

const pieceBytes = 64 * 1024;

/**
 * Reads the beginning and the end of a transcript of lines, and nothing in between, however long it is. Resolves with true
 * when nothing was left out. Rejects with the system's error.
 */
export async function readTranscriptEnds(options: TranscriptEndsOptions): Promise<boolean> {
  const handle = await open(options.path, 'r');
  try {
    const { size } = await handle.stat();
    const lines = linesInto(options, 0);
    const read = await readHead(handle, size, lines, options);
    if (read >= size) {
      lines.end();
      return true;
    }
    if (!(await options.wantsTail())) return false;
    const from = size - options.tailBytes;
    if (from <= read) {
      await readPieces(handle, read, size, (piece) => lines.push(piece));
      lines.end();
      return true;
    }
    await readTail(handle, from, size, options);
    return false;
  } finally {
    await handle.close();
  }
}

async function readHead(handle: FileHandle, size: number, lines: JsonLines, options: TranscriptEndsOptions): Promise<number> {
  let at = 0;
  while (at < size && (at < options.headBytes || !options.isEnough()) && at < options.maxHeadBytes) {
    // A first look may be short.
    const to = Math.min(size, at + (at === 0 ? Math.min(pieceBytes, options.headBytes) : pieceBytes));
    const read = await readPieces(handle, at, to, (piece) => lines.push(piece));
    if (read === 0) return size;
    at += read;
  }
  return at;
}

async function readTail(handle: FileHandle, from: number, size: number, options: TranscriptEndsOptions): Promise<void> {
  let lines: JsonLines | undefined;
  let at = from;
  await readPieces(handle, from, size, (piece) => {
    if (lines === undefined) {
      // The line that begins before is not whole.
      const end = piece.indexOf(0x0a);
      if (end >= 0) {
        lines = linesInto(options, at + end + 1);
        lines.push(piece.subarray(end + 1));
      }
    } else lines.push(piece);
    at += piece.length;
  });
  lines?.end();
}

/** Resolves with the bytes read. */
async function readPieces(handle: FileHandle, from: number, to: number, take: (piece: Buffer) => void): Promise<number> {
  let at = from;
  while (at < to) {
    const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, to - at));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) break;
    take(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return at - from;
}

function linesInto({ isText, onRecord, maxHeadBytes, tailBytes }: TranscriptEndsOptions, offset: number): JsonLines {
  return new JsonLines(
    offset,
    Math.max(maxHeadBytes, tailBytes),
    (line) => {
      const text = decoder.decode(line.bytes);
      if (isText) onRecord({ line: text }, line.offset);
      // Damage is for whoever reads the whole to tell.
      else if (text !== '') for (const record of readRecords(text, line.offset).records) onRecord(record.value, record.offset);
    },
    () => {},
  );
}

const decoder = new TextDecoder();
