import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { note, openLogRoom, sessionId } from '../store/logRoom.ts';
import { bundleProgram, type BundledProgram } from './bundledProgram.ts';
import { createDice, depth } from './depth.ts';

let program: BundledProgram;
beforeAll(async () => {
  program = await bundleProgram('appendingProgram.ts');
});
afterAll(() => program.close());

/** Starts a writer, kills it after that time, and gives the ids that it had told as acknowledged. */
async function killAfter(root: string, delayMs: number, atOnce: number, length: number, life: string): Promise<string[]> {
  const child = program.run(root, sessionId, '0', String(atOnce), String(length), life);
  let output = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    // The time counts from the first acknowledgement: before it there is nothing to lose.
    if (output === '') setTimeout(() => child.kill('SIGKILL'), delayMs);
    output += text;
  });
  await once(child, 'close');
  return output
    .slice(0, output.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((id) => id !== '');
}

test(
  '[L2] a writer killed at any moment loses nothing that it acknowledged, and the next begins on a fresh line',
  async () => {
    const dice = createDice(depth(20260101, Date.now()));
    let acknowledged = 0;
    for (let round = 0; round < depth(30, 2000); round++) {
      const room = await openLogRoom();
      try {
        const life = dice(3) === 0 ? 'short' : '';
        const lengths = [40, 500, 20_000];
        const ids = await killAfter(room.layout.root, dice(25), [1, 8, 64][dice(3)]!, lengths[dice(3)]!, life);
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
    }
    expect(acknowledged).toBeGreaterThan(100);
  },
  depth(180_000, 3_600_000),
);

test(
  '[L10] several processes append at once without a lock: nothing is lost, torn or out of order',
  async () => {
    for (const writers of [2, 4, 8].slice(0, depth(2, 3))) {
      const room = await openLogRoom();
      try {
        const total = depth(3000, 1_000_000) / writers;
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
  depth(180_000, 3_600_000),
);
