/**
 * The delta of a small change: what is left when the common beginning and the common end are cut off.
 * Payload: 32 bytes SHA-256 of the base, u32 length of the common beginning, u32 of the common end, then the middle.
 */
const headBytes = 40;

const block = 4096;

/** Lengths of the common beginning and end of two contents; they never overlap. */
export function commonEnds(base: Uint8Array, next: Uint8Array): { readonly prefix: number; readonly suffix: number } {
  const limit = Math.min(base.length, next.length);
  const isSame = (a: number, b: number, length: number): boolean =>
    Buffer.compare(base.subarray(a, a + length), next.subarray(b, b + length)) === 0;
  let prefix = 0;
  // Block by block first, which the platform compares much faster than a loop here does.
  while (prefix + block <= limit && isSame(prefix, prefix, block)) prefix += block;
  while (prefix < limit && base[prefix] === next[prefix]) prefix += 1;
  let suffix = 0;
  const left = limit - prefix;
  while (suffix + block <= left && isSame(base.length - suffix - block, next.length - suffix - block, block)) suffix += block;
  while (suffix < left && base[base.length - 1 - suffix] === next[next.length - 1 - suffix]) suffix += 1;
  return { prefix, suffix };
}

/** The delta that makes `next` out of `base`, or undefined when it would save less than half of `next`. */
export function encodeDelta(baseHash: string, base: Uint8Array, next: Uint8Array): Buffer | undefined {
  const { prefix, suffix } = commonEnds(base, next);
  const middle = next.length - prefix - suffix;
  if (headBytes + middle > next.length / 2) return undefined;
  const delta = Buffer.allocUnsafe(headBytes + middle);
  delta.write(baseHash, 0, 32, 'hex');
  delta.writeUInt32LE(prefix, 32);
  delta.writeUInt32LE(suffix, 36);
  delta.set(next.subarray(prefix, next.length - suffix), headBytes);
  return delta;
}

/** The hash of the base that a delta wants, or undefined when the payload is too short to be one. */
export function deltaBase(delta: Buffer): string | undefined {
  return delta.length < headBytes ? undefined : delta.toString('hex', 0, 32);
}

/** Undefined when the delta does not fit the base. */
export function applyDelta(base: Uint8Array, delta: Buffer): Buffer | undefined {
  if (delta.length < headBytes) return undefined;
  const prefix = delta.readUInt32LE(32);
  const suffix = delta.readUInt32LE(36);
  if (prefix + suffix > base.length) return undefined;
  return Buffer.concat([base.subarray(0, prefix), delta.subarray(headBytes), base.subarray(base.length - suffix)]);
}
