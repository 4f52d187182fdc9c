import { expect, it } from 'vitest';
import { onlyReads } from '../../src/core/readingCommand.ts';

it.each([
  'ls -la src',
  "rg -n 'foo|bar' src | head -20",
  "sed -n '1,80p' src/a.ts",
  'cat a.txt 2>/dev/null && git status --short',
  'cd src && git diff HEAD~1 -- a.ts 2>&1 | wc -l',
  'find . -name "*.ts" -not -path "./node_modules/*"',
  'FOO=1 grep -r x . ; pwd',
  'sleep 2',
])('[A61] %s changes no file', (line) => expect(onlyReads(line)).toBe(true));

it.each([
  '',
  'make',
  'cat a > b',
  'echo x >> b',
  'echo x>b',
  'ls | tee out',
  'find . -delete',
  'find . -exec rm {} +',
  'sed -i s/a/b/ f',
  "sed -n 's/a/b/w out' f",
  "sed -n 'w out' f",
  'sort -o f f',
  'git checkout main',
  'git stash',
  'cat $(touch x)',
  'cat `touch x`',
  'diff <(sort -o x a) b',
  'cat <<EOF\nmake\nEOF',
  'rg --pre ./run x',
  'for f in *; do cat $f; done',
  'ls; node build.js',
  'git log --output=x',
  'xargs cat',
])('[A61] %s may change files', (line) => expect(onlyReads(line)).toBe(false));
