import { describe, expect, test } from 'vitest';
import { sourceKey } from '../../../src/core/transcripts/adapter.ts';
import { claudeAdapter } from '../../../src/core/transcripts/claude.ts';
import { factsOf, fixturesOf } from './adapterContract.ts';
import { tell } from './script.ts';

let serial = 0;
const common = () => ({ uuid: `u${++serial}`, cwd: '/w', sessionId: 's', version: '2.1.0', gitBranch: 'main' });
const user = (content: unknown, extra: object = {}) => ({ type: 'user', message: { role: 'user', content }, ...common(), ...extra });
const said = (id: string, block: object, extra: object = {}) => ({
  type: 'assistant',
  requestId: `q-${id}`,
  message: { id, model: 'opus', content: [block], ...extra },
  ...common(),
});
const text = (words: string) => ({ type: 'text', text: words });
const use = (id: string, name: string, input: object) => ({ type: 'tool_use', id, name, input });
const result = (id: string, content: unknown, extra: object = {}, isError = false) =>
  user([{ type: 'tool_result', tool_use_id: id, content, is_error: isError }], extra);
const read = (...records: readonly object[]) => tell(claudeAdapter, 'p/s.jsonl', records);

describe('a Claude Code transcript', () => {
  test('[A11] counts as prompts what a person said', () => {
    const told = read(
      user('one'),
      user([text('<system-reminder>x</system-reminder>'), text('two')]),
      user('meta', { isMeta: true }),
      user('side', { isVisibleInTranscriptOnly: true }),
      user('by a task', { origin: { kind: 'task-notification' } }),
      user('by the system', { promptSource: 'system' }),
      user('<command-name>/usage</command-name>'),
      user([{ type: 'image', source: {} }]),
      user('from another', {}),
    );
    expect(told.of('prompt.submitted').map((fact) => [fact.turn, fact.text.head, fact.origin, fact.images])).toEqual([
      [1, 'one', undefined, undefined],
      [2, 'two', undefined, undefined],
      [2, '/usage', 'slash', undefined],
      [3, '', undefined, 1],
      [4, 'from another', undefined, undefined],
    ]);
  });

  test('[A11] tells a prompt that went into the running turn by the queue alone', () => {
    const queue = (operation: string, content?: string) => ({ type: 'queue-operation', operation, content });
    const told = read(
      user('go'),
      queue('enqueue', 'also docs'),
      queue('enqueue', 'seen twice'),
      queue('remove'),
      queue('remove'),
      { type: 'attachment', attachment: { type: 'queued_command', prompt: 'seen twice' }, ...common() },
      said('m1', text('ok')),
    );
    expect(told.of('prompt.submitted').map((fact) => [fact.text.head, fact.origin])).toEqual([
      ['go', undefined],
      ['seen twice', 'queued'],
      ['also docs', 'steer'],
    ]);
  });

  test('[A15] counts the tokens of a message once, by its last block', () => {
    const usage = (output_tokens: number) => ({ usage: { input_tokens: 3, output_tokens, cache_read_input_tokens: 100 } });
    const told = read(
      user('go'),
      said('m1', text('a'), usage(1)),
      said('m1', use('t', 'Bash', { command: 'ls' }), usage(40)),
      result('t', 'x'),
      said('m1', text('b'), usage(41)),
      said('m2', text('c'), usage(7)),
      said('m3', text('error'), { ...usage(9), model: '<synthetic>' }),
    );
    expect(told.of('usage.reported').map((fact) => [fact.response, fact.usage['gen_ai.usage.output_tokens']])).toEqual([
      ['m1', 41],
      ['m2', 7],
    ]);
  });

  test('[A13] tells commands by the words of their results', () => {
    const bash = (id: string) => said(`m-${id}`, use(id, 'Bash', { command: `run ${id}` }));
    const told = read(
      user('go'),
      bash('ok'),
      result('ok', 'fine', { toolUseResult: { stdout: 'fine', interrupted: false } }),
      bash('bad'),
      result('bad', 'Exit code 7\noops', { toolUseResult: 'Error: Exit code 7\noops' }, true),
      bash('never'),
      result('never', '<tool_use_error>blocked</tool_use_error>', {}, true),
      bash('refused'),
      result(
        'refused',
        "The user doesn't want to proceed with this tool use.",
        { toolUseResult: 'User rejected tool use', toolDenialKind: 'user-rejected', toolDenialBeforeRun: true },
        true,
      ),
      bash('cut'),
      result(
        'cut',
        "The user doesn't want to proceed with this tool use.",
        { toolUseResult: 'User rejected tool use', toolDenialKind: 'user-rejected' },
        true,
      ),
      bash('grep'),
      result('grep', '', { toolUseResult: { stdout: '', returnCodeInterpretation: 'No matches found' } }),
      bash('later'),
      result('later', 'in background', { toolUseResult: { backgroundTaskId: 'b1' } }),
      user(
        '<task-notification><tool-use-id>later</tool-use-id><status>failed</status><summary>failed (exit code 4)</summary></task-notification>',
      ),
    );
    expect(told.of('command.ended').map((fact) => [fact.call, fact.exitCode, fact.outcome, fact.output?.head])).toEqual([
      ['ok', 0, undefined, 'fine'],
      ['bad', 7, undefined, 'oops'],
      ['cut', null, 'interrupted', undefined],
      ['grep', null, undefined, undefined],
      ['later', 4, undefined, undefined],
    ]);
    expect(told.of('tool.returned').map((fact) => [fact.call, fact.status, fact.outcome])).toEqual([
      ['ok', 'completed', undefined],
      ['bad', 'failed', 'error'],
      ['never', 'failed', 'error'],
      ['refused', 'failed', 'denied'],
      ['cut', 'failed', 'interrupted'],
      ['grep', 'completed', undefined],
      ['later', 'completed', 'background'],
    ]);
  });

  test('[A14] claims what was written, not what was proposed', () => {
    const told = read(
      user('go'),
      said('m1', use('e', 'Edit', { file_path: 'src/a.ts', old_string: 'x', new_string: 'y' })),
      result('e', 'ok', {
        toolUseResult: {
          filePath: '/w/src/a.ts',
          userModified: true,
          structuredPatch: [{ oldStart: 1, oldLines: 1, newStart: 1, newLines: 1, lines: ['-x', '+z'] }],
        },
      }),
      said('m2', use('s', 'Edit', { file_path: '/w/b', old_string: 'x', new_string: 'y' })),
      result('s', 'staged', { toolUseResult: { filePath: '/w/b', staged: true } }),
      said('m3', use('n', 'Write', { file_path: '/w/c', content: 'new\n' })),
      result('n', 'created'),
      said('m4', use('f', 'Write', { file_path: '/w/d', content: 'new\n' })),
      result('f', 'no', {}, true),
    );
    expect(told.of('tool.called').map((fact) => fact.edits?.[0])).toMatchObject([
      { path: '/w/src/a.ts', oldText: 'x', newText: 'y' },
      {},
      { path: '/w/c', newText: 'new\n' },
      {},
    ]);
    expect(told.of('tool.returned').map((fact) => fact.edits)).toEqual([
      [{ path: '/w/src/a.ts', op: 'update', patch: '@@ -1,1 +1,1 @@\n-x\n+z\n' }],
      undefined,
      [expect.objectContaining({ path: '/w/c', newText: 'new\n', afterHash: expect.any(String) })],
      undefined,
    ]);
  });

  test('[A14] leaves long texts out of a claim and keeps their hash', () => {
    const told = read(user('go'), said('m1', use('n', 'Write', { file_path: '/w/c', content: 'x'.repeat(100_000) })));
    expect(told.of('tool.called')[0]?.edits).toEqual([{ path: '/w/c', op: 'update', afterHash: expect.any(String) }]);
    expect(JSON.stringify(told.facts).length).toBeLessThan(5000);
  });

  test('[A8] keeps a fact to what a line of the log may hold, however much a record lists', () => {
    const edits = Array.from({ length: 900 }, (_, n) => ({ old_string: `${n}`, new_string: 'x'.repeat(20_000) }));
    const todos = Array.from({ length: 900 }, () => ({ content: 'y'.repeat(20_000), status: 'pending' }));
    const told = read(
      user('go'),
      said('m1', use('e', 'MultiEdit', { file_path: '/w/a', edits })),
      said('m2', use('t', 'TodoWrite', { todos })),
      result('t', 'ok'),
      said('m3', use('i', 'z'.repeat(100_000), { command: 'q'.repeat(1_000_000) })),
    );
    expect(told.of('tool.called')[0]?.edits).toHaveLength(500);
    expect(told.of('plan.changed')[0]?.entries).toHaveLength(200);
    for (const fact of told.facts) expect(JSON.stringify(fact).length).toBeLessThan(1_000_000);
  });

  test('[A12] notices a rewind to the middle by the prompt that stands on an earlier record', () => {
    const first = user('one', { uuid: 'one' });
    const answer = { ...said('m1', text('a')), uuid: 'a1', parentUuid: 'one' };
    const told = read(
      first,
      answer,
      user('two', { parentUuid: 'a1', uuid: 'two' }),
      { ...said('m2', text('b')), uuid: 'a2' },
      user('three', { parentUuid: 'a2' }),
      user('other', { parentUuid: 'a1' }),
      { type: 'last-prompt', explicit: true },
    );
    expect(told.of('run.rewound').map((fact) => [fact.toTurn, fact.turns])).toEqual([[1, 2]]);
    expect(told.of('prompt.submitted').at(-1)).toMatchObject({ turn: 4 });
  });

  test('[A12] tells a compaction with its summary', () => {
    const told = read(
      user('go'),
      { type: 'system', subtype: 'compact_boundary', compactMetadata: { trigger: 'auto', preTokens: 9000 }, ...common() },
      user('This session is being continued… summary', { isCompactSummary: true }),
    );
    expect(told.of('run.compacted')).toMatchObject([
      { trigger: 'auto', preTokens: 9000, summary: { head: 'This session is being continued… summary' } },
    ]);
    expect(told.of('prompt.submitted')).toHaveLength(1);
  });

  test("[A12] takes a sub-agent's records in the session's own file for a run of its own", () => {
    const told = read(user('go', { uuid: 'm' }), user('Look around', { isSidechain: true, uuid: 'c1', parentUuid: null }), {
      ...said('m9', text('seen')),
      isSidechain: true,
      uuid: 'c2',
      parentUuid: 'c1',
    });
    expect(told.of('run.started').map((fact) => [fact.run, fact.parent])).toEqual([
      ['s', undefined],
      ['agent-c1', 's'],
    ]);
    expect(told.of('prompt.submitted').map((fact) => [fact.run, fact.provenance])).toEqual([
      ['s', 'user'],
      ['agent-c1', 'inter_session'],
    ]);
    expect(told.of('reply.given').map((fact) => fact.run)).toEqual(['agent-c1']);
  });

  test('[A3] knows the records that a fork copied again', () => {
    const keys = (scenario: string) =>
      factsOf(
        claudeAdapter,
        fixturesOf('claude').find((entry) => entry.scenario === scenario)!,
      ).map((fact) => sourceKey(fact.src!));
    const original = new Set(keys('tools-and-resume'));
    const own = keys('fork').filter((key) => !original.has(key));
    expect(original.size).toBeGreaterThan(100);
    expect(own.length).toBeLessThan(14);
  });
});
