import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { SessionLayout } from './layout.ts';
import { openSegmentFile, type SegmentFile } from './segmentFile.ts';

const chunkBytes = 1 << 20;

/**
 * Copies what stands in the segment from there on to the session's `damaged/<segment>.<from>`, and resolves when the copy is on
 * disk, whole. A copy that is there with other bytes stays, and this one gets a name of its own. Never deletes a copy; rejects
 * when it cannot be made.
 */
export async function keepDamagedCopy(session: SessionLayout, segment: SegmentFile, from: number): Promise<void> {
  if (from >= segment.sizeBytes) return;
  await mkdir(session.damaged, { recursive: true });
  const target = join(session.damaged, `${segment.name}.${from}`);
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    await copyFrom(segment, from, temporary);
    for (let count = 1; ; count++) {
      const name = count === 1 ? target : `${target}.${count}`;
      const there = await stat(name).catch(() => undefined);
      if (there === undefined) {
        await rename(temporary, name);
        return await syncFolder(session.damaged);
      }
      if (await isSame(temporary, name)) return;
    }
  } finally {
    await rm(temporary, { force: true });
  }
}

async function copyFrom(segment: SegmentFile, from: number, target: string): Promise<void> {
  const source = await openSegmentFile(segment);
  let copy: FileHandle | undefined;
  try {
    copy = await open(target, 'w');
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (let position = from; position < segment.sizeBytes;) {
      const { bytesRead } = await source.read(buffer, 0, Math.min(chunkBytes, segment.sizeBytes - position), position);
      if (bytesRead === 0) break;
      await copy.writeFile(buffer.subarray(0, bytesRead));
      position += bytesRead;
    }
    await copy.sync();
  } finally {
    await copy?.close();
    await source.close();
  }
}

async function isSame(one: string, other: string): Promise<boolean> {
  const files = await Promise.all([open(one), open(other)]);
  try {
    const buffers = [Buffer.allocUnsafe(chunkBytes), Buffer.allocUnsafe(chunkBytes)] as const;
    for (;;) {
      const [a, b] = await Promise.all([files[0].read(buffers[0], 0, chunkBytes), files[1].read(buffers[1], 0, chunkBytes)]);
      if (a.bytesRead !== b.bytesRead || buffers[0].compare(buffers[1], 0, a.bytesRead, 0, a.bytesRead) !== 0) return false;
      if (a.bytesRead === 0) return true;
    }
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}

/** The new name as well. Windows has no such thing, and no need of it. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path).catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close().catch(() => {});
}
