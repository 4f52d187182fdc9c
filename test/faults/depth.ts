/** How deep the fault tests go: `npm test` takes the short form, `npm run test:faults` the full one. */
export const isFull = process.env['TAPEDECK_FAULTS'] === 'full';

export function depth(short: number, full: number): number {
  return isFull ? full : short;
}

/** Where a test's dice begin: the same each time in the short form; in the full one anew, and printed, so that it can be had again. */
export function seedOf(short: number): number {
  if (!isFull) return short;
  const seed = Number(process.env['TAPEDECK_SEED'] ?? Date.now());
  console.log(`TAPEDECK_SEED=${seed}`);
  return seed;
}

/** The same numbers for the same seed, so that a failure can be run again. Each call yields one from 0 to `below` - 1. */
export function createDice(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}
