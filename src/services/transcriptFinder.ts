import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { watch, type FSWatcher } from 'chokidar';
import type { Disposable } from '../base/disposable.ts';
import type { TranscriptFile, TranscriptRoot } from '../core/transcripts/adapter.ts';
import { SqliteMissing, sqliteMark } from '../store/sqlite.ts';
import { isDatabase, listSessions } from '../store/transcriptSource.ts';

export interface FoundFile extends TranscriptFile {
  readonly changedAtMs: number;
  readonly sizeBytes: number;
  /** When the file was made; undefined where the file system does not tell, and for what is no file of its own. */
  readonly bornAtMs?: number;
}

export interface FinderTimes {
  /** Between looks for a folder that is not there yet. */
  readonly absentMs: number;
  /** Between looks through the whole folder, which find what a watcher lost. */
  readonly scanMs: number;
  /** A file untouched for longer is not watched by itself; the scan sees it grow again. */
  readonly watchedAgeMs: number;
}

/**
 * Finds the transcripts below one root and tells when one may have changed. Watchers lose events without saying so, and
 * the folder may appear, vanish and come back: a scan now and then makes sure. Only recent files are watched one by one;
 * years of old ones cost a stat per scan.
 */
export class TranscriptFinder implements Disposable {
  readonly #root: TranscriptRoot;
  readonly #times: FinderTimes;
  readonly #now: () => number;
  readonly #onFile: (file: FoundFile) => void;
  readonly #onError: (error: unknown) => void;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isDisposed = false;
  #scanning: Promise<void> | undefined;
  /** Databases by path: how each looked when its sessions were listed, and how each session did. */
  readonly #databases = new Map<string, { mark: string | undefined; readonly sessions: Map<string, string> }>();
  #listing: Promise<void> | undefined;
  #isSqliteMissing = false;

  constructor(
    root: TranscriptRoot,
    options: {
      readonly times: FinderTimes;
      readonly now: () => number;
      /** A transcript was found, or may have changed. Comes often, for the same file too. */
      readonly onFile: (file: FoundFile) => void;
      readonly onError: (error: unknown) => void;
    },
  ) {
    this.#root = root;
    this.#times = options.times;
    this.#now = options.now;
    this.#onFile = options.onFile;
    this.#onError = options.onError;
  }

  /** Resolves when the first look is done and, where the folder is there, its watcher is ready. */
  async start(): Promise<void> {
    await this.#look();
  }

  /** Looks through the whole folder now. */
  async scan(): Promise<void> {
    this.#scanning ??= this.#scanFolder(this.#root.folder, '', 0).finally(() => {
      this.#scanning = undefined;
    });
    await this.#scanning;
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    void this.close();
  }

  async close(): Promise<void> {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    const watcher = this.#watcher;
    this.#watcher = undefined;
    await watcher?.close();
  }

  async #look(): Promise<void> {
    try {
      const isThere = await isFolder(this.#root.folder);
      if (this.#isDisposed) return;
      if (isThere && this.#watcher === undefined) await this.#watch();
      else if (!isThere && this.#watcher !== undefined) {
        const watcher = this.#watcher;
        this.#watcher = undefined;
        await watcher.close();
      }
      if (isThere) await this.scan();
    } catch (error) {
      this.#onError(error);
    }
    if (this.#isDisposed) return;
    this.#timer = setTimeout(() => void this.#look(), this.#watcher === undefined ? this.#times.absentMs : this.#times.scanMs);
    // A look that is due keeps no process alive.
    this.#timer.unref();
  }

  #watch(): Promise<void> {
    const { folder, depth } = this.#root;
    const watcher = watch(folder, {
      depth,
      ignoreInitial: true,
      ignorePermissionErrors: true,
      ignored: (path, stats) =>
        stats === undefined ? false : stats.isFile() ? !this.#isWatched(path, stats.mtimeMs) : !this.#mayHold(this.#below(path)),
    });
    this.#watcher = watcher;
    const hint = (path: string): void => void this.#meet(path);
    watcher.on('add', hint).on('change', hint).on('error', this.#onError);
    return new Promise((resolve) => {
      watcher.once('ready', resolve);
    });
  }

  #isWatched(path: string, changedAtMs: number): boolean {
    return this.#relative(path) !== undefined && this.#now() - changedAtMs < this.#times.watchedAgeMs;
  }

  async #meet(path: string): Promise<void> {
    const relative = this.#relative(path);
    if (relative === undefined || this.#isDisposed) return;
    if (isDatabase(this.#root.framing)) {
      // One listing at a time; what is written meanwhile is seen by the next.
      await this.#listing;
      this.#listing = this.#listSessions(path.replace(/-wal$/, ''), relative).catch(this.#onError);
      await this.#listing;
      return;
    }
    const info = await stat(path).catch(() => undefined);
    if (info?.isFile() === true && !this.#isDisposed) {
      const bornAtMs = info.birthtimeMs > 0 ? Math.min(info.birthtimeMs, info.mtimeMs) : undefined;
      this.#onFile({ path, relative, changedAtMs: info.mtimeMs, sizeBytes: info.size, ...(bornAtMs === undefined ? {} : { bornAtMs }) });
    }
  }

  /** Every session of a database is a file of its own to whoever follows it. */
  async #listSessions(path: string, relative: string): Promise<void> {
    const mark = await sqliteMark(path);
    const known = this.#databases.get(path) ?? { mark: undefined, sessions: new Map<string, string>() };
    const { framing } = this.#root;
    if (mark === undefined || mark === known.mark || this.#isSqliteMissing || !isDatabase(framing)) return;
    this.#databases.set(path, known);
    try {
      for (const session of await listSessions(framing, path)) {
        const { id, changedAtMs, sequence } = session;
        // Without a count of changes one that was at work lately may have gone on unseen.
        const isSame = known.sessions.get(id) === `${changedAtMs} ${sequence ?? ''}`;
        if (isSame && (sequence !== undefined || this.#now() - changedAtMs > this.#times.watchedAgeMs)) continue;
        known.sessions.set(id, `${changedAtMs} ${sequence ?? ''}`);
        if (this.#isDisposed) return;
        this.#onFile({ path, relative: `${relative}/${id}`, session: id, changedAtMs, sizeBytes: sequence ?? changedAtMs });
      }
      known.mark = mark;
    } catch (error) {
      this.#isSqliteMissing = error instanceof SqliteMissing;
      throw error;
    }
  }

  #mayHold(relative: string | undefined): boolean {
    return relative === undefined || relative === '' || this.#root.mayHold?.(relative) !== false;
  }

  #below(path: string): string | undefined {
    const { folder } = this.#root;
    return path.startsWith(folder) ? path.slice(folder.length).replaceAll('\\', '/').replace(/^\/+/, '') : undefined;
  }

  /** The path below the root with `/`, when it is that of a transcript. */
  #relative(path: string): string | undefined {
    const below = this.#below(path);
    if (below === undefined) return undefined;
    // What is new in a database stands in the log beside it first.
    const relative = isDatabase(this.#root.framing) ? below.replace(/-wal$/, '') : below;
    return this.#root.isTranscript(relative) ? relative : undefined;
  }

  async #scanFolder(folder: string, relative: string, level: number): Promise<void> {
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') this.#onError(error);
      return [];
    });
    // By name, which begins with the time where that matters: the earlier part of a run before the later.
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (this.#isDisposed) return;
      const path = join(folder, entry.name);
      const below = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory()) {
        if (level < this.#root.depth && this.#mayHold(below)) await this.#scanFolder(path, below, level + 1);
      } else if (entry.isFile() && this.#root.isTranscript(below)) await this.#meet(path);
    }
  }
}

async function isFolder(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  return info?.isDirectory() === true;
}
