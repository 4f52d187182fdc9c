import type { UnixMs } from '../base/clock.ts';
import { SourceSet } from '../core/sourceSet.ts';
import type { Digest } from '../model/digest.ts';
import type { RunId } from '../model/ids.ts';
import type { TapedeckLayout } from '../store/layout.ts';
import { openLogReader } from '../store/logReader.ts';
import { recallLog } from '../store/logRecall.ts';
import { listSessionIds } from '../store/sessionCard.ts';
import { compareMarks } from '../core/eventOrder.ts';
import { notePause, type PausedTime } from './fileMemory.ts';

/** What the logs of all sessions hold already, so that nothing is told twice, and nothing of what was not to be recorded. */
export interface RecordedBefore {
  /** There is no session at all. */
  readonly isEmpty: boolean;
  /** Of every fact of a transcript. */
  readonly sources: SourceSet;
  /** Hashes of commits. */
  readonly commits: ReadonlySet<string>;
  /** Runs of which the user wanted nothing recorded. */
  readonly withheld: ReadonlySet<RunId>;
  /** Did the user pause the recording at that time? */
  wasPausedAt(atMs: UnixMs): boolean;
}

/** Reads it from the logs, or from what is kept beside them. */
export async function readRecordedBefore(layout: TapedeckLayout, digest: Digest): Promise<RecordedBefore> {
  const sources = new SourceSet();
  const commits = new Set<string>();
  const withheld = new Set<RunId>();
  const pauses: PausedTime[] = [];
  const ids = await listSessionIds(layout);
  for (const id of ids) {
    const recall = await recallLog(layout.session(id), digest);
    for (const pairs of recall.sources.shards()) for (let at = 0; at < pairs.length; at += 2) sources.addHash(pairs[at]!, pairs[at + 1]!);
    const own: PausedTime[] = [];
    for (const pause of recall.pauses.toSorted(compareMarks)) notePause(own, pause);
    const reader = await openLogReader({ layout, session: id, digest });
    try {
      for await (const events of reader.batches({ filter: { kinds: ['git.committed', 'run.started', 'session.ended'] } }))
        for (const event of events) {
          if (event.kind === 'git.committed') commits.add(event.commit);
          else if (event.kind === 'run.started' && event.notRecorded !== undefined && event.run !== undefined) withheld.add(event.run);
          // A pause holds as long as its session.
          const last = own.at(-1);
          if (event.kind === 'session.ended' && last !== undefined) last.to ??= event.at;
        }
    } finally {
      reader.dispose();
    }
    pauses.push(...own);
  }
  const times = pauses.map(({ from, to }) => [Date.parse(from), to === undefined ? Number.POSITIVE_INFINITY : Date.parse(to)] as const);
  return {
    isEmpty: ids.length === 0,
    sources,
    commits,
    withheld,
    wasPausedAt: (atMs) => times.some(([from, to]) => atMs >= from && atMs < to),
  };
}
