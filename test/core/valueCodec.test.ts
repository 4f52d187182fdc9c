import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeInPieces, encodeInPieces, inOneGo } from '../../src/core/valueCodec.ts';
import { CodecError } from '../../src/core/valueForm.ts';

const encode = (value: unknown): Uint8Array => inOneGo(encodeInPieces(value));
const decode = (bytes: Uint8Array): unknown => inOneGo(decodeInPieces(bytes));

const mark = fc.record(
  {
    at: fc.oneof(
      fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }).map((date) => date.toISOString()),
      fc.string(),
    ),
    w: fc.oneof(fc.constantFrom('aaaaaa', 'k3f9ab2c'), fc.string()),
    n: fc.oneof(fc.nat(), fc.double(), fc.maxSafeInteger()),
  },
  { noNullPrototype: true },
);
const data = fc.letrec((tie) => ({
  value: fc.oneof(
    fc.anything({ withNullPrototype: false, key: fc.string().filter((key) => key !== '__proto__') }),
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '\ud800',
      'a.1',
      'aaaaaa.12',
      'aaaaaa.012',
      'aaaaaa.9007199254740993',
      '.5',
      'aaaa.',
      -0,
      Number.NaN,
      2 ** 53,
      -(2 ** 53),
      63,
      64,
      -1,
    ),
    mark,
    fc.array(tie('value'), { maxLength: 5 }),
    fc
      .array(fc.tuple(fc.oneof(fc.string(), fc.integer(), fc.maxSafeInteger()), tie('value')), { maxLength: 40 })
      .map((pairs) => new Map(pairs)),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 5, noNullPrototype: true },
    ),
  ),
})).value;

it('[D30] gives plain data back as it was, in the same bytes when it is encoded again', () => {
  fc.assert(
    fc.property(data, (value) => {
      let bytes: Uint8Array;
      try {
        bytes = encode(value);
      } catch (error) {
        // Functions, symbols and the like are no plain data.
        expect(error).toBeInstanceOf(CodecError);
        return;
      }
      const back = decode(bytes);
      expect(back).toStrictEqual(value);
      expect(Buffer.compare(encode(back), bytes)).toBe(0);
    }),
    { numRuns: 1000 },
  );
});

it('tells the place of an event by what differs from the one before', () => {
  const marks = Array.from({ length: 1000 }, (_, n) => ({
    at: new Date(Date.UTC(2026, 1, 28, 23) + n * 977).toISOString(),
    w: 'k3f9ab2c',
    n,
  }));
  const bytes = encode(marks);
  expect(bytes.length).toBeLessThan(6000);
  expect(decode(bytes)).toEqual(marks);
});

it('goes through a large value in pieces', () => {
  const value = { files: new Map(Array.from({ length: 5000 }, (_, n) => [`file ${n}`, { n }])) };
  const pieces = encodeInPieces(value);
  let steps = 0;
  let step = pieces.next();
  for (; step.done !== true; step = pieces.next()) steps += 1;
  expect(steps).toBeGreaterThan(200);
  const back = decodeInPieces(step.value);
  let readSteps = 0;
  while (back.next().done !== true) readSteps += 1;
  expect(readSteps).toBeGreaterThan(200);
});

it('refuses bytes that are none of its form, and never hangs', () => {
  const whole = encode({
    a: [1, 'two', new Map([['k', { at: '2026-01-01T00:00:00.000Z', w: 'aaaaaa', n: 5 }]])],
    b: -77.5,
    c: 'aaaaaa.77',
  });
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }), fc.boolean(), (at, byte, isCut) => {
      const bytes = isCut ? whole.slice(0, at) : Uint8Array.from(whole, (old, index) => (index === at ? byte : old));
      try {
        decode(bytes);
        expect(isCut).toBe(false);
      } catch (error) {
        expect(error).toBeInstanceOf(CodecError);
      }
    }),
    { numRuns: 2000 },
  );
});
