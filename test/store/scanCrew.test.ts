import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { verifySession, type VerifyOptions } from '../../src/store/logHealth.ts';
import { openScanCrew } from '../../src/store/scanCrew.ts';
import { linesOf, notes, openLogRoom, sessionId, type LogRoom } from './logRoom.ts';

let folder: string;
let thread: string;
let room: LogRoom;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-thread-'));
  thread = join(folder, 'thread.cjs');
  await build({
    stdin: {
      contents: `import { parentPort } from 'node:worker_threads'; import { serveScans } from './src/store/scanCrew.ts'; serveScans(parentPort);`,
      resolveDir: process.cwd(),
      loader: 'ts',
    },
    outfile: thread,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
    logLevel: 'error',
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  room = await openLogRoom();
  // Large enough for threads: three segments, the middle one damaged.
  const lines = linesOf(notes('abcd', 66_000));
  lines[30_000] = lines[30_000]!.replace('note', 'nota');
  for (const number of [1, 2, 3])
    await room.writeSegment(`abcd-000${number}.jsonl`, lines.slice((number - 1) * 22_000, number * 22_000).join(''));
});
afterEach(() => room.close());

const verify = (options: VerifyOptions = {}) => verifySession({ layout: room.layout, session: sessionId, depth: 'bytes', ...options });

test('[L32] threads find what one finds alone, tell how far they are, and leave nothing behind', async () => {
  let started = 0;
  const crew = openScanCrew({ lanes: 2, start: () => ((started += 1), new Worker(thread)) });
  let doneBytes = 0;
  try {
    const health = await verify({ scanner: crew, onProgress: ({ sizeBytes }) => (doneBytes = sizeBytes) });
    expect(health).toEqual(await verify());
    expect(health).toMatchObject({ isSound: false, events: 65_999, lost: 1, faults: [{ reason: 'crc', fromN: 30_001 }] });
    expect(doneBytes).toBe(health.sizeBytes);
    expect(started).toBe(2);
  } finally {
    crew.dispose();
  }
});

test('[L32] where no thread can be started, or one dies, the work is done without it', async () => {
  const failing = openScanCrew({
    lanes: 2,
    start: () => {
      throw new Error('no threads here');
    },
  });
  expect(await verify({ scanner: failing })).toEqual(await verify());
  const dead = join(folder, 'dead.cjs');
  await writeFile(dead, 'process.exit(3)');
  const dying = openScanCrew({ lanes: 2, start: () => new Worker(dead) });
  expect(await verify({ scanner: dying })).toEqual(await verify());
  dying.dispose();
});

test('[L32] a verify in threads is stopped at once', async () => {
  const crew = openScanCrew({ lanes: 2, start: () => new Worker(thread) });
  const stop = new AbortController();
  const verified = verify({ scanner: crew, signal: stop.signal, depth: 'fields' });
  stop.abort(new Error('enough'));
  await expect(verified).rejects.toThrow('enough');
  crew.dispose();
});
