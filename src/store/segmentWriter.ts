import type { WriterId } from '../model/ids.ts';
import type { SessionLayout } from './layout.ts';
import type { LogFile, LogFileSystem } from './logFileSystem.ts';
import { LogWriteError } from './writerHealth.ts';

/**
 * The file that a writer appends to now. Created with the first append; followed by a new one when it is full, when a write
 * failed, or when it turns out that its path no longer leads to it. A segment that may hold a torn line is never appended to.
 */
export interface SegmentWriter {
  /** Resolves when the bytes are on disk; rejects when not all of them are known to be. Then call `abandon`. */
  append(bytes: Uint8Array): Promise<void>;
  /** Gives the present segment up. The next append begins a new one. */
  abandon(): Promise<void>;
  /** Leaves no file behind into which nothing got. */
  close(): Promise<void>;
}

export interface SegmentWriterOptions {
  readonly session: SessionLayout;
  readonly writer: WriterId;
  /** The first segment to write to. */
  readonly number: number;
  /** It exists, is whole, and is gone on with. */
  readonly continues: boolean;
  readonly fileSystem: LogFileSystem;
  /** Puts what belongs beside the log into its root, which is there. */
  readonly prepare: () => Promise<void>;
  readonly segmentBytes: number;
}

/** How often it is made sure that the path still leads to the open file: a file removed under a writer takes writes silently. */
const checkEveryMs = 500;

export function openSegmentWriter(options: SegmentWriterOptions): SegmentWriter {
  const { session, writer, fileSystem } = options;
  let number = options.number;
  /** Whether the numbered file is there already: `whole` is gone on with, `empty` if nothing got into it at the last attempt. */
  let existing: 'whole' | 'empty' | undefined = options.continues ? 'whole' : undefined;
  let file: LogFile | undefined;
  let sizeBytes = 0;
  let checkedAtMs = 0;

  const closeFile = async (): Promise<void> => {
    const open = file;
    file = undefined;
    // What matters was synced before; a file that cannot even be closed is given up all the same.
    await open?.close().catch(() => {});
  };

  const reopen = async (): Promise<boolean> => {
    const expected = existing;
    existing = undefined;
    try {
      file = await fileSystem.open(session.segment(writer, number), false);
      const found = await file.sizeBytes();
      sizeBytes = found ?? 0;
      if (found !== undefined && (expected === 'whole' || found === 0)) return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    await closeFile();
    number += 1;
    return false;
  };

  const open = async (): Promise<void> => {
    if (existing === 'whole' && (await reopen())) return;
    await fileSystem.makeFolder(session.events);
    await options.prepare();
    if (existing === 'empty') await reopen();
    while (file === undefined) {
      try {
        sizeBytes = 0;
        file = await fileSystem.open(session.segment(writer, number), true);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        number += 1;
      }
    }
    await fileSystem.syncFolder(session.events);
  };

  /** Beside the write, so that it takes no time of its own; what is found lies between the sizes before and after it. */
  const check = async (open: LogFile, addedBytes: number): Promise<void> => {
    const before = sizeBytes;
    const found = await open.sizeBytes();
    if (found === undefined) throw new LogWriteError('folder-missing', 'The path no longer leads to the open file.');
    if (found < before || found > before + addedBytes)
      throw new LogWriteError('file-replaced', `The file holds ${found} bytes where ${before} were written.`);
  };

  const write = async (target: LogFile, bytes: Uint8Array): Promise<void> => {
    const written = await target.write(bytes);
    sizeBytes += written;
    if (written !== bytes.length) throw new LogWriteError('short-write', `Only ${written} of ${bytes.length} bytes were written.`);
    if (target.sync !== undefined) await target.sync();
  };

  return {
    async append(bytes) {
      if (file !== undefined && sizeBytes >= options.segmentBytes) {
        await closeFile();
        number += 1;
      }
      if (file === undefined) await open();
      const target = file!;
      const nowMs = performance.now();
      if (nowMs - checkedAtMs < checkEveryMs) return write(target, bytes);
      checkedAtMs = nowMs;
      // Both have ended when it is known how they ended: a file is not closed under a call.
      const [checked, wrote] = await Promise.allSettled([check(target, bytes.length), write(target, bytes)]);
      for (const result of [wrote, checked]) if (result.status === 'rejected') throw result.reason;
    },
    async abandon() {
      if (file !== undefined && sizeBytes === 0) existing = 'empty';
      else if (file !== undefined) number += 1;
      await closeFile();
    },
    async close() {
      const isEmpty = existing === 'empty' || (file !== undefined && sizeBytes === 0);
      await closeFile();
      // Another writer that is about to create its own file there finds the folder missing, and makes it again.
      if (isEmpty) await fileSystem.removeEmpty(session.segment(writer, number), [session.events, session.folder]).catch(() => {});
    },
  };
}
