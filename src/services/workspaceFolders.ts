import { isAbsolute, join, posix, relative, win32 } from 'node:path';
import { joinWorkspacePath, splitWorkspacePath, type WorkspacePath } from '../model/workspacePath.ts';
import type { SessionFolder } from './sessions.ts';

/**
 * Which path of the disk is which path of the log. The deepest workspace folder that holds a path names it, so that one
 * file has one name even where a workspace folder lies inside another.
 */
export class WorkspaceFolders {
  readonly all: readonly SessionFolder[];
  readonly #isWindows: boolean;
  readonly #foldsCase: boolean;

  constructor(folders: readonly SessionFolder[], platform: NodeJS.Platform = process.platform) {
    this.all = folders;
    this.#isWindows = platform === 'win32';
    this.#foldsCase = platform === 'win32' || platform === 'darwin';
  }

  /** What stands for the folder in the paths of the log: undefined for the first one. */
  nameOf(folder: SessionFolder): string | undefined {
    return folder === this.all[0] ? undefined : folder.name;
  }

  /** The folder that holds the path, and the path in it with `/` ('' for the folder itself); undefined outside of all. */
  locate(absolutePath: string): { readonly folder: SessionFolder; readonly relative: string } | undefined {
    const path = this.#isWindows ? win32 : posix;
    let best: { readonly folder: SessionFolder; readonly relative: string } | undefined;
    for (const folder of this.all) {
      const found = plainlyBelow(folder.path, absolutePath, path.sep) ?? path.relative(folder.path, absolutePath);
      if (found === '..' || found.startsWith(`..${path.sep}`) || path.isAbsolute(found)) continue;
      if (best === undefined || folder.path.length > best.folder.path.length)
        best = { folder, relative: this.#isWindows ? found.replaceAll('\\', '/') : found };
    }
    return best;
  }

  toWorkspacePath(absolutePath: string): WorkspacePath | undefined {
    const found = this.locate(absolutePath);
    return found === undefined || found.relative === '' ? undefined : joinWorkspacePath(this.nameOf(found.folder), found.relative);
  }

  /** Undefined when the log names a folder that is not open now. */
  toAbsolute(path: WorkspacePath): string | undefined {
    const { folder: name, relative: within } = splitWorkspacePath(path);
    const folder = name === undefined ? this.all[0] : this.all.find((candidate) => candidate.name === name);
    return folder === undefined ? undefined : join(folder.path, within);
  }

  /** True when the absolute path is a workspace folder, or lies in one, other than the given one. */
  isOther(folder: SessionFolder, absolutePath: string): boolean {
    return this.all.some((other) => other !== folder && relative(other.path, absolutePath) === '' && isAbsolute(absolutePath));
  }

  /** The same for two names of one file where the disk does not tell case apart. */
  fold(path: string): string {
    return this.#foldsCase ? path.normalize('NFC').toLowerCase() : path;
  }
}

const unplain = /(?:^|[\\/])\.{0,2}(?:[\\/]|$)/;

/** The rest of a path that begins with the folder's and has no turns in it, as nearly all have: a watcher asks for tens of thousands. */
function plainlyBelow(folder: string, absolutePath: string, separator: string): string | undefined {
  if (!absolutePath.startsWith(folder) || absolutePath[folder.length] !== separator) return undefined;
  const rest = absolutePath.slice(folder.length + 1);
  return unplain.test(rest) ? undefined : rest;
}
