import type { Clock } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import { Emitter, type Event } from '../base/emitter.ts';
import { HybridClock } from '../core/hybridClock.ts';
import { encodeLine, firstPrev, lineHash } from '../core/logCodec.ts';
import { maxBatchLines } from '../core/repeatMemory.ts';
import type { Digest } from '../model/digest.ts';
import { schemaVersion, type EventDraft, type TapedeckEvent } from '../model/event.ts';
import type { SessionId, WriterId } from '../model/ids.ts';
import { prepareRoot, type TapedeckLayout } from './layout.ts';
import { diskLogFileSystem, type LogFileSystem } from './logFileSystem.ts';
import { openSegmentWriter, type SegmentWriter } from './segmentWriter.ts';
import { claimWriter, createWriterId, freeWriter, readNewest } from './writerClaim.ts';
import { describeFailure, failureReason, LogWriteError, type WriterHealth } from './writerHealth.ts';
import { WriterOutage } from './writerOutage.ts';

/**
 * One process's pen on a session's log.
 * - An append resolves when its bytes are on disk: one write and one fdatasync for all that wait (group commit).
 * - Events get number, time and chain in the order of the calls, and reach the disk in that order, through failures too.
 * - A failed or short write closes the segment. What was not acknowledged is written again, the same bytes, to a new one,
 *   with growing pauses; meanwhile the health says so. Memory is bounded: what finds no room rejects, and is counted in the
 *   `capture.gap` that is recorded when room returns. A short-lived writer rejects after a few attempts instead.
 * - No lock: the file is this writer's alone. A line once written is never touched again.
 */
export interface LogWriter extends Disposable {
  readonly id: WriterId;
  readonly health: WriterHealth;
  readonly onDidChangeHealth: Event<WriterHealth>;
  /** Rejects with a `LogWriteError` when the writer is closed, or has no room left while degraded. */
  append(draft: EventDraft): Promise<TapedeckEvent>;
  /** Resolves when everything appended so far is on disk. Waits as long as that takes. */
  flush(): Promise<void>;
  /** Tells the clock of an event of another writer that was seen here. */
  observe(at: string, writer: WriterId): void;
  /** Writes what waits (one last attempt when degraded, then those appends reject), and closes the file. */
  close(): Promise<void>;
}

export interface LogWriterOptions {
  readonly layout: TapedeckLayout;
  readonly session: SessionId;
  readonly clock: Clock;
  readonly digest: Digest;
  readonly fileSystem?: LogFileSystem;
  /** For a process that lives for seconds: goes on as a writer that ended well, rather than leave one more file. */
  readonly shortLived?: boolean;
  readonly limits?: Partial<LogWriterLimits>;
}

export interface LogWriterLimits {
  /** A segment that has grown beyond is followed by a new one. */
  readonly segmentBytes: number;
  /** What may wait in memory while nothing can be written, in characters of lines. */
  readonly waitingChars: number;
  readonly retryMs: number;
  readonly maxRetryMs: number;
  /** After so many failed ones in a row what waits is rejected, and the writer ends. */
  readonly attempts: number;
}

const defaultLimits: LogWriterLimits = {
  segmentBytes: 64 << 20,
  waitingChars: 16 << 20,
  retryMs: 50,
  maxRetryMs: 15_000,
  attempts: Number.POSITIVE_INFINITY,
};
/** A command tells its user that the disk is full rather than wait for room. */
const shortLivedAttempts = 3;
/** One write holds at most this much, so that neither a stop nor a failure costs more. */
const maxBatchChars = 1 << 20;
const acknowledgedAtOnce = 128;
/** A reader takes lines up to four times this, so that no encoding makes one unreadable. */
const maxLineChars = 16 << 20;

export async function openLogWriter(options: LogWriterOptions): Promise<LogWriter> {
  const clock = new HybridClock(options.clock);
  const claim = options.shortLived === true ? await claimWriter(options.layout.session(options.session), options.digest) : undefined;
  const id = claim?.writer ?? createWriterId();
  for (const newest of await readNewest(options.layout.session(options.session), options.digest)) clock.observe(newest.at, newest.w !== id);
  return new GroupWriter(options, id, clock, claim);
}

interface Pending {
  readonly event: TapedeckEvent;
  readonly line: string;
  readonly resolve: (event: TapedeckEvent) => void;
  readonly reject: (error: unknown) => void;
}

class GroupWriter implements LogWriter {
  readonly id: WriterId;
  readonly #options: LogWriterOptions;
  readonly #limits: LogWriterLimits;
  readonly #clock: HybridClock;
  readonly #segment: SegmentWriter;
  readonly #healthChanged = new Emitter<WriterHealth>();
  readonly onDidChangeHealth = this.#healthChanged.event;
  #queue: Pending[] = [];
  #waitingChars = 0;
  #n: number;
  #prev: string;
  #pump: Promise<void> | undefined;
  #outage: WriterOutage | undefined;
  #isClosing = false;
  #closed: Promise<void> | undefined;
  #wake: (() => void) | undefined;

  constructor(options: LogWriterOptions, id: WriterId, clock: HybridClock, claim: Awaited<ReturnType<typeof claimWriter>>) {
    this.id = id;
    this.#options = options;
    this.#limits = { ...defaultLimits, ...(options.shortLived === true && { attempts: shortLivedAttempts }), ...options.limits };
    this.#clock = clock;
    this.#n = claim?.n ?? 0;
    this.#prev = claim?.prev ?? firstPrev;
    this.#segment = openSegmentWriter({
      session: options.layout.session(options.session),
      writer: id,
      number: claim?.segment ?? 1,
      continues: claim?.continues ?? false,
      fileSystem: options.fileSystem ?? diskLogFileSystem,
      // Events come first: they are kept even where that one file cannot be written.
      prepare: () => prepareRoot(options.layout).catch(() => {}),
      segmentBytes: this.#limits.segmentBytes,
    });
  }

  get health(): WriterHealth {
    return this.#outage?.health(this.#queue.length) ?? { state: 'ok' };
  }

  append(draft: EventDraft): Promise<TapedeckEvent> {
    if (this.#isClosing) return Promise.reject(new LogWriteError('closed', 'The log is closed.'));
    if (this.#outage !== undefined && this.#waitingChars >= this.#limits.waitingChars) {
      this.#outage.lose();
      this.#healthChanged.fire(this.health);
      const message = `Nothing can be written now, and no memory is left to wait in. ${this.#outage.message}`;
      return Promise.reject(new LogWriteError('no-room', message));
    }
    return new Promise((resolve, reject) => {
      this.#add(draft, resolve, reject);
    });
  }

  #add(draft: EventDraft, resolve: Pending['resolve'], reject: Pending['reject']): void {
    const told = draft.at;
    const at = this.#clock.next(told);
    const event = {
      ...draft,
      v: schemaVersion,
      w: this.id,
      n: this.#n + 1,
      at,
      ...(told !== undefined && told !== at && { happenedAt: told }),
    };
    const line = encodeLine(event, this.#prev, this.#options.digest);
    if (line.length > maxLineChars) {
      reject(new LogWriteError('too-long', `An event of ${line.length} characters is too long for the log.`));
      return;
    }
    this.#n = event.n;
    this.#prev = lineHash(line.slice(0, -1), this.#options.digest);
    this.#queue.push({ event, line, resolve, reject });
    this.#waitingChars += line.length;
    this.#start();
  }

  observe(at: string, writer: WriterId): void {
    this.#clock.observe(at, writer !== this.id);
  }

  async flush(): Promise<void> {
    while (this.#pump !== undefined) await this.#pump;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  dispose(): void {
    this.close().catch(() => {});
  }

  async #close(): Promise<void> {
    this.#isClosing = true;
    this.#wake?.();
    await this.flush();
    await this.#segment.close();
    if (this.#outage === undefined && this.#n > 0) {
      const session = this.#options.layout.session(this.#options.session);
      await freeWriter(session, this.id, { n: this.#n, prev: this.#prev }, this.#options.shortLived === true ? 'free' : 'ended');
    }
    this.#healthChanged.dispose();
  }

  #start(): void {
    if (this.#pump !== undefined) return;
    // After the caller's turn, so that all who append in it share one sync.
    this.#pump = Promise.resolve()
      .then(() => this.#drain())
      .finally(() => {
        this.#pump = undefined;
        if (this.#queue.length > 0) this.#start();
      });
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const { batch, text } = this.#nextBatch();
      try {
        await this.#segment.append(Buffer.from(text));
      } catch (error) {
        await this.#segment.abandon();
        this.#outage ??= new WriterOutage(this.#options.clock);
        this.#outage.fail(error);
        this.#healthChanged.fire(this.health);
        const isLast = this.#isClosing ? this.#outage.attempts > 1 : this.#outage.attempts >= this.#limits.attempts;
        if (isLast) {
          this.#giveUp(error);
          return;
        }
        await this.#pause(this.#outage);
        continue;
      }
      this.#queue = batch.length === this.#queue.length ? [] : this.#queue.slice(batch.length);
      this.#waitingChars -= text.length;
      this.#recover();
      await acknowledge(batch);
    }
  }

  #nextBatch(): { readonly batch: readonly Pending[]; readonly text: string } {
    let end = 0;
    let chars = 0;
    while (end < this.#queue.length && end < maxBatchLines && (end === 0 || chars + this.#queue[end]!.line.length <= maxBatchChars))
      chars += this.#queue[end++]!.line.length;
    const batch = end === this.#queue.length ? this.#queue : this.#queue.slice(0, end);
    return { batch: [...batch], text: batch.map(({ line }) => line).join('') };
  }

  /** Room has returned: that there was none becomes an event itself, behind those that wait. */
  #recover(): void {
    const outage = this.#outage;
    if (outage === undefined) return;
    this.#outage = undefined;
    const ignore = (): void => {};
    this.#add(outage.gap(), ignore, ignore);
    this.#healthChanged.fire(this.health);
  }

  /** What waits may be on disk in part, so its numbers cannot be used again: this writer ends here. */
  #giveUp(error: unknown): void {
    this.#isClosing = true;
    const waiting = this.#queue;
    this.#queue = [];
    this.#waitingChars = 0;
    const reason = failureReason(error);
    for (const { reject } of waiting) reject(new LogWriteError(reason, describeFailure(reason, error), { cause: error }));
  }

  async #pause(outage: WriterOutage): Promise<void> {
    if (this.#isClosing) return;
    const delayMs = outage.pauseMs(this.#limits.retryMs, this.#limits.maxRetryMs);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}

/** Whoever waited may do much in its turn: a large batch is told in parts, so that the event loop turns in between. */
async function acknowledge(batch: readonly Pending[]): Promise<void> {
  for (const [index, { event, resolve }] of batch.entries()) {
    if (index > 0 && index % acknowledgedAtOnce === 0) await new Promise((resolve) => setImmediate(resolve));
    resolve(event);
  }
}
