import type { Author } from '../model/author.ts';
import type { Decision, DecisionRule, SessionState } from '../model/sessionState.ts';
import { groupDecisions } from './decisions.ts';
import { markdownText } from './markdownText.ts';
import { displayName } from './timelineWords.ts';

/** Decisions as documents: one page of all, and a record of each (ADR). The same state gives the same text. */

/** Where a rule found it, as a sentence without its end. */
export function ruleText(rule: DecisionRule): string {
  switch (rule) {
    case 'answer':
      return 'an answer that was chosen where an agent asked';
    case 'plan':
      return 'a plan that was approved';
    case 'words':
      return 'an agent said so, with its reason';
    case 'commit':
      return 'a commit’s text says so, with its reason';
    case 'record':
      return 'a decision record was written';
  }
}

/** One page: in force, proposed, dropped; what a person waved off is left out. `day` tells the date of a time of the log. */
export function decisionsPage(state: SessionState, title: string, day: (at: string) => string): string {
  const { inForce, proposed, dropped, setAside } = groupDecisions(state);
  const parts = [
    section('In force', inForce, state, day),
    section('Proposed, confirmed by nobody', proposed, state, day),
    section('No longer in force', dropped, state, day),
    section('Taken in a stretch that was rewound', setAside, state, day),
  ].filter((part) => part !== '');
  return `# Decisions: ${markdownText(title)}\n\n${parts.length === 0 ? 'None was logged.\n' : `${parts.join('\n\n')}\n`}`;
}

function section(title: string, decisions: readonly Decision[], state: SessionState, day: (at: string) => string): string {
  if (decisions.length === 0) return '';
  return `## ${title}\n\n${decisions.map((decision) => `### ${markdownText(decision.what)}\n\n${decisionLines(decision, state, day).join('\n')}`).join('\n\n')}`;
}

/** What there is to say of one, each in a line of a list. */
export function decisionLines(decision: Decision, state: SessionState, day: (at: string) => string): string[] {
  const last = decision.history.findLast(({ status }) => status === decision.status);
  const successor = decision.successor === undefined ? undefined : state.decisions.get(decision.successor);
  return [
    `- Status: ${decision.status}${decision.isStale ? ', stale: its files changed later' : ''}`,
    `- Decided: ${day(decision.mark.at)}, by ${who(decision.author)}${decision.rule === undefined ? '' : ` (found by rule: ${ruleText(decision.rule)})`}`,
    ...(hasText(decision.why) ? [`- Why: ${markdownText(decision.why, 1000)}`] : []),
    ...(decision.alternatives.length > 0 ? [`- Not: ${decision.alternatives.map((one) => markdownText(one)).join('; ')}`] : []),
    ...(decision.files.length > 0 ? [`- Files: ${decision.files.map((path) => markdownText(path)).join(', ')}`] : []),
    ...(hasText(last?.why) && decision.status !== 'confirmed' && decision.status !== 'proposed'
      ? [`- ${capital(decision.status)} because: ${markdownText(last.why, 1000)}`]
      : []),
    ...(successor === undefined ? [] : [`- Instead: ${markdownText(successor.what)}`]),
    `- Id: ${markdownText(decision.id)}; rests on ${decision.evidence.length === 0 ? 'no event' : decision.evidence.map((id) => markdownText(id)).join(', ')}`,
  ];
}

/** What a file of decision records holds: a number, a name and the text. `number` is the next free one of the folder. */
export function decisionRecord(
  decision: Decision,
  state: SessionState,
  number: number,
  day: (at: string) => string,
): { name: string; text: string } {
  const last = decision.history.findLast(({ status }) => status === decision.status);
  const successor = decision.successor === undefined ? undefined : state.decisions.get(decision.successor);
  const outcome =
    decision.status === 'confirmed'
      ? 'Accepted'
      : `${capital(decision.status)}${hasText(last?.why) ? `: ${markdownText(last.why, 1000)}` : ''}${successor === undefined ? '' : `; instead: ${markdownText(successor.what)}`}`;
  const lines = [
    `# ${number}. ${markdownText(decision.what, 160)}`,
    '',
    `Date: ${day(decision.mark.at)}`,
    '',
    '## Status',
    '',
    outcome,
    '',
    '## Context',
    '',
    hasText(decision.why) ? markdownText(decision.why, 4000) : 'No reason was given.',
    '',
    '## Decision',
    '',
    markdownText(decision.what, 2000),
    '',
    `Decided by ${who(decision.author)}.`,
    ...(decision.alternatives.length === 0
      ? []
      : ['', '## Considered and not taken', '', ...decision.alternatives.map((one) => `- ${markdownText(one, 1000)}`)]),
    ...(decision.files.length === 0 ? [] : ['', '## Files', '', ...decision.files.map((path) => `- ${markdownText(path)}`)]),
    '',
    recordMark(decision.id),
    '',
  ];
  return { name: `${String(number).padStart(4, '0')}-${slug(decision.what)}.md`, text: lines.join('\n') };
}

/** By which a record that was written before is known again. */
export const recordMark = (id: string): string => `<!-- tapedeck decision ${id.replaceAll(/[^A-Za-z0-9.:_-]/g, '_')} -->`;

/** A file name that every system takes. */
function slug(text: string): string {
  const words = text
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return words.slice(0, 60).replace(/-+$/, '') || 'decision';
}

const hasText = (text: string | undefined): text is string => text !== undefined && text.trim() !== '';
const capital = (word: string): string => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;

function who(author: Author): string {
  switch (author.actor) {
    case 'user':
      return 'the user';
    case 'agent':
    case 'tool':
      return author.name === undefined ? `an ${author.actor}`.replace('an tool', 'a tool') : markdownText(displayName(author.name), 60);
    case 'git':
      return 'a commit';
    case 'system':
      return 'Tapedeck';
    case 'unknown':
      return 'nobody knows whom';
  }
}
