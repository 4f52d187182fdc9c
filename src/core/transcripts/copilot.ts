import type { AgentEnvironment, TranscriptAdapter } from './adapter.ts';
import { CopilotReader } from './copilotReader.ts';
import { joinHome } from './home.ts';
import { asRecord, asText } from './jsonValue.ts';

/**
 * GitHub Copilot CLI. `$COPILOT_HOME` or `~/.copilot`, below it `session-state/<session>/events.jsonl`, in older versions
 * `session-state/<session>.jsonl`. The transcripts of VS Code's Copilot Chat have the same form, and are known by it.
 */
export const copilotAdapter: TranscriptAdapter = {
  id: 'copilot',
  name: 'GitHub Copilot CLI',
  commandNames: ['copilot'],
  roots: (environment) =>
    copilotHomes(environment).map((home) => ({
      folder: joinHome(environment, home, 'session-state'),
      depth: 1,
      framing: 'json-lines',
      isTranscript: (relative) => /^[^/]+(?:\/events)?\.jsonl$/.test(relative) && relative !== 'events.jsonl',
    })),
  recognises: (value) => {
    const record = asRecord(value);
    const space = /^([a-z_]+)\.[a-z_]+$/.exec(asText(record?.['type']) ?? '')?.[1];
    if (record === undefined || asRecord(record['data']) === undefined) return false;
    const isKnown = space === undefined ? record['type'] === 'abort' : spaces.has(space);
    return isKnown && typeof record['id'] === 'string' && record['parentId'] !== undefined;
  },
  openReader: (file, tools) => new CopilotReader(file, tools),
  resumeCommand: (run) => ['copilot', '--resume', run],
};

const spaces = new Set(['assistant', 'hook', 'permission', 'session', 'skill', 'subagent', 'system', 'tool', 'user']);

function copilotHomes({ variables, ...environment }: AgentEnvironment): readonly string[] {
  const told = variables['COPILOT_HOME'];
  if (told !== undefined && told !== '') return [told];
  const state = variables['XDG_STATE_HOME'];
  const own = joinHome({ variables, ...environment }, environment.homeFolder, '.copilot');
  return state === undefined || state === '' ? [own] : [own, joinHome({ variables, ...environment }, state, '.copilot')];
}
