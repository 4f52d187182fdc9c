import { statfsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openContentStore } from '../../src/store/contentStore.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout } from '../../src/store/layout.ts';
import { openLogReader } from '../../src/store/logReader.ts';
import { sessionId } from '../store/logRoom.ts';
import { bundleProgram, type BundledProgram } from './bundledProgram.ts';
import { createDice, depth, seedOf } from './depth.ts';
import { openSmallDisk } from './loopDisk.ts';
import { orSkip } from './obstacle.ts';

/** Real disks that are really full: new files and folders find no room either. Somebody else's file makes room again. */
let appending: BundledProgram;
let storing: BundledProgram;
beforeAll(async () => {
  appending = await bundleProgram('appendingProgram.ts');
  storing = await bundleProgram('storingProgram.ts');
});
afterAll(async () => {
  await appending.close();
  await storing.close();
});
const pageBytes = 4096;

test(
  '[L4] [R24] a disk that is really full costs nothing that was acknowledged, and both go on when there is room again',
  { timeout: depth(240_000, 3_600_000), retry: 0 },
  async ({ skip }) => {
    const dice = createDice(seedOf(20260117));
    let waited = 0;
    for (let round = 0; round < depth(3, 200); round++) {
      const disk = orSkip(openSmallDisk(100 * pageBytes), skip);
      try {
        const root = join(disk.path, '.tapedeck');
        const ballast = join(disk.path, 'ballast');
        // From no page at all to some sixty are left, where some seventy are needed.
        await writeFile(ballast, Buffer.alloc((100 - dice(60)) * pageBytes - pageBytes));
        const looking = setInterval(() => {
          if (statfsSync(disk.path).bavail > 0) return;
          clearInterval(looking);
          setTimeout(() => void rm(ballast), 50);
        }, 10);
        const events = await appending.finish({ args: [root, sessionId, 200, 1 + dice(8), 300, '', [0, 4000][dice(2)]!] });
        const contents = await storing.finish({ args: [root, 20, 1 + dice(3), 3000] });
        clearInterval(looking);
        await rm(ballast, { force: true });
        const reader = await openLogReader({ layout: tapedeckLayout(root), session: sessionId, digest: nodeDigest });
        const found = new Set<string>();
        for await (const batch of reader.all())
          for (const { kind, w, n } of batch) {
            found.add(`${w}.${n}`);
            if (kind === 'capture.gap') waited += 1;
          }
        // A long-lived writer waits for room: all of them are there in the end.
        expect(events.lines).toHaveLength(200);
        expect(events.lines.filter((id) => !found.has(id))).toEqual([]);
        expect((await reader.verify()).breaks).toEqual([]);
        const store = await openContentStore({ layout: tapedeckLayout(root), digest: nodeDigest, writer: 'reader' });
        for (const hash of contents.lines.filter((line) => !line.startsWith('failed'))) {
          const bytes = await store.get(hash);
          expect(bytes === undefined ? undefined : nodeDigest.sha256(bytes)).toBe(hash);
        }
        await store.close();
      } finally {
        disk.close();
      }
    }
    expect(waited).toBeGreaterThan(0);
  },
);
