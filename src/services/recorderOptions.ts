import type { Clock } from '../base/clock.ts';
import type { AgentEnvironment, TranscriptAdapter } from '../core/transcripts/adapter.ts';
import type { Digest } from '../model/digest.ts';
import type { RecorderSettings } from './recorderSettings.ts';
import type { SessionFolder } from './sessions.ts';
import type { WorkspaceWatcher } from './workspaceWatcher.ts';

export interface RecorderOptions {
  /** Of the workspace, absolute paths, the first one first; their names must differ. */
  readonly folders: readonly SessionFolder[];
  /** Where the log lies (`<first folder>/.tapedeck`), and where it goes instead when that cannot be written. */
  readonly root: string;
  readonly fallbackRoot?: string;
  /** Of the user; by default as the system says. It is not recorded as one workspace, nor is anything that holds it. */
  readonly homeFolder?: string;
  readonly settings: RecorderSettings;
  readonly clock: Clock;
  readonly digest: Digest;
  readonly app: 'vscode' | 'cli';
  readonly watcher: WorkspaceWatcher;
  /** Whose transcripts are followed; absent: none. */
  readonly agents?: { readonly adapters: readonly TranscriptAdapter[]; readonly environment: AgentEnvironment };
  /** What went wrong and was dealt with, for a log channel. Never holds content of files. */
  readonly onTrace?: (message: string) => void;
}
