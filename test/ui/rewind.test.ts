import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventuallyInLog } from './logReading.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

describe('rewinding, clicked', () => {
  let workbench: Workbench;
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'td-rewind-'));
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await workbench.screenshot('rewind-failed');
    expect(workbench.troubles()).toEqual([]);
    await workbench.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  /** A busy machine takes its time. */
  const eventually = <T>(look: () => T | Promise<T>) => expect.poll(look, { timeout: 30_000 });
  const at = (name: string): string => path.join(folder, name);
  const text = (name: string): string => readFileSync(at(name), 'latin1');
  /** Writes a file, and waits until the log knows it. */
  const write = async (name: string, content: string): Promise<void> => {
    writeFileSync(at(name), content, 'latin1');
    await eventuallyInLog(
      folder,
      (lines) =>
        lines.find(({ kind, path: file, after }) => kind.startsWith('file.') && file === name && after?.sizeBytes === content.length),
      `${name} as written`,
    );
  };
  const note = async (words: string): Promise<void> => {
    const { page, runCommand, answer, tapedeckFrame } = workbench;
    await runCommand('Tapedeck: Add Note…');
    await page.locator('.quick-input-title', { hasText: 'Add Note' }).waitFor();
    await answer(words);
    await tapedeckFrame().getByText(words).first().waitFor();
  };
  /** Opens the context menu of something and picks from it. A menu that has just opened takes no click. */
  const chooseInMenu = async (of: Locator, name: string): Promise<void> => {
    const { page } = workbench;
    await of.click({ button: 'right' });
    const item = page.getByRole('menuitem', { name });
    await item.waitFor();
    await eventually(async () => {
      if (await item.isVisible()) await item.click();
      return item.isVisible();
    }).toBe(false);
  };
  const lines = (...words: string[]): string => words.map((word) => `${word}\r\n`).join('');

  it('[R40] lets single changes of a file be chosen, shows them meanwhile, and leaves every other byte', async () => {
    writeFileSync(at('a.txt'), lines('one', 'two', 'three', 'four', 'five'));
    writeFileSync(at('b.txt'), 'b\n');
    workbench = await openWorkbench({ folder });
    const { page, runCommand, showTapedeck, screenshot, button } = workbench;
    await showTapedeck();
    await note('here it begins');
    await write('a.txt', lines('ONE', 'two', 'THREE', 'four', 'five and more'));
    await write('b.txt', 'B\n');
    const picker = page.locator('.quick-input-widget');
    const rows = picker.locator('.monaco-list-row');
    await runCommand('Tapedeck: Rewind to…');
    await rows.filter({ hasText: 'Start of the session' }).click();
    await picker.locator('.quick-input-title', { hasText: 'Rewind to' }).waitFor();
    await rows.filter({ hasText: 'a.txt' }).hover();
    await screenshot('rewind-plan');
    await rows.filter({ hasText: 'a.txt' }).getByLabel('Choose Changes in This File').click();
    await picker.locator('.quick-input-title', { hasText: 'Changes in a.txt' }).waitFor();
    await rows.filter({ hasText: 'three' }).hover();
    await page.keyboard.press('ArrowDown');
    await page.waitForTimeout(800);
    await screenshot('rewind-hunks');
    await rows
      .filter({ hasText: 'three' })
      .locator('.quick-input-list-checkbox, input[type=checkbox], .monaco-custom-toggle')
      .first()
      .click();
    await picker.getByRole('button', { name: 'OK' }).click();
    await rows.filter({ hasText: '2 of 3 changes' }).waitFor();
    await screenshot('rewind-plan-chosen');
    await picker.getByRole('button', { name: 'OK' }).click();
    await page.locator('.monaco-dialog-box').getByText('write a.txt (2 of 3 changes)').waitFor();
    await screenshot('rewind-confirm');
    await button('Rewind').click();
    await eventually(() => text('a.txt')).toBe(lines('one', 'two', 'THREE', 'four', 'five'));
    await eventually(() => text('b.txt')).toBe('b\n');
    await page.waitForTimeout(1000);
    await screenshot('rewind-done');
    await workbench.reload();
    await runCommand('Tapedeck: Undo Rewind');
    await button('Undo Rewind').click();
    await eventually(() => text('a.txt')).toBe(lines('ONE', 'two', 'THREE', 'four', 'five and more'));
  });

  it('[R41] opens undone work whose lines were changed again in the merge editor; what it leaves is saved by the user alone', async () => {
    writeFileSync(at('a.txt'), lines('one', 'two', 'three', 'four', 'five'));
    workbench = await openWorkbench({ folder });
    const { page, showTapedeck, screenshot, button, tapedeckFrame } = workbench;
    await showTapedeck();
    await note('here it begins');
    await write('a.txt', lines('one', 'made worse', 'three', 'four', 'FIVE'));
    await note('and then');
    const now = lines('one', 'made worse, and longer', 'three', 'four', 'FIVE');
    await write('a.txt', now);
    const picker = page.locator('.quick-input-widget');
    await chooseInMenu(
      tapedeckFrame().locator('[role=treeitem]', { hasText: /a\.txt[\s\S]*−2/ }),
      'Undo This Change and Keep What Came After',
    );
    await picker.locator('.quick-input-title').waitFor();
    await picker.locator('.monaco-list-row', { hasText: 'a.txt' }).click();
    await screenshot('merge-plan');
    await picker.getByRole('button', { name: 'OK' }).click();
    await button('Undo').click();
    await page.locator('.merge-editor').waitFor();
    await page.waitForTimeout(2000);
    await screenshot('merge-editor');
    // Nothing is decided yet: both sides stand on the disk, and what was there is kept.
    expect(text('a.txt')).toBe(
      lines(
        'one',
        '<<<<<<< without the undone work',
        'two',
        '=======',
        'made worse, and longer',
        '>>>>>>> as it is',
        'three',
        'four',
        'five',
      ),
    );
    await page.locator('.merge-editor').getByText('Accept Without', { exact: true }).click();
    await page.locator('.merge-editor').getByText('0 Conflicts Remaining').waitFor();
    await workbench.runCommand('Merge Editor: Complete Merge');
    await eventually(() => text('a.txt')).toBe(lines('one', 'two', 'three', 'four', 'five'));
    await page.locator('.merge-editor').waitFor({ state: 'hidden' });
    await eventuallyInLog(
      folder,
      (all) => all.find(({ kind, by, rewind }) => kind === 'file.changed' && by.actor === 'user' && rewind === undefined),
      'the decision',
    );
    // What was decided by hand came after it, so the way back asks.
    await workbench.runCommand('Tapedeck: Undo Rewind');
    await picker.locator('.monaco-list-row', { hasText: 'a.txt' }).click();
    await screenshot('merge-redo');
    await picker.getByRole('button', { name: 'OK' }).click();
    await page.locator('.monaco-dialog-box').getByRole('button', { name: 'Redo' }).click();
    await eventually(() => text('a.txt')).toBe(now);
  });

  it('[R43] [R44] [R45] brings a change back from the grey rows, tells what happened to a file, and compares two points', async () => {
    writeFileSync(at('a.txt'), lines('one', 'two', 'three', 'four', 'five'));
    workbench = await openWorkbench({ folder });
    const { page, runCommand, showTapedeck, screenshot, button, tapedeckFrame } = workbench;
    await showTapedeck();
    await note('here it begins');
    await write('a.txt', lines('ONE', 'two', 'three', 'four', 'five'));
    await note('and then');
    await write('a.txt', lines('ONE', 'two', 'three', 'four', 'five', 'six'));
    const picker = page.locator('.quick-input-widget');
    const rows = picker.locator('.monaco-list-row');
    await chooseInMenu(tapedeckFrame().locator('[role=treeitem]', { hasText: 'here it begins' }), 'Rewind to Here');
    await button('Rewind').click();
    await eventually(() => text('a.txt')).toBe(lines('one', 'two', 'three', 'four', 'five'));
    await write('a.txt', lines('one', 'two', 'three', 'FOUR', 'five'));
    const grey = tapedeckFrame().locator('[role=treeitem].aside', { hasText: /a\.txt[\s\S]*−1/ });
    await grey.waitFor();
    await grey.click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Return to This Future' }).waitFor();
    await screenshot('aside-menu');
    await page.keyboard.press('Escape');
    await chooseInMenu(grey, 'Bring This Change Back');
    await button('Bring Back').click();
    await eventually(() => text('a.txt')).toBe(lines('ONE', 'two', 'three', 'FOUR', 'five'));
    await page.waitForTimeout(1000);
    await screenshot('aside-brought-back');

    await workbench.openFile('a.txt');
    await runCommand('Tapedeck: What Happened to This File');
    await picker.locator('.quick-input-title', { hasText: 'What happened to a.txt' }).waitFor();
    expect(await rows.count()).toBe(5);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page
      .getByRole('tab', { name: /a\.txt \(/ })
      .first()
      .waitFor();
    await page.waitForTimeout(1000);
    await screenshot('file-history');
    await page.keyboard.press('Enter');
    await rows.filter({ hasText: 'Compare with Now' }).waitFor();
    await screenshot('file-history-next');
    await page.keyboard.press('Escape');

    await runCommand('Tapedeck: Compare Two Points…');
    await rows.filter({ hasText: 'Start of the session' }).first().click();
    await picker.locator('.quick-input-title', { hasText: 'with…' }).waitFor();
    await screenshot('compare-points');
    await rows.filter({ hasText: 'a.txt' }).first().click();
    await page.getByRole('tab', { name: /^Files at .* ↔ / }).waitFor();
    await page.waitForTimeout(1000);
    await screenshot('compare');
  });

  it('[R42] rewinds a folder from the Explorer’s menu', async () => {
    mkdirSync(at('src'));
    writeFileSync(at('src/a.txt'), 'one\n');
    workbench = await openWorkbench({ folder });
    const { page, showTapedeck, screenshot, button } = workbench;
    await showTapedeck();
    await note('here it begins');
    await write('src/a.txt', 'two\n');
    await write('b.txt', 'b\n');
    await page
      .getByRole('tab', { name: /^Explorer/ })
      .first()
      .click();
    const folderRow = page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'src' });
    // The rows move once when the folders are read.
    await page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'b.txt' }).waitFor();
    await page.waitForTimeout(1000);
    await folderRow.click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Rewind Folder to…' }).waitFor();
    await screenshot('explorer-folder-menu');
    await page.keyboard.press('Escape');
    await chooseInMenu(folderRow, 'Rewind Folder to…');
    const picker = page.locator('.quick-input-widget');
    await picker.locator('.quick-input-title', { hasText: 'Rewind src to…' }).waitFor();
    await picker.locator('.monaco-list-row', { hasText: 'Start of the session' }).click();
    await button('Rewind').click();
    await eventually(() => text('src/a.txt')).toBe('one\n');
    expect(text('b.txt')).toBe('b\n');
  });
});
