import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isFileEvent } from '../../src/model/event.ts';
import { openContentStore } from '../../src/store/contentStore.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout } from '../../src/store/layout.ts';
import { openLogReader } from '../../src/store/logReader.ts';
import { bundleCli } from '../cli/cliRoom.ts';
import { RewindWorld } from '../services/rewindWorld.ts';
import { sessionId } from '../store/logRoom.ts';
import { bundleProgram, type BundledProgram } from './bundledProgram.ts';
import { createDice, depth, isFull, seedOf } from './depth.ts';
import { openLoopDisk, type LoopDisk, type LoopDiskKind } from './loopDisk.ts';
import { orSkip, type Obstacle } from './obstacle.ts';
import { readRecorded } from './recordedContents.ts';

/** The power goes while processes write: on file systems of their own, cut off from their disk by the kernel. */
let appending: BundledProgram;
let storing: BundledProgram;
let careless: BundledProgram;
let rewinding: BundledProgram;
let cli: Awaited<ReturnType<typeof bundleCli>>;
beforeAll(async () => {
  cli = await bundleCli();
  [appending, storing, careless, rewinding] = (await Promise.all(
    ['appendingProgram.ts', 'storingProgram.ts', 'carelessProgram.ts', 'rewindingProgram.ts'].map(async (name) => bundleProgram(name)),
  )) as [BundledProgram, BundledProgram, BundledProgram, BundledProgram];
});
afterAll(async () => {
  await cli.remove();
  for (const program of [appending, storing, careless, rewinding]) await program.close();
});
const timeout = { timeout: depth(240_000, 3_600_000), retry: 0 };

describe.each<LoopDiskKind>(['ext4', 'xfs'])('on %s', (kind) => {
  let found: LoopDisk | Obstacle;
  beforeAll(() => {
    found = openLoopDisk(kind);
  });
  afterAll(() => {
    if (!('obstacle' in found)) found.close();
  });

  /**
   * Cuts the power so long after the first acknowledgement, and starts again. The lines that had come before: what the
   * process is told in the moment of the cut, and what it tells then, nobody would have seen.
   */
  async function cutUnder(
    disk: LoopDisk,
    program: BundledProgram,
    args: readonly (string | number)[],
    delayMs: number,
  ): Promise<readonly string[]> {
    let before: readonly string[] = [];
    await program.finish({
      args,
      onFirstLine: (kill, told) =>
        setTimeout(() => {
          before = told();
          disk.cut();
          setTimeout(kill, 20);
        }, delayMs),
    });
    disk.restart();
    return before;
  }

  test('what a program did not sync is lost, so these cuts are real', timeout, async ({ skip }) => {
    const disk = orSkip(found, skip);
    const path = join(disk.path, 'careless/file');
    const lines = await cutUnder(disk, careless, [path], 30);
    const kept = existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
    expect(lines.length).toBeGreaterThan(0);
    expect(kept).toBeLessThan(lines.length);
  });

  test('[L2] a power cut at any moment costs no event that was acknowledged', timeout, async ({ skip }) => {
    const disk = orSkip(found, skip);
    const dice = createDice(seedOf(20260107));
    const root = join(disk.path, 'log');
    let acknowledged = 0;
    for (let cut = 0; cut < depth(3, 200); cut++) {
      const layout = tapedeckLayout(root);
      const shape = [[1, 8, 64][dice(3)]!, [40, 500, 20_000][dice(3)]!, dice(3) === 0 ? 'short' : '', [0, 20_000][dice(2)]!];
      const lines = await cutUnder(disk, appending, [root, sessionId, 0, ...shape], dice(30));
      const reader = await openLogReader({ layout, session: sessionId, digest: nodeDigest });
      const found = new Set<string>();
      for await (const batch of reader.all()) for (const { w, n } of batch) found.add(`${w}.${n}`);
      const ids = lines.filter((line) => !line.startsWith('failed'));
      expect(
        ids.filter((id) => !found.has(id)),
        shape.join(' '),
      ).toEqual([]);
      expect((await reader.verify()).breaks, shape.join(' ')).toEqual([]);
      acknowledged += ids.length;
      // Every fourth time the next one finds nothing: then folders and names are new as well.
      if (dice(4) === 0) rmSync(root, { recursive: true });
    }
    expect(acknowledged).toBeGreaterThan(0);
  });

  test('[R20] a power cut at any moment costs no content that was acknowledged', timeout, async ({ skip }) => {
    const disk = orSkip(found, skip);
    const dice = createDice(seedOf(20260108));
    const root = join(disk.path, 'contents');
    for (let cut = 0; cut < depth(2, 100); cut++) {
      const shape = [[1, 4, 32][dice(3)]!, [100, 3000, 90_000][dice(3)]!, ['', 'thewriter'][dice(2)]!, [0, 2][dice(2)]!];
      const lines = await cutUnder(disk, storing, [root, 0, ...shape], dice(40));
      const store = await openContentStore({ layout: tapedeckLayout(root), digest: nodeDigest, writer: 'reader' });
      for (const hash of lines.filter((line) => !line.startsWith('failed'))) {
        const bytes = await store.get(hash);
        expect(bytes === undefined ? undefined : nodeDigest.sha256(bytes), shape.join(' ')).toBe(hash);
      }
      await store.close();
      if (dice(3) === 0) rmSync(root, { recursive: true });
    }
  });

  test('[S3] [R20] after a power cut under the recorder every content that its log names is there', timeout, async ({ skip }) => {
    const disk = orSkip(found, skip);
    const dice = createDice(seedOf(20260115));
    let named = 0;
    for (let cut = 0; cut < depth(1, 60); cut++) {
      const folder = join(disk.path, `work${cut}`);
      mkdirSync(folder);
      const recorder = spawn(process.execPath, [cli.path, 'record', '--no-agents'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
      const ended = once(recorder, 'close');
      await new Promise<void>((resolve, reject) => {
        let told = '';
        recorder.stderr.setEncoding('utf8').on('data', (text: string) => {
          told += text;
          if (told.includes('recording 2')) resolve();
        });
        recorder.on('close', () => reject(new Error(told)));
      });
      for (let change = 10 + dice(30); change > 0; change--) {
        writeFileSync(join(folder, `file${dice(12)}`), `${dice(1000)} `.repeat(1 + dice([20, 3000, 60_000][dice(3)]!)));
        await new Promise((resolve) => setTimeout(resolve, dice(30)));
      }
      disk.cut();
      recorder.kill('SIGKILL');
      await ended;
      disk.restart();
      const { events, lost } = await readRecorded(join(folder, '.tapedeck'));
      expect(lost).toEqual([]);
      named += events.filter(isFileEvent).length;
    }
    if (isFull) expect(named).toBeGreaterThan(60);
  });

  test('[R18] a power cut under a rewind leaves one state, which the next start says', timeout, async ({ skip }) => {
    const disk = orSkip(found, skip);
    const dice = createDice(seedOf(20260116));
    const outcomes = new Map<string, number>();
    for (let cut = 0; cut < depth(2, 120); cut++) {
      const folder = join(disk.path, `rewind${cut}`);
      mkdirSync(folder);
      let world = await new RewindWorld({ folder }).open();
      const { session } = world;
      for (let file = 0; file < 12; file++) writeFileSync(world.at(`f${file}`), `old ${file}\n`.repeat(200));
      const target = await world.baseline();
      const old = world.tree();
      for (let file = 0; file < 12; file += 2) writeFileSync(world.at(`f${file}`), `new ${file}\n`.repeat(200));
      rmSync(world.at('f1'));
      mkdirSync(world.at('made/deep'), { recursive: true });
      writeFileSync(world.at('made/deep/file'), 'new');
      await world.record();
      const now = world.tree();
      await world.close();
      // The files are a person's, who did not sync them: that they get lost is not what is tried.
      execFileSync('sync', ['-f', folder]);
      const told = await cutUnder(disk, rewinding, [folder, session, target, 0], dice(60));
      world = await new RewindWorld({ folder, session }).open();
      const recovered = await world.rewinder().recover();
      const isOld = JSON.stringify(world.tree()) === JSON.stringify(old);
      if (!isOld) expect(world.tree()).toEqual(now);
      if (told.some((line) => line.includes('"ok":true'))) expect(isOld).toBe(true);
      for (const { outcome, left } of recovered) expect([outcome, left]).toEqual([isOld ? 'rolled-forward' : 'rolled-back', []]);
      const kinds: string[] = [];
      for await (const batch of world.reader.all()) kinds.push(...batch.map(({ kind }) => kind));
      expect(kinds.includes('rewind.applied')).toBe(isOld);
      expect(readdirSync(folder, { recursive: true }).filter((name) => /\.tapedeck-|rewinds.+json/.test(String(name)))).toEqual([]);
      if (isOld) expect(await world.rewinder().undo()).toMatchObject({ ok: true });
      expect(world.tree()).toEqual(now);
      await world.close();
      const outcome = recovered[0]?.outcome ?? (isOld ? 'done' : 'not begun');
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    if (isFull) expect(outcomes.get('rolled-back')).toBeGreaterThan(5);
  });
});
