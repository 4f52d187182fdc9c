import { homedir, hostname } from 'node:os';
import type { Event } from '../base/emitter.ts';
import type { Author } from '../model/author.ts';
import type { EventOf, TapedeckEvent } from '../model/event.ts';
import type { ContentHash, SessionId } from '../model/ids.ts';
import { openContentStore, type ContentStore } from '../store/contentStore.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import { openPresence } from '../store/presence.ts';
import { RootError } from '../store/rootCheck.ts';
import { describeWideFolder, wideFolder } from '../store/wideFolder.ts';
import { createWriterId } from '../store/writerClaim.ts';
import type { TerminalCommand } from './commandLog.ts';
import type { Journal } from './journal.ts';
import type { Sessions } from './sessions.ts';
import type { DiagnosticCounts } from './diagnosticsLog.ts';
import type { ReconcileReason } from './reconciler.ts';
import type { RecorderOptions } from './recorderOptions.ts';
import { openRecorderRoot } from './recorderRoot.ts';
import type { RecorderStatus } from './recorderStatus.ts';
import { WorkspaceRecorder } from './workspaceRecorder.ts';

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
  /** The files are known and watched (or another process does that). Never rejects: what failed is in the status. */
  readonly whenReady: Promise<void>;
  status(): RecorderStatus;
  readonly onDidChangeStatus: Event<RecorderStatus>;

  /** That file or folder may have changed. */
  hint(absolutePath: string): void;
  /** Compares everything with what is known. Resolves when what was found is recorded. Urgent ones are not throttled. */
  reconcile(reason: ReconcileReason): Promise<void>;
  /** An editor saved the file: SHA-256 of the bytes that it wrote, and of those with which the editing began, where it knows. */
  documentSaved(absolutePath: string, hash: ContentHash, from?: ContentHash): void;
  /** An editor deleted that file or folder, or moved it away, at its user's wish. */
  documentRemoved(absolutePath: string): void;
  /** `terminal` is any name that is the same for one terminal's life. */
  terminalCommandStarted(command: { readonly terminal: string; readonly command: string; readonly cwd?: string }): TerminalCommand;
  /** The terminal is gone: its running command ends as closed. */
  terminalClosed(terminal: string): void;
  /** Counts over the workspace, whenever they change; recorded when they have been quiet for a while. */
  diagnostics(counts: DiagnosticCounts): void;

  /** Starts a session by hand (or joins the current one). A label is set on it. */
  start(label?: string): Promise<SessionId>;
  end(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  checkpoint(label: string, reason?: EventOf<'checkpoint.made'>['reason'], by?: Author): Promise<TapedeckEvent>;
  /** Runs work that itself writes files and records them (a rewind): looks first, takes no file of its own meanwhile, looks again. */
  during<T>(work: () => Promise<T>): Promise<T>;
  /** Looks whether this process is to record the files now, rather than when it would look next. */
  lead(): Promise<boolean>;
  /** Everything seen so far is looked at and on disk. */
  flush(): Promise<void>;
  /** Within two seconds; the session goes on. */
  close(): Promise<void>;
}

/** Opens a recorder. Rejects when neither root can be written, or a folder is none to be recorded; everything later shows in the status. */
export async function openRecorder(options: RecorderOptions): Promise<Recorder> {
  if (options.folders.length === 0) throw new Error('There is no folder to record.');
  for (const { path } of options.folders) {
    const why = wideFolder(path, options.homeFolder ?? homedir());
    if (why !== undefined) throw new RootError('too-wide', describeWideFolder(path, why));
  }
  const id = createWriterId();
  const { layout, isFallback } = await openRecorderRoot(options);
  const presence = await openPresence({
    layout,
    card: { writer: id, pid: process.pid, host: hostname(), startedAt: new Date(options.clock.now()).toISOString(), app: options.app },
  });
  let content: ContentStore | undefined;
  try {
    content = await openContentStore({ layout, digest: options.digest, writer: id });
    const recorder = new WorkspaceRecorder(options, layout, isFallback, presence, content);
    await recorder.open();
    return recorder;
  } catch (error) {
    await content?.close();
    await presence.leave();
    throw error;
  }
}
