import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentActs } from '../setup/agentCalls.mjs';
import { agentSetup, layAgentFiles } from '../setup/agents.mjs';
import { ensureAgent } from '../setup/agentTools.mjs';
import { ensureNode } from '../setup/nodeRuntime.mjs';
import { startScriptedModel } from '../setup/scriptedModel.mjs';
import { eventuallyInLog } from './logReading.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

const middleware = `export function limit(request, next) {
  return next(request);
}
`;

/** A small project with a test that fails until a file is there. */
function layProject(): string {
  const folder = path.join(mkdtempSync(path.join(tmpdir(), 'td-pictures-')), 'my-api');
  mkdirSync(path.join(folder, 'src', 'auth'), { recursive: true });
  writeFileSync(path.join(folder, 'src', 'auth', 'middleware.js'), middleware);
  writeFileSync(path.join(folder, 'src', 'server.js'), `import { limit } from './auth/middleware.js';\nexport { limit };\n`);
  writeFileSync(
    path.join(folder, 'check.test.mjs'),
    `import { test } from 'node:test';\nimport { existsSync } from 'node:fs';\nimport assert from 'node:assert';\ntest('the limiter is there', () => assert.ok(existsSync('src/auth/rateLimiter.js')));\n`,
  );
  writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({ name: 'my-api', type: 'module', scripts: { test: 'node --test' } }, undefined, 2),
  );
  const git = (...args: string[]): void => void execFileSync('git', args, { cwd: folder, stdio: 'ignore' });
  git('init', '-q', '-b', 'main');
  git('config', 'user.name', 'Tess Deck');
  git('config', 'user.email', 'tess@example.invalid');
  git('config', 'commit.gpgsign', 'false');
  git('add', '.');
  git('commit', '-qm', 'Begin');
  return folder;
}

const limiter = [
  'export class RateLimiter {',
  '  #tokens = 10;',
  '  allow() {',
  '    this.#tokens -= 1;',
  '    return this.#tokens >= 0;',
  '  }',
  '}',
];

/** The view as people see it: every theme, narrow and wide, with a real session in it. Its screenshots are in the README. */
describe('the view in the real workbench', () => {
  let folder: string;
  let workbench: Workbench;
  let model: Awaited<ReturnType<typeof startScriptedModel>>;
  const problems: string[] = [];

  beforeAll(async () => {
    folder = layProject();
    const acts = agentActs.codex;
    const inFolder = (name: string): string => path.join(folder, name);
    const addLimiter = [
      '*** Begin Patch',
      `*** Add File: ${inFolder('src/auth/rateLimiter.js')}`,
      ...limiter.map((line) => `+${line}`),
      '*** End Patch',
      '',
    ].join('\n');
    model = await startScriptedModel([
      ...acts.read(inFolder('src/auth/middleware.js')),
      ...acts.read(inFolder('src/server.js')),
      ...acts.shell('npm test'),
      { text: 'The test fails because there is no limiter yet. I add one.', calls: [{ name: 'apply_patch', raw: addLimiter }] },
      ...acts.edit(
        inFolder('src/auth/middleware.js'),
        '  return next(request);',
        '  return limiter.allow() ? next(request) : { status: 429 };',
      ),
      ...acts.shell(
        `sed -i '1i import { RateLimiter } from "./rateLimiter.js";\\nconst limiter = new RateLimiter();\\n' '${inFolder('src/auth/middleware.js')}' && sleep 1`,
      ),
      ...acts.shell('npm test'),
      { text: 'Requests are limited now: a token bucket of ten in src/auth/rateLimiter.js, used by the middleware. The test passes.' },
    ]);
    const setup = agentSetup('codex', { port: model.port });
    const binaries = [await ensureAgent('codex'), (await ensureNode(24)).binFolder].join(path.delimiter);
    workbench = await openWorkbench({
      folder,
      env: { ...setup.env, PATH: `${binaries}${path.delimiter}${process.env['PATH'] ?? ''}` },
      settings: { 'workbench.startupEditor': 'none', 'chat.disableAIFeatures': true, 'window.commandCenter': false },
      widthPx: 1440,
      heightPx: 900,
    });
    workbench.page.on('console', (message) => {
      if (/Content Security Policy/.test(message.text())) problems.push(message.text());
    });
    await layAgentFiles(workbench.home, setup);
    await workbench.showTapedeck();
    await workbench.openTerminal();
    await workbench.typeInTerminal('git status --short');
    await eventuallyInLog(folder, (lines) => lines.find(({ kind }) => kind === 'baseline.taken'), 'the baseline');
    await workbench.typeInTerminal(agentSetup('codex', { port: model.port }).argv("'Add rate limiting to the middleware'").join(' '));
    await eventuallyInLog(
      folder,
      (lines) => lines.find((line) => line['kind'] === 'command.ended' && String(line['command']).startsWith('codex')),
      'the end of the agent',
      120_000,
    );
    await workbench.runCommand('Tapedeck: Log Decision…');
    for (const [step, words] of [
      'Token bucket over sliding window',
      'Simpler, and enough for our scale',
      'Sliding window with a list per client',
    ].entries()) {
      await workbench.page.getByText(`Log Decision (${step + 1}/3)`).waitFor();
      await workbench.answer(words);
    }
    await workbench.typeInTerminal(`git add -A && git commit -qm 'Limit the rate of requests'`);
    await eventuallyInLog(folder, (lines) => lines.find(({ kind }) => kind === 'git.committed'), 'the commit');
    await workbench.runCommand('Notifications: Clear All Notifications');
  });

  afterAll(async () => {
    await workbench?.close();
    await model?.close();
    if (folder !== undefined) await rm(path.dirname(folder), { recursive: true, force: true, maxRetries: 10 });
  });

  it('[V26] opens a change in the diff editor from its row, and the timeline as an editor tab', async () => {
    const frame = workbench.tapedeckFrame();
    // Folded or not: how the edits fold depends on when their authors were known.
    await frame.locator('.row.kind-files:has(.counts)').first().dblclick();
    await workbench.page.locator('.monaco-diff-editor, .multiDiffEditor, .monaco-multi-diff-editor').first().waitFor({ timeout: 20_000 });
    await workbench.screenshot('row-diff');
    await workbench.runCommand('Tapedeck: Open Timeline in Editor');
    await workbench.tapedeckFrame('tab').getByText('Add rate limiting to the middleware').first().waitFor({ timeout: 20_000 });
    await workbench.page.waitForTimeout(500);
    await workbench.screenshot('tab');
    await frame.getByRole('tab', { name: /Resume/ }).click();
    await frame.getByText('Token bucket over sliding window').first().waitFor();
    await workbench.screenshot('resume-tab');
    await frame.getByRole('tab', { name: /Decisions/ }).click();
    await workbench.page.waitForTimeout(300);
    await workbench.screenshot('decisions-tab');
    await frame.getByRole('tab', { name: /Timeline/ }).click();
    await workbench.runCommand('View: Close Editor');
    expect(problems).toEqual([]);
  });

  it.each([
    ['Dark Modern', 'dark'],
    ['Light Modern', 'light'],
    ['Dark High Contrast', 'contrast'],
    ['Light High Contrast', 'contrast-light'],
  ])('[V20] %s: it fits at 260 and at 600 pixels', async (theme, name) => {
    await workbench.runCommand('Preferences: Color Theme');
    await workbench.page.waitForTimeout(700);
    await workbench.answer(theme);
    await workbench.page.waitForTimeout(1200);
    const view = workbench.page.locator('.part.sidebar');
    for (const widthPx of [260, 600]) {
      await workbench.setSideBarWidth(widthPx);
      await workbench.page.waitForTimeout(500);
      await workbench.screenshot(`view-${name}-${widthPx}`, view);
      const body = workbench.tapedeckFrame().locator('body');
      expect(await body.evaluate((element) => element.scrollWidth - element.clientWidth)).toBeLessThanOrEqual(0);
    }
    await workbench.setSideBarWidth(400);
    await workbench.page.mouse.move(900, 300);
    await workbench.page.waitForTimeout(1500);
    await workbench.screenshot(`workbench-${name}`);
  });
});
