import { describe, expect, test } from 'vitest';
import { transcriptAdapters } from '../../../src/core/transcripts/table.ts';
import { runAdapterContract } from './adapterContract.ts';

for (const adapter of transcriptAdapters) runAdapterContract(adapter);

describe('the table of adapters', () => {
  test('[A1] names each agent once', () => {
    expect(new Set(transcriptAdapters.map((adapter) => adapter.id)).size).toBe(transcriptAdapters.length);
  });

  test.each([
    ['linux', '/home/dev', {}, ['/home/dev/.codex/sessions', '/home/dev/.claude/projects']],
    ['win32', 'C:\\Users\\dev', {}, ['C:\\Users\\dev\\.codex\\sessions', 'C:\\Users\\dev\\.claude\\projects']],
    [
      'darwin',
      '/Users/dev',
      { CODEX_HOME: '/opt/codex/', CLAUDE_CONFIG_DIR: '/opt/claude' },
      ['/opt/codex/sessions', '/opt/claude/projects'],
    ],
  ])('[A7] finds the transcripts by the environment of %s', (platform, homeFolder, variables, folders) => {
    const found = transcriptAdapters.flatMap((adapter) => adapter.roots({ platform, homeFolder, variables }).map((root) => root.folder));
    expect(found).toEqual(folders);
  });

  test('[A7] tells transcripts from what lies beside them', () => {
    const [codex, claude] = transcriptAdapters.map((adapter) => adapter.roots({ platform: 'linux', homeFolder: '/h', variables: {} })[0]!);
    expect(codex!.isTranscript('2026/11/20/rollout-2026-11-20T22-29-10-01a1.jsonl')).toBe(true);
    expect(codex!.isTranscript('2026/11/20/notes.jsonl')).toBe(false);
    expect(claude!.isTranscript('-home-dev-p/625d02c2.jsonl')).toBe(true);
    expect(claude!.isTranscript('-home-dev-p/625d02c2/subagents/agent-ae.jsonl')).toBe(true);
    expect(claude!.isTranscript('-home-dev-p/625d02c2/subagents/workflows/w1/agent-ae.jsonl')).toBe(true);
    expect(claude!.isTranscript('-home-dev-p/625d02c2/subagents/workflows/w1/journal.jsonl')).toBe(false);
    expect(claude!.isTranscript('-home-dev-p/625d02c2/tool-results/x.txt')).toBe(false);
  });

  test('[A7] resumes a run by the words of its agent', () => {
    expect(transcriptAdapters.map((adapter) => adapter.resumeCommand('1a; rm -rf /'))).toEqual([
      ['codex', 'resume', '1a; rm -rf /'],
      ['claude', '--resume', '1a; rm -rf /'],
    ]);
  });
});
