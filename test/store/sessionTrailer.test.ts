import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { addTrailer, installTrailerHook, nameTrailerSession, removeTrailerHook } from '../../src/store/sessionTrailer.ts';

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'tapedeck-trailer-')));
  git('init', '-q', '-b', 'main');
});
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

function git(...args: string[]): string {
  const who = { GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@example.org', GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@example.org' };
  const env = { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null', ...who };
  return execFileSync('git', args, { cwd: folder, encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });
}
const commit = (message: string): string => {
  git('commit', '-q', '--allow-empty', '-m', message);
  return git('log', '-1', '--format=%B').trim();
};
const hookPath = (): string => join(folder, '.git', 'hooks', 'prepare-commit-msg');

it('[A62] adds the session to commits while one is recorded, once, and nothing else before, between and after', async () => {
  expect(await installTrailerHook(folder)).toBeUndefined();
  expect(await installTrailerHook(folder)).toBeUndefined();
  expect(commit('Plain')).toBe('Plain');
  await nameTrailerSession(folder, '20260101-080000-abcd');
  expect(commit('Work')).toBe('Work\n\nTapedeck-Session: 20260101-080000-abcd');
  git('commit', '-q', '--amend', '--allow-empty', '--no-edit');
  expect(git('log', '-1', '--format=%B').match(/Tapedeck-Session/g)).toHaveLength(1);
  await nameTrailerSession(folder, undefined);
  expect(commit('Later')).toBe('Later');
  await nameTrailerSession(folder, '20260101-080000-abcd');
  await removeTrailerHook(folder);
  expect(existsSync(hookPath())).toBe(false);
  expect(existsSync(join(folder, '.git', 'tapedeck-session'))).toBe(false);
  expect(commit('Off')).toBe('Off');
});

it('[A62] touches no hook of anybody else, and none that lies outside of git’s folder', async () => {
  await mkdir(join(folder, '.git', 'hooks'), { recursive: true });
  await writeFile(hookPath(), '#!/bin/sh\nexit 0\n');
  await chmod(hookPath(), 0o755);
  expect(await installTrailerHook(folder)).toBe('other-hook');
  await removeTrailerHook(folder);
  expect(await readFile(hookPath(), 'utf8')).toBe('#!/bin/sh\nexit 0\n');
  git('config', 'core.hooksPath', '.husky');
  expect(await installTrailerHook(folder)).toBe('hooks-elsewhere');
  expect(existsSync(join(folder, '.husky'))).toBe(false);
});

it('[A62] adds the trailer for a hook of the user’s own', async () => {
  await writeFile(join(folder, 'message'), 'Work\n');
  await addTrailer(folder, 'message', '20260101-080000-abcd');
  await addTrailer(folder, 'message', '20260101-080000-abcd');
  expect(await readFile(join(folder, 'message'), 'utf8')).toBe('Work\n\nTapedeck-Session: 20260101-080000-abcd\n');
});

it('[A62] works in a worktree, each with a session of its own', async () => {
  commit('Begin');
  const tree = join(folder, 'tree');
  git('worktree', 'add', '-q', tree, '-b', 'other');
  expect(await installTrailerHook(tree)).toBeUndefined();
  await nameTrailerSession(tree, 'in-the-tree');
  expect(commit('Main')).toBe('Main');
  git('-C', tree, 'commit', '-q', '--allow-empty', '-m', 'Tree');
  expect(git('-C', tree, 'log', '-1', '--format=%B').trim()).toBe('Tree\n\nTapedeck-Session: in-the-tree');
});
