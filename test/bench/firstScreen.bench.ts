import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { markOf } from '../../src/core/eventOrder.ts';
import { encodeLine, firstPrev, lineHash } from '../../src/core/logCodec.ts';
import type { TapedeckEvent } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout, type SessionLayout } from '../../src/store/layout.ts';
import { openLogReader } from '../../src/store/logReader.ts';
import { describeGoals, median, percentile, show } from './measure.ts';

// The first screen of a log of a million events against parsing it all; and that it costs no more than that of a short log.

const folder = await mkdtemp(join(process.env['TAPEDECK_BENCH_DIR'] ?? tmpdir(), 'tapedeck-bench-'));
const count = process.argv.includes('--quick') ? 100_000 : 1_000_000;
const sessionId = '20260101-120000-abcd';
const start = Date.UTC(2026, 0, 1);

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

async function writeLog(session: SessionLayout, total: number): Promise<number> {
  await mkdir(session.events, { recursive: true });
  let prev = firstPrev;
  let bytes = 0;
  let number = 1;
  let file = await open(session.segment('k3f9ab2c', number), 'w');
  for (let n = 1, inFile = 0; n <= total;) {
    const lines: string[] = [];
    for (let end = Math.min(total, n + 1999); n <= end; n++) {
      const line = encodeLine(eventOf(n), prev, nodeDigest);
      prev = lineHash(line.slice(0, -1), nodeDigest);
      lines.push(line);
    }
    const chunk = Buffer.from(lines.join(''));
    await file.write(chunk);
    bytes += chunk.length;
    inFile += chunk.length;
    if (inFile < 64 << 20) continue;
    await file.close();
    file = await open(session.segment('k3f9ab2c', (number += 1)), 'w');
    inFile = 0;
  }
  await file.close();
  return bytes;
}

async function parseAll(session: SessionLayout): Promise<number> {
  let parsed = 0;
  for (const name of (await readdir(session.events)).sort()) {
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of createReadStream(join(session.events, name), { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let from = 0;
      for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, from)) {
        JSON.parse(bytes.toString('utf8', from, at));
        parsed += 1;
        from = at + 1;
      }
      rest = bytes.subarray(from);
    }
  }
  return parsed;
}

async function timed(times: number, job: () => Promise<unknown>): Promise<number> {
  const took: number[] = [];
  for (let run = 0; run < times; run++) {
    const from = performance.now();
    await job();
    took.push(performance.now() - from);
  }
  return median(took);
}

try {
  const large = tapedeckLayout(join(folder, 'large'));
  const small = tapedeckLayout(join(folder, 'small'));
  const bytes = await writeLog(large.session(sessionId), count);
  await writeLog(small.session(sessionId), 10_000);
  const options = { session: sessionId, digest: nodeDigest };
  const largeReader = await openLogReader({ layout: large, ...options });
  const smallReader = await openLogReader({ layout: small, ...options });
  const firstMs = await timed(1, () => largeReader.tail(200));
  for (let warm = 0; warm < 100; warm++) await smallReader.tail(200);
  const largeMs = await timed(101, () => largeReader.tail(200));
  const smallMs = await timed(101, () => smallReader.tail(200));
  const tookMs: number[] = [];
  for (let run = 0; run < 300; run++) {
    const cursor = markOf(eventOf(1 + ((run * 7919 * 131) % (count - 300))));
    const from = performance.now();
    const page = await largeReader.after(cursor, 200);
    tookMs.push(performance.now() - from);
    if (page.events.length !== 200 || page.start?.n !== cursor.n + 1) throw new Error('A wrong page.');
  }
  global.gc?.();
  const heapBefore = process.memoryUsage().heapUsed;
  let page = await largeReader.tail(200);
  for (let turn = 0; turn < 200; turn++) page = await largeReader.before(page.start!, 200);
  const heapMb = (process.memoryUsage().heapUsed - heapBefore) / (1 << 20);
  const parseMs = await timed(3, () => parseAll(large.session(sessionId)));
  let foldMs = performance.now();
  let read = 0;
  for await (const batch of largeReader.all()) read += batch.length;
  foldMs = performance.now() - foldMs;
  if (read !== count) throw new Error('Not all events were read.');
  console.log(
    `${count.toLocaleString('en')} events, ${show(bytes / 1e6)} MB, warm cache, Node ${process.versions.node}. The very first page of the process took ${show(firstMs)} ms (schemas are compiled once).\n`,
  );
  console.log(
    describeGoals([
      { name: 'last 200, ms', ratio: largeMs, atMost: 1, figures: `${show(largeMs)} ms` },
      { name: 'parse all : last 200', ratio: parseMs / largeMs, atLeast: 2000, figures: `${show(parseMs)} : ${show(largeMs)} ms` },
      {
        name: 'last 200 of this log : of 10,000 events',
        ratio: largeMs / smallMs,
        atMost: 1.2,
        figures: `${show(largeMs)} : ${show(smallMs)} ms`,
      },
      { name: '200 from anywhere, p50 ms', ratio: median(tookMs), figures: `p99 ${show(percentile(tookMs, 0.99))} ms, no index` },
      { name: 'read, check and order all : parse all', ratio: foldMs / parseMs, figures: `${show(foldMs)} : ${show(parseMs)} ms` },
      { name: 'heap grown by paging back 200 pages, MB', ratio: heapMb, atMost: 60, figures: 'garbage not collected counted' },
    ]),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
