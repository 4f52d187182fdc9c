// Opens the demo in a browser and waits until it has been played and recorded: the proof that `npm start` shows what it
// promises.
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { launchChromium } from '../chromium.mjs';

const limitMs = 120_000;
/** The kinds of events that the demo must leave in the log. */
const expected = ['session.started', 'prompt.submitted', 'tool.called', 'file.changed', 'file.deleted', 'command.ended', 'git.committed'];

/**
 * @param {string} address the workbench with the demo's folder
 * @param {string} folder
 */
export async function untilDemoIsRecorded(address, folder) {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(address);
    await page.locator('.monaco-workbench .statusbar').waitFor({ timeout: 60_000 });
    console.log('The workbench answers; the recorded session plays.');
    const until = Date.now() + limitMs;
    let missing = expected;
    while (missing.length > 0 && Date.now() < until) {
      await wait(500);
      const seen = await recordedKinds(folder);
      missing = expected.filter((kind) => !seen.has(kind));
    }
    const { TAPEDECK_SCREENSHOTS } = process.env;
    if (TAPEDECK_SCREENSHOTS) await page.screenshot({ path: path.join(TAPEDECK_SCREENSHOTS, 'demo.png') });
    if (missing.length > 0) throw new Error(`The demo was not recorded whole: no ${missing.join(', ')} after ${limitMs / 1000} s.`);
    console.log(`The demo was played and recorded: ${expected.join(', ')}.`);
  } finally {
    await browser.close();
  }
}

/** @param {string} folder @returns {Promise<Set<string>>} */
async function recordedKinds(folder) {
  const sessions = path.join(folder, '.tapedeck', 'sessions');
  /** @type {Set<string>} */
  const kinds = new Set();
  const names = await readdir(sessions, { recursive: true }).catch(() => []);
  for (const name of names) {
    if (!name.endsWith('.jsonl')) continue;
    const text = await readFile(path.join(sessions, name), 'utf8').catch(() => '');
    for (const match of text.matchAll(/"kind":"([a-z]+\.[a-z]+)"/g)) kinds.add(String(match[1]));
  }
  return kinds;
}
