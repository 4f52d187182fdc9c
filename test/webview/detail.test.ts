import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventId } from '../../src/model/ids.ts';
import { launchChromium } from '../setup/chromium.mjs';
import { accessibilityFaults } from './accessibility.ts';
import { sampleEntries, sampleEvents, sampleHeader, Tape } from './sample.ts';
import { openStandalonePage, type MadeUpHost, type StandalonePage } from './standalonePage.ts';

const claude = { actor: 'agent', name: 'claude', run: 'c-1', how: 'transcript' } as const;
const events = sampleEvents();
const sample: MadeUpHost = { events, header: sampleHeader(events), entries: sampleEntries(events) };

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
  open = await openStandalonePage(browser, made, { width: 1200, height: 900, place: 'tab', ...look });
  return open;
}

describe('the details', () => {
  it('[V40] show a reply as it was meant to be read', async () => {
    const { page, problems } = await show(sample);
    await page.getByRole('treeitem', { name: /Read the auth module/ }).click();
    const reply = page.locator('.md');
    await reply.locator('h4', { hasText: 'What I found' }).waitFor();
    expect(await reply.locator('strong').textContent()).toBe('not limited at all');
    expect(await reply.locator('ol > li').count()).toBe(2);
    expect(await reply.locator('table td code').allTextContents()).toEqual(['/login', '/token']);
    expect(await reply.locator('.md-code .tone-keyword').allTextContents()).toContain('const');
    expect(await page.locator('.detail-sub').textContent()).toContain('4.8k tokens in, 62k from the cache, 1.5k out');
    expect([...(await accessibilityFaults(page)), ...problems]).toEqual([]);
  });

  it('[V41] show what a command wrote in the colours of the theme’s terminal', async () => {
    const { page, problems } = await show(sample);
    await page
      .getByRole('treeitem', { name: /npm test exit 1/ })
      .first()
      .click();
    const output = page.locator('pre.output');
    await output.waitFor();
    expect(await output.textContent()).toMatch(/^ FAIL {2}test\/auth\.test\.ts\n {2}✕ a second refresh/);
    expect(await output.locator('.ansi-color', { hasText: '✕' }).getAttribute('style')).toContain('--vscode-terminal-ansiRed');
    expect([...(await accessibilityFaults(page)), ...problems]).toEqual([]);
  });

  it('[V42] show a diff in the colours of its language', async () => {
    const { page } = await show(sample);
    await page.getByRole('treeitem', { name: /5 edits in 4 files/ }).click();
    await page.locator('.code-line.plus .tone-keyword').first().waitFor();
    expect(await page.locator('.code-line.minus .tone-keyword').allTextContents()).toContain('return');
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  it('[V21] [V40] [V41] make nothing of hostile words, outputs and code but text', async () => {
    const evil = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>';
    const markdown = [
      evil,
      `# ${evil}`,
      `- ${evil}`,
      `> ${evil}`,
      `| ${evil} |`,
      '|---|',
      `| ${evil} |`,
      '[click](javascript:window.pwned=1)',
      `[command](command:workbench.action.closeWindow) ![pixel](https://evil.test/p.png)`,
      `<a href="javascript:window.pwned=1">x</a>`,
      '```html',
      evil,
      '```',
      '```"><img src=x onerror=window.pwned=1>',
      evil,
      '```',
      '\u202eright to left\u202c',
    ].join('\n');
    const tape = new Tape('2026-11-20T10:00:00.000Z');
    tape.prompt(claude, 1, `Say it\n\n${markdown}`);
    tape.add({ kind: 'reply.given', by: claude, run: 'c-1', turn: 1, text: { head: markdown, sizeBytes: markdown.length } });
    tape.edit(claude, 1, 'src/a.html', 1, 1);
    tape.command(
      claude,
      1,
      'make',
      2,
      900,
      `\u001b[38;2;1;2;3m${evil}\u001b[0m\u001b]8;;javascript:window.pwned=1\u0007link\u001b]8;;\u0007\u001b[31;url(https://evil.test)m!`,
    );
    const { page, problems } = await show({
      events: tape.events,
      header: { ...sampleHeader(tape.events), undoableRewind: undefined },
      entries: { decisions: [], blockers: [], notes: [] },
      answers: {
        detail: ({ events: ids }) => ({
          events: tape.events.filter((event) => ids.includes(eventId(event))),
          authors: {},
          diffs: [
            {
              path: 'src/a.html',
              change: 'changed',
              content: 'text',
              lines: [`+${evil}`, `-<!-- ${evil}`, `-${evil}`],
              isTruncated: false,
            },
          ],
        }),
      },
    });
    for (const [name, shown] of [
      [/^Claude Code: Say it/, '.md'],
      [/make/, 'pre.output'],
      [/a\.html/, '.code-line.minus'],
    ] as const) {
      await page.getByRole('treeitem', { name }).first().click();
      await page.locator(shown).first().waitFor();
      expect(await page.locator(`.detail ${shown}`).first().textContent()).toContain(shown === '.code-line.minus' ? '<img' : evil);
      expect(await page.locator('tapedeck-app').locator('img, script, iframe, a, object, form').count()).toBe(0);
      expect(
        await page.evaluate(`[...document.querySelectorAll('[style]')].some((element) => element.getAttribute('style').includes('url('))`),
      ).toBe(false);
    }
    expect(await page.evaluate('window.pwned')).toBeUndefined();
    expect(problems).toEqual([]);
  });
});
