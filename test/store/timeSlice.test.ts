import { expect, it } from 'vitest';
import { TimeSlice } from '../../src/store/timeSlice.ts';

const spin = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

it('[C30] lets others have their turn between the pieces of a long loop', async () => {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  const slice = new TimeSlice(2);
  let isHeld = false;
  for (let i = 0; i < 100; i++) {
    const before = turns;
    spin(0.5);
    if (slice.isSpent) await slice.pause();
    isHeld ||= turns === before && slice.isSpent;
  }
  clearInterval(timer);
  expect(turns).toBeGreaterThan(5);
  expect(isHeld).toBe(false);
});

it('[C30] is one slice for all that share it', async () => {
  const slice = new TimeSlice(2);
  const perTurn: number[] = [0];
  const state = { isDone: false };
  const turns = (async () => {
    while (!state.isDone) {
      await new Promise((resolve) => setImmediate(resolve));
      perTurn.push(0);
    }
  })();
  const work = async (): Promise<void> => {
    while (slice.isSpent) await slice.pause();
    perTurn[perTurn.length - 1]! += 1;
    spin(0.5);
  };
  await Promise.all(Array.from({ length: 60 }, work));
  state.isDone = true;
  await turns;
  expect(perTurn.reduce((a, b) => a + b)).toBe(60);
  // Two slices may lie between two looks of ours.
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(10);
});
