import { describe, expect, test } from 'vitest';
import type { TranscriptAdapter } from '../../../src/core/transcripts/adapter.ts';
import { transcriptAdapters } from '../../../src/core/transcripts/table.ts';
import { runAdapterContract } from './adapterContract.ts';

for (const adapter of transcriptAdapters) runAdapterContract(adapter);

describe('the table of adapters', () => {
  test('[A1] names each agent once', () => {
    expect(new Set(transcriptAdapters.map((adapter) => adapter.id)).size).toBe(transcriptAdapters.length);
  });

  test.each([
    ['codex', 'linux', '/home/dev', {}, ['/home/dev/.codex/sessions']],
    ['codex', 'win32', 'C:\\Users\\dev', {}, ['C:\\Users\\dev\\.codex\\sessions']],
    ['codex', 'darwin', '/Users/dev', { CODEX_HOME: '/opt/codex/' }, ['/opt/codex/sessions']],
    ['claude', 'linux', '/home/dev', {}, ['/home/dev/.claude/projects']],
    ['claude', 'win32', 'C:\\Users\\dev', {}, ['C:\\Users\\dev\\.claude\\projects']],
    ['claude', 'darwin', '/Users/dev', { CLAUDE_CONFIG_DIR: '/opt/claude' }, ['/opt/claude/projects']],
    ['pi', 'linux', '/home/dev', {}, ['/home/dev/.pi/agent/sessions']],
    ['pi', 'win32', 'C:\\Users\\dev', {}, ['C:\\Users\\dev\\.pi\\agent\\sessions']],
    ['pi', 'darwin', '/Users/dev', { PI_CODING_AGENT_DIR: '~/p' }, ['/Users/dev/p/sessions']],
    ['pi', 'darwin', '/Users/dev', { PI_CODING_AGENT_SESSION_DIR: '/s' }, ['/Users/dev/.pi/agent/sessions', '/s']],
    ['openclaw', 'linux', '/home/dev', {}, ['/home/dev/.openclaw/agents', '/home/dev/.moltbot/agents', '/home/dev/.clawdbot/agents']],
    ['openclaw', 'win32', 'C:\\Users\\dev', { OPENCLAW_STATE_DIR: 'D:\\claw' }, ['D:\\claw\\agents']],
    ['openclaw', 'darwin', '/Users/dev', { OPENCLAW_HOME: '/o' }, ['/o/.openclaw/agents', '/o/.moltbot/agents', '/o/.clawdbot/agents']],
  ])('[A7] finds the transcripts of %s by the environment of %s', (id, platform, homeFolder, variables, folders) => {
    expect(
      adapterOf(id)
        .roots({ platform, homeFolder, variables })
        .map((root) => root.folder),
    ).toEqual(folders);
  });

  test.each([
    ['codex', '2026/11/20/rollout-2026-11-20T22-29-10-01a1.jsonl', true],
    ['codex', '2026/11/20/notes.jsonl', false],
    ['claude', '-home-dev-p/625d02c2.jsonl', true],
    ['claude', '-home-dev-p/625d02c2/subagents/agent-ae.jsonl', true],
    ['claude', '-home-dev-p/625d02c2/subagents/workflows/w1/agent-ae.jsonl', true],
    ['claude', '-home-dev-p/625d02c2/subagents/workflows/w1/journal.jsonl', false],
    ['claude', '-home-dev-p/625d02c2/tool-results/x.txt', false],
    ['pi', '--home-dev-p--/2026-11-20T22-39-50-240Z_01a1fb1d.jsonl', true],
    ['pi', '2026-11-20T22-39-50-240Z_01a1fb1d.jsonl', true],
    ['pi', '--home-dev-p--/notes.jsonl', false],
    ['openclaw', 'main/sessions/0cb9d58f.jsonl', true],
    ['openclaw', 'main/sessions/0cb9d58f-topic-7.jsonl', true],
    ['openclaw', 'main/sessions/0cb9d58f.jsonl.reset.2026-11-20T00-00-00.000Z', true],
    ['openclaw', 'main/sessions/0cb9d58f.jsonl.deleted.2026-11-20T00-00-00.000Z', false],
    ['openclaw', 'main/sessions/0cb9d58f.trajectory.jsonl', false],
    ['openclaw', 'main/sessions/sessions.json', false],
  ])('[A7] tells the transcripts of %s from what lies beside them: %s', (id, relative, isOne) => {
    const roots = adapterOf(id).roots({ platform: 'linux', homeFolder: '/h', variables: {} });
    expect(roots.some((root) => root.isTranscript(relative))).toBe(isOne);
  });

  test.each([
    ['codex', ['codex', 'resume', '1a; rm -rf /']],
    ['claude', ['claude', '--resume', '1a; rm -rf /']],
    ['pi', ['pi', '--session', '1a; rm -rf /']],
    ['openclaw', ['openclaw', 'tui', '--session', '1a; rm -rf /']],
  ])('[A7] resumes a run by the words of %s', (id, words) => {
    expect(adapterOf(id).resumeCommand('1a; rm -rf /')).toEqual(words);
  });
});

function adapterOf(id: string): TranscriptAdapter {
  return transcriptAdapters.find((adapter) => adapter.id === id)!;
}
