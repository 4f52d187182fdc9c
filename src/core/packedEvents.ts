import type { LoggedEvent } from '../model/event.ts';

/**
 * Events on their way to the page, as UTF-8 lines of JSON: bytes cross over in a moment, however many they hold, and the page
 * parses them when it has the time. What is not JSON is left out and counted by whoever unpacks.
 */
export function packEvents(events: readonly LoggedEvent[]): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(events.map((event) => JSON.stringify(event)).join('\n'));
}

/** The lines, not yet parsed. */
export function unpackLines(bytes: Uint8Array): readonly string[] {
  return bytes.length === 0 ? [] : new TextDecoder().decode(bytes).split('\n');
}

export function unpackEvent(line: string): LoggedEvent {
  return JSON.parse(line) as LoggedEvent;
}
