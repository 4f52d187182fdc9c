import os from 'node:os';
import { counted } from '../../core/timelineWords.ts';
import { transcriptAdapters } from '../../core/transcripts/table.ts';
import { chokidarWatcher } from '../../services/chokidarWatcher.ts';
import type { RecorderStatus } from '../../services/recorderStatus.ts';
import type { CommandEntry } from '../command.ts';
import { policyOption, readPolicySetting } from '../policyReading.ts';
import { openWorkspaceRecorder } from './sessionCommands.ts';

/** The recorder of the editor without the editor: for plain terminals, tmux, CI. */
export const recordCommand: CommandEntry = (program, act) => {
  program
    .command('record')
    .summary('record the workspace until Ctrl+C')
    .argument('[dir]', 'the workspace; by default that of --dir')
    .option('--label <label>', 'what the session is about')
    .option('--no-agents', 'do not follow the agents’ own records')
    .option(...policyOption)
    .action(
      act(async (run, directory: string | undefined, options: { label?: string; agents: boolean; policy?: string }) => {
        // The recorder takes the folder that it is told, and never one above it.
        const workspace = await run.workspace(directory ?? program.opts<{ dir?: string }>().dir ?? '.');
        const stopped = run.process.whenStopped();
        const recorder = await openWorkspaceRecorder(workspace, {
          watcher: chokidarWatcher,
          ...(options.agents && {
            recordPolicy: await readPolicySetting(run, workspace, options.policy),
            agents: {
              adapters: transcriptAdapters,
              environment: { platform: process.platform, homeFolder: os.homedir(), variables: run.process.environment },
            },
          }),
          onTrace: (message) => run.output.note(message),
        });
        let told = '';
        const tell = async (status: RecorderStatus): Promise<void> => {
          const line = describe(status);
          if (line === told) return;
          told = line;
          if (run.output.isJson) await run.output.document(status);
          else run.output.note(line);
        };
        try {
          await recorder.start(options.label);
          await recorder.reconcile('start');
          await tell(recorder.status());
          const listening = recorder.onDidChangeStatus((status) => void tell(status));
          // A recorder that only waits for another one to go, or for room on the disk, holds no process alive by itself.
          const alive = setInterval(() => {}, 1 << 30);
          await stopped;
          clearInterval(alive);
          listening.dispose();
          // What changed a moment ago was perhaps not hinted at yet.
          await recorder.reconcile('hand');
          await recorder.flush();
          await tell(recorder.status());
        } finally {
          await recorder.close();
        }
      }),
    );
};

function describe(status: RecorderStatus): string {
  const { events, files, commands } = status.counts;
  const what = `${counted(events, 'event')}, ${counted(files, 'file change')}, ${counted(commands, 'command')}`;
  return `${status.state} ${status.session ?? ''} in ${status.root}: ${what}${status.reason === undefined ? '' : ` (${status.reason})`}`;
}
