/** Times as documents tell them, in one time zone: the same wherever the document is read. */
export interface ZonedTime {
  /** IANA name, `UTC` where the wanted one is none. */
  readonly zone: string;
  /** `2026-11-21` */
  readonly day: (at: string) => string;
  /** `2026-11-21 10:05` */
  readonly minute: (at: string) => string;
  /** `10:05` */
  readonly clock: (at: string) => string;
}

/** `zone` is an IANA name (`Europe/Berlin`); one that this system does not know, or none, is UTC. */
export function zonedTime(zone: string | undefined): ZonedTime {
  const name = knownZone(zone) ?? 'UTC';
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const parts = (at: string): Record<string, string> | undefined => {
    const time = Date.parse(at);
    return Number.isNaN(time) ? undefined : Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, value]));
  };
  const unknown = 'unknown time';
  const day = (at: string): string => {
    const part = parts(at);
    return part === undefined ? unknown : `${part['year']}-${part['month']}-${part['day']}`;
  };
  const clock = (at: string): string => {
    const part = parts(at);
    return part === undefined ? unknown : `${part['hour']}:${part['minute']}`;
  };
  return { zone: name, day, clock, minute: (at) => (parts(at) === undefined ? unknown : `${day(at)} ${clock(at)}`) };
}

/** The name when it is that of a time zone here, else undefined. */
export function knownZone(zone: string | undefined): string | undefined {
  if (zone === undefined || zone.trim() === '') return undefined;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en-US', { timeZone: zone.trim() }).resolvedOptions();
    return timeZone === '' ? undefined : zone.trim();
  } catch {
    return undefined;
  }
}
