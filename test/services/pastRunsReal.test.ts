import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { transcriptAdapters } from '../../src/core/transcripts/table.ts';
import type { LoggedEvent } from '../../src/model/event.ts';
import { PastRuns, type PastRunItem } from '../../src/services/pastRuns.ts';
import { ProjectPlaces } from '../../src/services/projectPlaces.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { agentActs } from '../setup/agentCalls.mjs';
import { agentPackages, type AgentName } from '../setup/agentTools.mjs';
import { agentEnvironment, runAgent } from '../setup/agents.mjs';
import { startScriptedModel } from '../setup/scriptedModel.mjs';
import { toolCacheFolder } from '../setup/toolCache.mjs';
import { openImportRoom, type ImportRoom } from './importRoom.ts';

// The agents' own programs: what a list says of their runs, and whether its command takes them up.
let room: ImportRoom;
beforeEach(async () => {
  room = await openImportRoom();
  execFileSync('git', ['init', '-q', '-b', 'main'], { cwd: room.workspace });
});
afterEach(() => room.close());

const isInstalled = (agent: AgentName): boolean => existsSync(join(toolCacheFolder(), `${agent}-${agentPackages[agent].version}`));

/** The list's own command, with what lets it go on without a terminal. */
const headless: Readonly<Record<AgentName, (command: readonly string[], prompt: string) => readonly string[]>> = {
  codex: ([program = '', ...words], prompt) => [
    program,
    'exec',
    '-m',
    'gpt-5.5',
    '--dangerously-bypass-approvals-and-sandbox',
    ...words,
    prompt,
  ],
  claude: (command, prompt) => [...command, '-p', prompt, '--dangerously-skip-permissions'],
  pi: (command, prompt) => [...command, '--provider', 'scripted', '--model', 'scripted', '-p', prompt],
  opencode: ([program = '', ...words], prompt) => [program, 'run', ...words, prompt],
};

async function list(): Promise<readonly PastRunItem[]> {
  const folders = [{ name: 'work space', path: room.workspace }];
  const places = await ProjectPlaces.open({
    layout: room.layout,
    folders,
    platform: process.platform,
    isTrusted: true,
    now: () => Date.now(),
  });
  const past = new PastRuns({ adapters: transcriptAdapters, environment: room.environment, digest: nodeDigest, places });
  const items: PastRunItem[] = [];
  for await (const batch of past.list()) items.push(...batch.items);
  expect(past.problems).toEqual([]);
  return items;
}

async function takeUp(
  agent: AgentName,
  item: PastRunItem,
  prompt: string,
  port: number,
): Promise<{ exitCode: number | null; output: string }> {
  const env = await agentEnvironment(agent, { home: room.home, port, folder: item.folder });
  const [program = '', ...words] = headless[agent](item.command, prompt);
  const child = spawn(program, words, { cwd: item.folder, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 90_000 });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { exitCode, output };
}

const prompts = (events: readonly LoggedEvent[]) =>
  events.filter((event) => event.kind === 'prompt.submitted' && event.provenance === 'user');

describe('a past run of the real agent', () => {
  for (const agent of ['codex', 'claude', 'pi', 'opencode'] as const)
    test.skipIf(!isInstalled(agent))(
      `[A50] [A51] of ${agent} is listed, imported, taken up by the command that stands there, and grows`,
      { timeout: 180_000 },
      async () => {
        const clock = { now: () => Date.now() };
        // Some ask their model for a title of the session beside the work.
        const model = await startScriptedModel([
          ...agentActs[agent].shell('echo squeak'),
          { text: 'The gate is mended.' },
          { text: 'It is painted too.' },
          { text: 'Done.' },
        ]);
        try {
          const first = await runAgent(agent, { home: room.home, port: model.port, folder: room.workspace, prompt: 'Mend the gate' });
          expect(first.exitCode, first.output).toBe(0);
          const [item, ...others] = await list();
          expect(others).toEqual([]);
          expect(item).toMatchObject({
            place: 'here',
            folder: room.workspace,
            run: { agent, prompts: 1, cwd: room.workspace, isWhole: true },
          });
          expect(item!.run.lastWords).toEqual({ by: 'agent', text: 'The gate is mended.' });
          expect(item!.run.title).toBeTruthy();
          const imported = await room.import({ clock });
          expect(imported.runs).toMatchObject([{ agent, run: item!.run.run }]);
          expect(prompts(await room.events(imported.sessions[0]!))).toHaveLength(1);

          const again = await takeUp(agent, item!, 'Paint it', model.port);
          expect(again.exitCode, again.output).toBe(0);
          const [later, ...more] = await list();
          expect(more).toEqual([]);
          expect(later!.run).toMatchObject({ run: item!.run.run, prompts: 2, lastWords: { by: 'agent', text: 'It is painted too.' } });
          const grown = await room.import({ clock });
          expect(grown.sessions).toHaveLength(1);
          const events = await room.events(grown.sessions[0]!);
          expect(prompts(events)).toMatchObject([{ turn: 2, run: item!.run.run }]);
          expect((await room.import({ clock })).events).toBe(0);
        } finally {
          await model.close();
        }
      },
    );
});
