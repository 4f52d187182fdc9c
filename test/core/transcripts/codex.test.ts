import { describe, expect, test } from 'vitest';
import { codexAdapter } from '../../../src/core/transcripts/codex.ts';
import { sourceKey } from '../../../src/core/transcripts/adapter.ts';
import { factsOf, fixturesOf } from './adapterContract.ts';
import { tell } from './script.ts';

const thread = '019a0000-0000-7000-8000-000000000001';
const later = '019b0000-0000-7000-8000-000000000001';
const turn = (n: number): string => `019a0000-000${n}-7000-8000-00000000000a`;
const meta = (extra: object = {}) => ({ type: 'session_meta', payload: { id: thread, cwd: '/w', cli_version: '0.50.0', ...extra } });
const event = (payload: object) => ({ type: 'event_msg', payload });
const item = (payload: object) => ({ type: 'response_item', payload });
const user = (message: string) => event({ type: 'user_message', message });
const started = (n: number) => event({ type: 'task_started', turn_id: turn(n) });
const shell = (call: string, cmd: string) =>
  item({ type: 'function_call', name: 'exec_command', call_id: call, arguments: JSON.stringify({ cmd }) });
const output = (call: string, text: unknown) => item({ type: 'function_call_output', call_id: call, output: text });
const read = (...records: readonly object[]) => tell(codexAdapter, `rollout-x-${thread}.jsonl`, records);

describe('a Codex rollout', () => {
  test('[A12] counts its prompts and ends its turns', () => {
    const told = read(
      meta(),
      started(1),
      user('one'),
      event({ type: 'task_complete', duration_ms: 5 }),
      started(2),
      user('two'),
      event({ type: 'turn_aborted', reason: 'interrupted' }),
    );
    expect(told.of('prompt.submitted').map((fact) => [fact.turn, fact.text.head, fact.by.actor])).toEqual([
      [1, 'one', 'user'],
      [2, 'two', 'user'],
    ]);
    expect(told.of('turn.ended').map((fact) => [fact.turn, fact.stopReason, fact.durationMs])).toEqual([
      [1, 'end_turn', 5],
      [2, 'cancelled', undefined],
    ]);
  });

  test('[A12] takes no prompt from what the program itself put in', () => {
    const told = read(
      meta(),
      item({ type: 'message', role: 'user', content: [{ type: 'input_text', text: '<environment_context>…' }] }),
      item({ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'real' }] }),
      user('# Context from my IDE setup:\n\n## Active file: a.ts\n\n## My request for Codex:\nreal\n'),
      event({ type: 'user_message', message: 'x', kind: 'environment_context' }),
    );
    expect(told.of('prompt.submitted').map((fact) => [fact.text.head, fact.origin])).toEqual([['real', 'ide']]);
  });

  test('[A12] rewinds by turns that still stand', () => {
    const told = read(
      meta(),
      user('1'),
      user('2'),
      user('3'),
      event({ type: 'thread_rolled_back', num_turns: 2 }),
      user('4'),
      event({ type: 'thread_rolled_back', num_turns: 1 }),
    );
    expect(told.of('run.rewound').map((fact) => [fact.toTurn, fact.turns])).toEqual([
      [1, 2],
      [1, 1],
    ]);
    expect(told.run.turns).toBe(4);
  });

  test('[A13] tells a command once, with the exit code of whichever record has it', () => {
    const cases: readonly [string | object, number | null][] = [
      [JSON.stringify({ output: 'x', metadata: { exit_code: 2, duration_seconds: 0.5 } }), 2],
      ['Exit code: 3\nWall time: 0.1 seconds\nOutput:\nx', 3],
      ['Chunk ID: a\nWall time: 0.1 seconds\nProcess exited with code 4\nOutput:\nx', 4],
      ['x', null],
    ];
    for (const [text, exitCode] of cases) {
      const [ended, ...more] = read(meta(), user('go'), shell('c', 'make'), output('c', text)).of('command.ended');
      expect(more).toEqual([]);
      expect(ended).toMatchObject({ command: 'make', cwd: '/w', call: 'c', exitCode, output: { head: 'x' } });
    }
    const both = read(
      meta(),
      user('go'),
      shell('c', 'make'),
      event({
        type: 'exec_command_end',
        call_id: 'c',
        command: ['bash', '-lc', 'make'],
        cwd: '/w',
        exit_code: 0,
        aggregated_output: 'ok',
        status: 'completed',
      }),
      output('c', 'Exit code: 0\nWall time: 0 seconds\nOutput:\nok'),
    );
    expect(both.of('command.ended').map((fact) => [fact.command, fact.exitCode])).toEqual([['make', 0]]);
    expect(both.of('tool.returned')).toHaveLength(1);
  });

  test('[A13] is not misled by an exit code that a command printed', () => {
    const told = read(
      meta(),
      user('go'),
      shell('c', 'cat log'),
      output('c', 'Chunk ID: a\nProcess exited with code 0\nOutput:\nProcess exited with code 9\nExit code: 9'),
    );
    expect(told.of('command.ended').map((fact) => fact.exitCode)).toEqual([0]);
  });

  test('[A13] waits for a command that goes on in the background', () => {
    const told = read(
      meta(),
      user('go'),
      shell('c', 'sleep 9'),
      output('c', 'Process running with session ID 7\nOutput:\n'),
      item({ type: 'function_call', name: 'write_stdin', call_id: 'd', arguments: '{"session_id":7,"chars":""}' }),
      output('d', 'Process exited with code 5\nOutput:\nend'),
    );
    expect(told.of('tool.returned').map((fact) => [fact.call, fact.outcome])).toEqual([
      ['c', 'background'],
      ['d', 'error'],
    ]);
    expect(told.of('command.ended').map((fact) => [fact.call, fact.command, fact.exitCode, fact.durationMs])).toEqual([
      ['c', 'sleep 9', 5, 3000],
    ]);
  });

  test('[A13] tells a command that was broken off', () => {
    const told = read(
      meta(),
      user('go'),
      shell('c', 'sleep 9'),
      output('c', 'aborted by user after 3.1s'),
      event({ type: 'turn_aborted', reason: 'interrupted' }),
    );
    expect(told.of('command.ended')).toMatchObject([{ exitCode: null, outcome: 'interrupted' }]);
    expect(told.of('tool.returned')).toMatchObject([{ status: 'failed', outcome: 'interrupted' }]);
    const late = read(
      meta({ history_mode: 'paginated' }),
      started(1),
      shell('c', 'sleep 9'),
      event({ type: 'turn_aborted', turn_id: turn(1), reason: 'interrupted' }),
      event({
        type: 'item_completed',
        turn_id: turn(1),
        item: { type: 'CommandExecution', id: 'c', command: ['sleep', '9'], exit_code: 137, status: 'failed' },
      }),
    );
    expect(late.of('command.ended')).toMatchObject([{ call: 'c', exitCode: 137, outcome: 'interrupted' }]);
  });

  test('[A13] reads the newer words for a command that was broken off', () => {
    const told = read(meta(), user('go'), shell('c', 'sleep 9'), output('c', 'Wall time: 3.4 seconds\naborted by user'));
    expect(told.of('command.ended')).toMatchObject([{ exitCode: null, outcome: 'interrupted' }]);
    expect(told.of('tool.returned')).toMatchObject([{ status: 'failed', outcome: 'interrupted' }]);
  });

  test('[A12] tells that `codex exec` took a thread up, and does not guess it of the TUI', () => {
    const settings = event({ type: 'thread_settings_applied', thread_settings: { model: 'm', cwd: '/w' } });
    const turns = (trigger: string) =>
      [1, 2].flatMap((n) => [
        settings,
        event({ type: 'task_started', turn_id: turn(n), turn_attribution: { turn_trigger: trigger } }),
        user(`${n}`),
        event({ type: 'task_complete', turn_id: turn(n) }),
      ]);
    expect(read(meta(), ...turns('exec')).of('run.resumed')).toMatchObject([{ turn: 1, model: 'm' }]);
    expect(read(meta(), ...turns('user')).of('run.resumed')).toEqual([]);
    expect(read(meta({ originator: 'codex_exec' }), started(1), user('1'), started(2), user('2')).of('run.resumed')).toHaveLength(1);
  });

  test('[A14] claims an edit from a patch given to the shell, when it went well', () => {
    const patch = "apply_patch <<'PATCH'\n*** Begin Patch\n*** Update File: a.txt\n@@\n-x\n+y\n*** End Patch\nPATCH";
    const call = item({
      type: 'function_call',
      name: 'shell',
      call_id: 'c',
      arguments: JSON.stringify({ command: ['bash', '-lc', patch], workdir: '/w/sub' }),
    });
    const edit = { path: '/w/sub/a.txt', op: 'update', patch: '@@\n-x\n+y' };
    const good = read(meta(), user('go'), call, output('c', 'Exit code: 0\nOutput:\nSuccess'));
    expect(good.of('tool.called')).toMatchObject([{ edits: [edit], paths: ['/w/sub/a.txt'] }]);
    expect(good.of('tool.returned')).toMatchObject([{ status: 'completed', edits: [edit] }]);
    const bad = read(meta(), user('go'), call, output('c', 'Exit code: 1\nOutput:\nno'));
    expect(bad.of('tool.returned')[0]?.edits).toBeUndefined();
  });

  test('[A14] reads the changes of a patch in both spellings', () => {
    const patch = item({
      type: 'custom_tool_call',
      name: 'apply_patch',
      call_id: 'c',
      input: '*** Begin Patch\n*** Add File: a\n+1\n*** End Patch',
    });
    for (const change of [{ type: 'add', content: '1\n' }, { add: { content: '1\n' } }]) {
      const told = read(
        meta(),
        user('go'),
        patch,
        event({ type: 'patch_apply_end', call_id: 'c', success: true, changes: { '/w/a': change } }),
        output('c', 'Success'),
      );
      expect(told.of('tool.returned')).toMatchObject([{ status: 'completed', edits: [{ path: '/w/a', op: 'create', newText: '1\n' }] }]);
    }
  });

  test('[A14] tells of an edit made from within code that the agent ran', () => {
    const told = read(
      meta({ history_mode: 'paginated' }),
      user('go'),
      event({
        type: 'item_completed',
        item: { type: 'FileChange', id: 'exec-1', status: 'completed', changes: { '/w/a': { type: 'delete', content: 'x' } } },
      }),
    );
    expect(told.of('tool.called')).toMatchObject([{ call: 'exec-1', tool: 'edit', edits: [{ op: 'delete' }] }]);
    expect(told.of('tool.returned')).toMatchObject([
      { call: 'exec-1', edits: [{ path: '/w/a', op: 'delete', oldText: 'x', newText: null }] },
    ]);
  });

  test('[A15] counts tokens once, without the cached ones', () => {
    const usage = { input_tokens: 1000, cached_input_tokens: 800, output_tokens: 50 };
    const count = (total: number) =>
      event({ type: 'token_count', info: { last_token_usage: usage, total_token_usage: { total_tokens: total } } });
    const old = read(meta(), user('go'), count(1), count(1), event({ type: 'token_count', info: null }), count(2));
    expect(old.of('usage.reported').map((fact) => fact.usage['gen_ai.usage.input_tokens'])).toEqual([200, 200]);
    const record = { type: 'token_usage_record', payload: { usage, response_id: 'r1' } };
    const current = read(meta(), user('go'), record, count(1), count(2));
    expect(current.of('usage.reported')).toMatchObject([
      {
        response: 'r1',
        usage: { 'gen_ai.usage.input_tokens': 200, 'gen_ai.usage.cache_read.input_tokens': 800, 'gen_ai.usage.output_tokens': 50 },
      },
    ]);
  });

  test('[A3] tells the same facts of a file before and after its migration', () => {
    const keys = (scenario: string) =>
      factsOf(
        codexAdapter,
        fixturesOf('codex').find((entry) => entry.scenario === scenario)!,
      ).map((fact) => sourceKey(fact.src!));
    expect(keys('legacy')).toHaveLength(42);
    expect([...keys('legacy-migrated')].sort()).toEqual([...keys('legacy')].sort());
  });

  test("[A3] tells nothing of the parent's history that a fork copied", () => {
    const told = tell(codexAdapter, `rollout-x-${later}.jsonl`, [
      { type: 'session_meta', payload: { id: later, forked_from_id: thread, cwd: '/w' } },
      meta(),
      started(1),
      user('of the parent'),
      event({ type: 'agent_message', message: 'old' }),
      event({ type: 'task_started', turn_id: '019b0000-0001-7000-8000-00000000000a' }),
      user('of the fork'),
    ]);
    expect(told.facts.map((fact) => fact.kind)).toEqual(['prompt.submitted']);
    expect(told.of('prompt.submitted')).toMatchObject([{ run: later, turn: 2, text: { head: 'of the fork' } }]);
  });

  test("[A12] takes a sub-agent's task as said by its parent", () => {
    const told = read(
      meta({ parent_thread_id: later }),
      item({ type: 'message', role: 'user', content: [{ type: 'input_text', text: '<environment_context>' }] }),
      item({ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'List files' }] }),
    );
    expect(told.of('run.started')).toMatchObject([{ parent: later }]);
    expect(told.of('prompt.submitted')).toMatchObject([
      { provenance: 'inter_session', by: { actor: 'agent', run: later }, text: { head: 'List files' } },
    ]);
  });

  test('[A44] pairs calls and results that bear no ids in their order', () => {
    const told = read(
      meta(),
      user('one'),
      item({ type: 'tool_call', function: { name: 'run_shell_command' }, arguments: { command: 'false' } }),
      item({ type: 'tool_result', name: 'run_shell_command', result: { stdout: 'a\n', stderr: 'b\n', exitCode: 1 } }),
    );
    expect(told.of('command.ended')).toMatchObject([{ command: 'false', exitCode: 1, output: { head: 'a\nb\n' } }]);
    expect(told.of('tool.returned')).toMatchObject([{ status: 'failed' }]);
    expect(told.counts.unknown.size).toBe(0);
  });
});
