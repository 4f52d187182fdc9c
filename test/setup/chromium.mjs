// The browser that shows the workbench in tests: one that is there already, or Debian's.
import { existsSync } from 'node:fs';
import { findOnPath, runQuietly } from './command.mjs';
import { SetupFailure } from './toolCache.mjs';

const programs = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const macPrograms = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium'];
const quietFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @returns {Promise<string>} the path of a Chromium or Chrome, installed from Debian if there is none */
export async function ensureChromium() {
  const present = findChromium();
  if (present !== undefined) return present;
  const isDebianRoot = existsSync('/etc/debian_version') && process.getuid?.() === 0;
  if (!isDebianRoot) {
    throw new SetupFailure(
      "No Chromium or Chrome was found. Install one (on Debian or Ubuntu `sudo apt-get install chromium`, elsewhere from your system's packages), or name it in CHROME_PATH.",
    );
  }
  console.log('Installing chromium with apt-get: the UI tests click the extension in it (1 min, 300 MB).');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await runQuietly('apt-get', ['update', '-q'], { env });
  await runQuietly('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium'], { env });
  const installed = findChromium();
  if (installed === undefined) throw new SetupFailure('apt-get installed chromium, but it is not on PATH.');
  return installed;
}

function findChromium() {
  const { CHROME_PATH } = process.env;
  if (CHROME_PATH && existsSync(CHROME_PATH)) return CHROME_PATH;
  for (const name of programs) {
    const file = findOnPath(name);
    if (file !== undefined) return file;
  }
  return process.platform === 'darwin' ? macPrograms.find((file) => existsSync(file)) : undefined;
}

/**
 * Starts a browser without a window. Close it when done.
 * @returns {Promise<import("playwright-core").Browser>}
 */
export async function launchChromium() {
  const executablePath = await ensureChromium();
  // Not at the top: this file is also read before the project's packages are there.
  const { chromium } = await import('playwright-core');
  return await chromium.launch({ executablePath, headless: true, args: quietFlags });
}
