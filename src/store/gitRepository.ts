import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { eachGitRecord, GitError, runGit } from './gitCommand.ts';
import { TrackedFiles } from './trackedFiles.ts';

/** Where HEAD is. `commit` undefined before the first commit, `branch` undefined when detached. */
export interface GitHead {
  readonly commit: string | undefined;
  readonly branch: string | undefined;
}

export interface GitCommit {
  readonly commit: string;
  readonly parents: readonly string[];
  readonly subject: string;
  readonly body: string;
  /** Unix seconds. */
  readonly committedAt: number;
}

/** One line of a reflog: what moved HEAD. */
export interface GitMove {
  readonly from: string | undefined;
  readonly to: string;
  /** Unix seconds. */
  readonly at: number;
  /** Such as `commit: Fix it`, `checkout: moving from main to next`, `reset: moving to HEAD~1`. */
  readonly message: string;
}

/** A path's object before and after a move; undefined: not there. */
export interface TreeChange {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/**
 * What one repository says about one folder in it: a workspace folder (which may lie deep in the repository), or the top of
 * a nested one. Only ever read. Paths are relative to the folder, with `/`. All methods reject with a GitError.
 */
export interface GitRepository {
  readonly folder: string;
  /** The folder's path from the repository's top, ending in `/`; '' at the top. */
  readonly prefix: string;
  readonly top: string;
  readonly gitFolder: string;
  readonly ignoreCase: boolean;
  head(): Promise<GitHead>;
  /** What the index names. Texts of paths are taken over from `known`, so that they are kept once. */
  tracked(known?: TrackedFiles): Promise<TrackedFiles>;
  /** Tracked files whose content on disk is not what the index holds. */
  dirty(): Promise<ReadonlySet<string>>;
  /** Of those, the ones of which git holds other bytes than lie on the disk: a filter (LFS), an encoding or `$Id$` stands between. */
  filtered(tracked: TrackedFiles): Promise<ReadonlySet<string>>;
  /** `info/exclude` and `core.excludesFile`, as texts. */
  excludes(): Promise<readonly string[]>;
  /** The `.gitignore` files of the folders above, up to the top, nearest first. */
  ignoreFilesAbove(): Promise<readonly { readonly prefix: string; readonly text: string }[]>;
  /** Commits that are in `to` and not in `from`, oldest first, at most `limit`. */
  commits(from: string | undefined, to: string, limit: number): Promise<readonly GitCommit[]>;
  /** What differs between two commits, below the folder. */
  changes(from: string | undefined, to: string): Promise<readonly TreeChange[]>;
  /** HEAD's reflog from a byte on; `size` is where it ends now. Empty where no reflog is kept. */
  moves(fromByte: number): Promise<{ readonly moves: readonly GitMove[]; readonly size: number }>;
}

/** The repository that the folder lies in; undefined when it lies in none. Rejects when there is no git, or it refuses the folder. */
export async function openGitRepository(folder: string): Promise<GitRepository | undefined> {
  let text: string;
  // Asked at the same time; where there is no repository, the answer is not wanted.
  const asked = readSettings(folder);
  asked.catch(() => {});
  try {
    text = (
      await runGit(folder, ['rev-parse', '--is-inside-work-tree', '--absolute-git-dir', '--show-toplevel', '--show-prefix'])
    ).toString('utf8');
  } catch (error) {
    // 128 with these words: no repository at all. Anything else (an owner that git does not trust, say) is for the caller to tell.
    if (error instanceof GitError && /not a git repository|must be run in a work tree/.test(error.message)) return undefined;
    throw error;
  }
  const [isInside, gitFolder, top, prefix] = text.split('\n').map((line) => line.replace(/\r$/, ''));
  if (isInside !== 'true' || gitFolder === undefined || top === undefined) return undefined;
  const settings = await asked;
  return new Repository(folder, prefix ?? '', top, gitFolder, settings);
}

interface GitSettings {
  readonly ignoreCase: boolean;
  readonly excludesFile: string | undefined;
  readonly attributesFile: string | undefined;
}

async function readSettings(folder: string): Promise<GitSettings> {
  const set = new Map<string, string>();
  try {
    const output = await runGit(folder, ['config', '-z', '--get-regexp', '^core\\.(ignorecase|excludesfile|attributesfile)$']);
    for (const entry of records(output)) {
      const end = entry.indexOf('\n');
      // A name without a value is a yes. The last one counts.
      set.set(end < 0 ? entry : entry.slice(0, end), end < 0 ? 'true' : entry.slice(end + 1));
    }
  } catch (error) {
    // Exit code 1: neither is set.
    if (!(error instanceof GitError && error.reason === 'failed')) throw error;
  }
  const home = process.env['HOME'] ?? homedir();
  const configHome = process.env['XDG_CONFIG_HOME'] ?? join(home, '.config');
  const pathOf = (key: string, usual: string): Promise<string | undefined> | string => {
    const named = set.get(key.toLowerCase());
    return named === undefined ? join(configHome, 'git', usual) : expandedPath(folder, home, key, named);
  };
  return {
    ignoreCase: /^(?:true|yes|on|[1-9]\d*)$/i.test(set.get('core.ignorecase') ?? ''),
    excludesFile: await pathOf('core.excludesFile', 'ignore'),
    attributesFile: await pathOf('core.attributesFile', 'attributes'),
  };
}

/** As git expands it: `~/` is the home folder; what else it knows (`~name/`, `%(prefix)/`) it is asked for. */
async function expandedPath(folder: string, home: string, key: string, path: string): Promise<string | undefined> {
  if (path.startsWith('~/')) return join(home, path.slice(2));
  if (!path.startsWith('~') && !path.startsWith('%(')) return path;
  try {
    return (await runGit(folder, ['config', '--type=path', key])).toString('utf8').trim();
  } catch {
    return undefined;
  }
}

class Repository implements GitRepository {
  readonly folder: string;
  readonly prefix: string;
  readonly top: string;
  readonly gitFolder: string;
  readonly ignoreCase: boolean;
  readonly #settings: GitSettings;

  constructor(folder: string, prefix: string, top: string, gitFolder: string, settings: GitSettings) {
    this.folder = folder;
    this.prefix = prefix;
    this.top = top;
    this.gitFolder = gitFolder;
    this.ignoreCase = settings.ignoreCase;
    this.#settings = settings;
  }

  async head(): Promise<GitHead> {
    const fast = await this.#headFromFiles();
    if (fast !== undefined) return fast;
    const [commit, branch] = await Promise.all([
      this.#line(['rev-parse', '--verify', '--quiet', 'HEAD']),
      this.#line(['symbolic-ref', '--short', '--quiet', 'HEAD']),
    ]);
    return { commit, branch };
  }

  /** Two or three files, no process. Undefined where the refs are kept otherwise (reftable), or HEAD's has no commit yet. */
  async #headFromFiles(): Promise<GitHead | undefined> {
    const head = (await readText(join(this.gitFolder, 'HEAD')))?.trim();
    if (head === undefined || head.includes('refs/heads/.invalid')) return undefined;
    if (objectName.test(head)) return { commit: head, branch: undefined };
    const ref = /^ref: (refs\/heads\/(.+))$/.exec(head);
    if (ref === null) return undefined;
    const common = (await readText(join(this.gitFolder, 'commondir')))?.trim();
    const refs = common === undefined ? this.gitFolder : isAbsolute(common) ? common : join(this.gitFolder, common);
    const commit = (await readText(join(refs, ref[1]!)))?.trim() ?? (await packedCommit(refs, ref[1]!));
    if (commit === undefined || !objectName.test(commit)) return undefined;
    return { commit, branch: ref[2]! };
  }

  async tracked(known?: TrackedFiles): Promise<TrackedFiles> {
    const files = new TrackedFiles();
    // `H 100644 <oid> 0\tpath`; a lower-case letter is assume-unchanged, S is skip-worktree. Stages above 0: a merge going on.
    await eachGitRecord(this.folder, ['ls-files', '-s', '-v', '-z'], (bytes, start, end) => {
      const tab = bytes.indexOf(9, start);
      if (tab < 0 || tab >= end || bytes.toString('latin1', start + 2, start + 8) === submoduleMode) return;
      const isTrusted = bytes[start] === 0x48 && bytes[tab - 1] === 0x30;
      const path = bytes.toString('utf8', tab + 1, end);
      files.add(known?.pathOf(path) ?? path, { oid: bytes.toString('latin1', start + 9, tab - 2), isTrusted });
    });
    return files;
  }

  async dirty(): Promise<ReadonlySet<string>> {
    const args = ['status', '--porcelain=v2', '-z', '--untracked-files=no', '--ignore-submodules=all', '--no-renames', '--', '.'];
    const dirty = new Set<string>();
    await eachGitRecord(this.folder, args, (bytes, start, end) => {
      // `1 XY sub mH mI mW hH hI path` and, unmerged, `u XY sub m1 m2 m3 mW h1 h2 h3 path`; paths from the top.
      const match = /^(?:1 (..) \S+ \S+ \S+ \S+ \S+ \S+ |u (..) \S+ \S+ \S+ \S+ \S+ \S+ \S+ \S+ )(.+)$/s.exec(
        bytes.toString('utf8', start, end),
      );
      if (match === null) return;
      const path = match[3]!;
      if (match[2] === undefined && match[1]![1] === '.') return;
      if (path.startsWith(this.prefix)) dirty.add(path.slice(this.prefix.length));
    });
    return dirty;
  }

  async filtered(tracked: TrackedFiles): Promise<ReadonlySet<string>> {
    const filtered = new Set<string>();
    // Asked of each file only where some attribute could say so: most repositories have none.
    if (!(await this.#mayFilter(tracked))) return filtered;
    const paths: string[] = [];
    for (const path of tracked.paths()) paths.push(path);
    let [path, attribute]: (string | undefined)[] = [];
    await eachGitRecord(
      this.folder,
      ['check-attr', '-z', '--stdin', 'filter', 'working-tree-encoding', 'ident'],
      (bytes, start, end) => {
        const text = bytes.toString('utf8', start, end);
        if (path === undefined) path = text;
        else if (attribute === undefined) attribute = text;
        else {
          if (text !== 'unspecified' && text !== 'unset') filtered.add(path);
          path = attribute = undefined;
        }
      },
      { input: Buffer.from(paths.map((name) => `${name}\0`).join('')) },
    );
    return filtered;
  }

  async #mayFilter(tracked: TrackedFiles): Promise<boolean> {
    const files = [await this.#infoFile('attributes'), this.#settings.attributesFile, join(this.top, '.gitattributes')];
    for (const path of tracked.paths()) if (path.endsWith('.gitattributes')) files.push(join(this.folder, path));
    for (let depth = this.prefix.split('/').length - 1; depth > 0; depth--)
      files.push(join(this.top, ...this.prefix.split('/').slice(0, depth), '.gitattributes'));
    for (const file of new Set(files))
      if (file !== undefined && /\b(?:filter|ident|working-tree-encoding)\b/.test((await readText(file)) ?? '')) return true;
    return false;
  }

  async #infoFile(name: string): Promise<string> {
    const common = (await readText(join(this.gitFolder, 'commondir')))?.trim();
    return join(common === undefined ? this.gitFolder : isAbsolute(common) ? common : join(this.gitFolder, common), 'info', name);
  }

  async excludes(): Promise<readonly string[]> {
    const { excludesFile } = this.#settings;
    const texts = [await readText(await this.#infoFile('exclude')), excludesFile === undefined ? undefined : await readText(excludesFile)];
    return texts.map((text) => text ?? '');
  }

  async ignoreFilesAbove(): Promise<readonly { readonly prefix: string; readonly text: string }[]> {
    const parts = this.prefix.split('/').filter((part) => part !== '');
    const files: { prefix: string; text: string }[] = [];
    for (let depth = parts.length - 1; depth >= 0; depth--) {
      const text = await readText(join(this.top, ...parts.slice(0, depth), '.gitignore'));
      if (text !== undefined) files.push({ prefix: `${parts.slice(depth).join('/')}/`, text });
    }
    return files;
  }

  async commits(from: string | undefined, to: string, limit: number): Promise<readonly GitCommit[]> {
    const range = from === undefined ? [to] : [to, `^${from}`];
    const output = await runGit(this.folder, ['log', '-z', `--max-count=${limit}`, '--format=%H%x01%P%x01%ct%x01%s%x01%b', ...range, '--']);
    return records(output)
      .map((record): GitCommit => {
        const [commit = '', parents = '', committedAt = '0', subject = '', body = ''] = record.split('\u0001');
        return { commit, parents: parents === '' ? [] : parents.split(' '), subject, body: body.trim(), committedAt: Number(committedAt) };
      })
      .reverse();
  }

  async changes(from: string | undefined, to: string): Promise<readonly TreeChange[]> {
    // Against nothing: everything that `to` holds.
    const compared = from === undefined ? ['--root', to] : [from, to];
    const parts = records(
      await runGit(this.folder, ['diff-tree', '-r', '-z', '--no-renames', '--no-commit-id', '--relative', ...compared]),
    );
    const changes: TreeChange[] = [];
    for (let i = 0; i + 1 < parts.length; i += 2) {
      const match = /^:\d+ \d+ ([0-9a-f]+) ([0-9a-f]+) [A-Z]$/.exec(parts[i]!);
      if (match !== null) changes.push({ path: parts[i + 1]!, before: present(match[1]!), after: present(match[2]!) });
    }
    return changes;
  }

  async moves(fromByte: number): Promise<{ readonly moves: readonly GitMove[]; readonly size: number }> {
    let content: Buffer;
    try {
      content = await readFile(join(this.gitFolder, 'logs', 'HEAD'));
    } catch {
      return { moves: [], size: 0 };
    }
    // A reflog that was cut (expired) is read from its beginning by those who ask from 0 only: what it told is not told twice.
    if (content.length < fromByte) return { moves: [], size: content.length };
    const end = content.lastIndexOf(0x0a) + 1;
    const moves: GitMove[] = [];
    for (const line of content.subarray(fromByte, Math.max(fromByte, end)).toString('utf8').split('\n')) {
      const match = /^([0-9a-f]+) ([0-9a-f]+) .*> (\d+) [+-]\d{4}(?:\t(.*))?$/.exec(line);
      if (match === null) continue;
      moves.push({ from: present(match[1]!), to: match[2]!, at: Number(match[3]), message: match[4] ?? '' });
    }
    return { moves, size: Math.max(fromByte, end) };
  }

  async #line(args: readonly string[]): Promise<string | undefined> {
    try {
      const text = (await runGit(this.folder, args)).toString('utf8').trim();
      return text === '' ? undefined : text;
    } catch (error) {
      if (error instanceof GitError && error.reason === 'failed') return undefined;
      throw error;
    }
  }
}

/** The mode under which the index names another repository. */
const submoduleMode = '160000';
const objectName = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

const present = (oid: string): string | undefined => (/^0+$/.test(oid) ? undefined : oid);

function records(output: Buffer): string[] {
  const parts = output.toString('utf8').split('\0');
  if (parts.at(-1) === '') parts.pop();
  return parts;
}

/** `<oid> <ref>` in a line; a line that begins with `^` belongs to the one before. */
async function packedCommit(refs: string, ref: string): Promise<string | undefined> {
  let packed: Buffer;
  try {
    packed = await readFile(join(refs, 'packed-refs'));
  } catch {
    return undefined;
  }
  const at = packed.indexOf(` ${ref}\n`);
  return at < 0 ? undefined : packed.toString('latin1', packed.lastIndexOf(10, at) + 1, at);
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
