import { expect, test } from 'vitest';
import { parseSessionKey } from '../../../src/core/transcripts/openclawKey.ts';

test.each([
  ['agent:main:main', { agentId: 'main', kind: 'main', depth: 0, base: 'agent:main:main' }],
  ['agent:ops:telegram:group:-100123', { agentId: 'ops', kind: 'chat', channel: 'telegram', chatType: 'group', id: '-100123' }],
  ['agent:main:direct:+4912', { kind: 'chat', chatType: 'direct', id: '+4912' }],
  ['agent:main:whatsapp:direct:+4912', { kind: 'chat', channel: 'whatsapp', chatType: 'direct', id: '+4912' }],
  ['agent:main:discord:Work:dm:42', { kind: 'chat', channel: 'discord', account: 'Work', chatType: 'direct', id: '42' }],
  ['agent:main:matrix:channel:!AbC:server.org', { kind: 'chat', channel: 'matrix', chatType: 'channel', id: '!AbC:server.org' }],
  [
    'agent:main:slack:channel:c1:thread:17.5',
    { kind: 'chat', channel: 'slack', id: 'c1', thread: '17.5', base: 'agent:main:slack:channel:c1' },
  ],
  ['agent:main:telegram:group:-1:topic:7', { kind: 'chat', id: '-1', thread: '7' }],
  ['agent:main:subagent:u1', { kind: 'subagent', id: 'u1', depth: 1 }],
  ['agent:main:subagent:u1:subagent:u2', { kind: 'subagent', id: 'u2', depth: 2 }],
  ['subagent:u1', { agentId: undefined, kind: 'subagent', id: 'u1', depth: 1 }],
  ['agent:main:acp:u1', { kind: 'acp', id: 'u1', depth: 0 }],
  ['agent:main:cron:nightly', { kind: 'cron', id: 'nightly' }],
  ['agent:main:cron:nightly:run:r1', { kind: 'cron', id: 'nightly', jobRun: 'r1' }],
  ['cron:nightly', { agentId: undefined, kind: 'cron', id: 'nightly' }],
  ['hook:h1', { kind: 'hook', id: 'h1' }],
  ['global', { agentId: undefined, kind: 'global' }],
  ['agent:main:incident-42', { kind: 'other', id: 'incident-42' }],
  ['AGENT:Main:CRON:Nightly', { agentId: 'Main', kind: 'cron', id: 'Nightly' }],
  ['agent:main', { agentId: undefined, kind: 'other' }],
  ['agent::x', { agentId: undefined, kind: 'other' }],
  ['agent:main:a:b:c:d:e', { kind: 'other', id: 'a:b:c:d:e' }],
])('[A45] reads the session key %s', (key, parsed) => {
  expect(parseSessionKey(key)).toMatchObject({ key, ...parsed });
});

test('[A45] takes for a key only what can be one', () => {
  for (const value of ['', '  ', 7, null, undefined, {}, 'a'.repeat(5000)]) expect(parseSessionKey(value)).toBeUndefined();
});

test('[A6] reads a key of nothing but marks quickly', () => {
  const started = performance.now();
  parseSessionKey(':subagent:'.repeat(400));
  parseSessionKey(`agent:a${':thread:'.repeat(500)}`);
  expect(performance.now() - started).toBeLessThan(500);
});
