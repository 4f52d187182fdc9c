import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../model/digest.ts';
import type { ContentHash, WriterId } from '../model/ids.ts';
import { readCondemned, writeCondemned, type Condemned } from './condemnedContents.ts';
import { openContentStore } from './contentStore.ts';
import { deltaBase } from './delta.ts';
import { diskFileSystem, type DiskFileSystem } from './diskFileSystem.ts';
import type { TapedeckLayout } from './layout.ts';
import { eachHash, readMentionedContents } from './mentionedContents.ts';
import { decodeRecordHead, recordHeaderBytes } from './pack.ts';
import { PackIndex, type PackEntry } from './packIndex.ts';
import { PackWriter } from './packWriter.ts';
import { inflate } from './payloadCodec.ts';
import { TimeSlice } from './timeSlice.ts';

/**
 * Gives back the room of contents that nothing mentions any more.
 * - What any log, any checkpoint or rewind in it, or any journal of a rewind mentions is never removed; nor is what such a
 *   content stands upon.
 * - It goes in two steps, a day apart: what is not needed is condemned, which every process that stores something sees; what
 *   is condemned since then, and by now still not needed, goes. A pack goes whole: what of it is needed is copied first, and
 *   on the disk before the pack is removed. So a process may store, and may be killed, at any moment.
 * - In doubt nothing goes: where a log, a manifest or a pack cannot be read, or somebody has events in memory that could not
 *   be written, or another machine is at work here.
 */
export interface CollectionOptions {
  readonly layout: TapedeckLayout;
  readonly digest: Digest;
  /** Of packs that are written; no other process's. */
  readonly writer: WriterId;
  readonly now: number;
  /** Whose packs are still being written. */
  readonly isWriting: (writer: WriterId) => boolean;
  /** How long something stands condemned. */
  readonly graceMs?: number;
  /** A pack of which less is not needed stays as it is. */
  readonly minShare?: number;
  readonly fileSystem?: DiskFileSystem;
}

export interface Collection {
  /** Bytes that are free now, and those that will be when the grace is over. */
  readonly freedBytes: number;
  readonly condemnedBytes: number;
  /** Bytes on the disk that nothing needs, also where they stay because the rest of their pack is needed. */
  readonly unneededBytes: number;
}

export const collectionGraceMs = 24 * 3_600_000;

/** Rejects, and has then removed nothing that it should not have, when something cannot be read or written. */
export async function collectContents(options: CollectionOptions): Promise<Collection> {
  const fileSystem = options.fileSystem ?? diskFileSystem;
  const { layout, digest } = options;
  const index = new PackIndex(layout.blobs, layout.cache, digest, fileSystem, () => {});
  try {
    await index.refresh();
    const condemned = await readCondemned(layout.blobs);
    return await new ContentCollector(options, fileSystem, index, condemned).run(await readNeeded(options));
  } finally {
    await index.close();
  }
}

/** Everything that is mentioned, and what the manifests among that name. */
async function readNeeded({ layout, digest, writer }: CollectionOptions): Promise<ReadonlySet<ContentHash>> {
  const { hashes, manifests } = await readMentionedContents(layout);
  const needed = new Set(hashes);
  const content = await openContentStore({ layout, digest, writer });
  try {
    for (const hash of manifests) {
      const bytes = await content.get(hash);
      if (bytes === undefined) throw new Error(`The list of files ${hash} cannot be read: what it names is not known`);
      eachHash(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), (named) => needed.add(named));
    }
  } finally {
    await content.close();
  }
  return needed;
}

class ContentCollector {
  readonly #options: CollectionOptions;
  readonly #fileSystem: DiskFileSystem;
  readonly #index: PackIndex;
  readonly #condemned: Condemned;

  constructor(options: CollectionOptions, fileSystem: DiskFileSystem, index: PackIndex, condemned: Condemned) {
    this.#options = options;
    this.#fileSystem = fileSystem;
    this.#index = index;
    this.#condemned = condemned;
  }

  async run(needed: ReadonlySet<ContentHash>): Promise<Collection> {
    const { layout } = this.#options;
    const isDue = ({ at }: { readonly at: string }): boolean => this.#options.now - Date.parse(at) >= this.#graceMs;
    const due = new Set(this.#condemned.packs.filter(isDue).map(({ name }) => name));
    let freedBytes = await this.#sweepPacks(due, needed);
    const loose = await this.#sweepLoose(needed);
    freedBytes += loose.freedBytes;
    await this.#index.dropGone();
    const packs = await this.#condemnPacks(needed);
    const at = new Date(this.#options.now).toISOString();
    await writeCondemned(layout.blobs, { packs: packs.condemned, loose: loose.condemned, lookedAt: at });
    return {
      freedBytes,
      condemnedBytes: packs.condemnedBytes + loose.condemnedBytes,
      unneededBytes: packs.unneededBytes + loose.condemnedBytes,
    };
  }

  get #graceMs(): number {
    return this.#options.graceMs ?? collectionGraceMs;
  }

  /** Copies what is needed of these packs, then removes them. */
  async #sweepPacks(due: ReadonlySet<string>, needed: ReadonlySet<ContentHash>): Promise<number> {
    if (due.size === 0) return 0;
    const copies = await this.#toBeCopied(due, needed);
    await this.#copy(copies);
    let freedBytes = 0;
    for (const { name, sizeBytes } of [...this.#index.packs()]) {
      if (!due.has(name)) continue;
      // Where it cannot be removed now (it is open, on Windows), it stays condemned and is tried again.
      const isGone = await this.#fileSystem.unlink(join(this.#options.layout.blobs, name)).then(
        () => true,
        () => false,
      );
      if (!isGone) continue;
      freedBytes += sizeBytes;
      await rm(join(this.#options.layout.cache, `${name}.sum`), { force: true });
    }
    for (const entry of copies) freedBytes -= recordHeaderBytes + entry.storedBytes;
    return freedBytes;
  }

  /** The records of those packs that are needed themselves, or by a difference that stands upon them, and lie nowhere else. */
  async #toBeCopied(due: ReadonlySet<string>, needed: ReadonlySet<ContentHash>): Promise<PackEntry[]> {
    const copies = new Set<PackEntry>();
    const slice = new TimeSlice();
    const pending: PackEntry[] = [];
    const want = (hash: ContentHash, belowDepth: number): void => {
      const all = this.#index.all(hash).filter((entry) => entry.depth < belowDepth);
      if (all.some((entry) => !due.has(entry.pack) || copies.has(entry))) return;
      const entry = all[0];
      if (entry === undefined) return;
      copies.add(entry);
      pending.push(entry);
    };
    for (const hash of needed) want(hash, Number.POSITIVE_INFINITY);
    // What stays may stand upon what goes, though nothing mentions that.
    for (const entry of this.#index.entries()) {
      if (due.has(entry.pack)) continue;
      const base = await this.#baseOf(entry);
      if (base !== undefined) want(base, entry.depth);
      if (slice.isSpent) await slice.pause();
    }
    for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
      const base = await this.#baseOf(entry);
      if (base !== undefined) want(base, entry.depth);
      if (slice.isSpent) await slice.pause();
    }
    return [...copies];
  }

  async #copy(entries: readonly PackEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const { layout, writer, digest } = this.#options;
    const own = this.#index.segmentsOf(writer);
    const packs = new PackWriter({
      folder: layout.blobs,
      writer,
      fileSystem: this.#fileSystem,
      nextSegment: (own.at(-1)?.segment ?? 0) + 1,
      maxPackBytes: 64 * 1024 * 1024,
    });
    try {
      for (let from = 0; from < entries.length; from += copiesAtOnce)
        await Promise.all(
          entries.slice(from, from + copiesAtOnce).map(async (entry) => {
            const record = await this.#index.readRecord(entry);
            const head = record === undefined ? undefined : decodeRecordHead(record, 0, digest);
            const isSound = head?.hash === entry.hash && digest.crc32(record!.subarray(recordHeaderBytes)) === head.payloadCrc;
            if (!isSound) throw new Error(`A content that is needed cannot be read from ${entry.pack}: nothing was removed`);
            const { pack, offset } = await packs.append(record!);
            this.#index.add(pack, { ...entry, offset });
          }),
        );
    } finally {
      await packs.close();
    }
  }

  /** Which packs are to go from now on, and those that already were and are still there. */
  async #condemnPacks(needed: ReadonlySet<ContentHash>): Promise<{
    readonly condemned: readonly { readonly name: string; readonly at: string }[];
    readonly condemnedBytes: number;
    readonly unneededBytes: number;
  }> {
    const { minShare = 0.5, isWriting, now } = this.#options;
    const held = await this.#withBases(needed);
    const unneeded = new Map<string, number>();
    for (const entry of this.#index.entries())
      if (!held.has(entry.hash)) unneeded.set(entry.pack, (unneeded.get(entry.pack) ?? 0) + recordHeaderBytes + entry.storedBytes);
    const before = new Map(this.#condemned.packs.map((entry) => [entry.name, entry]));
    const condemned: { name: string; at: string }[] = [];
    let condemnedBytes = 0;
    let unneededBytes = 0;
    for (const { name, writer, sizeBytes, modifiedMs, isSound } of this.#index.packs()) {
      const bytes = unneeded.get(name) ?? 0;
      unneededBytes += bytes;
      const known = before.get(name);
      if (known !== undefined) condemned.push(known);
      // A young pack may be one that somebody goes on with, who shows no sign of life.
      else if (bytes / sizeBytes >= minShare && isSound && !isWriting(writer) && now - modifiedMs >= Math.min(this.#graceMs, youngMs))
        condemned.push({ name, at: new Date(now).toISOString() });
      else continue;
      condemnedBytes += bytes;
    }
    return { condemned, condemnedBytes, unneededBytes };
  }

  /** With all that those stand upon which are differences. */
  async #withBases(needed: ReadonlySet<ContentHash>): Promise<ReadonlySet<ContentHash>> {
    const held = new Set<ContentHash>();
    const slice = new TimeSlice();
    const pending = [...needed];
    for (let hash = pending.pop(); hash !== undefined; hash = pending.pop()) {
      if (held.has(hash)) continue;
      held.add(hash);
      for (const entry of this.#index.all(hash)) {
        const base = await this.#baseOf(entry);
        if (base !== undefined) pending.push(base);
      }
      if (slice.isSpent) await slice.pause();
    }
    return held;
  }

  /** Large contents lie alone; one whose time is newer than its sentence was stored again since. */
  async #sweepLoose(needed: ReadonlySet<ContentHash>): Promise<{
    readonly condemned: readonly { readonly hash: ContentHash; readonly at: string }[];
    readonly condemnedBytes: number;
    readonly freedBytes: number;
  }> {
    const root = this.#options.layout.looseBlobs;
    const before = new Map(this.#condemned.loose.map((entry) => [entry.hash, entry]));
    const condemned: { hash: ContentHash; at: string }[] = [];
    let condemnedBytes = 0;
    let freedBytes = 0;
    for (const { folder, name } of await looseNames(root)) {
      const path = join(root, folder, name);
      const hash = name.replace(goneMark, '');
      const isSetAside = name !== hash;
      const found = await stat(path).catch(() => undefined);
      if (found === undefined) continue;
      if (needed.has(hash)) {
        // Somebody died between setting it aside and removing it.
        if (isSetAside) await rename(path, join(root, folder, hash));
        continue;
      }
      const known = before.get(hash);
      const isDue = known !== undefined && this.#options.now - Date.parse(known.at) >= this.#graceMs;
      if (known === undefined || found.mtimeMs > Date.parse(known.at)) {
        condemned.push({ hash, at: new Date(this.#options.now).toISOString() });
        condemnedBytes += found.size;
      } else if (!isDue) {
        condemned.push(known);
        condemnedBytes += found.size;
      } else freedBytes += await removeLoose(join(root, folder, hash), Date.parse(known.at));
    }
    return { condemned, condemnedBytes, freedBytes };
  }

  /** What a difference stands upon; undefined for a whole content. */
  async #baseOf(entry: PackEntry): Promise<ContentHash | undefined> {
    if (entry.codec !== 'delta' && entry.codec !== 'deltaDeflateRaw') return undefined;
    const record = await this.#index.readRecord(entry);
    if (record === undefined) throw new Error(`${entry.pack} cannot be read: what stands upon what is not known`);
    const payload = record.subarray(recordHeaderBytes);
    const whole = entry.codec === 'delta' ? payload : await inflate(payload, entry.rawBytes + 40);
    return whole === undefined ? undefined : deltaBase(whole);
  }
}

const copiesAtOnce = 256;
const youngMs = 3_600_000;
const goneMark = /\.gone$/;

/**
 * Set aside first: whoever stores the same content again either gives it a new time before that, which shows here, or finds
 * it gone and stores it anew.
 */
async function removeLoose(path: string, condemnedAtMs: number): Promise<number> {
  const aside = `${path}.gone`;
  try {
    await rename(path, aside).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    const found = await stat(aside);
    if (found.mtimeMs > condemnedAtMs) {
      await rename(aside, path);
      return 0;
    }
    await rm(aside);
    return found.size;
  } catch {
    return 0;
  }
}

async function looseNames(root: string): Promise<{ readonly folder: string; readonly name: string }[]> {
  const found: { folder: string; name: string }[] = [];
  const list = (path: string): Promise<string[]> =>
    readdir(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
  for (const folder of await list(root))
    if (/^[0-9a-f]{2}$/.test(folder))
      for (const name of await list(join(root, folder))) if (/^[0-9a-f]{64}(?:\.gone)?$/.test(name)) found.push({ folder, name });
  return found;
}
