import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Codes by which Windows refuses a rename over a file that somebody has open for the moment. */
const busy = new Set(['EPERM', 'EBUSY', 'EACCES']);
let written = 0;

/**
 * Puts a file in the place of another in one step: a reader finds the old one or the new one, whole. Not synced: for what
 * can be made again. Rejects, and leaves nothing behind, when it cannot be written.
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.${(written += 1)}.tmp`;
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(temporary, content);
    for (let attempt = 1; ; attempt++) {
      try {
        await rename(temporary, path);
        return;
      } catch (error) {
        if (attempt >= 5 || !busy.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20 * attempt));
      }
    }
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
