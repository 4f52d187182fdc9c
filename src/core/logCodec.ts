import type { Digest } from '../model/digest.ts';
import type { LoggedEvent, TapedeckEvent } from '../model/event.ts';
import { upcastEvent } from '../model/upcast.ts';

/**
 * The line of the log: one JSON object, UTF-8, ended by a newline.
 *
 *   {"v":1,"w":"k3f9ab2c","n":12,"at":"…","kind":"…","by":{…},…,"prev":"<32 hex>","crc":"<8 hex>"}
 *
 * - `v w n at kind by run turn src` stand first, in this order; `prev` and `crc` last, in exactly this framing, in every version.
 * - `prev` is the chain: the first 32 digits of the SHA-256 of the same writer's previous line (without its newline).
 * - `crc` is the CRC-32 of every byte before `,"crc":"`. A reader trusts no line whose framing or checksum is off by a bit.
 */

/** What stands in `prev` of a writer's first line. */
export const firstPrev = '0'.repeat(32);

/** `torn` is an unfinished line at a file's end; `stray` a sound line in a file of another writer; `unreadable` a file that could not be read. */
export type DamageReason = 'torn' | 'crc' | 'framing' | 'json' | 'nul' | 'shape' | 'too-long' | 'stray' | 'unreadable';

export type DecodedLine =
  | { readonly ok: true; readonly event: LoggedEvent; readonly prev: string; readonly crc: string }
  | { readonly ok: false; readonly reason: DamageReason };

/** The event's line with its newline. `prev` is the `lineHash` of the writer's previous line, or `firstPrev`. */
export function encodeLine(event: TapedeckEvent, prev: string, digest: Digest): string {
  const { v, w, n, at, kind, by, run, turn, src } = event;
  // Keys keep the place of their first mention, so the spread adds only the kind's own fields behind these.
  const body = JSON.stringify(Object.assign({ v, w, n, at, kind, by, run, turn, src }, event));
  const checked = `${body.slice(0, -1)},"prev":"${prev}"`;
  return `${checked},"crc":"${digest.crc32(checked).toString(16).padStart(8, '0')}"}\n`;
}

/** What the next line of the same writer carries as `prev`. The line is given without its newline. */
export function lineHash(line: Uint8Array | string, digest: Digest): string {
  return digest.sha256(line).slice(0, 32);
}

/** `,"crc":"` before the eight digits and `"}` behind them. */
const crcKey = [0x2c, 0x22, 0x63, 0x72, 0x63, 0x22, 0x3a, 0x22];
export const suffixLength = crcKey.length + 10;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** True when a checksum's exact framing ends at `end` (exclusive). */
export function hasCrcSuffix(bytes: Uint8Array, end: number): boolean {
  const from = end - suffixLength;
  if (from < 1 || bytes[end - 1] !== 0x7d || bytes[end - 2] !== 0x22) return false;
  for (let index = 0; index < crcKey.length; index++) if (bytes[from + index] !== crcKey[index]) return false;
  for (let index = end - 10; index < end - 2; index++) {
    const byte = bytes[index]!;
    if (!((byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66))) return false;
  }
  return true;
}

/** Reads one line, given without its newline. Never throws. */
export function decodeLine(bytes: Uint8Array, digest: Digest): DecodedLine {
  const end = bytes.length;
  if (!hasCrcSuffix(bytes, end)) return { ok: false, reason: bytes.every((byte) => byte === 0) ? 'nul' : 'framing' };
  let crc = '';
  for (let index = end - 10; index < end - 2; index++) crc += String.fromCharCode(bytes[index]!);
  if (digest.crc32(bytes.subarray(0, end - suffixLength)) !== Number.parseInt(crc, 16)) return { ok: false, reason: 'crc' };
  let raw: unknown;
  try {
    raw = JSON.parse(decoder.decode(bytes));
  } catch {
    return { ok: false, reason: 'json' };
  }
  const prev = (raw as { prev?: unknown } | null)?.prev;
  if (typeof prev !== 'string' || !/^[0-9a-f]{32}$/.test(prev)) return { ok: false, reason: 'shape' };
  const event = upcastEvent(raw);
  if (event === undefined || !isPlace(event)) return { ok: false, reason: 'shape' };
  return { ok: true, event, prev, crc };
}

/** Only a time in the one form that compares as text, and a count that counts, give an event a place in the order. */
function isPlace(event: LoggedEvent): boolean {
  return Number.isSafeInteger(event.n) && event.n > 0 && isLogTime(event.at) && /^[a-z0-9]{4,32}$/.test(event.w);
}

/** ISO 8601, UTC, milliseconds: the one form in the log. */
export function isLogTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text);
}
