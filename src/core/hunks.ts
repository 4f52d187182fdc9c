import { diffArrays } from 'diff';

/**
 * The stretches in which two texts differ, to be chosen from one by one: `takeHunks` with all of them is the second text,
 * with none the first one, byte for byte. Line ends are part of their line, and a last line without one is a line.
 * Characters may stand for bytes (Latin-1): no one is looked at but LF.
 */
export interface Hunk {
  /** Lines of the first text that it takes away, and before which line (from 0) what it brings stands. */
  readonly at: number;
  readonly removed: readonly string[];
  /** Where what it brings stands in the second text, from 0. */
  readonly toAt: number;
  readonly added: readonly string[];
}

/** A difference that takes longer to find is no list to choose from. */
const diffTimeoutMs = 1000;

/** In order. Undefined: it could not be found in time. */
export function hunksBetween(from: string, to: string): readonly Hunk[] | undefined {
  const [old, fresh] = [splitLines(from), splitLines(to)];
  let start = 0;
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start += 1;
  let end = 0;
  while (end < Math.min(old.length, fresh.length) - start && old.at(-1 - end) === fresh.at(-1 - end)) end += 1;
  const parts = diffArrays(old.slice(start, old.length - end), fresh.slice(start, fresh.length - end), { timeout: diffTimeoutMs });
  if (parts === undefined) return undefined;
  const hunks: Hunk[] = [];
  let [at, toAt] = [start, start];
  let open: { at: number; removed: string[]; toAt: number; added: string[] } | undefined;
  for (const part of parts) {
    if (!part.added && !part.removed) {
      at += part.count;
      toAt += part.count;
      open = undefined;
      continue;
    }
    if (open === undefined) hunks.push((open = { at, removed: [], toAt, added: [] }));
    open[part.added ? 'added' : 'removed'].push(...part.value);
    if (part.added) toAt += part.count;
    else at += part.count;
  }
  return hunks;
}

/** The first text with only these hunks, by their place in the list. */
export function takeHunks(from: string, hunks: readonly Hunk[], chosen: ReadonlySet<number>): string {
  const lines = splitLines(from);
  const out: string[] = [];
  let next = 0;
  for (const [index, { at, removed, added }] of hunks.entries()) {
    if (!chosen.has(index)) continue;
    out.push(...lines.slice(next, at), ...added);
    next = at + removed.length;
  }
  return [...out, ...lines.slice(next)].join('');
}

function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+/g) ?? [];
}
