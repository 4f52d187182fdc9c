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

/** The checksum whose exact framing ends at `end` (exclusive), or -1 when none does. */
export function readCrcSuffix(bytes: Uint8Array, end: number): number {
  const from = end - suffixLength;
  if (from < 1 || bytes[end - 1] !== 0x7d || bytes[end - 2] !== 0x22) return -1;
  for (let index = 0; index < crcKey.length; index++) if (bytes[from + index] !== crcKey[index]) return -1;
  let crc = 0;
  for (let index = end - 10; index < end - 2; index++) {
    const byte = bytes[index]!;
    const digit = byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1;
    if (digit < 0) return -1;
    crc = crc * 16 + digit;
  }
  return crc;
}

/** Reads one line, given without its newline. Never throws. */
export function decodeLine(bytes: Uint8Array, digest: Digest): DecodedLine {
  const end = bytes.length;
  const expected = readCrcSuffix(bytes, end);
  if (expected < 0) return { ok: false, reason: bytes.every((byte) => byte === 0) ? 'nul' : 'framing' };
  if (digest.crc32(bytes.subarray(0, end - suffixLength)) !== expected) return { ok: false, reason: 'crc' };
  let text: string;
  let raw: unknown;
  try {
    text = decoder.decode(bytes);
    raw = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'json' };
  }
  const prev = (raw as { prev?: unknown } | null)?.prev;
  if (typeof prev !== 'string' || prev.length !== firstPrev.length) return { ok: false, reason: 'shape' };
  const event = upcastEvent(raw);
  if (event === undefined || !isPlace(event)) return { ok: false, reason: 'shape' };
  return { ok: true, event, prev, crc: text.slice(-10, -2) };
}

/** Only a time in the one form that compares as text, and a count that counts, give an event a place in the order. */
function isPlace({ n, at, w }: LoggedEvent): boolean {
  return Number.isSafeInteger(n) && n > 0 && isLogTime(at) && writerId.test(w);
}

/** ISO 8601, UTC, milliseconds: the one form in the log. */
export function isLogTime(text: string): boolean {
  return text.length === 24 && logTime.test(text);
}

const logTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const writerId = /^[a-z0-9]{4,32}$/;
