import path from 'node:path';
import { isInsideFolder, joinWorkspacePath, type WorkspacePath } from '../model/workspacePath.ts';
import type { SessionFolder } from '../services/sessions.ts';

/** How the log names a file of these folders; undefined when it lies in none of them. */
export function workspacePathOf(folders: readonly SessionFolder[], absolutePath: string): WorkspacePath | undefined {
  for (const [index, folder] of folders.entries()) {
    const relative = path.relative(folder.path, absolutePath).split(path.sep).join('/');
    if (!path.isAbsolute(relative) && isInsideFolder(relative)) return joinWorkspacePath(index === 0 ? undefined : folder.name, relative);
  }
  return undefined;
}

/** How the log names a folder, as a scope of it: one of these folders, or one inside; undefined when it lies in none of them. */
export function scopePathOf(folders: readonly SessionFolder[], absolutePath: string): WorkspacePath | undefined {
  const index = folders.findIndex((folder) => path.relative(folder.path, absolutePath) === '');
  if (index < 0) return workspacePathOf(folders, absolutePath);
  return index === 0 ? '' : joinWorkspacePath(folders[index]!.name, '');
}
