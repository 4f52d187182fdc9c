import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupDecisions } from '../../src/core/decisions.ts';
import { answerProposals, planProposal, recordProposal, wordProposals } from '../../src/core/decisionRules.ts';
import { foldAll } from '../../src/core/fold.ts';
import { eventId } from '../../src/model/ids.ts';
import type { Excerpt } from '../../src/model/event.ts';
import { codex, EventTape } from './eventTape.ts';

const whole = (value: unknown): Excerpt => {
  const head = typeof value === 'string' ? value : JSON.stringify(value);
  return { head, sizeBytes: head.length };
};
const storage = {
  question: 'Where should the totals be kept?',
  header: 'Storage',
  options: [
    { label: 'SQLite (Recommended)', description: 'One file, no server.' },
    { label: 'A JSON file', description: 'Nothing to install.' },
    { label: 'Not sure yet', description: 'Talk about it first.' },
  ],
};

describe('an answered question', () => {
  it.each([
    ['in words', 'User has answered your questions: "Where should the totals be kept?"="SQLite (Recommended)". You can now continue.'],
    ['by index', '{"answers":{"0":"SQLite"}}'],
    ['by the question', '{"answers":{"Where should the totals be kept?":{"answers":["SQLite (Recommended)"]}}}'],
    ['alone', 'User selected: SQLite'],
  ])('[D40] is a decision when an offered answer was chosen: told %s', (_, result) => {
    expect(answerProposals(whole({ questions: [storage] }), result)).toEqual([
      {
        rule: 'answer',
        what: 'SQLite (asked: Where should the totals be kept?)',
        why: 'As it was offered: One file, no server.',
        alternatives: ['A JSON file'],
      },
    ]);
  });

  it.each([
    'User has answered your questions: "Where should the totals be kept?"="how large do they get?". You can now continue.',
    'User has answered your questions: "Where should the totals be kept?"="Not sure yet". You can now continue.',
    'The user doesn’t want to proceed with this tool use.',
    '{"answers":{}}',
    '{"answers"',
    '',
  ])('[D40] is none when the user talked instead: %s', (result) => {
    expect(answerProposals(whole({ questions: [storage] }), result)).toEqual([]);
  });

  it('[D40] is none when it only asks whether to go on', () => {
    const input = whole({ question: 'Shall I go on?', options: ['Yes', 'No'] });
    expect(answerProposals(input, 'Yes')).toEqual([]);
  });

  it('[D40] may be one of several, with several answers, and its call may be cut', () => {
    const days = { question: 'Which days?', options: ['Monday', 'Tuesday', 'Friday'].map((label) => ({ label })), multiSelect: true };
    const result =
      'User has answered your questions: "Where should the totals be kept?"="A JSON file", "Which days?"="Monday, Friday". You can now';
    const text = JSON.stringify({ questions: [storage, days] });
    for (const input of [whole(text), { head: text.slice(0, text.indexOf('Which')), tail: text.slice(-40), sizeBytes: text.length }]) {
      const whats = answerProposals(input, result).map(({ what }) => what);
      expect(whats).toContain('A JSON file (asked: Where should the totals be kept?)');
      if (input.tail === undefined) expect(whats).toContain('Monday, Friday (asked: Which days?)');
    }
    expect(answerProposals(whole({ questions: [days] }), '{"answers":{"0":"Monday, or whenever it suits"}}')).toEqual([]);
  });
});

it('[D40] takes an approved plan by the name that it gives itself, and no refused one', () => {
  const plan = whole({ plan: '# Implementation Plan: Count in one place\n\n## Context\n…' });
  expect(planProposal(plan, 'User has approved your plan.')?.what).toBe('The plan “Count in one place”');
  expect(planProposal(plan, 'The user rejected it.')).toBeUndefined();
  expect(planProposal(whole({}), 'User has approved exiting plan mode.')).toBeUndefined();
});

describe('words', () => {
  it.each([
    [
      'I decided to keep one writer per file because locks break on network drives.',
      'Keep one writer per file',
      'locks break on network drives',
    ],
    ['So we chose SQLite over Postgres since it needs no server.', 'SQLite', 'it needs no server'],
    [
      '- **Decision:** read backwards from the tail, because the first screen needs no index',
      'Read backwards from the tail',
      'the first screen needs no index',
    ],
    ['Decision: one line per event\nWhy: any tool can read it', 'One line per event', 'any tool can read it'],
    ["We've settled on UTC due to the sessions that cross midnight.", 'UTC', 'the sessions that cross midnight'],
    ['In the end I went with a ring buffer because the log has a bound.', 'A ring buffer', 'the log has a bound'],
  ])('[D40] of a decision with its reason are one: %s', (text, what, why) => {
    expect(wordProposals(text, 'words')).toMatchObject([{ what, why }]);
  });

  it.each([
    'I decided to look at the tests first.',
    'I have not decided because the tests are red.',
    'You could decide to keep it because it is small.',
    'The parser decided to skip it because it was empty.',
    'Should we go with SQLite because it is small?',
    'I chose it since 2019.',
    'Let me decide on the right approach because it matters.',
    '> I decided to drop it because it is slow.',
    '```\nI decided to drop it because it is slow.\n```',
    '| We chose A | because B |',
    '### Design Decisions',
    'The test fails because it prints A instead of B.',
  ])('[D40] of anything else are none: %s', (text) => {
    expect(wordProposals(text, 'words')).toEqual([]);
  });

  it('[D40] are looked at in bounded time, whatever they are', () => {
    const hard = [
      'decided because '.repeat(2000),
      `I decided ${'to '.repeat(8000)}`,
      `Decision: ${'because '.repeat(4000)}`,
      `I chose ${' '.repeat(20_000)}x`,
    ];
    const from = performance.now();
    for (const text of hard) wordProposals(text, 'words');
    expect(performance.now() - from).toBeLessThan(2000);
    fc.assert(fc.property(fc.string({ maxLength: 400 }), (text) => wordProposals(`I decided ${text}`, 'words').length <= 3));
  });
});

it('[D40] takes a new decision record by its path, and no template or other file', () => {
  expect(recordProposal('docs/adr/0007-use-one-writer.md')?.what).toBe('Use one writer (written down in docs/adr/0007-use-one-writer.md)');
  expect(recordProposal('doc/architecture/decisions/0012-keep-utc.md')?.what).toMatch(/^Keep utc /);
  for (const path of ['docs/adr/README.md', 'docs/adr/0000-template.md', 'src/adr.ts', 'migrations/0007-use-one.sql', 'decisions/notes.md'])
    expect([path, recordProposal(path)]).toEqual([path, undefined]);
});

describe('the fold', () => {
  const ask = (t: EventTape, answer: string, call = 'c1'): void => {
    t.add({
      kind: 'tool.called',
      run: 'r1',
      call,
      name: 'AskUserQuestion',
      tool: 'other',
      input: whole({ questions: [storage] }),
      by: codex,
    });
    t.add({
      kind: 'tool.returned',
      run: 'r1',
      call,
      status: 'completed',
      output: whole(`User has answered your questions: "${storage.question}"="${answer}". You can now continue`),
      by: codex,
    });
  };

  it('[D40] proposes by rule, rests on the event, and says it once', () => {
    const t = new EventTape().start();
    const prompt = t.prompt('Count them');
    ask(t, 'A JSON file');
    ask(t, 'A JSON file', 'c2');
    t.add({
      kind: 'git.committed',
      commit: 'a1',
      subject: 'Count',
      body: 'We chose UTC because sessions cross midnight.',
      by: { actor: 'git', how: 'git' },
    });
    t.change('docs/adr/0001-one-writer.md', undefined, 'x', codex);
    t.add({ kind: 'reply.given', run: 'r1', text: whole('I decided to keep it because it works.'), by: codex });
    const state = foldAll(t.events);
    expect(state.counts.malformed).toBe(0);
    expect([...state.decisions.values()].map(({ rule, status, what }) => [rule, status, what.slice(0, 12)])).toEqual([
      ['answer', 'proposed', 'A JSON file '],
      ['commit', 'proposed', 'UTC'],
      ['record', 'proposed', 'One writer ('],
      ['words', 'proposed', 'Keep it'],
    ]);
    const first = [...state.decisions.values()][0]!;
    expect(first.author).toEqual({ actor: 'user', how: 'transcript' });
    expect(first.evidence).toEqual([eventId(t.events[3]!), eventId(prompt)]);
  });

  it('[D41] what a person confirmed stands with its own words; what was waved off is no decision; what was rejected with a reason is', () => {
    const t = new EventTape().start();
    ask(t, 'A JSON file');
    const id = [...foldAll(t.events).decisions.keys()][0]!;
    const judged = (kind: 'decision.confirmed' | 'decision.rejected', more: { readonly what?: string; readonly why?: string }) =>
      foldAll([...t.events, new EventTape().add({ kind, id, ...more }, { writer: 'zzzzzz', afterMs: 60_000 })]);
    expect(groupDecisions(judged('decision.confirmed', { what: 'Keep them in JSON', why: 'small' })).inForce).toMatchObject([
      { what: 'Keep them in JSON', why: 'small' },
    ]);
    expect(groupDecisions(judged('decision.rejected', {})).dropped).toEqual([]);
    expect(groupDecisions(judged('decision.rejected', { why: 'too slow' })).dropped).toHaveLength(1);
  });

  it('[D41] no agent undoes what a person settled', () => {
    const t = new EventTape().start();
    t.add({ kind: 'decision.confirmed', id: 'd1', what: 'Token bucket' });
    t.add({ kind: 'decision.proposed', id: 'd2', what: 'Sliding window', by: codex });
    t.add({ kind: 'decision.superseded', id: 'd1', successor: 'd2', by: codex });
    expect(foldAll(t.events).decisions.get('d1')?.status).toBe('confirmed');
    t.add({ kind: 'decision.superseded', id: 'd1', successor: 'd2' });
    expect(foldAll(t.events).decisions.get('d1')?.status).toBe('superseded');
  });

  it('[D40] holds a bounded number of proposals that nobody judged', () => {
    const t = new EventTape().start();
    for (let index = 0; index < 200; index++) t.change(`docs/adr/${index}-choice-${index}.md`, undefined, 'x', codex);
    const { decisions } = foldAll(t.events);
    expect(decisions.size).toBe(60);
    expect([...decisions.values()].at(-1)?.what).toContain('Choice 199');
  });
});
