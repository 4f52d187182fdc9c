import { expect, it } from 'vitest';
import { atDetail } from '../../src/core/detailLevel.ts';
import { emptyState, foldEvent } from '../../src/core/fold.ts';
import { buildResumePrompt } from '../../src/core/resumePrompt.ts';
import { withModel } from '../../src/core/resumeModel.ts';
import { shortLabel } from '../../src/core/sessionLabel.ts';
import type { EventDraft } from '../../src/model/event.ts';

it('[A68] keeps a label to 64 characters as people count them, and cuts none in two', () => {
  expect(shortLabel('  Mend the\n login ')).toBe('Mend the login');
  const exact = 'é'.repeat(64);
  expect(shortLabel(exact)).toBe(exact);
  const family = '👩‍👩‍👧‍👦';
  const graphemes = (text: string): string[] =>
    [...new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text)].map(({ segment }) => segment);
  const cut = graphemes(shortLabel(family.repeat(80)));
  expect(cut).toEqual([...Array.from({ length: 63 }, () => family), '…']);
  expect(graphemes(shortLabel('y\u0301'.repeat(70)))).toHaveLength(64);
  expect(shortLabel(`${family.repeat(63)}a`)).toBe(`${family.repeat(63)}a`);
});

it('[A69] keeps in brief what agents say and print, and in full what is asked, edited and fails', () => {
  const text = { head: 'word '.repeat(200), tail: 'end', sizeBytes: 5000, hash: 'h' };
  const by = { actor: 'agent' as const, name: 'codex', how: 'transcript' as const };
  const reply: EventDraft = { kind: 'reply.given', by, text };
  expect(atDetail(reply, 'full')).toBe(reply);
  expect(atDetail(reply, 'brief')).toMatchObject({ text: { head: text.head.slice(0, 240), sizeBytes: 5000, hash: 'h' } });
  const failed: EventDraft = { kind: 'tool.returned', by, call: 'c', status: 'failed', output: text };
  expect(atDetail(failed, 'brief')).toBe(failed);
  const prompt: EventDraft = { kind: 'prompt.submitted', by, text, provenance: 'user' };
  expect(atDetail(prompt, 'brief')).toBe(prompt);
});

it('[A69] resumes runs with the model that was chosen, by the agent’s own option, and never with a word that is none', () => {
  expect(withModel('claude', ['claude', '--resume', 'r'], new Map([['claude', 'opus']]))).toEqual([
    'claude',
    '--resume',
    'r',
    '--model',
    'opus',
  ]);
  expect(withModel('codex', ['codex', 'resume', 'r'], new Map([['', 'gpt-5.5']]))).toEqual(['codex', 'resume', 'r', '--model', 'gpt-5.5']);
  expect(withModel('claude', ['claude'], new Map([['', '--dangerously-skip-permissions']]))).toEqual(['claude']);
  expect(withModel('openclaw', ['openclaw', 'tui'], new Map([['', 'x']]))).toEqual(['openclaw', 'tui']);
});

it('[A62] [A69] says the chosen model, OpenClaw’s own key and whose work a commit holds in the resume prompt', () => {
  const state = emptyState();
  let n = 0;
  const fold = (draft: EventDraft): void => {
    n += 1;
    foldEvent(state, { v: 1, w: 'abcdefgh', n, at: new Date(1_700_000_000_000 + n * 1000).toISOString(), ...draft });
  };
  const began = (agent: string, run: string, key?: string): void => {
    const by = { actor: 'agent' as const, name: agent, run, how: 'transcript' as const };
    fold({ kind: 'run.started', by, run, agent, cwd: '/work', ...(key === undefined ? {} : { key }) });
    fold({
      kind: 'prompt.submitted',
      by: { actor: 'user', how: 'transcript' },
      run,
      turn: 1,
      text: { head: 'Go', sizeBytes: 2 },
      provenance: 'user',
    });
  };
  began('claude', 'run-1');
  began('openclaw', 'run-2', 'agent:main:main');
  const user = { actor: 'user' as const, how: 'stated' as const };
  fold({ kind: 'session.adjusted', by: user, model: 'opus', agent: 'claude' });
  const text = (): string => buildResumePrompt(state, { size: 'full', now: 1_700_000_100_000 }).text;
  expect(text()).toContain('claude --resume run-1 --model opus');
  expect(text()).toContain('openclaw tui --session agent:main:main');
  fold({ kind: 'git.committed', by: user, commit: 'a41f09c2d1', subject: 'Add it', runs: ['run-1'], turns: [{ run: 'run-1', turn: 1 }] });
  expect(text()).toContain('Add it (work of Claude Code)');
  fold({ kind: 'session.adjusted', by: user, model: '', agent: 'claude' });
  expect(text()).not.toContain('--model');
});
