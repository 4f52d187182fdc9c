import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { authorKey, isFileUnchanged } from '../../src/core/foldFile.ts';
import { effectiveAuthor, emptyState, foldAll, foldEvent, isSetAside, serializeState, stateAt } from '../../src/core/fold.ts';
import { groupDecisions, openBlockers } from '../../src/core/decisions.ts';
import { buildResumePrompt } from '../../src/core/resumePrompt.ts';
import { countChangedSince, filesChangedSince, lastGreen } from '../../src/core/lastGreen.ts';
import { eventKinds, type LoggedEvent } from '../../src/model/event.ts';
import { eventId } from '../../src/model/ids.ts';
import { sampleEvents } from '../webview/sample.ts';
import { codex, EventTape, nobody, version } from './eventTape.ts';

const tape = (): EventTape => new EventTape().start();

describe('folding', () => {
  it('[D1] goes on over events of any shape, and counts those that it cannot fold', () => {
    const anything = fc.oneof(
      fc.anything(),
      fc.record({
        v: fc.constant(1),
        w: fc.constant('aaaaaa'),
        n: fc.nat(),
        at: fc.string(),
        by: fc.anything(),
        kind: fc.constantFrom(...eventKinds),
        id: fc.anything(),
        path: fc.anything(),
        text: fc.anything(),
        entries: fc.anything(),
        target: fc.string(),
        targetAt: fc.string(),
      }),
    );
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 20 }), (events) => {
        const state = emptyState();
        for (const event of events) foldEvent(state, event as LoggedEvent);
        serializeState(state);
        return state.counts.malformed <= events.length;
      }),
      { numRuns: 500 },
    );
    expect(foldAll([undefined, { kind: 'file.changed' }] as unknown as LoggedEvent[]).counts.malformed).toBe(2);
  });

  it('[D1] [D2] gives a state for every prefix, and the same one each time', () => {
    const events = sampleEvents();
    const growing = emptyState();
    for (const [index, event] of events.entries()) {
      foldEvent(growing, event);
      if (index % 7 === 0 || index === events.length - 1)
        expect(serializeState(growing)).toBe(serializeState(foldAll(events.slice(0, index + 1))));
    }
    expect(growing.counts).toMatchObject({ events: events.length, malformed: 0 });
  });

  it('keeps a foreign line in the counts and nowhere else', () => {
    const state = foldAll([
      {
        kind: 'foreign',
        v: 9,
        w: 'aaaaaa',
        n: 1,
        at: '2026-01-01T10:00:00.000Z',
        foreignKind: 'mood.changed',
        reason: 'newer-version',
        raw: {},
      },
    ]);
    expect(state.counts).toMatchObject({ events: 1, foreign: 1, malformed: 0 });
  });

  it('gives the state right after an event', () => {
    const t = tape();
    const first = t.change('a.ts', 'one', 'two');
    t.change('a.ts', 'two', 'three');
    expect(stateAt(t.events, eventId(first))?.files.get('a.ts')?.latest).toEqual(version('two'));
    expect(stateAt(t.events, 'zzzzzz.1')).toBeUndefined();
  });

  it('takes a hostile path for a path', () => {
    const t = tape();
    t.change('__proto__', undefined, 'x');
    t.change('constructor', 'a', 'b');
    expect([...foldAll(t.events).files.keys()]).toEqual(['__proto__', 'constructor']);
  });
});

describe('a fact that two processes told', () => {
  it('[D3] counts once as a change of a file, within five seconds and by another writer only', () => {
    const t = tape();
    const change = { kind: 'file.changed', path: 'a.ts', before: version('one'), after: version('two'), by: nobody } as const;
    t.add(change);
    t.add(change, { writer: 'bbbbbb' });
    t.add(change);
    t.add(change, { writer: 'bbbbbb', afterMs: 6000 });
    const state = foldAll(t.events);
    expect(state.counts).toMatchObject({ fileChanges: 3, duplicates: 1 });
    expect(state.files.get('a.ts')?.changes).toBe(3);
  });

  it('[D3] counts once as a record of a transcript, though one writer may draw several facts from one record', () => {
    const t = tape();
    const src = { file: '/t.jsonl', offset: 10, record: 'r-1' };
    for (const writer of ['aaaaaa', 'bbbbbb'])
      for (const call of ['c1', 'c2'])
        t.add({ kind: 'tool.called', call, name: 'read', tool: 'read', run: 'r1', src, by: codex }, { writer });
    expect(foldAll(t.events).counts).toMatchObject({ toolCalls: 2, duplicates: 2 });
  });
});

describe('who changed a file', () => {
  it('[D4] is what was found out later, in the event, the file and the run', () => {
    const t = tape();
    t.prompt('go');
    const change = t.change('a.ts', 'one', 'two', nobody);
    t.add({ kind: 'file.attributed', event: eventId(change), path: 'a.ts', by: codex });
    const state = foldAll(t.events);
    expect(effectiveAuthor(state, change)).toEqual(codex);
    expect([...(state.files.get('a.ts')?.authors.keys() ?? [])]).toEqual([authorKey(codex)]);
    expect(state.runs.get('r1')?.fileChanges).toBe(1);
  });

  it('[D4] is not taken back by a weaker finding', () => {
    const t = tape();
    const change = t.change('a.ts', 'one', 'two', codex);
    t.add({ kind: 'file.attributed', event: eventId(change), path: 'a.ts', by: { actor: 'agent', name: 'claude', how: 'guess' } });
    expect(effectiveAuthor(foldAll(t.events), change)).toEqual(codex);
  });

  it('[D4] reaches the event that counts when the finding names its duplicate', () => {
    const t = tape();
    const change = { kind: 'file.changed', path: 'a.ts', before: version('one'), after: version('two'), by: nobody } as const;
    const kept = t.add(change);
    const twin = t.add(change, { writer: 'bbbbbb' });
    t.add({ kind: 'file.attributed', event: eventId(twin), path: 'a.ts', by: codex });
    expect(effectiveAuthor(foldAll(t.events), kept)).toEqual(codex);
  });
});

describe('a rewind', () => {
  it('[D5] sets aside what came after its target, and neither its own writes nor its checkpoint', () => {
    const t = tape();
    const target = t.change('a.ts', 'one', 'two');
    const gone = t.change('a.ts', 'two', 'three');
    const write = t.change('a.ts', 'three', 'two', nobody, { rewind: 'rw1' });
    const checkpoint = t.add({ kind: 'checkpoint.made', id: 'cp-rw1', label: 'safe', reason: 'rewind' });
    t.rewind('rw1', target);
    const later = t.change('b.ts', undefined, 'x');
    const state = foldAll(t.events);
    expect([target, gone, write, checkpoint, later].map((event) => isSetAside(state, event))).toEqual([false, true, false, false, false]);
    expect(state.files.get('a.ts')).toMatchObject({ changes: 2, latest: version('two') });
    expect(state.branches[0]?.stretch).toMatchObject({ files: ['a.ts'], fileCount: 1 });
  });

  it('[D5] is taken back by its undo, which sets aside only what was done to files in between', () => {
    const t = tape();
    const target = t.change('a.ts', 'one', 'two');
    const gone = t.change('a.ts', 'two', 'three');
    t.rewind('rw1', target);
    const between = t.change('b.ts', undefined, 'x');
    const note = t.add({ kind: 'progress.noted', text: 'looked around' });
    t.undo('rw2', 'rw1');
    const state = foldAll(t.events);
    expect([gone, between, note].map((event) => isSetAside(state, event))).toEqual([false, true, false]);
    expect(state.branches.map(({ isUndone, isActive }) => [isUndone, isActive])).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  it('[D5] leaves its target in force, also a prompt whose record was read after what came of it', () => {
    const t = new EventTape().start();
    const change = t.change('a.ts', 'one', 'two');
    const prompt = t.prompt('Do it');
    // What the rewinder writes: the target, and the moment at which the prompt was given.
    const applied = t.rewind('rw1', { ...prompt, at: new Date(Date.parse(change.at) - 500).toISOString() });
    const state = foldAll(t.events);
    expect(applied.kind).toBe('rewind.applied');
    expect(isSetAside(state, change)).toBe(true);
    expect(isSetAside(state, prompt)).toBe(false);
  });

  it('[D5] is void when a later rewind goes back to before it', () => {
    const t = tape();
    const early = t.change('a.ts', 'one', 'two');
    const middle = t.change('a.ts', 'two', 'three');
    const late = t.change('a.ts', 'three', 'four');
    t.rewind('rw1', early);
    const other = t.change('b.ts', undefined, 'x');
    // Back into the stretch that the first rewind had put aside.
    t.rewind('rw2', middle);
    const state = foldAll(t.events);
    expect([early, middle, late, other].map((event) => isSetAside(state, event))).toEqual([false, false, true, true]);
  });

  it('[D5] of one file leaves everything else alone', () => {
    const t = tape();
    const target = t.change('a.ts', 'one', 'two');
    const a = t.change('a.ts', 'two', 'three');
    const b = t.change('b.ts', 'one', 'two');
    const note = t.add({ kind: 'progress.noted', text: 'x' });
    t.rewind('rw1', target, ['a.ts']);
    const state = foldAll(t.events);
    expect([a, b, note].map((event) => isSetAside(state, event))).toEqual([true, false, false]);
  });

  it('[D5] takes back no word of a person: decisions, blockers and notes stay, what they settled too', () => {
    const t = tape();
    const agent = { actor: 'agent', name: 'codex', run: 'r1', how: 'stated' } as const;
    const target = t.change('a.ts', 'one', 'two');
    const said = [
      t.add({ kind: 'decision.confirmed', id: 'd1', what: 'Use a lock', why: 'safe' }),
      t.add({ kind: 'blocker.raised', id: 'b1', what: 'No test database' }),
      t.add({ kind: 'progress.noted', text: 'Ask about the limits' }),
    ];
    const proposed = t.add({ kind: 'decision.proposed', id: 'd2', what: 'Keep it in memory', by: agent });
    const confirmed = t.add({ kind: 'decision.confirmed', id: 'd2' });
    const own = t.add({ kind: 'progress.noted', text: 'Done', by: agent });
    t.rewind('rw1', target);
    const state = foldAll(t.events);
    expect([...said, proposed, confirmed, own].map((event) => isSetAside(state, event))).toEqual([false, false, false, true, false, true]);
    expect(groupDecisions(state)).toMatchObject({ inForce: [{ id: 'd1' }, { id: 'd2' }], setAside: [] });
    expect(state.blockers.get('b1')).toMatchObject({ isOpen: true, isSetAside: false });
    expect(state.notes.map(({ isSetAside: isAside }) => isAside)).toEqual([false, true]);
    expect(state.branches[0]?.stretch.decisions).toEqual([]);
    const { text } = buildResumePrompt(state, { now: Date.parse('2026-01-01T12:00:00.000Z') });
    expect(text).toContain('Use a lock');
    expect(text).not.toContain('no longer in force');
  });

  it('[D5] gives a decision of an agent in the stretch up, and an undo takes it up again', () => {
    const t = tape();
    const target = t.change('a.ts', 'one', 'two');
    t.add({ kind: 'decision.confirmed', id: 'd1', what: 'Use a lock', why: 'safe', by: codex });
    t.rewind('rw1', target);
    expect(groupDecisions(foldAll(t.events))).toMatchObject({ inForce: [], setAside: [{ id: 'd1' }] });
    t.undo('rw2', 'rw1');
    expect(groupDecisions(foldAll(t.events))).toMatchObject({ inForce: [{ id: 'd1' }], setAside: [] });
  });

  it('[D3] [D5] leaves the first change to who made it when a rewind makes the like of it again within seconds', () => {
    const tapedeck = { actor: 'tool', name: 'tapedeck', how: 'stated' } as const;
    for (const [before, after] of [
      ['one', 'two'],
      [undefined, 'two'],
    ] as const) {
      const t = tape();
      const target = t.prompt('Change it');
      const made = t.change('a.ts', before, after, codex);
      const kinds = {
        back: before === undefined ? 'file.deleted' : 'file.changed',
        again: before === undefined ? 'file.created' : 'file.changed',
      } as const;
      const one = before === undefined ? {} : { before: version(before) };
      const undone = before === undefined ? {} : { after: version(before) };
      t.add({ kind: kinds.back, path: 'a.ts', before: version(after), ...undone, by: tapedeck, rewind: 'rw1' }, { writer: 'bbbbbb' });
      t.rewind('rw1', target);
      t.add({ kind: kinds.again, path: 'a.ts', ...one, after: version(after), by: tapedeck, rewind: 'rw2' }, { writer: 'bbbbbb' });
      t.undo('rw2', 'rw1');
      const state = foldAll(t.events);
      expect(effectiveAuthor(state, made)).toEqual(codex);
      expect(isSetAside(state, made)).toBe(false);
      expect(state.files.get('a.ts')).toMatchObject({ exists: true, latest: version(after), changes: 1 });
      expect(state.counts.duplicates).toBe(0);
    }
  });

  it('[D3] tells changes of the mode alone apart', () => {
    const t = tape();
    const mode = (bits: number) => Object.assign(version('one'), { mode: bits });
    t.add({ kind: 'file.changed', path: 'a.sh', before: mode(0o644), after: mode(0o755), by: nobody });
    t.add({ kind: 'file.changed', path: 'a.sh', before: mode(0o755), after: mode(0o644), by: nobody }, { writer: 'bbbbbb' });
    expect(foldAll(t.events).counts).toMatchObject({ fileChanges: 2, duplicates: 0 });
  });

  it('[D3] [D5] is credited with its write also when a watching recorder saw it first', () => {
    const t = tape();
    const target = t.change('a.ts', 'one', 'two');
    const seen = t.change('a.ts', 'two', 'one', nobody);
    t.add(
      {
        kind: 'file.changed',
        path: 'a.ts',
        before: version('two'),
        after: version('one'),
        by: { actor: 'tool', name: 'tapedeck', how: 'stated' },
        rewind: 'rw1',
      },
      { writer: 'bbbbbb' },
    );
    t.rewind('rw1', target);
    const state = foldAll(t.events);
    expect(isSetAside(state, seen)).toBe(false);
    expect(state.files.get('a.ts')?.changes).toBe(1);
    expect(effectiveAuthor(state, seen).name).toBe('tapedeck');
  });
});

describe('a decision', () => {
  it('[D6] goes from proposed to confirmed to superseded, with its words and its history', () => {
    const t = tape();
    t.add({ kind: 'decision.proposed', id: 'd1', what: 'Use a lock', why: 'safe', by: codex });
    t.add({ kind: 'decision.confirmed', id: 'd1' });
    t.add({ kind: 'decision.proposed', id: 'd1', what: 'No lock', by: codex });
    expect(foldAll(t.events).decisions.get('d1')).toMatchObject({ status: 'confirmed', what: 'Use a lock', why: 'safe' });
    t.add({ kind: 'decision.superseded', id: 'd1', successor: 'd2', why: 'too slow' });
    expect(foldAll(t.events).decisions.get('d1')).toMatchObject({
      status: 'superseded',
      successor: 'd2',
      history: [{}, {}, { why: 'too slow' }],
    });
  });

  it('[D6] is stale while a file of it, or in a folder of it, is not what it was', () => {
    const t = tape();
    t.add({ kind: 'decision.confirmed', id: 'd1', what: 'Use a lock', files: ['src/auth'] });
    t.change('src/other.ts', 'one', 'two');
    expect(foldAll(t.events).decisions.get('d1')?.isStale).toBe(false);
    t.change('src/auth/lock.ts', 'one', 'two');
    expect(foldAll(t.events).decisions.get('d1')?.isStale).toBe(true);
    t.change('src/auth/lock.ts', 'two', 'one');
    expect(foldAll(t.events).decisions.get('d1')?.isStale).toBe(false);
  });
});

describe('a blocker', () => {
  it('[D7] is inferred when a command fails again, and cleared when it passes', () => {
    const t = tape();
    t.command('npm test', 1);
    expect(openBlockers(foldAll(t.events))).toEqual([]);
    t.command('npm  test', 1);
    expect(openBlockers(foldAll(t.events))).toMatchObject([{ isInferred: true, cause: 'exit code 1' }]);
    t.command('npm test', 0);
    expect(openBlockers(foldAll(t.events))).toEqual([]);
  });

  it('[D7] is inferred from a blocked tool until the user speaks again', () => {
    const t = tape();
    t.prompt('go');
    t.add({ kind: 'tool.called', call: 'c1', name: 'Bash', tool: 'execute', command: 'rm -rf build', run: 'r1', by: codex });
    t.add({ kind: 'tool.returned', call: 'c1', status: 'failed', outcome: 'blocked', run: 'r1', by: codex });
    expect(openBlockers(foldAll(t.events))).toMatchObject([{ what: 'Blocked: rm -rf build' }]);
    t.prompt('go on', 'r1', 2);
    expect(openBlockers(foldAll(t.events))).toEqual([]);
  });

  it('[D7] that was stated stays until it is cleared', () => {
    const t = tape();
    t.add({ kind: 'blocker.raised', id: 'b1', what: 'no key' });
    t.command('npm test', 0);
    expect(openBlockers(foldAll(t.events))).toHaveLength(1);
    t.add({ kind: 'blocker.cleared', id: 'b1' });
    expect(openBlockers(foldAll(t.events))).toEqual([]);
  });
});

describe('last green', () => {
  it('[D8] is the last check that passed, with what changed since', () => {
    const t = tape();
    t.change('a.ts', 'one', 'two');
    const green = t.command('cd web && npm test', 0);
    t.command('ls', 0);
    t.change('b.ts', 'one', 'two');
    t.command('npm test', 1);
    const state = foldAll(t.events);
    expect(lastGreen(state)?.mark).toMatchObject({ n: green.n });
    expect(filesChangedSince(state, lastGreen(state)!.mark).map(({ path }) => path)).toEqual(['b.ts']);
  });

  it('[D8] counts for many points what it would list for each', () => {
    const t = tape();
    const target = t.change('a.ts', 'one', 'two');
    for (const name of ['a', 'b', 'c', 'b', 'd', 'a']) t.change(`${name}.ts`, 'two', `three of ${name}`);
    t.rewind('rw1', target, ['d.ts']);
    t.change('b.ts', 'three of b', 'two', nobody, { rewind: 'rw1' });
    const state = foldAll(t.events);
    const count = countChangedSince(state);
    const counts = t.events.map(({ at, w, n }) => count({ at, w, n }));
    expect(counts).toEqual(t.events.map(({ at, w, n }) => filesChangedSince(state, { at, w, n }).length));
    expect(Math.max(...counts)).toBe(3);
  });

  it('[D8] does not lie in a stretch that was set aside', () => {
    const t = tape();
    const first = t.command('npm test', 0);
    const target = t.change('a.ts', 'one', 'two');
    t.command('npm test', 0);
    t.rewind('rw1', target);
    expect(lastGreen(foldAll(t.events))?.mark.n).toBe(first.n);
  });

  it('[D8] is also the moment when the diagnostics became clean', () => {
    const t = tape();
    t.add({ kind: 'diagnostics.changed', errors: 0, warnings: 0 });
    expect(lastGreen(foldAll(t.events))).toBeUndefined();
    t.add({ kind: 'diagnostics.changed', errors: 2, warnings: 0 });
    t.add({ kind: 'diagnostics.changed', errors: 0, warnings: 1 });
    expect(lastGreen(foldAll(t.events))?.how).toBe('diagnostics');
  });

  it('[D8] takes neither an empty search nor a stopped server for a failure', () => {
    const t = tape();
    t.command('grep -r TODO src', 1);
    t.command('npm run dev', 130);
    t.command('git diff --exit-code', 1);
    t.command('grep -r TODO nowhere', 2);
    expect(foldAll(t.events).failures.map(({ what }) => what)).toEqual(['grep -r TODO nowhere']);
  });
});

describe('a failed tool', () => {
  it('[D8] is told by its command where the exit code is known, else by itself, and never twice', () => {
    const t = new EventTape().start();
    const call = (id: string, command: string, exitCode: number | null): void => {
      t.add({ kind: 'tool.called', call: id, name: 'shell', tool: 'execute', command, run: 'r1', by: codex });
      t.add({ kind: 'command.ended', call: id, command, exitCode, run: 'r1', by: codex });
      t.add({ kind: 'tool.returned', call: id, status: 'failed', outcome: 'error', run: 'r1', by: codex });
    };
    call('c1', 'cargo build', 101);
    call('c2', 'cat nowhere', null);
    call('c3', 'rg nothing', null);
    t.add({ kind: 'tool.called', call: 'c4', name: 'Edit', tool: 'edit', paths: ['a.ts'], run: 'r1', by: codex });
    t.add({ kind: 'tool.returned', call: 'c4', status: 'failed', outcome: 'error', run: 'r1', by: codex });
    expect(foldAll(t.events).failures.map(({ kind, what, exitCode }) => [kind, what, exitCode])).toEqual([
      ['command', 'cargo build', 101],
      ['tool', 'cat nowhere', null],
      ['tool', 'Edit: a.ts', null],
    ]);
  });
});

describe('a file', () => {
  it('knows that it is back to what it was', () => {
    const t = tape();
    t.change('a.ts', 'one', 'two');
    t.change('a.ts', 'two', 'one');
    t.change('b.ts', undefined, 'x');
    t.change('b.ts', 'x', undefined);
    t.change('c.ts', undefined, 'x');
    const { files } = foldAll(t.events);
    expect([...files.values()].map(isFileUnchanged)).toEqual([true, true, false]);
  });
});
