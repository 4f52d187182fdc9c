import type {
  Framing,
  ReaderCounts,
  RunDescription,
  TranscriptAdapter,
  TranscriptFact,
  TranscriptFile,
} from '../core/transcripts/adapter.ts';
import type { Digest } from '../model/digest.ts';
import { besideReader } from '../store/besideFile.ts';
import { readTranscriptEnds } from '../store/transcriptEnds.ts';
import { readTranscriptFile } from '../store/transcriptFile.ts';

export interface ToldTranscript {
  readonly adapter: TranscriptAdapter;
  readonly framing: Framing;
  readonly file: TranscriptFile;
}

export interface TellOptions {
  readonly digest: Digest;
  /** Folders, absolute, at which the run may have been at work, for agents that tell only a hash of it. */
  readonly folders: readonly string[];
  /** Does a run with this working folder belong here? Absent: every run does. */
  readonly isInside?: (cwd: string) => Promise<boolean>;
  /** Takes facts in the file's order; awaited before more is read. */
  readonly take: (facts: readonly TranscriptFact[], run: RunDescription) => Promise<void> | void;
  /** Thrown out of the reading where it rejects: to stop, and to tell how far it is. */
  readonly onChunk?: () => Promise<void> | void;
}

export interface ToldEnd {
  /** `outside`: the run belongs elsewhere, and was not read any further; `unplaced`: it never said where it was at work. */
  readonly verdict: 'inside' | 'outside' | 'unplaced';
  readonly run: RunDescription;
  readonly counts: ReaderCounts;
  readonly damaged: number;
}

/** As many facts of a run that has not said yet where it is at work are kept. */
const maxWaiting = 10_000;

/**
 * Tells the facts of one transcript that lies still, from its beginning to its end, a chunk at a time. Memory is bounded by
 * the chunk and the line limit. Rejects with the system's error when it cannot be read, and with whatever `take` and `onChunk` throw.
 */
export async function tellTranscript({ adapter, framing, file }: ToldTranscript, options: TellOptions): Promise<ToldEnd> {
  const reader = adapter.openReader(file, { digest: options.digest, beside: besideReader(file), folders: options.folders });
  let verdict: ToldEnd['verdict'] = options.isInside === undefined ? 'inside' : 'unplaced';
  let waiting: TranscriptFact[] = [];
  let damaged = 0;
  const pass = async (): Promise<void> => {
    if (verdict === 'unplaced') {
      const { cwd } = reader.describe();
      if (cwd === undefined) {
        if (waiting.length > maxWaiting) waiting.splice(0, waiting.length - maxWaiting);
        return;
      }
      verdict = (await options.isInside!(cwd)) ? 'inside' : 'outside';
    }
    if (verdict === 'outside') throw elsewhere;
    const facts = waiting;
    waiting = [];
    if (facts.length > 0) await options.take(facts, reader.describe());
  };
  try {
    await readTranscriptFile(framing, file, {
      onRecord: (value, offset) => {
        for (const fact of reader.read(value, { offset })) waiting.push(fact);
      },
      onDamage: () => (damaged += 1),
      onChunk: async () => {
        await options.onChunk?.();
        await pass();
      },
    });
    await pass();
    waiting.push(...reader.quiet());
    await pass();
  } catch (error) {
    if (error !== elsewhere) throw error;
  }
  return { verdict, run: reader.describe(), counts: reader.counts, damaged };
}

const peekBytes = 16 * 1024;
const maxPeekBytes = 256 * 1024;

/** Where the run was at work, by the beginning of its transcript; undefined where that does not say it. Most belong elsewhere. */
export async function peekFolder(
  { adapter, framing, file }: ToldTranscript,
  digest: Digest,
  folders: readonly string[],
): Promise<string | undefined> {
  if (framing !== 'json-lines') return undefined;
  const reader = adapter.openReader(file, { digest, beside: besideReader(file), folders });
  await readTranscriptEnds({
    path: file.path,
    isText: false,
    headBytes: peekBytes,
    maxHeadBytes: maxPeekBytes,
    tailBytes: 0,
    onRecord: (value, offset) => void reader.read(value, { offset }),
    isEnough: () => reader.describe().cwd !== undefined,
    wantsTail: () => Promise.resolve(false),
  });
  return reader.describe().cwd;
}

/** Ends the reading of a run that belongs elsewhere. */
const elsewhere = new Error('The run was at work elsewhere.');
