import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { systemClock } from '../base/clock.ts';
import { DisposableStore, type Disposable } from '../base/disposable.ts';
import { Emitter, type Event } from '../base/emitter.ts';
import { SerialQueue } from '../base/serialQueue.ts';
import { transcriptAdapters } from '../core/transcripts/table.ts';
import type { LoggedEvent } from '../model/event.ts';
import type { SessionId } from '../model/ids.ts';
import type { LogWorker } from '../services/logWorker.ts';
import { openRecorder, type Recorder } from '../services/recorder.ts';
import type { RecorderOptions } from '../services/recorderOptions.ts';
import { defaultRecorderSettings, type RecorderSettings } from '../services/recorderSettings.ts';
import { openSessionFeed, type SessionFeed } from '../services/sessionFeed.ts';
import { createSessions, type SessionFolder, type Sessions } from '../services/sessions.ts';
import { openContentStore, type ContentStore } from '../store/contentStore.ts';
import { nodeDigest } from '../store/digest.ts';
import { tapedeckLayout, type TapedeckLayout } from '../store/layout.ts';
import { createWriterId } from '../store/writerClaim.ts';
import { editorWatcher } from './editorWatcher.ts';
import { randomName } from './randomName.ts';
import { readOnlyDisk } from './readOnlyDisk.ts';
import { recordingHere } from './recordingAnswer.ts';
import type { PastSummary } from '../protocol/messages.ts';
import type { Settings } from './settings.ts';

export type DeckMode = 'opening' | 'noFolder' | 'untrusted' | 'recorder' | 'failed';

/**
 * What this window has open: the recorder of its folders (none without a folder or trust), and the session that is
 * looked at, which is the recorded one unless the user chose another. One deck serves one set of folders; it is opened
 * again when the folders, the trust or a setting that it was built from change.
 */
export class Deck implements Disposable {
  readonly folders: readonly SessionFolder[];
  readonly layout: TapedeckLayout | undefined;
  readonly recorder: Recorder | undefined;
  readonly sessions: Sessions | undefined;
  /** The contents of past files; undefined where there are none to read. */
  readonly content: ContentStore | undefined;
  readonly mode: DeckMode;
  /** Why `mode` is `failed`, for people. */
  readonly failure: string | undefined;
  /** When a session starts here. */
  readonly recording: Settings['recording'];
  /** Where the log should lie; it lies elsewhere when that can't be written. */
  readonly wantedRoot: string | undefined;
  /** Whose transcripts are followed, and where they lie; undefined where none may be read. */
  readonly agents: NonNullable<RecorderOptions['agents']> | undefined;
  readonly #disposables = new DisposableStore();
  readonly #changed = this.#disposables.add(new Emitter<void>());
  readonly #switched = this.#disposables.add(new Emitter<void>());
  readonly #appended = this.#disposables.add(new Emitter<readonly LoggedEvent[]>());
  readonly #queue = new SerialQueue();
  readonly #trace: (message: string) => void;
  readonly #logWorker: LogWorker | undefined;
  #feed: SessionFeed | undefined;
  /** The session that the user chose to look at; undefined: the recorded one. */
  #chosen: SessionId | undefined;
  #hasHistory = false;
  #past: PastSummary | undefined;

  private constructor(parts: {
    folders: readonly SessionFolder[];
    layout?: TapedeckLayout;
    recorder?: Recorder;
    sessions?: Sessions;
    content?: ContentStore | undefined;
    mode: DeckMode;
    failure?: string;
    recording?: Settings['recording'];
    wantedRoot?: string;
    agents?: NonNullable<RecorderOptions['agents']>;
    trace: (message: string) => void;
    logWorker?: LogWorker;
  }) {
    this.folders = parts.folders;
    this.layout = parts.layout;
    this.recorder = parts.recorder;
    this.sessions = parts.sessions;
    this.content = parts.content ?? parts.recorder?.content;
    this.mode = parts.mode;
    this.failure = parts.failure;
    this.recording = parts.recording ?? 'automatic';
    this.wantedRoot = parts.wantedRoot;
    this.agents = parts.agents;
    this.#trace = parts.trace;
    this.#logWorker = parts.logWorker;
    if (parts.recorder !== undefined) {
      this.#disposables.add(
        parts.recorder.onDidChangeStatus(() => {
          this.#changed.fire();
          void this.follow();
        }),
      );
    }
  }

  /** Never rejects: a recorder that can't be opened leaves a deck in mode `failed` that says why. */
  static async open(
    context: vscode.ExtensionContext,
    settings: Settings,
    { trace, logWorker }: { readonly trace: (message: string) => void; readonly logWorker: LogWorker },
  ): Promise<Deck> {
    const folders = workspaceFolders();
    const first = folders[0];
    if (first === undefined) return new Deck({ folders, mode: 'noFolder', trace });
    const root = path.resolve(first.path, settings.directory);
    const fallbackRoot = context.storageUri?.fsPath;
    const recording = recordingHere(context, settings.recording);
    const common = { folders, recording, wantedRoot: root, trace, logWorker };
    if (!vscode.workspace.isTrusted) {
      const layout = tapedeckLayout(root);
      const sessions = createSessions({
        layout,
        clock: systemClock,
        digest: nodeDigest,
        folders,
        app: 'vscode',
        idleHours: settings.idleHours,
        random: randomName,
      });
      return Deck.#ready(new Deck({ ...common, layout, sessions, content: await contentToRead(layout, trace), mode: 'untrusted' }));
    }
    const agents = {
      adapters: transcriptAdapters.filter(({ id }) => settings.agents.includes(id)),
      environment: {
        platform: process.platform,
        homeFolder: os.homedir(),
        variables: process.env,
        folders: folders.map((folder) => folder.path),
      },
    };
    try {
      const recorder = await openRecorder({
        folders,
        root,
        ...(fallbackRoot === undefined ? {} : { fallbackRoot }),
        settings: recorderSettings({ ...settings, recording }),
        clock: systemClock,
        digest: nodeDigest,
        app: 'vscode',
        watcher: editorWatcher,
        agents,
        onTrace: trace,
      });
      return await Deck.#ready(
        new Deck({ ...common, agents, layout: recorder.layout, recorder, sessions: recorder.sessions, mode: 'recorder' }),
      );
    } catch (error) {
      trace(`The recorder could not be opened: ${String(error)}`);
      return new Deck({ ...common, mode: 'failed', failure: error instanceof Error ? error.message : String(error) });
    }
  }

  /** An empty deck, for the moments before the first one is open. */
  static opening(trace: (message: string) => void): Deck {
    return new Deck({ folders: workspaceFolders(), mode: 'opening', trace });
  }

  static async #ready(deck: Deck): Promise<Deck> {
    await deck.follow();
    return deck;
  }

  /** The session that is looked at. */
  get feed(): SessionFeed | undefined {
    return this.#feed;
  }

  /** The session that is looked at is not the recorded one. */
  get isViewingAnother(): boolean {
    return this.#chosen !== undefined && this.#chosen !== this.recorder?.status().session;
  }

  /** What agents kept of this workspace, where it was looked: for the view while nothing was recorded. */
  get past(): PastSummary | undefined {
    return this.#past;
  }

  notePast(past: PastSummary): void {
    this.#past = past;
    this.#changed.fire();
  }

  get hasHistory(): boolean {
    return this.#hasHistory;
  }

  /** The recorder's state has changed, or what is shown in the header. */
  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  /** Another session is looked at from now on. */
  get onDidSwitch(): Event<void> {
    return this.#switched.event;
  }

  /** New events of the session that is looked at. */
  get onDidAppend(): Event<readonly LoggedEvent[]> {
    return this.#appended.event;
  }

  /** Looks at another session; undefined: back to the recorded one. */
  async choose(session: SessionId | undefined): Promise<void> {
    this.#chosen = session;
    await this.follow();
  }

  /** Opens the feed of the session that should be looked at, if it is not open yet. */
  follow(): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#disposables.isDisposed || this.layout === undefined) return;
      const wanted = this.#chosen ?? this.recorder?.status().session ?? (await this.#newestSession());
      if (wanted === this.#feed?.session) return;
      const former = this.#feed;
      try {
        const keepsFolds = this.mode === 'recorder';
        this.#feed =
          wanted === undefined
            ? undefined
            : await openSessionFeed({ layout: this.layout, session: wanted, digest: nodeDigest, keepsFolds, worker: this.#logWorker });
      } catch (error) {
        this.#trace(`The session ${wanted ?? ''} could not be opened: ${String(error)}`);
        return;
      }
      former?.dispose();
      if (this.#disposables.isDisposed) return this.#feed?.dispose();
      this.#feed?.onDidAppend((events) => this.#appended.fire(events));
      this.#feed?.onDidMeetDamage(() => this.#changed.fire());
      void this.#feed?.whenFolded.then(
        () => this.#changed.fire(),
        (error: unknown) => this.#trace(`The session could not be read: ${String(error)}`),
      );
      if (wanted !== undefined) this.#hasHistory = true;
      this.#switched.fire();
      this.#changed.fire();
    });
  }

  async #newestSession(): Promise<SessionId | undefined> {
    try {
      return (await this.sessions?.list())?.[0]?.id;
    } catch (error) {
      this.#trace(`The sessions could not be listed: ${String(error)}`);
      return undefined;
    }
  }

  /** Resolves when all that was recorded is on disk and everything is closed; within two seconds. */
  async close(): Promise<void> {
    this.dispose();
    await (this.recorder?.close() ?? this.content?.close());
  }

  dispose(): void {
    this.#disposables.dispose();
    this.#feed?.dispose();
    this.#feed = undefined;
  }
}

/** The window's folders on disk. Two of the same name are told apart by a number, because names stand in paths. */
function workspaceFolders(): SessionFolder[] {
  const taken = new Set<string>();
  return (vscode.workspace.workspaceFolders ?? [])
    .filter(({ uri }) => uri.scheme === 'file')
    .map(({ name, uri }) => {
      const plain = name.replaceAll(/[/\\]/g, '-');
      let unique = plain;
      for (let count = 2; taken.has(unique); count++) unique = `${plain}-${count}`;
      taken.add(unique);
      return { name: unique, path: uri.fsPath };
    });
}

async function contentToRead(layout: TapedeckLayout, trace: (message: string) => void): Promise<ContentStore | undefined> {
  try {
    return await openContentStore({ layout, digest: nodeDigest, writer: createWriterId(), fileSystem: readOnlyDisk });
  } catch (error) {
    trace(`Past contents can't be read: ${String(error)}`);
    return undefined;
  }
}

export function recorderSettings(settings: Settings): RecorderSettings {
  return {
    ...defaultRecorderSettings,
    start: settings.recording,
    idleHours: settings.idleHours,
    maxFileBytes: settings.maxFileSizeKB * 1024,
    baselineBudgetBytes: settings.baselineBudgetMB * 1024 * 1024,
    maxStoredBytes: settings.maxStorageMB * 1024 * 1024,
    exclude: settings.exclude,
    commandOutput: settings.keepsTerminalOutput,
    recordPolicy: settings.recordPolicy,
    sessionTrailer: settings.sessionTrailer,
  };
}
