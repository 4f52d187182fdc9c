import { expect, test } from 'vitest';
import { ChainCheck, type ChainBreak } from '../../src/core/chain.ts';
import { lineHash } from '../../src/core/logCodec.ts';
import { readLine } from '../../src/core/salvage.ts';
import type { LoggedEvent } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { linesOf, noted, openLogRoom } from '../store/logRoom.ts';
import { damageAtRandom, damageNames, damages } from './damages.ts';
import { createDice, depth, seedOf } from './depth.ts';

const list = Array.from({ length: 60 }, (_, index) => noted('abcd', index + 1, index, `note ${index} `.repeat(1 + (index % 7))));
const whole = Buffer.from(linesOf(list).join(''));
const told = (event: LoggedEvent): string => JSON.stringify(event);
const expected = new Map(list.map((event) => [event.n, told(event)]));

interface Examined {
  readonly events: readonly LoggedEvent[];
  readonly damage: readonly { readonly from: number; readonly to: number }[];
  readonly breaks: readonly ChainBreak[];
  /** Where the last sound line ends. */
  readonly soundTo: number;
}

/** What a reader makes of the bytes, line by line; every byte belongs to a line's end, an event, or a damaged range. */
function examine(bytes: Buffer): Examined {
  const events: LoggedEvent[] = [];
  const damage: { from: number; to: number }[] = [];
  const breaks: ChainBreak[] = [];
  let covered = 0;
  let soundTo = 0;
  const chain = new ChainCheck('abcd', (found) => breaks.push(found));
  for (let from = 0; from < bytes.length;) {
    const newline = bytes.indexOf(10, from);
    const to = newline < 0 ? bytes.length : newline;
    const line = bytes.subarray(from, to);
    const read = readLine(line, nodeDigest, newline < 0);
    for (const range of read.damage) damage.push({ from: from + range.from, to: from + range.to });
    for (const record of read.records) {
      events.push(record.event);
      covered += record.to - record.from;
      const place = { file: 'f', from: from + record.from, to: from + record.to };
      soundTo = place.to;
      chain.add({ n: record.event.n, prev: record.prev, hash: lineHash(line.subarray(record.from, record.to), nodeDigest), ...place });
    }
    covered += newline < 0 ? 0 : 1;
    from = to + 1;
  }
  chain.end();
  expect(covered + damage.reduce((sum, range) => sum + range.to - range.from, 0)).toBe(bytes.length);
  return { events, damage, breaks, soundTo };
}

/** Each event is one that was written; each that was lost is told: by its number, or, behind the last one, by its bytes. */
function expectExactOrTold(bytes: Buffer, { events, damage, breaks, soundTo }: Examined): void {
  for (const event of events) if (expected.get(event.n) !== told(event)) expect(told(event)).toBe(expected.get(event.n));
  const found = new Set(events.map(({ n }) => n));
  const last = Math.max(0, ...found);
  const isToldMissing = (n: number): boolean => breaks.some(({ reason, fromN, toN }) => reason === 'missing' && n >= fromN && n <= toN);
  // A file that ends where a line does is all that it alone cannot tell; a writer's last word can.
  const endsAtLine = bytes.length <= soundTo + 1;
  for (const { n } of list) {
    if (found.has(n) || isToldMissing(n)) continue;
    if (n < last) expect(n, 'told as missing').toBe(undefined);
    if (!endsAtLine && damage.length === 0) expect(damage, `the range of ${n}`).not.toEqual([]);
  }
  // More lines than numbers, or lines in another order: told as well, each once or more.
  const isInOrder = events.every(({ n }, index) => index === 0 || n > events[index - 1]!.n);
  if (!isInOrder) expect(breaks.length).toBeGreaterThan(0);
}

test('[L6] what is whole is read as it was written', () => {
  expect(examine(whole)).toMatchObject({ events: list, damage: [], breaks: [] });
});

test.each(damageNames)(
  '[L6] %s: each answer is exact, or a loss that is told with its range; never silent',
  { timeout: 600_000, retry: 0 },
  (name) => {
    const dice = createDice(seedOf(name.length * 7919 + name.charCodeAt(0)));
    let harmed = 0;
    for (let trial = 0; trial < depth(10_000, 100_000) / damageNames.length; trial++) {
      const bytes = damages[name]!(whole, dice);
      const found = examine(bytes);
      expectExactOrTold(bytes, found);
      if (found.events.length !== list.length || found.breaks.length > 0 || found.damage.length > 0) harmed += 1;
    }
    expect(harmed).toBeGreaterThan(depth(10_000, 100_000) / damageNames.length / 2);
  },
);

test(
  '[L6] [L7] the reader gives each event once and exactly, verify tells every loss, and another writer loses nothing',
  { timeout: 900_000, retry: 0 },
  async () => {
    const dice = createDice(seedOf(20260109));
    const others = Array.from({ length: 30 }, (_, index) => noted('efgh', index + 1, index * 2));
    const exact = new Map([...list, ...others].map((event) => [`${event.w}.${event.n}`, told(event)]));
    const room = await openLogRoom();
    try {
      await room.writeSegment('efgh-0001.jsonl', linesOf(others).join(''));
      for (let trial = 0; trial < depth(200, 10_000); trial++) {
        const bytes = damageAtRandom(whole, dice);
        await room.writeSegment('abcd-0001.jsonl', bytes);
        const reader = await room.reader();
        const events: LoggedEvent[] = [];
        for await (const batch of reader.all()) events.push(...batch);
        const ids = events.map(({ w, n }) => `${w}.${n}`);
        for (const [index, event] of events.entries())
          if (exact.get(ids[index]!) !== told(event)) expect(told(event)).toBe(exact.get(ids[index]!));
        expect(new Set(ids).size).toBe(ids.length);
        expect(events.filter(({ w }) => w === 'efgh')).toEqual(others);
        const pages = [await reader.tail(20), await reader.after(list[20]!, 10), await reader.before(list[40]!, 10)];
        for (const event of pages.flatMap((page) => page.events))
          if (exact.get(`${event.w}.${event.n}`) !== told(event)) expect(told(event)).toBe(exact.get(`${event.w}.${event.n}`));
        const health = await reader.verify();
        const own = events.filter(({ w }) => w === 'abcd');
        const damage = [...health.damage, ...health.growing];
        for (const { file, from, to } of damage) expect(file === 'abcd-0001.jsonl' && from < to && to <= bytes.length).toBe(true);
        const soundTo = examine(bytes).soundTo;
        expectExactOrTold(bytes, { events: own, damage, breaks: health.breaks, soundTo });
        const isHarmed = damage.length > 0 || health.breaks.length > 0 || own.length < list.length;
        if (!isHarmed) expect(own).toEqual(list);
      }
    } finally {
      await room.close();
    }
  },
);

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
