import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SourceSet } from '../../src/core/sourceSet.ts';
import { claimMatches } from '../../src/core/transcripts/claimedEdit.ts';
import { opencodeAdapter } from '../../src/core/transcripts/opencode.ts';
import type { LoggedEvent } from '../../src/model/event.ts';
import { agentActs } from '../setup/agentCalls.mjs';
import { agentPackages } from '../setup/agentTools.mjs';
import { agentEnvironment, runAgent } from '../setup/agents.mjs';
import { startScriptedModel } from '../setup/scriptedModel.mjs';
import { toolCacheFolder } from '../setup/toolCache.mjs';
import { filesOf } from '../store/opencodeRoom.ts';
import { openAgentRoom, type AgentRoom } from './agentRoom.ts';

const isInstalled = existsSync(join(toolCacheFolder(), `opencode-${agentPackages.opencode.version}`));

let room: AgentRoom;
beforeEach(async () => {
  room = await openAgentRoom();
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Dev', '-c', 'user.email=dev@example.com', ...args], { cwd: room.workspace });
  git('init', '-q', '-b', 'main');
  await writeFile(join(room.workspace, 'calc.py'), before);
  git('add', '-A');
  git('commit', '-qm', 'start');
});
afterEach(() => room.close());

const before = 'def add(a, b):\n    return a - b\n';
const ofKind = <K extends LoggedEvent['kind']>(events: readonly LoggedEvent[], kind: K) =>
  events.filter((event): event is Extract<LoggedEvent, { kind: K }> => event.kind === kind);

describe('a real run of OpenCode', () => {
  test.skipIf(!isInstalled)(
    '[A57] is told from its live database, while it works and when it is taken up again',
    { timeout: 180_000 },
    async () => {
      const file = join(room.workspace, 'calc.py');
      const acts = agentActs.opencode;
      const model = await startScriptedModel([
        { text: 'First I read it.', ...acts.read(file)[0] },
        ...acts.edit(file, '    return a - b', '    return a + b'),
        { calls: [{ name: 'write', args: { filePath: join(room.workspace, 'notes.md'), content: '# Notes\n' } }] },
        ...acts.shell('echo broken >&2; exit 3'),
        ...acts.shell('sleep 1; echo slept'),
        { text: 'All is **done**.' },
        ...acts.shell('echo again'),
        { text: 'And again.' },
      ]);
      const follower = await room.follow({ since: Date.now() - 1000, sources: new SourceSet() });
      const run = { home: room.home, port: model.port, folder: room.workspace };
      try {
        const running = runAgent('opencode', { ...run, prompt: 'Mend add ✓' });
        await room.until((event) => event.kind === 'prompt.submitted', 60_000);
        const isStillAtWork = !(await room.events()).some((event) => event.kind === 'turn.ended');
        const outcome = await running;
        expect(outcome.exitCode, outcome.output).toBe(0);
        expect(isStillAtWork).toBe(true);
        const data = join(room.home, '.local', 'share', 'opencode');
        const written = await filesOf(data).catch(() => ({}));
        await follower.flush();
        await room.until((event) => event.kind === 'turn.ended');
        expect(await filesOf(data).catch(() => ({}))).toEqual(written);
        const events = await room.events();
        await checkFirstTurn(events, file);

        const session = ofKind(events, 'run.started')[0]!.run!;
        const resumed = await goOn(session, 'Once more', model.port);
        expect(resumed.exitCode, resumed.output).toBe(0);
        await follower.flush();
        await room.until((event) => event.kind === 'turn.ended' && event.turn === 2);
        const later = (await room.events()).slice(events.length);
        expect(ofKind(later, 'run.started')).toEqual([]);
        expect(ofKind(later, 'prompt.submitted')).toMatchObject([{ run: session, turn: 2 }]);
        expect(ofKind(later, 'command.ended')).toMatchObject([{ command: 'echo again', exitCode: 0, turn: 2 }]);
      } finally {
        await model.close();
      }
      expect(follower.runs().map((entry) => [entry.agent, entry.unknown, entry.damaged, entry.misshapen])).toEqual([
        ['opencode', {}, 0, 0],
      ]);
      expect(room.errors).toEqual([]);
    },
  );
});

async function checkFirstTurn(events: readonly LoggedEvent[], file: string): Promise<void> {
  expect(ofKind(events, 'run.started')).toMatchObject([{ agent: 'opencode', model: 'scripted', version: agentPackages.opencode.version }]);
  const [prompt] = ofKind(events, 'prompt.submitted');
  expect(prompt).toMatchObject({ provenance: 'user', turn: 1 });
  expect(prompt!.text.head).toContain('Mend add ✓');
  expect(ofKind(events, 'reply.given').map((event) => event.text.head)).toEqual(['First I read it.', 'All is **done**.']);
  expect(ofKind(events, 'command.ended').map((event) => [event.command, event.exitCode])).toEqual([
    ['echo broken >&2; exit 3', 3],
    ['sleep 1; echo slept', 0],
  ]);
  expect(ofKind(events, 'command.ended')[1]!.durationMs).toBeGreaterThanOrEqual(900);
  expect(ofKind(events, 'file.read').map((event) => event.path)).toContain('calc.py');
  const edits = ofKind(events, 'tool.returned').flatMap((event) => event.edits ?? []);
  expect(edits.map(({ path, op }) => `${op} ${path}`)).toEqual(['update calc.py', 'create notes.md']);
  expect(claimMatches(edits[0]!, before, await readFile(file, 'utf8'))).toBe(true);
  expect(claimMatches(edits[1]!, undefined, '# Notes\n')).toBe(true);
  expect(ofKind(events, 'usage.reported').length).toBeGreaterThanOrEqual(5);
  expect(ofKind(events, 'turn.ended')).toMatchObject([{ stopReason: 'end_turn', turn: 1 }]);
  const records = events.flatMap((event) => ('src' in event && event.src?.record !== undefined ? [event.src.record] : []));
  expect(new Set(records).size).toBe(records.length);
}

async function goOn(session: string, prompt: string, port: number): Promise<{ exitCode: number | null; output: string }> {
  const env = await agentEnvironment('opencode', { home: room.home, port, folder: room.workspace });
  return new Promise((resolve, reject) => {
    const words = [...opencodeAdapter.resumeCommand(session), prompt];
    const child = spawn(words[0]!, ['run', ...words.slice(1)], {
      cwd: room.workspace,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 90_000,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output }));
  });
}
