import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLine } from '../../src/core/salvage.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { linesOf, notes } from '../store/logRoom.ts';

const [first, second, third] = linesOf(notes('abcd', 3)).map((line) => line.slice(0, -1)) as [string, string, string];
const read = (text: string, isTail = false) => {
  const { records, damage } = readLine(Buffer.from(text), nodeDigest, isTail);
  return { numbers: records.map(({ event }) => event.n), damage };
};

test('[L7] a record glued onto a torn one is read, and the torn part is told', () => {
  const torn = first.slice(0, 90);
  expect(read(torn + second)).toEqual({ numbers: [2], damage: [{ from: 0, to: 90, reason: 'framing' }] });
});

test('[L7] two whole records on one line are both read, and nothing is damaged', () => {
  expect(read(first + second)).toEqual({ numbers: [1, 2], damage: [] });
});

test('[L7] bytes between, before and behind sound records are told apart', () => {
  const text = `\0\0\0${first}rubbish${second}\0\0${third}{"v":`;
  const size = first.length;
  expect(read(text)).toEqual({
    numbers: [1, 2, 3],
    damage: [
      { from: 0, to: 3, reason: 'nul' },
      { from: 3 + size, to: 10 + size, reason: 'framing' },
      { from: 10 + 2 * size, to: 12 + 2 * size, reason: 'nul' },
      { from: 12 + 3 * size, to: 17 + 3 * size, reason: 'framing' },
    ],
  });
});

test('[L7] a run of NUL is told as one', () => {
  expect(read('\0'.repeat(5000))).toEqual({ numbers: [], damage: [{ from: 0, to: 5000, reason: 'nul' }] });
});

test('[L7] only an unfinished end of a file is torn', () => {
  const torn = first.slice(0, -1);
  expect(read(torn, true).damage).toEqual([{ from: 0, to: torn.length, reason: 'torn' }]);
  expect(read(torn, false).damage).toEqual([{ from: 0, to: torn.length, reason: 'framing' }]);
});

test('[L7] a text that looks like a record inside a record is no record', () => {
  const inner = linesOf([{ ...notes('abcd', 1)[0]!, text: `${first}\n${second}` } as never])[0]!.slice(0, -1);
  expect(read(`x${inner}`).numbers).toEqual([1]);
});

test('[L7] every byte belongs to a record or to a damaged range, once, in order', () => {
  const piece = fc.oneof(
    fc.constantFrom(first, second, third, '\0\0', '{"v":', ',"crc":"00000000"}'),
    fc.string({ maxLength: 12 }),
    fc.nat(first.length).map((length) => first.slice(0, length)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const bytes = Buffer.from(pieces.join(''));
      const { records, damage } = readLine(bytes, nodeDigest);
      let at = 0;
      for (const { from, to } of [...records, ...damage].sort((a, b) => a.from - b.from)) {
        expect(from).toBe(at);
        expect(to).toBeGreaterThan(from);
        at = to;
      }
      expect(at).toBe(bytes.length);
      // A whole record stands in the pieces: it is found, unless another piece's head made it part of a longer unsound one.
      expect(records.length).toBe(pieces.filter((text) => text === first || text === second || text === third).length);
    }),
    { numRuns: 300 },
  );
});
