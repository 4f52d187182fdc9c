import type { AgentEnvironment, TranscriptAdapter, TranscriptRoot } from './adapter.ts';
import { ClineReader } from './clineReader.ts';
import { editorUserFolders } from './editorFolders.ts';
import { atHome, joinHome } from './home.ts';
import { asRecord } from './jsonValue.ts';

/**
 * Cline and those that began as copies of it. As extensions of an editor they keep a folder for each task,
 * `<User>/globalStorage/<extension>/tasks/<task>/`, with `ui_messages.json`, what was shown, and
 * `api_conversation_history.json`, what was sent; the first is followed. Cline's own program keeps
 * `$CLINE_DATA_DIR|$CLINE_DIR/data|~/.cline/data/sessions/<session>/<session>.messages.json`, a sub-agent's beside it.
 */
export const clineAdapter: TranscriptAdapter = {
  id: 'cline',
  name: 'Cline',
  commandNames: ['cline'],
  roots: (environment) => [
    {
      folder: joinHome(environment, clineData(environment), 'sessions'),
      depth: 1,
      framing: 'json-document',
      isTranscript: (relative) => /^[^/]+\/[^/]+\.messages\.json$/.test(relative),
    },
    ...extensionRoots(environment, 'saoudrizwan.claude-dev'),
  ],
  recognises,
  openReader: (file, tools) => new ClineReader('cline', file, tools),
  // A task of the extension has a time for its name, and is taken up again in the extension's view alone.
  resumeCommand: (run) => (/^\d+$/.test(run) ? [] : ['cline', '--tui', '--id', run.split('__')[0] ?? run]),
};

export const rooAdapter: TranscriptAdapter = {
  id: 'roo',
  name: 'Roo Code',
  commandNames: ['roo'],
  roots: (environment) => extensionRoots(environment, 'rooveterinaryinc.roo-cline'),
  recognises,
  openReader: (file, tools) => new ClineReader('roo', file, tools),
  // It is taken up again in its own view alone.
  resumeCommand: () => [],
};

export const kiloAdapter: TranscriptAdapter = {
  id: 'kilo',
  name: 'Kilo Code',
  commandNames: ['kilo', 'kilocode'],
  roots: (environment) => extensionRoots(environment, 'kilocode.kilo-code'),
  recognises,
  openReader: (file, tools) => new ClineReader('kilo', file, tools),
  resumeCommand: () => [],
};

function extensionRoots(environment: AgentEnvironment, extension: string): readonly TranscriptRoot[] {
  return editorUserFolders(environment).map((user) => ({
    folder: joinHome(environment, user, 'globalStorage', extension),
    depth: 2,
    framing: 'json-document',
    isTranscript: (relative) => /^tasks\/[^/]+\/ui_messages\.json$/.test(relative),
  }));
}

/** A piece of what was shown, or of the messages of a session. */
function recognises(value: unknown): boolean {
  const piece = asRecord(value);
  const body = asRecord(piece?.['value']);
  if (piece === undefined) return false;
  const { member } = piece;
  if (member === '') {
    if (typeof body?.['ts'] === 'number' && (body['type'] === 'say' || body['type'] === 'ask')) return true;
    return (body?.['role'] === 'user' || body?.['role'] === 'assistant') && Array.isArray(body['content']);
  }
  if (member === 'origin') return typeof body?.['mode'] === 'string' && typeof body['sessionId'] === 'string';
  if (member === 'agent') return piece['value'] === 'lead' || piece['value'] === 'subagent' || piece['value'] === 'teammate';
  return (
    member === 'messages' &&
    typeof body?.['id'] === 'string' &&
    typeof body['role'] === 'string' &&
    Array.isArray(body['content']) &&
    body['info'] === undefined
  );
}

function clineData(environment: AgentEnvironment): string {
  const { variables, homeFolder } = environment;
  const data = variables['CLINE_DATA_DIR'];
  if (data !== undefined && data !== '') return atHome(environment, data);
  const home = variables['CLINE_DIR'];
  return joinHome(
    environment,
    home === undefined || home === '' ? joinHome(environment, homeFolder, '.cline') : atHome(environment, home),
    'data',
  );
}
