import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChainCheck, type ChainBreak, type ChainLink } from '../../src/core/chain.ts';
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
  expect(check([...lines.slice(0, 5), ...lines.slice(3)])).toEqual({ breaks: ['duplicated 4-5'], repeated: 0 });
  expect(check(lines.slice(0, 5), lines.slice(3))).toEqual({ breaks: [], repeated: 2 });
});

test('[L8] swapped lines are named', () => {
  const swapped = [...lines.slice(0, 3), lines[4]!, lines[3]!, ...lines.slice(5)];
  expect(check(swapped).breaks).toEqual(['misplaced 4-4']);
  const moved = [...lines.slice(0, 2), lines[5]!, ...lines.slice(2, 5), ...lines.slice(6)];
  expect(check(moved).breaks).toEqual(['misplaced 6-6']);
  expect(check(lines.slice(4), lines.slice(0, 4)).breaks).toEqual(['misplaced 1-4']);
});

test('[L8] a line put in with a number far ahead is named, and nothing is called missing for it', () => {
  const ahead = forged(noted('abcd', 5000, 5, 'put in'), firstPrev);
  expect(check([...lines.slice(0, 4), ahead, ...lines.slice(4)]).breaks).toEqual(['inserted 5000-5000']);
  expect(check([ahead, ...lines]).breaks).toEqual(['inserted 5000-5000']);
});

test('[L8] a first line that continues another chain is named', () => {
  expect(check(linesOf(notes('abcd', 2), hashOf(lines[0]!))).breaks).toEqual(['altered 1-1']);
});

test('[L8] whole runs at once are told as the same lines one by one are, whatever was done to them', () => {
  const long = linesOf(notes('abcd', 300));
  const random = fc.integer({ min: 0, max: 299 });
  const change = fc.tuple(fc.constantFrom('cut', 'double', 'forge', 'swap', 'move', 'split'), random, fc.integer({ min: 1, max: 150 }));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 4 }), (changes) => {
      const files: string[][] = [[...long]];
      for (const [what, at, count] of changes) {
        const file = files.at(-1)!;
        if (what === 'cut') file.splice(at, count);
        else if (what === 'double') file.splice(at, 0, ...file.slice(Math.max(0, at - count), at));
        else if (what === 'forge' && file[at] !== undefined) file[at] = forged(noted('abcd', at + 1, at, 'forged'), prevOf(file[at]));
        else if (what === 'swap') file.push(...file.splice(at, 1));
        else if (what === 'move') file.unshift(...file.splice(at, count));
        else if (what === 'split') files.push(file.splice(at));
      }
      expect(checkRuns(files)).toEqual(check(...files));
    }),
    { numRuns: 300 },
  );
});

const prevOf = (line: string): string => /"prev":"([0-9a-f]{32})"/.exec(line)![1]!;

/** As `check`, but what follows each other is handed over together. */
function checkRuns(files: readonly (readonly string[])[]): { breaks: string[]; repeated: number } {
  const breaks: ChainBreak[] = [];
  const chain = new ChainCheck('abcd', (found) => breaks.push(found));
  for (const [index, file] of files.entries()) {
    const links = file.map((line, at): ChainLink => {
      const n = Number(/"n":(\d+)/.exec(line)![1]);
      return { n, prev: prevOf(line), hash: hashOf(line), file: `f${index}`, from: at, to: at + 1 };
    });
    for (let from = 0; from < links.length;) {
      let to = from + 1;
      while (to < links.length && links[to]!.n === links[to - 1]!.n + 1 && links[to]!.prev === links[to - 1]!.hash) to += 1;
      const [first, base] = [links[from]!.n, from];
      chain.addRun({ fromN: first, toN: links[to - 1]!.n, link: (n) => links[base + n - first]! });
      from = to;
    }
  }
  chain.end();
  return { breaks: breaks.map(({ reason, fromN, toN }) => `${reason} ${fromN}-${toN}`), repeated: chain.repeated };
}
