import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disposable } from '../base/disposable.ts';
import { generatedMarkers, IgnoreRules, type IgnoreVerdict } from '../core/ignoreRules.ts';
import { openGitObjects, type GitObjects } from '../store/gitObjects.ts';
import { openGitRepository, type GitRepository } from '../store/gitRepository.ts';
import type { TrackedFile, TrackedFiles } from '../store/trackedFiles.ts';
import { scanFolder, type FileStamp, type ScanResult } from '../store/workspaceScan.ts';
import type { SessionFolder } from './sessions.ts';

export interface FolderIndexOptions {
  readonly folder: SessionFolder;
  readonly exclude: readonly string[];
  readonly maxFiles: number;
  /** The disk does not tell case apart; a repository's own setting goes before it. */
  readonly ignoreCase: boolean;
  /** True for folders that another workspace folder, or Tapedeck itself, owns. */
  readonly isForeign: (absolutePath: string) => boolean;
  readonly onTrace: (message: string) => void;
}

/** A repository whose working files lie in the folder: the one around it (`base` ''), or one nested in it. */
export interface IndexedRepository {
  /** Where it begins, relative to the folder. */
  readonly base: string;
  readonly repository: GitRepository;
  readonly objects: GitObjects;
  /** By path relative to the repository's folder. */
  tracked: TrackedFiles;
}

/**
 * What is in and what is out of one workspace folder: its ignore rules, its repositories and what they track. Tracked
 * files are in whatever the rules say; without git (no program, no repository, a repository that git refuses) the rules
 * alone decide. Paths are relative to the folder.
 */
export class FolderIndex implements Disposable {
  readonly folder: SessionFolder;
  readonly #options: FolderIndexOptions;
  #rules: IgnoreRules;
  readonly #repositories = new Map<string, IndexedRepository>();
  /** Nested folders in which git found no repository after all. */
  readonly #refused = new Set<string>();

  constructor(options: FolderIndexOptions) {
    this.folder = options.folder;
    this.#options = options;
    this.#rules = new IgnoreRules({ ignoreCase: options.ignoreCase, exclude: options.exclude });
  }

  get repositories(): Iterable<IndexedRepository> {
    return this.#repositories.values();
  }

  /** Grows whenever what is in and what is out may have changed. */
  get generation(): number {
    return this.#rules.generation;
  }

  /** What was left out as of now, to be asked later; undefined while it is still the same. */
  remember(): () => ((path: string) => boolean) | undefined {
    const { generation } = this.#rules;
    const rules = this.#rules.copy();
    const tracked = new Map([...this.#repositories].map(([base, indexed]) => [base, indexed.tracked]));
    const wasTracked = (path: string): boolean =>
      [...tracked].some(([base, files]) => (base === '' || path.startsWith(`${base}/`)) && files.has(withinOf(base, path)));
    return () => {
      const isSame =
        generation === this.#rules.generation &&
        this.#repositories.size === tracked.size &&
        [...this.#repositories].every(([base, indexed]) => tracked.get(base) === indexed.tracked);
      return isSame ? undefined : (path) => rules.verdict(path, false).verdict !== 'in' && !wasTracked(path);
    };
  }

  async open(): Promise<void> {
    await this.#openRepository('');
    const root = this.#repositories.get('');
    if (root !== undefined && root.repository.ignoreCase !== this.#options.ignoreCase) {
      this.#rules = new IgnoreRules({ ignoreCase: root.repository.ignoreCase, exclude: this.#options.exclude });
      await this.#takeRules(root);
    }
  }

  /** Reads anew what the repositories track and exclude. */
  async refresh(): Promise<void> {
    for (const indexed of this.#repositories.values()) {
      try {
        indexed.tracked = await indexed.repository.tracked(indexed.tracked);
        await this.#takeRules(indexed);
      } catch (error) {
        this.#options.onTrace(`git ls-files failed in ${indexed.repository.folder}: ${String(error)}`);
      }
    }
  }

  /** What git says of a file that it tracks; the innermost repository that does answers. */
  tracked(path: string): TrackedFile | undefined {
    const root = this.#repositories.get('')?.tracked;
    if (this.#repositories.size === (root === undefined ? 0 : 1)) return root?.get(path);
    for (let base = path; base !== '';) {
      base = parentOf(base);
      const found = this.#repositories.get(base)?.tracked.get(withinOf(base, path));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  isTracked(path: string): boolean {
    const root = this.#repositories.get('')?.tracked;
    if (root?.has(path) === true) return true;
    return this.#repositories.size > 1 || root === undefined ? this.tracked(path) !== undefined : false;
  }

  /** The same text; the very one that is kept for a tracked file already, so that it is kept once. */
  shared(path: string): string {
    return this.#repositories.get('')?.tracked.pathOf(path) ?? path;
  }

  hasTrackedBelow(folder: string): boolean {
    for (const { base, tracked } of this.#repositories.values()) {
      const isBelow = base === '' || folder === base || folder.startsWith(`${base}/`);
      if (isBelow ? tracked.hasBelow(withinOf(base, folder)) : base.startsWith(`${folder}/`) && tracked.size > 0) return true;
    }
    return false;
  }

  repositoryOf(path: string): IndexedRepository | undefined {
    for (let at = path; at !== ''; at = parentOf(at)) {
      const indexed = this.#repositories.get(at);
      if (indexed !== undefined) return indexed;
    }
    return this.#repositories.get('');
  }

  verdict(path: string, isFolder: boolean): { readonly verdict: IgnoreVerdict; readonly at: string } {
    const found = this.#rules.verdict(path, isFolder);
    if (found.verdict === 'in' || found.verdict === 'own' || found.verdict === 'policy') return found;
    const isTracked = isFolder ? this.hasTrackedBelow(path) : this.isTracked(path);
    return isTracked ? { verdict: 'in', at: path } : found;
  }

  /** Learns the rules above single paths, of whose folders no walk has been made. */
  async learn(paths: Iterable<string>): Promise<void> {
    const folders = new Set(['']);
    for (const path of paths) for (let folder = parentOf(path); folder !== ''; folder = parentOf(folder)) folders.add(folder);
    // Outer rules first: they say whether a repository begins further in.
    for (const folder of [...folders].sort((a, b) => a.length - b.length)) {
      const absolute = join(this.folder.path, folder);
      if (folder !== '') {
        if (await isThere(join(absolute, '.git'))) await this.#meetRepository(folder);
        for (const marker of generatedMarkers) if (await isThere(join(absolute, marker))) this.#rules.setGenerated(folder, true);
      }
      this.#rules.setFile(folder, await readFile(join(absolute, '.gitignore'), 'utf8').catch(() => undefined));
    }
  }

  /** A file that marks its folder as generated has come or gone. */
  noteMarker(path: string, isThere: boolean): void {
    this.#rules.setGenerated(parentOf(path), isThere);
  }

  /** True when a watcher need not look there, whatever lies there. */
  isIgnored(path: string): boolean {
    return this.verdict(path, false).verdict !== 'in' || this.verdict(path, true).verdict !== 'in';
  }

  async scan(from: string, isKnown: (path: string) => boolean, onFile: (path: string, stamp: FileStamp) => void): Promise<ScanResult> {
    const before = this.#rules.generation;
    const run = (knows: (path: string) => boolean): Promise<ScanResult> =>
      scanFolder({
        folder: this.folder.path,
        rules: this.#rules,
        isTracked: (path) => this.isTracked(path),
        hasTrackedBelow: (path) => this.hasTrackedBelow(path),
        // A rule that changed on the way counts at once: answers from before it do not.
        isKnown: (path) => this.#rules.generation === before && knows(path),
        isForeign: this.#options.isForeign,
        maxFiles: this.#options.maxFiles,
        from,
        onFile,
        onRepository: (path) => this.#meetRepository(path),
      });
    return run(isKnown);
  }

  dispose(): void {
    for (const { objects } of this.#repositories.values()) objects.dispose();
    this.#repositories.clear();
  }

  async #meetRepository(path: string): Promise<void> {
    if (this.#repositories.has(path) || this.#refused.has(path)) return;
    await this.#openRepository(path);
    if (!this.#repositories.has(path)) this.#refused.add(path);
  }

  async #openRepository(base: string): Promise<void> {
    const folder = base === '' ? this.folder.path : join(this.folder.path, base);
    try {
      const repository = await openGitRepository(folder);
      // A `.git` that is none: the repository around it answers, whose top lies elsewhere.
      if (repository === undefined || (base !== '' && repository.prefix !== '')) return;
      const indexed: IndexedRepository = { base, repository, objects: openGitObjects(folder), tracked: await repository.tracked() };
      this.#repositories.set(base, indexed);
      await this.#takeRules(indexed);
    } catch (error) {
      this.#options.onTrace(`Recording ${folder} without git: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #takeRules({ base, repository }: IndexedRepository): Promise<void> {
    this.#rules.setRepository(base, base === '' ? repository.prefix : '', await repository.excludes());
    if (base === '') this.#rules.setAbove(await repository.ignoreFilesAbove());
  }
}

/** The path relative to a repository that begins at `base`; '' for that folder itself. */
function withinOf(base: string, path: string): string {
  return base === '' ? path : path.slice(base.length + 1);
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
