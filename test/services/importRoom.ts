import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { AgentEnvironment } from '../../src/core/transcripts/adapter.ts';
import { transcriptAdapters } from '../../src/core/transcripts/table.ts';
import type { LoggedEvent } from '../../src/model/event.ts';
import type { SessionId } from '../../src/model/ids.ts';
import { importSessions, type ImportReport, type SessionImportOptions } from '../../src/services/sessionImport.ts';
import { createSessions, type Sessions } from '../../src/services/sessions.ts';
import { listTranscripts } from '../../src/services/transcriptListing.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout, type TapedeckLayout } from '../../src/store/layout.ts';
import { openLogReader } from '../../src/store/logReader.ts';
import { fixturesOf } from '../core/transcripts/adapterContract.ts';
import { layTranscript } from './agentRoom.ts';

/** A home of an agent's user with transcripts, and a workspace in which nothing was recorded. */
export interface ImportRoom {
  readonly home: string;
  readonly workspace: string;
  readonly layout: TapedeckLayout;
  readonly sessions: Sessions;
  readonly environment: AgentEnvironment;
  /** Lays a fixture where its agent would have it, as if the agent had been at work in the workspace, or in `cwd`. */
  lay(agent: 'claude' | 'codex', scenario: string, cwd?: string): Promise<string>;
  git(...args: string[]): void;
  import(options?: Partial<SessionImportOptions>): Promise<ImportReport>;
  events(session: SessionId): Promise<readonly LoggedEvent[]>;
  close(): Promise<void>;
}

/** Later than what the fixtures tell. */
export const now = Date.parse('2027-01-01T00:00:00.000Z');
const places = { claude: ['.claude', 'projects'], codex: ['.codex', 'sessions'] } as const;
const cwds = ['/home/devuser/projects/gen5/proj_cc', '/home/devuser/projects/gen/proj', '/home/devuser/projects/demo'];

export async function openImportRoom(): Promise<ImportRoom> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'tapedeck-import-')));
  const home = join(folder, 'home');
  const workspace = join(folder, 'work space');
  await mkdir(home);
  await mkdir(workspace);
  const layout = tapedeckLayout(join(workspace, '.tapedeck'));
  const environment: AgentEnvironment = { platform: process.platform, homeFolder: home, variables: {}, folders: [workspace] };
  const clock = { now: () => now };
  let names = 0;
  const random = (length: number): string => (names += 1).toString(36).padStart(length, '0').slice(-length);
  const folders = [{ name: 'work space', path: workspace }];
  return {
    home,
    workspace,
    layout,
    environment,
    sessions: createSessions({ layout, clock, digest: nodeDigest, folders, app: 'cli', idleHours: 4, random }),
    async lay(agent, scenario, cwd = workspace) {
      const fixture = fixturesOf(agent).find((entry) => entry.scenario === scenario)!;
      const to = join(home, ...places[agent], fixture.relative);
      await mkdir(dirname(to), { recursive: true });
      await layTranscript(
        fixture.path,
        to,
        cwds.map((old) => [old, cwd.replaceAll('\\', '/')] as const),
      );
      return to;
    },
    git(...args) {
      const who = ['-c', 'user.name=Dev', '-c', 'user.email=dev@example.com'];
      execFileSync('git', [...who, ...args], { cwd: workspace, env: { ...process.env, ...dates } });
    },
    async import(options = {}) {
      const { transcripts } = await listTranscripts(transcriptAdapters, environment);
      const common = { layout, folders, transcripts, environment, clock, digest: nodeDigest, app: 'cli', random, idleHours: 4 };
      return importSessions({ ...common, ...options });
    },
    async events(session) {
      const reader = await openLogReader({ layout, session, digest: nodeDigest });
      const events: LoggedEvent[] = [];
      for await (const batch of reader.all()) events.push(...batch);
      reader.dispose();
      return events;
    },
    close: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** Between the first and the last fact of the fixtures. */
const dates = { GIT_AUTHOR_DATE: '2026-11-20T22:29:30Z', GIT_COMMITTER_DATE: '2026-11-20T22:29:30Z' };
