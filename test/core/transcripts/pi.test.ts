import { describe, expect, test } from 'vitest';
import { sourceKey } from '../../../src/core/transcripts/adapter.ts';
import { piAdapter } from '../../../src/core/transcripts/pi.ts';
import { factsOf, fixturesOf } from './adapterContract.ts';
import { tell } from './script.ts';

const session = { type: 'session', version: 3, id: 's1', cwd: '/w' };
let last: string | null = null;
const entry = (id: string, body: object, parentId: string | null = last) => {
  last = id;
  return { id, parentId, ...body };
};
const message = (id: string, body: object, parentId?: string | null) => entry(id, { type: 'message', message: body }, parentId ?? last);
const user = (id: string, text: string, parentId?: string | null) => message(id, { role: 'user', content: text }, parentId);
const says = (id: string, text: string, extra: object = {}) =>
  message(id, { role: 'assistant', model: 'm', content: [{ type: 'text', text }], stopReason: 'stop', ...extra });
const calls = (id: string, call: string, name: string, args: object) =>
  message(id, { role: 'assistant', content: [{ type: 'toolCall', id: call, name, arguments: args }], stopReason: 'toolUse' });
const returns = (id: string, call: string, toolName: string, text: string, isError = false, details: object = {}) =>
  message(id, { role: 'toolResult', toolCallId: call, toolName, content: [{ type: 'text', text }], isError, details });
const read = (...records: readonly object[]) => {
  last = null;
  return tell(piAdapter, `--w--/2026-11-20T00-00-00-000Z_s1.jsonl`, [session, ...records]);
};

describe('a session of pi', () => {
  test('[A12] follows its tree: back to an earlier entry, to the very beginning, and forward again', () => {
    const told = read(
      user('a', '1'),
      says('b', 'one'),
      user('c', '2'),
      says('d', 'two'),
      user('e', '3', 'b'),
      says('f', 'three'),
      entry('g', { type: 'label', targetId: 'd' }, 'd'),
      user('h', '4'),
      entry('i', { type: 'custom' }, null),
    );
    expect(told.of('run.rewound').map((fact) => [fact.toTurn, fact.turns])).toEqual([
      [1, 1],
      [2, 1],
      [0, 3],
    ]);
    expect(told.of('prompt.submitted').map((fact) => fact.turn)).toEqual([1, 2, 3, 4]);
  });

  test('[A12] takes no entry of an unknown predecessor for a rewind', () => {
    expect(read(user('a', '1'), says('b', 'x'), user('c', '2', 'elsewhere')).of('run.rewound')).toEqual([]);
  });

  test('[A12] reads the oldest form, which has no ids', () => {
    const told = tell(piAdapter, '--w--/2026-11-20T00-00-00-000Z_s1.jsonl', [
      { type: 'session', id: 's1', cwd: '/w', provider: 'p', modelId: 'm0' },
      { type: 'message', message: { role: 'user', content: '1' } },
      { type: 'message', message: { role: 'assistant', content: [{ type: 'text', text: 'a' }], stopReason: 'stop' } },
      { type: 'model_change', modelId: 'm1' },
      { type: 'message', message: { role: 'user', content: '2' } },
    ]);
    expect(told.facts.map((fact) => fact.kind)).toEqual([
      'run.started',
      'prompt.submitted',
      'reply.given',
      'turn.ended',
      'run.changed',
      'prompt.submitted',
    ]);
    expect(told.run).toMatchObject({ run: 's1', cwd: '/w', model: 'm1', turns: 2 });
    expect(new Set(told.facts.map((fact) => sourceKey(fact.src!))).size).toBe(told.facts.length);
  });

  test('[A12] tells a steered prompt from one after a killed turn', () => {
    const steered = read(user('a', '1'), calls('b', 'c1', 'bash', { command: 'ls' }), returns('c', 'c1', 'bash', 'x'), user('d', 'also'));
    expect(steered.of('prompt.submitted').map((fact) => fact.origin)).toEqual([undefined, 'steer']);
    const killed = read(user('a', '1'), calls('b', 'c1', 'bash', { command: 'ls' }), user('d', 'again'));
    expect(killed.of('prompt.submitted').map((fact) => fact.origin)).toEqual([undefined, undefined]);
  });

  test('[A12] says of an error whether the agent tried again', () => {
    const failure = (id: string) => message(id, { role: 'assistant', content: [], stopReason: 'error', errorMessage: '500' });
    const told = read(user('a', '1'), failure('b'), failure('c'), says('d', 'at last'), user('e', '2'), failure('f'));
    expect(told.of('run.failed').map((fact) => [fact.turn, fact.what, fact.retry])).toEqual([
      [1, '500', true],
      [1, '500', true],
      [2, '500', undefined],
    ]);
    expect(told.of('turn.ended').map((fact) => [fact.turn, fact.stopReason])).toEqual([
      [1, 'end_turn'],
      [2, 'error'],
    ]);
  });

  test('[A12] tells the stop reasons of a turn', () => {
    for (const [told, stopReason] of [
      [{ stopReason: 'length' }, 'max_tokens'],
      [{ stopReason: 'aborted' }, 'cancelled'],
      [{ stopReason: 'error', errorMessage: 'This operation was aborted' }, 'cancelled'],
    ] as const)
      expect(read(user('a', '1'), says('b', 'x', told)).of('turn.ended')).toMatchObject([{ stopReason }]);
  });

  test('[A13] tells how a command ended by the last line alone', () => {
    const cases: readonly [string, boolean, number | null, string | undefined, string][] = [
      ['Command exited with code 9\nok', false, 0, undefined, 'Command exited with code 9\nok'],
      ['out\n\nCommand exited with code 2', true, 2, undefined, 'out'],
      ['Command exited with code 1', true, 1, undefined, ''],
      ['out\n\nCommand aborted', true, null, 'interrupted', 'out'],
      ['out\n\nCommand timed out after 5 seconds', true, null, undefined, 'out'],
      ['(no output)', false, 0, undefined, ''],
    ];
    for (const [text, isError, exitCode, outcome, output] of cases) {
      const told = read(user('a', '1'), calls('b', 'c1', 'bash', { command: 'make' }), returns('c', 'c1', 'bash', text, isError));
      const [ended, ...more] = told.of('command.ended');
      expect(more).toEqual([]);
      expect([ended?.command, ended?.cwd, ended?.exitCode, ended?.outcome, ended?.output?.head ?? '']).toEqual([
        'make',
        '/w',
        exitCode,
        outcome,
        output,
      ]);
      expect(told.of('tool.returned')).toMatchObject([{ status: exitCode === 0 ? 'completed' : 'failed' }]);
    }
    const never = read(
      user('a', '1'),
      calls('b', 'c1', 'bash', { command: 'make' }),
      returns('c', 'c1', 'bash', 'Tool bash not found', true),
    );
    expect(never.of('command.ended')).toEqual([]);
  });

  test('[A3] tells calls apart whose ids the model used again', () => {
    const turn = (n: number) => [
      user(`u${n}`, '1'),
      calls(`c${n}`, 'call_0', 'bash', { command: `echo ${n}` }),
      returns(`r${n}`, 'call_0', 'bash', `${n}`),
    ];
    const told = read(...turn(1), ...turn(2));
    const [first, second] = told.of('tool.called').map((fact) => fact.call);
    expect(first).not.toBe(second);
    expect(told.of('command.ended').map((fact) => [fact.call, fact.output?.head])).toEqual([
      [first, '1'],
      [second, '2'],
    ]);
  });

  test('[A14] claims an edit by its patch, and by the words of the call where there is none', () => {
    const edit = calls('b', 'c1', 'edit', { path: 'a.txt', edits: [{ oldText: 'x', newText: 'y' }] });
    const patch = '--- a.txt\n+++ a.txt\n@@ -1 +1 @@\n-x\n+y\n';
    expect(read(user('a', '1'), edit, returns('c', 'c1', 'edit', 'ok', false, { patch })).of('tool.returned')).toMatchObject([
      { edits: [{ path: '/w/a.txt', op: 'update', patch: '@@ -1 +1 @@\n-x\n+y\n' }] },
    ]);
    expect(read(user('a', '1'), edit, returns('c', 'c1', 'edit', 'ok')).of('tool.returned')).toMatchObject([
      { edits: [{ path: '/w/a.txt', op: 'update', oldText: 'x', newText: 'y' }] },
    ]);
    expect(read(user('a', '1'), edit, returns('c', 'c1', 'edit', 'no', true)).of('tool.returned')[0]?.edits).toBeUndefined();
  });

  test('[A15] counts what a response, a summary and a warmed cache cost, and nothing that cost nothing', () => {
    const usage = (input: number, total = 0) => ({ usage: { input, output: 1, cacheRead: 2, cacheWrite: 3, cost: { total } } });
    const told = read(
      user('a', '1'),
      says('b', 'x', { ...usage(10, 0.5), responseId: 'r' }),
      says('c', 'y', { usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 } }),
      entry('d', { type: 'compaction', summary: 's', tokensBefore: 7, ...usage(20) }),
      entry('e', { type: 'usage', kind: 'cache_warm', model: 'n', ...usage(30) }),
    );
    expect(
      told.of('usage.reported').map((fact) => [fact['gen_ai.response.model'], fact.usage['gen_ai.usage.input_tokens'], fact.costUsd]),
    ).toEqual([
      ['m', 10, 0.5],
      ['m', 20, undefined],
      ['n', 30, undefined],
    ]);
    expect(told.of('run.compacted')).toMatchObject([{ trigger: 'unknown', preTokens: 7, summary: { head: 's' } }]);
  });

  test('[A11] tells what an extension shows, not what it hides', () => {
    const told = read(
      entry('a', { type: 'custom_message', customType: 'x', content: 'shown', display: true }),
      entry('b', { type: 'custom_message', customType: 'x', content: 'hidden', display: false }),
    );
    expect(told.of('prompt.submitted').map((fact) => [fact.text.head, fact.provenance, fact.turn])).toEqual([
      ['shown', 'system', undefined],
    ]);
  });

  test("[A3] knows the parent's history in a fork again", () => {
    const keys = (scenario: string) =>
      factsOf(
        piAdapter,
        fixturesOf('pi').find((fixture) => fixture.scenario === scenario)!,
      ).map((fact) => [sourceKey(fact.src!), fact.kind]);
    const parent = new Map(keys('tree').map(([key, kind]) => [key, kind]));
    const own = keys('fork').filter(([key]) => !parent.has(key));
    expect(own.map(([, kind]) => kind)).toEqual([
      'run.started',
      'run.forked',
      'prompt.submitted',
      'run.changed',
      'reply.given',
      'usage.reported',
      'turn.ended',
    ]);
  });
});
