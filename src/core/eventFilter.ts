import type { LoggedEvent } from '../model/event.ts';
import { schemaVersion } from '../model/event.ts';
import { digitsTo, isAt, type LineHead } from './lineHead.ts';

/** Which events of a slice are wanted. What is absent asks for nothing. */
export interface EventFilter {
  /** Any of these: a kind (`file.changed`), all of a family (`file`), or `foreign`, what this version cannot read. */
  readonly kinds?: readonly string[] | undefined;
  /** Told of that run, or done by it as far as was known when it was written. */
  readonly run?: string | undefined;
  /** Told of that turn of its run. */
  readonly turn?: number | undefined;
}

/** Whether an event is wanted. `mayMatch` says it of a line that was not parsed: false is certain, true means to look. */
export class EventMatcher {
  readonly #filter: EventFilter;
  readonly #kinds: readonly { readonly bytes: Uint8Array; readonly isFamily: boolean }[] | undefined;
  readonly #run: Uint8Array | undefined;

  constructor(filter: EventFilter) {
    this.#filter = filter;
    // What is foreign shows only when it is read.
    if (filter.kinds !== undefined && !filter.kinds.includes('foreign'))
      this.#kinds = filter.kinds.flatMap((kind) => [
        { bytes: encoder.encode(kind), isFamily: false },
        { bytes: encoder.encode(`${kind}.`), isFamily: true },
      ]);
    if (filter.run !== undefined) this.#run = encoder.encode(JSON.stringify(filter.run));
  }

  matches(event: LoggedEvent): boolean {
    const { kinds, run, turn } = this.#filter;
    if (kinds !== undefined) {
      const kind = event.kind === 'foreign' ? event.foreignKind : event.kind;
      if (!kinds.some((wanted) => wanted === kind || wanted === event.kind || kind.startsWith(`${wanted}.`))) return false;
    }
    if (run === undefined && turn === undefined) return true;
    const told = event.kind === 'foreign' ? (event.raw as Told) : event;
    return (run === undefined || told.run === run || told.by?.run === run) && (turn === undefined || told.turn === turn);
  }

  /** `head` was read from these bytes, whose checksum is right. */
  mayMatch(head: LineHead, bytes: Uint8Array): boolean {
    // The words of an older version may be others.
    if (head.v < schemaVersion) return true;
    if (this.#kinds !== undefined && !this.#kinds.some(({ bytes, isFamily }) => head.isKind(bytes, isFamily))) return false;
    return this.#mayMatchRun(head.kindTo + 1, bytes);
  }

  #mayMatchRun(from: number, bytes: Uint8Array): boolean {
    const run = this.#run;
    const { turn } = this.#filter;
    if (run === undefined && turn === undefined) return true;
    if (!isAt(bytes, from, authorKey)) return true;
    const authorTo = objectTo(bytes, from + authorKey.length - 1);
    if (authorTo < 0) return true;
    let at = authorTo;
    let isRun = run === undefined || mayHold(bytes, from, authorTo, run);
    if (isAt(bytes, at, runKey)) {
      const valueFrom = at + runKey.length - 1;
      isRun ||= isAt(bytes, valueFrom, run!);
      at = textTo(bytes, valueFrom);
      if (at < 0) return true;
    }
    let isTurn = turn === undefined;
    if (isAt(bytes, at, turnKey)) {
      const valueFrom = at + turnKey.length;
      const valueTo = digitsTo(bytes, valueFrom, 15);
      // Behind it another field begins or the line ends; else it is no number as a writer writes it.
      if (valueTo < 0 || (bytes[valueTo] !== comma && bytes[valueTo] !== closing)) return true;
      isTurn ||= Number(String.fromCharCode(...bytes.subarray(valueFrom, valueTo))) === turn;
      at = valueTo;
    }
    // A hand may have put them anywhere; a writer's lines do not mention them again.
    return (isRun || mentions(bytes, at, bytes.length, runName)) && (isTurn || mentions(bytes, at, bytes.length, turnName));
  }
}

interface Told {
  readonly run?: unknown;
  readonly turn?: unknown;
  readonly by?: { readonly run?: unknown };
}

const encoder = new TextEncoder();
const authorKey = encoder.encode(',"by":{');
const runKey = encoder.encode(',"run":"');
const turnKey = encoder.encode(',"turn":');
const runName = encoder.encode('"run"');
const turnName = encoder.encode('"turn"');
const quote = 0x22;
const escape = 0x5c;
const colon = 0x3a;
const comma = 0x2c;
const closing = 0x7d;

/** Behind the object that begins there; -1 when it does not end, or its texts hold escapes. */
function objectTo(bytes: Uint8Array, from: number): number {
  let depth = 0;
  let isText = false;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) isText = !isText;
    else if (byte === escape) return -1;
    else if (isText) continue;
    else if (byte === 0x7b) depth += 1;
    else if (byte === 0x7d && (depth -= 1) === 0) return at + 1;
  }
  return -1;
}

/** Behind the text whose opening quote stands there; -1 when it does not end, or holds escapes. */
function textTo(bytes: Uint8Array, from: number): number {
  for (let at = from + 1; at < bytes.length; at++) {
    if (bytes[at] === quote) return at + 1;
    if (bytes[at] === escape) return -1;
  }
  return -1;
}

/** True when the object in that range, which has no escapes, may have this run. */
function mayHold(bytes: Uint8Array, from: number, to: number, run: Uint8Array): boolean {
  for (let at = from; at < to; at++) {
    if (bytes[at] !== quote || !isAt(bytes, at, runName)) continue;
    const valueFrom = at + runName.length + 1;
    // Not as a writer writes it: to be looked at.
    if (bytes[valueFrom - 1] !== colon || bytes[valueFrom] !== quote || isAt(bytes, valueFrom, run)) return true;
  }
  return false;
}

/** True when that name may stand in the range: itself, or something written as `\u….` that could be it. */
export function mentions(bytes: Uint8Array, from: number, to: number, name: Uint8Array): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte === escape && bytes[at + 1] === 0x75) return true;
    if (byte === quote && isAt(bytes, at, name)) return true;
  }
  return false;
}
