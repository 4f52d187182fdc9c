// A real workbench in a real browser, as a user has it after installing the .vsix. Each has a server, a profile and a
// HOME of its own, and takes them along when it is closed.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import { inject } from 'vitest';
import { launchChromium } from '../setup/chromium.mjs';
import { startCodeServer } from '../setup/codeServer.mjs';
import { outFolder } from '../setup/project.mjs';

const themes = {
  light: 'Light Modern',
  dark: 'Dark Modern',
  highContrast: 'Default High Contrast',
  highContrastLight: 'Default High Contrast Light',
} as const;

export type WorkbenchTheme = keyof typeof themes;

export interface WorkbenchOptions {
  /** An absolute path; without it a new empty folder is opened, with `null` none. */
  readonly folder?: string | null;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly theme?: WorkbenchTheme;
  readonly widthPx?: number;
  readonly heightPx?: number;
  /** Added to the environment of the extension host and the terminals. */
  readonly env?: Readonly<Record<string, string>>;
  readonly edition?: 'current' | 'oldest';
  readonly workspaceTrust?: boolean;
}

export interface Workbench {
  readonly page: Page;
  /** The folder that is open, '' when none is. */
  readonly folder: string;
  /** The HOME of the terminals and the extension host: agents keep their transcripts there. */
  readonly home: string;
  /** Runs a command by its title in the command palette, such as `Tapedeck: Log Decision…`. */
  runCommand(title: string): Promise<void>;
  /** Answers an open input box or picks in an open quick pick: types the text, presses Enter. */
  answer(text: string): Promise<void>;
  /** The inside of Tapedeck's view, or of its editor tab, once it shows. */
  tapedeckFrame(place?: 'view' | 'tab'): FrameLocator;
  /** Shows Tapedeck's view in the side bar. */
  showTapedeck(): Promise<void>;
  openTerminal(): Promise<void>;
  /** Types a line into the terminal that has the focus and presses Enter. */
  typeInTerminal(line: string): Promise<void>;
  /** What the terminal shows, as a screen reader gets it; for waiting, prefer what the command leaves on disk. */
  terminalText(): Promise<string>;
  statusBarItem(): Locator;
  openFile(relativePath: string): Promise<void>;
  /** The button of a modal dialog or a notification. */
  button(name: string): Locator;
  notifications(): Promise<readonly string[]>;
  setSideBarWidth(widthPx: number): Promise<void>;
  /** What our extension threw or the page's policy refused since the window was opened; always empty, or something is wrong. */
  troubles(): readonly string[];
  /** Loads the window again, as `Developer: Reload Window` does. */
  reload(): Promise<void>;
  /** Writes a PNG to out/screenshots (or TAPEDECK_SCREENSHOTS) and returns its path. */
  screenshot(name: string, of?: Locator): Promise<string>;
  close(): Promise<void>;
}

/** Opens a workbench with the packed extension installed, and waits until it shows its status bar. */
export async function openWorkbench(options: WorkbenchOptions = {}): Promise<Workbench> {
  const scratch = options.folder === undefined ? await mkdtemp(path.join(tmpdir(), 'td-ui-')) : undefined;
  const folder = options.folder === null ? '' : (options.folder ?? scratch ?? '');
  const server = await startCodeServer({
    edition: options.edition ?? 'current',
    extensions: [inject('vsix')],
    env: options.env ?? {},
    workspaceTrust: options.workspaceTrust ?? false,
    // The sticky line of the terminal is a second terminal to whoever looks for one.
    settings: {
      'terminal.integrated.stickyScroll.enabled': false,
      'workbench.colorTheme': themes[options.theme ?? 'dark'],
      'security.workspace.trust.enabled': options.workspaceTrust ?? false,
      ...options.settings,
    },
  });
  const browser = await launchChromium();
  const context = await browser.newContext({
    viewport: { width: options.widthPx ?? 1280, height: options.heightPx ?? 800 },
    permissions: ['clipboard-read', 'clipboard-write'],
    reducedMotion: 'reduce',
    bypassCSP: false,
  });
  const page = await context.newPage();
  const close = async (): Promise<void> => {
    await browser.close();
    await server.stop();
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true, maxRetries: 10 });
  };
  const untilReady = async (): Promise<void> => {
    await page.locator('.monaco-workbench .statusbar').waitFor({ timeout: 60_000 });
    await page.locator('.activitybar, .composite-bar').first().waitFor();
  };
  try {
    await page.goto(folder === '' ? server.url : `${server.url}?${new URLSearchParams({ folder })}`);
    await untilReady();
  } catch (error) {
    const said = await server.log();
    await close();
    throw new Error(`The workbench did not open. The server said:\n${said.slice(-4000)}`, { cause: error });
  }
  return { ...windowOf(page, untilReady), folder, home: server.home, close };
}

type WindowPart = Omit<Workbench, 'folder' | 'home' | 'close'>;

function windowOf(page: Page, untilReady: () => Promise<void>): WindowPart {
  const quickInput = page.locator('.quick-input-widget');
  const runCommand = async (title: string): Promise<void> => {
    // The row's own label, so that a similarly named command is not taken for it.
    const row = quickInput.locator('.monaco-list-row .label-name', { hasText: title }).first();
    for (let tries = 1; ; tries++) {
      await page.keyboard.press('F1');
      await quickInput.locator('input').first().fill(`>${title}`);
      try {
        return await row.click({ timeout: 5000 });
      } catch (error) {
        // A palette that was opened before the extension was known never learns of its commands.
        if (tries === 4) throw error;
        await page.keyboard.press('Escape');
      }
    }
  };
  const troubles: string[] = [];
  page.on('console', (message) => {
    const text = message.text();
    const isOurs = /tapedeck/i.test(text) && /(?:error|exception|reject|unknown)/i.test(`${message.type()} ${text}`);
    if (isOurs || /Content Security Policy/.test(text)) troubles.push(text);
  });
  return {
    page,
    troubles: () => troubles,
    runCommand,
    answer: async (text) => {
      await quickInput.locator('input').first().fill(text);
      await page.keyboard.press('Enter');
    },
    tapedeckFrame: (place = 'view') => {
      const purpose = place === 'view' ? '[src*="purpose=webviewView"]' : ':not([src*="purpose=webviewView"])';
      return page.frameLocator(`iframe.webview.ready[src*="extensionId=tapedeck.tapedeck"]${purpose}`).frameLocator('iframe#active-frame');
    },
    showTapedeck: async () => {
      const tab = page.getByRole('tab', { name: /^Tapedeck/ }).first();
      const view = page.locator('iframe.webview.ready[src*="extensionId=tapedeck.tapedeck"]').first();
      await tab.waitFor();
      for (let tries = 1; ; tries++) {
        if ((await tab.getAttribute('aria-expanded')) !== 'true') await tab.click();
        // Away, or a tooltip covers the view.
        await page.mouse.move(700, 300);
        try {
          return await view.waitFor({ timeout: 12_000 });
        } catch (error) {
          // A window that was just loaded may have brought its view back between the look and the click, which then hid it.
          if (tries === 3) throw error;
        }
      }
    },
    openTerminal: async () => {
      await runCommand('Terminal: Create New Terminal');
      await page.locator('.terminal-wrapper.active .xterm-helper-textarea').last().waitFor({ state: 'attached' });
      await page.locator('.terminal-wrapper.active .xterm-screen').last().click();
      // The prompt stands where the shell's integration has put its first mark.
      await page.locator('.terminal-command-decoration, .xterm-rows').first().waitFor({ state: 'attached' });
      await page.waitForTimeout(1500);
    },
    typeInTerminal: async (line) => {
      await page.locator('.terminal-wrapper.active .xterm-helper-textarea').last().focus();
      // The terminal takes inserted text only when no key is down, and never heard the key that opened a quick input come
      // up again. This one it does.
      await page.keyboard.press('Shift');
      await page.keyboard.insertText(line);
      await page.keyboard.press('Enter');
    },
    terminalText: async () => (await page.locator('.terminal-wrapper.active .xterm-rows').last().innerText()).replaceAll('\u00a0', ' '),
    statusBarItem: () => page.locator('.statusbar-item[id*="tapedeck"]').first(),
    openFile: async (relativePath) => {
      await page.keyboard.press('ControlOrMeta+p');
      await quickInput.locator('input').first().fill(relativePath);
      await quickInput.locator('.monaco-list-row').first().waitFor();
      await page.keyboard.press('Enter');
      await page
        .getByRole('tab', { name: path.basename(relativePath) })
        .first()
        .waitFor();
    },
    button: (name) => page.locator('.monaco-dialog-box, .notifications-toasts').getByRole('button', { name }),
    notifications: async () => await page.locator('.notification-list-item-message').allInnerTexts(),
    setSideBarWidth: async (widthPx) => {
      const box = await page.locator('.part.sidebar').boundingBox();
      if (box === null) throw new Error('The side bar does not show.');
      const y = box.y + box.height / 2;
      await page.mouse.move(box.x + box.width, y);
      await page.mouse.down();
      await page.mouse.move(box.x + widthPx, y, { steps: 8 });
      await page.mouse.up();
    },
    reload: async () => {
      await page.reload();
      await untilReady();
    },
    screenshot: async (name, of) => {
      const target = process.env['TAPEDECK_SCREENSHOTS'] ?? path.join(outFolder, 'screenshots');
      await mkdir(target, { recursive: true });
      const file = path.join(target, `${name}.png`);
      await (of ?? page).screenshot({ path: file, animations: 'disabled' });
      return file;
    },
  };
}
