import type { Digest } from '../../model/digest.ts';
import type { ClaimedEdit } from '../../model/event.ts';
import { toLf } from './lines.ts';
import { applyHunks, parseHunks } from './patch.ts';

/** Texts of an edit longer than this are left out of its claim; path, operation and hash remain. */
export const claimLimitBytes = 64 * 1024;

/** The text when it is short enough to stand in a claim. */
export function claimText(text: string | undefined): string | undefined {
  // Three bytes is the most that a UTF-16 unit takes in UTF-8.
  return text !== undefined && text.length * 3 <= claimLimitBytes ? text : undefined;
}

/** As many edits as one fact may tell, and their texts as long as they are short together; what is left out is still on disk. */
export function boundEdits(edits: readonly ClaimedEdit[]): ClaimedEdit[] {
  let left = claimLimitBytes * 8;
  return edits.slice(0, maxEdits).map((edit) => {
    left -= ((edit.oldText?.length ?? 0) + (edit.newText?.length ?? 0) + (edit.patch?.length ?? 0)) * 3;
    if (left >= 0) return edit;
    const { path, op, from, afterHash } = edit;
    return { path, op, ...(from === undefined ? {} : { from }), ...(afterHash === undefined ? {} : { afterHash }) };
  });
}

const maxEdits = 500;

/**
 * Is what happened to the file what the agent says it did? `before` and `after` are the file's whole texts, undefined
 * where there was none; for a move `before` is the text at the old path. Line ends and the presence of a final one are
 * not held against the claim, since agents tell LF and keep CRLF on disk. A claim that tells only its path is never a
 * match; with `digest` one that tells only a hash can be.
 */
export function claimMatches(claim: ClaimedEdit, before: string | undefined, after: string | undefined, digest?: Digest): boolean {
  return claimsMatch([claim], before, after, digest);
}

/** The same for several edits of one file, one upon the other. */
export function claimsMatch(
  claims: readonly ClaimedEdit[],
  before: string | undefined,
  after: string | undefined,
  digest?: Digest,
): boolean {
  if (claims.length === 0) return false;
  if (claims.length === 1 && digest !== undefined && hasClaimedHash(claims[0]!, after, digest)) return true;
  let text = before === undefined ? undefined : toLf(before);
  for (const claim of claims) {
    const outcome = outcomeOf(claim, text);
    if (outcome === 'unknown') return false;
    text = outcome.text;
  }
  return text === undefined ? after === undefined : after !== undefined && isSameText(text, toLf(after));
}

function hasClaimedHash(claim: ClaimedEdit, after: string | undefined, digest: Digest): boolean {
  if (claim.afterHash === undefined || after === undefined) return false;
  return digest.sha256(after) === claim.afterHash || digest.sha256(toLf(after)) === claim.afterHash;
}

/** The file's text after the claim, `text` undefined for a deleted one. */
function outcomeOf(claim: ClaimedEdit, before: string | undefined): 'unknown' | { readonly text: string | undefined } {
  if (claim.op === 'delete') return { text: undefined };
  if (claim.patch !== undefined) {
    if (before === undefined) return 'unknown';
    const text = applyHunks(before, parseHunks(toLf(claim.patch)));
    return text === undefined ? 'unknown' : { text };
  }
  const newText = typeof claim.newText === 'string' ? toLf(claim.newText) : undefined;
  const oldText = typeof claim.oldText === 'string' ? toLf(claim.oldText) : undefined;
  if (newText === undefined) return claim.op === 'move' && before !== undefined ? { text: before } : 'unknown';
  if (oldText === undefined || oldText === '') return { text: newText };
  if (before === undefined) return 'unknown';
  if (before === oldText) return { text: newText };
  const at = before.indexOf(oldText);
  if (at < 0) return 'unknown';
  if (claim.replaceAll === true) return { text: before.split(oldText).join(newText) };
  return { text: before.slice(0, at) + newText + before.slice(at + oldText.length) };
}

function isSameText(a: string, b: string): boolean {
  return a === b || withFinalEnd(a) === withFinalEnd(b);
}

const withFinalEnd = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);
