import type { AgentEnvironment, TranscriptAdapter } from './adapter.ts';
import { GeminiReader } from './geminiReader.ts';
import { atHome, joinHome } from './home.ts';
import { asRecord, asText } from './jsonValue.ts';

/**
 * Gemini CLI. `.gemini` in `$GEMINI_CLI_HOME` or in the user's own folder, below it `tmp/<project>/chats/session-<time>-
 * <id>.jsonl`, a document `.json` before 0.40, and the sub-agents' own `chats/<session>/<id>.jsonl`. The project is a
 * word, whose folder `tmp/<project>/.project_root` tells, or in older versions the SHA-256 of its folder.
 */
export const geminiAdapter: TranscriptAdapter = {
  id: 'gemini',
  name: 'Gemini CLI',
  commandNames: ['gemini'],
  roots: (environment) => {
    const folder = joinHome(environment, geminiHome(environment), '.gemini', 'tmp');
    return [
      {
        folder,
        depth: 3,
        framing: 'json-lines',
        isTranscript: (relative) => /^[^/]+\/chats\/(?:[^/]+\/)?[^/]+\.jsonl$/.test(relative),
      },
      { folder, depth: 2, framing: 'json-document', isTranscript: (relative) => /^[^/]+\/chats\/session-[^/]+\.json$/.test(relative) },
    ];
  },
  recognises: (value) => {
    const record = asRecord(value);
    if (record === undefined) return false;
    if (record['member'] === 'projectHash') return typeof record['value'] === 'string';
    if (record['member'] === 'messages') return isMessage(asRecord(record['value']));
    if (record['$set'] !== undefined || record['$rewindTo'] !== undefined) return true;
    return (typeof record['projectHash'] === 'string' && typeof record['sessionId'] === 'string') || isMessage(record);
  },
  openReader: (file, tools) => new GeminiReader(file, tools),
  resumeCommand: (run) => ['gemini', '--resume', run],
};

function isMessage(record: ReturnType<typeof asRecord>): boolean {
  const type = asText(record?.['type']);
  if (record === undefined || typeof record['id'] !== 'string' || typeof record['timestamp'] !== 'string') return false;
  if (type === 'gemini') return true;
  return (type === 'user' || type === 'info' || type === 'error' || type === 'warning') && record['content'] !== undefined;
}

function geminiHome(environment: AgentEnvironment): string {
  const told = environment.variables['GEMINI_CLI_HOME'];
  return told === undefined || told === '' ? environment.homeFolder : atHome(environment, told);
}
