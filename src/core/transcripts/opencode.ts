import type { AgentEnvironment, TranscriptAdapter } from './adapter.ts';
import { joinHome } from './home.ts';
import { asList, asRecord, asText } from './jsonValue.ts';
import { OpencodeReader } from './opencodeReader.ts';

/**
 * OpenCode. `$XDG_DATA_HOME/opencode` or `~/.local/share/opencode`, on every platform. There lies `opencode.db` (a name of
 * its own for other channels, `opencode-dev.db`) with all sessions; before 1.2 a file for each session, message and part
 * below `storage`, which stay there after the move into the database. `opencode export` writes one session as a document.
 */
export const opencodeAdapter: TranscriptAdapter = {
  id: 'opencode',
  name: 'OpenCode',
  commandNames: ['opencode', 'opencode-ai'],
  roots: (environment) => {
    const folder = joinHome(environment, dataHome(environment), 'opencode');
    return [
      { folder, depth: 0, framing: 'opencode-database', isTranscript: (relative) => databaseName.test(relative) },
      {
        folder: joinHome(environment, folder, 'storage', 'session'),
        depth: 1,
        framing: 'opencode-files',
        isTranscript: (relative) => /^[^/]+\/ses_[^/]+\.json$/.test(relative),
      },
    ];
  },
  recognises: (value) => {
    const piece = asRecord(value);
    const body = asRecord(piece?.['value']);
    if (piece === undefined) return false;
    if (Array.isArray(piece['tables'])) return ['session', 'message', 'part'].every((table) => asList(piece['tables']).includes(table));
    // A database that cannot be looked into here is known by its name alone.
    if (piece['tables'] === null) return databaseName.test(asText(piece['name']) ?? '');
    // One session's own file, on one line or as a document.
    if (typeof piece['projectID'] === 'string') return typeof piece['directory'] === 'string';
    if (piece['member'] === 'projectID') return typeof piece['value'] === 'string';
    if (piece['member'] === 'info') return body !== undefined && typeof body['directory'] === 'string';
    return piece['member'] === 'messages' && asRecord(body?.['info'])?.['sessionID'] !== undefined && asList(body?.['parts']).every(isPart);
  },
  openReader: (file, tools) => new OpencodeReader(file, tools),
  resumeCommand: (run) => ['opencode', '--session', run],
  forkCommand: (run) => ['opencode', '--session', run, '--fork'],
};

const databaseName = /^opencode(?:-[\w.-]+)?\.db$/;
const isPart = (value: unknown): boolean => typeof asRecord(value)?.['type'] === 'string';

function dataHome(environment: AgentEnvironment): string {
  const told = environment.variables['XDG_DATA_HOME'];
  return told === undefined || told === '' ? joinHome(environment, environment.homeFolder, '.local', 'share') : told;
}
