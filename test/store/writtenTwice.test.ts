import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeLine, firstPrev, lineHash } from '../../src/core/logCodec.ts';
import type { LoggedEvent } from '../../src/model/event.ts';
import { eventId } from '../../src/model/ids.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { openLogWalk } from '../../src/store/logWalk.ts';
import type { EventCursor, LogReader } from '../../src/store/logReader.ts';
import { depth } from '../faults/depth.ts';
import { noted, openLogRoom, type LogRoom } from './logRoom.ts';

let room: LogRoom;
beforeEach(async () => {
  room = await openLogRoom();
});
afterEach(() => room.close());

/** How a copy of a line stands in a segment. */
type Copy = 'sound' | 'altered' | 'noise' | 'gone';

/** One write: so many lines; each copy but the last is in a segment that failed, as far as it got. */
const write = fc.record({
  lines: fc.integer({ min: 1, max: 5 }),
  failed: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
});
const copy: fc.Arbitrary<Copy> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Copy>('sound') },
  { weight: 2, arbitrary: fc.constant<Copy>('altered') },
  { weight: 1, arbitrary: fc.constant<Copy>('noise') },
  { weight: 1, arbitrary: fc.constant<Copy>('gone') },
);

interface Written {
  readonly segments: readonly string[];
  /** Numbers of which a sound copy is left. */
  readonly sound: readonly number[];
}

/** The segments that such writes leave, and what of them can be read. */
function writeAll(writes: readonly { readonly lines: number; readonly failed: readonly number[] }[], copies: readonly Copy[]): Written {
  const segments = [''];
  const sound = new Set<number>();
  let prev = firstPrev;
  let n = 0;
  let nextCopy = 0;
  const put = (lines: readonly { readonly n: number; readonly text: string }[]): void => {
    for (const line of lines) {
      const how = copies.length === 0 ? 'sound' : copies[nextCopy++ % copies.length]!;
      if (how === 'sound') sound.add(line.n);
      const text =
        how === 'altered' ? line.text.replace('note', 'nota') : how === 'noise' ? '\u0000\u0000x\n' : how === 'gone' ? '' : line.text;
      segments[segments.length - 1] += text;
    }
  };
  for (const { lines, failed } of writes) {
    const batch = Array.from({ length: lines }, () => {
      n += 1;
      const text = encodeLine(noted('wwwwwwww', n, n >> 1), prev, nodeDigest);
      prev = lineHash(text.slice(0, -1), nodeDigest);
      return { n, text };
    });
    for (const reached of failed) {
      put(batch.slice(0, reached));
      segments.push('');
    }
    put(batch);
  }
  return { segments, sound: [...sound].sort((a, b) => a - b) };
}

const cursorOf = ({ at, w, n }: LoggedEvent): EventCursor => ({ at, w, n });
const numbersOf = (events: readonly LoggedEvent[]): number[] => events.map(({ n }) => n);

async function pageBackward(reader: LogReader, count: number): Promise<number[]> {
  const numbers: number[] = [];
  for (let page = await reader.tail(count); page.events.length > 0; page = await reader.before(cursorOf(page.events[0]!), count))
    numbers.unshift(...numbersOf(page.events));
  return numbers;
}

async function pageForward(reader: LogReader, count: number, filter?: { readonly kinds: readonly string[] }): Promise<number[]> {
  const numbers: number[] = [];
  for (
    let page = await reader.first({ filter }, count);
    page.events.length > 0;
    page = await reader.after(cursorOf(page.events.at(-1)!), count, filter)
  )
    numbers.push(...numbersOf(page.events));
  return numbers;
}

/** As a fold goes through the log. */
async function walkAll(): Promise<number[]> {
  const walk = (await openLogWalk({ session: room.session, digest: nodeDigest }))!;
  const numbers: number[] = [];
  for (let events = await walk.next(3); events.length > 0; events = await walk.next(3)) numbers.push(...numbersOf(events));
  await walk.close();
  return numbers;
}

const runs = depth(100, 2000);

test(
  '[L39] of a line that was written several times one sound copy is enough: every reading hands it out once, in its place',
  { timeout: 600_000 },
  async () => {
    const property = fc.asyncProperty(
      fc.array(write, { minLength: 1, maxLength: 6 }),
      fc.array(copy, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      async (writes, copies, count) => {
        await room.close();
        room = await openLogRoom();
        const { segments, sound } = writeAll(writes, copies);
        for (const [index, bytes] of segments.entries())
          await room.writeSegment(`wwwwwwww-${String(index + 1).padStart(4, '0')}.jsonl`, bytes);
        const reader = await room.reader();
        expect(numbersOf(await room.readAll())).toEqual(sound);
        expect(await pageForward(reader, count)).toEqual(sound);
        expect(await pageForward(reader, count, { kinds: ['progress.noted'] })).toEqual(sound);
        expect(await walkAll()).toEqual(sound);
        expect(await pageBackward(reader, count)).toEqual(sound);
        for (const n of sound) expect((await reader.find(eventId({ w: 'wwwwwwww', n })))?.n).toBe(n);
        reader.dispose();
      },
    );
    await fc.assert(property, { numRuns: runs });
  },
);
