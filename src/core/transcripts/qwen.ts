import type { AgentEnvironment, TranscriptAdapter } from './adapter.ts';
import { atHome, joinHome } from './home.ts';
import { asRecord, asText } from './jsonValue.ts';
import { QwenReader } from './qwenReader.ts';

/**
 * Qwen Code. `$QWEN_RUNTIME_DIR`, `$QWEN_HOME` or `~/.qwen`, below it `projects/<folder>/chats/<session>.jsonl`, and the
 * sub-agents' own `projects/<folder>/subagents/<session>/agent-<id>.jsonl`.
 */
export const qwenAdapter: TranscriptAdapter = {
  id: 'qwen',
  name: 'Qwen Code',
  commandNames: ['qwen'],
  roots: (environment) => [
    {
      folder: joinHome(environment, qwenHome(environment), 'projects'),
      depth: 3,
      framing: 'json-lines',
      isTranscript: (relative) =>
        /^[^/]+\/chats\/[^/]+\.jsonl$/.test(relative) || /^[^/]+\/subagents\/[^/]+\/agent-[^/]+\.jsonl$/.test(relative),
    },
  ],
  recognises: (value) => {
    const record = asRecord(value);
    const type = asText(record?.['type']);
    if (record === undefined || typeof record['uuid'] !== 'string' || typeof record['sessionId'] !== 'string') return false;
    const parts = asRecord(record['message'])?.['parts'];
    if (type === 'user' || type === 'assistant' || type === 'tool_result') return Array.isArray(parts);
    return type === 'system' && (record['systemPayload'] !== undefined || Array.isArray(parts));
  },
  openReader: (file, tools) => new QwenReader(file, tools),
  resumeCommand: (run) => ['qwen', '--resume', run],
};

function qwenHome(environment: AgentEnvironment): string {
  const told = environment.variables['QWEN_RUNTIME_DIR'] || environment.variables['QWEN_HOME'];
  return told === undefined || told === '' ? joinHome(environment, environment.homeFolder, '.qwen') : atHome(environment, told);
}
