import { join } from 'node:path';
import { inParallel } from '../base/inParallel.ts';
import type { PresentFile } from '../core/rewindPlan.ts';
import type { Digest } from '../model/digest.ts';
import type { FileVersion } from '../model/fileVersion.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { DiskFileSystem } from '../store/diskFileSystem.ts';
import { absolutePath, readPresentFile, type FilePlace, type RestorePlatform } from '../store/presentFile.ts';
import type { DocumentPort } from '../store/restoreStep.ts';
import { siblingPath } from './rewindFolders.ts';

const atOnce = 16;
/** A folder with more files than this stands in the way of a file whatever they are. */
const folderLimit = 10_000;

/** What stands on disk at each place now. */
export async function readPresentFiles(
  places: ReadonlyMap<WorkspacePath, FilePlace>,
  fileSystem: DiskFileSystem,
  platform: RestorePlatform,
): Promise<Map<WorkspacePath, PresentFile>> {
  const present = new Map<WorkspacePath, PresentFile>();
  await inParallel([...places], atOnce, async ([path, place]) => {
    const found = await readPresentFile(fileSystem, place, platform);
    if (found.state === 'blocked') present.set(path, { state: 'blocked', by: siblingPath(path, found.by) });
    else if (found.state === 'folder')
      present.set(path, { state: 'folder', files: (await filesIn(fileSystem, absolutePath(place))).map((name) => `${path}/${name}`) });
    else present.set(path, found);
  });
  return present;
}

/** Everything below a folder that is no folder, by its path in it. What cannot be listed counts as a file. */
async function filesIn(fileSystem: DiskFileSystem, folder: string): Promise<string[]> {
  const files: string[] = [];
  const pending = [''];
  for (let next = pending.pop(); next !== undefined && files.length < folderLimit; next = pending.pop()) {
    const below = next;
    try {
      for (const entry of await fileSystem.readdir(join(folder, below), { withFileTypes: true })) {
        const path = below === '' ? entry.name : `${below}/${entry.name}`;
        if (entry.isDirectory()) pending.push(path);
        else files.push(path);
      }
    } catch {
      files.push(below === '' ? '.' : below);
    }
  }
  return files.sort();
}

/** The texts that editors hold and have not saved, where they differ from the disk. */
export async function readUnsaved(
  places: ReadonlyMap<WorkspacePath, FilePlace>,
  present: ReadonlyMap<WorkspacePath, PresentFile>,
  documents: DocumentPort | undefined,
  digest: Digest,
): Promise<Map<WorkspacePath, FileVersion>> {
  const unsaved = new Map<WorkspacePath, FileVersion>();
  if (documents === undefined) return unsaved;
  for (const [path, place] of places) {
    const document = await documents.read(absolutePath(place));
    if (document?.isDirty !== true) continue;
    const found = present.get(path);
    const disk = found?.state === 'file' ? found.version : undefined;
    const hash = digest.sha256(document.bytes);
    if (disk?.hash === hash) continue;
    unsaved.set(path, { hash, sizeBytes: document.bytes.length, type: 'file', ...(disk?.mode === undefined ? {} : { mode: disk.mode }) });
  }
  return unsaved;
}
