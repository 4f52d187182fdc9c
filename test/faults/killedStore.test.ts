import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openContentStore } from '../../src/store/contentStore.ts';
import { nodeDigest } from '../../src/store/digest.ts';
import { tapedeckLayout } from '../../src/store/layout.ts';
import { bundleProgram, inPairs, type BundledProgram } from './bundledProgram.ts';
import { createDice, depth, seedOf } from './depth.ts';

let program: BundledProgram;
beforeAll(async () => {
  program = await bundleProgram('storingProgram.ts');
});
afterAll(() => program.close());

test(
  '[R20] a process killed at any moment loses no content that it acknowledged, and the next one goes on',
  { timeout: depth(240_000, 3_600_000), retry: 0 },
  async () => {
    const dice = createDice(seedOf(20260103));
    let acknowledged = 0;
    await inPairs(depth(12, 1000), async () => {
      const root = await mkdtemp(join(tmpdir(), 'tapedeck-killed-'));
      try {
        const expected: string[] = [];
        // The second one goes on under the same name, where the first one's pack may end in the middle of a record.
        for (let turn = 0; turn < 2; turn++) {
          const [atOnce, size, delayMs] = [[1, 4, 32][dice(3)]!, [100, 3000, 90_000][dice(3)]!, dice(40)];
          const { lines } = await program.finish({
            args: [root, 0, atOnce, size, 'thewriter', dice(4) === 0 ? 2 : 0],
            onFirstLine: (kill) => setTimeout(kill, delayMs),
          });
          expect(lines.filter((line) => line.startsWith('failed'))).toEqual([]);
          expected.push(...lines);
        }
        acknowledged += expected.length;
        const store = await openContentStore({ layout: tapedeckLayout(root), digest: nodeDigest, writer: 'reader' });
        for (const hash of new Set(expected)) {
          const bytes = await store.get(hash);
          if (bytes === undefined || createHash('sha256').update(bytes).digest('hex') !== hash) expect(bytes, hash).toBeDefined();
        }
        // Only a record that was cut off, behind which nothing was ever written.
        expect((await store.verify()).damage.filter(({ reason }) => reason !== 'torn')).toEqual([]);
        await store.close();
      } finally {
        await rm(root, { recursive: true, force: true, maxRetries: 5 });
      }
    });
    expect(acknowledged).toBeGreaterThanOrEqual(depth(12, 1000) * 2);
  },
);
