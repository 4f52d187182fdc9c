import { appendFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventMatcher, type EventFilter } from '../../src/core/eventFilter.ts';
import { compareMarks, markOf, type EventCursor } from '../../src/core/eventOrder.ts';
import { mergeEvents } from '../../src/core/merge.ts';
import type { LoggedEvent, TapedeckEvent } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { LineIndexBuilder, lineIndexKind } from '../../src/store/lineIndex.ts';
import type { LogReader, LogSlice } from '../../src/store/logReader.ts';
import { listSegments } from '../../src/store/segmentFile.ts';
import { readSidecar, writeSidecar } from '../../src/store/sidecar.ts';
import { linesOf, noted, openLogRoom, type LogRoom } from './logRoom.ts';

const start = Date.UTC(2026, 0, 1);

/** Events of different kinds, runs and turns; `strideMs` apart. */
function eventsOf(w: string, count: number, strideMs: number): TapedeckEvent[] {
  return Array.from({ length: count }, (_, index): TapedeckEvent => {
    const base = { v: 1, w, n: index + 1, at: new Date(start + Math.floor(index * strideMs)).toISOString() };
    const by = { actor: 'agent', how: 'claimed', ...(index % 7 === 3 ? { run: 'r2' } : {}) } as const;
    const told = { ...(index % 3 === 0 ? { run: `r${index % 2}`, turn: index % 5 } : {}) };
    return index % 11 === 0
      ? { ...base, kind: 'file.read', by, ...told, path: 'x'.repeat(index % 400) }
      : index % 4 === 0
        ? { ...base, kind: 'checkpoint.made', by, ...told, id: `c${index}`, label: 'a "quoted" \u0007 label', reason: 'hand' }
        : { ...base, kind: 'progress.noted', by, ...told, text: `note ${index} of ${w}` };
  });
}

interface Plan {
  readonly writers: readonly {
    readonly count: number;
    readonly strideMs: number;
    readonly cuts: readonly number[];
    readonly repeated: number;
  }[];
}

const anyPlan: fc.Arbitrary<Plan> = fc.record({
  writers: fc.array(
    fc.record({
      count: fc.integer({ min: 1, max: 300 }),
      strideMs: fc.constantFrom(0, 0.3, 1, 7, 1000),
      cuts: fc.array(fc.nat(299), { maxLength: 4 }),
      repeated: fc.constantFrom(0, 0, 1, 5),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

const anyFilter: fc.Arbitrary<EventFilter | undefined> = fc.option(
  fc.record(
    {
      kinds: fc.subarray(['file', 'checkpoint.made', 'progress.noted', 'foreign'], { minLength: 1 }),
      run: fc.constantFrom('r0', 'r1', 'r2'),
      turn: fc.nat(4),
    },
    { requiredKeys: [] },
  ),
  { nil: undefined },
);

interface Written {
  readonly room: LogRoom;
  readonly lists: readonly TapedeckEvent[][];
  /** Name and lines of each segment. */
  readonly segments: { name: string; lines: string[] }[];
}

async function write({ writers }: Plan): Promise<Written> {
  const room = await openLogRoom();
  const segments: Written['segments'] = [];
  const lists = writers.map(({ count, strideMs, cuts, repeated }, index) => {
    const w = `wr${index}x`;
    const list = eventsOf(w, count, strideMs);
    const lines = linesOf(list);
    const ends = [...new Set([...cuts.filter((cut) => cut > 0 && cut < count), count])].sort((a, b) => a - b);
    let from = 0;
    for (const [number, end] of ends.entries()) {
      segments.push({ name: `${w}-${String(number + 1).padStart(4, '0')}.jsonl`, lines: lines.slice(Math.max(0, from - repeated), end) });
      from = end;
    }
    return list;
  });
  for (const { name, lines } of segments) await room.writeSegment(name, lines.join(''));
  return { room, lists, segments };
}

const isIn = (event: EventCursor, { after, before }: LogSlice): boolean =>
  (after === undefined || compareMarks(event, after) > 0) && (before === undefined || compareMarks(event, before) < 0);

const idsOf = (events: readonly LoggedEvent[]): string[] => events.map(({ w, n }) => `${w}.${n}`);

/** Asks for the slice by every means there is, and holds each answer against the slice of the whole. */
async function check(reader: LogReader, whole: readonly LoggedEvent[], slice: LogSlice, count: number): Promise<void> {
  const matcher = new EventMatcher(slice.filter ?? {});
  const wanted = whole.filter((event) => isIn(event, slice) && matcher.matches(event));
  const first = await reader.first(slice, count);
  expect(first.events).toEqual(wanted.slice(0, count));
  expect(first.hasMore).toBe(wanted.length > count);
  const last = await reader.last(slice, count);
  expect(last.events).toEqual(wanted.slice(-count));
  expect(last.hasMore).toBe(wanted.length > count);
  const streamed: LoggedEvent[] = [];
  for await (const batch of reader.batches(slice)) streamed.push(...batch);
  expect(idsOf(streamed)).toEqual(idsOf(wanted));
  const paged: LoggedEvent[] = [];
  let page = await reader.last(slice, count);
  for (;;) {
    paged.unshift(...page.events);
    if (!page.hasMore || page.start === undefined) break;
    page = await reader.last({ ...slice, before: page.start }, count);
  }
  expect(idsOf(paged)).toEqual(idsOf(wanted));
}

const sliceOf = (whole: readonly LoggedEvent[], from: number, to: number, filter: EventFilter | undefined): LogSlice => {
  const at = (index: number) => whole[index % (whole.length + 1)];
  return { after: at(from) && markOf(at(from)!), before: at(to) && markOf(at(to)!), filter };
};

const counted = fc.tuple(anyPlan, fc.nat(900), fc.nat(900), fc.integer({ min: 1, max: 60 }), anyFilter);

test('[L21] a slice by any means is the slice of the whole, in both directions, and stays it while the log grows', async () => {
  await fc.assert(
    fc.asyncProperty(counted, fc.nat(30), async ([plan, from, to, count, filter], more) => {
      const { room, lists } = await write(plan);
      try {
        const reader = await room.reader();
        const whole = mergeEvents<LoggedEvent>(...lists);
        const slice = sliceOf(whole, from, to, filter);
        await check(reader, whole, slice, count);
        // Another writer appends later events: what lay between two cursors is the same as before.
        const late = Array.from({ length: more }, (_, index) => noted('later', index + 1, 400_000 + index));
        await room.writeSegment('later-0001.jsonl', linesOf(late).join(''));
        const grown = mergeEvents<LoggedEvent>(whole, late);
        await check(reader, grown, slice, count);
        if (slice.before !== undefined) await check(reader, whole, slice, count);
        await check(await room.reader(), grown, slice, count);
      } finally {
        await room.close();
      }
    }),
    { numRuns: 40 },
  );
});

test('[L21] [L7] under damage every slice is that of what can be read, also with what was learnt before the damage', async () => {
  const harm = fc.array(
    fc.record({ file: fc.nat(), at: fc.double({ min: 0, max: 1, noNaN: true }), bytes: fc.uint8Array({ minLength: 1, maxLength: 900 }) }),
    { minLength: 1, maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(counted, harm, fc.boolean(), async ([plan, from, to, count, filter], harms, isCut) => {
      const { room, lists, segments } = await write(plan);
      try {
        const reader = await room.reader();
        const before = mergeEvents<LoggedEvent>(...lists);
        await check(reader, before, sliceOf(before, from, to, filter), count);
        for (const { file, at, bytes } of harms) {
          const { name } = segments[file % segments.length]!;
          const path = join(room.session.events, name);
          const content = await room.segment(name);
          Buffer.from(bytes).copy(content, Math.floor(at * content.length));
          await writeFile(path, content);
          if (isCut) await truncate(path, Math.floor(at * content.length));
        }
        const whole = await room.readAll();
        // A cursor may be of an event that is no longer readable.
        await check(reader, whole, sliceOf(before, from, to, filter), count);
        await check(await room.reader(), whole, sliceOf(before, from, to, filter), count);
      } finally {
        await room.close();
      }
    }),
    { numRuns: 40 },
  );
});

test('[L20] [L16] whatever a sidecar says, true, of another time, or made up, slices are the same', async () => {
  const lies = fc.array(fc.record({ from: fc.nat(60_000), n: fc.integer({ min: 1, max: 400 }), ms: fc.nat(400_000) }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(counted, lies, fc.constantFrom('true', 'lies', 'mixed'), async ([plan, from, to, count, filter], made, kind) => {
      const { room, lists } = await write(plan);
      try {
        const whole = mergeEvents<LoggedEvent>(...lists);
        for (const segment of [...(await listSegments(room.session)).values()].flat()) {
          const entries = (await room.segment(segment.name)).toString().split('\n').slice(0, -1);
          const payloads: number[] = [];
          let offset = 0;
          // An entry for each of some lines: the builder keeps the first it is given.
          for (const [index, line] of entries.entries()) {
            const { n, at } = JSON.parse(line) as { n: number; at: string };
            const lie = made[index % Math.max(1, made.length)];
            if (index % 20 === 0) {
              const isLie = lie !== undefined && (kind === 'lies' || (kind === 'mixed' && index % 40 === 0));
              payloads.push(...entryOf(payloads, isLie ? lie.from : offset, isLie ? lie.n : n, isLie ? start + lie.ms : Date.parse(at)));
            }
            offset += Buffer.byteLength(line) + 1;
          }
          const payload = Uint8Array.from(payloads);
          expect(await writeSidecar(room.session, segment, lineIndexKind, { coveredBytes: segment.sizeBytes, payload }, nodeDigest)).toBe(
            true,
          );
        }
        const reader = await room.reader();
        for (const [a, b] of [
          [from, to],
          [to, from],
          [from + 7, to + 90],
        ] as const)
          await check(reader, whole, sliceOf(whole, a, b, filter), count);
        const wanted = whole[from % whole.length]!;
        expect(await reader.find(`${wanted.w}.${wanted.n}`)).toEqual(wanted);
      } finally {
        await room.close();
      }
    }),
    { numRuns: 60 },
  );
});

let last = { offset: 0, n: 0, ms: 0 };
/** One entry of an index in the form that `LineIndexBuilder` writes, further than the one before as it must be. */
function entryOf(before: readonly number[], offset: number, n: number, ms: number): number[] {
  if (before.length === 0) last = { offset: 0, n: 0, ms: 0 };
  const next = { offset: before.length === 0 ? offset : Math.max(offset, last.offset + 1), n, ms };
  const bytes = [next.offset - last.offset, next.n - last.n - 256, next.ms - last.ms].flatMap((distance) => {
    const parts: number[] = [];
    let rest = distance < 0 ? -distance * 2 - 1 : distance * 2;
    for (; rest >= 128; rest = Math.floor(rest / 128)) parts.push((rest % 128) | 128);
    return [...parts, rest];
  });
  last = next;
  return bytes;
}

test('[L21] positions are those of the merged order, from both ends, and damage does not move them', async () => {
  await fc.assert(
    fc.asyncProperty(anyPlan, fc.nat(), fc.nat(), async (plan, nth, broken) => {
      const { room, lists } = await write(plan);
      try {
        const whole = mergeEvents<LoggedEvent>(...lists);
        const reader = await room.reader();
        expect(await reader.count()).toBe(whole.length);
        for (const position of [1, 1 + (nth % whole.length), whole.length]) {
          const event = whole[position - 1]!;
          expect(await reader.at(position)).toEqual(event);
          expect(await reader.at(position - whole.length - 1)).toEqual(event);
          expect(await reader.positionOf(markOf(event))).toBe(position);
        }
        expect([await reader.at(whole.length + 1), await reader.at(-whole.length - 1), await reader.at(0)]).toEqual([
          undefined,
          undefined,
          undefined,
        ]);
        // One event in the middle of a writer's is damaged: what stands elsewhere keeps its position.
        const lost = whole[broken % whole.length]!;
        const own = lists.find(([first]) => first!.w === lost.w)!;
        if (lost.n === 1 || lost.n === own.length) return;
        for (const [name, content] of await contents(room))
          await writeFile(name, content.replaceAll(`"w":"${lost.w}","n":${lost.n},`, `"w":"${lost.w}","n":0,`));
        const kept = whole.filter((event) => event !== lost);
        const position = 1 + (nth % whole.length);
        const event = whole[position - 1]!;
        expect(await reader.at(position)).toEqual(event === lost ? nextOf(whole, lost, lists) : event);
        expect(await room.readAll()).toEqual(kept);
        expect(await reader.count()).toBe(whole.length);
      } finally {
        await room.close();
      }
    }),
    { numRuns: 40 },
  );
});

/** With one writer the next of its events; with many the first that the count reaches. */
function nextOf(whole: readonly LoggedEvent[], lost: LoggedEvent, lists: readonly (readonly LoggedEvent[])[]): LoggedEvent {
  const behind = whole.slice(whole.indexOf(lost) + 1);
  return lists.length === 1 ? behind[0]! : behind.find(({ w }) => w === lost.w)!;
}

async function contents(room: LogRoom): Promise<[string, string][]> {
  const segments = [...(await listSegments(room.session)).values()].flat();
  return Promise.all(segments.map(async ({ path, name }) => [path, (await room.segment(name)).toString()] as [string, string]));
}

test('[L20] an index that was extended is the index that was built at once, and what was cut and appended is as if never cut', async () => {
  const room = await openLogRoom();
  try {
    const lines = linesOf(eventsOf('abcd', 1500, 5));
    const reader = await room.reader();
    const path = join(room.session.events, 'abcd-0001.jsonl');
    await room.writeSegment('abcd-0001.jsonl', '');
    for (let from = 0; from < lines.length; from += 250) {
      await appendFile(path, lines.slice(from, from + 250).join(''));
      const whole = await room.readAll();
      expect(whole).toHaveLength(from + 250);
      for (const index of [0, 7, from, from + 249, Math.floor(from / 2)]) await check(reader, whole, { after: markOf(whole[index]!) }, 40);
    }
    const whole = await room.readAll();
    const size = lines.slice(0, 700).join('').length;
    await truncate(path, size);
    await check(reader, whole.slice(0, 700), { after: markOf(whole[650]!) }, 40);
    await appendFile(path, lines.slice(700).join(''));
    await check(reader, whole, { after: markOf(whole[650]!) }, 40);
    await rm(path);
    await check(reader, [], { after: markOf(whole[650]!) }, 40);
    const build = (): Uint8Array => {
      const builder = new LineIndexBuilder();
      let offset = 0;
      for (const line of lines) {
        const { n, at } = JSON.parse(line) as { n: number; at: string };
        builder.add({ from: offset, to: offset + Buffer.byteLength(line) - 1 }, { n, at });
        offset += Buffer.byteLength(line);
      }
      return builder.finish();
    };
    await writeFile(path, lines.join(''));
    const segment = [...(await listSegments(room.session)).values()].flat()[0]!;
    await writeSidecar(room.session, segment, lineIndexKind, { coveredBytes: segment.sizeBytes, payload: build() }, nodeDigest);
    expect((await readSidecar(room.session, segment, lineIndexKind, nodeDigest))?.payload).toEqual(Buffer.from(build()));
  } finally {
    await room.close();
  }
});

test('[L21] [L3] of a line that stands in two files the sound one is found, wherever the slice begins or ends', async () => {
  const room = await openLogRoom();
  try {
    const list = eventsOf('abcd', 9, 5);
    const lines = linesOf(list);
    const broken = (line: string): string => line.replace('"v":1', '"v":2');
    const files = [
      [...lines.slice(0, 6)],
      [broken(lines[3]!), lines[4]!, broken(lines[5]!), lines[6]!, lines[7]!],
      [broken(lines[6]!), broken(lines[7]!), lines[8]!],
    ];
    for (const [index, own] of files.entries()) await room.writeSegment(`abcd-000${index + 1}.jsonl`, own.join(''));
    const reader = await room.reader();
    for (let index = 0; index < 9; index++) {
      expect((await reader.first({ after: markOf(list[index]!) }, 20)).events).toEqual(list.slice(index + 1));
      const before = await reader.last({ before: markOf(list[index]!) }, 20);
      expect(mergeEvents(before.events)).toEqual(list.slice(0, index));
    }
  } finally {
    await room.close();
  }
});

test('[L21] [L16] files that are replaced between two pages are read as they are, whatever was learnt of the others', async () => {
  const room = await openLogRoom();
  try {
    const list = eventsOf('abcd', 300, 5);
    const lines = linesOf(list);
    const cut = async (...ends: number[]): Promise<void> => {
      let from = 0;
      for (const [index, to] of ends.entries()) {
        const path = join(room.session.events, `abcd-000${index + 1}.jsonl`);
        await room.writeSegment('new', lines.slice(from, to).join(''));
        await rename(join(room.session.events, 'new'), path);
        from = to;
      }
    };
    const reader = await room.reader();
    for (const ends of [
      [100, 200, 300],
      [50, 150, 300],
      [150, 280, 300],
      [10, 20, 300],
    ]) {
      await cut(...ends);
      for (const index of [5, 60, 120, 199, 250, 290]) {
        await check(reader, list, { after: markOf(list[index]!) }, 30);
        await check(reader, list, { before: markOf(list[index]!) }, 30);
        expect(await reader.find(`abcd.${index + 1}`)).toEqual(list[index]);
      }
    }
  } finally {
    await room.close();
  }
});
