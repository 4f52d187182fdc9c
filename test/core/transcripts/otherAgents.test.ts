import { describe, expect, test } from 'vitest';
import type { TranscriptAdapter } from '../../../src/core/transcripts/adapter.ts';
import { transcriptAdapters } from '../../../src/core/transcripts/table.ts';
import { nodeDigest } from '../../../src/store/digest.ts';
import { tell } from './script.ts';

const adapterOf = (id: string): TranscriptAdapter => transcriptAdapters.find((adapter) => adapter.id === id)!;

describe('the folders and words of more agents', () => {
  test.each([
    ['copilot', 'linux', '/home/dev', {}, ['/home/dev/.copilot/session-state']],
    ['copilot', 'win32', 'C:\\Users\\dev', { COPILOT_HOME: 'D:\\c' }, ['D:\\c\\session-state']],
    ['copilot', 'linux', '/home/dev', { XDG_STATE_HOME: '/s' }, ['/home/dev/.copilot/session-state', '/s/.copilot/session-state']],
    [
      'opencode',
      'win32',
      'C:\\Users\\dev',
      {},
      ['C:\\Users\\dev\\.local\\share\\opencode', 'C:\\Users\\dev\\.local\\share\\opencode\\storage\\session'],
    ],
    ['opencode', 'darwin', '/Users/dev', { XDG_DATA_HOME: '/d' }, ['/d/opencode', '/d/opencode/storage/session']],
    ['gastown', 'linux', '/home/dev', {}, ['/home/dev/gt', '/work']],
    ['gastown', 'darwin', '/Users/dev', { GT_ROOT: '/town' }, ['/town', '/work']],
    ['aider', 'linux', '/home/dev', {}, ['/work']],
    ['aider', 'win32', 'C:\\Users\\dev', { AIDER_CHAT_HISTORY_FILE: 'D:\\h\\chat.md' }, ['/work', 'D:\\h']],
  ])('[A7] finds the transcripts of %s by the environment of %s', (id, platform, homeFolder, variables, folders) => {
    const roots = adapterOf(id).roots({ platform, homeFolder, variables, folders: ['/work'] });
    expect(roots.map((root) => root.folder)).toEqual(folders);
  });

  test.each([
    ['copilot', '5b1f/events.jsonl', true],
    ['copilot', '5b1f.jsonl', true],
    ['copilot', '5b1f/workspace.jsonl', false],
    ['opencode', 'opencode.db', true],
    ['opencode', 'opencode-dev.db', true],
    ['opencode', 'opencode.db-shm', false],
    ['opencode', 'p1/ses_1.json', true],
    ['opencode', 'p1/msg_1.json', false],
    ['gastown', '.events.jsonl', true],
    ['gastown', '.feed.jsonl', false],
    ['aider', '.aider.chat.history.md', true],
    ['aider', 'README.md', false],
  ])('[A7] tells the transcripts of %s from what lies beside them: %s', (id, relative, isOne) => {
    const roots = adapterOf(id).roots({ platform: 'linux', homeFolder: '/h', variables: {}, folders: ['/work'] });
    expect(roots.some((root) => root.isTranscript(relative))).toBe(isOne);
  });

  test('[A7] takes runs up by their words', () => {
    expect(['copilot', 'opencode', 'gastown', 'aider'].map((id) => adapterOf(id).resumeCommand('gastown/1a; rm'))).toEqual([
      ['copilot', '--resume', 'gastown/1a; rm'],
      ['opencode', '--session', 'gastown/1a; rm'],
      ['gt', 'seance', '--talk', '1a; rm'],
      ['aider', '--restore-chat-history'],
    ]);
  });
});

describe('a town’s events', () => {
  const event = (type: string, actor: string, payload: object): object => ({
    ts: '2026-11-20T08:00:00Z',
    source: 'gt',
    type,
    actor,
    payload,
    visibility: 'feed',
  });
  const session = '5b1f3c0e-9a77-4c52-8a1e-2f6f0d9c4a11';
  const began = event('session_start', 'garden/polecats/ace', { session_id: session, cwd: '/gt/garden/polecats/ace' });

  test('[A58] make a worker’s session a child of the agent’s own run, and its beads its plan', () => {
    const told = tell(adapterOf('gastown'), '.events.jsonl', [
      began,
      event('sling', 'mayor', { bead: 'gd-1', target: 'garden/polecats/ace' }),
      event('done', 'garden/ace', { bead: 'gd-1', branch: 'b' }),
    ]);
    expect(told.of('run.started')).toMatchObject([{ run: `gastown/${session}`, parent: session, cwd: '/gt/garden/polecats/ace' }]);
    expect(told.of('plan.changed').map(({ run, entries }) => [run, entries[0]?.status])).toEqual([
      [`gastown/${session}`, 'in_progress'],
      [`gastown/${session}`, 'completed'],
    ]);
  });

  test('[A58] tell what one says to another as a prompt of the other, and of the overseer as a person’s', () => {
    const told = tell(adapterOf('gastown'), '.events.jsonl', [
      began,
      event('nudge', 'mayor', { rig: 'garden', target: 'ace', reason: 'Go on' }),
      event('nudge', 'mayor', { rig: 'garden', target: 'ace', reason: 'Go on' }),
      event('mail', 'overseer', { to: 'garden/ace', subject: 'Well done' }),
    ]);
    expect(told.of('prompt.submitted').map(({ run, provenance, origin }) => [run, provenance, origin])).toEqual([
      [`gastown/${session}`, 'inter_session', 'nudge'],
      [`gastown/${session}`, 'inter_session', 'nudge'],
      [`gastown/${session}`, 'user', 'mail'],
    ]);
    // The same words twice are two facts, though their lines have no ids.
    expect(new Set(told.facts.map((fact) => fact.src!.record)).size).toBe(told.facts.length);
  });

  test('[A20] are told of the workers in the folders that are asked for alone', () => {
    const reader = adapterOf('gastown').openReader(
      { path: '/gt/.events.jsonl', relative: '.events.jsonl' },
      { digest: nodeDigest, folders: ['/gt/garden/polecats/ace'] },
    );
    const other = event('session_start', 'mayor', { session_id: 'm-1', cwd: '/gt/mayor' });
    expect(reader.read(other, { offset: 0 })).toEqual([]);
    expect(reader.describe().cwd).toBeUndefined();
    expect(reader.read(began, { offset: 1 })).toMatchObject([{ kind: 'run.started' }]);
    expect(reader.read(event('mail', 'x', { to: 'mayor', subject: 'No' }), { offset: 2 })).toEqual([]);
    expect(reader.describe().cwd).toBe('/gt/garden/polecats/ace');
  });
});

describe('Aider’s chat history', () => {
  const lines = (text: string): object[] => text.split('\n').map((line) => ({ line }));
  const read = (text: string) => tell(adapterOf('aider'), '.aider.chat.history.md', lines(text));

  test('[A59] tells a heading in an answer from what a person said', () => {
    const told = read(
      '# aider chat started at 2026-07-20 08:00:00\n\n#### Do it  \n\nFirst:\n\n#### Step 1\nText\n\n#### And more  \n\nDone',
    );
    expect(told.of('prompt.submitted').map((fact) => fact.text.head)).toEqual(['Do it', 'And more']);
    expect(told.of('reply.given').map((fact) => fact.text.head)).toEqual(['First:\n\n#### Step 1\nText', 'Done']);
    expect(told.of('turn.ended')).toHaveLength(2);
    // Older and other writers leave the two spaces out.
    const plain = read('# aider chat started at 2026-07-20 08:00:00\n\n#### Do it\nFirst:\n\n#### Step 1\n\n> Applied edit to a.py');
    expect(plain.of('prompt.submitted').map((fact) => fact.text.head)).toEqual(['Do it']);
  });

  test('[A59] claims of an applied edit what the answer proposed for that file', () => {
    const told = read(
      '# aider chat started at 2026-07-20 08:00:00\n#### x  \na/b.py\n```python\n<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n```\n> Applied edit to a/b.py  \n> Applied edit to c.py  \n> Did not apply edit to d.py (--dry-run)  ',
    );
    expect(told.of('tool.returned').map((fact) => fact.edits)).toEqual([
      [{ path: '/t/a/b.py', op: 'update', oldText: 'old\n', newText: 'new\n' }],
      [{ path: '/t/c.py', op: 'update' }],
    ]);
  });

  test('[A59] counts tokens and cost as they are said, and gives each chat a run of its own', () => {
    const told = read(
      '# aider chat started at 2026-07-20 08:00:00\n> Main model: m1 with diff edit format  \n> Tokens: 3.2k sent, 210 received. Cost: $0.0019 request, $0.02 session.  \n# aider chat started at 2026-07-20 08:00:00\n> Model: m2 with whole edit format  \n> Tokens: 12,566 sent, 1M received.  \n#### !ls  \n',
    );
    expect(told.of('usage.reported').map((fact) => [fact.run?.split('/')[2], fact.usage, fact.costUsd])).toEqual([
      ['2026-07-20T08:00:00', { 'gen_ai.usage.input_tokens': 3200, 'gen_ai.usage.output_tokens': 210 }, 0.0019],
      ['2026-07-20T08:00:00.2', { 'gen_ai.usage.input_tokens': 12_566, 'gen_ai.usage.output_tokens': 1_000_000 }, undefined],
    ]);
    expect(told.of('command.ended')).toMatchObject([{ command: 'ls', by: { actor: 'user' } }]);
  });
});
