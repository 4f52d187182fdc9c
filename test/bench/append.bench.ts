import { spawnSync } from 'node:child_process';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/base/clock.ts';
import type { EventDraft } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout } from '../../src/store/layout.ts';
import { openLogWriter, type LogWriter } from '../../src/store/logWriter.ts';
import { describeGoals, median, percentile, show } from './measure.ts';

// A durable append, whole pipeline (encode, crc, chain, write, sync, acknowledge), against the bare system calls in C and
// against the un-synced `fs.promises.appendFile` that most recorders use. Both sides of a ratio take turns in one run.

const folder = await mkdtemp(join(process.env['TAPEDECK_BENCH_DIR'] ?? tmpdir(), 'tapedeck-bench-'));
const quick = process.argv.includes('--quick');
const rounds = quick ? 3 : 5;
const sizeBytes = 550;
const session = '20260101-120000-abcd';
const slowDiskUs = 5000;
let runs = 0;

/** An event whose line takes about `sizeBytes`. */
const draft: EventDraft = {
  kind: 'command.ended',
  by: { actor: 'agent', name: 'codex', how: 'terminal' },
  run: '0199e5a1-7c2f-7f40-9d2e-3f1f5e0c9a11',
  turn: 3,
  command: 'npm test -- --run src/parser',
  cwd: 'packages/core',
  exitCode: 1,
  durationMs: 4213,
  output: { head: 'x'.repeat(120), sizeBytes: 120 },
};

interface Rate {
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

function compile(name: string, ...options: readonly string[]): string | undefined {
  const source = process.env['TAPEDECK_BENCH_SOURCE'] ?? '';
  const program = join(folder, name);
  const result = spawnSync(process.env['CC'] ?? 'cc', ['-O2', '-o', program, join(source, `${name}.c`), ...options], { stdio: 'inherit' });
  return result.status === 0 ? program : undefined;
}

/** Runs a program that prints a rate. `preload` slows its syncs. */
function ask(program: string, words: readonly string[], preload?: string): Rate {
  const slow = preload === undefined ? {} : { LD_PRELOAD: preload, TAPEDECK_SYNC_DELAY_US: String(slowDiskUs) };
  const result = spawnSync(program, words, { encoding: 'utf8', env: { ...process.env, ...slow }, stdio: ['ignore', 'pipe', 'inherit'] });
  if (result.status !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${result.status ?? result.signal}.`);
  return JSON.parse(result.stdout) as Rate;
}

function measureRaw(program: string, count: number, preload?: string): Rate {
  return ask(program, [join(folder, `raw-${(runs += 1)}`), String(count), String(sizeBytes)], preload);
}

async function measureCallers(callers: number, total: number, append: () => Promise<unknown>): Promise<Rate> {
  const tookUs: number[] = [];
  let left = total;
  const call = async (): Promise<void> => {
    while (left-- > 0) {
      const from = performance.now();
      await append();
      tookUs.push((performance.now() - from) * 1000);
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: callers }, call));
  const perSecond = (total / (performance.now() - started)) * 1000;
  return { perSecond, p50Us: percentile(tookUs, 0.5), p99Us: percentile(tookUs, 0.99) };
}

async function withLog<T>(callers: number, measure: (writer: LogWriter) => Promise<T>): Promise<T> {
  const layout = tapedeckLayout(join(folder, `log-${(runs += 1)}`));
  const writer = await openLogWriter({ layout, session, clock: systemClock, digest: nodeDigest });
  await measureCallers(callers, callers * 5, () => writer.append(draft));
  const result = await measure(writer);
  await writer.close();
  await rm(layout.root, { recursive: true });
  return result;
}

function measureLog(callers: number, total: number): Promise<Rate> {
  return withLog(callers, (writer) => measureCallers(callers, total, () => writer.append(draft)));
}

interface Held {
  /** The longest time from one turn of the event loop to the next, collecting garbage and waiting for a processor aside. */
  readonly longestMs: number;
  /** Of the turns in which more than 0.1 ms passed. */
  readonly p99Ms: number;
}

/** The callers do nothing but append again, so that all that holds the loop is the log's. */
function measureHeld(callers: number, total: number): Promise<Held> {
  return withLog(callers, async (writer) => {
    const pauses: { readonly from: number; readonly to: number }[] = [];
    const observer = new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) pauses.push({ from: startTime, to: startTime + duration });
    });
    observer.observe({ entryTypes: ['gc'] });
    const turns: { readonly from: number; readonly to: number; readonly busyMs: number }[] = [];
    const busyMs = (): number => {
      const { user, system } = process.threadCpuUsage();
      return (user + system) / 1000;
    };
    let left = total;
    const call = async (): Promise<void> => {
      while (left-- > 0) await writer.append(draft);
    };
    const calls = Promise.all(Array.from({ length: callers }, call));
    // That they all began in one turn is their own doing.
    await new Promise((resolve) => setImmediate(resolve));
    let isOver = false;
    let from = performance.now();
    let busy = busyMs();
    const turn = (): void => {
      const to = performance.now();
      const nowBusy = busyMs();
      if (to - from > 0.1) turns.push({ from, to, busyMs: nowBusy - busy });
      from = to;
      busy = nowBusy;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);
    await calls;
    isOver = true;
    await new Promise((resolve) => setTimeout(resolve, 20));
    observer.disconnect();
    const held = turns.map(({ from, to, busyMs }) => {
      const collecting = pauses.reduce((sum, pause) => sum + Math.max(0, Math.min(to, pause.to) - Math.max(from, pause.from)), 0);
      return Math.min(busyMs, to - from) - collecting;
    });
    return { longestMs: held.reduce((a, b) => Math.max(a, b), 0), p99Ms: percentile(held, 0.99) };
  });
}

async function measureAppendFile(callers: number, total: number): Promise<Rate> {
  const path = join(folder, `plain-${(runs += 1)}`);
  const line = `${'x'.repeat(sizeBytes - 1)}\n`;
  const rate = await measureCallers(callers, total, () => appendFile(path, line));
  await rm(path);
  return rate;
}

/** This program again, on the slow disk. */
function measureSlowLog(callers: number, total: number, preload: string): Rate {
  return ask(process.execPath, [process.argv[1]!, '--callers', String(callers), '--total', String(total)], preload);
}

try {
  const { values } = parseArgs({ options: { callers: { type: 'string' }, total: { type: 'string' } }, strict: false });
  if (values['callers'] !== undefined) console.log(JSON.stringify(await measureLog(Number(values['callers']), Number(values['total']))));
  else await measureAll();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function measureAll(): Promise<void> {
  const raw = compile('rawSync');
  const slow = process.platform === 'linux' ? compile('slowSync', '-shared', '-fPIC', '-ldl') : undefined;
  const found = {
    raw: [] as Rate[],
    one: [] as Rate[],
    many: [] as Rate[],
    crowd: [] as Rate[],
    plainMany: [] as Rate[],
    plainCrowd: [] as Rate[],
    slowRaw: [] as Rate[],
    slowMany: [] as Rate[],
    slowCrowd: [] as Rate[],
  };
  const held: Held[] = [];
  for (let round = 0; round < rounds; round++) {
    if (raw !== undefined) found.raw.push(measureRaw(raw, 2000));
    found.one.push(await measureLog(1, 2000));
    found.many.push(await measureLog(64, 60_000));
    found.crowd.push(await measureLog(1000, 200_000));
    found.plainMany.push(await measureAppendFile(64, 20_000));
    found.plainCrowd.push(await measureAppendFile(1000, 20_000));
    held.push(await measureHeld(1000, 100_000));
    if (raw === undefined || slow === undefined) continue;
    found.slowRaw.push(measureRaw(raw, 100, slow));
    found.slowMany.push(measureSlowLog(64, 10_000, slow));
    found.slowCrowd.push(measureSlowLog(1000, 100_000, slow));
  }
  const of = (list: readonly Rate[], key: keyof Rate): number => median(list.map((rate) => rate[key]));
  const rawRate = of(found.raw, 'perSecond');
  const slowRate = of(found.slowRaw, 'perSecond');
  console.log(
    `Medians of ${rounds} runs, ${sizeBytes} bytes a line, Node ${process.versions.node}.${raw === undefined ? ' No C compiler: no yardstick.' : ''}\n`,
  );
  console.log(
    describeGoals([
      {
        name: 'append p50, one caller : raw p50',
        ratio: of(found.one, 'p50Us') / of(found.raw, 'p50Us'),
        atMost: 1.25,
        figures: `${show(of(found.one, 'p50Us'))} : ${show(of(found.raw, 'p50Us'))} µs`,
      },
      {
        name: 'append p99, one caller : raw p99',
        ratio: of(found.one, 'p99Us') / of(found.raw, 'p99Us'),
        atMost: 2,
        figures: `${show(of(found.one, 'p99Us'))} : ${show(of(found.raw, 'p99Us'))} µs`,
      },
      {
        name: '64 callers : raw rate',
        ratio: of(found.many, 'perSecond') / rawRate,
        atLeast: 20,
        figures: `${show(of(found.many, 'perSecond'))} : ${show(rawRate)} events/s`,
      },
      {
        name: '1,000 callers : raw rate',
        ratio: of(found.crowd, 'perSecond') / rawRate,
        atLeast: 50,
        figures: `${show(of(found.crowd, 'perSecond'))} : ${show(rawRate)} events/s`,
      },
      {
        name: '64 callers : un-synced appendFile',
        ratio: of(found.many, 'perSecond') / of(found.plainMany, 'perSecond'),
        atLeast: 3,
        figures: `${show(of(found.plainMany, 'perSecond'))} events/s un-synced`,
      },
      {
        name: '1,000 callers : un-synced appendFile',
        ratio: of(found.crowd, 'perSecond') / of(found.plainCrowd, 'perSecond'),
        atLeast: 10,
        figures: `${show(of(found.plainCrowd, 'perSecond'))} events/s un-synced`,
      },
      {
        name: '64 callers, 5 ms more a sync : raw with the same',
        ratio: of(found.slowMany, 'perSecond') / slowRate,
        atLeast: 58,
        figures: `${show(of(found.slowMany, 'perSecond'))} : ${show(slowRate)} events/s`,
      },
      {
        name: '1,000 callers, 5 ms more a sync : raw with the same',
        ratio: of(found.slowCrowd, 'perSecond') / slowRate,
        atLeast: 700,
        figures: `${show(of(found.slowCrowd, 'perSecond'))} : ${show(slowRate)} events/s`,
      },
      {
        name: 'event loop held by the log at the longest, 1,000 callers, ms',
        ratio: median(held.map(({ longestMs }) => longestMs)),
        atMost: 2,
        figures: `p99 ${show(median(held.map(({ p99Ms }) => p99Ms)))} ms; collecting garbage aside`,
      },
    ]),
  );
}
