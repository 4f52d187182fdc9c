import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { note, openLogRoom, sessionId } from '../store/logRoom.ts';
import { bundleProgram, inPairs, type BundledProgram } from './bundledProgram.ts';
import { createDice, depth, seedOf } from './depth.ts';

let program: BundledProgram;
beforeAll(async () => {
  program = await bundleProgram('appendingProgram.ts');
});
afterAll(() => program.close());

test(
  '[L2] a writer killed at any moment loses nothing that it acknowledged, and the next begins on a fresh line',
  { timeout: depth(240_000, 3_600_000), retry: 0 },
  async () => {
    const dice = createDice(seedOf(20260101));
    let acknowledged = 0;
    await inPairs(depth(200, 2000), async () => {
      const room = await openLogRoom();
      try {
        const life = dice(3) === 0 ? 'short' : '';
        const [atOnce, length, delayMs] = [[1, 8, 64][dice(3)]!, [40, 500, 20_000][dice(3)]!, dice(25)];
        const { lines: ids } = await program.finish({
          args: [room.layout.root, sessionId, 0, atOnce, length, life],
          onFirstLine: (kill) => setTimeout(kill, delayMs),
        });
        acknowledged += ids.length;
        const next = await room.writer({ shortLived: life === 'short' });
        const after = await next.append(note('after'));
        await next.close();
        const events = await room.readAll();
        const found = new Set(events.map(({ w, n }) => `${w}.${n}`));
        expect(ids.filter((id) => !found.has(id))).toEqual([]);
        expect(events.at(-1)).toEqual(after);
        const numbers = events.filter(({ w }) => w !== next.id).map(({ n }) => n);
        expect(numbers).toEqual(numbers.map((_, index) => index + 1));
        const health = await (await room.reader()).verify();
        expect(health.breaks).toEqual([]);
        expect([...health.damage, ...health.growing].filter(({ reason }) => reason !== 'torn')).toEqual([]);
      } finally {
        await room.close();
      }
    });
    expect(acknowledged).toBeGreaterThan(depth(200, 2000));
  },
);

test(
  '[L10] 2, 4 and 8 processes append at once without a lock: nothing is lost, torn or out of order',
  { timeout: depth(240_000, 3_600_000), retry: 0 },
  async () => {
    for (const writers of [2, 4, 8]) {
      const room = await openLogRoom();
      try {
        const total = depth(8000, 1_000_000) / writers;
        const children = Array.from({ length: writers }, () => program.run(room.layout.root, sessionId, String(total), '50', '200'));
        for (const child of children) child.stdout!.resume();
        await Promise.all(children.map((child) => once(child, 'close')));
        const health = await (await room.reader()).verify();
        expect(health).toMatchObject({ isSound: true, writers, events: total * writers });
        let last = '';
        let count = 0;
        for await (const batch of (await room.reader()).all())
          for (const event of batch) {
            const place = `${event.at} ${event.w} ${String(event.n).padStart(12, '0')}`;
            if (place <= last) expect(place > last).toBe(true);
            last = place;
            count += 1;
          }
        expect(count).toBe(total * writers);
      } finally {
        await room.close();
      }
    }
  },
);
