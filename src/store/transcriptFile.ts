import { open } from 'node:fs/promises';
import type { Framing, TranscriptFile } from '../core/transcripts/adapter.ts';
import { readRecords } from '../core/transcripts/jsonRecords.ts';
import { JsonLines } from './jsonLines.ts';
import { readPackedLines } from './packedLines.ts';
import { readDocumentFile } from './transcriptDocument.ts';
import { openTranscriptSource } from './transcriptSource.ts';
import type { TailDamage } from './transcriptTail.ts';

export interface TranscriptFileOptions {
  readonly onRecord: (value: unknown, offset: number) => void;
  readonly onDamage: (damage: TailDamage) => void;
  /** Awaited after each piece that was read. */
  readonly onChunk?: () => Promise<void>;
  readonly maxLineBytes?: number;
}

const mebibyte = 1024 * 1024;

/**
 * Reads a transcript that lies still, once and to its end: a last line without its end counts too. Memory is bounded by
 * the line limit. Resolves with the bytes read. Rejects with the system's error.
 */
export async function readTranscriptFile(framing: Framing, file: TranscriptFile, options: TranscriptFileOptions): Promise<number> {
  const { path } = file;
  const { maxLineBytes } = options;
  if (framing === 'json-lines' || framing === 'text-lines') return readLines(path, framing === 'text-lines', options);
  if (framing === 'packed-lines') return readPackedLines(path, options);
  if (framing === 'json-document')
    return readDocumentFile({ ...options, path, ...(maxLineBytes === undefined ? {} : { maxPieceBytes: maxLineBytes }) });
  const outcome = await openTranscriptSource(framing, file, options).read();
  if (outcome.kind === 'missing') throw Object.assign(new Error(`There is no ${path}`), { code: 'ENOENT' });
  return outcome.kind === 'read' ? outcome.bytes : 0;
}

async function readLines(path: string, isText: boolean, options: TranscriptFileOptions): Promise<number> {
  const { onDamage, onRecord } = options;
  const lines = new JsonLines(
    0,
    options.maxLineBytes ?? 16 * mebibyte,
    (line) => {
      if (isText) {
        onRecord({ line: decoder.decode(line.bytes) }, line.offset);
        return;
      }
      if (line.bytes.length === 0) return;
      const { records, damage } = readRecords(decoder.decode(line.bytes), line.offset);
      for (const entry of damage) onDamage({ ...entry, path });
      for (const record of records) onRecord(record.value, record.offset);
    },
    (line) => onDamage({ path, offset: line.offset, sizeBytes: line.sizeBytes, reason: 'too-long', head: decoder.decode(line.head) }),
  );
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(mebibyte / 4);
    let bytes = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, bytes);
      if (bytesRead === 0) break;
      bytes += bytesRead;
      lines.push(buffer.subarray(0, bytesRead));
      await options.onChunk?.();
    }
    lines.end();
    return bytes;
  } finally {
    await handle.close();
  }
}

const decoder = new TextDecoder();
