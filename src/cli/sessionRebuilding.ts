import { homedir } from 'node:os';
import { systemClock } from '../base/clock.ts';
import { counted } from '../core/timelineWords.ts';
import type { AgentEnvironment } from '../core/transcripts/adapter.ts';
import { transcriptAdapters } from '../core/transcripts/table.ts';
import { defaultRecorderSettings } from '../services/recorderSettings.ts';
import { importSessions, type ImportReport } from '../services/sessionImport.ts';
import { listTranscripts, type ListedTranscript } from '../services/transcriptListing.ts';
import { nodeDigest } from '../store/digest.ts';
import type { RecordPolicy } from '../core/recordPolicy.ts';
import type { CommandRun } from './command.ts';
import { openPlaces } from './projectOpening.ts';
import { randomName, type Workspace } from './workspace.ts';

export function agentEnvironment(run: CommandRun, workspace?: Workspace): AgentEnvironment {
  return {
    platform: process.platform,
    homeFolder: homedir(),
    variables: run.process.environment,
    ...(workspace === undefined ? {} : { folders: [workspace.folder] }),
  };
}

/** Makes sessions out of these transcripts, or of all that the agents keep on this machine, and out of git's history. */
export async function rebuildSessions(
  run: CommandRun,
  workspace: Workspace,
  options: {
    readonly transcripts?: readonly ListedTranscript[];
    readonly git: 'never' | 'with-runs' | 'always';
    readonly isDryRun: boolean;
    readonly policy: RecordPolicy;
  },
): Promise<ImportReport> {
  const environment = agentEnvironment(run, workspace);
  const transcripts = options.transcripts ?? (await listTranscripts(transcriptAdapters, environment)).transcripts;
  const current = await workspace.sessions.current();
  const stopping = new AbortController();
  void run.process.whenStopped().then(() => stopping.abort());
  const tell = progressTeller(run);
  return importSessions({
    layout: workspace.layout,
    folders: (await openPlaces(workspace)).folders,
    transcripts,
    environment,
    clock: systemClock,
    digest: nodeDigest,
    app: 'cli',
    random: randomName,
    idleHours: defaultRecorderSettings.idleHours,
    liveFrom: current === undefined ? undefined : Date.parse(current.startedAt),
    git: options.git,
    policy: options.policy,
    isDryRun: options.isDryRun,
    signal: stopping.signal,
    onProgress: tell,
  });
}

const tellEveryMs = 2000;

/** Long ones say now and then how far they are; to people alone. */
function progressTeller(run: CommandRun): Parameters<typeof importSessions>[0]['onProgress'] {
  if (run.output.isJson || !run.process.isInteractive) return undefined;
  let toldAt = Date.now();
  return ({ phase, doneFiles, files, events }) => {
    if (phase === 'waiting') return run.output.note('Waiting for another import to end');
    if (Date.now() - toldAt < tellEveryMs) return;
    toldAt = Date.now();
    const words = phase === 'looking' ? 'Reading' : 'Writing';
    run.output.note(`${words}: ${doneFiles} of ${counted(files, 'transcript')}${events === 0 ? '' : `, ${counted(events, 'event')}`}`);
  };
}

/** What came of it, a sentence a line. */
export function describeImport(report: ImportReport, isDryRun: boolean): string[] {
  const { sessions, stretches, runs, events, commits, known, live, paused, withheld, damaged, isCancelled } = report;
  const lines: string[] = [];
  if (isDryRun && events > 0)
    lines.push(`${counted(stretches.length, 'session')} would be made, with ${counted(events, 'event')} of ${counted(runs.length, 'run')}`);
  else if (sessions.length > 0)
    lines.push(
      `${isCancelled ? 'Stopped. ' : ''}Made ${counted(sessions.length, 'session')} with ${counted(events, 'event')} of ${counted(runs.length, 'run')} and ${counted(commits, 'commit')}, marked as reconstructed`,
      ...sessions.map((id) => `  ${id}`),
    );
  else if (isCancelled) lines.push('Stopped before anything was written');
  else lines.push(known > 0 ? 'Nothing new: all of it stands in the log already' : 'No agent’s transcript tells of work in this folder');
  if (live > 0) lines.push(`${counted(live, 'fact')} of the session that is open ${live === 1 ? 'is' : 'are'} left to its recorder`);
  if (paused > 0) lines.push(`${counted(paused, 'fact')} of times at which recording was paused ${paused === 1 ? 'is' : 'are'} left out`);
  if (withheld > 0)
    lines.push(`${counted(withheld, 'fact')} of runs that are not to be recorded ${withheld === 1 ? 'is' : 'are'} left out`);
  if (damaged > 0) lines.push(`${counted(damaged, 'place')} of the transcripts could not be read`);
  return lines;
}
