import { describe, expect, test } from 'vitest';
import { ContextWeigher, type ContextWeight } from '../../src/core/contextWeight.ts';
import type { EventDraft } from '../../src/model/event.ts';

const by = { actor: 'agent', name: 'claude', run: 'r', how: 'transcript' } as const;
const words = (count: number): string => Array.from({ length: count }, (_, index) => `word${index % 10}`).join(' ');
const text = (content: string) => ({ head: content, sizeBytes: content.length });

const prompt = (turn: number, content = 'Do it'): EventDraft => ({
  kind: 'prompt.submitted',
  by,
  run: 'r',
  turn,
  text: text(content),
  provenance: 'user',
});
const called = (turn: number, call: string, more: Partial<Extract<EventDraft, { kind: 'tool.called' }>>): EventDraft => ({
  kind: 'tool.called',
  by,
  run: 'r',
  turn,
  call,
  name: 'Read',
  tool: 'read',
  ...more,
});
const returned = (turn: number, call: string, content: string): EventDraft => ({
  kind: 'tool.returned',
  by,
  run: 'r',
  turn,
  call,
  status: 'completed',
  output: text(content),
});
const used = (turn: number, response: string, input: number, cacheRead: number, output = 10): EventDraft => ({
  kind: 'usage.reported',
  by,
  run: 'r',
  turn,
  response,
  usage: { 'gen_ai.usage.input_tokens': input, 'gen_ai.usage.cache_read.input_tokens': cacheRead, 'gen_ai.usage.output_tokens': output },
});

function weigh(...events: readonly EventDraft[]): ContextWeight {
  const weigher = new ContextWeigher();
  for (const event of events) weigher.add(event);
  return weigher.finish();
}

describe('the weight of a context', () => {
  test('[A54] tells tokens by turn, each response once and as told last', () => {
    const { turns, contextTokens, otherTokens } = weigh(
      prompt(1, 'First'),
      used(1, 'a', 5, 100, 1),
      used(1, 'a', 10, 100, 20),
      used(1, 'b', 30, 200),
      prompt(2, 'Second'),
      used(2, 'c', 40, 1000),
    );
    expect(turns).toMatchObject([
      { turn: 1, prompt: 'First', responses: 2, inputTokens: 40, cacheReadTokens: 300, outputTokens: 30, contextTokens: 230 },
      { turn: 2, prompt: 'Second', responses: 1, inputTokens: 40, cacheReadTokens: 1000, contextTokens: 1040 },
    ]);
    expect(contextTokens).toBe(1050);
    expect(otherTokens).toBeGreaterThan(1000);
    expect(weigh(prompt(1)).contextTokens).toBeUndefined();
  });

  test('[A54] tells what fills it, the heaviest first, and what of it is stale', () => {
    const { parts, tools, staleTokens, partTokens } = weigh(
      prompt(1),
      called(1, 'c1', { paths: ['a.ts'] }),
      returned(1, 'c1', words(400)),
      called(1, 'c2', { paths: ['b.ts'] }),
      returned(1, 'c2', words(300)),
      called(1, 'c3', { name: 'Bash', tool: 'execute', command: 'npm test' }),
      returned(1, 'c3', words(200)),
      prompt(2),
      called(2, 'c4', { name: 'Edit', tool: 'edit', edits: [{ path: 'a.ts', op: 'update', oldText: 'x', newText: 'y' }] }),
      called(2, 'c5', { paths: ['b.ts'] }),
      returned(2, 'c5', words(300)),
      called(2, 'c6', { name: 'Bash', tool: 'execute', command: 'npm test' }),
      returned(2, 'c6', words(100)),
    );
    const results = parts.filter(({ kind }) => kind === 'result');
    expect(results.map(({ tool, what, turnsAgo, stale }) => [tool, what, turnsAgo, stale])).toEqual([
      ['Read', 'a.ts', 1, 'changed'],
      ['Read', 'b.ts', 0, undefined],
      ['Read', 'b.ts', 1, 'read-again'],
      ['Bash', 'npm test', 1, 'run-again'],
      ['Bash', 'npm test', 0, undefined],
    ]);
    expect(tools[0]).toMatchObject({ tool: 'Read', calls: 3 });
    const stale = results.filter((part) => part.stale !== undefined).reduce((sum, part) => sum + part.tokens, 0);
    expect(staleTokens).toBe(stale);
    expect(partTokens).toBeGreaterThan(stale);
  });

  test('[A54] weighs a result of which only head and tail are kept by its whole size, and one that is told twice once', () => {
    const output = { head: words(100), tail: words(100), sizeBytes: words(100).length * 20 };
    const command = { kind: 'command.ended', by, run: 'r', turn: 1, call: 'c', command: 'x', exitCode: 0, output } as const;
    const one = weigh(called(1, 'c', { name: 'Bash', tool: 'execute', command: 'x' }), command);
    const whole = weigh(called(1, 'c', { name: 'Bash', tool: 'execute', command: 'x' }), returned(1, 'c', words(2000)));
    const [first, second] = [one, whole].map(({ parts }) => parts.find(({ kind }) => kind === 'result')!.tokens);
    expect(Math.abs(first! - second!) / second!).toBeLessThan(0.05);
    const both = weigh(called(1, 'c', { name: 'Bash', tool: 'execute', command: 'x' }), command, returned(1, 'c', words(10)));
    expect(both.parts.filter(({ kind }) => kind === 'result')).toMatchObject([{ tokens: first }]);
  });

  test('[A54] tells what compaction and a rewind cut, and what is left', () => {
    const { cuts, parts, contextTokens } = weigh(
      prompt(1, 'One'),
      called(1, 'c1', { paths: ['a.ts'] }),
      returned(1, 'c1', words(400)),
      used(1, 'a', 10, 9000),
      { kind: 'run.compacted', by, run: 'r', turn: 1, trigger: 'auto', preTokens: 9000, postTokens: 1000, summary: text('What was done') },
      prompt(2, 'Two'),
      prompt(3, 'Three'),
      { kind: 'run.rewound', by, run: 'r', turn: 3, toTurn: 2, turns: 1 },
    );
    expect(cuts).toMatchObject([
      { reason: 'compacted', trigger: 'auto', turn: 1, cutTokens: 8000, preTokens: 9000, postTokens: 1000 },
      { reason: 'rewound', turn: 3, parts: [{ kind: 'prompt', what: 'Three' }] },
    ]);
    expect(cuts[0]!.parts[0]).toMatchObject({ kind: 'result', what: 'a.ts' });
    expect(parts.map(({ kind, what }) => `${kind} ${what}`).sort()).toEqual(['prompt Two', 'summary What was done']);
    expect(contextTokens).toBe(1000);
  });
});
