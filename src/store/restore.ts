import { dirname, join } from 'node:path';
import { inParallel } from '../base/inParallel.ts';
import { isSameVersion } from '../model/fileVersion.ts';
import type { DiskFileSystem } from './diskFileSystem.ts';
import { absolutePath, lookAt, readPresentFile, type FilePlace } from './presentFile.ts';
import { removeEmptyFolder, RestoreRun } from './restoreRun.ts';
import {
  atOnce,
  failureOf,
  presentVersion,
  type LeftFile,
  type RestoreContext,
  type RestoreFailure,
  type RestoreJob,
  type RestoreStep,
} from './restoreStep.ts';

export type { DocumentPort } from './restoreStep.ts';

export type RestoreOutcome =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly failure: RestoreFailure;
      /** Empty: everything is as it was before. */ readonly left: readonly LeftFile[];
    };

/** All or nothing: either every file is what its step says, or everything was put back as far as `left` does not name it. */
export async function restoreFiles(context: RestoreContext, job: RestoreJob): Promise<RestoreOutcome> {
  const restore = new RestoreRun(context, job, 's');
  try {
    await restore.run();
    return { ok: true };
  } catch (error) {
    const failure = failureOf(error);
    return { ok: false, failure, left: await putBack(context, restore.touched, restore.createdFolders) };
  }
}

/**
 * Makes every step's file what it was before, as far as it is what the step made of it: one that is neither is left alone
 * and named. May be repeated. `newFolders` are absolute paths that the rewind may have created: removed when they are empty.
 */
export async function putBack(context: RestoreContext, steps: readonly RestoreStep[], newFolders: readonly string[]): Promise<LeftFile[]> {
  const left: LeftFile[] = [];
  await removeTemporaries(context, steps);
  const inverse: RestoreStep[] = [];
  await inParallel(steps, atOnce, async (step) => {
    const present = await presentVersion(context, step);
    if (present !== 'other' && (isSameVersion(present, step.from) || isSameVersion(present, step.disk))) return;
    if (present === undefined || (present !== 'other' && isSameVersion(present, step.to)))
      inverse.push({ ...step, from: present, disk: present, to: step.from });
    else left.push({ path: step.path, reason: 'changed-by-someone' });
  });
  const putBackOne = async (step: RestoreStep, index: number): Promise<void> => {
    try {
      await new RestoreRun(context, { steps: [step], foldersToEmpty: [] }, `r${index}-`).run();
    } catch (error) {
      left.push({ path: step.path, reason: failureOf(error).reason });
    }
  };
  await inParallel(
    inverse.filter((step) => step.to === undefined),
    atOnce,
    putBackOne,
  );
  for (const folder of [...newFolders].sort((a, b) => b.length - a.length)) await removeEmptyFolder(context.fileSystem, folder);
  await inParallel(
    inverse.filter((step) => step.to !== undefined),
    atOnce,
    putBackOne,
  );
  return left.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** True when every step's file is what the step was to make of it. */
export async function isDone(context: RestoreContext, steps: readonly RestoreStep[]): Promise<boolean> {
  for (const step of steps) {
    const present = await presentVersion(context, step);
    if (present === 'other' || !isSameVersion(present, step.to)) return false;
  }
  return true;
}

/** The folders that writing these steps will create, as absolute paths. */
export async function missingFolders(fileSystem: DiskFileSystem, steps: readonly RestoreStep[]): Promise<string[]> {
  const missing = new Set<string>();
  for (const step of steps) {
    if (step.to === undefined) continue;
    for (let folder = dirname(absolutePath(step)); folder.length > step.root.length; folder = dirname(folder)) {
      const found = await lookAt(fileSystem, folder);
      if (found === undefined || (found !== 'unreadable' && !found.isDirectory())) missing.add(folder);
    }
  }
  return [...missing];
}

/** Removes the temporary files that a rewind which died has left, wherever its steps may have put them. */
async function removeTemporaries(context: RestoreContext, steps: readonly RestoreStep[]): Promise<void> {
  const folders = new Map<string, FilePlace | undefined>();
  for (const step of steps) {
    folders.set(step.root, undefined);
    const parts = step.relative.split('/').slice(0, -1);
    for (let count = 1; count <= parts.length; count++) {
      const place = { root: step.root, relative: parts.slice(0, count).join('/') };
      folders.set(absolutePath(place), place);
    }
  }
  for (const [folder, place] of folders) {
    if (place !== undefined && (await readPresentFile(context.fileSystem, place, context.platform)).state !== 'folder') continue;
    const names = await context.fileSystem.readdir(folder).catch(() => []);
    for (const name of names)
      if (name.startsWith(`.tapedeck-${context.id}-`) && name.endsWith('.tmp'))
        await context.fileSystem.unlink(join(folder, name)).catch(() => {});
  }
}
