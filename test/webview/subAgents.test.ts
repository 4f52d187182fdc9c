import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventId } from '../../src/model/ids.ts';
import { launchChromium } from '../setup/chromium.mjs';
import { accessibilityFaults } from './accessibility.ts';
import { sampleHeader, Tape } from './sample.ts';
import { openStandalonePage } from './standalonePage.ts';

const main = { actor: 'agent', name: 'claude', run: 'c-1', how: 'transcript' } as const;
const sub = { ...main, run: 'c-1/agent-a' } as const;

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
}, 120_000);
afterAll(async () => browser.close());

describe('sub-agents in the page', () => {
  it('[V51] [V20] [V22] stand indented in the turn that began them, fold away, and are led through by keys', async () => {
    const tape = new Tape('2026-11-20T10:00:00.000Z');
    tape.prompt(main, 1, 'Mend the limiter');
    tape.command(main, 1, 'npm test', 1, 900);
    tape.add({ kind: 'run.started', by: sub, run: sub.run, agent: 'claude', parent: main.run });
    tape.prompt(sub, 1, 'Find who calls it');
    tape.read(sub, 1, 'src/a.ts', 'src/b.ts');
    tape.edit(sub, 1, 'src/notes.md', 3, 0);
    tape.edit(main, 1, 'src/limiter.ts', 4, 1);
    const open = await openStandalonePage(
      browser,
      {
        events: tape.events,
        header: { ...sampleHeader(tape.events), undoableRewind: undefined },
        entries: { decisions: [], blockers: [], notes: [] },
      },
      { width: 320 },
    );
    try {
      const { page, problems } = open;
      const heading = page.getByRole('treeitem', { name: /Find who calls it/ });
      await heading.waitFor();
      const left = async (name: RegExp): Promise<number> =>
        (await page.getByRole('treeitem', { name }).locator('.twisty').boundingBox())!.x;
      expect(await left(/Find who calls it/)).toBeGreaterThan(await left(/Mend the limiter/));
      expect(await left(/notes\.md/)).toBeGreaterThan(await left(/limiter\.ts/));
      expect(await heading.getAttribute('aria-level')).toBe('2');
      expect(await accessibilityFaults(page)).toEqual([]);
      if (process.env['TAPEDECK_PICTURE'] !== undefined) await page.screenshot({ path: process.env['TAPEDECK_PICTURE'] });
      await heading.focus();
      await page.keyboard.press('ArrowLeft');
      await expect.poll(() => page.getByRole('treeitem', { name: /notes\.md/ }).count()).toBe(0);
      await page.keyboard.press('ArrowRight');
      await expect.poll(() => page.getByRole('treeitem', { name: /notes\.md/ }).count()).toBe(1);
      await page.getByRole('treeitem', { name: /notes\.md/ }).focus();
      await page.keyboard.press('ArrowLeft');
      await expect.poll(() => page.evaluate('document.activeElement.textContent')).toContain('Find who calls it');
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.press('ArrowLeft');
      await expect.poll(() => page.evaluate('document.activeElement.textContent')).toContain('Mend the limiter');
      await page.keyboard.press('ArrowLeft');
      await expect.poll(() => page.getByRole('treeitem').count()).toBe(1);
      // What is folded away twice is shown when it is asked for.
      open.host.notify('show', {
        event: eventId(tape.events.find((event) => event.kind === 'file.changed' && event.path === 'src/notes.md')!),
      });
      await expect.poll(() => page.getByRole('treeitem', { name: /notes\.md/ }).count()).toBe(1);
      expect(problems).toEqual([]);
    } finally {
      await open.close();
    }
  });
});
