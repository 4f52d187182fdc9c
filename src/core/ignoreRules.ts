import ignore, { type Ignore } from 'ignore';

/**
 * Which paths are left out, and why. Paths are relative to one workspace folder, with `/`.
 * - Git's own order: the deepest ignore file that says something decides; then `info/exclude`, then `core.excludesFile`.
 * - Nothing inside a `.git` is ever in, nor anything of Tapedeck's own.
 * - Whether a file is tracked is not known here: the walk lets tracked files in even where these rules say no.
 */
export type IgnoreVerdict =
  | 'in'
  /** By an ignore file. */
  | 'ignored'
  /** By the user's settings. */
  | 'policy'
  /** Version control's and Tapedeck's own folders: never, tracked or not. */
  | 'own'
  /** A folder that is clearly generated, by its name. */
  | 'generated';

export interface IgnoreRulesOptions {
  /** As git's `core.ignorecase`: true where the disk does not tell case apart. */
  readonly ignoreCase: boolean;
  /** The user's globs. */
  readonly exclude: readonly string[];
}

/** Names of folders that tools fill and can fill again. Not `target`, `dist`, `build`: those hold people's work as well. */
const generatedFolders = new Set(
  'node_modules bower_components .venv __pycache__ .cache .tox .nox .mypy_cache .pytest_cache .ruff_cache .gradle .next .nuxt .turbo .parcel-cache .svelte-kit .terraform .pnpm-store .yarn-cache .hg .svn .jj'.split(
    ' ',
  ),
);
const ownFolders = new Set(['.git', '.tapedeck']);
/** What a rewind writes beside a file's place, before it gets the file's name. */
const stagedFiles = /^\.tapedeck-[^/]+\.tmp$/i;
const junkFiles = /^(?:\.DS_Store|Thumbs\.db|desktop\.ini|\..*\.sw[a-p]|4913)$/i;

/** True for names that are never recorded, tracked or not: version control's and Tapedeck's own. */
export function isOwnName(name: string): boolean {
  return name.charCodeAt(0) === 46 && (ownFolders.has(name.toLowerCase()) || stagedFiles.test(name));
}

/** Files whose presence says that all beside them is generated: the cache-directory standard's tag, a Python environment. */
export const generatedMarkers: ReadonlySet<string> = new Set(['CACHEDIR.TAG', 'pyvenv.cfg']);

/** One ignore file: `offset` is what stands before a path of the workspace folder to make it relative to the file's own folder. */
interface Matcher {
  rules: Ignore;
  readonly text: string;
  tests: number;
}

/** The `ignore` package keeps every answer; past this many a matcher is made anew. */
const answersKept = 20_000;

export class IgnoreRules {
  readonly #options: IgnoreRulesOptions;
  /** By folder, '' for the workspace folder itself. */
  readonly #nested = new Map<string, Matcher>();
  /** Of folders above the workspace folder, nearest first, with the prefix that a path gets there. */
  #above: { readonly prefix: string; readonly matcher: Matcher }[] = [];
  /** `info/exclude` and `core.excludesFile` of the repository that begins at that folder, strongest first. */
  readonly #repositories = new Map<string, { readonly prefix: string; readonly matchers: Matcher[] }>();
  #policy: Matcher | undefined;
  /** Folders in which a marker says that all of it is generated. */
  readonly #generated = new Set<string>();
  /** Grows whenever a rule changes: who kept answers asks again. */
  #generation = 0;

  constructor(options: IgnoreRulesOptions) {
    this.#options = options;
    if (options.exclude.length > 0) this.#policy = this.#matcher(options.exclude.join('\n'));
  }

  get generation(): number {
    return this.#generation;
  }

  /** The rules as they are now, whatever becomes of these. */
  copy(): IgnoreRules {
    const copy = new IgnoreRules({ ...this.#options, exclude: [] });
    copy.#policy = this.#policy;
    copy.#above = this.#above;
    for (const [folder, matcher] of this.#nested) copy.#nested.set(folder, matcher);
    for (const [folder, repository] of this.#repositories) copy.#repositories.set(folder, repository);
    for (const folder of this.#generated) copy.#generated.add(folder);
    return copy;
  }

  /** The text of the `.gitignore` in that folder; undefined when there is none (any more). */
  setFile(folder: string, text: string | undefined): void {
    if (this.#nested.get(folder)?.text === text) return;
    if (text === undefined) this.#nested.delete(folder);
    else this.#nested.set(folder, this.#matcher(text));
    this.#generation += 1;
  }

  /** Whether one of the `generatedMarkers` lies in that folder. */
  setGenerated(folder: string, isGenerated: boolean): void {
    if (folder === '' || this.#generated.has(folder) === isGenerated) return;
    if (isGenerated) this.#generated.add(folder);
    else this.#generated.delete(folder);
    this.#generation += 1;
  }

  /** Ignore files of folders above, nearest first: `prefix` is the workspace folder's path from there, ending in `/`. */
  setAbove(files: readonly { readonly prefix: string; readonly text: string }[]): void {
    const same = files.length === this.#above.length && files.every((file, i) => this.#above[i]?.matcher.text === file.text);
    if (same) return;
    this.#above = files.map(({ prefix, text }) => ({ prefix, matcher: this.#matcher(text) }));
    this.#generation += 1;
  }

  /**
   * A repository that begins at `folder` ('' also for one that begins above, then with the `prefix` as in `setAbove`).
   * Rules of a repository around it do not reach into it. `texts`: `info/exclude`, then `core.excludesFile`.
   */
  setRepository(folder: string, prefix: string, texts: readonly string[]): void {
    const present = this.#repositories.get(folder);
    if (present !== undefined && present.matchers.length === texts.length && present.matchers.every((m, i) => m.text === texts[i])) return;
    this.#repositories.set(folder, { prefix, matchers: texts.map((text) => this.#matcher(text)) });
    this.#generation += 1;
  }

  /** Of the entry itself; that the folders above it are in is the caller's knowledge (a walk comes from there). */
  verdictOfEntry(path: string, isFolder: boolean): IgnoreVerdict {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (isOwnName(name)) return 'own';
    if (!isFolder && junkFiles.test(name)) return 'generated';
    if (this.#policy !== undefined && this.#ask(this.#policy, path, isFolder) === true) return 'policy';
    const asked = this.#fromFiles(path, isFolder);
    if (asked !== undefined) return asked ? 'ignored' : 'in';
    return isFolder && (generatedFolders.has(name) || this.#generated.has(path)) ? 'generated' : 'in';
  }

  /** Of any path, its folders looked at first. `at` is the topmost path that is left out. */
  verdict(path: string, isFolder: boolean): { readonly verdict: IgnoreVerdict; readonly at: string } {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      const folder = path.slice(0, slash);
      const verdict = this.verdictOfEntry(folder, true);
      if (verdict !== 'in') return { verdict, at: folder };
    }
    return { verdict: this.verdictOfEntry(path, isFolder), at: path };
  }

  /** What ignore files say: true ignored, false let in again, undefined nothing. */
  #fromFiles(path: string, isFolder: boolean): boolean | undefined {
    if (this.#nested.size === 0 && this.#above.length === 0 && this.#repositories.size === 0) return undefined;
    let folder = path;
    while (folder !== '') {
      const slash = folder.lastIndexOf('/');
      folder = slash < 0 ? '' : folder.slice(0, slash);
      const matcher = this.#nested.get(folder);
      if (matcher !== undefined) {
        const answer = this.#ask(matcher, folder === '' ? path : path.slice(folder.length + 1), isFolder);
        if (answer !== undefined) return answer;
      }
      const repository = this.#repositories.get(folder);
      if (repository === undefined) continue;
      const answer = this.#fromRepository(folder, repository, path, isFolder);
      // The repository's own folder is an entry of what lies around it, its content is not.
      return answer;
    }
    return undefined;
  }

  #fromRepository(
    folder: string,
    repository: { readonly prefix: string; readonly matchers: Matcher[] },
    path: string,
    isFolder: boolean,
  ): boolean | undefined {
    if (folder === '')
      for (const { prefix, matcher } of this.#above) {
        const answer = this.#ask(matcher, prefix + path, isFolder);
        if (answer !== undefined) return answer;
      }
    const within = folder === '' ? path : path.slice(folder.length + 1);
    for (const matcher of repository.matchers) {
      const answer = this.#ask(matcher, repository.prefix + within, isFolder);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  #ask(matcher: Matcher, path: string, isFolder: boolean): boolean | undefined {
    const asked = isFolder ? `${path}/` : path;
    if (!ignore.isPathValid(asked)) return undefined;
    matcher.tests += 1;
    if (matcher.tests > answersKept) {
      matcher.tests = 0;
      matcher.rules = this.#rules(matcher.text);
    }
    const { ignored, unignored } = matcher.rules.test(asked);
    return ignored ? true : unignored ? false : undefined;
  }

  #matcher(text: string): Matcher {
    return { rules: this.#rules(text), text, tests: 0 };
  }

  #rules(text: string): Ignore {
    return ignore({ ignoreCase: this.#options.ignoreCase }).add(text);
  }
}
