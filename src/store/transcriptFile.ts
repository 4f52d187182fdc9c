import { open } from 'node:fs/promises';
import { readRecords } from '../core/transcripts/jsonRecords.ts';
import { JsonLines } from './jsonLines.ts';
import type { TailDamage } from './transcriptTail.ts';

export interface TranscriptFileOptions {
  readonly path: string;
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
export async function readTranscriptFile(options: TranscriptFileOptions): Promise<number> {
  const { path, onDamage, onRecord } = options;
  const lines = new JsonLines(
    0,
    options.maxLineBytes ?? 16 * mebibyte,
    (line) => {
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
