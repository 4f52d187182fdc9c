import { expect, test } from 'vitest';
import { ChainCheck, type ChainBreak } from '../../src/core/chain.ts';
import { firstPrev, lineHash } from '../../src/core/logCodec.ts';
import { readLine } from '../../src/core/salvage.ts';
import type { TapedeckEvent } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { linesOf, noted, notes } from '../store/logRoom.ts';

const lines = linesOf(notes('abcd', 10));
const hashOf = (line: string): string => lineHash(line.slice(0, -1), nodeDigest);

/** `lines` are one file each entry of the outer list. */
function check(...files: string[][]): { breaks: string[]; repeated: number } {
  const breaks: ChainBreak[] = [];
  const chain = new ChainCheck('abcd', (found) => breaks.push(found));
  for (const [index, file] of files.entries())
    for (const [at, line] of file.entries()) {
      const [record] = readLine(Buffer.from(line.slice(0, -1)), nodeDigest).records;
      chain.add({ n: record!.event.n, prev: record!.prev, hash: hashOf(line), file: `f${index}`, from: at, to: at + 1 });
    }
  chain.end();
  return { breaks: breaks.map(({ reason, fromN, toN }) => `${reason} ${fromN}-${toN}`), repeated: chain.repeated };
}

const without = (...numbers: number[]): string[] => lines.filter((_, index) => !numbers.includes(index + 1));
const forged = (event: TapedeckEvent, prev: string): string => linesOf([event], prev)[0]!;

test('[L8] a whole chain has no break, also over several files', () => {
  expect(check(lines)).toEqual({ breaks: [], repeated: 0 });
  expect(check(lines.slice(0, 4), lines.slice(4))).toEqual({ breaks: [], repeated: 0 });
});

test('[L8] missing lines are named by their numbers, at the begin and in the middle', () => {
  expect(check(without(4, 5)).breaks).toEqual(['missing 4-5']);
  expect(check(without(1, 2, 8)).breaks).toEqual(['missing 1-2', 'missing 8-8']);
});

test('[L8] a line rewritten with a good checksum is named, and only that one', () => {
  const altered = forged(noted('abcd', 5, 5, 'something else'), hashOf(lines[3]!));
  expect(check([...lines.slice(0, 4), altered, ...lines.slice(5)]).breaks).toEqual(['altered 5-5']);
});

test('[L8] a line put in with a number of its own choice is named, wherever it stands', () => {
  const rival = forged(noted('abcd', 5, 5, 'put in'), hashOf(lines[3]!));
  expect(check([...lines.slice(0, 4), rival, ...lines.slice(4)]).breaks).toEqual(['inserted 5-5']);
  expect(check([...lines.slice(0, 5), rival, ...lines.slice(5)]).breaks).toEqual(['inserted 5-5']);
  expect(check([...lines, forged(noted('abcd', 3, 3, 'put in'), firstPrev)]).breaks).toEqual(['inserted 3-3']);
});

test('[L8] a line that is there twice is named; written once more in the next file it is no fault', () => {
  expect(check([...lines.slice(0, 5), ...lines.slice(3)])).toEqual({ breaks: ['duplicated 4-4', 'duplicated 5-5'], repeated: 0 });
  expect(check(lines.slice(0, 5), lines.slice(3))).toEqual({ breaks: [], repeated: 2 });
});

test('[L8] swapped lines are named', () => {
  const swapped = [...lines.slice(0, 3), lines[4]!, lines[3]!, ...lines.slice(5)];
  expect(check(swapped).breaks).toEqual(['missing 4-4', 'misplaced 4-4']);
});

test('[L8] a first line that continues another chain is named', () => {
  expect(check(linesOf(notes('abcd', 2), hashOf(lines[0]!))).breaks).toEqual(['altered 1-1']);
});
