import type { AgentEnvironment, TranscriptAdapter } from './adapter.ts';
import { ClaudeReader } from './claudeReader.ts';
import { joinHome } from './home.ts';
import { asRecord, asText } from './jsonValue.ts';

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
  recognises: (value) => {
    const record = asRecord(value);
    const type = asText(record?.['type']);
    if (record === undefined || type === undefined) return false;
    const message = asRecord(record['message']);
    if (type === 'user' || type === 'assistant')
      return message?.['content'] !== undefined && (record['sessionId'] ?? record['uuid'] ?? record['parentUuid']) !== undefined;
    if (type === 'summary') return record['leafUuid'] !== undefined;
    if (type === 'system' || type === 'attachment' || type === 'progress')
      return record['sessionId'] !== undefined && record['systemPayload'] === undefined;
    return bookkeepingTypes.has(type);
  },
  openReader: (file, tools) => new ClaudeReader(file, tools),
  resumeCommand: (run) => ['claude', '--resume', run],
  forkCommand: (run) => ['claude', '--resume', run, '--fork-session'],
};

/** Types that no other agent's records have. */
const bookkeepingTypes = new Set([
  'ai-title',
  'api-request',
  'api-request-blob',
  'api-request-shape',
  'cost-state',
  'custom-title',
  'file-history-delta',
  'file-history-snapshot',
  'last-prompt',
  'permission-mode',
  'queue-operation',
  'tools-used',
]);

function claudeHome(environment: AgentEnvironment): string {
  return environment.variables['CLAUDE_CONFIG_DIR'] || joinHome(environment, environment.homeFolder, '.claude');
}
