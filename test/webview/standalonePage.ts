import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { DensityCounter } from '../../src/core/density.ts';
import { packEvents } from '../../src/core/packedEvents.ts';
import { isFileEvent, type LoggedEvent, type TapedeckEvent } from '../../src/model/event.ts';
import { eventId } from '../../src/model/ids.ts';
import { openChannel, type Channel, type RequestHandlers } from '../../src/protocol/channel.ts';
import type { AsideSpan, Entries, FileDiff, Header, HostNotices, PageRequests, ResumeText } from '../../src/protocol/messages.ts';
import { themes, themeStyle, type ThemeName } from './themes.ts';

/**
 * The webview's own bundle in a real browser, under the policy of the real page, with the real channel to a host that is made up
 * here: it answers from events and writes down what it was asked to do.
 */
const root = path.resolve(fileURLToPath(import.meta.url), '../../..');
const origin = 'http://page.tapedeck.test';

export interface MadeUpHost {
  readonly events: readonly LoggedEvent[];
  readonly header: Header;
  readonly entries: Entries;
  readonly setAside?: readonly AsideSpan[];
  readonly pageSize?: number;
  readonly resume?: string;
  /** Called instead of the host's own answer. */
  readonly answers?: Partial<RequestHandlers<PageRequests>>;
}

export interface StandalonePage {
  readonly page: Page;
  readonly host: Channel<Record<string, never>, HostNotices>;
  /** What the page asked for that is no reading: `[name, params]`. */
  readonly asked: (readonly [string, unknown])[];
  /** Violations of the content policy and errors on the page. */
  readonly problems: string[];
  close(): Promise<void>;
}

let bundle: Promise<{ readonly script: string; readonly style: string; readonly font: Buffer }> | undefined;

function bundleOnce(): NonNullable<typeof bundle> {
  bundle ??= (async () => {
    const shared = { bundle: true, minify: true, write: false, absWorkingDir: root, logLevel: 'silent' } as const;
    const [script, style, font] = await Promise.all([
      build({ ...shared, entryPoints: ['webview/main.ts'], format: 'iife', target: 'es2022', platform: 'browser' }),
      build({ ...shared, entryPoints: ['webview/style.css'], external: ['*.ttf'] }),
      readFile(path.join(root, 'node_modules/@vscode/codicons/dist/codicon.ttf')),
    ]);
    return { script: script.outputFiles[0]!.text, style: style.outputFiles[0]!.text, font };
  })();
  return bundle;
}

export async function openStandalonePage(
  browser: Browser,
  made: MadeUpHost,
  look: {
    readonly theme?: ThemeName;
    readonly width?: number;
    readonly height?: number;
    readonly place?: 'view' | 'tab';
    readonly state?: unknown;
    readonly scale?: number;
  } = {},
): Promise<StandalonePage> {
  const { theme = 'dark', width = 320, height = 760, place = 'view', state, scale = 1 } = look;
  const files = await bundleOnce();
  const context = await browser.newContext({
    viewport: { width, height },
    locale: 'en-GB',
    timezoneId: 'Etc/UTC',
    deviceScaleFactor: scale,
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(6000);
  const page = await context.newPage();
  // What is shown as "now" must not depend on when the test runs.
  await page.clock.setFixedTime(new Date(made.events.at(-1)?.at ?? '2026-11-20T15:26:00.000Z'));
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.text().startsWith('Tapedeck:')) problems.push(`console: ${message.text()}`);
  });
  const asked: (readonly [string, unknown])[] = [];
  const listeners = new Set<(message: unknown) => void>();
  await page.exposeFunction('toHost', (message: unknown) => {
    for (const listener of listeners) listener(message);
  });
  const host = openChannel<Record<string, never>, HostNotices, PageRequests, Record<string, never>>(
    {
      post: (message) => page.evaluate((sent) => window.postMessage(sent, '*'), message),
      onMessage: (listener) => {
        listeners.add(listener);
        return { dispose: () => listeners.delete(listener) };
      },
    },
    { requests: hostAnswers(made, asked), notices: {} },
  );
  await page.route(`${origin}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === '/main.js') return route.fulfill({ contentType: 'text/javascript', body: files.script });
    if (pathname === '/style.css') return route.fulfill({ contentType: 'text/css', body: files.style });
    if (pathname === '/codicon.ttf') return route.fulfill({ contentType: 'font/ttf', body: files.font });
    return route.fulfill({ contentType: 'text/html', body: pageHtml(theme, place, state) });
  });
  await page.goto(`${origin}/`);
  return {
    page,
    host,
    asked,
    problems,
    close: async () => {
      host.dispose();
      await context.close();
    },
  };
}

/** The page as the editor shows it: its default styles in a layer, its variables, our policy. */
function pageHtml(theme: ThemeName, place: 'view' | 'tab', state: unknown): string {
  const policy = `default-src 'none'; img-src ${origin} data:; font-src ${origin}; style-src ${origin} 'unsafe-inline'; script-src 'nonce-n0'`;
  const background = place === 'tab' ? 'editor-background' : 'sideBar-background';
  return `<!DOCTYPE html><html lang="en" style='${themeStyle(theme)}'><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}"><meta property="csp-nonce" content="n0">
<style>@layer vscode-default { body { padding: 0 20px; margin: 0; color: var(--vscode-foreground); font-family: var(--vscode-font-family); font-size: var(--vscode-font-size); } } html { background: var(--vscode-${background}); scrollbar-color: var(--vscode-scrollbarSlider-background) var(--vscode-${background}); scrollbar-width: thin }</style>
<link rel="stylesheet" href="${origin}/style.css"><title>Tapedeck</title></head>
<body class="${themes[theme].bodyClass}" data-place="${place}">
<script nonce="n0">
  let state = ${JSON.stringify(state ?? null).replaceAll('<', '\\u003c')};
  window.acquireVsCodeApi = () => ({ postMessage: (message) => window.toHost(message), getState: () => state ?? undefined, setState: (next) => { state = next; window.savedState = next; } });
  addEventListener('securitypolicyviolation', (event) => console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI));
</script>
<tapedeck-app></tapedeck-app><script nonce="n0" src="${origin}/main.js"></script></body></html>`;
}

function hostAnswers(made: MadeUpHost, asked: (readonly [string, unknown])[]): RequestHandlers<PageRequests> {
  const { events, pageSize = 500 } = made;
  const reading: Pick<RequestHandlers<PageRequests>, 'ready' | 'readEvents' | 'detail' | 'density' | 'resume' | 'sessions'> = {
    ready: () => ({
      header: made.header,
      page: { events: events.slice(-pageSize), authors: {}, hasMore: events.length > pageSize },
      continues: false,
      entries: made.entries,
      setAside: made.setAside ?? [],
    }),
    readEvents: ({ at, count }) => {
      const placeOf = (cursor: { readonly w: string; readonly n: number }): number =>
        events.findIndex(({ w, n }) => w === cursor.w && n === cursor.n);
      const middle =
        'event' in at
          ? events.findIndex((event) => eventId(event) === at.event)
          : 'ms' in at
            ? events.findIndex((event) => Date.parse(event.at) >= at.ms)
            : 0;
      const [from, to] =
        'before' in at
          ? [placeOf(at.before) - count, placeOf(at.before)]
          : 'after' in at
            ? [placeOf(at.after) + 1, placeOf(at.after) + 1 + count]
            : 'end' in at
              ? [events.length - count, events.length]
              : [middle - count / 2, middle + count / 2];
      const page = events.slice(Math.max(0, from), to);
      return { lines: packEvents(page), authors: {}, hasOlder: from > 0, hasNewer: to < events.length };
    },
    detail: ({ events: ids }) => {
      const found = events.filter((event) => ids.includes(eventId(event)));
      const paths = new Map<string, TapedeckEvent[]>();
      for (const event of found) if (isFileEvent(event)) paths.set(event.path, [...(paths.get(event.path) ?? []), event]);
      return { events: found, authors: {}, diffs: [...paths].map(([file, changes]) => madeUpDiff(file, changes)) };
    },
    density: ({ bins }) => {
      const counter = new DensityCounter();
      for (const event of events) counter.add(event);
      return counter.bins(bins) ?? { fromMs: 0, toMs: 1, lanes: [], marks: [] };
    },
    resume: ({ size }) => ({ size, ...resumeParts(made.resume ?? '# Resume\n\nNothing yet.'), tokens: 1840 }),
    sessions: () => ({ sessions: [] }),
  };
  const known: Readonly<Record<string, unknown>> = { ...reading, ...made.answers };
  return new Proxy({} as RequestHandlers<PageRequests>, {
    ownKeys: () => requestNames,
    getOwnPropertyDescriptor: (_, name) => ({ enumerable: true, configurable: true, value: handler(String(name)) }),
    get: (_, name) => handler(String(name)),
  });

  function handler(name: string): (params: unknown) => unknown {
    return (params) => {
      if (!(name in reading)) asked.push([name, params]);
      const own = known[name] as ((params: unknown) => unknown) | undefined;
      return own === undefined ? { done: true } : own(params);
    };
  }
}

const requestNames = [
  ...[
    'ready',
    'readEvents',
    'detail',
    'density',
    'resume',
    'sessions',
    'openDiff',
    'openFilesAt',
    'openFile',
    'rewindTo',
    'rewindFile',
    'undoRewind',
  ],
  ...[
    'compareLastGreen',
    'copyResume',
    'saveResume',
    'editResume',
    'openAgent',
    'chooseResume',
    'showEvent',
    'copyText',
    'logDecision',
    'logBlocker',
    'addNote',
    'checkpoint',
    'confirmDecision',
    'rejectDecision',
    'editDecision',
    'supersedeDecision',
    'disproveDecision',
    'exportDecisions',
  ],
  ...['clearBlocker', 'startSession', 'endSession', 'labelSession', 'pause', 'resumeRecording', 'openSession', 'openCurrent', 'openAsTab'],
  ...['openFolder', 'manageTrust', 'findPast', 'importPast', 'revealLog', 'verify'],
];

function madeUpDiff(file: string, events: readonly TapedeckEvent[]): FileDiff {
  const [first] = events;
  const added = events.reduce((sum, event) => sum + (isFileEvent(event) ? (event.added ?? 0) : 0), 0);
  const removed = events.reduce((sum, event) => sum + (isFileEvent(event) ? (event.removed ?? 0) : 0), 0);
  if (first?.kind === 'file.created')
    return {
      path: file,
      change: 'created',
      content: 'text',
      lines: ['@@ -0,0 +1,4 @@', '+export class RateLimiter {', '+  constructor(readonly perMinute: number) {}', '+', '+}'],
      isTruncated: true,
      added,
      removed,
    };
  if (file.endsWith('.json'))
    return {
      path: file,
      change: 'changed',
      content: 'unavailable',
      reason: 'Its content was not kept: too large.',
      lines: [],
      isTruncated: false,
      added,
      removed,
    };
  return {
    path: file,
    change: 'changed',
    content: 'text',
    lines: [
      '@@ -12,9 +12,11 @@ export class RateLimiter {',
      ' export class RateLimiter {',
      '-  private hits = new Map<string, number[]>();',
      '-  allow(key: string, now = Date.now()): boolean {',
      '-    const list = this.hits.get(key) ?? [];',
      '-    return list.filter((t) => now - t < 60_000).length < 100;',
      '+  private buckets = new Map<string, Bucket>();',
      '+  allow(key: string, now = Date.now()): boolean {',
      '+    const bucket = this.buckets.get(key) ?? full(now);',
      '+    bucket.tokens = Math.min(CAP, bucket.tokens + (now - bucket.at) * RATE);',
      '+    bucket.at = now; this.buckets.set(key, bucket);',
      '+    return bucket.tokens >= 1 ? ((bucket.tokens -= 1), true) : false;',
      '   }',
      ' }',
    ],
    isTruncated: false,
    added,
    removed,
  };
}

/** A prompt's text cut at its headings, each part resting on an event. */
function resumeParts(text: string): Omit<ResumeText, 'size' | 'tokens'> {
  const [header = '', ...parts] = text.split(/^(?=## )/m);
  return {
    text,
    header: header.trimEnd(),
    sections: parts.map((part, index) => {
      const [title = '', ...lines] = part.split('\n');
      return {
        id: ['goal', 'blockers', 'decisions', 'verified'][index] ?? `part-${index}`,
        title: title.replace(/^## /, ''),
        isOff: false,
        left: 0,
        items: [{ text: lines.join('\n').trim(), events: ['k3f9ab2c.3'] }],
      };
    }),
    choice: { without: [], form: 'markdown' },
    agents: [
      { id: 'codex', name: 'Codex' },
      { id: 'claude', name: 'Claude Code' },
    ],
  };
}
