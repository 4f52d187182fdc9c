import { expect, test } from 'vitest';
import { Teller, toldAtOnce, turnOfLoop } from '../../src/store/teller.ts';
import { noted } from './logRoom.ts';

const listOf = (count: number, first: number, told: number[]) =>
  Array.from({ length: count }, (_, index) => ({
    event: noted('abcd', first + index),
    resolve: ({ n }: { readonly n: number }) => void told.push(n),
    reject: () => {},
  }));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

test('[L17] few are told at once, many in parts, and lists in the order in which they came', async () => {
  const told: number[] = [];
  const teller = new Teller();
  teller.tell(listOf(3, 1, told));
  expect(told).toEqual([1, 2, 3]);
  teller.tell(listOf(300, 4, told));
  expect(told).toHaveLength(3 + toldAtOnce);
  teller.tell(listOf(300, 304, told));
  expect(told).toHaveLength(3 + toldAtOnce);
  await turnOfLoop();
  expect(told.length).toBeLessThanOrEqual(3 + 2 * toldAtOnce);
  await teller.done();
  expect(told).toEqual(upTo(603));
});

test('[L17] a write waits for the rest to be told when it would take longer than that, and only then', async () => {
  const told: number[] = [];
  const teller = new Teller();
  await teller.untilLeft(1e9);
  teller.tell(listOf(5 * toldAtOnce, 1, told));
  await teller.untilLeft(0);
  expect(told).toHaveLength(toldAtOnce);
  await teller.untilLeft(1e9);
  expect(told).toHaveLength(5 * toldAtOnce);
});
