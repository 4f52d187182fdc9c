import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { serializeState } from '../../src/core/fold.ts';
import { foldVersion, SessionFold, type FoldData } from '../../src/core/sessionFold.ts';
import { decodeInPieces, encodeInPieces, inOneGo } from '../../src/core/valueCodec.ts';
import { mixedEvents } from '../bench/mixedLog.ts';
import { sampleEvents } from '../webview/sample.ts';
import { EventTape } from './eventTape.ts';
import { mixedTape } from './mixedTape.ts';

const bytesOf = (fold: SessionFold): Uint8Array => inOneGo(encodeInPieces(fold.data));
const restored = (bytes: Uint8Array): SessionFold => {
  const fold = new SessionFold();
  fold.restore(inOneGo(decodeInPieces(bytes)) as FoldData);
  return fold;
};

it('[D30] is the same from the beginning as from any cut of it, byte for byte', () => {
  fc.assert(
    fc.property(mixedTape, fc.nat(), (events, where) => {
      const whole = new SessionFold();
      for (const event of events) whole.add(event);
      const cut = where % (events.length + 1);
      const head = new SessionFold();
      for (const event of events.slice(0, cut)) head.add(event);
      const rest = restored(bytesOf(head));
      expect(serializeState(rest.state)).toBe(serializeState(head.state));
      for (const event of events.slice(cut)) rest.add(event);
      expect(Buffer.compare(bytesOf(rest), bytesOf(whole))).toBe(0);
      expect(serializeState(rest.state)).toBe(serializeState(whole.state));
      expect(rest.density.bins(50)).toEqual(whole.density.bins(50));
    }),
    { numRuns: 400 },
  );
});

it('[D30] is the same from every cut of a long log', () => {
  const events = [...mixedEvents(6000, { files: 50, seed: 3 })];
  const whole = new SessionFold();
  const kept: { at: number; bytes: Uint8Array }[] = [];
  for (const [index, event] of events.entries()) {
    if (index % 499 === 0) kept.push({ at: index, bytes: bytesOf(whole) });
    whole.add(event);
  }
  expect(whole.state.counts.malformed).toBe(0);
  const expected = bytesOf(whole);
  for (const { at, bytes } of kept) {
    const fold = restored(bytes);
    for (const event of events.slice(at)) fold.add(event);
    expect(Buffer.compare(bytesOf(fold), expected)).toBe(0);
  }
});

/**
 * When `fold` differs and `events` does not, the fold of the same events gives something else, or in another form, than the version
 * of it that is out: raise `foldVersion` in core/sessionFold.ts, so that what was kept of old folds is made anew, and put
 * the new version and hash here. When `events` differs, the events of this test were changed: put both hashes here.
 */
it('[D31] has a new version when it gives something else than before', () => {
  const events = [...sampleEvents(), ...mixedEvents(12_000, { files: 120, seed: 7 })];
  const fold = new SessionFold();
  for (const event of events) fold.add(event);
  expect({ version: foldVersion, events: hash(JSON.stringify(events)), fold: hash(bytesOf(fold)) }).toEqual({
    version: 10,
    events: '5a87f55402594892',
    fold: '410b15a9faaa0560',
  });
});

const hash = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex').slice(0, 16);

it('[D32] holds no more for a long session than for a short one, but for its files, runs, decisions, checkpoints and findings', () => {
  const fold = new SessionFold();
  for (const event of mixedEvents(60_000, { files: 100, seed: 5 })) fold.add(event);
  const { state, density } = fold;
  const { trace } = state;
  const held = {
    ...{ commands: state.commands, failures: state.failures, replies: state.replies, notes: state.notes, plans: state.plans },
    ...{ commits: state.commits, greens: state.greens, gaps: state.gaps, sources: trace.sources, recentChanges: trace.recentChanges },
    ...{ aliases: trace.aliases, authors: trace.authors, calls: trace.calls, rewindWrites: trace.rewindWrites, marks: density.data.marks },
  };
  // The limit, and what may be there before many are forgotten at once.
  const limits: Record<keyof typeof held, number> = {
    ...{ commands: 2500, failures: 300, replies: 125, notes: 200, plans: 80, commits: 500, greens: 100, gaps: 200, sources: 9216 },
    ...{ recentChanges: 4352, aliases: 3125, authors: 3125, calls: 625, rewindWrites: 21_024, marks: 4000 },
  };
  for (const [name, entries] of Object.entries(held))
    expect([name, Math.min(limits[name as keyof typeof held], sizeOf(entries))]).toEqual([name, sizeOf(entries)]);
  for (const plans of state.plans.values()) expect(plans.length).toBeLessThanOrEqual(20);
  for (const file of state.files.values()) expect([file.recent.length <= 10, file.authors.size <= 18]).toEqual([true, true]);
  for (const lane of density.data.lanes.values()) expect(lane.stretches.size).toBeLessThanOrEqual(4100);
  expect(sizeOf(trace.sources)).toBeGreaterThan(8000);
});

it('[D32] forgets the blockers that a rule raised and cleared, the oldest first, and none that is open or stated', () => {
  const tape = new EventTape().start();
  const add = (command: string, exitCode: number): unknown => tape.command(command, exitCode);
  tape.add({ kind: 'blocker.raised', id: 'stated', what: 'No access' });
  tape.add({ kind: 'blocker.cleared', id: 'stated' });
  for (let index = 0; index < 900; index++)
    for (const exitCode of index % 90 === 0 ? [1, 1] : [1, 1, 0]) add(`make part${index}`, exitCode);
  const fold = new SessionFold();
  for (const event of tape.events) fold.add(event);
  const { blockers } = fold.state;
  expect(blockers.size).toBeLessThanOrEqual(500);
  expect(blockers.has('stated')).toBe(true);
  expect([...blockers.values()].filter(({ isOpen }) => isOpen)).toHaveLength(10);
  expect(blockers.has('failing:make part899')).toBe(true);
  expect(blockers.has('failing:make part1')).toBe(false);
});

const sizeOf = (held: ReadonlyMap<unknown, unknown> | readonly unknown[]): number => ('size' in held ? held.size : held.length);
