import { describe, expect, test } from 'vitest';
import { isSameProject, likeness, normalRemote, remotesIn } from '../../src/core/projectIdentity.ts';

describe('the identity of a project', () => {
  test('[A52] is the same for a remote however it is written, and none for a path on a disk', () => {
    for (const url of [
      'git@Host.org:team/App.git',
      'https://host.org/team/app',
      'https://user:key@host.org/team/app.git/',
      'ssh://git@host.org:22/team/app',
      'git+ssh://host.org/team/app.git',
      'host.org:team/app',
    ])
      expect([url, normalRemote(url)]).toEqual([url, 'host.org/team/app']);
    for (const url of ['/srv/git/app.git', '../app', 'C:\\git\\app', 'C:/git/app', 'file:///srv/app', ''])
      expect([url, normalRemote(url)]).toEqual([url, undefined]);
  });

  test('[A52] is read of a repository’s configuration, and no other section', () => {
    const config =
      '[core]\n\tbare = false\n[remote "origin"]\r\n\turl = git@host.org:team/app.git\r\n\tfetch = x\n[branch "main"]\n\turl = git@host.org:team/none\n[remote "up stream"]\n  URL = "https://host.org/up/app"\n';
    expect(remotesIn(config)).toEqual(['host.org/team/app', 'host.org/up/app']);
    expect(remotesIn('')).toEqual([]);
  });

  test('[A52] is shared by one remote or one first commit', () => {
    const one = { rootCommits: ['a'], remotes: ['h/x'] };
    expect(isSameProject(one, { rootCommits: [], remotes: ['h/x', 'h/y'] })).toBe(true);
    expect(isSameProject(one, { rootCommits: ['a'], remotes: [] })).toBe(true);
    expect(isSameProject(one, { rootCommits: ['b'], remotes: ['h/y'] })).toBe(false);
    expect(isSameProject({ rootCommits: [], remotes: [] }, { rootCommits: [], remotes: [] })).toBe(false);
  });

  test('[A52] is only guessed at for a folder that is no more: by its name, and what was touched there and is here', () => {
    const here = { name: 'app', has: (file: string) => file === 'src/a.ts' };
    const lost = (path: string, files: readonly string[]) => likeness({ path, branches: [], files }, here);
    expect(lost('/old/other', [])).toBe(0);
    expect(lost('C:\\old\\App', [])).toBe(1);
    expect(lost('/old/other', ['src/a.ts'])).toBeGreaterThan(lost('/old/app', []));
    expect(lost('/old/other', ['src/a.ts', 'src/b.ts'])).toBe(1);
  });
});
