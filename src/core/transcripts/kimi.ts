import type { AgentEnvironment, TranscriptAdapter } from './adapter.ts';
import { atHome, joinHome } from './home.ts';
import { asRecord, asText } from './jsonValue.ts';
import { KimiReader } from './kimiReader.ts';

/**
 * Kimi Code: `$KIMI_CODE_HOME` or `~/.kimi-code`, below it `sessions/<workspace>/<session>/agents/<agent>/wire.jsonl`, the
 * session's own agent being `main`, and beside them `state.json`. Its forerunner Kimi CLI: `$KIMI_SHARE_DIR` or `~/.kimi`,
 * below it `sessions/<hash of the folder>/<session>/wire.jsonl`.
 */
export const kimiAdapter: TranscriptAdapter = {
  id: 'kimi',
  name: 'Kimi Code',
  commandNames: ['kimi', 'kimi-cli'],
  roots: (environment) => [
    {
      folder: joinHome(environment, homeOf(environment, 'KIMI_CODE_HOME', '.kimi-code'), 'sessions'),
      depth: 4,
      framing: 'json-lines',
      isTranscript: (relative) => /^[^/]+\/[^/]+\/agents\/[^/]+\/wire\.jsonl$/.test(relative),
    },
    {
      folder: joinHome(environment, homeOf(environment, 'KIMI_SHARE_DIR', '.kimi'), 'sessions'),
      depth: 2,
      framing: 'json-lines',
      isTranscript: (relative) => /^[^/]+\/[^/]+\/wire\.jsonl$/.test(relative),
    },
  ],
  recognises: (value) => {
    const record = asRecord(value);
    const type = asText(record?.['type']);
    if (record === undefined) return false;
    if (type === 'metadata') return typeof record['protocol_version'] === 'string';
    if (type !== undefined) return typeof record['time'] === 'number' && /^[a-z_]+\.[a-z_.]+$/.test(type);
    const message = asRecord(record['message']);
    return typeof record['timestamp'] === 'number' && typeof message?.['type'] === 'string' && asRecord(message['payload']) !== undefined;
  },
  openReader: (file, tools) => new KimiReader(file, tools),
  resumeCommand: (run) => ['kimi', '--session', run.split('/')[0] ?? run],
};

function homeOf(environment: AgentEnvironment, variable: string, folder: string): string {
  const told = environment.variables[variable];
  return told === undefined || told === '' ? joinHome(environment, environment.homeFolder, folder) : atHome(environment, told);
}
