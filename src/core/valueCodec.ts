import { Decoder } from './valueDecoder.ts';
import { Encoder } from './valueEncoder.ts';

/**
 * Plain data as few bytes, and back: undefined, null, booleans, numbers, strings, arrays, maps and plain objects, with their
 * order, and which keys an object has. What comes back encodes to the same bytes. Strings stand once; so do the lists of an
 * object's keys, and authors (`{ actor, … }`, which nobody changes: equal ones come back as the same object); the place of
 * an event (`{ at, w, n }`) and an event's id tell only what differs from the one before.
 *
 * Both ways go in pieces of less than a millisecond, for a caller that must not hold its event loop.
 */

/** The bytes, when the generator is done. The value must not change until then. */
export function* encodeInPieces(value: unknown): Generator<void, Uint8Array<ArrayBuffer>> {
  const encoder = new Encoder();
  yield* encoder.writeSlowly(value);
  return yield* encoder.finish();
}

/** The value, when the generator is done. Throws CodecError. */
export function* decodeInPieces(bytes: Uint8Array): Generator<void, unknown> {
  const decoder = new Decoder(bytes);
  yield* decoder.readStrings();
  const value = yield* decoder.readSlowly();
  decoder.end();
  return value;
}

/** Runs one of the above in one go. */
export function inOneGo<T>(pieces: Generator<void, T>): T {
  for (;;) {
    const step = pieces.next();
    if (step.done === true) return step.value;
  }
}
