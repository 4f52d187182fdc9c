import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TranscriptAdapter } from '../../../src/core/transcripts/adapter.ts';
import { transcriptAdapters } from '../../../src/core/transcripts/table.ts';
import { runAdapterContract } from './adapterContract.ts';

for (const adapter of transcriptAdapters) runAdapterContract(adapter);

describe('the table of adapters', () => {
  test('[A1] names each agent once', () => {
    expect(new Set(transcriptAdapters.map((adapter) => adapter.id)).size).toBe(transcriptAdapters.length);
  });

  test('[A7] can be followed by the setting, each of them', () => {
    const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')) as {
      contributes: { configuration: { properties: Record<'tapedeck.agents', { default: string[]; items: { enum: string[] } }> } };
    };
    const setting = manifest.contributes.configuration.properties['tapedeck.agents'];
    const ids = transcriptAdapters.map((adapter) => adapter.id).toSorted();
    expect(setting.items.enum.toSorted()).toEqual(ids);
    expect(setting.default.toSorted()).toEqual(ids);
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
    ['gemini', 'linux', '/home/dev', {}, ['/home/dev/.gemini/tmp']],
    ['gemini', 'win32', 'C:\\Users\\dev', { GEMINI_CLI_HOME: 'D:\\g' }, ['D:\\g\\.gemini\\tmp']],
    ['kimi', 'linux', '/home/dev', {}, ['/home/dev/.kimi-code/sessions', '/home/dev/.kimi/sessions']],
    ['kimi', 'win32', 'C:\\Users\\dev', { KIMI_CODE_HOME: 'D:\\k' }, ['D:\\k\\sessions', 'C:\\Users\\dev\\.kimi\\sessions']],
    ['qwen', 'linux', '/home/dev', {}, ['/home/dev/.qwen/projects']],
    ['qwen', 'darwin', '/Users/dev', { QWEN_HOME: '~/q' }, ['/Users/dev/q/projects']],
    ['qwen', 'win32', 'C:\\Users\\dev', { QWEN_HOME: 'D:\\q', QWEN_RUNTIME_DIR: 'D:\\r' }, ['D:\\r\\projects']],
  ])('[A7] finds the transcripts of %s by the environment of %s', (id, platform, homeFolder, variables, folders) => {
    const roots = adapterOf(id)
      .roots({ platform, homeFolder, variables })
      .filter((root) => root.isCold !== true);
    expect([...new Set(roots.map((root) => root.folder))]).toEqual(folders);
  });

  test.each([
    ['codex', '2026/11/20/rollout-2026-11-20T22-29-10-01a1.jsonl', true],
    ['codex', '2026/11/20/notes.jsonl', false],
    ['codex', '2026/11/20/rollout-2026-11-20T22-29-10-01a1.jsonl.zst', true],
    ['codex', 'rollout-2025-04-16-01a1.json', true],
    ['claude', '-home-dev-p/625d02c2.jsonl', true],
    ['claude', '-home-dev-p/625d02c2/subagents/agent-ae.jsonl', true],
    ['claude', '-home-dev-p/625d02c2/subagents/workflows/w1/agent-ae.jsonl', true],
    ['claude', '-home-dev-p/625d02c2/subagents/workflows/w1/journal.jsonl', false],
    ['claude', '-home-dev-p/625d02c2/tool-results/x.txt', false],
    ['pi', '--home-dev-p--/2026-11-20T22-39-50-240Z_01a1fb1d.jsonl', true],
    ['pi', '2026-11-20T22-39-50-240Z_01a1fb1d.jsonl', true],
    ['pi', '--home-dev-p--/notes.jsonl', false],
    ['kimi', 'wd_p_1/session_1/agents/main/wire.jsonl', true],
    ['kimi', 'wd_p_1/session_1/wire.jsonl', true],
    ['kimi', 'wd_p_1/session_1/state.json', false],
    ['cline', '17_ab/17_ab.messages.json', true],
    ['cline', '17_ab/17_ab.json', false],
    ['cline', 'tasks/17/ui_messages.json', true],
    ['cline', 'tasks/17/api_conversation_history.json', false],
    ['vscode-chat', '0a1b/chatSessions/s.json', true],
    ['vscode-chat', '0a1b/chatSessions/s.jsonl', true],
    ['vscode-chat', '0a1b/GitHub.copilot-chat/transcripts/s.jsonl', false],
    ['openclaw', 'main/agent/openclaw-agent.sqlite', true],
    ['openclaw', 'main/agent/openclaw-agent.sqlite-wal', false],
    ['openclaw', 'main/sessions/0cb9d58f.jsonl', true],
    ['openclaw', 'main/sessions/0cb9d58f-topic-7.jsonl', true],
    ['openclaw', 'main/sessions/0cb9d58f.jsonl.reset.2026-11-20T00-00-00.000Z', true],
    ['openclaw', 'main/sessions/0cb9d58f.jsonl.deleted.2026-11-20T00-00-00.000Z', false],
    ['openclaw', 'main/sessions/0cb9d58f.trajectory.jsonl', false],
    ['openclaw', 'main/sessions/sessions.json', false],
    ['gemini', 'p/chats/session-2026-11-20T22-36-e4e64d52.jsonl', true],
    ['gemini', 'p/chats/9b05696c/c2d42ce9.jsonl', true],
    ['gemini', '7e89/chats/session-2026-01-15T20-51-f7633853.json', true],
    ['gemini', 'p/logs.json', false],
    ['gemini', 'p/chats/session-2026-11-20T22-36-e4e64d52.jsonl.tmp-7', false],
    ['qwen', '-home-dev-p/chats/b2ab028c.jsonl', true],
    ['qwen', '-home-dev-p/subagents/e8e5/agent-x.jsonl', true],
    ['qwen', '-home-dev-p/chats/b2ab028c.runtime.json', false],
  ])('[A7] tells the transcripts of %s from what lies beside them: %s', (id, relative, isOne) => {
    const roots = adapterOf(id).roots({ platform: 'linux', homeFolder: '/h', variables: {} });
    expect(roots.some((root) => root.isTranscript(relative))).toBe(isOne);
  });

  test.each([
    ['codex', ['codex', 'resume', '1a; rm -rf /']],
    ['claude', ['claude', '--resume', '1a; rm -rf /']],
    ['pi', ['pi', '--session', '1a; rm -rf /']],
    ['gemini', ['gemini', '--resume', '1a; rm -rf /']],
    ['qwen', ['qwen', '--resume', '1a; rm -rf /']],
    ['openclaw', ['openclaw', 'tui', '--session', '1a; rm -rf /']],
  ])('[A7] resumes a run by the words of %s', (id, words) => {
    expect(adapterOf(id).resumeCommand('1a; rm -rf /')).toEqual(words);
  });
});

function adapterOf(id: string): TranscriptAdapter {
  return transcriptAdapters.find((adapter) => adapter.id === id)!;
}
