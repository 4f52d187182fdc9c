import type { Digest } from '../model/digest.ts';
import type { LoggedEvent } from '../model/event.ts';
import { decodeLine, readCrcSuffix, type DamageReason } from './logCodec.ts';

/**
 * Damage costs itself alone: of what stands between two newlines every sound record is kept, and the bytes left over are
 * named, each with its reason. A writer escapes quotes inside texts, so neither a record's head (`{"v":`) nor its end
 * (`,"crc":"xxxxxxxx"}`) can occur inside one; the checksum decides.
 */

/** A sound record at `from` to `to` (exclusive) of the bytes that were given. */
export interface LineRecord {
  readonly from: number;
  readonly to: number;
  readonly event: LoggedEvent;
  readonly prev: string;
  readonly crc: string;
}

export interface DamagedRange {
  readonly from: number;
  readonly to: number;
  readonly reason: DamageReason;
}

export interface ReadLine {
  readonly records: readonly LineRecord[];
  readonly damage: readonly DamagedRange[];
}

const nothing: ReadLine = { records: [], damage: [] };
/** How many heads are tried for one end: nested objects may look like heads, and a hostile file must not cost its square. */
const maxHeadsTried = 16;

/** Reads the bytes between two newlines. `isTail`: no newline follows, so what is unfinished is torn, not altered. */
export function readLine(bytes: Uint8Array, digest: Digest, isTail = false): ReadLine {
  if (bytes.length === 0) return nothing;
  const whole = decodeLine(bytes, digest);
  if (whole.ok) {
    const { event, prev, crc } = whole;
    return { records: [{ from: 0, to: bytes.length, event, prev, crc }], damage: nothing.damage };
  }
  const records = findRecords(bytes, digest);
  const damage: DamagedRange[] = [];
  let from = 0;
  for (const record of records) {
    nameDamage(bytes, from, record.from, records.length === 0 ? whole.reason : 'framing', damage);
    from = record.to;
  }
  const rest = records.length === 0 ? whole.reason : 'framing';
  nameDamage(bytes, from, bytes.length, isTail && (rest === 'framing' || rest === 'json') ? 'torn' : rest, damage);
  return { records, damage };
}

function findRecords(bytes: Uint8Array, digest: Digest): LineRecord[] {
  const records: LineRecord[] = [];
  let heads: number[] = [];
  for (let index = bytes.indexOf(0x7b); index >= 0; index = nextBrace(bytes, index + 1)) {
    if (bytes[index] === 0x7b) {
      if (isHead(bytes, index)) heads.push(index);
      continue;
    }
    const end = index + 1;
    if (readCrcSuffix(bytes, end) < 0) continue;
    for (const from of heads.slice(-maxHeadsTried).reverse()) {
      const decoded = decodeLine(bytes.subarray(from, end), digest);
      if (!decoded.ok) continue;
      records.push({ from, to: end, event: decoded.event, prev: decoded.prev, crc: decoded.crc });
      break;
    }
    heads = [];
  }
  return records;
}

/** The next `{` or `}`. */
function nextBrace(bytes: Uint8Array, from: number): number {
  for (let index = from; index < bytes.length; index++) if (bytes[index] === 0x7b || bytes[index] === 0x7d) return index;
  return -1;
}

/** `{"v":` */
function isHead(bytes: Uint8Array, at: number): boolean {
  return bytes[at + 1] === 0x22 && bytes[at + 2] === 0x76 && bytes[at + 3] === 0x22 && bytes[at + 4] === 0x3a;
}

/** Names the range, its leading run of NUL bytes apart. */
function nameDamage(bytes: Uint8Array, from: number, to: number, reason: DamageReason, damage: DamagedRange[]): void {
  let start = from;
  while (start < to && bytes[start] === 0) start++;
  if (start > from) damage.push({ from, to: start, reason: 'nul' });
  if (start < to) damage.push({ from: start, to, reason: reason === 'nul' ? 'framing' : reason });
}
