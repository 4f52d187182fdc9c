import { open } from 'node:fs/promises';
import { GramIndexBuilder } from '../core/gramIndex.ts';
import { readGramIndex, type GramPart } from '../core/gramPart.ts';
import { LineHead } from '../core/lineHead.ts';
import { readSoundHead } from '../core/lineMark.ts';
import type { Digest } from '../model/digest.ts';
import type { SessionLayout } from './layout.ts';
import type { SegmentFile } from './segmentFile.ts';
import { readSidecar, type SidecarKind } from './sidecar.ts';
import type { SidecarRecipe } from './sidecarBuilder.ts';

/** The search index of a segment: core/gramIndex over its lines. */
export const searchIndexKind: SidecarKind = { name: 'search', version: 1 };

/** Below this a segment is looked through in a millisecond, and its index would take a larger share of it. */
const minSegmentBytes = 1 << 20;

export const searchIndexRecipe: SidecarRecipe = {
  kind: searchIndexKind,
  minBytes: minSegmentBytes,
  begin({ writer }, digest) {
    const builder = new GramIndexBuilder();
    const head = new LineHead();
    return {
      add: (bytes, from, to) =>
        builder.add(bytes, from, to, bytes !== undefined && readSoundHead(bytes.subarray(from, to), head, digest) && head.isWriter(writer)),
      finish: () => builder.finish(),
    };
  },
};

/** What is known of the grams of a segment's first `coveredBytes`. */
export interface SearchIndex {
  readonly coveredBytes: number;
  readonly parts: readonly GramPart[];
}

interface Kept {
  readonly index: SearchIndex;
  readonly sizeBytes: number;
  /** The bytes of the segment that end where the index does. */
  readonly anchor: Buffer;
  inode: number;
  segmentBytes: number;
  modifiedMs: number;
}

const maxKeptBytes = 128 << 20;
/** A segment that has outgrown its index by this much may have a newer one. */
const outgrownBytes = 4 << 20;
const anchorBytes = 64;

/**
 * Search indexes in memory, so that the next search need not read and check them again. What is kept is made sure of with
 * each use: the segment must still hold the same bytes where the index ends.
 */
export class SearchIndexes {
  /** By path of the segment; the last used ones last. */
  readonly #kept = new Map<string, Kept>();
  readonly #digest: Digest;
  #keptBytes = 0;

  readonly #minBytes: number;

  constructor(digest: Digest, minBytes = minSegmentBytes) {
    this.#digest = digest;
    this.#minBytes = minBytes;
  }

  /** The index of that segment, or undefined when there is none to be trusted. Never rejects. */
  async of(session: SessionLayout, segment: SegmentFile): Promise<SearchIndex | undefined> {
    if (segment.sizeBytes < this.#minBytes) return undefined;
    const kept = this.#kept.get(segment.path);
    if (kept !== undefined) {
      this.#drop(segment.path, kept);
      const isOutgrown = segment.sizeBytes - kept.index.coveredBytes > outgrownBytes;
      if (!isOutgrown && (await isSame(kept, segment))) {
        this.#keep(segment.path, kept);
        return kept.index;
      }
    }
    const sidecar = await readSidecar(session, segment, searchIndexKind, this.#digest);
    if (sidecar === undefined) return undefined;
    const anchor = await readEnd(segment, sidecar.coveredBytes);
    if (anchor === undefined) return undefined;
    try {
      const index = { coveredBytes: sidecar.coveredBytes, parts: readGramIndex(sidecar.payload) };
      if (index.coveredBytes !== (index.parts.at(-1)?.to ?? 0)) return undefined;
      const { inode, sizeBytes: segmentBytes, modifiedMs } = segment;
      this.#keep(segment.path, { index, sizeBytes: sidecar.payload.length, anchor, inode, segmentBytes, modifiedMs });
      return index;
    } catch {
      return undefined;
    }
  }

  clear(): void {
    this.#kept.clear();
    this.#keptBytes = 0;
  }

  #keep(path: string, kept: Kept): void {
    this.#kept.set(path, kept);
    this.#keptBytes += kept.sizeBytes;
    for (const [oldest, other] of this.#kept) {
      if (this.#keptBytes <= maxKeptBytes || oldest === path) return;
      this.#drop(oldest, other);
    }
  }

  #drop(path: string, kept: Kept): void {
    this.#kept.delete(path);
    this.#keptBytes -= kept.sizeBytes;
  }
}

async function isSame(kept: Kept, segment: SegmentFile): Promise<boolean> {
  if (kept.inode === segment.inode && kept.segmentBytes === segment.sizeBytes && kept.modifiedMs === segment.modifiedMs) return true;
  const anchor = await readEnd(segment, kept.index.coveredBytes);
  if (anchor === undefined || !anchor.equals(kept.anchor)) return false;
  kept.inode = segment.inode;
  kept.segmentBytes = segment.sizeBytes;
  kept.modifiedMs = segment.modifiedMs;
  return true;
}

async function readEnd(segment: SegmentFile, coveredBytes: number): Promise<Buffer | undefined> {
  const length = Math.min(anchorBytes, coveredBytes);
  const anchor = Buffer.alloc(length);
  try {
    const handle = await open(segment.path, 'r');
    try {
      const { bytesRead } = await handle.read(anchor, 0, length, coveredBytes - length);
      return bytesRead === length ? anchor : undefined;
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}
