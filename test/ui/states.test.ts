import { appendFileSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { eventuallyInLog, readLog } from './logReading.ts';
import { openWorkbench, type Workbench, type WorkbenchOptions } from './workbench.ts';

describe('where recording can’t be as usual', () => {
  let workbench: Workbench | undefined;
  let folder: string | undefined;

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await workbench?.screenshot('state-failed');
    // None of these states is an error of the editor's.
    expect(workbench?.troubles() ?? []).toEqual([]);
    await workbench?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    workbench = undefined;
    folder = undefined;
  });

  const open = async (options: WorkbenchOptions = {}): Promise<Workbench> => {
    workbench = await openWorkbench({ folder: folder ?? null, ...options });
    await workbench.showTapedeck();
    return workbench;
  };
  const newFolder = (): string => {
    folder = mkdtempSync(path.join(tmpdir(), 'td-state-'));
    writeFileSync(path.join(folder, 'a.txt'), 'one\n');
    return folder;
  };

  it('[V28] without a folder it says so and offers to open one', async () => {
    const { tapedeckFrame, screenshot, notifications } = await open();
    await tapedeckFrame().getByText('No folder is open').waitFor();
    await tapedeckFrame().getByRole('button', { name: 'Open Folder' }).waitFor();
    await screenshot('state-no-folder');
    expect(await notifications()).toEqual([]);
  });

  it('[V28] in an untrusted folder it records nothing, says so, and begins when trust is given', async () => {
    const { tapedeckFrame, screenshot, page, statusBarItem, notifications } = await open({ folder: newFolder(), workspaceTrust: true });
    await tapedeckFrame().getByText('Restricted mode').waitFor();
    writeFileSync(path.join(folder!, 'a.txt'), 'two\n');
    await page.waitForTimeout(2500);
    expect(existsSync(path.join(folder!, '.tapedeck'))).toBe(false);
    await screenshot('state-untrusted');
    await statusBarItem().click();
    await page.locator('.quick-input-widget').getByText('Manage Workspace Trust').click();
    await page
      .locator('.workspace-trust-editor')
      .getByRole('button', { name: /^Trust/ })
      .first()
      .click();
    await tapedeckFrame().getByText('Restricted mode').waitFor({ state: 'hidden' });
    writeFileSync(path.join(folder!, 'a.txt'), 'three\n');
    await eventuallyInLog(folder!, (lines) => lines.find(({ kind }) => kind === 'file.changed'), 'the change');
    expect(await notifications()).toEqual([]);
  });

  it('[S9] where the log’s folder can’t be made, it records into the editor’s own storage and says so', async () => {
    writeFileSync(path.join(newFolder(), '.tapedeck'), 'a file in the way\n');
    const { screenshot, statusBarItem, runCommand, answer, tapedeckFrame } = await open();
    await statusBarItem().waitFor();
    await runCommand('Tapedeck: Add Note…');
    await answer('kept all the same');
    await tapedeckFrame().getByText('kept all the same').first().waitFor({ timeout: 20_000 });
    await tapedeckFrame()
      .getByText(/“\.tapedeck” can’t be written, so the log is kept in the editor’s own storage/)
      .waitFor();
    await screenshot('state-fallback');
    expect(await statusBarItem().getAttribute('aria-label')).toMatch(/can’t be written.*tapedeck\.directory/);
  });

  it('[L4] a log that can’t be written is shown at once, with what helps, and goes on when it can be', async () => {
    newFolder();
    const { page, screenshot, tapedeckFrame, statusBarItem, runCommand, answer } = await open();
    await runCommand('Tapedeck: Add Note…');
    await answer('before');
    await eventuallyInLog(folder!, (lines) => lines.find(({ kind }) => kind === 'baseline.taken'), 'the baseline');
    const [session] = readdirSync(path.join(folder!, '.tapedeck', 'sessions'));
    const events = path.join(folder!, '.tapedeck', 'sessions', session!, 'events');
    renameSync(events, `${events}-aside`);
    writeFileSync(events, 'in the way\n');
    const warning = tapedeckFrame().getByText(/Look at “\.tapedeck”/);
    // Where the file lies is looked at now and then, so one change may still find its way into the one that was moved.
    for (let change = 2; change < 20 && !(await warning.isVisible()); change++) {
      writeFileSync(path.join(folder!, 'a.txt'), `${change}\n`);
      await page.waitForTimeout(1500);
    }
    await warning.waitFor();
    expect(await statusBarItem().innerText()).toMatch(/trouble/);
    await screenshot('state-trouble');
    rmSync(events);
    renameSync(`${events}-aside`, events);
    await eventuallyInLog(
      folder!,
      (lines) => lines.find(({ kind, path: file }) => kind === 'file.changed' && file === 'a.txt'),
      'the change',
    );
    await eventuallyInLog(folder!, (lines) => lines.find(({ kind }) => kind === 'capture.gap'), 'the gap');
    await warning.waitFor({ state: 'hidden' });
  });

  it.each(['dark', 'light', 'highContrast'] as const)(
    '[V28] [L34] damage in the log is shown at once with its place, and verifying it opens a report (%s)',
    async (theme) => {
      newFolder();
      const { page, screenshot, tapedeckFrame, runCommand, answer, button, setSideBarWidth } = await open({ theme });
      await runCommand('Tapedeck: Add Note…');
      await answer('before');
      await eventuallyInLog(folder!, (lines) => lines.find(({ kind }) => kind === 'baseline.taken'), 'the baseline');
      const session = path.join(folder!, '.tapedeck', 'sessions', readdirSync(path.join(folder!, '.tapedeck', 'sessions'))[0]!);
      const events = path.join(session, 'events');
      // As another program that thinks the file its own.
      appendFileSync(path.join(events, readdirSync(events)[0]!), '\0\0\0\0a line of something else\n');
      const words = tapedeckFrame().getByText(/damaged places? in the log/);
      await words.waitFor({ timeout: 20_000 });
      await words.click();
      await tapedeckFrame()
        .getByText(/\.jsonl, bytes \d+ to \d+: zeros where nothing was written/)
        .waitFor();
      await setSideBarWidth(420);
      await screenshot(`damage-${theme}`);
      await setSideBarWidth(200);
      await screenshot(`damage-${theme}-narrow`);
      await tapedeckFrame().getByRole('button', { name: 'Verify Log' }).click();
      await page
        .locator('.notifications-toasts')
        .getByText(/The log has damage in 2 places; no event is known to be lost/)
        .waitFor({ timeout: 20_000 });
      await screenshot(`damage-${theme}-told`);
      await button('Show Report').click();
      await page.locator('.editor-instance').getByText('What to do').waitFor();
      await screenshot(`damage-${theme}-report`);
    },
  );

  it('[S4] two windows on one folder record it once, and a pause in one is a pause in both', async () => {
    newFolder();
    const { page, runCommand, answer, screenshot, statusBarItem } = await open();
    await runCommand('Tapedeck: Add Note…');
    await answer('in the first window');
    await eventuallyInLog(folder!, (lines) => lines.find(({ kind }) => kind === 'baseline.taken'), 'the baseline');
    const second = await page.context().newPage();
    await second.goto(page.url());
    const secondItem = second.locator('.statusbar-item[id*="tapedeck"]').first();
    await secondItem.waitFor({ timeout: 60_000 });
    await eventuallyInLog(folder!, (lines) => lines.find(({ kind }) => kind === 'session.resumed'), 'the second window');
    writeFileSync(path.join(folder!, 'a.txt'), 'seen by both\n');
    await eventuallyInLog(folder!, (lines) => lines.find(({ kind }) => kind === 'file.changed'), 'the change');
    await runCommand('Tapedeck: Pause Recording');
    await secondItem.getByText('Tapedeck: paused').waitFor();
    await second.close();
    await page.bringToFront();
    expect(await statusBarItem().innerText()).toMatch(/paused/);
    await screenshot('state-paused');
    expect(readLog(folder!).filter(({ kind }) => kind === 'file.changed')).toHaveLength(1);
  });

  it('[S1] a session goes on after the window was loaded again, and keeps what happened meanwhile', async () => {
    newFolder();
    const { reload, runCommand, answer } = await open();
    await runCommand('Tapedeck: Add Note…');
    await answer('before the reload');
    await eventuallyInLog(folder!, (lines) => lines.find(({ kind }) => kind === 'baseline.taken'), 'the baseline');
    await reload();
    writeFileSync(path.join(folder!, 'a.txt'), 'changed after the reload\n');
    await eventuallyInLog(
      folder!,
      (lines) => lines.find(({ kind, path: file }) => kind === 'file.changed' && file === 'a.txt'),
      'the change',
    );
    const lines = readLog(folder!);
    expect(lines.filter(({ kind }) => kind === 'session.started')).toHaveLength(1);
    expect(lines.some(({ kind }) => kind === 'session.resumed')).toBe(true);
  });
});
