import { describe, expect, it } from 'vitest';
import { classifyCommand } from '../../src/core/checkCommand.ts';

describe('a command', () => {
  it.each([
    ['npm test', 'test'],
    ['npm --prefix web run test:unit', 'test'],
    ['cd app && npm t', 'test'],
    ['bash -lc "npm test"', 'test'],
    ['PYTHONPATH=. python3 -m pytest -x', 'test'],
    ['uv run pytest', 'test'],
    ['./gradlew :app:test', 'test'],
    ['mvn -q clean verify', 'test'],
    ['make -j4 check', 'test'],
    ['C:\\tools\\vitest.cmd run', 'test'],
    ['node --test', 'test'],
    ['make', 'build'],
    ['npm run build', 'build'],
    ['npx tsc -b', 'types'],
    ['cargo check', 'types'],
    ['yarn lint', 'lint'],
    ['cargo clippy', 'lint'],
  ] as const)('[D8] %s checks the work: %s', (command, kind) => {
    expect(classifyCommand(command)).toBe(kind);
  });

  it.each([
    'npm test | tail -5',
    'npm test; echo done',
    'npm install test',
    'vitest --watch',
    'ls -la',
    'git commit -m "npm test"',
    'node test.js',
    'echo npm test',
    '',
  ])('[D8] %s checks nothing', (command) => {
    expect(classifyCommand(command)).toBeUndefined();
  });
});
