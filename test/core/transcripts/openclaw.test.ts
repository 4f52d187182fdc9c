import { describe, expect, test } from 'vitest';
import { openclawAdapter } from '../../../src/core/transcripts/openclaw.ts';
import { piAdapter } from '../../../src/core/transcripts/pi.ts';
import { findStoredSession } from '../../../src/core/transcripts/openclawStore.ts';
import { openclawPrompt } from '../../../src/core/transcripts/openclawPrompt.ts';
import { fixturesOf } from './adapterContract.ts';
import { tell } from './script.ts';

const session = { type: 'session', version: 3, id: 's1', cwd: '/w' };
const message = (id: string, body: object) => ({ type: 'message', id, message: body });
const user = (id: string, text: string, extra: object = {}) => message(id, { role: 'user', content: text, ...extra });
const runs = (id: string, call: string, name: string, args: object) =>
  message(id, { role: 'assistant', content: [{ type: 'toolCall', id: call, name, arguments: args }], stopReason: 'toolUse' });
const returns = (id: string, call: string, toolName: string, text: string, details: object, isError = false) =>
  message(id, { role: 'toolResult', toolCallId: call, toolName, content: [{ type: 'text', text }], details, isError });
const read = (...records: readonly object[]) => tell(openclawAdapter, 'main/sessions/s1.jsonl', [session, ...records]);

describe('a session of OpenClaw', () => {
  test('[A13] trusts the exit code more than the word error', () => {
    const told = read(
      user('a', 'go'),
      runs('b', 'c', 'exec', { command: 'make', workdir: 'sub' }),
      returns('d', 'c', 'exec', 'x\n\n(Command exited with code 9)', { status: 'completed', exitCode: 9, durationMs: 5 }),
    );
    expect(told.of('command.ended')).toMatchObject([{ exitCode: 9, durationMs: 5, cwd: '/w/sub', output: { head: 'x' } }]);
    expect(told.of('tool.returned')).toMatchObject([{ status: 'failed', outcome: 'error' }]);
  });

  test('[A13] waits for the end of a command in the background', () => {
    const told = read(
      user('a', 'go'),
      runs('b', 'c', 'exec', { command: 'sleep 9' }),
      returns('d', 'c', 'exec', 'running', { status: 'running', sessionId: 'p1' }),
      runs('e', 'f', 'process', { action: 'poll', sessionId: 'p1' }),
      returns('g', 'f', 'process', 'still', { status: 'running', sessionId: 'p1' }),
      runs('h', 'i', 'process', { action: 'poll', sessionId: 'p1' }),
      returns('j', 'i', 'process', 'done', { status: 'failed', sessionId: 'p1', exitCode: 4, aggregated: 'out' }),
    );
    expect(told.of('command.ended').map((fact) => [fact.call, fact.command, fact.exitCode, fact.output?.head])).toEqual([
      ['c', 'sleep 9', 4, 'out'],
    ]);
    expect(told.of('tool.returned')[0]).toMatchObject({ call: 'c', outcome: 'background', status: 'completed' });
  });

  test('[A13] tells of no command that waits for a permission or was refused', () => {
    for (const [details, text, isError, outcome] of [
      [{ status: 'approval-pending' }, 'Approval required', false, 'blocked'],
      [{}, 'exec denied: allowlist miss', true, 'denied'],
    ] as const) {
      const told = read(user('a', 'go'), runs('b', 'c', 'exec', { command: 'rm x' }), returns('d', 'c', 'exec', text, details, isError));
      expect(told.of('command.ended')).toEqual([]);
      expect(told.of('tool.returned')).toMatchObject([{ status: 'failed', outcome }]);
    }
  });

  test('[A14] tells a created file from one that was written over, and what did not change', () => {
    const write = runs('b', 'c', 'write', { path: 'a.txt', content: 'x' });
    const edits = (details: object) =>
      read(user('a', 'go'), write, returns('d', 'c', 'write', 'ok', details)).of('tool.returned')[0]?.edits;
    expect(edits({ changed: true, created: true })).toMatchObject([{ op: 'create', oldText: null, newText: 'x' }]);
    expect(edits({ changed: true, created: false })).toMatchObject([{ op: 'update', newText: 'x' }]);
    expect(edits({ changed: false })).toBeUndefined();
    expect(edits({})).toMatchObject([{ op: 'update', newText: 'x' }]);
  });

  test('[A12] does not say again what it mirrors, nor take the mirror for the model', () => {
    const says = (id: string, text: string, extra: object) =>
      message(id, { role: 'assistant', content: [{ type: 'text', text }], ...extra });
    const told = read(
      user('a', 'go'),
      says('b', 'Hello', { provider: 'p', model: 'm', stopReason: 'stop' }),
      says('c', 'Hello', { provider: 'openclaw', model: 'delivery-mirror' }),
      says('d', 'From the gateway', { provider: 'openclaw', model: 'gateway-injected' }),
    );
    expect(told.of('reply.given').map((fact) => [fact.text.head, fact.model])).toEqual([
      ['Hello', 'm'],
      ['From the gateway', undefined],
    ]);
    expect(told.run.model).toBe('m');
  });

  test('[A12] sets the plan when its tool went well', () => {
    const plan = runs('b', 'c', 'update_plan', { plan: [{ step: 'one', status: 'completed' }, { step: 'two' }] });
    expect(read(user('a', 'go'), plan, returns('d', 'c', 'update_plan', 'ok', {})).of('plan.changed')).toMatchObject([
      {
        entries: [
          { content: 'one', status: 'completed' },
          { content: 'two', status: 'pending' },
        ],
      },
    ]);
    expect(read(user('a', 'go'), plan, returns('d', 'c', 'update_plan', 'no', {}, true)).of('plan.changed')).toEqual([]);
  });

  test.each([
    [{ provenance: { kind: 'inter_session', sourceTool: 'sessions_send' } }, 'x', undefined, 'inter_session', 'sessions_send'],
    [{ provenance: { kind: 'internal_system', sourceTool: 'main_session_restart_recovery' } }, 'x', undefined, 'system', undefined],
    [{ provenance: { kind: 'external_user' } }, '[cron:x] typed', undefined, 'user', undefined],
    [{ provenance: 7 }, 'x', undefined, 'user', undefined],
    [{}, '[Inter-session message] sourceSession=x isUser=false', undefined, 'inter_session', 'message'],
    [{}, '[Subagent Context] You are', undefined, 'inter_session', 'subagent'],
    [{}, '[cron:job nightly] do it', undefined, 'system', 'cron'],
    [{}, 'Read HEARTBEAT.md if it exists', undefined, 'system', 'heartbeat'],
    [{}, 'do it', 'agent:main:cron:job:run:1', 'system', 'cron'],
    [{}, 'do it', 'agent:main:subagent:u1', 'inter_session', 'subagent'],
    [{}, 'do it', 'agent:main:telegram:direct:1', 'user', undefined],
    [{}, 'System of a down', undefined, 'user', undefined],
  ])('[A11] knows whose words they are: %j %s %s', (extra, text, key, provenance, origin) => {
    const said = openclawPrompt(extra, text, key);
    expect(said.provenance).toBe(provenance);
    if (origin !== undefined) expect(said.origin).toBe(origin);
  });

  test('[A45] finds the session in the store, with the one that spawned it', () => {
    const store = JSON.stringify({
      'agent:main:main': { sessionId: 's1' },
      'agent:main:subagent:u': { sessionId: 's2', spawnedBy: 'agent:main:main', label: 'c1' },
      __proto__x: 7,
    });
    expect(findStoredSession(store, 's2')).toEqual({ key: 'agent:main:subagent:u', parent: 's1', title: 'c1' });
    expect(findStoredSession(store, 's3')).toBeUndefined();
    expect(findStoredSession(`{"torn": "s3"`, 's3')).toBeUndefined();
    expect(findStoredSession('["s3"]', 's3')).toBeUndefined();
    expect(findStoredSession(undefined, 's3')).toBeUndefined();
  });

  test('[A46] is told from pi by the marks of its records', () => {
    const claims = (adapter: typeof piAdapter, agent: string) =>
      fixturesOf(agent).map(({ lines }) => lines.filter((line) => adapter.recognises(JSON.parse(line.text))).length);
    for (const [index, own] of claims(openclawAdapter, 'openclaw').entries())
      expect(own).toBeGreaterThan(claims(piAdapter, 'openclaw')[index]!);
    for (const [index, own] of claims(piAdapter, 'pi').entries()) expect(own).toBeGreaterThan(claims(openclawAdapter, 'pi')[index]!);
  });
});
