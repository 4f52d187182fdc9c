import type { EventFilter } from '../core/eventFilter.ts';
import { markOf } from '../core/eventOrder.ts';
import { laterChanges, pointOf } from '../core/rewindPoint.ts';
import { filesAt, type LoggedFile } from '../core/touchedFiles.ts';
import type { EventOf, LoggedEvent } from '../model/event.ts';
import type { EventId } from '../model/ids.ts';
import type { WorkspacePath } from '../model/workspacePath.ts';
import type { LogReader } from '../store/logReader.ts';

export class UnknownEventError extends Error {
  constructor(id: EventId) {
    super(`No event ${id} in this session`);
    this.name = 'UnknownEventError';
  }
}

/** What a rewind asks of the log: the events of files on both sides of a point, and the rewinds that were. */
export class RewindHistory {
  readonly #reader: LogReader;
  readonly #later: readonly LogReader[];
  readonly #earlier: readonly LogReader[];

  constructor(reader: LogReader, later: readonly LogReader[], earlier: readonly LogReader[] = []) {
    this.#reader = reader;
    this.#later = later;
    this.#earlier = earlier;
  }

  /** Throws UnknownEventError. */
  async find(id: EventId): Promise<LoggedEvent> {
    const event = await this.#reader.find(id);
    if (event === undefined) throw new UnknownEventError(id);
    return event;
  }

  /**
   * The events of files later than the point that the event stands for, in this session and those that followed it; and
   * those that stand behind it, but had happened by then.
   */
  async changesAfter(event: LoggedEvent): Promise<{ readonly later: readonly LoggedEvent[]; readonly kept: readonly LoggedEvent[] }> {
    const found: LoggedEvent[] = [];
    for await (const batch of this.#reader.batches({ after: pointOf(event), filter: ofFiles })) found.push(...batch);
    const later = laterChanges(event, found);
    const isLater = new Set(later);
    await this.#addFollowing(later);
    return { later, kept: found.filter((one) => !isLater.has(one)) };
  }

  /** All events of files, in this session and those that followed it. */
  async allChanges(): Promise<LoggedEvent[]> {
    const events: LoggedEvent[] = [];
    for await (const batch of this.#reader.batches({ filter: ofFiles })) events.push(...batch);
    await this.#addFollowing(events);
    return events;
  }

  async filesAt(target: EventId): Promise<ReadonlyMap<WorkspacePath, LoggedFile>> {
    const event = await this.find(target);
    const found: LoggedEvent[] = [];
    for await (const batch of this.#reader.batches({ filter: ofFiles })) found.push(...batch);
    const later = laterChanges(event, found);
    const isLater = new Set(later);
    const until: LoggedEvent[] = [];
    for (const reader of this.#earlier) for await (const batch of reader.batches({ filter: ofFiles })) until.push(...batch);
    until.push(...found.filter((one) => !isLater.has(one)));
    await this.#addFollowing(later);
    return filesAt(until, later);
  }

  /** The rewind of that id, or the newest one; undefined when it is undone or there is none. Read backwards from the log's end. */
  async findApplied(id: string | undefined): Promise<EventOf<'rewind.applied'> | undefined> {
    const undone = new Set<string>();
    for await (const event of this.#backwards({ kinds: ['rewind'] })) {
      if (event.kind === 'rewind.undone') undone.add(event.rewind);
      if (event.kind === 'rewind.applied' && (id === undefined ? !undone.has(event.id) : event.id === id))
        return undone.has(event.id) ? undefined : event;
    }
    return undefined;
  }

  async findCheckpoint(applied: EventOf<'rewind.applied'>): Promise<LoggedEvent | undefined> {
    for await (const event of this.#backwards({ kinds: ['checkpoint.made'] }, applied))
      if (event.kind === 'checkpoint.made' && event.id === applied.checkpoint) return event;
    return undefined;
  }

  async #addFollowing(events: LoggedEvent[]): Promise<void> {
    for (const reader of this.#later) for await (const batch of reader.batches({ filter: ofFiles })) events.push(...batch);
  }

  async *#backwards(filter: EventFilter, from?: LoggedEvent): AsyncGenerator<LoggedEvent> {
    let page =
      from === undefined ? await this.#reader.tail(pageEvents, filter) : await this.#reader.before(markOf(from), pageEvents, filter);
    for (;;) {
      yield* page.events.toReversed();
      if (!page.hasMore || page.start === undefined) return;
      page = await this.#reader.before(page.start, pageEvents, filter);
    }
  }
}

const pageEvents = 64;

/** All that tells of a file's content, or of who changed it. */
const ofFiles: EventFilter = {
  kinds: ['file.created', 'file.changed', 'file.deleted', 'file.renamed', 'file.skipped', 'file.attributed'],
};
