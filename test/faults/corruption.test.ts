import { expect, test } from 'vitest';
import { readLine } from '../../src/core/salvage.ts';
import { ChainCheck } from '../../src/core/chain.ts';
import { lineHash } from '../../src/core/logCodec.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { linesOf, noted, openLogRoom } from '../store/logRoom.ts';
import { createDice, depth } from './depth.ts';

const list = Array.from({ length: 60 }, (_, index) => noted('abcd', index + 1, index, `note ${index} `.repeat(1 + (index % 7))));
const whole = Buffer.from(linesOf(list).join(''));

type Dice = (below: number) => number;
/** What happens to files: bits flip, ranges are zeroed, cut out, doubled, swapped for others, filled with junk, ended early. */
const damages: Readonly<Record<string, (bytes: Buffer, dice: Dice) => Buffer>> = {
  flip(bytes, dice) {
    const copy = Buffer.from(bytes);
    for (let flips = 1 + dice(4); flips > 0; flips--) copy[dice(copy.length)]! ^= 1 << dice(8);
    return copy;
  },
  zero(bytes, dice) {
    const copy = Buffer.from(bytes);
    const from = dice(copy.length);
    return copy.fill(0, from, Math.min(copy.length, from + 1 + dice(4096)));
  },
  cutOut(bytes, dice) {
    const from = dice(bytes.length);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + dice(2000))]);
  },
  double(bytes, dice) {
    const from = dice(bytes.length);
    const to = Math.min(bytes.length, from + 1 + dice(2000));
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  junk(bytes, dice) {
    const at = dice(bytes.length);
    const junk = Buffer.from(Array.from({ length: 1 + dice(300) }, () => dice(256)));
    return Buffer.concat([bytes.subarray(0, at), junk, bytes.subarray(dice(2) === 0 ? at : at + junk.length)]);
  },
  endEarly: (bytes, dice) => bytes.subarray(0, dice(bytes.length)),
};

/** What a reader makes of the bytes, line by line, with every range accounted for. */
function examine(bytes: Buffer): { told: string[]; numbers: number[]; damagedBytes: number; breaks: number; coveredBytes: number } {
  const told: string[] = [];
  const numbers: number[] = [];
  let damagedBytes = 0;
  let coveredBytes = 0;
  let breaks = 0;
  const chain = new ChainCheck('abcd', () => (breaks += 1));
  for (let from = 0; from < bytes.length;) {
    const newline = bytes.indexOf(10, from);
    const to = newline < 0 ? bytes.length : newline;
    const line = bytes.subarray(from, to);
    const { records, damage } = readLine(line, nodeDigest, newline < 0);
    for (const range of damage) damagedBytes += range.to - range.from;
    for (const record of records) {
      coveredBytes += record.to - record.from;
      told.push(JSON.stringify(record.event));
      numbers.push(record.event.n);
      const place = { file: 'f', from: from + record.from, to: from + record.to };
      chain.add({ n: record.event.n, prev: record.prev, hash: lineHash(line.subarray(record.from, record.to), nodeDigest), ...place });
    }
    coveredBytes += (newline < 0 ? 0 : 1) + damage.reduce((sum, range) => sum + range.to - range.from, 0);
    from = to + 1;
  }
  chain.end();
  return { told, numbers, damagedBytes, breaks, coveredBytes };
}

const pristine = examine(whole);
const expected = new Map(pristine.numbers.map((n, index) => [n, pristine.told[index]]));

test.each(Object.keys(damages))('[L6] %s: each answer is exact, or a loss that is reported; never silent', (name) => {
  const dice = createDice(depth(name.length * 7919, Date.now()));
  for (let trial = 0; trial < depth(10_000, 100_000) / Object.keys(damages).length; trial++) {
    const bytes = damages[name]!(whole, dice);
    const found = examine(bytes);
    expect(found.coveredBytes).toBe(bytes.length);
    for (const [index, event] of found.told.entries())
      if (expected.get(found.numbers[index]!) !== event) expect(event).toBe('an event that was written');
    const isWhole = found.told.length === list.length && found.numbers.every((n, index) => n === index + 1);
    if (isWhole) continue;
    // An end that was cut off exactly between two lines is all that a file alone cannot tell; a writer's last word can.
    const isCleanEnd = found.numbers.every((n, index) => n === index + 1) && bytes.equals(whole.subarray(0, bytes.length));
    if (!isCleanEnd) expect(found.damagedBytes + found.breaks).toBeGreaterThan(0);
  }
});

test('[L7] sixteen megabytes of NUL behind a log cost nothing but their place', async () => {
  const room = await openLogRoom();
  try {
    const nul = Buffer.alloc(16 << 20);
    await room.writeSegment('abcd-0001.jsonl', Buffer.concat([whole, nul, Buffer.from(linesOf([noted('abcd', 61, 70)])[0]!)]));
    const reader = await room.reader();
    const page = await reader.tail(3);
    expect(page.events.map(({ n }) => n)).toEqual([59, 60, 61]);
    expect(page.damage).toEqual([{ file: 'abcd-0001.jsonl', from: whole.length, to: whole.length + nul.length, reason: 'nul' }]);
    expect((await reader.verify()).damage).toEqual(page.damage);
  } finally {
    await room.close();
  }
});
