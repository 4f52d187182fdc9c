import { linesOf } from './lines.ts';

/** One place of a diff: the lines that stood there and those that stand there after, context included. */
export interface Hunk {
  /** Line of the old text, from 1, where the diff says it; agents are not always right about it. */
  readonly oldStart: number | undefined;
  /** A line that stands above the place, as Codex names it after `@@`. */
  readonly anchor: string | undefined;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** The hunks of a unified diff (with or without file headers and line numbers) or of the body of a Codex patch. LF. */
export function parseHunks(diff: string): readonly Hunk[] {
  const hunks: { oldStart: number | undefined; anchor: string | undefined; before: string[]; after: string[] }[] = [];
  let hunk: (typeof hunks)[number] | undefined;
  for (const line of linesOf(diff)) {
    if (line.startsWith('@@')) {
      const numbers = /^@@ -(\d+)/.exec(line);
      const anchor = numbers === null && line.startsWith('@@ ') ? line.slice(3) : undefined;
      hunk = { oldStart: numbers === null ? undefined : Number(numbers[1]), anchor, before: [], after: [] };
      hunks.push(hunk);
      continue;
    }
    if (hunk === undefined && (line.startsWith('--- ') || line.startsWith('+++ ') || line.startsWith('diff ') || line.startsWith('index ')))
      continue;
    if (line.startsWith('\\') || line === '*** End of File') continue;
    if (hunk === undefined) {
      hunk = { oldStart: undefined, anchor: undefined, before: [], after: [] };
      hunks.push(hunk);
    }
    const text = line.slice(1);
    if (line.startsWith('-')) hunk.before.push(text);
    else if (line.startsWith('+')) hunk.after.push(text);
    else {
      // A context line; an empty one is often told without its leading space.
      hunk.before.push(text);
      hunk.after.push(text);
    }
  }
  return hunks.filter((entry) => entry.before.length > 0 || entry.after.length > 0);
}

/**
 * The lines of the text after the hunks, each found at its line number or else from the end of the one before it.
 * Undefined when one fits nowhere.
 */
export function applyHunks(text: string, hunks: readonly Hunk[]): string | undefined {
  const lines = linesOf(text);
  const result: string[] = [];
  let next = 0;
  for (const hunk of hunks) {
    const at = placeOf(lines, hunk, next);
    if (at === undefined) return undefined;
    for (let index = next; index < at; index++) result.push(lines[index]!);
    for (const line of hunk.after) result.push(line);
    next = at + hunk.before.length;
  }
  for (let index = next; index < lines.length; index++) result.push(lines[index]!);
  return result.length === 0 ? '' : `${result.join('\n')}\n`;
}

function placeOf(lines: readonly string[], hunk: Hunk, from: number): number | undefined {
  if (hunk.before.length === 0) {
    // Nothing to find: after the line named by number, else after the anchor, else at the end.
    if (hunk.oldStart !== undefined) return hunk.oldStart >= from && hunk.oldStart <= lines.length ? hunk.oldStart : undefined;
    const anchor = anchorAt(lines, hunk, from);
    return anchor === undefined ? lines.length : anchor + 1;
  }
  const told = hunk.oldStart === undefined ? undefined : hunk.oldStart - 1;
  if (told !== undefined && told >= from && standsAt(lines, hunk.before, told)) return told;
  const start = anchorAt(lines, hunk, from) ?? from;
  for (let at = start; at + hunk.before.length <= lines.length; at++) if (standsAt(lines, hunk.before, at)) return at;
  return undefined;
}

function anchorAt(lines: readonly string[], hunk: Hunk, from: number): number | undefined {
  if (hunk.anchor === undefined) return undefined;
  const wanted = hunk.anchor.trim();
  for (let at = from; at < lines.length; at++) if (lines[at]!.trim() === wanted) return at;
  return undefined;
}

function standsAt(lines: readonly string[], wanted: readonly string[], at: number): boolean {
  return wanted.every((line, index) => lines[at + index] === line);
}
