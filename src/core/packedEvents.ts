import type { LoggedEvent } from '../model/event.ts';

/**
 * Events on their way to the page, as UTF-8 lines of JSON: bytes cross over in a moment, however many they hold, and the page
 * parses them one by one when it has the time.
 */
export function packEvents(events: readonly LoggedEvent[]): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(events.map((event) => JSON.stringify(event)).join('\n'));
}

const newline = 10;

/** Packed events, of which only the places are known until one is asked for. */
export class PackedEvents {
  readonly #bytes: Uint8Array;
  /** Where each line ends. */
  readonly #ends: number[] = [];
  readonly #decoder = new TextDecoder();

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, end + 1)) this.#ends.push(end);
    if (bytes.length > 0) this.#ends.push(bytes.length);
  }

  get count(): number {
    return this.#ends.length;
  }

  /** The event at that place, 0 is the first. Throws where there is none. */
  at(index: number): LoggedEvent {
    const end = this.#ends[index];
    if (end === undefined) throw new RangeError(`There is no event ${index} among ${this.#ends.length}.`);
    const from = index === 0 ? 0 : this.#ends[index - 1]! + 1;
    return JSON.parse(this.#decoder.decode(this.#bytes.subarray(from, end))) as LoggedEvent;
  }
}
