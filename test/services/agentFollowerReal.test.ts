import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SourceSet } from '../../src/core/sourceSet.ts';
import { claimMatches } from '../../src/core/transcripts/claimedEdit.ts';
import type { EventOf, LoggedEvent } from '../../src/model/event.ts';
import { agentActs } from '../setup/agentCalls.mjs';
import { agentPackages } from '../setup/agentTools.mjs';
import { agentEnvironment, runAgent } from '../setup/agents.mjs';
import { startScriptedModel } from '../setup/scriptedModel.mjs';
import { toolCacheFolder } from '../setup/toolCache.mjs';
import { openAgentRoom, type AgentRoom } from './agentRoom.ts';

// The agents' own binaries at work against a scripted model: what a new version writes otherwise shows here.
// They are installed by the project's test run; a run of the unit tests alone uses them where they are.

const isInstalled = (agent: 'codex' | 'claude'): boolean => existsSync(join(toolCacheFolder(), `${agent}-${agentPackages[agent].version}`));

let room: AgentRoom;
beforeEach(async () => {
  room = await openAgentRoom();
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Dev', '-c', 'user.email=dev@example.com', ...args], { cwd: room.workspace });
  git('init', '-q', '-b', 'main');
  await mkdir(join(room.workspace, 'src'));
  await writeFile(join(room.workspace, 'src/calc.py'), before);
  await writeFile(join(room.workspace, 'old.txt'), 'old\n');
  git('add', '-A');
  git('commit', '-qm', 'start');
});
afterEach(async () => {
  await room.close();
});

const before = 'def add(a, b):\n    return a - b\n';
const ofKind = <K extends LoggedEvent['kind']>(events: readonly LoggedEvent[], kind: K) =>
  events.filter((event): event is Extract<LoggedEvent, { kind: K }> => event.kind === kind);

describe.each(['codex', 'claude'] as const)('a real run of %s', (agent) => {
  test.skipIf(!isInstalled(agent))('[A24] is told completely, while it works', { timeout: 120_000 }, async () => {
    const file = join(room.workspace, 'src/calc.py');
    const acts = agentActs[agent];
    const newFile = join(room.workspace, 'notes.md');
    const write =
      agent === 'codex'
        ? { name: 'apply_patch', raw: `*** Begin Patch\n*** Add File: ${newFile}\n+# Notes\n*** End Patch\n` }
        : { name: 'Write', args: { file_path: newFile, content: '# Notes\n' } };
    const model = await startScriptedModel([
      { text: 'First I read it.', ...acts.read(file)[0] },
      ...acts.edit(file, '    return a - b', '    return a + b'),
      { calls: [write] },
      ...acts.shell("sed -i 's/Notes/Remarks/' notes.md"),
      ...acts.shell('rm old.txt'),
      ...acts.shell('echo broken >&2; exit 3'),
      ...acts.shell('sleep 1; echo slept'),
      { text: 'All is **done**.' },
      ...acts.shell('echo again'),
      { text: 'And again.' },
    ]);
    const follower = await room.follow({ since: Date.now() - 1000, sources: new SourceSet() });
    const run = { home: room.home, port: model.port, folder: room.workspace };
    try {
      const running = runAgent(agent, { ...run, prompt: 'Mend add, please ✓' });
      // The prompt is there long before the agent has finished.
      await room.until((event) => event.kind === 'prompt.submitted', 30_000);
      const isStillAtWork = !(await room.events()).some((event) => event.kind === 'turn.ended');
      const outcome = await running;
      expect(outcome.exitCode, outcome.output).toBe(0);
      expect(isStillAtWork).toBe(true);
      await follower.flush();
      await room.until((event) => event.kind === 'turn.ended');
      const events = await room.events();
      checkFirstRun(agent, events, await readFile(file, 'utf8'));

      // The same conversation, taken up again in another process.
      const resumed = await resume(agent, ofKind(events, 'run.started')[0]!.run!, 'Once more', model.port);
      expect(resumed.exitCode, resumed.output).toBe(0);
      await follower.flush();
      await room.until((event) => event.kind === 'turn.ended' && event.turn === 2);
      const later = (await room.events()).slice(events.length);
      expect(ofKind(later, 'run.started')).toEqual([]);
      expect(ofKind(later, 'run.resumed')).toMatchObject([{ agent }]);
      expect(ofKind(later, 'prompt.submitted')).toMatchObject([{ text: { head: 'Once more' }, turn: 2 }]);
      expect(ofKind(later, 'command.ended')).toMatchObject([{ command: 'echo again', exitCode: 0, turn: 2 }]);
    } finally {
      await model.close();
    }
    expect(follower.runs().map((entry) => [entry.unknown, entry.damaged, entry.misshapen])).toEqual([[{}, 0, 0]]);
    expect(room.errors).toEqual([]);
  });
});

async function resume(
  agent: 'codex' | 'claude',
  run: string,
  prompt: string,
  port: number,
): Promise<{ exitCode: number | null; output: string }> {
  const words = {
    codex: ['codex', 'exec', 'resume', run, '-m', 'gpt-5.5', '--dangerously-bypass-approvals-and-sandbox', prompt],
    claude: ['claude', '--resume', run, '-p', prompt, '--dangerously-skip-permissions'],
  }[agent];
  const env = await agentEnvironment(agent, { home: room.home, port, folder: room.workspace });
  return new Promise((resolve, reject) => {
    const child = spawn(words[0]!, words.slice(1), { cwd: room.workspace, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output }));
  });
}

function checkFirstRun(agent: string, events: readonly LoggedEvent[], after: string): void {
  expect(ofKind(events, 'run.started')).toMatchObject([
    { agent, cwd: room.workspace, branch: 'main', by: { actor: 'agent', name: agent, how: 'transcript' } },
  ]);
  const { run } = ofKind(events, 'run.started')[0]!;
  expect(events.every((event) => event.kind !== 'foreign' && event.run === run)).toBe(true);
  expect(ofKind(events, 'prompt.submitted')).toMatchObject([
    { text: { head: 'Mend add, please ✓' }, provenance: 'user', turn: 1, by: { actor: 'user' } },
  ]);
  expect(ofKind(events, 'reply.given').map((reply) => reply.text.head)).toEqual(['First I read it.', 'All is **done**.']);
  expect(ofKind(events, 'turn.ended')).toMatchObject([{ stopReason: 'end_turn', turn: 1 }]);
  expect(ofKind(events, 'file.read').map((event) => event.path)).toContain('src/calc.py');

  const called = ofKind(events, 'tool.called');
  const returned = ofKind(events, 'tool.returned');
  expect(returned.map((event) => event.call).sort()).toEqual(called.map((event) => event.call).sort());
  const edits = returned.flatMap((event: EventOf<'tool.returned'>) => event.edits ?? []);
  expect(edits.map((edit) => [edit.path, edit.op])).toEqual([
    ['src/calc.py', 'update'],
    ['notes.md', 'create'],
  ]);
  expect(claimMatches(edits[0]!, before, after)).toBe(true);
  expect(claimMatches(edits[0]!, before, `${after}# formatted\n`)).toBe(false);
  expect(claimMatches(edits[1]!, undefined, '# Notes\n')).toBe(true);

  const commands = ofKind(events, 'command.ended').filter((event) => !event.command.startsWith('cat '));
  expect(commands.map((event) => [event.command, event.exitCode])).toEqual([
    ["sed -i 's/Notes/Remarks/' notes.md", 0],
    ['rm old.txt', 0],
    ['echo broken >&2; exit 3', 3],
    ['sleep 1; echo slept', 0],
  ]);
  expect(commands[2]!.output?.head.trim()).toBe('broken');
  expect(commands[3]!.durationMs).toBeGreaterThanOrEqual(900);
  expect(commands.every((event) => event.cwd === room.workspace && event.by.actor === 'agent' && event.call !== undefined)).toBe(true);

  const usage = ofKind(events, 'usage.reported');
  expect(usage.length).toBeGreaterThanOrEqual(8);
  expect(new Set(usage.map((event) => event.response)).size).toBe(usage.length);
  // What a session cost is told apart from what its responses took, once, and with the cost.
  const [ofSession, ...others] = usage.filter((event) => event.response === undefined);
  expect(others).toEqual([]);
  expect(ofSession === undefined || ofSession.costUsd !== undefined).toBe(true);
  const ofResponses = usage.filter((event) => event !== ofSession);
  expect(ofResponses.every((event) => (event.usage['gen_ai.usage.output_tokens'] ?? 0) > 0)).toBe(true);
}
