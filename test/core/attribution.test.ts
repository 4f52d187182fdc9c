import fc from 'fast-check';
import { expect, it } from 'vitest';
import { attribute, type Evidence, type WorkSpan } from '../../src/core/attribution.ts';

const time = { earliest: 1000, latest: 1020 };
const none: Evidence = { claims: [], editor: 'none', git: 'none', spans: [], activeRuns: [] };
const span = (more: Partial<WorkSpan>): WorkSpan => ({ actor: 'agent', name: 'codex', start: 900, end: 1100, slackMs: 50, ...more });

it('[C23] names nobody where nobody was at work', () => {
  expect(attribute(time, none).by).toEqual({ actor: 'unknown', how: 'none' });
  expect(attribute(time, { ...none, spans: [span({ start: 2000, end: 3000 })] }).by).toEqual({ actor: 'unknown', how: 'none' });
});

it('[C23] puts content above everything, and the weaker below', () => {
  const claim = { name: 'claude', run: 'r2', call: 'c', turn: 3, matches: true, at: 500 };
  const all: Evidence = { claims: [claim], editor: 'whole', git: 'content', spans: [span({})], activeRuns: [] };
  expect(attribute(time, all)).toEqual({ by: { actor: 'agent', name: 'claude', run: 'r2', how: 'transcript' }, turn: 3, call: 'c' });
  expect(attribute(time, { ...all, claims: [] }).by.how).toBe('editor');
  expect(attribute(time, { ...all, claims: [], editor: 'none' }).by.how).toBe('git');
  expect(attribute(time, { ...none, spans: [span({})] }).by.how).toBe('overlap');
});

it('[C23] names the run only where it is one, and the agent where two runs of it could have been', () => {
  expect(attribute(time, { ...none, spans: [span({ run: 'a' }), span({ run: undefined as never })] }).by).toMatchObject({
    name: 'codex',
    run: 'a',
  });
  const two = attribute(time, { ...none, spans: [span({ run: 'a' }), span({ run: 'b' })] }).by;
  expect(two).toEqual({ actor: 'agent', name: 'codex', how: 'overlap' });
});

it('[C23] does not name a short command for a change that can lie anywhere in a long time', () => {
  const wide = { earliest: 0, latest: 60_000 };
  expect(attribute(wide, { ...none, spans: [span({})] }).by).toEqual({ actor: 'unknown', how: 'none', others: ['codex'] });
  expect(attribute(wide, { ...none, spans: [span({ start: 0, end: undefined })] }).by).toMatchObject({ name: 'codex', how: 'overlap' });
});

it('[C23] never names one of several different ones who could have done it, whatever the evidence', () => {
  const names = fc.constantFrom('codex', 'claude', 'user');
  const anySpan = fc.record({ name: names, start: fc.integer({ min: 0, max: 2000 }), length: fc.integer({ min: 0, max: 1500 }) });
  fc.assert(
    fc.property(fc.array(anySpan, { maxLength: 5 }), (given) => {
      const spans = given.map(({ name, start, length }) =>
        span({ actor: name === 'user' ? 'user' : 'agent', name, start, end: start + length }),
      );
      const could = new Set(
        spans.filter(({ start, end }) => start - 50 <= time.latest && end! + 50 >= time.earliest).map(({ name }) => name),
      );
      const { by } = attribute(time, { ...none, spans });
      if (could.size !== 1) expect(by.actor).toBe('unknown');
      else expect(by.actor === 'user' ? 'user' : by.name).toBe([...could][0]);
      expect(by.others ?? []).toEqual(could.size > 1 ? [...could].sort() : []);
    }),
  );
});
