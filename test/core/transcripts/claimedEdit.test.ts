import { describe, expect, test } from 'vitest';
import { claimMatches, claimsMatch } from '../../../src/core/transcripts/claimedEdit.ts';
import { parseCodexPatch } from '../../../src/core/transcripts/codexPatch.ts';
import { applyHunks, parseHunks } from '../../../src/core/transcripts/patch.ts';
import { nodeDigest } from '../../../src/store/digest.ts';
import { claudeAdapter } from '../../../src/core/transcripts/claude.ts';
import { codexAdapter } from '../../../src/core/transcripts/codex.ts';
import { factsOf, fixturesOf } from './adapterContract.ts';

const before = 'one\ntwo\nthree\n';
const hash = nodeDigest.sha256;

describe('a claimed edit', () => {
  test('[A9] matches a whole content, whatever the line ends', () => {
    const claim = { path: '/a', op: 'create', oldText: null, newText: 'one\ntwo\n' } as const;
    expect(claimMatches(claim, undefined, 'one\ntwo\n')).toBe(true);
    expect(claimMatches(claim, undefined, 'one\r\ntwo\r\n')).toBe(true);
    expect(claimMatches(claim, undefined, 'one\ntwo')).toBe(true);
    expect(claimMatches(claim, undefined, 'one\nTWO\n')).toBe(false);
    expect(claimMatches(claim, undefined, undefined)).toBe(false);
  });

  test('[A9] matches a replacement in the text before', () => {
    const claim = { path: '/a', op: 'update', oldText: 'two', newText: '2' } as const;
    expect(claimMatches(claim, before, 'one\n2\nthree\n')).toBe(true);
    expect(claimMatches(claim, 'one\r\ntwo\r\nthree\r\n', 'one\r\n2\r\nthree\r\n')).toBe(true);
    expect(claimMatches(claim, before, 'one\n2\nthree!\n')).toBe(false);
    expect(claimMatches(claim, 'nothing of it', '2')).toBe(false);
    expect(claimMatches({ ...claim, replaceAll: true }, 'two two', '2 2')).toBe(true);
    expect(claimMatches(claim, 'two two', '2 2')).toBe(false);
  });

  test('[A9] does not read the new text as a pattern', () => {
    expect(claimMatches({ path: '/a', op: 'update', oldText: 'two', newText: '$&$1' }, before, 'one\n$&$1\nthree\n')).toBe(true);
  });

  test('[A9] matches hunks with and without line numbers', () => {
    for (const patch of ['@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n', '@@\n-two\n+2\n', '@@ one\n-two\n+2']) {
      expect(claimMatches({ path: '/a', op: 'update', patch }, before, 'one\n2\nthree\n')).toBe(true);
      expect(claimMatches({ path: '/a', op: 'update', patch }, before, 'one\n2\n3\n')).toBe(false);
      expect(claimMatches({ path: '/a', op: 'update', patch }, 'other\n', 'one\n2\nthree\n')).toBe(false);
    }
  });

  test('[A9] matches several edits of one file, one upon the other', () => {
    const claims = [
      { path: '/a', op: 'update', oldText: 'one', newText: '1' },
      { path: '/a', op: 'update', oldText: '1\ntwo', newText: '1\n2' },
    ] as const;
    expect(claimsMatch(claims, before, '1\n2\nthree\n')).toBe(true);
    expect(claimsMatch([...claims].reverse(), before, '1\n2\nthree\n')).toBe(false);
  });

  test('[A9] matches a deletion and a move', () => {
    expect(claimMatches({ path: '/a', op: 'delete', newText: null }, before, undefined)).toBe(true);
    expect(claimMatches({ path: '/a', op: 'delete', newText: null }, before, before)).toBe(false);
    expect(claimMatches({ path: '/b', op: 'move', from: '/a' }, before, before)).toBe(true);
    expect(claimMatches({ path: '/b', op: 'move', from: '/a', patch: '@@\n-two\n+2\n' }, before, 'one\n2\nthree\n')).toBe(true);
  });

  test('[A9] is never a match when it tells its path alone, and by its hash when that is told', () => {
    expect(claimMatches({ path: '/a', op: 'update' }, before, before)).toBe(false);
    const claim = { path: '/a', op: 'update', afterHash: hash('x\ny\n') } as const;
    expect(claimMatches(claim, before, 'x\ny\n')).toBe(false);
    expect(claimMatches(claim, before, 'x\ny\n', nodeDigest)).toBe(true);
    expect(claimMatches(claim, before, 'x\r\ny\r\n', nodeDigest)).toBe(true);
    expect(claimMatches(claim, before, 'x\nz\n', nodeDigest)).toBe(false);
  });
});

describe('a patch', () => {
  test('[A9] is found where it stands, not where it says', () => {
    const text = `${'filler\n'.repeat(10)}a\nb\nc\n`;
    expect(applyHunks(text, parseHunks('@@ -2,2 +2,2 @@\n a\n-b\n+B\n'))).toBe(`${'filler\n'.repeat(10)}a\nB\nc\n`);
  });

  test('[A9] is taken where it says, when it stands there too', () => {
    expect(applyHunks('a\nb\na\nb\n', parseHunks('@@ -3,2 +3,2 @@\n a\n-b\n+B\n'))).toBe('a\nb\na\nB\n');
  });

  test('[A9] adds lines at the end, after its anchor, or by number', () => {
    expect(applyHunks('a\nb\n', parseHunks('@@\n+c\n'))).toBe('a\nb\nc\n');
    expect(applyHunks('a\nb\n', parseHunks('@@ a\n+c\n'))).toBe('a\nc\nb\n');
    expect(applyHunks('', parseHunks('@@ -0,0 +1,1 @@\n+c\n'))).toBe('c\n');
  });

  test('[A9] of Codex tells each file, with paths made absolute', () => {
    const patch =
      '*** Begin Patch\n*** Update File: a.txt\n*** Move to: ../b.txt\n@@\n-x\n+y\n*** Add File: C:\\c.txt\n+1\n+2\n*** Delete File: /d\n*** End Patch';
    expect(parseCodexPatch(patch, '/w/sub', () => 'hash')).toEqual([
      { path: '/w/b.txt', op: 'move', from: '/w/sub/a.txt', patch: '@@\n-x\n+y' },
      { path: 'C:/c.txt', op: 'create', oldText: null, newText: '1\n2\n', afterHash: 'hash' },
      { path: '/d', op: 'delete', newText: null },
    ]);
  });
});

describe('the edits in transcripts of real runs', () => {
  test('[A9] match what Codex did to calc.py', () => {
    const fixture = fixturesOf('codex').find((entry) => entry.scenario === 'edits-and-resume')!;
    const edits = factsOf(codexAdapter, fixture).flatMap((fact) => (fact.kind === 'tool.returned' ? (fact.edits ?? []) : []));
    const update = edits.find((edit) => edit.path.endsWith('/calc.py') && edit.op === 'update')!;
    const move = edits.find((edit) => edit.op === 'move')!;
    const fixed = 'def add(a, b):\n    return a + b\n';
    expect(claimMatches(update, 'def add(a, b):\n    return a - b\n', fixed)).toBe(true);
    expect(claimMatches(move, fixed, 'def add(a, b):\n    """Add ∑."""\n    return a + b\n')).toBe(true);
  });

  test('[A9] match what Claude Code did to a file with CRLF', () => {
    const fixture = fixturesOf('claude').find((entry) => entry.scenario === 'tools-and-resume')!;
    const edit = factsOf(claudeAdapter, fixture)
      .flatMap((fact) => (fact.kind === 'tool.returned' ? (fact.edits ?? []) : []))
      .find((entry) => entry.path.endsWith('/win.txt'))!;
    expect(edit.patch).toContain('-two\n+');
    const line = /^\+(.*)$/m.exec(edit.patch!)![1]!;
    expect(claimMatches(edit, 'one\r\ntwo\r\nthree\r\n', `one\r\n${line}\r\nthree\r\n`)).toBe(true);
  });
});
