import { join } from 'node:path';
import { SerialQueue } from '../base/serialQueue.ts';
import type { Digest } from '../model/digest.ts';
import type { ContentHash, WriterId } from '../model/ids.ts';
import { failureCode, type DiskFile, type DiskFileSystem } from './diskFileSystem.ts';
import { readSummary, writeSummary } from './packSummary.ts';
import { decodeRecordHead, recordHeaderBytes, scanPack, type ContentDamage, type PackRecord } from './pack.ts';

export interface PackEntry extends PackRecord {
  /** Name of the pack in the blobs folder. */
  readonly pack: string;
}

interface KnownPack {
  readonly name: string;
  readonly writer: WriterId;
  readonly segment: number;
  readTo: number;
  sizeBytes: number;
  modifiedMs: number;
  file: DiskFile | undefined;
  /** Readings under way: a file in use is not closed to make room. */
  uses: number;
  /** Records that its summary in the cache does not name. */
  fresh: number;
  /** It had damage: then it is read at each opening, so that the damage is told each time. */
  isDamaged: boolean;
}

const maxOpenFiles = 16;

/** With fewer records than this that no summary names, reading the pack is as fast. */
const summaryFrom = 2000;

/** Which record holds which content, over the packs of every writer. In memory, rebuilt from the packs' headers on opening. */
export class PackIndex {
  readonly #folder: string;
  readonly #cache: string;
  readonly #digest: Digest;
  readonly #fileSystem: DiskFileSystem;
  readonly #onDamage: (damage: ContentDamage) => void;
  readonly #packs = new Map<string, KnownPack>();
  readonly #entries = new Map<ContentHash, PackEntry | readonly PackEntry[]>();
  readonly #refreshing = new SerialQueue();
  readonly #opening = new SerialQueue();
  readonly scanDamage: ContentDamage[] = [];

  constructor(folder: string, cache: string, digest: Digest, fileSystem: DiskFileSystem, onDamage: (damage: ContentDamage) => void) {
    this.#folder = folder;
    this.#cache = cache;
    this.#digest = digest;
    this.#fileSystem = fileSystem;
    this.#onDamage = onDamage;
  }

  find(hash: ContentHash): PackEntry | undefined {
    const found = this.#entries.get(hash);
    return found === undefined || !isList(found) ? found : found[0];
  }

  /** The first one that lies in no such pack. */
  findOutside(hash: ContentHash, isCondemned: (pack: string) => boolean): PackEntry | undefined {
    const found = this.#entries.get(hash);
    if (found === undefined) return undefined;
    if (isList(found)) return found.find((entry) => !isCondemned(entry.pack));
    return isCondemned(found.pack) ? undefined : found;
  }

  /** Of the packs that are known, in bytes. */
  get packedBytes(): number {
    let sum = 0;
    for (const { sizeBytes } of this.#packs.values()) sum += sizeBytes;
    return sum;
  }

  /** The packs that are known. `isSound`: every byte of it belongs to a readable record. */
  *packs(): Generator<{
    readonly name: string;
    readonly writer: WriterId;
    readonly sizeBytes: number;
    readonly modifiedMs: number;
    readonly isSound: boolean;
  }> {
    for (const { name, writer, sizeBytes, modifiedMs, readTo, isDamaged } of this.#packs.values())
      yield { name, writer, sizeBytes, modifiedMs, isSound: !isDamaged && readTo > 0 && readTo === sizeBytes };
  }

  all(hash: ContentHash): readonly PackEntry[] {
    const found = this.#entries.get(hash);
    return found === undefined ? [] : isList(found) ? found : [found];
  }

  *entries(): Generator<PackEntry> {
    for (const hash of this.#entries.keys()) yield* this.all(hash);
  }

  /** A record that this process has just written. */
  add(pack: string, record: PackRecord): void {
    this.#insert({ ...record, pack });
    const known = this.#known(pack);
    if (known !== undefined && known.readTo <= record.offset) {
      known.readTo = record.offset + recordHeaderBytes + record.storedBytes;
      known.sizeBytes = Math.max(known.sizeBytes, known.readTo);
      known.fresh += 1;
    }
  }

  /** A record that turned out to be damaged. */
  forget(entry: PackEntry): void {
    const pack = this.#packs.get(entry.pack);
    if (pack !== undefined) pack.isDamaged = true;
    this.#drop(entry);
  }

  #drop(entry: PackEntry): void {
    const left = this.all(entry.hash).filter((other) => other.pack !== entry.pack || other.offset !== entry.offset);
    if (left.length === 0) this.#entries.delete(entry.hash);
    else this.#entries.set(entry.hash, left);
  }

  /** Ends of packs behind the last readable record, where nothing was written since that time: what is younger may be growing. */
  tornEnds(sinceMs: number): ContentDamage[] {
    return [...this.#packs.values()]
      .filter((pack) => pack.readTo < pack.sizeBytes && pack.modifiedMs < sinceMs)
      .map((pack) => ({ file: pack.name, from: pack.readTo, to: pack.sizeBytes, reason: 'torn' }));
  }

  /** A writer's packs, oldest first. `isSound` says that the last byte belongs to a whole record. */
  segmentsOf(writer: WriterId): readonly { readonly segment: number; readonly sizeBytes: number; readonly isSound: boolean }[] {
    return [...this.#packs.values()]
      .filter((pack) => pack.writer === writer)
      .map((pack) => ({ segment: pack.segment, sizeBytes: pack.sizeBytes, isSound: pack.readTo > 0 && pack.readTo === pack.sizeBytes }))
      .sort((a, b) => a.segment - b.segment);
  }

  /** Looks for new packs and for what was appended to known ones, by any process. */
  refresh(): Promise<void> {
    return this.#refreshing.run(async () => {
      let names: readonly string[];
      try {
        names = await this.#fileSystem.readdir(this.#folder);
      } catch (error) {
        if (failureCode(error) === 'ENOENT') return;
        throw error;
      }
      for (const name of [...names].sort()) {
        const pack = this.#known(name);
        if (pack !== undefined) await this.#scan(pack);
      }
    });
  }

  /** Whether that pack has been removed. */
  async isGone(name: string): Promise<boolean> {
    return (await this.#fileSystem.lstat(join(this.#folder, name)).catch((error: unknown) => failureCode(error))) === 'ENOENT';
  }

  /** Forgets what lay in packs that were removed: it would be taken for kept. */
  dropGone(): Promise<void> {
    return this.#refreshing.run(async () => {
      for (const pack of this.#packs.values()) {
        const found = await this.#fileSystem.lstat(join(this.#folder, pack.name)).catch((error: unknown) => failureCode(error));
        if (found !== 'ENOENT') continue;
        for (const entry of [...this.entries()]) if (entry.pack === pack.name) this.#drop(entry);
        this.#packs.delete(pack.name);
        await this.#closeFile(pack);
      }
    });
  }

  /** The whole record, or undefined when the pack is gone or too short. */
  async readRecord(entry: PackEntry): Promise<Buffer | undefined> {
    const pack = this.#packs.get(entry.pack);
    if (pack === undefined) return undefined;
    const record = Buffer.allocUnsafe(recordHeaderBytes + entry.storedBytes);
    try {
      return await this.#use(pack, async (file) => {
        let done = 0;
        while (done < record.length) {
          const { bytesRead } = await file.read(record, done, record.length - done, entry.offset + done);
          if (bytesRead === 0) return undefined;
          done += bytesRead;
        }
        return record;
      });
    } catch {
      return undefined;
    }
  }

  async close(): Promise<void> {
    await this.#refreshing.idle();
    await this.#opening.idle();
    await this.#writeSummaries();
    for (const pack of this.#packs.values()) await this.#closeFile(pack);
  }

  async #writeSummaries(): Promise<void> {
    for (const pack of this.#packs.values()) {
      if (pack.fresh < summaryFrom || pack.isDamaged) continue;
      const records = [...this.entries()].filter((entry) => entry.pack === pack.name).sort((a, b) => a.offset - b.offset);
      await writeSummary(this.#fileSystem, this.#cache, pack.name, { readTo: pack.readTo, records }, this.#digest);
    }
  }

  async #takeSummary(pack: KnownPack, sizeBytes: number): Promise<void> {
    const summary = await readSummary(this.#fileSystem, this.#cache, pack.name, this.#digest);
    const last = summary?.records.at(-1);
    if (summary === undefined || last === undefined || summary.readTo > sizeBytes) return;
    // A pack of the same name but another content is told by what stands at the last place.
    const head = Buffer.allocUnsafe(recordHeaderBytes);
    await this.#use(pack, (file) => file.read(head, 0, head.length, last.offset));
    if (decodeRecordHead(head, 0, this.#digest)?.hash !== last.hash) return;
    for (const record of summary.records) this.#insert({ ...record, pack: pack.name });
    pack.readTo = summary.readTo;
  }

  #known(name: string): KnownPack | undefined {
    const known = this.#packs.get(name);
    if (known !== undefined) return known;
    const parts = /^([a-z0-9]{4,32})-(\d{4,9})\.pack$/.exec(name);
    if (parts === null) return undefined;
    const pack: KnownPack = {
      name,
      writer: parts[1]!,
      segment: Number(parts[2]),
      readTo: 0,
      sizeBytes: 0,
      modifiedMs: 0,
      file: undefined,
      uses: 0,
      fresh: 0,
      isDamaged: false,
    };
    this.#packs.set(name, pack);
    return pack;
  }

  async #scan(pack: KnownPack): Promise<void> {
    try {
      const found = await this.#fileSystem.lstat(join(this.#folder, pack.name));
      if (!found.isFile() || found.size <= pack.readTo) return;
      pack.sizeBytes = found.size;
      pack.modifiedMs = found.mtimeMs;
      if (pack.readTo === 0) await this.#takeSummary(pack, found.size);
      const scan = await this.#use(pack, (file) => scanPack(file, pack.readTo, found.size, this.#digest));
      pack.readTo = Math.max(pack.readTo, scan.readTo);
      for (const record of scan.records) this.#insert({ ...record, pack: pack.name });
      pack.fresh += scan.records.length;
      if (scan.damage.length > 0) pack.isDamaged = true;
      for (const damage of scan.damage) {
        this.scanDamage.push({ ...damage, file: pack.name });
        this.#onDamage({ ...damage, file: pack.name });
      }
    } catch (error) {
      const damage: ContentDamage = { file: pack.name, from: pack.readTo, to: pack.sizeBytes, reason: 'gone' };
      if (failureCode(error) !== 'ENOENT') this.#onDamage(damage);
    }
  }

  #insert(entry: PackEntry): void {
    const known = this.all(entry.hash);
    if (known.length === 0) this.#entries.set(entry.hash, entry);
    else if (!known.some((other) => other.pack === entry.pack && other.offset === entry.offset))
      this.#entries.set(entry.hash, [...known, entry]);
  }

  async #use<T>(pack: KnownPack, run: (file: DiskFile) => Promise<T>): Promise<T> {
    pack.uses += 1;
    try {
      return await run(pack.file ?? (await this.#opening.run(() => this.#open(pack))));
    } finally {
      pack.uses -= 1;
    }
  }

  async #open(pack: KnownPack): Promise<DiskFile> {
    if (pack.file !== undefined) return pack.file;
    const open = [...this.#packs.values()].filter((other) => other.file !== undefined);
    const idle = open.find((other) => other.uses === 0);
    if (open.length >= maxOpenFiles && idle !== undefined) await this.#closeFile(idle);
    return (pack.file = await this.#fileSystem.open(join(this.#folder, pack.name), 'r'));
  }

  async #closeFile(pack: KnownPack): Promise<void> {
    const file = pack.file;
    pack.file = undefined;
    await file?.close().catch(() => {});
  }
}

const isList = (found: PackEntry | readonly PackEntry[]): found is readonly PackEntry[] => Array.isArray(found);
