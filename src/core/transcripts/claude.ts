import type { AgentEnvironment, TranscriptAdapter } from './adapter.ts';
import { ClaudeReader } from './claudeReader.ts';
import { joinHome } from './home.ts';

/**
 * Claude Code. `$CLAUDE_CONFIG_DIR` or `~/.claude`, below it `projects/<folder>/<session>.jsonl`, and the sub-agents' own
 * files `projects/<folder>/<session>/subagents/[…/]agent-<id>.jsonl` (in older versions beside the session's). The name of
 * the project folder does not tell the working folder for sure; the records do.
 */
export const claudeAdapter: TranscriptAdapter = {
  id: 'claude',
  name: 'Claude Code',
  commandNames: ['claude'],
  roots: (environment) => [
    {
      folder: joinHome(environment, claudeHome(environment), 'projects'),
      depth: 5,
      framing: 'json-lines',
      isTranscript: (relative) => /^[^/]+\/[^/]+\.jsonl$/.test(relative) || /\/subagents\/(?:.+\/)?agent-[^/]+\.jsonl$/.test(relative),
    },
  ],
  openReader: (file, tools) => new ClaudeReader(file, tools),
  resumeCommand: (run) => ['claude', '--resume', run],
};

function claudeHome(environment: AgentEnvironment): string {
  return environment.variables['CLAUDE_CONFIG_DIR'] || joinHome(environment, environment.homeFolder, '.claude');
}
