import { describe, expect, it } from 'vitest';
import { isWritableName } from '../../src/core/fileName.ts';

describe('names that may be written', () => {
  it('[R10] takes ordinary names, odd ones too', () => {
    for (const name of ['a', 'a/b.txt', '.gitignore', '.github/x', 'git', 'a b', '日本/é', 'x.git/y', 'CONfig', 'null.d/x'])
      expect([name, isWritableName(name, true)]).toEqual([name, true]);
    for (const name of ['aux', 'ab:c', 'line\nbreak', 'trailing.', 'what?'])
      expect([name, isWritableName(name, false)]).toEqual([name, true]);
  });

  it('[R10] refuses what leaves the folder or reaches into .git by any spelling of any system', () => {
    const names = [
      '',
      '/a',
      '../a',
      'a/../b',
      './a',
      'a//b',
      'C:/a',
      'c:a',
      'a\\b',
      'a\0b',
      '.git',
      '.git/config',
      'x/.git/y',
      '.GIT/x',
      '.git./x',
      '.git /x',
      '.git . ./x',
      'GIT~1/x',
      '.git::$INDEX_ALLOCATION/x',
      '.g\u200cit/x',
      '.git\ufeff/config',
    ];
    for (const name of names) for (const isWindows of [true, false]) expect([name, isWritableName(name, isWindows)]).toEqual([name, false]);
  });

  it('[R10] refuses on Windows what Windows reads otherwise', () => {
    for (const name of ['aux', 'NUL.txt', 'a/com1', 'LPT9.log', 'a:stream', 'trailing.', 'trailing ', 'what?', 'a/<b>', 'line\nbreak'])
      expect([name, isWritableName(name, true)]).toEqual([name, false]);
  });
});
