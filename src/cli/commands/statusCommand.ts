import { systemClock } from '../../base/clock.ts';
import { openBlockers } from '../../core/decisions.ts';
import { isFileUnchanged } from '../../core/foldFile.ts';
import { lastGreen } from '../../core/lastGreen.ts';
import { counted, displayName } from '../../core/timelineWords.ts';
import type { Drift } from '../../core/transcripts/drift.ts';
import { transcriptAdapters } from '../../core/transcripts/table.ts';
import { eventId } from '../../model/ids.ts';
import type { SessionState } from '../../model/sessionState.ts';
import { findExpiringRuns, type ExpiringRun } from '../../services/expiringRuns.ts';
import { nodeDigest } from '../../store/digest.ts';
import { findRootTrouble, readRecorders, type PresenceCard } from '../../store/presence.ts';
import type { StoredCard } from '../../store/sessionCard.ts';
import { describeBytes, readStorageUse, type StorageUse } from '../../store/storageUse.ts';
import { nextStepFor, toFailureReason } from '../../store/writerHealth.ts';
import type { CommandEntry } from '../command.ts';
import { openPlaces } from '../projectOpening.ts';
import { agentEnvironment } from '../sessionRebuilding.ts';
import { readState } from '../stateReading.ts';
import { readPolicy } from '../policyReading.ts';
import type { Workspace } from '../workspace.ts';

export const statusCommand: CommandEntry = (program, act) => {
  program
    .command('status')
    .summary('say what is recorded, and by whom')
    .action(
      act(async (run) => {
        const workspace = await run.workspace();
        const recorders = await readRecorders(workspace.layout);
        const current = await workspace.sessions.current();
        const card = current ?? (await workspace.sessions.list())[0];
        const state = card === undefined ? undefined : await readState(workspace, card.id);
        const troubles = await findTroubles(workspace, recorders);
        const expiring = await findExpiringRuns({
          layout: workspace.layout,
          folders: (await openPlaces(workspace)).folders,
          adapters: transcriptAdapters,
          environment: agentEnvironment(run, workspace),
          clock: systemClock,
          digest: nodeDigest,
          withinDays: warnedDays,
          policy: await readPolicy(run, workspace),
          liveFrom: current === undefined ? undefined : Date.parse(current.startedAt),
        });
        const storage = await readStorageUse(workspace.layout);
        const recording =
          state?.session.isPaused === true
            ? 'paused'
            : troubles.length > 0
              ? 'degraded'
              : current === undefined
                ? 'off'
                : recorders.length === 0
                  ? 'open'
                  : 'recording';
        await run.output.answer(
          {
            root: workspace.layout.root,
            folder: workspace.folder,
            state: recording,
            recorders: recorders.map(({ app, pid, startedAt }) => ({ app, pid, startedAt })),
            troubles,
            session: card === undefined ? null : { ...sessionFacts(card), isOpen: card.id === current?.id },
            counts: state === undefined ? null : countsOf(state),
            health: state === undefined ? null : healthOf(state),
            drift: recorders.flatMap(({ drift = [] }) => drift),
            expiring: expiring.map(({ dueAtMs, ...told }) => ({ ...told, dueAt: new Date(dueAtMs).toISOString() })),
            storage,
          },
          [
            ...describe(
              workspace.folder,
              recording,
              recorders.map(({ app, pid }) => `${app} (process ${pid})`),
              card,
              state,
              troubles,
              storage,
            ),
            ...describeExpiring(expiring),
            ...recorders.flatMap(({ drift = [] }) => drift).map(describeDrift),
          ],
        );
      }),
    );
};

/** What keeps somebody from recording: as the recorders say, or, where none says anything, as it looks from here. */
interface StatusTrouble {
  readonly message: string;
  readonly reason?: string | undefined;
  readonly nextStep?: string;
  /** Whose it is; absent when it was found by looking. */
  readonly app?: string;
  readonly pid?: number;
  readonly since?: string;
  readonly waiting?: number | undefined;
  readonly lost?: number | undefined;
}

async function findTroubles(workspace: Workspace, recorders: readonly PresenceCard[]): Promise<StatusTrouble[]> {
  const told = recorders.flatMap(({ app, pid, trouble }): StatusTrouble[] =>
    trouble === undefined ? [] : [{ ...trouble, ...withStep(trouble.reason), app, pid }],
  );
  if (told.length > 0) return told;
  const found = await findRootTrouble(workspace.layout);
  return found === undefined ? [] : [{ ...found, ...withStep(found.reason) }];
}

/** So long before an agent deletes what nobody has copied out it is told. */
const warnedDays = 7;

function describeExpiring(expiring: readonly ExpiringRun[]): string[] {
  const agents = new Map<string, ExpiringRun[]>();
  for (const run of expiring) agents.set(run.agentName, [...(agents.get(run.agentName) ?? []), run]);
  return [...agents].map(
    ([agent, runs]) =>
      `${agent} will delete ${counted(runs.length, 'session')} of this folder that ${runs.length === 1 ? 'stands' : 'stand'} in no log, from ${new Date(runs[0]!.dueAtMs).toISOString().slice(0, 10)} on (${runs[0]!.setting}: ${runs[0]!.keptDays}): \`tapedeck import\` keeps ${runs.length === 1 ? 'it' : 'them'}`,
  );
}

/** A format that has gone on from what is known: nothing of it is lost, but what it says is not told. */
function describeDrift({ agent, version, recordType, count }: Drift): string {
  const records = recordType === 'misshapen' ? 'that lack what their type needs' : `of the type “${recordType}”`;
  return `${displayName(agent)}${version === undefined ? '' : ` ${version}`} wrote ${counted(count, 'record')} ${records}, which this version does not know: what they say is not told. A newer version of Tapedeck may know them`;
}

function withStep(reason: string | undefined): { readonly nextStep?: string } {
  const known = toFailureReason(reason);
  return known === undefined ? {} : { nextStep: nextStepFor(known) };
}

function describeTrouble({ message, nextStep, app, pid, since, waiting = 0, lost = 0 }: StatusTrouble): string {
  const who = app === undefined ? '' : ` (${app}, process ${pid}, since ${since})`;
  const cost = [
    ...(waiting > 0 ? [`${counted(waiting, 'event')} ${waiting === 1 ? 'waits' : 'wait'} in memory`] : []),
    ...(lost > 0 ? [`${counted(lost, 'event')} found no room and ${lost === 1 ? 'is' : 'are'} lost`] : []),
  ];
  return [`Trouble${who}: ${message}`, ...cost.map((words) => `${words}.`), ...(nextStep === undefined ? [] : [`${nextStep}.`])].join(' ');
}

export function sessionFacts(card: StoredCard): Record<string, unknown> {
  const { id, label, startedAt, lastAt, endedAt, endReason, folders, app, isReconstructed } = card;
  return { id, label, startedAt, lastAt, endedAt, endReason, folders, app, isReconstructed };
}

function countsOf(state: SessionState): Record<string, unknown> {
  const green = lastGreen(state);
  return {
    events: state.counts.events,
    files: [...state.files.values()].filter((file) => file.changes > 0 && !isFileUnchanged(file)).length,
    fileChanges: state.counts.fileChanges,
    prompts: state.prompts.count,
    runs: state.runs.size,
    commands: state.counts.byKind['command.ended'] ?? 0,
    commandsFailed: state.counts.commandsFailed,
    decisions: state.decisions.size,
    openBlockers: openBlockers(state).length,
    checkpoints: state.checkpoints.size,
    rewinds: state.branches.filter(({ kind }) => kind === 'rewind').length,
    lastGreen: green === undefined ? null : { event: eventId(green.mark), at: green.mark.at, how: green.how, command: green.command },
  };
}

function healthOf(state: SessionState): Record<string, number> {
  const { foreign, malformed, duplicates, skippedFiles } = state.counts;
  return { foreign, malformed, duplicates, gaps: state.gaps.length, skippedFiles };
}

function describe(
  folder: string,
  recording: string,
  recorders: readonly string[],
  card: StoredCard | undefined,
  state: SessionState | undefined,
  troubles: readonly StatusTrouble[],
  storage: StorageUse,
): string[] {
  const lines = [
    `${folder}: ${words[recording] ?? recording}${recorders.length === 0 ? '' : `, by ${recorders.join(' and ')}`}`,
    ...troubles.map(describeTrouble),
  ];
  if (card === undefined || state === undefined) return [...lines, 'Nothing has been recorded here yet.'];
  const agents = [...new Set([...state.runs.values()].map(({ agent }) => agent).filter((agent) => agent !== undefined))].map(displayName);
  lines.push(
    `Session ${card.id}${card.label === undefined ? '' : ` “${card.label}”`}, since ${card.startedAt}${card.endedAt === undefined ? '' : `, ended ${card.endedAt}`}`,
  );
  lines.push(
    `${counted(state.counts.events, 'event')}, ${counted(state.files.size, 'file')}, ${counted(state.prompts.count, 'prompt')}${agents.length === 0 ? '' : ` (${agents.join(', ')})`}, ${counted(state.counts.commandsFailed, 'failed command')}`,
  );
  for (const blocker of openBlockers(state)) lines.push(`Blocked: ${blocker.what}${blocker.isInferred ? ' (inferred)' : ''}`);
  const green = lastGreen(state);
  if (green !== undefined) lines.push(`Last green: ${green.command ?? 'diagnostics'} at ${green.mark.at}`);
  lines.push(
    `Takes ${describeBytes(storage.totalBytes)}: contents ${describeBytes(storage.contentBytes)}, logs ${describeBytes(storage.logBytes)}`,
  );
  if (state.gaps.length > 0) lines.push(`${counted(state.gaps.length, 'gap')} in the recording`);
  return lines;
}

const words: Readonly<Record<string, string>> = {
  recording: 'recording',
  paused: 'recording is paused',
  degraded: 'not everything is recorded',
  open: 'a session is open, nothing watches the files',
  off: 'not recording',
};
