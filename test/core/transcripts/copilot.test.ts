import { describe, expect, test } from 'vitest';
import { copilotAdapter } from '../../../src/core/transcripts/copilot.ts';
import { tell } from './script.ts';

let id = 0;
const event = (type: string, data: object, more: object = {}): object => ({ type, data, id: `e${(id += 1)}`, parentId: null, ...more });
const start = event('session.start', { sessionId: 's1', context: { cwd: '/w', branch: 'main' } });
const begin = (call: string, toolName: string, args: unknown): object =>
  event('tool.execution_start', { toolCallId: call, toolName, arguments: args });
const end = (call: string, success: boolean, content: string, more: object = {}): object =>
  event('tool.execution_complete', { toolCallId: call, success, result: { content }, ...more });

describe('the Copilot CLI’s events', () => {
  test('[A11] are a prompt only where a person, another session or a schedule spoke', () => {
    const told = tell(copilotAdapter, 's1/events.jsonl', [
      start,
      event('user.message', { content: 'Mine' }),
      event('user.message', { content: 'A reminder', source: 'system' }),
      event('user.message', { content: 'Instructions', source: 'instruction-discovery' }),
      event('user.message', { content: 'Theirs', inputOrigin: 'authenticated-cross-session' }),
      event('user.message', { content: 'Nightly', source: 'schedule-4' }),
      event('user.message', { content: '', attachments: [] }),
    ]);
    expect(told.of('prompt.submitted').map((fact) => [fact.text.head, fact.provenance, fact.turn])).toEqual([
      ['Mine', 'user', 1],
      ['Theirs', 'inter_session', 2],
      ['Nightly', 'system', 3],
    ]);
  });

  test('[A13] tell a command’s end once, also of one that went on in the background, was broken off, or was refused', () => {
    const told = tell(copilotAdapter, 's1/events.jsonl', [
      start,
      event('user.message', { content: 'Go' }),
      begin('c1', 'bash', { command: 'false' }),
      end('c1', true, '<shellId: 0 completed with exit code 1>'),
      begin('c2', 'bash', { command: 'sleep 9' }),
      end('c2', true, '<command started in background with shellId: 7>'),
      begin('c3', 'read_bash', { shellId: '7' }),
      end('c3', true, 'done\n<shellId: 7 completed with exit code 4>'),
      begin('c4', 'bash', { command: 'reboot' }),
      event('permission.completed', { toolCallId: 'c4', result: { kind: 'denied-by-rules' } }),
      end('c4', false, ''),
      begin('c5', 'bash', { command: 'make' }),
      event('abort', { reason: 'user' }),
      end('c5', false, '', { error: { message: 'Interrupted', code: 'failure' } }),
      begin('c6', 'bash', { command: 'old' }),
      end('c6', true, 'printed'),
    ]);
    expect(told.of('command.ended').map(({ call, exitCode, outcome }) => [call, exitCode, outcome])).toEqual([
      ['c1', 1, undefined],
      ['c2', 4, undefined],
      ['c5', null, 'interrupted'],
      ['c6', null, undefined],
    ]);
    expect(told.of('tool.returned').map(({ call, status, outcome }) => [call, status, outcome])).toEqual([
      ['c1', 'failed', 'error'],
      ['c2', 'completed', 'background'],
      ['c3', 'completed', undefined],
      ['c4', 'failed', 'denied'],
      ['c5', 'failed', 'interrupted'],
      ['c6', 'completed', undefined],
    ]);
  });

  test('[A15] count tokens once: a message’s output when it comes, the rest at the end of the process', () => {
    const told = tell(copilotAdapter, 's1/events.jsonl', [
      start,
      event('assistant.message', { messageId: 'm1', model: 'a', content: 'x', outputTokens: 10 }),
      event('session.shutdown', {
        modelMetrics: { a: { usage: { inputTokens: 100, cacheReadTokens: 60, cacheWriteTokens: 0, outputTokens: 12 } } },
      }),
      event('session.resume', {}),
      event('assistant.message', { messageId: 'm2', model: 'a', content: 'x', outputTokens: 5 }),
      event('session.shutdown', { tokenDetails: { input: { tokenCount: 7 }, output: { tokenCount: 5 }, cache_read: { tokenCount: 3 } } }),
    ]);
    const sum = (field: 'input_tokens' | 'output_tokens' | 'cache_read.input_tokens'): number =>
      told.of('usage.reported').reduce((total, fact) => total + (fact.usage[`gen_ai.usage.${field}`] ?? 0), 0);
    expect([sum('input_tokens'), sum('output_tokens'), sum('cache_read.input_tokens')]).toEqual([47, 17, 63]);
  });

  test('[A14] claim the edits of each editing tool, told as an object or as JSON in a text', () => {
    const told = tell(copilotAdapter, 's1/events.jsonl', [
      start,
      begin('c1', 'str_replace_editor', { command: 'create', path: '/w/a', file_text: 'A\n' }),
      end('c1', true, ''),
      begin('c2', 'edit', JSON.stringify({ path: 'b', old_str: 'x', new_str: 'y' })),
      end('c2', true, ''),
      begin('c3', 'str_replace_editor', { command: 'view', path: '/w/a' }),
      end('c3', true, 'A'),
      begin('c4', 'edit', { path: '/w/c', old_str: 'x', new_str: 'y' }),
      end('c4', false, 'No match'),
      begin('c5', 'multi_replace_string_in_file', {
        replacements: [{ filePath: '/w/d', oldString: 'x', newString: 'y' }, { filePath: '/w/e' }],
      }),
      end('c5', true, ''),
    ]);
    expect(told.of('tool.returned').map((fact) => fact.edits?.map(({ path, op }) => `${op} ${path}`))).toEqual([
      ['create /w/a'],
      ['update /w/b'],
      undefined,
      undefined,
      ['update /w/d', 'update /w/e'],
    ]);
    expect(told.of('file.read').map((fact) => fact.path)).toEqual(['/w/a']);
  });

  test('[A12] tell the to-do list as it stands after each statement', () => {
    const sql = (call: string, query: string): object[] => [begin(call, 'sql', { query }), end(call, true, 'ok')];
    const told = tell(copilotAdapter, 's1/events.jsonl', [
      start,
      ...sql('q1', "INSERT INTO todos (id, title) VALUES ('a', 'First (of two), ''quoted'''), ('b', 'Second');\nSELECT 1"),
      ...sql('q2', "UPDATE todos SET status = 'done' WHERE id = 'a'"),
      ...sql('q3', "DELETE FROM todos WHERE id IN ('b')"),
      ...sql('q4', 'SELECT * FROM todos'),
      begin('q5', 'update_todo', { todos: '- [x] One\n- [ ] Two\n' }),
      end('q5', true, 'ok'),
    ]);
    expect(told.of('plan.changed').map((fact) => fact.entries.map(({ content, status }) => `${status} ${content}`))).toEqual([
      ["pending First (of two), 'quoted'", 'pending Second'],
      ["completed First (of two), 'quoted'", 'pending Second'],
      ["completed First (of two), 'quoted'"],
      ['completed One', 'pending Two'],
    ]);
  });
});
