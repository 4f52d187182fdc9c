import type { Excerpt } from '../model/event.ts';
import type { DecisionRule } from '../model/sessionState.ts';
import { optionsAsked, pickedOptions, plainLabel } from './askedQuestion.ts';

/**
 * What a rule takes for a decision that somebody took: proposals, which a person confirms or dismisses. Precision before recall:
 * a rule says nothing where it is not plain that something was decided and what. No model, and no words of our own: what is
 * proposed is quoted. Each rule is linear in its text.
 */
export interface Proposal {
  readonly rule: DecisionRule;
  readonly what: string;
  readonly why?: string;
  readonly alternatives?: readonly string[];
}

const whatLimit = 300;
const whyLimit = 500;
/** Of one text. */
const proposalLimit = 3;
/** So much of a text is looked at. */
const textLimit = 16_000;

/** What a person chose where an agent asked and offered answers. Only an offered answer counts: free words are a conversation. */
export function answerProposals(input: Excerpt, answer: string): Proposal[] {
  const questions = optionsAsked(input);
  return pickedOptions(questions, answer).flatMap(({ question, picked }) => {
    const labels = picked.map(({ label }) => plainLabel(label));
    if (labels.length === 0 || labels.some((label) => undecided.test(label))) return [];
    const reason = picked
      .map(({ description }) => description)
      .filter((text) => text !== undefined)
      .join(' ');
    const others = question.options.filter((option) => !picked.includes(option)).map(({ label }) => plainLabel(label));
    return [
      {
        rule: 'answer' as const,
        what: cut(`${labels.join(', ')} (asked: ${question.question.trim()})`, whatLimit),
        ...(reason === '' ? {} : { why: cut(`As it was offered: ${reason}`, whyLimit) }),
        alternatives: others.filter((label) => !undecided.test(label)).map((label) => cut(label, whatLimit)),
      },
    ];
  });
}

/** Answers that decide nothing of the work: to go on, or to talk first. */
const undecided =
  /^(?:(?:yes|no|ok|okay|sure|proceed|continue|go ahead|looks good|approved?|correct|confirm|cancel|skip|other|later|stop)(?:[,.!]? (?:please|thanks))?[.!]?$|(?:i(?:['’]m| am) )?not sure|let me |something else|none of |type (?:something|your)|need more |ask (?:me )?(?:again|later)|discuss)/i;

/** A plan to which a person said yes: the name that it gives itself. */
export function planProposal(input: Excerpt, answer: string): Proposal | undefined {
  if (!/\bapproved\b/i.test(answer) || /\bnot approved\b|\brejected\b/i.test(answer)) return undefined;
  const written = /"plan"\s*:\s*"((?:[^"\\]|\\.){1,4000})/.exec(input.head)?.[1];
  const plan = written === undefined ? /## Approved Plan:?\n([\s\S]{1,4000})/.exec(answer)?.[1] : unescaped(written);
  const title = plan
    ?.split('\n')
    .map((line) =>
      line
        .replace(/^[#>*\s]+/, '')
        .replace(/^(?:implementation )?plan:\s*/i, '')
        .replaceAll(/\*\*|__/g, '')
        .trim(),
    )
    .find((line) => line.length > 3 && !/^(?:implementation )?(?:plan|context|overview|summary|goal)s?:?$/i.test(line));
  return title === undefined ? undefined : { rule: 'plan', what: cut(`The plan “${title}”`, whatLimit) };
}

/** “I decided to … because …”: said in the first person, of what is past, and with its reason. */
export function wordProposals(text: string, rule: 'words' | 'commit'): Proposal[] {
  const head = text.slice(0, textLimit);
  if (!/\b(?:decided|decision|chose|opted|settled on|went with)\b/i.test(head)) return [];
  const found: Proposal[] = [];
  const lines = proseLines(head);
  for (const [index, line] of lines.entries()) {
    const stated = statedDecision(line, lines[index + 1]);
    if (stated !== undefined) found.push({ rule, ...stated });
    else
      for (const sentence of line.split(/(?<=[.!?])\s+/)) {
        const told = toldDecision(sentence);
        if (told !== undefined) found.push({ rule, ...told });
      }
    if (found.length >= proposalLimit) break;
  }
  return found.slice(0, proposalLimit);
}

/** A new file among the architecture decision records, by its path. */
export function recordProposal(path: string): Proposal | undefined {
  const match =
    /(?:^|\/)(?:adrs?|decisions|decision-records|architecture[-_]decisions?)\/(?:[^/]+\/)?(?:adr[-_ ]?)?(\d{1,5})[-_ .]([^/]+)\.(?:md|markdown|adoc|rst|txt)$/i.exec(
      path,
    );
  const name = match?.[2];
  if (name === undefined || /^(?:template|readme|index)\b|^record architecture decisions$/i.test(name.replaceAll(/[-_]/g, ' ')))
    return undefined;
  const words = name.replaceAll(/[-_]+/g, ' ').trim();
  return { rule: 'record', what: cut(`${words.slice(0, 1).toUpperCase()}${words.slice(1)} (written down in ${path})`, whatLimit) };
}

type Words = Pick<Proposal, 'what' | 'why' | 'alternatives'>;

/** `Decision: use SQLite because …`, or with a line `Why: …` behind it. */
function statedDecision(line: string, next: string | undefined): Words | undefined {
  const said = /^decision:\s+(.{8,})$/i.exec(line)?.[1];
  if (said === undefined || said.length > 800 || said.includes('?')) return undefined;
  const [what, why] = splitReason(said) ?? [said, /^(?:why|reason|rationale|because):\s+(.{4,})$/i.exec(next ?? '')?.[1]];
  return why === undefined ? undefined : wordsOf(what, why);
}

function toldDecision(sentence: string): Words | undefined {
  if (sentence.length > 800 || sentence.endsWith('?')) return undefined;
  const match =
    /^(?:(?:so|therefore|in the end|finally|for now|instead|here|ultimately|for (?:this|that)),?\s+)?(?:I|we)(?:['’]ve|\s+have)?(?:\s+(?:therefore|finally|deliberately|also|thus|then|intentionally))?\s+(decided|chose|opted|settled|went)\s+(.+)$/i.exec(
      sentence,
    );
  const verb = match?.[1]?.toLowerCase();
  const object = verb === undefined ? undefined : objectOf(verb, match?.[2] ?? '');
  const split = object === undefined ? undefined : splitReason(object);
  return split === undefined ? undefined : wordsOf(...split);
}

function objectOf(verb: string, rest: string): string | undefined {
  const after = (pattern: RegExp): string | undefined => (pattern.test(rest) ? rest.replace(pattern, '') : undefined);
  switch (verb) {
    case 'decided':
      return rest.startsWith('against ') || rest.startsWith('not to ') ? rest : after(/^(?:to|that|on|in favou?r of|for)\s+/i);
    case 'settled':
      return after(/^on\s+/i);
    case 'went':
      return after(/^with\s+/i);
    case 'opted':
      return after(/^(?:for|to)\s+/i);
    default:
      return rest.replace(/^to\s+/i, '');
  }
}

/** What and why, where a reason is given; `since` only where it cannot be a time. */
function splitReason(text: string): [string, string] | undefined {
  const match =
    /^(.{2,}?)[,;:]?\s+(?:because|since (?=(?:it|its|the|this|that|they|we|there|these|those|no|our)\b)|so that|due to)\s*(.{4,})$/i.exec(
      text,
    );
  return match === null ? undefined : [match[1]!, match[2]!];
}

function wordsOf(what: string, why: string): Words {
  const [chosen = what, ...others] = what.split(/\s+(?:instead of|rather than|over)\s+/i);
  const kept = others.length === 1 ? chosen : what;
  return {
    what: cut(`${kept.slice(0, 1).toUpperCase()}${kept.slice(1)}`, whatLimit),
    why: cut(why.replace(/[.\s]+$/, ''), whyLimit),
    ...(others.length === 1 ? { alternatives: [cut(others[0]!, whatLimit)] } : {}),
  };
}

/** Lines that are said, without code, quotations, tables and headings, and without their list marks. */
function proseLines(text: string): string[] {
  const lines: string[] = [];
  let fence: string | undefined;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    const mark = /^(?:```+|~~~+)/.exec(line)?.[0];
    if (mark !== undefined) {
      if (fence === undefined) fence = mark;
      else if (mark.startsWith(fence)) fence = undefined;
      continue;
    }
    if (fence !== undefined || /^(?:>|\||#|diff |\+|@@)/.test(line)) continue;
    const plain = line
      .replace(/^(?:[-*]|\d+[.)])\s+/, '')
      .replaceAll(/\*\*|__/g, '')
      .trim();
    if (plain !== '') lines.push(plain);
  }
  return lines;
}

function unescaped(text: string): string {
  try {
    // What was cut off may end in half an escape.
    return String(JSON.parse(`"${text.replace(/\\(?:u[0-9a-fA-F]{0,3})?$/, '')}"`));
  } catch {
    return '';
  }
}

function cut(text: string, limit: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line;
}
