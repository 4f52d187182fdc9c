import * as z from 'zod';

/** Why a content is not in the blobs. `secret` covers names and contents that hold keys; `policy` the user's own excludes. */
export const SkipReason = z.enum(['too-large', 'secret', 'ignored', 'policy', 'unreadable', 'special', 'budget', 'lost', 'changing']);
export type SkipReason = z.infer<typeof SkipReason>;

/**
 * One state of a file. `hash` is the SHA-256 of its bytes (of the target's text for a link). `missing` says that the bytes
 * were not kept, and why; then it can be compared but not given back.
 */
export const FileVersion = z.object({
  hash: z.string().optional(),
  sizeBytes: z.number(),
  /** Permission bits, such as 0o644; absent where the platform has none. */
  mode: z.number().optional(),
  type: z.enum(['file', 'link']),
  missing: SkipReason.optional(),
});
export type FileVersion = z.infer<typeof FileVersion>;

/** True when both are the same content, type and executable bit. Two versions without a hash are never known to be equal. */
export function isSameVersion(a: FileVersion | undefined, b: FileVersion | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.hash !== undefined && a.hash === b.hash && a.type === b.type && isSameMode(a.mode, b.mode);
}

const isSameMode = (a: number | undefined, b: number | undefined): boolean => a === undefined || b === undefined || a === b;
