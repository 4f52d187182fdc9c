import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PackedLinesSource, readPackedLines } from '../../src/store/packedLines.ts';
import type { TailDamage } from '../../src/store/transcriptTail.ts';
import { hasZstd } from '../../src/store/zstd.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-packed-'));
  path = join(folder, 'rollout.jsonl.zst');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const pack = (text: string): Buffer => zlib.zstdCompressSync(text);
function take() {
  const records: { value: unknown; offset: number }[] = [];
  const damage: TailDamage[] = [];
  const restarts: string[] = [];
  const taker = {
    onRecord: (value: unknown, offset: number) => void records.push({ value, offset }),
    onDamage: (entry: TailDamage) => void damage.push(entry),
    onRestart: (reason: string) => void restarts.push(reason),
  };
  return { records, damage, restarts, taker };
}

describe.skipIf(!hasZstd())('a packed transcript', () => {
  test('[A44] gives the records and places of what it was made from', async () => {
    await writeFile(path, pack('{"a":1}\n\n{"b":"ü"}\n{"c":3}'));
    const { records, damage, taker } = take();
    expect(await readPackedLines(path, taker)).toBe(27);
    expect(records).toEqual([
      { value: { a: 1 }, offset: 0 },
      { value: { b: 'ü' }, offset: 9 },
      { value: { c: 3 }, offset: 20 },
    ]);
    expect(damage).toEqual([]);
  });

  test('[A10] tells what is whole of a torn one, and the rest as torn', async () => {
    const text = Array.from({ length: 30_000 }, (_, index) => `{"n":${index},"x":"${(index * 7919) % 1_000_003}"}\n`).join('');
    const packed = pack(text);
    await writeFile(path, packed.subarray(0, packed.length / 2));
    const torn = take();
    await readPackedLines(path, torn.taker);
    expect(torn.records.length).toBeGreaterThan(1000);
    expect(torn.damage.at(-1)).toMatchObject({ reason: 'torn' });
    await writeFile(path, 'no zstd at all');
    const none = take();
    await readPackedLines(path, none.taker);
    expect(none).toMatchObject({ records: [], damage: [{ reason: 'torn', offset: 0 }] });
  });

  test('[A18] bounds a line that unpacks to far more than it is', async () => {
    await writeFile(path, pack(`{"a":"${'x'.repeat(64 * 1024 * 1024)}"}\n{"b":1}\n`));
    const { records, damage, taker } = take();
    await readPackedLines(path, { ...taker, maxLineBytes: 1024 * 1024 });
    expect(records.map(({ value }) => value)).toEqual([{ b: 1 }]);
    expect(damage).toMatchObject([{ reason: 'too-long', offset: 0 }]);
  });

  test('[A17] is read again when it is another one', async () => {
    const source = take();
    const packed = new PackedLinesSource(path, source.taker);
    expect(await packed.read()).toEqual({ kind: 'missing' });
    await writeFile(path, pack('{"a":1}\n'));
    expect(await packed.hasChanged()).toBe(true);
    await packed.read();
    expect(await packed.read()).toEqual({ kind: 'same' });
    await writeFile(path, pack('{"a":2}\n{"a":3}\n'));
    await packed.read();
    expect(source.restarts).toEqual(['replaced']);
    expect(source.records.map(({ value }) => value)).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
    await expect(readPackedLines(join(folder, 'none'), source.taker)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
