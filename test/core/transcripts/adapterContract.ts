import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sourceKey, type TranscriptAdapter, type TranscriptFact, type TranscriptReader } from '../../../src/core/transcripts/adapter.ts';
import { DocumentPieces } from '../../../src/core/transcripts/documentPieces.ts';
import { readRecords } from '../../../src/core/transcripts/jsonRecords.ts';
import { parseJson } from '../../../src/core/transcripts/jsonValue.ts';
import { TapedeckEvent } from '../../../src/model/event.ts';
import { readBeside } from '../../../src/store/besideFile.ts';
import { nodeDigest } from '../../../src/store/digest.ts';

// Some agents write local times.
process.env['TZ'] = 'UTC';

export const fixtureFolder = join(import.meta.dirname, '../../fixtures/transcripts');

export interface Fixture {
  readonly scenario: string;
  /** The path below the agent's root, with `/`. */
  readonly relative: string;
  readonly path: string;
  readonly lines: readonly { readonly text: string; readonly offset: number }[];
}

/** What lies beside transcripts and is none. */
const besides = /(?:^|[\\/])(?:sessions|state|workspace|taskHistory|history_item|\d+_\w+)\.json$/;

/** The transcripts under `test/fixtures/transcripts/<agent>/<scenario>/<path below the root>`. */
export function fixturesOf(agent: string): readonly Fixture[] {
  const folder = join(fixtureFolder, agent);
  return readdirSync(folder).flatMap((scenario) =>
    readdirSync(join(folder, scenario), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.jsonl') || name.endsWith('.md') || (name.endsWith('.json') && !besides.test(name)))
      .map((name) => {
        const path = join(folder, scenario, name);
        const bytes = readFileSync(path);
        return {
          scenario,
          relative: name.replaceAll('\\', '/'),
          path,
          lines: name.endsWith('.json') ? piecesOf(bytes) : linesOf(bytes, name.endsWith('.md')),
        };
      }),
  );
}

/** The pieces of a document, each as a line of its own. */
function piecesOf(bytes: Buffer): readonly { text: string; offset: number }[] {
  const lines: { text: string; offset: number }[] = [];
  const pieces = new DocumentPieces(
    {
      onPiece: (piece, offset) => lines.push({ text: JSON.stringify(piece), offset }),
      onDamage: (damage) => expect(damage).toBeUndefined(),
    },
    bytes.length,
  );
  pieces.push(bytes);
  expect(pieces.end()).toBe(true);
  return lines;
}

/** @param isText true where a line is no JSON. */
function linesOf(bytes: Buffer, isText: boolean): readonly { text: string; offset: number }[] {
  const lines: { text: string; offset: number }[] = [];
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(0x0a, from);
    const line = bytes.toString('utf8', from, end < 0 ? bytes.length : end);
    lines.push({ text: isText ? JSON.stringify({ line }) : line, offset: from });
    if (end < 0) break;
    from = end + 1;
  }
  return lines;
}

/** Where the fixtures' agents were at work, for those that tell only a hash of it. */
const fixtureFolders = ['/home/devuser/projects/gm28', '/home/dev'];

/** Where the agent would have it, on a machine of nobody's. */
export const placeOf = (fixture: Fixture): string => `/home/dev/transcripts/${fixture.relative}`;

export function openFixtureReader(adapter: TranscriptAdapter, fixture: Fixture): TranscriptReader {
  const folder = fixture.path.slice(0, fixture.path.length - fixture.relative.length);
  return adapter.openReader(
    { path: placeOf(fixture), relative: fixture.relative },
    { digest: nodeDigest, beside: (relative) => readBeside(folder, relative), folders: fixtureFolders },
  );
}

export function factsOf(
  adapter: TranscriptAdapter,
  fixture: Fixture,
  reader = openFixtureReader(adapter, fixture),
): readonly TranscriptFact[] {
  const facts = fixture.lines.flatMap(({ text, offset }) =>
    readRecords(text, offset).records.flatMap((record) => reader.read(record.value, { offset: record.offset })),
  );
  return [...facts, ...reader.quiet()];
}

/** The contract of adapter.ts, for one adapter. Goldens are accepted with `ACCEPT_GOLDENS=1`; on failure the facts lie beside them as `.actual`. */
export function runAdapterContract(adapter: TranscriptAdapter): void {
  const fixtures = fixturesOf(adapter.id);

  describe(`the adapter for ${adapter.name}`, () => {
    test('[A1] has transcripts of real runs to be held against', () => {
      expect(fixtures.length).toBeGreaterThan(0);
    });

    test.each(fixtures)('[A1] tells of $scenario what the golden file says', (fixture) => {
      const reader = openFixtureReader(adapter, fixture);
      const facts = factsOf(adapter, fixture, reader);
      const told = `${[...facts, { describe: reader.describe(), unknown: [...reader.counts.unknown] }].map((fact) => JSON.stringify(fact)).join('\n')}\n`;
      const golden = fixture.path.replace(/\.(?:jsonl?|md)$/, '.golden');
      const actual = `${golden}.actual`;
      if (process.env['ACCEPT_GOLDENS'] === '1') writeFileSync(golden, told);
      const isSame = existsSync(golden) && readFileSync(golden, 'utf8') === told;
      if (isSame) rmSync(actual, { force: true });
      else writeFileSync(actual, told);
      expect(told).toBe(existsSync(golden) ? readFileSync(golden, 'utf8') : '');
    });

    test.each(fixtures)('[A2] tells of $scenario nothing but events of the schema', (fixture) => {
      for (const [index, fact] of factsOf(adapter, fixture).entries()) {
        // Cursor tells no times.
        const untimed = adapter.id === 'cursor' ? { at: '2026-11-20T00:00:00.000Z' } : {};
        const parsed = TapedeckEvent.safeParse({ v: 1, w: 'writer', n: index + 1, ...untimed, ...fact });
        expect(parsed.error, JSON.stringify(fact)).toBeUndefined();
        expect(parsed.data?.at, JSON.stringify(fact)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        expect(fact.run).toBeDefined();
        expect(fact.by.name ?? fact.by.actor).toBe(fact.by.actor === 'user' ? 'user' : adapter.id);
      }
    });

    test.each(fixtures)('[A3] gives no two facts of $scenario the same source', (fixture) => {
      const keys = factsOf(adapter, fixture).map((fact) => sourceKey(fact.src!));
      expect(new Set(keys).size).toBe(keys.length);
    });

    test.each(fixtures)('[A3] tells $scenario the same when it is read again', (fixture) => {
      expect(factsOf(adapter, fixture)).toEqual(factsOf(adapter, fixture));
    });

    test.each(fixtures)('[A4] tells of $scenario absolute paths alone', (fixture) => {
      for (const fact of factsOf(adapter, fixture)) {
        for (const path of pathsOf(fact)) expect(path).toMatch(/^(?:\/|[A-Za-z]:\/)/);
      }
    });

    test('[A5] says a record of a kind that it does not know', () => {
      const reader = openFixtureReader(adapter, fixtures[0]!);
      expect(reader.read({ type: 'a-kind-of-tomorrow', timestamp: '2026-11-20T00:00:00.000Z', payload: {} }, { offset: 0 })).toEqual([]);
      expect([...reader.counts.unknown.values()]).toEqual([1]);
      for (const value of [null, 4, 'text', [1], true]) expect(reader.read(value, { offset: 1 })).toEqual([]);
      expect(reader.counts).toMatchObject({ records: 6, misshapen: 5 });
    });

    test('[A6] never throws, whatever JSON comes', () => {
      const reader = openFixtureReader(adapter, fixtures[0]!);
      fc.assert(
        fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
          reader.read(value, { offset: 0 });
        }),
        { numRuns: 500 },
      );
    });

    test('[A6] never throws when any field of a real record holds something else', () => {
      const records = fixtures.flatMap(({ lines }) => lines.map((line): unknown => JSON.parse(line.text)));
      fc.assert(
        fc.property(
          fc.integer({ min: 0, max: records.length - 1 }),
          fc.integer({ min: 0, max: 400 }),
          foreignValue,
          (index, field, value) => {
            const reader = openFixtureReader(adapter, fixtures[0]!);
            // What went before gives the reader something to pair with.
            for (const record of records.slice(Math.max(0, index - 6), index)) reader.read(record, { offset: 0 });
            const facts = [...reader.read(withField(records[index], field, value), { offset: 1 }), ...reader.quiet()];
            for (const fact of facts) {
              const parsed = TapedeckEvent.safeParse({ v: 1, w: 'writer', n: 1, at: '2026-11-20T00:00:00.000Z', ...fact });
              expect(parsed.error, JSON.stringify(fact)).toBeUndefined();
            }
          },
        ),
        { numRuns: 1500 },
      );
    });

    test('[A6] never throws at a file with bytes lost, cut, mixed up or put in, and tells facts of the schema', () => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: fixtures.length - 1 }), fc.array(harm, { minLength: 1, maxLength: 6 }), (index, harms) => {
          const fixture = fixtures[index]!;
          const bytes = harms.reduce(withHarm, readFileSync(fixture.path).subarray(0, maxHarmedBytes));
          const reader = openFixtureReader(adapter, fixture);
          const facts = [...recordsOf(bytes, fixture)].flatMap(({ value, offset }) => reader.read(value, { offset }));
          for (const fact of [...facts, ...reader.quiet()]) {
            const parsed = TapedeckEvent.safeParse({ v: 1, w: 'writer', n: 1, at: '2026-11-20T00:00:00.000Z', ...fact });
            expect(parsed.error, JSON.stringify(fact)).toBeUndefined();
          }
        }),
        { numRuns: 60 },
      );
    });

    test('[A6] takes no key of a record for one of its own, such as __proto__', () => {
      const records = fixtures.flatMap(({ lines }) => lines.slice(0, 40).map((line) => line.text));
      const reader = openFixtureReader(adapter, fixtures[0]!);
      for (const text of records) {
        const own = '"__proto__":{"polluted":true,"type":"user"},"constructor":{"prototype":{"polluted":true}},';
        for (const at of [text.indexOf('{') + 1, text.lastIndexOf('{') + 1]) {
          // A brace within a text opens nothing.
          const value = parseJson(`${text.slice(0, at)}${own}${text.slice(at)}`.replace(/,(\s*\})/g, '$1'));
          if (value !== undefined) reader.read(value, { offset: 0 });
        }
      }
      expect(reader.counts.records).toBeGreaterThan(0);
      reader.quiet();
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    });

    test('[A8] keeps every fact within what a line may hold, however long a text is', () => {
      const records = fixtures.flatMap(({ lines }) => lines.map((line): unknown => JSON.parse(line.text)));
      const long = 'word '.repeat(120_000);
      fc.assert(
        fc.property(fc.integer({ min: 0, max: records.length - 1 }), fc.integer({ min: 0, max: 400 }), (index, field) => {
          const reader = openFixtureReader(adapter, fixtures[0]!);
          for (const record of records.slice(Math.max(0, index - 6), index)) reader.read(record, { offset: 0 });
          const facts = [...reader.read(withField(records[index], field, long), { offset: 1 }), ...reader.quiet()];
          for (const fact of facts) expect(JSON.stringify(fact).length, fact.kind).toBeLessThan(400_000);
        }),
        { numRuns: 150 },
      );
    });

    test('[A6] never throws at records nested without end', () => {
      const deep = JSON.parse(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`) as unknown;
      const longest = fixtures.toSorted((a, b) => b.lines.length - a.lines.length)[0]!;
      const records = longest.lines.slice(0, 60).map((line) => JSON.parse(line.text) as object);
      const reader = openFixtureReader(adapter, longest);
      for (const record of records) {
        for (const field of leavesOf(record).keys()) {
          if (field % 5 === 0) reader.read(withField(record, field, deep), { offset: 0 });
        }
      }
      expect(reader.counts.records).toBeGreaterThan(20);
    });
  });
}

/** What happens to files: where, as a part of the whole, and what. */
const harm = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  to: fc.double({ min: 0, max: 1, noNaN: true }),
  what: fc.constantFrom('cut-end', 'lose', 'nul', 'flip', 'glue', 'twice', 'surrogate', 'nest'),
});
const maxHarmedBytes = 64 * 1024;

function withHarm(bytes: Buffer, { at, to, what }: { at: number; to: number; what: string }): Buffer {
  const from = Math.floor(at * bytes.length);
  const end = Math.min(bytes.length, from + 1 + Math.floor(to * 2000));
  const put = (middle: Buffer | string, behind = from): Buffer =>
    Buffer.concat([bytes.subarray(0, from), Buffer.from(middle), bytes.subarray(behind)]);
  switch (what) {
    case 'cut-end':
      return bytes.subarray(0, from);
    case 'lose':
      return put('', end);
    case 'nul':
      return put(Buffer.alloc(end - from));
    case 'flip': {
      const copy = Buffer.from(bytes);
      for (let index = from; index < end; index += 97) copy[index] = copy[index]! ^ 0x15;
      return copy;
    }
    case 'glue': {
      const line = bytes.indexOf(0x0a, from);
      return line < 0 ? bytes : Buffer.concat([bytes.subarray(0, line), bytes.subarray(line + 1)]);
    }
    case 'twice':
      return put(bytes.subarray(from, end));
    case 'surrogate':
      return put('\\ud800\u2028\\u0000');
    default:
      return put('{"a":['.repeat(500));
  }
}

/** What the framing of the fixture's form gives of such bytes. */
function recordsOf(bytes: Buffer, fixture: Fixture): readonly { readonly value: unknown; readonly offset: number }[] {
  const records: { value: unknown; offset: number }[] = [];
  if (fixture.path.endsWith('.json')) {
    const pieces = new DocumentPieces(
      { onPiece: (value, offset) => records.push({ value, offset }), onDamage: () => undefined },
      maxHarmedBytes,
    );
    pieces.push(bytes);
    pieces.end();
    return records;
  }
  let offset = 0;
  for (const line of bytes.toString('utf8').split('\n')) {
    if (fixture.path.endsWith('.md')) records.push({ value: { line }, offset });
    else records.push(...readRecords(line, offset).records);
    offset += Buffer.byteLength(line) + 1;
  }
  return records;
}

const foreignValue = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1e308,
    '',
    '../../etc/passwd',
    '<img src=x onerror=alert(1)>',
    'file:///%zz',
    '\u0000',
    [],
    {},
    [[]],
    [{}],
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

/** The places within a value that can be put in its stead: holder and key. */
function leavesOf(value: unknown): readonly { holder: Record<string, unknown>; key: string }[] {
  const found: { holder: Record<string, unknown>; key: string }[] = [];
  const open = [value];
  while (open.length > 0) {
    const holder = open.pop();
    if (typeof holder !== 'object' || holder === null) continue;
    for (const key of Object.keys(holder)) {
      found.push({ holder: holder as Record<string, unknown>, key });
      open.push((holder as Record<string, unknown>)[key]);
    }
  }
  return found;
}

function withField(record: unknown, field: number, value: unknown): unknown {
  const copy: unknown = structuredClone(record);
  const leaves = leavesOf(copy);
  const leaf = leaves[field % Math.max(1, leaves.length)];
  if (leaf !== undefined) leaf.holder[leaf.key] = value;
  return copy;
}

function pathsOf(fact: TranscriptFact): readonly string[] {
  switch (fact.kind) {
    case 'tool.called':
      return [...(fact.paths ?? []), ...(fact.edits ?? []).flatMap((edit) => [edit.path, edit.from ?? edit.path])];
    case 'tool.returned':
      return (fact.edits ?? []).flatMap((edit) => [edit.path, edit.from ?? edit.path]);
    case 'file.read':
      return [fact.path];
    case 'command.ended':
    case 'run.started':
      return fact.cwd === undefined ? [] : [fact.cwd];
    default:
      return [];
  }
}
