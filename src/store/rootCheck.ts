import { lstat } from 'node:fs/promises';
import { dirname, isAbsolute, relative } from 'node:path';
import type { TapedeckLayout } from './layout.ts';
import { describeFailure, failureReason } from './writerHealth.ts';

/** Why a root is not used. `message` is one sentence for a person. */
export class RootError extends Error {
  override readonly name = 'RootError';
  readonly reason: 'not-a-folder' | 'link' | 'too-wide' | ReturnType<typeof failureReason>;

  constructor(reason: RootError['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/**
 * Makes sure that a root inside the workspace, and the folders that are written to in it, are folders and no links: a
 * workspace from somebody else must not lead what is recorded to another place. What is not there yet is fine. A root
 * outside of the workspace was named by the user, who may have it where they like. Touches nothing; throws RootError.
 */
export async function checkRoot(layout: TapedeckLayout, workspaceFolder: string): Promise<void> {
  const within = relative(workspaceFolder, layout.root);
  if (within === '' || within.startsWith('..') || isAbsolute(within)) return;
  const above: string[] = [];
  for (let folder = dirname(layout.root); folder.length > workspaceFolder.length; folder = dirname(folder)) above.push(folder);
  const inside = [layout.sessions, layout.blobs, layout.looseBlobs, layout.recorders, layout.imports, layout.rewinds, layout.cache];
  for (const path of [...above, layout.root, ...inside]) {
    const stats = await lstat(path).catch(() => undefined);
    if (stats?.isSymbolicLink() === true)
      throw new RootError('link', `${path} is a link; nothing is recorded through a link. Remove it, and it is made anew.`);
    if (stats?.isDirectory() === false)
      throw new RootError('not-a-folder', `${path} is a file, and stands where the recording goes. Move it away, and it is made anew.`);
  }
}

/** What hinders writing to a root, in words: the system's error names a file that nobody knows. */
export function rootFailure(root: string, error: unknown): RootError {
  if (error instanceof RootError) return error;
  const reason = failureReason(error);
  return new RootError(reason, `${root} cannot be written: ${describeFailure(reason, error)}`, { cause: error });
}
