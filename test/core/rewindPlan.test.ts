import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  foldersAbove,
  foldersToEmpty,
  isInScope,
  planRewind,
  settleRewind,
  type PresentFile,
  type RewindInput,
} from '../../src/core/rewindPlan.ts';
import { describePlan } from '../../src/core/rewindText.ts';
import { filesAt, touchedFiles } from '../../src/core/touchedFiles.ts';
import { userAuthor } from '../../src/model/author.ts';
import type { LoggedEvent, TapedeckEvent } from '../../src/model/event.ts';
import type { FileVersion } from '../../src/model/fileVersion.ts';

const version = (name: string, more: Partial<FileVersion> = {}): FileVersion => ({
  hash: name.padEnd(64, '0'),
  sizeBytes: name.length,
  type: 'file',
  ...more,
});
let count = 0;
type Fields = { path: string; before?: FileVersion; after?: FileVersion; from?: string; rewind?: string; reason?: string };
const event = (kind: string, fields: Fields): LoggedEvent =>
  ({ v: 1, w: 'writera', n: ++count, at: '2026-01-01T00:00:00.000Z', by: userAuthor, kind, ...fields }) as unknown as TapedeckEvent;
const created = (path: string, after: FileVersion): LoggedEvent => event('file.created', { path, after });
const changed = (path: string, before: FileVersion, after: FileVersion): LoggedEvent => event('file.changed', { path, before, after });
const deleted = (path: string, before: FileVersion): LoggedEvent => event('file.deleted', { path, before });

const present = (files: Record<string, FileVersion | PresentFile>): Map<string, PresentFile> =>
  new Map(Object.entries(files).map(([path, file]) => [path, 'state' in file ? file : { state: 'file', version: file }]));

function plan(events: readonly LoggedEvent[], files: Record<string, FileVersion | PresentFile>, more: Partial<RewindInput> = {}) {
  const touched = touchedFiles(events, more.undoes);
  const there = present(files);
  for (const path of touched.keys()) if (!there.has(path)) there.set(path, { state: 'absent' });
  const kept = new Set(
    [...touched.values()].flatMap(({ before }) =>
      before.state === 'version' && before.version.hash !== undefined ? [before.version.hash] : [],
    ),
  );
  return planRewind({
    id: 'r',
    target: 'writera.1',
    targetAt: '2026',
    touched,
    present: there,
    unsaved: new Map(),
    refused: new Map(),
    kept,
    ...more,
  });
}

const acts = (found: ReturnType<typeof plan>): unknown[] =>
  found.steps.map(({ path, act, conflict }) => [path, act, ...(conflict === undefined ? [] : [conflict])]);

describe('rewind plan', () => {
  it('[R1] wants what stood before the first event after the target, and counts what is so already', () => {
    const events = [
      changed('a', version('1'), version('2')),
      changed('a', version('2'), version('3')),
      created('b', version('b')),
      deleted('c', version('c')),
      changed('d', version('1'), version('2')),
      changed('d', version('2'), version('1')),
    ];
    const found = plan(events, { a: version('3'), b: version('b'), d: version('1') });
    expect(acts(found)).toEqual([
      ['a', 'write'],
      ['b', 'delete'],
      ['c', 'write'],
    ]);
    expect(found.steps[0]!.to).toEqual(version('1'));
    expect(found.alreadySo).toBe(1);
  });

  it('[R1] takes a rename for the end of one path and the beginning of another', () => {
    const renamed = event('file.renamed', { path: 'new', from: 'old', before: version('1'), after: version('1') });
    expect(acts(plan([renamed], { new: version('1') }))).toEqual([
      ['new', 'delete'],
      ['old', 'write'],
    ]);
  });

  it('[R3] tells each kind of conflict', () => {
    const events = [
      changed('since', version('1'), version('2')),
      changed('unsaved', version('1'), version('2')),
      changed('mode', version('1', { mode: 0o644 }), version('2', { mode: 0o644 })),
      changed('unknown', version('1'), { sizeBytes: 9, type: 'file', missing: 'too-large' }),
    ];
    const files = {
      since: version('x'),
      unsaved: version('2'),
      mode: version('2', { mode: 0o755 }),
      unknown: { ...version('q'), sizeBytes: 9 },
    };
    expect(acts(plan(events, files, { unsaved: new Map([['unsaved', version('u')]]) }))).toEqual([
      ['mode', 'write', 'changed-since'],
      ['since', 'write', 'changed-since'],
      ['unknown', 'write', 'unverified'],
      ['unsaved', 'write', 'unsaved'],
    ]);
  });

  it('[R4] never plans to delete what is not what the log saw last, whatever is chosen', () => {
    const found = plan(
      [created('a', version('1')), created('b', version('1'))],
      { a: version('2'), b: version('1') },
      { unsaved: new Map([['b', version('u')]]) },
    );
    expect(found.steps).toEqual([]);
    expect(found.skips.map(({ reason }) => reason)).toEqual(['changed-since', 'changed-since']);
  });

  it('[R7] lists what was not captured with the reason of the first event that says so', () => {
    const missing = (reason: 'too-large' | 'secret'): FileVersion => ({ sizeBytes: 9, type: 'file', missing: reason });
    const events = [
      changed('large', missing('too-large'), version('2')),
      event('file.skipped', { path: '.env', reason: 'secret' }),
      changed('.env', version('1'), version('2')),
      changed('became-secret', version('1'), version('2')),
      event('file.skipped', { path: 'became-secret', reason: 'secret' }),
      event('file.deleted', { path: 'no-before' }),
    ];
    const found = plan(events, { large: version('2'), '.env': version('2'), 'became-secret': version('3') });
    expect(found.skips).toEqual([
      { path: '.env', reason: 'secret' },
      { path: 'became-secret', reason: 'secret' },
      { path: 'large', reason: 'too-large' },
      { path: 'no-before', reason: 'lost' },
    ]);
    expect(found.steps).toEqual([]);
  });

  it('[R6] writes into a place only when the same rewind clears what stands there', () => {
    const folder: PresentFile = { state: 'folder', files: ['a/x', 'a/mine'] };
    const events = [deleted('a', version('1')), created('a/x', version('x'))];
    const found = plan(events, { a: folder, 'a/x': version('x') });
    expect(settleRewind(found, {}).skips).toEqual([{ path: 'a', reason: 'in-the-way', detail: 'a/mine' }]);
    expect(
      settleRewind(plan(events, { a: { state: 'folder', files: ['a/x'] }, 'a/x': version('x') }), {}).steps.map(({ path }) => path),
    ).toEqual(['a', 'a/x']);
    const behind = [deleted('b/x', version('1')), created('b', version('link', { type: 'link' }))];
    const files = { 'b/x': { state: 'blocked', by: 'b' } as const, b: version('link', { type: 'link' }) };
    expect(settleRewind(plan(behind, files), {}).steps.map(({ path, act }) => [path, act])).toEqual([
      ['b', 'delete'],
      ['b/x', 'write'],
    ]);
    expect(settleRewind(plan(behind, files), { files: new Map([['b', 'skip']]) }).skips.map(({ path, reason }) => [path, reason])).toEqual([
      ['b', 'not-chosen'],
      ['b/x', 'in-the-way'],
    ]);
  });

  it('[R3] leaves every conflict undecided until it is chosen, one by one or all', () => {
    const events = [
      changed('a', version('1'), version('2')),
      changed('b', version('1'), version('2')),
      changed('c', version('1'), version('2')),
    ];
    const found = plan(events, { a: version('x'), b: version('x'), c: version('2') });
    expect(settleRewind(found, {}).undecided).toEqual(['a', 'b']);
    const one = settleRewind(found, {
      files: new Map([
        ['a', 'take'],
        ['c', 'skip'],
      ]),
    });
    expect([one.undecided, one.steps.map(({ path }) => path)]).toEqual([['b'], ['a']]);
    const all = settleRewind(found, { conflicts: 'skip', files: new Map([['a', 'take']]) });
    expect([all.undecided, all.steps.map(({ path }) => path), all.skips]).toEqual([
      [],
      ['a', 'c'],
      [{ path: 'b', reason: 'conflict', detail: 'changed-since' }],
    ]);
  });

  it('[R8] undoes only what the rewind itself wrote', () => {
    const events = [
      changed('before', version('1'), version('2')),
      event('file.changed', { path: 'a', before: version('2'), after: version('1'), rewind: 'x' }),
      event('file.changed', { path: 'b', before: version('2'), after: version('1'), rewind: 'x' }),
      changed('b', version('1'), version('3')),
      changed('later', version('1'), version('2')),
    ];
    expect(acts(plan(events, { before: version('2'), a: version('1'), b: version('3'), later: version('2') }, { undoes: 'x' }))).toEqual([
      ['a', 'write'],
      ['b', 'write', 'changed-after-rewind'],
    ]);
  });

  it('[R8] does not take the rewind’s own writes, told again by another recorder, for later changes', () => {
    const events = [
      event('file.changed', { path: 'a', before: version('2'), after: version('1'), rewind: 'x' }),
      changed('a', version('2'), version('1')),
      event('file.deleted', { path: 'b', before: version('2'), rewind: 'x' }),
      deleted('b', version('2')),
    ];
    expect(acts(plan(events, { a: version('1') }, { undoes: 'x' }))).toEqual([
      ['a', 'write'],
      ['b', 'write'],
    ]);
  });

  it('[R8] undoes a rewind as if what came after it had not been, once that is undone itself', () => {
    const rewound = event('file.changed', { path: 'a', before: version('2'), after: version('1'), rewind: 'x' });
    const again = [
      rewound,
      event('file.changed', { path: 'a', before: version('1'), after: version('2'), rewind: 'y' }),
      event('file.changed', { path: 'a', before: version('2'), after: version('1'), rewind: 'undo of y' }),
    ];
    expect(acts(plan(again, { a: version('1') }, { undoes: 'x' }))).toEqual([['a', 'write']]);
    const back = [rewound, changed('a', version('1'), version('3')), changed('a', version('3'), version('1'))];
    expect(acts(plan(back, { a: version('1') }, { undoes: 'x' }))).toEqual([['a', 'write']]);
  });

  it('[R12] takes a scope for files and folders, not for beginnings of names', () => {
    expect(['src', 'src/a', 'src2', '//web/src/a'].filter((path) => isInScope(path, ['src']))).toEqual(['src', 'src/a']);
    expect(isInScope('//web/src/a', ['//web/src/'])).toBe(true);
    // The workspace's own folders, the first one and another.
    expect(['src/a', '//web/a', '//website/a'].filter((path) => isInScope(path, ['']))).toEqual(['src/a']);
    expect(['src/a', '//web/a', '//website/a'].filter((path) => isInScope(path, ['//web/']))).toEqual(['//web/a']);
  });

  it('[R4] names the folders that may be removed, the deepest first, none that a written file needs', () => {
    const events = [
      created('a/b/c', version('1')),
      created('a/d', version('1')),
      deleted('e/f', version('1')),
      created('e/g/h', version('1')),
      created('//web/i/j', version('1')),
    ];
    const found = plan(events, { 'a/b/c': version('1'), 'a/d': version('1'), 'e/g/h': version('1'), '//web/i/j': version('1') });
    expect(foldersToEmpty(found.steps)).toEqual(['//web/i', 'a/b', 'e/g', 'a']);
    expect(foldersAbove('//web/i/j')).toEqual(['//web/i']);
    expect(foldersAbove('top')).toEqual([]);
  });

  it('[R1] has each touched path once: as a step, a skip, or already so; in one order, whatever the order of the events of other paths', () => {
    const name = fc.constantFrom('a', 'b', 'a/b', 'c', '//web/a');
    const some = fc.constantFrom(version('1'), version('2'), version('3', { type: 'link' }), {
      sizeBytes: 1,
      type: 'file',
      missing: 'too-large',
    } as FileVersion);
    const one = fc.record({
      path: name,
      kind: fc.constantFrom('file.created', 'file.changed', 'file.deleted', 'file.skipped'),
      before: some,
      after: some,
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 12 }), fc.dictionary(name, some), (drafts, files) => {
        const events = drafts.map(({ kind, ...fields }) => event(kind, { ...fields, reason: 'policy' }));
        const found = plan(events, files);
        const paths = [...found.steps, ...found.skips].map(({ path }) => path);
        expect(new Set(paths).size).toBe(paths.length);
        expect(paths.length + found.alreadySo).toBe(touchedFiles(events).size);
        expect(found.steps.map(({ path }) => path)).toEqual(found.steps.map(({ path }) => path).sort());
        const settled = settleRewind(found, { conflicts: 'overwrite' });
        expect(settled.steps.length + settled.skips.length).toBe(found.steps.length + found.skips.length);
        for (const step of settled.steps) if (step.act === 'delete') expect(step.conflict).toBeUndefined();
      }),
    );
  });

  it('[R1] describes itself in lines, every path with what happens to it', () => {
    const events = [
      changed('a', version('1'), version('2')),
      created('b', version('b')),
      deleted('c', version('c')),
      changed('d', version('1'), version('2')),
      event('file.skipped', { path: 'e', reason: 'too-large' }),
    ];
    expect(describePlan(plan(events, { a: version('2'), b: version('b'), d: version('x') }))).toEqual([
      'Rewind to writera.1 (2026): 2 to write, 1 to delete, 1 in conflict, 1 skipped, 0 already so',
      '  change  a  (user)',
      '  create  c  (user)',
      '  delete  b  (user)',
      '  CONFLICT  d: changed since it was last recorded (would change)',
      '  skip    e: too large, its content was not kept',
    ]);
  });
});

describe('files at a point', () => {
  it('[R13] takes what was read at the next change, else what was left by the last one', () => {
    const until = [created('a', version('1')), created('b', version('1')), created('gone', version('1')), deleted('gone', version('1'))];
    const later = [
      changed('b', version('2'), version('3')),
      created('c', version('1')),
      event('file.skipped', { path: 'a', reason: 'too-large' }),
    ];
    expect(
      [...filesAt(until, later)].map(([path, file]) => [path, file.state === 'version' ? file.version.hash!.slice(0, 1) : file.state]),
    ).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['gone', 'absent'],
      ['c', 'absent'],
    ]);
  });
});
