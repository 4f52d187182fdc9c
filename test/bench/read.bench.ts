import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { appendFile, mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { markOf } from '../../src/core/eventOrder.ts';
import { encodeLine, firstPrev } from '../../src/core/logCodec.ts';
import type { TapedeckEvent } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout, type SessionLayout, type TapedeckLayout } from '../../src/store/layout.ts';
import { LineIndexBuilder, lineIndexKind } from '../../src/store/lineIndex.ts';
import { openLogReader, type LogReader } from '../../src/store/logReader.ts';
import { listSegments } from '../../src/store/segmentFile.ts';
import { writeSidecar } from '../../src/store/sidecar.ts';
import { describeGoals, median, percentile, show, type Goal } from './measure.ts';

// Reading a long log: its newest events, any slice of it, all of it; in a process that has just begun, and at rest.

const sessionId = '20260101-120000-abcd';
const start = Date.UTC(2026, 0, 1);
const isQuick = process.argv.includes('--quick');
const count = isQuick ? 100_000 : 1_000_000;
const hugeCount = isQuick ? 300_000 : 10_000_000;
const pageEvents = 200;
const segmentBytes = 64 << 20;

function eventOf(n: number): TapedeckEvent {
  const base = { v: 1, w: 'k3f9ab2c', n, at: new Date(start + n * 20).toISOString() };
  const by = { actor: 'agent', name: 'codex', how: 'transcript' } as const;
  if (n % 3 === 0) {
    const hash = nodeDigest.sha256(String(n));
    return {
      ...base,
      kind: 'file.changed',
      by,
      path: `src/part${n % 97}/file${n % 1009}.ts`,
      before: { hash, sizeBytes: n, type: 'file' },
      after: { hash, sizeBytes: n + 1, type: 'file' },
      added: 3,
      removed: 1,
    };
  }
  if (n % 3 === 1)
    return {
      ...base,
      kind: 'command.ended',
      by,
      command: `npm test -- ${n}`,
      exitCode: n % 2,
      durationMs: n,
      output: { head: `line ${n} `.repeat(n % 25), sizeBytes: 9 },
    };
  return {
    ...base,
    kind: 'tool.called',
    by,
    run: '0199e5a1-7c2f-7f40-9d2e-3f1f5e0c9a11',
    turn: 3,
    call: `call-${n}`,
    name: 'shell',
    tool: 'execute',
    input: { head: `{"command":"rg -n ${n}"}`, sizeBytes: 30 },
  };
}

/** A log as one writer leaves it, but that every line's chain is its first: nobody who reads a slice asks for it. */
async function writeLog(session: SessionLayout, total: number): Promise<number> {
  await mkdir(session.events, { recursive: true });
  let bytes = 0;
  let number = 1;
  let file = await open(session.segment('k3f9ab2c', number), 'w');
  for (let n = 1, inFile = 0; n <= total;) {
    const lines: string[] = [];
    for (let end = Math.min(total, n + 1999); n <= end; n++) lines.push(encodeLine(eventOf(n), firstPrev, nodeDigest));
    const chunk = Buffer.from(lines.join(''));
    await file.write(chunk);
    bytes += chunk.length;
    inFile += chunk.length;
    if (inFile < segmentBytes || n > total) continue;
    await file.close();
    file = await open(session.segment('k3f9ab2c', (number += 1)), 'w');
    inFile = 0;
  }
  await file.close();
  return bytes;
}

async function forEachLine(path: string, onLine: (bytes: Buffer, from: number, to: number, offset: number) => void): Promise<void> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, from)) {
      onLine(bytes, from, at, offset + from);
      from = at + 1;
    }
    rest = bytes.subarray(from);
    offset += from;
  }
}

async function parseAll(session: SessionLayout): Promise<number> {
  let parsed = 0;
  for (const name of (await readdir(session.events)).sort())
    await forEachLine(join(session.events, name), (bytes, from, to) => {
      JSON.parse(bytes.toString('utf8', from, to));
      parsed += 1;
    });
  return parsed;
}

/** The sidecars of the closed segments; the bytes of their files. */
async function indexLog(session: SessionLayout): Promise<number> {
  let bytes = 0;
  for (const segments of (await listSegments(session)).values())
    for (const segment of segments.slice(0, -1)) {
      const builder = new LineIndexBuilder();
      await forEachLine(segment.path, (line, from, to, offset) => {
        const { n, at } = JSON.parse(line.toString('utf8', from, to)) as TapedeckEvent;
        builder.add({ from: offset, to: offset + to - from }, { n, at });
      });
      const payload = builder.finish();
      if (!(await writeSidecar(session, segment, lineIndexKind, { coveredBytes: segment.sizeBytes, payload }, nodeDigest)))
        throw new Error('No sidecar was written.');
      bytes += payload.length;
    }
  return bytes;
}

async function importIntoSqlite(session: SessionLayout, path: string): Promise<DatabaseSync> {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; CREATE TABLE event (n INTEGER PRIMARY KEY, body TEXT); BEGIN');
  const insert = database.prepare('INSERT INTO event VALUES (?, ?)');
  let n = 0;
  for (const name of (await readdir(session.events)).sort())
    await forEachLine(join(session.events, name), (bytes, from, to) => insert.run((n += 1), bytes.toString('utf8', from, to)));
  database.exec('COMMIT');
  return database;
}

async function timed(times: number, job: (run: number) => unknown): Promise<number[]> {
  const took: number[] = [];
  for (let run = 0; run < times; run++) {
    const from = performance.now();
    await job(run);
    took.push(performance.now() - from);
  }
  return took;
}

const openReader = (layout: TapedeckLayout): Promise<LogReader> => openLogReader({ layout, session: sessionId, digest: nodeDigest });

/** A process of its own opens the log and reads its newest events: how long that takes after the program was loaded. */
async function firstPageMs(root: string): Promise<number> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--first-page', root], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => (text += part));
  await new Promise((resolve) => child.on('close', resolve));
  return Number(text);
}

async function printFirstPage(root: string): Promise<void> {
  const from = performance.now();
  const reader = await openReader(tapedeckLayout(root));
  const page = await reader.tail(pageEvents);
  const tookMs = performance.now() - from;
  if (page.events.length !== pageEvents) throw new Error('A wrong page.');
  process.stdout.write(String(tookMs));
}

const heapMb = (): number => {
  global.gc?.();
  return process.memoryUsage().heapUsed / (1 << 20);
};

async function measure(folder: string): Promise<void> {
  const small = tapedeckLayout(join(folder, 'small'));
  const large = tapedeckLayout(join(folder, 'large'));
  const huge = tapedeckLayout(join(folder, 'huge'));
  await writeLog(small.session(sessionId), 10_000);
  const bytes = await writeLog(large.session(sessionId), count);
  await writeLog(huge.session(sessionId), hugeCount);
  const indexBytes = await indexLog(large.session(sessionId));
  const database = await importIntoSqlite(large.session(sessionId), join(folder, 'log.sqlite'));
  const goals: Goal[] = [];

  const coldMs = median(await inTurn(9, () => firstPageMs(large.root)));
  const [smallReader, largeReader, hugeReader] = [await openReader(small), await openReader(large), await openReader(huge)];
  const tail = { small: [] as number[], large: [] as number[], huge: [] as number[] };
  await timed(200, () => smallReader.tail(pageEvents));
  // In turns, so that what else the machine does meets all alike.
  for (let run = 0; run < 301; run++) {
    tail.small.push(...(await timed(1, () => smallReader.tail(pageEvents))));
    tail.large.push(...(await timed(1, () => largeReader.tail(pageEvents))));
    tail.huge.push(...(await timed(1, () => hugeReader.tail(pageEvents))));
  }
  const largeMs = median(tail.large);
  const parseMs = median(await timed(3, () => parseAll(large.session(sessionId))));
  goals.push(
    { name: 'last 200, ms', ratio: largeMs, atMost: 1, figures: `p99 ${show(percentile(tail.large, 0.99))} ms` },
    { name: 'last 200, the first page of a new process, ms', ratio: coldMs, atMost: 2, figures: 'files cached, program loaded' },
    { name: 'parse all : last 200', ratio: parseMs / largeMs, atLeast: 2000, figures: `${show(parseMs)} : ${show(largeMs)} ms` },
    {
      name: `last 200 of ${hugeCount.toLocaleString('en')} events : of 10,000`,
      ratio: median(tail.huge) / median(tail.small),
      atMost: 1.2,
      figures: `${show(median(tail.huge))} : ${show(median(tail.small))} ms`,
    },
  );

  const select = database.prepare('SELECT body FROM event WHERE n > ? ORDER BY n LIMIT 200');
  const cursorOf = (run: number) => markOf(eventOf(1 + ((run * 7919 * 131) % (count - 300))));
  const slice = { log: [] as number[], sqlite: [] as number[], rows: [] as number[] };
  for (let run = 0; run < 1200; run++) {
    const cursor = cursorOf(run);
    const [log] = await timed(1, async () => {
      const page = await largeReader.after(cursor, pageEvents);
      if (page.events.length !== pageEvents || page.start?.n !== cursor.n + 1) throw new Error('A wrong page.');
    });
    let rows: readonly Record<string, unknown>[] = [];
    const [read] = await timed(1, () => (rows = select.all(cursor.n)));
    const [parsed] = await timed(1, () => rows.map(({ body }) => JSON.parse(body as string) as unknown));
    // The first ones find out where things are, and warm up.
    if (run < 200) continue;
    slice.log.push(log!);
    slice.rows.push(read!);
    slice.sqlite.push(read! + parsed!);
  }
  goals.push(
    {
      name: '200 events from anywhere : SQLite, p50',
      ratio: median(slice.log) / median(slice.sqlite),
      atMost: 0.6,
      figures: `${show(median(slice.log))} : ${show(median(slice.sqlite))} ms, both parsed (SQLite’s rows alone ${show(median(slice.rows))}); p99 ${show(percentile(slice.log, 0.99))} : ${show(percentile(slice.sqlite, 0.99))}`,
    },
    {
      name: 'index : log, a ten-thousandth',
      ratio: (indexBytes / bytes) * 10_000,
      atMost: 1,
      figures: `${show(indexBytes / 1000)} kB : ${show(bytes / 1e6)} MB`,
    },
  );
  database.close();

  const none = { kinds: ['git'], run: 'no such run' };
  const skipMs = median(await timed(3, () => largeReader.tail(pageEvents, none)));
  let read = 0;
  const allMs = median(
    await timed(3, async () => {
      for await (const batch of largeReader.all()) read += batch.length;
    }),
  );
  if (read !== count * 3) throw new Error('Not all events were read.');
  goals.push(
    {
      name: 'search all for a kind that is not there : parse all',
      ratio: skipMs / parseMs,
      figures: `${show(skipMs)} : ${show(parseMs)} ms, every line checked`,
    },
    { name: 'read, check and order all : parse all', ratio: allMs / parseMs, figures: `${show(allMs)} : ${show(parseMs)} ms` },
  );

  const before = heapMb();
  const reader = await openReader(large);
  let page = await reader.tail(pageEvents);
  let peakMb = 0;
  for (let turn = 0; turn < count / pageEvents - 1; turn++) {
    page = await reader.before(page.start!, pageEvents);
    if (turn % 50 === 0) peakMb = Math.max(peakMb, process.memoryUsage().heapUsed / (1 << 20) - before);
  }
  const pagedMb = heapMb() - before;
  const kept: unknown[] = [];
  for (let turn = 0; turn < 50; turn++)
    kept.push(...(await reader.after(cursorOf(turn), pageEvents)).events.map((event) => 'path' in event && event.path));
  const keptMb = heapMb() - before - pagedMb;
  goals.push(
    {
      name: 'heap above empty while paging all, MB',
      ratio: peakMb,
      atMost: 60,
      figures: `garbage counted; ${show(pagedMb)} MB stay with the reader`,
    },
    {
      name: 'heap held by one field of each of 10,000 events, MB',
      ratio: keptMb,
      atMost: 2,
      figures: `${kept.length.toLocaleString('en')} values`,
    },
  );

  const restMs = isQuick ? 2000 : 10_000;
  let told = 0;
  let tell = (): void => {};
  const following = hugeReader.follow((events) => {
    told += events.length;
    tell();
  });
  const arrived = (n: number): Promise<void> =>
    new Promise((resolve) => {
      tell = () => told >= n && resolve();
      tell();
    });
  await pause(500);
  const usage = process.cpuUsage();
  await pause(restMs);
  const { user, system } = process.cpuUsage(usage);
  const delays: number[] = [];
  const path = huge.session(sessionId).segment('zzzz', 1);
  for (let n = 1; n <= 50; n++) {
    const line = encodeLine({ ...eventOf(n), w: 'zzzz' }, firstPrev, nodeDigest);
    await pause(20);
    const from = performance.now();
    await appendFile(path, line);
    await arrived(n);
    delays.push(performance.now() - from);
  }
  following.dispose();
  goals.push(
    {
      name: 'following at rest, CPU ms a second',
      ratio: (user + system) / restMs,
      atMost: 1,
      figures: `over ${restMs / 1000} s, ${hugeCount.toLocaleString('en')} events`,
    },
    {
      name: 'a new event is told after, p99 ms',
      ratio: percentile(delays, 0.99),
      atMost: 100,
      figures: `p50 ${show(median(delays))} ms, written included`,
    },
  );
  console.log(`${count.toLocaleString('en')} events, ${show(bytes / 1e6)} MB, warm cache, Node ${process.versions.node}.\n`);
  console.log(describeGoals(goals));
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function inTurn(times: number, job: () => Promise<number>): Promise<number[]> {
  const results: number[] = [];
  for (let run = 0; run < times; run++) results.push(await job());
  return results;
}

const firstPage = process.argv.indexOf('--first-page');
if (firstPage > 0) await printFirstPage(process.argv[firstPage + 1]!);
else {
  const folder = await mkdtemp(join(process.env['TAPEDECK_BENCH_DIR'] ?? tmpdir(), 'tapedeck-bench-'));
  try {
    await measure(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
