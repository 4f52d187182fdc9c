import { markdownText } from './markdownText.ts';
import type { SessionDigest } from './sessionDigest.ts';
import { digestLine } from './sessionDigest.ts';
import { counted, displayName } from './timelineWords.ts';
import type { ZonedTime } from './zonedTime.ts';

/** The pages that list sessions. Text from outside is escaped; digests come newest first. */

export interface IndexOptions {
  /** What the workspace is called. */
  readonly title: string;
  readonly time: ZonedTime;
}

/** SESSION_INDEX.md and SESSION_INDEX_ARCHIVE.md: a row a session. */
export function indexPage(
  digests: readonly SessionDigest[],
  options: IndexOptions,
  archive: { readonly isArchive: boolean; readonly others: number },
): string {
  const { time, title } = options;
  const head = archive.isArchive ? `# Sessions in ${markdownText(title, 80)}, older ones` : `# Sessions in ${markdownText(title, 80)}`;
  const intro = `Newest first; times in ${time.zone}. Written by Tapedeck from its log; changes made here are written over.`;
  const rows = digests.map((digest) => {
    const files = digest.files.created + digest.files.changed + digest.files.deleted;
    return `| ${[
      `[${time.minute(digest.startedAt)}](sessions/${digest.session}.md)`,
      cell(nameOf(digest), 80),
      cell(digest.agents.map(displayName).join(', '), 60),
      String(digest.prompts),
      String(files),
      String(digest.commits),
      String(digest.decisions),
      digest.openBlockers === 0 ? '' : String(digest.openBlockers),
      digest.endedAt === undefined
        ? 'open'
        : time.day(digest.endedAt) === time.day(digest.startedAt)
          ? time.clock(digest.endedAt)
          : time.minute(digest.endedAt),
    ].join(' | ')} |`;
  });
  const more = archive.isArchive
    ? '\nThe newer ones: [SESSION_INDEX.md](SESSION_INDEX.md).\n'
    : archive.others > 0
      ? `\n${counted(archive.others, 'older session')}: [SESSION_INDEX_ARCHIVE.md](SESSION_INDEX_ARCHIVE.md).\n`
      : '';
  if (rows.length === 0) return `${head}\n\n${intro}\n\nNothing was recorded yet.\n`;
  return `${head}\n\n${intro}\n\n| began | what | agents | prompts | files | commits | decisions | blockers | ended |\n|---|---|---|--:|--:|--:|--:|--:|---|\n${rows.join('\n')}\n${more}`;
}

/** RECENT_WORK.md: what was done lately and what comes next, in at most `lines` lines, whole sessions only. */
export function recentPage(
  digests: readonly SessionDigest[],
  options: IndexOptions,
  limits: { readonly sessions: number; readonly lines: number },
): string {
  const { time, title } = options;
  const lines = [
    `# Recent work in ${markdownText(title, 80)}`,
    '',
    `The last sessions, newest first; times in ${time.zone}. All of them: [SESSION_INDEX.md](SESSION_INDEX.md).`,
  ];
  let told = 0;
  for (const digest of digests.slice(0, limits.sessions)) {
    const part = recentPart(digest, time);
    // A session is told in its first two lines rather than not at all.
    const room = limits.lines - lines.length - 1;
    const short = part.slice(0, Math.max(3, Math.min(part.length, room - (Math.min(digests.length, limits.sessions) - told - 1) * 3)));
    if (short.length > room) break;
    lines.push(...short);
    told += 1;
  }
  if (told < digests.length) lines.push('', `… and ${counted(digests.length - told, 'earlier session')}`);
  return `${lines.slice(0, limits.lines).join('\n')}\n`;
}

function recentPart(digest: SessionDigest, time: ZonedTime): string[] {
  const state = digest.endedAt === undefined ? ', open' : '';
  return [
    '',
    `## [${time.minute(digest.startedAt)}](sessions/${digest.session}.md) ${markdownText(nameOf(digest), 100)}${state}`,
    markdownText(digestLine(digest), 300),
    ...(digest.next === undefined
      ? []
      : [`- Next: ${markdownText(digest.next, 160)} (${digest.plan.left} left, ${digest.plan.done} done)`]),
    ...digest.decided.slice(0, 2).map((what) => `- Decided: ${markdownText(what, 160)}`),
    ...(digest.green === undefined ? [] : [`- Last green: ${markdownText(digest.green.command, 80)}, ${time.minute(digest.green.at)}`]),
  ];
}

const nameOf = (digest: SessionDigest): string => digest.label ?? digest.asked ?? 'Without a name';

/** A cell ends at a bar, which `markdownText` escapes. */
const cell = (text: string, limit: number): string => markdownText(text, limit);
