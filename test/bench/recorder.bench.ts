// What recording costs while nothing much happens: the start over a large repository, a look at everything, the longest hold
// of the event loop, memory, rest, and the first copy of a folder without git; each against the bare work, in one run.
import { execFileSync } from 'node:child_process';
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/base/clock.ts';
import { openRecorder } from '../../src/services/recorder.ts';
import { defaultRecorderSettings } from '../../src/services/recorderSettings.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { describeGoals, median, show } from './measure.ts';

const isQuick = process.argv.includes('--quick');
const fileCount = isQuick ? 5_000 : 50_000;
const restMs = isQuick ? 2_000 : 5_000;

/** What a process of its own found, so that no memory or compiled code of another part is in it. */
interface Bare {
  readonly rssMb: number;
  readonly walkMs: number;
  readonly statusMs: number;
}
interface Recorded {
  readonly readyMs: number;
  readonly reconcileMs: number;
  readonly heldMs: number;
  readonly heldIn: string;
  readonly rssMb: number;
  readonly restMsPerSecond: number;
}
interface Copied {
  readonly bareMs: number;
  readonly baselineMs: number;
}

const part = process.argv.find((word) => word.startsWith('--part='))?.slice('--part='.length);
const [name, folderOfPart] = part?.split(':') ?? [];
if (name === 'bare') tell(await measureBare(folderOfPart!));
else if (name === 'record') tell(await measureRecording(folderOfPart!));
else if (name === 'copy') tell(await measureCopying(folderOfPart!));
else await measureAll();

function tell(found: Bare | Recorded | Copied): never {
  process.stdout.write(JSON.stringify(found));
  process.exit(0);
}

async function measureAll(): Promise<void> {
  const folder = fs.mkdtempSync(join(tmpdir(), 'td-bench-'));
  try {
    layFiles(folder);
    const copied = run('copy', folder);
    git(folder, 'init', '-q');
    git(folder, 'add', '.');
    git(folder, '-c', 'user.name=bench', '-c', 'user.email=bench@example.com', 'commit', '-q', '-m', 'all');
    git(folder, 'status');
    const rounds = Array.from({ length: isQuick ? 1 : 3 }, () => ({
      bare: run('bare', folder),
      own: run('record', folder),
    }));
    const of = (pick: (round: (typeof rounds)[number]) => number): number => median(rounds.map(pick));
    const walkMs = of(({ bare }) => bare.walkMs);
    const statusMs = of(({ bare }) => bare.statusMs);
    const readyMs = of(({ own }) => own.readyMs);
    const reconcileMs = of(({ own }) => own.reconcileMs);
    const heldMs = of(({ own }) => own.heldMs);
    const rssMb = of(({ own, bare }) => own.rssMb - bare.rssMb);
    const rest = of(({ own }) => own.restMsPerSecond);
    console.log(
      `${fileCount.toLocaleString('en')} files, medians of ${rounds.length} runs, Node ${process.versions.node}, no file watcher.\n`,
    );
    console.log(
      describeGoals([
        {
          name: 'ready : `git status` + walk and lstat',
          ratio: readyMs / (walkMs + statusMs),
          atMost: 2,
          figures: `${show(readyMs)} : ${show(statusMs)} + ${show(walkMs)} ms`,
        },
        { name: 'ready : `git status`', ratio: readyMs / statusMs, figures: `${show(readyMs)} : ${show(statusMs)} ms` },
        {
          name: 'a look at everything : walk and lstat',
          ratio: reconcileMs / walkMs,
          atMost: 2,
          figures: `${show(reconcileMs)} : ${show(walkMs)} ms`,
        },
        {
          name: 'event loop held at the longest, ms',
          ratio: heldMs,
          atMost: 10,
          figures: `in ${rounds.map(({ own }) => `${own.heldIn} ${show(own.heldMs)}`).join(', ')}; pauses of the garbage collector, and of other programs, aside`,
        },
        {
          name: 'memory over bare Node, MB',
          ratio: rssMb,
          atMost: 100,
          figures: `resident, garbage not collected counted`,
        },
        { name: 'CPU at rest, ms a second', ratio: rest, atMost: 1, figures: `over ${restMs / 1000} s` },
        {
          name: 'first copy without git : read + hash + write',
          ratio: copied.baselineMs / copied.bareMs,
          atMost: 1.5,
          figures: `${show(copied.baselineMs)} : ${show(copied.bareMs)} ms; ours walks, packs and compresses too`,
        },
      ]),
    );
  } finally {
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface Parts {
  readonly bare: Bare;
  readonly record: Recorded;
  readonly copy: Copied;
}

function run<Name extends keyof Parts>(which: Name, folder: string): Parts[Name] {
  const flags = process.argv.slice(2).filter((word) => word.startsWith('--'));
  const output = execFileSync(process.execPath, [process.argv[1]!, ...flags, `--part=${which}:${folder}`], { encoding: 'utf8' });
  return JSON.parse(output) as Parts[Name];
}

function git(folder: string, ...args: readonly string[]): void {
  execFileSync('git', args, { cwd: folder, stdio: 'ignore' });
}

/** Files of 0.2 to 8 KB of words that compress as source text does, 50 in a folder. */
function layFiles(folder: string): void {
  let seed = 7;
  // mulberry32: no two files alike, the same ones in each run.
  const random = (): number => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const words = Array.from({ length: 2000 }, () => Math.floor(random() * 36 ** 6).toString(36));
  for (let i = 0; i < fileCount; i++) {
    const below = join(folder, `part${Math.floor(i / 2500)}`, `room${Math.floor(i / 50) % 50}`);
    if (i % 50 === 0) fs.mkdirSync(below, { recursive: true });
    const length = Math.floor(30 + random() ** 3 * 1100);
    fs.writeFileSync(join(below, `file${i}.ts`), Array.from({ length }, () => words[Math.floor(random() ** 2 * words.length)]).join(' '));
  }
}

function walk(folder: string): string[] {
  const files: string[] = [];
  const pending = [folder];
  for (let at = pending.pop(); at !== undefined; at = pending.pop())
    for (const entry of fs.readdirSync(at, { withFileTypes: true })) {
      if (entry.name === '.git' || entry.name === '.tapedeck') continue;
      const path = `${at}/${entry.name}`;
      if (entry.isDirectory()) pending.push(path);
      else {
        fs.lstatSync(path);
        files.push(path);
      }
    }
  return files;
}

function timed(work: () => void): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

async function measureBare(folder: string): Promise<Bare> {
  // Memory of a Node that runs this and has done nothing yet would count our own code: one that loads nothing is asked.
  const rssMb = Number(execFileSync(process.execPath, ['-p', 'process.memoryUsage.rss()'], { encoding: 'utf8' })) / 1e6;
  const walkMs = median(Array.from({ length: 5 }, () => timed(() => walk(folder))));
  const statusMs = median(Array.from({ length: 5 }, () => timed(() => git(folder, 'status', '--porcelain', '--untracked-files=no'))));
  return { rssMb, walkMs, statusMs };
}

function record(folder: string): ReturnType<typeof openRecorder> {
  fs.rmSync(join(folder, '.tapedeck'), { recursive: true, force: true });
  return openRecorder({
    folders: [{ name: 'bench', path: folder }],
    root: join(folder, '.tapedeck'),
    settings: defaultRecorderSettings,
    clock: systemClock,
    digest: nodeDigest,
    app: 'cli',
    watcher: { watch: () => ({ dispose() {} }) },
  });
}

async function measureRecording(folder: string): Promise<Recorded> {
  const loop = watchLoop();
  // The loop is watched before anything begins.
  await sleep(20);
  loop.phase = 'start';
  const startedAt = performance.now();
  const recorder = await record(folder);
  await recorder.whenReady;
  const readyMs = performance.now() - startedAt;
  loop.phase = 'session and manifest';
  await recorder.start('bench');
  await recorder.reconcile('hand');
  await sleep(isQuick ? 500 : 1500);
  loop.phase = 'look';
  const looks: number[] = [];
  for (let i = 0; i < 5; i++) {
    const lookedAt = performance.now();
    await recorder.reconcile('hand');
    looks.push(performance.now() - lookedAt);
  }
  const { heldMs, heldIn } = await loop.stop();
  const rssMb = process.memoryUsage.rss() / 1e6;
  const before = process.cpuUsage();
  await sleep(restMs);
  const { user, system } = process.cpuUsage(before);
  await recorder.close();
  return { readyMs, reconcileMs: median(looks), heldMs, heldIn, rssMb, restMsPerSecond: (user + system) / restMs };
}

/**
 * The longest time in which a timer of 1 ms did not come to its turn, as far as this thread was at work then (on a busy
 * machine it may have waited for a processor) and not collecting garbage.
 */
function watchLoop(): { phase: string; stop(): Promise<{ readonly heldMs: number; readonly heldIn: string }> } {
  const pauses: { readonly from: number; readonly to: number }[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) pauses.push({ from: startTime, to: startTime + duration });
  });
  observer.observe({ entryTypes: ['gc'] });
  const gaps: { readonly from: number; readonly to: number; readonly busyMs: number; readonly phase: string }[] = [];
  const busy = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let lastAt = performance.now();
  let lastBusy = busy();
  const loop = { phase: 'before', stop };
  const timer = setInterval(() => {
    const at = performance.now();
    const nowBusy = busy();
    if (at - lastAt > 3) gaps.push({ from: lastAt, to: at, busyMs: nowBusy - lastBusy, phase: loop.phase });
    lastAt = at;
    lastBusy = nowBusy;
  }, 1);
  async function stop(): Promise<{ readonly heldMs: number; readonly heldIn: string }> {
    clearInterval(timer);
    await sleep(50);
    observer.disconnect();
    let longest = { heldMs: 0, heldIn: 'nothing' };
    for (const { from, to, busyMs, phase } of gaps) {
      if (phase === 'before') continue;
      const collecting = pauses.reduce((sum, pause) => sum + Math.max(0, Math.min(to, pause.to) - Math.max(from, pause.from)), 0);
      const heldMs = Math.min(busyMs, to - from) - collecting;
      if (heldMs > longest.heldMs) longest = { heldMs, heldIn: phase };
    }
    return longest;
  }
  return loop;
}

async function measureCopying(folder: string): Promise<Copied> {
  const target = `${folder}-bare`;
  const files = walk(folder);
  const bare = (): void => {
    const output = fs.openSync(target, 'w');
    for (const path of files) {
      const bytes = fs.readFileSync(path);
      crypto.createHash('sha256').update(bytes).digest('hex');
      fs.writeSync(output, bytes);
    }
    fs.fdatasyncSync(output);
    fs.closeSync(output);
  };
  try {
    bare();
    const before = timed(bare);
    const startedAt = performance.now();
    const recorder = await record(folder);
    const baseline = new Promise<void>((resolve) => {
      recorder.journal.onDidRecord(({ kind }) => {
        if (kind === 'baseline.taken') resolve();
      });
    });
    await recorder.whenReady;
    await recorder.start('bench');
    await baseline;
    const baselineMs = performance.now() - startedAt;
    await recorder.close();
    return { bareMs: median([before, timed(bare)]), baselineMs };
  } finally {
    fs.rmSync(target, { force: true });
    fs.rmSync(join(folder, '.tapedeck'), { recursive: true, force: true });
  }
}
