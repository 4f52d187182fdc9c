import type { EventFilter } from '../core/eventFilter.ts';
import { isFileEvent, type FileEvent, type LoggedEvent } from '../model/event.ts';
import type { FileVersion } from '../model/fileVersion.ts';
import { eventId, type ContentHash, type EventId, type RunId } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import { isGitObject } from './gitContents.ts';

/** What a commit changed at one path, by git's names of the contents; undefined: no file. */
export interface CommittedChange {
  readonly path: WorkspacePath;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Whose work is in a commit, in the order in which it was done. */
export interface WorkInCommit {
  readonly runs: readonly RunId[];
  readonly turns: readonly { readonly run: RunId; readonly turn: number }[];
  /** Of some changes in it nobody can say yet who of several made them. */
  readonly isOpen: boolean;
}

export interface CommitWorkOptions {
  readonly fold: (path: string) => string;
  readonly read: (hash: ContentHash) => Promise<Uint8Array | undefined>;
  /** The session's log, for what was recorded before this process began. Asked once a session. */
  readonly history: (filter: EventFilter) => AsyncIterable<readonly LoggedEvent[]>;
}

interface Noted {
  readonly id: EventId;
  readonly path: string;
  readonly version: FileVersion | undefined;
  run: RunId | undefined;
  turn: number | undefined;
  isOpen: boolean;
}

const notedPerPath = 200;
const pathLimit = 20_000;
const committedPaths = 2000;
const matchedBytes = 1024 * 1024;
const wanted: EventFilter = { kinds: ['file.created', 'file.changed', 'file.deleted', 'file.renamed', 'file.attributed'] };

/**
 * Which runs' and turns' changes a commit holds. For each of its paths the recorded versions are compared with git's
 * contents: what lies between the parent's content and the commit's is in it. Where neither is found among them (a part
 * was staged, a filter wrote other bytes), all that is known of the path counts.
 */
export class CommitWork {
  readonly #options: CommitWorkOptions;
  readonly #byPath = new Map<string, Noted[]>();
  readonly #byId = new Map<EventId, Noted>();
  #isSeeded = false;

  constructor(options: CommitWorkOptions) {
    this.#options = options;
  }

  /** An event of this process or another one was recorded. */
  note(event: LoggedEvent): void {
    if (event.kind === 'file.attributed') {
      const noted = this.#byId.get(event.event);
      if (noted === undefined) return;
      noted.run = event.run ?? event.by.run;
      noted.turn = event.turn;
      noted.isOpen = event.by.others !== undefined;
    } else if (isFileEvent(event) && !this.#byId.has(eventId(event))) this.#noteFile(event);
  }

  /** Another session: its changes are its own. */
  forget(): void {
    this.#byPath.clear();
    this.#byId.clear();
    this.#isSeeded = false;
  }

  async in(changes: readonly CommittedChange[]): Promise<WorkInCommit> {
    await this.#seed();
    const runs = new Set<RunId>();
    const turns = new Map<string, { readonly run: RunId; readonly turn: number }>();
    let isOpen = false;
    for (const change of changes.slice(0, committedPaths)) {
      for (const { run, turn, isOpen: isUndecided } of await this.#between(change)) {
        if (run !== undefined) runs.add(run);
        if (run !== undefined && turn !== undefined) turns.set(`${run}\n${turn}`, { run, turn });
        isOpen ||= isUndecided;
      }
    }
    return { runs: [...runs], turns: [...turns.values()], isOpen };
  }

  async #between({ path, before, after }: CommittedChange): Promise<readonly Noted[]> {
    const noted = this.#byPath.get(this.#options.fold(path)) ?? [];
    let first = 0;
    let last = noted.length - 1;
    while (last > 0 && !(await this.#isContent(noted[last]!, after))) last -= 1;
    // Nothing recorded is what was committed: a part of it may be.
    if (last === 0 && !(await this.#isContent(noted[0]!, after))) last = noted.length - 1;
    for (let index = last - 1; index >= 0 && first === 0; index--) if (await this.#isContent(noted[index]!, before)) first = index + 1;
    return noted.slice(first, last + 1);
  }

  async #isContent({ version }: Noted, oid: string | undefined): Promise<boolean> {
    if (version === undefined || oid === undefined) return version === undefined && oid === undefined;
    if (version.hash === undefined || version.missing !== undefined || version.sizeBytes > matchedBytes) return false;
    const bytes = await this.#options.read(version.hash);
    return bytes !== undefined && isGitObject(bytes, oid);
  }

  #noteFile(event: FileEvent): void {
    const { by, run, turn } = event;
    const add = (path: string, version: FileVersion | undefined): void => {
      const key = this.#options.fold(path);
      const noted: Noted = {
        id: eventId(event),
        path: key,
        version,
        // A rewind brings back what others did; it does nothing of a run's.
        run: event.rewind === undefined ? (run ?? by.run) : undefined,
        turn,
        isOpen: by.others !== undefined,
      };
      const list = this.#byPath.get(key) ?? [];
      list.push(noted);
      if (list.length > notedPerPath) this.#byId.delete(list.shift()!.id);
      this.#byPath.delete(key);
      this.#byPath.set(key, list);
      this.#byId.set(noted.id, noted);
      if (this.#byPath.size <= pathLimit) return;
      const [oldest, gone] = this.#byPath.entries().next().value!;
      this.#byPath.delete(oldest);
      for (const { id } of gone) this.#byId.delete(id);
    };
    if (event.kind === 'file.renamed') add(event.from, undefined);
    add(event.path, event.kind === 'file.deleted' ? undefined : event.after);
  }

  /** From the log, so that a commit after a restart is told as well. */
  async #seed(): Promise<void> {
    if (this.#isSeeded) return;
    this.#isSeeded = true;
    const since = [...this.#byPath.values()].flat();
    const known = new Set(since.map(({ id }) => id));
    const later = new Map(this.#byPath);
    this.#byPath.clear();
    for await (const events of this.#options.history(wanted)) for (const event of events) if (!known.has(eventId(event))) this.note(event);
    for (const [path, list] of later) this.#byPath.set(path, [...(this.#byPath.get(path) ?? []), ...list].slice(-notedPerPath));
  }
}
