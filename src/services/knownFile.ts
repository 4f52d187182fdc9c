import type { SkipReason } from '../model/fileVersion.ts';
import type { ContentHash } from '../model/ids.ts';
import type { FileStamp } from '../store/workspaceScan.ts';

/** What is known of one file: how it looked, and, so far as it was needed, what it held. */
export interface KnownFile {
  /** How the disk showed it when its content was as known. Undefined after a restart: then it is looked at once. */
  readonly stamp: FileStamp | undefined;
  readonly sizeBytes: number;
  readonly mode: number | undefined;
  readonly type: 'file' | 'link';
  /** SHA-256 of the content. */
  readonly hash?: ContentHash;
  /** The content is in the blobs. */
  readonly isKept: boolean;
  /** Git's object, of a file that was clean when it was met. */
  readonly oid?: string;
  /** Why its content is not kept, where that is a decision. */
  readonly skipped?: SkipReason;
  /** Its last change was so close to our look that a further one would show the same times. */
  readonly isFresh: boolean;
}
