import { schemaVersion, type LoggedEvent } from '../model/event.ts';
import { EventMatcher, mentions, type EventFilter } from './eventFilter.ts';
import { digitsTo, isAt, type LineHead } from './lineHead.ts';
import type { SourceSet } from './sourceSet.ts';

/**
 * Wants what a filter asks for, and gathers the sources of all events that it meets. Of those that are not wanted nothing is
 * parsed: what a writer put first in a line says where its source stands, and any other line is looked at.
 */
export class SourceGathering extends EventMatcher {
  readonly #sources: SourceSet;

  constructor(filter: EventFilter, sources: SourceSet) {
    super(filter);
    this.#sources = sources;
  }

  override mayMatch(head: LineHead, bytes: Uint8Array): boolean {
    if (head.v !== schemaVersion || super.mayMatch(head, bytes)) return true;
    const found = findSource(bytes, head.kindTo + 1, place);
    if (found === 'found') this.#sources.addBytes(bytes, place.from, place.to);
    return found === 'unclear';
  }

  override matches(event: LoggedEvent): boolean {
    const { src } = (event.kind === 'foreign' ? event.raw : event) as { readonly src?: unknown };
    if (isSource(src)) this.#sources.add(src);
    return super.matches(event);
  }
}

/** The bytes that tell a source from others: `"<record>"`, or `"<file>","offset":<offset>`, as JSON.stringify writes them. */
export interface SourcePlace {
  from: number;
  to: number;
}

/** Looks for the source in a line, behind its kind. `unclear`: the line must be parsed to know. */
export function findSource(bytes: Uint8Array, from: number, into: SourcePlace): 'found' | 'none' | 'unclear' {
  if (!isAt(bytes, from, authorKey)) return 'unclear';
  let at = objectTo(bytes, from + authorKey.length - 1);
  if (at >= 0 && isAt(bytes, at, runKey)) at = textTo(bytes, at + runKey.length - 1);
  if (at >= 0 && isAt(bytes, at, turnKey)) at = digitsTo(bytes, at + turnKey.length, 15);
  if (at < 0) return 'unclear';
  if (!isAt(bytes, at, sourceKey)) return mentions(bytes, at, bytes.length, sourceName) ? 'unclear' : 'none';
  into.from = at + sourceKey.length - 1;
  at = textTo(bytes, into.from);
  if (at < 0 || !isAt(bytes, at, offsetKey)) return 'unclear';
  into.to = digitsTo(bytes, at + offsetKey.length, 15);
  if (into.to < 0) return 'unclear';
  if (bytes[into.to] === closing) return 'found';
  if (!isAt(bytes, into.to, recordKey)) return 'unclear';
  into.from = into.to + recordKey.length - 1;
  into.to = textTo(bytes, into.from);
  return into.to >= 0 && bytes[into.to] === closing ? 'found' : 'unclear';
}

const encoder = new TextEncoder();
const authorKey = encoder.encode(',"by":{');
const runKey = encoder.encode(',"run":"');
const turnKey = encoder.encode(',"turn":');
const sourceKey = encoder.encode(',"src":{"file":"');
const offsetKey = encoder.encode(',"offset":');
const recordKey = encoder.encode(',"record":"');
const sourceName = encoder.encode('"src"');
const quote = 0x22;
const escape = 0x5c;
const opening = 0x7b;
const closing = 0x7d;
/** Read into for each line, and looked at before the next. */
const place: SourcePlace = { from: 0, to: 0 };

/** Behind the object that begins there; -1 when it does not end. */
function objectTo(bytes: Uint8Array, from: number): number {
  let depth = 0;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) {
      at = textTo(bytes, at) - 1;
      if (at < 0) return -1;
    } else if (byte === opening) depth += 1;
    else if (byte === closing && (depth -= 1) === 0) return at + 1;
  }
  return -1;
}

/** Behind the text whose opening quote stands there; -1 when it does not end, or may be written in more than one way. */
function textTo(bytes: Uint8Array, from: number): number {
  for (let at = from + 1; at < bytes.length; at++) {
    if (bytes[at] === quote) return at + 1;
    // `\u….` and `\/` stand for characters that have another form too.
    if (bytes[at] === escape && (bytes[(at += 1)] === 0x75 || bytes[at] === 0x2f)) return -1;
  }
  return -1;
}

function isSource(value: unknown): value is { readonly file: string; readonly offset: number; readonly record?: string } {
  if (typeof value !== 'object' || value === null) return false;
  const { file, offset, record } = value as Record<string, unknown>;
  return typeof file === 'string' && typeof offset === 'number' && (record === undefined || typeof record === 'string');
}
