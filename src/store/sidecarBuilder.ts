import type { Digest } from '../model/digest.ts';
import type { SegmentFile } from './segmentFile.ts';
import type { SidecarKind } from './sidecar.ts';

/** How one kind of sidecar is made: told each line of a segment once, in order, in the same pass as the other kinds. */
export interface SidecarRecipe {
  readonly kind: SidecarKind;
  /** A smaller segment has none: reading it costs less. */
  readonly minBytes: number;
  begin(segment: SegmentFile, digest: Digest): SidecarBuilder;
}

export interface SidecarBuilder {
  /**
   * The next line, which begins at `offset` in the segment. Its newline is `bytes[to]`; the bytes are good during the call.
   * A line that is too long to be held comes without its bytes, `from` being 0.
   */
  add(bytes: Buffer | undefined, from: number, to: number, offset: number): void;
  /** The payload for all lines so far. */
  finish(): Uint8Array;
}
