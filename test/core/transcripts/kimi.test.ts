import { describe, expect, test } from 'vitest';
import { sourceKey, type TranscriptFact } from '../../../src/core/transcripts/adapter.ts';
import { kimiAdapter } from '../../../src/core/transcripts/kimi.ts';
import { nodeDigest } from '../../../src/store/digest.ts';
import { factsOf, fixturesOf } from './adapterContract.ts';
import { tell } from './script.ts';

const fixtures = fixturesOf('kimi');
const fixtureOf = (scenario: string, agent = 'main') =>
  fixtures.find((fixture) => fixture.scenario === scenario && fixture.relative.includes(`/agents/${agent}/`))!;
const toldOf = (facts: readonly TranscriptFact[], kind: TranscriptFact['kind']) => facts.filter((fact) => fact.kind === kind);

describe('Kimi Code', () => {
  test('[A3] tells a fork’s copied facts under the names of their originals', () => {
    const known = new Set(factsOf(kimiAdapter, fixtureOf('tools-and-sub-agent')).map((fact) => sourceKey(fact.src!)));
    const copied = factsOf(kimiAdapter, fixtureOf('fork')).filter((fact) => fact.kind !== 'run.started' && fact.kind !== 'run.forked');
    expect(copied.length).toBeGreaterThan(30);
    for (const fact of copied) expect(known).toContain(sourceKey(fact.src!));
  });

  test('[A12] tells a sub-agent as a run of its own with its parent', () => {
    const facts = factsOf(kimiAdapter, fixtureOf('tools-and-sub-agent', 'agent-0'));
    expect(facts[0]).toMatchObject({
      kind: 'run.started',
      run: 'session_8f2362bd-a405-4fbc-991e-300836d82d1a/agent-0',
      parent: 'session_8f2362bd-a405-4fbc-991e-300836d82d1a',
    });
    expect(toldOf(facts, 'prompt.submitted')).toMatchObject([{ provenance: 'inter_session', origin: 'subagent' }]);
  });

  test('[A12] tells an interrupted command and turn as such', () => {
    const facts = factsOf(kimiAdapter, fixtureOf('interrupted'));
    expect(toldOf(facts, 'command.ended')).toMatchObject([{ command: 'sleep 30', exitCode: null, outcome: 'interrupted' }]);
    expect(toldOf(facts, 'turn.ended')).toMatchObject([{ stopReason: 'cancelled' }]);
  });

  test('[A12] takes back the prompts that were undone, and tells a refusal, a plan mode and a retry', () => {
    const time = { at: 1_785_612_803_000 };
    const line = (type: string, body: object) => ({ type, time: (time.at += 1000), ...body });
    const prompt = (text: string) => line('turn.prompt', { input: [{ type: 'text', text }], origin: { kind: 'user' } });
    const { facts } = tell(kimiAdapter, 'w/session_1/agents/main/wire.jsonl', [
      line('metadata', { protocol_version: '1.5' }),
      line('config.update', { cwd: '/home/dev/p', modelAlias: 'kimi-k2' }),
      prompt('one'),
      prompt('two'),
      line('context.undo', { count: 1 }),
      prompt('three'),
      line('plan_mode.enter', { id: 'x' }),
      line('turn.step.retrying', { errorMessage: 'slow down', statusCode: 429 }),
      line('permission.record_approval_result', { toolCallId: 'Bash_0', result: { decision: 'rejected' } }),
      line('context.append_loop_event', { event: { type: 'tool.call', toolCallId: 'Bash_0', name: 'Bash', args: { command: 'rm x' } } }),
      line('context.append_loop_event', { event: { type: 'tool.result', toolCallId: 'Bash_0', result: { output: 'no', isError: true } } }),
    ]);
    expect(toldOf(facts, 'run.rewound')).toMatchObject([{ toTurn: 1, turns: 1 }]);
    expect(toldOf(facts, 'run.failed')).toMatchObject([{ what: '429: slow down', retry: true }]);
    expect(toldOf(facts, 'tool.returned')).toMatchObject([{ status: 'failed', outcome: 'denied' }]);
    expect(toldOf(facts, 'command.ended')).toEqual([]);
    expect(toldOf(facts, 'prompt.submitted').map((fact) => fact.turn)).toEqual([1, 2, 3]);
  });

  test('[A44] reads the wire of its forerunner', () => {
    let seconds = 1_769_000_000.5;
    const line = (type: string, payload: object) => ({ timestamp: (seconds += 1), message: { type, payload } });
    const { facts, counts } = tell(kimiAdapter, '0123456789abcdef/5f0c/wire.jsonl', [
      { type: 'metadata', protocol_version: '1.1' },
      line('TurnBegin', { user_input: 'change a' }),
      line('StepBegin', { n: 1 }),
      line('ToolCall', { type: 'function', id: 't1', function: { name: 'Shell', arguments: '{"command":"false"}' } }),
      line('ToolResult', {
        tool_call_id: 't1',
        return_value: { is_error: true, output: '', message: 'Failed with exit code: 1', display: [] },
      }),
      line('StatusUpdate', { token_usage: { input_other: 10, output: 3, input_cache_read: 5, input_cache_creation: 0 } }),
      line('ContentPart', { type: 'think', think: 'hm' }),
      line('ContentPart', { type: 'text', text: 'It failed.' }),
      line('TurnEnd', {}),
      line('Tomorrow', {}),
    ]);
    expect(facts.map((fact) => fact.kind)).toEqual([
      'run.started',
      'prompt.submitted',
      'tool.called',
      'command.ended',
      'tool.returned',
      'usage.reported',
      'reply.given',
      'turn.ended',
    ]);
    expect(toldOf(facts, 'command.ended')).toMatchObject([{ exitCode: 1 }]);
    expect([...counts.unknown]).toEqual([['message/Tomorrow', 1]]);
  });

  test('[A20] finds the folder of its forerunner by the hash that names it', () => {
    const folder = '/home/dev/ws';
    const relative = `${nodeDigest.md5!(folder)}/5f0c/wire.jsonl`;
    const open = (folders: readonly string[]) =>
      kimiAdapter.openReader({ path: `/t/${relative}`, relative }, { digest: nodeDigest, folders }).describe().cwd;
    expect(open(['/home/dev/other', folder])).toBe(folder);
    expect(open(['/home/dev/other'])).toBeUndefined();
  });
});
