import { describe, expect, test } from 'vitest';
import type { TranscriptFact } from '../../../src/core/transcripts/adapter.ts';
import { applyChatChange } from '../../../src/core/transcripts/chatLog.ts';
import { vscodeChatAdapter } from '../../../src/core/transcripts/vscodeChat.ts';
import { nodeDigest } from '../../../src/store/digest.ts';
import { factsOf, fixturesOf } from './adapterContract.ts';

const [document, log] = ['agent-mode', 'log-of-changes'].map((scenario) =>
  fixturesOf('vscode-chat').find((fixture) => fixture.scenario === scenario),
);
const withoutPlace = (fact: TranscriptFact): object => ({ ...fact, src: undefined, run: undefined, by: undefined, at: undefined });

describe('a chat of VS Code', () => {
  test('[A44] gives the same facts as a document and as a log of its changes', () => {
    const turnOf = (turn: number, facts: readonly TranscriptFact[]) =>
      facts.filter((fact) => fact.turn === turn && fact.kind !== 'run.changed').map(withoutPlace);
    expect(turnOf(1, factsOf(vscodeChatAdapter, log!))).toEqual(turnOf(1, factsOf(vscodeChatAdapter, document!)));
  });

  test('[A12] tells a request that was taken off the end as a rewind', () => {
    expect(factsOf(vscodeChatAdapter, log!).filter((fact) => fact.kind === 'run.rewound')).toMatchObject([{ toTurn: 1, turns: 1 }]);
  });

  test('[A47] tells a document’s request once, the prompt at once and the rest at its end', () => {
    const relative = 'w/chatSessions/s.json';
    const reader = vscodeChatAdapter.openReader({ path: `/t/${relative}`, relative }, { digest: nodeDigest });
    const request = (body: object) => ({ requestId: 'r', timestamp: 1_790_000_000_000, message: { text: 'go' }, ...body });
    const read = (value: object): string[] =>
      [
        { member: null, at: 'start' },
        { member: 'requests', index: 0, value },
        { member: null, at: 'end', isWhole: true },
      ].flatMap((piece) => reader.read(piece, { offset: 0 }).map((fact) => fact.kind));
    expect(read(request({ response: [], modelState: { value: 0 } }))).toEqual(['run.started', 'prompt.submitted']);
    expect(read(request({ response: [{ value: 'a' }], modelState: { value: 0 } }))).toEqual([]);
    const over = request({ response: [{ value: 'ab' }], modelState: { value: 1 }, result: { timings: { totalElapsed: 5 } } });
    expect(read(over)).toEqual(['reply.given', 'turn.ended']);
    expect(read(over)).toEqual([]);
  });
});

test('[A12] what a chat of VS Code was summed up to is a compaction, told once', () => {
  const relative = 'w/chatSessions/s.jsonl';
  const reader = vscodeChatAdapter.openReader({ path: `/t/${relative}`, relative }, { digest: nodeDigest });
  const metadata = {
    summary: { toolCallRoundId: 'a', text: 'So far …' },
    toolCallRounds: [{ id: 'a', toolCalls: [], summary: 'So far …' }],
  };
  const request = { requestId: 'r', timestamp: 1_790_000_000_000, message: { text: 'go' }, response: [], result: { metadata } };
  const facts = reader.read({ kind: 0, v: { sessionId: 's', requests: [request] } }, { offset: 0 });
  expect(facts.filter((fact) => fact.kind === 'run.compacted')).toMatchObject([{ summary: { head: 'So far …' } }]);
});

describe('a log of changes', () => {
  test.each([
    [{ kind: 1, k: ['a', 0, 'b'], v: 1 }, { a: [{ b: 1 }] }],
    [{ kind: 2, k: ['l'], v: [3], i: 1 }, { l: [1, 3] }],
    [{ kind: 2, k: ['l'], v: [3] }, { l: [1, 2, 3] }],
    [{ kind: 3, k: ['l', 0] }, { l: [2] }],
    [{ kind: 3, k: ['no', 'where'] }, { l: [1, 2] }],
  ])('[A44] applies %j', (entry, wanted) => {
    const state: Record<string, unknown> = { l: [1, 2] };
    expect(applyChatChange(state, entry)).toBe(true);
    expect(state).toMatchObject(wanted);
  });

  test.each([
    { kind: 1, k: ['__proto__', 'polluted'], v: 1 },
    { kind: 1, k: ['a', 'constructor', 'prototype', 'polluted'], v: 1 },
    { kind: 1, k: ['l', 4_000_000_000], v: 1 },
    { kind: 1, k: ['l', -1], v: 1 },
    { kind: 1, k: [], v: 1 },
    { kind: 1, k: Array.from({ length: 100 }, () => 'a'), v: 1 },
    { kind: 2, k: ['l'], v: 'no list' },
  ])('[A6] refuses %j', (entry) => {
    expect(applyChatChange({ l: [1] }, entry)).toBe(false);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});
