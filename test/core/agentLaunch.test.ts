import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { launchableAgents, launchLine, quoteWord, shellKind } from '../../src/core/agentLaunch.ts';

const has = (shell: string): boolean => {
  try {
    execFileSync(shell, ['-c', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
const posixShells = ['bash', 'dash', 'sh', 'zsh', 'ksh'].filter(has);

it.runIf(posixShells.length > 0)('[D45] quotes any word so that a real shell gives it back as one argument', async () => {
  const words = [
    "it's",
    '$(touch x) `id` $HOME',
    'a b  c',
    '\\" \' \\',
    '!history *?[a] {a,b} ~ #x',
    '-n',
    ';&|<>()',
    'ünïcode 漢字',
    ...fc.sample(fc.string({ minLength: 1, maxLength: 30, unit: 'binary' }), 40),
  ].filter((word) => quoteWord(word, 'posix') !== undefined && !/[\ud800-\udfff]/.test(word));
  for (const shell of posixShells) {
    const line = words.map((word) => `printf '%s\\0' ${quoteWord(word, 'posix')!}`).join('; ');
    const { stdout } = await promisify(execFile)(shell, ['-c', line]);
    expect(stdout.split('\0').slice(0, -1), shell).toEqual(words);
  }
});

it.runIf(posixShells.length > 0)('[D45] hands the whole prompt to the agent through a file, and runs nothing of it', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "tapedeck it's $(touch pwned) "));
  try {
    const prompt = '# Take up\n\n$(touch pwned) `touch pwned` "; touch pwned; "\n```text\n!!\n```\n\\';
    const file = path.join(folder, 'prompt.md');
    await writeFile(file, prompt);
    for (const agent of launchableAgents.filter(({ id }) => id !== 'aider')) {
      const line = launchLine(agent, file, 'posix', prompt.length)!;
      for (const shell of posixShells) {
        const called = `${agent.words[0]}() { for last; do :; done; printf '%s' "$last"; }\n${line}`;
        const { stdout } = await promisify(execFile)(shell, ['-c', called], { cwd: folder });
        expect(stdout, `${shell} ${agent.id}`).toBe(prompt);
      }
    }
    expect((await import('node:fs')).existsSync(path.join(folder, 'pwned'))).toBe(false);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('[D45] asks the agent to read the file where a shell would harm what it hands over, or it is too long', () => {
  const codex = launchableAgents.find(({ id }) => id === 'codex')!;
  const path = 'C:\\Work\\my shop\\.tapedeck\\reports\\resume.md';
  expect(launchLine(codex, path, 'windows-powershell', 100)).toBe(`codex 'Read the file ${path} and take up the work that it describes.'`);
  expect(launchLine(codex, path, 'cmd', 100)).toBe(`codex "Read the file ${path} and take up the work that it describes."`);
  expect(launchLine(codex, '/a/b.md', 'posix', 200_000)).toBe("codex 'Read the file /a/b.md and take up the work that it describes.'");
  const aider = launchableAgents.find(({ id }) => id === 'aider')!;
  expect(launchLine(aider, '/a/b.md', 'posix', 10)).toBe('aider --read /a/b.md');
});

it('[D45] says nothing where a shell has no safe way', () => {
  const codex = launchableAgents[0]!;
  expect(launchLine(codex, 'C:\\100%\\a.md', 'cmd', 1)).toBeUndefined();
  expect(launchLine(codex, 'C:\\a"b.md', 'powershell', 1)).toBeUndefined();
  expect(launchLine(codex, '/a$b.md', 'other', 1)).toBeUndefined();
  for (const shell of ['posix', 'fish', 'powershell', 'cmd', 'other'] as const) expect(quoteWord('a\nb', shell)).toBeUndefined();
  expect(quoteWord('it’s', 'powershell')).toBe("'it’’s'");
});

it('[D45] knows shells by their names', () => {
  expect(shellKind('/usr/bin/zsh', false)).toBe('posix');
  expect(shellKind('C:\\Windows\\System32\\cmd.exe', true)).toBe('cmd');
  expect(shellKind('C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe', true)).toBe('windows-powershell');
  expect(shellKind('pwsh', true)).toBe('powershell');
  expect(shellKind('C:\\Program Files\\Git\\bin\\bash.exe', true)).toBe('posix');
  expect(shellKind('nu', false)).toBe('other');
});
