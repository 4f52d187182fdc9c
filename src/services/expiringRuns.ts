import { readFile } from 'node:fs/promises';
import type { Clock, UnixMs } from '../base/clock.ts';
import type { RecordPolicy } from '../core/recordPolicy.ts';
import { deletionDueAt, retentionPolicies } from '../core/retention.ts';
import type { AgentEnvironment, TranscriptAdapter } from '../core/transcripts/adapter.ts';
import type { Digest } from '../model/digest.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import { importSessions } from './sessionImport.ts';
import type { NamedFolder } from './toldPathMap.ts';
import { listTranscripts } from './transcriptListing.ts';

export interface ExpiringOptions {
  readonly layout: TapedeckLayout;
  readonly folders: readonly NamedFolder[];
  readonly adapters: readonly TranscriptAdapter[];
  readonly environment: AgentEnvironment;
  readonly clock: Clock;
  readonly digest: Digest;
  /** How long before the deletion it is told. */
  readonly withinDays: number;
  readonly liveFrom?: UnixMs | undefined;
  readonly policy?: RecordPolicy | undefined;
}

/** A run of this workspace that its agent is about to delete, and of which something stands in no log. */
export interface ExpiringRun {
  readonly agent: string;
  readonly agentName: string;
  readonly run: string;
  readonly title?: string;
  readonly dueAtMs: UnixMs;
  /** How long the agent keeps it, and what says so. */
  readonly keptDays: number;
  readonly setting: string;
}

const dayMs = 86_400_000;

/**
 * What agents' own retention deletes within some days and nobody has copied out, the next to go first. Costs a stat for each
 * transcript of these agents, and reads those alone that are due. Nothing is written. Never rejects for a file of settings.
 */
export async function findExpiringRuns(options: ExpiringOptions): Promise<readonly ExpiringRun[]> {
  const { adapters, environment, clock, withinDays } = options;
  const found: ExpiringRun[] = [];
  for (const policy of retentionPolicies) {
    const adapter = adapters.find(({ id }) => id === policy.agent);
    const keptDays = policy.keptDays(await readSettings(policy.files(environment)));
    if (adapter === undefined || keptDays === undefined) continue;
    const { transcripts } = await listTranscripts([adapter], environment);
    const due = transcripts.filter(({ changedAtMs }) => deletionDueAt(changedAtMs, keptDays) - clock.now() < withinDays * dayMs);
    if (due.length === 0) continue;
    const report = await importSessions({
      ...options,
      transcripts: due,
      git: 'never',
      isDryRun: true,
      app: '',
      random: (length) => '0'.repeat(length),
      idleHours: 1,
    });
    for (const { run, title, changedAtMs } of report.runs)
      found.push({
        agent: policy.agent,
        agentName: adapter.name,
        run,
        ...(title === undefined ? {} : { title }),
        dueAtMs: deletionDueAt(changedAtMs, keptDays),
        keptDays,
        setting: policy.setting,
      });
  }
  return found.sort((a, b) => a.dueAtMs - b.dueAtMs);
}

async function readSettings(files: readonly string[]): Promise<readonly unknown[]> {
  const settings: unknown[] = [];
  for (const file of files)
    try {
      settings.push(JSON.parse(await readFile(file, 'utf8')) as unknown);
    } catch {
      // Not there, or written in a form that is not JSON: then what holds by default is said.
    }
  return settings;
}
