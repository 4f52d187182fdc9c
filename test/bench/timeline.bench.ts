import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { readFile } from 'node:fs/promises';
import type { CDPSession, Frame, Page } from 'playwright-core';
import { themeStyle } from '../webview/themes.ts';
import { describeGoals, median, percentile, show } from './measure.ts';

/**
 * The timeline's page in a real Chromium, in a frame of another site as the editor shows it, before a session of a million
 * events: when the first rows are there, what a frame of scrolling and jumping costs, how long a large page is on its way, and
 * what stays in memory. JavaScript per frame is what the browser's own trace counts between two animation frames.
 */
const isQuick = process.argv.includes('--quick');
const events = 1_000_000;
const rounds = isQuick ? 3 : 9;
const frames = isQuick ? 240 : 900;
const jumps = isQuick ? 10 : 40;
const root = path.resolve(process.env['TAPEDECK_BENCH_SOURCE'] ?? 'test/bench', '../..');

const { build } = createRequire(path.join(root, 'package.json'))('esbuild') as typeof import('esbuild');
const shared = {
  bundle: true,
  minify: true,
  write: false,
  absWorkingDir: root,
  logLevel: 'silent',
  target: 'es2022',
} as const;
const bundle = async (entry: string, format?: 'iife'): Promise<string> => {
  const { outputFiles } = await build({
    ...shared,
    ...(format === undefined ? {} : { format }),
    entryPoints: [entry],
    external: ['*.ttf'],
  });
  return outputFiles[0]!.text;
};
const [script, host, probe, style] = await Promise.all([
  bundle('webview/main.ts', 'iife'),
  bundle('test/bench/timelineHostProgram.ts', 'iife'),
  bundle('test/bench/timelineProbeProgram.ts', 'iife'),
  bundle('webview/style.css'),
]);
const texts: Readonly<Record<string, { readonly type: string; readonly body: string | Buffer }>> = {
  '/main.js': { type: 'text/javascript', body: script },
  '/host.js': { type: 'text/javascript', body: host },
  '/probe.js': { type: 'text/javascript', body: probe },
  '/style.css': { type: 'text/css', body: style },
  '/codicon.ttf': { type: 'font/ttf', body: await readFile(path.join(root, 'node_modules/@vscode/codicons/dist/codicon.ttf')) },
};
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://here');
  const { port } = server.address() as AddressInfo;
  const file = texts[pathname];
  response.setHeader('content-type', file?.type ?? 'text/html');
  if (file !== undefined) return void response.end(file.body);
  response.end(
    pathname === '/frame'
      ? `<!DOCTYPE html><html lang="en" style='${themeStyle('dark')}'><head><meta charset="utf-8"><link rel="stylesheet" href="/style.css"></head>
<body class="vscode-dark" data-place="view"><script src="/probe.js"></script><script>
let state; window.acquireVsCodeApi = () => ({ postMessage: (message) => parent.postMessage(message, '*'), getState: () => state, setState: (next) => { state = next; } });
</script><tapedeck-app></tapedeck-app><script src="/main.js"></script></body></html>`
      : // Another host name is another site, and so another process.
        `<!DOCTYPE html><body style="margin:0"><iframe src="http://localhost:${port}/frame" style="border:0;width:100vw;height:100vh"></iframe><script src="/host.js"></script></body>`,
  );
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/?events=${events}`;
// Not bundled: what drives the browser finds its own files beside it.
const { launchChromium } = (await import(
  pathToFileURL(path.join(root, 'test/setup/chromium.mjs')).href
)) as typeof import('../setup/chromium.mjs');
const browser = await launchChromium();

async function open(): Promise<{ readonly page: Page; readonly frame: Frame }> {
  const page = await browser.newPage({ viewport: { width: 420, height: 900 } });
  await page.goto(address);
  const frame = page.frames().find((other) => other.url().includes('/frame'))!;
  await frame.waitForFunction('window.tapedeckProbe?.firstRowsMs > 0');
  return { page, frame };
}

/** What the trace says of the frame's own main thread. */
interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly ts: number;
  readonly dur?: number;
  /** Of the processor alone: what a busy machine keeps waiting does not count. */
  readonly tdur?: number;
  readonly tts?: number;
  readonly pid: number;
  readonly tid: number;
  readonly args?: { readonly data?: { readonly url?: string } };
}
const scripting = new Set([
  'FunctionCall',
  'EvaluateScript',
  'FireAnimationFrame',
  'FireIdleCallback',
  'TimerFire',
  'EventDispatch',
  'RunMicrotasks',
  'v8.callFunction',
  'V8.GCScavenger',
  'MinorGC',
  'MajorGC',
  'HandlePostMessage',
]);

/** Runs `work` in the page and answers the JavaScript of each of its frames, ms, and how long each frame took. */
async function trace(
  page: Page,
  frame: Frame,
  work: string,
): Promise<{ readonly scriptMs: readonly number[]; readonly frameMs: readonly number[] }> {
  await browser.startTracing(page, { categories: ['devtools.timeline', 'v8', 'blink.user_timing'] });
  const frameMs = await frame.evaluate<number[]>(work);
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: readonly TraceEvent[] };
  const mark = traceEvents.find(({ name }) => name === 'tapedeck-frame');
  if (mark === undefined) throw new Error('The trace holds no frames.');
  const own = traceEvents.filter(({ pid, tid }) => pid === mark.pid && tid === mark.tid).toSorted((a, b) => a.ts - b.ts);
  const starts = own.filter(({ name }) => name === 'tapedeck-frame').map(({ ts }) => ts);
  const scriptUs = starts.map(() => 0);
  let index = -1;
  let coveredUntil = 0;
  for (const { name, ts, dur = 0, tdur = dur } of own) {
    // What runs inside of something that is counted already is in it.
    if (!scripting.has(name) || ts < coveredUntil) continue;
    coveredUntil = ts + dur;
    while (index + 1 < starts.length && starts[index + 1]! <= coveredUntil) index += 1;
    if (index >= 0) scriptUs[index]! += tdur;
  }
  return { scriptMs: scriptUs.slice(0, -1).map((us) => us / 1000), frameMs };
}

const driver = (count: number, step: string): string => `new Promise((resolve) => {
  const list = document.querySelector('tapedeck-list');
  const took = []; let last; let n = 0; let random = 7;
  const next = () => { random = (Math.imul(random, 1664525) + 1013904223) >>> 0; return random / 4294967296; };
  const frame = (now) => {
    performance.mark('tapedeck-frame');
    if (last !== undefined) took.push(now - last);
    last = now;
    if (n++ >= ${count}) return resolve(took);
    ${step};
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})`;

const heapBytes = async (session: CDPSession): Promise<number> => {
  for (let round = 0; round < 2; round++) await session.send('HeapProfiler.collectGarbage');
  return (await session.send('Runtime.getHeapUsage')).usedSize;
};

const firstRows: number[] = [];
for (let round = 0; round < rounds; round++) {
  const { page, frame } = await open();
  firstRows.push(await frame.evaluate<number>('window.tapedeckProbe.firstRowsMs'));
  await page.close();
}

const { page, frame } = await open();
await page.waitForTimeout(500);
const session = await page.context().newCDPSession(frame);
const heapBefore = await heapBytes(session);

for (let round = 0; round < rounds * 2; round++) {
  await page.evaluate(`window.postMessage('bench:send', '*')`);
  await frame.waitForFunction(`window.tapedeckProbe.pages.length > ${round}`);
}
const pages = await frame.evaluate<{ ms: number; lines: number; bytes: number }[]>('window.tapedeckProbe.pages');

const smooth = await trace(page, frame, driver(frames, 'list.scrollTop += 40'));
const jumping = await trace(page, frame, driver(frames, 'list.scrollTop = next() * (list.scrollHeight - list.clientHeight)'));
const heldRows = await frame.evaluate<number>(`document.querySelector('tapedeck-list').items.length`);

/** Anywhere in the session, by the strip: until a row of that time is in sight. */
const seekMs = await frame.evaluate<number[]>(`(async () => {
  const strip = document.querySelector('tapedeck-strip'); const list = document.querySelector('tapedeck-list');
  const from = ${Date.UTC(2026, 0, 1, 8)}; const span = ${events} * 1700; const took = []; let random = 11;
  for (let n = 0; n < ${jumps}; n++) {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    const to = from + (random / 4294967296) * span * 0.98; const start = performance.now();
    strip.dispatchEvent(new CustomEvent('seek', { detail: to }));
    for (;;) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const times = [...list.querySelectorAll('time.time')].map((time) => Date.parse(time.dateTime));
      if (times.some((time) => Math.abs(time - to) < 120000)) break;
      if (performance.now() - start > 10000) throw new Error('A point of the session was not reached.');
    }
    took.push(performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return took;
})()`);
const heapAfter = await heapBytes(session);
await browser.close();
server.close();

const pageMs = pages.map(({ ms }) => ms);
const late = (all: readonly number[]): number => all.filter((ms) => ms > 25).length / all.length;
const perFrame = ({ scriptMs }: { readonly scriptMs: readonly number[] }): string =>
  `p50 ${show(median(scriptMs))} ms, p99 ${show(percentile(scriptMs, 0.99))} ms, most ${show(Math.max(...scriptMs))} ms of ${scriptMs.length} frames`;
const figures = {
  first: Math.min(...firstRows),
  page: Math.min(...pageMs),
};
console.log(
  `A session of ${events.toLocaleString('en')} events, in Chromium ${browser.version()} without a GPU. Plain milliseconds: a busy machine makes them longer.\n`,
);
console.log(
  describeGoals([
    {
      name: 'opening until the first rows are seen, ms',
      ratio: figures.first,
      atMost: 100,
      figures: `best of ${firstRows.length}; median ${show(median(firstRows))} ms`,
    },
    { name: 'JavaScript per frame, scrolling, p99 ms', ratio: percentile(smooth.scriptMs, 0.99), atMost: 2, figures: perFrame(smooth) },
    { name: 'JavaScript per frame, jumping, p99 ms', ratio: percentile(jumping.scriptMs, 0.99), atMost: 2, figures: perFrame(jumping) },
    {
      name: 'frames later than 25 ms, scrolling',
      ratio: late(smooth.frameMs),
      atMost: 0.01,
      figures: `p50 ${show(median(smooth.frameMs))} ms, p99 ${show(percentile(smooth.frameMs, 0.99))} ms`,
    },
    {
      name: 'frames later than 25 ms, jumping',
      ratio: late(jumping.frameMs),
      atMost: 0.01,
      figures: `p50 ${show(median(jumping.frameMs))} ms, p99 ${show(percentile(jumping.frameMs, 0.99))} ms`,
    },
    {
      name: 'a page of 10,000 events to the webview, ms',
      ratio: figures.page,
      atMost: 8,
      figures: `best of ${pageMs.length}, ${show((pages[0]?.bytes ?? 0) / 1e6)} MB; median ${show(median(pageMs))} ms, p99 ${show(percentile(pageMs, 0.99))} ms`,
    },
    {
      name: 'any point of the session by the strip, ms',
      ratio: median(seekMs),
      atMost: 250,
      figures: `p99 ${show(percentile(seekMs, 0.99))} ms of ${seekMs.length}`,
    },
    {
      name: 'heap after all that, MB',
      ratio: heapAfter / 1e6,
      atMost: 60,
      figures: `${show(heapBefore / 1e6)} MB before; ${heldRows} rows held after the scrolling`,
    },
  ]),
);
