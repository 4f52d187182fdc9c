import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isFileEvent } from '../../src/model/event.ts';
import type { TapedeckEvent } from '../../src/model/event.ts';
import { eventId } from '../../src/model/ids.ts';
import type { Header } from '../../src/protocol/messages.ts';
import { launchChromium } from '../setup/chromium.mjs';
import { accessibilityFaults } from './accessibility.ts';
import { manyEvents, sampleEntries, sampleEvents, sampleHeader, session, Tape } from './sample.ts';
import { openStandalonePage, type MadeUpHost, type StandalonePage } from './standalonePage.ts';

const claude = { actor: 'agent', name: 'claude', run: 'c-1', how: 'transcript' } as const;
const noEntries = { decisions: [], blockers: [], notes: [] };
const events = sampleEvents();
const sample: MadeUpHost = { events, header: sampleHeader(events), entries: sampleEntries(events) };
const headerOf = (own: readonly TapedeckEvent[]): Header => ({ ...sampleHeader(own), undoableRewind: undefined });

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
  open = await openStandalonePage(browser, made, look);
  return open;
}

const activeRow =
  'document.activeElement?.getAttribute("role") === "treeitem" ? document.activeElement.dataset.key : document.activeElement?.tagName';

describe('the page', () => {
  it('[V21] shows hostile names, prompts, output and labels as text, and runs none of it', async () => {
    const evil = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>${alert(1)}{{7*7}}';
    const tape = new Tape('2026-11-20T10:00:00.000Z');
    tape.prompt(claude, 1, evil);
    tape.edit(claude, 1, `src/${evil}.ts`, 1, 1);
    tape.command(claude, 1, `echo '${evil}'`, 3, 900, `\u001b[31m${evil}\u001b]8;;javascript:alert(1)\u0007link`);
    tape.add({
      kind: 'decision.proposed',
      by: claude,
      run: 'c-1',
      turn: 1,
      id: 'd',
      what: evil,
      why: evil,
      alternatives: [evil],
      files: [evil],
    });
    tape.add({ kind: 'progress.noted', by: { actor: 'user', how: 'stated' }, text: `\u202e${evil}` });
    const about = { event: eventId(tape.events[0]!), at: tape.events[0]!.at, by: { ...claude, name: evil } };
    const { page, problems } = await show({
      events: tape.events,
      header: {
        ...headerOf(tape.events),
        label: evil,
        reason: evil,
        state: 'degraded',
        folders: [evil],
        log: { isHealthy: false, text: evil },
      },
      entries: {
        decisions: [{ id: 'd', ...about, what: evil, why: evil, status: 'proposed' }],
        blockers: [{ id: 'b', ...about, what: evil, isInferred: true }],
        notes: [{ ...about, text: evil }],
      },
      resume: evil,
      answers: {
        detail: ({ events: ids }) => ({
          events: tape.events.filter((event) => ids.includes(eventId(event))),
          authors: {},
          diffs: [{ path: evil, change: 'changed', content: 'text', lines: [`+${evil}`], isTruncated: false }],
        }),
      },
    });
    for (const name of [/echo/, /img src=x.*\.ts/, /^Claude Code/]) {
      await page.getByRole('treeitem', { name }).first().click();
      await page.locator('.code-line.plus').first().waitFor();
    }
    for (const tab of [/Decisions/, /Blockers/, /Resume/]) await page.getByRole('tab', { name: tab }).click();
    await page.locator('.prompt-text pre').first().waitFor();
    expect(await page.locator('.prompt-text pre').first().textContent()).toBe(evil);
    expect(await page.evaluate('window.pwned')).toBeUndefined();
    expect(await page.locator('img, tapedeck-app script, iframe, a').count()).toBe(0);
    expect(problems).toEqual([]);
  });

  it('[V22] is walked with the keyboard alone: one tab stop, arrows, Home, End, pages, folding, opening', async () => {
    const { page, asked } = await show(sample, { height: 900 });
    const row = (name: RegExp): ReturnType<typeof page.locator> => page.getByRole('treeitem', { name });
    await row(/Fix the token/).waitFor();
    expect(await page.locator('[role=treeitem][tabindex="0"]').count()).toBe(1);
    await page.locator('[role=treeitem][tabindex="0"]').focus();
    for (let step = 0; step < 5; step++) await page.keyboard.press('ArrowDown');
    expect(await row(/5 edits in 4 files/).getAttribute('aria-selected')).toBe('true');
    await page.keyboard.press('ArrowRight');
    await row(/src\/auth\/token\.ts/).waitFor();
    expect(await row(/5 edits in 4 files/).getAttribute('aria-expanded')).toBe('true');
    await page.keyboard.press('ArrowRight');
    expect(await row(/test\/auth\.test\.ts/).getAttribute('aria-selected')).toBe('true');
    expect(await row(/test\/auth\.test\.ts/).getAttribute('aria-level')).toBe('3');
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => row(/5 edits in 4 files/).getAttribute('aria-expanded')).toBe('false');
    await page.keyboard.press('ArrowLeft');
    expect(await row(/Fix the token/).getAttribute('aria-selected')).toBe('true');
    await page.keyboard.press('Space');
    await expect.poll(() => row(/Fix the token/).getAttribute('aria-expanded')).toBe('false');
    await page.keyboard.press('End');
    await expect.poll(() => row(/Recording started/).getAttribute('aria-selected')).toBe('true');
    expect(await page.locator('[role=treeitem][tabindex="0"]').count()).toBe(1);
    await page.keyboard.press('Home');
    await expect.poll(() => row(/Fix the token/).getAttribute('aria-selected')).toBe('true');
    await page.keyboard.press('PageDown');
    expect(await page.evaluate(activeRow)).toMatch(/^(turn|files|actions|alone):/);
    expect(asked.map(([name]) => name)).toEqual(['openDiff']);
  });

  it('[V22] goes through the tabs with the arrows and closes the details with Escape', async () => {
    const { page } = await show(sample);
    await page.getByRole('tab', { name: 'Timeline' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('button', { name: 'Log Decision…' }).or(page.getByText('Log Decision…')).first().waitFor();
    await page.keyboard.press('Home');
    await page
      .getByRole('treeitem', { name: /exit 1/ })
      .first()
      .click();
    await page.getByRole('button', { name: 'Close details' }).focus();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('button', { name: 'Close details' }).count()).toBe(0);
    expect(await page.evaluate(activeRow)).toMatch(/^alone:/);
  });

  it('[V23] keeps few rows in the document however many there are, and says how many there are', async () => {
    const many = manyEvents(10_000);
    const { page } = await show({ events: many, header: headerOf(many), entries: noEntries, pageSize: 10_000 });
    await page.getByRole('treeitem').first().waitFor();
    const list = page.locator('tapedeck-list');
    for (const part of [0.3, 0.9, 0.1, 1]) {
      await list.evaluate((element, share) => {
        element.scrollTop = element.scrollHeight * share;
      }, part);
      await page.waitForTimeout(60);
      expect(await page.getByRole('treeitem').count()).toBeLessThan(80);
      expect(await page.getByRole('treeitem').count()).toBeGreaterThan(10);
    }
    expect(Number(await page.getByRole('treeitem').last().getAttribute('aria-setsize'))).toBeGreaterThan(1);
  });

  it('[V23] keeps the chosen row in the document, with the focus, when it is scrolled away', async () => {
    const many = manyEvents(3000);
    const { page } = await show({ events: many, header: headerOf(many), entries: noEntries, pageSize: 3000 });
    await page.getByRole('treeitem').nth(3).click();
    const key = await page.evaluate(activeRow);
    await page.locator('tapedeck-list').evaluate((element) => {
      element.scrollTop = 9000;
    });
    await page.waitForTimeout(100);
    expect(await page.evaluate(activeRow)).toBe(key);
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => page.locator('tapedeck-list').evaluate((element) => element.scrollTop)).toBeLessThan(500);
  });

  it('[V24] does not move what is being read when events come in, and says how many are new', async () => {
    const many = manyEvents(2000);
    const { page, host } = await show({ events: many.slice(0, -40), header: headerOf(many), entries: noEntries, pageSize: 2000 });
    await page.getByRole('treeitem').first().waitFor();
    const list = page.locator('tapedeck-list');
    await list.evaluate((element) => {
      element.scrollTop = 2000;
    });
    await page.waitForTimeout(100);
    const topRow = (): Promise<string> =>
      list.evaluate((element) => {
        const edge = element.getBoundingClientRect().top;
        const rows = [...element.querySelectorAll<HTMLElement>('[role=treeitem]')].filter(
          (row) => row.getBoundingClientRect().bottom > edge + 1,
        );
        return rows.map((row) => `${row.dataset['key']} ${Math.round(row.getBoundingClientRect().top - edge)}`)[0] ?? '';
      });
    const before = await topRow();
    host.notify('events', { session, page: { events: many.slice(-40), authors: {} } });
    await page.getByRole('button', { name: '40 new' }).waitFor();
    expect(await topRow()).toBe(before);
    await page.getByRole('button', { name: '40 new' }).click();
    await expect.poll(() => page.getByRole('button', { name: /new$/ }).count()).toBe(0);
    expect(await list.evaluate((element) => element.scrollTop)).toBeLessThan(900);
  });

  it('[V25] loads older events as the end comes near, and what is read stays in place', async () => {
    const many = manyEvents(1500);
    const { page } = await show({ events: many, header: headerOf(many), entries: noEntries, pageSize: 400 });
    await page.getByRole('treeitem').first().waitFor();
    const list = page.locator('tapedeck-list');
    await expect
      .poll(
        async () => {
          await list.evaluate((element) => {
            element.scrollTop = element.scrollHeight;
          });
          return page.getByText('Step 1:').count();
        },
        { timeout: 15_000 },
      )
      .toBeGreaterThan(0);
  });

  it('[V26] answers every row action with the right request, the newest event of the row and the file', async () => {
    const { page, asked } = await show(sample, { height: 900 });
    const config = page.getByRole('treeitem', { name: /src\/config\.ts/ });
    await config.hover();
    for (const title of ['Open Changes', 'Rewind to Here…', 'Copy']) await config.getByTitle(title, { exact: true }).click();
    const id = eventId(events.at(-1)!);
    expect(asked).toEqual([
      ['openDiff', { events: [id] }],
      ['rewindTo', { event: id }],
      ['copyText', { text: 'src/config.ts' }],
    ]);
    const context = JSON.parse((await config.getAttribute('data-vscode-context')) ?? '') as Record<string, unknown>;
    expect(context).toMatchObject({
      webviewSection: 'tapedeckRow',
      rowEvents: [id],
      rowPath: 'src/config.ts',
      rowHasDiff: true,
      preventDefaultContextMenuItems: true,
    });
  });

  it('[V26] chooses a row by a click, opens its changes by a double click or Enter, and folds it by its twistie', async () => {
    const { page, asked } = await show(sample, { height: 900 });
    const row = page.getByRole('treeitem', { name: /5 edits in 4 files/ });
    await row.click();
    await page.getByRole('button', { name: 'Close details' }).waitFor();
    expect([await row.getAttribute('aria-selected'), await row.getAttribute('aria-expanded')]).toEqual(['true', 'false']);
    expect(asked).toEqual([]);
    await row.dblclick();
    await page.keyboard.press('Enter');
    expect(asked.map(([name]) => name)).toEqual(['openDiff', 'openDiff']);
    expect((asked[0]![1] as { events: unknown[] }).events).toHaveLength(5);
    expect(await row.getAttribute('aria-expanded')).toBe('false');
    await row.locator('.twisty').click();
    await expect.poll(() => row.getAttribute('aria-expanded')).toBe('true');
  });

  it('[V26] names the actions of a row to assistive technology, and leaves them out of the row’s own name', async () => {
    const { page } = await show(sample, { height: 900 });
    const row = page.getByRole('treeitem', { name: /^You · src\/config\.ts \+3 −1 15:2\d$/ });
    await row.hover();
    for (const name of ['Open Changes', 'Rewind to Here…', 'Copy'])
      expect(await row.getByRole('button', { name, exact: true }).getAttribute('title')).toBe(name);
  });

  it('[V26] offers to undo the rewind that can be undone, at its row', async () => {
    const { page, asked } = await show(sample, { height: 1200 });
    await page
      .getByRole('treeitem', { name: /Rewound to/ })
      .getByRole('button', { name: 'Undo', exact: true })
      .click();
    expect(asked).toEqual([['undoRewind', {}]]);
    await open?.close();
    const { page: other } = await show({ ...sample, header: { ...sample.header, undoableRewind: 'rw-0' } }, { height: 1200 });
    await other.getByRole('treeitem', { name: /Rewound to/ }).waitFor();
    expect(await other.getByRole('button', { name: /Undo/ }).count()).toBe(0);
  });

  it('[V26] [V62] shows of a row’s last words a part that says something, or none, on the line of its title', async () => {
    for (const width of [220, 250, 280, 310, 340]) {
      const { page } = await show(sample, { width, height: 1200 });
      await page.locator('.row .meta').first().waitFor({ state: 'attached' });
      const places = await page.locator('.row .meta').evaluateAll((all) =>
        all.map((meta) => {
          const box = meta.getBoundingClientRect();
          const words = meta.querySelector('bdi')!.getBoundingClientRect();
          const titleBox = meta.closest('.row')!.querySelector('.title')!;
          const title = titleBox.getBoundingClientRect();
          const whole = document.createRange();
          whole.selectNodeContents(titleBox);
          return {
            lost: box.width < 2 ? 0 : whole.getBoundingClientRect().width - title.width,
            shown: words.top < box.bottom - 2 ? words.width : undefined,
            whole: meta.textContent.length,
            off: Math.abs(box.bottom - title.bottom),
          };
        }),
      );
      expect(places.length).toBeGreaterThan(0);
      for (const { shown, whole, off, lost } of places) {
        expect(lost).toBeLessThan(0.01);
        if (shown !== undefined) expect(shown).toBeGreaterThan(Math.min(whole, 5) * 4);
        expect(off).toBeLessThan(4);
      }
      await open?.close();
    }
  });

  it('[V26] keeps no room beside a short title that its counts could have', async () => {
    const events = sample.events.map((event) => (isFileEvent(event) ? { ...event, path: 'a.c' } : event));
    const { page } = await show({ ...sample, events }, { width: 600, height: 1200 });
    const title = page.locator('.row .title.path').first();
    await title.waitFor();
    const [box, name] = await title.evaluate((box) => [
      box.getBoundingClientRect().width,
      box.querySelector('.name')!.getBoundingClientRect().width,
    ]);
    expect(box - name).toBeLessThan(12);
  });

  it('[V26] [R19] calls the way back from an undone turn Redo, at its row and in its details', async () => {
    const events = sample.events.map((event) => (event.kind === 'rewind.applied' ? { ...event, undid: [event.target] } : event));
    const { page } = await show({ ...sample, events }, { height: 1200 });
    const row = page.getByRole('treeitem', { name: /Undid 1 change/ });
    expect(await row.getByRole('button', { name: 'Undo', exact: true }).count()).toBe(0);
    await row.getByRole('button', { name: 'Redo', exact: true }).waitFor();
    await row.click();
    await page.locator('.detail-actions').getByText('Redo', { exact: true }).waitFor();
  });

  it('[V26] confirms a proposed decision, and shows a failure of the host in words', async () => {
    const { page, asked } = await show({
      ...sample,
      answers: {
        confirmDecision: () =>
          Promise.reject(Object.assign(new Error('The log can not be written: the disk is full.'), { reason: 'disk-full' })),
      },
    });
    await page.getByRole('tab', { name: /Decisions/ }).click();
    await page.locator('vscode-button', { hasText: 'Confirm' }).click();
    await page.getByRole('alert').getByText('the disk is full').waitFor();
    expect(asked).toEqual([['confirmDecision', { id: 'd-2' }]]);
  });

  it('[D53] shows how far the work is: doing, next, done, the last green and what changed since; and a proposal at its place', async () => {
    const about = { by: { actor: 'agent', name: 'codex', how: 'transcript' } as const, event: 'k3f9ab2c.3' };
    const proposed = sample.events.find(({ kind }) => kind === 'reply.given')!;
    const { page, asked } = await show({
      ...sample,
      entries: {
        ...sample.entries,
        decisions: [
          {
            ...{ id: 'auto-1', event: eventId(proposed), at: proposed.at, by: about.by, what: 'Keep it in one file', status: 'proposed' },
            foundBy: 'an agent said so, with its reason',
          },
        ],
        progress: {
          plan: [
            { ...about, text: 'Wire it up', status: 'in_progress' },
            { ...about, text: 'Document it', status: 'pending' },
            { ...about, text: 'Write it', status: 'completed' },
          ],
          green: { event: 'k3f9ab2c.3', at: '2026-11-20T13:40:00.000Z', command: 'npm test', changed: ['src/limit.ts'], left: 2 },
          milestones: [{ event: 'k3f9ab2c.3', at: '2026-11-20T13:40:00.000Z', kind: 'commit', text: 'Add the limit' }],
        },
      },
    });
    await page.getByRole('tab', { name: 'Progress, 2 left to do' }).click();
    await page.getByRole('list', { name: 'Doing' }).getByText('Wire it up').waitFor();
    await page.getByRole('list', { name: 'Next' }).getByText('Document it').waitFor();
    await page.getByText('… and 2 more').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('tab', { name: /Decisions/ }).click();
    await page.getByText('Found by rule: an agent said so').waitFor();
    await page.locator('.card').getByRole('button', { name: 'Show in Timeline' }).first().click();
    await page.locator('.detail').getByText('Keep it in one file').waitFor();
    // Beside the proposal, not among what can be done with the row that it was found in.
    await page.locator('.detail .entry vscode-button', { hasText: 'Confirm' }).click();
    await expect.poll(() => asked).toEqual([['confirmDecision', { id: 'auto-1' }]]);
  });

  it('[D46] shows the resume prompt in its parts: ticked off, for an agent, and each line with the way to what it rests on', async () => {
    const { page, asked } = await show({ ...sample, resume: '# Take up\n\n## Goal\n\nAdd a limit.\n\n## Decisions\n\n- Token bucket' });
    await page.getByRole('tab', { name: /Resume/ }).click();
    await page.getByText('- Token bucket').waitFor();
    await page.getByText('Sections', { exact: true }).click();
    await page.getByRole('checkbox', { name: 'Decisions' }).uncheck();
    await page
      .getByRole('button', { name: /^Show in Timeline/ })
      .first()
      .click();
    await page.locator('vscode-button', { hasText: 'Open Agent' }).click();
    await expect
      .poll(() => asked)
      .toEqual([
        ['chooseResume', { without: ['blockers'] }],
        ['showEvent', { event: 'k3f9ab2c.3' }],
        ['openAgent', {}],
      ]);
  });

  it('[V27] comes back after being hidden as it was left, and asks the host for everything anew', async () => {
    const { page } = await show(sample, { height: 900 });
    await page
      .getByRole('treeitem', { name: /5 edits in 3 files/ })
      .locator('.twisty')
      .click();
    await page.getByRole('button', { name: 'Close details' }).click();
    await page.getByRole('textbox', { name: 'Filter the timeline' }).fill('file:auth');
    await page.waitForTimeout(700);
    const state: unknown = await page.evaluate('window.savedState');
    await open?.close();
    const again = await show(sample, { height: 900, state });
    await again.page.getByRole('treeitem', { name: /5 edits in 3 files/ }).waitFor();
    expect(await again.page.getByRole('treeitem', { name: /5 edits in 3 files/ }).getAttribute('aria-expanded')).toBe('true');
    expect(await again.page.getByRole('textbox', { name: 'Filter the timeline' }).inputValue()).toBe('file:auth');
    for (const nonsense of [7, 'x', { tab: 4, open: 'x', split: Number.NaN, place: { key: 1 } }]) {
      await open?.close();
      await (await show(sample, { state: nonsense })).page.getByRole('treeitem').first().waitFor();
    }
  });

  it('[V28] says in each empty state why it is empty and what to do', async () => {
    const empty = { ...headerOf(events), session: undefined, startedAt: undefined };
    const newest = [{ title: 'Fix <b>the</b> bug', agent: 'Codex', at: '2026-11-20T10:00:00.000Z' }];
    const past = { count: 1, hasMore: true, newest };
    for (const [header, text, button, request] of [
      [{ ...empty, state: 'noFolder', hasHistory: false }, 'No folder is open', 'Open Folder', 'openFolder'],
      [{ ...empty, state: 'untrusted' }, 'Restricted mode', 'Manage Workspace Trust', 'manageTrust'],
      [{ ...empty, state: 'off', hasHistory: false }, 'Nothing recorded yet', 'Start Session', 'startSession'],
      [{ ...empty, state: 'off', hasHistory: true }, 'Nothing recorded yet', 'Show a Session…', 'openSession'],
      [{ ...empty, state: 'off', hasHistory: false, past }, 'Nothing recorded yet', 'Import Past Sessions…', 'importPast'],
      [{ ...empty, state: 'off', hasHistory: false, past }, 'Nothing recorded yet', 'Find and Resume One…', 'findPast'],
    ] as const) {
      const { page, asked } = await show({ events: [], header, entries: noEntries });
      await page.getByRole('heading', { name: text }).waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
      await page.locator('vscode-button', { hasText: button }).click();
      await expect.poll(() => asked.map(([name]) => name)).toEqual([request]);
      await open?.close();
    }
    const failing = await show({ ...sample, answers: { ready: () => Promise.reject(new Error('The log can not be read.')) } });
    await failing.page.getByText('The log can not be read.').waitFor();
  });

  it('[V28] shows pause, trouble, an old session and missing trust with the way out', async () => {
    for (const [state, request] of [
      ['paused', 'resumeRecording'],
      ['degraded', 'revealLog'],
      ['viewing', 'openCurrent'],
      ['untrusted', 'manageTrust'],
      ['off', 'startSession'],
    ] as const) {
      const { page, asked } = await show({ ...sample, header: { ...sample.header, state, reason: `Because of ${state}.` } });
      await page.locator('.banner .link').click();
      await page.getByText(`Because of ${state}.`).waitFor();
      await expect.poll(() => asked.map(([name]) => name)).toEqual([request]);
      await open?.close();
    }
  });

  it('[V28] says in plain words what is wrong with the log, and offers to verify it', async () => {
    const { page, asked } = await show({
      ...sample,
      header: {
        ...sample.header,
        log: {
          isHealthy: false,
          text: '1 damaged place in the log; 1 event missing',
          findings: ['abcd-0001.jsonl, bytes 4 to 9: <b>changed</b>'],
        },
      },
    });
    const place = page.getByText('abcd-0001.jsonl, bytes 4 to 9: <b>changed</b>');
    expect(await place.isVisible()).toBe(false);
    await page.getByText('1 damaged place in the log; 1 event missing').click();
    await place.waitFor();
    await page.getByRole('button', { name: 'Verify Log' }).click();
    await expect.poll(() => asked.map(([name]) => name)).toEqual(['verify']);
  });

  it('[V28] names a session by its label, else by its first prompt, else by when it began', async () => {
    const began = { ...sample.header, label: undefined, startedAt: '2026-11-20T13:30:04.000Z' };
    for (const [header, name] of [
      [{ ...began, label: 'Auth', title: 'Fix the refresh' }, 'Auth'],
      [{ ...began, title: 'Fix the refresh' }, 'Fix the refresh'],
      [began, 'Session of 13:30'],
      [{ ...began, startedAt: '2026-11-18T13:30:04.000Z' }, 'Session of 18 Nov, 13:30'],
    ] as const) {
      const { page } = await show({ ...sample, header });
      await expect.poll(() => page.locator('.session-name bdi').textContent()).toBe(name);
      await open?.close();
    }
  });

  it('[V29] filters as one types, and finds its way to an event that the filter hides', async () => {
    const { page, host } = await show(sample, { height: 900 });
    await page.getByRole('textbox', { name: 'Filter the timeline' }).fill('failed');
    await expect.poll(() => page.getByRole('treeitem').count()).toBe(4);
    host.notify('show', { event: eventId(events.find((event) => event.kind === 'git.committed')!) });
    await expect.poll(() => page.getByRole('treeitem', { name: /feat: rate limiter/ }).getAttribute('aria-selected')).toBe('true');
  });

  it('[V47] offers the agents that were at work as filters, and keeps a filter that is saved', async () => {
    const { page } = await show(sample, { height: 900 });
    await page.getByRole('button', { name: 'Filters' }).click();
    await page.getByRole('button', { name: 'Codex', exact: true }).click();
    await expect.poll(() => page.getByRole('treeitem', { name: /Review the middleware/ }).count()).toBe(1);
    expect(await page.getByRole('treeitem', { name: /Fix the token/ }).count()).toBe(0);
    await page.getByRole('textbox', { name: 'Filter the timeline' }).fill('file:auth -failed');
    await page.getByRole('button', { name: 'Save This Filter' }).click();
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    await page.waitForTimeout(700);
    const state: unknown = await page.evaluate('window.savedState');
    await open?.close();
    const again = await show(sample, { height: 900, state });
    await again.page.getByRole('button', { name: 'Filters' }).click();
    await again.page.getByRole('button', { name: 'file:auth -failed' }).click();
    await expect.poll(() => again.page.getByRole('textbox', { name: 'Filter the timeline' }).inputValue()).toBe('file:auth -failed');
    expect(await accessibilityFaults(again.page)).toEqual([]);
    await again.page.getByRole('button', { name: 'Forget This Filter' }).click();
    await expect.poll(() => again.page.getByRole('button', { name: 'file:auth -failed' }).count()).toBe(0);
  });

  it('[V49] shows at once the shape of what will come, until the session is known', async () => {
    let answer = (): void => {};
    const asked = new Promise<void>((resolve) => (answer = resolve));
    const { page } = await show({
      ...sample,
      answers: {
        ready: () =>
          asked.then(() => ({
            header: sample.header,
            page: { events, authors: {}, hasMore: false },
            continues: false,
            entries: noEntries,
            setAside: [],
          })),
      },
    });
    await page.getByRole('status', { name: 'Loading the timeline' }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    answer();
    await page.getByRole('treeitem').first().waitFor();
    expect(await page.locator('.skeleton').count()).toBe(0);
  });

  it('[V48] tells a time exactly and how long ago it was', async () => {
    const { page } = await show(sample, { height: 900 });
    const row = page.getByRole('treeitem', { name: /feat: rate limiter/ });
    await row.hover();
    await expect.poll(() => row.locator('time').getAttribute('title')).toMatch(/^20 Nov 2026, 14:46:\d\d, 3\d min ago$/);
  });

  it('[V20] names no icon that its sheet does not draw as codicons do', () => {
    const own = readFileSync('webview/codicons.css', 'utf8');
    const theirs = readFileSync('node_modules/@vscode/codicons/dist/codicon.css', 'utf8');
    const drawn = [...own.matchAll(/\.codicon-([a-z-]+)::before \{\s*content: ['"]\\([0-9a-f]+)['"]/g)];
    expect(drawn.length).toBeGreaterThan(40);
    for (const [, name, point] of drawn) expect(theirs).toContain(`.codicon-${name}:before { content: "\\${point}" }`);
    const names = new Set(drawn.map(([, name]) => name));
    const used = [
      'icons',
      'app',
      'tabBar',
      'rowView',
      'entryView',
      'detailPane',
      'headerView',
      'filterBox',
      'resumeTab',
      'timelinePane',
    ].flatMap((file) => {
      const text = readFileSync(`webview/${file}.ts`, 'utf8');
      return [...text.matchAll(/icon\('([a-z-]+)'/g), ...(file === 'icons' ? text.matchAll(/(?:return|\?|:) '([a-z-]+)'/g) : [])].map(
        ([, name]) => name!,
      );
    });
    expect(used.filter((name) => !names.has(name) && !name.startsWith('lane-'))).toEqual([]);
  });
});
