import type { Author } from '../../src/model/author.ts';
import type { EventDraft, TapedeckEvent } from '../../src/model/event.ts';
import { eventId } from '../../src/model/ids.ts';
import type { AsideSpan, DecisionItem, Entries, Header } from '../../src/protocol/messages.ts';

/** An afternoon on a small API, invented: two agents and a person, a failure, a rewind, decisions. For tests and pictures. */

const you: Author = { actor: 'user', how: 'editor' };
const stated: Author = { actor: 'user', how: 'stated' };
const claude: Author = { actor: 'agent', name: 'claude', run: 'c-81f2', how: 'transcript' };
const claudeShell: Author = { ...claude, how: 'terminal' };
const codex: Author = { actor: 'agent', name: 'codex', run: 'x-40aa', how: 'transcript' };
const git: Author = { actor: 'git', how: 'git' };
const tapedeck: Author = { actor: 'tool', name: 'tapedeck', how: 'stated' };
const unknown: Author = { actor: 'unknown', how: 'none' };
const system: Author = { actor: 'system', how: 'stated' };

export const session = '20261120-133004-k7qd';
const version = (seed: string, sizeBytes = 1200): { hash: string; sizeBytes: number; type: 'file'; mode: number } => ({
  hash: seed.repeat(64).slice(0, 64),
  sizeBytes,
  type: 'file',
  mode: 0o644,
});
const excerpt = (head: string): { head: string; sizeBytes: number } => ({ head, sizeBytes: head.length });

export class Tape {
  readonly events: TapedeckEvent[] = [];
  #n = 0;
  #ms: number;

  constructor(start: string) {
    this.#ms = Date.parse(start);
  }

  at(time: string): this {
    this.#ms = Date.parse(time);
    return this;
  }

  add(draft: EventDraft, afterMs = 1500): TapedeckEvent {
    this.#n += 1;
    this.#ms += afterMs;
    const event = { v: 1, w: 'k3f9ab2c', n: this.#n, at: new Date(this.#ms).toISOString(), ...draft };
    this.events.push(event);
    return event;
  }

  prompt(by: Author, turn: number, text: string): TapedeckEvent {
    return this.add({ kind: 'prompt.submitted', by: stated, ...runOf(by), turn, text: excerpt(text), provenance: 'user' }, 20_000);
  }

  read(by: Author, turn: number, ...paths: string[]): void {
    for (const path of paths) {
      const call = `call-${this.#n}`;
      this.add({ kind: 'tool.called', by, ...runOf(by), turn, call, name: 'Read', tool: 'read', paths: [path] }, 900);
      this.add({ kind: 'tool.returned', by, ...runOf(by), turn, call, status: 'completed', durationMs: 12 }, 60);
    }
  }

  edit(
    by: Author,
    turn: number | undefined,
    path: string,
    added: number,
    removed: number,
    kind: 'file.changed' | 'file.created' = 'file.changed',
  ): TapedeckEvent {
    const versions = kind === 'file.created' ? { after: version('b') } : { before: version('a'), after: version('b') };
    const about = turn === undefined ? {} : { ...runOf(by), turn };
    return this.add({ kind, by, ...about, path, added, removed, ...versions }, 2600);
  }

  command(by: Author, turn: number | undefined, command: string, exitCode: number, durationMs: number, output = ''): TapedeckEvent {
    const about = turn === undefined ? {} : { ...runOf(by), turn };
    const started = this.add({ kind: 'command.started', by, ...about, command, cwd: '/home/ada/my-api', terminal: 'zsh' }, 1200);
    return this.add(
      {
        kind: 'command.ended',
        by,
        ...about,
        command,
        cwd: '/home/ada/my-api',
        started: eventId(started),
        exitCode,
        durationMs,
        output: excerpt(output),
      },
      durationMs,
    );
  }
}

const runOf = (by: Author): { run?: string } => (by.run === undefined ? {} : { run: by.run });

export function sampleEvents(): readonly TapedeckEvent[] {
  const tape = new Tape('2026-11-20T13:30:04.000Z');
  tape.add({
    kind: 'session.started',
    by: system,
    session,
    label: 'Auth middleware',
    folders: [
      { name: 'my-api', path: '/home/ada/my-api' },
      { name: 'web', path: '/home/ada/web' },
    ],
  });
  tape.add({ kind: 'run.started', by: claude, run: claude.run!, agent: 'claude', model: 'claude-opus-4-5', cwd: '/home/ada/my-api' });
  tape.prompt(claude, 1, 'Read the auth module and tell me how requests are rate limited today.\nDon’t change anything yet.');
  tape.read(claude, 1, 'src/auth/middleware.ts', 'src/auth/session.ts', 'src/server.ts', 'docs/limits.md');
  tape.add(
    {
      kind: 'reply.given',
      by: claude,
      run: claude.run!,
      turn: 1,
      text: excerpt(
        `Requests are **not limited at all**: \`middleware.ts\` only checks the session cookie.

## What I found
1. The docs promise *60 requests a minute* ([limits](docs/limits.md)).
2. Nothing counts them:
   - no store, no header
   - [ ] a test is missing

| route | limit |
|---|---|
| \`/login\` | none |
| \`/token\` | none |

\`\`\`ts
// what a limiter would need
const allowed = bucket.take(client, 1) ?? false;
\`\`\`
> Nothing was changed.`,
      ),
    },
    9000,
  );
  for (const output of [640, 820])
    tape.add({
      kind: 'usage.reported',
      by: claude,
      run: claude.run!,
      turn: 1,
      usage: { 'gen_ai.usage.input_tokens': 2400, 'gen_ai.usage.output_tokens': output, 'gen_ai.usage.cache_read.input_tokens': 31_000 },
    });
  tape.add({ kind: 'turn.ended', by: claude, run: claude.run!, turn: 1, stopReason: 'end_turn', durationMs: 42_000 });

  tape.at('2026-11-20T14:21:00.000Z');
  tape.add({ kind: 'run.started', by: codex, run: codex.run!, agent: 'codex', model: 'gpt-5.1-codex' });
  tape.prompt(codex, 1, 'Review the middleware for race conditions, read only');
  tape.read(codex, 1, 'src/auth/middleware.ts', 'src/auth/session.ts', 'src/auth/token.ts', 'src/server.ts', 'test/auth.test.ts');
  tape.add({
    kind: 'tool.called',
    by: codex,
    run: codex.run!,
    turn: 1,
    call: 'x-grep',
    name: 'shell',
    tool: 'search',
    title: 'rg "refresh\\("',
  });
  tape.add({ kind: 'tool.returned', by: codex, run: codex.run!, turn: 1, call: 'x-grep', status: 'completed' });
  tape.add({ kind: 'turn.ended', by: codex, run: codex.run!, turn: 1, stopReason: 'end_turn', durationMs: 95_000 });

  tape.at('2026-11-20T14:30:40.000Z');
  const beforeWindow = tape.prompt(claude, 2, 'Add rate limiting with a sliding window');
  tape.edit(claude, 2, 'src/auth/sliding-window.ts', 64, 0, 'file.created');
  tape.edit(claude, 2, 'src/auth/middleware.ts', 18, 2);
  tape.edit(claude, 2, 'src/auth/sliding-window.ts', 7, 3);
  tape.command(claude, 2, 'npm test', 1, 8200, 'FAIL test/auth.test.ts\n  ✕ keeps one window per client\n\nTests: 1 failed, 11 passed');
  tape.at('2026-11-20T14:44:10.000Z');
  tape.add({ kind: 'checkpoint.made', by: tapedeck, id: 'ck-1', label: 'Before rewind', reason: 'rewind' });
  tape.add(
    { kind: 'file.deleted', by: tapedeck, path: 'src/auth/sliding-window.ts', before: version('b'), removed: 68, added: 0, rewind: 'rw-1' },
    100,
  );
  tape.add(
    {
      kind: 'file.changed',
      by: tapedeck,
      path: 'src/auth/middleware.ts',
      before: version('b'),
      after: version('a'),
      added: 2,
      removed: 18,
      rewind: 'rw-1',
    },
    100,
  );
  tape.add(
    {
      kind: 'rewind.applied',
      by: stated,
      id: 'rw-1',
      target: eventId(beforeWindow),
      targetAt: beforeWindow.at,
      checkpoint: 'ck-1',
      written: 1,
      deleted: 1,
      skipped: [],
      files: 2,
    },
    100,
  );

  tape.at('2026-11-20T14:45:10.000Z');
  tape.prompt(claude, 3, 'Add rate limiting to the middleware, with a token bucket this time. One bucket per client, 60 a minute.');
  tape.read(claude, 3, 'src/auth/middleware.ts');
  tape.edit(claude, 3, 'src/auth/rate-limiter.ts', 58, 0, 'file.created');
  tape.edit(claude, 3, 'src/auth/rate-limiter.ts', 13, 0);
  tape.edit(claude, 3, 'src/auth/middleware.ts', 9, 2);
  tape.edit(claude, 3, 'src/auth/middleware.ts', 6, 0);
  tape.edit(claudeShell, 3, 'package.json', 2, 0);
  const green = tape.command(claude, 3, 'npm test', 0, 9100, 'Tests: 12 passed');
  tape.add(
    {
      kind: 'tests.finished',
      by: claude,
      run: claude.run!,
      turn: 3,
      command: 'npm test',
      ok: true,
      passed: 12,
      failed: 0,
      started: eventId(tape.events.at(-2)!),
    },
    10,
  );
  tape.add({ kind: 'git.committed', by: git, commit: 'a41f09c2d8f1c0a7', subject: 'feat: rate limiter', branch: 'main' }, 60_000);
  tape.add({ kind: 'turn.ended', by: claude, run: claude.run!, turn: 3, stopReason: 'end_turn', durationMs: 11 * 60_000 });
  tape.edit(you, undefined, 'README.md', 12, 4);
  tape.edit(you, undefined, 'README.md', 2, 2);
  tape.edit(you, undefined, 'docs/limits.md', 6, 1);
  tape.edit(unknown, undefined, 'dist/build-info.json', 1, 1);

  tape.at('2026-11-20T15:19:50.000Z');
  tape.prompt(claude, 4, 'Fix the token refresh edge case: two tabs refresh at the same time and one of them is logged out');
  tape.read(claude, 4, 'src/auth/token.ts', 'src/auth/session.ts', 'test/auth.test.ts', 'src/auth/rate-limiter.ts', 'src/server.ts');
  for (const [path, added, removed] of [
    ['src/auth/token.ts', 31, 12],
    ['src/auth/session.ts', 22, 9],
    ['src/auth/rate-limiter.ts', 17, 4],
    ['src/auth/token.ts', 14, 3],
    ['test/auth.test.ts', 36, 6],
  ] as const)
    tape.edit(claude, 4, path, added, removed);
  tape.command(claude, 4, 'npx tsc --noEmit', 0, 3100);
  tape.command(claude, 4, 'git diff --stat', 0, 80);
  tape.command(claude, 4, 'npm run lint -- src/auth', 0, 2400);
  const failed = tape.command(
    claude,
    4,
    'npm test',
    1,
    8000,
    '\u001b[1m\u001b[41m FAIL \u001b[0m test/auth.test.ts\n  \u001b[31m✕\u001b[39m \u001b[2ma second refresh waits for the first (312 ms)\u001b[22m\n\n    expected \u001b[32m1\u001b[39m request, got \u001b[38;5;203m2\u001b[0m\n\nTests: \u001b[1;31m1 failed\u001b[0m, \u001b[32m13 passed\u001b[0m',
  );
  tape.add({
    kind: 'tool.called',
    by: claude,
    run: claude.run!,
    turn: 4,
    call: 'c-claim',
    name: 'Edit',
    tool: 'edit',
    paths: ['src/auth/lock.ts'],
    edits: [{ path: 'src/auth/lock.ts', op: 'create', newText: 'x' }],
  });
  tape.add({ kind: 'tool.returned', by: claude, run: claude.run!, turn: 4, call: 'c-claim', status: 'completed' });
  tape.add(
    {
      kind: 'decision.proposed',
      by: claude,
      run: claude.run!,
      turn: 4,
      id: 'd-2',
      what: 'Token bucket over sliding window',
      why: 'Simpler, sufficient for our scale; no per-request list to prune.',
      alternatives: ['Sliding window with a per-process map (tried 14:31, rewound 14:44)'],
      evidence: [eventId(failed), eventId(green)],
      files: ['src/auth/rate-limiter.ts'],
    },
    20_000,
  );
  tape.edit(you, undefined, 'src/config.ts', 3, 1);
  return tape.events;
}

/** Many turns of edits, reads, commands and a failure now and then: `count` events at least. */
export function manyEvents(count: number): readonly TapedeckEvent[] {
  const tape = new Tape('2026-11-18T08:00:00.000Z');
  for (let turn = 1; tape.events.length < count; turn++) {
    tape.prompt(
      claude,
      turn,
      `Step ${turn}: ${['rename the loader', 'split the parser', 'write the missing tests', 'mind Windows paths'][turn % 4]}`,
    );
    for (let step = 0; step < 6; step++) {
      tape.read(claude, turn, `src/part${step}.ts`, `src/part${step + 1}.ts`);
      tape.edit(step === 3 ? you : claude, step === 3 ? undefined : turn, `src/part${(turn + step) % 40}.ts`, step + 1, step % 3);
      tape.command(claude, turn, `npm run check -- part${step}`, turn % 7 === 0 && step === 5 ? 1 : 0, 900);
    }
    tape.add({ kind: 'turn.ended', by: claude, run: claude.run!, turn, stopReason: 'end_turn' });
  }
  return tape.events;
}

export function sampleHeader(events: readonly TapedeckEvent[]): Header {
  const green = events.find((event) => event.kind === 'tests.finished' && event.ok);
  return {
    state: 'recording',
    session,
    label: 'Auth middleware',
    folders: ['my-api', 'web'],
    startedAt: events[0]!.at,
    counts: { events: 1204, files: 14, agents: 2 },
    log: { isHealthy: true, text: 'Log healthy · 412 kB' },
    ...(green === undefined ? {} : { lastGreen: { event: eventId(green), at: green.at, changedFiles: 5 } }),
    hasHistory: true,
    undoableRewind: 'rw-1',
  };
}

export function sampleEntries(events: readonly TapedeckEvent[]): Entries {
  const proposed = events.find((event) => event.kind === 'decision.proposed');
  const at = (index: number): { event: string; at: string } => ({ event: eventId(events[index]!), at: events[index]!.at });
  const decisions: DecisionItem[] = [
    {
      id: 'd-3',
      ...at(52),
      by: stated,
      what: 'Refresh tokens under a per-session lock',
      why: 'Two tabs must not both spend the refresh token; the second waits for the first.',
      status: 'confirmed',
      files: ['src/auth/token.ts', 'src/auth/session.ts'],
      isStale: true,
    },
    {
      id: 'd-1',
      ...at(5),
      by: stated,
      what: 'Limit per client, not per address',
      why: 'Offices share one address.',
      alternatives: ['Per address', 'Per address and user agent'],
      status: 'confirmed',
      evidence: [eventId(events[4]!)],
    },
    { id: 'd-0', ...at(3), by: claude, what: 'Keep the counters in Redis', why: 'Survives a restart.', status: 'superseded' },
  ];
  if (proposed?.kind === 'decision.proposed')
    decisions.unshift({
      id: proposed.id,
      event: eventId(proposed),
      at: proposed.at,
      by: claude,
      what: proposed.what,
      why: proposed.why,
      alternatives: proposed.alternatives,
      evidence: proposed.evidence,
      files: proposed.files,
      status: 'proposed',
    });
  return {
    decisions,
    blockers: [
      {
        id: 'b-1',
        ...at(70),
        by: system,
        what: 'npm test has failed twice in a row',
        cause: 'a second refresh waits for the first',
        isInferred: true,
      },
      {
        id: 'b-0',
        ...at(10),
        by: stated,
        what: 'No Redis in the test environment',
        isInferred: false,
        clearedAt: events[40]!.at,
        clearedWhy: 'The counters stay in memory',
      },
    ],
    notes: [{ ...at(60), by: stated, text: 'Ask Grace about the limits of the public plan' }],
  };
}

export function sampleAside(events: readonly TapedeckEvent[]): readonly AsideSpan[] {
  const rewind = events.find((event) => event.kind === 'rewind.applied');
  const target = events.find((event) => rewind?.kind === 'rewind.applied' && eventId(event) === rewind.target);
  if (rewind?.kind !== 'rewind.applied' || target === undefined) return [];
  return [
    { branch: rewind.id, checkpoint: rewind.checkpoint, rewind: undefined, from: target, to: rewind, paths: undefined, filesOnly: false },
  ];
}

export const sampleResume = `# Resume: Auth middleware

Session 20261120-133004-k7qd in my-api, web. Written from the recorded events at 15:25, by rule.

## Goal, in the user's words
> Fix the token refresh edge case: two tabs refresh at the same time and one of them is logged out

## Done (verified)
- feat: rate limiter (commit a41f09c, tests passed at 14:55: 12 passed)
- src/auth/token.ts, src/auth/session.ts, src/auth/rate-limiter.ts changed after that commit, not committed

## Open
- \`npm test\` fails with exit 1: "a second refresh waits for the first", expected 1 request, got 2

## Decided
- Limit per client, not per address: offices share one address.
- Refresh tokens under a per-session lock (files changed since)

## Do not redo
- A sliding window with a per-process map: tried at 14:31, rewound at 14:44

## How to check
    npm test
    npx tsc --noEmit

## Pick up
    claude --resume c-81f2
`;
