import type { Clock } from '../base/clock.ts';
import type { Event } from '../base/emitter.ts';
import type { TranscriptAdapter, AgentEnvironment } from '../core/transcripts/adapter.ts';
import type { Author } from '../model/author.ts';
import type { Digest } from '../model/digest.ts';
import type { EventOf, TapedeckEvent } from '../model/event.ts';
import type { ContentHash, SessionId } from '../model/ids.ts';
import type { ContentStore } from '../store/contentStore.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import type { Journal } from './journal.ts';
import type { RecorderSettings } from './recorderSettings.ts';
import type { SessionFolder, Sessions } from './sessions.ts';
import type { WorkspaceWatcher } from './workspaceWatcher.ts';

export interface RecorderOptions {
  /** Of the workspace, absolute paths, the first one first; their names must differ. */
  readonly folders: readonly SessionFolder[];
  /** Where the log lies (`<first folder>/.tapedeck`), and where it goes instead when that cannot be written. */
  readonly root: string;
  readonly fallbackRoot?: string;
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

export type RecorderState = 'off' | 'recording' | 'paused' | 'degraded' | 'viewing';

export interface RecorderStatus {
  /** `off`: no session. `viewing`: another process of this workspace records the files and agents, this one only its own terminals and entries. */
  readonly state: RecorderState;
  /** Why it is degraded or off, for people. */
  readonly reason?: string;
  readonly session?: SessionId;
  readonly label?: string;
  /** ISO 8601. */
  readonly startedAt?: string;
  /** What this process has recorded into the session. */
  readonly counts: { readonly events: number; readonly files: number; readonly commands: number; readonly failures: number };
  readonly isLeader: boolean;
  /** The root in use. */
  readonly root: string;
  /** True when the wanted root could not be written and the fallback is used. */
  readonly isFallbackRoot: boolean;
  /** Times in which something was not recorded. */
  readonly gaps: number;
}

/** A command that runs in a terminal. Who starts one ends it once; later calls do nothing. */
export interface TerminalCommand {
  /** Raw output as it comes; a bounded tail is kept, a full-screen program's is discarded. */
  write(data: string): void;
  /** `exitCode` undefined: the terminal did not tell. */
  end(exitCode: number | undefined): void;
}

export type ReconcileReason = 'start' | 'command' | 'turn' | 'checkpoint' | 'rewind' | 'watcher' | 'burst' | 'focus' | 'hand';

/**
 * Records a workspace: with an editor or without one, with git or without it.
 * - A file is recorded from the disk alone: hints say where to look, the comparison with what was known says what changed.
 * - Before and after of a change are on disk before its event is.
 * - Of several recorders of one root on one machine only one (the oldest) records files and transcripts.
 * - What could not be recorded is a `capture.gap` or stays a difference that the next reconcile finds; it is never forgotten.
 */
export interface Recorder {
  readonly layout: TapedeckLayout;
  readonly sessions: Sessions;
  /** Writes to the open session; opens one when the settings let it. Explicit entries of people open one in any case: see `start`. */
  readonly journal: Journal;
  readonly content: ContentStore;
  status(): RecorderStatus;
  readonly onDidChangeStatus: Event<RecorderStatus>;

  /** That file or folder may have changed. */
  hint(absolutePath: string): void;
  /** Compares everything with what is known. Resolves when what was found is recorded. Urgent ones are not throttled. */
  reconcile(reason: ReconcileReason): Promise<void>;
  /** An editor saved the file; the hash is the SHA-256 of the bytes that it wrote, where the editor can tell. */
  documentSaved(absolutePath: string, hash: ContentHash): void;
  /** `terminal` is any name that is the same for one terminal's life. */
  terminalCommandStarted(command: { readonly terminal: string; readonly command: string; readonly cwd?: string }): TerminalCommand;
  /** The terminal is gone: its running command ends as closed. */
  terminalClosed(terminal: string): void;
  /** Counts over the workspace, whenever they change; recorded when they have been quiet for a while. */
  diagnostics(counts: { readonly errors: number; readonly warnings: number; readonly files?: number }): void;

  /** Starts a session by hand (or joins the current one). A label is set on it. */
  start(label?: string): Promise<SessionId>;
  end(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  checkpoint(label: string, reason?: EventOf<'checkpoint.made'>['reason'], by?: Author): Promise<TapedeckEvent>;
  /** Runs work that itself writes files and records them (a rewind): looks first, takes no file of its own meanwhile, looks again. */
  during<T>(work: () => Promise<T>): Promise<T>;
  /** Everything seen so far is looked at and on disk. */
  flush(): Promise<void>;
  /** Within two seconds; the session goes on. */
  close(): Promise<void>;
}
