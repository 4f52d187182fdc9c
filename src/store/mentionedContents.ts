import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContentHash } from '../model/ids.ts';
import type { TapedeckLayout } from './layout.ts';
import { TimeSlice } from './timeSlice.ts';

/**
 * Every content that anything under a root mentions: all that lies with the sessions but what is derived from them, and the
 * journals of rewinds. They are not parsed: whatever looks like the name of a content is one, so that no kind of event and
 * no version, no damaged line and no line of a future version is passed over.
 */
export interface MentionedContents {
  readonly hashes: ReadonlySet<ContentHash>;
  /** Those of them that are lists of further ones. */
  readonly manifests: ReadonlySet<ContentHash>;
}

const chunkBytes = 256 * 1024;
/** A name and what stands before it may lie across two chunks. */
const overlapBytes = 256;
const manifestKey = Buffer.from('"manifest":"');

/** Rejects when something cannot be read: what it mentions is then not known. */
export async function readMentionedContents(layout: TapedeckLayout): Promise<MentionedContents> {
  const hashes = new Set<ContentHash>();
  const manifests = new Set<ContentHash>();
  const slice = new TimeSlice();
  for (const path of await mentioningFiles(layout)) {
    const file = await open(path, 'r');
    try {
      let kept = Buffer.alloc(0);
      for (;;) {
        const chunk = Buffer.allocUnsafe(chunkBytes);
        const { bytesRead } = await file.read(chunk, 0, chunkBytes);
        const bytes = Buffer.concat([kept, chunk.subarray(0, bytesRead)]);
        eachHash(bytes, (hash, at) => {
          hashes.add(hash);
          if (at >= manifestKey.length && bytes.subarray(at - manifestKey.length, at).equals(manifestKey)) manifests.add(hash);
        });
        if (bytesRead === 0) break;
        kept = Buffer.from(bytes.subarray(Math.max(0, bytes.length - overlapBytes)));
        if (slice.isSpent) await slice.pause();
      }
    } finally {
      await file.close();
    }
  }
  return { hashes, manifests };
}

/** Hands over everything in the bytes that is written as the name of a content is: 64 digits, small letters. */
export function eachHash(bytes: Buffer, take: (hash: ContentHash, at: number) => void): void {
  // Any 64 of them in a row hold a place that 64 divides.
  for (let probe = 0; probe < bytes.length; probe += 64) {
    if (!isHexDigit(bytes[probe]!)) continue;
    let from = probe;
    while (from > 0 && probe - from < 64 && isHexDigit(bytes[from - 1]!)) from -= 1;
    let to = probe + 1;
    while (to < bytes.length && to - from <= 64 && isHexDigit(bytes[to]!)) to += 1;
    if (to - from === 64) take(bytes.toString('latin1', from, to), from);
  }
}

const isHexDigit = (code: number): boolean => (code >= 48 && code <= 57) || (code >= 97 && code <= 102);

async function mentioningFiles(layout: TapedeckLayout): Promise<string[]> {
  const files: string[] = [];
  const add = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    for (const entry of entries) {
      const path = join(folder, entry.name);
      // What is derived is not the truth, and may be behind.
      if (entry.isDirectory() && entry.name !== 'cache') await add(path);
      else if (entry.isFile()) files.push(path);
      else if (entry.isSymbolicLink()) throw new Error(`${path} is a link: what lies behind it is not looked at`);
    }
  };
  await add(layout.rewinds);
  await add(layout.sessions);
  return files;
}
