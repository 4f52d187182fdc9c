import { appendFile, mkdtemp, open, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DocumentPiece } from '../../src/core/transcripts/adapter.ts';
import { readDocumentFile, TranscriptDocument } from '../../src/store/transcriptDocument.ts';
import type { TailDamage } from '../../src/store/transcriptTail.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-document-'));
  path = join(folder, 'chat.json');
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function follow(options: { maxPieceBytes?: number; chunkBytes?: number } = {}) {
  let pieces: DocumentPiece[] = [];
  const damage: TailDamage[] = [];
  let readings = 0;
  const document = new TranscriptDocument({
    path,
    onRecord: (value) => pieces.push(value as DocumentPiece),
    onDamage: (entry) => damage.push(entry),
    onAgain: () => {
      readings += 1;
      pieces = [];
    },
    ...options,
  });
  return {
    document,
    damage,
    readings: () => readings,
    numbers: () => pieces.flatMap((piece) => (piece.member === 'messages' ? [piece.value] : [])),
    end: () => pieces.at(-1),
  };
}

const chat = (...numbers: readonly number[]): string =>
  JSON.stringify({ id: 's', messages: numbers, updated: numbers.length }, undefined, 2);

/** Looks other than before, however coarse the file system's clock is. */
async function rewrite(text: string, second: number): Promise<void> {
  await writeFile(path, text);
  await utimes(path, second, second);
}

describe('a document that is written anew', () => {
  test('[A47] is read from its beginning whenever it looks other than before, and only then', async () => {
    const { document, numbers, readings, end } = follow();
    expect(await document.hasChanged()).toBe(false);
    expect(await document.read()).toEqual({ kind: 'missing' });
    await rewrite(chat(1, 2), 1);
    expect(await document.hasChanged()).toBe(true);
    expect(await document.read()).toEqual({ kind: 'read', bytes: Buffer.byteLength(chat(1, 2)) });
    expect(numbers()).toEqual([1, 2]);
    expect(end()).toEqual({ member: null, at: 'end', isWhole: true });
    expect(await document.read()).toEqual({ kind: 'same' });
    await rewrite(chat(1, 2, 3), 2);
    await document.read();
    expect(numbers()).toEqual([1, 2, 3]);
    expect(readings()).toBe(2);
  });

  test('[A47] is waited for while it is half written, and called torn when it stays so', async () => {
    const { document, numbers, damage, end } = follow();
    await rewrite(chat(1, 2, 3).slice(0, -26), 1);
    await document.read();
    expect(numbers()).toEqual([1, 2]);
    expect(end()).toEqual({ member: null, at: 'end', isWhole: false });
    expect(damage).toEqual([]);
    await rewrite(chat(1, 2, 3), 2);
    await document.read();
    expect(numbers()).toEqual([1, 2, 3]);
    expect(damage).toEqual([]);
    await rewrite('{"messages":[1,{"torn":', 3);
    await document.read();
    expect(damage).toEqual([]);
    await document.read();
    expect(damage).toEqual([{ path, offset: 15, sizeBytes: 8, reason: 'torn' }]);
    expect(await document.read()).toEqual({ kind: 'same' });
    expect(damage).toHaveLength(1);
  });

  test('[A17] is known to be another when it was truncated, replaced, or is gone', async () => {
    const { document, numbers } = follow();
    await rewrite(chat(1, 2, 3), 1);
    await document.read();
    await rewrite(chat(1), 2);
    await document.read();
    expect(numbers()).toEqual([1]);
    await writeFile(`${path}.new`, chat(7, 8));
    await rename(`${path}.new`, path);
    await document.read();
    expect(numbers()).toEqual([7, 8]);
    await rm(path);
    expect(await document.read()).toEqual({ kind: 'missing' });
    await rewrite(chat(9), 4);
    await document.read();
    expect(numbers()).toEqual([9]);
  });

  test('[A47] rests after a long reading', async () => {
    const { document } = follow({ chunkBytes: 1 });
    await rewrite(chat(...Array.from({ length: 500 }, (_, n) => n)), 1);
    await document.read();
    await appendFile(path, ' ');
    // The reading took many system calls: ten times as long it is not looked at again, unless one asks for it.
    expect(await document.hasChanged()).toBe(false);
    expect((await document.read()).kind).toBe('read');
  });

  test('[A18] takes bounded memory, however long it is', async () => {
    const handle = await open(path, 'w');
    const message = JSON.stringify({ id: 'm', type: 'gemini', content: 'x'.repeat(64 * 1024 - 60) });
    await handle.write('{"sessionId":"s","messages":[');
    const parts = 820;
    for (let n = 0; n < parts; n++) await handle.write(n === 0 ? message : `,${message}`);
    await handle.write(']}');
    await handle.close();
    let count = 0;
    let highest = 0;
    const before = process.memoryUsage();
    const bytes = await readDocumentFile({
      path,
      onRecord: (value) => {
        if ((value as DocumentPiece).member === 'messages') count += 1;
      },
      onChunk: async () => {
        highest = Math.max(highest, process.memoryUsage().arrayBuffers - before.arrayBuffers);
      },
    });
    expect(bytes).toBeGreaterThan(50 * 1024 * 1024);
    expect(count).toBe(parts);
    expect(highest).toBeLessThan(bytes / 2);
  });

  test('[A10] tells the damage of a document that lies still', async () => {
    await writeFile(path, '{"messages":[1,2');
    const damage: TailDamage[] = [];
    const values: unknown[] = [];
    await readDocumentFile({ path, onRecord: (value) => values.push(value), onDamage: (entry) => damage.push(entry) });
    expect(values).toHaveLength(3);
    expect(damage).toEqual([{ path, offset: 15, sizeBytes: 1, reason: 'torn' }]);
  });
});
