import type { Clock } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import { Emitter, type Event } from '../base/emitter.ts';
import { HybridClock } from '../core/hybridClock.ts';
import { firstPrev, openLine } from '../core/logCodec.ts';
import type { Digest } from '../model/digest.ts';
import { schemaVersion, type EventDraft, type TapedeckEvent } from '../model/event.ts';
import type { SessionId, WriterId } from '../model/ids.ts';
import { prepareRoot, type TapedeckLayout } from './layout.ts';
import { LineBatch, type WaitingEvent } from './lineBatch.ts';
import { diskLogFileSystem, type LogFileSystem } from './logFileSystem.ts';
import { openSegmentWriter, type SegmentWriter } from './segmentWriter.ts';
import { Teller, toldAtOnce, turnEnd, turnOfLoop } from './teller.ts';
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
  /** It writes what happened long ago, beside others that do, each in its own order: their times do not hold it back. */
  readonly isOfThePast?: boolean;
  readonly limits?: Partial<LogWriterLimits>;
}

export interface LogWriterLimits {
  /** A segment that has grown beyond is followed by a new one. */
  readonly segmentBytes: number;
  /** What may wait in memory while nothing can be written. */
  readonly waitingBytes: number;
  readonly retryMs: number;
  readonly maxRetryMs: number;
  /** A write that takes longer is told as an outage, while it goes on. */
  readonly stallMs: number;
  /** After so many failed ones in a row what waits is rejected, and the writer ends. */
  readonly attempts: number;
}

const defaultLimits: LogWriterLimits = {
  segmentBytes: 64 << 20,
  waitingBytes: 16 << 20,
  retryMs: 50,
  maxRetryMs: 15_000,
  stallMs: 10_000,
  attempts: Number.POSITIVE_INFINITY,
};
/** A command tells its user that the disk is full rather than wait for room. */
const shortLivedAttempts = 3;
/** A reader takes lines up to four times this, so that no encoding makes one unreadable. */
const maxLineChars = 16 << 20;

export async function openLogWriter(options: LogWriterOptions): Promise<LogWriter> {
  const clock = new HybridClock(options.clock);
  const claim = options.shortLived === true ? await claimWriter(options.layout.session(options.session), options.digest) : undefined;
  const id = claim?.writer ?? createWriterId();
  if (options.isOfThePast !== true)
    for (const newest of await readNewest(options.layout.session(options.session), options.digest))
      clock.observe(newest.at, newest.w !== id);
  return new GroupWriter(options, id, clock, claim);
}

class GroupWriter implements LogWriter {
  readonly id: WriterId;
  readonly #options: LogWriterOptions;
  readonly #limits: LogWriterLimits;
  readonly #clock: HybridClock;
  readonly #segment: SegmentWriter;
  readonly #healthChanged = new Emitter<WriterHealth>();
  readonly onDidChangeHealth = this.#healthChanged.event;
  /** In order: the first is being written, or is the next to be; the last takes lines. */
  readonly #batches: LineBatch[] = [];
  #spare: LineBatch | undefined;
  #waitingBytes = 0;
  readonly #teller = new Teller();
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
    return this.#outage?.health(this.#waiting()) ?? { state: 'ok' };
  }

  append(draft: EventDraft): Promise<TapedeckEvent> {
    if (this.#isClosing) return Promise.reject(new LogWriteError('closed', 'The log is closed.'));
    if (this.#outage !== undefined && this.#waitingBytes >= this.#limits.waitingBytes) {
      // Told at once, and again with the next attempt: there may be thousands in between.
      if (this.#outage.lose() === 1) this.#healthChanged.fire(this.health);
      const message = `Nothing can be written now, and no memory is left to wait in. ${this.#outage.message}`;
      return Promise.reject(new LogWriteError('no-room', message));
    }
    return new Promise((resolve, reject) => {
      this.#add(draft, resolve, reject);
    });
  }

  #add(draft: EventDraft, resolve: WaitingEvent['resolve'], reject: WaitingEvent['reject']): void {
    const told = draft.at;
    const at = this.#clock.next(told);
    const n = this.#n + 1;
    const event: TapedeckEvent =
      told === undefined || told === at
        ? { ...draft, v: schemaVersion, w: this.id, n, at }
        : { ...draft, v: schemaVersion, w: this.id, n, at, happenedAt: told };
    const text = openLine(event, draft, this.#prev);
    if (text.length > maxLineChars) {
      reject(new LogWriteError('too-long', `An event of ${text.length} characters is too long for the log.`));
      return;
    }
    const batch = this.#batchFor(text);
    const before = batch.sizeBytes;
    this.#n = n;
    this.#prev = batch.add(text, this.#options.digest, { event, resolve, reject });
    this.#waitingBytes += batch.sizeBytes - before;
    this.#start();
  }

  #batchFor(text: string): LineBatch {
    const last = this.#batches.at(-1);
    if (last?.takes(text) === true) return last;
    const next = this.#spare ?? new LineBatch();
    this.#spare = undefined;
    this.#batches.push(next);
    return next;
  }

  #waiting(): number {
    return this.#batches.reduce((sum, batch) => sum + batch.waiting, 0);
  }

  observe(at: string, writer: WriterId): void {
    this.#clock.observe(at, writer !== this.id);
  }

  async flush(): Promise<void> {
    while (this.#pump !== undefined) await this.#pump;
    await this.#teller.done();
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
    this.#pump = this.#drain().finally(() => {
      this.#pump = undefined;
      if (this.#batches.length > 0) this.#start();
    });
  }

  async #drain(): Promise<void> {
    for (;;) {
      // After all turns that are due now, so that who appends in one of them shares one sync with the others.
      await turnEnd();
      const batch = this.#batches[0];
      if (batch === undefined) return;
      const from = performance.now();
      const stalled = setTimeout(() => this.#stall(), this.#limits.stallMs);
      try {
        await this.#segment.append(batch.seal());
        clearTimeout(stalled);
      } catch (error) {
        clearTimeout(stalled);
        await this.#segment.abandon();
        this.#outage ??= new WriterOutage(this.#options.clock);
        this.#outage.fail(error);
        this.#healthChanged.fire(this.health);
        const isLast = this.#isClosing ? this.#outage.attempts > 1 : this.#outage.attempts >= this.#limits.attempts;
        if (isLast) return this.#giveUp(error);
        await this.#pause(this.#outage);
        continue;
      }
      this.#batches.shift();
      this.#waitingBytes -= batch.sizeBytes;
      this.#teller.tell(batch.empty());
      this.#spare = batch;
      this.#recover();
      await this.#teller.untilLeft(performance.now() - from);
    }
  }

  /** A network drive that is gone does not fail, it hangs. The write goes on; meanwhile it is told, and memory is bounded. */
  #stall(): void {
    this.#outage ??= new WriterOutage(this.#options.clock);
    this.#outage.stall();
    this.#healthChanged.fire(this.health);
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
  async #giveUp(error: unknown): Promise<void> {
    this.#isClosing = true;
    const reason = failureReason(error);
    const told = new LogWriteError(reason, describeFailure(reason, error), { cause: error });
    const waiting = this.#batches.splice(0).flatMap((batch) => batch.empty());
    this.#waitingBytes = 0;
    for (const [index, { reject }] of waiting.entries()) {
      if (index > 0 && index % toldAtOnce === 0) await turnOfLoop();
      reject(told);
    }
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
