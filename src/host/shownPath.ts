import type { WorkspacePath } from '../model/workspacePath.ts';

/** A file's name for people: `web/src/a.ts` for a file of another folder than the first. */
export function shownPath(path: WorkspacePath): string {
  return path.startsWith('//') ? path.slice(2) : path;
}
