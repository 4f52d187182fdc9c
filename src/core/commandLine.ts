/**
 * What a terminal's command line runs, as far as its text says. It is read, never run: quotes, variables set in front,
 * wrappers (`npx`, `sudo`, `time` …) and the segments of `&&`, `||`, `;`, `|` are understood, the rest of the shell is not.
 */

/** One program of a line: its bare name (lower case, no folder, no `.exe`) and its words. */
export interface ProgramCall {
  readonly program: string;
  readonly words: readonly string[];
}

/** Programs that run the program named after their own options; and which of those options take a word. */
const wrappers: Readonly<Record<string, readonly string[]>> = {
  npx: ['-p', '--package', '-c', '--call'],
  pnpx: [],
  bunx: [],
  uvx: ['--from', '--with', '-p', '--python'],
  sudo: ['-u', '-g', '--user', '--group'],
  env: ['-u', '-C', '--unset', '--chdir'],
  time: [],
  nice: ['-n'],
  nohup: [],
  exec: ['-a'],
  command: [],
  winpty: [],
  caffeinate: ['-t', '-w'],
  stdbuf: ['-i', '-o', '-e'],
  timeout: ['-s', '-k', '--signal', '--kill-after'],
};
/** `pnpm dlx x`, `yarn dlx x`, `npm exec x`, `uv run x`, `poetry run x`: two words that wrap. */
const wrapperPairs = new Set([
  'pnpm dlx',
  'pnpm exec',
  'yarn dlx',
  'yarn exec',
  'npm exec',
  'npm x',
  'bun x',
  'uv run',
  'poetry run',
  'pipenv run',
  'rye run',
  'hatch run',
  'corepack pnpm',
  'corepack yarn',
]);

/** The programs that a line starts, in order. */
export function programsOf(line: string): readonly ProgramCall[] {
  const calls: ProgramCall[] = [];
  for (const segment of splitSegments(line.slice(0, 8192))) {
    const call = unwrap(segment);
    if (call !== undefined) calls.push(call);
  }
  return calls;
}

/** The agent whose program the line runs; undefined when it runs none, or more than one. `agents`: by the program's name. */
export function agentOfCommand(line: string, agents: ReadonlyMap<string, string>): string | undefined {
  let found: string | undefined;
  for (const { program } of programsOf(line)) {
    const agent = agents.get(program);
    if (agent === undefined) continue;
    if (found !== undefined && found !== agent) return undefined;
    found = agent;
  }
  return found;
}

function splitSegments(line: string): string[][] {
  const segments: string[][] = [];
  let words: string[] = [];
  let word = '';
  let hasWord = false;
  let quote = '';
  const endWord = (): void => {
    if (hasWord) words.push(word);
    word = '';
    hasWord = false;
  };
  const endSegment = (): void => {
    endWord();
    if (words.length > 0) segments.push(words);
    words = [];
  };
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (quote !== '') {
      if (char === quote) quote = '';
      else if (char === '\\' && quote === '"' && (line[i + 1] === '"' || line[i + 1] === '\\')) word += line[++i] ?? '';
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      hasWord = true;
    } else if (char === '\\' && line[i + 1] === '\n') i += 1;
    else if (char === ' ' || char === '\t') endWord();
    else if (char === ';' || char === '\n' || char === '|' || char === '&') {
      // `2>&1` and `&>` are redirections, no ends.
      if (char === '&' && (word.endsWith('>') || line[i + 1] === '>')) word += char;
      else endSegment();
    } else if (char === '(' || char === ')' || char === '{' || char === '}') {
      if (hasWord) word += char;
    } else {
      word += char;
      hasWord = true;
    }
  }
  endSegment();
  return segments;
}

function unwrap(segment: readonly string[]): ProgramCall | undefined {
  let words = segment;
  for (let depth = 0; depth < 8; depth++) {
    words = words.slice(countAssignments(words));
    const first = words[0];
    if (first === undefined) return undefined;
    const program = programName(first);
    if (program === '' || program === '!' || program === 'then' || program === 'do' || program === 'if') {
      words = words.slice(1);
      continue;
    }
    const options = wrappers[program];
    if (options !== undefined) words = skipOptions(words.slice(1), options, program === 'timeout' ? 1 : 0);
    else if (wrapperPairs.has(`${program} ${words[1] ?? ''}`))
      words = skipOptions(words.slice(2), ['-p', '--package', '--with', '--from'], 0);
    else return { program, words: words.slice(1) };
  }
  return undefined;
}

function countAssignments(words: readonly string[]): number {
  let count = 0;
  while (count < words.length && /^(?:\$env:)?[A-Za-z_][A-Za-z0-9_]*=/.test(words[count]!)) count += 1;
  // PowerShell calls a quoted program with `&`, which ended a segment already.
  return count;
}

function skipOptions(words: readonly string[], withValue: readonly string[], plain: number): readonly string[] {
  let at = 0;
  let left = plain;
  while (at < words.length) {
    const word = words[at]!;
    if (word === '--') return words.slice(at + 1);
    if (word.startsWith('-')) at += withValue.includes(word) ? 2 : 1;
    else if (left > 0) {
      left -= 1;
      at += 1;
    } else break;
  }
  return words.slice(at);
}

/** `C:\tools\Codex.CMD` -> `codex`; `@openai/codex@latest` -> `codex`; `@anthropic-ai/claude-code` -> `claude-code`. */
function programName(word: string): string {
  const last = word.slice(Math.max(word.lastIndexOf('/'), word.lastIndexOf('\\')) + 1).toLowerCase();
  const at = last.indexOf('@', 1);
  return (at > 0 ? last.slice(0, at) : last).replace(/\.(?:exe|cmd|bat|ps1)$/, '');
}
