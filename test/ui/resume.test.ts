// Decisions, reports and the resume prompt as a user meets them, in a real workbench. The agent is a stand-in that keeps what
// it was handed: what is tried here is the way of the prompt through a real terminal and its shell.
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventuallyInLog } from './logReading.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

describe('taking up the work', () => {
  let scratch: string;
  let folder: string;
  let workbench: Workbench;

  beforeAll(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'td-ui-resume-'));
    folder = path.join(scratch, "it's a shop");
    const binaries = path.join(scratch, 'bin');
    await mkdir(path.join(folder, 'src'), { recursive: true });
    await mkdir(binaries);
    await writeFile(path.join(folder, 'src', 'limit.ts'), 'export const perMinute = 60;\n');
    const handed = path.join(scratch, 'handed.md');
    await writeFile(path.join(binaries, 'codex'), `#!/bin/sh\nprintf '%s' "$1" > '${handed}'\n`);
    await chmod(path.join(binaries, 'codex'), 0o755);
    workbench = await openWorkbench({
      folder,
      env: { PATH: `${binaries}${path.delimiter}${process.env['PATH'] ?? ''}` },
      settings: { 'workbench.startupEditor': 'none', 'chat.disableAIFeatures': true, 'window.commandCenter': false },
      widthPx: 1440,
      heightPx: 900,
    });
    await workbench.showTapedeck();
  });

  afterAll(async () => {
    await workbench?.close();
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true, maxRetries: 10 });
  });

  const say = async (title: string, ...answers: string[]): Promise<void> => {
    for (const [step, words] of answers.entries()) {
      await workbench.page
        .getByText(answers.length > 1 ? `${title} (${step + 1}/` : title)
        .first()
        .waitFor();
      await workbench.answer(words);
    }
  };

  it('[D41] judges a decision from the list and from its card, with the files that it is about marked', async () => {
    await workbench.openFile('src/limit.ts');
    await workbench.page.keyboard.press('Control+End');
    await workbench.page.keyboard.type('export const burst = 5;\n');
    await workbench.page.keyboard.press('Control+S');
    await eventuallyInLog(folder, (lines) => lines.find(({ kind }) => kind === 'file.changed'), 'the change');
    await workbench.runCommand('Tapedeck: Log Decision…');
    await say('Log Decision', 'Token bucket over sliding window', 'Simpler, and enough for our scale', 'Sliding window');
    await eventuallyInLog(folder, (lines) => lines.find(({ kind }) => kind === 'decision.confirmed'), 'the decision');
    const frame = workbench.tapedeckFrame();
    await frame.getByRole('tab', { name: /Decisions/ }).click();
    await frame.locator('vscode-button', { hasText: 'Edit…' }).click();
    await say('Edit Decision', 'Token bucket, sixty a minute', 'Measured', 'Sliding window');
    const tick = workbench.page.locator('.quick-input-widget');
    await tick.getByText('src/limit.ts').first().waitFor();
    await workbench.screenshot('decision-files');
    await tick.getByText('src/limit.ts').first().click();
    await workbench.page.keyboard.press('Enter');
    await frame.getByText('Token bucket, sixty a minute').first().waitFor();
    await workbench.page.locator('.codelens-decoration', { hasText: 'Token bucket, sixty a minute' }).waitFor({ timeout: 20_000 });
    await workbench.screenshot('decision-card');
    await workbench.runCommand('Tapedeck: Decisions…');
    await workbench.page.locator('.quick-input-widget').getByText('Token bucket, sixty a minute').first().waitFor();
    await workbench.screenshot('decision-list');
    await workbench.page.keyboard.press('Escape');
  });

  it('[D46] ticks sections off and hands the prompt to an agent in a terminal, whole, whatever the folder is called', async () => {
    const frame = workbench.tapedeckFrame();
    await frame.getByRole('tab', { name: /Resume/ }).click();
    await frame.getByRole('heading', { name: 'Decisions' }).waitFor();
    await workbench.screenshot('resume-tab');
    await frame.getByText('Sections', { exact: true }).click();
    await frame.getByRole('checkbox', { name: 'Files that matter' }).uncheck();
    await frame.getByRole('heading', { name: 'Files that matter' }).waitFor({ state: 'detached' });
    await workbench.screenshot('resume-ticks');
    await frame
      .getByRole('button', { name: /^Show in Timeline/ })
      .first()
      .click();
    await expect.poll(() => frame.getByRole('tab', { name: /Timeline/ }).getAttribute('aria-selected')).toBe('true');
    await workbench.runCommand('Tapedeck: Open Agent with Resume Prompt…');
    await workbench.answer('Codex');
    const handed = path.join(scratch, 'handed.md');
    await expect.poll(() => readFile(handed, 'utf8').catch(() => ''), { timeout: 30_000 }).toContain('Token bucket, sixty a minute');
    const text = await readFile(handed, 'utf8');
    expect(text).toMatch(/^Take up the work that is described here\.\n\n# Take up this work/);
    expect(text).not.toContain('Files that matter\n');
    await workbench.screenshot('agent-opened');
  });

  it('[D49] updates, shows the report, ends with a summary, and says what changed since', async () => {
    await workbench.runCommand('Tapedeck: Update Session…');
    await say('Update Session', 'Limits are in');
    await workbench.page.locator('.notification-list-item', { hasText: 'Session updated:' }).first().waitFor();
    await workbench.runCommand('Tapedeck: Open Session Report');
    const reports = path.join(folder, '.tapedeck', 'reports');
    await expect.poll(async () => readdir(path.join(reports, 'sessions')).catch(() => [])).toHaveLength(1);
    await workbench.page.waitForTimeout(2500);
    await workbench.screenshot('session-report');
    expect(await readFile(path.join(reports, 'SESSION_INDEX.md'), 'utf8')).toMatch(/\| 1 \|/);
    await workbench.runCommand('Tapedeck: End Session');
    await workbench.page.locator('.notification-list-item', { hasText: 'has ended: ' }).first().waitFor();
    await workbench.screenshot('session-ended');
    await writeFile(path.join(folder, 'src', 'limit.ts'), 'export const perMinute = 10;\n');
    await eventuallyInLog(folder, (lines) => lines.find(({ kind }) => kind === 'session.ended'), 'the end');
    await workbench.page.waitForTimeout(3000);
    await workbench.runCommand('Tapedeck: What Changed Since…');
    await workbench.page.waitForTimeout(1500);
    const sessions = workbench.page.locator('.quick-input-widget .monaco-list-row');
    if ((await sessions.count()) > 0) await sessions.last().click();
    const preview = workbench.page.frameLocator('iframe.webview.ready >> nth=-1').frameLocator('iframe#active-frame');
    await preview.getByText(/1 file of 1 that this names is no longer what it was/).waitFor({ timeout: 30_000 });
    await workbench.screenshot('what-changed');
    expect(workbench.troubles()).toEqual([]);
  });
});
