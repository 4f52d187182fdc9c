import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SourceSet } from '../../src/core/sourceSet.ts';
import { claimMatches } from '../../src/core/transcripts/claimedEdit.ts';
import { piAdapter } from '../../src/core/transcripts/pi.ts';
import type { LoggedEvent } from '../../src/model/event.ts';
import { agentActs } from '../setup/agentCalls.mjs';
import { agentPackages } from '../setup/agentTools.mjs';
import { agentEnvironment, runAgent } from '../setup/agents.mjs';
import { startScriptedModel } from '../setup/scriptedModel.mjs';
import { toolCacheFolder } from '../setup/toolCache.mjs';
import { openAgentRoom, type AgentRoom } from './agentRoom.ts';

// pi's own program at work against a scripted model: what a new version writes otherwise shows here.
const isInstalled = existsSync(join(toolCacheFolder(), `pi-${agentPackages.pi.version}`));

let room: AgentRoom;
beforeEach(async () => {
  room = await openAgentRoom();
  await writeFile(join(room.workspace, 'calc.py'), before);
});
afterEach(() => room.close());

const before = 'def add(a, b):\n    return a - b\n';
const ofKind = <K extends LoggedEvent['kind']>(events: readonly LoggedEvent[], kind: K) =>
  events.filter((event): event is Extract<LoggedEvent, { kind: K }> => event.kind === kind);

describe('a real run of pi', () => {
  test.skipIf(!isInstalled)('[A48] is told while it works and when it is taken up again', { timeout: 180_000 }, async () => {
    const file = join(room.workspace, 'calc.py');
    const acts = agentActs.pi;
    const model = await startScriptedModel([
      { text: 'First I read it.', ...acts.read(file)[0] },
      ...acts.edit(file, '    return a - b', '    return a + b'),
      { calls: [{ name: 'write', args: { path: 'notes.md', content: '# Notes\n' } }] },
      ...acts.shell('echo broken >&2; exit 3'),
      ...acts.shell('sleep 1; echo slept'),
      { text: 'All is **done**.' },
      ...acts.shell('echo again'),
      { text: 'And again.' },
    ]);
    const follower = await room.follow({ since: Date.now() - 1000, sources: new SourceSet() });
    try {
      const outcome = await runAgent('pi', { home: room.home, port: model.port, folder: room.workspace, prompt: 'Mend add ✓' });
      expect(outcome.exitCode, outcome.output).toBe(0);
      await follower.flush();
      const events = await room.events();
      await checkFirstTurn(events, file);
      const session = ofKind(events, 'run.started')[0]!.run!;
      const resumed = await goOn(session, 'Once more', model.port);
      expect(resumed.exitCode, resumed.output).toBe(0);
      await follower.flush();
      const later = (await room.events()).slice(events.length);
      expect(ofKind(later, 'run.started')).toEqual([]);
      expect(ofKind(later, 'prompt.submitted')).toMatchObject([{ run: session, turn: 2, text: { head: 'Once more' } }]);
      expect(ofKind(later, 'command.ended')).toMatchObject([{ command: 'echo again', exitCode: 0, turn: 2 }]);
    } finally {
      await model.close();
    }
    expect(follower.runs().map((entry) => [entry.agent, entry.unknown, entry.damaged, entry.misshapen])).toEqual([['pi', {}, 0, 0]]);
    expect(room.errors).toEqual([]);
  });
});

async function checkFirstTurn(events: readonly LoggedEvent[], file: string): Promise<void> {
  expect(ofKind(events, 'run.started')).toMatchObject([{ agent: 'pi', model: 'scripted' }]);
  expect(ofKind(events, 'prompt.submitted')).toMatchObject([{ provenance: 'user', turn: 1, text: { head: 'Mend add ✓' } }]);
  expect(ofKind(events, 'reply.given').map((event) => event.text.head)).toEqual(['First I read it.', 'All is **done**.']);
  expect(ofKind(events, 'command.ended').map((event) => [event.command, event.exitCode])).toEqual([
    ['echo broken >&2; exit 3', 3],
    ['sleep 1; echo slept', 0],
  ]);
  expect(ofKind(events, 'command.ended')[1]!.durationMs).toBeGreaterThanOrEqual(900);
  expect(ofKind(events, 'file.read').map((event) => event.path)).toEqual(['calc.py']);
  const edits = ofKind(events, 'tool.returned').flatMap((event) => event.edits ?? []);
  expect(edits.map(({ path }) => path)).toEqual(['calc.py', 'notes.md']);
  expect(claimMatches(edits[0]!, before, await readFile(file, 'utf8'))).toBe(true);
  expect(claimMatches(edits[1]!, undefined, '# Notes\n')).toBe(true);
  expect(ofKind(events, 'usage.reported').length).toBe(6);
  expect(ofKind(events, 'usage.reported')[0]!.costUsd).toBeGreaterThan(0);
  expect(ofKind(events, 'turn.ended')).toMatchObject([{ stopReason: 'end_turn', turn: 1 }]);
}

async function goOn(session: string, prompt: string, port: number): Promise<{ exitCode: number | null; output: string }> {
  const env = await agentEnvironment('pi', { home: room.home, port, folder: room.workspace });
  return new Promise((resolve, reject) => {
    const words = [...piAdapter.resumeCommand(session), '--provider', 'scripted', '--model', 'scripted', '-p', prompt];
    const child = spawn(words[0]!, words.slice(1), { cwd: room.workspace, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 90_000 });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output }));
  });
}
