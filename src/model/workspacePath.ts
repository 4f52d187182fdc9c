/**
 * How a file is named in the log: with `/`, relative to the session's folder, never leaving it.
 * In the first folder plain (`src/a.ts`), in another folder of the workspace with its name in front (`//web/src/a.ts`).
 */
export type WorkspacePath = string;

/** The folder's name (undefined for the first one) and the path in it. */
export interface SplitPath {
  readonly folder: string | undefined;
  readonly relative: string;
}

export function joinWorkspacePath(folder: string | undefined, relative: string): WorkspacePath {
  return folder === undefined ? relative : `//${folder}/${relative}`;
}

export function splitWorkspacePath(path: WorkspacePath): SplitPath {
  if (!path.startsWith('//')) return { folder: undefined, relative: path };
  const slash = path.indexOf('/', 2);
  return slash < 0 ? { folder: path.slice(2), relative: '' } : { folder: path.slice(2, slash), relative: path.slice(slash + 1) };
}

/**
 * True when the relative part stays inside its folder on every platform: no empty part, no `.` or `..`, no NUL,
 * no backslash, no drive letter, no absolute path, and nothing inside a `.git` folder. Whoever writes a file checks this first.
 */
export function isInsideFolder(relative: string): boolean {
  if (relative === '' || relative.includes('\0') || relative.includes('\\')) return false;
  if (/^[a-zA-Z]:/.test(relative)) return false;
  return relative.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && part.toLowerCase() !== '.git');
}

/** The file's own name. */
export function baseName(path: WorkspacePath): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
