import { randomBytes } from 'node:crypto';

/** Lower-case letters and digits from the system's random source. */
export function randomName(length: number): string {
  return Array.from(randomBytes(length), (byte) => (byte % 36).toString(36)).join('');
}
