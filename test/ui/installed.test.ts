import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkbench, type Workbench } from './workbench.ts';

describe('the packed extension, installed', () => {
  let workbench: Workbench;

  beforeAll(async () => {
    workbench = await openWorkbench();
  });

  afterAll(async () => {
    await workbench.close();
  });

  it('opens its view from the activity bar', async () => {
    await workbench.showTapedeck();
    const body = workbench.tapedeckFrame().locator('body');
    await body.waitFor();
    expect((await body.innerText()).trim()).not.toBe('');
    await workbench.screenshot('installed');
  });

  it('shows its state in the status bar', async () => {
    const item = workbench.statusBarItem();
    await item.waitFor();
    expect(await item.innerText()).not.toBe('');
  });
});
