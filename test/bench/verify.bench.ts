import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { encodeLine, firstPrev, lineHash } from '../../src/core/logCodec.ts';
import type { TapedeckEvent } from '../../src/model/event.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout, type SessionLayout } from '../../src/store/layout.ts';
import { lineIndexRecipe } from '../../src/store/lineIndexRecipe.ts';
import { verifySession, type ScanSegment, type VerifyOptions } from '../../src/store/logHealth.ts';
import { openScanCrew, serveScans } from '../../src/store/scanCrew.ts';
import { searchIndexRecipe } from '../../src/store/searchIndex.ts';
import { scanSegment } from '../../src/store/segmentScan.ts';
import { writeSidecar } from '../../src/store/sidecar.ts';
import { describeGoals, show } from './measure.ts';

// A whole check of a log of a million events (framing, checksums, encoding, chain) against the fastest reading of its bytes
// that does anything at all with them; and what each part of it costs.

const sessionId = '20260101-120000-abcd';
const start = Date.UTC(2026, 0, 1);
const lanes = Math.min(4, cpus().length);

function eventOf(n: number): TapedeckEvent {
  const base = { v: 1, w: 'k3f9ab2c', n, at: new Date(start + n * 20).toISOString() };
  const by = { actor: 'agent', name: 'codex', how: 'transcript' } as const;
  if (n % 3 === 0) {
    const hash = nodeDigest.sha256(String(n));
    const version = { hash, sizeBytes: n, type: 'file' } as const;
    return { ...base, kind: 'file.changed', by, path: `src/part${n % 97}/file${n % 1009}.ts`, before: version, after: version, added: 3 };
  }
  if (n % 3 === 1)
    return {
      ...base,
      kind: 'command.ended',
      by,
      command: `npm test -- ${n}`,
      exitCode: n % 2,
      durationMs: n,
      output: { head: `line ${n} passed, `.repeat(n % 29), sizeBytes: 9 },
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
    input: { head: `{"command":"rg -n --hidden part${n}"}`.repeat(7), sizeBytes: 30 },
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

/** The best of some: the machine's other work only ever adds. */
async function best(times: number, job: () => Promise<unknown> | unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < times; run++) {
    const from = performance.now();
    await job();
    least = Math.min(least, performance.now() - from);
  }
  return least;
}

/** The longest that a timer of a millisecond had to wait while the job was done. */
async function longestHold(job: () => Promise<unknown>): Promise<number> {
  let heldMs = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    heldMs = Math.max(heldMs, performance.now() - last - 1);
    last = performance.now();
  }, 1);
  await job();
  clearInterval(timer);
  return heldMs;
}

async function main(): Promise<void> {
  const isQuick = process.argv.includes('--quick');
  const count = isQuick ? 200_000 : 1_000_000;
  const runs = isQuick ? 3 : 5;
  const folder = await mkdtemp(join(process.env['TAPEDECK_BENCH_DIR'] ?? tmpdir(), 'tapedeck-bench-'));
  try {
    const layout = tapedeckLayout(join(folder, 'root'));
    const session = layout.session(sessionId);
    const bytes = await writeLog(session, count);
    const files = (await readdir(session.events)).sort().map((name) => join(session.events, name));
    const verify = async (options: VerifyOptions): Promise<void> => {
      const health = await verifySession({ layout, session: sessionId, ...options });
      if (!health.isSound || health.events !== count) throw new Error('Not what was written.');
    };
    const inCrew = async (depth: 'bytes' | 'fields', work = ''): Promise<number> => {
      const crew = openScanCrew({ lanes, start: () => new Worker(process.argv[1]!, { workerData: work }) });
      await verify({ depth, scanner: crew });
      const ms = await best(runs, () => verify({ depth, scanner: crew }));
      crew.dispose();
      return ms;
    };
    const wcMs = await best(runs * 2, () => promisify(execFile)('wc', ['-l', ...files]));
    const parts = await measureParts(files, runs);
    const crewMs = await inCrew('bytes');
    const fieldsMs = await inCrew('fields');
    const sidecarsMs = await inCrew('bytes', 'sidecars');
    const aloneMs = await best(2, () => verify({ depth: 'bytes' }));
    const idleMs = await longestHold(() => new Promise((resolve) => setTimeout(resolve, 1000)));
    const crew = openScanCrew({ lanes: 1, start: () => new Worker(process.argv[1]!) });
    const heldMs = await longestHold(() => verify({ depth: 'bytes', scanner: crew }));
    crew.dispose();
    const wcNow = Math.min(wcMs, await best(runs, () => promisify(execFile)('wc', ['-l', ...files])));
    console.log(
      `${count.toLocaleString('en')} events, ${show(bytes / 1e6)} MB in ${files.length} segments, warm cache, ${lanes} threads, Node ${process.versions.node}. The best of ${runs} runs each.\n`,
    );
    const each = (ms: number): string => `${show((ms * 1000) / count)} µs an event`;
    console.log(
      describeGoals([
        {
          name: 'verify + all sidecars, in one pass : `wc -l`',
          ratio: sidecarsMs / wcNow,
          atMost: 6,
          figures: `${show(sidecarsMs)} : ${show(wcNow)} ms, ${each(sidecarsMs)}`,
        },
        { name: 'verify alone : `wc -l`', ratio: crewMs / wcNow, figures: `${show(crewMs)} ms, ${each(crewMs)}` },
        { name: 'verify with every line parsed : `wc -l`', ratio: fieldsMs / wcNow, figures: `${show(fieldsMs)} ms, ${each(fieldsMs)}` },
        { name: 'verify in one thread, in slices : `wc -l`', ratio: aloneMs / wcNow, figures: `${show(aloneMs)} ms, ${each(aloneMs)}` },
        { name: 'event loop held by a verify in a thread, ms', ratio: heldMs, atMost: 2, figures: `${show(idleMs)} ms at rest` },
        ...parts.map(({ name, ms }) => ({
          name: `${name}, one thread : \`wc -l\``,
          ratio: ms / wcNow,
          figures: `${show(ms)} ms, ${each(ms)}`,
        })),
      ]),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Makes the segment's sidecars of the same lines. */
const scanAndBuild: ScanSegment = async (segment, options) => {
  const recipes = [lineIndexRecipe, searchIndexRecipe];
  const builders = recipes.map((recipe) => recipe.begin(segment, nodeDigest));
  const scan = await scanSegment(segment, { ...options, builders });
  const session = tapedeckLayout(join(dirname(segment.path), '..', '..', '..')).session(sessionId);
  for (const [index, { kind }] of recipes.entries()) {
    const sidecar = { coveredBytes: segment.sizeBytes, payload: builders[index]!.finish() };
    if (!(await writeSidecar(session, segment, kind, sidecar, nodeDigest))) throw new Error('No sidecar.');
  }
  return scan;
};

/** What cannot be saved, each alone and in its cheapest form, over all lines in memory by file. */
async function measureParts(files: readonly string[], runs: number): Promise<{ name: string; ms: number }[]> {
  const parts: Record<string, (line: Buffer) => unknown> = {
    'read and find the lines': (line) => line,
    '+ CRC-32 of each': (line) => nodeDigest.crc32(line),
    '+ SHA-256 of each': (line) => nodeDigest.sha256(line),
  };
  const found: { name: string; ms: number }[] = [];
  for (const [name, work] of Object.entries(parts)) {
    const ms = await best(Math.min(3, runs), async () => {
      const buffer = Buffer.allocUnsafe(1 << 20);
      for (const path of files) {
        const file = await open(path);
        let held = 0;
        for (;;) {
          const { bytesRead } = await file.read(buffer, held, buffer.length - held);
          if (bytesRead === 0) break;
          const end = held + bytesRead;
          let from = 0;
          for (let at = buffer.indexOf(10); at >= 0 && at < end; at = buffer.indexOf(10, from)) {
            work(buffer.subarray(from, at));
            from = at + 1;
          }
          buffer.copyWithin(0, from, end);
          held = end - from;
        }
        await file.close();
      }
    });
    found.push({ name, ms });
  }
  return found;
}

if (isMainThread) await main();
else serveScans(parentPort!, workerData === 'sidecars' ? scanAndBuild : scanSegment);
