import { hostname } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { FileVersion } from '../model/fileVersion.ts';
import { failureCode, makeLastingFolder, syncFolder, writeFully, type DiskFileSystem } from './diskFileSystem.ts';
import { readPieces } from './fileReading.ts';

/**
 * The journal of one rewind: written and synced before the first file is touched, removed when the log knows the outcome.
 * One that is found without a living owner is a rewind that died. It names files as the log does, so that nothing it says
 * can lead outside the folders.
 */
const JournalStep = z.object({
  path: z.string(),
  from: FileVersion.optional(),
  disk: FileVersion.optional(),
  to: FileVersion.optional(),
});

export const JournalEntry = z.object({
  format: z.literal(1),
  id: z.string().regex(/^[a-z0-9]{4,32}$/),
  session: z.string().optional(),
  target: z.string(),
  targetAt: z.string(),
  undoes: z.string().optional(),
  /** Id of the safety checkpoint, and the event that made it. */
  checkpoint: z.string(),
  checkpointEvent: z.string(),
  paths: z.array(z.string()).optional(),
  undid: z.array(z.string()).optional(),
  brought: z.array(z.string()).optional(),
  kept: z.array(z.string()).optional(),
  steps: z.array(JournalStep),
  skips: z.array(z.object({ path: z.string(), reason: z.string() })),
  /** Folders that it may have created. */
  newFolders: z.array(z.string()),
  host: z.string(),
  pid: z.number(),
});
export type JournalEntry = z.infer<typeof JournalEntry>;

export interface FoundJournal {
  readonly file: string;
  /** Undefined: it cannot be read. */
  readonly entry: JournalEntry | undefined;
  /** Its owner lives, here or (as far as its last sign of life tells) on another machine. */
  readonly isLive: boolean;
}

export interface JournalOwner {
  readonly host: string;
  readonly pid: number;
  isAlive(pid: number): boolean;
  now(): number;
}

export const thisProcess: JournalOwner = {
  host: hostname(),
  pid: process.pid,
  isAlive(pid) {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return failureCode(error) === 'EPERM';
    }
  },
  now: () => Date.now(),
};

/** An owner gives a sign of life each second; after so long without one it is taken for dead. */
const silentMs = 60_000;
const signMs = 1000;
/** Journals that this process works on: its own number alone says nothing, a dead process may have borne it before. */
const openHere = new Set<string>();

export class RewindJournals {
  readonly #folder: string;
  readonly #fileSystem: DiskFileSystem;
  readonly #owner: JournalOwner;

  constructor(folder: string, fileSystem: DiskFileSystem, owner: JournalOwner = thisProcess) {
    this.#folder = folder;
    this.#fileSystem = fileSystem;
    this.#owner = owner;
  }

  /** Writes and syncs the journal. The answer removes it; until then it shows signs of life. */
  async open(entry: Omit<JournalEntry, 'host' | 'pid' | 'format'>): Promise<OpenJournal> {
    const path = join(this.#folder, `${entry.id}.json`);
    await this.#write(path, { format: 1, ...entry, host: this.#owner.host, pid: this.#owner.pid });
    return this.#keepAlive(path);
  }

  async list(): Promise<FoundJournal[]> {
    let names: readonly string[];
    try {
      names = await this.#fileSystem.readdir(this.#folder);
    } catch (error) {
      if (failureCode(error) === 'ENOENT') return [];
      throw error;
    }
    const found: FoundJournal[] = [];
    for (const file of [...names].sort()) {
      if (file.endsWith('.json.tmp')) await this.#sweep(file);
      if (!file.endsWith('.json')) continue;
      const journal = await this.#read(file);
      if (journal !== undefined) found.push(journal);
    }
    return found;
  }

  /** Makes a dead journal ours. Undefined when another process was faster. */
  async claim(journal: FoundJournal): Promise<OpenJournal | undefined> {
    if (journal.entry === undefined) return undefined;
    const from = join(this.#folder, journal.file);
    // The owner stands in the name: from this rename on the journal is ours, and everybody sees that we live.
    const path = join(this.#folder, `${journal.entry.id}~${this.#ownWord()}.json`);
    if (from === path) return this.#keepAlive(path);
    try {
      await this.#touch(from);
      await this.#fileSystem.rename(from, path);
    } catch (error) {
      if (failureCode(error) === 'ENOENT') return undefined;
      throw error;
    }
    return this.#keepAlive(path);
  }

  async #read(file: string): Promise<FoundJournal | undefined> {
    const path = join(this.#folder, file);
    try {
      const open = await this.#fileSystem.open(path, 'r');
      try {
        const pieces: Buffer[] = [];
        for await (const piece of readPieces(open)) pieces.push(Buffer.from(piece));
        const entry = JournalEntry.safeParse(parseJson(Buffer.concat(pieces).toString('utf8')));
        if (!entry.success) return { file, entry: undefined, isLive: false };
        const owner = ownerIn(file) ?? { host: hostWord(entry.data.host), pid: entry.data.pid };
        return { file, entry: entry.data, isLive: this.#isLive(path, owner, (await open.stat()).mtimeMs) };
      } finally {
        await open.close();
      }
    } catch (error) {
      if (failureCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** A process that died while it wrote its journal had touched nothing yet; only the half journal is left. */
  async #sweep(file: string): Promise<void> {
    const path = join(this.#folder, file);
    const owner = ownerIn(file.slice(0, -'.tmp'.length));
    try {
      const { mtimeMs } = await this.#fileSystem.lstat(path);
      if (owner === undefined || !this.#isLive(path, owner, mtimeMs)) await this.#fileSystem.unlink(path);
    } catch {
      // Its owner was faster.
    }
  }

  #isLive(path: string, owner: { readonly host: string; readonly pid: number }, lastSignMs: number): boolean {
    if (this.#owner.now() - lastSignMs > silentMs) return false;
    if (owner.host !== hostWord(this.#owner.host)) return true;
    return owner.pid === this.#owner.pid ? openHere.has(path) : this.#owner.isAlive(owner.pid);
  }

  #ownWord(): string {
    return `${hostWord(this.#owner.host)}~${this.#owner.pid}`;
  }

  async #write(path: string, entry: JournalEntry): Promise<void> {
    const temporary = join(this.#folder, `${entry.id}~${this.#ownWord()}.json.tmp`);
    await makeLastingFolder(this.#fileSystem, this.#folder);
    openHere.add(temporary);
    try {
      const file = await this.#fileSystem.open(temporary, 'w');
      try {
        await writeFully(file, Buffer.from(JSON.stringify(entry)));
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#fileSystem.rename(temporary, path);
      await syncFolder(this.#fileSystem, this.#folder);
    } catch (error) {
      // Nothing was touched yet: a journal of nothing must not stay.
      for (const left of [temporary, path]) await this.#fileSystem.unlink(left).catch(() => {});
      throw error;
    } finally {
      openHere.delete(temporary);
    }
  }

  #keepAlive(path: string): OpenJournal {
    const timer = setInterval(() => void this.#touch(path).catch(() => {}), signMs);
    timer.unref();
    openHere.add(path);
    const release = (): void => {
      clearInterval(timer);
      openHere.delete(path);
    };
    return {
      remove: async () => {
        release();
        await this.#fileSystem.unlink(path);
        await syncFolder(this.#fileSystem, this.#folder);
      },
      release,
    };
  }

  async #touch(path: string): Promise<void> {
    const now = this.#owner.now() / 1000;
    await this.#fileSystem.utimes(path, now, now);
  }
}

export interface OpenJournal {
  /** The rewind's outcome is in the log. */
  remove(): Promise<void>;
  /** Lets go of it, but leaves it on disk for the next start. */
  release(): void;
}

/** The owner that a name tells: of a journal that was claimed, or is being written. */
function ownerIn(file: string): { readonly host: string; readonly pid: number } | undefined {
  const found = /~([a-z0-9]+)~(\d+)\.json$/.exec(file);
  return found === null ? undefined : { host: found[1]!, pid: Number(found[2]) };
}

const hostWord = (host: string): string => host.toLowerCase().replace(/[^a-z0-9]/g, '') || 'host';

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
