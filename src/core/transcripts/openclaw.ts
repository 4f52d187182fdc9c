import type { AgentEnvironment, ReaderTools, TranscriptAdapter, TranscriptFile, TranscriptReader, TranscriptRoot } from './adapter.ts';
import { atHome, joinHome } from './home.ts';
import { asRecord, asWord } from './jsonValue.ts';
import { isOpenclawMirror, openclawPrompt } from './openclawPrompt.ts';
import { findStoredSession, type StoredSession } from './openclawStore.ts';
import { PiReader } from './piReader.ts';
import { isPiOwnRecord, isPiRecord } from './piShape.ts';

/**
 * OpenClaw. Up to 2026.6 it keeps files: `$OPENCLAW_STATE_DIR`, `$OPENCLAW_HOME/.openclaw` or `~/.openclaw` (under its
 * older names `~/.moltbot`, `~/.clawdbot`), below it `agents/<agentId>/sessions/<session>[-topic-<id>].jsonl` in pi's form,
 * and beside them `sessions.json`, which knows their keys. A session that was reset goes on as `*.jsonl.reset.<time>`.
 * The `.trajectory.jsonl` beside a session is what the model was sent, and none. Since 2026.7 the sessions lie in
 * `agents/<agentId>/agent/openclaw-agent.sqlite`, in the same form.
 */
export const openclawAdapter: TranscriptAdapter = {
  id: 'openclaw',
  name: 'OpenClaw',
  commandNames: ['openclaw', 'moltbot', 'clawdbot'],
  roots: (environment) =>
    stateFolders(environment).flatMap((state): readonly TranscriptRoot[] => {
      const folder = joinHome(environment, state, 'agents');
      return [
        {
          folder,
          depth: 2,
          framing: 'json-lines',
          isTranscript: (relative) =>
            /^[^/]+\/sessions\/[^/]+\.jsonl(?:\.reset\.[^/]+)?$/.test(relative) && !relative.includes('.trajectory.jsonl'),
        },
        {
          folder,
          depth: 2,
          framing: 'openclaw-database',
          isTranscript: (relative) => /^[^/]+\/agent\/openclaw-agent\.sqlite$/.test(relative),
        },
      ];
    }),
  recognises: (value) => {
    const record = asRecord(value);
    const tables = record?.['tables'];
    if (tables === null) return record?.['name'] === 'openclaw-agent.sqlite';
    if (Array.isArray(tables)) return tables.includes('transcript_events') && tables.includes('session_windows');
    if (record?.['type'] === 'openclaw.session') return typeof record['key'] === 'string';
    return record !== undefined && isPiRecord(record) && !isPiOwnRecord(record);
  },
  openReader: (file, tools) => openReader(file, tools),
  resumeCommand: (run, key) => ['openclaw', 'tui', '--session', key ?? run],
};

function openReader(file: TranscriptFile, tools: ReaderTools): TranscriptReader {
  const store = `${file.relative.slice(0, file.relative.lastIndexOf('/') + 1)}sessions.json`;
  let told: StoredSession | undefined;
  const reader = new PiReader(file, tools, {
    agent: 'openclaw',
    card: (run) => told ?? findStoredSession(tools.beside?.(store), run),
    prompt: openclawPrompt,
    isMirror: isOpenclawMirror,
  });
  const { counts } = reader;
  return {
    counts,
    read: (value, place) => {
      const record = asRecord(value);
      if (record?.['type'] !== 'openclaw.session') return reader.read(value, place);
      // What a database says of the session, in place of the store beside a file.
      counts.records += 1;
      const key = asWord(record['key']);
      const parent = asWord(record['parent']);
      const title = asWord(record['title']);
      const forkedFrom = asWord(record['forkedFrom']);
      if (key !== undefined)
        told = {
          key,
          ...(parent === undefined ? {} : { parent }),
          ...(title === undefined ? {} : { title }),
          ...(forkedFrom === undefined ? {} : { forkedFrom }),
        };
      return [];
    },
    quiet: () => reader.quiet(),
    describe: () => reader.describe(),
  };
}

function stateFolders(environment: AgentEnvironment): readonly string[] {
  const { variables, homeFolder } = environment;
  const told = variables['OPENCLAW_STATE_DIR'] ?? variables['MOLTBOT_STATE_DIR'] ?? variables['CLAWDBOT_STATE_DIR'];
  if (told !== undefined && told !== '') return [atHome(environment, told)];
  const home = variables['OPENCLAW_HOME'];
  const base = home === undefined || home === '' ? homeFolder : atHome(environment, home);
  return ['.openclaw', '.moltbot', '.clawdbot'].map((name) => joinHome(environment, base, name));
}
