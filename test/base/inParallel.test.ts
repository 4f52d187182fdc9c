import { expect, test } from 'vitest';
import { inParallel } from '../../src/base/inParallel.ts';

test('runs at most so many at a time, and all of them', async () => {
  let running = 0;
  let most = 0;
  const done: number[] = [];
  await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running -= 1;
    done.push(item);
  });
  expect([most, done.toSorted((a, b) => a - b)]).toEqual([3, [1, 2, 3, 4, 5, 6, 7]]);
});

test('begins nothing after a failure, waits for what is under way, and rejects with the first failure', async () => {
  const begun: number[] = [];
  let ended = 0;
  const work = inParallel([1, 2, 3, 4, 5], 2, async (item) => {
    begun.push(item);
    await new Promise((resolve) => setTimeout(resolve, item === 1 ? 1 : 10));
    ended += 1;
    if (item <= 2) throw new Error(`failed ${item}`);
  });
  await expect(work).rejects.toThrow('failed 1');
  expect([begun, ended]).toEqual([[1, 2], 2]);
});
