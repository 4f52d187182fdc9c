import { rm, truncate, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeLine, firstPrev } from '../../src/core/logCodec.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { verifySession, type LogHealth } from '../../src/store/logHealth.ts';
import { listSegments } from '../../src/store/segmentFile.ts';
import { scanSegment } from '../../src/store/segmentScan.ts';
import { damageAtRandom } from '../faults/damages.ts';
import { createDice, depth } from '../faults/depth.ts';
import { linesOf, noted, notes, openLogRoom, sessionId, type LogRoom } from './logRoom.ts';

// Each kind of fault is planted in a real log by a table of mutations. `verify` must say which lines and which bytes, at
// both depths alike, and a reader must still give every sound event.

let room: LogRoom;
beforeEach(async () => {
  room = await openLogRoom();
});
afterEach(() => room.close());

const file = 'abcd-0001.jsonl';
const list = notes('abcd', 12);
const lines = linesOf(list);
/** Where line `n` begins. */
const offsetOf = (n: number, all: readonly string[] = lines): number => all.slice(0, n - 1).join('').length;
/** A line with a right checksum for that number, put in the place of what was written. */
const forge = (n: number, prev: string, text = 'something else'): string => encodeLine(noted('abcd', n, n, text), prev, nodeDigest);
const prevOf = (line: string): string => /"prev":"([0-9a-f]{32})"/.exec(line)![1]!;

async function plant(...files: readonly (readonly string[])[]): Promise<void> {
  for (const [index, content] of files.entries()) {
    const name = `abcd-000${index + 1}.jsonl`;
    await room.writeSegment(name, Buffer.from(content.join(''), 'latin1'));
    await utimes(join(room.session.events, name), new Date(2020, 1), new Date(2020, 1));
  }
}

/** At both depths, which must agree. */
async function verify(): Promise<LogHealth> {
  const health = await verifySession({ layout: room.layout, session: sessionId });
  const bytes = await verifySession({ layout: room.layout, session: sessionId, depth: 'bytes' });
  expect({ ...bytes, depth: 'fields' }).toEqual(health);
  return health;
}

/** Each fault as `reason numbers line from-to lost`. */
const told = ({ faults }: LogHealth): string[] =>
  faults.map(
    ({ reason, fromN, toN, line, from, to, lost, file: name }) =>
      `${reason} ${fromN === undefined ? '-' : fromN === toN ? fromN : `${fromN}..${toN}`} ${name === file ? '' : name}:${line ?? '-'} ${from}-${to} lost ${lost}`,
  );

const readNumbers = async (): Promise<number[]> => (await room.readAll()).map(({ n }) => n);
const allBut = (...numbers: number[]): number[] => list.map(({ n }) => n).filter((n) => !numbers.includes(n));

test('[L30] a sound log is sound, also in segments, with lines written once more after a failed sync, and by several writers', async () => {
  await plant(lines.slice(0, 5), lines.slice(3, 9), lines.slice(9));
  await room.writeSegment('wxyz-0001.jsonl', linesOf(notes('wxyz', 3)).join(''));
  expect(await verify()).toMatchObject({ isSound: true, events: 15, repeated: 2, faults: [], lost: 0, writers: 2, files: 4 });
});

test('[L30] a log that is cut at any byte is sound up to there, and the torn rest is located', async () => {
  const bytes = lines.slice(0, 2).join('');
  // Every byte of the second line, and some of the first.
  for (let length = lines[0]!.length - 20; length <= bytes.length; length++) {
    await plant([bytes.slice(0, length)]);
    const whole = bytes.slice(0, length).split('\n').length - 1;
    const from = offsetOf(whole + 1);
    const health = await verify();
    // A line that lacks its newline alone is there with every byte.
    const isWhole = length === from || length === from + lines[whole]!.length - 1;
    expect(health.events).toBe(length === from ? whole : isWhole ? whole + 1 : whole);
    expect(told(health)).toEqual(isWhole ? [] : [`torn - :${whole + 1} ${from}-${length} lost 0`]);
    expect(await readNumbers()).toEqual(list.slice(0, health.events).map(({ n }) => n));
  }
});

test('[L30] of a line with a flipped bit the place, the line and the number of the lost event are told', async () => {
  for (let n = 1; n <= lines.length; n++) {
    await plant([...lines.slice(0, n - 1), lines[n - 1]!.replace('note', 'nota'), ...lines.slice(n)]);
    const health = await verify();
    const from = offsetOf(n);
    // Nothing behind the last one tells its number.
    const number = n === lines.length ? '-' : String(n);
    expect(told(health)).toEqual([`crc ${number} :${n} ${from}-${from + lines[n - 1]!.length - 1} lost ${n === lines.length ? 0 : 1}`]);
    expect(await readNumbers()).toEqual(allBut(n));
  }
});

test('[L31] a line that was altered and its checksum made good is named, and no other', async () => {
  for (let n = 1; n < lines.length; n++) {
    const altered = [...lines.slice(0, n - 1), forge(n, prevOf(lines[n - 1]!)), ...lines.slice(n)];
    await plant(altered);
    const from = offsetOf(n);
    expect(told(await verify())).toEqual([`altered ${n} :${n} ${from}-${from + altered[n - 1]!.length - 1} lost 0`]);
  }
});

test('[L31] of the last line only what its writer said at its end tells that it was altered or cut off', async () => {
  const writer = await room.writer();
  await writer.append({ kind: 'progress.noted', by: noted('abcd', 1).by, text: 'one' });
  await writer.append({ kind: 'progress.noted', by: noted('abcd', 1).by, text: 'two' });
  await writer.close();
  const name = `${writer.id}-0001.jsonl`;
  const [one, two] = (await room.segment(name)).toString().split('\n') as [string, string];
  expect((await verify()).isSound).toBe(true);
  const altered = encodeLine(noted(writer.id, 2, 2_000_000), prevOf(two), nodeDigest);
  await room.writeSegment(name, `${one}\n${altered}`);
  expect((await verify()).faults).toMatchObject([{ reason: 'altered', fromN: 2, toN: 2, line: 2, from: one.length + 1 }]);
  await room.writeSegment(name, `${one}\n`);
  expect((await verify()).faults).toMatchObject([{ reason: 'missing', fromN: 2, toN: 2, from: one.length + 1, lost: 1 }]);
  await rm(join(room.session.events, name));
  expect((await verify()).faults).toMatchObject([{ reason: 'missing', writer: writer.id, fromN: 1, toN: 2, lost: 2, file: '' }]);
});

test('[L31] lines that were taken out are missing by number, where they were', async () => {
  for (let n = 1; n < lines.length; n++) {
    for (let count = 1; n + count <= lines.length; count += 3) {
      await plant([...lines.slice(0, n - 1), ...lines.slice(n - 1 + count)]);
      const numbers = count === 1 ? `${n}` : `${n}..${n + count - 1}`;
      expect(told(await verify())).toEqual([`missing ${numbers} :${n} ${offsetOf(n)}-${offsetOf(n)} lost ${count}`]);
    }
  }
});

test('[L31] a line that is there twice is named at its second place', async () => {
  for (let n = 1; n <= lines.length; n++) {
    await plant([...lines.slice(0, n), ...lines.slice(n - 1)]);
    const from = offsetOf(n + 1);
    expect(told(await verify())).toEqual([`duplicated ${n} :${n + 1} ${from}-${from + lines[n - 1]!.length - 1} lost 0`]);
    expect(await readNumbers()).toEqual(allBut());
  }
});

test('[L31] of two lines that changed places the one that comes late is named, and nothing is lost', async () => {
  for (let n = 1; n < lines.length; n++) {
    await plant([...lines.slice(0, n - 1), lines[n]!, lines[n - 1]!, ...lines.slice(n + 1)]);
    const from = offsetOf(n) + lines[n]!.length;
    expect(told(await verify())).toEqual([`misplaced ${n} :${n + 1} ${from}-${from + lines[n - 1]!.length - 1} lost 0`]);
  }
});

test('[L31] a line that was put in is named, whether it has the right predecessor, a wrong one, or a number far ahead', async () => {
  for (let n = 2; n < lines.length; n++) {
    const inputs = [forge(n, prevOf(lines[n - 1]!)), forge(n, firstPrev), forge(n - 1, firstPrev), forge(900_000, firstPrev)];
    for (const [index, input] of inputs.entries()) {
      const number = [n, n, n - 1, 900_000][index];
      await plant([...lines.slice(0, n - 1), input, ...lines.slice(n - 1)]);
      const from = offsetOf(n);
      expect(told(await verify())).toEqual([`inserted ${number} :${n} ${from}-${from + input.length - 1} lost 0`]);
    }
  }
});

test('[L30] a run of NUL bytes is located, in front of a line, in its middle, and over several', async () => {
  const zeros = '\0'.repeat(5000);
  await plant([...lines.slice(0, 4), zeros, ...lines.slice(4)]);
  expect(told(await verify())).toEqual([`nul - :5 ${offsetOf(5)}-${offsetOf(5) + 5000} lost 0`]);
  expect(await readNumbers()).toEqual(allBut());
  // Blocks that the disk never wrote, from within line 5 to within line 8.
  const text = lines.join('');
  const [from, to] = [offsetOf(5) + 30, offsetOf(8) + 10];
  await plant([text.slice(0, from) + '\0'.repeat(to - from) + text.slice(to)]);
  expect(told(await verify())).toEqual([`crc 5..8 :5 ${offsetOf(5)}-${offsetOf(9) - 1} lost 4`]);
  expect(await readNumbers()).toEqual(allBut(5, 6, 7, 8));
});

test('[L30] a record that was glued onto a torn one is read, and the torn part is located', async () => {
  for (let n = 2; n < lines.length; n++) {
    const torn = lines[n - 1]!.slice(0, 40);
    await plant([...lines.slice(0, n - 1), torn, ...lines.slice(n - 1)]);
    expect(told(await verify())).toEqual([`framing - :${n} ${offsetOf(n)}-${offsetOf(n) + 40} lost 0`]);
    expect(await readNumbers()).toEqual(allBut());
    await plant([...lines.slice(0, n - 1), torn, ...lines.slice(n)]);
    expect(told(await verify())).toEqual([`framing ${n} :${n} ${offsetOf(n)}-${offsetOf(n) + 40} lost 1`]);
    expect(await readNumbers()).toEqual(allBut(n));
  }
});

test('[L30] a segment that was removed, emptied, cut or replaced is told with what it held', async () => {
  const parts = [lines.slice(0, 4), lines.slice(4, 8), lines.slice(8)] as const;
  await plant(...parts);
  await rm(join(room.session.events, 'abcd-0002.jsonl'));
  const removed = await verify();
  expect(removed.gone).toEqual(['abcd-0002.jsonl']);
  expect(told(removed)).toEqual(['missing 5..8 abcd-0003.jsonl:1 0-0 lost 4']);
  expect(await readNumbers()).toEqual(allBut(5, 6, 7, 8));
  await plant(parts[0], [], parts[2]);
  expect(told(await verify())).toEqual(['missing 5..8 abcd-0003.jsonl:1 0-0 lost 4']);
  await plant(parts[0], parts[1].slice(0, 2), parts[2]);
  expect(told(await verify())).toEqual(['missing 7..8 abcd-0003.jsonl:1 0-0 lost 2']);
  await plant(parts[0], linesOf(notes('abcd', 3)), parts[2]);
  expect(told(await verify())).toEqual(['missing 5..8 abcd-0003.jsonl:1 0-0 lost 4']);
  const another = linesOf(notes('wxyz', 2));
  await plant(parts[0], another, parts[2]);
  expect(told(await verify())).toEqual([
    `stray - abcd-0002.jsonl:1 0-${another[0]!.length - 1} lost 0`,
    `stray - abcd-0002.jsonl:2 ${another[0]!.length}-${another.join('').length - 1} lost 0`,
    'missing 5..8 abcd-0003.jsonl:1 0-0 lost 4',
  ]);
});

test('[L31] two segments that changed places are told as one range, and nothing is lost', async () => {
  await plant(lines.slice(6), lines.slice(0, 6));
  expect(told(await verify())).toEqual([`misplaced 1..6 abcd-0002.jsonl:1 0-${lines.slice(0, 6).join('').length - 1} lost 0`]);
  expect((await readNumbers()).toSorted((a, b) => a - b)).toEqual(allBut());
});

test('[L30] a log of which every line is damaged is told line by line, and ends', async () => {
  await plant(lines.map((line) => line.replace('note', 'nota')));
  expect(await verify()).toMatchObject({ isSound: false, events: 0, damage: lines.map(() => ({ reason: 'crc' })) });
});

test('[L30] misshapen events are counted where every line is parsed, and are no fault at any depth', async () => {
  const odd = linesOf([list[0]!, { ...list[1]!, text: 5 } as never, list[2]!]);
  await plant(odd);
  const options = { layout: room.layout, session: sessionId };
  expect(await verifySession(options)).toMatchObject({ isSound: true, events: 3, foreign: { misshapen: 1 } });
  expect(await verifySession({ ...options, depth: 'bytes' })).toMatchObject({ isSound: true, events: 3, foreign: { misshapen: 0 } });
});

test('[L32] what changed while the log was read is not held against it', async () => {
  const writer = await room.writer({ shortLived: true });
  await writer.append({ kind: 'progress.noted', by: noted('abcd', 1).by, text: 'one' });
  await writer.close();
  let isAppended = false;
  const health = await verifySession({
    layout: room.layout,
    session: sessionId,
    scanner: {
      lanes: 1,
      async scan(segment, options) {
        const scan = await scanSegment(segment, options);
        const again = await room.writer({ shortLived: true });
        await again.append({ kind: 'progress.noted', by: noted('abcd', 1).by, text: 'two' });
        await again.close();
        isAppended = again.id === writer.id;
        return scan;
      },
    },
  });
  expect(isAppended).toBe(true);
  expect(health).toMatchObject({ isSound: true, events: 1 });
});

test('[L32] it can be stopped', async () => {
  await plant(lines);
  const stop = new AbortController();
  stop.abort(new Error('enough'));
  await expect(verifySession({ layout: room.layout, session: sessionId, signal: stop.signal })).rejects.toThrow('enough');
});

test(
  '[L30] whatever is done to the bytes, both depths say the same, no loss is silent, and readers give what verify counts',
  { timeout: depth(60_000, 900_000) },
  async () => {
    const dice = createDice(depth(20_260_101, Date.now()));
    const long = notes('abcd', 40, (n) => n);
    const bytes = Buffer.from(linesOf(long).join(''));
    const texts = new Map(long.map((event) => [event.n, event]));
    for (let trial = 0; trial < depth(60, 3000); trial++) {
      const damaged = damageAtRandom(bytes, dice);
      const cut = 1 + dice(damaged.length);
      await plantBytes(damaged.subarray(0, cut), damaged.subarray(cut));
      const health = await verify();
      const events = await room.readAll();
      for (const event of events) expect(event).toEqual(texts.get(event.n));
      const distinct = new Set(events.map(({ n }) => n));
      expect(events.length - distinct.size).toBeLessThanOrEqual(health.breaks.reduce((sum, { fromN, toN }) => sum + toN - fromN + 1, 0));
      for (const { from, to, file: name } of health.faults) {
        const { length } = await room.segment(name);
        expect(from >= 0 && from <= to && to <= length, `${name} ${from} to ${to} of ${length}`).toBe(true);
      }
      const newest = Math.max(0, ...distinct);
      // Of the end nothing tells; up to the newest event that is there, what is not is accounted for by number.
      const missing = Array.from({ length: newest }, (_, index) => index + 1).filter((n) => !distinct.has(n));
      const accounted = health.faults.flatMap(({ lost, fromN = 0, toN = -1 }) =>
        lost > 0 ? Array.from({ length: toN - fromN + 1 }, (_, index) => fromN + index) : [],
      );
      expect(accounted.toSorted((a, b) => a - b)).toEqual(missing);
      if (health.isSound) expect(Buffer.concat([damaged]).equals(bytes.subarray(0, damaged.length))).toBe(true);
    }
  },
);

async function plantBytes(...files: readonly Uint8Array[]): Promise<void> {
  for (const [index, content] of files.entries()) {
    const name = `abcd-000${index + 1}.jsonl`;
    await room.writeSegment(name, content);
    await utimes(join(room.session.events, name), new Date(2020, 1), new Date(2020, 1));
  }
}

test('[L30] a file that is cut while it is read is said to be: what was there when it was listed is not passed by', async () => {
  const lines = linesOf(notes('abcd', 6));
  await room.writeSegment('abcd-0001.jsonl', lines.join(''));
  const [segment] = (await listSegments(room.session)).get('abcd')!;
  const kept = lines.slice(0, 4).join('').length;
  await truncate(segment!.path, kept);
  const scan = await scanSegment(segment!, { depth: 'bytes' });
  expect(scan).toMatchObject({ lines: 4, damage: [{ from: kept, to: segment!.sizeBytes, reason: 'cut' }] });
});
