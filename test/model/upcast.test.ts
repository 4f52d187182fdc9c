import { expect, test } from 'vitest';
import { upcastEvent, type SchemaHistory } from '../../src/model/upcast.ts';

const place = { w: 'abcd1234', n: 7, at: '2026-01-01T00:00:00.000Z' };
const by = { actor: 'user', how: 'stated' };
const note = { v: 1, ...place, kind: 'progress.noted', by, text: 'a note' };

/** A past and a future that were never released: version 0 said `words`, version 2 will say who noted it in another way. */
const planted: SchemaHistory = {
  version: 2,
  upcasters: {
    0: ({ words, ...raw }) => ({ ...raw, kind: 'note.taken', text: String(words).trim() }),
    1: (raw) => ({ ...raw, kind: raw['kind'] === 'note.taken' ? 'progress.noted' : raw['kind'] }),
  },
};

test('[L35] an event of an old version is brought up step by step, and a kind may have had another name', () => {
  const old = { v: 0, ...place, kind: 'old.note', by, words: ' a note ' };
  expect(upcastEvent(old, planted)).toEqual({ ...note, v: 2 });
  expect(upcastEvent({ ...note, kind: 'note.taken' }, planted)).toEqual({ ...note, v: 2 });
  expect(upcastEvent({ ...note, v: 2 }, planted)).toEqual({ ...note, v: 2 });
});

test('[L35] an upcaster changes neither writer, number nor time, and one that stumbles costs nothing', () => {
  const history = (upcaster: SchemaHistory['upcasters'][number]): SchemaHistory => ({ version: 2, upcasters: { 1: upcaster } });
  expect(
    upcastEvent(
      note,
      history((raw) => ({ ...raw, w: 'other', n: 1, at: 'never', v: 9 })),
    ),
  ).toEqual({ ...note, v: 2 });
  const stumbled = upcastEvent(
    note,
    history(() => {
      throw new TypeError('planted');
    }),
  );
  expect(stumbled).toEqual({ kind: 'foreign', v: 1, ...place, foreignKind: 'progress.noted', reason: 'misshapen', raw: note });
});

test('[L9] what is newer, unknown, misshapen or of a version that never was is kept as it stands', () => {
  const kept = (raw: Record<string, unknown>, reason: string, history?: SchemaHistory): void =>
    expect(upcastEvent(raw, history)).toEqual({ kind: 'foreign', v: raw['v'], ...place, foreignKind: raw['kind'], reason, raw });
  kept({ ...note, v: 2, more: [1] }, 'newer-version');
  kept({ ...note, v: 3 }, 'newer-version', planted);
  kept({ ...note, kind: 'mind.read' }, 'unknown-kind');
  kept({ ...note, kind: 'mind.read', v: 0 }, 'misshapen');
  kept({ ...note, text: 5 }, 'misshapen');
  kept({ ...note, v: 0.5 }, 'misshapen');
  kept({ ...note, v: -1e9 }, 'misshapen', planted);
  for (const raw of [null, [], 'text', {}, { ...note, w: 5 }, { ...note, n: '7' }, { ...note, kind: undefined }])
    expect(upcastEvent(raw)).toBeUndefined();
});
