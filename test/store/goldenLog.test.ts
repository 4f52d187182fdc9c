import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Timeline } from '../../src/core/timeline.ts';
import { emptyState, foldEvent } from '../../src/core/fold.ts';
import { schemaVersion, TapedeckEvent, type EventDraft, type LoggedEvent } from '../../src/model/event.ts';
import { marksIn, marksOf, samplesOf } from '../model/schemaSamples.ts';
import { linesOf, openLogRoom, type LogRoom } from './logRoom.ts';

/**
 * Logs as every released version of the schema wrote them, by the real writer: `v<version>/<segment>.jsonl`, and beside each
 * what a reader has to make of it for ever, one event a line. `foreign` holds lines that no version knows.
 * `ACCEPT_GOLDENS=1` writes what is not there yet. It never touches a golden that is: whoever wrote such a line has a right
 * to its being read.
 */
const goldens = fileURLToPath(new URL('../fixtures/log/', import.meta.url));
const isAccepting = process.env['ACCEPT_GOLDENS'] === '1';
const howToChange =
  'The schema no longer reads what it has written. Raise `schemaVersion` (src/model/event.ts), write the upcaster of the old ' +
  'version (src/model/upcast.ts), and let `ACCEPT_GOLDENS=1 npx vitest run test/store/goldenLog` add the new version’s goldens. ' +
  'The old ones stay as they are.';
const howToAdd =
  'The schema has kinds, fields or values of which no golden holds a line: `ACCEPT_GOLDENS=1 npx vitest run test/store/goldenLog` ' +
  'adds one. New kinds and optional fields need no new version.';

let room: LogRoom;
beforeEach(async () => {
  room = await openLogRoom();
});
afterEach(() => room.close());

const versions = Array.from({ length: schemaVersion }, (_, index) => index + 1);
const segmentsOf = (folder: string): string[] =>
  existsSync(join(goldens, folder))
    ? readdirSync(join(goldens, folder))
        .filter((name) => /^[a-z0-9]+-\d{4}\.jsonl$/.test(name))
        .sort()
    : [];
const expectedPath = (folder: string, segment: string): string => join(goldens, folder, segment.replace(/\.jsonl$/, '.expected.jsonl'));
const jsonLines = (events: readonly unknown[]): string => events.map((event) => `${JSON.stringify(event)}\n`).join('');

async function read(folder: string, segment: string): Promise<LoggedEvent[]> {
  await room.writeSegment(segment, readFileSync(join(goldens, folder, segment)));
  return room.readAll();
}

async function expectAsWritten(folder: string, segment: string): Promise<LoggedEvent[]> {
  const events = await read(folder, segment);
  const path = expectedPath(folder, segment);
  if (isAccepting && !existsSync(path)) writeFileSync(path, jsonLines(events));
  expect(jsonLines(events), `${folder}/${segment}: ${howToChange}`).toBe(readFileSync(path, 'utf8'));
  expect(await (await room.reader()).verify(), `${folder}/${segment} was altered: a golden is never changed`).toMatchObject({
    isSound: true,
    events: events.length,
  });
  return events;
}

/** What every event has is told apart once, the rest by kind. */
function marksOfEvent(marks: (at: string) => Set<string>, kind: string): string[] {
  return [...marks(kind)].map((mark) => mark.replace(/^\S+?\.(v|w|n|at|happenedAt|by|run|turn|src)(?=[.: =])/, 'event.$1'));
}
const kindOf = (option: (typeof TapedeckEvent.options)[number]): string => option.shape.kind.value;
const demanded = new Set(TapedeckEvent.options.flatMap((option) => marksOfEvent((at) => marksOf(option, at), kindOf(option))));
const marksOfLine = (raw: { readonly kind: string }): string[] => {
  const option = TapedeckEvent.options.find((candidate) => kindOf(candidate) === raw.kind);
  return option === undefined ? [] : marksOfEvent((at) => marksIn(option, raw, at), raw.kind);
};

/** Writes a golden of the present version with what the others lack, by the real writer. */
async function writeMissing(held: Set<string>): Promise<void> {
  const writer = await room.writer();
  for (const option of TapedeckEvent.options)
    for (const sample of samplesOf(option) as Record<string, unknown>[]) {
      const marks = marksOfLine(sample as { kind: string }).filter((mark) => !held.has(mark));
      if (marks.length === 0) continue;
      for (const mark of marks) held.add(mark);
      const { v: _v, w: _w, n: _n, at: _at, ...draft } = sample;
      await writer.append(draft as unknown as EventDraft);
    }
  await writer.close();
  const name = `${writer.id}-0001.jsonl`;
  mkdirSync(join(goldens, `v${schemaVersion}`), { recursive: true });
  writeFileSync(join(goldens, `v${schemaVersion}`, name), await room.segment(name));
}

describe('the schema', () => {
  it('[L35] has goldens of its present version for every kind, field and value', async () => {
    const folder = `v${schemaVersion}`;
    const held = new Set<string>();
    for (const segment of segmentsOf(folder))
      for (const line of readFileSync(join(goldens, folder, segment), 'utf8')
        .trimEnd()
        .split('\n'))
        for (const mark of marksOfLine(JSON.parse(line) as { kind: string })) held.add(mark);
    const missing = [...demanded].filter((mark) => !held.has(mark));
    if (isAccepting && missing.length > 0) await writeMissing(held);
    else expect(missing, howToAdd).toEqual([]);
  });

  it.each(versions)('[L35] reads everything that version %i wrote, as it did', async (version) => {
    const segments = segmentsOf(`v${version}`);
    expect(segments.length).toBeGreaterThan(0);
    for (const segment of segments) {
      const events = await expectAsWritten(`v${version}`, segment);
      expect(
        events.filter(({ kind }) => kind === 'foreign'),
        `${segment}: ${howToChange}`,
      ).toEqual([]);
      await room.close();
      room = await openLogRoom();
    }
  });
});

/** Lines of a time that has not come, and such as nobody should have written: whole, chained, and not to be understood. */
const place = { w: 'foreign1', at: '2026-01-01T00:00:00.000Z', by: { actor: 'user', how: 'stated' } };
const strangeLines = [
  { ...place, v: 1, n: 1, kind: 'mind.read', thought: 'of a later version of the same schema' },
  { ...place, v: 1000, n: 2, kind: 'progress.noted', text: { of: 'another form' } },
  { ...place, v: 1000, n: 3, kind: 'mind.read', by: 'who knows' },
  { ...place, v: 1, n: 4, kind: 'file.changed', path: 5 },
  { ...place, v: 1, n: 5, kind: 'progress.noted', text: 'by one that is not known', by: { actor: 'robot', how: 'none' } },
  { ...place, v: 0, n: 6, kind: 'progress.noted', text: 'of a version that never was' },
  { ...place, v: 1, n: 7, kind: 'progress.noted', text: 'with a field more', mood: 'calm' },
];

describe('what no version knows', () => {
  const segment = 'foreign1-0001.jsonl';

  it('[L9] is kept in its place, said to be foreign, and counted', async () => {
    const path = join(goldens, 'foreign', segment);
    if (isAccepting && !existsSync(path)) {
      mkdirSync(join(goldens, 'foreign'), { recursive: true });
      writeFileSync(path, linesOf(strangeLines as unknown as TapedeckEvent[]).join(''));
    }
    const events = await expectAsWritten('foreign', segment);
    expect(events.map((event) => (event.kind === 'foreign' ? event.reason : event.kind))).toEqual([
      'unknown-kind',
      'newer-version',
      'newer-version',
      'misshapen',
      'misshapen',
      'misshapen',
      'progress.noted',
    ]);
    expect((await (await room.reader()).verify()).foreign).toEqual({ 'unknown-kind': 1, 'newer-version': 2, misshapen: 3 });
    const state = emptyState();
    for (const event of events) foldEvent(state, event);
    expect(state.counts).toMatchObject({ events: 7, foreign: 6, malformed: 0 });
  });

  it('[V7] has a row of its own in the timeline, under the name that it was written with', async () => {
    const timeline = new Timeline({ dayOf: (at) => at.slice(0, 10) });
    timeline.append(await read('foreign', segment));
    const rows = timeline.sections().flatMap((section) => section.rows);
    const shown = rows.map(({ kind, title, events }) => [kind, title, events]);
    expect(shown.slice(0, 6)).toEqual(
      ['mind.read', 'progress.noted', 'mind.read', 'file.changed', 'progress.noted', 'progress.noted'].map((name, index) => [
        'foreign',
        name,
        [`foreign1.${index + 1}`],
      ]),
    );
    expect(shown).toHaveLength(7);
  });
});
