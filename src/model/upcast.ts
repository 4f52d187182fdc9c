import { schemaVersion, TapedeckEvent, eventKinds, type LoggedEvent } from './event.ts';

type RawEvent = Record<string, unknown>;

/** The version that is written now, and for each one that was ever released before it what makes its events ones of the next. */
export interface SchemaHistory {
  readonly version: number;
  /** By the version that they take. An event keeps its writer, number and time, whatever an upcaster says. */
  readonly upcasters: Readonly<Record<number, (raw: RawEvent) => RawEvent>>;
}

const released: SchemaHistory = { version: schemaVersion, upcasters: {} };

/**
 * The event in a line's parsed object, brought up to the present schema. What cannot be read is kept as a foreign
 * event with the reason. Returns undefined when not even writer, number, time and kind are there: then the line is damaged.
 */
export function upcastEvent(raw: unknown, { version, upcasters }: SchemaHistory = released): LoggedEvent | undefined {
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
  if (v > version) return foreign('newer-version');
  try {
    for (let from = v; from < version; from++) {
      const upcaster = upcasters[from];
      if (upcaster === undefined) return foreign('misshapen');
      record = { ...upcaster(record), v: from + 1, w, n, at };
    }
  } catch {
    // An upcaster trusts the form of its version; a line that does not have it is no reason to stop.
    return foreign('misshapen');
  }
  // As it is called now: a kind may have had another name.
  if (typeof record['kind'] !== 'string' || !eventKinds.includes(record['kind'])) return foreign('unknown-kind');
  const parsed = TapedeckEvent.safeParse(record);
  return parsed.success ? parsed.data : foreign('misshapen');
}
