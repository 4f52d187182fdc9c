import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { IgnoreRules } from '../../src/core/ignoreRules.ts';

const options = { ignoreCase: false, exclude: [] };

it('[C13] gives the answers that git gives', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapedeck-ignore-'));
  try {
    execFileSync('git', ['init', '-q'], { cwd: folder });
    const files: Record<string, string> = {
      '': '# comment\n*.log\n!keep.log\n/build/\nfoo/**/bar\n**/deep\ndocs/*.md\n!docs/README.md\n\\#hash\ntrailing \nspace\\ \n[ab].txt\n*.[oa]\nonlydir/\n/rooted\n',
      sub: '!*.log\nlocal\n/anchored\n',
      'sub/inner': '*\n!.gitignore\n!seen\n',
      web: 'node\n!build/\n',
    };
    const rules = new IgnoreRules(options);
    rules.setRepository('', '', ['excluded\n*.bak\n', '']);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder, path), { recursive: true });
      writeFileSync(join(folder, path, '.gitignore'), text);
      rules.setFile(path, text);
    }
    writeFileSync(join(folder, '.git/info/exclude'), 'excluded\n*.bak\n');
    const paths = (
      'a.log keep.log build/x sub/build/x foo/bar foo/1/bar foo/1/2/bar x/deep docs/a.md docs/README.md docs/x/a.md #hash a.txt c.txt lib.o lib.so ' +
      'onlydir/x sub/onlydir/y sub/onlydir rooted sub/rooted sub/x.log sub/local sub/a/local sub/anchored sub/a/anchored sub/inner/q sub/inner/seen ' +
      'sub/inner/d/seen excluded sub/excluded a.bak web/node web/build/x web/x.log trailing A.LOG'
    ).split(' ');
    for (const path of paths) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      try {
        writeFileSync(join(folder, path), '');
      } catch {
        // A folder of that name is there: it is asked as a file all the same.
      }
    }
    const asked = execFileSync('sh', ['-c', 'git check-ignore --no-index --stdin || true'], {
      cwd: folder,
      input: paths.join('\n'),
      encoding: 'utf8',
    });
    const ignored = new Set(asked.split('\n').filter((line) => line !== ''));
    expect(ignored.size).toBeGreaterThan(15);
    for (const path of paths) {
      if (path === 'sub/onlydir') continue;
      expect([path, rules.verdict(path, false).verdict === 'ignored'], path).toEqual([path, ignored.has(path)]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('[C8] never lets in what is git’s or Tapedeck’s own, at any depth and in any letters', () => {
  const rules = new IgnoreRules(options);
  rules.setFile('', '!.git\n!.git/**\n');
  for (const path of ['.git', '.git/config', 'a/.git/HEAD', '.GIT/x', '.tapedeck/sessions', 'a/.Tapedeck'])
    expect(rules.verdict(path, true).verdict).toBe('own');
  expect(rules.verdict('.gitignore', false).verdict).toBe('in');
  expect(rules.verdict('a.git', true).verdict).toBe('in');
});

it('[C8] names the topmost path that is left out', () => {
  const rules = new IgnoreRules({ ignoreCase: false, exclude: ['data/**', '*.iso'] });
  expect(rules.verdict('data/a/b.csv', false)).toEqual({ verdict: 'policy', at: 'data/a' });
  expect(rules.verdict('x/big.iso', false)).toEqual({ verdict: 'policy', at: 'x/big.iso' });
  expect(rules.verdict('web/node_modules/p/i.js', false)).toEqual({ verdict: 'generated', at: 'web/node_modules' });
});

it('[C13] keeps the rules of an outer repository out of an inner one', () => {
  const rules = new IgnoreRules(options);
  rules.setFile('', '*.log\n');
  rules.setRepository('', '', ['', '']);
  rules.setRepository('vendor/inner', '', ['', '']);
  expect(rules.verdict('vendor/a.log', false).verdict).toBe('ignored');
  expect(rules.verdict('vendor/inner/a.log', false).verdict).toBe('in');
});

it('[C9] counts a generation for each change of a rule, and none for the same text again', () => {
  const rules = new IgnoreRules(options);
  const before = rules.generation;
  rules.setFile('', 'a\n');
  rules.setFile('', 'a\n');
  expect(rules.generation).toBe(before + 1);
  rules.setFile('', undefined);
  expect(rules.generation).toBe(before + 2);
  expect(rules.verdict('a', false).verdict).toBe('in');
});
