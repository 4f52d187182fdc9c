import { expect, it } from 'vitest';
import { RecentMap } from '../../src/core/recentMap.ts';

it('[A18] remembers the newest keys, and costs no more the longer it is used', () => {
  const map = new RecentMap<number, number>(1000);
  for (let key = 0; key < 1_000_000; key++) {
    map.set(key, key * 2);
    if (key % 99_991 === 0 && key > 1000) for (const back of [0, 1, 500, 999]) expect(map.get(key - back)).toBe((key - back) * 2);
  }
  expect(map.get(1)).toBeUndefined();
  expect(map.get(1_000_000 - 2001)).toBeUndefined();
});
