import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareMarks } from '../../src/core/eventOrder.ts';
import { isWanted, matchEvent, type SearchQuery } from '../../src/core/searchMatch.ts';
import { createNeedle } from '../../src/core/searchNeedle.ts';
import type { LoggedEvent, TapedeckEvent } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { createLogSearch, type LogSearch, type SearchCursor, type SearchPage } from '../../src/store/logSearch.ts';
import { searchIndexRecipe } from '../../src/store/searchIndex.ts';
import { keepSidecars } from '../../src/store/sidecarKeeper.ts';
import { linesOf, noted, openLogRoom, sessionId, type LogRoom } from './logRoom.ts';

let room: LogRoom;
let search: LogSearch;
/** Segments here are small; they get their indexes all the same. */
const recipes = [{ ...searchIndexRecipe, minBytes: 1 }];
const keep = () => keepSidecars({ session: room.session, recipes, digest: nodeDigest });

beforeEach(async () => {
  room = await openLogRoom();
  search = createLogSearch({ layout: room.layout, digest: nodeDigest, isOwnThread: true, minIndexedBytes: 1 });
});
afterEach(() => room.close());

const find = (query: SearchQuery, count = 50, from?: SearchCursor): Promise<SearchPage> =>
  search.find({ sessions: [sessionId], query, count, ...(from && { from }) });
const ids = async (query: SearchQuery, count?: number): Promise<string[]> => (await find(query, count)).hits.map(({ id }) => id);

/** What a whole reading of the log finds, newest first. */
async function readThrough(query: SearchQuery, given?: readonly LoggedEvent[]): Promise<string[]> {
  const needle = createNeedle(query.text, query.ignoresCase === true);
  const events = given ?? (await room.readAll());
  return events
    .filter((event) => isWanted(event, query))
    .flatMap((event) => matchEvent(sessionId, event, needle) ?? [])
    .sort((a, b) => compareMarks(b, a))
    .map(({ id }) => id);
}

const words = [
  'Alpha',
  'beta',
  'GAMMA "quoted"',
  'back\\slash',
  'line\nbreak',
  'tab\there',
  'straße',
  'ΣΊΣΥΦΟΣ',
  'İstanbul',
  '日本語テスト',
  '😀 smile',
  'e\u0301te\u0301',
  'été',
  '\u001b[31mred',
  '\u212aelvin',
  'prev',
  'crc',
  '\ud800 lone',
];

function eventsOf(w: string, count: number, seed: number): TapedeckEvent[] {
  return Array.from({ length: count }, (_, index) => {
    const pick = (step: number): string => words[(index * step + seed * 7 + ((index * index) % 11)) % words.length]!;
    return noted(w, index + 1, Math.floor(index / 2) * 3, `${pick(1)} ${pick(3)} number ${index * seed}`);
  });
}

const needles = [
  'Alpha',
  'alpha',
  'GAMMA "q',
  '"',
  'k\\s',
  'line\nbreak',
  '\n',
  'ß',
  'STRASSE',
  'ẞ',
  'σίσυφος',
  'istanbul',
  'İstanbul',
  '語テ',
  '日本語',
  '😀',
  '😀 smile',
  'été',
  'e\u0301te\u0301',
  'red',
  '[31mred',
  'kelvin',
  'Kelvin',
  'prev',
  'crc',
  'number 1',
  '99',
  'nothing of this',
  'by',
  'progress',
  '\ud800',
  'n',
  'note',
];

async function expectAllFound(): Promise<void> {
  for (const text of needles)
    for (const ignoresCase of [false, true]) {
      const query = { text, ignoresCase };
      expect(await ids(query, 100_000), `${JSON.stringify(text)} ${ignoresCase}`).toEqual(await readThrough(query));
    }
}

describe('a search of the log', () => {
  it('[L25] finds what a whole reading finds, newest first over all writers, without indexes, with them, and with some', async () => {
    for (const [index, w] of ['aaaa', 'bbbb', 'cccc'].entries()) {
      const lines = linesOf(eventsOf(w, 600, index + 1));
      await room.writeSegment(`${w}-0001.jsonl`, lines.slice(0, 400).join(''));
      await room.writeSegment(`${w}-0002.jsonl`, lines.slice(400).join(''));
    }
    await expectAllFound();
    expect((await keep()).made.length).toBe(3);
    await expectAllFound();
    await rm(room.session.cache, { recursive: true });
    search.clear();
    await expectAllFound();
  });

  it('[L25] finds the same in a log that is damaged anywhere, and calls nothing a hit that a reader does not read', async () => {
    // Some newlines are missing, so that two whole lines stand together.
    const lines = linesOf(eventsOf('aaaa', 300, 3)).map((line, index) => (index % 9 === 0 ? line.trimEnd() : line));
    const whole = Buffer.from(lines.join(''));
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            at: fc.nat(whole.length - 1),
            cut: fc.integer({ min: 0, max: 700 }),
            put: fc.uint8Array({ maxLength: 12 }),
            isGlued: fc.boolean(),
          }),
          { minLength: 1, maxLength: 12 },
        ),
        fc.boolean(),
        async (wounds, isBefore) => {
          let bytes: Buffer = whole;
          for (const { at, cut, put, isGlued } of wounds) {
            // As when a write was cut off and the next line stands right behind it, or nothing any more.
            const newline = bytes.indexOf(10, at);
            const to = isGlued ? (newline < 0 ? bytes.length : newline + 1) : at + cut;
            bytes = Buffer.concat([bytes.subarray(0, at), ...(isGlued ? [] : [put]), bytes.subarray(to)]);
          }
          await rm(room.session.cache, { recursive: true, force: true });
          search.clear();
          if (!isBefore) {
            await room.writeSegment('aaaa-0001.jsonl', bytes);
            await room.writeSegment('aaaa-0002.jsonl', '');
            await keep();
          } else await room.writeSegment('aaaa-0001.jsonl', bytes);
          const events = await room.readAll();
          // Of those that stand in one event alone, some in lines that are damaged, glued or torn.
          const rare = Array.from({ length: 40 }, (_, index) => `number ${(300 - 7 * index) * 3}`);
          for (const text of ['Alpha', 'line\nbreak', '日本語', 'ΣΊΣ', 'crc', ...rare])
            for (const ignoresCase of text.startsWith('number') ? [false] : [false, true]) {
              const query = { text, ignoresCase };
              expect(await ids(query, 1000), text).toEqual(await readThrough(query, events));
            }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('[L25] tells a line once that was written again after a failed sync, and none of another writer', async () => {
    const lines = linesOf(eventsOf('aaaa', 40, 1));
    await room.writeSegment('aaaa-0001.jsonl', lines.slice(0, 30).join(''));
    await room.writeSegment('aaaa-0002.jsonl', lines.slice(20).join(''));
    await room.writeSegment('bbbb-0001.jsonl', lines.slice(5, 9).join(''));
    for (const isKept of [false, true]) {
      if (isKept) await keep();
      expect(await ids({ text: 'number' }, 100)).toEqual(Array.from({ length: 40 }, (_, index) => `aaaa.${40 - index}`));
    }
  });

  it('[L26] tells where: the field and the range, what stands around it, and nothing of what was not looked for', async () => {
    await room.writeSegment(
      'aaaa-0001.jsonl',
      linesOf([
        {
          v: 1,
          w: 'aaaa',
          n: 1,
          at: '2026-01-01T00:00:00.000Z',
          kind: 'command.ended',
          by: { actor: 'agent', name: 'codex', how: 'transcript' },
          command: 'echo "hi"',
          exitCode: 0,
          output: { head: 'first\nsecond: say "hi" twice, "hi"\nthird', sizeBytes: 9, hash: 'hi'.repeat(32) },
        },
      ]).join(''),
    );
    const { hits, next } = await find({ text: '"hi"' });
    expect(next).toBeUndefined();
    expect(hits).toHaveLength(1);
    expect(hits[0]).toMatchObject({
      id: 'aaaa.1',
      kind: 'command.ended',
      matches: [
        { field: 'command', from: 5, to: 9 },
        { field: 'output.head', from: 18, to: 22 },
        { field: 'output.head', from: 30, to: 34 },
      ],
      hasMoreMatches: false,
      excerpt: { text: 'echo "hi"', from: 5, to: 9 },
    });
    const second = (await find({ text: 'say' })).hits[0]!;
    expect(second.excerpt.text.slice(second.excerpt.from, second.excerpt.to)).toBe('say');
    for (const text of ['hihi', 'codex', 'command', 'prev', 'aaaa', '2026', 'transcript', '\\n', '\\"'])
      expect(await ids({ text }), text).toEqual([]);
  });

  it('[L27] gives the next page from where the last one ended, while the log grows', async () => {
    const lines = linesOf(eventsOf('aaaa', 500, 1));
    await room.writeSegment('aaaa-0001.jsonl', lines.slice(0, 300).join(''));
    await room.writeSegment('aaaa-0002.jsonl', lines.slice(300, 450).join(''));
    await keep();
    const query = { text: 'number' };
    const expected = await readThrough(query);
    const found: string[] = [];
    let page = await find(query, 40);
    for (;;) {
      found.push(...page.hits.map(({ id }) => id));
      if (page.next === undefined) break;
      await appendFile(`${room.session.events}/aaaa-0002.jsonl`, lines[450 + found.length / 40]!);
      page = await find(query, 40, page.next);
    }
    expect(found).toEqual(expected);
  });

  it('[L27] takes kinds, paths, actors, runs and times', async () => {
    const at = (n: number): string => new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString();
    const agent = { actor: 'agent', name: 'codex', run: 'run-1', how: 'transcript' } as const;
    const user = { actor: 'user', how: 'editor' } as const;
    const events = Array.from({ length: 200 }, (_, index): TapedeckEvent => {
      const n = index + 1;
      const frame = { v: 1, w: 'aaaa', n, at: at(n) };
      if (n % 4 === 0) return { ...frame, kind: 'file.changed', by: user, path: `src/part${n % 3}/needle.ts` };
      if (n % 4 === 1) return { ...frame, kind: 'command.ended', by: agent, run: 'run-1', command: 'find needle', exitCode: 0 };
      if (n % 4 === 2)
        return {
          ...frame,
          kind: 'tool.called',
          by: agent,
          run: 'run-2',
          call: 'c',
          name: 'needle',
          tool: 'edit',
          edits: [{ path: 'src/part1/x.ts', op: 'update', newText: 'x' }],
        };
      return { ...frame, kind: 'file.created', by: user, path: `lib/needle${n}` };
    });
    await room.writeSegment('aaaa-0001.jsonl', linesOf(events).join(''));
    const check = async (): Promise<void> => {
      for (const filter of [
        { kinds: ['file'] },
        { kinds: ['file.created', 'tool'] },
        { path: 'src/part1' },
        { path: 'src/part' },
        { path: 'src/part1/x.ts' },
        { actor: 'codex' },
        { actor: 'user' },
        { run: 'run-2' },
        { since: at(100) },
        { until: at(50) },
        { since: at(40), until: at(60), kinds: ['file'], actor: 'user' },
        { since: '2027-01-01T00:00:00.000Z' },
      ] satisfies Partial<SearchQuery>[]) {
        const query = { text: 'needle', ...filter };
        expect(await ids(query, 1000), JSON.stringify(filter)).toEqual(await readThrough(query));
      }
      expect(await ids({ text: 'needle', path: 'src/part' })).toEqual([]);
      expect((await ids({ text: 'needle', kinds: ['file'] }, 1000)).length).toBe(100);
    };
    await check();
    await room.writeSegment('aaaa-0002.jsonl', '');
    await keep();
    await check();
  });

  it('[L28] is stopped at once by its signal, and tells how far it has come', async () => {
    await room.writeSegment('aaaa-0001.jsonl', linesOf(eventsOf('aaaa', 4000, 1)).join(''));
    const slow = createLogSearch({ layout: room.layout, digest: nodeDigest, sliceMs: 0 });
    const told: number[] = [];
    const stop = new AbortController();
    const page = slow.find({
      sessions: [sessionId],
      query: { text: 'not there at all' },
      count: 5,
      signal: stop.signal,
      progressMs: 0,
      onProgress: ({ passedBytes }) => {
        told.push(passedBytes);
        if (told.length === 3) stop.abort(new Error('enough'));
      },
    });
    await expect(page).rejects.toThrow('enough');
    expect(told.length).toBe(3);
    expect(told[2]!).toBeGreaterThan(told[0]!);
  });

  it('[L28] says which file it could not look into, and passes by a line that no reader reads', async () => {
    const lines = linesOf(eventsOf('aaaa', 20, 1));
    await room.writeSegment(
      'aaaa-0001.jsonl',
      Buffer.concat([
        Buffer.from(lines.slice(0, 10).join('')),
        Buffer.alloc(65 << 20, 'number '),
        Buffer.from(`\n${lines.slice(10).join('')}`),
      ]),
    );
    await room.writeSegment('aaaa-0002.jsonl', '');
    for (const isKept of [false, true]) {
      if (isKept) expect((await keep()).made).toEqual(['aaaa-0001.jsonl.search']);
      const page = await find({ text: 'number' });
      expect(page.hits).toHaveLength(20);
      expect(page.unreadable).toEqual([`${sessionId}/aaaa-0001.jsonl`]);
    }
  });
});

describe('an index of another segment, version or time', () => {
  it('[L29] is none: what was put in a segment’s place is searched as it is', async () => {
    await room.writeSegment('aaaa-0001.jsonl', linesOf(eventsOf('aaaa', 300, 1)).join(''));
    await room.writeSegment('aaaa-0002.jsonl', '');
    await keep();
    expect((await ids({ text: 'Alpha' }, 1000)).length).toBeGreaterThan(10);
    await room.writeSegment('aaaa-0001.jsonl', linesOf(eventsOf('aaaa', 300, 5)).join(''));
    await expectAllFound();
    const path = `${room.session.cache}/aaaa-0001.jsonl.search`;
    await keep();
    const bytes = await readFile(path);
    for (const broken of [
      bytes.subarray(0, 100),
      Buffer.alloc(bytes.length),
      Buffer.from(bytes.map((byte, index) => (index === 6 ? byte + 1 : byte))),
    ]) {
      await writeFile(path, broken);
      search.clear();
      expect(await ids({ text: 'GAMMA' }, 1000)).toEqual(await readThrough({ text: 'GAMMA' }));
      expect((await keep()).made).toEqual(['aaaa-0001.jsonl.search']);
    }
  });
});

it('[L25] [L29] a time that was altered hides no hit, whatever times are asked for, and neither does what is mended after its index was made', async () => {
  const count = 800;
  const writers = ['aaaa1111', 'bbbb2222'];
  const whole = writers.map((w) =>
    Array.from({ length: count }, (_, index) =>
      noted(w, index + 1, (index + 1) * 10, `${index % 40 === 0 ? 'needle' : 'other'} ${'x'.repeat(90)}`),
    ),
  );
  const lines = whole.map((events) => linesOf(events).map((line) => line.trimEnd()));
  const time = (index: number): string => new Date(Date.UTC(2026, 0, 1) + index * 10_000).toISOString();
  const plan = fc.record({
    altered: fc.array(fc.tuple(fc.nat(1), fc.nat(count - 1), fc.constantFrom('1999', '2099')), {
      minLength: 1,
      maxLength: 200,
      size: 'max',
    }),
    since: fc.option(fc.nat(count), { nil: undefined }),
    until: fc.option(fc.nat(count), { nil: undefined }),
    isIndexed: fc.boolean(),
    isMended: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(plan, async ({ altered, since, until, isIndexed, isMended }) => {
      await rm(room.session.folder, { recursive: true, force: true });
      const write = async (isAltered: boolean): Promise<void> => {
        for (const [place, w] of writers.entries()) {
          const own = [...lines[place]!];
          if (isAltered)
            for (const [writer, index, year] of altered)
              if (writer === place) own[index] = own[index]!.replace('"at":"2026', `"at":"${year}`).replace('needle', 'nodule');
          await room.writeSegment(`${w}-0001.jsonl`, `${own.join('\n')}\n`);
          // The one before the last is closed, and gets its index.
          await room.writeSegment(`${w}-0002.jsonl`, '');
        }
      };
      await write(true);
      if (isIndexed) expect((await keep()).made).toHaveLength(writers.length);
      if (isMended) await write(false);
      const query = {
        text: 'needle',
        ...(since !== undefined && { since: time(since) }),
        ...(until !== undefined && { until: time(until) }),
      };
      const expected = await readThrough(query);
      const found: string[] = [];
      for (let from: SearchCursor | undefined; ;) {
        const { hits, next } = await find(query, 10, from);
        found.push(...hits.map(({ id }) => id));
        if (next === undefined) break;
        from = next;
      }
      expect(found).toEqual(expected);
    }),
    { numRuns: 40, examples: [[{ altered: [[0, 799, '1999']], since: undefined, until: undefined, isIndexed: false, isMended: false }]] },
  );
});
