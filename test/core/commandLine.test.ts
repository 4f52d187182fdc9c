import { expect, it } from 'vitest';
import { agentOfCommand, programsOf } from '../../src/core/commandLine.ts';

const agents = new Map([
  ['codex', 'codex'],
  ['claude', 'claude'],
  ['claude-code', 'claude'],
  ['pi', 'pi'],
]);

it.each([
  ['codex', 'codex'],
  ['codex exec "fix it && claude"', 'codex'],
  ['/usr/local/bin/claude --resume x', 'claude'],
  ['C:\\Users\\me\\AppData\\npm\\codex.cmd', 'codex'],
  ['npx -y @openai/codex@latest', 'codex'],
  ['pnpm dlx @anthropic-ai/claude-code', 'claude'],
  ['OPENAI_API_KEY=x DEBUG="a b" codex', 'codex'],
  ['cd app && sudo -u me env -u FOO BAR=1 codex', 'codex'],
  ['timeout 60 codex exec hi', 'codex'],
  ['echo hi | claude -p', 'claude'],
  ['time nice -n 5 pi', 'pi'],
])('[C25] sees the agent in %s', (line, agent) => expect(agentOfCommand(line, agents)).toBe(agent));

it.each([
  'echo codex',
  'cat codex.md',
  'git commit -m "codex && claude"',
  'codexify',
  './run codex',
  'codex; claude',
  'npm i -g @openai/codex',
  'vim claude',
  '',
])('[C25] sees no agent in %s', (line) => expect(agentOfCommand(line, agents)).toBeUndefined());

it('[C25] names the programs of a line in order, redirections apart', () => {
  expect(programsOf('FOO=1 make -j2 2>&1 | tee log && npm run build').map(({ program }) => program)).toEqual(['make', 'tee', 'npm']);
  expect(programsOf(`${'('.repeat(5000)}x`).map(({ program }) => program)).toEqual(['x']);
});
