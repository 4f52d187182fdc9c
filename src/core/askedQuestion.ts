import type { Excerpt } from '../model/event.ts';
import { asList, asRecord, asText } from './transcripts/jsonValue.ts';

/**
 * A question with answers to choose from, as agents' tools ask it, and what was chosen. Read by its form, whatever the tool is
 * called: `questions` of `question` and `options` (Claude Code, Codex, Gemini CLI, OpenCode), or one `question` with `options`,
 * `choices` or `follow_up` (others).
 */
export interface AskedQuestion {
  readonly id: string | undefined;
  readonly question: string;
  readonly options: readonly OfferedOption[];
}

export interface OfferedOption {
  readonly label: string;
  readonly description: string | undefined;
}

export interface PickedOptions {
  readonly question: AskedQuestion;
  readonly picked: readonly OfferedOption[];
}

/** True when a call's input may hold such a question: cheap, for every call asks. */
export function mayAsk(input: string): boolean {
  return input.length > 20 && input.includes('"question') && /"(?:options|choices|follow_up)"/.test(input);
}

export function optionsAsked(input: Excerpt): AskedQuestion[] {
  if (input.tail !== undefined) return [...questionsInCut(input.head), ...questionsInCut(input.tail)];
  let parsed: unknown;
  try {
    parsed = JSON.parse(input.head);
  } catch {
    return [];
  }
  const record = asRecord(parsed);
  const list = asList(record?.['questions']);
  return (list.length > 0 ? list : [record]).flatMap((one) => {
    const asked = asRecord(one);
    const question = asText(asked?.['question']);
    const options = [asked?.['options'], asked?.['choices'], asked?.['follow_up']].map(asList).find((found) => found.length > 0) ?? [];
    if (question === undefined) return [];
    return [{ id: asText(asked?.['id']), question, options: options.map(optionOf).filter((option) => option !== undefined) }];
  });
}

/** Which of the offered answers the tool's result names, and nothing but these. */
export function pickedOptions(questions: readonly AskedQuestion[], result: string): PickedOptions[] {
  const told = toldAnswers(questions, result);
  return questions.flatMap((question, index) => {
    const answer = told[index]?.trim();
    if (answer === undefined || answer === '') return [];
    const one = question.options.find(({ label }) => isSame(label, answer));
    if (one !== undefined) return [{ question, picked: [one] }];
    const parts = answer.split(', ');
    const picked = question.options.filter(({ label }) => parts.some((part) => isSame(label, part)));
    return picked.length === parts.length && picked.length > 1 ? [{ question, picked }] : [];
  });
}

/** Without what agents put behind the one that they would choose. */
export const plainLabel = (label: string): string => label.replace(/\s*\((?:recommended|default)\)\s*$/i, '').trim();

const isSame = (label: string, answer: string): boolean => label.trim() === answer.trim() || plainLabel(label) === plainLabel(answer);

function optionOf(value: unknown): OfferedOption | undefined {
  const record = asRecord(value);
  const label = asText(value) ?? asText(record?.['label']) ?? asText(record?.['text']);
  return label === undefined ? undefined : { label, description: asText(record?.['description']) };
}

/** For each question its answer. */
function toldAnswers(questions: readonly AskedQuestion[], result: string): (string | undefined)[] {
  const fromJson = jsonAnswers(questions, result);
  if (fromJson !== undefined) return fromJson;
  const starts = questions.map(({ question }) => `"${question}"="`);
  if (starts.some((start) => result.includes(start)))
    return starts.map((start) => {
      const from = result.indexOf(start);
      if (from < 0) return undefined;
      const rest = result.slice(from + start.length);
      // Another answer follows, of a question that may stand in what was cut out of the call; or the result's own last words.
      const ends = [rest.search(/", "[^"\n]{1,2000}"="/), rest.indexOf('". You can now'), rest.lastIndexOf('"')];
      return rest.slice(0, Math.min(...ends.filter((end) => end >= 0), rest.length));
    });
  if (questions.length !== 1) return [];
  const plain = result.trim().replace(/^<answer>\s*([\s\S]*?)\s*<\/answer>$/, '$1');
  return [plain.replace(/^(?:the )?user (?:selected|responded|answered|chose)(?: with)?:\s*/i, '').replace(/^"([^"]*)"\.?$/, '$1')];
}

function jsonAnswers(questions: readonly AskedQuestion[], result: string): (string | undefined)[] | undefined {
  if (!result.trimStart().startsWith('{')) return undefined;
  try {
    const answers = asRecord(asRecord(JSON.parse(result))?.['answers']);
    if (answers === undefined) return undefined;
    return questions.map(({ id, question }, index) => {
      const found = [id, question, String(index)]
        .map((key) => (key === undefined ? undefined : answers[key]))
        .find((value) => value !== undefined);
      const list = Array.isArray(found) ? found : asList(asRecord(found)?.['answers']);
      return asText(found) ?? (list.length > 0 ? list.map(String).join(', ') : undefined);
    });
  } catch {
    return undefined;
  }
}

/** Questions in a piece of JSON whose middle was left out: each with the labels that follow it. */
function questionsInCut(piece: string): AskedQuestion[] {
  const found: { id: undefined; question: string; options: OfferedOption[] }[] = [];
  for (const [, key, value] of piece.matchAll(/"(question|label)"\s*:\s*("(?:[^"\\]|\\.){0,2000}")/g)) {
    let text: string;
    try {
      text = String(JSON.parse(value ?? ''));
    } catch {
      continue;
    }
    if (key === 'question') found.push({ id: undefined, question: text, options: [] });
    else found.at(-1)?.options.push({ label: text, description: undefined });
  }
  return found;
}
