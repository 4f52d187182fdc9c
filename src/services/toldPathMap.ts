import { realpath } from 'node:fs/promises';
import { isInsideFolder, joinWorkspacePath, type WorkspacePath } from '../model/workspacePath.ts';

/** A workspace folder by its name and absolute path; the first one is the one whose files have plain paths. */
export interface NamedFolder {
  readonly name: string;
  readonly path: string;
  /** Absolute paths under which the same folder was known: before it was moved, or on another machine. */
  readonly former?: readonly string[];
}

interface Place {
  readonly folder: string | undefined;
  /** The folder's path as it is compared: with `/`, folded where the disk does not tell case apart, ending in `/`. */
  readonly key: string;
}

/**
 * Maps paths that others told (agents' records) into the workspace. An agent tells real paths where the workspace was
 * opened through a link, and the other way round, so both forms of each folder count; a path that fits none is tried
 * once more by the real path of the folder it lies in.
 * What lies outside, or would leave its folder, or lies within `.git`, is undefined and never a workspace path.
 */
export class ToldPathMap {
  readonly #places: readonly Place[];
  readonly #isWindows: boolean;
  readonly #foldsCase: boolean;
  /** Real paths of folders that were asked for, undefined for those that are not there. */
  readonly #real = new Map<string, Promise<string | undefined>>();

  private constructor(places: readonly { folder: string | undefined; path: string }[], platform: string) {
    this.#isWindows = platform === 'win32';
    this.#foldsCase = platform === 'win32' || platform === 'darwin';
    this.#places = places
      .map(({ folder, path }) => ({ folder, key: withSlash(this.#key(path)) }))
      .sort((a, b) => b.key.length - a.key.length);
  }

  /** Looks up the folders' real paths; a folder that is not there counts by its name alone. */
  static async open(folders: readonly NamedFolder[], platform: string): Promise<ToldPathMap> {
    const places: { folder: string | undefined; path: string }[] = [];
    for (const [index, { name, path, former = [] }] of folders.entries()) {
      const folder = index === 0 ? undefined : name;
      places.push({ folder, path }, ...former.map((other) => ({ folder, path: other })));
      const real = await realpath(path).catch(() => path);
      if (real !== path) places.push({ folder, path: real });
    }
    return new ToldPathMap(places, platform);
  }

  /** True for a workspace folder and for all that lies in it. */
  async contains(told: string): Promise<boolean> {
    return (await this.#locate(told)) !== undefined;
  }

  /** The path in the log of an absolute one; undefined outside of the workspace, and for a workspace folder itself. */
  async toWorkspacePath(told: string): Promise<WorkspacePath | undefined> {
    const found = await this.#locate(told);
    if (found === undefined || !isInsideFolder(found.relative)) return undefined;
    return joinWorkspacePath(found.folder, found.relative);
  }

  async #locate(told: string): Promise<{ folder: string | undefined; relative: string } | undefined> {
    const path = this.#plain(told);
    if (path === undefined) return undefined;
    const direct = this.#find(path);
    if (direct !== undefined) return direct;
    const real = await this.#realOf(path);
    return real === undefined || real === path ? undefined : this.#find(real);
  }

  #find(path: string): { folder: string | undefined; relative: string } | undefined {
    // NFC may shorten a path: the relative part is taken from the composed form of what was told.
    const composed = this.#foldsCase ? path.normalize('NFC') : path;
    const key = this.#key(path);
    for (const place of this.#places) {
      if (key === place.key.slice(0, -1) || key === place.key) return { folder: place.folder, relative: '' };
      if (key.startsWith(place.key)) return { folder: place.folder, relative: composed.slice(place.key.length) };
    }
    return undefined;
  }

  /** Absolute with `/`; undefined for one with `..` in it, a relative one, or one of the other platform. */
  #plain(told: string): string | undefined {
    let path = told;
    if (this.#isWindows) {
      path = path.replaceAll('\\', '/');
      // As MSYS and Git Bash tell them: /c/Users.
      const drive = /^\/([a-zA-Z])(?=\/|$)/.exec(path);
      if (drive) path = `${drive[1]!}:${path.slice(2)}`;
      if (!/^(?:[a-zA-Z]:\/|\/\/)/.test(path)) return undefined;
    } else if (!path.startsWith('/')) return undefined;
    if (path.includes('\0') || path.split('/').some((part) => part === '..' || part === '.')) return undefined;
    return path;
  }

  #key(path: string): string {
    const slashed = this.#isWindows ? path.replaceAll('\\', '/') : path;
    return this.#foldsCase ? slashed.normalize('NFC').toLowerCase() : slashed;
  }

  /** The path with the real path of the nearest folder above it that is there. */
  async #realOf(path: string): Promise<string | undefined> {
    let folder = path;
    for (let step = 0; step < maxSteps; step++) {
      const slash = folder.lastIndexOf('/');
      if (slash <= 0) return undefined;
      folder = folder.slice(0, slash);
      const real = await this.#realFolder(folder);
      if (real !== undefined)
        return real === folder ? undefined : `${this.#isWindows ? real.replaceAll('\\', '/') : real}${path.slice(folder.length)}`;
    }
    return undefined;
  }

  #realFolder(folder: string): Promise<string | undefined> {
    let known = this.#real.get(folder);
    if (known === undefined) {
      known = realpath(folder).catch(() => undefined);
      this.#real.set(folder, known);
      if (this.#real.size > maxKnown) this.#real.delete(this.#real.keys().next().value!);
    }
    return known;
  }
}

const maxSteps = 64;
const maxKnown = 1000;

const withSlash = (path: string): string => (path.endsWith('/') ? path : `${path}/`);
