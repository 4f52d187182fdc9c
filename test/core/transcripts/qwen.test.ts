import { describe, expect, test } from 'vitest';
import { sourceKey } from '../../../src/core/transcripts/adapter.ts';
import { qwenAdapter } from '../../../src/core/transcripts/qwen.ts';
import { tell } from './script.ts';

let last: string | null = null;
const record = (uuid: string, type: string, body: object, parentUuid: string | null = last) => {
  last = uuid;
  return { uuid, parentUuid, sessionId: 's1', type, cwd: '/w', version: '0.24.4', gitBranch: 'main', ...body };
};
const user = (uuid: string, text: string, extra: object = {}) =>
  record(uuid, 'user', { message: { role: 'user', parts: [{ text }] }, ...extra });
const says = (uuid: string, text: string, extra: object = {}) =>
  record(uuid, 'assistant', { model: 'm', message: { role: 'model', parts: [{ text }] }, ...extra });
const calls = (uuid: string, id: string, name: string, args: object) =>
  record(uuid, 'assistant', { model: 'm', message: { role: 'model', parts: [{ functionCall: { id, name, args } }] } });
const returns = (uuid: string, id: string, response: object, result: object = {}) =>
  record(uuid, 'tool_result', {
    message: { role: 'user', parts: [{ functionResponse: { id, name: 'x', response } }] },
    toolCallResult: { callId: id, status: 'success', ...result },
  });
const system = (uuid: string, subtype: string, systemPayload: object) => record(uuid, 'system', { subtype, systemPayload });
const read = (...records: readonly object[]) => {
  last = null;
  return tell(qwenAdapter, '-w/chats/s1.jsonl', records);
};

describe('a chat of Qwen Code', () => {
  test('[A11] takes for a prompt what a person said', () => {
    const told = read(
      user('a', 'typed<qwen:user-prompt-submit-context>of a hook</qwen:user-prompt-submit-context>', { provenance: 'real_user' }),
      user('b', 'expanded', { systemPayload: { displayText: 'as shown' } }),
      user('c', 'in between', { subtype: 'mid_turn_user_message' }),
      user('d', 'a task ended', { subtype: 'notification' }),
      user('e', 'go on', { provenance: 'goal_runtime' }),
      system('f', 'slash_command', { phase: 'invocation', rawCommand: '/about' }),
      system('g', 'slash_command', { phase: 'result', rawCommand: '/about' }),
    );
    expect(told.of('prompt.submitted').map((fact) => [fact.turn, fact.text.head, fact.provenance, fact.origin])).toEqual([
      [1, 'typed', 'user', undefined],
      [2, 'as shown', 'user', undefined],
      [3, 'in between', 'user', 'steer'],
      [4, 'a task ended', 'system', 'notification'],
      [5, 'go on', 'system', 'goal_runtime'],
      [5, '/about', 'user', 'slash'],
    ]);
    expect(told.run).toMatchObject({ run: 's1', cwd: '/w', branch: 'main', version: '0.24.4', turns: 5 });
  });

  test('[A12] rewinds to where a record says that it stands', () => {
    const rewind = { ...system('r', 'rewind', {}), parentUuid: 'b' };
    const told = read(user('a', '1'), says('b', 'x'), user('c', '2'), says('d', 'y'), rewind, { ...user('e', '3'), parentUuid: 'r' });
    expect(told.of('run.rewound').map((fact) => [fact.toTurn, fact.turns])).toEqual([[1, 1]]);
    expect(told.of('prompt.submitted').map((fact) => fact.turn)).toEqual([1, 2, 3]);
  });

  test('[A3] knows the records of its parent in a fork again', () => {
    const parent = read(user('a', '1'), says('b', 'x'));
    const copy = (entry: object, uuid: string, messageUuid: string) => ({
      ...entry,
      uuid,
      sessionId: 's2',
      forkedFrom: { sessionId: 's1', messageUuid },
    });
    last = null;
    const fork = tell(qwenAdapter, '-w/chats/s2.jsonl', [
      copy(user('a', '1'), 'a2', 'a'),
      copy(says('b', 'x'), 'b2', 'b'),
      { ...user('c', '2'), sessionId: 's2' },
    ]);
    const known = new Set(parent.facts.map((fact) => sourceKey(fact.src!)));
    expect(fork.facts.filter((fact) => !known.has(sourceKey(fact.src!))).map((fact) => fact.kind)).toEqual([
      'run.started',
      'run.forked',
      'prompt.submitted',
    ]);
    expect(fork.run).toMatchObject({ run: 's2', forkedFrom: 's1' });
  });

  test('[A12] tells a sub-agent with its parent', () => {
    const told = tell(qwenAdapter, '-w/subagents/s1/agent-x.jsonl', [
      { uuid: 'a', sessionId: 's1', type: 'user', cwd: '/w', agentId: 'x', isSidechain: true, message: { parts: [{ text: 'find it' }] } },
    ]);
    expect(told.of('run.started')).toMatchObject([{ run: 'x', parent: 's1' }]);
    expect(told.of('prompt.submitted')).toMatchObject([{ provenance: 'inter_session', by: { actor: 'agent', run: 's1' } }]);
  });

  test('[A13] tells how a command ended, in newer words and in older', () => {
    const shell = (exitCode: number | null, outcome: string) => ({ type: 'shell_result', exitCode, outcome, output: 'out' });
    const cases: readonly [object, object, number | null | undefined, string | undefined][] = [
      [{ output: 'x' }, { resultDisplay: shell(0, 'completed') }, 0, undefined],
      [{ error: 'x' }, { status: 'error', resultDisplay: shell(3, 'failed') }, 3, 'error'],
      [{ error: 'x' }, { status: 'error', resultDisplay: shell(null, 'failed') }, null, 'error'],
      [{ output: 'x' }, { resultDisplay: shell(null, 'cancelled') }, null, 'interrupted'],
      [{ output: 'x' }, { resultDisplay: shell(null, 'backgrounded') }, undefined, 'background'],
      [{ output: 'Command: make\nDirectory: (root)\nOutput: out\nError: (none)\nExit Code: 0\nSignal: (none)' }, {}, 0, undefined],
      [
        { error: 'Command: make\nDirectory: (root)\nOutput: out\nError: (none)\nExit Code: 5\nSignal: (none)' },
        { status: 'error' },
        5,
        'error',
      ],
      [{ error: 'bad arguments' }, { status: 'error', executionStatus: 'not_started' }, undefined, 'error'],
      [{ error: '[Operation Cancelled] Reason: User denied execution.' }, { status: 'cancelled' }, undefined, 'denied'],
    ];
    for (const [response, result, exitCode, outcome] of cases) {
      const told = read(user('a', 'go'), calls('b', 'c', 'run_shell_command', { command: 'make' }), returns('d', 'c', response, result));
      expect(
        told.of('command.ended').map((fact) => fact.exitCode),
        JSON.stringify(result),
      ).toEqual(exitCode === undefined ? [] : [exitCode]);
      expect(told.of('tool.returned')[0]?.outcome, JSON.stringify(result)).toBe(outcome);
    }
  });

  test('[A13] takes the time that the program measured, unless a person was asked', () => {
    const measured = (decision: string) =>
      read(
        user('a', 'go'),
        calls('b', 'c', 'read_file', { file_path: 'a.txt' }),
        system('t', 'ui_telemetry', { uiEvent: { 'event.name': 'qwen-code.tool_call', call_id: 'c', duration_ms: 12, decision } }),
        returns('d', 'c', { output: 'x' }),
      ).of('tool.returned')[0]?.durationMs;
    expect(measured('auto_accept')).toBe(12);
    expect(measured('accept')).toBe(2000);
  });

  test('[A12] tells the plan, a compression, the title, a failure, and the end of a turn', () => {
    const told = read(
      user('a', 'go'),
      calls('b', 'c', 'todo_write', { todos: [{ id: '1', content: 'one', status: 'in_progress' }] }),
      returns('d', 'c', { output: 'ok' }),
      says('e', 'done'),
      system('f', 'ui_telemetry', { uiEvent: { 'event.name': 'qwen-code.api_error', status_code: 429, error_message: 'slow down' } }),
      system('g', 'custom_title', { customTitle: 'Mine' }),
      system('h', 'chat_compression', {
        info: { originalTokenCount: 9, newTokenCount: 3, triggerReason: 'manual' },
        compressedHistory: [{ role: 'user', parts: [{ text: '<state_snapshot>s</state_snapshot>' }] }],
      }),
    );
    expect(told.of('plan.changed')).toMatchObject([{ entries: [{ content: 'one', status: 'in_progress' }] }]);
    expect(told.of('run.failed')).toMatchObject([{ what: '429: slow down' }]);
    expect(told.of('run.compacted')).toMatchObject([
      { preTokens: 9, postTokens: 3, summary: { head: '<state_snapshot>s</state_snapshot>' } },
    ]);
    expect(told.of('turn.ended')).toMatchObject([{ turn: 1, stopReason: 'end_turn', durationMs: 3000 }]);
    expect(told.run.title).toBe('Mine');
  });

  test('[A15] counts the tokens of a message without the cached ones, with its thoughts', () => {
    const usageMetadata = { promptTokenCount: 100, cachedContentTokenCount: 30, candidatesTokenCount: 5, thoughtsTokenCount: 2 };
    expect(read(user('a', 'go'), says('b', 'x', { usageMetadata })).of('usage.reported')[0]?.usage).toEqual({
      'gen_ai.usage.input_tokens': 70,
      'gen_ai.usage.output_tokens': 7,
      'gen_ai.usage.cache_read.input_tokens': 30,
      'gen_ai.usage.reasoning.output_tokens': 2,
    });
  });

  test('[A5] counts what a newer version may put into it', () => {
    const told = read(user('a', 'go'), system('b', 'vision', {}), record('c', 'dream', {}), record('d', 'user', {}));
    expect([...told.counts.unknown.keys()]).toEqual(['system/vision', 'dream']);
    expect(told.counts.misshapen).toBe(1);
  });
});
