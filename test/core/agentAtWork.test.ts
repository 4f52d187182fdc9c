import { describe, expect, it } from 'vitest';
import { runsAtWork } from '../../src/core/agentAtWork.ts';
import { foldAll } from '../../src/core/fold.ts';
import { forkableRuns } from '../../src/core/forkCommand.ts';
import { buildResumePrompt } from '../../src/core/resumePrompt.ts';
import type { Author } from '../../src/model/author.ts';
import type { LoggedEvent, TapedeckEvent } from '../../src/model/event.ts';

const codex: Author = { actor: 'agent', name: 'codex', run: 'r1', how: 'transcript' };
const startMs = Date.parse('2026-01-01T10:00:00.000Z');
type Draft = Readonly<Record<string, unknown>> & { readonly afterS: number };
const tape = (...drafts: readonly Draft[]): LoggedEvent[] =>
  drafts.map(({ afterS, ...draft }, index) => ({
    v: 1,
    w: 'writera',
    n: index + 1,
    ...draft,
    at: new Date(startMs + afterS * 1000).toISOString(),
  })) as unknown as TapedeckEvent[];
const asked = {
  kind: 'prompt.submitted',
  by: codex,
  run: 'r1',
  turn: 1,
  provenance: 'user',
  text: { head: 'Do it', sizeBytes: 5 },
} as const;
const started = { kind: 'run.started', by: codex, run: 'r1', agent: 'codex' } as const;
const called = { kind: 'tool.called', by: codex, run: 'r1', turn: 1, call: 'c1', name: 'shell', tool: 'execute' } as const;
const atWork = (afterS: number, ...drafts: readonly Draft[]): string[] =>
  runsAtWork(foldAll(tape(...drafts)), startMs + afterS * 1000).map(({ run }) => run);

describe('agents at work', () => {
  it('[R46] are those that were asked, told no end, and were heard of lately; a call that runs may be silent for longer', () => {
    const begin = [
      { ...started, afterS: 0 },
      { ...asked, afterS: 1 },
    ] as const;
    expect(atWork(60, { ...started, afterS: 0 })).toEqual([]);
    expect(atWork(60, ...begin)).toEqual(['r1']);
    expect(atWork(600, ...begin)).toEqual([]);
    expect(atWork(600, ...begin, { ...called, afterS: 2 })).toEqual(['r1']);
    expect(atWork(7200, ...begin, { ...called, afterS: 2 })).toEqual([]);
    expect(atWork(60, ...begin, { kind: 'turn.ended', by: codex, run: 'r1', turn: 1, stopReason: 'end_turn', afterS: 3 })).toEqual([]);
    expect(atWork(60, ...begin, { kind: 'run.ended', by: codex, run: 'r1', reason: 'exit', afterS: 3 })).toEqual([]);
  });

  it('[R47] whose agent can fork a conversation are offered that, for what was said after the point, and by no strange words', () => {
    const at = new Date(startMs + 500).toISOString();
    const fork = (run: string, agent: string): string[] =>
      forkableRuns(foldAll(tape({ ...started, run, agent, afterS: 0 }, { ...asked, run, afterS: 1 })), at).map(({ line }) => line);
    expect(fork('0199-a', 'codex')).toEqual(['codex fork 0199-a']);
    expect(fork('5f', 'claude')).toEqual(['claude --resume 5f --fork-session']);
    expect(fork('ses_1', 'opencode')).toEqual(['opencode --session ses_1 --fork']);
    expect(fork('1a', 'pi')).toEqual(['pi --fork 1a']);
    expect(fork('1a', 'aider')).toEqual([]);
    expect(fork('1a; rm -rf ~', 'codex')).toEqual([]);
    expect(forkableRuns(foldAll(tape({ ...started, afterS: 0 }, { ...asked, afterS: 1 })), new Date(startMs + 5000).toISOString())).toEqual(
      [],
    );
  });

  it('[R47] the resume prompt says that files were rewound, to where, what was abandoned, and why', () => {
    const version = (name: string) => ({ hash: name.padEnd(64, '0'), sizeBytes: 1, type: 'file' as const });
    const user: Author = { actor: 'user', how: 'stated' };
    const events = tape(
      { ...started, afterS: 0 },
      { ...asked, afterS: 1 },
      { kind: 'file.created', by: codex, run: 'r1', turn: 1, path: 'made.ts', after: version('a'), afterS: 2 },
      {
        kind: 'rewind.applied',
        by: user,
        id: 'rw1',
        target: 'writera.1',
        targetAt: new Date(startMs).toISOString(),
        checkpoint: 'cp-rw1',
        written: 0,
        deleted: 1,
        skipped: [],
        files: 1,
        afterS: 60,
      },
      { kind: 'progress.noted', by: user, id: 'rw1', text: 'It broke the login', afterS: 61 },
    );
    const { text } = buildResumePrompt(foldAll(events), { now: startMs + 120_000 });
    expect(text).toMatch(/Rewound to the state of 2026-01-01 10:00 UTC.*`made\.ts`.*“Do it”.*Why: It broke the login/);
    expect(text.match(/It broke the login/g)).toHaveLength(1);
  });
});
