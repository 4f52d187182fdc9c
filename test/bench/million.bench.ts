// What a log of a million events costs who opens a window on it: the recorder that goes on with its session, the feed that
// the view stands on, its first pages, and the list of sessions. Each part in a process of its own, against the same on a log
// of one event, and against reading and parsing every line.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort } from 'node:worker_threads';
import { transcriptAdapters } from '../../src/core/transcripts/table.ts';
import type { LoggedEvent } from '../../src/model/event.ts';
import { LogWork } from '../../src/services/logWork.ts';
import { openLogWorker } from '../../src/services/logWorker.ts';
import { serveLogWork } from '../../src/services/logWorkPort.ts';
import { openRecorder } from '../../src/services/recorder.ts';
import { defaultRecorderSettings } from '../../src/services/recorderSettings.ts';
import { openSessionFeed } from '../../src/services/sessionFeed.ts';
import { createSessions } from '../../src/services/sessions.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout } from '../../src/store/layout.ts';
import { openLogReader } from '../../src/store/logReader.ts';
import { describeGoals, median, show } from './measure.ts';
import { mixedEvents, writeMixedLog } from './mixedLog.ts';

const count = process.argv.includes('--quick') ? 100_000 : 1_000_000;
const session = '20260101-080000-abcd';
/** As many as the view asks for at once. */
const pagedEvents = 300;
const pages = 600;

interface Cost {
  readonly ms: number;
  readonly cpuMs: number;
  /** JavaScript's heap and buffers at its fullest, as far as it was looked at, and after garbage was collected; over the process's own beginning. */
  readonly peakMb: number;
  readonly keptMb: number;
  /** The whole process's memory at its fullest, threads and all, over its beginning. */
  readonly residentMb: number;
  readonly heldMs: number;
}
type Part = Record<string, Cost>;

const part = process.argv.find((word) => word.startsWith('--part='))?.slice('--part='.length);
const [partName, partFolder = '', partNow = '0'] = part?.split('|') ?? [];
const collect = (globalThis as { gc?: () => void }).gc ?? (() => {});
const clock = { now: () => Number(partNow) + Math.floor(performance.now()) };
const layoutOf = (folder: string): ReturnType<typeof tapedeckLayout> => tapedeckLayout(join(folder, '.tapedeck'));
const heapMb = (): number => {
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
};

if (!isMainThread) serveAsThread();
else if (partName === undefined) await measureAll();
else {
  const parts: Record<string, () => Promise<Part>> = { record: measureRecorder, feed: measureFeed, list: measureList, bare: measureBare };
  process.stdout.write(JSON.stringify(await parts[partName]!()));
  process.exit(0);
}

/** The program of the log's thread, as src/logWorker.ts. */
function serveAsThread(): void {
  const port = parentPort!;
  serveLogWork(new LogWork({ digest: nodeDigest, isOwnThread: true }), {
    post: (message, moved = []) => port.postMessage(message, moved),
    onMessage: (listener) => port.on('message', listener),
  });
}

async function measureAll(): Promise<void> {
  const folder = fs.mkdtempSync(join(process.env['TAPEDECK_BENCH_DIR'] ?? tmpdir(), 'td-bench-'));
  try {
    const long = join(folder, 'long');
    const short = join(folder, 'short');
    for (const each of [long, short]) fs.mkdirSync(each);
    let last: LoggedEvent | undefined;
    const bytes = await writeMixedLog(
      layoutOf(long).session(session),
      (function* () {
        for (const event of mixedEvents(count)) yield (last = event);
      })(),
    );
    await writeMixedLog(layoutOf(short).session(session), [{ ...mixedEvents(1).next().value!, at: last!.at }]);
    let now = Date.parse(last!.at);
    const ask = (name: string, where: string): Part => {
      now += 60_000;
      const flags = ['--expose-gc', process.argv[1]!, ...process.argv.slice(2).filter((word) => word.startsWith('--'))];
      return JSON.parse(execFileSync(process.execPath, [...flags, `--part=${name}|${where}|${now}`], { encoding: 'utf8' })) as Part;
    };
    const bare = ask('bare', long);
    const unlisted = ask('list', long);
    // The files of the log are none of the folder's: the first recorder tells that they are gone, and takes the baseline.
    const first = ask('record', long);
    ask('record', short);
    const rounds = Array.from({ length: 3 }, () => ({
      recorder: ask('record', long),
      none: ask('record', short),
    }));
    const coldFeed = ask('feed', long);
    const feeds = Array.from({ length: 3 }, () => ask('feed', long));
    const noFeed = ask('feed', short);
    const listed = ask('list', long);
    const of = (pick: (round: (typeof rounds)[number]) => number): number => median(rounds.map(pick));
    const readyMs = of(({ recorder }) => recorder['open']!.ms);
    const parse = bare['parse']!;
    const read = bare['read']!;
    const tell = ({ ms, cpuMs, peakMb, keptMb, heldMs }: Cost): string =>
      `${show(ms)} ms, CPU ${show(cpuMs)} ms, heap at most ${show(peakMb)}, kept ${show(keptMb)} MB, loop held ${show(heldMs)} ms`;
    const feed = feeds[0]!;
    console.log(`${count.toLocaleString('en')} events, ${show(bytes / 1e6)} MB, warm cache, Node ${process.versions.node}.\n`);
    console.log(
      describeGoals([
        {
          name: 'recorder ready : read every event of the log',
          ratio: readyMs / read.ms,
          atMost: 0.2,
          figures: `${tell(rounds[0]!.recorder['open']!)} : ${show(read.ms)} ms; log of one event ${show(of(({ none }) => none['open']!.ms))} ms; first time, nothing kept: ${tell(first['open']!)}`,
        },
        { name: 'recorder ready : JSON.parse of every line', ratio: readyMs / parse.ms, figures: `${show(parse.ms)} ms` },
        {
          name: 'recorder, memory kept over a log of one event, MB',
          ratio: of(({ recorder, none }) => recorder['open']!.keptMb - none['open']!.keptMb),
          atMost: 60,
          figures: `at most ${show(of(({ recorder, none }) => recorder['open']!.peakMb - none['open']!.peakMb))} MB more before garbage is collected`,
        },
        {
          name: 'recorder, event loop held, ms',
          ratio: of(({ recorder }) => recorder['open']!.heldMs),
          atMost: 2,
          figures: `with a log of one event ${show(of(({ none }) => none['open']!.heldMs))} ms; garbage collection aside`,
        },
        {
          name: 'recorder closed, ms',
          ratio: of(({ recorder }) => recorder['close']!.ms),
          atMost: 200,
          figures: tell(rounds[0]!.recorder['close']!),
        },
        ...['page', 'older', 'folded', 'pages', 'closed'].map((name) => ({
          name: `feed, ${name === 'pages' ? `${pages} pages of ${pagedEvents}` : name}, ms`,
          ratio: median(feeds.map((each) => each[name]!.ms)),
          figures: `${tell(feed[name]!)}; first time ${tell(coldFeed[name]!)}; log of one event ${show(noFeed[name]!.ms)} ms`,
        })),
        {
          name: 'feed and two pages, memory kept over a log of one event, MB',
          ratio: median(feeds.map(keptByFeed)) - keptByFeed(noFeed),
          atMost: 60,
          figures: `first time ${show(keptByFeed(coldFeed) - keptByFeed(noFeed))} MB`,
        },
        {
          name: 'feed, heap at most, garbage counted, MB',
          ratio: median(feeds.map(fullestOfFeed)),
          atMost: 60,
          figures: `first time ${show(fullestOfFeed(coldFeed))} MB, with all threads of the process ${show(Math.max(...Object.values(coldFeed).map(({ residentMb }) => residentMb)))} MB`,
        },
        {
          name: 'feed, event loop held, ms',
          ratio: median(feeds.map(heldByFeed)),
          atMost: 2,
          figures: `first time ${show(heldByFeed(coldFeed))} ms, with a log of one event ${show(heldByFeed(noFeed))} ms; garbage collection aside`,
        },
        {
          name: 'list of sessions, ms',
          ratio: listed['list']!.ms,
          atMost: 50,
          figures: `${tell(listed['list']!)}; without a card ${tell(unlisted['list']!)}`,
        },
      ]),
    );
  } finally {
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function keptByFeed(part: Part): number {
  return ['page', 'older', 'folded'].reduce((sum, name) => sum + part[name]!.keptMb, 0);
}

/** Over an empty heap: what earlier parts have kept counts too. */
function fullestOfFeed(part: Part): number {
  let kept = 0;
  let fullest = 0;
  for (const { peakMb, keptMb } of Object.values(part)) {
    fullest = Math.max(fullest, kept + peakMb);
    kept += keptMb;
  }
  return fullest;
}

function heldByFeed(part: Part): number {
  return Math.max(...Object.values(part).map(({ heldMs }) => heldMs));
}

async function measureBare(): Promise<Part> {
  const reader = await openLogReader({ layout: layoutOf(partFolder), session, digest: nodeDigest });
  const found: Part = {};
  found['read'] = await cost(async () => {
    let read = 0;
    for await (const events of reader.all()) read += events.length;
    if (read !== count) throw new Error('Not all events were read.');
  });
  found['parse'] = await cost(() => {
    const folder = layoutOf(partFolder).session(session).events;
    let parsed = 0;
    for (const name of fs.readdirSync(folder).filter((each) => each.endsWith('.jsonl')))
      for (const line of fs.readFileSync(join(folder, name), 'utf8').split('\n'))
        if (line !== '') parsed += (JSON.parse(line) as LoggedEvent).v;
    if (parsed !== count) throw new Error('Not all lines were parsed.');
    return Promise.resolve();
  });
  reader.dispose();
  return found;
}

async function measureRecorder(): Promise<Part> {
  const found: Part = {};
  let recorder: Awaited<ReturnType<typeof openRecorder>> | undefined;
  found['open'] = await cost(async () => {
    recorder = await openRecorder({
      folders: [{ name: 'bench', path: partFolder }],
      root: join(partFolder, '.tapedeck'),
      settings: defaultRecorderSettings,
      clock,
      digest: nodeDigest,
      app: 'vscode',
      watcher: { watch: () => ({ dispose() {} }) },
      agents: { adapters: transcriptAdapters, environment: { platform: process.platform, homeFolder: partFolder, variables: {} } },
    });
    await recorder.whenReady;
    const { state, session: joined } = recorder.status();
    if (state !== 'recording' || joined !== session) throw new Error(`Not recording, but ${state}.`);
  });
  found['close'] = await cost(async () => recorder!.close());
  return found;
}

async function measureFeed(): Promise<Part> {
  const found: Part = {};
  let feed: Awaited<ReturnType<typeof openSessionFeed>> | undefined;
  let start: { readonly at: string; readonly w: string; readonly n: number } | undefined;
  const worker = openLogWorker({ digest: nodeDigest, program: process.argv[1] });
  found['page'] = await cost(async () => {
    feed = await openSessionFeed({ layout: layoutOf(partFolder), session, digest: nodeDigest, keepsFolds: true, worker });
    ({ start } = await feed.reader.tail(300));
  });
  found['older'] = await cost(async () => void (start && (await feed!.reader.before(start, 300))));
  found['folded'] = await cost(async () => feed!.whenFolded);
  found['pages'] = await cost(async () => {
    for (let page = 0; page < pages && start !== undefined; page++) {
      ({ start } = await feed!.reader.before(start, pagedEvents));
      // As somebody asks for them, one after the other.
      await sleep(1);
    }
  });
  found['closed'] = await cost(() => Promise.resolve(feed!.dispose()));
  worker.dispose();
  return found;
}

async function measureList(): Promise<Part> {
  const sessions = createSessions({
    layout: layoutOf(partFolder),
    clock,
    digest: nodeDigest,
    folders: [{ name: 'bench', path: partFolder }],
    app: 'vscode',
    idleHours: 4,
    random: (length) => 'x'.repeat(length),
    storesCards: true,
  });
  return { list: await cost(async () => void (await sessions.list())) };
}

async function cost(work: () => Promise<unknown>): Promise<Cost> {
  collect();
  const before = heapMb();
  let peak = before;
  const residentBefore = process.memoryUsage.rss();
  let resident = residentBefore;
  const loop = watchLoop(() => {
    peak = Math.max(peak, heapMb());
    resident = Math.max(resident, process.memoryUsage.rss());
  });
  await sleep(20);
  const cpu = process.cpuUsage();
  const from = performance.now();
  await work();
  const ms = performance.now() - from;
  const { user, system } = process.cpuUsage(cpu);
  const heldMs = await loop();
  collect();
  const residentMb = (resident - residentBefore) / 1e6;
  return { ms, cpuMs: (user + system) / 1000, peakMb: peak - before, keptMb: heapMb() - before, residentMb, heldMs };
}

/** The longest time for which this thread was at work in one go, not collecting garbage. */
function watchLoop(onLook: () => void): () => Promise<number> {
  const pauses: { readonly from: number; readonly to: number }[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) pauses.push({ from: startTime, to: startTime + duration });
  });
  observer.observe({ entryTypes: ['gc'] });
  const gaps: { readonly from: number; readonly to: number; readonly busyMs: number }[] = [];
  const busy = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let lastAt = performance.now();
  let lastBusy = busy();
  let looks = 0;
  const timer = setInterval(() => {
    const at = performance.now();
    const nowBusy = busy();
    if (at - lastAt > 1.5) gaps.push({ from: lastAt, to: at, busyMs: nowBusy - lastBusy });
    if (looks++ % 10 === 0) onLook();
    lastAt = performance.now();
    lastBusy = busy();
  }, 1);
  return async () => {
    clearInterval(timer);
    await sleep(50);
    observer.disconnect();
    let longest = 0;
    for (const { from, to, busyMs } of gaps) {
      const collecting = pauses.reduce((sum, pause) => sum + Math.max(0, Math.min(to, pause.to) - Math.max(from, pause.from)), 0);
      longest = Math.max(longest, Math.min(busyMs, to - from) - collecting);
    }
    return longest;
  };
}
