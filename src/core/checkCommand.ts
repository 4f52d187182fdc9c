import type { CheckKind } from '../model/sessionState.ts';

/**
 * Tells from a command's text whether it checks the work. By rule and by well-known names only: what is not known is no check.
 * The last simple command of a chain counts, because its exit code is the chain's: `cd app && npm test`.
 */
export function classifyCommand(command: string): CheckKind | undefined {
  const words = lastSimpleCommand(command);
  if (words.length === 0) return undefined;
  const [first = '', second = '', third = ''] = words;
  const rest = words.slice(1);
  if (packageManagers.has(first)) {
    const script = second === 'run' || second === 'run-script' || second === '--silent' || second === '-s' ? third : second;
    if (second === 'exec' || second === 'dlx' || second === 'x') return classifyTool(third, words.slice(3));
    return classifyScript(script) ?? (first === 'yarn' || first === 'bun' ? classifyTool(second, words.slice(2)) : undefined);
  }
  if (first === 'npx' || first === 'bunx' || first === 'uvx') {
    const at = rest.findIndex((word) => !word.startsWith('-'));
    return at < 0 ? undefined : classifyTool(baseOf(rest[at] ?? ''), rest.slice(at + 1));
  }
  if ((first === 'python' || first === 'python3' || first === 'py') && second === '-m') return classifyTool(third, words.slice(3));
  if (first === 'uv' || first === 'poetry' || first === 'pipenv' || first === 'hatch' || first === 'bundle') {
    return second === 'run' || second === 'exec' ? classifyTool(third, words.slice(3)) : undefined;
  }
  return classifyTool(baseOf(first), rest);
}

/** One command's text, as the key under which its runs are counted. */
export function commandKey(command: string): string {
  return command
    .slice(0, keyLimit * 4)
    .trim()
    .replaceAll(/\s+/g, ' ')
    .slice(0, keyLimit);
}

/** True when a code other than 0 says "nothing found" or "not the same", which is an answer and no failure. */
export function isAnswer(command: string, exitCode: number): boolean {
  if (exitCode !== 1) return false;
  const words = lastSimpleCommand(command);
  const first = baseOf(words[0] ?? '');
  return answerers.has(first) || (first === 'git' && (words[1] === 'diff' || words[1] === 'grep' || words[1] === 'check-ignore'));
}

/** Stopped from outside: Ctrl+C, a kill, a closed terminal. */
export function isStopped(exitCode: number | null, outcome: string | undefined): boolean {
  if (outcome === 'interrupted' || outcome === 'closed' || outcome === 'background' || outcome === 'declined') return true;
  return exitCode === 130 || exitCode === 137 || exitCode === 143 || exitCode === 3221225786 || exitCode === -1073741510;
}

const keyLimit = 400;
const packageManagers = new Set(['npm', 'pnpm', 'yarn', 'bun', 'deno']);
const answerers = new Set([
  'grep',
  'egrep',
  'fgrep',
  'rg',
  'ag',
  'ack',
  'diff',
  'cmp',
  'test',
  '[',
  '[[',
  'pgrep',
  'which',
  'where',
  'findstr',
  'fc',
]);

const tests = new Set([
  ...['pytest', 'py.test', 'jest', 'vitest', 'mocha', 'ava', 'tap', 'rspec', 'phpunit', 'ctest', 'tox', 'nox', 'unittest', 'nose2'],
  ...['playwright', 'cypress', 'karma', 'jasmine', 'nextest', 'gotestsum', 'bats', 'busted', 'pest', 'behave', 'minitest'],
]);
const lints = new Set([
  ...['eslint', 'oxlint', 'biome', 'ruff', 'flake8', 'pylint', 'golangci-lint', 'clippy', 'rubocop', 'shellcheck', 'stylelint'],
  ...['ktlint', 'hadolint', 'swiftlint', 'phpstan', 'psalm'],
]);
const types = new Set(['tsc', 'vue-tsc', 'mypy', 'pyright', 'basedpyright', 'flow', 'sorbet', 'ty']);
const builds = new Set([
  'make',
  'gmake',
  'ninja',
  'bazel',
  'webpack',
  'esbuild',
  'rollup',
  'msbuild',
  'xcodebuild',
  'gcc',
  'g++',
  'clang',
  'javac',
  'swiftc',
]);

function classifyTool(name: string, rest: readonly string[]): CheckKind | undefined {
  if (tests.has(name)) return 'test';
  if (lints.has(name)) return 'lint';
  if (types.has(name)) return 'types';
  const task = rest.find((word) => !word.startsWith('-') && !word.includes('=')) ?? '';
  switch (name) {
    case 'cargo':
    case 'go':
    case 'dotnet':
    case 'swift':
    case 'mix':
    case 'zig':
    case 'rake':
    case 'rails':
    case 'gradle':
    case 'gradlew':
    case 'mvn':
    case 'mvnw':
    case 'sbt':
    case 'just':
    case 'task':
    case 'flutter':
    case 'dart':
    case 'nx':
    case 'turbo':
    case 'make':
    case 'gmake':
    case 'bazel':
    case 'deno':
      return classifyTask(task) ?? (builds.has(name) && task === '' ? 'build' : undefined);
    case 'node':
      return rest.includes('--test') ? 'test' : undefined;
    case 'cmake':
      return rest.includes('--build') ? 'build' : undefined;
    case 'vite':
    case 'next':
    case 'astro':
    case 'ng':
      return classifyTask(task);
    default:
      return builds.has(name) ? 'build' : undefined;
  }
}

function classifyTask(task: string): CheckKind | undefined {
  if (/^(test|tests|nextest|verify|spec)\b/.test(task) || /:test\w*$/.test(task)) return 'test';
  if (/^(build|package|compile|assemble|install|all)\b/.test(task)) return 'build';
  if (/^(clippy|lint)\b/.test(task)) return 'lint';
  if (/^(check|vet|analyze|typecheck)\b/.test(task)) return 'types';
  return undefined;
}

function classifyScript(script: string): CheckKind | undefined {
  if (/^(t|tst|test|tests|e2e|spec|verify|ci)$/.test(script) || /^(test|e2e)[:\-.]/.test(script)) return 'test';
  if (/^(build|compile|bundle)($|[:\-.])/.test(script)) return 'build';
  if (/^lint($|[:\-.])/.test(script)) return 'lint';
  if (/^(types?|typecheck|type-check|check-types|tsc|check)($|[:\-.])/.test(script)) return 'types';
  return undefined;
}

const baseOf = (word: string): string => (word.split(/[\\/]/).at(-1) ?? '').replace(/\.(?:exe|cmd|bat|ps1|sh)$/i, '');

/** The words of the last command in a chain, without variables set in front of it and without wrappers such as `time`. */
function lastSimpleCommand(command: string): readonly string[] {
  const line = command.slice(0, 2000).trim();
  const unwrapped = /^(?:\S*\/)?(?:ba|z|da)?sh -l?c ["'](.*)["']$/s.exec(line)?.[1] ?? line;
  const last = unwrapped
    .split(/&&|\|\||;|\n/)
    .map((part) => part.trim())
    .findLast((part) => part !== '' && !part.startsWith('#'));
  if (last === undefined) return [];
  // Without pipefail the exit code is that of the pipe's last command.
  const words = (last.split(/(?<!\|)\|(?!\|)/).at(-1) ?? '').trim().split(/\s+/);
  let start = 0;
  while (start < words.length && (/^[A-Za-z_]\w*=/.test(words[start] ?? '') || wrappers.has(words[start] ?? ''))) start++;
  return words.slice(start).filter((word) => !/^\d*>/.test(word));
}

const wrappers = new Set(['time', 'sudo', 'env', 'command', 'nohup', 'nice', 'timeout', 'xvfb-run', 'cross-env', 'dotenv', '--']);
