/** How deep the fault tests go: `npm test` takes the short form, `npm run test:faults` the full one. */
export const isFull = process.env['TAPEDECK_FAULTS'] === 'full';

export function depth(short: number, full: number): number {
  return isFull ? full : short;
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
