import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { TranscriptFile } from '../core/transcripts/adapter.ts';
import type { RecordTaker } from './recordTaker.ts';
import type { TailOutcome } from './transcriptTail.ts';

const mebibyte = 1024 * 1024;
/** Messages of which a part may still change; the ones before are looked at once. */
const recentMessages = 8;

interface JsonFile {
  readonly path: string;
  readonly mark: string;
  readonly sizeBytes: number;
}

/**
 * One session of OpenCode before 1.2: `storage/session/<project>/<session>.json`, its messages in `storage/message/
 * <session>/*.json`, their parts in `storage/part/<message>/*.json` (in the oldest form beside each other in
 * `storage/part`). Files are written anew while an answer streams in. Tells the pieces of the document that `opencode
 * export` would write; `offset` is the message's place among them.
 */
export class OpencodeFilesSource {
  readonly #file: string;
  readonly #storage: string;
  readonly #taker: RecordTaker;
  readonly #maxFileBytes: number;
  readonly #seen = new Map<string, string>();
  #glance: string | undefined;

  constructor(file: TranscriptFile, taker: RecordTaker) {
    this.#file = file.path;
    this.#storage = path.dirname(path.dirname(path.dirname(file.path)));
    this.#taker = taker;
    this.#maxFileBytes = taker.maxLineBytes ?? 16 * mebibyte;
  }

  async hasChanged(): Promise<boolean> {
    return (await this.#look()) !== this.#glance;
  }

  async read(): Promise<TailOutcome> {
    const glance = await this.#look();
    if (glance === undefined) {
      this.#glance = undefined;
      return { kind: 'missing' };
    }
    if (glance === this.#glance) return { kind: 'same' };
    const bytes = await this.#readFiles();
    this.#glance = glance;
    return bytes === 0 ? { kind: 'same' } : { kind: 'read', bytes };
  }

  /** The session's file, its folder of messages, and the parts of the newest ones: what tells that something was written. */
  async #look(): Promise<string | undefined> {
    const session = await jsonFile(this.#file);
    if (session === undefined) return undefined;
    const messages = await jsonFilesIn(this.#messageFolder());
    const recent = messages.slice(-recentMessages);
    const parts = await Promise.all(recent.map((message) => jsonFilesIn(this.#partFolder(message.path))));
    return [session, ...recent, ...parts.flat()].map(({ mark }) => mark).join(' ') + messages.length;
  }

  #messageFolder(): string {
    return path.join(this.#storage, 'message', path.basename(this.#file, '.json').replace(/^ses_(?=s_)/, ''));
  }

  #partFolder(message: string): string {
    return path.join(this.#storage, 'part', path.basename(message, '.json'));
  }

  async #readFiles(): Promise<number> {
    const session = await jsonFile(this.#file);
    if (session === undefined) return 0;
    let bytes = 0;
    if (this.#seen.get(session.path) !== session.mark) {
      const info = await this.#valueOf(session, 0);
      if (info !== undefined) this.#taker.onRecord({ member: 'info', value: info }, 0);
      this.#seen.set(session.path, session.mark);
      bytes += session.sizeBytes;
    }
    const files = await jsonFilesIn(this.#messageFolder());
    const flat = await this.#flatParts();
    for (const [index, file] of files.entries()) {
      const isOld = index < files.length - recentMessages && this.#seen.has(file.path);
      if (isOld) continue;
      bytes += await this.#readMessage(file, index, flat);
      await this.#taker.onChunk?.();
    }
    if (bytes > 0) this.#taker.onRecord({ member: null, isWhole: true }, 0);
    await this.#taker.onChunk?.();
    return bytes;
  }

  async #readMessage(file: JsonFile, index: number, flat: ReadonlyMap<string, readonly JsonFile[]>): Promise<number> {
    const info = await this.#valueOf(file, index);
    if (info === undefined) return 0;
    const { id } = info as { readonly id?: unknown };
    const named = typeof id === 'string' && /^[\w-]+$/.test(id) ? await jsonFilesIn(this.#partFolder(id)) : [];
    const parts = named.length > 0 ? named : (flat.get(String(id)) ?? []);
    const mark = [file, ...parts].map((part) => part.mark).join(' ');
    if (this.#seen.get(file.path) === mark) return 0;
    const told: object[] = [];
    for (const part of parts) told.push((await this.#valueOf(part, index)) ?? { type: 'snapshot' });
    this.#seen.set(file.path, mark);
    this.#taker.onRecord({ member: 'messages', index, value: { info, parts: told } }, index);
    return parts.reduce((sum, part) => sum + part.sizeBytes, file.sizeBytes);
  }

  /** The parts that lie beside each other, by their message. Of a storage that has none this costs one reading of a folder. */
  async #flatParts(): Promise<ReadonlyMap<string, readonly JsonFile[]>> {
    const files = await jsonFilesIn(path.join(this.#storage, 'part'));
    const parts = new Map<string, JsonFile[]>();
    for (const file of files) {
      const { messageID } = ((await this.#valueOf(file, 0)) ?? {}) as { readonly messageID?: unknown };
      if (typeof messageID === 'string') parts.set(messageID, [...(parts.get(messageID) ?? []), file]);
    }
    return parts;
  }

  async #valueOf(file: JsonFile, offset: number): Promise<object | undefined> {
    const damage = (reason: 'too-long' | 'torn'): undefined => {
      if (!this.#seen.has(`damage/${file.path}/${file.mark}`))
        this.#taker.onDamage?.({ path: file.path, offset, sizeBytes: file.sizeBytes, reason });
      this.#seen.set(`damage/${file.path}/${file.mark}`, '');
      return undefined;
    };
    if (file.sizeBytes > this.#maxFileBytes) return damage('too-long');
    try {
      const value: unknown = JSON.parse(await readFile(file.path, 'utf8'));
      return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : damage('torn');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      if (error instanceof SyntaxError) return damage('torn');
      throw error;
    }
  }
}

async function jsonFilesIn(folder: string): Promise<readonly JsonFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException): Dirent[] => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  const names = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.json')).map((entry) => entry.name);
  const files = await Promise.all(names.sort().map((name) => jsonFile(path.join(folder, name))));
  return files.filter((file) => file !== undefined);
}

async function jsonFile(file: string): Promise<JsonFile | undefined> {
  const info = await stat(file).catch(() => undefined);
  return info?.isFile() === true ? { path: file, mark: `${info.size}:${info.mtimeMs}`, sizeBytes: info.size } : undefined;
}
