import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TapedeckLayout } from './layout.ts';
import { TimeSlice } from './timeSlice.ts';

/** What lies under a root, in bytes on the disk's own count of the files. */
export interface StorageUse {
  /** Contents of files, from before and after each change. */
  readonly contentBytes: number;
  readonly packs: number;
  readonly largeContents: number;
  /** The logs of all sessions. */
  readonly logBytes: number;
  readonly sessions: number;
  /** What can be made again: caches, reports. */
  readonly derivedBytes: number;
  readonly totalBytes: number;
}

/** Looks at every file once; what cannot be looked at counts nothing. */
export async function readStorageUse(layout: TapedeckLayout): Promise<StorageUse> {
  const slice = new TimeSlice();
  const use = { contentBytes: 0, packs: 0, largeContents: 0, logBytes: 0, sessions: 0, derivedBytes: 0, totalBytes: 0 };
  const visit = async (folder: string, part: 'contentBytes' | 'logBytes' | 'derivedBytes' | undefined): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (folder === layout.sessions) use.sessions += 1;
        await visit(path, partOf(path, entry.name) ?? part);
      } else {
        const { size } = await lstat(path).catch(() => ({ size: 0 }));
        use.totalBytes += size;
        if (part !== undefined) use[part] += size;
        if (folder === layout.blobs && entry.name.endsWith('.pack')) use.packs += 1;
        else if (part === 'contentBytes' && /^[0-9a-f]{64}$/.test(entry.name)) use.largeContents += 1;
      }
      if (slice.isSpent) await slice.pause();
    }
  };
  const partOf = (path: string, name: string): 'contentBytes' | 'logBytes' | 'derivedBytes' | undefined => {
    if (path === layout.blobs) return 'contentBytes';
    if (path === layout.sessions) return 'logBytes';
    return path === layout.cache || path === layout.reports || name === 'cache' ? 'derivedBytes' : undefined;
  };
  await visit(layout.root, undefined);
  return use;
}

/** `12.3 MB`, in thousands. */
export function describeBytes(bytes: number): string {
  let value = bytes;
  for (const unit of ['bytes', 'kB', 'MB', 'GB']) {
    if (value < 1000 || unit === 'GB') return `${unit === 'bytes' || value >= 100 ? Math.round(value) : value.toFixed(1)} ${unit}`;
    value /= 1000;
  }
  return `${bytes} bytes`;
}
