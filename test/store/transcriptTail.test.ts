import { appendFile, mkdtemp, open, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { JsonLines } from '../../src/store/jsonLines.ts';
import { TranscriptTail, type RestartReason, type TailDamage } from '../../src/store/transcriptTail.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-tail-'));
  path = join(folder, 'run.jsonl');
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function follow(options: { maxLineBytes?: number; chunkBytes?: number } = {}) {
  const records: { n: unknown; offset: number }[] = [];
  const damage: TailDamage[] = [];
  const restarts: RestartReason[] = [];
  const tail = new TranscriptTail({
    path,
    onRecord: (value, offset) => records.push({ n: (value as { n?: unknown }).n, offset }),
    onDamage: (entry) => damage.push(entry),
    onRestart: (reason) => restarts.push(reason),
    ...options,
  });
  return { tail, records, damage, restarts, numbers: () => records.map((record) => record.n) };
}

const line = (n: number | string): string => `${JSON.stringify({ type: 'r', n })}\n`;

describe('the tail of a transcript', () => {
  test('[A16] gives each record once, with the offset of its line', async () => {
    await writeFile(path, line('é') + line(2));
    const { tail, records } = follow();
    expect(await tail.read()).toEqual({ kind: 'read', bytes: Buffer.byteLength(line('é') + line(2)) });
    await appendFile(path, line(3));
    await tail.read();
    expect(await tail.read()).toEqual({ kind: 'same' });
    expect(records).toEqual([
      { n: 'é', offset: 0 },
      { n: 2, offset: Buffer.byteLength(line('é')) },
      { n: 3, offset: Buffer.byteLength(line('é') + line(2)) },
    ]);
  });

  test('[A16] waits for the end of a half-written line', async () => {
    const { tail, numbers, damage } = follow();
    await writeFile(path, line(1) + line(2).slice(0, 9));
    await tail.read();
    expect(numbers()).toEqual([1]);
    await appendFile(path, line(2).slice(9, -1));
    await tail.read();
    expect(numbers()).toEqual([1]);
    await appendFile(path, '\n');
    await tail.read();
    expect(numbers()).toEqual([1, 2]);
    expect(damage).toEqual([]);
  });

  test('[A16] splits at line feeds alone', async () => {
    await writeFile(path, `${JSON.stringify({ n: 'a\u2028b\u2029c' })}\r\n${JSON.stringify({ n: 2 })}\n\n`);
    const { tail, numbers, damage } = follow();
    await tail.read();
    expect(numbers()).toEqual(['a\u2028b\u2029c', 2]);
    expect(damage).toEqual([]);
  });

  test('[A16] gives the same records however the bytes arrive', async () => {
    const bytes = Buffer.from([1, 'é😀', 3, '日本語', 5].map(line).join(''));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: bytes.length }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 40 }),
        async (cuts, chunkBytes) => {
          const places = [...new Set([...cuts, bytes.length])].sort((a, b) => a - b);
          const { tail, numbers } = follow({ chunkBytes });
          await writeFile(path, '');
          let from = 0;
          for (const to of places) {
            await appendFile(path, bytes.subarray(from, to));
            await tail.read();
            from = to;
          }
          expect(numbers()).toEqual([1, 'é😀', 3, '日本語', 5]);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('[A10] gives what stands around damage, and its place', async () => {
    const torn = '{"type":"r","n":"cut o';
    await writeFile(path, `${line(1)}${torn}${line(2)}\0\0\0\0${line(3)}"no object"\n${line(4)}`);
    const { tail, numbers, damage } = follow();
    await tail.read();
    expect(numbers()).toEqual([1, 2, 3, 4]);
    expect(damage).toMatchObject([
      { path, offset: line(1).length, sizeBytes: torn.length, reason: 'torn' },
      { reason: 'nul', sizeBytes: 4 },
      { reason: 'not-an-object', sizeBytes: 11 },
    ]);
  });

  test('[A17] reads a truncated file again', async () => {
    await writeFile(path, line(1) + line(2));
    const { tail, numbers, restarts } = follow();
    await tail.read();
    await truncate(path, 0);
    await appendFile(path, line(9));
    await tail.read();
    expect(numbers()).toEqual([1, 2, 9]);
    expect(restarts).toEqual(['truncated']);
  });

  test('[A17] reads a file again that was replaced by a longer one', async () => {
    await writeFile(path, line(1));
    const { tail, numbers, restarts } = follow();
    await tail.read();
    await writeFile(`${path}.new`, line('first') + line(1) + line(2));
    await rename(`${path}.new`, path);
    await tail.read();
    expect(numbers()).toEqual([1, 'first', 1, 2]);
    expect(restarts).toEqual(['replaced']);
  });

  test('[A17] reads a file again that was rewritten in its place behind its head', async () => {
    const filler = Array.from({ length: 100 }, (_, n) => line(n)).join('');
    await writeFile(path, filler + line('old'));
    const { tail, numbers, restarts } = follow();
    await tail.read();
    await writeFile(path, `${filler}${line('new')}${line('more')}`);
    await tail.read();
    expect(restarts).toEqual(['rewritten']);
    expect(numbers().slice(-2)).toEqual(['new', 'more']);
  });

  test('[A17] goes on where it was when a copy with the same bytes took the place', async () => {
    await writeFile(path, line(1));
    const { tail, numbers, restarts } = follow();
    await tail.read();
    await writeFile(`${path}.copy`, line(1) + line(2));
    await rename(`${path}.copy`, path);
    await tail.read();
    expect(numbers()).toEqual([1, 2]);
    expect(restarts).toEqual([]);
  });

  test('[A17] takes a file that is gone, and comes back, for another one', async () => {
    const { tail, numbers } = follow();
    expect(await tail.read()).toEqual({ kind: 'missing' });
    await writeFile(path, line(1));
    await tail.read();
    await rm(path);
    expect(await tail.hasChanged()).toBe(true);
    expect(await tail.read()).toEqual({ kind: 'missing' });
    expect(await tail.hasChanged()).toBe(false);
    await writeFile(path, line(2));
    await tail.read();
    expect(numbers()).toEqual([1, 2]);
  });

  test('[A18] lets a line over the limit stream past, and says its size and place', async () => {
    await writeFile(path, line(1) + line('x'.repeat(5000)) + line(3));
    const { tail, numbers, damage } = follow({ maxLineBytes: 1000, chunkBytes: 64 });
    await tail.read();
    expect(numbers()).toEqual([1, 3]);
    expect(damage).toMatchObject([{ offset: line(1).length, sizeBytes: line('x'.repeat(5000)).length - 1, reason: 'too-long' }]);
    expect(damage[0]!.head).toMatch(/^\{"type":"r","n":"xxx/);
    expect(damage[0]!.head!.length).toBeLessThanOrEqual(4096);
  });

  test('[A18] holds memory to the limit while 200 MB on one line go by', async () => {
    const handle = await open(path, 'w');
    await handle.write(`${line(1)}{"type":"r","n":"`);
    const part = Buffer.alloc(1024 * 1024, 'x');
    for (let count = 0; count < 200; count++) await handle.write(part);
    await handle.write(`"}\n${line(3)}`);
    await handle.close();
    const { tail, numbers, damage } = follow();
    const before = process.memoryUsage().rss;
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 5);
    await tail.read();
    clearInterval(watch);
    expect(numbers()).toEqual([1, 3]);
    expect(damage).toHaveLength(1);
    expect(most - before).toBeLessThan(90 * 1024 * 1024);
  });

  test('[A18] gives a long line that is within the limit', async () => {
    await writeFile(path, line('y'.repeat(3_000_000)) + line(2));
    const { tail, numbers } = follow();
    await tail.read();
    expect((numbers()[0] as string).length).toBe(3_000_000);
    expect(numbers()[1]).toBe(2);
  });
});

describe('the splitter', () => {
  test('[A16] takes the same lines of any pieces', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ maxLength: 30 }).map((text) => text.replaceAll('\n', ' ').replaceAll('\r', ' ')),
          { maxLength: 8 },
        ),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 5, max: 60 }),
        (texts, step, limit) => {
          const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
          const lines: string[] = [];
          const offsets: number[] = [];
          const splitter = new JsonLines(
            0,
            limit,
            (entry) => {
              lines.push(Buffer.from(entry.bytes).toString());
              offsets.push(entry.offset);
            },
            (entry) => {
              lines.push(`long ${entry.sizeBytes}`);
              offsets.push(entry.offset);
            },
          );
          for (let at = 0; at < bytes.length; at += step) splitter.push(bytes.subarray(at, at + step));
          let offset = 0;
          const expected = texts.map((text) => {
            const size = Buffer.byteLength(text);
            const here = offset;
            offset += size + 1;
            return { text: size > limit ? `long ${size}` : text, here };
          });
          expect(lines).toEqual(expected.map((entry) => entry.text));
          expect(offsets).toEqual(expected.map((entry) => entry.here));
          expect(splitter.offset).toBe(bytes.length);
        },
      ),
    );
  });
});
