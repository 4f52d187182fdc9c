import { describe, expect, it } from 'vitest';
import { isInAside } from '../../src/core/foldRewind.ts';
import { Timeline, type TimelineSection } from '../../src/core/timeline.ts';
import type { TimelineRow } from '../../src/core/timelineRow.ts';
import type { EventOf, LoggedEvent, TapedeckEvent } from '../../src/model/event.ts';
import { eventId } from '../../src/model/ids.ts';
import { manyEvents, sampleEvents, Tape } from '../webview/sample.ts';

const dayOf = (at: string): string => at.slice(0, 10);
const claude = { actor: 'agent', name: 'claude', run: 'c-1', how: 'transcript' } as const;
const you = { actor: 'user', how: 'editor' } as const;

function timelineOf(events: readonly LoggedEvent[]): Timeline {
  const timeline = new Timeline({ dayOf });
  timeline.append(events);
  return timeline;
}

const words = (row: TimelineRow): string =>
  [
    row.who,
    row.title,
    row.failure,
    row.added === undefined ? undefined : `+${row.added} −${row.removed}`,
    row.meta,
    ...row.chips.map(({ text }) => `[${text}]`),
  ]
    .filter((word) => word !== undefined)
    .join(' · ');
const page = (sections: readonly TimelineSection[]): string[] =>
  sections.flatMap(({ heading, rows }) => [...(heading ? [`# ${words(heading)}`] : ['--']), ...rows.map(words)]);

describe('the turn of a sub-agent', () => {
  const sub = { actor: 'agent', name: 'claude', run: 'c-1/agent-a', how: 'transcript' } as const;
  const events = (() => {
    const tape = new Tape('2026-01-01T10:00:00.000Z');
    tape.prompt(claude, 1, 'Mend it');
    tape.command(claude, 1, 'npm test', 1, 900);
    tape.add({ kind: 'run.started', by: sub, run: sub.run, agent: 'claude', parent: claude.run });
    tape.prompt(sub, 1, 'Look into it');
    tape.edit(sub, 1, 'a.ts', 1, 0);
    tape.edit(claude, 1, 'b.ts', 1, 0);
    tape.prompt(claude, 2, 'And now?');
    tape.edit(sub, 1, 'c.ts', 1, 0);
    return tape.events;
  })();
  const parents = (timeline: Timeline): string[] => {
    const sections = timeline.sections();
    return sections.map(
      ({ heading, parent }) => `${heading?.title} < ${sections.find(({ key }) => key === parent)?.heading?.title ?? String(parent)}`,
    );
  };

  it('[V51] is a part of the turn that was at work when it began, and stays so', () => {
    expect(parents(timelineOf(events))).toEqual(['And now? < undefined', 'Look into it < Mend it', 'Mend it < undefined']);
    const late = new Timeline({ dayOf });
    late.append(events.slice(4));
    late.prepend(events.slice(0, 4));
    expect(parents(late)).toEqual(parents(timelineOf(events)));
  });

  it('[V51] is a part of none where that turn is not loaded', () => {
    expect(parents(timelineOf(events.slice(3)))).toEqual([
      'And now? < undefined',
      expect.stringContaining('< undefined'),
      'Look into it < undefined',
    ]);
  });
});

describe('a record that was read late', () => {
  it('[V1] stands where it happened, before the changes that came of it, which it then does not doubt', () => {
    const second = (n: number): string => `2026-01-01T10:00:0${n}.000Z`;
    const line = (n: number, at: string, fields: object): TapedeckEvent =>
      ({ v: 1, w: 'aaaaaa', n, at, ...fields }) as unknown as TapedeckEvent;
    const start = line(1, second(0), { kind: 'session.started', by: you, session: 's', folders: [] });
    const change = line(2, second(5), { kind: 'file.changed', by: claude, run: 'c-1', turn: 1, path: 'a.ts', added: 1, removed: 0 });
    const prompt = line(3, second(7), {
      kind: 'prompt.submitted',
      by: { actor: 'user', how: 'transcript' },
      happenedAt: second(2),
      run: 'c-1',
      turn: 1,
      provenance: 'user',
      text: { head: 'Mend a', sizeBytes: 6 },
    });
    const called = line(4, second(7), {
      kind: 'tool.called',
      by: claude,
      happenedAt: second(4),
      run: 'c-1',
      turn: 1,
      call: 't1',
      name: 'Edit',
      tool: 'edit',
      edits: [{ path: 'a.ts', op: 'update' }],
    });
    const late = timelineOf([start, change]);
    late.append([prompt, called]);
    const rows = page(late.sections());
    expect(rows[0]).toMatch(/^# Claude Code · Mend a/);
    expect(rows.join('\n')).not.toContain('not seen on disk');
    expect(rows.join('\n')).not.toContain('continued');
    expect(late.oldest?.n).toBe(1);
    const backwards = timelineOf([prompt, called]);
    backwards.prepend([start, change]);
    expect(page(backwards.sections())).toEqual(rows);
    expect(late.append([change, prompt])).toBe(0);
  });
});

describe('the rows of a session', () => {
  it('[V1] stand under the words of their prompt, newest turn first, in their own order below', () => {
    expect(page(timelineOf(sampleEvents()).sections())).toMatchInlineSnapshot(`
      [
        "# Claude Code · Fix the token refresh edge case: two tabs refresh at the same time and one of them is logged out · 6 files changed, 8 actions, 1 failed",
        "3 commands, 5 files read",
        "5 edits in 4 files · +120 −34",
        "npm test · exit 1 · 8 s",
        "src/auth/lock.ts · [claimed, not seen on disk]",
        "Token bucket over sliding window · [proposed]",
        "You · src/config.ts · +3 −1",
        "--",
        "You · 3 edits in 2 files · +20 −7",
        "Unknown · dist/build-info.json · +1 −1",
        "# Claude Code · Add rate limiting to the middleware, with a token bucket this time. One bucket per client, 60 a minute. · 3 files changed, 2 actions",
        "Read src/auth/middleware.ts",
        "5 edits in 3 files · +88 −2",
        "npm test · 12 passed · 9 s",
        "feat: rate limiter · a41f09c",
        "--",
        "Rewound · 2 files",
        "# Claude Code · Add rate limiting with a sliding window · 2 files changed, 1 failed",
        "3 edits in 2 files · +89 −5",
        "npm test · exit 1 · 8 s",
        "# Codex · Review the middleware for race conditions, read only · 6 actions",
        "5 files read, 1 search",
        "# Claude Code · Read the auth module and tell me how requests are rate limited today. Don’t change anything yet. · 4 actions",
        "4 files read",
        "Requests are not limited at all: middleware.ts only checks the session cookie.",
        "--",
        "Recording started · Auth middleware",
      ]
    `);
  });

  it('[V1] are the same whether events come in one by one, from the middle, or all at once', () => {
    const events = sampleEvents();
    const whole = timelineOf(events).sections();
    const single = new Timeline({ dayOf });
    for (const event of events) {
      single.append([event]);
      single.sections();
    }
    const split = new Timeline({ dayOf });
    split.append(events.slice(40));
    split.sections();
    split.prepend(events.slice(0, 40));
    const late = new Timeline({ dayOf });
    late.append(events.filter((_, index) => index !== 20));
    late.append([events[20]!]);
    expect(single.sections()).toEqual(whole);
    expect(split.sections()).toEqual(whole);
    expect(late.sections()).toEqual(whole);
  });

  it('[V2] hold every event that has something to say once', () => {
    const events = manyEvents(3000);
    const seen = new Map<string, number>();
    for (const { rows } of timelineOf(events).sections())
      for (const row of rows) for (const id of row.events) seen.set(id, (seen.get(id) ?? 0) + 1);
    const silent = new Set(['prompt.submitted', 'turn.ended']);
    const missing = events.filter((event) => !silent.has(event.kind) && seen.get(eventId(event)) !== 1);
    expect(missing).toEqual([]);
  });

  it('[V3] fold anew only the section that a new event falls into', () => {
    const events = manyEvents(2000);
    const timeline = timelineOf(events.slice(0, -3));
    const before = timeline.sections();
    timeline.append(events.slice(-3));
    const after = timeline.sections();
    expect(after[0]).not.toBe(before[0]);
    expect(after.slice(1).every((section, index) => section === before[index + 1])).toBe(true);
  });

  it('[V4] show a failed command alone, with its exit code, also when it fails after the fold', () => {
    const tape = new Tape('2026-11-20T10:00:00.000Z');
    tape.prompt(claude, 1, 'Do it');
    tape.read(claude, 1, 'a.ts', 'b.ts');
    const started = tape.add({ kind: 'command.started', by: claude, run: 'c-1', turn: 1, command: 'npm test' });
    const timeline = timelineOf(tape.events);
    expect(page(timeline.sections())[1]).toBe('1 command, 2 files read');
    timeline.append([
      tape.add({
        kind: 'command.ended',
        by: claude,
        run: 'c-1',
        turn: 1,
        command: 'npm test',
        exitCode: 2,
        durationMs: 8000,
        started: eventId(started),
      }),
    ]);
    expect(page(timeline.sections()).slice(1)).toEqual(['2 files read', 'npm test · exit 2 · 8 s']);
  });

  it('[V4] tell a call, its command and its return as one thing', () => {
    const tape = new Tape('2026-11-20T10:00:00.000Z');
    tape.prompt(claude, 1, 'Do it');
    const about = { by: claude, run: 'c-1', turn: 1, call: 'k1' } as const;
    tape.add({ kind: 'tool.called', ...about, name: 'Bash', tool: 'execute', command: 'make' });
    tape.add({ kind: 'command.started', ...about, command: 'make' });
    tape.add({ kind: 'command.ended', ...about, command: 'make', exitCode: 2 });
    tape.add({ kind: 'tool.returned', ...about, status: 'failed' });
    expect(page(timelineOf(tape.events).sections()).slice(1)).toEqual(['make · exit 2']);
  });

  it('[V4] tell of a command once, where it began, also when a prompt lies between its start and its end', () => {
    const tape = new Tape('2026-11-20T10:00:00.000Z');
    const terminal = { actor: 'user', how: 'terminal' } as const;
    const started = tape.add({ kind: 'command.started', by: terminal, command: 'npm run build' });
    const timeline = timelineOf(tape.events);
    const running = (): boolean[] => timeline.sections().flatMap(({ rows }) => rows.map(({ isRunning }) => isRunning));
    tape.prompt(claude, 1, 'Do it');
    timeline.append(tape.events.slice(1));
    expect(page(timeline.sections())).toEqual(['# Do it', '--', 'You · npm run build · running']);
    expect(running()).toEqual([true]);
    const ended = tape.add({
      kind: 'command.ended',
      by: terminal,
      command: 'npm run build',
      started: eventId(started),
      exitCode: 0,
      durationMs: 90_000,
    });
    timeline.append([ended]);
    expect(page(timeline.sections()).slice(1)).toEqual(['--', 'You · npm run build · 2 min']);
    expect(running()).toEqual([false]);
    expect(timelineOf(tape.events).sections()).toEqual(timeline.sections());
  });

  it('[V4] call a command running until it ends or the recording stops, however much lies after it', () => {
    const tape = new Tape('2026-11-20T10:00:00.000Z');
    tape.add({ kind: 'command.started', by: { actor: 'user', how: 'terminal' }, command: 'npm run dev' });
    tape.at('2026-11-20T12:00:00.000Z').edit(you, undefined, 'a.ts', 1, 0);
    const timeline = timelineOf(tape.events);
    expect(page(timeline.sections()).at(-1)).toBe('You · npm run dev · running');
    timeline.append([tape.add({ kind: 'session.resumed', by: { actor: 'system', how: 'stated' }, reason: 'crash' })]);
    expect(page(timeline.sections()).at(-1)).toBe('You · npm run dev');
  });

  it('[V4] leave an agent’s own command to the turns that it held, unless it failed', () => {
    const tape = new Tape('2026-11-20T10:00:00.000Z');
    const by = { actor: 'agent', name: 'claude', how: 'overlap' } as const;
    const begin = (): LoggedEvent => tape.add({ kind: 'command.started', by, command: 'claude -p "Do it"' });
    const end = (started: LoggedEvent, exitCode: number): unknown =>
      tape.add({ kind: 'command.ended', by, command: 'claude -p "Do it"', started: eventId(started), exitCode });
    const turn = (count: number): unknown => {
      tape.prompt(claude, count, 'Do it');
      return tape.edit(claude, count, 'a.ts', 1, 0);
    };
    const first = begin();
    const timeline = timelineOf(tape.events);
    expect(page(timeline.sections())).toEqual(['--', 'Claude Code · claude -p "Do it" · running']);
    turn(1);
    timeline.append(tape.events.slice(1));
    expect(page(timeline.sections())).toEqual(['# Claude Code · Do it · 1 file changed', 'a.ts · +1 −0']);
    end(first, 0);
    expect(page(timelineOf(tape.events).sections())).toEqual(['# Claude Code · Do it · 1 file changed', 'a.ts · +1 −0']);
    expect(timelineOf(tape.events).sections()[0]!.heading!.events).toHaveLength(4);
    const second = begin();
    turn(2);
    end(second, 1);
    expect(page(timelineOf(tape.events).sections())).toContain('claude -p "Do it" · exit 1');
    const idle = begin();
    end(idle, 0);
    expect(page(timelineOf(tape.events).sections())).toContain('claude -p "Do it"');
  });

  it('[V5] say of an edit that only the agent tells of that it was not seen on disk', () => {
    const tape = new Tape('2026-11-20T10:00:00.000Z');
    tape.prompt(claude, 1, 'Do it');
    const about = { by: claude, run: 'c-1', turn: 1 } as const;
    for (const path of ['seen.ts', 'unseen.ts', '/etc/hosts']) {
      tape.add({ kind: 'tool.called', ...about, call: path, name: 'Edit', tool: 'edit', edits: [{ path, op: 'update' }] });
      tape.add({ kind: 'tool.returned', ...about, call: path, status: 'completed' });
    }
    tape.edit(claude, 1, 'seen.ts', 1, 1);
    const [section] = timelineOf(tape.events).sections();
    expect(section!.rows[0]!.children.map(words)).toEqual([
      'unseen.ts · [claimed, not seen on disk]',
      '/etc/hosts · [outside the folder]',
      'seen.ts · +1 −1',
    ]);
  });

  it('[V5] move an edit to the turn of the agent that was found to have made it', () => {
    const tape = new Tape('2026-11-20T10:00:00.000Z');
    tape.prompt(claude, 1, 'Do it');
    tape.add({ kind: 'turn.ended', by: claude, run: 'c-1', turn: 1, stopReason: 'end_turn' });
    const edit = tape.edit({ actor: 'unknown', how: 'none' }, undefined, 'src/x.ts', 1, 0);
    const timeline = timelineOf(tape.events);
    expect(page(timeline.sections())).toEqual(['--', 'Unknown · src/x.ts · +1 −0', '# Claude Code · Do it']);
    timeline.attribute({ [eventId(edit)]: { ...claude, how: 'overlap' } });
    expect(page(timeline.sections()).at(-1)).toBe('src/x.ts · +1 −0 · [probably]');
  });

  it('[V6] are grey when they were set aside, and go on under the same agent after the rewind', () => {
    const events = sampleEvents();
    const rewind = events.find((event): event is EventOf<'rewind.applied'> => event.kind === 'rewind.applied')!;
    const target = events.find((event) => eventId(event) === rewind.target)!;
    const range = {
      branch: rewind.id,
      checkpoint: 'ck-1',
      rewind: undefined,
      from: target,
      to: rewind,
      paths: undefined,
      filesOnly: false,
    };
    const timeline = timelineOf(events);
    timeline.setAside((event) => isInAside([range], event, 'rewind' in event ? { rewind: event.rewind } : {}));
    const aside = timeline.sections().flatMap(({ rows }) => rows.filter(({ isAside }) => isAside));
    expect(aside.map(words)).toEqual(['3 edits in 2 files · +89 −5', 'npm test · exit 1 · 8 s']);
  });

  it('[V1] count as edits only what changed, not what was not kept', () => {
    const tape = new Tape('2026-01-01T10:00:00.000Z');
    for (const path of ['a.bin', 'b.bin'])
      tape.add({ kind: 'file.skipped', by: { actor: 'system', how: 'stated' }, path, reason: 'too-large' });
    expect(page(timelineOf(tape.events).sections()).at(-1)).toContain('2 files not kept');
    tape.add({ kind: 'file.changed', by: { actor: 'system', how: 'stated' }, path: 'a.txt' });
    expect(page(timelineOf(tape.events).sections()).at(-1)).toContain('1 edit in 3 files');
  });

  it('[V1] [C31] call files that are taken up recorded from now on, and not left out', () => {
    const tape = new Tape('2026-01-01T10:00:00.000Z');
    const after = { sizeBytes: 1, type: 'file' as const, hash: 'h' };
    for (const path of ['gen/a', 'gen/b'])
      tape.add({ kind: 'file.skipped', by: { actor: 'system', how: 'stated' }, path, reason: 'ignored', after });
    expect(page(timelineOf(tape.events).sections()).at(-1)).toContain('2 files recorded from now on');
  });

  it('[V7] show what can’t be read as such, and what has no words as nothing', () => {
    const foreign: LoggedEvent = {
      kind: 'foreign',
      v: 9,
      w: 'aaaaaa',
      n: 1,
      at: '2026-11-20T10:00:00.000Z',
      foreignKind: 'mind.read',
      reason: 'newer-version',
      raw: {},
    };
    expect(page(timelineOf([foreign]).sections())).toEqual(['--', 'mind.read · written by a newer Tapedeck']);
    expect(timelineOf([]).sections()).toEqual([]);
  });

  it('[V8] break at midnight and after a long silence, but a prompt holds its turn together', () => {
    const tape = new Tape('2026-11-20T23:50:00.000Z');
    tape.edit(you, undefined, 'a.ts', 1, 0);
    tape.at('2026-11-21T00:05:00.000Z').edit(you, undefined, 'a.ts', 1, 0);
    tape.at('2026-11-21T00:50:00.000Z').edit(you, undefined, 'a.ts', 1, 0);
    tape.prompt(claude, 1, 'Go');
    tape.edit(claude, 1, 'b.ts', 1, 0);
    tape.at('2026-11-21T03:00:00.000Z').edit(claude, 1, 'b.ts', 1, 0);
    const sections = timelineOf(tape.events).sections();
    expect(sections.map(({ day, rows }) => `${day} ${rows.length}`)).toEqual([
      '2026-11-21 1',
      '2026-11-21 1',
      '2026-11-21 1',
      '2026-11-20 1',
    ]);
  });

  it('[V8] give the time at which it happened where the log learned of it later', () => {
    const tape = new Tape('2026-11-21T10:00:00.000Z');
    const prompt = tape.prompt(claude, 1, 'Do it');
    const edit = tape.edit(claude, 1, 'a.ts', 1, 0);
    const late = [prompt, edit].map((event, index) => ({ ...event, happenedAt: `2026-11-20T09:0${index}:00.000Z` }));
    const timeline = timelineOf(late);
    const [section] = timeline.sections();
    expect(section).toMatchObject({ day: '2026-11-20', heading: { at: late[0]!.happenedAt, durationMs: 60_000 } });
    expect(section!.rows).toMatchObject([{ at: late[1]!.happenedAt, until: late[1]!.happenedAt }]);
    expect(timeline.happenedAt(eventId(edit))).toBe(late[1]!.happenedAt);
  });

  it('[V9] never hold a line break or control character in their words', () => {
    const tape = new Tape('2026-11-20T10:00:00.000Z');
    tape.prompt(claude, 1, 'one\r\n\ttwo\u0000\u001b[31mthree');
    expect(timelineOf(tape.events).sections()[0]!.heading!.title).toBe('one two [31mthree');
  });
});

const cost = (events: readonly TapedeckEvent[]): number => {
  const start = performance.now();
  timelineOf(events).sections();
  return performance.now() - start;
};

it('[V3] cost grows with the events, not with their square', () => {
  cost(manyEvents(5000));
  const small = Math.min(...[1, 2, 3].map(() => cost(manyEvents(5000))));
  const large = Math.min(...[1, 2, 3].map(() => cost(manyEvents(40_000))));
  expect(large / small).toBeLessThan(40);
});
