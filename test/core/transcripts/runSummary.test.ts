import { describe, expect, test } from 'vitest';
import { claudeAdapter } from '../../../src/core/transcripts/claude.ts';
import { codexAdapter } from '../../../src/core/transcripts/codex.ts';
import { RunBook, type RunSummary } from '../../../src/core/transcripts/runSummary.ts';
import { transcriptAdapters } from '../../../src/core/transcripts/table.ts';
import type { TranscriptAdapter } from '../../../src/core/transcripts/adapter.ts';
import { factsOf, fixturesOf, openFixtureReader } from './adapterContract.ts';
import { tell } from './script.ts';

function summarise(adapter: TranscriptAdapter, scenarios: readonly string[]): readonly RunSummary[] {
  const book = new RunBook();
  const fixtures = fixturesOf(adapter.id);
  for (const scenario of scenarios)
    for (const fixture of fixtures.filter((entry) => entry.scenario === scenario)) {
      const reader = openFixtureReader(adapter, fixture);
      book.add(adapter.id, fixture.relative, factsOf(adapter, fixture, reader));
      book.finish(adapter.id, fixture.relative, reader.describe(), reader.counts, 0);
    }
  return book.summaries();
}

const claudeLine = (uuid: string, message: object, more: object = {}): object => ({
  type: 'assistant',
  uuid,
  sessionId: 's1',
  cwd: '/w',
  requestId: 'q1',
  message: { id: 'm1', model: 'claude-x', role: 'assistant', ...message },
  ...more,
});

describe('the summary of a run', () => {
  test('[A41] counts a Claude Code session as its records do', () => {
    expect(summarise(claudeAdapter, ['tools-and-resume'])).toEqual([
      {
        agent: 'claude',
        run: '625d02c2-b83d-4f46-acf4-05a0bb32300e',
        prompts: 2,
        slashCommands: 0,
        replies: 5,
        tools: {
          Agent: 1,
          Bash: 6,
          Edit: 5,
          NotebookEdit: 1,
          Read: 6,
          TaskCreate: 2,
          TaskList: 1,
          TaskUpdate: 2,
          ToolSearch: 1,
          Write: 2,
          mcp__demo__lookup: 1,
        },
        commands: 6,
        failed: 3,
        filesEdited: ['calc.py', 'nb.ipynb', 'tests/test_calc.py', 'uni 日本語.md', 'win.txt'].map(
          (name) => `/home/devuser/projects/gen5/proj_cc/${name}`,
        ),
        filesRead: ['calc.py', 'dot.png', 'nb.ipynb', 'uni 日本語.md', 'win.txt'].map(
          (name) => `/home/devuser/projects/gen5/proj_cc/${name}`,
        ),
        tokens: { input: 523, output: 2881, cacheRead: 79841, cacheWrite: 5463 },
        model: 'claude-sonnet-4-5',
        startedAt: '2026-11-20T22:58:57.170Z',
        endedAt: '2026-11-20T23:00:21.555Z',
        unknownRecords: 0,
        damaged: 0,
        unknownTypes: {},
        title: null,
        cwd: '/home/devuser/projects/gen5/proj_cc',
        parent: null,
        forkedFrom: null,
        files: ['-home-devuser-projects-gen5-proj-cc/625d02c2-b83d-4f46-acf4-05a0bb32300e.jsonl'],
      },
    ]);
  });

  test('[A41] counts the tokens that a fork copied with its parent, in whichever order the two are read', () => {
    for (const scenarios of [
      ['tools-and-resume', 'fork'],
      ['fork', 'tools-and-resume'],
    ]) {
      const runs = summarise(claudeAdapter, scenarios);
      const of = (isFork: boolean): RunSummary | undefined => runs.find((run) => (run.forkedFrom !== null) === isFork);
      expect(of(false)?.tokens).toEqual({ input: 523, output: 2881, cacheRead: 79841, cacheWrite: 5463 });
      expect(of(true)?.tokens).toEqual({ input: 23, output: 101, cacheRead: 6021, cacheWrite: 403 });
    }
  });

  test('[A41] counts a thread once that lies in two files', () => {
    const [once] = summarise(codexAdapter, ['legacy']);
    const twice = summarise(codexAdapter, ['legacy', 'legacy-migrated']);
    expect(twice).toHaveLength(1);
    expect({ ...twice[0], files: [], endedAt: '' }).toEqual({ ...once, files: [], endedAt: '' });
  });

  test('[A41] takes of a response the tokens that were told last, and of slash commands and lines of the shell no prompt', () => {
    const user = (uuid: string, content: string): object => ({ type: 'user', uuid, sessionId: 's1', cwd: '/w', message: { content } });
    const { facts } = tell(claudeAdapter, '-w/s1.jsonl', [
      user('u1', 'Do it'),
      user('u2', '<command-name>/clear</command-name>'),
      user('u3', '<bash-input>ls</bash-input>'),
      user('u4', '<bash-stdout>a</bash-stdout>'),
      user('u5', '<agent-notification>done</agent-notification>'),
      claudeLine('a1', { content: [{ type: 'text', text: 'One' }], usage: { input_tokens: 5, output_tokens: 1 } }),
      user('u6', 'And this'),
      claudeLine('a2', {
        content: [{ type: 'tool_use', name: 'Bash', input: { command: 'ls' } }],
        usage: { input_tokens: 5, output_tokens: 9 },
      }),
    ]);
    const book = new RunBook();
    book.add('claude', 'f', facts);
    expect(book.summaries()[0]).toMatchObject({
      prompts: 2,
      slashCommands: 1,
      replies: 1,
      tools: { Bash: 1 },
      commands: 1,
      failed: 0,
      tokens: { input: 5, output: 9 },
    });
  });
});

/** OpenClaw keeps its sessions in pi's form, Cline's copies keep theirs in Cline's: marks or the place tell whose a file is. */
const families = [
  ['openclaw', 'pi'],
  ['cline', 'kilo', 'roo'],
];
const sharesForm = (one: string, other: string): boolean => families.some((family) => family.includes(one) && family.includes(other));

describe('the adapters', () => {
  test('[A42] recognise their own records and nobody else’s', () => {
    for (const owner of transcriptAdapters) {
      // The ends of a document are everybody's.
      const lines = fixturesOf(owner.id).flatMap((fixture) =>
        fixture.lines.map((line) => JSON.parse(line.text) as { readonly member?: unknown }).filter((line) => line.member !== null),
      );
      for (const adapter of transcriptAdapters) {
        const claimed = lines.filter((line) => adapter.recognises(line)).length;
        // Of a text only what the agent says itself can be known; the head of a document says little.
        if (adapter === owner)
          expect(claimed / lines.length, owner.id).toBeGreaterThan('line' in lines[0]! ? 0.1 : 'member' in lines[0]! ? 0.7 : 0.9);
        else if (!sharesForm(adapter.id, owner.id)) expect(claimed, `${adapter.id} claims records of ${owner.id}`).toBe(0);
      }
      for (const value of [null, 1, 'text', [], {}, { type: 'message' }, { type: 'user', text: 'x' }])
        expect(owner.recognises(value)).toBe(false);
    }
  });
});
