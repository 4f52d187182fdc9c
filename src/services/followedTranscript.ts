import * as fs from 'node:fs';
import type { UnixMs } from '../base/clock.ts';
import { SerialQueue } from '../base/serialQueue.ts';
import type {
  Framing,
  ReaderCounts,
  ReaderTools,
  RunDescription,
  TranscriptAdapter,
  TranscriptFact,
  TranscriptFile,
  TranscriptReader,
} from '../core/transcripts/adapter.ts';
import { openTranscriptSource, type TranscriptSource } from '../store/transcriptSource.ts';
import type { TailDamage } from '../store/transcriptTail.ts';

export interface FollowedTranscriptOptions {
  readonly adapter: TranscriptAdapter;
  readonly framing: Framing;
  readonly file: TranscriptFile;
  readonly tools: ReaderTools;
  /**
   * What stood in it before the time that is recorded, for agents that tell no times: when it was made (ISO 8601), and how
   * many bytes it had when it was seen last, if it was.
   */
  readonly past?: { readonly bornAt: string; readonly sizeBytes: number | undefined };
  /** Does a run with this working folder belong to the workspace? */
  readonly isInside: (cwd: string) => Promise<boolean>;
  /** Takes facts in the file's order; awaited before more is read. */
  readonly deliver: (facts: readonly TranscriptFact[], run: RunDescription) => Promise<void>;
  readonly onDamage: (damage: TailDamage) => void;
}

/**
 * One transcript that is being followed: the source of its records and their reader. Facts wait until the run's working
 * folder is known; a run that lies elsewhere is not read any further. When a file of lines was replaced, reading begins
 * anew with a fresh reader, and whoever takes the facts knows them again by their source. A document is always read anew,
 * by a reader that knows what it has told.
 */
export class FollowedTranscript {
  readonly adapter: TranscriptAdapter;
  readonly file: TranscriptFile;
  readonly #options: FollowedTranscriptOptions;
  readonly #source: TranscriptSource;
  /** A document's damage is met again each time that it is read. */
  readonly #toldDamage = new Set<string>();
  readonly #queue = new SerialQueue();
  #reader: TranscriptReader;
  #verdict: 'unknown' | 'inside' | 'outside' = 'unknown';
  #waiting: TranscriptFact[] = [];
  #isWanted = false;
  /** When it last grew; undefined until it was read once. */
  grewAt: UnixMs | undefined;
  isQuiet = false;
  damaged = 0;
  #watcher: fs.FSWatcher | undefined;

  constructor(options: FollowedTranscriptOptions) {
    this.#options = options;
    this.adapter = options.adapter;
    this.file = options.file;
    this.#reader = options.adapter.openReader(options.file, options.tools);
    this.#source = openTranscriptSource(options.framing, options.file, {
      onRecord: (value, offset) => {
        for (const fact of this.#reader.read(value, { offset })) this.#waiting.push(this.#dated(fact));
      },
      onDamage: (damage) => this.#damage(damage),
      onChunk: () => this.#pass(),
      onRestart: () => {
        this.#reader = options.adapter.openReader(options.file, options.tools);
        this.#waiting = [];
        this.damaged = 0;
      },
      onAgain: () => (this.damaged = 0),
    });
  }

  get isOutside(): boolean {
    return this.#verdict === 'outside';
  }

  get counts(): ReaderCounts {
    return this.#reader.counts;
  }

  describe(): RunDescription {
    return this.#reader.describe();
  }

  hasChanged(): Promise<boolean> {
    return this.#source.hasChanged();
  }

  /** Reads what is new, once for all who ask while it has not begun. Resolves when its facts are taken. */
  async read(nowMs: UnixMs): Promise<void> {
    if (this.#isWanted) {
      await this.#queue.idle();
      return;
    }
    this.#isWanted = true;
    await this.#queue.run(async () => {
      this.#isWanted = false;
      if (this.#verdict === 'outside') return;
      const outcome = await this.#source.read();
      if (outcome.kind !== 'read') return;
      this.grewAt = nowMs;
      this.isQuiet = false;
      await this.#pass();
    });
  }

  /** The file has been quiet for long: what waited for a successor is told. */
  async settle(): Promise<void> {
    await this.#queue.run(async () => {
      this.isQuiet = true;
      this.#waiting.push(...this.#reader.quiet());
      await this.#pass();
    });
  }

  /**
   * Tells of each write at once, as long as it is listened to: a folder's watcher takes its time, and drops what comes
   * quickly. Does nothing where the system has no watch left; and a document is best read when it is whole.
   */
  listen(onWritten: () => void): void {
    const { framing } = this.#options;
    if (this.#watcher !== undefined || this.isOutside || (framing !== 'json-lines' && framing !== 'text-lines')) return;
    try {
      const watcher = fs.watch(this.file.path, { persistent: false }, (event) => {
        // Another file may have its name now: the next reading listens to that.
        if (event === 'rename') this.deafen();
        onWritten();
      });
      watcher.on('error', () => this.deafen());
      this.#watcher = watcher;
    } catch {
      // The folder's watcher and the looks now and then go on.
    }
  }

  deafen(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  idle(): Promise<void> {
    return this.#queue.idle();
  }

  /** A fact without a time is one of now, unless it stood there before. */
  #dated(fact: TranscriptFact): TranscriptFact {
    const { past } = this.#options;
    if (fact.at !== undefined || past === undefined || this.grewAt !== undefined) return fact;
    return past.sizeBytes !== undefined && (fact.src?.offset ?? 0) >= past.sizeBytes ? fact : { ...fact, at: past.bornAt };
  }

  #damage(damage: TailDamage): void {
    this.damaged += 1;
    const key = `${damage.offset}/${damage.sizeBytes}`;
    if (this.#options.framing === 'json-document' && this.#toldDamage.has(key)) return;
    if (this.#toldDamage.size < maxToldDamage) this.#toldDamage.add(key);
    this.#options.onDamage(damage);
  }

  async #pass(): Promise<void> {
    if (this.#verdict === 'unknown') {
      const { cwd } = this.#reader.describe();
      if (cwd === undefined) {
        // A file that never says where it was at work cannot be placed; its facts are not kept for ever.
        if (this.#waiting.length > maxWaiting) this.#waiting.splice(0, this.#waiting.length - maxWaiting);
        return;
      }
      this.#verdict = (await this.#options.isInside(cwd)) ? 'inside' : 'outside';
    }
    const facts = this.#waiting;
    this.#waiting = [];
    if (this.#verdict === 'inside' && facts.length > 0) await this.#options.deliver(facts, this.#reader.describe());
  }
}

const maxWaiting = 10_000;
const maxToldDamage = 1000;
