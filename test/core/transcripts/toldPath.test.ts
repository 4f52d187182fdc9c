import { expect, test } from 'vitest';
import { resolveToldPath } from '../../../src/core/transcripts/toldPath.ts';

test.each([
  ['/home/dev/a.ts', undefined, '/home/dev/a.ts'],
  ['src/a.ts', '/home/dev', '/home/dev/src/a.ts'],
  ['./src/../b.ts', '/home/dev', '/home/dev/b.ts'],
  ['../../../../etc/passwd', '/home/dev', '/etc/passwd'],
  ['/home/dev/../../etc/passwd', undefined, '/etc/passwd'],
  ['back\\slash', '/home/dev', '/home/dev/back\\slash'],
  ['C:\\Users\\dev\\a.ts', undefined, 'C:/Users/dev/a.ts'],
  ['c:/Users/./dev/a.ts', undefined, 'c:/Users/dev/a.ts'],
  ['src\\a.ts', 'C:\\Users\\dev', 'C:/Users/dev/src/a.ts'],
  ['..\\..\\..\\..\\x', 'C:\\Users\\dev', 'C:/x'],
  ['\\\\server\\share\\a\\..\\b', undefined, '//server/share/b'],
  ['file:///home/me/x%20y/%E2%9C%93', undefined, '/home/me/x y/✓'],
  ['file:///C:/Users/me/x%20y', undefined, 'C:/Users/me/x y'],
  ['file:///home/100%/a', undefined, '/home/100%/a'],
  ['file:///home/dev/%2e%2e/%2e%2e/etc', undefined, '/etc'],
  ['relative', undefined, undefined],
  ['~/notes', '/home/dev', undefined],
  ['', '/home/dev', undefined],
  ['a\u0000b', '/home/dev', undefined],
  ['file:///a%00b', undefined, undefined],
  [7, '/home/dev', undefined],
  ['x'.repeat(10_000), '/home/dev', undefined],
])('[A4] makes %j told in %j absolute', (told, cwd, absolute) => {
  expect(resolveToldPath(told, cwd)).toBe(absolute);
});
