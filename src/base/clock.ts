/** Milliseconds since 1970-01-01 UTC. */
export type UnixMs = number;

/** Where the time comes from: handed in, so that tests can turn it. */
export interface Clock {
  now(): UnixMs;
}

export const systemClock: Clock = { now: () => Date.now() };
