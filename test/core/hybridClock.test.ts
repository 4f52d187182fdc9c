import { expect, test } from 'vitest';
import { HybridClock } from '../../src/core/hybridClock.ts';

const start = Date.UTC(2026, 0, 1);
const iso = (ms: number): string => new Date(start + ms).toISOString();

function turnable() {
  const time = { nowMs: 0 };
  return { time, clock: new HybridClock({ now: () => start + time.nowMs }) };
}

test('[L11] own events never go back in time when the machine clock does', () => {
  const { time, clock } = turnable();
  time.nowMs = 5000;
  expect(clock.next()).toBe(iso(5000));
  time.nowMs = 1000;
  expect(clock.next()).toBe(iso(5000));
});

test('[L11] what is written after seeing another’s event comes after it', () => {
  const { clock } = turnable();
  clock.observe(iso(7000), true);
  expect(clock.next()).toBe(iso(7001));
  expect(clock.next()).toBe(iso(7001));
});

test('[L11] a clock more than a day ahead, or no time at all, is not followed', () => {
  const { clock } = turnable();
  clock.observe(iso(25 * 3_600_000), true);
  clock.observe('9999', true);
  clock.observe('not a time', true);
  expect(clock.next()).toBe(iso(0));
});

test('[L11] a told time counts where the order allows it, and never leads the present', () => {
  const { time, clock } = turnable();
  time.nowMs = 9000;
  expect(clock.next(iso(4000))).toBe(iso(4000));
  expect(clock.next(iso(3000))).toBe(iso(4000));
  expect(clock.next(iso(99_000))).toBe(iso(9000));
});
