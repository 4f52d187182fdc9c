import type { Digest } from '../model/digest.ts';
import { schemaVersion, type EventDraft, type LoggedEvent, type TapedeckEvent } from '../model/event.ts';
import { isEventShape } from '../model/eventShape.ts';
import { upcastEvent } from '../model/upcast.ts';
import { LineHead } from './lineHead.ts';

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

/**
 * `torn` is an unfinished line at a file's end; `stray` a sound line in a file of another writer; `unreadable` a file that could
 * not be read. Met while following (`cut` while verifying too): `cut`, `replaced` and `gone` is what had been there and is no longer.
 */
export type DamageReason =
  | 'torn'
  | 'crc'
  | 'framing'
  | 'json'
  | 'nul'
  | 'shape'
  | 'too-long'
  | 'stray'
  | 'unreadable'
  | 'cut'
  | 'replaced'
  | 'gone';

export type DecodedLine =
  | { readonly ok: true; readonly event: LoggedEvent; readonly prev: string; readonly crc: string }
  | { readonly ok: false; readonly reason: DamageReason };

/** The event's line with its newline. `prev` is the `lineHash` of the writer's previous line, or `firstPrev`. */
export function encodeLine(event: TapedeckEvent, prev: string, digest: Digest): string {
  const bytes = encoder.encode(openLine(event, event, prev));
  sealLine(bytes, 0, bytes.length, digest);
  return decoder.decode(bytes);
}

/**
 * The event's line with its newline, but for the checksum, whose digits are still zeros: once its bytes are in their place,
 * `sealLine` puts them in. `draft` is what the event was made of; its own text serves where its fields stand in the line's
 * order already, which saves copying each event once more.
 */
export function openLine(event: TapedeckEvent, draft: EventDraft, prev: string): string {
  return `${inOrder(draft) ? openInOrder(event, draft) : openReordered(event)},"prev":"${prev}","crc":"00000000"}\n`;
}

/** Puts the checksum into the line that stands in `bytes` from `from` to `end`, newline included; the answer is its `lineHash`. */
export function sealLine(bytes: Uint8Array, from: number, end: number, digest: Digest): string {
  let crc = digest.crc32(bytes.subarray(from, end - 1 - suffixLength));
  for (let index = end - 4; index >= end - 11; index--) {
    bytes[index] = hexDigits.charCodeAt(crc & 15);
    crc >>>= 4;
  }
  return lineHash(bytes.subarray(from, end - 1), digest);
}

function openInOrder({ v, w, n, at }: TapedeckEvent, draft: EventDraft): string {
  return `{"v":${v},"w":"${w}","n":${n},"at":"${at}",${JSON.stringify(draft).slice(1, -1)}`;
}

function openReordered(event: TapedeckEvent): string {
  const { v, w, n, at, kind, by, run, turn, src } = event;
  // Keys keep the place of their first mention, so the spread adds only the kind's own fields behind these.
  return JSON.stringify(Object.assign({ v, w, n, at, kind, by, run, turn, src }, event)).slice(0, -1);
}

/** Whether the draft's own text is the rest of its line: `kind by run turn src` first, in this order, and nothing of the line's head. */
function inOrder(draft: EventDraft): boolean {
  let place = 0;
  for (const key in draft) {
    switch (key) {
      case 'kind':
        if (place !== 0) return false;
        place = 1;
        break;
      case 'by':
        if (place !== 1) return false;
        place = 2;
        break;
      case 'run':
        if (place !== 2) return false;
        place = 3;
        break;
      case 'turn':
        if (place < 2 || place > 3) return false;
        place = 4;
        break;
      case 'src':
        if (place < 2 || place > 4) return false;
        place = 5;
        break;
      case 'v':
      case 'w':
      case 'n':
      case 'at':
        return false;
      default:
        if (place < 2) return false;
        place = 6;
    }
  }
  return place >= 2;
}

/** What the next line of the same writer carries as `prev`. The line is given without its newline. */
export function lineHash(line: Uint8Array | string, digest: Digest): string {
  return digest.sha256(line).slice(0, 32);
}

/** `,"crc":"` before the eight digits and `"}` behind them. */
const crcKey = [0x2c, 0x22, 0x63, 0x72, 0x63, 0x22, 0x3a, 0x22];
export const suffixLength = crcKey.length + 10;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
const hexDigits = '0123456789abcdef';

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
  return readOrdinary(bytes, expected) ?? readAny(bytes);
}

/**
 * A line as a writer of this version leaves it, which nearly all are: the chain's end is cut off rather than parsed, and the
 * shape is looked at rather than made again by the schema. Undefined when the line is anything else.
 */
function readOrdinary(bytes: Uint8Array, crc: number): DecodedLine | undefined {
  const prevTo = bytes.length - suffixLength - 1;
  const prevFrom = prevTo - firstPrev.length;
  const bodyTo = prevFrom - prevKey.length;
  if (bodyTo < 1 || bytes[prevTo] !== 0x22 || !isPrevKey(bytes, bodyTo)) return undefined;
  let event: TapedeckEvent;
  let text: string;
  let prev: string;
  try {
    text = decodeBody(bytes, bodyTo);
    event = JSON.parse(text) as TapedeckEvent;
    // From the bytes: a piece of a text would keep all of it in memory.
    prev = decoder.decode(bytes.subarray(prevFrom, prevTo));
  } catch {
    return undefined;
  }
  if (event.v !== schemaVersion || !isEventShape(event) || !isPlace(event) || !isHead(text, event)) return undefined;
  if (!chainForm.test(prev)) return undefined;
  return { ok: true, event, prev, crc: crc.toString(16).padStart(8, '0') };
}

/** The line's text until there, closed by a brace: put together as bytes, as a text would have to be copied once more. */
function decodeBody(bytes: Uint8Array, to: number): string {
  if (bytes.length > body.length) return `${decoder.decode(bytes.subarray(0, to))}}`;
  body.set(bytes);
  body[to] = 0x7d;
  return decoder.decode(body.subarray(0, to + 1));
}

function isPrevKey(bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < prevKey.length; index++) if (bytes[at + index] !== prevKey[index]) return false;
  return true;
}

/** Any other line: of another version, an unknown kind, with fields that do not fit, or written by somebody else. */
function readAny(bytes: Uint8Array): DecodedLine {
  let raw: unknown;
  let text: string;
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
  // Keys said twice: such a line is one thing to who looks at its head and another to who parses it.
  if (head.read(bytes) && !head.tells(raw as TapedeckEvent, text)) return { ok: false, reason: 'shape' };
  return { ok: true, event, prev, crc: text.slice(-10, -2) };
}

/** Read into for each line, and looked at before the next. */
const head = new LineHead();
/** Written to and read at once. */
const body = new Uint8Array(8 << 10);
/** `,"prev":"` */
const prevKey = [0x2c, 0x22, 0x70, 0x72, 0x65, 0x76, 0x22, 0x3a, 0x22];
const chainForm = /^[0-9a-f]{32}$/;

/** True when the line begins with exactly these. Left to the engine: a process that has just begun is slow at bytes. */
function isHead(text: string, { w, n, at, kind }: TapedeckEvent): boolean {
  const number = String(n);
  const numberFrom = headKey.length + w.length + numberKey.length;
  const timeFrom = numberFrom + number.length + timeKey.length;
  const kindFrom = timeFrom + at.length + kindKey.length;
  return (
    text.startsWith(headKey) &&
    text.startsWith(w, headKey.length) &&
    text.startsWith(numberKey, headKey.length + w.length) &&
    text.startsWith(number, numberFrom) &&
    text.startsWith(timeKey, numberFrom + number.length) &&
    text.startsWith(at, timeFrom) &&
    text.startsWith(kindKey, timeFrom + at.length) &&
    text.startsWith(kind, kindFrom) &&
    text.startsWith('"', kindFrom + kind.length)
  );
}

const headKey = `{"v":${schemaVersion},"w":"`;
const numberKey = '","n":';
const timeKey = ',"at":"';
const kindKey = '","kind":"';

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
