import type { Author } from '../model/author.ts';
import type { FileState, SessionState } from '../model/sessionState.ts';
import { decisionLines } from './decisionText.ts';
import { groupDecisions } from './decisions.ts';
import { compareMarks } from './eventOrder.ts';
import { isFileUnchanged } from './foldFile.ts';
import { filesChangedSince, lastGreenCheck } from './lastGreen.ts';
import { markdownText } from './markdownText.ts';
import { milestones, planProgress, type Milestone } from './progress.ts';
import { quoteBlock } from './quotedText.ts';
import { digestLine, sessionDigest } from './sessionDigest.ts';
import { authorName, counted, displayName, durationText } from './timelineWords.ts';
import type { ZonedTime } from './zonedTime.ts';

/** One session as a Markdown page. The same state gives the same page. All text from outside is escaped or fenced. */
export interface PageOptions {
  readonly time: ZonedTime;
  /** Its resume prompt, in Markdown. */
  readonly resume: string;
  /** Rows of a list; what is more is counted. */
  readonly rows?: number;
}

export function sessionPage(state: SessionState, options: PageOptions): string {
  const { time, rows = 300 } = options;
  const digest = sessionDigest(state);
  const parts: string[] = [
    `# ${markdownText(digest.label ?? digest.asked ?? 'A session', 120)}`,
    [
      `- Session: ${digest.session}`,
      `- When: ${time.minute(digest.startedAt)} to ${digest.endedAt === undefined ? `now (last event ${time.minute(digest.lastAt)})` : `${time.minute(digest.endedAt)}${state.session.endReason === undefined ? '' : ` (${state.session.endReason})`}`}, ${time.zone}`,
      `- In short: ${markdownText(digestLine(digest), 300)}`,
      ...(digest.branch === undefined ? [] : [`- Branch: ${markdownText(digest.branch, 100)}`]),
      ...(digest.tokens.output > 0
        ? [`- Tokens: ${digest.tokens.input.toLocaleString('en-US')} in, ${digest.tokens.output.toLocaleString('en-US')} out`]
        : []),
    ].join('\n'),
  ];
  const add = (title: string, lines: readonly string[]): void => {
    if (lines.length === 0) return;
    const more = lines.length > rows ? [`- … and ${(lines.length - rows).toLocaleString('en-US')} more`] : [];
    parts.push(`## ${title}\n\n${[...lines.slice(0, rows), ...more].join('\n')}`);
  };
  add(
    'Progress',
    milestones(state).map((milestone) => milestoneLine(milestone, time)),
  );
  add(
    'Plan',
    planProgress(state).items.map(
      ({ status, content, by }) =>
        `- [${status === 'completed' ? 'x' : ' '}] ${markdownText(content)}${status === 'in_progress' ? ' (in progress)' : ''} (${who(by)})`,
    ),
  );
  add('Last green', greenLines(state, time));
  const { inForce, proposed, dropped } = groupDecisions(state);
  for (const [title, decisions] of [
    ['Decisions', inForce],
    ['Proposed decisions', proposed],
    ['Decisions given up', dropped],
  ] as const)
    add(
      title,
      decisions.flatMap((decision) => [`### ${markdownText(decision.what)}`, '', ...decisionLines(decision, state, time.day), '']),
    );
  add('Blockers', blockerLines(state, time));
  fileTable(state, parts, rows);
  add(
    'Agents',
    [...state.runs.values()].map(
      (run) =>
        `- ${who({ actor: 'agent', how: 'none', ...(run.agent === undefined ? {} : { name: run.agent }) })}: ${counted(run.prompts, 'prompt')}, ${counted(run.toolCalls, 'tool call')}${run.toolsFailed > 0 ? ` (${run.toolsFailed} failed)` : ''}${run.model === undefined ? '' : `, ${markdownText(run.model, 60)}`}, run ${markdownText(run.run, 80)}`,
    ),
  );
  add('Skills and tools used', [
    ...[...new Set([...state.runs.values()].flatMap(({ skills }) => skills))].map((skill) => `- Skill ${markdownText(skill, 100)}`),
    ...[...state.tools]
      .sort(([, a], [, b]) => b.calls - a.calls)
      .map(
        ([name, { calls, failed }]) => `- ${markdownText(name, 100)}: ${counted(calls, 'call')}${failed > 0 ? `, ${failed} failed` : ''}`,
      ),
  ]);
  parts.push(`## Resume prompt\n\n${quoteBlock(options.resume, 60_000)}`);
  return `${parts.join('\n\n')}\n`;
}

const kindWords: { readonly [K in Milestone['kind']]: string } = {
  start: 'Began',
  prompt: 'Asked',
  note: 'Noted',
  checkpoint: 'Checkpoint',
  commit: 'Commit',
  green: 'Passed',
  decision: 'Decided',
  blocker: 'Blocked',
  cleared: 'Cleared',
  rewind: 'Rewound',
  undo: 'Undid a rewind',
  end: 'Ended',
};

const milestoneLine = ({ kind, mark, by, text }: Milestone, time: ZonedTime): string =>
  `- ${time.minute(mark.at)} ${kindWords[kind]}${text === undefined ? '' : `: ${markdownText(text, 240)}`} (${who(by)})`;

function greenLines(state: SessionState, time: ZonedTime): string[] {
  const green = lastGreenCheck(state);
  if (green === undefined) return [];
  const since = filesChangedSince(state, green.mark);
  return [
    `- ${markdownText(green.command ?? green.how, 160)} passed, ${time.minute(green.mark.at)}`,
    since.length === 0 ? '- Nothing changed since' : `- Changed since: ${since.map(({ path }) => markdownText(path)).join(', ')}`,
  ];
}

function blockerLines(state: SessionState, time: ZonedTime): string[] {
  const all = [...state.blockers.values()].filter(({ isSetAside }) => !isSetAside);
  return [...all.filter(({ isOpen }) => isOpen), ...all.filter(({ isOpen }) => !isOpen)].map((blocker) => {
    const end = blocker.cleared === undefined ? (state.session.endedAt ?? state.session.lastAt) : blocker.cleared.mark.at;
    const age = end === undefined ? '' : `, ${durationText(Math.max(0, Date.parse(end) - Date.parse(blocker.mark.at)))}`;
    const cleared = blocker.cleared;
    return `- ${cleared === undefined ? 'Open' : 'Cleared'}${age}: ${markdownText(blocker.what)}${blocker.cause === undefined ? '' : `; cause: ${markdownText(blocker.cause)}`}; ${blocker.isInferred ? 'inferred' : `stated by ${who(blocker.author)}`} ${time.minute(blocker.mark.at)}${cleared === undefined ? '' : `; cleared ${time.minute(cleared.mark.at)} by ${who(cleared.author)}${cleared.why === undefined ? '' : `: ${markdownText(cleared.why)}`}`}`;
  });
}

/** Read, created, modified, deleted, with what is to be said of each. */
function fileTable(state: SessionState, parts: string[], rows: number): void {
  const touched = [...state.files.values()].filter((file) => file.last !== undefined).sort((a, b) => compareMarks(b.last!, a.last!));
  const known = new Set(touched.map(({ path }) => path));
  const readOnly = [...state.reads].filter(([path]) => !known.has(path)).toReversed();
  if (touched.length + readOnly.length === 0) return;
  const lines = [
    ...touched.map(
      (file) =>
        `| ${markdownText(file.path)} | ${whatOf(file)} | ${file.reads === 0 ? '' : file.reads} | ${authorsOf(file)} | ${notesOf(file, state)} |`,
    ),
    ...readOnly.map(([path, reads]) => `| ${markdownText(path)} | read | ${reads} | | |`),
  ];
  const more = lines.length > rows ? `\n\n… and ${(lines.length - rows).toLocaleString('en-US')} more` : '';
  parts.push(`## Files\n\n| file | | reads | by | notes |\n|---|---|--:|---|---|\n${lines.slice(0, rows).join('\n')}${more}`);
}

function whatOf(file: FileState): string {
  if (isFileUnchanged(file)) return 'changed and back';
  if (!file.exists) return 'deleted';
  return file.first === undefined ? (file.from === undefined ? 'created' : 'renamed') : 'modified';
}

function authorsOf({ authors }: FileState): string {
  const names = new Map<string, number>();
  for (const { author, changes } of authors.values()) names.set(who(author), (names.get(who(author)) ?? 0) + changes);
  return [...names].map(([name, changes]) => `${name} ${changes}`).join(', ');
}

function notesOf(file: FileState, state: SessionState): string {
  const decisions = (state.trace.decisionFiles.get(file.path) ?? []).length;
  return [
    ...(file.added + file.removed > 0 ? [`+${file.added} −${file.removed} lines`] : []),
    ...(file.from === undefined ? [] : [`was ${markdownText(file.from)}`]),
    ...(file.skipped === undefined ? [] : [`content not kept: ${markdownText(file.skipped)}`]),
    ...(decisions > 0 ? [counted(decisions, 'decision')] : []),
  ].join('; ');
}

const who = (author: Author): string =>
  author.actor === 'user'
    ? 'you'
    : author.name === undefined
      ? markdownText(authorName(author), 60).toLowerCase()
      : markdownText(displayName(author.name), 60);
