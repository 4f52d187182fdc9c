import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventKinds, TapedeckEvent } from '../../src/model/event.ts';
import { isEventShape } from '../../src/model/eventShape.ts';
import { anyEvent, anyJson } from './eventArbitrary.ts';

const viaJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
type Loose = Record<string, unknown>;

test('[L23] what the schema gives back as it is has the shape, for every kind', () => {
  const met = new Set<string>();
  fc.assert(
    fc.property(anyEvent, (event) => {
      const raw = viaJson(event) as Loose;
      expect(TapedeckEvent.safeParse(raw)).toMatchObject({ success: true });
      expect(isEventShape(raw)).toBe(true);
      met.add(event.kind);
    }),
    { numRuns: 2000 },
  );
  expect([...met].sort()).toEqual([...eventKinds].sort());
});

/** All places in the value where something else could stand. */
function placesOf(value: unknown, at: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return at.length === 0 ? [] : [at];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return [...(at.length === 0 ? [] : [at]), ...keys.flatMap((key) => placesOf((value as Loose)[key], [...at, key]))];
}

function alter(raw: unknown, at: readonly (string | number)[], change: (holder: Loose, key: string) => void): void {
  let holder = raw as Loose;
  for (const key of at.slice(0, -1)) holder = holder[key] as Loose;
  change(holder, String(at.at(-1)));
}

test('[L23] nothing has the shape but what the schema gives back unchanged, whatever is put, left out or added anywhere', () => {
  let accepted = 0;
  let refused = 0;
  fc.assert(
    fc.property(anyEvent, fc.nat(), anyJson, fc.constantFrom('put', 'remove', 'add', '__proto__'), (event, nth, other, way) => {
      const altered = viaJson(event) as Loose;
      const places = placesOf(altered);
      alter(altered, places[nth % places.length]!, (holder, key) => {
        if (way === 'put') holder[key] = other;
        else if (way === 'remove') delete holder[key];
        else if (way === 'add') holder['an unknown key'] = other;
        else Object.defineProperty(holder, '__proto__', { value: other, enumerable: true, configurable: true, writable: true });
      });
      const raw = viaJson(altered) as Loose;
      const parsed = TapedeckEvent.safeParse(raw);
      const isUnchanged = parsed.success && JSON.stringify(sorted(parsed.data)) === JSON.stringify(sorted(raw));
      if (isEventShape(raw)) {
        accepted += 1;
        expect(isUnchanged).toBe(true);
      } else {
        refused += 1;
        expect(isUnchanged).toBe(false);
      }
    }),
    { numRuns: 3000 },
  );
  expect(Math.min(accepted, refused)).toBeGreaterThan(50);
});

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
}

test.each([
  ['a number beyond all bounds', JSON.parse('{"kind":"capture.gap","v":1,"w":"abcd","n":1e999,"at":"x","by":{},"reason":"x"}')],
  ['a list', []],
  ['a kind that every object has', { kind: 'constructor' }],
  ['no kind', {}],
])('[L23] %s is no event', (_, raw) => {
  expect(isEventShape(raw as Loose)).toBe(false);
});
