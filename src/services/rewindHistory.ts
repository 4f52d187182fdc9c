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

  /** The events of files later than the point that the event stands for, in this session and those that followed it. */
  async eventsAfter(event: LoggedEvent): Promise<LoggedEvent[]> {
    const found: LoggedEvent[] = [];
    for await (const batch of this.#reader.all(pointOf(event))) found.push(...batch.filter(isAboutFiles));
    const later = laterChanges(event, found);
    await this.#addFollowing(later);
    return later;
  }

  /** All events of files, in this session and those that followed it. */
  async allChanges(): Promise<LoggedEvent[]> {
    const events: LoggedEvent[] = [];
    for await (const batch of this.#reader.all()) events.push(...batch.filter(isAboutFiles));
    await this.#addFollowing(events);
    return events;
  }

  async filesAt(target: EventId): Promise<ReadonlyMap<WorkspacePath, LoggedFile>> {
    const event = await this.find(target);
    const found: LoggedEvent[] = [];
    for await (const batch of this.#reader.all()) found.push(...batch.filter(isAboutFiles));
    const later = laterChanges(event, found);
    const isLater = new Set(later);
    const until: LoggedEvent[] = [];
    for (const reader of this.#earlier) for await (const batch of reader.all()) until.push(...batch.filter(isAboutFiles));
    until.push(...found.filter((one) => !isLater.has(one)));
    await this.#addFollowing(later);
    return filesAt(until, later);
  }

  /** The rewind of that id, or the newest one; undefined when it is undone or there is none. Read backwards from the log's end. */
  async findApplied(id: string | undefined): Promise<EventOf<'rewind.applied'> | undefined> {
    const undone = new Set<string>();
    for await (const event of this.#backwards()) {
      if (event.kind === 'rewind.undone') undone.add(event.rewind);
      if (event.kind === 'rewind.applied' && (id === undefined ? !undone.has(event.id) : event.id === id))
        return undone.has(event.id) ? undefined : event;
    }
    return undefined;
  }

  async findCheckpoint(applied: EventOf<'rewind.applied'>): Promise<LoggedEvent | undefined> {
    for await (const event of this.#backwards(applied))
      if (event.kind === 'checkpoint.made' && event.id === applied.checkpoint) return event;
    return undefined;
  }

  async #addFollowing(events: LoggedEvent[]): Promise<void> {
    for (const reader of this.#later) for await (const batch of reader.all()) events.push(...batch.filter(isAboutFiles));
  }

  async *#backwards(from?: LoggedEvent): AsyncGenerator<LoggedEvent> {
    let page = from === undefined ? await this.#reader.tail(512) : await this.#reader.before(markOf(from), 512);
    for (;;) {
      yield* page.events.toReversed();
      if (!page.hasMore || page.start === undefined) return;
      page = await this.#reader.before(page.start, 512);
    }
  }
}

const isAboutFiles = (event: LoggedEvent): boolean => event.kind.startsWith('file.') && event.kind !== 'file.read';
