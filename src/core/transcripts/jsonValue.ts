/** Looks into a value of unknown shape, as outside records are. Nothing here throws; what does not fit is undefined. */
export type JsonRecord = Readonly<Record<string, unknown>>;

export function asRecord(value: unknown): JsonRecord | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : undefined;
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A text that can stand for a name or an id: not empty, and no longer than such a thing is. */
export function asWord(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= maxWordLength ? value : undefined;
}

const maxWordLength = 8192;

export function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** A count: not below zero, and no more than can be counted, so that sums of it stay finite. */
export function asCount(value: unknown): number | undefined {
  const number = asNumber(value);
  return number !== undefined && number >= 0 && number <= Number.MAX_SAFE_INTEGER ? number : undefined;
}

/** The value of a JSON text, or undefined. */
export function parseJson(text: unknown): unknown {
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The JSON text of a value; of one nested too deeply for that, what can be said of it. */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    return '"(nested too deeply)"';
  }
}

/** ISO 8601 in UTC with milliseconds of a record's time, told as a text or in milliseconds; undefined for what is none. */
export function asTime(value: unknown): string | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : asNumber(value);
  // A number that is not above zero stands for a time that is not known.
  if (ms === undefined || Number.isNaN(ms) || Math.abs(ms) > 8.64e15 || (typeof value === 'number' && ms <= 0)) return undefined;
  // The form that nearly all of them have already; making it anew is dear.
  return typeof value === 'string' && isoForm.test(value) ? value : new Date(ms).toISOString();
}

/** Days that every month has: others might not be canonical. */
const isoForm = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;
