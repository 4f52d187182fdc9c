import type { AgentEnvironment, TranscriptAdapter } from './adapter.ts';
import { joinHome } from './home.ts';
import { CodexReader } from './codexReader.ts';
import { asRecord, asText, type JsonRecord } from './jsonValue.ts';

/**
 * Codex CLI. `$CODEX_HOME` or `~/.codex`, below it `sessions/YYYY/MM/DD/rollout-<time>-<thread>.jsonl`. A session that is
 * taken up again grows in the folder of the day on which it began. What was archived lies in `archived_sessions/`; older
 * ones may be packed (`.jsonl.zst`), the oldest are documents (`rollout-*.json`).
 */
export const codexAdapter: TranscriptAdapter = {
  id: 'codex',
  name: 'Codex',
  commandNames: ['codex'],
  roots: (environment) => {
    const folder = joinHome(environment, codexHome(environment), 'sessions');
    const archive = joinHome(environment, codexHome(environment), 'archived_sessions');
    return [
      { folder, depth: 3, framing: 'json-lines', isTranscript: isRollout('jsonl') },
      { folder, depth: 3, framing: 'packed-lines', isCold: true, isTranscript: isRollout('jsonl.zst') },
      { folder, depth: 3, framing: 'json-document', isCold: true, isTranscript: isRollout('json') },
      { folder: archive, depth: 3, framing: 'json-lines', isCold: true, isTranscript: isRollout('jsonl') },
      { folder: archive, depth: 3, framing: 'packed-lines', isCold: true, isTranscript: isRollout('jsonl.zst') },
    ];
  },
  recognises: (value) => {
    const record = asRecord(value);
    if (record === undefined) return false;
    const type = asText(record['type']);
    if (record['member'] === 'session' || record['member'] === 'items') return isOldPiece(record['member'], asRecord(record['value']));
    if (asRecord(record['payload']) !== undefined) return type !== undefined && lineTypes.has(type);
    // The oldest files: bare items, a first line without a type, and lines of state.
    if (type === undefined)
      return record['record_type'] === 'state' || (record['instructions'] !== undefined && record['git'] !== undefined);
    return (
      bareItems.has(type) && (record['call_id'] ?? record['role'] ?? record['summary']) !== undefined && record['sessionId'] === undefined
    );
  },
  openReader: (file, tools) => new CodexReader(file, tools),
  resumeCommand: (run) => ['codex', 'resume', run],
  forkCommand: (run) => ['codex', 'fork', run],
};

/** A piece of the oldest rollouts, documents `{session: {timestamp, id, instructions}, items: […]}`. */
function isOldPiece(member: 'session' | 'items', value: JsonRecord | undefined): boolean {
  if (member === 'session') return typeof value?.['id'] === 'string' && value['timestamp'] !== undefined;
  const type = asText(value?.['type']);
  return type !== undefined && (bareItems.has(type) || (type === 'message' && value?.['role'] !== undefined));
}

const isRollout = (ending: string): ((relative: string) => boolean) => {
  const name = new RegExp(`(?:^|/)rollout-[^/]+\\.${ending.replaceAll('.', '\\.')}$`);
  return (relative) => name.test(relative);
};

const lineTypes = new Set([
  'compacted',
  'event_msg',
  'inter_agent_communication',
  'inter_agent_communication_metadata',
  'response_item',
  'session_meta',
  'token_usage_record',
  'turn_context',
  'world_state',
]);
const bareItems = new Set([
  'custom_tool_call',
  'custom_tool_call_output',
  'function_call',
  'function_call_output',
  'local_shell_call',
  'reasoning',
]);

function codexHome(environment: AgentEnvironment): string {
  return environment.variables['CODEX_HOME'] || joinHome(environment, environment.homeFolder, '.codex');
}
