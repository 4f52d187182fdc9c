import type { Disposable } from '../base/disposable.ts';
import type { Digest } from '../model/digest.ts';
import type { SkipReason } from '../model/fileVersion.ts';
import type { ContentHash, WriterId } from '../model/ids.ts';
import { CondemnedWatch, lookEveryMs } from './condemnedContents.ts';
import { applyDelta, deltaBase, encodeDelta } from './delta.ts';
import { diskFileSystem, type DiskFileSystem } from './diskFileSystem.ts';
import { readWholeFile, ReadingStopped } from './fileReading.ts';
import type { TapedeckLayout } from './layout.ts';
import { LooseContent, type StoredContent } from './looseContent.ts';
import {
  decodeRecordHead,
  encodeRecord,
  maxDeltaDepth,
  recordHeaderBytes,
  type Codec,
  type ContentDamage,
  type PackDamage,
} from './pack.ts';
import { PackIndex, type PackEntry } from './packIndex.ts';
import { PackWriter } from './packWriter.ts';
import { deflate, inflate } from './payloadCodec.ts';

export interface ContentStoreOptions {
  readonly layout: Pick<TapedeckLayout, 'blobs' | 'looseBlobs' | 'cache'>;
  readonly digest: Digest;
  readonly writer: WriterId;
  readonly fileSystem?: DiskFileSystem;
  /** A pack that has reached this size is not continued. */
  readonly maxPackBytes?: number;
  /** How often it looks what others have condemned. */
  readonly lookEveryMs?: number;
}

export interface ContentHealth {
  readonly contents: number;
  readonly storedBytes: number;
  readonly damage: readonly ContentDamage[];
}

/**
 * Contents by their SHA-256. What `put` has acknowledged is on disk; what `get` returns is what was put, byte for byte,
 * or it is undefined and counted as damage: never something else. Nothing that was written is ever changed.
 */
export interface ContentStore extends Disposable {
  /** Resolves when the bytes are on disk. With a similar `base` only the difference is written. Rejects with ContentWriteError. */
  put(bytes: Uint8Array, base?: ContentHash): Promise<StoredContent>;
  /** Stores a regular file. Large ones are streamed. A file that cannot be kept is told with the reason; only a failed write rejects. */
  putFile(
    path: string,
    maxBytes: number,
    base?: ContentHash,
  ): Promise<StoredContent | { readonly missing: SkipReason; readonly sizeBytes?: number }>;
  get(hash: ContentHash): Promise<Uint8Array | undefined>;
  /** Hands the content over in pieces, each valid during the call. False: not there, or damaged, and what came must be thrown away. */
  copyTo(hash: ContentHash, take: (piece: Uint8Array) => Promise<void> | void): Promise<boolean>;
  has(hash: ContentHash): Promise<boolean>;
  /** Reads and checks everything there is. */
  verify(): Promise<ContentHealth>;
  /** What packs and large contents take on the disk, as far as this store has seen. */
  readonly storedBytes: number;
  /** Damage met since opening. */
  readonly damage: readonly ContentDamage[];
  /** Writes what waits and closes all files. */
  close(): Promise<void>;
}

/** Contents larger than this get a file of their own and are streamed. */
export const largeContentBytes = 4 * 1024 * 1024;
const recentBytes = 16 * 1024 * 1024;
/** So long after its last change the end of a pack may still be being written. */
const growingMs = 2000;

export async function openContentStore(options: ContentStoreOptions): Promise<ContentStore> {
  const store = new PackedContentStore(options);
  await store.open();
  return store;
}

class PackedContentStore implements ContentStore {
  readonly #digest: Digest;
  readonly #fileSystem: DiskFileSystem;
  readonly #folder: string;
  readonly #options: ContentStoreOptions;
  readonly #loose: LooseContent;
  readonly #index: PackIndex;
  readonly #condemned: CondemnedWatch;
  readonly #pending = new Map<ContentHash, Promise<StoredContent>>();
  readonly #large = new Set<Promise<StoredContent>>();
  /** The latest contents, so that the base of the next delta need not be read back. Oldest first. */
  readonly #recent = new Map<ContentHash, Uint8Array>();
  readonly #damage: ContentDamage[] = [];
  #recentSize = 0;
  #temporary = 0;
  #writer: PackWriter | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ContentStoreOptions) {
    this.#options = options;
    this.#digest = options.digest;
    this.#fileSystem = options.fileSystem ?? diskFileSystem;
    this.#folder = options.layout.blobs;
    this.#loose = new LooseContent(
      options.layout.looseBlobs,
      this.#fileSystem,
      () => `${options.writer}-${process.pid}-${++this.#temporary}.tmp`,
    );
    this.#index = new PackIndex(this.#folder, options.layout.cache, this.#digest, this.#fileSystem, (damage) => this.#damage.push(damage));
    this.#condemned = new CondemnedWatch(this.#folder, options.lookEveryMs ?? lookEveryMs, () => this.#index.dropGone());
  }

  get damage(): readonly ContentDamage[] {
    return this.#damage;
  }

  get storedBytes(): number {
    return this.#index.packedBytes + this.#loose.storedBytes;
  }

  async open(): Promise<void> {
    await this.#condemned.look();
    await this.#index.refresh();
    await this.#loose.sweep(Date.now());
  }

  async put(bytes: Uint8Array, base?: ContentHash): Promise<StoredContent> {
    // Hashed as it is written, piece by piece: in one go it would hold the event loop.
    if (bytes.length > largeContentBytes) {
      const job = this.#loose.put(piecesOf(bytes)).finally(() => this.#large.delete(job));
      this.#large.add(job);
      return job;
    }
    const hash = this.#digest.sha256(bytes);
    if (this.#condemned.isDue) await this.#condemned.look();
    if (this.#findLasting(hash) !== undefined) return { hash, sizeBytes: bytes.length };
    const pending = this.#pending.get(hash);
    if (pending !== undefined) return pending;
    const job = this.#store(hash, bytes, base).finally(() => this.#pending.delete(hash));
    this.#pending.set(hash, job);
    return job;
  }

  async #store(hash: ContentHash, bytes: Uint8Array, base: ContentHash | undefined): Promise<StoredContent> {
    const delta = base === undefined || base === hash ? undefined : await this.#delta(base, bytes);
    const whole = delta?.payload ?? bytes;
    const packed = whole.length < 64 ? whole : await deflate(whole);
    const isSmaller = packed.length < whole.length * 0.95;
    const codec: Codec = delta === undefined ? (isSmaller ? 'deflateRaw' : 'raw') : isSmaller ? 'deltaDeflateRaw' : 'delta';
    const payload = isSmaller ? packed : whole;
    const record = encodeRecord(codec, delta?.depth ?? 0, bytes.length, hash, payload, this.#digest);
    const place = await this.#packWriter().append(record);
    this.#index.add(place.pack, {
      offset: place.offset,
      codec,
      depth: delta?.depth ?? 0,
      rawBytes: bytes.length,
      storedBytes: payload.length,
      hash,
      payloadCrc: record.readUInt32LE(48),
    });
    // A copy: the caller may use its buffer again. What changed once will change again; most of the others never do.
    if (base !== undefined) this.#remember(hash, new Uint8Array(bytes));
    return { hash, sizeBytes: bytes.length };
  }

  async putFile(path: string, maxBytes: number, base?: ContentHash): ReturnType<ContentStore['putFile']> {
    try {
      const read = await readWholeFile(this.#fileSystem, path, { maxBytes, largeBytes: largeContentBytes }, (pieces) =>
        this.#loose.put(pieces),
      );
      return 'bytes' in read ? await this.put(read.bytes, base) : read;
    } catch (error) {
      if (error instanceof ReadingStopped) return error.answer;
      throw error;
    }
  }

  async get(hash: ContentHash): Promise<Uint8Array | undefined> {
    const recent = this.#recent.get(hash);
    if (recent !== undefined) return new Uint8Array(recent);
    const packed = await this.#fromPacks(hash);
    if (packed !== undefined) return packed;
    const pieces: Uint8Array[] = [];
    return (await this.#fromLoose(hash, (piece) => void pieces.push(new Uint8Array(piece)))) ? Buffer.concat(pieces) : undefined;
  }

  async copyTo(hash: ContentHash, take: (piece: Uint8Array) => Promise<void> | void): Promise<boolean> {
    const packed = this.#recent.get(hash) ?? (await this.#fromPacks(hash));
    if (packed === undefined) return this.#fromLoose(hash, take);
    await take(packed);
    return true;
  }

  async has(hash: ContentHash): Promise<boolean> {
    if (this.#index.find(hash) !== undefined || (await this.#loose.has(hash))) return true;
    await this.#index.refresh();
    return this.#index.find(hash) !== undefined;
  }

  async verify(): Promise<ContentHealth> {
    await this.#index.refresh();
    const damage: ContentDamage[] = [...this.#index.scanDamage, ...this.#index.tornEnds(Date.now() - growingMs)];
    let contents = 0;
    let storedBytes = 0;
    for (const entry of this.#index.entries()) {
      contents += 1;
      storedBytes += recordHeaderBytes + entry.storedBytes;
      const bytes = await this.#decode(entry);
      if (typeof bytes === 'string') damage.push(this.#damageOf(entry, bytes));
    }
    for await (const hash of this.#loose.hashes()) {
      contents += 1;
      let sizeBytes = 0;
      const outcome = await this.#loose.read(hash, (piece) => void (sizeBytes += piece.length));
      storedBytes += sizeBytes;
      if (outcome === 'damaged') damage.push({ file: `loose/${hash.slice(0, 2)}/${hash}`, hash, from: 0, to: sizeBytes, reason: 'hash' });
    }
    return { contents, storedBytes, damage };
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      await Promise.allSettled([...this.#pending.values(), ...this.#large]);
      await this.#writer?.close();
      await this.#index.close();
      this.#recent.clear();
    })();
    return this.#closing;
  }

  dispose(): void {
    void this.close();
  }

  async #fromPacks(hash: ContentHash): Promise<Uint8Array | undefined> {
    await this.#pending.get(hash)?.catch(() => {});
    for (const isRefreshed of [false, true]) {
      if (isRefreshed) {
        if (await this.#loose.has(hash)) return undefined;
        await this.#index.refresh();
      }
      for (const entry of this.#index.all(hash)) {
        const bytes = await this.#decode(entry);
        if (typeof bytes !== 'string') {
          this.#remember(hash, new Uint8Array(bytes));
          return bytes;
        }
        // Collected by another process: what of it is needed lies in another pack.
        if (bytes === 'gone' && (await this.#index.isGone(entry.pack))) {
          await this.#index.dropGone();
          break;
        }
        this.#damage.push(this.#damageOf(entry, bytes));
        // Forgotten, so that another copy is tried, and so that a later put of the same content writes it anew.
        this.#index.forget(entry);
      }
    }
    return undefined;
  }

  async #fromLoose(hash: ContentHash, take: (piece: Uint8Array) => Promise<void> | void): Promise<boolean> {
    let sizeBytes = 0;
    const outcome = await this.#loose.read(hash, (piece) => {
      sizeBytes += piece.length;
      return take(piece);
    });
    if (outcome === 'damaged')
      this.#damage.push({ file: `loose/${hash.slice(0, 2)}/${hash}`, hash, from: 0, to: sizeBytes, reason: 'hash' });
    return outcome === 'read';
  }

  /** The content of a record, or what is wrong with it. */
  async #decode(entry: PackEntry): Promise<Buffer | PackDamage['reason']> {
    const record = await this.#index.readRecord(entry);
    if (record === undefined) return 'gone';
    const head = decodeRecordHead(record, 0, this.#digest);
    const payload = record.subarray(recordHeaderBytes);
    if (head === undefined || head.hash !== entry.hash) return 'header';
    if (payload.length !== head.storedBytes || this.#digest.crc32(payload) !== head.payloadCrc) return 'payload';
    const isDelta = head.codec === 'delta' || head.codec === 'deltaDeflateRaw';
    let whole: Buffer | undefined = payload;
    if (head.codec === 'deflateRaw' || head.codec === 'deltaDeflateRaw') whole = await inflate(payload, head.rawBytes + (isDelta ? 40 : 0));
    if (whole !== undefined && isDelta) {
      const baseHash = deltaBase(whole);
      // A base can be found through another writer's copy as well, so its depth in this pack need not be smaller: bounded by count.
      const base = baseHash === undefined || head.depth === 0 ? undefined : await this.#base(baseHash, head.depth);
      if (base === undefined) return 'base';
      whole = applyDelta(base, whole);
    }
    if (whole === undefined) return 'payload';
    return whole.length === head.rawBytes && this.#digest.sha256(whole) === entry.hash ? whole : 'hash';
  }

  async #base(hash: ContentHash, depth: number): Promise<Uint8Array | undefined> {
    const recent = this.#recent.get(hash);
    if (recent !== undefined) return recent;
    for (const entry of this.#index.all(hash)) {
      if (entry.depth >= depth) continue;
      const bytes = await this.#decode(entry);
      if (typeof bytes !== 'string') {
        this.#remember(hash, bytes);
        return bytes;
      }
    }
    return undefined;
  }

  async #delta(baseHash: ContentHash, next: Uint8Array): Promise<{ readonly payload: Buffer; readonly depth: number } | undefined> {
    // Only what is already on disk may be stood upon: if the base failed to be written, so would everything above it.
    await this.#pending.get(baseHash)?.catch(() => {});
    const entry = this.#findLasting(baseHash);
    if (entry === undefined || entry.depth >= maxDeltaDepth) return undefined;
    const base = await this.get(baseHash);
    const payload = base === undefined ? undefined : encodeDelta(baseHash, base, next);
    return payload === undefined ? undefined : { payload, depth: entry.depth + 1 };
  }

  /** Where the content lies for good: what lies in a pack that is to go is not kept. */
  #findLasting(hash: ContentHash): PackEntry | undefined {
    return this.#index.findOutside(hash, (pack) => this.#condemned.has(pack));
  }

  #packWriter(): PackWriter {
    if (this.#writer !== undefined) return this.#writer;
    const own = this.#index.segmentsOf(this.#options.writer);
    const last = own.at(-1);
    this.#writer = new PackWriter({
      folder: this.#folder,
      writer: this.#options.writer,
      fileSystem: this.#fileSystem,
      continued: last?.isSound === true ? { segment: last.segment, sizeBytes: last.sizeBytes } : undefined,
      nextSegment: (last?.segment ?? 0) + 1,
      maxPackBytes: this.#options.maxPackBytes ?? 64 * 1024 * 1024,
      onGone: () => this.#index.dropGone(),
      isCondemned: (pack) => this.#condemned.has(pack),
    });
    return this.#writer;
  }

  #remember(hash: ContentHash, bytes: Uint8Array): void {
    if (bytes.length > recentBytes / 4) return;
    const known = this.#recent.get(hash);
    if (known !== undefined) this.#recent.delete(hash);
    else this.#recentSize += bytes.length;
    this.#recent.set(hash, bytes);
    for (const [oldest, content] of this.#recent) {
      if (this.#recentSize <= recentBytes) return;
      this.#recent.delete(oldest);
      this.#recentSize -= content.length;
    }
  }

  #damageOf(entry: PackEntry, reason: PackDamage['reason']): ContentDamage {
    return { file: entry.pack, hash: entry.hash, from: entry.offset, to: entry.offset + recordHeaderBytes + entry.storedBytes, reason };
  }
}

const pieceBytes = 1024 * 1024;

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}
