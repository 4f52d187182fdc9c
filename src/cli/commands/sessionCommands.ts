import { systemClock } from '../../base/clock.ts';
import { counted } from '../../core/timelineWords.ts';
import { openRecorder, type Recorder } from '../../services/recorder.ts';
import { defaultRecorderSettings } from '../../services/recorderSettings.ts';
import type { WorkspaceWatcher } from '../../services/workspaceWatcher.ts';
import { toDisposable } from '../../base/disposable.ts';
import { nodeDigest } from '../../store/digest.ts';
import { readRecorders } from '../../store/presence.ts';
import { CliError, usageError } from '../cliError.ts';
import type { CommandEntry } from '../command.ts';
import { readPolicy } from '../policyReading.ts';
import { describeImport, rebuildSessions } from '../sessionRebuilding.ts';
import { firstFolder, type Workspace } from '../workspace.ts';
import { noteDraft, write } from './entryCommands.ts';
import { summaryOf } from './exportCommand.ts';

export const startCommand: CommandEntry = (program, act) => {
  program
    .command('start')
    .summary('start a session, or join the open one')
    .description('Start a session, or join the one that is open. Notes how the files are now, so that a later update knows what changed.')
    .argument('[label]', 'what the session is about')
    .option('--new', 'end the open session and start another')
    .option('--no-scan', 'do not look at the files')
    .action(
      act(async (run, label: string | undefined, options: { new?: boolean; scan: boolean }) => {
        if (label?.trim() === '') throw usageError('Say what the session is about, or leave it out');
        const workspace = await run.workspace();
        // What changed until now belongs to the session that ends.
        if (options.new === true && options.scan && (await workspace.sessions.current()) !== undefined) await scanOnce(workspace);
        const open = { shortLived: true, by: run.caller, ...(label === undefined ? {} : { label }) };
        const session = await (options.new === true ? workspace.sessions.start(open) : workspace.sessions.startOrJoin(open));
        await session.close();
        const scan = options.scan ? await scanOnce(workspace) : undefined;
        await run.output.answer({ ok: true, session: session.id, isNew: session.isNew, ...(label === undefined ? {} : { label }), scan }, [
          `${session.isNew ? 'Started' : 'Joined'} session ${session.id}${label === undefined ? '' : `: ${label}`}`,
        ]);
      }),
    );
};

export const updateCommand: CommandEntry = (program, act) => {
  program
    .command('update')
    .summary('record what changed since, with a note')
    .description(
      'Look at the files now and record what changed since the last look, unless a recorder does that already. Adds the note where one is given.',
    )
    .argument('[note]', 'what was done')
    .option('--no-scan', 'do not look at the files')
    .action(
      act(async (run, note: string | undefined, options: { scan: boolean }) => {
        const draft = note === undefined ? undefined : noteDraft(run, note);
        const workspace = await run.workspace();
        const scan = options.scan ? await scanOnce(workspace) : undefined;
        if (draft !== undefined) await write(run, workspace, () => draft);
        else if (scan?.session === undefined) await (await workspace.sessions.startOrJoin({ shortLived: true, by: run.caller })).close();
        const card = await workspace.sessions.current();
        if (card !== undefined) await summaryOf(workspace, card.id);
        await run.output.answer({ ok: true, session: card?.id, scan, noted: note !== undefined }, [
          scan === undefined || scan.recorder !== undefined
            ? `Session ${card?.id ?? 'unknown'} is up to date${scan?.recorder === undefined ? '' : `: ${scan.recorder} records it`}`
            : `Session ${card?.id ?? 'unknown'}: ${counted(scan.files, 'file change')} recorded`,
        ]);
      }),
    );
};

export const endCommand: CommandEntry = (program, act) => {
  program
    .command('end')
    .summary('end the open session')
    .description(
      'Record what changed since the last look, unless a recorder does that already, and end the session. Where none was open, it is made of what the agents kept of their work here, and of git’s history.',
    )
    .option('--no-scan', 'do not look at the files')
    .action(
      act(async (run, options: { scan: boolean }) => {
        const workspace = await run.workspace();
        const card = await workspace.sessions.current();
        if (card === undefined) {
          // Nobody began one, but an agent may have been at work: its own record tells of it.
          const report = await rebuildSessions(run, workspace, {
            git: 'with-runs',
            isDryRun: false,
            policy: await readPolicy(run, workspace),
          });
          if (report.sessions.length === 0) throw new CliError(1, 'no-session', `No session is open in ${workspace.folder}`);
          await run.output.answer({ ok: true, session: report.sessions.at(-1), rebuilt: report.sessions }, [
            'No session was open, so it was made of what the agents kept.',
            ...describeImport(report, false),
          ]);
          return;
        }
        const scan = options.scan ? await scanOnce(workspace) : undefined;
        await workspace.sessions.end(card.id, 'command', run.caller);
        const summary = await summaryOf(workspace, card.id);
        await run.output.answer({ ok: true, session: card.id, scan, summary }, [`Ended session ${card.id}`, ...summary]);
      }),
    );
};

export interface ScanReport {
  /** The app of the recorder that is at work, so that nothing was to be done. */
  readonly recorder?: string;
  readonly session?: string;
  readonly files: number;
}

/** Looks at the files once and records what differs from what the log knows. Leaves it to a recorder that is at work. */
export async function scanOnce(workspace: Workspace): Promise<ScanReport> {
  const [other] = await readRecorders(workspace.layout);
  if (other !== undefined) return { recorder: other.app, files: 0 };
  const recorder = await openWorkspaceRecorder(workspace, { watcher: noWatcher });
  try {
    const session = await recorder.start();
    await recorder.reconcile('hand');
    await recorder.flush();
    return { session, files: recorder.status().counts.files };
  } finally {
    await recorder.close();
  }
}

export function openWorkspaceRecorder(
  workspace: Workspace,
  {
    recordPolicy,
    ...options
  }: Pick<Parameters<typeof openRecorder>[0], 'watcher' | 'agents' | 'onTrace'> & { readonly recordPolicy?: unknown },
): Promise<Recorder> {
  return openRecorder({
    folders: [firstFolder(workspace.folder)],
    root: workspace.layout.root,
    settings: { ...defaultRecorderSettings, start: 'manual', recordPolicy },
    clock: systemClock,
    digest: nodeDigest,
    app: 'cli',
    ...options,
  });
}

/** For a single look: nothing is watched. */
const noWatcher: WorkspaceWatcher = { watch: () => toDisposable(() => {}) };
