import type { TranscriptAdapter } from './adapter.ts';
import { CursorReader } from './cursorReader.ts';
import { atHome, joinHome } from './home.ts';
import { asRecord } from './jsonValue.ts';

/**
 * Cursor's agent, in its program and in its editor: `$CURSOR_CONFIG_DIR` or `~/.cursor`, below it
 * `projects/<folder>/agent-transcripts/<chat>[/<chat>].jsonl`, a sub-agent's in `…/<chat>/subagents/`. The editor's own
 * database tells more, and changes without notice; it is not read.
 */
export const cursorAdapter: TranscriptAdapter = {
  id: 'cursor',
  name: 'Cursor',
  commandNames: ['cursor-agent'],
  roots: (environment) => {
    const told = environment.variables['CURSOR_CONFIG_DIR'];
    const home = told === undefined || told === '' ? joinHome(environment, environment.homeFolder, '.cursor') : atHome(environment, told);
    return [
      {
        folder: joinHome(environment, home, 'projects'),
        depth: 4,
        framing: 'json-lines',
        mayHold: (relative) => /^[^/]+(?:\/agent-transcripts(?:\/.+)?)?$/.test(relative),
        isTranscript: (relative) => /^[^/]+\/agent-transcripts\/(?:[^/]+\/(?:subagents\/)?)?[^/]+\.jsonl$/.test(relative),
      },
    ];
  },
  recognises: (value) => {
    const record = asRecord(value);
    if (record === undefined) return false;
    if (record['type'] === 'turn_ended') return record['status'] !== undefined;
    const isBare = record['type'] === undefined && record['uuid'] === undefined && record['timestamp'] === undefined;
    const { role } = record;
    return isBare && (role === 'user' || role === 'assistant') && Array.isArray(asRecord(record['message'])?.['content']);
  },
  openReader: (file, tools) => new CursorReader(file, tools),
  resumeCommand: (run) => ['cursor-agent', '--resume', run],
};
