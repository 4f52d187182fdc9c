import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { inParallel } from '../base/inParallel.ts';
import { isWritableName } from '../core/fileName.ts';
import { isSameVersion } from '../model/fileVersion.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import { failureCode, syncFolder, writeFully, type DiskFile, type DiskFileSystem } from './diskFileSystem.ts';
import { openForReading } from './fileReading.ts';
import { absolutePath, lookAt, lookAtPlace, readLookedAt, type FilePlace, type PlaceLook } from './presentFile.ts';
import { isSameStamp, stampOf, type FileStamp } from './workspaceScan.ts';
import { atOnce, presentVersion, RestoreStopped, type RestoreContext, type RestoreJob, type RestoreStep } from './restoreStep.ts';

/** A new content that lies complete under a temporary name. */
interface Staged {
  readonly step: RestoreStep;
  readonly temporary: string;
}

/**
 * Carries out the steps of a rewind on the disk, once.
 * - All that can fail for want of room or rights comes first, beside the files: nothing is touched until every new content
 *   lies complete and synced under a temporary name.
 * - Each file is looked at again directly before it is touched; if it is not what the plan says, the rewind stops.
 * - A file changes by one rename: it is never half-written, and a link is replaced, never written through.
 * - It stops at the first failure; `touched` and `createdFolders` are then what is to be put back.
 */
export class RestoreRun {
  readonly createdFolders: string[] = [];
  /** Steps whose files may no longer be what they were. */
  readonly touched: RestoreStep[] = [];
  readonly #context: RestoreContext;
  readonly #job: RestoreJob;
  readonly #prefix: string;
  readonly #staged = new Map<WorkspacePath, Staged>();
  /** How the disk showed the files that were read and found to be as planned: what shows the same is not read again. */
  readonly #asPlanned = new Map<WorkspacePath, FileStamp>();
  /** The files that were written, as the disk shows them. */
  readonly #written = new Map<WorkspacePath, FileStamp>();

  constructor(context: RestoreContext, job: RestoreJob, prefix: string) {
    this.#context = context;
    this.#job = job;
    this.#prefix = prefix;
  }

  async run(): Promise<void> {
    const { steps, onStretch } = this.#job;
    const writes = steps.filter((step) => step.to !== undefined);
    try {
      onStretch?.('checking');
      const folders = new Set<string>();
      await this.#each(steps, async (step) => void (await this.#check(step, folders)));
      onStretch?.('staging');
      await this.#each(writes, (step, index) => this.#stage(step, index));
      onStretch?.('deleting');
      await this.#each(
        steps.filter((step) => step.to === undefined),
        (step) => this.#delete(step),
      );
      for (const place of this.#job.foldersToEmpty)
        if (isFolder(await this.#look(place))) await removeEmptyFolder(this.#context.fileSystem, absolutePath(place));
      const standing = new Set<string>();
      await this.#each(writes, (step) => this.#clearFolder(step, standing));
      onStretch?.('writing');
      // One at a time: an editor asked to save several documents at once may answer for the wrong one.
      for (const step of writes) await this.#named(step, () => this.#writeDocument(step));
      await this.#each(
        [...this.#staged.values()].map(({ step }) => step),
        (step) => this.#rename(step),
      );
      onStretch?.('verifying');
      const verified = new Set<string>();
      await this.#each(steps, (step) => this.#verify(step, verified));
      await this.#syncFolders();
    } finally {
      for (const { temporary } of this.#staged.values()) await this.#context.fileSystem.unlink(temporary).catch(() => {});
    }
  }

  #each(steps: readonly RestoreStep[], run: (step: RestoreStep, index: number) => Promise<void>): Promise<void> {
    return inParallel(steps, atOnce, (step, index) => this.#named(step, () => run(step, index)));
  }

  /** A failure of the system says which file it was about. */
  async #named(step: RestoreStep, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (error instanceof RestoreStopped) throw error;
      const code = failureCode(error);
      throw new RestoreStopped(code, step.path, `${step.path}: ${error instanceof Error ? error.message : code}`);
    }
  }

  #look(place: FilePlace, folders?: Set<string>): Promise<PlaceLook> {
    return lookAtPlace(this.#context.fileSystem, place, this.#context.platform, folders);
  }

  /** Throws when the file is not what the plan says. Gives what was found at its place. */
  async #check(step: RestoreStep, folders?: Set<string>): Promise<PlaceLook> {
    const { fileSystem, platform } = this.#context;
    if (!isWritableName(step.relative, platform.isWindows))
      throw new RestoreStopped('outside', step.path, `${step.path} is not inside the folder`);
    const look = await this.#look(step, folders);
    const stamp = look.state === 'there' ? stampOf(look.stats) : undefined;
    const known = this.#asPlanned.get(step.path);
    if (known !== undefined && stamp !== undefined && isSameStamp(known, stamp)) return look;
    const readAtMs = Date.now();
    const found = await readLookedAt(fileSystem, look, platform);
    const present =
      found.state === 'file' ? found.version : found.state === 'special' || found.state === 'unreadable' ? 'other' : undefined;
    if (present === 'other' || !isSameVersion(present, step.disk)) throw changedMeanwhile(step);
    // One that changed a moment ago could change again without showing it.
    if (found.state === 'file' && stamp !== undefined && readAtMs - Math.max(stamp.mtimeMs, stamp.ctimeMs) > settledMs)
      this.#asPlanned.set(step.path, stamp);
    return look;
  }

  /** Writes the new content beside its place. Where a file or link still stands in the place of its folder, beside that. */
  async #stage(step: RestoreStep, index: number): Promise<void> {
    const { fileSystem, content, id } = this.#context;
    const { to } = step;
    if (to?.hash === undefined) throw new RestoreStopped('content-gone', step.path, `The content of ${step.path} was not kept`);
    const folder = await this.#folderFor(step, false);
    const temporary = join(folder, `.tapedeck-${id}-${this.#prefix}${index}.tmp`);
    const gone = (): RestoreStopped =>
      new RestoreStopped('content-gone', step.path, `The content of ${step.path} cannot be read from the store`);
    if (to.type === 'link') {
      const target = await content.get(to.hash);
      if (target === undefined) throw gone();
      this.#staged.set(step.path, { step, temporary });
      await fileSystem.symlink(Buffer.from(target), temporary, await this.#linkType(step, target));
      return;
    }
    this.#staged.set(step.path, { step, temporary });
    const mode = this.#context.platform.isWindows ? undefined : (to.mode ?? step.disk?.mode);
    // Made with its mode where the system's mask lets that pass: to change it later is one more thing to be synced.
    const file: DiskFile = await fileSystem.open(temporary, 'wx', mode === undefined ? undefined : mode | 0o600);
    try {
      if (!(await content.copyTo(to.hash, (piece) => writeFully(file, piece)))) throw gone();
      if (mode !== undefined && ((await file.stat()).mode & 0o777) !== mode) await file.chmod(mode);
      await file.sync();
      this.#written.set(step.path, stampOf(await file.stat()));
    } finally {
      await file.close();
    }
  }

  async #delete(step: RestoreStep): Promise<void> {
    await this.#check(step);
    if (step.disk === undefined) return;
    this.touched.push(step);
    await this.#insist(absolutePath(step), () => this.#context.fileSystem.unlink(absolutePath(step)));
  }

  /** Removes the folder that stands in a file's place, if there is nothing but empty folders in it. */
  async #clearFolder(step: RestoreStep, folders: Set<string>): Promise<void> {
    const { fileSystem } = this.#context;
    if (!isFolder(await this.#look(step, folders))) return;
    const clear = async (folder: string): Promise<void> => {
      for (const name of await fileSystem.readdir(folder)) {
        const path = join(folder, name);
        const found = await lookAt(fileSystem, path);
        if (found === undefined) continue;
        if (found === 'unreadable' || !found.isDirectory())
          throw new RestoreStopped('in-the-way', step.path, `${step.path} is a folder that is not empty`);
        await clear(path);
      }
      await fileSystem.rmdir(folder);
    };
    await clear(absolutePath(step));
  }

  /** Through the editor, where one holds the file and the content is text. If the save made something else of it, the file is written over afterwards. */
  async #writeDocument(step: RestoreStep): Promise<void> {
    const { documents, content } = this.#context;
    const path = absolutePath(step);
    const document = step.to?.type === 'file' ? await documents?.read(path) : undefined;
    if (document === undefined || documents === undefined || step.to?.hash === undefined) {
      if (step.from?.hash !== step.disk?.hash) throw changedMeanwhile(step);
      return;
    }
    if (document.isDirty && sha256(document.bytes) !== step.from?.hash) throw changedMeanwhile(step);
    const bytes = await content.get(step.to.hash);
    if (bytes === undefined || bytes.subarray(0, 8000).includes(0)) return;
    await this.#check(step);
    this.touched.push(step);
    const answer = await documents.write(path, bytes);
    if (answer === 'declined') throw new RestoreStopped('declined', step.path, `The editor did not take the content of ${step.path}`);
    const present = await presentVersion(this.#context, step);
    if (present !== 'other' && isSameVersion(present, step.to)) {
      const staged = this.#staged.get(step.path);
      this.#staged.delete(step.path);
      if (staged !== undefined) await this.#context.fileSystem.unlink(staged.temporary).catch(() => {});
      await this.#syncFile(path);
    } else if (present === 'other' || answer === 'not-open') return;
    else this.#staged.set(step.path, { step: { ...step, disk: present }, temporary: this.#staged.get(step.path)!.temporary });
  }

  async #rename(step: RestoreStep): Promise<void> {
    const staged = this.#staged.get(step.path)!;
    // What is there lies in folders that are none of them links; where nothing is, they may have to be made.
    if ((await this.#check(step)).state !== 'there') await this.#folderFor(step, true);
    const path = absolutePath(step);
    this.touched.push(step);
    await this.#insist(path, () => this.#context.fileSystem.rename(staged.temporary, path));
    this.#staged.delete(step.path);
  }

  async #verify(step: RestoreStep, folders: Set<string>): Promise<void> {
    const look = await this.#look(step, folders);
    const written = this.#written.get(step.path);
    // The very file that was written and synced, and nobody has written to it since.
    if (written !== undefined && look.state === 'there' && isSameStamp({ ...stampOf(look.stats), ctimeMs: written.ctimeMs }, written))
      return;
    const present = await presentVersion(this.#context, step);
    if (present === 'other' || !isSameVersion(present, step.to))
      throw new RestoreStopped('not-as-planned', step.path, `${step.path} is not what was written: something else changed it`);
  }

  /** The file's folder, created where it is missing. With `isFinal` false, the nearest one that is there when something else stands in its place. */
  async #folderFor(step: RestoreStep, isFinal: boolean): Promise<string> {
    const { fileSystem } = this.#context;
    let folder = step.root;
    for (const part of step.relative.split('/').slice(0, -1)) {
      const next = join(folder, part);
      const found = await lookAt(fileSystem, next);
      if (found === undefined) {
        try {
          await fileSystem.mkdir(next);
          this.createdFolders.push(next);
        } catch (error) {
          // Another of the steps was faster.
          if (failureCode(error) !== 'EEXIST') throw error;
        }
      } else if (found === 'unreadable' || !found.isDirectory()) {
        if (isFinal) throw new RestoreStopped('in-the-way', step.path, `${next} is no folder`);
        return folder;
      }
      folder = next;
    }
    return folder;
  }

  /** Windows locks files that are open, read by a scanner or marked read-only: asked again for a second or two. */
  async #insist(path: string, run: () => Promise<void>): Promise<void> {
    for (let waitMs = 10; ; waitMs *= 2) {
      try {
        return await run();
      } catch (error) {
        const isLocked = ['EBUSY', 'EPERM', 'EACCES'].includes(failureCode(error));
        if (!this.#context.platform.isWindows || !isLocked || waitMs > 1000) throw error;
        await this.#context.fileSystem.chmod(path, 0o666).catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
  }

  async #linkType(step: RestoreStep, target: Uint8Array): Promise<'dir' | 'file' | undefined> {
    if (!this.#context.platform.isWindows) return undefined;
    const found = await lookAt(this.#context.fileSystem, join(dirname(absolutePath(step)), Buffer.from(target).toString()));
    return found !== undefined && found !== 'unreadable' && found.isDirectory() ? 'dir' : 'file';
  }

  async #syncFile(path: string): Promise<void> {
    const file = await openForReading(this.#context.fileSystem, path);
    try {
      await file.sync();
    } catch (error) {
      // Windows syncs only what is open for writing; the editor wrote it, not we.
      if (!this.#context.platform.isWindows) throw error;
    } finally {
      await file.close();
    }
  }

  async #syncFolders(): Promise<void> {
    if (this.#context.platform.isWindows) return;
    const folders = new Set(this.#job.steps.map((step) => dirname(absolutePath(step))));
    await inParallel([...folders], atOnce, async (folder) => {
      // Everything is written and verified: a folder that cannot be synced is no reason to undo it.
      await syncFolder(this.#context.fileSystem, folder).catch(() => {});
    });
  }
}

/** The coarsest clock that a disk takes its times from is one of two seconds (FAT). */
const settledMs = 2100;

const isFolder = (look: PlaceLook): boolean => look.state === 'there' && look.stats.isDirectory();

const changedMeanwhile = (step: RestoreStep): RestoreStopped =>
  new RestoreStopped('changed-meanwhile', step.path, `${step.path} changed while the rewind was under way`);

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export async function removeEmptyFolder(fileSystem: DiskFileSystem, path: string): Promise<void> {
  try {
    await fileSystem.rmdir(path);
  } catch {
    // Not empty, in use, or gone: an empty folder that stays is no harm.
  }
}
