import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { remotesIn } from '../core/projectIdentity.ts';
import { runGit } from './gitCommand.ts';

/** The repository that a folder lies in, found without running git. */
export interface RepositoryPlace {
  /** The top of the working tree. */
  readonly top: string;
  /** Where its refs and objects lie: the same for all worktrees of one repository. */
  readonly commonFolder: string;
  readonly remotes: readonly string[];
}

const maxLevels = 64;

/** Undefined when there is none, or the folder is not there. */
export async function findRepository(folder: string): Promise<RepositoryPlace | undefined> {
  let top = folder;
  for (let level = 0; level < maxLevels; level++) {
    const git = join(top, '.git');
    const info = await stat(git).catch(() => undefined);
    if (info !== undefined) {
      const gitFolder = info.isDirectory() ? git : await linkedFolder(top, git);
      if (gitFolder === undefined) return undefined;
      const common = (await readText(join(gitFolder, 'commondir')))?.trim();
      const commonFolder = common === undefined ? gitFolder : resolve(gitFolder, common);
      const config = await readText(join(commonFolder, 'config'));
      return { top, commonFolder, remotes: config === undefined ? [] : remotesIn(config) };
    }
    const above = dirname(top);
    if (above === top) return undefined;
    top = above;
  }
  return undefined;
}

/** The commits with which its history began, at most a few. Empty where git is not there or refuses. May take seconds in a long history. */
export async function rootCommitsOf(folder: string): Promise<readonly string[]> {
  try {
    const output = await runGit(folder, ['rev-list', '--max-parents=0', 'HEAD'], rootTimeoutMs);
    return output
      .toString('utf8')
      .split('\n')
      .filter((line) => /^[0-9a-f]{40,64}$/.test(line))
      .slice(0, maxRoots);
  } catch {
    return [];
  }
}

/** Does the repository that lies there hold one of these commits? */
export async function holdsCommit(folder: string, commits: readonly string[]): Promise<boolean> {
  for (const commit of commits)
    try {
      await runGit(folder, ['cat-file', '-e', `${commit}^{commit}`], holdsTimeoutMs);
      return true;
    } catch {
      // Not that one, or no git.
    }
  return false;
}

const rootTimeoutMs = 20_000;
const holdsTimeoutMs = 5000;
const maxRoots = 8;

/** `.git` of a worktree or submodule is a file with the path of the folder. */
async function linkedFolder(top: string, file: string): Promise<string | undefined> {
  const path = /^gitdir: (.+?)\s*$/.exec((await readText(file)) ?? '')?.[1];
  if (path === undefined) return undefined;
  return isAbsolute(path) ? path : resolve(top, path);
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
