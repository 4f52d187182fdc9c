import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLogRoom, sessionId } from '../store/logRoom.ts';
import { bundleProgram, type BundledProgram } from './bundledProgram.ts';
import { createDice, depth, seedOf } from './depth.ts';

let program: BundledProgram;
beforeAll(async () => {
  program = await bundleProgram('appendingProgram.ts');
});
afterAll(() => program.close());

test(
  '[L12] short-lived processes that come and go at once share their writers, and no two are one at the same time',
  { timeout: depth(240_000, 3_600_000), retry: 0 },
  async () => {
    const dice = createDice(seedOf(20260118));
    const room = await openLogRoom();
    try {
      const told = new Set<string>();
      const most = 6;
      // Each begins as soon as another has ended, so that tokens are taken and left all the time; some are killed.
      let left = depth(40, 1500);
      let killed = 0;
      const comeAndGo = async (): Promise<void> => {
        while (left-- > 0) {
          const isKilled = dice(8) === 0;
          const { lines, signal } = await program.finish({
            args: [room.layout.root, sessionId, isKilled ? 0 : 1 + dice(4), 1, 80, 'short'],
            ...(isKilled && { onFirstLine: (kill) => setTimeout(kill, dice(5)) }),
          });
          if (signal !== null) killed += 1;
          for (const id of lines) {
            // The same number twice: two were one.
            expect(told.has(id), id).toBe(false);
            told.add(id);
          }
        }
      };
      await Promise.all(Array.from({ length: most }, comeAndGo));
      const events = await room.readAll();
      const found = new Set(events.map(({ w, n }) => `${w}.${n}`));
      expect([...told].filter((id) => !found.has(id))).toEqual([]);
      const health = await (await room.reader()).verify();
      expect(health.breaks).toEqual([]);
      expect([...health.damage, ...health.growing].filter(({ reason }) => reason !== 'torn')).toEqual([]);
      // A writer for each that was there at once, some more where one was just being left, and one for each that was killed.
      expect(new Set(events.map(({ w }) => w)).size).toBeLessThanOrEqual(3 * most + killed);
      expect((await readdir(room.session.free)).length).toBeGreaterThan(0);
    } finally {
      await room.close();
    }
  },
);
