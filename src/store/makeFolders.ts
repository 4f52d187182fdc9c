import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Creates the folder and what is above it; resolves with the first one that was made. Node answers ENOENT where it could
 * make none of several (on a read-only disk, say): that one is made alone, for its true reason.
 */
export async function makeFolders(path: string): Promise<string | undefined> {
  try {
    return await mkdir(path, { recursive: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await makeOne(path);
    throw error;
  }
}

async function makeOne(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeOne(dirname(path));
  }
}
