import { mkdir } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../setup/chromium.mjs';
import { accessibilityFaults } from './accessibility.ts';
import { sampleAside, sampleEntries, sampleEvents, sampleHeader, sampleResume } from './sample.ts';
import { openStandalonePage, type MadeUpHost } from './standalonePage.ts';
import type { ThemeName } from './themes.ts';

// Every state of the page in every theme and width. With TAPEDECK_SHOTS=FOLDER pictures are left there, to be looked at.
const folder = process.env['TAPEDECK_SHOTS'];
const events = sampleEvents();
const made: MadeUpHost = {
  events,
  header: sampleHeader(events),
  entries: sampleEntries(events),
  setAside: sampleAside(events),
  resume: sampleResume,
};
const sizes = [
  { width: 240, height: 900, place: 'view' },
  { width: 320, height: 900, place: 'view' },
  { width: 600, height: 900, place: 'view' },
  { width: 1200, height: 800, place: 'tab' },
] as const;

let browser: Browser;
beforeAll(async () => {
  if (folder !== undefined) await mkdir(folder, { recursive: true });
  browser = await launchChromium();
}, 120_000);
afterAll(async () => browser.close());

async function lookAt(page: Page, name: string, isThorough: boolean): Promise<string[]> {
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png` });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  const clipped = await page.evaluate(() =>
    [...document.querySelectorAll('.row:not(:hover, [aria-selected=true]) :is(.counts, .failure, .chip:not(.long))')]
      .filter((part) => part.getBoundingClientRect().right > part.closest('.label')!.getBoundingClientRect().right + 0.5)
      .map((part) => `cut off: ${part.textContent} in ${part.closest('.row')!.textContent}`),
  );
  const faults = isThorough ? await accessibilityFaults(page) : [];
  return [...(overflow ? ['wider than the window'] : []), ...clipped, ...faults].map((fault) => `${name}: ${fault}`);
}

describe.each(['dark', 'light', 'hcDark', 'hcLight'] satisfies ThemeName[])('in the theme %s', (theme) => {
  it('[V20] the colour of each lane and mark stands out from the background, painted as the strip paints it', async () => {
    const { page, close } = await openStandalonePage(browser, made, { theme });
    await page.getByRole('treeitem').first().waitFor();
    const ratios = await page.evaluate(() => {
      const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
      const style = getComputedStyle(document.querySelector('tapedeck-strip')!);
      const light = (name: string): number => {
        context.fillStyle = style.getPropertyValue('--vscode-sideBar-background');
        context.fillRect(0, 0, 1, 1);
        context.fillStyle = style.getPropertyValue(name);
        context.fillRect(0, 0, 1, 1);
        const [red, green, blue] = [...context.getImageData(0, 0, 1, 1).data].map((value) =>
          value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
        );
        return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
      };
      const back = light('--vscode-sideBar-background');
      const names = ['agent-1', 'agent-2', 'agent-3', 'agent-4', 'user', 'tool', 'good', 'failure', 'decision', 'dim', 'now'];
      return names.map((name) => {
        const own = light(`--td-${name}`);
        return [name, (Math.max(own, back) + 0.05) / (Math.min(own, back) + 0.05)] as const;
      });
    });
    await close();
    expect(ratios.filter(([, ratio]) => ratio < 3)).toEqual([]);
  });

  it.each(sizes)('[V20] every state at $width px is without a fault for assistive technology and fits', async (size) => {
    const { page, close, problems } = await openStandalonePage(browser, made, { ...size, theme });
    const name = (state: string): string => `${theme}-${size.width}-${state}`;
    // Colours differ by theme and layout by width: a check takes a second, so not every pair is checked.
    const isThorough = size.width === 320 || (theme === 'dark' && size.width === 1200);
    const faults: string[] = [];
    await page.getByRole('treeitem', { name: /Fix the token refresh/ }).waitFor();
    await page
      .getByRole('treeitem', { name: /5 edits in 3 files/ })
      .locator('.twisty')
      .click();
    if (size.width < 700) await page.getByRole('button', { name: 'Close details' }).click();
    await page.mouse.move(5, 5);
    faults.push(...(await lookAt(page, name('timeline'), isThorough)));
    await page.getByRole('treeitem', { name: /Token bucket over/ }).click();
    await page.getByText('Rests on').waitFor();
    await page.getByRole('treeitem', { name: /src\/config\.ts/ }).hover();
    faults.push(...(await lookAt(page, name('decision'), isThorough)));
    await page.getByRole('treeitem', { name: /5 edits in 4 files/ }).click();
    await page.locator('.code').first().waitFor();
    faults.push(...(await lookAt(page, name('detail'), isThorough)));
    await page.getByRole('treeitem', { name: /Fix the token refresh/ }).click();
    await page.keyboard.press('End');
    await page.getByRole('treeitem', { name: /Read the auth module/ }).click();
    await page.locator('.md').waitFor();
    faults.push(...(await lookAt(page, name('reply'), isThorough)));
    await page
      .getByRole('treeitem', { name: /npm test exit 1/ })
      .last()
      .click();
    await page.locator('pre.output').waitFor();
    faults.push(...(await lookAt(page, name('failure'), isThorough)));
    for (const tab of ['Decisions', 'Blockers', 'Resume']) {
      await page.getByRole('tab', { name: new RegExp(tab) }).click();
      if (tab === 'Resume') await page.locator('.prompt-text').waitFor();
      faults.push(...(await lookAt(page, name(tab.toLowerCase()), isThorough)));
    }
    await close();
    expect([...faults, ...problems]).toEqual([]);
  });
});
