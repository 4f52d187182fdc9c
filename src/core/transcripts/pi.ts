import type { AgentEnvironment, TranscriptAdapter } from './adapter.ts';
import { atHome, joinHome } from './home.ts';
import { asRecord } from './jsonValue.ts';
import { isPiRecord, isOpenclawRecord } from './piShape.ts';
import { PiReader } from './piReader.ts';

/**
 * pi. `$PI_CODING_AGENT_DIR` or `~/.pi/agent`, below it `sessions/--<folder>--/<time>_<session>.jsonl`;
 * `$PI_CODING_AGENT_SESSION_DIR` moves the sessions, which then lie in it without a folder between.
 */
export const piAdapter: TranscriptAdapter = {
  id: 'pi',
  name: 'pi',
  commandNames: ['pi'],
  roots: (environment) =>
    [...new Set([joinHome(environment, piHome(environment), 'sessions'), sessionFolder(environment)])]
      .filter((folder) => folder !== undefined)
      .map((folder) => ({
        folder,
        depth: 1,
        framing: 'json-lines',
        isTranscript: (relative) => /^(?:[^/]+\/)?[^/]+_[^/]+\.jsonl$/.test(relative),
      })),
  recognises: (value) => {
    const record = asRecord(value);
    return record !== undefined && isPiRecord(record) && !isOpenclawRecord(record);
  },
  openReader: (file, tools) => new PiReader(file, tools, { agent: 'pi' }),
  resumeCommand: (run) => ['pi', '--session', run],
  forkCommand: (run) => ['pi', '--fork', run],
};

function piHome(environment: AgentEnvironment): string {
  const told = environment.variables['PI_CODING_AGENT_DIR'];
  return told === undefined || told === '' ? joinHome(environment, environment.homeFolder, '.pi', 'agent') : atHome(environment, told);
}

function sessionFolder(environment: AgentEnvironment): string | undefined {
  const told = environment.variables['PI_CODING_AGENT_SESSION_DIR'];
  // A relative one means another folder for each project.
  return told === undefined || !/^(?:[/\\~]|[a-zA-Z]:)/.test(told) ? undefined : atHome(environment, told);
}
