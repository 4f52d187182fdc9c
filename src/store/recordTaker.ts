import type { RestartReason, TailDamage } from './transcriptTail.ts';

/** Who takes what the source of a transcript tells. */
export interface RecordTaker {
  readonly onRecord: (value: unknown, offset: number) => void;
  readonly onDamage?: (damage: TailDamage) => void;
  /** The file is another one than before: what follows begins at its first byte. */
  readonly onRestart?: (reason: RestartReason) => void;
  /** What follows is told again from its beginning; the reader knows what it has told. */
  readonly onAgain?: () => void;
  /** Awaited after each piece that was read, so that a long transcript does not pile up in memory. */
  readonly onChunk?: () => Promise<void>;
  /** A line, piece or row that is longer is told as damage. */
  readonly maxLineBytes?: number;
  readonly chunkBytes?: number;
}
