import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { foldAll } from '../../src/core/fold.ts';
import { sessionHtml } from '../../src/core/htmlReport.ts';
import { indexPage, recentPage } from '../../src/core/indexPages.ts';
import { milestones, planProgress } from '../../src/core/progress.ts';
import { buildResumePrompt } from '../../src/core/resumePrompt.ts';
import { sessionDigest, type SessionDigest } from '../../src/core/sessionDigest.ts';
import { sessionPage } from '../../src/core/sessionPage.ts';
import { zonedTime } from '../../src/core/zonedTime.ts';
import type { LoggedEvent } from '../../src/model/event.ts';
import { sampleEvents } from '../webview/sample.ts';
import { codex, EventTape } from './eventTape.ts';

const time = zonedTime('UTC');
const pageOf = (events: readonly LoggedEvent[]): string => {
  const state = foldAll(events);
  return sessionPage(state, { time, resume: buildResumePrompt(state, { now: Date.parse('2026-11-20T20:00:00.000Z') }).text });
};
const htmlOf = (events: readonly LoggedEvent[]): string =>
  sessionHtml(foldAll(events), { time, events, resume: 'Go on', sha256: (text) => createHash('sha256').update(text).digest('base64') });

function work(): EventTape {
  const t = new EventTape().start();
  t.add({ kind: 'run.started', run: 'r1', agent: 'codex', by: codex });
  t.prompt('Add a limit');
  t.add({ kind: 'skill.used', run: 'r1', name: 'release-notes', by: codex });
  t.add({ kind: 'tool.called', run: 'r1', call: 'c1', name: 'Read', tool: 'read', by: codex });
  t.add({ kind: 'tool.returned', run: 'r1', call: 'c1', status: 'failed', outcome: 'error', by: codex });
  t.add({ kind: 'file.read', path: 'docs/notes.md', by: codex });
  t.change('src/new.ts', undefined, 'one', codex);
  t.change('src/old.ts', 'one', 'two', codex);
  t.change('src/gone.ts', 'one', undefined, codex);
  t.command('npm test', 0);
  t.add({ kind: 'progress.noted', text: 'Half way' });
  t.add({ kind: 'decision.confirmed', id: 'd1', what: 'Token bucket', why: 'simpler' });
  t.add({ kind: 'blocker.raised', id: 'b1', what: 'No key', cause: 'nobody has it' });
  t.add({ kind: 'blocker.cleared', id: 'b1', why: 'Ada had it' });
  t.add({
    kind: 'plan.changed',
    run: 'r1',
    by: codex,
    entries: [
      { content: 'Write it', priority: 'medium', status: 'completed' },
      { content: 'Document it', priority: 'medium', status: 'pending' },
      { content: 'Wire it up', priority: 'medium', status: 'in_progress' },
    ],
  });
  t.change('src/old.ts', 'two', 'three');
  return t;
}

it('[D48] tells a session on its page: progress, plan, last green, decisions, blockers, files, tools, prompt', () => {
  const page = pageOf(work().events);
  const part = (title: string): string => page.split(/\n## /).find((section) => section.startsWith(title)) ?? '';
  expect(part('Progress')).toMatch(
    /10:00 Asked: Add a limit[\s\S]*Passed: npm test[\s\S]*Noted: Half way[\s\S]*Decided: Token bucket[\s\S]*Blocked: No key[\s\S]*Cleared: No key/,
  );
  expect(part('Plan')).toContain('- [ ] Wire it up (in progress) (Codex)\n- [ ] Document it (Codex)\n- [x] Write it (Codex)');
  expect(part('Last green')).toContain('Changed since: src/old.ts');
  expect(part('Decisions')).toContain('### Token bucket');
  expect(part('Blockers')).toMatch(/Cleared, 1 s: No key; cause: nobody has it; stated by you .*by you: Ada had it/);
  for (const row of ['| src/new.ts | created |', '| src/old.ts | modified |', '| src/gone.ts | deleted |', '| docs/notes.md | read | 1 |'])
    expect(part('Files')).toContain(row);
  expect(part('Skills')).toContain('- Skill release-notes\n- Read: 1 call, 1 failed');
  expect(part('Resume prompt')).toContain('# Take up this work');
});

it('[D48] orders the plan by what is to be done now, and leaves what was rewound out of the progress', () => {
  const t = work();
  expect(planProgress(foldAll(t.events)).items.map(({ status }) => status)).toEqual(['in_progress', 'pending', 'completed']);
  const target = t.events[2]!;
  t.prompt('A wrong turn');
  t.rewind('rw', target);
  const told = milestones(foldAll(t.events)).map(({ kind, text }) => `${kind} ${text ?? ''}`);
  expect(told).not.toContain('prompt A wrong turn');
  expect(told).toContain('rewind ');
  // A person's own word stands.
  expect(told).toContain('note Half way');
});

const digests = (count: number): SessionDigest[] =>
  Array.from({ length: count }, (_, index) => ({
    ...sessionDigest(foldAll(work().events)),
    session: `20260101-${String(index).padStart(6, '0')}-abcd`,
    label: `Part ${index} | <b> \n# x`,
  }));

it('[D49] lists sessions a row each, and keeps the recent work to its sessions and lines', () => {
  const about = { title: 'shop', time };
  const index = indexPage(digests(7), about, { isArchive: false, others: 3 });
  expect(index.split('\n').filter((line) => line.startsWith('| ['))).toHaveLength(7);
  expect(index).toContain('3 older sessions: [SESSION_INDEX_ARCHIVE.md](SESSION_INDEX_ARCHIVE.md)');
  expect(index).toContain('Part 0 \\| &lt;b&gt; # x');
  for (const [sessions, lines] of [
    [20, 100],
    [20, 40],
    [5, 100],
  ] as const) {
    const page = recentPage(digests(60), about, { sessions, lines });
    expect(page.trimEnd().split('\n').length).toBeLessThanOrEqual(lines);
    const told = page.split('\n').filter((line) => line.startsWith('## ')).length;
    expect(told).toBeLessThanOrEqual(sessions);
    expect(told).toBeGreaterThanOrEqual(Math.min(sessions, 11));
  }
  expect(recentPage(digests(20), about, { sessions: 20, lines: 100 }).match(/^## /gm)).toHaveLength(20);
});

const evil = '"><img src=x onerror=alert(1)><script>alert(1)</script></style></pre>\u202e\u0000';

function hostile(): LoggedEvent[] {
  const t = new EventTape();
  t.add({ kind: 'session.started', session: '20260101-110000-abcd', label: evil, folders: [{ name: evil, path: evil }] });
  t.add({ kind: 'run.started', run: evil, agent: evil, title: evil, by: { ...codex, name: evil } });
  t.prompt(evil);
  t.change(evil, undefined, 'x', { ...codex, name: evil });
  t.command(evil, 1, evil);
  t.add({ kind: 'reply.given', run: evil, text: { head: evil, sizeBytes: 1 }, by: codex });
  t.add({ kind: 'decision.proposed', id: evil, what: evil, why: evil, alternatives: [evil], files: [evil] });
  t.add({ kind: 'blocker.raised', id: evil, what: evil, cause: evil });
  t.add({ kind: 'progress.noted', text: evil });
  t.add({ kind: 'git.committed', commit: evil, subject: evil, by: codex });
  t.add({ kind: 'tool.called', run: 'r1', call: 'c', name: evil, tool: 'other', by: codex });
  t.add({ kind: 'skill.used', run: 'r1', name: evil, by: codex });
  return t.events;
}

it('[D50] keeps hostile text in pages and in HTML as text', () => {
  const html = htmlOf(hostile());
  expect(html.match(/<(?:img|script|iframe|link|object|a)\b/gi)).toBeNull();
  expect(html.match(/<style>/g)).toHaveLength(1);
  expect(html.match(/<\/style>/g)).toHaveLength(1);
  expect(html).not.toMatch(/[\u0000\u202e]/);
  const page = pageOf(hostile());
  // Outside of the fence that holds the prompt.
  const told = page.slice(0, page.indexOf('## Resume prompt'));
  expect(told).not.toMatch(/(?<!\\)<|\u202e|\u0000/);
});

it('[D50] is one file that may do nothing: its policy allows its own style alone', () => {
  const html = htmlOf(sampleEvents());
  const style = /<style>([\s\S]*?)<\/style>/.exec(html)![1]!;
  expect(html).toContain(
    `content="default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'"`,
  );
  expect(html).not.toMatch(/\s(?:src|href|on\w+|style)=/i);
});
