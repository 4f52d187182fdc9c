import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { eventuallyInLog, readLog } from './logReading.ts';
import { openWorkbench, type Workbench, type WorkbenchOptions } from './workbench.ts';

describe('where recording can’t be as usual', () => {
  let workbench: Workbench | undefined;
  let folder: string | undefined;

  afterEach(async () => {
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

  it('[V2] without a folder it says so and offers to open one', async () => {
    const { tapedeckFrame, screenshot } = await open();
    await tapedeckFrame()
      .getByText(/open a folder/i)
      .first()
      .waitFor();
    await screenshot('state-no-folder');
  });

  it('[V2] in an untrusted folder it records nothing, says so, and begins when trust is given', async () => {
    const { tapedeckFrame, screenshot, page } = await open({ folder: newFolder(), workspaceTrust: true });
    // VS Code asks at the start: the user turns away.
    const dialog = page.locator('.monaco-dialog-box');
    if (await dialog.isVisible()) await dialog.getByRole('button', { name: /don't trust/i }).click();
    await tapedeckFrame()
      .getByText(/restricted mode|trust/i)
      .first()
      .waitFor();
    writeFileSync(path.join(folder!, 'a.txt'), 'two\n');
    await page.waitForTimeout(3000);
    expect(existsSync(path.join(folder!, '.tapedeck'))).toBe(false);
    await screenshot('state-untrusted');
  });

  it('[C5] where the log’s folder can’t be made, it records into the editor’s own storage and says so', async () => {
    newFolder();
    writeFileSync(path.join(folder!, '.tapedeck'), 'a file in the way\n');
    const { screenshot, statusBarItem, runCommand, answer, page, tapedeckFrame } = await open();
    await statusBarItem().waitFor();
    await runCommand('Tapedeck: Add Note…');
    await answer('kept all the same');
    await tapedeckFrame().getByText('kept all the same').first().waitFor({ timeout: 20_000 });
    await page.waitForTimeout(500);
    await screenshot('state-fallback');
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
