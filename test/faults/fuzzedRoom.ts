import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { execFileSync } from 'node:child_process';
import { systemClock } from '../../src/base/clock.ts';
import { userAuthor } from '../../src/model/author.ts';
import { isFileEvent } from '../../src/model/event.ts';
import { eventId, type EventId } from '../../src/model/ids.ts';
import { openRecorder, type Recorder } from '../../src/services/recorder.ts';
import { defaultRecorderSettings } from '../../src/services/recorderSettings.ts';
import { openRewinder, type Rewinder } from '../../src/services/rewinder.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { openLogReader, type LogReader } from '../../src/store/logReader.ts';
import { deafWatcher, until } from '../services/recorderRoom.ts';
import { random } from '../services/rewindWorld.ts';
import { capBytes, gitEnvironment, listTree, rulesOf, type OperatedRoom } from './workspaceOperations.ts';

/** By workspace path: type, mode and content. */
export type Tree = Readonly<Record<string, string>>;

/** What is there and what of it is left out of the recording, at one moment. */
export interface Sight {
  readonly tree: Tree;
  readonly leftOut: ReadonlySet<string>;
}

/** A workspace on the real disk, recorded by the real recorder, whose watcher is deaf: it finds by looking. */
export class FuzzedRoom implements OperatedRoom {
  readonly base = realpathSync(mkdtempSync(join(tmpdir(), 'tapedeck-fuzz-')));
  readonly folders: readonly string[];
  readonly hasGit: boolean;
  readonly traces: string[] = [];
  #recorder!: Recorder;
  #reader!: LogReader;

  constructor(hasGit: boolean, folders: number) {
    this.hasGit = hasGit;
    this.folders = ['work', 'second'].slice(0, folders).map((name) => join(this.base, name));
    for (const folder of this.folders) fs.mkdirSync(folder);
    fs.writeFileSync(join(this.folders[0]!, '.gitignore'), '*.log\nignored\n');
  }

  /** A repository around what is there by now, with one to fetch from. */
  beginGit(): void {
    const git = (within: string, ...args: string[]): void => {
      execFileSync('git', args, { cwd: join(this.base, within), env: gitEnvironment(this.base), stdio: 'ignore' });
    };
    fs.mkdirSync(join(this.base, 'origin'));
    fs.writeFileSync(join(this.base, 'origin/in'), 'of the module\n');
    for (const within of ['origin', 'work']) {
      git(within, 'init', '-q', '-b', 'main');
      git(within, 'config', 'gc.auto', '0');
      git(within, 'add', '-A');
      git(within, 'commit', '-qm', 'start', '--allow-empty');
    }
  }

  recorder(): Recorder {
    return this.#recorder;
  }

  async open(): Promise<void> {
    this.#recorder = await openRecorder({
      folders: this.folders.map((path) => ({ name: relative(this.base, path), path })),
      root: join(this.folders[0]!, '.tapedeck'),
      settings: { ...defaultRecorderSettings, quietMs: 60, maxWaitMs: 400, maxFileBytes: capBytes },
      clock: systemClock,
      digest: nodeDigest,
      app: 'cli',
      watcher: deafWatcher,
      onTrace: (message) => this.traces.push(message),
    });
    await this.#recorder.whenReady;
    const session = await this.#recorder.start();
    this.#reader = await openLogReader({ layout: this.#recorder.layout, session, digest: nodeDigest });
    const baselines = async (): Promise<boolean> => (await this.#reader.tail(1, { kinds: ['baseline.taken'] })).events.length > 0;
    await until(baselines, 'the baseline');
  }

  async restart(whileAway: () => void): Promise<void> {
    await this.close();
    whileAway();
    await this.open();
  }

  /** All that is there is in the log; gives the event behind which it stands. */
  async settle(): Promise<EventId> {
    await this.#recorder.reconcile('hand');
    await this.#recorder.flush();
    await this.#recorder.reconcile('hand');
    const [last] = (await this.#reader.tail(1)).events;
    return eventId(last!);
  }

  mark(): Promise<unknown> {
    return this.#recorder.journal.record({ kind: 'progress.noted', by: userAuthor, text: 'here' });
  }

  rewinder(): Rewinder {
    return openRewinder({
      layout: this.#recorder.layout,
      folders: this.folders.map((path) => ({ name: relative(this.base, path), path })),
      reader: this.#reader,
      journal: this.#recorder.journal,
      content: this.#recorder.content,
      digest: nodeDigest,
      random,
      during: (work) => this.#recorder.during(work),
    });
  }

  /** What the log tells of a path, a line an event. */
  async told(path: string): Promise<string> {
    const lines: string[] = [];
    for await (const batch of this.#reader.batches({}))
      for (const event of batch)
        if ((isFileEvent(event) && event.path === path) || (event.kind === 'file.renamed' && event.from === path))
          lines.push(JSON.stringify(event));
    return lines.join('\n');
  }

  /** What the log says is recorded only from some event on: it may have been there before. */
  async takenUp(): Promise<readonly string[]> {
    const paths: string[] = [];
    for await (const batch of this.#reader.batches({ filter: { kinds: ['file.skipped'] } }))
      for (const event of batch) if (event.kind === 'file.skipped' && event.after !== undefined) paths.push(event.path);
    return paths;
  }

  /** Damage in log and store. */
  async damage(): Promise<readonly unknown[]> {
    return [...(await this.#recorder.content.verify()).damage, ...(await this.#reader.verify()).damage];
  }

  see(): Sight {
    const tree: Record<string, string> = {};
    const leftOut = new Set<string>();
    for (const [index, folder] of this.folders.entries()) {
      const { rules } = rulesOf(folder);
      for (const { path, type } of listTree(folder)) {
        if (type === 'folder') continue;
        const within = relative(folder, path);
        const name = index === 0 ? within : `//second/${within}`;
        const bytes = type === 'link' ? fs.readlinkSync(path, { encoding: 'buffer' }) : fs.readFileSync(path);
        const mode = type === 'link' ? '' : (fs.lstatSync(path).mode & 0o777).toString(8);
        tree[name] = `${type} ${mode} ${bytes.length} ${nodeDigest.sha256(bytes)}`;
        const parts = within.split('/');
        const isIgnored = rules.ignores(within);
        if (isIgnored || parts.some((part) => /^\.env$/i.test(part)) || (type === 'file' && bytes.length > capBytes)) leftOut.add(name);
      }
    }
    return { tree, leftOut };
  }

  /** Every byte in every `.git`, and what is not ours in the base. */
  gitState(): Tree {
    const state: Record<string, string> = {};
    const visit = (folder: string, isGit: boolean): void => {
      for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name);
        if (entry.name === '.tapedeck') continue;
        if (entry.isDirectory()) visit(path, isGit || entry.name === '.git');
        else if (entry.isFile() && (isGit || entry.name === '.git'))
          state[path] = createHash('sha1').update(fs.readFileSync(path)).digest('hex');
      }
    };
    visit(this.base, false);
    return state;
  }

  async close(): Promise<void> {
    this.#reader?.dispose();
    await this.#recorder?.close();
  }

  async remove(): Promise<void> {
    await this.close();
    fs.rmSync(this.base, { recursive: true, force: true, maxRetries: 5 });
  }
}
