import type { FileVersion } from '../model/fileVersion.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { ContentStore } from './contentStore.ts';
import { failureCode, type DiskFileSystem } from './diskFileSystem.ts';
import { readPresentFile, type FilePlace, type RestorePlatform } from './presentFile.ts';

/** One file of a rewind. */
export interface RestoreStep extends FilePlace {
  /** Its name in the log. */
  readonly path: WorkspacePath;
  /** What is there, an unsaved text included: what is put back when it fails. Undefined: no file (an empty folder counts as none). */
  readonly from: FileVersion | undefined;
  /** What is on the disk: differs from `from` where an editor holds an unsaved text. */
  readonly disk: FileVersion | undefined;
  /** What shall be there. */
  readonly to: FileVersion | undefined;
}

/** The text editors' open documents. Such a file gets its content through the editor, so that the editor's own Undo works. */
export interface DocumentPort {
  /** `bytes` is what a save would write. Undefined when no text editor holds the file. */
  read(path: string): Promise<{ readonly isDirty: boolean; readonly bytes: Uint8Array } | undefined>;
  /** Gives the document this content and saves it. */
  write(path: string, bytes: Uint8Array): Promise<'written' | 'declined' | 'not-open'>;
}

export interface RestoreContext {
  /** Of the rewind: part of the temporary files' names. */
  readonly id: string;
  readonly content: ContentStore;
  readonly fileSystem: DiskFileSystem;
  readonly platform: RestorePlatform;
  readonly documents: DocumentPort | undefined;
}

export interface RestoreJob {
  readonly steps: readonly RestoreStep[];
  /** Removed where the steps have emptied them, in this order. */
  readonly foldersToEmpty: readonly FilePlace[];
  /** Begins a new stretch of work; for tests that stop there. */
  readonly onStretch?: (stretch: RestoreStretch) => void;
}

export type RestoreStretch = 'checking' | 'staging' | 'deleting' | 'writing' | 'verifying';

/** A file that is not as it should be, and why. */
export interface LeftFile {
  readonly path: WorkspacePath;
  readonly reason: string;
}

export interface RestoreFailure {
  /** The system's code (`ENOSPC` …) or one of `outside`, `changed-meanwhile`, `content-gone`, `in-the-way`, `declined`, `not-as-planned`. */
  readonly reason: string;
  readonly path: WorkspacePath | undefined;
  readonly message: string;
}

/** At most so many files at a time. */
export const atOnce = 8;

/** Why a restore stopped; everything it did is then put back. */
export class RestoreStopped extends Error {
  readonly reason: string;
  readonly path: WorkspacePath | undefined;

  constructor(reason: string, path: WorkspacePath | undefined, message: string) {
    super(message);
    this.reason = reason;
    this.path = path;
  }
}

export function failureOf(error: unknown): RestoreFailure {
  if (error instanceof RestoreStopped) return { reason: error.reason, path: error.path, message: error.message };
  return { reason: failureCode(error), path: undefined, message: error instanceof Error ? error.message : String(error) };
}

/** The version of the file at that place; undefined: no file there. `other`: something that is no file of ours to judge. */
export async function presentVersion(context: RestoreContext, place: FilePlace): Promise<FileVersion | undefined | 'other'> {
  const present = await readPresentFile(context.fileSystem, place, context.platform);
  if (present.state === 'file') return present.version;
  return present.state === 'special' || present.state === 'unreadable' ? 'other' : undefined;
}
