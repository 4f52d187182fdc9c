import { describe, expect, test } from 'vitest';
import type { TranscriptFact } from '../../../src/core/transcripts/adapter.ts';
import { clineAdapter } from '../../../src/core/transcripts/cline.ts';
import { nodeDigest } from '../../../src/store/digest.ts';

/** Reads a list as a document, once for each of its states. */
function readings(relative: string, member: '' | 'messages', ...states: (readonly object[])[]) {
  const reader = clineAdapter.openReader({ path: `/t/${relative}`, relative }, { digest: nodeDigest });
  const read = (list: readonly object[]): readonly TranscriptFact[] => [
    ...reader.read({ member: null, at: 'start' }, { offset: 0 }),
    ...list.flatMap((value, index) => reader.read({ member, index, value }, { offset: index })),
    ...reader.read({ member: null, at: 'end', isWhole: true }, { offset: 99 }),
  ];
  return { told: states.map(read), rest: reader.quiet(), reader };
}
const kinds = (facts: readonly TranscriptFact[]): string[] => facts.map((fact) => fact.kind);
const say = (ts: number, kind: string, text: string, extra: object = {}) => ({
  ts: 1_790_000_000_000 + ts,
  type: 'say',
  say: kind,
  text,
  ...extra,
});
const ask = (ts: number, kind: string, text: string, extra: object = {}) => ({
  ts: 1_790_000_000_000 + ts,
  type: 'ask',
  ask: kind,
  text,
  ...extra,
});
const asked = (ts: number, id: string, text: string) => ({
  id,
  role: 'user',
  ts: 1_790_000_000_000 + ts,
  content: [{ type: 'text', text }],
});
const answered = (ts: number, id: string, text: string) => ({ ...asked(ts, id, text), role: 'assistant' });

describe('a task of Cline', () => {
  const task = 'tasks/1/ui_messages.json';

  test('[A47] tells what streamed in once, when it stands', () => {
    const first = say(1, 'text', 'do it');
    const { told } = readings(
      task,
      '',
      [first, say(2, 'text', 'I beg', { partial: true })],
      [first, say(2, 'text', 'I begin now', { partial: true })],
      [first, say(2, 'text', 'I begin now.'), say(3, 'reasoning', 'x')],
      [first, say(2, 'text', 'I begin now.'), say(3, 'reasoning', 'x')],
    );
    expect(told.map(kinds)).toEqual([['run.started', 'prompt.submitted'], [], ['reply.given'], []]);
    expect(told[2]![0]).toMatchObject({ text: { head: 'I begin now.' } });
  });

  test('[A15] tells a request’s tokens once, when it has ended', () => {
    const first = say(1, 'text', 'do it');
    const request = (body: object) => say(2, 'api_req_started', JSON.stringify({ request: 'x', ...body }));
    const done = request({ tokensIn: 10, tokensOut: 2, cost: 0.5 });
    const { told, rest } = readings(
      task,
      '',
      [first, request({})],
      [first, done, say(3, 'text', 'a'), say(4, 'api_req_started', '{"request":"y","tokensIn":3,"tokensOut":1}')],
      [first, done, say(3, 'text', 'a'), say(4, 'api_req_started', '{"request":"y","tokensIn":3,"tokensOut":1}')],
    );
    expect(told.flat().filter((fact) => fact.kind === 'usage.reported')).toMatchObject([
      { usage: { 'gen_ai.usage.input_tokens': 10, 'gen_ai.usage.output_tokens': 2 }, costUsd: 0.5 },
    ]);
    expect(rest).toMatchObject([{ kind: 'usage.reported', usage: { 'gen_ai.usage.input_tokens': 3 } }]);
  });

  test('[A12] tells an answer as what a question returned, and what was taken off the end as a rewind', () => {
    const list = [
      say(1, 'text', 'do it'),
      ask(2, 'followup', '{"question":"a or b?"}'),
      say(3, 'user_feedback', 'b'),
      say(4, 'completion_result', 'done'),
      say(5, 'user_feedback', 'more'),
    ];
    const { told } = readings(task, '', list, list.slice(0, 4));
    expect(told[0]!.filter((fact) => fact.kind === 'tool.returned')).toMatchObject([{ output: { head: 'b' } }]);
    expect(told[0]!.filter((fact) => fact.kind === 'prompt.submitted').length).toBe(2);
    expect(told[1]).toMatchObject([{ kind: 'run.rewound', toTurn: 1, turns: 1 }]);
  });

  test('[A13] tells a command whose end nobody knows', () => {
    const { told } = readings(task, '', [
      say(1, 'text', 'x'),
      ask(2, 'command', 'make'),
      say(3, 'command_output', 'o'),
      say(4, 'text', 'y'),
    ]);
    expect(told[0]!.filter((fact) => fact.kind === 'command.ended')).toMatchObject([
      { command: 'make', exitCode: null, output: { head: 'o' } },
    ]);
  });
});

describe('a session of Cline', () => {
  const session = '17_ab/17_ab.messages.json';

  test('[A12] takes no compaction for a rewind', () => {
    const before = [asked(1, 'a', 'one'), answered(2, 'b', 'x'), asked(3, 'c', 'two'), answered(4, 'd', 'y')];
    const summary = { ...asked(5, 'e', 'Context summary'), metadata: { kind: 'compaction_summary', summary: 's', tokensBefore: 9 } };
    const { told } = readings(session, 'messages', before, [summary, asked(3, 'c', 'two'), answered(4, 'd', 'y')]);
    expect(kinds(told[1]!)).toEqual(['turn.ended', 'run.compacted']);
    expect(told[1]![1]).toMatchObject({ preTokens: 9, summary: { head: 's' } });
  });

  test('[A13] tells each of several commands of one call with its end', () => {
    const { told } = readings(session, 'messages', [
      asked(1, 'a', 'one'),
      { ...answered(2, 'b', ''), content: [{ type: 'tool_use', id: 't', name: 'run_commands', input: { commands: ['a', 'b'] } }] },
      {
        ...asked(3, 'c', ''),
        content: [
          {
            type: 'tool_result',
            tool_use_id: 't',
            content: [
              { query: 'a', result: 'x', success: true },
              { query: 'b', result: '', error: 'Command exited with code 2', success: false },
            ],
          },
        ],
      },
    ]);
    expect(told[0]!.filter((fact) => fact.kind === 'command.ended')).toMatchObject([
      { command: 'a', exitCode: 0 },
      { command: 'b', exitCode: 2 },
    ]);
    expect(told[0]!.at(-1)).toMatchObject({ kind: 'tool.returned', status: 'failed' });
  });
});
