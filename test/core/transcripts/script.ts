import type { ReaderCounts, RunDescription, TranscriptAdapter, TranscriptFact } from '../../../src/core/transcripts/adapter.ts';
import { nodeDigest } from '../../../src/store/digest.ts';

export interface Told {
  readonly facts: readonly TranscriptFact[];
  readonly counts: ReaderCounts;
  readonly run: RunDescription;
  of<K extends TranscriptFact['kind']>(kind: K): readonly Extract<TranscriptFact, { kind: K }>[];
}

/** Reads records that a test wrote itself, one a second. */
export function tell(adapter: TranscriptAdapter, relative: string, records: readonly object[]): Told {
  const reader = adapter.openReader({ path: `/t/${relative}`, relative }, { digest: nodeDigest });
  const facts = records.flatMap((record, index) => [
    ...reader.read({ timestamp: new Date(Date.UTC(2026, 10, 20) + index * 1000).toISOString(), ...record }, { offset: index * 100 }),
  ]);
  facts.push(...reader.quiet());
  return {
    facts,
    counts: reader.counts,
    run: reader.describe(),
    of: (kind) => facts.filter((fact): fact is never => fact.kind === kind),
  };
}
