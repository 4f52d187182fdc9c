import { schemaVersion, TapedeckEvent, eventKinds, type LoggedEvent } from './event.ts';

type RawEvent = Record<string, unknown>;

/** Turns an event of version `v` into one of `v + 1`. One entry for each version that was ever released. */
const upcasters: Readonly<Record<number, (raw: RawEvent) => RawEvent>> = {};

/**
 * The event in a line's parsed object, brought up to the present schema. What cannot be read is kept as a foreign
 * event with the reason. Returns undefined when not even writer, number, time and kind are there: then the line is damaged.
 */
export function upcastEvent(raw: unknown): LoggedEvent | undefined {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return undefined;
  let record = raw as RawEvent;
  const { v, w, n, at, kind } = record;
  if (typeof v !== 'number' || typeof w !== 'string' || typeof n !== 'number' || typeof at !== 'string' || typeof kind !== 'string')
    return undefined;
  const foreign = (reason: 'unknown-kind' | 'newer-version' | 'misshapen'): LoggedEvent => ({
    kind: 'foreign',
    v,
    w,
    n,
    at,
    foreignKind: kind,
    reason,
    raw: raw as RawEvent,
  });
  if (v > schemaVersion) return foreign('newer-version');
  for (let version = v; version < schemaVersion; version++) {
    const upcaster = upcasters[version];
    if (upcaster === undefined) return foreign('misshapen');
    record = upcaster(record);
  }
  if (!eventKinds.includes(kind)) return foreign('unknown-kind');
  const parsed = TapedeckEvent.safeParse(record);
  return parsed.success ? parsed.data : foreign('misshapen');
}
