import { join } from 'node:path';
import { isWritableName } from '../core/fileName.ts';
import { joinWorkspacePath, splitWorkspacePath, type WorkspacePath } from '../model/workspacePath.ts';
import type { FilePlace, RestorePlatform } from '../store/presentFile.ts';
import type { SessionFolder } from './sessions.ts';

/** Where a path of the log lies on disk, or why it may not be touched. */
export function placeOf(
  path: WorkspacePath,
  folders: readonly SessionFolder[],
  root: string,
  platform: RestorePlatform,
): FilePlace | 'outside' | 'folder-not-open' {
  const { folder: name, relative } = splitWorkspacePath(path);
  const folder = name === undefined ? folders[0] : folders.find((candidate, index) => index > 0 && candidate.name === name);
  if (folder === undefined) return 'folder-not-open';
  if (!isWritableName(relative, platform.isWindows)) return 'outside';
  const place: FilePlace = { root: folder.path, relative };
  return isOwn(place, root, platform) ? 'outside' : place;
}

/** Our own log is never rewound. */
function isOwn(place: FilePlace, root: string, platform: RestorePlatform): boolean {
  const fold = (path: string): string => (platform.foldsNames ? path.normalize('NFC').toLowerCase() : path);
  const path = fold(join(place.root, place.relative));
  const own = fold(join(root));
  return path === own || path.startsWith(own.endsWith('/') || own.endsWith('\\') ? own : own + (platform.isWindows ? '\\' : '/'));
}

/** The name in the log of another path in the same folder. */
export function siblingPath(path: WorkspacePath, relative: string): WorkspacePath {
  return joinWorkspacePath(splitWorkspacePath(path).folder, relative);
}
