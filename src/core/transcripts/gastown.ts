import type { AgentEnvironment, TranscriptAdapter } from './adapter.ts';
import { GastownReader } from './gastownReader.ts';
import { joinHome } from './home.ts';
import { asRecord } from './jsonValue.ts';

/**
 * Gas Town, which sets other agents to work. A town is a folder (`$GT_TOWN_ROOT`, `$GT_ROOT` or `~/gt`, or the workspace
 * itself) with a file `.events.jsonl`: who began a session, was given which piece of work (a bead), was told what by whom.
 * What an agent did in its session stands in that agent's own transcript.
 */
export const gastownAdapter: TranscriptAdapter = {
  id: 'gastown',
  name: 'Gas Town',
  commandNames: ['gt'],
  roots: (environment) =>
    townFolders(environment).map((folder) => ({
      folder,
      depth: 0,
      framing: 'json-lines',
      isTranscript: (relative) => relative === '.events.jsonl',
    })),
  recognises: (value) => {
    const record = asRecord(value);
    return record?.['source'] === 'gt' && typeof record['actor'] === 'string' && record['visibility'] !== undefined;
  },
  openReader: (file, tools) => new GastownReader(file, tools),
  // A town's sessions are those of other agents; `gt` takes them up by the role.
  resumeCommand: (run) => ['gt', 'seance', '--talk', run.replace(/^gastown\//, '')],
};

function townFolders(environment: AgentEnvironment): readonly string[] {
  const { variables, homeFolder, folders = [] } = environment;
  const named = ['GT_TOWN_ROOT', 'GT_ROOT'].flatMap((name) => {
    const folder = variables[name];
    return folder === undefined || folder === '' ? [] : [folder];
  });
  return [...new Set([...(named.length > 0 ? named : [joinHome(environment, homeFolder, 'gt')]), ...folders])];
}
