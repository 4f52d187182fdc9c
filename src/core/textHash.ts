/**
 * A number below 2^53 that stands for a text, and for those hashed before it when their number is handed on as `seed`. For
 * windows of what was seen lately: of 30,000 others one is taken for the same once in 10^11 times. No protection against
 * somebody who looks for two of the same number. (cyrb53, public domain.)
 */
export function hashText(text: string, seed = 0): number {
  let low = 0xdeadbeef ^ (seed >>> 0);
  let high = 0x41c6ce57 ^ Math.floor(seed / twoTo32);
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index);
    low = Math.imul(low ^ char, 2654435761);
    high = Math.imul(high ^ char, 1597334677);
  }
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  return (high & 0x1fffff) * twoTo32 + (low >>> 0);
}

const twoTo32 = 0x1_0000_0000;
