import { diff3Merge } from 'node-diff3';

/** What came of merging two descendants of one text. */
export type MergedText =
  | { readonly state: 'merged'; readonly text: string }
  /** Both changed the same lines. `text` holds both, between the marks that Git uses. */
  | { readonly state: 'overlap'; readonly text: string; readonly overlaps: number }
  | { readonly state: 'too-large' };

export interface MergeLabels {
  readonly ours: string;
  readonly theirs: string;
}

/** Beyond these a merge is not worth its time: the product of the lines that differ, and the lines as such. */
const maxWork = 20_000_000;
const maxLines = 200_000;

/**
 * Merges by lines, as diff3 does (S. Khanna, K. Kunal, B. C. Pierce: A Formal Investigation of Diff3, 2007). Line ends are
 * part of their line and kept as they are; what both did alike is done once. Characters may stand for bytes (Latin-1): no
 * one is looked at but LF.
 */
export function mergeTexts(base: string, ours: string, theirs: string, labels: MergeLabels): MergedText {
  if (ours === theirs || base === theirs) return { state: 'merged', text: ours };
  if (base === ours) return { state: 'merged', text: theirs };
  const sides = [base, ours, theirs].map(linesWithEnds) as [string[], string[], string[]];
  const { start, end } = commonEnds(sides);
  const [o, a, b] = sides.map((lines) => lines.slice(start, lines.length - end)) as [string[], string[], string[]];
  if (Math.max(o.length, a.length, b.length) > maxLines || o.length * Math.max(a.length, b.length) > maxWork) return { state: 'too-large' };
  const out = sides[0].slice(0, start);
  let overlaps = 0;
  for (const region of diff3Merge(a, o, b, { excludeFalseConflicts: true })) {
    if (region.ok !== undefined) out.push(...region.ok);
    else if (region.conflict !== undefined) {
      overlaps += 1;
      const { a: mine, b: other } = region.conflict;
      const end = [...mine, ...other].some((line) => line.endsWith('\r\n')) ? '\r\n' : '\n';
      out.push(...marked(`<<<<<<< ${labels.ours}`, mine, end), ...marked('=======', other, end), `>>>>>>> ${labels.theirs}${end}`);
    }
  }
  const text = [...out, ...sides[0].slice(sides[0].length - end)].join('');
  return overlaps === 0 ? { state: 'merged', text } : { state: 'overlap', text, overlaps };
}

const marked = (mark: string, lines: readonly string[], end: string): string[] => [
  `${mark}${end}`,
  ...lines.slice(0, -1),
  ...lines.slice(-1).map((line) => (line.endsWith('\n') ? line : `${line}${end}`)),
];

function linesWithEnds(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+/g) ?? [];
}

/** Lines that all three begin and end with. */
function commonEnds([o, a, b]: readonly [string[], string[], string[]]): { readonly start: number; readonly end: number } {
  const shortest = Math.min(o.length, a.length, b.length);
  let start = 0;
  while (start < shortest && o[start] === a[start] && o[start] === b[start]) start += 1;
  let end = 0;
  while (end < shortest - start && o.at(-1 - end) === a.at(-1 - end) && o.at(-1 - end) === b.at(-1 - end)) end += 1;
  return { start, end };
}
