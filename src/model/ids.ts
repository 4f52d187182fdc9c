/** Id of a session: local time of its start and a suffix, `YYYYMMDD-HHMMSS-xxxx`. Sorts by time. */
export type SessionId = string;
/** Id of one process that appends: lower-case letters and digits, 6 to 16 of them. */
export type WriterId = string;
/** Identity of an event, `<writer>.<n>`. */
export type EventId = string;
/** An agent's own id of one of its conversations. */
export type RunId = string;
/** SHA-256 of a content, 64 lower-case hexadecimal digits. */
export type ContentHash = string;

export function eventId(event: { readonly w: WriterId; readonly n: number }): EventId {
  return `${event.w}.${event.n}`;
}

/** The writer and number in an id, or undefined when it is none. */
export function parseEventId(id: string): { readonly w: WriterId; readonly n: number } | undefined {
  const match = /^([a-z0-9]{4,32})\.([1-9][0-9]{0,15})$/.exec(id);
  return match ? { w: match[1]!, n: Number(match[2]) } : undefined;
}

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');

/** A new session id. `at` is read in the local time zone; `random` yields lower-case letters and digits. */
export function createSessionId(at: Date, random: (length: number) => string): SessionId {
  const day = `${pad(at.getFullYear(), 4)}${pad(at.getMonth() + 1)}${pad(at.getDate())}`;
  return `${day}-${pad(at.getHours())}${pad(at.getMinutes())}${pad(at.getSeconds())}-${random(4)}`;
}

export function isSessionId(text: string): boolean {
  return /^\d{8}-\d{6}-[a-z0-9]{4}$/.test(text);
}
