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

/**
 * A new session id. `at` is read in the local time zone; `random` yields lower-case letters and digits. It sorts behind
 * `after`, the newest id before it, also where the clock was set back or the time zone has changed.
 */
export function createSessionId(at: Date, random: (length: number) => string, after: SessionId = ''): SessionId {
  const day = `${pad(at.getFullYear(), 4)}${pad(at.getMonth() + 1)}${pad(at.getDate())}`;
  const stamp = `${day}-${pad(at.getHours())}${pad(at.getMinutes())}${pad(at.getSeconds())}`;
  const behind = stamp <= after.slice(0, stamp.length) ? `${secondAfter(after)}-${random(4)}` : '';
  return isSessionId(behind) ? behind : `${stamp}-${random(4)}`;
}

function secondAfter(id: SessionId): string {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = (/^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)/.exec(id) ?? [])
    .slice(1)
    .map(Number);
  // Only counted with, so that no zone's gaps matter.
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second + 1))
    .toISOString()
    .slice(0, 19)
    .replaceAll(/[-:]/g, '')
    .replace('T', '-');
}

export function isSessionId(text: string): boolean {
  return /^\d{8}-\d{6}-[a-z0-9]{4}$/.test(text);
}
