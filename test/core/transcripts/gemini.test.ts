import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { sourceKey, type TranscriptFact } from '../../../src/core/transcripts/adapter.ts';
import { geminiAdapter } from '../../../src/core/transcripts/gemini.ts';
import { readShellResult } from '../../../src/core/transcripts/geminiShell.ts';
import { DocumentPieces } from '../../../src/core/transcripts/documentPieces.ts';
import { nodeDigest } from '../../../src/store/digest.ts';
import { fixturesOf } from './adapterContract.ts';
import { tell } from './script.ts';

const header = { sessionId: 's1', projectHash: 'h', startTime: '2026-11-20T00:00:00.000Z', kind: 'main', directories: ['/w'] };
const user = (id: string, content: unknown, extra: object = {}) => ({ id, type: 'user', content, ...extra });
const gemini = (id: string, content: unknown, extra: object = {}) => ({ id, type: 'gemini', content, model: 'm', ...extra });
const call = (id: string, name: string, args: object, response: object, extra: object = {}) => ({
  id,
  name,
  args,
  status: 'success',
  result: [{ functionResponse: { id, name, response } }],
  ...extra,
});
const read = (...records: readonly object[]) => tell(geminiAdapter, 'p/chats/session-x.jsonl', [header, ...records]);
const context = '<session_context>\n- **Workspace Directories:**\n  - /home/dev/p\n</session_context>';

describe('a chat of Gemini CLI', () => {
  test('[A3] tells each thing of a message once, however often the message comes', () => {
    const tools = [call('c1', 'run_shell_command', { command: 'ls' }, { output: 'Output: a\nProcess Group PGID: 1' })];
    const tokens = { input: 100, cached: 40, output: 5, thoughts: 3, tool: 2 };
    const told = read(
      user('u', 'go'),
      gemini('g', 'Listing.'),
      gemini('g', 'Listing.', { tokens }),
      gemini('g', 'Listing.', { tokens, toolCalls: [{ ...tools[0], status: 'executing' }] }),
      gemini('g', 'Listing.', { tokens, toolCalls: tools }),
      gemini('g', 'Listing.', { tokens, toolCalls: tools }),
      user('r', [{ functionResponse: { id: 'c1', name: 'run_shell_command', response: { output: 'Output: a' } } }]),
      gemini('h', 'Done.'),
    );
    expect(told.facts.map((fact) => fact.kind)).toEqual([
      'run.started',
      'prompt.submitted',
      'run.changed',
      'reply.given',
      'usage.reported',
      'tool.called',
      'command.ended',
      'tool.returned',
      'reply.given',
      'turn.ended',
    ]);
    expect(told.of('usage.reported')[0]?.usage).toEqual({
      'gen_ai.usage.input_tokens': 62,
      'gen_ai.usage.output_tokens': 8,
      'gen_ai.usage.cache_read.input_tokens': 40,
      'gen_ai.usage.reasoning.output_tokens': 3,
    });
    expect(told.run).toMatchObject({ run: 's1', cwd: '/w', model: 'm', turns: 1 });
  });

  test('[A11] takes no prompt from what the program put in', () => {
    const told = read(
      { $set: { messages: [user('c', context)] } },
      user('a', [{ text: 'real' }, { text: '<hook_context>from a hook</hook_context>' }]),
      user('b', '/help'),
      user('d', 'all of a file', { displayContent: [{ text: 'read @a.txt' }] }),
      user('e', [{ functionResponse: { id: 'x', response: {} } }]),
      user('f', 'System: Please continue.'),
      user('g', [{ text: 'look' }, { inlineData: { data: 'x' } }]),
    );
    expect(told.of('prompt.submitted').map((fact) => [fact.turn, fact.text.head, fact.origin, fact.provenance, fact.images])).toEqual([
      [1, 'real', undefined, 'user', undefined],
      [1, '/help', 'slash', 'user', undefined],
      [2, 'read @a.txt', undefined, 'user', undefined],
      [3, 'System: Please continue.', undefined, 'system', undefined],
      [4, 'look', undefined, 'user', 1],
    ]);
  });

  test('[A12] tells nothing of a history that is written down once more', () => {
    const ms = (n: number) => ({ timestamp: new Date(Date.UTC(2026, 10, 20, 1) + n).toISOString() });
    const told = read(
      user('a', 'one', ms(0)),
      gemini('b', 'First.', ms(10)),
      user('c', 'two', ms(5000)),
      { id: 'i', type: 'info', content: 'Request cancelled.', ...ms(6000) },
      user('d', [{ text: context }, { text: 'one' }], ms(6001)),
      { id: 'e', type: 'gemini', content: [{ text: 'First.' }], tokens: null, ...ms(6002) },
      user('f', [{ text: 'two' }], ms(6003)),
      user('g', 'three', ms(9000)),
    );
    expect(told.of('prompt.submitted').map((fact) => fact.text.head)).toEqual(['one', 'two', 'three']);
    expect(told.of('reply.given')).toHaveLength(1);
    expect(told.of('turn.ended').map((fact) => [fact.turn, fact.stopReason])).toEqual([
      [1, 'end_turn'],
      [2, 'cancelled'],
    ]);
  });

  test('[A12] reads the history that a list tells, when no message stands by itself', () => {
    const told = read({
      $set: {
        messages: [
          user('c', context),
          user('a', 'one'),
          gemini('b', [
            { text: 'thinking', thought: true },
            { text: 'First.' },
            { functionCall: { id: 'k', name: 'read_file', args: { path: 'a' } } },
          ]),
          user('b_response', [{ functionResponse: { id: 'k', name: 'read_file', response: { output: 'x' } } }]),
        ],
      },
    });
    expect(told.facts.map((fact) => fact.kind)).toEqual([
      'run.started',
      'prompt.submitted',
      'run.changed',
      'reply.given',
      'tool.called',
      'tool.returned',
      'file.read',
    ]);
    expect(told.of('reply.given')[0]?.text.head).toBe('First.');
  });

  test('[A12] tells a compression once, by the summary that takes the place of what was', () => {
    const summary = '<state_snapshot>all so far</state_snapshot>';
    const list = { $set: { messages: [user('x', context), user('y', summary), gemini('z', [{ text: 'Got it.' }])] } };
    const told = read(user('a', 'one'), gemini('b', 'First.'), list, user('c', 'two'), list);
    expect(told.of('run.compacted').map((fact) => fact.summary?.head)).toEqual([summary]);
    expect(told.of('prompt.submitted').map((fact) => fact.text.head)).toEqual(['one', 'two']);
  });

  test('[A12] tells a resume with the first prompt after it', () => {
    const told = read(user('a', 'one'), gemini('b', 'First.'), header, { $set: { sessionId: 's1' } }, user('c', 'two'), user('d', 'three'));
    expect(told.facts.map((fact) => fact.kind).filter((kind) => kind === 'run.resumed' || kind === 'prompt.submitted')).toEqual([
      'prompt.submitted',
      'run.resumed',
      'prompt.submitted',
      'prompt.submitted',
    ]);
  });

  test('[A12] rewinds to before a message, and to the very beginning', () => {
    const told = read(user('a', '1'), gemini('b', 'x'), user('c', '2'), user('d', '3'), { $rewindTo: 'c' }, user('e', '4'), {
      $rewindTo: 'nowhere',
    });
    expect(told.of('run.rewound').map((fact) => [fact.toTurn, fact.turns])).toEqual([
      [1, 2],
      [0, 2],
    ]);
  });

  test("[A12] takes a sub-agent's task as said by its parent", () => {
    const told = tell(geminiAdapter, 'p/chats/parent-id/s2.jsonl', [
      { ...header, sessionId: 's2', kind: 'subagent' },
      user('a', 'Find it'),
      { $set: { summary: '{"found": true}' } },
    ]);
    expect(told.of('run.started')).toMatchObject([{ parent: 'parent-id' }]);
    expect(told.of('prompt.submitted')).toMatchObject([{ provenance: 'inter_session', by: { actor: 'agent', run: 'parent-id' } }]);
    expect(told.run.title).toBeUndefined();
  });

  test.each([
    ['Output: a\nProcess Group PGID: 1', 'a', 0, 'a', undefined],
    ['Output: (empty)\nProcess Group PGID: 1', undefined, 0, '', undefined],
    ['Output: a\nExit Code: 3\nProcess Group PGID: 1', 'a', 3, 'a', 'error'],
    ['Output: a\nExit Code: 9\nExit Code: 3\nProcess Group PGID: 1', 'a\nExit Code: 9', 3, 'a\nExit Code: 9', 'error'],
    ['Output: a\nExit Code: 9\nProcess Group PGID: 1', 'a\nExit Code: 9', 0, 'a\nExit Code: 9', undefined],
    ['Output: Exit Code: 9\nProcess Group PGID: 1', undefined, 0, 'Exit Code: 9', undefined],
    ['Output: a\nSignal: 9\nProcess Group PGID: 1', 'a', null, 'a', 'error'],
    ['Output: a\nError: spawn ENOENT', 'a', null, 'a', 'error'],
    [
      'Command: make\nDirectory: (root)\nOutput: a\nError: (none)\nExit Code: 0\nSignal: 0\nBackground PIDs: (none)\nProcess Group PGID: 1',
      'a',
      0,
      'a',
      undefined,
    ],
    [
      'Command: make\nx\nDirectory: (root)\nStdout: a\nStderr: b\nError: (none)\nExit Code: 2\nSignal: (none)',
      undefined,
      2,
      'a\nStderr: b',
      'error',
    ],
    ['Command: kill\nDirectory: (root)\nOutput: (empty)\nError: (none)\nExit Code: (none)\nSignal: SIGKILL', undefined, null, '', 'error'],
    [
      'Command was cancelled by user before it could complete. Below is the output before it was cancelled:\nso far',
      undefined,
      null,
      'so far',
      'interrupted',
    ],
    ['Command was automatically cancelled because it exceeded the timeout of 5.0 minutes.', undefined, null, '', 'error'],
    ['Command moved to background (PID: 7). Output hidden.', undefined, undefined, '', 'background'],
    ['<untrusted_context>\nOutput: a\nExit Code: 4\n</untrusted_context>', 'a', 4, 'a', 'error'],
    ['Command: ls x\\nDirectory: /tmp\\nOutput: no\\nError: (none)\\nExit Code: 1\\nSignal: 0', undefined, 1, 'no', 'error'],
    ['something else', undefined, null, 'something else', undefined],
  ])('[A13] reads how a command ended: %j', (text, display, exitCode, output, outcome) => {
    const result = readShellResult(text, display);
    expect([result.exitCode, result.output, result.outcome]).toEqual([exitCode, output, outcome]);
  });

  test('[A6] reads a long output of nothing but such lines quickly', () => {
    const started = performance.now();
    readShellResult(`Output: ${'Exit Code: 1\n'.repeat(50_000)}`, undefined);
    readShellResult(`Command: ${'\nDirectory: x'.repeat(20_000)}`, undefined);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test.each([
    ['User denied execution.', 'denied', 0],
    ['User did not allow tool call', 'denied', 0],
    ['User cancelled operation', 'interrupted', 0],
    ['Operation cancelled by user', 'interrupted', 1],
    ['User cancelled tool execution.', 'interrupted', 1],
  ])('[A13] tells a refused command from one that was broken off: %s', (reason, outcome, ends) => {
    const cancelled = call(
      'c',
      'run_shell_command',
      { command: 'make' },
      { error: `[Operation Cancelled] Reason: ${reason}` },
      { status: 'cancelled' },
    );
    const told = read(user('u', 'go'), gemini('g', '', { toolCalls: [cancelled] }));
    expect(told.of('tool.returned')).toMatchObject([{ status: 'failed', outcome }]);
    expect(told.of('command.ended').map((fact) => [fact.exitCode, fact.outcome])).toEqual(ends === 0 ? [] : [[null, 'interrupted']]);
  });

  test('[A14] claims an edit by the file before and after', () => {
    const edits = (args: object, display: unknown, output = 'ok', name = 'write_file') =>
      read(user('u', 'go'), gemini('g', '', { toolCalls: [call('c', name, args, { output }, { resultDisplay: display })] })).of(
        'tool.returned',
      )[0]?.edits;
    const args = { file_path: 'a.txt', content: 'new\n' };
    const display = { filePath: '/w/a.txt', originalContent: 'old\n', newContent: 'new\n', fileDiff: 'Index\n@@ -1 +1 @@\n-old\n+new\n' };
    expect(edits(args, { ...display, isNewFile: false })).toMatchObject([
      { path: '/w/a.txt', op: 'update', oldText: 'old\n', newText: 'new\n' },
    ]);
    expect(edits(args, { ...display, originalContent: '', isNewFile: true })).toMatchObject([
      { op: 'create', oldText: null, newText: 'new\n' },
    ]);
    expect(edits(args, { ...display, originalContent: '', isNewFile: false })).toMatchObject([{ op: 'update', oldText: '' }]);
    expect(edits(args, { ...display, originalContent: null })).toMatchObject([{ op: 'create' }]);
    expect(edits(args, undefined, 'Successfully created and wrote to new file: /w/a.txt.')).toMatchObject([
      { op: 'create', newText: 'new\n' },
    ]);
    expect(edits(args, undefined, 'Successfully overwrote file: /w/a.txt.')).toMatchObject([{ op: 'update', newText: 'new\n' }]);
    const [long] = edits(args, { ...display, originalContent: 'x'.repeat(100_000) }) ?? [];
    expect(long).toMatchObject({ patch: '@@ -1 +1 @@\n-old\n+new\n' });
    expect(long?.newText).toBeUndefined();
  });

  test('[A14] finds its folder by a file beside it, by the context, or by its hash', () => {
    const open = (relative: string, beside: Record<string, string>, folders: readonly string[]) =>
      geminiAdapter.openReader({ path: `/t/${relative}`, relative }, { digest: nodeDigest, beside: (name) => beside[name], folders });
    const cwdOf = (relative: string, head: object, beside: Record<string, string> = {}, folders: readonly string[] = []) => {
      const reader = open(relative, beside, folders);
      reader.read({ sessionId: 's', ...head }, { offset: 0 });
      return reader.describe().cwd;
    };
    const hash = nodeDigest.sha256('/home/dev/p');
    expect(cwdOf('p/chats/session-x.jsonl', {}, { 'p/.project_root': '/home/dev/p\n' })).toBe('/home/dev/p');
    expect(cwdOf('p/chats/session-x.jsonl', { projectHash: hash }, {}, ['/a', '/home/dev/p'])).toBe('/home/dev/p');
    expect(cwdOf(`${hash}/chats/session-x.json`, {}, {}, ['/home/dev/p'])).toBe('/home/dev/p');
    expect(cwdOf('p/chats/session-x.jsonl', { projectHash: 'other' }, {}, ['/home/dev/p'])).toBeUndefined();
  });

  test.each([
    ['docs/a.md', 'Successfully created and wrote to new file: /home/dev/my p/docs/a.md.', '/home/dev/my p'],
    ['a.md', "Successfully overwrote file: 'C:\\\\dev\\\\a.md'.", 'C:/dev'],
    ['a.md', 'wrote a.md', undefined],
    ['/w/a.md', 'Successfully overwrote file: /w/a.md.', undefined],
  ])('[A14] takes the folder from a path that was told both ways: %s', (file, output, cwd) => {
    const told = tell(geminiAdapter, 'p/chats/session-x.jsonl', [
      { sessionId: 's1', projectHash: 'h' },
      user('u', 'go'),
      gemini('g', '', { toolCalls: [call('c', 'write_file', { file_path: file, content: 'x' }, { output })] }),
    ]);
    expect(told.run.cwd).toBe(cwd);
    if (cwd !== undefined) expect(told.of('tool.returned')[0]?.edits).toMatchObject([{ path: `${cwd}/${file}` }]);
  });

  test('[A5] counts what a newer version may put into it', () => {
    const told = read(
      { $set: { lastUpdated: '2026-11-20T00:00:00.000Z', colour: 1 } },
      { $merge: 1 },
      { id: 'a', type: 'vision', content: '' },
      { other: 1 },
    );
    expect([...told.counts.unknown.keys()]).toEqual(['$set.colour', '$merge', 'vision']);
    expect(told.counts.misshapen).toBe(1);
  });
});

describe('an older chat, one document', () => {
  const reader = () =>
    geminiAdapter.openReader(
      { path: '/t/h/chats/session-x.json', relative: 'h/chats/session-x.json' },
      { digest: nodeDigest, folders: [] },
    );
  const readAll = (into: ReturnType<typeof reader>, text: string): readonly TranscriptFact[] => {
    const facts: TranscriptFact[] = [];
    const pieces = new DocumentPieces(
      { onPiece: (piece, offset) => facts.push(...into.read(piece, { offset })), onDamage: () => undefined },
      1e6,
    );
    pieces.push(new TextEncoder().encode(text));
    pieces.end();
    return facts;
  };
  const chat = (...messages: readonly object[]): string =>
    JSON.stringify({
      sessionId: 's1',
      projectHash: 'h',
      startTime: '2026-01-01T00:00:00.000Z',
      lastUpdated: '2026-01-01T00:00:00.000Z',
      messages,
    });
  const at = { timestamp: '2026-01-01T00:00:00.000Z' };
  const kinds = (facts: readonly TranscriptFact[]): readonly string[] => facts.map((fact) => fact.kind);

  test('[A47] tells what is new in it, each time that it is read', () => {
    const one = reader();
    const a = user('a', '1', at);
    expect(kinds(readAll(one, chat(a)))).toEqual(['run.started', 'prompt.submitted']);
    const b = gemini('b', 'x', at);
    expect(kinds(readAll(one, chat(a, b)))).toEqual(['run.changed', 'reply.given']);
    expect(kinds(readAll(one, chat(a, { ...b, toolCalls: [call('c', 'read_file', { file_path: '/w/a' }, { output: 'x' })] })))).toEqual([
      'tool.called',
      'tool.returned',
      'file.read',
    ]);
    expect(kinds(readAll(one, chat(a, b)))).toEqual([]);
    expect(one.counts).toMatchObject({ misshapen: 0 });
    expect(one.counts.records).toBe(8);
  });

  test('[A47] takes messages that are gone from its end for a rewind, before it tells what came instead', () => {
    const one = reader();
    readAll(one, chat(user('a', '1', at), gemini('b', 'x', at), user('c', '2', at), gemini('d', 'y', at)));
    const facts = readAll(one, chat(user('a', '1', at), gemini('b', 'x', at), user('e', '3', at)));
    expect(kinds(facts)).toEqual(['turn.ended', 'run.rewound', 'prompt.submitted']);
    expect(facts[1]).toMatchObject({ toTurn: 1, turns: 1 });
    expect(facts[2]).toMatchObject({ turn: 3 });
    expect(kinds(readAll(one, chat(user('a', '1', at))))).toEqual(['run.rewound']);
  });

  test('[A47] takes no half-written document for a rewind', () => {
    const one = reader();
    const whole = chat(user('a', '1', at), gemini('b', 'x', at), user('c', '2', at));
    readAll(one, whole);
    expect(kinds(readAll(one, whole.slice(0, whole.indexOf('"b"'))))).toEqual([]);
    expect(kinds(readAll(one, whole))).toEqual([]);
  });

  test('[A3] is known again in the lines that a newer version makes of it', () => {
    const fixture = fixturesOf('gemini').find((entry) => entry.scenario === 'document')!;
    const text = readFileSync(fixture.path, 'utf8');
    const told = readAll(reader(), text);
    const { messages, ...head } = JSON.parse(text) as { messages: object[] };
    const lines = geminiAdapter.openReader(
      { path: '/t/h/chats/session-x.jsonl', relative: 'h/chats/session-x.jsonl' },
      { digest: nodeDigest },
    );
    const again = [head, ...messages].flatMap((record) => [...lines.read(record, { offset: 0 })]);
    expect(again.map((fact) => sourceKey(fact.src!))).toEqual(told.map((fact) => sourceKey(fact.src!)));
  });
});
