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
