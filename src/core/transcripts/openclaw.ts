import type { AgentEnvironment, ReaderTools, TranscriptAdapter, TranscriptFile } from './adapter.ts';
import { atHome, joinHome } from './home.ts';
import { asRecord } from './jsonValue.ts';
import { isOpenclawMirror, openclawPrompt } from './openclawPrompt.ts';
import { findStoredSession } from './openclawStore.ts';
import { PiReader } from './piReader.ts';
import { isPiOwnRecord, isPiRecord } from './piShape.ts';

/**
 * OpenClaw up to 2026.6, which keeps files: `$OPENCLAW_STATE_DIR`, `$OPENCLAW_HOME/.openclaw` or `~/.openclaw` (under its
 * older names `~/.moltbot`, `~/.clawdbot`), below it `agents/<agentId>/sessions/<session>[-topic-<id>].jsonl` in pi's form,
 * and beside them `sessions.json`, which knows their keys. A session that was reset goes on as `*.jsonl.reset.<time>`.
 * The `.trajectory.jsonl` beside a session is what the model was sent, and none.
 */
export const openclawAdapter: TranscriptAdapter = {
  id: 'openclaw',
  name: 'OpenClaw',
  commandNames: ['openclaw', 'moltbot', 'clawdbot'],
  roots: (environment) =>
    stateFolders(environment).map((folder) => ({
      folder: joinHome(environment, folder, 'agents'),
      depth: 2,
      framing: 'json-lines',
      isTranscript: (relative) =>
        /^[^/]+\/sessions\/[^/]+\.jsonl(?:\.reset\.[^/]+)?$/.test(relative) && !relative.includes('.trajectory.jsonl'),
    })),
  recognises: (value) => {
    const record = asRecord(value);
    return record !== undefined && isPiRecord(record) && !isPiOwnRecord(record);
  },
  openReader: (file, tools) => openReader(file, tools),
  resumeCommand: (run, key) => ['openclaw', 'tui', '--session', key ?? run],
};

function openReader(file: TranscriptFile, tools: ReaderTools): PiReader {
  const store = `${file.relative.slice(0, file.relative.lastIndexOf('/') + 1)}sessions.json`;
  return new PiReader(file, tools, {
    agent: 'openclaw',
    card: (run) => findStoredSession(tools.beside?.(store), run),
    prompt: openclawPrompt,
    isMirror: isOpenclawMirror,
  });
}

function stateFolders(environment: AgentEnvironment): readonly string[] {
  const { variables, homeFolder } = environment;
  const told = variables['OPENCLAW_STATE_DIR'] ?? variables['MOLTBOT_STATE_DIR'] ?? variables['CLAWDBOT_STATE_DIR'];
  if (told !== undefined && told !== '') return [atHome(environment, told)];
  const home = variables['OPENCLAW_HOME'];
  const base = home === undefined || home === '' ? homeFolder : atHome(environment, home);
  return ['.openclaw', '.moltbot', '.clawdbot'].map((name) => joinHome(environment, base, name));
}
