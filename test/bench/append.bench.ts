import { spawnSync } from 'node:child_process';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock } from '../../src/base/clock.ts';
import type { EventDraft } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout } from '../../src/store/layout.ts';
import { diskLogFileSystem, type LogFileSystem } from '../../src/store/logFileSystem.ts';
import { openLogWriter } from '../../src/store/logWriter.ts';
import { describeGoals, median, percentile, show } from './measure.ts';

// A durable append, whole pipeline (encode, crc, chain, write, fdatasync, acknowledge), against the bare system calls in C
// and against the un-synced `fs.promises.appendFile` that most recorders use.

const folder = await mkdtemp(join(process.env['TAPEDECK_BENCH_DIR'] ?? tmpdir(), 'tapedeck-bench-'));
const quick = process.argv.includes('--quick');
const rounds = quick ? 3 : 5;
const sizeBytes = 550;
const session = '20260101-120000-abcd';
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

function buildRaw(): string | undefined {
  const source = process.env['TAPEDECK_BENCH_SOURCE'] ?? '';
  const program = join(folder, 'rawSync');
  return spawnSync(process.env['CC'] ?? 'cc', ['-O2', '-o', program, join(source, 'rawSync.c')], { stdio: 'inherit' }).status === 0
    ? program
    : undefined;
}

function measureRaw(program: string, count: number): Rate {
  const result = spawnSync(program, [join(folder, `raw-${(runs += 1)}`), String(count), String(sizeBytes)], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error('The yardstick failed.');
  return JSON.parse(result.stdout) as Rate;
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

async function measureLog(
  callers: number,
  total: number,
  fileSystem: LogFileSystem = diskLogFileSystem,
): Promise<Rate & { readonly heldMs: number }> {
  const layout = tapedeckLayout(join(folder, `log-${(runs += 1)}`));
  const writer = await openLogWriter({ layout, session, clock: systemClock, digest: nodeDigest, fileSystem });
  await measureCallers(callers, callers * 5, () => writer.append(draft));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const rate = await measureCallers(callers, total, () => writer.append(draft));
  delay.disable();
  await writer.close();
  await rm(layout.root, { recursive: true });
  // The monitor counts its own millisecond.
  return { ...rate, heldMs: Math.max(0, delay.percentile(99) / 1e6 - 1) };
}

async function measureAppendFile(callers: number, total: number): Promise<Rate> {
  const path = join(folder, `plain-${(runs += 1)}`);
  const line = `${'x'.repeat(sizeBytes - 1)}\n`;
  const rate = await measureCallers(callers, total, () => appendFile(path, line));
  await rm(path);
  return rate;
}

/** A disk whose every sync takes 5 ms more, as a slow laptop's does. */
const slowDisk: LogFileSystem = {
  ...diskLogFileSystem,
  async open(path, isNew) {
    const file = await diskLogFileSystem.open(path, isNew);
    return {
      ...file,
      async sync() {
        await file.sync();
        await new Promise((resolve) => setTimeout(resolve, 5));
      },
    };
  },
};

try {
  const raw = buildRaw();
  const found = {
    raw: [] as Rate[],
    one: [] as Rate[],
    many: [] as Rate[],
    crowd: [] as (Rate & { heldMs: number })[],
    plainMany: [] as Rate[],
    plainCrowd: [] as Rate[],
  };
  for (let round = 0; round < rounds; round++) {
    if (raw !== undefined) found.raw.push(measureRaw(raw, 2000));
    found.one.push(await measureLog(1, 2000));
    found.many.push(await measureLog(64, 60_000));
    found.crowd.push(await measureLog(1000, 200_000));
    found.plainMany.push(await measureAppendFile(64, 20_000));
    found.plainCrowd.push(await measureAppendFile(1000, 20_000));
  }
  const slowMany = await measureLog(64, 10_000, slowDisk);
  const slowCrowd = await measureLog(1000, 100_000, slowDisk);
  const of = (list: readonly Rate[], key: keyof Rate): number => median(list.map((rate) => rate[key]));
  const rawRate = of(found.raw, 'perSecond');
  const slowRaw = 1000 / (5 + 1000 / rawRate);
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
        ratio: slowMany.perSecond / slowRaw,
        atLeast: 58,
        figures: `${show(slowMany.perSecond)} : ${show(slowRaw)} events/s (the delay is a timer, the raw rate computed)`,
      },
      {
        name: '1,000 callers, 5 ms more a sync : raw with the same',
        ratio: slowCrowd.perSecond / slowRaw,
        atLeast: 700,
        figures: `${show(slowCrowd.perSecond)} : ${show(slowRaw)} events/s`,
      },
      {
        name: 'event loop held at 1,000 callers, p99 ms',
        ratio: median(found.crowd.map(({ heldMs }) => heldMs)),
        atMost: 2,
        figures: 'callers’ own work counted',
      },
    ]),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
