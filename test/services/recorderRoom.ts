import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { isFileEvent, type EventOf, type EventKind, type FileEvent, type LoggedEvent, type TapedeckEvent } from '../../src/model/event.ts';
import type { FileVersion } from '../../src/model/fileVersion.ts';
import { chokidarWatcher } from '../../src/services/chokidarWatcher.ts';
import { openRecorder, type Recorder } from '../../src/services/recorder.ts';
import type { RecorderOptions } from '../../src/services/recorderOptions.ts';
import { defaultRecorderSettings } from '../../src/services/recorderSettings.ts';
import type { WorkspaceWatcher } from '../../src/services/workspaceWatcher.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { openLogReader } from '../../src/store/logReader.ts';

/** A watcher that never says anything: what is found then is found by looking. */
export const deafWatcher: WorkspaceWatcher = { watch: () => ({ dispose: () => {} }) };

/** A real folder on the disk with a real recorder, for tests. */
export class RecorderRoom {
  readonly base: string;
  readonly folder: string;
  readonly #recorders: Recorder[] = [];
  readonly traces: string[] = [];

  private constructor(base: string) {
    this.base = base;
    this.folder = join(base, 'work');
  }

  static async open(): Promise<RecorderRoom> {
    const base = await realpath(await mkdtemp(join(tmpdir(), 'tapedeck-recorder-')));
    const room = new RecorderRoom(base);
    await mkdir(room.folder);
    return room;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    await mkdir(dirname(this.path(name)), { recursive: true });
    await writeFile(this.path(name), content);
  }

  read(name: string): Promise<string> {
    return readFile(this.path(name), 'utf8');
  }

  git(...args: string[]): string {
    return this.gitIn('.', ...args);
  }

  gitIn(within: string, ...args: string[]): string {
    return execFileSync('git', args, {
      cwd: join(this.folder, within),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: this.base,
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_SYSTEM: '/dev/null',
        GIT_AUTHOR_NAME: 'A',
        GIT_AUTHOR_EMAIL: 'a@example.org',
        GIT_COMMITTER_NAME: 'A',
        GIT_COMMITTER_EMAIL: 'a@example.org',
      },
    });
  }

  async commitAll(message = 'first'): Promise<void> {
    this.git('add', '-A');
    this.git('commit', '-q', '-m', message);
  }

  async record(
    options: Partial<RecorderOptions> & {
      readonly exclude?: readonly string[];
      readonly maxFileBytes?: number;
      readonly budget?: number;
    } = {},
  ): Promise<Recorder> {
    const recorder = await openRecorder({
      folders: [{ name: 'work', path: this.folder }],
      root: join(this.folder, '.tapedeck'),
      settings: {
        ...defaultRecorderSettings,
        quietMs: 60,
        maxWaitMs: 400,
        exclude: options.exclude ?? [],
        maxFileBytes: options.maxFileBytes ?? defaultRecorderSettings.maxFileBytes,
        baselineBudgetBytes: options.budget ?? defaultRecorderSettings.baselineBudgetBytes,
      },
      clock: systemClock,
      digest: nodeDigest,
      app: 'cli',
      watcher: chokidarWatcher,
      onTrace: (message) => this.traces.push(message),
      ...options,
    });
    this.#recorders.push(recorder);
    await recorder.whenReady;
    return recorder;
  }

  /** The same with a session open and its baseline taken, so that what follows is all of the test's own making. */
  async started(options: Parameters<RecorderRoom['record']>[0] = {}): Promise<Recorder> {
    const recorder = await this.record(options);
    await recorder.start();
    await until(async () => (await this.events(recorder)).some((event) => event.kind === 'baseline.taken'), 'the baseline');
    return recorder;
  }

  async events(recorder: Recorder): Promise<LoggedEvent[]> {
    const session = recorder.status().session;
    if (session === undefined) return [];
    return this.eventsOf(recorder, session);
  }

  async eventsOf(recorder: Recorder, session: string): Promise<LoggedEvent[]> {
    const reader = await openLogReader({ layout: recorder.layout, session, digest: nodeDigest });
    const events: LoggedEvent[] = [];
    for await (const batch of reader.all()) events.push(...batch);
    reader.dispose();
    return events;
  }

  async kinds<K extends EventKind>(recorder: Recorder, kind: K): Promise<EventOf<K>[]> {
    return (await this.events(recorder)).filter((event): event is EventOf<K> & TapedeckEvent => event.kind === kind);
  }

  async fileEvents(recorder: Recorder): Promise<FileEvent[]> {
    return (await this.events(recorder)).filter(isFileEvent);
  }

  /** Waits until there are that many file events (and no more a moment later), then gives them as `kind path`. */
  async changes(recorder: Recorder, count: number): Promise<string[]> {
    await until(async () => (await this.fileEvents(recorder)).length >= count, `${count} file events`);
    await recorder.reconcile('hand');
    await recorder.flush();
    return (await this.fileEvents(recorder)).map(describeChange);
  }

  async content(recorder: Recorder, version: FileVersion | undefined): Promise<string | undefined> {
    if (version?.hash === undefined || version.missing !== undefined) return undefined;
    const bytes = await recorder.content.get(version.hash);
    return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
  }

  /** What a crash leaves: the recorder is gone, and has said nothing. */
  forget(recorder: Recorder): void {
    this.#recorders.splice(this.#recorders.indexOf(recorder), 1);
  }

  async close(): Promise<void> {
    await Promise.all(this.#recorders.map((recorder) => recorder.close()));
    await rm(this.base, { recursive: true, force: true, maxRetries: 5 });
  }
}

export function describeChange(event: FileEvent): string {
  const kind = event.kind.slice('file.'.length);
  return event.kind === 'file.renamed' ? `${kind} ${event.from} > ${event.path}` : `${kind} ${event.path}`;
}

export async function until(isSo: () => Promise<boolean> | boolean, what: string, limitMs = 8000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`Waited ${limitMs} ms in vain for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
