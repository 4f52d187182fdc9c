import type { UnixMs } from '../base/clock.ts';
import type { Author } from '../model/author.ts';
import { eventId, type EventId } from '../model/ids.ts';
import type { Decision, EventMark, FileState, PromptEntry, RunState, SessionState } from '../model/sessionState.ts';
import type { Drift } from './resumeDrift.ts';
import type { ResumeItem } from './resumeItem.ts';
import { driftItems } from './resumeDrift.ts';
import { currentPlans, groupDecisions, isLeft, openBlockers } from './decisions.ts';
import { compareMarks } from './eventOrder.ts';
import { isInAside } from './foldRewind.ts';
import { isFileUnchanged } from './foldFile.ts';
import { checkCommands, countChangedSince, filesChangedSince, lastGreen, lastGreenCheck } from './lastGreen.ts';
import { inlineCode, inlineText, outputTail, quoteBlock } from './quotedText.ts';
import { counted, displayName, durationText } from './timelineWords.ts';

/**
 * The parts of a resume prompt, each a list of items in the order of their worth. Every item rests on the events that it
 * names. Nothing is concluded beyond what the log says: verified stands apart from claimed, inferred says that it is.
 */
export interface ResumeSection {
  readonly id: SectionId;
  readonly title: string;
  readonly items: readonly ResumeItem[];
}

export type SectionId =
  | 'drift'
  | 'goal'
  | 'constraints'
  | 'verified'
  | 'claimed'
  | 'decisions'
  | 'blockers'
  | 'plan'
  | 'failed'
  | 'avoid'
  | 'files'
  | 'notes'
  | 'check'
  | 'resume'
  | 'rewinds'
  | 'record';

export interface SectionOptions {
  readonly now: UnixMs;
  /** The words that take an agent's own run up again; undefined when the agent is not known. */
  readonly resumeCommand: (agent: string, run: string, key?: string) => readonly string[] | undefined;
  /** Who takes up the work: its own conversations are told apart from others’. */
  readonly target?: string | undefined;
  readonly drift?: Drift | undefined;
}

/** Every section, in the order in which they are read. */
export const sectionTitles: { readonly [K in SectionId]: string } = {
  drift: 'What changed since this was recorded',
  goal: 'Goal and constraints, in the user’s own words',
  constraints: 'More that the user said must be so, verbatim',
  blockers: 'Open blockers',
  plan: 'Left to do, as it was planned',
  verified: 'Done and verified (exit codes, commits, file contents)',
  claimed: 'Claimed by the agent, not verified',
  decisions: 'Decisions',
  notes: 'Notes',
  failed: 'Failed last',
  avoid: 'Tried and dropped: do not redo',
  files: 'Files that matter',
  check: 'How to check',
  resume: 'The agent’s own conversation',
  rewinds: 'Rewinds',
  record: 'About this record',
};

/** All sections that have something to say, in the order in which they are read. */
export function resumeSections(state: SessionState, options: SectionOptions): ResumeSection[] {
  const time = timeText(options.now);
  const items: { readonly [K in SectionId]: readonly ResumeItem[] } = {
    drift: options.drift === undefined ? [] : driftItems(options.drift, (at) => time({ at, w: '', n: 0 })),
    goal: goal(state, time),
    constraints: constraints(state, time),
    blockers: blockers(state, time),
    plan: plan(state),
    verified: verified(state, time),
    claimed: claimed(state, time),
    decisions: decisions(state, time),
    notes: notes(state, time),
    failed: failed(state, time),
    avoid: avoid(state, time),
    files: files(state),
    check: check(state, time),
    resume: conversations(state, time, options),
    rewinds: rewinds(state, time),
    record: record(state, time),
  };
  return sectionIds.map((id) => ({ id, title: sectionTitles[id], items: items[id] })).filter((section) => section.items.length > 0);
}

export const isSectionId = (id: string): id is SectionId => id in sectionTitles;

export const sectionIds = Object.keys(sectionTitles) as readonly SectionId[];

/** Sentences of the user that need not stand whole in the prompts which are quoted: a long one is cut in its middle. */
function constraints(state: SessionState, time: TimeText): ResumeItem[] {
  const { first, latest } = state.prompts;
  // Short ones among those that come first are shown whole.
  const whole = new Set(
    [latest.at(-1), first[0]].flatMap((prompt) =>
      prompt !== undefined && prompt.text.length <= shortPrompt ? [eventId(prompt.mark)] : [],
    ),
  );
  return state.constraints
    .filter(({ mark }) => !isInAside(state.aside, mark) && !whole.has(eventId(mark)))
    .toReversed()
    .map(({ mark, run, text }) => {
      const to = agentOf(state, run);
      return {
        text: `- ${inlineCode(text, 400)} (${to === undefined ? '' : `to ${to}, `}${time(mark)})`,
        short: `- ${inlineCode(text, 400)}`,
        events: at(mark),
      };
    });
}

const shortPrompt = 110;

type TimeText = (mark: EventMark) => string;

/** `2026-11-21 10:00 UTC, 5 min ago`. */
export function timeText(now: UnixMs): TimeText {
  return ({ at }) => {
    const then = Date.parse(at);
    if (Number.isNaN(then)) return 'at an unknown time';
    const stamp = `${new Date(then).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
    return now < then ? stamp : `${stamp}, ${ageText(now - then)} ago`;
  };
}

const dayMs = 86_400_000;

function ageText(ageMs: number): string {
  return ageMs < 2 * dayMs ? durationText(Math.max(60_000, ageMs)) : counted(Math.floor(ageMs / dayMs), 'day');
}

export function authorWord(author: Author): string {
  switch (author.actor) {
    case 'user':
      return 'the user';
    case 'agent':
      return author.name === undefined ? 'an agent' : displayName(author.name);
    case 'tool':
      return author.name === undefined ? 'a tool' : displayName(author.name);
    case 'git':
      return 'git';
    case 'system':
      return 'Tapedeck';
    case 'unknown':
      return 'unknown';
  }
}

const at = (...marks: readonly (EventMark | undefined)[]): EventId[] => marks.filter((mark) => mark !== undefined).map(eventId);

/** Words in which people state constraints. Only used to choose which prompts to quote first; the quotation is verbatim. */
const constraintWords = /\b(?:do not|don['’]t|never|must|always|only|keep|without|avoid|make sure|no longer|instead of|required?)\b/i;

function goal(state: SessionState, time: TimeText): ResumeItem[] {
  const { first, latest, count } = state.prompts;
  const all = [...new Map([...first, ...latest].map((prompt) => [eventId(prompt.mark), prompt])).values()].filter(
    ({ isSetAside }) => !isSetAside,
  );
  const newest = all.at(-1);
  if (newest === undefined) return [];
  const weighty = all.findLast(({ text }) => text.trim().length >= 24);
  const ranked = [
    ...new Set([newest, weighty, all[0], ...all.filter(({ text }) => constraintWords.test(text)).toReversed(), ...all.toReversed()]),
  ];
  return ranked
    .filter((prompt): prompt is PromptEntry => prompt !== undefined)
    .map((prompt) => {
      const which = prompt === newest ? 'The latest prompt' : prompt === all[0] ? 'The first prompt' : 'A prompt';
      const to = agentOf(state, prompt.run);
      const whole = prompt.full.tail === undefined ? prompt.full.head : `${prompt.full.head}\n[…]\n${prompt.full.tail}`;
      const more = count > all.length && prompt === all[0] ? `, of ${counted(count, 'prompt')}` : '';
      const head = `${which}${more}${to === undefined ? '' : ` (to ${to})`}, ${time(prompt.mark)}:`;
      return {
        text: `${head}\n${quoteBlock(whole, 4000)}`,
        short: `${head}\n${quoteBlock(whole, 420)}`,
        shortest: `${which}:\n${quoteBlock(whole, 120)}`,
        events: at(prompt.mark),
      };
    });
}

function agentOf(state: SessionState, run: string | undefined): string | undefined {
  const agent = run === undefined ? undefined : state.runs.get(run)?.agent;
  return agent === undefined ? undefined : displayName(inlineText(agent, 60));
}

function blockers(state: SessionState, time: TimeText): ResumeItem[] {
  return openBlockers(state).map((blocker) => ({
    text: `- ${blocker.isInferred ? 'Inferred' : `Stated by ${authorWord(blocker.author)}`}: ${inlineText(blocker.what)}${
      blocker.cause === undefined ? '' : ` (${inlineText(blocker.cause, 160)})`
    }, since ${time(blocker.mark)}`,
    events: [...at(blocker.mark), ...blocker.evidence],
  }));
}

function plan(state: SessionState): ResumeItem[] {
  const plans = currentPlans(state).filter(({ entries }) => entries.some(isLeft));
  return plans.flatMap((version) => {
    const whose = plans.length > 1 ? ` (${agentOf(state, version.run) ?? authorWord(version.author)})` : '';
    const left = version.entries.filter(isLeft);
    return [...left.filter(({ status }) => status === 'in_progress'), ...left.filter(({ status }) => status === 'pending')].map(
      (entry) => ({
        text: `- [ ] ${inlineText(entry.content)}${entry.status === 'in_progress' ? ' (was in progress)' : ''}${whose}`,
        events: at(version.mark),
      }),
    );
  });
}

function notes(state: SessionState, time: TimeText): ResumeItem[] {
  // Why a rewind was made stands with the rewind.
  const rewinds = new Set(state.branches.map(({ id }) => id));
  return state.notes
    .filter(({ id, isSetAside }) => !isSetAside && (id === undefined || !rewinds.has(id)))
    .toReversed()
    .map((note) => ({ text: `- ${inlineText(note.text, 400)} (${authorWord(note.author)}, ${time(note.mark)})`, events: at(note.mark) }));
}

/** Which agents' work a commit holds. */
function workOf(state: SessionState, runs: readonly string[]): string {
  const names = new Set(runs.map((run) => displayName(inlineText(state.runs.get(run)?.agent ?? 'agent', 60))));
  return names.size === 0 ? '' : ` (work of ${[...names].slice(0, 5).join(', ')})`;
}

function verified(state: SessionState, time: TimeText): ResumeItem[] {
  const commits = state.commits.toReversed().map((commit) => ({
    text: `- Commit ${inlineCode(commit.commit.slice(0, 10))}${commit.branch === undefined ? '' : ` on ${inlineCode(commit.branch, 80)}`}: ${inlineText(commit.subject, 160)}${workOf(state, commit.runs)}`,
    events: at(commit.mark),
  }));
  const changedSince = countChangedSince(state);
  const passing = checkCommands(state)
    .filter(({ lastExitCode, isSetAside }) => lastExitCode === 0 && !isSetAside)
    .map((command) => {
      const since = changedSince(command.last);
      return {
        text: `- ${inlineCode(command.command)} ended with 0 (${time(command.last)}); ${since === 0 ? 'no file changed since' : `${counted(since, 'file')} changed since`}`,
        events: at(command.last),
      };
    });
  const changed = changedFiles(state);
  const summary =
    changed.length === 0
      ? []
      : [
          {
            text: `- ${changed.length === 1 ? '1 file differs from what it was' : `${counted(changed.length, 'file')} differ from what they were`} when the session began, by content (see “Files that matter”)`,
            events: at(...changed.slice(-8).map(({ last }) => last)),
          },
        ];
  return [...passing.slice(0, 2), ...commits.slice(0, 3), ...summary, ...passing.slice(2), ...commits.slice(3)];
}

function claimed(state: SessionState, time: TimeText): ResumeItem[] {
  const done = currentPlans(state).flatMap((version) =>
    version.entries.filter((entry) => !isLeft(entry)).map((entry) => ({ entry, version })),
  );
  const replies = [...state.replies.values()]
    .filter(({ isSetAside, run }) => !isSetAside && (run === undefined || state.runs.get(run)?.parent === undefined))
    .sort((a, b) => compareMarks(b.mark, a.mark))
    .slice(0, 3)
    .map((reply) => {
      const head = `The last words of ${agentOf(state, reply.run) ?? authorWord(reply.author)} (${time(reply.mark)}):`;
      return { text: `${head}\n${quoteBlock(reply.text, 2400)}`, short: `${head}\n${quoteBlock(reply.text, 360)}`, events: at(reply.mark) };
    });
  const ticked = done.map(({ entry, version }) => ({ text: `- [x] ${inlineText(entry.content)}`, events: at(version.mark) }));
  return [...replies.slice(0, 1), ...ticked, ...replies.slice(1)];
}

function decisions(state: SessionState, time: TimeText): ResumeItem[] {
  const { inForce, proposed } = groupDecisions(state);
  const item = (decision: Decision, word: string): ResumeItem => {
    const why = decision.why === undefined ? ' (no reason was given)' : ` Why: ${inlineText(decision.why, 400)}`;
    const not = decision.alternatives.length === 0 ? '' : ` Not: ${decision.alternatives.map((one) => inlineText(one, 120)).join('; ')}.`;
    const stale = decision.isStale
      ? ` Its files changed later (${[...decision.changedFiles.keys()]
          .slice(0, 3)
          .map((path) => inlineCode(path))
          .join(', ')}): check that it still holds.`
      : '';
    return {
      text: `- ${word}${sentence(inlineText(decision.what))}${sentence(why)}${not}${stale} (${authorWord(decision.author)}, ${time(decision.mark)})`,
      short: `- ${word}${sentence(inlineText(decision.what, 160))}${decision.why === undefined ? '' : ` Why: ${inlineText(decision.why, 160)}`}${decision.isStale ? ' (files changed later)' : ''}`,
      events: [...at(decision.mark), ...decision.evidence],
    };
  };
  return [
    ...inForce.toReversed().map((decision) => item(decision, '')),
    ...proposed.toReversed().map((decision) => item(decision, 'Proposed, confirmed by nobody: ')),
  ];
}

const sentence = (text: string): string => (text === '' || /[.!?:)]$/.test(text) ? text : `${text}.`);

function failed(state: SessionState, time: TimeText): ResumeItem[] {
  const red = [...state.commands.values()]
    .filter(({ failedInARow, isSetAside }) => failedInARow > 0 && !isSetAside)
    .sort((a, b) => Number(b.check !== undefined) - Number(a.check !== undefined) || compareMarks(b.last, a.last))
    .map((command) => {
      const times = command.failedInARow > 1 ? `, ${command.failedInARow} times in a row` : '';
      const passed = command.lastPassed === undefined ? '' : `; it last passed ${time(command.lastPassed)}`;
      const line = `- ${inlineCode(command.command)} ended with ${command.lastExitCode ?? 'an unknown code'}${times} (${authorWord(command.lastAuthor)}, ${time(command.last)})${passed}`;
      const output = command.failureOutput === undefined ? '' : outputTail(command.failureOutput, 15, 1500);
      return {
        text: output === '' ? line : `${line}\n${quoteBlock(output, 1500)}`,
        short: output === '' ? line : `${line}\n${quoteBlock(outputTail(output, 4, 300), 300)}`,
        events: at(command.lastFailed, command.last),
      };
    });
  const other = state.failures
    .filter(
      ({ kind, resolved, isSetAside, outcome }) => kind !== 'command' && resolved === undefined && !isSetAside && outcome !== 'denied',
    )
    .toReversed()
    .map((failure) => ({
      text: `- ${failure.kind === 'run' ? `${agentOf(state, failure.run) ?? 'The agent'} itself failed` : `A tool of ${agentOf(state, failure.run) ?? authorWord(failure.author)} failed`}: ${inlineText(failure.what, 200)}${failure.outcome === undefined ? '' : ` (${failure.outcome})`}, ${time(failure.mark)}`,
      events: at(failure.mark),
    }));
  return [...red, ...other.slice(0, 8)];
}

function avoid(state: SessionState, time: TimeText): ResumeItem[] {
  const { dropped, setAside } = groupDecisions(state);
  const denied = state.failures
    .filter(({ outcome, isSetAside }) => outcome === 'denied' && !isSetAside)
    .toReversed()
    .map((failure) => ({ text: `- The user refused: ${inlineCode(failure.what)} (${time(failure.mark)})`, events: at(failure.mark) }));
  const rewound = state.branches
    .filter(({ kind, isActive, brought }) => kind === 'rewind' && isActive && brought === undefined)
    .toReversed()
    .map((branch) => {
      const prompts = [...state.prompts.first, ...state.prompts.latest].filter(({ mark }) =>
        branch.stretch.prompts.includes(eventId(mark)),
      );
      const asked = prompts.at(-1);
      const why = state.notes.findLast(({ id }) => id === branch.id);
      const paths = branch.stretch.files.slice(0, 5).map((path) => inlineCode(path));
      const more = branch.stretch.fileCount > paths.length ? ` and ${branch.stretch.fileCount - paths.length} more` : '';
      return {
        text: `- ${branch.undid === undefined ? `Rewound to the state of ${time(branch.from)}` : 'Undone alone'} by ${authorWord(branch.author)} (${time(branch.to)}): the changes to ${paths.length === 0 ? 'no file' : paths.join(', ')}${more}${asked === undefined ? '' : `, after the prompt “${inlineText(asked.text, 160)}”`}${why === undefined ? '' : `. Why: ${inlineText(why.text, 300)}`}`,
        events: at(branch.to, asked?.mark, why?.mark),
      };
    });
  const repeated = [...state.commands.values()]
    .filter(({ failed, passed, check, isSetAside }) => failed >= 3 && passed === 0 && check === undefined && !isSetAside)
    .toReversed()
    .map((command) => ({
      text: `- ${inlineCode(command.command)} failed all ${command.failed} times it ran`,
      events: at(command.lastFailed),
    }));
  const dropItems = dropped.toReversed().map((decision) => {
    const last = decision.history.findLast(({ status }) => status === decision.status);
    const successor = decision.successor === undefined ? undefined : state.decisions.get(decision.successor);
    return {
      text: `- ${decision.status[0]?.toUpperCase() ?? ''}${decision.status.slice(1)}: ${sentence(inlineText(decision.what))}${last?.why === undefined ? '' : ` Why: ${sentence(inlineText(last.why, 300))}`}${successor === undefined ? '' : ` Instead: ${sentence(inlineText(successor.what, 200))}`}`,
      events: at(decision.mark, last?.mark),
    };
  });
  const asideItems = setAside.toReversed().map((decision) => ({
    text: `- Decided in a stretch that was rewound, so no longer in force: ${inlineText(decision.what)}`,
    events: at(decision.mark),
  }));
  return [...rewound, ...dropItems, ...denied, ...repeated, ...asideItems];
}

/** Files that are not what they were, the most changed ones of the latest first. */
function changedFiles(state: SessionState): FileState[] {
  return [...state.files.values()].filter((file) => file.last !== undefined && !isFileUnchanged(file));
}

function files(state: SessionState): ResumeItem[] {
  const changed = changedFiles(state);
  const newest = [...changed].sort((a, b) => (a.last === undefined || b.last === undefined ? 0 : compareMarks(b.last, a.last)));
  const rank = new Map(newest.map((file, index) => [file.path, index]));
  const worth = (file: FileState): number => Math.min(file.changes, 20) - (rank.get(file.path) ?? 0) * 0.5;
  const items = [...changed]
    .sort((a, b) => worth(b) - worth(a))
    .map((file) => {
      const what = file.exists
        ? file.first === undefined
          ? file.from === undefined
            ? 'created'
            : `renamed from ${inlineCode(file.from)}`
          : 'changed'
        : 'deleted';
      const lines = file.added + file.removed > 0 ? `, +${file.added} −${file.removed} lines` : '';
      // Two runs of one agent are one name to a reader.
      const byName = new Map<string, number>();
      for (const { author, changes } of file.authors.values())
        byName.set(authorWord(author), (byName.get(authorWord(author)) ?? 0) + changes);
      const who = [...byName]
        .sort(([, a], [, b]) => b - a)
        .map(([name, changes]) => `${name} ${changes}`)
        .join(', ');
      return {
        text: `- ${inlineCode(file.path)} ${what}${file.changes > 1 ? `, ${file.changes} changes` : ''}${lines} (by ${who === '' ? 'a rewind' : who})`,
        short: `- ${inlineCode(file.path)} ${what} (by ${who === '' ? 'a rewind' : who})`,
        events: at(file.last),
      };
    });
  const back = [...state.files.values()].filter((file) => file.changes > 0 && isFileUnchanged(file));
  if (back.length > 0)
    items.push({
      text: `- Changed and back to what they were: ${counted(back.length, 'file')}`,
      short: `- ${counted(back.length, 'file')} changed and back`,
      events: at(back.at(-1)?.last),
    });
  return items;
}

function check(state: SessionState, time: TimeText): ResumeItem[] {
  const items: ResumeItem[] = checkCommands(state)
    .filter(({ isSetAside }) => !isSetAside)
    .slice(0, 8)
    .map((command) => ({
      text: `- ${inlineCode(command.command)}${command.cwd === undefined ? '' : ` in ${inlineCode(command.cwd)}`}: ${resultWord(command.lastExitCode, command.lastOutcome)} (${time(command.last)})`,
      events: at(command.last),
    }));
  const green = lastGreenCheck(state) ?? lastGreen(state);
  if (green !== undefined) {
    const since = filesChangedSince(state, green.mark);
    const what = green.command === undefined ? 'the diagnostics were clean' : `${inlineCode(green.command)} passed`;
    const list =
      since.length === 0
        ? 'nothing changed since'
        : `changed since: ${since
            .slice(0, 8)
            .map(({ path }) => inlineCode(path))
            .join(', ')}${since.length > 8 ? ` and ${since.length - 8} more` : ''}`;
    items.unshift({ text: `- Last green: ${what} (${time(green.mark)}); ${list}`, events: at(green.mark) });
  } else if (items.length > 0)
    items.unshift({ text: '- No check has passed in this session', events: items.flatMap(({ events }) => events) });
  if (state.diagnostics !== undefined)
    items.push({
      text: `- The editor showed ${counted(state.diagnostics.errors, 'error')} and ${counted(state.diagnostics.warnings, 'warning')} (${time(state.diagnostics.mark)})`,
      events: at(state.diagnostics.mark),
    });
  return items;
}

function resultWord(exitCode: number | null, outcome: string | undefined): string {
  if (exitCode === null) return outcome ?? 'it is not known how it ended';
  return exitCode === 0 ? 'passed' : `ended with ${exitCode}`;
}

function conversations(state: SessionState, time: TimeText, options: SectionOptions): ResumeItem[] {
  return [...state.runs.values()]
    .filter(({ parent, prompts }) => parent === undefined || prompts > 0)
    .sort((a, b) => (a.lastAt < b.lastAt ? 1 : a.lastAt > b.lastAt ? -1 : 0))
    .slice(0, 6)
    .flatMap((run) => {
      const words = run.agent === undefined || !isPlainWord(run.run) ? undefined : options.resumeCommand(run.agent, run.run, run.key);
      // The words are of use to whoever starts the agent; to another agent the conversation is closed.
      if (words === undefined || words.length === 0 || (options.target !== undefined && options.target !== run.agent)) return [];
      return [{ text: `- ${describeRun(run, time)}: ${inlineCode(words.map(shellWord).join(' '))}`, events: at(run.mark) }];
    });
}

function describeRun(run: RunState, time: TimeText): string {
  const title = run.title === undefined ? '' : ` “${inlineText(run.title, 80)}”`;
  const end = run.failedWith === undefined ? '' : `, stopped by: ${inlineText(run.failedWith, 100)}`;
  return `${displayName(inlineText(run.agent ?? 'agent', 60))}${title}, last active ${time({ at: run.lastAt, w: '', n: 0 })}${run.cwd === undefined ? '' : `, in ${inlineCode(run.cwd)}`}${end}`;
}

/** An id that a shell takes as it stands: a prompt must not carry a command that somebody hid in an id. */
const isPlainWord = (word: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$/.test(word);
const shellWord = (word: string): string => (/^[A-Za-z0-9._:/@=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

function rewinds(state: SessionState, time: TimeText): ResumeItem[] {
  return state.branches.toReversed().map((branch) => {
    const effect = `${counted(branch.written, 'file')} written, ${branch.deleted} deleted${branch.skipped.length > 0 ? `, ${branch.skipped.length} left out` : ''}`;
    const scope = branch.paths === undefined ? 'the workspace' : counted(branch.paths.length, 'file');
    const text =
      branch.kind === 'undo'
        ? `- ${time(branch.to)}: a rewind was undone (${effect})`
        : branch.brought !== undefined
          ? `- ${time(branch.to)}: ${counted(branch.brought.length, 'change')} brought back in ${scope} (${effect})${branch.isUndone ? '; taken back later' : ''}`
          : branch.undid !== undefined
            ? `- ${time(branch.to)}: ${counted(branch.undid.length, 'change')} undone in ${scope}, what came after kept (${effect})${branch.isUndone ? '; taken back later' : ''}`
            : `- ${time(branch.to)}: ${scope} rewound to the state of ${time(branch.from)} (${effect})${branch.isUndone ? '; undone later' : ''}`;
    return { text, events: at(branch.to) };
  });
}

function record(state: SessionState, time: TimeText): ResumeItem[] {
  const { counts, gaps } = state;
  const items: ResumeItem[] = [];
  if (gaps.length > 0)
    items.push({
      text: `- ${counted(gaps.length, 'gap')} in the recording, the last ${time(gaps.at(-1)!.mark)}: ${inlineText(gaps.at(-1)!.reason, 160)}`,
      events: at(gaps.at(-1)?.mark),
    });
  if (state.session.isPaused) items.push({ text: '- Recording is paused: what happened since is not in here', events: [] });
  if (counts.foreign + counts.malformed > 0)
    items.push({
      text: `- ${counted(counts.foreign + counts.malformed, 'event')} could not be read and ${counts.foreign + counts.malformed === 1 ? 'is' : 'are'} not in here`,
      events: [],
    });
  if (counts.skippedFiles > 0)
    items.push({ text: `- ${counted(counts.skippedFiles, 'file')} left out of the recording (size, secrets, ignore rules)`, events: [] });
  return items;
}
