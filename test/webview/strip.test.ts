import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventId } from '../../src/model/ids.ts';
import { launchChromium } from '../setup/chromium.mjs';
import { manyEvents, sampleEntries, sampleEvents, sampleHeader } from './sample.ts';
import { openStandalonePage, type MadeUpHost, type StandalonePage } from './standalonePage.ts';

const events = sampleEvents();
const sample: MadeUpHost = { events, header: sampleHeader(events), entries: sampleEntries(events) };
const long = manyEvents(6000);
const longSession: MadeUpHost = {
  events: long,
  header: { ...sampleHeader(long), undoableRewind: undefined },
  entries: { decisions: [], blockers: [], notes: [] },
};

let browser: Browser;
let open: StandalonePage | undefined;
beforeAll(async () => {
  browser = await launchChromium();
}, 120_000);
afterAll(async () => browser.close());
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function show(made: MadeUpHost, look: Parameters<typeof openStandalonePage>[2] = {}): Promise<StandalonePage> {
  open = await openStandalonePage(browser, made, { height: 900, ...look });
  await open.page.getByRole('treeitem').first().waitFor();
  await open.page.getByRole('slider', { name: 'Activity over time' }).waitFor();
  return open;
}

describe('the strip', () => {
  it('[V44] [V45] leads to a point far back, from there to its neighbours, and back to the newest', async () => {
    const { page, host } = await show(longSession, { width: 420 });
    const strip = page.getByRole('slider', { name: 'Activity over time' });
    const box = (await strip.boundingBox())!;
    await page.mouse.click(box.x + box.width * 0.1, box.y + 8);
    const turns = Math.floor(long.filter(({ kind }) => kind === 'prompt.submitted').length / 10);
    const near = new RegExp(`Step (${turns - 2}|${turns - 1}|${turns}|${turns + 1}|${turns + 2}):`);
    await expect.poll(() => page.getByRole('treeitem', { name: near }).count(), { timeout: 15_000 }).toBeGreaterThan(0);
    host.notify('events', {
      session: longSession.header.session!,
      page: { events: [{ ...long.at(-1)!, n: 999_999, at: '2026-12-01T00:00:00.000Z' }], authors: {} },
    });
    await page.getByRole('button', { name: '1 new' }).click();
    await expect
      .poll(() => page.getByRole('treeitem', { name: /Step / }).first().textContent(), { timeout: 15_000 })
      .toContain(`Step ${long.filter(({ kind }) => kind === 'prompt.submitted').length}:`);
    await expect.poll(() => page.locator('.pill').count()).toBe(0);
  });

  it('[V50] [V44] goes to the time that is typed into the filter box, and filters nothing by it', async () => {
    const { page, problems } = await show(longSession, { width: 420 });
    const box = page.getByRole('textbox', { name: 'Filter the timeline' });
    const rows = await page.getByRole('treeitem').count();
    const far = long[600]!.at;
    await box.fill(`${far.slice(0, 10)} ${far.slice(11, 19)}`);
    await expect.poll(() => page.getByRole('button', { name: /^Go to / }).count()).toBe(1);
    expect(await page.getByRole('treeitem').count()).toBeGreaterThanOrEqual(rows - 1);
    await box.press('Enter');
    const turn = long.slice(0, 601).filter(({ kind }) => kind === 'prompt.submitted').length;
    await expect
      .poll(() => page.getByRole('treeitem', { name: new RegExp(`Step (${turn - 1}|${turn}|${turn + 1}):`) }).count(), { timeout: 15_000 })
      .toBeGreaterThan(0);
    await expect.poll(() => box.inputValue()).toBe('');
    await expect.poll(() => page.getByRole('button', { name: /^Go to / }).count()).toBe(0);
    await box.fill('"14:00"');
    await expect.poll(() => page.getByText('Nothing matches the filter', { exact: false }).count()).toBe(1);
    expect(await page.getByRole('button', { name: /^Go to / }).count()).toBe(0);
    expect(problems).toEqual([]);
  });

  it('[V50] goes to the time that the editor asks for', async () => {
    const { page, host } = await show(longSession, { width: 420 });
    host.notify('show', { tab: 'timeline', ms: Date.parse(long[1200]!.at) });
    const turn = long.slice(0, 1201).filter(({ kind }) => kind === 'prompt.submitted').length;
    await expect
      .poll(() => page.getByRole('treeitem', { name: new RegExp(`Step (${turn - 1}|${turn}|${turn + 1}):`) }).count(), { timeout: 15_000 })
      .toBeGreaterThan(0);
  });

  it('[V45] [V22] is led by keys, mark by mark with Shift, and says where it stands', async () => {
    const { page } = await show(sample, { width: 1200, place: 'tab' });
    const strip = page.getByRole('slider', { name: 'Activity over time' });
    await strip.focus();
    await page.keyboard.press('Home');
    await expect.poll(() => strip.getAttribute('aria-valuenow')).toBe('0');
    await page.keyboard.press('Shift+ArrowRight');
    await expect.poll(() => strip.getAttribute('aria-valuetext')).toMatch(/^14:31, 1 failure/);
    await page.keyboard.press('Shift+ArrowRight');
    await expect.poll(() => strip.getAttribute('aria-valuetext')).toMatch(/rewind/);
    await page.keyboard.press('End');
    await expect.poll(() => strip.getAttribute('aria-valuenow')).toBe('100');
  });

  it('[V45] opens all files as they were at the time it stands at', async () => {
    const { page, asked } = await show(sample, { width: 1200, place: 'tab' });
    const strip = page.getByRole('slider', { name: 'Activity over time' });
    await strip.focus();
    for (const key of ['Home', 'Shift+ArrowRight']) await page.keyboard.press(key);
    await page.getByRole('button', { name: /Files at 14:31/ }).click();
    const failed = events.find(({ kind, at }) => kind === 'command.ended' && at > '2026-11-20T14:30')!;
    await expect.poll(() => asked).toEqual([['openFilesAt', { event: eventId(failed) }]]);
  });

  it('[V45] tells under the pointer what happened there', async () => {
    const { page } = await show(sample, { width: 1200, place: 'tab' });
    const box = (await page.getByRole('slider', { name: 'Activity over time' }).boundingBox())!;
    const [from, to, commit] = [events[0]!, events.at(-1)!, events.find(({ kind }) => kind === 'git.committed')!].map(({ at }) =>
      Date.parse(at),
    );
    await page.mouse.move(box.x + (box.width * (commit! - from!)) / (to! - from!), box.y + 8);
    await expect.poll(() => page.locator('.strip-hover').textContent()).toMatch(/14:46 · .*1 commit/);
    await page.mouse.move(5, 800);
    await expect.poll(() => page.locator('.strip-hover').count()).toBe(0);
  });

  it('[V43] [V27] runs newest first or oldest first throughout, as chosen, and keeps the choice', async () => {
    const { page } = await show(sample);
    const times = async (): Promise<readonly string[]> =>
      (
        await page
          .locator('.row.level-2')
          .evaluateAll((all) => all.map((row) => [row.getBoundingClientRect().top, row.querySelector('time')?.dateTime ?? ''] as const))
      )
        .toSorted(([a], [b]) => a - b)
        .map(([, at]) => at);
    const first = await times();
    expect(first.length).toBeGreaterThan(8);
    expect(first).toEqual(first.toSorted().toReversed());
    await page.getByRole('button', { name: 'Oldest first' }).click();
    await expect.poll(async () => (await times()).join()).not.toBe(first.join());
    const turned = await times();
    expect(turned.length).toBeGreaterThan(8);
    expect(turned).toEqual(turned.toSorted());
    await page.waitForTimeout(700);
    const state: unknown = await page.evaluate('window.savedState');
    await open?.close();
    const again = await show(sample, { state });
    expect(await again.page.getByRole('button', { name: 'Oldest first' }).getAttribute('aria-pressed')).toBe('true');
  });
});
