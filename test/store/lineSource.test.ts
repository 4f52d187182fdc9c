import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { backwardLines, forwardLines, type LineSource, type RawLine } from '../../src/store/lineSource.ts';

const fileOf = (bytes: Buffer) => ({
  async read(buffer: Buffer, offset: number, length: number, position: number) {
    return { bytesRead: bytes.subarray(position, position + length).copy(buffer, offset) };
  },
});

async function drain(source: LineSource): Promise<RawLine[]> {
  const lines: RawLine[] = [];
  do {
    for (let line = source.take(); line !== undefined; line = source.take()) lines.push(line);
  } while (await source.fill());
  return lines;
}

const shown = (lines: readonly RawLine[]) => lines.map(({ bytes, ...rest }) => ({ ...rest, text: bytes.toString('latin1') }));

test('[L13] a very long line is read in few pieces', async () => {
  const bytes = Buffer.concat([Buffer.from('first\n'), Buffer.alloc(20 << 20, 'x'), Buffer.from('\nlast\n')]);
  for (const read of [forwardLines, backwardLines]) {
    let reads = 0;
    const file = fileOf(bytes);
    const counted = { read: (...given: Parameters<typeof file.read>) => ((reads += 1), file.read(...given)) };
    const lines = await drain(read({ file: counted, from: 0, to: bytes.length, chunkBytes: 4 << 10 }));
    expect(lines.map(({ bytes: line }) => line.length).toSorted((a, b) => a - b)).toEqual([4, 5, 20 << 20]);
    expect(reads).toBeLessThan(40);
  }
});

test('[L13] both directions give the same lines, whatever the chunks', async () => {
  const text = fc
    .array(fc.constantFrom('\n', '\n', 'a', 'bc', '\0', 'a longer piece of a line'), { maxLength: 40 })
    .map((parts) => parts.join(''));
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 5, max: 60 }), async (text, chunkBytes, maxLineBytes) => {
      const bytes = Buffer.from(text);
      const options = { file: fileOf(bytes), from: 0, to: bytes.length, chunkBytes, maxLineBytes };
      const forward = shown(await drain(forwardLines(options)));
      const backward = shown(await drain(backwardLines(options)));
      expect(backward.reverse()).toEqual(forward);
      const expected = text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (line.length > maxLineBytes ? '' : line));
      expect(forward.map((line) => line.text)).toEqual(expected);
      for (const { from, to } of forward) expect(text.slice(from, to)).not.toContain('\n');
      expect(forward.every(({ isTail, to }) => isTail === (to === bytes.length))).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('[L13] a file that is cut while it is read ends there, without a line that never was', async () => {
  let bytes = Buffer.from('first\nsecond\nthird\n');
  const file = {
    read: (buffer: Buffer, offset: number, length: number, position: number) => fileOf(bytes).read(buffer, offset, length, position),
  };
  const forward = forwardLines({ file, from: 0, to: bytes.length, chunkBytes: 8 });
  await forward.fill();
  bytes = bytes.subarray(0, 8);
  expect((await drain(forward)).map((line) => line.bytes.toString())).toEqual(['first', 'se']);
  const backward = backwardLines({ file, from: 0, to: 19, chunkBytes: 6 });
  expect((await drain(backward)).map((line) => line.bytes.toString())).toEqual(['se', 'first']);
});

test('[L13] a line far too long is passed over with its place, and costs no memory', async () => {
  const bytes = Buffer.concat([Buffer.from('before\n'), Buffer.alloc(3000, 'x'), Buffer.from('\nbehind\n')]);
  const options = { file: fileOf(bytes), from: 0, to: bytes.length, chunkBytes: 64, maxLineBytes: 100 };
  const lines = shown(await drain(forwardLines(options)));
  expect(lines.map(({ text }) => text)).toEqual(['before', '', 'behind']);
  expect(lines[1]).toMatchObject({ from: 7, to: 3007, isTooLong: true });
});
