import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { markOf } from '../../src/core/eventOrder.ts';
import { emptyState, foldEvent } from '../../src/core/fold.ts';
import { SessionFold } from '../../src/core/sessionFold.ts';
import type { LoggedEvent } from '../../src/model/event.ts';
import type { EventMark } from '../../src/model/sessionState.ts';
import { openSessionFeed } from '../../src/services/sessionFeed.ts';
import { foldSession, keptEvery, readSessionState } from '../../src/services/sessionFolding.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout } from '../../src/store/layout.ts';
import { openLogReader } from '../../src/store/logReader.ts';
import { describeGoals, median, percentile, show } from './measure.ts';
import { mixedEvents, writeMixedLog } from './mixedLog.ts';

// The fold of a million events of a session as agents make it: against JSON.parse of the same lines, and the ways around it.

const folder = await mkdtemp(join(process.env['TAPEDECK_BENCH_DIR'] ?? tmpdir(), 'tapedeck-bench-'));
const count = process.argv.includes('--quick') ? 100_000 : 1_000_000;
const session = '20260101-080000-abcd';
const rounds = 3;

/** Fold and parse take turns on the same lines, so that both have the same machine. */
async function foldAgainstParse(): Promise<{ readonly parseMs: number; readonly foldMs: number }> {
  const took = { parse: [] as number[], fold: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    let parseMs = 0;
    let foldMs = 0;
    const state = emptyState();
    let lines: string[] = [];
    const work = (): void => {
      let from = performance.now();
      let sum = 0;
      for (const line of lines) sum += (JSON.parse(line) as LoggedEvent).n;
      parseMs += performance.now() - from;
      const events = lines.map((line) => JSON.parse(line) as LoggedEvent);
      from = performance.now();
      for (const event of events) foldEvent(state, event);
      foldMs += performance.now() - from;
      if (sum <= 0) throw new Error('Nothing was parsed.');
      lines = [];
    };
    for (const event of mixedEvents(count)) if (lines.push(JSON.stringify(event)) === 512) work();
    if (lines.length > 0) work();
    if (state.counts.events !== count || state.counts.malformed > 0) throw new Error('Not all events were folded.');
    took.parse.push(parseMs);
    took.fold.push(foldMs);
  }
  return { parseMs: median(took.parse), foldMs: median(took.fold) };
}

const timed = async <T>(job: () => Promise<T>): Promise<{ readonly ms: number; readonly result: T }> => {
  const from = performance.now();
  const result = await job();
  return { ms: performance.now() - from, result };
};

try {
  const { parseMs, foldMs } = await foldAgainstParse();
  const layout = tapedeckLayout(join(folder, '.tapedeck'));
  const bytes = await writeMixedLog(layout.session(session), mixedEvents(count));
  const options = { layout, session, digest: nodeDigest };
  const reader = await openLogReader(options);
  const marks: EventMark[] = [];
  const read = await timed(async () => {
    let index = 0;
    const every = Math.floor(count / 200);
    for await (const batch of reader.all()) for (const event of batch) if (index++ % every === every - 3) marks.push(markOf(event));
    return index;
  });
  if (read.result !== count) throw new Error('Not all events were read.');
  const full = await timed(() => foldSession(new SessionFold(), { ...options, keepEvery: 0 }));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const keeping = await timed(() => foldSession(new SessionFold(), { ...options, keepEvery: keptEvery }));
  delay.disable();
  const cache = layout.session(session).cache;
  const kept = await Promise.all((await readdir(cache)).map(async (name) => (await stat(join(cache, name))).size));
  const keptBytes = kept.reduce((sum, size) => sum + size, 0);
  const at: number[] = [];
  for (let turn = 0; turn < 150; turn++) {
    const until = marks[(turn * 7919) % marks.length]!;
    const then = await timed(() => readSessionState({ ...options, until, keepEvery: 0 }));
    if (then.result.session.last?.n !== until.n) throw new Error('Another event’s state.');
    if (turn >= 20) at.push(then.ms);
  }
  const opened: number[] = [];
  for (let turn = 0; turn < 21; turn++) {
    const from = performance.now();
    const feed = await openSessionFeed(options);
    await feed.whenFolded;
    opened.push(performance.now() - from);
    if (feed.state.counts.events !== count) throw new Error('Not all events are in the feed.');
    feed.dispose();
  }
  reader.dispose();
  const us = (ms: number): string => `${show((ms / count) * 1000)} µs an event`;
  console.log(
    `${count.toLocaleString('en')} events of a session of agents, 2,000 files, ${show(bytes / 1e6)} MB, warm cache, Node ${process.versions.node}.\n`,
  );
  console.log(
    describeGoals([
      {
        name: 'speed of the fold : of JSON.parse, same lines',
        ratio: parseMs / foldMs,
        atLeast: 0.8,
        figures: `${us(foldMs)} : ${us(parseMs)}`,
      },
      {
        name: 'speed of reading, checking and folding : of JSON.parse',
        ratio: parseMs / full.ms,
        atLeast: 0.8,
        figures: `${us(full.ms)}, of which reading ${us(read.ms)}`,
      },
      {
        name: 'state at any event, p50 ms',
        ratio: median(at),
        atMost: 30,
        figures: `p90 ${show(percentile(at, 0.9))}, p99 ${show(percentile(at, 0.99))} ms`,
      },
      { name: 'whole fold : state at any event', ratio: full.ms / median(at), figures: `${show(full.ms)} : ${show(median(at))} ms` },
      { name: 'a feed is ready, ms', ratio: median(opened), atMost: 50, figures: `p90 ${show(percentile(opened, 0.9))} ms` },
      {
        name: 'kept folds : log, %',
        ratio: (keptBytes / bytes) * 100,
        atMost: 12.5,
        figures: `${kept.length} of ${show(keptBytes / kept.length / 1000)} kB, made in ${show(keeping.ms - full.ms)} ms`,
      },
      {
        name: 'event loop held while folding and keeping, p99 ms',
        ratio: delay.percentile(99) / 1e6,
        atMost: 2,
        figures: `worst ${show(delay.max / 1e6)} ms, timer’s own 1 ms counted`,
      },
    ]),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
