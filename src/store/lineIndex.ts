import type { UnixMs } from '../base/clock.ts';
import type { SidecarKind } from './sidecar.ts';

/**
 * Where the events of one segment stand: one entry for every 256 of them, with offset, number and time. A few bytes each,
 * since every entry is kept as its distance to the one before.
 * - An entry is a claim. Whoever goes by it reads the line there and looks whether it is the one that is meant (`segmentMap.ts`).
 * - It is made from the writer's own sound lines alone, in the order of the file, so that it comes out the same whoever makes it.
 */
export const lineIndexKind: SidecarKind = { name: 'lines', version: 1 };

export interface LineEntry {
  /** Where the line begins in the segment, in bytes. */
  readonly offset: number;
  readonly n: number;
  /** The event's time. */
  readonly atMs: UnixMs;
}

const entryEvents = 256;

/** Makes the index of one segment from the sound lines of its own writer, given in the order of the file. */
export class LineIndexBuilder {
  readonly #bytes: number[] = [];
  #events = 0;
  #offset = 0;
  #n = 0;
  #ms = 0;

  /** `line`: where a sound event stands in the segment; `head`: that event's number and time. */
  add(line: { readonly from: number; readonly to: number }, head: { readonly n: number; readonly at: string }): void {
    if (this.#events++ % entryEvents !== 0) return;
    const ms = logTimeMs(head.at);
    if (ms === undefined) {
      // A date such as 30 February has a place in the order and none on a clock: the next event gets the entry.
      this.#events -= 1;
      return;
    }
    writeDistance(this.#bytes, line.from - this.#offset);
    // Most are so many further on: a byte.
    writeDistance(this.#bytes, head.n - this.#n - entryEvents);
    writeDistance(this.#bytes, ms - this.#ms);
    this.#offset = line.from;
    this.#n = head.n;
    this.#ms = ms;
  }

  /** The payload of the sidecar. */
  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

/** The entries of a payload, by offset. Undefined when it is none. */
export function readLineIndex(payload: Uint8Array): LineEntry[] | undefined {
  const entries: LineEntry[] = [];
  const place = { at: 0 };
  let offset = 0;
  let n = 0;
  let ms = 0;
  while (place.at < payload.length) {
    const further = readDistance(payload, place);
    offset += further;
    n += readDistance(payload, place) + entryEvents;
    ms += readDistance(payload, place);
    // Written so that what is no number fails too.
    if (!(entries.length === 0 ? offset >= 0 : further > 0) || !(n > 0 && ms >= 0 && ms <= lastMs)) return undefined;
    entries.push({ offset, n, atMs: ms });
  }
  return entries;
}

const lastMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** The time of an event, where a clock has it; undefined for a date such as 30 February. */
export function logTimeMs(at: string): UnixMs | undefined {
  const ms = Date.parse(at);
  return ms >= 0 && ms <= lastMs && new Date(ms).toISOString() === at ? ms : undefined;
}

/** Seven bits a byte, the lowest first; an odd one is negative. */
function writeDistance(bytes: number[], distance: number): void {
  let rest = distance < 0 ? -distance * 2 - 1 : distance * 2;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
}

/** NaN when the bytes end before it does, or it is too large to be exact. */
function readDistance(bytes: Uint8Array, place: { at: number }): number {
  let rest = 0;
  for (let scale = 1; scale < 2 ** 54; scale *= 128) {
    const byte = bytes[place.at++];
    if (byte === undefined) return Number.NaN;
    rest += (byte & 127) * scale;
    if (byte < 128) return rest % 2 === 0 ? rest / 2 : -(rest + 1) / 2;
  }
  return Number.NaN;
}
