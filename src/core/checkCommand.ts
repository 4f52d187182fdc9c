import type { CheckKind } from '../model/sessionState.ts';
import { programsOf } from './commandLine.ts';

/**
 * Tells from a command's text whether it checks the work. By rule and by well-known names only: what is not known is no check.
 * The last program of a chain counts, because its exit code is the chain's: `cd app && npm test`.
 */
export function classifyCommand(command: string): CheckKind | undefined {
  const last = programsOf(unwrapShell(command)).at(-1);
  // What only tells of itself, or never ends by itself, checks nothing.
  if (last === undefined || last.words.some((word) => /^(?:--help|-h|--version|--watch|--watchAll)$/.test(word))) return undefined;
  const [first = '', second = ''] = last.words;
  if (packageManagers.has(last.program)) {
    const words = plainWords(last.words);
    const [script = ''] = words[0] === 'run' || words[0] === 'run-script' ? words.slice(1) : words;
    return classifyScript(script) ?? (last.program === 'npm' ? undefined : classifyTool(script, words.slice(1)));
  }
  if (/^python[0-9.]*$|^py$/.test(last.program) && first === '-m') return classifyTool(second, last.words.slice(2));
  return classifyTool(last.program, last.words);
}

/** One command's text, as the key under which its runs are counted. */
export function commandKey(command: string): string {
  if (isPlain(command)) return command;
  return command
    .slice(0, keyLimit * 4)
    .trim()
    .replaceAll(/\s+/g, ' ')
    .slice(0, keyLimit);
}

/** No longer than a key, and no white space in it but single spaces between words. */
function isPlain(command: string): boolean {
  if (command.length > keyLimit) return false;
  let isBreak = true;
  for (let index = 0; index < command.length; index++) {
    const char = command.charCodeAt(index);
    if (char > 0x7e || char < 0x20 || (char === 0x20 && isBreak)) return false;
    isBreak = char === 0x20;
  }
  return !isBreak || command === '';
}

/** True when a code other than 0 says "nothing found" or "not the same", which is an answer and no failure. */
export function isAnswer(command: string, exitCode: number): boolean {
  if (exitCode !== 1) return false;
  const last = programsOf(unwrapShell(command)).at(-1);
  if (last === undefined) return false;
  return answerers.has(last.program) || (last.program === 'git' && /^(?:diff|grep|check-ignore)$/.test(last.words[0] ?? ''));
}

/** Stopped from outside: Ctrl+C, a kill, a closed terminal. */
export function isStopped(exitCode: number | null, outcome: string | undefined): boolean {
  if (outcome === 'interrupted' || outcome === 'closed' || outcome === 'background' || outcome === 'declined') return true;
  return exitCode === 130 || exitCode === 137 || exitCode === 143 || exitCode === 3221225786 || exitCode === -1073741510;
}

const keyLimit = 400;
const packageManagers = new Set(['npm', 'pnpm', 'yarn', 'bun', 'deno']);
const valuedOptions = new Set(['--prefix', '-C', '-w', '--workspace', '--filter', '--dir', '--cwd', '-F']);
const answerers = new Set('grep egrep fgrep rg ag ack diff cmp test [ [[ pgrep which where findstr fc'.split(' '));

/** Programs that do nothing but test. */
const tests = new Set(
  (
    'vitest jest mocha ava tap pytest py.test tox nox unittest nose2 rspec phpunit pest ctest bats busted karma jasmine ' +
    'cargo-nextest nextest gotestsum tsd uvu behave'
  ).split(' '),
);
const lints = new Set(
  'eslint oxlint biome ruff flake8 pylint golangci-lint clippy rubocop shellcheck stylelint ktlint hadolint swiftlint phpstan psalm'.split(
    ' ',
  ),
);
const types = new Set('tsc vue-tsc mypy pyright basedpyright flow sorbet ty'.split(' '));
const builds = new Set('make gmake ninja bazel webpack esbuild rollup msbuild xcodebuild gcc g++ clang javac swiftc'.split(' '));
/** Programs whose first word names the task. */
const taskRunners = new Set(
  (
    'cargo go dotnet swift mix zig rake rails gradle gradlew mvn mvnw sbt just task flutter dart nx turbo make gmake bazel deno ' +
    'composer stack meson vite next astro ng'
  ).split(' '),
);
/** Those that call their tests `check`. */
const checkIsTest = new Set(['make', 'gmake', 'gradle', 'gradlew', 'just']);

function classifyTool(name: string, rest: readonly string[]): CheckKind | undefined {
  if (name === 'playwright' || name === 'cypress') return /^(?:test|run)$/.test(rest[0] ?? '') ? 'test' : undefined;
  if (tests.has(name)) return 'test';
  if (lints.has(name)) return 'lint';
  if (types.has(name)) return 'types';
  if (name === 'node') return rest.includes('--test') ? 'test' : undefined;
  if (name === 'cmake') return rest.includes('--build') ? 'build' : undefined;
  if (!taskRunners.has(name)) return builds.has(name) ? 'build' : undefined;
  const tasks = rest.filter((word) => !word.startsWith('-') && !word.includes('='));
  if (checkIsTest.has(name) && tasks.includes('check')) return 'test';
  // `mvn clean verify`: the last task that says something decides.
  const found = tasks.slice(0, name.startsWith('mvn') || name.startsWith('gradle') ? 4 : 1).map(classifyTask);
  return found.findLast((kind) => kind !== undefined) ?? (builds.has(name) && tasks.length === 0 ? 'build' : undefined);
}

function plainWords(words: readonly string[]): string[] {
  return words.filter((word, index) => !word.startsWith('-') && !valuedOptions.has(words[index - 1] ?? ''));
}

function classifyTask(task: string): CheckKind | undefined {
  if (/^(?:.*:)?(?:test|tests|nextest|verify|spec)$/.test(task) || task.startsWith('test:')) return 'test';
  if (/^(build|package|compile|assemble|install|all)\b/.test(task)) return 'build';
  if (/^(clippy|lint)\b/.test(task)) return 'lint';
  if (/^(check|vet|analyze|typecheck)\b/.test(task)) return 'types';
  return undefined;
}

function classifyScript(script: string): CheckKind | undefined {
  if (/^(?:t|tst|test|tests|e2e|spec|verify)$/.test(script) || /^(?:test|e2e)[:\-.]/.test(script)) return 'test';
  if (/^(build|compile|bundle)($|[:\-.])/.test(script)) return 'build';
  if (/^lint($|[:\-.])/.test(script)) return 'lint';
  if (/^(types?|typecheck|type-check|check-types|tsc|check)($|[:\-.])/.test(script)) return 'types';
  return undefined;
}

/** `bash -lc "npm test"` -> `npm test`, as agents run their commands. */
function unwrapShell(command: string): string {
  const line = command.slice(0, 8192).trim();
  return /^(?:\S*[\\/])?(?:ba|z|da|k)?sh(?:\.exe)? -[a-z]*c (["'])(.*)\1$/s.exec(line)?.[2] ?? line;
}
