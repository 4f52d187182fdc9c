import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openWorkbench, type Workbench } from './workbench.ts';

describe('searching the log', () => {
  let workbench: Workbench | undefined;
  let folder: string | undefined;

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await workbench?.screenshot('search-failed');
    expect(workbench?.troubles() ?? []).toEqual([]);
    await workbench?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    workbench = undefined;
  });

  for (const theme of ['dark', 'light'] as const)
    it(`[L25] finds while the user types, marks what was found, and shows the one that was picked, in a ${theme} theme`, async () => {
      folder = mkdtempSync(path.join(tmpdir(), 'td-search-'));
      workbench = await openWorkbench({ folder, theme });
      const { page, runCommand, answer, showTapedeck, tapedeckFrame, screenshot } = workbench;
      await showTapedeck();
      const note = async (text: string): Promise<void> => {
        await runCommand('Tapedeck: Add Note…');
        await page.locator('.quick-input-title', { hasText: 'Add Note' }).waitFor();
        await answer(text);
        await tapedeckFrame().getByText(text).first().waitFor();
      };
      await note('Retry with a longer pause between attempts');
      await runCommand('Tapedeck: End Session');
      await note('The pause is too short: $(trash) <b>retries</b> pile up');
      await note('Nothing of interest');
      const picker = page.locator('.quick-input-widget');
      const rows = picker.locator('.monaco-list-row');
      await runCommand('Tapedeck: Search the Log…');
      await picker.locator('input').first().fill('PAUSE');
      await rows.first().waitFor();
      expect(await rows.count()).toBe(1);
      expect(await rows.first().innerText()).toContain('The pause is too short: $(trash) <b>retries</b> pile up');
      await picker.getByLabel('All Sessions').click();
      await expect.poll(() => rows.count()).toBe(2);
      // What matches is marked, and the newest stands first.
      expect(await rows.first().locator('.highlight').first().innerText()).toBe('pause');
      expect(await rows.nth(1).innerText()).toContain('longer pause');
      await screenshot(`search-${theme}`);
      await picker.getByLabel('Match Case').click();
      // Nothing is said to be found, with what may help, which Enter does.
      await rows.getByText('Nothing found').waitFor();
      await page.keyboard.press('Enter');
      await expect.poll(() => rows.count()).toBe(2);
      await picker.locator('input').first().fill('longer');
      await picker.getByLabel('This Session').click();
      await rows.getByText('Nothing found in this session').waitFor();
      await page.keyboard.press('Enter');
      await rows.filter({ hasText: 'longer pause' }).waitFor();
      await picker.locator('input').first().fill('PAUSE');
      await expect.poll(() => rows.count()).toBe(2);
      await rows.nth(1).click();
      // The earlier session is shown, with its row chosen.
      await tapedeckFrame().locator('[aria-selected="true"]', { hasText: 'longer pause' }).waitFor();
      expect(await tapedeckFrame().getByText('Nothing of interest').count()).toBe(0);
      await screenshot(`search-shown-${theme}`);
    });
});
