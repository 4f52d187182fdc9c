import { splitWorkspacePath, type WorkspacePath } from '../model/workspacePath.ts';
import { FolderIndex } from './folderIndex.ts';
import type { SessionFolder } from './sessions.ts';

/**
 * Those of the paths that the ignore rules leave out as they are on the disk at this moment (git's own for a repository, and
 * never what git tracks): what lies there is the user's alone, whatever the log knows of an earlier time.
 */
export async function leftOutPaths(
  paths: Iterable<WorkspacePath>,
  folders: readonly SessionFolder[],
  foldsNames: boolean,
): Promise<ReadonlySet<WorkspacePath>> {
  const byFolder = new Map<SessionFolder, { readonly path: WorkspacePath; readonly within: string }[]>();
  for (const path of paths) {
    const { folder: name, relative } = splitWorkspacePath(path);
    const folder = name === undefined ? folders[0] : folders.find((candidate) => candidate.name === name);
    if (folder === undefined) continue;
    const known = byFolder.get(folder);
    if (known === undefined) byFolder.set(folder, [{ path, within: relative }]);
    else known.push({ path, within: relative });
  }
  const leftOut = new Set<WorkspacePath>();
  for (const [folder, found] of byFolder) {
    const index = new FolderIndex({
      folder,
      exclude: [],
      maxFiles: 0,
      ignoreCase: foldsNames,
      isForeign: () => false,
      // Without git the rules alone decide.
      onTrace: () => {},
    });
    try {
      await index.open();
      await index.learn(found.map(({ within }) => within));
      for (const { path, within } of found) if (index.verdict(within, false).verdict !== 'in') leftOut.add(path);
    } finally {
      index.dispose();
    }
  }
  return leftOut;
}
