import { execFileSync } from 'node:child_process';
import { mkdtempSync, symlinkSync, writeFileSync, chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentActs } from '../setup/agentCalls.mjs';
import { agentSetup, layAgentFiles } from '../setup/agents.mjs';
import { ensureAgent } from '../setup/agentTools.mjs';
import { ensureNode } from '../setup/nodeRuntime.mjs';
import { startScriptedModel } from '../setup/scriptedModel.mjs';
import { authorsByPath, eventuallyInLog, readLog, type Line } from './logReading.ts';
import { hashGit, hashTree } from './treeHash.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

type AgentName = 'codex' | 'claude';

/** A repository with a binary, a mode, a link, CRLF, an untracked and an ignored file. */
function layRepository(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'td-agents-'));
  mkdirSync(path.join(folder, 'src'));
  writeFileSync(path.join(folder, 'src', 'greet.js'), 'export const greet = () => "hello";\n');
  writeFileSync(path.join(folder, 'src', 'old.js'), 'export const old = true;\n');
  writeFileSync(path.join(folder, 'notes.txt'), 'first\r\nsecond\r\n');
  writeFileSync(path.join(folder, 'tool.sh'), '#!/bin/sh\nexit 0\n');
  chmodSync(path.join(folder, 'tool.sh'), 0o755);
  writeFileSync(path.join(folder, 'pixel.bin'), Buffer.from([0, 1, 2, 253, 254, 255]));
  symlinkSync('src/greet.js', path.join(folder, 'link.js'));
  writeFileSync(path.join(folder, '.gitignore'), 'ignored.txt\n');
  const git = (...args: string[]): void =>
    void execFileSync(
      'git',
      ['-c', 'user.name=Tess Deck', '-c', 'user.email=tess@example.invalid', '-c', 'commit.gpgsign=false', ...args],
      { cwd: folder, stdio: 'ignore' },
    );
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-qm', 'Begin');
  writeFileSync(path.join(folder, 'untracked.txt'), 'not in git\n');
  writeFileSync(path.join(folder, 'ignored.txt'), 'never touched\n');
  return folder;
}

describe.each<AgentName>(['codex', 'claude'])('%s at work in the integrated terminal', (agent) => {
  let folder: string;
  let workbench: Workbench;
  let model: Awaited<ReturnType<typeof startScriptedModel>>;
  let before: Record<string, string>;
  let gitBefore: Record<string, string>;
  const greet = (): string => path.join(folder, 'src', 'greet.js');

  beforeAll(async () => {
    folder = layRepository();
    const acts = agentActs[agent];
    model = await startScriptedModel([
      ...acts.read(greet()),
      ...acts.edit(greet(), 'export const greet = () => "hello";', 'export const greet = (name) => `hello ${name}`;'),
      ...acts.shell(
        `sed -i 's/second/changed by the shell/' '${path.join(folder, 'notes.txt')}' && printf 'new' > '${path.join(folder, 'untracked.txt')}' && sleep 1`,
      ),
      ...acts.shell(
        `rm '${path.join(folder, 'src', 'old.js')}' && rm '${path.join(folder, 'link.js')}' && chmod 644 '${path.join(folder, 'tool.sh')}' && sleep 1`,
      ),
      ...acts.shell(`sh -c 'echo the check says no >&2; exit 7'`),
      { text: 'The greeting takes a name now.' },
    ]);
    const setup = agentSetup(agent, { port: model.port });
    const binaries = [await ensureAgent(agent), (await ensureNode(24)).binFolder].join(path.delimiter);
    workbench = await openWorkbench({
      folder,
      env: { ...setup.env, PATH: `${binaries}${path.delimiter}${process.env['PATH'] ?? ''}` },
      widthPx: 1500,
      heightPx: 950,
    });
    await layAgentFiles(workbench.home, setup);
  });

  afterAll(async () => {
    await workbench?.close();
    await model?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  it('[A1] the log holds the prompt, the edit, the shell’s changes, the deletion and the failure, each with the right author', async () => {
    await workbench.showTapedeck();
    await workbench.openTerminal();
    await workbench.typeInTerminal('echo ready');
    await eventuallyInLog(folder, (lines) => lines.find(({ kind }) => kind === 'command.ended'), 'the first command');
    await eventuallyInLog(folder, (lines) => lines.find(({ kind }) => kind === 'baseline.taken'), 'the baseline');
    before = hashTree(folder);
    gitBefore = hashGit(folder);

    const [program, ...args] = agentSetup(agent, { port: model.port }).argv('Let greet take a name');
    await workbench.typeInTerminal([program, ...args.map((word) => (/^[\w./-]+$/.test(word) ? word : `'${word}'`))].join(' '));
    await eventuallyInLog(
      folder,
      (lines) => lines.find((line) => line['kind'] === 'command.ended' && String(line['command']).startsWith(agent)),
      'the end of the agent',
      120_000,
    );
    // The agent's record may be read after the changes were seen: then a later finding says whose run it was.
    const isTold = (lines: readonly Line[]): boolean => {
      const authors = authorsByPath(lines);
      return ['src/greet.js', 'tool.sh'].every((file) => authors.get(file)?.['run'] !== undefined);
    };
    await eventuallyInLog(folder, (lines) => (isTold(lines) ? true : undefined), 'the authors');

    const lines = readLog(folder);
    const prompt = lines.find(({ kind }) => kind === 'prompt.submitted');
    expect(prompt).toMatchObject({ text: { head: 'Let greet take a name' }, provenance: 'user', by: { actor: 'user' } });
    const authors = authorsByPath(lines);
    expect(authors.get('src/greet.js')).toMatchObject({ actor: 'agent', name: agent, how: 'transcript', run: prompt?.['run'] });
    for (const file of ['notes.txt', 'untracked.txt', 'src/old.js', 'link.js', 'tool.sh'])
      expect(authors.get(file), file).toMatchObject({ actor: 'agent', name: agent, how: 'overlap' });
    expect(lines.some(({ kind, exitCode, by }) => kind === 'command.ended' && exitCode === 7 && by.actor === 'agent')).toBe(true);
    expect(lines.some(({ kind, path: file }) => kind === 'file.deleted' && file === 'src/old.js')).toBe(true);
    expect(lines.some(({ kind, text }) => kind === 'reply.given' && text.head === 'The greeting takes a name now.')).toBe(true);
    expect(lines.some((line) => line['path'] === 'ignored.txt')).toBe(false);
  });

  it('[V1] the timeline shows it: the prompt as a heading, edits folded, the failure alone', async () => {
    const frame = workbench.tapedeckFrame();
    await frame.getByText('Let greet take a name').first().waitFor();
    await frame.getByText('exit 7').first().waitFor();
    await workbench.screenshot(`${agent}-timeline`);
  });

  it('[R2] a rewind to before the run gives the tree back byte for byte, touches nothing of git, and undo brings it back', async () => {
    await workbench.runCommand('Tapedeck: Log Decision…');
    for (const [step, words] of ['Greet takes a name', 'Callers asked for it', ''].entries()) {
      await workbench.page.getByText(`Log Decision (${step + 1}/3)`).waitFor();
      await workbench.answer(words);
    }
    await eventuallyInLog(folder, (lines) => lines.find(({ kind }) => kind === 'decision.confirmed'), 'the decision');
    await workbench.runCommand('Tapedeck: Copy Resume Prompt');
    await workbench.page.waitForTimeout(1000);
    const prompt = await workbench.page.evaluate(() => navigator.clipboard.readText());
    for (const words of [
      'Let greet take a name',
      'Greet takes a name',
      'Callers asked for it',
      'src/greet.js',
      'notes.txt',
      'the check says no',
      '7',
    ])
      expect(prompt).toContain(words);

    const after = hashTree(folder);
    await workbench.runCommand('Tapedeck: Rewind to…');
    await workbench.answer('Prompt: Let greet take a name');
    // The plan, to tick: every file of it, all ticked.
    const plan = workbench.page.locator('.quick-input-widget');
    await plan.getByText('Untick what is to stay as it is').or(plan.locator('input[placeholder*="Untick"]')).first().waitFor();
    await workbench.screenshot(`${agent}-rewind-ticks`);
    await workbench.page.keyboard.press('Enter');
    const dialog = workbench.page.locator('.monaco-dialog-box');
    await dialog.waitFor();
    await workbench.screenshot(`${agent}-rewind-plan`);
    for (const file of ['src/greet.js', 'notes.txt', 'src/old.js', 'tool.sh']) expect(await dialog.innerText()).toContain(file);
    await dialog.getByRole('button', { name: 'Rewind' }).click();
    await eventuallyInLog(folder, (lines) => lines.find(({ kind }) => kind === 'rewind.applied'), 'the rewind');
    expect(hashTree(folder)).toEqual(before);
    expect(hashGit(folder)).toEqual(gitBefore);
    expect(readFileSync(path.join(folder, 'ignored.txt'), 'utf8')).toBe('never touched\n');
    await workbench.screenshot(`${agent}-rewound`);

    await workbench.reload();
    await workbench.showTapedeck();
    await workbench
      .tapedeckFrame()
      .getByText(/Rewound to/)
      .first()
      .waitFor();
    await workbench.screenshot(`${agent}-reloaded`);
    await workbench.runCommand('Tapedeck: Undo Rewind');
    await workbench.page.locator('.monaco-dialog-box').waitFor();
    await workbench.page.locator('.monaco-dialog-box').getByRole('button', { name: 'Undo Rewind' }).click();
    await eventuallyInLog(folder, (lines) => lines.find(({ kind }) => kind === 'rewind.undone'), 'the undoing');
    expect(hashTree(folder)).toEqual(after);
    expect(hashGit(folder)).toEqual(gitBefore);
  });
});
