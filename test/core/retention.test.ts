import { describe, expect, test } from 'vitest';
import { deletionDueAt, retentionPolicies } from '../../src/core/retention.ts';

const policyOf = (agent: string) => retentionPolicies.find((policy) => policy.agent === agent)!;
const environment = { platform: 'linux', homeFolder: '/home/me', variables: {}, folders: ['/project'] };

describe('how long an agent keeps its transcripts', () => {
  test('[A53] is what its settings say, the nearest first, else what it does by default', () => {
    const { files, keptDays } = policyOf('claude');
    expect(files(environment)).toEqual([
      '/home/me/.claude/settings.json',
      '/project/.claude/settings.json',
      '/project/.claude/settings.local.json',
    ]);
    expect(files({ ...environment, variables: { CLAUDE_CONFIG_DIR: '/other' } })[0]).toBe('/other/settings.json');
    expect(keptDays([])).toBe(30);
    expect(keptDays([{ cleanupPeriodDays: 99_999 }])).toBe(99_999);
    expect(keptDays([{ cleanupPeriodDays: 90 }, { cleanupPeriodDays: 7 }, {}])).toBe(7);
    for (const odd of [{ cleanupPeriodDays: 'x' }, null, 'text', [], { cleanupPeriodDays: -1 }]) expect(keptDays([odd])).toBe(30);
  });

  test('[A53] is read of each agent in its own words', () => {
    const gemini = policyOf('gemini');
    expect(gemini.files(environment)).toEqual(['/home/me/.gemini/settings.json', '/project/.gemini/settings.json']);
    expect(gemini.keptDays([])).toBe(30);
    expect(gemini.keptDays([{ general: { sessionRetention: { enabled: false } } }])).toBeUndefined();
    expect(gemini.keptDays([{ general: { sessionRetention: { maxAge: '2w' } } }])).toBe(14);
    expect(gemini.keptDays([{ general: { sessionRetention: { maxAge: '12h' } } }])).toBe(0.5);
    const openclaw = policyOf('openclaw');
    expect(openclaw.files(environment)).toEqual(['/home/me/.openclaw/openclaw.json']);
    expect(openclaw.keptDays([{ session: { maintenance: { mode: 'warn' } } }])).toBeUndefined();
    expect(openclaw.keptDays([{ session: { maintenance: { pruneAfter: '45d' } } }])).toBe(45);
    expect(retentionPolicies.some(({ agent }) => agent === 'codex')).toBe(false);
  });

  test('[A53] counts from the last change of the file', () => {
    expect(deletionDueAt(0, 30)).toBe(30 * 86_400_000);
  });
});
