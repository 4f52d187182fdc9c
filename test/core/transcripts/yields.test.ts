import { expect, test } from 'vitest';
import { transcriptAdapters } from '../../../src/core/transcripts/table.ts';
import { factsOf, fixturesOf } from './adapterContract.ts';
import { yields } from './yields.ts';

/**
 * What of the vocabulary each agent's records yield:
 * `x` shown by a fixture (held here, both ways); `t` told, held by a test with records of its own;
 * `-` the records do not have it; `o` open: the records have it, or may, and it is not told yet.
 */
const agents = 'codex claude pi openclaw copilot gemini qwen kimi cline roo kilo opencode vscode-chat cursor gastown beads aider'.split(
  ' ',
);
const table: Readonly<Record<string, string>> = {
  //                  codex  pi  copi  qwen  clin  kilo  vsco  gast  aider
  //                     clau  open  gemi  kimi  roo   open  curs  beads
  prompt: '           x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  -  x',
  'prompt by others': 'x  x  x  x  x  x  x  x  x  -  -  x  t  x  x  -  x',
  reply: '            x  x  x  x  x  x  x  x  x  x  x  x  x  x  -  -  x',
  call: '             x  x  x  x  x  x  x  x  x  x  x  x  x  x  -  -  x',
  result: '           x  x  x  x  x  x  x  x  x  x  x  x  x  t  -  -  x',
  duration: '         x  x  x  x  x  x  x  x  x  -  -  x  x  -  -  -  -',
  'exit code': '      x  x  x  x  x  x  x  x  x  -  -  x  x  -  -  -  -',
  read: '             x  x  x  x  x  x  x  x  x  x  x  x  x  -  -  -  x',
  edit: '             x  x  x  x  x  x  x  x  x  x  x  x  x  x  -  -  x',
  plan: '             x  x  -  t  x  x  t  x  x  x  t  x  x  x  x  x  -',
  question: '         t  t  -  -  t  t  t  t  x  x  x  t  o  t  -  -  -',
  refusal: '          t  x  -  o  x  x  t  t  t  -  -  x  x  -  -  -  -',
  'sub-agent': '      x  x  -  x  x  x  x  x  x  x  t  x  o  x  x  -  -',
  compaction: '       x  x  x  t  x  t  x  t  t  x  t  x  t  -  -  -  -',
  resume: '           x  x  -  -  x  x  -  -  t  t  t  -  -  -  x  -  -',
  fork: '             x  x  x  t  -  -  t  x  t  -  -  t  o  -  -  -  -',
  rewind: '           t  x  x  t  x  x  t  t  t  t  t  x  x  -  -  -  -',
  model: '            x  x  x  x  x  x  x  x  x  t  t  x  x  t  -  -  x',
  tokens: '           x  x  x  x  x  x  x  x  x  x  x  x  x  -  -  -  x',
  cost: '             -  x  x  x  -  -  -  -  x  x  x  x  -  -  -  -  x',
  branch: '           x  x  -  -  x  -  x  -  x  -  -  -  o  -  -  -  -',
  cwd: '              x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x',
  title: '            t  t  x  x  x  t  t  x  x  -  -  x  x  -  x  x  -',
  mode: '             t  t  -  -  t  -  -  t  t  t  t  x  t  -  -  -  -',
  interruption: '     t  x  x  t  x  x  t  x  t  t  t  x  x  x  -  -  x',
  error: '            t  t  x  t  x  t  t  t  x  t  t  x  x  -  x  -  x',
  'turn end': '       x  x  x  x  x  x  x  x  x  x  x  x  x  x  -  -  x',
};

test('[A49] every agent is in the table of what its records yield', () => {
  expect(agents).toEqual(transcriptAdapters.map((adapter) => adapter.id));
  expect(Object.keys(table)).toEqual(Object.keys(yields));
});

test.each(agents.map((id, index) => [id, index] as const))('[A49] the records of %s yield what the table says', (id, index) => {
  const adapter = transcriptAdapters.find((one) => one.id === id)!;
  const facts = fixturesOf(id).flatMap((fixture) => factsOf(adapter, fixture));
  for (const [name, isShown] of Object.entries(yields)) {
    const cell = table[name]!.trim().split(/\s+/)[index];
    expect(cell, name).toMatch(/^[xto-]$/);
    expect(facts.some(isShown) ? 'x' : 'not shown', `${id}: ${name}`).toBe(cell === 'x' ? 'x' : 'not shown');
  }
});
