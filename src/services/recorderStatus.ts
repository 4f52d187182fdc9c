import type { Drift } from '../core/transcripts/drift.ts';
import type { SessionId } from '../model/ids.ts';
import type { WriterHealth } from '../store/writerHealth.ts';

export type RecorderState = 'off' | 'recording' | 'paused' | 'degraded' | 'viewing';

export interface RecorderStatus {
  /** `off`: no session. `viewing`: another process of this workspace records the files and agents, this one only its own terminals and entries. */
  readonly state: RecorderState;
  /** Why it is degraded or off, for people. */
  readonly reason?: string;
  /** The log's own part of that: what its writer fails at, and what waits meanwhile. */
  readonly log?: Extract<WriterHealth, { state: 'degraded' }>;
  readonly session?: SessionId;
  readonly label?: string;
  /** ISO 8601. */
  readonly startedAt?: string;
  /** What this process has recorded into the session. */
  readonly counts: { readonly events: number; readonly files: number; readonly commands: number; readonly failures: number };
  readonly isLeader: boolean;
  /** The root in use. */
  readonly root: string;
  /** True when the wanted root could not be written and the fallback is used. */
  readonly isFallbackRoot: boolean;
  /** Times in which something was not recorded. */
  readonly gaps: number;
  /** Records of agents' transcripts that could not be read by this process. */
  readonly damagedRecords: number;
  /** Records of agents' transcripts of types that this version does not know, the most first. */
  readonly drift: readonly Drift[];
  /** What the record policy kept out, by this process. */
  readonly withheld: { readonly runs: number; readonly facts: number };
}
