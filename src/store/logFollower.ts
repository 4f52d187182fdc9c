import * as fs from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disposable } from '../base/disposable.ts';
import { RepeatMemory } from '../core/repeatMemory.ts';
import { readLine } from '../core/salvage.ts';
import type { Digest } from '../model/digest.ts';
import type { LoggedEvent } from '../model/event.ts';
import type { WriterId } from '../model/ids.ts';
import { FollowedBatch } from './followedBatch.ts';
import { FollowedDamage } from './followedDamage.ts';
import { parseSegmentName, type SessionLayout } from './layout.ts';
import { backwardLines, forwardLines } from './lineSource.ts';
import { describeSegment, listSegmentRefs, openSegmentFile, type SegmentFile } from './segmentFile.ts';
import { TimeSlice } from './timeSlice.ts';
import type { Damage } from './writerStream.ts';

/**
 * How far each writer's last segment has been read, in bytes, by file name. The segments before it are whole; a writer that is
 * not named has not been read at all.
 */
export type LogPosition = Readonly<Record<string, number>>;

export interface FollowOptions {
  readonly session: SessionLayout;
  readonly digest: Digest;
  readonly listener: (events: readonly LoggedEvent[]) => void;
  /** Where to begin; at the present ends when absent. */
  readonly from?: LogPosition | undefined;
  /** Told what is damaged in what comes, and what of the read is no longer there; an unfinished end when it has stayed so for seconds. */
  readonly onDamage?: ((damage: readonly Damage[]) => void) | undefined;
  /** Stands in for the platform's watcher in tests. Throws when the folder cannot be watched. */
  readonly watch?: (folder: string, onHint: (name?: string) => void, onFailed: () => void) => Disposable;
}

/** A log that is being followed. */
export interface LogFollowing extends Disposable {
  /**
   * Resolves when the listener has been told all that was acknowledged before the call, as far as it can be read now.
   * Never rejects; resolves at once after `dispose`.
   */
  catchUp(): Promise<void>;
}

/**
 * Follows a log that any process appends to.
 * - A watch on the one folder tells that something happened; the files' sizes say what. So a lost or doubled hint costs nothing.
 * - A watch may be deaf without saying so (network drives, containers): every two seconds the sizes are looked at, and a
 *   growth that no hint told of makes it look every 50 ms from then on.
 * - A file that was cut or replaced is read again from its start; what was told before is not told twice.
 */
export function followLog(options: FollowOptions): LogFollowing {
  const follower = new Follower(options);
  follower.start();
  return follower;
}

const pollMs = 50;
const proofMs = 2000;
/** A stream of hints is read this often. */
const pauseMs = 8;
/** So long it holds the event loop in one go, but for what its listener does with a part. */
const sliceMs = 0.5;

class Follower implements LogFollowing {
  readonly #options: FollowOptions;
  readonly #read = new Map<string, { offset: number; inode: number }>();
  /** How far each file went when the following began: that is not new, however often the file is put there again. */
  readonly #begun = new Map<string, number>();
  /** The number of each writer's last segment: those before it are read, and grow no more. */
  readonly #last = new Map<WriterId, number>();
  readonly #damage: FollowedDamage;
  readonly #told = new Map<WriterId, { readonly repeats: RepeatMemory; newest: number }>();
  #watcher: Disposable | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isDeaf = false;
  #hasFailed = false;
  #isReading = false;
  /** Names of files that may have changed; `all` when it is not known which. */
  #hinted: Set<string> | 'all' | undefined;
  #hints = 0;
  /** Called when a look that began after they came here has ended. */
  #waiting: (() => void)[] = [];
  #isDisposed = false;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#damage = new FollowedDamage((damage) => this.#options.onDamage?.(damage));
  }

  start(): void {
    if (this.#options.from === undefined) this.#beginAtEnds();
    else for (const [name, offset] of Object.entries(this.#options.from)) this.#begin(name, { offset, inode: 0 });
    this.#watch();
    // What came between the position that was given and now.
    this.#hint();
  }

  catchUp(): Promise<void> {
    if (this.#isDisposed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#hint();
    });
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#watcher?.dispose();
    clearTimeout(this.#timer);
    release(this.#waiting);
  }

  /** At once and not later: what is appended after the call must be told. */
  #beginAtEnds(): void {
    const { events } = this.#options.session;
    try {
      for (const name of lastOfEach(fs.readdirSync(events))) {
        const stats = fs.statSync(join(events, name), { throwIfNoEntry: false });
        if (stats !== undefined) this.#begin(name, { offset: stats.size, inode: stats.ino });
      }
    } catch {
      // No such folder yet: everything that will be in it is new.
    }
  }

  #begin(name: string, read: { readonly offset: number; readonly inode: number }): void {
    const segment = parseSegmentName(name);
    if (segment === undefined) return;
    this.#read.set(name, { ...read });
    this.#begun.set(name, read.offset);
    this.#last.set(segment.writer, Math.max(segment.number, this.#last.get(segment.writer) ?? 0));
  }

  #watch(): void {
    try {
      const open = this.#options.watch ?? watchFolder;
      this.#watcher = open(
        this.#options.session.events,
        (name) => {
          this.#hints += 1;
          this.#hint(name);
        },
        () => {
          this.#watcher?.dispose();
          this.#watcher = undefined;
          this.#schedule();
        },
      );
    } catch {
      // Not there yet, or not to be watched: looked at until it is.
      this.#watcher = undefined;
    }
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#isDisposed) return;
    const hints = this.#hints;
    this.#timer = setTimeout(
      () => void this.#lookByTime(hints),
      this.#watcher === undefined || this.#isDeaf || this.#hasFailed ? pollMs : proofMs,
    );
    this.#timer.unref();
  }

  async #lookByTime(hintsBefore: number): Promise<void> {
    this.#hinted = 'all';
    const hasGrown = await this.#look();
    if (this.#isDisposed) return;
    if (this.#watcher === undefined) {
      this.#watch();
      // What came between the look and the watch.
      this.#hint();
      return;
    }
    if (hasGrown && this.#hints === hintsBefore) this.#isDeaf = true;
    this.#schedule();
  }

  #hint(name?: string): void {
    if (name === undefined) this.#hinted = 'all';
    else if (this.#hinted === undefined) this.#hinted = new Set([name]);
    else if (this.#hinted !== 'all') this.#hinted.add(name);
    if (!this.#isReading) void this.#look();
  }

  /** Reads what is new, and again while hints come. True when there was any. */
  async #look(): Promise<boolean> {
    if (this.#isReading || this.#isDisposed) return false;
    this.#isReading = true;
    let hasGrown = false;
    try {
      do {
        const hinted = this.#hinted ?? 'all';
        this.#hinted = undefined;
        const served = this.#waiting;
        this.#waiting = [];
        try {
          if (await this.#readNew(hinted)) hasGrown = true;
        } finally {
          release(served);
        }
        if (this.#hinted !== undefined) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      } while (this.#hinted !== undefined && !this.#isDisposed);
      this.#hasFailed = false;
    } catch {
      // Locked or gone for the moment: looked at again soon.
      this.#hasFailed = true;
      this.#schedule();
    } finally {
      this.#isReading = false;
    }
    return hasGrown;
  }

  async #readNew(hinted: ReadonlySet<string> | 'all'): Promise<boolean> {
    const slice = new TimeSlice(sliceMs);
    const batch = new FollowedBatch((events) => this.#tell(events), slice);
    let hasGrown = false;
    const newest = new Map<WriterId, number>();
    const segments = await this.#segmentsOf(hinted, newest);
    try {
      for (const segment of segments) {
        const known = this.#read.get(segment.name);
        const isReplaced =
          known !== undefined && (segment.sizeBytes < known.offset || (known.inode !== 0 && known.inode !== segment.inode));
        const offset = known === undefined || isReplaced ? 0 : known.offset;
        if (segment.sizeBytes === offset && known !== undefined && !isReplaced) continue;
        hasGrown = true;
        if (isReplaced) this.#damage.replaced(segment, known);
        await this.#readSegment(segment, { offset, isReplaced }, batch, slice);
      }
    } finally {
      // What was read before something failed is not told when it is read again.
      await batch.end();
    }
    if (!this.#isDisposed) this.#damage.tell();
    // Those before were read in this turn, as long as they will ever be.
    for (const [writer, number] of newest) this.#settle(writer, number);
    return hasGrown;
  }

  /** What comes before that segment is whole, and not looked at any more. */
  #settle(writer: WriterId, number: number): void {
    this.#last.set(writer, number);
    for (const name of this.#read.keys()) {
      const segment = parseSegmentName(name);
      if (segment?.writer !== writer || segment.number >= number) continue;
      this.#read.delete(name);
      this.#begun.delete(name);
    }
  }

  /** Those that may have grown, as they are now. */
  async #segmentsOf(hinted: ReadonlySet<string> | 'all', newest: Map<WriterId, number>): Promise<readonly SegmentFile[]> {
    const { session } = this.#options;
    const open: string[] = [];
    if (hinted === 'all') {
      for (const [writer, segments] of await listSegmentRefs(session)) {
        const { number: end } = segments.at(-1)!;
        // A folder that was put back as it had been may end earlier than what was read.
        const last = Math.min(this.#last.get(writer) ?? 0, end);
        open.push(...segments.filter(({ number }) => number >= last).map(({ name }) => name));
        newest.set(writer, end);
      }
    } else {
      for (const name of [...hinted].sort()) {
        const segment = parseSegmentName(name);
        if (segment !== undefined && segment.number >= (this.#last.get(segment.writer) ?? 0)) open.push(name);
      }
    }
    const found = await Promise.all(open.map((name) => describeSegment(session.events, name)));
    const names = hinted === 'all' ? [...this.#read.keys()].filter((name) => !open.includes(name)) : [];
    for (const name of [...names, ...open.filter((_, index) => found[index] === undefined)])
      if (this.#isLast(name)) this.#damage.gone(name, this.#read.get(name)?.offset ?? 0);
    return found.filter((segment) => segment !== undefined);
  }

  /** Its writer's last segment as far as it is known: the others are not looked at again. */
  #isLast(name: string): boolean {
    const segment = parseSegmentName(name);
    return segment !== undefined && segment.number >= (this.#last.get(segment.writer) ?? 0);
  }

  async #readSegment(
    segment: SegmentFile,
    { offset, isReplaced }: { readonly offset: number; readonly isReplaced: boolean },
    batch: FollowedBatch,
    slice: TimeSlice,
  ): Promise<void> {
    const told = this.#told.get(segment.writer) ?? { repeats: new RepeatMemory(), newest: 0 };
    this.#told.set(segment.writer, told);
    const toldBefore = isReplaced ? told.newest : 0;
    const begun = this.#begun.get(segment.name) ?? 0;
    const handle = await openSegmentFile(segment);
    try {
      // Where the following began a line may have been written half.
      const from = offset === begun ? await lineBegin(handle, offset) : offset;
      const lines = forwardLines({ file: handle, from, to: segment.sizeBytes });
      let read = offset;
      do {
        for (let line = lines.take(); line !== undefined; line = lines.take()) {
          const { records, damage } = readLine(line.bytes, this.#options.digest, line.isTail);
          this.#damage.line(segment, line, damage);
          for (const record of records) {
            const { event } = record;
            if (event.w !== segment.writer) {
              this.#damage.stray(segment, line, record);
              continue;
            }
            if (told.repeats.isRepeat(record) || event.n <= toldBefore || line.from + record.to <= begun) continue;
            told.newest = Math.max(told.newest, event.n);
            batch.add(event, record.to - record.from);
          }
          // An unfinished line is read again when there is more of it.
          read = line.isTail ? line.from + (records.at(-1)?.to ?? 0) : line.to + 1;
          if (batch.isFull) await batch.end();
          if (slice.isSpent) await slice.pause();
          if (this.#isDisposed) return;
        }
      } while (await lines.fill());
      this.#read.set(segment.name, { offset: read, inode: segment.inode });
    } finally {
      await handle.close();
    }
  }

  #tell(events: readonly LoggedEvent[]): void {
    if (this.#isDisposed) return;
    try {
      this.#options.listener(events);
    } catch {
      // A listener's failure is its own; the following goes on.
    }
  }
}

function release(waiting: readonly (() => void)[]): void {
  for (const resolve of waiting) resolve();
}

/** Where the line begins that goes on at that offset; the offset itself where a line begins there. */
async function lineBegin(file: FileHandle, offset: number): Promise<number> {
  const lines = backwardLines({ file, from: 0, to: offset, chunkBytes: 4 << 10 });
  let line = lines.take();
  while (line === undefined && (await lines.fill())) line = lines.take();
  return line?.isTail === true ? line.from : offset;
}

/** Of each writer the file with the highest number. */
function lastOfEach(names: readonly string[]): string[] {
  const last = new Map<WriterId, { readonly name: string; readonly number: number }>();
  for (const name of names) {
    const segment = parseSegmentName(name);
    if (segment !== undefined && segment.number > (last.get(segment.writer)?.number ?? 0))
      last.set(segment.writer, { name, number: segment.number });
  }
  return [...last.values()].map(({ name }) => name);
}

function watchFolder(folder: string, onHint: (name?: string) => void, onFailed: () => void): Disposable {
  const watcher = fs.watch(folder, { persistent: false }, (kind, name) => {
    onHint(name ?? undefined);
    // The folder itself was moved or removed: this watch will not tell of what takes its place.
    if (kind === 'rename' && (name === null || !fs.existsSync(folder))) onFailed();
  });
  watcher.on('error', onFailed);
  return { dispose: () => watcher.close() };
}
