import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { encode as encodeCl100k } from 'gpt-tokenizer/encoding/cl100k_base';
import { encode as encodeO200k } from 'gpt-tokenizer/encoding/o200k_base';
import { emptyState, foldEvent } from '../../src/core/fold.ts';
import { buildResumePrompt, resumeBudgets, type ResumePrompt, type ResumeSize } from '../../src/core/resumePrompt.ts';
import { estimateTokens } from '../../src/core/tokenEstimate.ts';
import { transcriptAdapters } from '../../src/core/transcripts/table.ts';
import type { TranscriptFact } from '../../src/core/transcripts/adapter.ts';
import type { TapedeckEvent } from '../../src/model/event.ts';
import { eventId } from '../../src/model/ids.ts';
import { recogniseTranscript } from '../../src/services/transcriptRecognition.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { readTranscriptFile } from '../../src/store/transcriptFile.ts';
import { transcriptsIn } from '../../src/store/transcriptSource.ts';
import { describeGoals, show } from './measure.ts';
import { sessionsWithFacts, type KnownFact } from './resumeFacts.ts';

// What a successor needs and gets: known facts of recorded sessions of real agents, looked for in the resume prompt and in the
// end of the plain transcript of the same length; statements that the log does not bear out; and the estimate of tokens.

const fixtures = path.join(process.env['TAPEDECK_BENCH_SOURCE'] ?? '', '..', 'fixtures', 'transcripts');
const sizes: readonly ResumeSize[] = ['short', 'standard', 'full'];

/** The tokens that the costlier of two vocabularies takes. Words that mean something to a model are plain text here. */
function countTokens(text: string): number {
  const options = { allowedSpecial: new Set<string>(), disallowedSpecial: new Set<string>() };
  return Math.max(encodeO200k(text, options).length, encodeCl100k(text, options).length);
}

interface Recorded {
  readonly name: string;
  readonly facts: readonly KnownFact[];
  readonly events: readonly TapedeckEvent[];
}

async function factsIn(place: string): Promise<TranscriptFact[]> {
  const folder = path.join(fixtures, place);
  const found: TranscriptFact[] = [];
  const environment = { platform: process.platform, homeFolder: homedir(), variables: {} };
  const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.jsonl?$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  for (const file of files) {
    const transcript = await recogniseTranscript(file, transcriptAdapters, environment);
    if (transcript === undefined) continue;
    for (const part of await transcriptsIn(transcript.framing, transcript.file)) {
      const reader = transcript.adapter.openReader(part, { digest: nodeDigest });
      await readTranscriptFile(transcript.framing, part, {
        onRecord: (value, offset) => void found.push(...reader.read(value, { offset })),
        onDamage: () => {},
      });
      found.push(...reader.quiet());
    }
  }
  return found;
}

/** As a recorder would have written them, a second apart, so that several sessions can stand behind one another. */
function logged(facts: readonly TranscriptFact[], from: TapedeckEvent[] = []): TapedeckEvent[] {
  const events = [...from];
  for (const fact of facts) {
    const n = events.length + 1;
    const { at: _, ...rest } = fact;
    events.push({
      ...rest,
      v: 1,
      w: 'bench0',
      n,
      at: new Date(Date.parse('2026-01-01T08:00:00.000Z') + n * 1000).toISOString(),
    });
  }
  return events;
}

const textsOf = (event: TapedeckEvent): string[] => {
  const texts: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value === 'string') texts.push(value);
    else if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) walk(inner);
  };
  walk(event);
  return texts;
};

/** The end of the conversation as it would be pasted: who said what, calls and their output, cut to the length in tokens. */
function plainTail(events: readonly TapedeckEvent[], tokens: number): string {
  const lines: string[] = [];
  for (const event of events) {
    if (event.kind === 'prompt.submitted') lines.push(`User: ${event.text.head}`);
    else if (event.kind === 'reply.given') lines.push(`Assistant: ${event.text.head}`);
    else if (event.kind === 'tool.called')
      lines.push(`Tool call ${event.name}: ${event.command ?? event.input?.head ?? event.paths?.join(' ') ?? ''}`);
    else if (event.kind === 'tool.returned')
      lines.push(`Tool result (${event.status}): ${event.output?.head ?? ''}${event.output?.tail ?? ''}`);
  }
  const whole = lines.join('\n');
  // By halving: a tokenizer has no way back from a count to a place.
  let low = 0;
  let high = whole.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (countTokens(whole.slice(-middle)) <= tokens) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? '' : whole.slice(-low);
}

const fold = (text: string): string => text.replaceAll(/\s+/g, ' ').toLowerCase();
const recallOf = (facts: readonly KnownFact[], text: string): number => {
  const said = fold(text);
  return facts.filter(({ words }) => words.every((word) => said.includes(fold(word)))).length;
};

/** The fact as a transcript would tell it: without the words and marks that are the prompt’s own. In favour of the transcript. */
const inPlainWords = (fact: KnownFact): KnownFact => ({
  ...fact,
  words: fact.words
    .filter((word) => !/^(?:ended with \d+|## .*|A tool of .* failed)$/.test(word))
    .map((word) =>
      word
        .replace(/^- \[[ x]\] /, '')
        .replace(' (was in progress)', '')
        .replace(/^The user refused$/, 'reject')
        .replace(/^(?:claude --resume|codex resume|gemini --resume|pi --session) ?/, ''),
    ),
});

/** What stands in quotation in a line, without what was left out of it. */
function quotations(text: string): string[] {
  const found: string[] = [];
  let rest = text;
  for (const [whole, fence, body] of text.matchAll(/^(`{3,})text\n([\s\S]*?)\n\1$/gm)) {
    void fence;
    found.push(...body!.split('\n').filter((line) => !/^\[(?:…|…[^\]]*)\]$/.test(line)));
    rest = rest.replace(whole, '');
  }
  for (const [, , body] of rest.matchAll(/(?<!`)(`+)(?!`) ?(.*?) ?(?<!`)\1(?!`)/g)) found.push(body!);
  for (const [, body] of rest.matchAll(/“([^”]{3,})”/g))
    if (body !== 'Files that matter' && body !== 'Goal and constraints') found.push(body!);
  return found.map((quoted) => quoted.replace(/…$/, '').trim()).filter((quoted) => quoted !== '');
}

/**
 * Statements that the events which they name do not bear out: no such event; quoted words that stand in none of them; a check
 * said to have passed whose event tells another code; a commit that is none.
 */
function unsupported(prompt: ResumePrompt, events: readonly TapedeckEvent[]): string[] {
  const byId = new Map(events.map((event) => [eventId(event), event]));
  // A command to take a run up is made from the run’s id and the agent’s own words.
  const made = new Set(['resume']);
  const all = fold(events.flatMap(textsOf).join('\n'));
  const faults: string[] = [];
  for (const { id, items } of prompt.sections) {
    for (const { text, events: ids } of items) {
      const named = ids.map((one) => byId.get(one));
      if (named.some((event) => event === undefined) || ids.length === 0) faults.push(`${id}: rests on nothing: ${text}`);
      const own = fold(named.flatMap((event) => (event === undefined ? [] : textsOf(event))).join('\n'));
      for (const quoted of quotations(text)) {
        const words = fold(quoted);
        // A call is told by its tool’s name and what it is of.
        const [tool, ...title] = words.split(': ');
        if (title.length > 0 && all.includes(tool!) && all.includes(title.join(': '))) continue;
        if (!own.includes(words) && !(made.has(id) ? words.split(' ').some((word) => all.includes(word)) : all.includes(words)))
          faults.push(`${id}: not in the log: ${quoted}`);
      }
      if (id === 'verified' && /ended with 0/.test(text) && !named.some((event) => event?.kind === 'command.ended' && event.exitCode === 0))
        faults.push(`${id}: not verified: ${text}`);
      if (id === 'verified' && text.startsWith('- Commit ') && !named.some((event) => event?.kind === 'git.committed'))
        faults.push(`${id}: no commit: ${text}`);
      if (id === 'failed' && /ended with (\d+)/.test(text)) {
        const code = Number(/ended with (\d+)/.exec(text)![1]);
        if (!named.some((event) => event?.kind === 'command.ended' && event.exitCode === code)) faults.push(`${id}: another code: ${text}`);
      }
    }
  }
  return faults;
}

const recorded: Recorded[] = [];
for (const { place, facts } of sessionsWithFacts) recorded.push({ name: place, facts, events: logged(await factsIn(place)) });
// A day on which all of them worked one after another: what was said in the morning must not be lost in the evening.
let day: TapedeckEvent[] = [];
for (const { place } of sessionsWithFacts) day = logged(await factsIn(place), day);
const lasting = sessionsWithFacts.flatMap(({ facts, place }, index) =>
  facts
    .filter(({ isLasting }) => isLasting === true || index === sessionsWithFacts.length - 1)
    .map((fact) => ({ ...fact, name: `${place}: ${fact.name}` })),
);
recorded.push({ name: 'all of them in one session', facts: lasting, events: day });

const rows: string[] = [];
const totals = new Map<ResumeSize, { found: number; tail: number; facts: number; tokens: number }>();
const missing: string[] = [];
const faults: string[] = [];
const texts: { name: string; text: string }[] = [];
for (const { name, facts, events } of recorded) {
  const state = emptyState();
  for (const event of events) foldEvent(state, event);
  for (const size of sizes) {
    const prompt = buildResumePrompt(state, { size, now: Date.parse('2026-01-01T20:00:00.000Z') });
    const tokens = countTokens(prompt.text);
    const tail = plainTail(events, tokens);
    const found = recallOf(facts, prompt.text);
    const inTail = recallOf(facts.map(inPlainWords), tail);
    const total = totals.get(size) ?? { found: 0, tail: 0, facts: 0, tokens: 0 };
    totals.set(size, {
      found: total.found + found,
      tail: total.tail + inTail,
      facts: total.facts + facts.length,
      tokens: total.tokens + tokens,
    });
    rows.push(
      `| ${name} | ${events.length} | ${size} | ${found} of ${facts.length} | ${inTail} of ${facts.length} | ${tokens} of ${resumeBudgets[size]} |`,
    );
    faults.push(...unsupported(prompt, events).map((fault) => `${name}, ${size}: ${fault}`));
    texts.push({ name: `prompt of ${name}, ${size}`, text: prompt.text });
    const said = fold(prompt.text);
    if (size === 'standard')
      missing.push(
        ...facts.filter(({ words }) => !words.every((word) => said.includes(fold(word)))).map((fact) => `${name}: ${fact.name}`),
      );
  }
}

// Beside the prompts what they are made of, and prose and code of this project.
for (const { name, events } of recorded.slice(0, -1))
  texts.push({ name: `words of ${name}`, text: events.flatMap(textsOf).join('\n').slice(0, 60_000) });
const root = path.join(fixtures, '..', '..', '..');
for (const file of ['README.md', 'AGENTS.md', 'src/core/fold.ts', 'webview/style.css', 'package.json'])
  texts.push({ name: file, text: await readFile(path.join(root, file), 'utf8') });
const estimates = texts
  .filter(({ text }) => text.length >= 200)
  .map(({ name, text }) => ({ name, ratio: estimateTokens(text) / countTokens(text) }))
  .sort((a, b) => a.ratio - b.ratio);
const of = (size: ResumeSize): { found: number; tail: number; facts: number; tokens: number } => totals.get(size)!;

console.log(
  `Known facts that a successor needs, of ${recorded.length - 1} recorded sessions of real agents and of all of them in one; beside it the end of the plain transcript of as many tokens.

| session | events | size | in the prompt | in the plain end | tokens |
|---|--:|---|---|---|---|
${rows.join('\n')}

${describeGoals([
  {
    name: 'recall, standard',
    ratio: of('standard').found / of('standard').facts,
    atLeast: 0.95,
    figures: `${of('standard').found} of ${of('standard').facts} facts; the plain end ${of('standard').tail}`,
  },
  {
    name: 'recall, full',
    ratio: of('full').found / of('full').facts,
    atLeast: 0.98,
    figures: `${of('full').found} of ${of('full').facts}; the plain end ${of('full').tail}`,
  },
  {
    name: 'recall, short',
    ratio: of('short').found / of('short').facts,
    atLeast: 0.6,
    figures: `${of('short').found} of ${of('short').facts}; the plain end ${of('short').tail}`,
  },
  { name: 'unsupported statements', ratio: faults.length, atMost: 0, figures: `in ${recorded.length * sizes.length} prompts` },
  {
    name: 'token estimate to real tokens, the lowest of all texts',
    ratio: estimates[0]!.ratio,
    atLeast: 0.95,
    figures: `${estimates[0]!.name}; highest ${show(estimates.at(-1)!.ratio)} (${estimates.at(-1)!.name}); ${estimates.length} texts, o200k_base and cl100k_base`,
  },
])}
${missing.length === 0 ? '' : `\nNot in the standard prompt: ${missing.join('; ')}.\n`}${faults.length === 0 ? '' : `\nUnsupported:\n${faults.slice(0, 20).join('\n')}\n`}`,
);
