import { randomBytes } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { userAuthor, type Author } from '../../src/model/author.ts';
import type { EventDraft, TapedeckEvent } from '../../src/model/event.ts';
import { isSameVersion, type FileVersion } from '../../src/model/fileVersion.ts';
import { createSessionId, eventId, type EventId } from '../../src/model/ids.ts';
import { createJournal, type Journal } from '../../src/services/journal.ts';
import { openRewinder, type Rewinder, type RewinderOptions } from '../../src/services/rewinder.ts';
import { openContentStore, type ContentStore } from '../../src/store/contentStore.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { prepareRoot, tapedeckLayout, type TapedeckLayout } from '../../src/store/layout.ts';
import { openLogReader, type LogReader } from '../../src/store/logReader.ts';
import { openLogWriter, type LogWriter } from '../../src/store/logWriter.ts';

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';
export const random = (length: number): string => [...randomBytes(length)].map((byte) => letters[byte % 36]).join('');

export interface WorldPlan {
  readonly folder?: string;
  readonly folders?: readonly { readonly name: string; readonly path: string }[];
  readonly session?: string;
}

/**
 * A folder on the real disk with a real log, a real content store and the simplest recorder there can be: it walks the
 * folders, compares with what it saw before, and writes an event for each difference.
 */
export class RewindWorld {
  readonly folder: string;
  readonly folders: readonly { readonly name: string; readonly path: string }[];
  readonly layout: TapedeckLayout;
  readonly session: string;
  content!: ContentStore;
  journal!: Journal;
  reader!: LogReader;
  #writer!: LogWriter;
  #seen = new Map<string, FileVersion>();
  readonly #isOwn: boolean;

  constructor(plan: WorldPlan = {}) {
    this.#isOwn = plan.folder === undefined;
    this.folder = plan.folder ?? realpathSync(mkdtempSync(join(tmpdir(), 'tapedeck-rewind-')));
    this.folders = plan.folders ?? [{ name: 'app', path: this.folder }];
    this.layout = tapedeckLayout(join(this.folder, '.tapedeck'));
    this.session = plan.session ?? createSessionId(new Date(), random);
  }

  /** Opens log and store; also as the next process would after the first one is gone. */
  async open(): Promise<this> {
    await prepareRoot(this.layout);
    this.#writer = await openLogWriter({ layout: this.layout, session: this.session, clock: systemClock, digest: nodeDigest });
    this.reader = await openLogReader({ layout: this.layout, session: this.session, digest: nodeDigest });
    this.content = await openContentStore({ layout: this.layout, digest: nodeDigest, writer: this.#writer.id });
    this.journal = createJournal(this.#writer, this.session);
    return this;
  }

  rewinder(options: Partial<RewinderOptions> = {}): Rewinder {
    const { layout, folders, reader, journal, content } = this;
    return openRewinder({ layout, folders, reader, journal, content, digest: nodeDigest, random, ...options });
  }

  async close(): Promise<void> {
    await this.content.close();
    this.reader.dispose();
    await this.#writer.close();
  }

  async restart(): Promise<void> {
    await this.close();
    await this.open();
  }

  async remove(): Promise<void> {
    await this.close();
    if (this.#isOwn) rmSync(this.folder, { recursive: true, force: true });
  }

  mark(text = 'here'): Promise<TapedeckEvent> {
    return this.journal.record({ kind: 'progress.noted', by: userAuthor, text });
  }

  async markId(text?: string): Promise<EventId> {
    return eventId(await this.mark(text));
  }

  /** Takes what is there as the baseline: nothing of it is an event. */
  async baseline(): Promise<EventId> {
    this.#seen = this.#versions();
    for (const [path, version] of this.#seen) await this.#keep(path, version);
    return this.markId('baseline');
  }

  /** Writes an event for each difference since the last look. */
  async record(by: Author = { actor: 'agent', name: 'codex', how: 'terminal' }): Promise<void> {
    const now = this.#versions();
    for (const path of new Set([...this.#seen.keys(), ...now.keys()])) {
      const before = this.#seen.get(path);
      const after = now.get(path);
      if (isSameVersion(before, after)) continue;
      if (after !== undefined) await this.#keep(path, after);
      const kind = before === undefined ? 'file.created' : after === undefined ? 'file.deleted' : 'file.changed';
      await this.journal.record({ kind, by, path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) });
    }
    this.#seen = now;
  }

  /** What the recorder does not see: a rewind's own events, say, whose state it takes over. */
  adopt(): void {
    this.#seen = this.#versions();
  }

  record1(draft: EventDraft): Promise<TapedeckEvent> {
    return this.journal.record(draft);
  }

  /** Every file and link: type, mode and content. */
  tree(): Record<string, string> {
    return Object.fromEntries(
      [...this.#versions()]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([path, { type, mode, hash }]) => [path, `${type} ${mode?.toString(8) ?? ''} ${hash}`]),
    );
  }

  /** Every folder. */
  directories(): string[] {
    return this.#walk(this.folder, '')
      .filter(({ isFolder }) => isFolder)
      .map(({ path }) => path)
      .sort();
  }

  at(path: string): string {
    return join(this.folder, path);
  }

  read(path: string): string {
    return readFileSync(this.at(path), 'utf8');
  }

  async #keep(path: string, version: FileVersion): Promise<void> {
    const place = this.folders.slice(1).find(({ name }) => path.startsWith(`//${name}/`));
    const absolute = place === undefined ? this.at(path) : join(place.path, path.slice(place.name.length + 3));
    const kept =
      version.type === 'link'
        ? await this.content.put(readlinkSync(absolute, { encoding: 'buffer' }))
        : await this.content.putFile(absolute, 1e9);
    if ('missing' in kept || kept.hash !== version.hash) throw new Error(`not kept: ${path}`);
  }

  #versions(): Map<string, FileVersion> {
    const versions = new Map<string, FileVersion>();
    for (const [index, { name, path: root }] of this.folders.entries())
      for (const { path, isFolder } of this.#walk(root, '')) {
        if (isFolder) continue;
        const absolute = join(root, path);
        const stat = lstatSync(absolute);
        if (!stat.isSymbolicLink() && !stat.isFile()) continue;
        const bytes = stat.isSymbolicLink() ? readlinkSync(absolute, { encoding: 'buffer' }) : readFileSync(absolute);
        versions.set(index === 0 ? path : `//${name}/${path}`, {
          hash: nodeDigest.sha256(bytes),
          sizeBytes: bytes.length,
          type: stat.isSymbolicLink() ? 'link' : 'file',
          ...(stat.isSymbolicLink() ? {} : { mode: stat.mode & 0o777 }),
        });
      }
    return versions;
  }

  #walk(root: string, below: string): { readonly path: string; readonly isFolder: boolean }[] {
    return readdirSync(join(root, below), { withFileTypes: true }).flatMap((entry) => {
      if (entry.name === '.git' || (below === '' && entry.name === '.tapedeck')) return [];
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      return entry.isDirectory() ? [{ path, isFolder: true }, ...this.#walk(root, path)] : [{ path, isFolder: false }];
    });
  }
}
