import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import type { Recorder } from '../../src/services/recorder.ts';

type Dice = (sides: number) => number;

/** Larger files are not captured in these rooms. */
export const capBytes = 16 * 1024;

const names = ['a', 'b.txt', 'c', 'Data', 'e\u0301', '\u65e5\u672c', 'with space', '-x', 'quo"te', 'lib.rs'];

/** What of a room the operations need. Git is run as the user would, by its own program. */
export interface OperatedRoom {
  readonly base: string;
  /** The workspace's folders; the first one is where the log lies. */
  readonly folders: readonly string[];
  readonly hasGit: boolean;
  recorder(): Recorder;
  restart(whileAway: () => void): Promise<void>;
}

/**
 * One random operation a call, by one of several actors, on the real disk. `run` says what was done. An operation that the
 * system or git refuses is one that did nothing, or half of it: the tree is what counts.
 */
export class WorkspaceOperations {
  readonly #room: OperatedRoom;
  readonly #dice: Dice;
  #count = 0;
  /** By folder, every text that its ignore file has had so far, for however short a time. */
  readonly #rules: Map<string, Ignore>[] = [];

  constructor(room: OperatedRoom, dice: Dice) {
    this.#room = room;
    this.#dice = dice;
  }

  async run(): Promise<string> {
    this.#count += 1;
    const table = this.#room.hasGit ? [...plain, ...plain, ...withGit] : plain;
    const name = this.#pick(table);
    try {
      await this.#act(name);
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
    this.#noteRules();
    return name;
  }

  /** The ignore file of its folder may have left it out at some moment. */
  mayHaveBeenIgnored(path: string): boolean {
    const [folder, within] = path.startsWith('//second/') ? [1, path.slice('//second/'.length)] : [0, path];
    return [...(this.#rules[folder]?.values() ?? [])].some((rules) => rules.ignores(within));
  }

  /** Several of the plain ones at once. */
  burst(): void {
    for (let left = 1 + this.#dice(4); left > 0; left--) {
      try {
        this.#onDisk(this.#pick(onDisk));
      } catch (error) {
        if (!isRefusal(error)) throw error;
      }
      this.#noteRules();
    }
  }

  #noteRules(): void {
    for (const [index, folder] of this.#room.folders.entries()) {
      const { text, rules } = rulesOf(folder);
      (this.#rules[index] ??= new Map()).set(text, rules);
    }
  }

  async #act(name: Operation): Promise<void> {
    const recorder = this.#room.recorder();
    switch (name) {
      case 'save': {
        const path = this.#file() ?? this.#newPath();
        clearWay(path);
        const bytes = this.#content();
        fs.writeFileSync(path, bytes);
        recorder.documentSaved(path, createHash('sha256').update(bytes).digest('hex'));
        return;
      }
      case 'command': {
        const command = recorder.terminalCommandStarted({ terminal: 't1', command: 'make', cwd: this.#room.folders[0]! });
        this.burst();
        await pause(20);
        command.end(this.#dice(2));
        return;
      }
      case 'burst':
        return this.burst();
      // What lies there is older than the next look by any disk's clock.
      case 'age':
        return pause(1100);
      case 'restart':
        return this.#room.restart(() => this.burst());
      case 'commit':
        this.git('add', '-A');
        return this.git('commit', '-qm', `commit ${this.#count}`);
      case 'branch':
        return this.git('checkout', '-q', '-b', `b${this.#count}`);
      case 'checkout':
        return this.git('checkout', '-q', ...(this.#dice(2) === 0 ? ['-f'] : []), this.#pick(this.#branches()));
      case 'stash':
        return this.git('stash', '-q', ...(this.#dice(2) === 0 ? ['-u'] : []));
      case 'unstash':
        return this.git('stash', 'pop', '-q');
      case 'reset':
        return this.git('reset', '-q', this.#pick(['--hard', '--soft', '--mixed']), this.#pick(['HEAD', 'HEAD~1']));
      case 'merge':
        return this.git('merge', '-q', '--no-edit', this.#pick(this.#branches()));
      case 'amend':
        this.git('commit', '-q', '-a', '--amend', '-m', `amended ${this.#count}`);
        return this.#forgetHistory();
      case 'uncache':
        this.git('rm', '-rq', '--cached', '--ignore-unmatch', this.#pick(names));
        return;
      case 'prune':
        return this.#forgetHistory();
      case 'nested': {
        const folder = join(this.#root(), this.#pick(['Data', 'nested']));
        if (fs.lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) clearWay(folder);
        fs.mkdirSync(folder, { recursive: true });
        this.gitIn(folder, 'init', '-q');
        fs.writeFileSync(join(folder, 'in'), this.#content());
        this.gitIn(folder, 'add', '-A');
        return this.gitIn(folder, 'commit', '-qm', 'nested');
      }
      case 'submodule':
        this.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', '-f', '../origin', 'module');
        return;
      case 'worktree':
        return this.git('worktree', 'add', '-q', '-f', `tree${this.#dice(2)}`, '-b', `w${this.#count}`);
      default:
        return this.#onDisk(name);
    }
  }

  #onDisk(name: (typeof onDisk)[number]): void {
    switch (name) {
      case 'create': {
        const path = this.#newPath();
        clearWay(path);
        return fs.writeFileSync(path, this.#content());
      }
      case 'edit': {
        const path = this.#file();
        if (path === undefined) return;
        const bytes = fs.readFileSync(path);
        const at = this.#dice(bytes.length + 1);
        return fs.writeFileSync(path, Buffer.concat([bytes.subarray(0, at), Buffer.from(`edit ${this.#count}`), bytes.subarray(at)]));
      }
      case 'replaceByRename': {
        const path = this.#file();
        if (path === undefined) return;
        fs.writeFileSync(`${path}.new`, this.#content());
        return fs.renameSync(`${path}.new`, path);
      }
      case 'empty': {
        const path = this.#file();
        return path === undefined ? undefined : fs.truncateSync(path);
      }
      case 'delete':
        return fs.rmSync(this.#entry() ?? this.#newPath(), { force: true, recursive: true });
      case 'rename': {
        const from = this.#entry();
        const to = this.#newPath();
        if (from === undefined || to === from || to.startsWith(`${from}/`) || from.startsWith(`${to}/`)) return;
        clearWay(to);
        return fs.renameSync(from, to);
      }
      case 'renameCase': {
        const from = this.#entry();
        if (from === undefined) return;
        const last = from.slice(from.lastIndexOf('/') + 1);
        const to = join(dirname(from), last === last.toUpperCase() ? last.toLowerCase() : last.toUpperCase());
        return fs.existsSync(to) ? undefined : fs.renameSync(from, to);
      }
      case 'mode': {
        const path = this.#file();
        return path === undefined ? undefined : fs.chmodSync(path, this.#pick([0o644, 0o755, 0o600, 0o444, 0o777]));
      }
      case 'link': {
        const path = this.#newPath();
        clearWay(path);
        return fs.symlinkSync(this.#pick(['a', '../b.txt', 'nowhere', '/etc/hostname', '.', 'Data']), path);
      }
      case 'hardLink': {
        const from = this.#file();
        const path = this.#newPath();
        if (from === undefined || from === path || path.startsWith(`${from}/`) || from.startsWith(`${path}/`)) return;
        clearWay(path);
        return fs.linkSync(from, path);
      }
      case 'fileToFolder': {
        const path = this.#file();
        if (path === undefined) return;
        fs.rmSync(path);
        fs.mkdirSync(path);
        return fs.writeFileSync(join(path, this.#pick(names)), this.#content());
      }
      case 'folderToFile': {
        const folder = this.#folder();
        if (folder === undefined) return;
        fs.rmSync(folder, { recursive: true });
        return fs.writeFileSync(folder, this.#content());
      }
      case 'emptyFolder':
        return void fs.mkdirSync(join(this.#root(), `empty${this.#dice(3)}/deep`), { recursive: true });
      case 'big': {
        const path = this.#dice(3) === 0 ? this.#file() : join(this.#root(), `big${this.#dice(2)}`);
        return path === undefined ? undefined : fs.writeFileSync(path, Buffer.alloc(capBytes + 1 + this.#dice(100), this.#count & 255));
      }
      case 'ignored': {
        const path = join(this.#root(), this.#pick(['ignored/x', 'ignored/y', 'out.log', 'Data/out.log']));
        if (fs.lstatSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() === false) return;
        fs.mkdirSync(dirname(path), { recursive: true });
        return fs.writeFileSync(path, this.#content());
      }
      case 'secret':
        return fs.writeFileSync(join(this.#root(), '.env'), `KEY=${this.#count}`);
      case 'ignoreMore': {
        const path = join(this.#root(), '.gitignore');
        if (fs.lstatSync(path, { throwIfNoEntry: false })?.isFile() === false) return;
        const rules = ['a', 'c', '/Data', 'lib.rs'].filter(() => this.#dice(4) === 0);
        return fs.writeFileSync(path, ['*.log', 'ignored', ...rules, ''].join('\n'));
      }
    }
  }

  git(...args: string[]): void {
    this.gitIn(this.#room.folders[0]!, ...args);
  }

  gitIn(folder: string, ...args: string[]): void {
    execFileSync('git', args, { cwd: folder, stdio: 'ignore', env: gitEnvironment(this.#room.base) });
  }

  #forgetHistory(): void {
    this.git('reflog', 'expire', '--expire=now', '--all');
    this.git('gc', '-q', '--prune=now');
  }

  #branches(): string[] {
    const text = execFileSync('git', ['branch', '--format=%(refname:short)'], {
      cwd: this.#room.folders[0]!,
      encoding: 'utf8',
      env: gitEnvironment(this.#room.base),
    });
    return text.split('\n').filter((name) => name !== '');
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#dice(list.length)]!;
  }

  #root(): string {
    return this.#room.folders.length === 1 || this.#dice(4) > 0 ? this.#room.folders[0]! : this.#pick(this.#room.folders);
  }

  #newPath(): string {
    return join(this.#root(), ...Array.from({ length: 1 + this.#dice(3) }, () => this.#pick(names)));
  }

  #entry(): string | undefined {
    const entries = listTree(this.#root());
    return entries.length === 0 ? undefined : this.#pick(entries).path;
  }

  #file(): string | undefined {
    const files = listTree(this.#root()).filter((entry) => entry.type === 'file');
    return files.length === 0 ? undefined : this.#pick(files).path;
  }

  #folder(): string | undefined {
    const folders = listTree(this.#root()).filter(({ type }) => type === 'folder');
    return folders.length === 0 ? undefined : this.#pick(folders).path;
  }

  #content(): Buffer {
    switch (this.#dice(8)) {
      case 0:
        return Buffer.alloc(0);
      case 1:
        return Buffer.from(Array.from({ length: this.#dice(400) }, () => this.#dice(256)));
      case 2:
        return Buffer.from(`line ${this.#dice(100)}\r\nline ${this.#dice(100)}\r\n`);
      case 3:
        return Buffer.from(`\ufeffWort ${this.#dice(100)}\n`, 'utf16le');
      case 4:
        return Buffer.from(`M\u00fcller ${this.#dice(100)}`, 'latin1');
      case 5:
        return Buffer.from(`mixed\r\nends ${this.#dice(9)}\nno last one`);
      default:
        return Buffer.from(Array.from({ length: 1 + this.#dice(120) }, () => `row ${this.#dice(50)}\n`).join(''));
    }
  }
}

const onDisk = [
  'create',
  'create',
  'edit',
  'edit',
  'edit',
  'replaceByRename',
  'empty',
  'delete',
  'rename',
  'renameCase',
  'mode',
  'link',
  'hardLink',
  'fileToFolder',
  'folderToFile',
  'emptyFolder',
  'big',
  'ignored',
  'secret',
  'ignoreMore',
] as const;
const plain = [...onDisk, 'save', 'save', 'command', 'burst', 'restart', 'age'] as const;
const withGit = [
  'commit',
  'commit',
  'branch',
  'checkout',
  'checkout',
  'stash',
  'unstash',
  'reset',
  'merge',
  'amend',
  'uncache',
  'prune',
  'nested',
  'submodule',
  'worktree',
] as const;
type Operation = (typeof plain)[number] | (typeof withGit)[number];

export interface TreeEntry {
  /** Absolute. */
  readonly path: string;
  readonly type: 'file' | 'link' | 'folder';
}

/** Everything below a folder but what is git's and our own; links are not followed. */
export function listTree(folder: string): TreeEntry[] {
  // Sorted, so that the same dice do the same.
  const entries = fs.readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry): TreeEntry[] => {
    if (entry.name === '.git' || entry.name === '.tapedeck') return [];
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink()) return [{ path, type: 'link' }];
    return entry.isDirectory() ? [{ path, type: 'folder' }, ...listTree(path)] : [{ path, type: 'file' }];
  });
}

/** The folder's ignore file as it is. */
export function rulesOf(folder: string): { readonly text: string; readonly rules: Ignore } {
  let text = '';
  try {
    text = fs.readFileSync(join(folder, '.gitignore'), 'utf8');
  } catch {
    // There is none, or it is a folder by now.
  }
  return { text, rules: ignore().add(text) };
}

/** As a user's own git: of no machine's config. */
export function gitEnvironment(home: string): NodeJS.ProcessEnv {
  const name = { GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@example.org', GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@example.org' };
  return { PATH: process.env['PATH'], HOME: home, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null', ...name };
}

/** Makes room: whatever stands in the way of a path, as a shell's `rm -r` would. */
function clearWay(path: string): void {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    const found = fs.lstatSync(folder, { throwIfNoEntry: false });
    if (found !== undefined && !found.isDirectory()) fs.unlinkSync(folder);
  }
  fs.rmSync(path, { recursive: true, force: true });
  fs.mkdirSync(dirname(path), { recursive: true });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Of git, or of the file system; a mistake of the test is neither. */
function isRefusal(error: unknown): boolean {
  const { code, status } = error as { readonly code?: unknown; readonly status?: unknown };
  return typeof code === 'string' || typeof status === 'number';
}
