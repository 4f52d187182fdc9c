import { expect, it } from 'vitest';
import { DiskPace } from '../../src/store/diskPace.ts';

const quickCalls = (pace: DiskPace, count: number): void => {
  for (let i = 0; i < count; i++) pace.noteCall(0.01);
};

/** How many asynchronous calls it wants before it tries again. */
function waitsWanted(pace: DiskPace): number {
  let waits = 0;
  while (!pace.isQuick) {
    pace.noteWait();
    waits += 1;
  }
  return waits;
}

it('[C30] takes one slow answer for an accident, and two soon after one another for a slow disk', () => {
  const pace = new DiskPace();
  pace.noteCall(20);
  expect(pace.isQuick).toBe(true);
  quickCalls(pace, 200);
  pace.noteCall(20);
  expect(pace.isQuick).toBe(true);
  quickCalls(pace, 10);
  pace.noteCall(20);
  expect(pace.isQuick).toBe(false);
});

it('[C30] tries a slow disk ever less often, and trusts one again that has long been quick', () => {
  const pace = new DiskPace();
  pace.noteCall(20);
  const waits: number[] = [];
  for (let i = 0; i < 4; i++) {
    pace.noteCall(20);
    waits.push(waitsWanted(pace));
  }
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
  expect(waits[3]! / waits[0]!).toBeGreaterThanOrEqual(16);
  quickCalls(pace, 5000);
  pace.noteCall(20);
  pace.noteCall(20);
  expect(waitsWanted(pace)).toBe(waits[0]);
});
