import type { TestContext } from 'vitest';

/** What cannot be had on this machine, and why. */
export interface Obstacle {
  readonly obstacle: string;
}

const told = new Set<string>();

/** What was to be had; without it the test is skipped, and the reason printed once. */
export function orSkip<T extends object>(found: T | Obstacle, skip: TestContext['skip']): T {
  if (!('obstacle' in found)) return found;
  if (!told.has(found.obstacle)) console.log(`Not tried here: ${found.obstacle}`);
  told.add(found.obstacle);
  return skip(found.obstacle);
}
