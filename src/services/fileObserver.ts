import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { countLines, type LineCount } from '../core/lineCount.ts';
import { holdsPrivateKey, isSecretPath } from '../core/secretPolicy.ts';
import type { Digest } from '../model/digest.ts';
import { isSameVersion, type FileVersion, type SkipReason } from '../model/fileVersion.ts';
import type { ContentHash } from '../model/ids.ts';
import { splitWorkspacePath, type WorkspacePath } from '../model/workspacePath.ts';
import type { ContentStore } from '../store/contentStore.ts';
import type { DiskPace } from '../store/diskPace.ts';
import { isSameStamp, stampOf, type FileStamp } from '../store/workspaceScan.ts';
import { isFreshStamp, versionOf, type FileTracker } from './fileTracker.ts';
import type { KnownFile } from './knownFile.ts';

/** What a look at one path found. Nothing is recorded yet, and the tracker is as it was; the contents are in the blobs. */
export type Observation =
  | { readonly kind: 'same'; readonly path: WorkspacePath; readonly next?: KnownFile }
  | FileFound
  | {
      readonly kind: 'skipped';
      readonly path: WorkspacePath;
      readonly reason: SkipReason;
      readonly sizeBytes?: number;
      readonly detail?: string;
      readonly next?: KnownFile;
    }
  /** It changes faster than it can be read: look again later. */
  | { readonly kind: 'again'; readonly path: WorkspacePath }
  | { readonly kind: 'folder'; readonly path: WorkspacePath }
  /** Nothing is there, and nothing was known to be. */
  | { readonly kind: 'nothing'; readonly path: WorkspacePath };

export interface FileFound {
  readonly kind: 'created' | 'changed' | 'deleted';
  readonly path: WorkspacePath;
  readonly before: FileVersion | undefined;
  readonly after: FileVersion | undefined;
  readonly next: KnownFile | undefined;
  readonly lines: LineCount | undefined;
  /** The new content is not kept, for this reason. */
  readonly skipped?: { readonly reason: SkipReason; readonly sizeBytes: number };
  /** When the disk says that it happened, Unix ms; undefined where the disk cannot tell (a deletion). */
  readonly changedAtMs: number | undefined;
}

export interface FileObserverOptions {
  readonly tracker: FileTracker;
  readonly content: ContentStore;
  readonly digest: Digest;
  readonly clock: Clock;
  readonly maxFileBytes: number;
  /** False when so many bytes more would be more than may be stored; then it has been told. */
  readonly hasRoom: (sizeBytes: number) => boolean;
  readonly toAbsolute: (path: WorkspacePath) => string | undefined;
  /** The user's own secret files, beside the built-in ones. */
  readonly isSecretToo: (path: WorkspacePath) => boolean;
  readonly isExcluded: (path: WorkspacePath) => boolean;
  /** A blob of the repository that the path lies in. */
  readonly readGitBlob: (path: WorkspacePath, oid: string, maxBytes: number) => Promise<Uint8Array | undefined>;
}

/** Lines are counted in contents up to this size: larger ones cost more than they tell. */
const countedBytes = 512 * 1024;
const readAttempts = 3;

/**
 * Looks at single files. The promise of a look: before and after are in the blobs when it resolves (or told missing with
 * the reason), what is read is one state that the file really had, and a file that must not be read is not opened.
 * Rejects only when a content cannot be written.
 */
export class FileObserver {
  readonly #options: FileObserverOptions;

  constructor(options: FileObserverOptions) {
    this.#options = options;
  }

  async look(path: WorkspacePath): Promise<Observation> {
    const absolute = this.#options.toAbsolute(path);
    const known = this.#options.tracker.get(path);
    if (absolute === undefined) return { kind: 'nothing', path };
    let stats: Stats;
    try {
      stats = await fs.lstat(absolute);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // ELOOP: not the name itself, which is not followed, but one above it is a link.
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP')
        return known === undefined ? { kind: 'nothing', path } : this.gone(path, known);
      return { kind: 'skipped', path, reason: 'unreadable', ...(code === undefined ? {} : { detail: code }) };
    }
    if (await this.#isBehindLink(path, absolute)) return known === undefined ? { kind: 'nothing', path } : this.gone(path, known);
    if (stats.isDirectory()) return known === undefined ? { kind: 'folder', path } : this.gone(path, known);
    const stamp = stampOf(stats);
    if (stamp.type === 'special') return known === undefined ? { kind: 'skipped', path, reason: 'special' } : this.gone(path, known);
    if (known?.stamp !== undefined && !known.isFresh && isSameStamp(known.stamp, stamp)) return { kind: 'same', path };
    const reason = this.#skipByName(path, stamp);
    if (reason !== undefined) return this.#unkept(path, known, stamp, reason);
    return this.#read(path, absolute, known, stamp);
  }

  /** A folder above it is a link: what answers to the path lies elsewhere, and is no file of this name. */
  async #isBehindLink(path: WorkspacePath, absolute: string): Promise<boolean> {
    let folder = absolute;
    for (let depth = splitWorkspacePath(path).relative.split('/').length; depth > 1; depth--) {
      folder = dirname(folder);
      if ((await fs.lstat(folder).catch(() => undefined))?.isSymbolicLink() === true) return true;
    }
    return false;
  }

  /**
   * Copies a file that has not changed since it was met, for the baseline. What cannot be copied is told in the answer. A
   * small file is read directly while the pace of the disk allows that: the calls for it are a fifth of the work.
   */
  async keep(path: WorkspacePath, known: KnownFile, budgetBytes: number, pace: DiskPace): Promise<KnownFile | undefined> {
    const absolute = this.#options.toAbsolute(path);
    const { stamp } = known;
    if (absolute === undefined || stamp === undefined || stamp.type === 'special') return undefined;
    const reason = this.#skipByName(path, stamp);
    if (reason !== undefined) return { ...known, skipped: reason };
    if (stamp.sizeBytes > budgetBytes || !this.#options.hasRoom(stamp.sizeBytes)) return { ...known, skipped: 'budget' };
    const isDirect = pace.isQuick && stamp.type === 'file' && stamp.sizeBytes <= directBytes;
    if (!isDirect) pace.noteWait();
    const read = isDirect
      ? readDirectly(absolute, pace, this.#options.clock)
      : await readStable(absolute, stamp, this.#options.maxFileBytes, this.#options.clock);
    // Changed since: the next look finds that out, and can no longer know what was there.
    if (!read.ok || !isSameStamp(read.stamp, stamp)) return undefined;
    if (holdsPrivateKey(read.bytes)) return { ...known, skipped: 'secret' };
    const { hash } = await this.#options.content.put(read.bytes);
    return { ...known, hash, isKept: true, isFresh: isFreshStamp(read.stamp, read.readAtMs) };
  }

  /** What was there before, its content read back from git where it lies there and nowhere else. */
  async #before(path: WorkspacePath, known: KnownFile): Promise<{ readonly version: FileVersion; readonly bytes: Uint8Array | undefined }> {
    const { content, digest, maxFileBytes, readGitBlob } = this.#options;
    if (known.hash !== undefined && known.isKept) {
      const bytes = known.sizeBytes <= countedBytes ? await content.get(known.hash) : undefined;
      return { version: versionOf(known), bytes };
    }
    if (known.oid !== undefined && known.skipped === undefined && !isSecretPath(path)) {
      const blob = await readGitBlob(path, known.oid, maxFileBytes);
      const bytes = blob === undefined ? undefined : asCheckedOut(blob, known.sizeBytes);
      if (bytes !== undefined) {
        const hash = digest.sha256(bytes);
        if (holdsPrivateKey(bytes)) return { version: versionOf({ ...known, hash, skipped: 'secret' }), bytes: undefined };
        if (!this.#options.hasRoom(bytes.length)) return { version: versionOf({ ...known, hash, skipped: 'budget' }), bytes };
        await content.put(bytes);
        return { version: versionOf({ ...known, hash, isKept: true }), bytes };
      }
    }
    return { version: versionOf(known), bytes: undefined };
  }

  /** A known file that is not there any more. */
  async gone(path: WorkspacePath, known: KnownFile): Promise<FileFound> {
    const before = await this.#before(path, known);
    return {
      kind: 'deleted',
      path,
      before: before.version,
      after: undefined,
      next: undefined,
      lines: before.bytes === undefined ? undefined : countLines(before.bytes, undefined),
      changedAtMs: undefined,
    };
  }

  #skipByName(path: WorkspacePath, stamp: FileStamp): SkipReason | undefined {
    if (this.#options.isExcluded(path)) return 'policy';
    if (stamp.type === 'link') return undefined;
    if (isSecretPath(path) || this.#options.isSecretToo(path)) return 'secret';
    return stamp.sizeBytes > this.#options.maxFileBytes ? 'too-large' : undefined;
  }

  /** Its new content is not kept. That a file whose content was kept until now has changed is a fact all the same. */
  async #unkept(
    path: WorkspacePath,
    known: KnownFile | undefined,
    stamp: FileStamp,
    reason: SkipReason,
    hash?: ContentHash,
  ): Promise<Observation> {
    const { sizeBytes } = stamp;
    const next: KnownFile = {
      stamp,
      sizeBytes,
      mode: stamp.mode,
      type: stamp.type === 'link' ? 'link' : 'file',
      // By it a later look knows the content again, and a rewind what it would overwrite.
      ...(hash === undefined ? {} : { hash }),
      isKept: false,
      skipped: reason,
      isFresh: false,
    };
    if (reason !== 'budget' && (known === undefined || known.skipped !== undefined || reason === 'policy'))
      return { kind: 'skipped', path, reason, sizeBytes, next };
    const before = known === undefined ? undefined : await this.#before(path, known);
    return {
      kind: known === undefined ? 'created' : 'changed',
      path,
      before: before?.version,
      after: versionOf(next),
      next,
      lines: undefined,
      skipped: { reason, sizeBytes },
      changedAtMs: stamp.ctimeMs,
    };
  }

  async #read(path: WorkspacePath, absolute: string, known: KnownFile | undefined, met: FileStamp): Promise<Observation> {
    const { content, digest, maxFileBytes, clock } = this.#options;
    const read = await readStable(absolute, met, maxFileBytes, clock);
    if (!read.ok) {
      if (read.reason === 'too-large')
        return this.#unkept(path, known, { ...met, sizeBytes: read.sizeBytes ?? met.sizeBytes }, 'too-large');
      if (read.reason === 'changing') return { kind: 'again', path };
      return { kind: 'skipped', path, reason: 'unreadable', ...(read.detail === undefined ? {} : { detail: read.detail }) };
    }
    const { bytes, stamp } = read;
    if (stamp.type === 'file' && holdsPrivateKey(bytes)) return this.#unkept(path, known, stamp, 'secret');
    const hash = digest.sha256(bytes);
    const next: KnownFile = {
      stamp,
      sizeBytes: bytes.length,
      mode: stamp.mode,
      type: stamp.type === 'link' ? 'link' : 'file',
      hash,
      isKept: true,
      isFresh: isFreshStamp(stamp, read.readAtMs),
    };
    const before = known === undefined ? undefined : await this.#before(path, known);
    const after = versionOf(next);
    if (before !== undefined && isSameVersion(before.version, after)) {
      // The same content under new times. What git holds stays git's, so that it need not be copied.
      const isKept = before.version.missing === undefined;
      return {
        kind: 'same',
        path,
        next: {
          ...next,
          isKept,
          ...(known?.oid === undefined ? {} : { oid: known.oid }),
          ...(known?.skipped === undefined ? {} : { skipped: known.skipped }),
        },
      };
    }
    if (!this.#options.hasRoom(bytes.length) && !(await content.has(hash))) return this.#unkept(path, known, stamp, 'budget', hash);
    await content.put(bytes, before?.version.missing === undefined ? before?.version.hash : undefined);
    const isCounted = bytes.length <= countedBytes && (before === undefined || before.bytes !== undefined) && stamp.type === 'file';
    return {
      kind: known === undefined ? 'created' : 'changed',
      path,
      before: before?.version,
      after,
      next,
      lines: isCounted ? countLines(before?.bytes, bytes) : undefined,
      changedAtMs: stamp.ctimeMs,
    };
  }
}

type StableRead =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly stamp: FileStamp; readonly readAtMs: number }
  | { readonly ok: false; readonly reason: 'too-large' | 'changing' | 'unreadable'; readonly sizeBytes?: number; readonly detail?: string };

const directBytes = 64 * 1024;
// Neither flag exists on Windows; there they count as nothing.
const readFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** As `readStable`, of a small regular file, at once; not tried again. */
function readDirectly(absolute: string, pace: DiskPace, clock: Clock): StableRead {
  const calledAt = performance.now();
  let file: number | undefined;
  try {
    file = openSync(absolute, readFlags);
    const before = stampOf(fstatSync(file));
    if (before.type !== 'file' || before.sizeBytes > directBytes) return { ok: false, reason: 'changing' };
    const readAtMs = clock.now();
    const buffer = Buffer.allocUnsafe(before.sizeBytes + 1);
    const length = readSync(file, buffer, 0, buffer.length, 0);
    const after = stampOf(fstatSync(file));
    return length === before.sizeBytes && isSameStamp(before, after)
      ? { ok: true, bytes: buffer.subarray(0, length), stamp: after, readAtMs }
      : { ok: false, reason: 'changing' };
  } catch {
    return { ok: false, reason: 'unreadable' };
  } finally {
    if (file !== undefined) closeSync(file);
    pace.noteCall(performance.now() - calledAt);
  }
}

/** Reads one state of a file: what the disk says of it is the same before and after. A link gives its target's text. */
async function readStable(absolute: string, met: FileStamp, maxBytes: number, clock: Clock): Promise<StableRead> {
  try {
    if (met.type === 'link') {
      const target = await fs.readlink(absolute, { encoding: 'buffer' });
      return { ok: true, bytes: target, stamp: stampOf(await fs.lstat(absolute)), readAtMs: clock.now() };
    }
    for (let attempt = 1; attempt <= readAttempts; attempt++) {
      if (attempt > 1) await new Promise((resolve) => setTimeout(resolve, 40 * attempt));
      const file = await fs.open(absolute, readFlags);
      try {
        const before = stampOf(await file.stat());
        if (before.type !== 'file') return { ok: false, reason: 'changing' };
        if (before.sizeBytes > maxBytes) return { ok: false, reason: 'too-large', sizeBytes: before.sizeBytes };
        const readAtMs = clock.now();
        const buffer = Buffer.allocUnsafe(before.sizeBytes + 1);
        let length = 0;
        while (length < buffer.length) {
          const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
          if (bytesRead === 0) break;
          length += bytesRead;
        }
        const after = stampOf(await file.stat());
        if (length === before.sizeBytes && isSameStamp(before, after))
          return { ok: true, bytes: buffer.subarray(0, length), stamp: after, readAtMs };
      } finally {
        await file.close();
      }
    }
    return { ok: false, reason: 'changing' };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Replaced or removed between our calls.
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'EISDIR' || code === 'EINVAL') return { ok: false, reason: 'changing' };
    return { ok: false, reason: 'unreadable', ...(code === undefined ? {} : { detail: code }) };
  }
}

/**
 * The bytes that a checkout of this blob had left on disk, judged by their number: the blob itself, or with each line end
 * made CRLF (`core.autocrlf`, `eol=crlf`). Undefined when neither has that many: then it was something else.
 */
export function asCheckedOut(blob: Uint8Array, sizeBytes: number): Uint8Array | undefined {
  if (blob.length === sizeBytes) return blob;
  let ends = 0;
  for (let at = blob.indexOf(10); at >= 0; at = blob.indexOf(10, at + 1)) if (blob[at - 1] !== 13) ends += 1;
  if (blob.length + ends !== sizeBytes) return undefined;
  const bytes = new Uint8Array(sizeBytes);
  let to = 0;
  for (let from = 0; from < blob.length; from++) {
    if (blob[from] === 10 && blob[from - 1] !== 13) bytes[to++] = 13;
    bytes[to++] = blob[from]!;
  }
  return bytes;
}
