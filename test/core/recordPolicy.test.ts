import { expect, it } from 'vitest';
import { judgeRun, readRecordPolicy } from '../../src/core/recordPolicy.ts';
import { classifyRun, classText } from '../../src/core/sessionKey.ts';

const openclaw = (key: string, parent?: string): ReturnType<typeof classifyRun> => classifyRun({ agent: 'openclaw', key, parent });

it.each([
  ['agent:main:main', { kind: 'main', depth: 0, agentId: 'main' }, 'own conversation'],
  ['agent:work:telegram:group:-100', { kind: 'chat', channel: 'telegram', chatType: 'group' }, 'group chat on telegram'],
  ['agent:work:discord:channel:77:thread:5', { kind: 'chat', channel: 'discord', thread: '5' }, 'channel chat on discord, in a thread'],
  ['agent:main:cron:nightly:run:1', { kind: 'cron', depth: 0 }, 'cron job'],
  ['agent:main:subagent:a:subagent:b', { kind: 'subagent', depth: 2 }, 'sub-agent of level 2'],
  ['agent:main:acp:1', { kind: 'acp' }, 'ACP session'],
])('[A65] classifies %s', (key, expected, text) => {
  expect(openclaw(key)).toMatchObject(expected);
  expect(classText(openclaw(key))).toBe(text);
});

it('[A65] classifies a run without a key by who began it', () => {
  expect(classifyRun({ agent: 'claude' })).toEqual({ agent: 'claude', kind: 'main', depth: 0 });
  expect(classifyRun({ agent: 'claude', parent: 'r1' })).toEqual({ agent: 'claude', kind: 'subagent', depth: 1 });
});

it('[A66] lets the first rule that fits a run decide, by agent, channel, kind and key', () => {
  const { policy, problems } = readRecordPolicy([
    { action: 'allow', key: 'agent:main:cron:nightly*' },
    { action: 'deny', kind: 'cron' },
    { action: 'deny', agent: 'openclaw', channel: 'Telegram', chatType: 'direct' },
    { action: 'deny', agent: 'aider' },
    { action: 'deny', key: 'agent:*:discord:*:thread:*' },
  ]);
  expect(problems).toEqual([]);
  const isRecorded = (run: ReturnType<typeof classifyRun>): boolean => judgeRun(policy, run).isRecorded;
  expect(isRecorded(openclaw('agent:main:cron:nightly:run:4'))).toBe(true);
  expect(isRecorded(openclaw('agent:main:cron:hourly'))).toBe(false);
  expect(isRecorded(openclaw('agent:main:telegram:direct:12345'))).toBe(false);
  expect(isRecorded(openclaw('agent:main:telegram:group:12345'))).toBe(true);
  expect(isRecorded(openclaw('agent:x:discord:channel:9:thread:1'))).toBe(false);
  expect(isRecorded(openclaw('agent:x:discord:channel:9'))).toBe(true);
  expect(isRecorded(classifyRun({ agent: 'aider' }))).toBe(false);
  expect(isRecorded(classifyRun({ agent: 'codex' }))).toBe(true);
});

it('[A66] says why a run is not recorded, and nothing of whom its key names', () => {
  const { policy } = readRecordPolicy([{ action: 'deny', channel: 'telegram' }]);
  expect(judgeRun(policy, openclaw('agent:main:telegram:direct:+491234'))).toEqual({
    isRecorded: false,
    reason: 'direct chat on telegram: rule 1 of tapedeck.recordPolicy',
  });
});

it('[A66] errs on the side of not recording where a rule cannot be read, and says so', () => {
  const { policy, problems } = readRecordPolicy([
    { action: 'deny', agent: 'aider', chanel: 'x' },
    { action: 'allow', agent: 'codex', kind: 7 },
    { action: 'forbid' },
    'deny',
    { action: 'deny', agent: 'codex' },
  ]);
  expect(problems).toHaveLength(4);
  expect(judgeRun(policy, classifyRun({ agent: 'aider' })).isRecorded).toBe(false);
  expect(judgeRun(policy, classifyRun({ agent: 'codex' })).isRecorded).toBe(false);
  expect(judgeRun(policy, classifyRun({ agent: 'pi' })).isRecorded).toBe(true);
  const none = readRecordPolicy('deny');
  expect(none.problems).toHaveLength(1);
  expect(judgeRun(none.policy, classifyRun({ agent: 'pi' })).isRecorded).toBe(false);
});

it('[A66] matches a pattern of many stars in no time', () => {
  const { policy } = readRecordPolicy([{ action: 'deny', key: '*a'.repeat(200) + 'b' }]);
  const from = performance.now();
  expect(judgeRun(policy, openclaw(`agent:main:${'a'.repeat(4000)}`)).isRecorded).toBe(true);
  expect(performance.now() - from).toBeLessThan(200);
});
