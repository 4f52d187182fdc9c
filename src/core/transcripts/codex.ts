import type { AgentEnvironment, TranscriptAdapter } from './adapter.ts';
import { joinHome } from './home.ts';
import { CodexReader } from './codexReader.ts';

/**
 * Codex CLI. `$CODEX_HOME` or `~/.codex`, below it `sessions/YYYY/MM/DD/rollout-<time>-<thread>.jsonl`. A session that is
 * taken up again grows in the folder of the day on which it began.
 */
export const codexAdapter: TranscriptAdapter = {
  id: 'codex',
  name: 'Codex',
  commandNames: ['codex'],
  roots: (environment) => [
    {
      folder: joinHome(environment, codexHome(environment), 'sessions'),
      depth: 3,
      framing: 'json-lines',
      isTranscript: (relative) => /(?:^|\/)rollout-[^/]+\.jsonl$/.test(relative),
    },
  ],
  openReader: (file, tools) => new CodexReader(file, tools),
  resumeCommand: (run) => ['codex', 'resume', run],
};

function codexHome(environment: AgentEnvironment): string {
  return environment.variables['CODEX_HOME'] || joinHome(environment, environment.homeFolder, '.codex');
}
