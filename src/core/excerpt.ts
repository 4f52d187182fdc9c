import type { Digest } from '../model/digest.ts';
import type { Excerpt } from '../model/event.ts';

/** How much of a long text is kept, in UTF-8 bytes: its beginning and its end. */
export interface ExcerptLimit {
  readonly headBytes: number;
  readonly tailBytes: number;
}

const kiB = 1024;
/** What a tool or a command printed: 16 KiB. */
export const outputLimit: ExcerptLimit = { headBytes: 8 * kiB, tailBytes: 8 * kiB };
/** What a person or an agent wrote: 64 KiB. */
export const wordsLimit: ExcerptLimit = { headBytes: 48 * kiB, tailBytes: 16 * kiB };
/** What a tool was called with, beside its path, command and edits: 4 KiB. */
export const inputLimit: ExcerptLimit = { headBytes: 3 * kiB, tailBytes: 1 * kiB };

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The text whole when it is within the limit, else its head and tail (cut between characters) with the hash of the whole. */
export function excerptOf(text: string, limit: ExcerptLimit, digest: Digest): Excerpt {
  const bytes = encoder.encode(text);
  const sizeBytes = bytes.length;
  if (sizeBytes <= limit.headBytes + limit.tailBytes) return { head: text, sizeBytes };
  return {
    head: decoder.decode(bytes.subarray(0, characterStart(bytes, limit.headBytes))),
    tail: decoder.decode(bytes.subarray(characterStart(bytes, sizeBytes - limit.tailBytes))),
    sizeBytes,
    hash: digest.sha256(bytes),
  };
}

/** The nearest place at or before `at` where a character begins. */
function characterStart(bytes: Uint8Array, at: number): number {
  let start = at;
  while (start > 0 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start -= 1;
  return start;
}
