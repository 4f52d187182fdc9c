import { expect, test } from 'vitest';
import { driftOf } from '../../../src/core/transcripts/drift.ts';

test('[A49] drift of a format is told by agent, version and type of record', () => {
  const run = (agent: string, version: string | undefined, unknown: Record<string, number>, misshapen = 0) => ({
    agent,
    run: version === undefined ? {} : { version },
    unknown,
    misshapen,
  });
  expect(
    driftOf([
      run('claude', '3.0', { dream: 2, ['__proto__']: 1 }),
      run('claude', '3.0', { dream: 3 }),
      run('claude', '3.1', { dream: 1 }, 4),
      run('pi', undefined, { ['x'.repeat(500)]: 1 }),
      run('codex', '1', {}),
    ]),
  ).toEqual([
    { agent: 'claude', version: '3.0', recordType: 'dream', count: 5 },
    { agent: 'claude', version: '3.1', recordType: 'misshapen', count: 4 },
    { agent: 'claude', version: '3.0', recordType: '__proto__', count: 1 },
    { agent: 'claude', version: '3.1', recordType: 'dream', count: 1 },
    { agent: 'pi', recordType: 'x'.repeat(80), count: 1 },
  ]);
});
