/**
 * What stands on one line of a transcript. Agents are killed while they write and go on behind the torn record, so a line
 * can hold a cut-off record with the next one glued on, several records without an end between them, or runs of NUL.
 * Every whole object is given; what is no object or cannot be read is damage, with its place and size.
 */
export interface LineRecords {
  readonly records: readonly { readonly value: unknown; readonly offset: number }[];
  readonly damage: readonly LineDamage[];
}

export interface LineDamage {
  readonly offset: number;
  readonly sizeBytes: number;
  readonly reason: DamageReason;
}

export type DamageReason = 'torn' | 'nul' | 'not-an-object' | 'too-long';

/** @param line the text without its end. @param offset byte offset of the line in its file; offsets within it are counted in UTF-8. */
export function readRecords(line: string, offset: number): LineRecords {
  const whole = parseObject(line);
  if (whole !== undefined) return { records: [{ value: whole, offset }], damage: [] };
  if (line.trim() === '') return { records: [], damage: [] };
  const records: { value: unknown; offset: number }[] = [];
  const damage: LineDamage[] = [];
  let at = 0;
  const place = placeIn(line, offset);
  for (const part of line.split(/(\0+)/)) {
    if (part.startsWith('\0')) damage.push({ offset: place(at), sizeBytes: part.length, reason: 'nul' });
    else if (part.trim() !== '') salvage(part, at, place, records, damage);
    at += part.length;
  }
  return { records, damage };
}

/** The whole objects within a text; what lies between them is damage. */
function salvage(
  text: string,
  base: number,
  place: (index: number) => number,
  records: { value: unknown; offset: number }[],
  damage: LineDamage[],
): void {
  let lostFrom = 0;
  let at = 0;
  let looked = 0;
  const lose = (to: number): void => {
    const lost = text.slice(lostFrom, to);
    if (lost.trim() === '') return;
    const reason = lost.trimStart().startsWith('{') || lost.includes('{"') ? 'torn' : 'not-an-object';
    const from = place(base + lostFrom);
    damage.push({ offset: from, sizeBytes: place(base + to) - from, reason });
  };
  while (looked < maxLooked) {
    const start = text.indexOf('{', at);
    if (start < 0) break;
    const end = endOfObject(text, start);
    looked += (end ?? text.length) - start;
    const value = end === undefined ? undefined : parseObject(text.slice(start, end));
    if (value === undefined || end === undefined) {
      // Records begin with `{"`; a torn one is passed over to where the next may begin.
      const next = text.indexOf('{"', start + 1);
      if (next < 0) break;
      at = next;
      continue;
    }
    // A brace within a torn record can open a whole object that is a part of it, no record: those have a type or a time.
    if (isRecordLike(value)) {
      lose(start);
      records.push({ value, offset: place(base + start) });
      lostFrom = end;
    }
    at = end;
  }
  lose(text.length);
}

/** Characters looked at for the ends of objects: far more than real damage takes, and a bound for a hostile line. */
const maxLooked = 32 * 1024 * 1024;

function isRecordLike(value: object): boolean {
  return 'type' in value || 'timestamp' in value || 'record_type' in value;
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Where the object that opens at `start` closes; undefined when it does not. */
function endOfObject(text: string, start: number): number | undefined {
  let depth = 0;
  let isInString = false;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isInString) {
      if (code === backslash) at += 1;
      else if (code === quote) isInString = false;
    } else if (code === quote) isInString = true;
    else if (code === open) depth += 1;
    else if (code === close) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return undefined;
}

const backslash = 0x5c;
const quote = 0x22;
const open = 0x7b;
const close = 0x7d;

/** Byte offsets of indices in the text, asked in rising order. */
function placeIn(text: string, offset: number): (index: number) => number {
  const encoder = new TextEncoder();
  let at = 0;
  let bytes = offset;
  return (index) => {
    if (index < at) return offset + encoder.encode(text.slice(0, index)).length;
    bytes += encoder.encode(text.slice(at, index)).length;
    at = index;
    return bytes;
  };
}
