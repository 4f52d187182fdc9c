import type { ResumeItem } from './resumeItem.ts';
import { inlineCode, inlineText } from './quotedText.ts';
import { counted } from './timelineWords.ts';

/** What is no longer as it was at a point of the log: told on pick-up, before anything else. Marks are of the log's order. */
export interface Drift {
  /** The point, ISO 8601. */
  readonly since: string;
  /** HEAD then and now, by folder name ('' for the first), where they differ. */
  readonly heads: readonly DriftedHead[];
  /** Repositories whose HEAD was compared. */
  readonly headsCompared: number;
  /** Files of the session that are not what they were, by path. */
  readonly files: readonly { readonly path: string; readonly change: 'changed' | 'deleted' | 'created' }[];
  /** Files that were compared. */
  readonly filesCompared: number;
  /** Checks that ended otherwise since then; `before` undefined: not run by then. */
  readonly checks: readonly { readonly command: string; readonly before: number | undefined; readonly now: number }[];
  /** Decisions and blockers that were settled since, by their words. */
  readonly settled: readonly string[];
  /** Sessions that were begun since, and prompts given in this one. */
  readonly sessions: number;
  readonly prompts: number;
  /** What could not be compared, in words. */
  readonly unknown: readonly string[];
}

export interface DriftedHead {
  readonly folder: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly branchThen: string | undefined;
  readonly branchNow: string | undefined;
  /** Commits that came since, oldest first; empty where HEAD went elsewhere. */
  readonly commits: readonly { readonly commit: string; readonly subject: string }[];
}

export function hasDrifted({ heads, files, checks, settled, sessions, prompts }: Drift): boolean {
  return heads.length + files.length + checks.length + settled.length + sessions + prompts > 0;
}

/** The lines of the section. `time` tells a time of the log. */
export function driftItems(drift: Drift, time: (at: string) => string): ResumeItem[] {
  const items: ResumeItem[] = [];
  const add = (text: string): unknown => items.push({ text: `- ${text}`, events: [] });
  if (!hasDrifted(drift)) {
    const compared = [
      ...(drift.headsCompared > 0 ? ['HEAD'] : []),
      ...(drift.filesCompared > 0 ? [counted(drift.filesCompared, 'file')] : []),
    ];
    add(
      `Nothing${compared.length === 0 ? ', as far as can be seen' : `: compared were ${compared.join(' and ')}`}, with how it was ${time(drift.since)}`,
    );
  }
  for (const { folder, from, to, branchThen, branchNow, commits } of drift.heads) {
    const where = folder === '' ? '' : ` of ${inlineText(folder, 60)}`;
    if (branchThen !== branchNow)
      add(
        `The branch${where} is ${branchNow === undefined ? 'detached' : inlineCode(branchNow, 80)}; it was ${branchThen === undefined ? 'detached or unknown' : inlineCode(branchThen, 80)}`,
      );
    if (from === to) continue;
    const way = `from ${inlineCode((from ?? 'nothing').slice(0, 10))} to ${inlineCode((to ?? 'nothing').slice(0, 10))}`;
    if (commits.length === 0) add(`HEAD${where} moved ${way}, not by commits upon it`);
    else
      add(
        `HEAD${where} moved ${way}, ${counted(commits.length, 'commit')}: ${commits
          .slice(-5)
          .map(({ subject }) => `“${inlineText(subject, 80)}”`)
          .join(', ')}`,
      );
  }
  if (drift.files.length > 0)
    add(
      `${counted(drift.files.length, 'file')} of ${drift.filesCompared} that this names ${drift.files.length === 1 ? 'is' : 'are'} no longer what ${drift.files.length === 1 ? 'it was' : 'they were'}: ${drift.files
        .slice(0, 12)
        .map(({ path, change }) => `${inlineCode(path)}${change === 'changed' ? '' : ` (${change})`}`)
        .join(', ')}${drift.files.length > 12 ? ` and ${drift.files.length - 12} more` : ''}`,
    );
  for (const { command, before, now } of drift.checks)
    add(`${inlineCode(command)} ended with ${now} since${before === undefined ? ', and had not run by then' : `; it was ${before}`}`);
  for (const words of drift.settled.slice(0, 8)) add(inlineText(words, 200));
  if (drift.prompts > 0) add(`${counted(drift.prompts, 'prompt')} came since in the same session`);
  if (drift.sessions > 0) add(`${counted(drift.sessions, 'session')} ${drift.sessions === 1 ? 'was' : 'were'} begun here since`);
  for (const words of drift.unknown) add(`Not compared: ${inlineText(words, 160)}`);
  return items;
}
