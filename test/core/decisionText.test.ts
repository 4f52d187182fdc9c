import { expect, it } from 'vitest';
import { decisionRecord, decisionsPage } from '../../src/core/decisionText.ts';
import { foldAll } from '../../src/core/fold.ts';
import { htmlText, markdownText } from '../../src/core/markdownText.ts';
import { zonedTime } from '../../src/core/zonedTime.ts';
import { codex, EventTape } from './eventTape.ts';

const { day } = zonedTime('UTC');

function decided(): EventTape {
  const t = new EventTape().start();
  t.add({
    kind: 'decision.confirmed',
    id: 'd1',
    what: 'Token bucket',
    why: 'simpler',
    alternatives: ['sliding window'],
    files: ['src/a.ts'],
  });
  t.add({ kind: 'decision.confirmed', id: 'd2', what: 'Keep it in Redis' });
  t.add({ kind: 'decision.superseded', id: 'd2', successor: 'd1', why: 'Redis is not there' });
  t.add({ kind: 'decision.proposed', id: 'd3', what: 'Sixty a minute', by: codex });
  return t;
}

it('[D42] writes all decisions on a page, each under what it is worth', () => {
  const page = decisionsPage(foldAll(decided().events), 'Limits', day);
  const parts = page.split('\n## ');
  expect(parts.map((part) => part.split('\n')[0])).toEqual([
    '# Decisions: Limits',
    'In force',
    'Proposed, confirmed by nobody',
    'No longer in force',
  ]);
  expect(parts[1]).toContain(
    '### Token bucket\n\n- Status: confirmed\n- Decided: 2026-01-01, by the user\n- Why: simpler\n- Not: sliding window\n- Files: src/a.ts',
  );
  expect(parts[3]).toContain('- Superseded because: Redis is not there\n- Instead: Token bucket');
});

it('[D42] writes a record of one', () => {
  const state = foldAll(decided().events);
  const { name, text } = decisionRecord(state.decisions.get('d1')!, state, 7, day);
  expect(name).toBe('0007-token-bucket.md');
  expect(text).toMatch(/^# 7\. Token bucket\n\nDate: 2026-01-01\n\n## Status\n\nAccepted\n/);
  expect(text).toContain('<!-- tapedeck decision d1 -->');
});

const hostile = [
  '<img src=x onerror=alert(1)>',
  '[click](javascript:alert(1)) ![x](https://evil.example/x.png)',
  'https://evil.example www.evil.example a@b.example',
  '# heading\n\n- list\n---\n| a | b |',
  '`code` **bold** ~~x~~ $x$ &lt;b&gt;',
  '\u202eevil\u0000\u001b[31m',
];

it.each(hostile)('[D42] quotes hostile text as text: %s', (text) => {
  const quoted = markdownText(text);
  expect(quoted).not.toMatch(/[\n\u0000\u001b\u202e]/);
  expect(quoted).not.toMatch(/(?<!\\)[<>`*_[\]|~$]/);
  expect(quoted).not.toMatch(/https?:|www\.|\S@|&lt;b/);
  expect(quoted).not.toMatch(/^(?:[#+=-]|\d+[.)])/);
  const html = htmlText(text);
  expect(html).not.toMatch(/[<>"'\u0000\u001b\u202e]/);
});

it('[D42] names a record so that every system takes it', () => {
  const t = new EventTape().start();
  t.add({ kind: 'decision.confirmed', id: 'x', what: '../../CON: “Über” <x>?*|'.repeat(9) });
  t.add({ kind: 'decision.confirmed', id: 'y', what: '？？' });
  const state = foldAll(t.events);
  for (const id of ['x', 'y']) expect(decisionRecord(state.decisions.get(id)!, state, 1, day).name).toMatch(/^0001-[a-z0-9-]{1,60}\.md$/);
});

it('[D43] tells times in the wanted zone, also over midnight and a change of clocks', () => {
  const berlin = zonedTime('Europe/Berlin');
  expect(berlin.minute('2026-11-20T23:30:00.000Z')).toBe('2026-11-21 00:30');
  expect(berlin.minute('2026-07-01T22:15:00.000Z')).toBe('2026-07-02 00:15');
  expect(zonedTime('Nowhere/Else').zone).toBe('UTC');
  expect(zonedTime('UTC').minute('no time')).toBe('unknown time');
});
